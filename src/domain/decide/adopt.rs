//! A position at the broker that a person takes in, with a stop: what the broker shows and our book
//! does not hold, and no lot more.
//!
//! Nothing is booked: the gain counts from the price the person names, and what was gained before
//! that stays outside our ledger.

use super::Decision;
use crate::domain::fact::{Fact, LegOpening};
use crate::domain::finding::Adoption;
use crate::domain::ids::{LegId, PositionId};
use crate::domain::input::Operator;
use crate::domain::money::Points;
use crate::domain::reconcile;
use crate::domain::signal::{Layer, SourceId};

impl Decision<'_> {
    pub(super) fn adopt(&mut self, adoption: &Adoption, operator: &Operator) {
        let (book, view) = (self.view.book, self.view);
        let key = (adoption.contract, adoption.product);
        let free = reconcile::unclaimed(book, view.rules, (key, view.now));
        let fits = free.is_some_and(|(direction, lots)| {
            direction == adoption.direction && lots >= adoption.lots
        });
        let instruments = &view.rules.instruments;
        let Some(spec) = instruments.spec(adoption.contract, view.today()) else {
            return;
        };
        let d = adoption.direction.gain(adoption.stop, adoption.price);
        if !fits || adoption.lots.is_zero() || d <= Points::ZERO {
            return;
        }
        let held = book.position_in(adoption.contract.instrument);
        let other = held.is_some_and(|one| {
            (one.contract, one.product, one.direction) != (key.0, key.1, adoption.direction)
        });
        if other {
            return;
        }
        let leg = LegId(operator.id);
        let labels = held.map(|one| book.legs_of(one.id)).unwrap_or_default();
        let highest = labels.iter().map(|leg| leg.layer.0).max().unwrap_or(0);
        self.say(Fact::LegOpened(Box::new(LegOpening {
            leg,
            position: held.map_or(PositionId(operator.id), |one| one.id),
            base: held.is_none(),
            layer: Layer(highest.saturating_add(1)),
            contract: adoption.contract,
            direction: adoption.direction,
            product: adoption.product,
            source: SourceId::OPERATOR,
            lots: adoption.lots,
            cost: Points::new(adoption.price.get() * adoption.lots.decimal()),
            stop: adoption.stop,
            target: None,
            atr: book
                .instruments
                .get(&adoption.contract.instrument)
                .and_then(|known| known.atr),
        })));
        self.say(Fact::RiskFixed {
            leg,
            risk: d.value(adoption.lots, spec.point_value),
        });
    }
}
