//! Facts, counted: trades, days, verdicts and costs.
//!
//! A leg that took over from another when the contract changed continues the trade of that one.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::outcome::{Costs, Day, Outcome, Trade};
use super::signals::Excursions;
use super::world::{Seen, Witness};
use crate::domain::book::Leg;
use crate::domain::calendar::exchange_day;
use crate::domain::charges::{ChargeKind, ChargeLines, Traded};
use crate::domain::fact::{Approval, ExitReason, Fact, Fill, Goal, IntentEnd, Reduction};
use crate::domain::gates::{EntryKind, Judged as Verdict, Trace};
use crate::domain::ids::{IntentId, LegId, Purpose};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Lots, Money, Points, Price};
use crate::domain::order::Side;

/// Hears every fact beside the tally.
pub type Listener<'l> = Box<dyn FnMut(&Fact, Seen<'_>) + 'l>;

/// Counts what becomes true.
#[derive(Default)]
pub struct Tally<'l> {
    outcome: Outcome,
    /// The trade that each leg belongs to.
    trades: BTreeMap<LegId, usize>,
    /// What each trade was sold for so far: price times lots, and lots.
    sold: BTreeMap<usize, (Decimal, Lots)>,
    /// Open trades by instrument.
    open: BTreeMap<InstrumentIx, Vec<usize>>,
    listener: Option<Listener<'l>>,
}

impl<'l> Tally<'l> {
    /// Returns a tally that passes every fact on.
    pub fn told(capital: Money, listener: Option<Listener<'l>>) -> Self {
        let outcome = Outcome {
            capital,
            ..Outcome::default()
        };
        Self {
            outcome,
            listener,
            ..Self::default()
        }
    }

    /// Returns what it came to, with what is still open at its last price.
    pub fn finish(mut self, seen: Seen<'_>, excursions: &Excursions) -> Outcome {
        self.day(seen);
        for (leg, place) in &self.trades {
            let open = seen.book.legs.get(leg).filter(|leg| leg.is_open());
            if let (Some(leg), Some(trade)) = (open, self.outcome.trades.get_mut(*place)) {
                let mark = seen.book.marks.contracts.get(&leg.contract);
                trade.exit = mark.map(|mark| mark.quote.price);
                trade.gross += leg.gross + unrealised(leg, trade.exit, seen);
                trade.charges += leg.charges;
            }
        }
        for trade in &mut self.outcome.trades {
            if let Some((against, with)) = excursions.get(&trade.leg) {
                let entry = Points::new(trade.entry.get());
                trade.against = trade.against.min(entry.times(against.ratio()));
                trade.with = trade.with.max(entry.times(with.ratio()));
            }
        }
        self.outcome
    }

    fn approved(&mut self, approval: &Approval) {
        match &approval.goal {
            Goal::Open(goal) => {
                let Some(size) = goal.trace.size else { return };
                let judged = self.outcome.judged(goal.trace.kind);
                judged.accepted += 1;
                let bound = judged.limiters.entry(size.limiter().word()).or_default();
                bound.0 += 1;
                bound.1 += u64::from(approval.lots.unwrap_or_default().get());
            }
            Goal::Close(ExitReason::Signal) if approval.signal.is_some() => {
                self.outcome.exits += 1;
            }
            Goal::Close(_) => {}
        }
    }

    fn rejected(&mut self, code: &'static str, trace: Option<&Trace>) {
        let Some(trace) = trace else {
            *self.outcome.recorded.entry(code).or_default() += 1;
            return;
        };
        let judged = self.outcome.judged(trace.kind);
        *judged.rejected.entry(code).or_default() += 1;
        for verdict in &trace.verdicts {
            if matches!(verdict.judged, Verdict::Fail(..)) {
                *judged.gates.entry(verdict.gate.0).or_default() += 1;
            }
        }
    }

    fn given_up(&mut self, (intent, filled, why): (IntentId, Lots, IntentEnd)) {
        let kind = match intent.purpose {
            Purpose::Entry => EntryKind::Base,
            Purpose::Add => EntryKind::Add,
            Purpose::Exit | Purpose::Protective | Purpose::Roll => return,
        };
        if filled.is_zero() {
            let judged = self.outcome.judged(kind);
            *judged.given_up.entry(why.word()).or_default() += 1;
        }
    }

