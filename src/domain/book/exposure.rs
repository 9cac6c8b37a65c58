//! What the book is worth and what it risks: the figures of `rules` §1 and §4.
//!
//! An entry counts from the moment it was decided: its filled part as a leg, the rest at its own
//! price. An exit in flight relieves nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Book, Few, Intent, Leg};
use crate::domain::calendar::{exchange_day, passed};
use crate::domain::fact::Goal;
use crate::domain::ids::{IntentId, PositionId};
use crate::domain::instrument::{ContractId, InstrumentIx, Spec};
use crate::domain::money::{Lots, Money, PointValue, Points, Price};
use crate::domain::order::{Direction, Product};
use crate::domain::rules::{Rules, SizingEquity};

/// How long the broker's margin for one lot counts.
const MARGIN_AGE: TimeDelta = TimeDelta::days(1);

/// What the account is worth, in the ways the rules look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equity {
    /// Opening capital, deposits less withdrawals, gains after charges.
    pub realised: Money,
    /// Gain of what is open, at the last good prices.
    pub unrealised: Money,
    /// Both.
    pub marked: Money,
    /// What entries are sized on.
    pub sizing: Money,
}

/// What is at stake, open and in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
    /// Money lost if every stop were hit, measured from the entries.
    pub risk: Money,
    /// Money risked at the entries, whatever the stops have done since.
    pub planned: Money,
    /// Money one average true range moves.
    pub volatility: Money,
    /// Margin of what is open.
    pub margin_used: Money,
    /// Margin of what is in flight.
    pub margin_reserved: Money,
    /// Margin that the broker's last reading of free cash does not yet contain.
    pub margin_unread: Money,
    /// Value of what is open and in flight.
    pub deployed: Money,
    /// The part of it that does not stay overnight.
    pub intraday: Money,
    /// Value of what is in flight.
    pub in_flight: Money,
    /// Positions open or in flight.
    pub positions: u32,
}

impl Equity {
    /// Returns what limits in percent are measured on: the smaller of sizing and marked equity.
    pub fn limit(self) -> Money {
        self.sizing.min(self.marked)
    }
}

impl Exposure {
    /// Returns what may still be used of the margin cap and of the broker's free cash.
    pub fn margin_available(&self, book: &Book, rules: &Rules, equity: Money) -> Money {
        let capped =
            equity.percent(rules.portfolio.margin_cap) - self.margin_used - self.margin_reserved;
        match book.desk.funds.and_then(|funds| funds.available) {
            Some(free) => capped.min(free - self.margin_unread),
            None => capped,
        }
    }
}

/// What a figure of a leg or intent is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stake {
    direction: Direction,
    price: Price,
    stop: Price,
    first_stop: Price,
    atr: Option<Points>,
    pub(super) lots: Lots,
}

impl Stake {
    pub(super) const fn of_leg(leg: &Leg) -> Self {
        Self {
            direction: leg.direction,
            price: leg.entry,
            stop: leg.stop,
            first_stop: leg.first_stop,
            atr: leg.atr,
            lots: leg.lots,
        }
    }

    fn of_intent(intent: &Intent, lots: Lots) -> Option<Self> {
        let Goal::Open(goal) = &intent.goal else {
            return None;
        };
        Some(Self {
            direction: intent.direction,
            price: goal.price,
            stop: goal.stop,
            first_stop: goal.stop,
            atr: goal.atr,
            lots,
        })
    }

