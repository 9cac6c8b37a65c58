//! A stretch of time in which closed bars only pull stops along: what [`decide`] says of each of
//! them, without asking everything anew.
//!
//! 1. It says what `decide` says, fact for fact, or that it does not know. A property holds the two
//!    against each other.
//! 2. What bars do not change is asked once, and of the rules that `decide` asks: at the moment it
//!    begins, and at the worst that it reaches to. Limits are only ever kept better than there.
//! 3. It ends before its session does, before anything of the day is due, and at the nearest price
//!    at which something happens to what is held.

use chrono::{DateTime, TimeDelta, Utc};

use super::closing::{Judged, Pull, seen};
use super::reach::{Ease, Reach};
use super::{Decision, decide};
use crate::domain::bars::seen_last;
use crate::domain::book::{Book, Leg, Position};
use crate::domain::calendar::passed;
use crate::domain::fact::{Fact, StopWhy};
use crate::domain::gates::View;
use crate::domain::ids::{LegId, PositionId};
use crate::domain::input::{Input, TradingState};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Money, Price};
use crate::domain::order::Direction;
use crate::domain::rules::Rules;
use crate::domain::signal::{Bar, BarFrom, SourceId};
use crate::domain::stops;

/// A stretch of time in which closed bars of one instrument only pull stops along.
pub struct Calm<'r> {
    rules: &'r Rules,
    instrument: InstrumentIx,
    until: DateTime<Utc>,
    /// How long a whole bar is, where that is known.
    length: Option<TimeDelta>,
    held: Option<Held<'r>>,
}

/// What is held meanwhile: the legs of one position.
struct Held<'r> {
    position: PositionId,
    direction: Direction,
    own: SourceId,
    legs: Vec<LegId>,
    pull: Pull<'r>,
    reach: Reach,
    /// Where nothing is peeled, known beforehand.
    ease: Option<Ease>,
}

impl<'r> Calm<'r> {
    /// Begins at a moment at which the price of what is held is known; nothing where more may be due
    /// than to follow bars.
    pub fn begin(
        book: &Book,
        rules: &'r Rules,
        instrument: InstrumentIx,
        now: DateTime<Utc>,
    ) -> Option<Self> {
        let decision = Decision::on(View { book, rules, now });
        let held = book.position_in(instrument);
        if decision.is_stirred(instrument, held) {
            return None;
        }
        let calm = Self {
            rules,
            instrument,
            until: decision.calm_until(instrument, held)?,
            length: rules.bars.built(instrument).map(|chart| chart.length),
            held: match held {
                Some(position) => Some(decision.held(rules, position)?),
                None => None,
            },
        };
        decide(book, rules, &Input::Time, now)
            .is_empty()
            .then_some(calm)
    }

    /// Returns whether it lasts beyond a moment.
    pub fn lasts(&self, at: DateTime<Utc>) -> bool {
        at < self.until
    }

    /// Returns which way something is held meanwhile.
    pub fn direction(&self) -> Option<Direction> {
        self.held.as_ref().map(|held| held.direction)
    }

    /// Returns whether nothing happens to what is held at a price, nor on the way to it from any
    /// other such price: neither to a tick there nor as time passes. The levels that end it are all
    /// at which a price is looked at on its way.
    #[inline]
    pub fn holds(&self, price: Price) -> bool {
        self.held
            .as_ref()
            .is_none_or(|held| held.reach.holds(held.direction, price))
    }

    /// Says what becomes true because of a closed bar at a moment of the calm, at which its close is
    /// the price of what is held; returns whether that is known. Where it is not, the calm is over and
    /// what it has said so far is nothing.
    pub fn bar(
        &mut self,
        book: &Book,
        (bar, now): (&Bar, DateTime<Utc>),
        facts: &mut Vec<Fact>,
    ) -> bool {
        facts.clear();
        let whole = bar.opened_at.zip(self.length);
        let is_late = whole.is_some_and(|(opened, length)| passed(opened, bar.at) > length);
        let plain = bar.contract.is_none()
            && bar.from == BarFrom::History
            && bar.instrument == self.instrument
            && !is_late;
        if !plain || !self.lasts(now) || !self.lasts(bar.at) || !self.is_new(book, bar, now) {
            return false;
        }
        facts.push(seen(bar));
        let rules = self.rules;
        self.held.as_mut().is_none_or(|held| {
            let judged = Judged {
                bar,
                rules: &rules.bars,
                now,
                own: held.own,
            };
            held.follow(View { book, rules, now }, &judged, facts)
        })
    }

    fn is_new(&self, book: &Book, bar: &Bar, now: DateTime<Utc>) -> bool {
        let known = book.instruments.get(&self.instrument);
        let newest = seen_last(known.and_then(|known| known.bar_at), now);
        newest.is_none_or(|newest| self.rules.bars.is_newer(bar, newest))
    }
}

