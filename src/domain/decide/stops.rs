//! What prices and closed bars do to what is held: stops follow and fire, targets are taken.
//!
//! 1. A leg is judged on each bar of its own series once, in order of time, first against the stop
//!    that stood before the bar.
//! 2. Only prices of continuous trading count. While frozen nothing moves or fires, but the best
//!    close is kept, so that nothing is lost by it.
//! 3. A leg has one exit at a time; what is under way is widened, never doubled.

use chrono::{DateTime, TimeDelta, Utc};

use super::Decision;
use super::closing::{Judged, Pull, seen};
use super::exit::Out;
use super::peel::Standing;
use crate::domain::bars::{BarSource, seen_last};
use crate::domain::book::{InstrumentState, Leg, Position};
use crate::domain::calendar::{Session, passed};
use crate::domain::charges::{ChargeKind, Traded};
use crate::domain::fact::{Code, ExitReason, Fact, StopWhy};
use crate::domain::gates::Basis;
use crate::domain::ids::{LegId, SignalId};
use crate::domain::input::{Operator, Quote, Tick, TradingState};
use crate::domain::instrument::{Instrument, InstrumentIx, Spec};
use crate::domain::market;
use crate::domain::money::{Lots, Points, Price, Ratio};
use crate::domain::order::Exchange;
use crate::domain::rules::{Breakeven, StopHitOn};
use crate::domain::signal::{Bar, BarFrom};
use crate::domain::stops::{self, Trail};

/// How long after its bar's end an alert may be made: a bar that closes with continuous trading is
/// still of it.
const CLOSE_LAG: TimeDelta = TimeDelta::seconds(60);

/// Added to the last byte of a leg's name: what its own stops and targets set in motion is named
/// after the leg, and never like what a signal of that name, or a leg it is rolled into, sets in
/// motion.
const EXITS: u8 = 128;

/// A bar on its way through the legs of a position.
struct Closing<'a> {
    instrument: &'a Instrument,
    judged: Judged<'a>,
    frozen: bool,
}

