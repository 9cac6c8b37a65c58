//! Loading as a whole; what the market's files say is in `facts`.

use std::path::Path;

use super::*;
use crate::domain::money::{Money, Percent};
use crate::domain::order::{Exchange, Product};

mod days;
mod facts;
mod keys;

fn env(pairs: &[(&str, &str)]) -> Environment {
    let home = [("HOME", "/home/a")];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    home.iter().chain(pairs).map(owned).collect()
}

/// Loads with an environment and nothing else.
fn loaded(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    load(&Options::default(), &env(pairs))
}

/// Returns the paths of all problems of an environment.
fn refused(pairs: &[(&str, &str)]) -> Vec<String> {
    let error = loaded(pairs).unwrap_err();
    error.problems.into_iter().map(|one| one.path).collect()
}

/// Loads with these files as `--config`.
fn with_files(files: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let names: Vec<_> = files
        .iter()
        .map(|(name, text)| format!("{name}{text}"))
        .collect();
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&names, &mut hash);
    let dir = std::env::temp_dir().join(format!(
        "torana-config-{}-{:x}",
        std::process::id(),
        std::hash::Hasher::finish(&hash)
    ));
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let options = Options {
        dir: Some(dir.clone()),
        ..Options::default()
    };
    let config = load(&options, &env(&[]));
    std::fs::remove_dir_all(dir).unwrap();
    config
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().unwrap()
}

#[test]
fn paper_starts_with_nothing_configured() {
    let config = loaded(&[]).unwrap();
    assert_eq!(config.settings.mode, Mode::Paper);
    assert_eq!(config.settings.limits.body_bytes, 16_384);
    assert_eq!(
        config.settings.desk.opening_capital,
        Some(Money::rupees(5_000_000))
    );
    assert!(config.rules.calendar.is_always_open());
    assert_eq!(config.rules.profile, "basso");
    assert_eq!(config.warnings, Vec::<String>::new());
}

#[test]
fn every_profile_loads_without_a_warning() {
    for profile in ["basso", "openalgo", "tradego", "scalper"] {
        let config = loaded(&[("TORANA__DESK__PROFILE", profile)]).unwrap();
        assert_eq!(config.warnings, Vec::<String>::new(), "{profile}");
        assert_eq!(
            config.rules.per_instrument.len(),
            config.rules.instruments.iter().count()
        );
    }
}

#[test]
fn later_layers_win_and_say_who_they_are() {
    let pairs = [
        ("TORANA__LIMITS__OPEN_INTENTS", "7"),
        ("OPENALGO_URL", "http://o:5000"),
    ];
    let config = loaded(&pairs).unwrap();
    assert_eq!(config.settings.limits.open_intents, 7);
    let text = config.effective();
    assert!(text.contains("limits.open_intents = \"7\"    # TORANA__LIMITS__OPEN_INTENTS\n"));
    assert!(text.contains("desk.opening_capital = 5000000    # paper.toml\n"));
    assert!(text.contains("openalgo.url = \"http://o:5000\"    # OPENALGO_URL\n"));
    assert!(text.contains("profile.instrument.COPPER.volatility = 0.3\n"));
}

#[test]
fn all_problems_are_told_at_once_with_their_paths() {
    let paths = refused(&[
        ("TORANA__SERVER__LISTEN", "here"),
        ("TORANA__LIMITS__BODY_BYTES", "-1"),
        ("TORANA__LIMITS__ORDERS_PER_SECOND", "11"),
        ("TORANA__NO__SUCH", "x"),
        ("TORANA_CRASH_AFTER", "row7"),
    ]);
    assert_eq!(
        paths,
        [
            "TORANA_CRASH_AFTER",
            "limits.body_bytes (TORANA__LIMITS__BODY_BYTES)",
            "no (TORANA__NO__SUCH)",
            "server.listen (TORANA__SERVER__LISTEN)",
        ]
    );
    let paths = refused(&[("TORANA__LIMITS__ORDERS_PER_SECOND", "11")]);
    assert_eq!(paths, ["limits.orders_per_second"]);
}

