//! The rules and instruments the records were made with.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::domain::calendar::Calendar;
use torana::domain::charges::Charges;
use torana::domain::instrument::{
    ContractId, Expiry, Instrument, InstrumentIx, InstrumentKind, Instruments, Margin,
    OrderQuantity, QuoteAge, Spec,
};
use torana::domain::market::{Tick, TickTable};
use torana::domain::money::{Lots, Money, Percent, PointValue, Ratio};
use torana::domain::order::{Exchange, Product};
use torana::domain::rules::{
    AlertRules, Breakeven, CloseRules, DayRules, EodExit, InstrumentRules, OnBreach, OnExisting,
    PortfolioRules, ProofRules, ProtectiveStop, PyramidBudget, PyramidRules, QuantityUse,
    ReconcileRules, RollUse, Rules, RulesHash, SizingEquity, SizingRules, StopHitOn, StopRules,
    StopSource, TimingRules,
};
use torana::domain::sizing::VolatilityUse;

/// Name, rupees per point and lot, margin per lot, and the most adds.
const INSTRUMENTS: [(&str, i64, i64, u32); 4] = [
    ("BANK_NIFTY", 30, 270_000, 5),
    ("GOLD_MINI", 10, 105_000, 3),
    ("COPPER", 2500, 300_000, 3),
    ("SILVER_MINI", 5, 385_000, 5),
];

/// A trading day like any other.
pub(crate) fn noon() -> DateTime<Utc> {
    "2026-11-20T06:30:00Z".parse().unwrap()
}

/// Returns the one contract there is of an instrument.
pub(crate) fn contract(ix: InstrumentIx) -> ContractId {
    ContractId::future(ix, NaiveDate::from_ymd_opt(2026, 12, 29).unwrap())
}

/// Returns a percentage.
pub(crate) fn percent(value: i64) -> Percent {
    Percent::new(Decimal::from(value))
}

/// Returns a spec whose lot gains so many rupees a point.
pub(crate) fn spec(point_value: i64, margin: i64) -> Spec {
    Spec {
        valid_from: NaiveDate::MIN,
        units_per_lot: 1,
        ticks: TickTable::flat(Tick::new(Decimal::new(5, 2)).unwrap()),
        point_value: PointValue::new(Decimal::from(point_value)).unwrap(),
        margin: Margin::PerLot(Money::rupees(margin)),
        freeze: None,
        max_order_lots: Lots::new(1000),
        source: String::new(),
        assumed: false,
    }
}

/// Returns the rules the records were made with, as far as ours know them.
pub(crate) fn rules() -> Rules {
    let instruments = INSTRUMENTS
        .map(|(name, point_value, margin, _)| instrument(name, spec(point_value, margin)));
    Rules {
        hash: RulesHash::default(),
        bars: torana::domain::bars::BarRules::default(),
        profile: "recorded".to_owned(),
        instruments: Instruments::new(instruments.to_vec(), Vec::new()).unwrap(),
        calendar: Calendar::open(),
        charges: Charges::default(),
        per_instrument: INSTRUMENTS
            .iter()
            .map(|(.., max_adds)| limits(*max_adds))
            .collect(),
        portfolio: portfolio(),
        sizing: SizingRules {
            equity: SizingEquity::Blended,
            volatility: VolatilityUse::Report,
            stop_atr_min: Ratio::default(),
            stop_percent_max: percent(100),
            stop_charges_min: Ratio::default(),
        },
        pyramid: PyramidRules {
            ratio: Ratio::new(Decimal::new(5, 1)),
            budget: PyramidBudget::BaseOnly,
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
            require_atr: false,
        },
        close: CloseRules {
            eod_exit: EodExit::Stop,
            roll: RollUse::Propose,
        },
        day: DayRules {
            loss: None,
            drawdown: None,
            trades: None,
            losing_streak: None,
            cool_down: TimeDelta::zero(),
            on_breach: OnBreach::Reduce,
        },
        timing: timing(),
        stricter: std::collections::BTreeMap::new(),
        proof: ProofRules {
            reads_min: 3,
            span_min: TimeDelta::seconds(15),
            call_deadline: TimeDelta::seconds(125),
        },
        reconcile: ReconcileRules {
            net_age: TimeDelta::seconds(10),
            reads_min: 2,
            span_min: TimeDelta::seconds(2),
            absent_reads_min: 3,
            absent_span_min: TimeDelta::seconds(15),
            equity_apart: Percent::new(1.into()),
        },
    }
}

fn instrument(name: &str, spec: Spec) -> Instrument {
    Instrument {
        name: name.to_owned(),
        exchange: Exchange::Mcx,
        kind: InstrumentKind::Future,
        root: name.replace('_', ""),
        aliases: Vec::new(),
        signal_symbol: None,
        sector: String::new(),
        order_quantity: OrderQuantity::Units,
        product: Product::Nrml,
        roll_days: 0,
        expiry: Expiry::default(),
        exit_by: None,
        protection: percent(1),
        quote_age: QuoteAge {
            front: TimeDelta::seconds(5),
            other: TimeDelta::seconds(15),
        },
        specs: vec![spec],
    }
}

fn limits(max_adds: u32) -> InstrumentRules {
    InstrumentRules {
        enabled: true,
        risk: percent(1),
        volatility: percent(1),
        ongoing_risk: percent(2),
        ongoing_volatility: percent(2),
        initial_atr: Ratio::ONE,
        trailing_atr: Ratio::ONE,
        max_adds,
        spacing: Ratio::new(Decimal::new(5, 1)),
        max_lots: None,
        max_value: None,
        capital_share: None,
    }
}

fn portfolio() -> PortfolioRules {
    PortfolioRules {
        risk: percent(15),
        volatility: percent(5),
        add_risk: percent(12),
        add_volatility: percent(4),
        margin_cap: percent(60),
        max_positions: None,
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

fn timing() -> TimingRules {
    let minute = TimeDelta::seconds(60);
    let second = TimeDelta::seconds(1);
    TimingRules {
        intent_validity: minute,
        entry_wait: minute,
        funds_age: minute,
        mark_age: minute,
        basis_age: TimeDelta::seconds(5),
        divergence_base: percent(2),
        divergence_add: percent(1),
        growth_base: percent(50),
        growth_add: percent(20),
        exit_pause_min: second,
        exit_pause_max: TimeDelta::seconds(30),
        release_pause: second,
        exit_reprice: second,
        flat_for: second,
        flat_report: second,
    }
}