    /// Returns whether both are the same, to the last zero behind the point.
    pub(super) fn is(&self, other: &Self) -> bool {
        let whole = |one: &Self| (one.direction, one.lots);
        let atr = match (self.atr, other.atr) {
            (Some(one), Some(other)) => one.is(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        whole(self) == whole(other)
            && atr
            && self.price.is(other.price)
            && self.stop.is(other.stop)
            && self.first_stop.is(other.first_stop)
    }

    /// Returns the rupees that all its lots gain by one point.
    fn per_point(&self, point_value: PointValue) -> Money {
        Money::new(point_value.get()).times(self.lots.decimal())
    }

    fn risk(&self, per_point: Money) -> Money {
        let distance = self.direction.gain(self.stop, self.price).get();
        if distance.is_sign_negative() {
            return Money::ZERO;
        }
        per_point.times(distance)
    }

    fn volatility(&self, per_point: Money) -> Money {
        let atr = self.atr.filter(|atr| *atr > Points::ZERO);
        let reach = atr.unwrap_or_else(|| self.price.distance(self.first_stop));
        per_point.times(reach.get())
    }

    fn value(&self, per_point: Money) -> Money {
        per_point.times(self.price.get())
    }
}

impl Book {
    /// Returns what the account is worth now.
    pub fn equity(&self, rules: &Rules, now: DateTime<Utc>) -> Equity {
        self.worth((rules, now), |leg, spec| {
            self.gain_of(leg, spec, (rules, now))
        })
    }

    /// Returns what the account would be worth if all that is held traded at one price.
    pub fn equity_at(&self, rules: &Rules, now: DateTime<Utc>, price: Price) -> Equity {
        self.worth((rules, now), |leg, spec| gain_at(leg, price, spec))
    }

    fn worth(
        &self,
        (rules, now): (&Rules, DateTime<Utc>),
        gain: impl Fn(&Leg, &Spec) -> Money,
    ) -> Equity {
        let realised = self.desk.realised;
        let today = exchange_day(now);
        let open = self.legs.values().filter(|leg| leg.is_open());
        let gains = open.filter_map(|leg| {
            let spec = rules.instruments.spec(leg.contract, today)?;
            Some(gain(leg, spec))
        });
        let unrealised: Money = gains.sum();
        let half = unrealised.times(rust_decimal::Decimal::new(5, 1));
        let marked = realised + unrealised;
        let sizing = match rules.sizing.equity {
            SizingEquity::Conservative if unrealised < Money::ZERO => marked,
            SizingEquity::Conservative | SizingEquity::Blended => realised + half,
            SizingEquity::Realised => realised,
            SizingEquity::Marked => marked,
            SizingEquity::HighWater => self.desk.high_water,
        };
        Equity {
            realised,
            unrealised,
            marked,
            sizing,
        }
    }

    /// Returns the gain of a leg at its last good price; an old price is replaced by the worse of
    /// itself and the stop, an unknown one by the stop.
    pub fn unrealised(&self, leg: &Leg, rules: &Rules, now: DateTime<Utc>) -> Money {
        let spec = rules.instruments.spec(leg.contract, exchange_day(now));
        spec.map_or(Money::ZERO, |spec| self.gain_of(leg, spec, (rules, now)))
    }

    fn gain_of(&self, leg: &Leg, spec: &Spec, at: (&Rules, DateTime<Utc>)) -> Money {
        let (rules, now) = at;
        let price = match self
            .marks
            .contracts
            .get(&leg.contract)
            .map(|mark| mark.quote)
        {
            // A price of this very moment needs no clock.
            Some(quote) if quote.at == now || passed(quote.at, now) <= rules.timing.mark_age => {
                quote.price
            }
            Some(quote) if is_last(leg.contract, quote.at, at) => quote.price,
            Some(quote) => worse(leg.direction, quote.price, leg.stop),
            None => leg.stop,
        };
        gain_at(leg, price, spec)
    }

    /// Returns what the account is worth at the last prices that were seen, however old: the
    /// sessions are over.
    pub fn closing_equity(&self, rules: &Rules, now: DateTime<Utc>) -> Money {
        let today = exchange_day(now);
        let open = self.legs.values().filter(|leg| leg.is_open());
        let gains = open.filter_map(|leg| {
            let spec = rules.instruments.spec(leg.contract, today)?;
            let mark = self.marks.contracts.get(&leg.contract);
            let price = mark.map_or(leg.stop, |mark| mark.quote.price);
            Some(gain_at(leg, price, spec))
        });
        self.desk.realised + gains.sum()
    }

    /// Returns what is at stake, leaving one intent out (an intent never competes with itself).
    pub fn exposure(
        &self,
        rules: &Rules,
        now: DateTime<Utc>,
        without: Option<IntentId>,
    ) -> Exposure {
        let mut sum = self.staked(rules, now);
        let today = exchange_day(now);
        let is_held = |position| {
            let mut open = self.legs.values().filter(|leg| leg.is_open());
            open.any(|leg| {
                leg.position == position && rules.instruments.spec(leg.contract, today).is_some()
            })
        };
        let mut coming: Few<PositionId> = Few::default();
        // What is over only counts where the broker's cash may not contain it yet.
        let intents: &mut dyn Iterator<Item = &Intent> = match self.desk.funds {
            Some(_) => &mut self.intents.values(),
            None => &mut self.open_intents(),
        };
        for intent in intents.filter(|one| one.opens() && Some(one.id) != without) {
            let Some(spec) = rules.instruments.spec(intent.contract, today) else {
                continue;
            };
            let Some(stake) = Stake::of_intent(intent, intent.waiting()) else {
                continue;
            };
            let margin = self.margin_of(
                intent.contract,
                spec.margin_per_lot(stake.price, intent.product),
                now,
            );
            sum.margin_unread += margin.times(self.unread(intent).decimal());
            if intent.is_open() {
                let per_point = stake.per_point(spec.point_value);
                sum.add(&stake, spec.point_value, intent.product);
                sum.planned += stake.risk(per_point);
                sum.margin_reserved += margin.times(stake.lots.decimal());
                sum.in_flight += stake.value(per_point);
                if !is_held(intent.position) {
                    coming.insert(intent.position);
                }
            }
        }
        let coming = u32::try_from(coming.iter().len()).unwrap_or(u32::MAX);
        sum.positions = sum.positions.saturating_add(coming);
        sum
    }

    /// Returns the positions open or in flight whose instrument satisfies `belongs`.
    pub fn positions_where(&self, belongs: impl Fn(InstrumentIx) -> bool) -> u32 {
        let held = self
            .positions
            .values()
            .filter(|position| position.is_open());
        let mut all: BTreeSet<PositionId> = held
            .filter(|one| belongs(one.contract.instrument))
            .map(|one| one.id)
            .collect();
        let coming = self.open_intents().filter(|intent| intent.opens());
        all.extend(
            coming
                .filter(|one| belongs(one.contract.instrument))
                .map(|intent| intent.position),
        );
        u32::try_from(all.len()).unwrap_or(u32::MAX)
    }

    /// Returns the margin of one lot: the larger of our figure and the broker's, which counts for a
    /// day.
    pub fn margin_of(&self, contract: ContractId, ours: Money, now: DateTime<Utc>) -> Money {
        let mark = self.marks.contracts.get(&contract);
        mark.and_then(|mark| mark.margin)
            .filter(|theirs| passed(theirs.at, now) <= MARGIN_AGE)
            .map_or(ours, |theirs| ours.max(theirs.amount))
    }

    /// Returns the lots of an entry whose margin the last reading of free cash cannot contain.
    fn unread(&self, intent: &Intent) -> Lots {
        let Some(read_at) = self.desk.funds.map(|funds| funds.at) else {
            return Lots::ZERO;
        };
        let wanted = if intent.is_open() {
            intent.lots.unwrap_or(intent.filled)
        } else {
            intent.filled
        };
        let orders = self
            .orders
            .range(intent.id.order(0)..=intent.id.order(u16::MAX));
        let contained: Lots = orders
            .filter(|(_, order)| order.sent_at.is_some_and(|at| at < read_at))
            .map(|(_, order)| order.lots)
            .fold(Lots::ZERO, Lots::plus);
        wanted.less(contained)
    }
}

impl Exposure {
    pub(super) fn add(&mut self, stake: &Stake, point_value: PointValue, product: Product) {
        let per_point = stake.per_point(point_value);
        self.risk += stake.risk(per_point);
        self.volatility += stake.volatility(per_point);
        let value = stake.value(per_point);
        self.deployed += value;
        if product == Product::Mis {
            self.intraday += value;
        }
    }
}

/// Returns the gain of a leg at a price.
fn gain_at(leg: &Leg, price: Price, spec: &Spec) -> Money {
    let worth = price.of(leg.lots);
    let gain = match leg.direction {
        Direction::Long => worth - leg.cost,
        Direction::Short => leg.cost - worth,
    };
    gain.worth(spec.point_value)
}

/// Returns whether a price is the last of its session: nothing was traded since it grew old, or
/// trading has only just begun again.
fn is_last(
    contract: ContractId,
    seen: DateTime<Utc>,
    (rules, now): (&Rules, DateTime<Utc>),
) -> bool {
    let Some(instrument) = rules.instruments.get(contract.instrument) else {
        return false;
    };
    let old = seen + rules.timing.mark_age;
    match rules.calendar.next_open(instrument.exchange, old) {
        Some(open) if open == old => false,
        Some(open) => now < open + rules.timing.mark_age,
        None => true,
    }
}

/// Returns the price that is worse for a position of this direction.
fn worse(direction: Direction, one: Price, other: Price) -> Price {
    match direction {
        Direction::Long => one.min(other),
        Direction::Short => one.max(other),
    }
}
