use super::*;
use crate::domain::money::{Percent, PointValue};

fn basso(name: &str, _at: Option<Price>) -> Result<SizeInstrument, String> {
    let percent = |basis_points| Percent::new(Decimal::new(basis_points, 2));
    let (point_value, margin, volatility) = match name {
        "GOLD_MINI" => (10, 105_000, 90),
        "BANK_NIFTY" => (30, 270_000, 60),
        _ => {
            return Err(format!(
                "no instrument {name:?}; known: BANK_NIFTY, GOLD_MINI"
            ));
        }
    };
    Ok(SizeInstrument {
        contract: LotFigures {
            point_value: PointValue::new(Decimal::from(point_value)).unwrap(),
            margin_per_lot: Money::rupees(margin),
        },
        initial: SizePercents {
            risk: percent(100),
            volatility: percent(volatility),
        },
        ongoing: SizePercents {
            risk: percent(150),
            volatility: Percent::new(Decimal::new(volatility * 15, 3)),
        },
        ratio: Ratio::new(RATIO),
    })
}

fn answers(lines: &str) -> (String, u64) {
    let mut output = Vec::new();
    let bad_lines = run(lines.as_bytes(), &mut output, &basso).unwrap();
    (String::from_utf8(output).unwrap(), bad_lines)
}

fn answered(line: &str) -> String {
    answers(line).0.trim_end().to_owned()
}

const BASE: &str = r#"{"id":"a","kind":"base","instrument":"GOLD_MINI","equity":"5000000","available_margin":"3000000","price":"78500","stop":"77500","atr":"500","er":"0.82"}"#;
const PYRAMID: &str = r#"{"id":"b","kind":"pyramid","instrument":"BANK_NIFTY","available_margin":"4351893.44","price":"40559.9","stop":"40458.2","base_lots":52,"profit_after_base_risk":"140457","pyramid_count":1}"#;
const PEEL: &str = r#"{"id":"c","kind":"peel_off","instrument":"GOLD_MINI","equity":"5000000","position_risk":"140000","position_vol":"105000","lots":35}"#;

#[test]
fn the_lines_of_the_contract_are_answered_to_the_letter() {
    let (output, bad_lines) = answers(&format!("{BASE}\n{PYRAMID}\n\n{PEEL}"));
    let expected = concat!(
        r#"{"id":"a","lots":4,"limiter":"risk","lot_r":"4.1","lot_v":"9","lot_m":"28.571428571428571428"}"#,
        "\n",
        r#"{"id":"b","lots":13,"limiter":"discipline","lot_a":16,"lot_b":13,"lot_c":23}"#,
        "\n",
        r#"{"id":"c","lots":17,"limiter":"risk"}"#,
        "\n",
    );
    assert_eq!((output.as_str(), bad_lines), (expected, 0));
}

