//! The architecture, kept by a test: who may use whom, what the core may not know, how long a file
//! may be. The tables are the rules; change one only together with the design.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "allow-unwrap-in-tests does not reach helpers; the sizes are worth a look with --nocapture"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may use whom. A module uses only modules above it, so that there is no circle.
const MODULES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("strategy", &["domain"]),
    ("analytics", &["domain"]),
    ("journal", &["domain"]),
    ("config", &["domain", "journal", "strategy"]),
    ("telemetry", &["config"]),
    ("sim", &["domain"]),
    ("broker", &["domain"]),
    ("store", &["domain", "journal"]),
    // a decision never waits for the network: no broker
    ("desk", &["domain", "journal", "clock", "store"]),
    (
        "notify",
        &["domain", "journal", "clock", "config", "store", "desk"],
    ),
    ("courier", &["domain", "clock", "store", "broker", "desk"]),
    (
        "monitor",
        &[
            "domain", "clock", "store", "broker", "desk", "courier", "strategy",
        ],
    ),
    // of the broker, the pass-through routes read only: see WORDS
    (
        "http",
        &[
            "domain", "journal", "clock", "config", "store", "broker", "desk",
        ],
    ),
    // history needs no database, no broker and no waiting
    (
        "history",
        &["domain", "journal", "strategy", "analytics", "sim"],
    ),
    ("app", EVERYTHING),
    ("cli", EVERYTHING),
    ("main", EVERYTHING),
];

const EVERYTHING: &[&str] = &["*"];

/// Which crates live where. Crates that are not listed are not tied to a place.
const CRATES: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "app"]),
    ("actix_web", &["http", "sim", "app"]),
    ("actix_ws", &["sim", "http"]),
    (
        "reqwest",
        &["broker", "sim", "http", "cli", "notify", "app"],
    ),
    ("lettre", &["notify"]),
    ("tokio_tungstenite", &["broker"]),
    ("governor", &["http", "broker"]),
    ("toml", &["config"]),
    ("clap", &["cli", "main"]),
    ("parquet", &["cli"]),
    ("anyhow", &["app", "cli", "main"]),
];

/// Words that a part of the source may not contain, comments and tests aside.
const WORDS: &[(&str, &[&str], &str)] = &[
    (
        "domain",
        &[
            "async",
            "await",
            "tokio",
            "sqlx",
            "serde",
            "serde_json",
            "tracing",
            "metrics",
            "thread",
            "println",
            "eprintln",
            "SystemTime",
            "Instant",
            "Utc::now",
            "Local::now",
            "std::env",
            "std::fs",
            "std::io",
            "std::net",
            "std::process",
            "std::time",
            "f32",
            "f64",
            "HashMap",
            "HashSet",
            "RefCell",
            "Mutex",
            "RwLock",
            "getrandom",
            "rand",
            "Mode",
        ],
        "the core is pure: the same arguments give the same result, in any process, on any day",
    ),
    (
        "journal",
        &[
            "async", "await", "tokio", "std::fs", "std::io", "std::net", "HashMap",
        ],
        "one text form, no IO",
    ),
    (
        "history",
        &["async", "await", "tokio"],
        "history does not wait",
    ),
    (
        "desk",
        &["reqwest"],
        "a decision never waits for the network",
    ),
    (
        "http",
        &["Ticket"],
        "no door reaches the order routes of the broker",
    ),
];

/// Where the mode may be named: the configuration that reads it, the command line that overrides
/// it, and the place that picks the parts. Nobody else knows whether this is paper.
const MODE_HOMES: &[&str] = &["config/", "app.rs", "app/", "cli/mod.rs"];

/// Lines of code of a file: without comments, blank lines and tests, so that a doc costs nothing.
const LINES_MAX: usize = 500;
/// Nineteen files of twenty are shorter than this.
const LINES_P95_MAX: usize = 350;
/// Half of the files are shorter than this.
const LINES_MEDIAN_MAX: usize = 140;

/// Says what is wrong with a file.
type Rule = fn(&Source) -> Vec<String>;

/// One source file.
struct Source {
    /// Below `src`, with `/`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    /// The top-level module it belongs to.
    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// Whether all of it is a test.
    fn is_test(&self) -> bool {
        self.path.ends_with("tests.rs") || self.path.contains("/tests/")
    }

    /// The code: what stands before the tests, without comments and blank lines.
    fn code(&self) -> String {
        let before_tests = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = before_tests
            .lines()
            .filter(|line| !line.trim().starts_with("//"));
        let lines = code.map(|line| line.split("// ").next().unwrap_or_default());
        let lines = lines.filter(|line| !line.trim().is_empty());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// How many modules deep it is: `a.rs` and `a/mod.rs` are one deep, `a/b.rs` two.
    fn depth(&self) -> usize {
        let path = self.path.strip_suffix("/mod.rs").unwrap_or(&self.path);
        path.split('/').count()
    }
}

/// The places where a word stands as a word of its own.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| {
            let (before, after) = (
                text.get(..at).unwrap(),
                text.get(at + word.len()..).unwrap(),
            );
            !part(before.chars().next_back()) && !part(after.chars().next())
        })
}

