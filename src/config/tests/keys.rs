//! Every key of `base.toml` is read into a typed setting, every typed setting has its key there, and
//! every setting is obeyed somewhere. (A key of a profile that nobody reads is a problem when it loads.)

use super::super::layers::lines;
use super::super::rules::read_shared;
use super::super::section::{Problems, Section};
use super::super::settings::{Given, read_settings};
use super::*;

const BASE: &str = include_str!("../../../config/base.toml");

fn base() -> toml::Table {
    BASE.parse().unwrap()
}

/// Returns every path that is not right in a table of settings.
fn wrong(table: toml::Table) -> Vec<String> {
    let problems = Problems::default();
    let mut root = Section::new(String::new(), table, &problems);
    root.forget(&["mode"]);
    let _shared = read_shared(&mut root);
    let given = Given {
        mode: Mode::Paper,
        crash_after: None,
    };
    let _settings = read_settings(&mut root, given);
    root.finish();
    problems
        .into_inner()
        .into_iter()
        .map(|one| one.path)
        .collect()
}

#[test]
fn every_key_of_the_base_is_read_and_every_setting_has_its_key() {
    assert_eq!(wrong(base()), Vec::<String>::new());
    for (path, _) in lines(&base()) {
        let Some((section, key)) = path.split_once('.') else {
            assert_eq!(path, "mode");
            continue;
        };
        let mut without = base();
        let table = without.get_mut(section).unwrap().as_table_mut().unwrap();
        table.remove(key).unwrap();
        // what may be off may be left out; nothing else breaks either way
        let missed = wrong(without);
        let may_be_off = missed.is_empty();
        assert!(
            may_be_off || missed == [path.as_str()],
            "{path} left out: {missed:?}"
        );
        let mut with = base();
        let table = with.get_mut(section).unwrap().as_table_mut().unwrap();
        table.insert(format!("{key}_too"), toml::Value::Boolean(true));
        assert_eq!(wrong(with), [format!("{path}_too")], "{path}_too was added");
    }
}

/// Keys whose readers are of the configuration itself.
const READ_AT_LOADING: [&str; 2] = ["desk.confirmed", "desk.calendar"];

#[test]
fn every_setting_is_obeyed_outside_the_configuration() {
    let mut code = String::new();
    read_all(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut code,
    );
    for (path, _) in lines(&base()) {
        let key = path.rsplit('.').next().unwrap();
        let used = code.match_indices(&format!(".{key}")).any(|(at, word)| {
            let next = code
                .get(at + word.len()..)
                .and_then(|rest| rest.chars().next());
            !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
        });
        assert!(
            used || READ_AT_LOADING.contains(&path.as_str()),
            "nothing outside src/config reads {path}"
        );
    }
}

fn read_all(dir: &Path, code: &mut String) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("src/config") {
            continue;
        }
        if path.is_dir() {
            read_all(&path, code);
        } else {
            code.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