#[test]
fn figures_may_stand_in_place_of_a_name() {
    let given = r#"{"point_value":10,"margin_per_lot":105000,"initial_risk_percent":1.0,"initial_vol_percent":0.2,"lot_size":100}"#;
    let line = BASE.replace(r#""GOLD_MINI""#, given);
    assert!(answered(&line).contains(r#""lots":2,"limiter":"volatility""#));
    let report = line.replace(r#""er""#, r#""volatility":"report","er""#);
    assert!(answered(&report).contains(r#""lots":4,"limiter":"risk""#));
    let short = report
        .replace("77500", "79500")
        .replace(r#""er""#, r#""side":"short","er""#);
    assert!(answered(&short).contains(r#""lots":4,"limiter":"risk""#));
    assert!(
        answered(&line.replace("77500", "78500")).contains(r#""lots":0,"limiter":"invalid_risk""#)
    );
}

#[test]
fn the_budget_may_be_used_up_by_other_adds() {
    let used = r#""live_add_risk":"30000","closed_add_loss":1,"pyramid_count""#;
    let line = PYRAMID.replace(r#""pyramid_count""#, used);
    assert!(
        answered(&line)
            .ends_with(r#""lots":13,"limiter":"discipline","lot_a":16,"lot_b":13,"lot_c":13}"#)
    );
}

#[test]
fn nothing_to_peel_has_no_limiter() {
    let line = PEEL.replace("140000", "0").replace("105000", "0");
    assert_eq!(answered(&line), r#"{"id":"c","lots":0,"limiter":null}"#);
}

#[test]
fn a_bad_line_is_answered_with_its_id_and_the_next_still_runs() {
    let bad = BASE.replace(r#""0.82""#, "NaN");
    let (output, bad_lines) = answers(&format!("{bad}\nnonsense\n[1]\n{}\n{PEEL}", r#"{"id":7}"#));
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!((lines.len(), bad_lines), (5, 4));
    assert!(lines[0].starts_with(r#"{"id":"a","error":"not one JSON object: "#));
    assert!(lines[1].starts_with(r#"{"id":null,"error":"#));
    assert!(lines[2].starts_with(r#"{"id":null,"error":"#));
    assert_eq!(lines[3], r#"{"id":7,"error":"kind is missing"}"#);
    assert_eq!(lines[4], r#"{"id":"c","lots":17,"limiter":"risk"}"#);
}

#[test]
fn only_exact_numbers_within_their_bounds_are_taken() {
    let price = |value: &str| answered(&BASE.replace(r#""78500""#, value));
    for same in [
        "78500",
        "78500.0",
        "7.85e4",
        r#""78500.00""#,
        "785E+2",
        "785000e-1",
    ] {
        assert!(price(same).contains(r#""lots":4"#), "{same}");
    }
    let refused = [
        "true",
        "null",
        "[]",
        "{}",
        "1e400",
        "1e-400",
        "0",
        "-5",
        "1000000001",
        r#""NaN""#,
        r#""78_500""#,
        r#""""#,
        r#"" 78500""#,
        r#""+78500""#,
        r#""7.85e4""#,
        r#""{{close}}""#,
        r#""٧٨٥٠٠""#,
        r#"".5""#,
        r#""5.""#,
        "78500.0000000000000000000000001",
    ];
    for value in refused {
        let answer = price(value);
        assert!(
            answer.starts_with(r#"{"id":"a","error":"price "#),
            "{value}: {answer}"
        );
    }
    let huge = answered(&BASE.replace("5000000", "1000000000001"));
    assert!(huge.contains("equity must be an amount between"), "{huge}");
}

#[test]
fn what_is_wrong_is_said() {
    let cases = [
        (
            BASE.replace("0.82", "1.3"),
            "er must be between 0 and 1, not \\\"1.3\\\"",
        ),
        (BASE.replace(r#""atr":"500","#, ""), "atr is missing"),
        (
            BASE.replace("GOLD_MINI", "GOLD"),
            "no instrument \\\"GOLD\\\"; known: BANK_NIFTY, GOLD_MINI",
        ),
        (
            BASE.replace(r#""GOLD_MINI""#, "{}"),
            "instrument.point_value is missing",
        ),
        (
            BASE.replace(r#""GOLD_MINI""#, "5"),
            "instrument must be text, not 5",
        ),
        (
            BASE.replace(r#""er""#, r#""side":"up","er""#),
            "side must be long or short, not \\\"up\\\"",
        ),
        (
            BASE.replace(r#""base""#, r#""add""#),
            "kind must be base or pyramid or peel_off, not \\\"add\\\"",
        ),
        (
            PYRAMID.replace(":52", ":5.7"),
            "base_lots must be a whole number from 0, not 5.7",
        ),
        (
            PYRAMID.replace(":52", ":-3"),
            "base_lots must be a whole number from 0, not -3",
        ),
    ];
    for (line, reason) in cases {
        let answer = answered(&line);
        assert!(
            answer.contains(&format!(r#""error":"{reason}"}}"#)),
            "{answer}"
        );
    }
    let twice = answered(&BASE.replace(r#""er""#, r#""stop":"77000","er""#));
    assert!(twice.contains(r#"\"stop\" stands twice"#), "{twice}");
}

#[test]
fn a_line_without_end_is_refused_and_skipped() {
    let endless = format!("{}\n{PEEL}", "x".repeat(LINE_BYTES_MAX * 2 + 5));
    let (output, bad_lines) = answers(&endless);
    assert_eq!((output.lines().count(), bad_lines), (2, 1));
    assert!(output.contains("longer than 65536 bytes"));
}
