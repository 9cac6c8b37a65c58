//! The scripts of `TradingView`: what they are rendered from, what they send, and what our own rules
//! over bars say to the same series. `pine/README.md` tells what a test cannot know.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read its fixtures should stop"
)]

use std::collections::BTreeMap;
use std::fs;

use chrono::{DateTime, Datelike as _, NaiveDate, TimeDelta, Utc, Weekday};
use rust_decimal::Decimal;
use serde_json::Value;
use torana::cli::pine::{Sender as Script2Json, all_parameters, json, read_bars};
use torana::config::{Config, Options, load};
use torana::domain::order::Exchange;
use torana::domain::signal::SourceId;
use torana::http::webhook::{AgeLimits, Asked, Reader, Scope, Sender};
use torana::strategy::{Parameters, Script, Trader, render};

/// What is usually named as the longest message `TradingView` sends.
const MESSAGE_BYTES_MAX: usize = 4096;

fn config() -> Config {
    let pairs = [
        ("TORANA_DATA", "/nonexistent"),
        ("TORANA__DESK__CALENDAR", "exchange"),
    ];
    let env = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    load(&Options::default(), &env).unwrap()
}

fn file(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Returns every script with the figures it was made of.
fn scripts() -> Vec<(Parameters, Script, String)> {
    let mut all = Vec::new();
    for parameters in all_parameters(&config()).unwrap() {
        for script in Script::ALL {
            let text = file(&format!("pine/{}", script.file(&parameters)));
            all.push((parameters.clone(), script, text));
        }
    }
    all
}

/// Returns what a Pine runtime that is not ours sent over the bars, of `pine/check/record.mjs`.
fn recorded() -> Vec<String> {
    let text = file("tests/fixtures/bars/recorded.jsonl");
    text.lines().map(str::to_owned).collect()
}

/// Returns JSON with numbers as the decimals they are: `69440.0` is `69440`.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let number: Decimal = number.to_string().parse().unwrap();
            Value::String(number.normalize().to_string())
        }
        Value::Object(map) => map
            .into_iter()
            .filter(|(key, _)| key != "lots")
            .map(|(key, value)| (key, plain(value)))
            .collect(),
        other @ (Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_)) => other,
    }
}

fn word<'a>(alert: &'a Value, key: &str) -> &'a str {
    alert.get(key).unwrap().as_str().unwrap()
}

/// Returns what our own rules say over the bars: by id, looks at closed bars too.
fn said(parameters: &Parameters) -> BTreeMap<String, Value> {
    let config = config();
    let ix = config.rules.instruments.by_name(&parameters.instrument);
    let instrument = config.rules.instruments.get(ix.unwrap()).unwrap();
    let (_, tick) = instrument.spec(NaiveDate::MAX).unwrap().ticks.rows();
    let bars = file("tests/fixtures/bars/bars.csv");
    let bars = read_bars(bars.as_bytes(), parameters.settings.interval).unwrap();
    let (mut trader, sender) = (Trader::new(parameters, tick), Script2Json::new(parameters));
    let mut all = BTreeMap::new();
    for bar in &bars {
        let look = trader.look(bar, bar.closed_at);
        for alert in look.into_iter().chain(trader.close(bar)) {
            let alert = plain(json(&sender, &alert));
            all.insert(word(&alert, "id").to_owned(), alert);
        }
    }
    all
}

#[test]
fn the_scripts_are_what_the_configuration_renders() {
    let scripts = scripts();
    assert_eq!(scripts.len(), 8);
    for (parameters, script, text) in scripts {
        let name = script.file(&parameters);
        assert!(
            render(script, &parameters) == text,
            "{name}: torana pine render --out pine/template"
        );
        assert!(!text.contains("{{"), "{name}");
    }
}

#[test]
fn scout_and_strategy_of_an_instrument_share_every_figure() {
    let block = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| line.starts_with("const "));
        let own = |line: &&str| line.contains(" WINDOW ") || line.contains(" THROTTLE ");
        let lines = lines.filter(|line| !own(line) && !line.contains(" INDIA "));
        lines.map(str::to_owned).collect()
    };
    for pair in scripts().chunks(2) {
        let [(_, _, strategy), (_, _, scout)] = pair else {
            panic!("two scripts an instrument")
        };
        assert_eq!(block(strategy), block(scout));
    }
}

#[test]
fn the_scripts_keep_the_rules_of_pine() {
    for (parameters, script, text) in scripts() {
        let name = script.file(&parameters);
        let has = |what: &str| assert!(text.contains(what), "{name} lacks {what}");
        let lacks = |what: &str| assert!(!text.contains(what), "{name} has {what}");
        assert!(text.starts_with("//@version=6\n"), "{name}");
        lacks("request.security");
        lacks("lookahead");
        lacks("str.tostring(close)");
        has("str.tostring(math.round_to_mintick(x), format.mintick)");
        has("\"yyyy-MM-dd'T'HH:mm:ss'Z'\", \"UTC\"");
        has(
            "not (na(rsi) or na(ema) or na(dc_upper) or na(adx) or na(er) or na(roc) or na(atr) or na(supertrend))",
        );
        let alerts: Vec<_> = text.match_indices("alert(").collect();
        match script {
            Script::Strategy => {
                lacks("strategy.openprofit");
                lacks("strategy.position_size");
                lacks("strategy.equity");
                has("close_entries_rule = \"ANY\"");
                has("if barstate.isconfirmed and ready");
                assert_eq!(alerts.len(), 3, "{name}");
            }
            Script::Scout => {
                has("varip int last_look");
                has("THROTTLE = 15 * 1000");
                has("barstate.isrealtime and in_window and ready and due");
                assert_eq!(alerts.len(), 2, "{name}");
            }
        }
    }
}

