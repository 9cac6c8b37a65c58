//! Does the broker count an instrument as our rules say?
//!
//! A quantity in the wrong unit is an order a hundred times too large or too small. The margin it
//! asks for one lot shows its unit best; where it tells none, its list of symbols does. A size in
//! its position book that is off by exactly the units of a lot raises a doubt and never a repair.

use rust_decimal::Decimal;

use super::Decision;
use crate::domain::fact::Fact;
use crate::domain::input::UnitsSeen;
use crate::domain::instrument::{Instrument, Margin, OrderQuantity, Spec};
use crate::domain::money::{Lots, Money};

/// What a reading shows.
enum Shown {
    Proof,
    Doubt(String, String),
    Nothing,
}

impl Decision<'_> {
    pub(super) fn units(&mut self, seen: &UnitsSeen) {
        let (view, ix) = (self.view, seen.contract.instrument);
        let instruments = &view.rules.instruments;
        let (Some(instrument), Some(spec)) = (
            instruments.get(ix),
            instruments.spec(seen.contract, view.today()),
        ) else {
            return;
        };
        let known = view.book.instruments.get(&ix);
        let doubted = known.is_some_and(|known| known.units_doubted);
        let proved = known.and_then(|known| known.units_on) == Some(view.today());
        match self.units_shown(seen, (instrument, spec)) {
            Shown::Proof if doubted || !proved => {
                let (instrument, on) = (ix, view.today());
                let fact = Fact::UnitsProved { instrument, on };
                // two contracts of one instrument may prove it together
                if !self.facts.contains(&fact) {
                    self.say(fact);
                }
            }
            Shown::Doubt(ours, theirs) if !doubted => self.say(Fact::UnitsDoubted {
                instrument: ix,
                ours,
                theirs,
            }),
            Shown::Proof | Shown::Doubt(..) | Shown::Nothing => {}
        }
    }

    fn units_shown(&self, seen: &UnitsSeen, (instrument, spec): (&Instrument, &Spec)) -> Shown {
        let lot = spec.units_per_lot;
        if let Some(listed) = seen.lot.filter(|listed| *listed != 1 && *listed != lot) {
            return Shown::Doubt(format!("a lot of {lot}"), format!("a lot of {listed}"));
        }
        let mark = self.view.book.marks.contracts.get(&seen.contract);
        let ours = match spec.margin {
            Margin::PerLot(amount) => Some(amount),
            Margin::OfPrice { .. } => {
                mark.map(|mark| spec.margin_per_lot(mark.quote.price, instrument.product))
            }
        };
        if let (Some(ours), Some(theirs)) = (ours, seen.margin) {
            return if is_near(ours, theirs, lot) {
                Shown::Proof
            } else {
                let of_one = |margin| format!("{margin} for one lot");
                Shown::Doubt(of_one(ours), of_one(theirs))
            };
        }
        if let Some(doubt) = self.off_by_a_lot(seen, instrument.per_lot(spec), lot) {
            return doubt;
        }
        match (instrument.order_quantity, seen.lot) {
            (OrderQuantity::Units, Some(listed)) if listed == lot => Shown::Proof,
            (OrderQuantity::Lots, Some(1)) => Shown::Proof,
            (OrderQuantity::Units | OrderQuantity::Lots, _) => Shown::Nothing,
        }
    }

    /// Returns the doubt that a position raises whose size differs by exactly the units of a lot.
    fn off_by_a_lot(&self, seen: &UnitsSeen, per_lot: u32, lot: u32) -> Option<Shown> {
        let theirs = seen.held?.get();
        let legs = self.view.book.legs.values();
        let held = legs.filter(|leg| leg.is_open() && leg.contract == seen.contract);
        let held = held.fold(Lots::ZERO, |sum, leg| sum.plus(leg.lots));
        let ours = held.units(per_lot).get();
        let times = |quantity: u64| quantity.checked_mul(u64::from(lot));
        let off =
            lot > 1 && ours > 0 && (times(ours) == Some(theirs) || times(theirs) == Some(ours));
        off.then(|| Shown::Doubt(format!("{ours} held"), format!("{theirs} held")))
    }
}

/// Returns whether two margins of one lot are nearer to each other than to a factor of the units of
/// a lot: nearer than its square root, compared in squares.
fn is_near(ours: Money, theirs: Money, lot: u32) -> bool {
    let square = |money: Money| money.get().checked_mul(money.get());
    let (Some(ours), Some(theirs)) = (square(ours), square(theirs)) else {
        return false;
    };
    let scaled = |square: Decimal| {
        square
            .checked_mul(Decimal::from(lot))
            .unwrap_or(Decimal::MAX)
    };
    lot <= 1 || (theirs < scaled(ours) && ours < scaled(theirs))
}
