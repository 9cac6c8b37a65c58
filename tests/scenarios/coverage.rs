//! Nothing is forgotten: every file of stories is told.

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
    let mut told = crate::FILES.to_vec();
    told.sort_unstable();
    assert_eq!(found, told);
}