impl Held<'_> {
    /// Lets the legs follow a bar, the oldest first; returns whether that is all that happens.
    fn follow(&mut self, view: View<'_>, judged: &Judged<'_>, facts: &mut Vec<Fact>) -> bool {
        let (bar, close) = (judged.bar, judged.bar.close);
        if !self.keeps_all(view, bar) {
            return false;
        }
        for id in &self.legs {
            let leg = view.book.legs.get(id);
            let Some(leg) = leg.filter(|leg| judged.takes(leg) && judged.moves(leg)) else {
                return false;
            };
            let after = self.pull.after(leg, bar.atr, close);
            facts.push(judged.marked(leg, (close, after.best)));
            if after.stop == leg.stop {
                continue;
            }
            if stops::is_hit(leg.direction, after.stop, close) {
                return false;
            }
            facts.push(Fact::StopMoved {
                leg: leg.id,
                from: leg.stop,
                to: after.stop,
                why: StopWhy::Trailing,
            });
            self.reach.tighten(leg.direction, after.stop);
        }
        true
    }

    /// Returns whether no lot outgrows the position's limits with a bar.
    fn keeps_all(&self, view: View<'_>, bar: &Bar) -> bool {
        let known = self.ease.as_ref();
        if !view.rules.stops.peel_off
            || known.is_some_and(|ease| ease.spans(self.direction, (bar.close, bar.atr)))
        {
            return true;
        }
        let Some(position) = view.book.positions.get(&self.position) else {
            return false;
        };
        let decision = Decision::on(view);
        let legs = self.legs.iter().filter_map(|id| view.book.legs.get(id));
        let standing = legs.map(|leg| {
            let after = self.pull.after(leg, bar.atr, bar.close);
            decision.stands(leg, after.stop, bar.atr.or(leg.atr))
        });
        let standing: Vec<_> = standing.collect();
        let equity = || view.book.equity(view.rules, view.now).limit();
        let outgrown = decision.outgrown(position, &standing, (bar.close, equity));
        outgrown.is_zero()
    }
}

impl Decision<'_> {
    /// Returns whether anything is under way, or held beside one position of an instrument.
    fn is_stirred(&self, instrument: InstrumentIx, held: Option<&Position>) -> bool {
        let book = self.view.book;
        let beside = |leg: &Leg| leg.is_open() && held.is_none_or(|held| leg.position != held.id);
        book.open_intents().next().is_some()
            || book.live_orders().next().is_some()
            || !book.reversals.is_empty()
            || book.desk.flatten.is_some()
            || book.state_of(instrument) == TradingState::Frozen
            || book.legs.values().any(beside)
            || book.instruments.values().any(|one| one.look.is_some())
            // told at the distance of a chart, which moves
            || book.marks.charts.contains_key(&instrument)
    }

    /// Returns until when nothing of the day is due: no end of the session, of a contract or of a
    /// trade of the day.
    fn calm_until(
        &self,
        instrument: InstrumentIx,
        held: Option<&Position>,
    ) -> Option<DateTime<Utc>> {
        let View { book, rules, now } = self.view;
        let exchange = rules.instruments.get(instrument)?.exchange;
        let mut until = rules.calendar.trades_until(exchange, now)?;
        let legs = held.map_or_else(Vec::new, |held| book.legs_of(held.id));
        for leg in legs {
            let exit_by = rules.instruments.exit_by(leg.contract, &rules.calendar);
            let off = self.day_trade((leg.contract, leg.product), leg.opened_at);
            let due = [
                exit_by,
                off.map(|off| off.start),
                off.map(|off| off.flat_by),
            ];
            let ahead = due.into_iter().flatten().filter(|at| *at > now);
            until = ahead.fold(until, DateTime::min);
        }
        Some(until)
    }

    /// Returns what is held while it is calm; nothing where a limit could be reached meanwhile.
    fn held<'r>(&self, rules: &'r Rules, position: &Position) -> Option<Held<'r>> {
        let View { book, now, .. } = self.view;
        let legs = book.legs_of(position.id);
        let first = *legs.first()?;
        let (contract, direction) = (first.contract, first.direction);
        let same = |leg: &&Leg| (leg.contract, leg.direction) == (contract, direction);
        let price = book.marks.contracts.get(&contract)?.quote.price;
        let unearned = legs.iter().all(|leg| self.breakeven(leg, price).is_none());
        let plain = contract == position.contract && legs.iter().all(same) && unearned;
        if !plain || self.is_over(contract) {
            return None;
        }
        let reach = Reach::of(&legs, direction, price)?;
        let least = book.equity_at(rules, now, reach.worst());
        let mut worst = Decision::on(self.view);
        worst.limits_at(least.marked);
        if !worst.facts.is_empty() {
            return None;
        }
        let mut ahead = reach.ahead(&legs, (direction, price));
        let ease = ahead.find(|ease| self.keeps_at(position, (&legs, ease), least.limit()));
        Some(Held {
            position: position.id,
            direction,
            own: position.source,
            pull: Pull::of(rules, contract, self.view.today())?,
            legs: legs.iter().map(|leg| leg.id).collect(),
            reach,
            ease,
        })
    }

    /// Returns whether no lot outgrows the position's limits where it risks most and there is least
    /// to risk.
    fn keeps_at(&self, position: &Position, (legs, ease): (&[&Leg], &Ease), least: Money) -> bool {
        let standing = legs.iter();
        let standing = standing.map(|leg| self.stands(leg, leg.stop, Some(ease.range)));
        let standing: Vec<_> = standing.collect();
        let outgrown = self.outgrown(position, &standing, (ease.best, || least));
        least > Money::ZERO && outgrown.is_zero()
    }
}