    fn opened(&mut self, id: LegId, seen: Seen<'_>) {
        let Some(leg) = seen.book.legs.get(&id) else {
            return;
        };
        let rolled = IntentId::of(id.0, Purpose::Roll);
        let from = LegId(id.0.next(u8::MAX));
        let instrument = leg.contract.instrument;
        if seen.book.intents.contains_key(&rolled)
            && let Some(place) = self.trades.get(&from).copied()
            && let Some(trade) = self.outcome.trades.get_mut(place)
        {
            trade.closed = None;
            trade.reason = None;
            trade.rolls += 1;
            self.outcome.rolls += 1;
            self.trades.insert(id, place);
            self.open.entry(instrument).or_default().push(place);
            return;
        }
        let place = self.outcome.trades.len();
        self.outcome.trades.push(Trade {
            leg: id,
            instrument,
            contract: seen.rules.instruments.symbol(leg.contract),
            direction: leg.direction,
            base: leg.base,
            layer: leg.layer.0,
            lots: leg.lots,
            opened: seen.now,
            closed: None,
            entry: leg.entry,
            stop: leg.first_stop,
            exit: None,
            risk: Money::ZERO,
            gross: Money::ZERO,
            charges: Money::ZERO,
            reason: None,
            rolls: 0,
            against: Points::ZERO,
            with: Points::ZERO,
        });
        self.trades.insert(id, place);
        self.open.entry(instrument).or_default().push(place);
    }

    /// Takes over what a leg is now, while it is still its trade's first.
    fn grown(&mut self, id: LegId, seen: Seen<'_>) {
        let leg = seen.book.legs.get(&id);
        if let (Some(leg), Some(trade)) = (leg, self.trade(id))
            && trade.leg == id
        {
            trade.lots = leg.opened_lots;
            trade.entry = leg.entry;
            trade.risk = leg.risk;
        }
    }

    fn trade(&mut self, leg: LegId) -> Option<&mut Trade> {
        let place = *self.trades.get(&leg)?;
        self.outcome.trades.get_mut(place)
    }

    fn reduced(&mut self, reduction: &Reduction) {
        if reduction.reason == ExitReason::Rollover {
            return;
        }
        if let Some(place) = self.trades.get(&reduction.leg) {
            let sold = self.sold.entry(*place).or_default();
            sold.0 += reduction.value.get();
            sold.1 = sold.1.plus(reduction.lots);
        }
    }

    fn closed(
        &mut self,
        id: LegId,
        (gross, charges, reason): (Money, Money, ExitReason),
        seen: Seen<'_>,
    ) {
        let Some(place) = self.trades.get(&id).copied() else {
            return;
        };
        let sold = self.sold.get(&place).copied().unwrap_or_default();
        if let Some(trade) = self.outcome.trades.get_mut(place) {
            trade.gross += gross;
            trade.charges += charges;
            trade.closed = Some(seen.now);
            trade.reason = Some(reason);
            let average = sold.0.checked_div(sold.1.decimal());
            trade.exit = average.and_then(|price| Price::new(price.round_dp(8)));
            if let Some(open) = self.open.get_mut(&trade.instrument) {
                open.retain(|one| *one != place);
            }
        }
        if reason != ExitReason::Rollover {
            *self.outcome.reasons.entry(reason.word()).or_default() += 1;
        }
    }

    /// Books what a fill cost. The floor fills orders whole, so that the lines are those of one.
    fn filled(&mut self, fill: &Fill, seen: Seen<'_>) {
        let Some(order) = seen.book.orders.get(&fill.order) else {
            return;
        };
        let instruments = &seen.rules.instruments;
        let day = exchange_day(seen.now);
        let (Some(instrument), Some(spec)) = (
            instruments.get(order.contract.instrument),
            instruments.spec(order.contract, day),
        ) else {
            return;
        };
        let per_lot = Decimal::from(instrument.per_lot(spec).max(1));
        let point = spec.point_value.get();
        let per_unit = point.checked_div(per_lot).unwrap_or(point);
        let traded = Traded {
            exchange: instrument.exchange,
            kind: ChargeKind::of(instrument.exchange, order.product),
            side: order.side,
            day,
        };
        let value = fill.value.times(per_unit);
        let costs = &mut self.outcome.costs;
        costs.orders += 1;
        costs.turnover += value;
        costs.booked += fill.added_charges;
        costs.lines = sum(costs.lines, seen.rules.charges.lines(traded, value));
        if let Some(mark) = seen.book.marks.contracts.get(&order.contract) {
            let fair = Money::new(mark.quote.price.get() * fill.quantity.decimal() * per_unit);
            costs.slippage += match order.side {
                Side::Buy => value - fair,
                Side::Sell => fair - value,
            };
        }
    }
}

