//! The limits of the day, and those that stay until a person clears them.
//!
//! 1. They are looked at whenever time passes, and never take an exit's way.
//! 2. A breach is said once; it stays breached whatever the market does afterwards. The day's ends
//!    with the day, drawdown and losing streak with a person.
//! 3. A breach only ever makes the desk reduce, and only what a breach did is lifted again.

use rust_decimal::Decimal;

use super::Decision;
use super::exit::Out;
use crate::domain::book::Limits;
use crate::domain::fact::{BY_LIMIT, Code, ExitReason, Fact};
use crate::domain::input::{Latch, Operator, Scope, TradingState};
use crate::domain::money::{Money, Percent};
use crate::domain::rules::OnBreach;

/// The part of the day's loss, in percent of its limit, at which a warning is given.
const WARNED_AT: u32 = 80;

impl Decision<'_> {
    /// Begins a new exchange day on the first trading day after the last, else looks at the limits.
    pub(super) fn day(&mut self) {
        let (book, rules, today) = (self.view.book, self.view.rules, self.view.today());
        let exchanges = rules.instruments.iter().map(|(_, one)| one.exchange);
        let mut exchanges = exchanges.filter(|one| rules.calendar.is_trading_day(*one, today));
        let begins = match book.desk.day {
            None => true,
            Some(day) => day < today && exchanges.next().is_some(),
        };
        if !begins {
            return self.limits();
        }
        let equity = book.closing_equity(rules, self.view.now);
        let high_water = book.desk.high_water.max(equity);
        self.say(Fact::DayStarted {
            day: today,
            equity,
            high_water,
        });
        let limits = book.desk.limits;
        if limits.reduced && !limits.drawdown && !limits.losing_streak {
            self.say(Fact::TradingStateSet {
                scope: Scope::Desk,
                state: TradingState::Active,
                by: BY_LIMIT.to_owned(),
                why: "the limits of the day ended with it".to_owned(),
            });
        }
    }

    fn limits(&mut self) {
        let marked = self.view.book.equity(self.view.rules, self.view.now).marked;
        self.limits_at(marked);
    }

    /// Says which limits are reached where everything is worth so much; the less it is worth, the
    /// more.
    pub(super) fn limits_at(&mut self, marked: Money) {
        let (desk, rules) = (&self.view.book.desk, self.view.rules);
        self.limit_of_day(marked);
        if let Some(limit) = rules.day.drawdown.filter(|_| !desk.limits.drawdown) {
            let (fallen, most) = (desk.high_water - marked, desk.high_water.percent(limit));
            if fallen > Money::ZERO && fallen >= most {
                self.breach(Code("drawdown"), fallen, most);
            }
        }
        if let Some(limit) = rules.day.losing_streak
            && !desk.limits.losing_streak
            && desk.losing_streak >= limit
        {
            let (value, limit) = (desk.losing_streak.into(), limit.into());
            let code = Code("losing_streak");
            self.breach(code, Money::new(value), Money::new(limit));
        }
    }

    fn limit_of_day(&mut self, marked: Money) {
        let desk = &self.view.book.desk;
        let Some(limit) = desk.loss_limit(self.view.rules) else {
            return;
        };
        let (lost, most) = (desk.lost_today(marked), desk.day_base.percent(limit));
        if desk.limits.breached || lost <= Money::ZERO {
            return;
        }
        let code = Code("daily_loss");
        if lost >= most {
            self.breach(code, lost, most);
            if self.view.rules.day.on_breach == OnBreach::Flatten {
                self.flatten_for_limit();
            }
        } else if !desk.limits.warned
            && lost.times(Decimal::ONE_HUNDRED) >= most.times(Decimal::from(WARNED_AT))
        {
            self.say(Fact::LimitWarned {
                code,
                value: lost,
                limit: most,
            });
        }
    }

    fn breach(&mut self, code: Code, value: Money, limit: Money) {
        self.say(Fact::LimitBreached { code, value, limit });
        let said = |fact: &Fact| matches!(fact, Fact::TradingStateSet { .. });
        if self.view.book.desk.state == TradingState::Active && !self.facts.iter().any(said) {
            self.say(Fact::TradingStateSet {
                scope: Scope::Desk,
                state: TradingState::Reducing,
                by: BY_LIMIT.to_owned(),
                why: format!("limit {} breached", code.0),
            });
        }
    }

    /// Takes everything out; what is frozen stays where it is.
    fn flatten_for_limit(&mut self) {
        let book = self.view.book;
        let free = |instrument| book.state_of(instrument) != TradingState::Frozen;
        self.exit_everything(limit_out, free);
    }

    /// Goes on under another limit of the day, unless that is breached as well.
    pub(super) fn day_limit(&mut self, operator: &Operator, loss: Percent) {
        let (book, now) = (self.view.book, self.view.now);
        let desk = &book.desk;
        let marked = book.equity(self.view.rules, now).marked;
        if !desk.limits.breached || desk.lost_today(marked) >= desk.day_base.percent(loss) {
            return;
        }
        self.say(Fact::DayLimitSet {
            loss,
            by: operator.by.clone(),
            why: operator.why.clone(),
        });
        self.resume(
            operator,
            Limits {
                breached: false,
                ..desk.limits
            },
        );
    }

    /// Clears a limit that stays; a drawdown is measured from here on.
    pub(super) fn clear_limit(&mut self, operator: &Operator, latch: Latch) {
        let (book, now) = (self.view.book, self.view.now);
        let mut limits = book.desk.limits;
        let flag = match latch {
            Latch::Drawdown => &mut limits.drawdown,
            Latch::LosingStreak => &mut limits.losing_streak,
        };
        if !core::mem::take(flag) {
            return;
        }
        self.say(Fact::LimitCleared {
            code: latch.code(),
            by: operator.by.clone(),
            why: operator.why.clone(),
        });
        if latch == Latch::Drawdown {
            let high_water = book.equity(self.view.rules, now).marked;
            self.say(Fact::HighWaterSet { high_water });
        }
        self.resume(operator, limits);
    }

    /// Lets everything be traded again, unless another limit is still breached.
    fn resume(&mut self, operator: &Operator, left: Limits) {
        if !left.any() && self.view.book.desk.state != TradingState::Active {
            self.say(Fact::TradingStateSet {
                scope: Scope::Desk,
                state: TradingState::Active,
                by: operator.by.clone(),
                why: operator.why.clone(),
            });
        }
    }
}

const fn limit_out(cause: crate::domain::ids::Cause) -> Out {
    Out {
        cause,
        signal: None,
        reason: ExitReason::DayLimit,
        by_person: false,
        lots: None,
    }
}