fn contains_word(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

/// The modules that follow `crate::`, also those of `crate::{a::b, c}`.
fn used_modules(code: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for at in places(code, "crate") {
        let rest = code.get(at + "crate".len()..).unwrap();
        let Some(rest) = rest.strip_prefix("::") else {
            continue;
        };
        match rest.strip_prefix('{') {
            None => used.insert(first_name(rest)),
            Some(group) => {
                used.extend(members(group).iter().map(|member| first_name(member)));
                true
            }
        };
    }
    used.remove("");
    used
}

fn first_name(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// The members of a `{…}` group, of which the text starts behind the brace.
fn members(group: &str) -> Vec<String> {
    let (mut depth, mut members) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            other => members.last_mut().unwrap().push(other),
        }
    }
    members
}

/// Uses of modules that the table does not allow.
fn wrong_directions(source: &Source) -> Vec<String> {
    let module = source.module();
    if module == "lib" {
        return Vec::new();
    }
    let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == module) else {
        return vec![format!(
            "{}: module {module} is not in the table MODULES",
            source.path
        )];
    };
    let code = source.code();
    let mut wrong = Vec::new();
    for used in used_modules(&code) {
        let known = MODULES.iter().any(|(name, _)| *name == used);
        let free = *allowed == EVERYTHING || used == module || allowed.contains(&used.as_str());
        if known && !free {
            wrong.push(format!("{}: {module} may not use {used}", source.path));
        }
    }
    // `super::super::…` would be a way around
    if code.contains(&"super::".repeat(source.depth())) {
        wrong.push(format!(
            "{}: reaches the crate's root by super::",
            source.path
        ));
    }
    wrong
}

/// Crates away from home.
fn wrong_crates(source: &Source) -> Vec<String> {
    let code = source.code();
    let stray = CRATES.iter().filter(|(name, homes)| {
        !homes.contains(&source.module()) && code.contains(&format!("{name}::"))
    });
    stray
        .map(|(name, _)| format!("{}: {name} does not live here", source.path))
        .collect()
}

/// Words that the table forbids, and the mode outside its homes.
fn wrong_words(source: &Source) -> Vec<String> {
    let code = source.code();
    let mut wrong = Vec::new();
    for (module, words, why) in WORDS
        .iter()
        .filter(|(module, _, _)| *module == source.module())
    {
        for word in words.iter().filter(|word| contains_word(&code, word)) {
            wrong.push(format!("{}: `{word}` in {module}: {why}", source.path));
        }
    }
    let at_home = MODE_HOMES.iter().any(|home| source.path.starts_with(home));
    if !at_home && contains_word(&code, "Mode") {
        wrong.push(format!(
            "{}: only config and app know the mode",
            source.path
        ));
    }
    wrong
}

/// Files without a purpose, and exceptions that would not explain themselves.
fn wrong_forms(source: &Source) -> Vec<String> {
    let mut wrong = Vec::new();
    if !source.is_test() && !source.text.starts_with("//!") {
        wrong.push(format!(
            "{}: opens without saying what it is for",
            source.path
        ));
    }
    let allow = source
        .text
        .lines()
        .any(|line| line.trim_start().starts_with("#![allow"));
    if allow {
        wrong.push(format!(
            "{}: #![allow; use #![expect(…, reason = …)]",
            source.path
        ));
    }
    wrong
}

/// What is too long, and which file is to blame.
fn wrong_sizes(sources: &[Source]) -> Vec<String> {
    let files = sources.iter().filter(|source| !source.is_test());
    let mut sizes: Vec<(usize, &str)> = files
        .map(|file| (file.code().lines().count(), file.path.as_str()))
        .collect();
    sizes.sort_unstable();
    // the size that so many files of twenty do not exceed
    let at = |files: usize| {
        let rank = (sizes.len() * files).div_ceil(20).max(1) - 1;
        sizes.get(rank).map_or(0, |(lines, _)| *lines)
    };
    let (median, p95) = (at(10), at(19));
    println!(
        "{} files, median {median}, p95 {p95}, longest {:?}",
        sizes.len(),
        sizes.last()
    );
    let mut wrong = Vec::new();
    if median > LINES_MEDIAN_MAX {
        wrong.push(format!(
            "the median file has {median} lines, more than {LINES_MEDIAN_MAX}"
        ));
    }
    if p95 > LINES_P95_MAX {
        wrong.push(format!(
            "one file in twenty has {p95} lines, more than {LINES_P95_MAX}"
        ));
    }
    let long = sizes.iter().filter(|(lines, _)| *lines > LINES_MAX);
    wrong.extend(long.map(|(lines, path)| format!("{path}: {lines} lines, more than {LINES_MAX}")));
    wrong
}

/// All files below a directory of the repository.
fn sources_in(directory: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let mut waiting: Vec<PathBuf> = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            sources.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    sources
}