#[test]
fn every_order_of_a_script_has_its_alert_on_the_next_line() {
    for (parameters, script, text) in scripts() {
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        let orders = ["strategy.entry(", "strategy.close("];
        for pair in lines.windows(2) {
            let order = orders.iter().any(|order| pair[0].starts_with(order));
            let told = pair[1].starts_with("alert(");
            assert!(!order || told, "{}: {}", script.file(&parameters), pair[0]);
        }
    }
}

#[test]
fn a_pine_runtime_fires_on_the_same_bars_with_the_same_figures() {
    let recorded: Vec<Value> = recorded()
        .iter()
        .map(|line| plain(serde_json::from_str(line).unwrap()))
        .collect();
    for parameters in all_parameters(&config()).unwrap() {
        let said = said(&parameters);
        let of_it = |alert: &&Value| word(alert, "instrument") == parameters.instrument;
        let theirs: Vec<_> = recorded.iter().filter(of_it).collect();
        for alert in &theirs {
            assert_eq!(said.get(word(alert, "id")), Some(*alert));
        }
        let trades = |alert: &&Value| !matches!(word(alert, "type"), "MARKET_DATA" | "EOD_MONITOR");
        let ours = said.values().filter(trades).count();
        let theirs = theirs.iter().copied().filter(trades).count();
        assert_eq!(ours, theirs, "{}", parameters.instrument);
        assert!(ours > 40, "{}: {ours}", parameters.instrument);
    }
}

#[test]
fn the_webhook_reads_every_message_of_the_scripts() {
    let config = config();
    let sender = Sender {
        id: SourceId(1),
        product: None,
        scope: Scope::default(),
        profile: None,
    };
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in recorded() {
        assert!(line.len() < MESSAGE_BYTES_MAX, "{line}");
        let alert: Value = serde_json::from_str(&line).unwrap();
        let at: DateTime<Utc> = word(&alert, "timestamp").parse().unwrap();
        let bar: DateTime<Utc> = word(&alert, "bar_time").parse().unwrap();
        let reader = Reader {
            desk: 1,
            instruments: &config.rules.instruments,
            sender: &sender,
            limits: AgeLimits::default(),
            long_only: true,
            now: at + TimeDelta::seconds(1),
        };
        let read = reader.read(line.as_bytes()).unwrap();
        match read.asked {
            Asked::Signal(signal) => assert_eq!(signal.bar, Some(bar)),
            Asked::Scout(scout) => assert_eq!(scout.at, at),
            Asked::Bar(_, closed) => assert_eq!(closed.opened_at, Some(bar)),
        }
        *kinds.entry(word(&alert, "type").to_owned()).or_default() += 1;
    }
    let kinds: Vec<_> = kinds.keys().map(String::as_str).collect();
    let all = [
        "BASE_ENTRY",
        "EOD_MONITOR",
        "EXIT",
        "MARKET_DATA",
        "PYRAMID",
    ];
    assert_eq!(kinds, all);
}

#[test]
fn an_add_sends_its_own_stop_and_not_that_of_the_base() {
    let parse = |line: &String| serde_json::from_str::<Value>(line).unwrap();
    let alerts: Vec<Value> = recorded().iter().map(parse).map(plain).collect();
    let mut base = Decimal::ZERO;
    let mut adds = 0;
    for alert in alerts {
        let number = |key: &str| word(&alert, key).parse::<Decimal>().unwrap();
        match word(&alert, "type") {
            "BASE_ENTRY" => base = number("stop"),
            "PYRAMID" => {
                adds += 1;
                assert!(number("stop") > base && number("stop") < number("price"));
            }
            _ => {}
        }
    }
    assert!(adds > 100, "{adds}");
}

/// Whether New York is on summer time at noon: from March's second Sunday to November's first.
fn us_summer(day: NaiveDate) -> bool {
    let sunday = |month, number| {
        NaiveDate::from_weekday_of_month_opt(day.year(), month, Weekday::Sun, number).unwrap()
    };
    (sunday(3, 2)..sunday(11, 1)).contains(&day)
}

#[test]
fn the_window_of_the_scout_ends_when_the_exchange_closes() {
    let config = config();
    let first: NaiveDate = "2026-08-03".parse().unwrap();
    for (exchange, closes) in &config.signals.closes {
        let usual = first.iter_days().take(400).filter(|day| {
            let weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
            let special = &config.rules.calendar.markets()[exchange].special;
            let usual = !weekend && !special.contains_key(day);
            usual && config.rules.calendar.is_trading_day(*exchange, *day)
        });
        let mut seasons = [0, 0];
        for day in usual {
            let summer = us_summer(day);
            let close = if summer {
                closes.close_us_summer
            } else {
                closes.close
            };
            let actual = config.rules.calendar.close_of(*exchange, day).unwrap();
            assert_eq!(close.on(day), actual, "{exchange} {day}");
            seasons[usize::from(summer)] += 1;
        }
        assert!(seasons.iter().all(|days| *days > 50), "{seasons:?}");
    }
    assert!(config.signals.closes.contains_key(&Exchange::Mcx));
}
