//! Loading as a whole.

use std::path::Path;

use super::*;
use crate::domain::calendar::Session;
use crate::domain::charges::{ChargeKind, Traded};
use crate::domain::instrument::{ContractId, Found};
use crate::domain::market::Tick;
use crate::domain::money::{Money, Percent, Price};
use crate::domain::order::{Exchange, Product, Side};

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
    let paths = refused(&[("TORANA__MODE", "live"), ("TORANA_CRASH_AFTER", "row7:2")]);
    for path in [
        "OPENALGO_API_KEY",
        "TORANA_ADMIN_TOKEN",
        "TORANA_CRASH_AFTER",
        "TORANA_LIVE",
        "desk.opening_capital",
        "openalgo.url",
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
    assert_eq!(base, hash(&[("TORANA__LIMITS__OPEN_INTENTS", "7")]));
    assert_ne!(base, hash(&[("TORANA__TIMING__ENTRY_WAIT", "61s")]));
    assert_ne!(base, hash(&[("TORANA__DESK__PROFILE", "scalper")]));
}

#[test]
fn the_figures_of_the_four_are_in_force() {
    let rules = loaded(&[]).unwrap().rules;
    let figures = |name: &str| {
        let ix = rules.instruments.by_name(name).unwrap();
        let contract = ContractId::future(ix, day("2026-12-29"));
        let spec = rules.instruments.spec(contract, day("2026-11-20")).unwrap();
        let price = Price::new(52_000.into()).unwrap();
        let margin = spec.margin_per_lot(price, Product::Nrml);
        let tick = spec.ticks.at(price).get();
        (
            spec.units_per_lot,
            spec.point_value.get(),
            margin,
            tick,
            spec.order_lots_max().get(),
        )
    };
    let is = |units: u32, point: u32, margin, tick: &str, lots| {
        (
            units,
            point.into(),
            Money::rupees(margin),
            tick.parse().unwrap(),
            lots,
        )
    };
    assert_eq!(figures("BANK_NIFTY"), is(30, 30, 270_000, "0.2", 20));
    assert_eq!(figures("GOLD_MINI"), is(100, 10, 105_000, "1", 100));
    assert_eq!(figures("SILVER_MINI"), is(5, 5, 385_000, "1", 120));
    assert_eq!(figures("COPPER"), is(2_500, 2_500, 300_000, "0.05", 28));
}

#[test]
fn expiries_follow_the_holidays_of_the_files() {
    let rules = loaded(&[]).unwrap().rules;
    let ends = |name: &str, year, month| {
        let instruments = &rules.instruments;
        let one = instruments.get(instruments.by_name(name).unwrap()).unwrap();
        one.expiry_in(year, month, &rules.calendar).unwrap()
    };
    assert_eq!(ends("BANK_NIFTY", 2026, 3), day("2026-03-30"));
    assert_eq!(ends("BANK_NIFTY", 2026, 11), day("2026-11-23"));
    assert_eq!(ends("BANK_NIFTY", 2025, 8), day("2025-08-28"));
    assert_eq!(ends("BANK_NIFTY", 2025, 12), day("2025-12-30"));
    assert_eq!(ends("GOLD_MINI", 2026, 4), day("2026-04-02"));
    assert_eq!(ends("GOLD_MINI", 2026, 12), day("2026-12-04"));
    assert_eq!(ends("COPPER", 2026, 3), day("2026-03-30"));
}

#[test]
fn sessions_follow_the_dates_of_the_files() {
    let live = [("TORANA__DESK__CALENDAR", "exchange")];
    let calendar = loaded(&live).unwrap().rules.calendar;
    let at = |exchange, text: &str| {
        let shown = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        calendar.session_at(exchange, crate::domain::calendar::from_ist(shown))
    };
    assert_eq!(at(Exchange::Nfo, "2026-07-31 15:35"), Session::Closed);
    assert_eq!(at(Exchange::Nfo, "2026-08-03 15:35"), Session::Continuous);
    assert_eq!(at(Exchange::Nse, "2026-08-03 15:20"), Session::Auction);
    assert_eq!(at(Exchange::Nfo, "2026-02-01 10:00"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-03-06 23:40"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-03-09 23:40"), Session::Closed);
    assert_eq!(at(Exchange::Mcx, "2026-11-02 23:40"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-03-31 10:00"), Session::Closed);
    assert_eq!(at(Exchange::Mcx, "2026-03-31 18:00"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-01-01 18:00"), Session::Closed);
    assert_eq!(at(Exchange::Nfo, "2025-10-21 14:00"), Session::Continuous);
    assert_eq!(at(Exchange::NseIndex, "2026-11-24 11:00"), Session::Closed);
}

#[test]
fn the_charges_of_the_files_are_those_worked_out_by_hand() {
    let charges = loaded(&[]).unwrap().rules.charges;
    let trip = |exchange, on: &str, buy: i64, sell: i64| {
        let order = |side| Traded {
            exchange,
            kind: ChargeKind::Future,
            side,
            day: day(on),
        };
        charges.for_order(order(Side::Buy), Money::rupees(buy))
            + charges.for_order(order(Side::Sell), Money::rupees(sell))
    };
    let is = |text: &str| Money::new(text.parse().unwrap());
    assert_eq!(
        trip(Exchange::Nfo, "2026-04-01", 1_740_000, 1_746_000),
        is("1034.39")
    );
    assert_eq!(
        trip(Exchange::Nfo, "2026-03-31", 1_740_000, 1_746_000),
        is("510.59")
    );
    assert_eq!(
        trip(Exchange::Mcx, "2026-11-20", 1_500_000, 1_505_000),
        is("305.71")
    );
    assert_eq!(
        trip(Exchange::Mcx, "2026-11-20", 1_200_000, 1_205_000),
        is("254.13")
    );
    assert_eq!(
        trip(Exchange::Mcx, "2026-11-20", 3_000_000, 3_025_000),
        is("566.11")
    );
}

#[test]
fn shares_have_ticks_by_price_and_indices_are_known_as_such() {
    let rules = loaded(&[]).unwrap().rules;
    let list = &rules.instruments;
    let sbin = list.by_name("SBIN").unwrap();
    let spec = list
        .spec(ContractId::share(sbin), day("2026-11-20"))
        .unwrap();
    let tick = |price: u32| spec.ticks.at(Price::new(price.into()).unwrap());
    assert_eq!(tick(800), Tick::new("0.05".parse().unwrap()).unwrap());
    assert_eq!(tick(1500), Tick::new("0.1".parse().unwrap()).unwrap());
    assert!(matches!(
        list.find("NSE:M&M"),
        Some(Found::Instrument { .. })
    ));
    assert!(matches!(
        list.find("NSE:BANKNIFTY"),
        Some(Found::Instrument { .. })
    ));
    assert!(matches!(
        list.find("NSE_INDEX:BANKNIFTY"),
        Some(Found::Index { .. })
    ));
    assert!(matches!(list.find("INDIAVIX"), Some(Found::Index { .. })));
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
