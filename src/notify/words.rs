//! What things are called when people are told of them.

use crate::domain::book::Book;
use crate::domain::fact::Goal;
use crate::domain::ids::{IntentId, LegId, OrderId};
use crate::domain::instrument::{InstrumentIx, Instruments};
use crate::domain::order::Direction;
use crate::domain::signal::Layer;
pub(super) use crate::journal::people::{clock, gain, rupees};

/// Looks names up.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) book: &'a Book,
    pub(super) instruments: &'a Instruments,
}

impl<'a> Names<'a> {
    /// Returns an instrument's name.
    pub(super) fn instrument(self, ix: InstrumentIx) -> &'a str {
        self.instruments
            .get(ix)
            .map_or("?", |one| one.name.as_str())
    }

    /// Returns a leg as people know it: `GOLD_MINI Long_2`.
    pub(super) fn leg(self, leg: LegId) -> String {
        let open = self.book.legs.get(&leg);
        let known = open.map(|one| (one.contract.instrument, one.direction, one.layer));
        let coming = || {
            self.book
                .intents
                .values()
                .find_map(|intent| match &intent.goal {
                    Goal::Open(goal) if intent.leg == leg => {
                        Some((intent.contract.instrument, intent.direction, goal.layer))
                    }
                    Goal::Open(_) | Goal::Close(_) => None,
                })
        };
        known.or_else(coming).map_or_else(
            || leg.to_string(),
            |(ix, direction, layer)| self.label(ix, direction, layer),
        )
    }

    /// Returns a leg's label with its instrument.
    pub(super) fn label(self, ix: InstrumentIx, direction: Direction, layer: Layer) -> String {
        let side = match direction {
            Direction::Long => "Long",
            Direction::Short => "Short",
        };
        format!("{} {side}_{}", self.instrument(ix), layer.0)
    }

    /// Returns a goal as people know it: `the exit of GOLD_MINI Long_2`.
    pub(super) fn intent(self, id: IntentId) -> String {
        let intent = self.book.intents.get(&id);
        intent.map_or_else(
            || id.to_string(),
            |intent| format!("the {} of {}", id.purpose.word(), self.leg(intent.leg)),
        )
    }

    /// Returns the goal an order serves.
    pub(super) fn order(self, id: OrderId) -> String {
        self.intent(id.intent)
    }
}
