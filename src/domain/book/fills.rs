//! How fills make, grow, shrink and close legs.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Book, Leg, Position};
use crate::domain::close::Carry;
use crate::domain::fact::{ExitReason, Fill, LegOpening, Reduction, StopWhy};
use crate::domain::ids::{IntentId, LegId, PositionId, Purpose};
use crate::domain::money::{Lots, Money, Points, Price};
use crate::domain::signal::SourceId;

/// Places an average price is kept to.
const AVERAGE_PLACES: u32 = 8;

/// Returns the average price of `lots` that cost `cost` together, to 8 places.
pub fn average(cost: Points, lots: Lots) -> Option<Price> {
    cost.each(lots)
}

/// Returns the part of `cost` that belongs to `part` of `whole` lots, to 8 places; all of it when
/// nothing remains, so that the parts add up exactly.
pub fn share(cost: Points, part: Lots, whole: Lots) -> Points {
    if part >= whole {
        return cost;
    }
    let exact = cost.get() * part.decimal();
    Points::new(
        exact
            .checked_div(whole.decimal())
            .unwrap_or(Decimal::ZERO)
            .round_dp(AVERAGE_PLACES),
    )
}

impl Book {
    pub(super) fn fill(&mut self, fill: &Fill) {
        let (charges, leg) = (fill.added_charges, self.intents.get(&fill.order.intent));
        let leg = leg.map(|intent| intent.leg);
        self.on_order(fill.order, |order| {
            order.filled = fill.quantity;
            order.value = fill.value;
            order.charges = fill.charges;
        });
        self.on_intent(fill.order.intent, |intent| intent.failures = 0);
        // A leg's first fill comes before the leg: `open_leg` looks its order's charges up.
        if let Some(leg) = leg.and_then(|id| self.legs.get_mut(&id)) {
            leg.charges += charges;
            let (leg, position) = (leg.id, leg.position);
            self.touched.legs.insert(leg);
            self.charge_position(position, charges);
        }
    }

    fn charge_position(&mut self, id: PositionId, charges: Money) {
        if let Some(position) = self.positions.get_mut(&id) {
            position.net -= charges;
            self.touched.positions.insert(id);
        }
    }

    pub(super) fn open_leg(&mut self, opening: &LegOpening, at: DateTime<Utc>) {
        let Some(entry) = average(opening.cost, opening.lots) else {
            return;
        };
        let charges = self.entry_charges(opening.leg);
        self.legs.insert(
            opening.leg,
            Leg {
                id: opening.leg,
                position: opening.position,
                base: opening.base,
                layer: opening.layer,
                contract: opening.contract,
                direction: opening.direction,
                product: opening.product,
                lots: opening.lots,
                opened_lots: opening.lots,
                cost: opening.cost,
                entry,
                first_stop: opening.stop,
                stop: opening.stop,
                target: opening.target,
                atr: opening.atr,
                best: entry,
                risk: Money::ZERO,
                gross: Money::ZERO,
                charges,
                exits: 0,
                opened_at: at,
                closed_at: None,
                reason: None,
                stop_why: StopWhy::First,
                bar_at: None,
                series: None,
            },
        );
        self.touched.legs.insert(opening.leg);
        self.count_entry(opening, entry, at);
        self.charge_position(opening.position, charges);
        self.count_lots(opening.leg, opening.lots);
    }

    fn entry_charges(&self, leg: LegId) -> Money {
        // What opens a leg has its name.
        [Purpose::Entry, Purpose::Add, Purpose::Roll]
            .into_iter()
            .map(|purpose| IntentId::of(leg.0, purpose))
            .flat_map(|id| self.orders.range(id.order(0)..=id.order(u16::MAX)))
            .map(|(_, order)| order.charges)
            .sum()
    }

    fn count_entry(&mut self, opening: &LegOpening, entry: Price, at: DateTime<Utc>) {
        self.touched.positions.insert(opening.position);
        let rolled = self.is_rolled(opening.leg);
        // What a person took in was entered on another day, or by another hand.
        if opening.base && !rolled && opening.source != SourceId::OPERATOR {
            self.desk.day_trades = self.desk.day_trades.saturating_add(1);
            self.touched.desk = true;
        }
        let position = self
            .positions
            .entry(opening.position)
            .or_insert_with(|| Position {
                id: opening.position,
                contract: opening.contract,
                direction: opening.direction,
                product: opening.product,
                source: opening.source,
                opened_at: at,
                closed_at: None,
                adds: 0,
                last_entry: entry,
                base_entry: entry,
                base_stop: opening.stop,
                base_risk: Money::ZERO,
                closed_add_loss: Money::ZERO,
                net: Money::ZERO,
            });
        position.closed_at = None;
        if rolled {
            return;
        }
        position.last_entry = entry;
        if !opening.base {
            position.adds = position.adds.saturating_add(1);
        }
    }