#[test]
fn a_wait_for_the_database_without_an_end_is_refused() {
    for key in ["STATEMENT_TIMEOUT", "LOCK_TIMEOUT", "ACQUIRE_TIMEOUT"] {
        let name = format!("TORANA__DATABASE__{key}");
        assert!(loaded(&[(&name, "1ms")]).is_ok());
        let path = format!("database.{}", key.to_ascii_lowercase());
        assert_eq!(refused(&[(&name, "0s")]), [path]);
    }
}

#[test]
fn problems_of_files_name_the_file_and_the_key() {
    let files = [
        (
            "instruments.toml",
            "[instrument.COPPER]\nexchange = \"LME\"\ncolour = 1\n",
        ),
        ("instrument.toml", ""),
        ("base.toml", "[desk\n"),
    ];
    let problems = with_files(&files).unwrap_err().problems;
    let paths: Vec<_> = problems.iter().map(|one| one.path.as_str()).collect();
    let ends = |end: &str| paths.iter().any(|path| path.ends_with(end));
    assert!(
        ends("instruments.toml: instrument.COPPER.exchange"),
        "{paths:?}"
    );
    assert!(ends("instruments.toml: instrument.COPPER.colour"));
    assert!(ends("/instrument.toml") && ends("/base.toml"));
    let line = problems.iter().find(|one| one.path.ends_with("/base.toml"));
    assert!(line.unwrap().problem.starts_with("line 1:"));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_echoed() {
    let pairs = [("TORANA__OPENALGO__API_KEY", "topsecret")];
    let error = loaded(&pairs).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 problem in the configuration\n  openalgo.api_key (TORANA__OPENALGO__API_KEY): is not a setting"
    );
    let shown = loaded(&[("OPENALGO_API_KEY", "topsecret")]).unwrap();
    assert!(!shown.effective().contains("topsecret"));
    assert!(shown.effective().contains("# OPENALGO_API_KEY: ***\n"));
    assert!(!format!("{shown:?}").contains("topsecret"));
}

#[test]
fn live_asks_for_everything_it_needs() {
    let paths = refused(&[
        ("TORANA__MODE", "live"),
        ("TORANA_CRASH_AFTER", "row7:2"),
        ("TORANA__PAPER__EXTERNAL", "http://127.0.0.1:5055"),
    ]);
    for path in [
        "OPENALGO_API_KEY",
        "TORANA_ADMIN_TOKEN",
        "TORANA_CRASH_AFTER",
        "TORANA_LIVE",
        "desk.opening_capital",
        "openalgo.url",
        "paper.external",
        "instrument.GOLD_MINI.2025-01-01",
    ] {
        assert!(
            paths.iter().any(|one| one == path),
            "{path} not in {paths:?}"
        );
    }
}

#[test]
fn live_loads_once_everything_is_given_and_confirmed() {
    let ids: Vec<_> = loaded(&[])
        .unwrap()
        .assumed
        .into_iter()
        .map(|(one, _)| one.id)
        .collect();
    let confirmed = ids.join(",");
    let pairs = [
        ("TORANA__MODE", "live"),
        ("TORANA_LIVE", "i-accept-real-orders"),
        ("TORANA_ADMIN_TOKEN", "t"),
        ("OPENALGO_API_KEY", "k"),
        ("OPENALGO_URL", "http://127.0.0.1:5000"),
        ("TORANA__DESK__OPENING_CAPITAL", "1000000"),
        ("TORANA__DESK__CONFIRMED", &confirmed),
    ];
    let config = loaded(&pairs).unwrap();
    assert_eq!(config.settings.mode, Mode::Live);
    assert!(config.rules.portfolio.require_funds && !config.rules.calendar.is_always_open());
}

