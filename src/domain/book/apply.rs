//! What each fact means for the book.

use chrono::{DateTime, Utc};

use super::{
    Book, CancelState, Flatten, Intent, ModifyState, Order, OrderState, Resting, Reversal,
};
use crate::domain::fact::{
    Approval, BY_LIMIT, Change, Claim, ExitReason, Fact, LedgerKind, Movement, OrderEnd, StopWhy,
};
use crate::domain::finding::{Drift, Finding, FindingEnd};
use crate::domain::ids::{FindingId, IntentId, OrderId, Purpose};
use crate::domain::input::{Funds, Scope, TradingState};
use crate::domain::money::{Lots, Money, Quantity};
use crate::domain::order::{Pricing, Side};

impl Book {
    /// Folds a fact in.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm a fact: the list is a table of contents"
    )]
    pub fn apply(&mut self, fact: &Fact, at: DateTime<Utc>) {
        match fact {
            Fact::SignalRejected { .. }
            | Fact::SignalRecorded { .. }
            | Fact::InputFaulted { .. }
            // of the moment: whoever watches the broker knows it anew after a start
            | Fact::BrokerStateSeen { .. }
            | Fact::FindingMade { .. }
            | Fact::SourceChanged { .. } => {}
            Fact::LimitBreached { code, .. } => self.breach(*code),
            Fact::LimitWarned { .. } => {
                self.desk.limits.warned = true;
                self.touched.desk = true;
            }
            Fact::DayLimitSet { loss, .. } => {
                let limits = &mut self.desk.limits;
                (limits.breached, limits.warned, limits.loss) = (false, false, Some(*loss));
                self.touched.desk = true;
            }
            Fact::LimitCleared { code, .. } => self.clear(*code),
            Fact::UnitsProved { instrument, on } => {
                let known = self.instruments.entry(*instrument).or_default();
                (known.units_on, known.units_doubted) = (Some(*on), false);
                self.touched.instruments.insert(*instrument);
            }
            Fact::UnitsDoubted { instrument, .. } => {
                self.instruments
                    .entry(*instrument)
                    .or_default()
                    .units_doubted = true;
                self.touched.instruments.insert(*instrument);
            }
            Fact::SignalAccepted {
                source,
                instrument,
                at,
                ..
            } => {
                let newest = self.newest.entry((*source, *instrument)).or_insert(*at);
                *newest = (*newest).max(*at);
            }
            Fact::IntentApproved(approval) => self.approve(approval, at),
            Fact::IntentLowered { intent, lots, .. } => {
                self.on_intent(*intent, |intent| intent.lots = Some(*lots));
            }
            Fact::ExitWidened {
                intent,
                lots,
                reason,
            } => self.on_intent(*intent, |intent| {
                intent.lots = *lots;
                intent.by_person |= matches!(reason, ExitReason::Operator | ExitReason::Kill);
                intent.goal = crate::domain::fact::Goal::Close(*reason);
            }),
            Fact::IntentClosed { intent, why, .. } => {
                self.on_intent(*intent, |intent| intent.end = Some((*why, at)));
            }
            Fact::ReversalWaiting { signal, until } => {
                let waiting = Reversal {
                    signal: signal.clone(),
                    until: *until,
                };
                self.reversals.insert(signal.instrument, waiting);
                self.touched.instruments.insert(signal.instrument);
            }
            Fact::ReversalEnded { instrument, .. } => {
                self.reversals.remove(instrument);
                self.touched.instruments.insert(*instrument);
            }
            Fact::OrderWanted {
                order,
                lots,
                not_before,
            } => {
                self.want(*order, *lots, *not_before);
            }
            Fact::OrderClaimed(claim) => self.claim(claim, at),
            Fact::OrderSent { order, broker_id } => self.on_order(*order, |order| {
                order.state = OrderState::Sent;
                order.broker_id = Some(broker_id.clone());
                order.baseline.clear();
                order.sent_at = Some(at);
            }),
            Fact::OrderReleased {
                order, not_before, ..
            } => {
                self.failed(order.intent);
                self.on_order(*order, |order| {
                    order.state = OrderState::Wanted;
                    order.not_before = Some(*not_before);
                });
            }
            Fact::OrderRefused { order, .. } => {
                self.failed(order.intent);
                self.end_order(*order, OrderEnd::Refused, at);
            }
            Fact::OrderQueued { order, .. } => {
                self.on_order(*order, |order| order.state = OrderState::Queued);
            }
            Fact::OrderUncertain { order, .. } => {
                self.on_order(*order, |order| order.state = OrderState::Uncertain);
            }
            Fact::OrderNotPlaced { order } => self.end_order(*order, OrderEnd::NotPlaced, at),
            Fact::OrderClosed { order, why, .. } => {
                if self.is_failure(*order, *why) {
                    self.failed(order.intent);
                }
                self.end_order(*order, *why, at);
            }
            Fact::CancelWanted { order, why } => {
                self.on_order(*order, |order| order.cancel_wanted(*why));
            }
            Fact::CancelTaken { order } => self.on_order(*order, |order| order.cancel_taken(at)),
            Fact::CancelFailed {
                order, not_before, ..
            } => self.on_order(*order, |order| order.cancel_failed(*not_before)),
            Fact::Filled(fill) => self.fill(fill),
            Fact::LegOpened(opening) => {
                self.open_leg(opening, at);
                self.level(opening.contract);
            }
            Fact::LegGrown { leg, lots, cost } => {
                self.grow_leg(*leg, *lots, *cost);
                self.level_of(*leg);
            }
            Fact::RiskFixed { leg, risk } => self.fix_risk(*leg, *risk),
            Fact::LegReduced(reduction) => self.reduce_leg(reduction),
            Fact::LegClosed {
                leg, net, reason, ..
            } => {
                self.close_leg(*leg, (*net, *reason), at);
                self.level_of(*leg);
            }
            Fact::LegMarked {
                leg,
                bar_at,
                close: _,
                best,
                atr,
                series,
            } => {
                let mut is_better = false;
                self.on_leg(*leg, |leg| {
                    leg.bar_at = Some(*bar_at);
                    is_better = leg.best != *best;
                    leg.best = *best;
                    leg.atr = atr.or(leg.atr);
                    leg.series = *series;
                });
                if is_better {
                    self.level_of(*leg); // which may have earned its risk
                }
            }
            Fact::StopMoved { leg, to, why, .. } => {
                self.on_leg(*leg, |leg| {
                    leg.stop = *to;
                    leg.stop_why = *why;
                });
                self.level_of(*leg);
            }
            Fact::StopOrdered { leg, to, .. } => {
                self.on_leg(*leg, |leg| (leg.stop, leg.stop_why) = (*to, StopWhy::First));
                self.level_of(*leg);
            }
            Fact::BarSeen {
                instrument,
                at,
                close,
                atr,
            } => {
                let known = self.instruments.entry(*instrument).or_default();
                known.bar_at = Some(*at);
                known.bar_close = Some(*close);
                known.atr = atr.or(known.atr);
                self.touched.instruments.insert(*instrument);
            }
            Fact::DayStarted {
                day,
                equity,
                high_water,
            } => {
                self.desk.day = Some(*day);
                self.desk.day_base = *equity;
                self.desk.high_water = *high_water;
                self.desk.day_cash = Money::ZERO;
                self.desk.day_trades = 0;
                let limits = &mut self.desk.limits;
                (limits.breached, limits.warned, limits.loss) = (false, false, None);
                self.touched.desk = true;
            }
            Fact::TradingStateSet {
                scope: Scope::Desk,
                state,
                by,
                ..
            } => {
                self.desk.state = *state;
                self.desk.limits.reduced = by == BY_LIMIT && *state == TradingState::Reducing;
                self.touched.desk = true;
            }
            Fact::TradingStateSet {
                scope: Scope::Instrument(instrument),
                state,
                ..
            } => {
                self.instruments.entry(*instrument).or_default().state = *state;
                self.touched.instruments.insert(*instrument);
            }
            Fact::TradingStateSet {
                scope: Scope::Source(source),
                state,
                ..
            } => {
                self.sources.insert(*source, *state);
                self.touched.sources.insert(*source);
            }
            Fact::LedgerMoved(movement) => self.move_ledger(movement),
            Fact::HighWaterSet { high_water } => {
                self.desk.high_water = *high_water;
                self.touched.desk = true;
            }
            Fact::FundsSeen { available, at } => {
                self.desk.funds = Some(Funds {
                    available: *available,
                    at: *at,
                });
                self.touched.desk = true;
            }
            Fact::DriftFound(drift) => self.found(drift, at),
            Fact::RepairProposed(repair) => self.on_finding(repair.finding, |finding| {
                finding.repair = Some((**repair).clone());
            }),
            Fact::FindingSettled { finding, how, .. } => {
                self.on_finding(*finding, |finding| match how {
                    FindingEnd::Dismissed => finding.dismissed = true,
                    FindingEnd::Agreed | FindingEnd::Repaired | FindingEnd::Changed => {
                        finding.end = Some((*how, at));
                    }
                });
            }
            Fact::RulesAdopted { hash } => {
                self.desk.rules = *hash;
                self.touched.desk = true;
                for (instrument, known) in &mut self.instruments {
                    if known.units_on.take().is_some() {
                        self.touched.instruments.insert(*instrument);
                    }
                }
            }
            Fact::ModifyWanted(change) => self.on_order(change.order, |order| {
                order.resting.modify = ModifyState::Wanted(**change, None);
            }),
            Fact::ModifyTaken { order } => self.on_resting(*order, |resting| {
                if let ModifyState::Wanted(change, _) = resting.modify {
                    resting.modify = ModifyState::Taken(change, at);
                    resting.modified = resting.modified.saturating_add(1);
                }
            }),
            Fact::ModifyDone(change) => self.modify_done(change),
            Fact::ModifyFailed {
                order,
                not_before,
                uncertain,
                ..
            } => self.on_resting(*order, |resting| {
                if *uncertain {
                    resting.modified = resting.modified.saturating_add(1);
                    resting.doubted = true;
                }
                if let ModifyState::Wanted(change, _) | ModifyState::Taken(change, _) =
                    resting.modify
                {
                    resting.modify = ModifyState::Wanted(change, Some(*not_before));
                }
            }),
            Fact::TriggerSeen { order, fired } => self.on_resting(*order, |resting| {
                resting.armed |= !fired;
                if *fired {
                    resting.fired_at = resting.fired_at.or(Some(at));
                }
            }),
            Fact::FlattenStarted { id, by, .. } => {
                self.desk.flatten = Some(Flatten {
                    id: *id,
                    by: by.clone(),
                    at,
                    said: 0,
                });
                self.touched.desk = true;
            }
            Fact::FlattenLeft { .. } => {
                if let Some(flatten) = &mut self.desk.flatten {
                    flatten.said = flatten.said.saturating_add(1);
                    flatten.at = at;
                }
                self.touched.desk = true;
            }
            Fact::FlattenEnded { .. } => {
                self.desk.flatten = None;
                self.touched.desk = true;
            }
            Fact::SemiAutoSeen { on } => {
                self.desk.semi_auto = *on;
                self.touched.desk = true;
            }
            Fact::EodViewed(scout) => self.view_close(scout),
            Fact::EodJudged(judged) => self.judge_close(judged, at),
            Fact::SquareOffLate { instrument, day } => {
                self.on_instrument(*instrument, |known| known.late = Some(*day));
            }
            Fact::RollProposed { instrument, roll }
            | Fact::RollStarted {
                instrument, roll, ..
            } => self.roll(*instrument, *roll),
            Fact::RollEnded {
                instrument,
                position,
                ..
            } => self.end_roll(*instrument, *position),
            Fact::LegCarried(carry) => self.carry(carry),
        }
    }

    fn approve(&mut self, approval: &Approval, at: DateTime<Utc>) {
        let intent = Intent {
            id: approval.intent,
            signal: approval.signal,
            contract: approval.contract,
            direction: approval.direction,
            product: approval.product,
            position: approval.position,
            leg: approval.leg,
            lots: approval.lots,
            filled: Lots::ZERO,
            valid_until: approval.valid_until,
            by_person: approval.by_person,
            goal: approval.goal.clone(),
            orders: 0,
            failures: 0,
            at,
            end: None,
        };
        if let Some(leg) = self.legs.get_mut(&approval.leg)
            && intent.id.purpose == Purpose::Exit
        {
            leg.exits = leg.exits.saturating_add(1);
            self.touched.legs.insert(leg.id);
        }
        self.intents.insert(intent.id, intent);
        self.touched.intents.insert(approval.intent);
    }

    fn want(&mut self, id: OrderId, lots: Lots, not_before: Option<DateTime<Utc>>) {
        self.on_intent(id.intent, |intent| {
            intent.orders = intent.orders.max(id.number);
        });
        let Some(intent) = self.intents.get(&id.intent) else {
            return;
        };
        let side = if intent.opens() {
            intent.direction.opening()
        } else {
            intent.direction.closing()
        };
        let order = Order {
            id,
            contract: intent.contract,
            product: intent.product,
            side,
            lots,
            quantity: Quantity::ZERO,
            pricing: None,
            state: OrderState::Wanted,
            broker_id: None,
            filled: Quantity::ZERO,
            value: Money::ZERO,
            charges: Money::ZERO,
            not_before,
            cancel: CancelState::None,
            cancel_failures: 0,
            baseline: Vec::new(),
            claimed_at: None,
            sent_at: None,
            closed_at: None,
            resting: Resting::default(),
        };
        self.orders.insert(id, order);
        self.touched.orders.insert(id);
    }

    fn claim(&mut self, claim: &Claim, at: DateTime<Utc>) {
        debug_assert!(claim.side == Side::Buy || claim.side == Side::Sell);
        self.on_order(claim.order, |order| {
            order.lots = claim.lots;
            order.quantity = claim.quantity;
            order.pricing = Some(claim.pricing);
            order.baseline.clone_from(&claim.baseline);
            order.claimed_at = Some(at);
            order.state = OrderState::Sending { epoch: claim.epoch };
        });
    }

    fn end_order(&mut self, id: OrderId, why: OrderEnd, at: DateTime<Utc>) {
        self.on_order(id, |order| {
            order.state = OrderState::Closed(why);
            order.closed_at = Some(at);
        });
    }

    /// Returns whether an order ended by somebody else's no.
    fn is_failure(&self, order: OrderId, why: OrderEnd) -> bool {
        let asked = self
            .orders
            .get(&order)
            .is_some_and(|order| order.cancel != CancelState::None);
        why == OrderEnd::Rejected || (why == OrderEnd::Cancelled && !asked)
    }

    fn failed(&mut self, intent: IntentId) {
        self.on_intent(intent, |intent| {
            intent.failures = intent.failures.saturating_add(1);
        });
    }

    fn on_resting(&mut self, id: OrderId, change: impl FnOnce(&mut Resting)) {
        self.on_order(id, |order| change(&mut order.resting));
    }

    fn modify_done(&mut self, change: &Change) {
        self.on_order(change.order, |order| {
            order.lots = change.lots;
            order.quantity = change.quantity;
            order.pricing = Some(Pricing::StopLimit {
                trigger: change.trigger,
                limit: change.limit,
            });
            if let ModifyState::Wanted(wanted, _) | ModifyState::Taken(wanted, _) =
                order.resting.modify
                && wanted == *change
            {
                order.resting.modify = ModifyState::None;
            }
        });
    }

    pub(super) fn on_intent(&mut self, id: IntentId, change: impl FnOnce(&mut Intent)) {
        if self.intents.change(id, change) {
            self.touched.intents.insert(id);
        }
    }

    pub(super) fn on_order(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) {
        if self.orders.change(id, change) {
            self.touched.orders.insert(id);
        }
    }

    fn found(&mut self, drift: &Drift, at: DateTime<Utc>) {
        let finding = Finding {
            drift: drift.clone(),
            repair: None,
            found_at: at,
            dismissed: false,
            end: None,
        };
        self.findings.insert(drift.finding, finding);
        self.touched.findings.insert(drift.finding);
    }

    fn on_finding(&mut self, id: FindingId, change: impl FnOnce(&mut Finding)) {
        if let Some(finding) = self.findings.get_mut(&id) {
            change(finding);
            self.touched.findings.insert(id);
        }
    }

    fn move_ledger(&mut self, movement: &Movement) {
        self.desk.realised = movement.after;
        match movement.kind {
            LedgerKind::Opening => {
                self.desk.opening = movement.amount;
                self.desk.high_water = movement.after;
                self.desk.day_base = movement.after;
            }
            LedgerKind::Deposit | LedgerKind::Withdrawal => {
                self.desk.day_cash += movement.amount;
            }
            LedgerKind::Realised | LedgerKind::Charges => {}
        }
        self.touched.desk = true;
    }
}
