//! Nothing is forgotten: every file of stories is told, every gate says no once and yes once.

use torana::domain::gates::{ADD, BASE};

use crate::{Asked, FILES, tell};

#[test]
fn every_gate_says_no_once_and_yes_once() {
    let asked: Asked = FILES
        .iter()
        .flat_map(|(file, text)| tell(file, text))
        .collect();
    let bases = BASE.iter().map(|gate| (false, gate.code.0));
    let adds = ADD.iter().map(|gate| (true, gate.code.0));
    let silent: Vec<_> = bases
        .chain(adds)
        .flat_map(|(add, code)| [(add, code, false), (add, code, true)])
        .filter(|answer| !asked.contains(answer))
        .collect();
    assert_eq!(silent, []);
}

#[test]
fn every_file_of_stories_is_told() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            name.strip_suffix(".txt")
                .is_some_and(|stem| stem != "figures")
        })
        .collect();
    found.sort();
    let mut told: Vec<&str> = FILES.iter().map(|(file, _)| *file).collect();
    told.sort_unstable();
    assert_eq!(found, told);
}