fn check(rule: Rule) {
    let wrong: Vec<String> = sources_in("src")
        .iter()
        .filter(|source| !source.is_test())
        .flat_map(rule)
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn modules_use_only_what_lies_below_them() {
    check(wrong_directions);
}

#[test]
fn crates_stay_at_home() {
    check(wrong_crates);
}

#[test]
fn the_core_is_pure_and_nobody_asks_for_the_mode() {
    check(wrong_words);
}

#[test]
fn files_say_what_they_are_for_and_exceptions_explain_themselves() {
    check(wrong_forms);
    let tests = sources_in("tests");
    let silent = tests
        .iter()
        .filter(|source| source.text.contains("\n#![allow"));
    assert_eq!(
        silent.map(|source| &source.path).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[test]
fn files_are_short() {
    let wrong = wrong_sizes(&sources_in("src"));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_circle() {
    for (row, (module, allowed)) in MODULES.iter().enumerate() {
        for used in allowed.iter().filter(|used| **used != "*") {
            let below = MODULES.iter().take(row).any(|(name, _)| name == used);
            assert!(below, "{module} uses {used}, which does not stand above it");
        }
    }
}

#[test]
fn whatever_is_compiled_in_is_in_the_container_image() {
    let ignore = fs::read_to_string(".dockerignore").unwrap();
    let let_in: BTreeSet<&str> = ignore
        .lines()
        .filter_map(|one| one.strip_prefix('!'))
        .collect();
    let included = sources_in("src").into_iter().flat_map(|source| {
        let file = Path::new("src").join(&source.path);
        let folder = file.parent().unwrap().to_path_buf();
        let named = source.text.split("include_str!(\"").skip(1);
        let named = named.filter_map(|rest| rest.split_once('"'));
        named.map(|(name, _)| folder.join(name)).collect::<Vec<_>>()
    });
    let here = fs::canonicalize(".").unwrap();
    for path in included {
        let path = fs::canonicalize(path).unwrap();
        let first = path.strip_prefix(&here).unwrap().iter().next().unwrap();
        // what only tests compile in
        let is_known = first == "tests" || let_in.contains(first.to_str().unwrap());
        assert!(is_known, "{}", path.display());
    }
    assert!(let_in.contains("migrations") && let_in.contains("src") && let_in.contains(".sqlx"));
}

#[test]
fn every_rule_can_fail() {
    let seen = |rule: Rule, path: &str, text: &str| !rule(&Source::new(path, text)).is_empty();
    let caught: [(Rule, &str, &str); 12] = [
        (wrong_directions, "domain/a.rs", "use crate::store::Book;"),
        (
            wrong_directions,
            "desk.rs",
            "use crate::{\n    domain::{Fact, Leg},\n    broker::Broker,\n};",
        ),
        (
            wrong_directions,
            "http/a.rs",
            "fn f() { crate::courier::step() }",
        ),
        (
            wrong_directions,
            "store/a/b.rs",
            "use super::super::super::desk::Desk;",
        ),
        (wrong_directions, "unheard/mod.rs", ""),
        (wrong_crates, "desk.rs", "use sqlx::PgPool;"),
        (wrong_words, "domain/a.rs", "pub async fn f() {}"),
        (
            wrong_words,
            "domain/a.rs",
            "let now = std::time::Instant::now();",
        ),
        (wrong_words, "domain/a.rs", "fn f(price: f64) {}"),
        (wrong_words, "courier.rs", "if mode == Mode::Paper {}"),
        (wrong_forms, "desk.rs", "use std::fmt;"),
        (wrong_forms, "desk.rs", "//! Decides.\n#![allow(dead_code)]"),
    ];
    for (rule, path, text) in caught {
        assert!(seen(rule, path, text), "not caught: {path}: {text}");
    }
    let long = format!("//! Long.\n{}", "let x = 1;\n".repeat(LINES_MAX + 1));
    assert!(!wrong_sizes(&[Source::new("a.rs", &long)]).is_empty());
}

#[test]
fn what_is_allowed_passes() {
    let passes = [
        (
            "domain/a.rs",
            "//! f64 and async are words of a comment.\nuse crate::domain::money::Price;",
        ),
        (
            "domain/a.rs",
            "//! Tests may.\nfn f() {}\n#[cfg(test)]\nmod tests { use crate::store::Book; }",
        ),
        (
            "domain/a/b.rs",
            "//! A neighbour.\nuse super::super::money::Price; // not Instant\nstruct Instantly;",
        ),
        ("desk.rs", "//! Decides.\nuse crate::{domain::Fact, store};"),
        ("config/mod.rs", "//! Reads.\npub enum Mode { Paper }"),
    ];
    for (path, text) in passes {
        let source = Source::new(path, text);
        for rule in [wrong_directions, wrong_crates, wrong_words, wrong_forms] {
            assert_eq!(rule(&source), Vec::<String>::new(), "{path}");
        }
    }
}
