//! What alerts mean, and what is turned away.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::domain::instrument::Expiry;
use crate::domain::instrument::tests::{future, share};
use crate::domain::order::{Product, Side};
use crate::domain::signal::{Ask, Expected, SourceId, TradeWord};

fn instruments() -> Instruments {
    let all = vec![
        future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, Expiry::default()),
        future("GOLD_MINI", "GOLDM", Exchange::Mcx, Expiry::default()),
        share("SBIN"),
    ];
    let indices = ["BANKNIFTY", "NIFTY"].map(|name| (Exchange::NseIndex, name.to_owned()));
    Instruments::new(all, indices.into()).unwrap()
}

fn sender() -> Sender {
    Sender {
        id: SourceId(1),
        product: None,
        scope: Scope::default(),
        profile: None,
    }
}

fn read_as(sender: &Sender, body: &[u8]) -> Result<Alert, TurnedAway> {
    Reader {
        desk: 1,
        instruments: &instruments(),
        sender,
        limits: AgeLimits::default(),
        long_only: true,
        now: "2026-11-20T04:30:00Z".parse().unwrap(),
    }
    .read(body)
}

fn read(body: &str) -> Result<Alert, TurnedAway> {
    read_as(&sender(), body.as_bytes())
}

fn signal(body: &str) -> Signal {
    match read(body).unwrap().asked {
        Asked::Signal(signal) => signal,
        other @ (Asked::Scout(_) | Asked::Bar(..)) => panic!("{other:?}"),
    }
}

fn code(body: &str) -> &'static str {
    read(body).unwrap_err().error.code()
}

/// Returns a base entry with some of its text replaced.
fn entry(from: &str, to: &str) -> String {
    let body = r#"{"type":"BASE_ENTRY","instrument":"BANK_NIFTY","position":"Long_1","price":52000.05,"stop":51650,"atr":350,"er":0.82349,"timestamp":"2026-11-20T10:00:00"}"#;
    assert!(body.contains(from), "{from}");
    body.replace(from, to)
}

/// Returns a plain order with further keys.
fn order(action: &str, more: &str) -> String {
    format!(r#"{{"symbol":"NSE:BANKNIFTY","action":"{action}","price":"52000"{more}}}"#)
}

#[test]
fn a_base_entry_carries_its_figures_exactly() {
    let read = signal(&entry("", ""));
    assert_eq!(read.price.unwrap().to_string(), "52000.05");
    assert_eq!(read.er.unwrap().to_string(), "0.8234");
    assert_eq!(
        read.at,
        "2026-11-20T04:30:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    assert!(matches!(
        read.ask,
        Ask::Enter {
            direction: Direction::Long,
            ..
        }
    ));
}

#[test]
fn what_the_message_alone_shows_to_be_wrong_has_a_code() {
    for (from, to, expected) in [
        ("BANK_NIFTY", "BANKNIFTYX", "unknown_instrument"),
        ("BANK_NIFTY", "NIFTY", "index_symbol"),
        ("BANK_NIFTY", "NSE_DLY:BANKNIFTY", "delayed_feed"),
        ("51650", "52000.05", "stop_wrong_side"),
        ("Long_1", "Short_1", "stop_wrong_side"),
        ("Long_1", "Long_2", "invalid_field"),
        ("0.82349", "1.3", "invalid_field"),
        ("0.82349", "true", "invalid_field"),
        ("0.82349", "\"{{plot_3}}\"", "placeholder"),
        ("0.82349", "{{plot_3}}", "placeholder"),
        ("0.82349", "NaN", "not_json"),
        ("51650", "1e400", "number_too_long"),
        ("51650", "1e10", "invalid_field"),
        ("\"er\":0.82349,", "", "missing_field"),
        ("BASE_ENTRY", "ENTRY", "invalid_field"),
        ("10:00:00", "09:58:29.999", "stale"),
        ("10:00:00", "10:00:05.001", "future"),
        ("\"price\"", "\"stop\"", "duplicate_key"),
    ] {
        assert_eq!(code(&entry(from, to)), expected, "{from} -> {to}");
    }
    for (from, to) in [("10:00:00", "09:58:30"), ("10:00:00", "10:00:05")] {
        assert!(read(&entry(from, to)).is_ok(), "{to}");
    }
    let unknown = read(&entry("BANK_NIFTY", "X")).unwrap_err();
    assert!(unknown.to_string().contains("BANK_NIFTY, GOLD_MINI, SBIN"));
    assert!(unknown.record.is_some());
}

