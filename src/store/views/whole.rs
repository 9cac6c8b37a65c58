//! The desk as a whole: where it stands, and how much of its limits is used.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use data_encoding::HEXLOWER;
use rust_decimal::Decimal;
use serde::Serialize;

use super::held::{unguarded, working};
use crate::domain::book::{Book, Equity, Exposure};
use crate::domain::input::TradingState;
use crate::domain::money::{Money, Percent};
use crate::domain::rules::Rules;

/// Where a desk stands.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    pub state: &'static str,
    /// Instruments whose own state is stricter than `active`.
    pub instruments: Vec<InstrumentState>,
    pub profile: String,
    /// The hash of the rules in force.
    pub rules: String,
    pub day: Option<NaiveDate>,
    pub day_pnl: Decimal,
    pub day_trades: u32,
    pub losing_streak: u32,
    pub account: Account,
    pub positions: usize,
    pub legs: usize,
    /// Entries and exits under way, by instrument.
    pub working: BTreeMap<String, usize>,
    /// What no order at the broker guards: only this process watches its stop.
    pub unguarded: Vec<String>,
    /// Orders of which nobody knows what became.
    pub uncertain_orders: Vec<String>,
    /// Orders that wait for a person at OpenAlgo.
    pub queued_orders: Vec<String>,
    /// Where our book and the broker's differ, a sentence each.
    pub findings: Vec<String>,
}

/// What may be traded of an instrument.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct InstrumentState {
    pub instrument: String,
    pub state: &'static str,
}

/// What the account is worth.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    pub opening: Decimal,
    pub realised: Decimal,
    pub unrealised: Decimal,
    pub marked: Decimal,
    /// What entries are sized on.
    pub sizing: Decimal,
    pub high_water: Decimal,
    /// The broker's free cash as last read.
    pub funds: Option<Decimal>,
    pub funds_at: Option<DateTime<Utc>>,
}

/// What is at stake, and how far from its limits.
#[expect(missing_docs, reason = "the fields are the words of the glossary")]
#[derive(Clone, Debug, Serialize)]
pub struct Portfolio {
    pub account: Account,
    /// Money lost if every stop were hit, measured from the entries.
    pub risk: Decimal,
    pub planned_risk: Decimal,
    /// Money that one average true range moves.
    pub volatility: Decimal,
    pub margin_used: Decimal,
    pub margin_reserved: Decimal,
    pub margin_available: Decimal,
    pub deployed: Decimal,
    pub in_flight: Decimal,
    pub positions: u32,
    pub bands: Vec<Band>,
}

/// A limit, and how much of it is used.
#[derive(Clone, Debug, Serialize)]
pub struct Band {
    /// The code of the gate that asks it.
    pub gate: &'static str,
    /// What is used.
    pub value: Decimal,
    /// The most that may be.
    pub limit: Decimal,
    /// The part used in percent, to 2 places.
    pub used: Option<Decimal>,
}

