//! The rules in force, written only: their text is what is hashed.

use chrono::NaiveDate;

use super::text::{Out, Put, shown_record, words};
use crate::domain::bars::{BarRules, BarSource, Chart, InstrumentBars};
use crate::domain::calendar::{Calendar, DayTime, DayTrade, Hours, Market, Session, Window};
use crate::domain::charges::{ChargeKind, ChargeRates, ChargeRounding, Charges};
use crate::domain::instrument::{
    ExitBy, Expiry, ExpiryRule, Instrument, InstrumentIx, InstrumentKind, Instruments, Margin,
    OrderQuantity, QuoteAge, SignalSymbol, Spec,
};
use crate::domain::market::{Tick, TickStep, TickTable};
use crate::domain::order::Exchange;
use crate::domain::rules::{
    AlertRules, Breakeven, CloseRules, DayRules, EodExit, InstrumentRules, OnBreach, OnExisting,
    PortfolioRules, ProofRules, ProtectiveStop, PyramidBudget, PyramidRules, QuantityUse,
    ReconcileRules, RollUse, Rules, SizingEquity, SizingRules, StopHitOn, StopRules, StopSource,
    TimingRules,
};

shown_record! {
    InstrumentRules {
        enabled, risk, volatility, ongoing_risk, ongoing_volatility, initial_atr, trailing_atr,
        max_adds, spacing, max_lots, max_value, capital_share,
    }
    PortfolioRules {
        risk, volatility, add_risk, add_volatility, margin_cap, max_positions, max_same_sector,
        deployed, planned_heat, max_order_value, max_open_order_value, max_open_intents, min_reward_risk, max_slices,
        require_funds, prove_units, pool_intraday, pool_swing, correlation,
    }
    SizingRules { equity, volatility, stop_atr_min, stop_percent_max, stop_charges_min }
    PyramidRules { ratio, budget }
    StopRules { source, percent, hit_on, protective_stop, disaster_offset, range, breakeven, peel_off }
    AlertRules { long_only, on_existing, quantity, require_atr }
    DayRules { loss, drawdown, trades, losing_streak, cool_down, on_breach }
    CloseRules { eod_exit, roll }
    TimingRules {
        intent_validity, entry_wait, funds_age, mark_age, basis_age, divergence_base,
        divergence_add, growth_base, growth_add, exit_pause_min, exit_pause_max, release_pause,
        exit_reprice, flat_for, flat_report,
    }
    ProofRules { reads_min, span_min, call_deadline }
    ReconcileRules {
        net_age, reads_min, span_min, absent_reads_min, absent_span_min, equity_apart,
    }
    Chart { length, atr_length }
    InstrumentBars { sources, chart }
    ChargeRates {
        exchange, kind, valid_from, brokerage, brokerage_max, stt_buy, stt_sell, exchange_fee, sebi,
        stamp_buy, gst, source, assumed,
    }
    Instrument {
        name, exchange, kind, root, aliases, signal_symbol, sector, order_quantity, product,
        roll_days, expiry, exit_by, protection, quote_age, specs,
    }
    SignalSymbol { exchange, symbol }
    ExitBy { working_days_before, at }
    QuoteAge { front, other }
    Spec {
        valid_from, units_per_lot, ticks, point_value, margin, freeze, max_order_lots, source,
        assumed,
    }
    TickStep { to, tick }
    Window { session, from, to }
    DayTrade { entries_until, start, flat_by }
    Hours { valid_from, windows, day_trade }
}

words! {
    BarSource { Alerts = "alerts", History = "history", Ticks = "ticks" }
    SizingEquity {
        Conservative = "conservative", Blended = "blended", Realised = "realised",
        Marked = "marked", HighWater = "high_water",
    }
    PyramidBudget { Full = "full", BaseOnly = "base_only" }
    StopSource { Alert = "alert", Atr = "atr" }
    Breakeven { Off = "off", Entry = "entry", Charges = "charges" }
    StopHitOn { Close = "close", Tick = "tick" }
    ProtectiveStop { Day = "day", Off = "off" }
    OnBreach { Reduce = "reduce", Flatten = "flatten" }
    OnExisting { Reject = "reject", Add = "add" }
    EodExit { Stop = "stop", Supertrend = "supertrend", Off = "off" }
    RollUse { Propose = "propose", Auto = "auto", Off = "off" }
    QuantityUse { Cap = "cap", Strict = "strict" }
    ChargeKind {
        Future = "future", EquityIntraday = "equity_intraday", EquityDelivery = "equity_delivery",
    }
    ChargeRounding { Total = "total", ContractNote = "contract_note" }
    InstrumentKind { Future = "future", Equity = "equity" }
    OrderQuantity { Units = "units", Lots = "lots" }
    Session {
        Closed = "closed", PreOpen = "pre_open", Continuous = "continuous", Auction = "auction",
    }
}

