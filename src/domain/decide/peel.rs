//! What a position must give up at a bar's close because it has outgrown its limits.

use super::Decision;
use crate::domain::book::{Leg, Position};
use crate::domain::fact::ExitReason;
use crate::domain::ids::SignalId;
use crate::domain::money::{Lots, Money, PointValue, Points, Price};
use crate::domain::sizing::{PeelAsk, peel_off};

/// A leg after a bar, with what of it is not leaving already.
pub(super) struct Standing<'l> {
    leg: &'l Leg,
    stop: Price,
    atr: Option<Points>,
    /// What an exit under way takes.
    leaving: Lots,
    /// What that exit has taken.
    gone: Lots,
}

impl<'l> Standing<'l> {
    /// Returns a leg of which all is leaving.
    pub(super) const fn gone(leg: &'l Leg) -> Self {
        Self {
            leg,
            stop: leg.stop,
            atr: leg.atr,
            leaving: leg.lots,
            gone: Lots::ZERO,
        }
    }

    const fn stays(&self) -> Lots {
        self.leg.lots.less(self.leaving)
    }

    fn risk(&self, close: Price, point_value: PointValue) -> Money {
        let open = self.leg.direction.gain(self.stop, close);
        open.max(Points::ZERO).value(self.stays(), point_value)
    }

    fn volatility(&self, point_value: PointValue) -> Money {
        let known = self.atr.filter(|atr| *atr > Points::ZERO);
        let reach = known.unwrap_or_else(|| self.leg.entry.distance(self.leg.first_stop));
        reach.value(self.stays(), point_value)
    }
}

impl Decision<'_> {
    /// Returns a leg with what of it is leaving already.
    pub(super) fn stands<'l>(
        &self,
        leg: &'l Leg,
        stop: Price,
        atr: Option<Points>,
    ) -> Standing<'l> {
        let exit = self.view.book.exit_of(leg.id);
        Standing {
            leg,
            stop,
            atr,
            leaving: exit.map_or(Lots::ZERO, |exit| exit.leaving(leg.lots)),
            gone: exit.map_or(Lots::ZERO, |exit| exit.filled),
        }
    }

    /// Reduces a position whose open risk or volatility is beyond its ongoing limits, the newest
    /// leg first; what is leaving already counts as gone.
    pub(super) fn peel(
        &mut self,
        position: &Position,
        legs: &[Standing<'_>],
        (close, signal): (Price, Option<SignalId>),
    ) {
        let view = self.view;
        if !view.rules.stops.peel_off {
            return;
        }
        let equity = || view.book.equity(view.rules, view.now).limit();
        let mut left = self.outgrown(position, legs, (close, equity));
        for one in legs.iter().rev() {
            let part = left.min(one.stays());
            if part.is_zero() {
                continue;
            }
            left = left.less(part);
            let all = part == one.stays();
            let lots = (!all).then(|| one.gone.plus(one.leaving).plus(part));
            self.reduce_leg(one.leg, (ExitReason::PeelOff, signal), lots);
        }
    }

    /// Returns how many lots of a position are beyond its ongoing limits.
    pub(super) fn outgrown(
        &self,
        position: &Position,
        legs: &[Standing<'_>],
        (close, equity): (Price, impl FnOnce() -> Money),
    ) -> Lots {
        let rules = self.view.rules;
        let (Some(limits), Some(spec)) = (
            rules.of(position.contract.instrument),
            rules.instruments.spec(position.contract, self.view.today()),
        ) else {
            return Lots::ZERO;
        };
        let stay = legs.iter().map(Standing::stays);
        let lots = stay.fold(Lots::ZERO, Lots::plus);
        if lots.is_zero() {
            return lots;
        }
        let value = spec.point_value;
        peel_off(&PeelAsk {
            equity: equity(),
            position_risk: legs.iter().map(|leg| leg.risk(close, value)).sum(),
            position_vol: legs.iter().map(|leg| leg.volatility(value)).sum(),
            lots,
            ongoing_risk: limits.ongoing_risk,
            ongoing_vol: limits.ongoing_volatility,
        })
        .lots
    }
}