/// Returns where a desk stands.
pub fn status(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Status {
    let equity = book.equity(rules, now);
    let desk = &book.desk;
    let own = book.instruments.iter();
    let stricter = own.filter(|(_, known)| known.state > TradingState::Active);
    let orders = |wanted: fn(crate::domain::book::OrderState) -> bool| {
        let all = book.orders.values().filter(|one| wanted(one.state));
        all.map(|order| order.id.to_string()).collect()
    };
    Status {
        state: desk.state.word(),
        instruments: stricter
            .filter_map(|(ix, known)| {
                Some(InstrumentState {
                    instrument: rules.instruments.get(*ix)?.name.clone(),
                    state: known.state.word(),
                })
            })
            .collect(),
        profile: rules.profile.clone(),
        rules: HEXLOWER.encode(&desk.rules.0),
        day: desk.day,
        day_pnl: plain(equity.marked - desk.day_base - desk.day_cash),
        day_trades: desk.day_trades,
        losing_streak: desk.losing_streak,
        account: account(book, equity),
        positions: book.positions.values().filter(|one| one.is_open()).count(),
        legs: book.legs.values().filter(|one| one.is_open()).count(),
        working: working(book, rules),
        unguarded: unguarded(book, rules),
        uncertain_orders: orders(crate::domain::book::OrderState::is_unanswered),
        queued_orders: orders(|state| state == crate::domain::book::OrderState::Queued),
        findings: super::findings::sentences(book),
    }
}

/// Returns what is at stake.
pub fn portfolio(book: &Book, rules: &Rules, now: DateTime<Utc>) -> Portfolio {
    let equity = book.equity(rules, now);
    let exposure = book.exposure(rules, now, None);
    let available = exposure.margin_available(book, rules, equity.limit());
    Portfolio {
        account: account(book, equity),
        risk: plain(exposure.risk),
        planned_risk: plain(exposure.planned),
        volatility: plain(exposure.volatility),
        margin_used: plain(exposure.margin_used),
        margin_reserved: plain(exposure.margin_reserved),
        margin_available: plain(available),
        deployed: plain(exposure.deployed),
        in_flight: plain(exposure.in_flight),
        positions: exposure.positions,
        bands: bands((book, rules), equity, &exposure),
    }
}

fn account(book: &Book, equity: Equity) -> Account {
    let funds = book.desk.funds;
    Account {
        opening: plain(book.desk.opening),
        realised: plain(equity.realised),
        unrealised: plain(equity.unrealised),
        marked: plain(equity.marked),
        sizing: plain(equity.sizing),
        high_water: plain(book.desk.high_water),
        funds: funds.and_then(|funds| funds.available).map(plain),
        funds_at: funds.map(|funds| funds.at),
    }
}

/// Returns the limits that are switched on.
fn bands((book, rules): (&Book, &Rules), equity: Equity, exposure: &Exposure) -> Vec<Band> {
    let (whole, limits, desk) = (equity.limit(), &rules.portfolio, &book.desk);
    let share =
        |gate, value: Money, of: Money, limit: Percent| Band::of(gate, value, of.percent(limit));
    let margin = exposure.margin_used + exposure.margin_reserved;
    let mut bands = vec![
        share("portfolio_risk", exposure.risk, whole, limits.risk),
        share(
            "portfolio_volatility",
            exposure.volatility,
            whole,
            limits.volatility,
        ),
        share("margin_cap", margin, whole, limits.margin_cap),
    ];
    let deployed = limits.deployed;
    bands.extend(deployed.map(|most| share("deployed_capital", exposure.deployed, whole, most)));
    let heat = limits.planned_heat;
    bands.extend(heat.map(|most| share("planned_heat", exposure.planned, desk.opening, most)));
    let lost = desk.lost_today(equity.marked).max(Money::ZERO);
    let day = desk.loss_limit(rules);
    bands.extend(day.map(|most| share("daily_loss", lost, desk.day_base, most)));
    let fallen = (desk.high_water - equity.marked).max(Money::ZERO);
    let drawdown = rules.day.drawdown;
    bands.extend(drawdown.map(|most| share("drawdown", fallen, desk.high_water, most)));
    let count = |gate, value: u32, limit: u32| {
        Band::of(gate, Money::new(value.into()), Money::new(limit.into()))
    };
    bands.extend(
        limits
            .max_positions
            .map(|most| count("max_positions", exposure.positions, most)),
    );
    bands.extend(
        rules
            .day
            .trades
            .map(|most| count("daily_trades", desk.day_trades, most)),
    );
    bands.extend(
        rules
            .day
            .losing_streak
            .map(|most| count("losing_streak", desk.losing_streak, most)),
    );
    bands
}

impl Band {
    fn of(gate: &'static str, value: Money, limit: Money) -> Self {
        let used = value.percent_of(limit);
        Self {
            gate,
            value: plain(value),
            limit: plain(limit),
            used: used.map(|percent| percent.get().round_dp(2).normalize()),
        }
    }
}

fn plain(amount: Money) -> Decimal {
    amount.get().normalize()
}
