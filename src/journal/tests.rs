//! Texts are canonical, and say everything that decides.

use chrono::TimeDelta;
use rust_decimal::Decimal;
use serde_json::Value;

use super::*;
use crate::domain::bars::BarRules;
use crate::domain::calendar::Calendar;
use crate::domain::charges::Charges;
use crate::domain::fact::Code;
use crate::domain::ids::Cause;
use crate::domain::instrument::tests::{future, share};
use crate::domain::instrument::{ContractId, Expiry};
use crate::domain::money::{Money, Percent, Ratio};
use crate::domain::order::Exchange;
use crate::domain::rules::{
    AlertRules, Breakeven, CloseRules, DayRules, EodExit, OnBreach, OnExisting, PortfolioRules,
    ProofRules, ProtectiveStop, PyramidBudget, PyramidRules, QuantityUse, ReconcileRules, RollUse,
    SizingEquity, SizingRules, StopHitOn, StopRules, StopSource, TimingRules,
};
use crate::domain::sizing::VolatilityUse;

fn instruments() -> Instruments {
    let all = vec![
        future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, Expiry::default()),
        share("M&M"),
    ];
    Instruments::new(all, vec![(Exchange::NseIndex, "NIFTY".to_owned())]).unwrap()
}

#[test]
fn a_text_is_sorted_bare_and_exact() {
    let fact = Fact::LimitBreached {
        limit: Money::new(Decimal::new(-150_000_000, 3)),
        value: Money::new(Decimal::new(-1_500_001, 1)),
        code: Code("daily_loss"),
    };
    let text = fact_text(&fact, &instruments());
    let expected = r#"{"code":"daily_loss","limit":"-150000","value":"-150000.1"}"#;
    assert_eq!(text, expected);
    assert_eq!(read_fact(kind(&fact), &text, &instruments()), Ok(fact));
}

#[test]
fn what_is_absent_is_not_written_and_a_nought_has_no_sign() {
    let fact = Fact::FundsSeen {
        available: None,
        at: "2026-11-20T11:29:14.1Z".parse().unwrap(),
    };
    let text = fact_text(&fact, &instruments());
    assert_eq!(text, r#"{"at":"2026-11-20T11:29:14.100000Z"}"#);
    let fact = Fact::HighWaterSet {
        high_water: -Money::new(Decimal::new(0, 2)),
    };
    assert_eq!(fact_text(&fact, &instruments()), r#"{"high_water":"0"}"#);
}

#[test]
fn texts_of_others_are_escaped_and_lose_what_a_database_cannot_hold() {
    let order = crate::domain::ids::IntentId::of(
        Cause::from_bytes([1; 10]),
        crate::domain::ids::Purpose::Exit,
    );
    let refused = |text: &str| Fact::OrderRefused {
        order: order.order(1),
        text: text.to_owned(),
    };
    let written = fact_text(&refused("a\"b\\c\n\u{1F642}\0"), &instruments());
    let read = read_fact("order_refused", &written, &instruments());
    assert_eq!(read, Ok(refused("a\"b\\c\n\u{1F642}\u{fffd}")));
}

#[test]
fn contracts_go_by_symbol_and_unknown_ones_do_not_read() {
    let list = instruments();
    let names = Names(&list);
    for contract in [
        ContractId::future(
            names.ix("BANK_NIFTY").unwrap(),
            "2026-12-29".parse().unwrap(),
        ),
        ContractId::share(names.ix("M&M").unwrap()),
    ] {
        assert_eq!(names.contract(&names.symbol(contract)), Ok(contract));
    }
    for unknown in ["BANKNIFTY", "GOLDM05DEC26FUT", "NIFTY", ""] {
        assert!(names.contract(unknown).is_err(), "{unknown}");
    }
    assert!(read_fact("no_such_fact", "{}", &list).is_err());
    assert!(read_fact("order_not_placed", "{}", &list).is_err());
}

/// Checks that keys rise, in the text itself.
fn assert_sorted(text: &str) {
    let value: Value = serde_json::from_str(text).unwrap();
    let again = canonical(&value);
    assert_eq!(text, again);
}

/// Writes a value with sorted keys, by hand.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            let field = |(key, value)| format!("\"{key}\":{}", canonical(value));
            format!(
                "{{{}}}",
                fields.into_iter().map(field).collect::<Vec<_>>().join(",")
            )
        }
        Value::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(canonical).collect::<Vec<_>>().join(",")
            )
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