    fn count_lots(&mut self, leg: LegId, lots: Lots) {
        let mut intents = self.intents.values();
        let entry = intents.find(|intent| intent.leg == leg && intent.opens());
        if let Some(id) = entry.map(|intent| intent.id) {
            self.on_intent(id, |intent| intent.filled = intent.filled.plus(lots));
        }
    }

    pub(super) fn grow_leg(&mut self, id: LegId, lots: Lots, cost: Points) {
        self.count_lots(id, lots);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let held_before = leg.lots;
        leg.lots = leg.lots.plus(lots);
        leg.opened_lots = leg.opened_lots.plus(lots);
        leg.cost += cost;
        let Some(entry) = average(leg.cost, leg.lots) else {
            return;
        };
        if leg.best == leg.entry || held_before.is_zero() {
            leg.best = entry;
        }
        leg.entry = entry;
        leg.closed_at = None;
        self.touched.legs.insert(id);
        let (base, position, opened_at) = (leg.base, leg.position, leg.opened_at);
        let newest = !self
            .legs
            .values()
            .any(|other| other.position == position && other.opened_at > opened_at);
        if let Some(position) = self.positions.get_mut(&position) {
            position.closed_at = None;
            if newest {
                position.last_entry = entry;
            }
            if base {
                position.base_entry = entry;
            }
            self.touched.positions.insert(position.id);
        }
    }

    /// Puts on a leg, and on its position, what the leg had in its old contract.
    pub(super) fn carry(&mut self, carry: &Carry) {
        let Some(leg) = self.legs.get_mut(&carry.leg) else {
            return;
        };
        leg.entry = carry.entry;
        leg.first_stop = carry.first_stop;
        leg.stop = carry.stop;
        leg.best = carry.best;
        leg.risk = carry.risk;
        self.touched.legs.insert(leg.id);
        let (base, contract) = (leg.base, leg.contract);
        if let Some(position) = self.positions.get_mut(&leg.position) {
            position.contract = contract;
            position.last_entry = carry.last_entry;
            if base {
                position.base_entry = carry.entry;
                position.base_stop = carry.first_stop;
                position.base_risk = carry.risk;
            }
            self.touched.positions.insert(position.id);
        }
        self.level(contract);
    }

    /// Returns whether a leg comes out of another contract, so that it is no new entry.
    fn is_rolled(&self, leg: LegId) -> bool {
        self.intents
            .values()
            .any(|intent| intent.leg == leg && intent.id.purpose == Purpose::Roll)
    }

    /// Counts a position that ended: another loss in a row, or none any more.
    pub(super) fn count_end(&mut self, position: PositionId) {
        let Some(position) = self.positions.get(&position) else {
            return;
        };
        self.desk.losing_streak = if position.net < Money::ZERO {
            self.desk.losing_streak.saturating_add(1)
        } else {
            0
        };
        self.touched.desk = true;
    }

    pub(super) fn fix_risk(&mut self, id: LegId, risk: Money) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.risk = risk;
        self.touched.legs.insert(id);
        if leg.base
            && let Some(position) = self.positions.get_mut(&leg.position)
        {
            position.base_risk = risk;
            self.touched.positions.insert(position.id);
        }
    }

    pub(super) fn reduce_leg(&mut self, reduction: &Reduction) {
        self.on_intent(reduction.intent, |intent| {
            intent.filled = intent.filled.plus(reduction.lots);
        });
        let Some(leg) = self.legs.get_mut(&reduction.leg) else {
            return;
        };
        leg.lots = leg.lots.less(reduction.lots);
        leg.cost -= reduction.cost;
        leg.gross += reduction.gross;
        self.touched.legs.insert(leg.id);
        let position = leg.position;
        if let Some(position) = self.positions.get_mut(&position) {
            position.net += reduction.gross;
            self.touched.positions.insert(position.id);
        }
    }

    pub(super) fn close_leg(
        &mut self,
        id: LegId,
        (net, reason): (Money, ExitReason),
        at: DateTime<Utc>,
    ) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.closed_at = Some(at);
        leg.reason = Some(reason);
        self.touched.legs.insert(id);
        let (position, base, instrument) = (leg.position, leg.base, leg.contract.instrument);
        if matches!(
            reason,
            ExitReason::Stop | ExitReason::TrailingStop | ExitReason::Breakeven
        ) {
            self.instruments.entry(instrument).or_default().stopped_at = Some(at);
            self.touched.instruments.insert(instrument);
        }
        let flat = !self
            .legs
            .values()
            .any(|leg| leg.position == position && leg.is_open());
        let Some(position) = self.positions.get_mut(&position) else {
            return;
        };
        // What is carried into another contract has not ended.
        let ends = reason != ExitReason::Rollover;
        if ends && !base && net < Money::ZERO {
            position.closed_add_loss -= net;
        }
        self.touched.positions.insert(position.id);
        if flat {
            position.closed_at = Some(at);
            let id = position.id;
            if ends {
                self.count_end(id);
            }
        }
    }
}
