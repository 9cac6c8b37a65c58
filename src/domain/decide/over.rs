//! What is still held of a contract that trades no more.
//!
//! 1. Nothing leaves in it and no exit of it is begun: nobody could fill one, and the broker settles
//!    the contract by itself.
//! 2. An exit that has not left ends; one that may be at the broker ends with what its books say.
//! 3. What is still held stays in the book until the broker's books show it gone, and is said aloud.

use super::Decision;
use crate::domain::book::{Intent, Leg, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::fact::{Fact, IntentEnd, OrderEnd};
use crate::domain::ids::Purpose;
use crate::domain::instrument::{ContractId, InstrumentIx};

impl Decision<'_> {
    /// Returns whether a contract has traded for the last time.
    pub(super) fn is_over(&self, contract: ContractId) -> bool {
        let rules = self.view.rules;
        let at = (&rules.calendar, self.view.now);
        rules.instruments.is_over(contract, at)
    }

    /// Returns whether something is held of an instrument in a contract that trades no more.
    pub(super) fn holds_what_is_over(&self, instrument: InstrumentIx) -> bool {
        let held = self.view.book.position_in(instrument);
        held.is_some_and(|held| self.is_over(held.contract))
    }

    /// Ends an exit that has not left and never will.
    pub(super) fn end_exit_of_over(&mut self, exit: &Intent) {
        let order = self.view.book.live_order(exit.id);
        let left = order.is_some_and(|order| order.state != OrderState::Wanted);
        if exit.id.purpose != Purpose::Exit || left {
            return;
        }
        if let Some(order) = order {
            self.say(Fact::OrderClosed {
                order: order.id,
                why: OrderEnd::Expired,
                text: None,
            });
        }
        self.say(Fact::IntentClosed {
            intent: exit.id,
            filled: exit.filled,
            why: IntentEnd::Expired,
        });
    }

    /// Says what a leg waits for whose contract trades no more.
    pub(super) fn waits_for_the_broker(&self, leg: &Leg) -> String {
        let symbol = self.view.rules.instruments.symbol(leg.contract);
        let since = leg.contract.expiry.unwrap_or(exchange_day(self.view.now));
        format!("{symbol} traded on {since} for the last time: the broker settles it")
    }
}