impl Decision<'_> {
    /// Writes a closed bar down and judges what is held on it.
    pub(super) fn bar(&mut self, bar: &Bar) {
        let view = self.view;
        let by_alert =
            alert(bar).filter(|_| !view.rules.bars.takes(bar.instrument, BarSource::Alerts));
        if let Some(signal) = by_alert {
            let code = Code("bar_not_taken");
            return self.say(Fact::SignalRecorded { signal, code });
        }
        let bar = &view.rules.bars.closed(bar);
        self.record(bar);
        let Some(instrument) = view.rules.instruments.get(bar.instrument) else {
            return;
        };
        let traded = |at| self.is_traded(instrument.exchange, at);
        if !traded(bar.at) && !traded(bar.at - CLOSE_LAG) {
            return;
        }
        let frozen = view.book.state_of(bar.instrument) == TradingState::Frozen;
        let held = view.book.positions.values();
        for position in
            held.filter(|one| one.is_open() && one.contract.instrument == bar.instrument)
        {
            if self.is_over(position.contract) {
                continue; // its chart is another contract's now
            }
            let closing = Closing {
                instrument,
                judged: Judged {
                    bar,
                    rules: &view.rules.bars,
                    now: view.now,
                    own: position.source,
                },
                frozen,
            };
            self.close_of(position, &closing);
        }
    }

    /// Says that a bar was seen; an older one than the newest says nothing new.
    fn record(&mut self, bar: &Bar) {
        let known = self.view.book.instruments.get(&bar.instrument);
        let newest = seen_last(known.and_then(|known| known.bar_at), self.view.now);
        let rules = &self.view.rules.bars;
        let is_new = newest.is_none_or(|newest| rules.is_newer(bar, newest));
        if let Some(signal) = alert(bar) {
            let code = Code(if is_new { "bar_seen" } else { "bar_old" });
            self.say(Fact::SignalRecorded { signal, code });
        }
        if is_new {
            self.say(seen(bar));
        } else if let Some(known) = known {
            self.compare(bar, known);
        }
    }

    /// Says when a bar that is known closed otherwise for somebody else, whose version is then known:
    /// told again, it says nothing.
    fn compare(&mut self, bar: &Bar, known: &InstrumentState) {
        let (Some(at), Some(close)) = (known.bar_at, known.bar_close) else {
            return;
        };
        let is_same =
            bar.opened_at.is_some_and(|opened| opened < at) && (bar.at - at).abs() <= CLOSE_LAG;
        if is_same && self.view.rules.bars.are_apart(close, bar.close) {
            self.say(Fact::FindingMade {
                instrument: Some(bar.instrument),
                order: None,
                code: Code("bar_differs"),
                ours: format!("the bar that counted closed at {close}"),
                theirs: format!("of {} it closed at {}", BarSource::of(bar), bar.close),
            });
            self.say(Fact::BarSeen {
                instrument: bar.instrument,
                at,
                close: bar.close,
                atr: None,
            });
        }
    }

    /// Judges the legs of a position, the oldest first, and then the position as a whole.
    fn close_of(&mut self, position: &Position, closing: &Closing<'_>) {
        let bar = closing.judged.bar;
        let basis = match bar.contract {
            Some(contract) if contract != position.contract => return,
            Some(_) => Basis::Same,
            None => self
                .view
                .basis(closing.instrument, bar.instrument, Some(position.contract)),
        };
        let legs = self.view.book.legs_of(position.id).into_iter();
        let legs: Vec<(&Leg, bool)> = legs.map(|leg| (leg, closing.judged.takes(leg))).collect();
        if !legs.iter().any(|(_, judged)| *judged) {
            return;
        }
        let Some(close) = self.on_contract(position, (bar, basis)) else {
            return self.unplaced(bar.instrument);
        };
        let standing: Vec<Standing<'_>> = legs
            .into_iter()
            .map(|(leg, judged)| {
                if judged {
                    self.judge(leg, closing, close)
                } else {
                    self.stands(leg, leg.stop, leg.atr)
                }
            })
            .collect();
        if !closing.frozen {
            self.peel(position, &standing, (close, alert(bar)));
        }
    }

    /// Returns the close on the contract. Where the chart shows another symbol and their distance is
    /// unknown, the contract's own price of the same moment stands for it; so it does where the two
    /// are further apart than a sender's price may be: one wrong bar must not sell every leg.
    fn on_contract(&mut self, position: &Position, (bar, basis): (&Bar, Basis)) -> Option<Price> {
        let view = self.view;
        let timing = &view.rules.timing;
        let of_its_moment = |quote: &Quote| passed(bar.at, quote.at).abs() <= timing.basis_age;
        let mark = view.book.marks.contracts.get(&position.contract);
        let market = mark
            .map(|mark| mark.quote)
            .filter(of_its_moment)
            .map(|quote| quote.price);
        let (Some(close), Some(market)) = (basis.shifted(bar.close), market) else {
            return basis.shifted(bar.close).or(market);
        };
        let apart = market.distance(close).times(Ratio::HUNDRED);
        let most = Points::new(market.get()).times(Ratio::new(timing.divergence_base.get()));
        if apart <= most {
            return Some(close);
        }
        self.say(Fact::FindingMade {
            instrument: Some(bar.instrument),
            order: None,
            code: Code("bar_doubted"),
            ours: format!("the contract trades at {market}, and that counts"),
            theirs: format!("a bar that closed at {close}"),
        });
        Some(market)
    }

    /// A bar that cannot be brought to the contract guards nothing: a person should know.
    fn unplaced(&mut self, instrument: InstrumentIx) {
        self.say(Fact::FindingMade {
            instrument: Some(instrument),
            order: None,
            code: Code("bar_unplaced"),
            ours: "legs that wait for a closed bar".to_owned(),
            theirs: "a bar of the chart, and no fresh prices of chart and contract".to_owned(),
        });
    }

    /// Judges one leg on a bar; returns what is left of it to be judged with its position.
    fn judge<'l>(&mut self, leg: &'l Leg, closing: &Closing<'_>, close: Price) -> Standing<'l> {
        let (bar, judged) = (closing.judged.bar, &closing.judged);
        let (before, why) = (leg.stop, leg.stop_why);
        let hit = stops::is_hit(leg.direction, before, close);
        let moved = if hit || !judged.moves(leg) {
            (
                Trail {
                    stop: before,
                    best: leg.best,
                },
                why,
            )
        } else {
            self.follow(leg, bar.atr, close)
        };
        let (Trail { stop, best }, why) = moved;
        self.say(judged.marked(leg, (close, best)));
        if closing.frozen {
            return self.stands(leg, before, leg.atr);
        }
        self.tighten(leg, stop, why);
        // Hit before it moved; at a target; or moved to the market or beyond it.
        let reason = if stops::is_hit(leg.direction, stop, close) {
            Some(why.reason())
        } else {
            target_reached(leg, close)
        };
        if let Some(reason) = reason {
            self.get_out(leg, reason, alert(bar));
            return Standing::gone(leg);
        }
        self.stands(leg, stop, bar.atr.or(leg.atr))
    }

    /// Returns where a bar moves best close and stop, and why the stop stands there.
    fn follow(&self, leg: &Leg, atr: Option<Points>, close: Price) -> (Trail, StopWhy) {
        let view = self.view;
        let Some(pull) = Pull::of(view.rules, leg.contract, view.today()) else {
            let before = Trail {
                stop: leg.stop,
                best: leg.best,
            };
            return (before, leg.stop_why);
        };
        let mut after = pull.after(leg, atr, close);
        let mut why = if after.stop == leg.stop {
            leg.stop_why
        } else {
            StopWhy::Trailing
        };
        let even = self.breakeven(leg, close).unwrap_or(after.stop);
        let tightest = stops::tighter(leg.direction, after.stop, even);
        if tightest != after.stop {
            (after.stop, why) = (tightest, StopWhy::Breakeven);
        }
        (after, why)
    }

    /// Judges what is held of a contract on a good price.
    pub(super) fn tick(&mut self, tick: &Tick) {
        let view = self.view;
        let (contract, quote) = (tick.contract, tick.quote);
        if !view.book.levels.are_touched(contract, quote.price) {
            return;
        }
        let Some(instrument) = view.rules.instruments.get(contract.instrument) else {
            return;
        };
        let traded = |at| self.is_traded(instrument.exchange, at);
        let frozen = view.book.state_of(contract.instrument) == TradingState::Frozen;
        if frozen || !traded(view.now) || !traded(quote.at) {
            return;
        }
        let held = view.book.legs.values();
        let mut legs: Vec<&Leg> = held
            .filter(|leg| leg.is_open() && leg.contract == contract)
            // a leg that is not open yet was opened by a clock that was ahead
            .filter(|leg| leg.opened_at <= quote.at || leg.opened_at > view.now)
            .collect();
        legs.sort_by_key(|leg| (leg.opened_at, !leg.base, leg.layer));
        for leg in legs {
            self.judge_tick(leg, quote);
        }
    }

    fn judge_tick(&mut self, leg: &Leg, quote: Quote) {
        let price = quote.price;
        let on_tick = self.view.rules.stops.hit_on == StopHitOn::Tick;
        if on_tick && stops::is_hit(leg.direction, leg.stop, price) {
            if is_backed(leg, quote) {
                self.get_out(leg, leg.stop_why.reason(), None);
            }
            return;
        }
        if let Some(reason) = target_reached(leg, price) {
            return self.get_out(leg, reason, None);
        }
        if on_tick
            && leg.earns_at().is_some()
            && let Some(even) = self.breakeven(leg, price)
        {
            self.tighten(leg, even, StopWhy::Breakeven);
            if stops::is_hit(leg.direction, even, price) {
                self.get_out(leg, ExitReason::Breakeven, None);
            }
        }
    }

    /// Returns the stop at the entry, where the profile wants it, the leg has earned its risk at
    /// this price and its stop is still behind.
    pub(super) fn breakeven(&self, leg: &Leg, price: Price) -> Option<Price> {
        let view = self.view;
        let beyond = match view.rules.stops.breakeven {
            Breakeven::Off => return None,
            Breakeven::Entry => Ratio::default(),
            Breakeven::Charges => Ratio::ONE,
        };
        let came_from = (leg.entry, leg.first_stop);
        if !stops::has_earned_its_risk(leg.direction, came_from, price) {
            return None;
        }
        let instrument = view.rules.instruments.get(leg.contract.instrument)?;
        let spec = view.rules.instruments.spec(leg.contract, view.today())?;
        let charges = self.round_trip(leg, (instrument.exchange, spec))?;
        let even = stops::away(leg.direction, leg.entry, -charges.times(beyond))?;
        let even = market::stop_rounded(even, leg.direction, spec.ticks.at(even));
        (stops::tighter(leg.direction, leg.stop, even) != leg.stop).then_some(even)
    }

    /// Returns the charges of opening and closing a leg at its entry, in points.
    fn round_trip(&self, leg: &Leg, (exchange, spec): (Exchange, &Spec)) -> Option<Points> {
        let traded = Traded {
            exchange,
            kind: ChargeKind::of(exchange, leg.product),
            side: leg.direction.opening(),
            day: self.view.today(),
        };
        let turnover = spec.turnover(leg.entry, leg.lots);
        let cost = self.view.rules.charges.round_trip(traded, turnover);
        let per_point = Points::new(rust_decimal::Decimal::ONE).value(leg.lots, spec.point_value);
        let points = cost.get().checked_div(per_point.get())?;
        Some(Points::new(points.round_dp(8)))
    }

    /// Puts the stop of a leg where a person wants it, on the tick of less risk; never farther away.
    pub(super) fn stop_ordered(&mut self, operator: &Operator, (leg, to): (LegId, Price)) {
        let view = self.view;
        let Some(leg) = view.book.legs.get(&leg).filter(|leg| leg.is_open()) else {
            return;
        };
        let Some(spec) = view.rules.instruments.spec(leg.contract, view.today()) else {
            return;
        };
        let to = market::stop_rounded(to, leg.direction, spec.ticks.at(to));
        if stops::tighter(leg.direction, leg.stop, to) != leg.stop {
            self.say(Fact::StopOrdered {
                leg: leg.id,
                from: leg.stop,
                to,
                by: operator.by.clone(),
                why: operator.why.clone(),
            });
        }
    }

    /// Says that a stop moved, where it became tighter.
    fn tighten(&mut self, leg: &Leg, to: Price, why: StopWhy) {
        if stops::tighter(leg.direction, leg.stop, to) != leg.stop {
            let from = leg.stop;
            self.say(Fact::StopMoved {
                leg: leg.id,
                from,
                to,
                why,
            });
        }
    }

    /// Takes all of a leg out.
    fn get_out(&mut self, leg: &Leg, reason: ExitReason, signal: Option<SignalId>) {
        self.reduce_leg(leg, (reason, signal), None);
    }

    /// Takes lots of a leg out, all of them when none are named, under a name of its own.
    pub(super) fn reduce_leg(
        &mut self,
        leg: &Leg,
        (reason, signal): (ExitReason, Option<SignalId>),
        lots: Option<Lots>,
    ) {
        let out = Out {
            cause: leg.id.0.next(EXITS),
            signal,
            reason,
            by_person: false,
            lots,
        };
        self.exit_leg(leg, out, leg.exits);
    }

    fn is_traded(&self, exchange: Exchange, at: DateTime<Utc>) -> bool {
        self.view.rules.calendar.session_at(exchange, at) == Session::Continuous
    }
}

/// Returns the name of the alert that brought a bar.
const fn alert(bar: &Bar) -> Option<SignalId> {
    match bar.from {
        BarFrom::Alert { id, .. } => Some(id),
        BarFrom::History | BarFrom::Ticks => None,
    }
}

fn target_reached(leg: &Leg, price: Price) -> Option<ExitReason> {
    let target = leg.target?;
    stops::is_reached(leg.direction, target, price).then_some(ExitReason::Target)
}

/// Returns whether the book stands behind a trade at or beyond a stop: the other side is not more
/// than half of the leg's first distance better than the stop.
fn is_backed(leg: &Leg, quote: Quote) -> bool {
    use crate::domain::order::Direction;
    let edge = match leg.direction {
        Direction::Long => quote.bid,
        Direction::Short => quote.ask,
    };
    let distance = leg.direction.gain(leg.first_stop, leg.entry).abs();
    edge.is_none_or(|edge| {
        let above = leg.direction.gain(leg.stop, edge);
        above + above <= distance
    })
}