/// What proves that an order never arrived, just too weak for live.
const WEAK: [(&str, &str); 4] = [
    ("TORANA__PROOF__READS_MIN", "2"),
    ("TORANA__PROOF__SPAN_MIN", "14s"),
    ("TORANA__PROOF__CALL_DEADLINE", "124s"),
    ("TORANA__OPENALGO__ORDER_TIMEOUT", "122s"),
];

#[test]
fn live_takes_no_weaker_proof_that_an_order_never_arrived() {
    let live: Vec<_> = [("TORANA__MODE", "live")].into_iter().chain(WEAK).collect();
    let paths = refused(&live);
    let proof: Vec<_> = paths
        .iter()
        .filter(|path| path.starts_with("proof."))
        .collect();
    let expected = ["proof.call_deadline", "proof.reads_min", "proof.span_min"];
    assert_eq!(proof, expected);
    assert!(loaded(&WEAK).is_ok());
    let strong = refused(&[("TORANA__MODE", "live")]);
    assert!(strong.iter().all(|path| !path.starts_with("proof.")));
}

#[test]
fn no_mode_counts_a_call_as_ended_that_may_go_on() {
    let within = |deadline| loaded(&[("TORANA__PROOF__CALL_DEADLINE", deadline)]);
    assert!(within("122001ms").is_ok());
    for deadline in ["122s", "1s"] {
        let problems = within(deadline).unwrap_err().problems;
        let told: Vec<_> = problems
            .iter()
            .map(|one| (&one.path, &one.problem))
            .collect();
        let [(path, problem)] = told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(path, "proof.call_deadline");
        assert!(
            problem.contains("openalgo.order_timeout, 122 s"),
            "{problem}"
        );
    }
}

#[test]
fn shadow_needs_quotes_and_keeps_exchange_hours() {
    let paths = refused(&[("TORANA__MODE", "shadow")]);
    assert_eq!(paths, ["OPENALGO_API_KEY", "openalgo.url"]);
}

#[test]
fn an_ongoing_limit_must_be_above_its_initial_one() {
    let files = [(
        "profiles/basso.toml",
        "[instrument.COPPER]\nongoing_risk = 1.0\n",
    )];
    let problems = with_files(&files).unwrap_err().problems;
    assert_eq!(problems.len(), 1);
    assert_eq!(
        problems[0].to_string(),
        "profiles/basso.toml: instrument.COPPER.ongoing_risk: must be above the initial 1 %, is 1 %"
    );
}

#[test]
fn a_constraint_that_can_never_bind_is_a_warning() {
    let files = [(
        "profiles/basso.toml",
        "[instrument.COPPER]\nvolatility = 0.2\n[instrument.GOLD_MINI]\nvolatility = 1\n",
    )];
    let warnings = with_files(&files).unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("COPPER: risk can never bind"));
    assert!(warnings[1].contains("GOLD_MINI: volatility 1 % can never bind"));
}

#[test]
fn a_limit_that_the_number_of_positions_never_reaches_is_a_warning() {
    let files = [
        ("base.toml", "[desk]\nprofile = \"openalgo\"\n"),
        ("profiles/openalgo.toml", "[portfolio]\nrisk = 4\n"),
    ];
    let warnings = with_files(&files).unwrap().warnings;
    assert!(
        warnings[0].contains("portfolio.risk: 4 % can never bind"),
        "{warnings:?}"
    );
}