impl Put for Rules {
    fn put(&self, out: &mut Out<'_>) {
        let Self {
            hash: _,
            profile,
            instruments,
            calendar,
            charges,
            per_instrument,
            portfolio,
            sizing,
            pyramid,
            stops,
            alerts,
            close,
            day,
            timing,
            proof,
            reconcile,
            bars,
            stricter,
        } = self;
        out.object(|fields| {
            fields.put("profile", profile);
            fields.put("instruments", instruments);
            fields.put("calendar", calendar);
            fields.put("charges", charges);
            fields.put("per_instrument", per_instrument);
            fields.put("portfolio", portfolio);
            fields.put("sizing", sizing);
            fields.put("pyramid", pyramid);
            fields.put("stops", stops);
            fields.put("alerts", alerts);
            fields.put("close", close);
            fields.put("day", day);
            fields.put("timing", timing);
            fields.put("proof", proof);
            fields.put("reconcile", reconcile);
            fields.put("bars", bars);
            let stricter: Vec<Tightened<'_>> =
                stricter.values().map(|one| Tightened(one)).collect();
            fields.put("stricter", &stricter);
        });
    }
}

/// What a stricter profile makes of the rules: its limits alone, as the rest is the same.
struct Tightened<'a>(&'a Rules);

impl Put for Tightened<'_> {
    fn put(&self, out: &mut Out<'_>) {
        let rules = self.0;
        out.object(|fields| {
            fields.put("profile", &rules.profile);
            fields.put("per_instrument", &rules.per_instrument);
            fields.put("portfolio", &rules.portfolio);
            fields.put("sizing", &rules.sizing);
            fields.put("pyramid", &rules.pyramid);
            fields.put("alerts", &rules.alerts);
            fields.put("day", &rules.day);
            fields.put("timing", &rules.timing);
        });
    }
}

impl Put for BarRules {
    fn put(&self, out: &mut Out<'_>) {
        let Self {
            instruments,
            alert_wait,
            settle,
            history_wait,
            hole,
            apart,
        } = self;
        let instruments: Vec<Pair<'_, InstrumentIx, InstrumentBars>> =
            instruments.iter().map(|(ix, one)| Pair(ix, one)).collect();
        out.object(|fields| {
            fields.put("instruments", &instruments);
            fields.put("alert_wait", alert_wait);
            fields.put("settle", settle);
            fields.put("history_wait", history_wait);
            fields.put("hole", hole);
            fields.put("apart", apart);
        });
    }
}

impl Put for Instruments {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| {
            fields.with("all", |out| out.array(self.iter().map(|(_, one)| one)));
            let indices: Vec<Pair<'_, String, Exchange>> = self
                .indices()
                .iter()
                .map(|(name, at)| Pair(name, at))
                .collect();
            fields.put("indices", &indices);
        });
    }
}

impl Put for Calendar {
    fn put(&self, out: &mut Out<'_>) {
        let markets: Vec<Pair<'_, Exchange, Market>> = self
            .markets()
            .iter()
            .map(|(at, market)| Pair(at, market))
            .collect();
        out.object(|fields| {
            fields.put("always_open", &self.is_always_open());
            fields.put("markets", &markets);
        });
    }
}

impl Put for Market {
    fn put(&self, out: &mut Out<'_>) {
        let Self {
            hours,
            holidays,
            special,
            half_days,
            years,
        } = self;
        let special: Vec<Pair<'_, NaiveDate, Vec<Window>>> = special
            .iter()
            .map(|(day, windows)| Pair(day, windows))
            .collect();
        out.object(|fields| {
            fields.put("hours", hours);
            fields.with("holidays", |out| out.array(holidays));
            fields.put("special", &special);
            fields.with("half_days", |out| out.array(half_days));
            fields.with("years", |out| out.array(years));
        });
    }
}

impl Put for Charges {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| {
            fields.with("rates", |out| out.array(self.rates()));
            fields.put("rounding", &self.rounding());
        });
    }
}

impl Put for Expiry {
    fn put(&self, out: &mut Out<'_>) {
        let Self {
            rules,
            months,
            fixed,
        } = self;
        let rules: Vec<Pair<'_, NaiveDate, ExpiryRule>> =
            rules.iter().map(|(from, rule)| Pair(from, rule)).collect();
        let fixed: Vec<Pair<'_, NaiveDate, NaiveDate>> =
            fixed.iter().map(|(month, day)| Pair(month, day)).collect();
        out.object(|fields| {
            fields.put("rules", &rules);
            fields.put("months", months);
            fields.put("fixed", &fixed);
        });
    }
}

impl Put for ExpiryRule {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::LastWeekday(day) => out.shown(format_args!("last {day}")),
            Self::DayOfMonth(day) => out.shown(format_args!("day {day}")),
            Self::LastDay => out.shown("last day"),
        }
    }
}

impl Put for Margin {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| match self {
            Self::PerLot(amount) => fields.put("per_lot", amount),
            Self::OfPrice { delivery, intraday } => {
                fields.put("delivery", delivery);
                fields.put("intraday", intraday);
            }
        });
    }
}

impl Put for TickTable {
    fn put(&self, out: &mut Out<'_>) {
        let (steps, above) = self.rows();
        out.object(|fields| {
            fields.with("steps", |out| out.array(steps));
            fields.put("above", &above);
        });
    }
}

impl Put for Tick {
    fn put(&self, out: &mut Out<'_>) {
        self.get().put(out);
    }
}

impl Put for DayTime {
    fn put(&self, out: &mut Out<'_>) {
        out.bare(self.seconds());
    }
}

/// A key and its value.
struct Pair<'a, K, V>(&'a K, &'a V);

impl<K: Put, V: Put> Put for Pair<'_, K, V> {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| {
            fields.put("key", self.0);
            fields.put("value", self.1);
        });
    }
}