fn percent(value: i64) -> Percent {
    Percent::new(Decimal::from(value))
}

fn rules() -> Rules {
    let second = TimeDelta::seconds(1);
    Rules {
        hash: RulesHash::default(),
        profile: "basso".to_owned(),
        instruments: instruments(),
        calendar: Calendar::open(),
        charges: Charges::default(),
        per_instrument: Vec::new(),
        portfolio: portfolio(),
        sizing: SizingRules {
            equity: SizingEquity::Conservative,
            volatility: VolatilityUse::Enforce,
            stop_atr_min: Ratio::ONE,
            stop_percent_max: percent(10),
            stop_charges_min: Ratio::ONE,
        },
        pyramid: PyramidRules {
            ratio: Ratio::ONE,
            budget: PyramidBudget::Full,
        },
        stops: StopRules {
            source: StopSource::Alert,
            percent: None,
            hit_on: StopHitOn::Close,
            protective_stop: ProtectiveStop::Off,
            disaster_offset: Ratio::ONE,
            range: Percent::new(Decimal::from(3)),
            breakeven: Breakeven::Off,
            peel_off: false,
        },
        alerts: AlertRules {
            long_only: true,
            on_existing: OnExisting::Reject,
            quantity: QuantityUse::Cap,
            require_atr: true,
        },
        close: CloseRules {
            eod_exit: EodExit::Stop,
            roll: RollUse::Propose,
        },
        day: DayRules {
            loss: Some(percent(3)),
            drawdown: None,
            trades: None,
            losing_streak: None,
            cool_down: second,
            on_breach: OnBreach::Reduce,
        },
        timing: timing(second),
        stricter: std::collections::BTreeMap::new(),
        proof: ProofRules {
            reads_min: 3,
            span_min: second,
            call_deadline: second,
        },
        bars: BarRules::default(),
        reconcile: ReconcileRules {
            net_age: second,
            reads_min: 2,
            span_min: second,
            absent_reads_min: 3,
            absent_span_min: second,
            equity_apart: percent(1),
        },
    }
}

fn portfolio() -> PortfolioRules {
    PortfolioRules {
        risk: percent(15),
        volatility: percent(5),
        add_risk: percent(12),
        add_volatility: percent(4),
        margin_cap: percent(60),
        max_positions: Some(7),
        max_same_sector: None,
        deployed: None,
        planned_heat: None,
        max_order_value: None,
        max_open_order_value: None,
        max_open_intents: None,
        min_reward_risk: None,
        max_slices: 10,
        require_funds: false,
        prove_units: false,
        pool_intraday: None,
        pool_swing: None,
        correlation: None,
    }
}

fn timing(second: TimeDelta) -> TimingRules {
    TimingRules {
        intent_validity: second,
        entry_wait: second,
        funds_age: second,
        mark_age: second,
        basis_age: second,
        divergence_base: percent(2),
        divergence_add: percent(1),
        growth_base: percent(50),
        growth_add: percent(20),
        exit_pause_min: second,
        exit_pause_max: second,
        release_pause: second,
        exit_reprice: second,
        flat_for: second,
        flat_report: second,
    }
}

#[test]
fn the_hash_of_rules_changes_with_every_rule_and_with_nothing_else() {
    let base = rules();
    assert_sorted(&rules_text(&base));
    let hash = rules_hash(&base);
    let mut hashed = base.clone();
    hashed.hash = hash;
    assert_eq!(rules_hash(&hashed), hash);
    let changes: [fn(&mut Rules); 6] = [
        |rules| rules.profile.push('x'),
        |rules| rules.portfolio.max_slices += 1,
        |rules| rules.timing.exit_reprice += TimeDelta::milliseconds(1),
        |rules| rules.calendar = Calendar::new(std::collections::BTreeMap::new()),
        |rules| rules.alerts.long_only = !rules.alerts.long_only,
        |rules| rules.instruments = Instruments::default(),
    ];
    for (number, change) in changes.iter().enumerate() {
        let mut other = base.clone();
        change(&mut other);
        assert_ne!(rules_hash(&other), hash, "change {number}");
    }
}