#[test]
fn an_instrument_needs_only_a_line_of_toml() {
    let files = [
        (
            "instruments.toml",
            "[class.nse_shares.symbols]\nZOMATO = \"consumer\"\n",
        ),
        ("profiles/basso.toml", "[instrument.ZOMATO]\nrisk = 0.5\n"),
    ];
    let config = with_files(&files).unwrap();
    let ix = config.rules.instruments.by_name("ZOMATO").unwrap();
    let instrument = config.rules.instruments.get(ix).unwrap();
    assert_eq!(
        (instrument.exchange, instrument.product),
        (Exchange::Nse, Product::Cnc)
    );
    let limits = config.rules.of(ix).unwrap();
    assert_eq!(limits.risk, Percent::new("0.5".parse().unwrap()));
    let lost = with_files(&[("profiles/basso.toml", "[instrument.ZOMATO]\nrisk = 0.5\n")]);
    assert!(
        lost.unwrap_err()
            .to_string()
            .contains("instrument.ZOMATO: is no instrument")
    );
}

#[test]
fn the_rules_hash_moves_with_the_rules_and_with_nothing_else() {
    let hash = |pairs: &[(&str, &str)]| loaded(pairs).unwrap().rules.hash;
    let base = hash(&[]);
    assert_eq!(base, hash(&[("TORANA__LIMITS__INPUTS_WAITING", "7")]));
    assert_ne!(base, hash(&[("TORANA__LIMITS__OPEN_INTENTS", "7")]));
    assert_ne!(base, hash(&[("TORANA__TIMING__ENTRY_WAIT", "61s")]));
    assert_ne!(base, hash(&[("TORANA__DESK__PROFILE", "scalper")]));
}

#[test]
fn a_directory_that_is_not_there_is_a_problem() {
    let options = Options {
        dir: Some(Path::new("/nowhere/at/all").to_owned()),
        ..Options::default()
    };
    let error = load(&options, &env(&[])).unwrap_err();
    assert_eq!(error.problems[0].path, "/nowhere/at/all");
}

#[test]
fn nothing_works_with_nothing() {
    let pairs = [
        ("TORANA__COURIER__LANES", "0"),
        ("TORANA__SOURCES__ALERTS_BURST", "0"),
        ("OPENALGO_URL", "http://me:secret@o"),
        ("TORANA__LOG__FILTER", ""),
    ];
    let error = loaded(&pairs).unwrap_err();
    let paths: Vec<_> = error.problems.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(
        paths,
        ["courier.lanes", "openalgo.url", "sources.alerts_burst"]
    );
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn odd_limits_of_an_entry_are_warnings() {
    let text = "[instrument.COPPER]\nrisk = 3\nongoing_risk = 4\nvolatility = 0.95\nongoing_volatility = 1\n\
                [instrument.GOLD_MINI]\ninitial_atr = 0.4\nvolatility = 2.3\nongoing_volatility = 3\n";
    let warnings = with_files(&[("profiles/basso.toml", text)])
        .unwrap()
        .warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("COPPER: risks 3 %"));
    assert!(warnings[1].contains("GOLD_MINI: a stop at 0.4 ATR is always refused"));
    let flat = [(
        "profiles/basso.toml",
        "[instrument.COPPER]\ntrailing_atr = 0\n",
    )];
    let error = with_files(&flat).unwrap_err().to_string();
    assert!(error.contains("instrument.COPPER.trailing_atr: must be above 0"));
}

#[test]
fn what_is_switched_off_need_not_be_confirmed() {
    let off = [(
        "profiles/basso.toml",
        "[instrument.COPPER]\nenabled = false\n",
    )];
    let assumed = with_files(&off).unwrap().assumed;
    assert!(!assumed.iter().any(|(one, _)| one.id.contains("COPPER")));
    assert!(assumed.iter().any(|(one, _)| one.id.contains("GOLD_MINI")));
}

#[test]
fn a_crash_is_counted_from_one() {
    let crash = |text| loaded(&[("TORANA_CRASH_AFTER", text)]);
    let at = |text| crash(text).unwrap().settings.crash_after.unwrap();
    assert_eq!(at("row7:2"), CrashAfter::At("row7".to_owned(), 2));
    assert_eq!(at("@/tmp/x"), CrashAfter::Told("/tmp/x".into()));
    assert!(crash("row7:0").is_err());
}