impl Witness for Tally<'_> {
    fn fact(&mut self, fact: &Fact, seen: Seen<'_>) {
        self.outcome.facts += 1;
        if let Some(listener) = &mut self.listener {
            listener(fact, seen);
        }
        // What only moves the book on is no concern of a tally.
        if let Fact::SignalRejected { code, trace, .. } = fact {
            self.rejected(code.0, trace.as_deref());
        } else if let Fact::SignalRecorded { code, .. } = fact {
            *self.outcome.recorded.entry(code.0).or_default() += 1;
        } else if let Fact::IntentApproved(approval) = fact {
            self.approved(approval);
        } else if let Fact::IntentClosed {
            intent,
            filled,
            why,
        } = fact
        {
            self.given_up((*intent, *filled, *why));
        } else if let Fact::LegOpened(opening) = fact {
            self.opened(opening.leg, seen);
        } else if let Fact::LegGrown { leg, .. } | Fact::RiskFixed { leg, .. } = fact {
            self.grown(*leg, seen);
        } else if let Fact::LegReduced(reduction) = fact {
            self.reduced(reduction);
        } else if let Fact::LegClosed {
            leg,
            gross,
            charges,
            reason,
            ..
        } = fact
        {
            self.closed(*leg, (*gross, *charges, *reason), seen);
        } else if let Fact::Filled(fill) = fact {
            self.filled(fill, seen);
        } else if let Fact::LimitBreached { code, .. } = fact {
            *self.outcome.breaches.entry(code.0).or_default() += 1;
        }
    }

    fn day(&mut self, seen: Seen<'_>) {
        let exposure = seen.book.exposure(seen.rules, seen.now, None);
        let day = Day {
            day: exchange_day(seen.now),
            equity: seen.book.closing_equity(seen.rules, seen.now),
            realised: seen.book.desk.realised,
            risk: exposure.risk,
            volatility: exposure.volatility,
            margin: exposure.margin_used,
            positions: exposure.positions,
        };
        if self
            .outcome
            .days
            .last()
            .is_some_and(|last| last.day == day.day)
        {
            self.outcome.days.pop();
        }
        self.outcome.days.push(day);
    }

    fn price(&mut self, instrument: InstrumentIx, price: Price) {
        let Some(open) = self.open.get(&instrument) else {
            return;
        };
        for place in open {
            if let Some(trade) = self.outcome.trades.get_mut(*place) {
                let gain = trade.direction.gain(trade.entry, price);
                trade.against = trade.against.min(gain);
                trade.with = trade.with.max(gain);
            }
        }
    }
}

fn unrealised(leg: &Leg, price: Option<Price>, seen: Seen<'_>) -> Money {
    let spec = seen
        .rules
        .instruments
        .spec(leg.contract, exchange_day(seen.now));
    let (Some(spec), Some(price)) = (spec, price) else {
        return Money::ZERO;
    };
    let worth = Points::new(price.get() * leg.lots.decimal());
    let gain = match leg.direction {
        crate::domain::order::Direction::Long => worth - leg.cost,
        crate::domain::order::Direction::Short => leg.cost - worth,
    };
    gain.worth(spec.point_value)
}

fn sum(one: ChargeLines, other: ChargeLines) -> ChargeLines {
    ChargeLines {
        brokerage: one.brokerage + other.brokerage,
        stt: one.stt + other.stt,
        exchange: one.exchange + other.exchange,
        sebi: one.sebi + other.sebi,
        stamp: one.stamp + other.stamp,
        gst: one.gst + other.gst,
    }
}

impl Costs {
    /// Returns all of it: charges as booked, and slippage.
    pub fn all(&self) -> Money {
        self.booked + self.slippage
    }
}