#[test]
fn an_exit_is_never_too_old() {
    let body = r#"{"type":"EXIT","instrument":"gold_mini","position":"ALL","price":72000,"stop":0,"timestamp":"2026-11-01T10:00:00"}"#;
    assert_eq!(signal(body).stop, None);
    assert!(read(r#"{"type":"EXIT","instrument":"GOLD_MINI","position":"Long_2"}"#).is_ok());
    let flat = order(
        "SELL",
        r#","position_size":"0","timestamp":"2026-11-01T10:00:00Z""#,
    );
    assert!(read(&flat).is_ok());
}

#[test]
fn an_exit_from_a_clock_that_runs_ahead_counts_as_made_now() {
    let body = r#"{"type":"EXIT","instrument":"GOLD_MINI","position":"ALL","timestamp":"2026-11-20T15:30:00Z","bar_time":"2026-11-20T15:15:00Z"}"#;
    let exit = signal(body);
    let now: DateTime<Utc> = "2026-11-20T04:30:00Z".parse().unwrap();
    assert_eq!((exit.at, exit.bar), (now, Some(now)));
    assert_eq!(signal(body).id, exit.id);
    let ahead = r#","timestamp":"2026-11-20T15:30:00Z""#;
    assert!(read(&order("CLOSE", ahead)).is_ok() && read(&order("SELL", ahead)).is_ok());
    assert_eq!(code(&order("BUY", ahead)), "future");
    let bar = r#""timestamp":"2026-11-20T10:00:00","bar_time":"2026-11-20T10:01:00""#;
    let from = r#""timestamp":"2026-11-20T10:00:00""#;
    assert_eq!(code(&entry(from, bar)), "future");
}

#[test]
fn an_exit_means_what_was_opened_before_it_was_made_not_before_its_bar_began() {
    let exit = |times: &str| {
        signal(&format!(
            r#"{{"type":"EXIT","instrument":"GOLD_MINI","position":"ALL"{times}}}"#
        ))
    };
    let at = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
    let both = r#","timestamp":"2026-11-20T04:15:01Z","bar_time":"2026-11-20T04:00:00Z""#;
    assert_eq!(exit(both).opened_before, at("2026-11-20T04:15:01Z"));
    let bar = r#","bar_time":"2026-11-20T04:00:00Z""#;
    assert_eq!(exit(bar).opened_before, at("2026-11-20T04:00:00Z"));
    assert_eq!(exit("").opened_before, None);
}

#[test]
fn a_layered_alert_without_a_range_says_so_by_its_absence() {
    assert_eq!(signal(&entry("350", "0")).atr, None);
}

#[test]
fn the_record_keeps_unknown_keys_and_no_secret() {
    let body = order("BUY", r#","apikey":"k","note":{"token":"t","n":1}"#);
    let record = read(&body).unwrap().record;
    assert!(record.contains(r#""apikey":"***""#) && record.contains(r#""n":1,"token":"***""#));
}

#[test]
fn the_words_of_tradingview_are_understood_in_lower_case() {
    let buy = signal(&order("buy", r#","quantity":"60.0","position_size":"60""#));
    let Ask::Trade {
        word,
        quantity,
        position_size,
    } = buy.ask
    else {
        panic!("{buy:?}")
    };
    assert_eq!(word, TradeWord::Side(Side::Buy));
    assert_eq!(quantity.unwrap().get(), 60);
    assert_eq!(position_size, Some(Expected::Long));
    assert!(matches!(
        signal(&order("close_all", "")).ask,
        Ask::Trade {
            word: TradeWord::Close,
            ..
        }
    ));
}

#[test]
fn an_order_of_openalgo_is_read_with_its_own_rules() {
    let with = |more: &str| order("BUY", &format!(r#","apikey":"k","quantity":"30"{more}"#));
    let plain = signal(&with(r#","pricetype":"MARKET","product":"MIS""#));
    assert_eq!(plain.product, Some(Product::Mis));
    assert!(read(&with(r#","pricetype":"LIMIT""#)).is_ok());
    for (more, why) in [
        (r#","pricetype":"SL""#, "pricetype"),
        (r#","product":"BO""#, "product"),
        (r#","position_size":"many""#, "position_size"),
        (r#","exchange":"NYSE""#, "exchange"),
    ] {
        let refused = read(&with(more).replace("NSE:", "")).unwrap_err();
        assert!(refused.to_string().starts_with(why), "{refused}");
    }
    let off_tick = with(r#","pricetype":"LIMIT""#).replace("52000", "52000.03");
    assert!(
        read(&off_tick)
            .unwrap_err()
            .to_string()
            .contains("multiple of 0.05")
    );
    let none = with("").replace(r#""30""#, "0");
    assert!(read(&none).unwrap_err().to_string().starts_with("quantity"));
    assert_eq!(code(&order("CLOSE", r#","apikey":"k""#)), "invalid_field");
    assert_eq!(code(&with(r#","exchange":"NSE_DLY""#)), "delayed_feed");
}

#[test]
fn a_stop_beyond_the_price_is_refused_where_the_order_opens_and_dropped_where_it_closes() {
    assert_eq!(
        code(&order("BUY", r#","stop_loss":52001"#)),
        "stop_wrong_side"
    );
    assert_eq!(
        code(&order("SELL", r#","position_size":-30,"stop":51000"#)),
        "stop_wrong_side"
    );
    assert_eq!(signal(&order("SELL", r#","stop_loss":51000"#)).stop, None);
    assert!(
        signal(&order("SELL", r#","stop_loss":52500"#))
            .stop
            .is_some()
    );
    assert!(read(&order("BUY", r#","position_size":0,"stop":52500"#)).is_ok());
    assert_eq!(code(&order("BUY", r#","target":51000"#)), "invalid_field");
    assert_eq!(
        code(&order("BUY", r#","stop":51000,"stop_loss":51001"#)),
        "invalid_field"
    );
}

#[test]
fn an_order_too_late_to_open_may_still_close() {
    let old = r#","timestamp":"2026-11-20T09:58:00""#;
    assert_eq!(code(&order("BUY", old)), "stale");
    assert_eq!(
        code(&order("BUY", &format!(r#","position_size":30{old}"#))),
        "stale"
    );
    for more in [
        "",
        r#","stop":53000"#,
        r#","position_size":-30,"stop":53000"#,
    ] {
        let late = signal(&order("SELL", &format!("{more}{old}")));
        assert!(matches!(
            late.ask,
            Ask::Trade {
                position_size: Some(Expected::Flat),
                ..
            }
        ));
        assert_eq!(late.stop, None);
    }
    let partly = signal(&order("SELL", &format!(r#","position_size":30{old}"#)));
    assert!(matches!(
        partly.ask,
        Ask::Trade {
            position_size: Some(Expected::Long),
            ..
        }
    ));
}

#[test]
fn two_sales_of_one_reversal_are_two_alerts() {
    let name = |size: &str| {
        signal(&order(
            "SELL",
            &format!(r#","position_size":{size},"timestamp":"2026-11-20T10:00:00""#),
        ))
        .id
    };
    assert_ne!(name("0"), name("-30"));
    assert_eq!(name("0"), name("0"));
}

#[test]
fn a_scout_looks_several_times_at_one_bar() {
    let body = |at: &str, entry: &str| {
        format!(
            r#"{{"type":"EOD_MONITOR","instrument":"BANK_NIFTY","timestamp":"2026-11-20T{at}","bar_time":"2026-11-20T09:15:00","price":52000,"conditions":{{"rsi_condition":true,"ema_condition":true,"dc_condition":true,"adx_condition":true,"er_condition":true,"st_condition":true,"not_doji":true,"long_entry":{entry},"long_exit":false}},"indicators":{{"rsi":70,"ema":51000,"dc_upper":51900,"adx":30,"er":0.8,"supertrend":51500,"atr":350}}}}"#
        )
    };
    let first = read(&body("09:59:45", "\"true\"")).unwrap();
    let second = read(&body("10:00:00", "\"true\"")).unwrap();
    assert_ne!(first.identity.moment, second.identity.moment);
    let Asked::Scout(scout) = first.asked else {
        panic!()
    };
    assert!(scout.long_entry && !scout.short_entry);
    assert_eq!(code(&body("09:59:39", "true")), "stale");
    assert_eq!(code(&body("10:00:00", "1")), "invalid_field");
}

#[test]
fn a_bar_needs_a_range() {
    let bar = |atr: &str| {
        format!(
            r#"{{"type":"MARKET_DATA","instrument":"BANK_NIFTY","timestamp":"2026-11-19T10:00:00","price":52000,"atr":{atr},"supertrend":51500}}"#
        )
    };
    assert!(matches!(read(&bar("350")).unwrap().asked, Asked::Bar(..)));
    assert_eq!(code(&bar("0")), "invalid_field");
}

#[test]
fn a_source_stays_within_its_scope() {
    let mut bound = sender();
    bound.scope.instruments = Some(["GOLD_MINI".to_owned()].into());
    let refused =
        |sender: &Sender, body: &str| read_as(sender, body.as_bytes()).unwrap_err().error.code();
    assert_eq!(refused(&bound, &entry("", "")), "not_allowed");
    let mut bound = sender();
    bound.scope.kinds = Some([Kind::Exit].into());
    assert_eq!(refused(&bound, &entry("", "")), "not_allowed");
    let mut bound = sender();
    bound.scope.only = Some(Direction::Long);
    let short = order("SELL", r#","position_size":-30"#);
    assert_eq!(refused(&bound, &short), "not_allowed");
    let sale = order("SELL", r#","stop":53000"#);
    let Asked::Signal(sale) = read_as(&bound, sale.as_bytes()).unwrap().asked else {
        panic!()
    };
    assert!(matches!(
        sale.ask,
        Ask::Trade {
            position_size: Some(Expected::Flat),
            ..
        }
    ));
}

/// Returns JSON values with keys and words that alerts have.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let words = [
        "type",
        "BASE_ENTRY",
        "PYRAMID",
        "EXIT",
        "EOD_MONITOR",
        "MARKET_DATA",
        "instrument",
        "BANK_NIFTY",
        "position",
        "Long_1",
        "Long_2",
        "ALL",
        "price",
        "stop",
        "atr",
        "er",
        "timestamp",
        "2026-11-20T10:00:00",
        "symbol",
        "action",
        "BUY",
        "SELL",
        "CLOSE",
        "quantity",
        "position_size",
        "apikey",
        "conditions",
        "indicators",
        "1e3",
        "-1",
        "0",
        "52000",
        "\u{0}",
    ];
    let word = move || prop::sample::select(words.to_vec()).prop_map(str::to_owned);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        (1_u32..60_000).prop_map(Into::into),
        word().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 12, move |inner| {
        let key = prop_oneof![4 => word(), 1 => any::<String>()];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            4 => prop::collection::btree_map(key, inner, 0..12)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Returns bodies close to alerts that mean something.
fn near_alert() -> impl Strategy<Value = String> {
    let number = || {
        prop_oneof![
            (0_i64..100_000).prop_map(|n| n.to_string()),
            (0_i64..10_000_000, 0_u32..6)
                .prop_map(|(n, places)| Decimal::new(n, places).to_string()),
            Just("\"51000\"".to_owned()),
            Just("null".to_owned()),
        ]
    };
    let kind = prop::sample::select(vec!["BASE_ENTRY", "PYRAMID", "EXIT", "MARKET_DATA"]);
    let leg = prop::sample::select(vec!["Long_1", "Long_2", "Short_1", "Short_3", "ALL"]);
    let layered = (kind, leg, number(), number(), number(), 0_u32..12_000).prop_map(
        |(kind, leg, price, stop, atr, er)| {
            format!(r#"{{"type":"{kind}","instrument":"GOLD_MINI","position":"{leg}","price":{price},"stop":{stop},"supertrend":1,"atr":{atr},"er":0.{er:05},"timestamp":"2026-11-20T10:00:00"}}"#)
        },
    );
    let word = prop::sample::select(vec!["BUY", "sell", "CLOSE"]);
    let size = prop::sample::select(vec![
        "",
        r#","position_size":-1"#,
        r#","position_size":"1""#,
    ]);
    let plain = (word, number(), number(), number(), size).prop_map(|(word, price, stop, target, size)| {
        format!(r#"{{"symbol":"BANKNIFTY1!","action":"{word}","price":{price},"stop":{stop},"target":{target}{size}}}"#)
    });
    prop_oneof![layered, plain]
}

/// Asserts what every accepted alert promises.
fn check(alert: &Alert) {
    let Asked::Signal(signal) = &alert.asked else {
        return;
    };
    if let Some(er) = signal.er {
        assert!(er.get() >= Decimal::ZERO && er.get() <= Decimal::ONE && er.get().scale() <= 4);
    }
    assert!(signal.atr.is_none_or(|atr| atr.get() > Decimal::ZERO));
    if let Ask::Enter { direction, layer } | Ask::Add { direction, layer } = signal.ask {
        let distance = direction.gain(signal.stop.unwrap(), signal.price.unwrap());
        assert!(distance.get() > Decimal::ZERO);
        assert_eq!(layer.0 == 1, matches!(signal.ask, Ask::Enter { .. }));
    }
    assert!(alert.record.len() < 64 * 1024);
    assert!(Object::parse(alert.record.as_bytes()).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn any_bytes_get_an_answer(body in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(read_as(&sender(), &body));
    }

    #[test]
    fn any_json_gets_an_answer(value in json()) {
        if let Ok(alert) = read(&value.to_string()) {
            check(&alert);
        }
    }

    #[test]
    fn damaged_alerts_get_an_answer(body in near_alert(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = body.into_bytes();
        let place = at.index(bytes.len());
        bytes[place] = byte;
        if let Ok(alert) = read_as(&sender(), &bytes) {
            check(&alert);
        }
    }

    #[test]
    fn whatever_is_accepted_keeps_its_promises(body in near_alert()) {
        if let Ok(alert) = read(&body) {
            check(&alert);
        }
    }
}
