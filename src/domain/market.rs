//! Rounding to what an exchange accepts.
//!
//! 1. A rounded price is a whole number of ticks, exactly; no division is involved.
//! 2. Every rounding names its direction. Stops go to the side that risks less, limits to the side
//!    that pays less.
//! 3. The result is a price always: never below one tick, never above the highest whole tick that
//!    is a price.

use rust_decimal::Decimal;

use super::money::{PRICE_MAX, Percent, Points, Price};
use super::order::{Direction, Side};
use super::short;

/// The smallest step of a price; above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(Points);

/// The tick by price level: exchanges widen it as the price rises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TickTable {
    /// In force up to and including `to`, in rising order of `to`.
    steps: Vec<TickStep>,
    /// In force above the last step.
    above: Tick,
}

/// One row of a [`TickTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TickStep {
    /// The highest price it is in force for.
    pub to: Price,
    /// The tick up to there.
    pub tick: Tick,
}

impl Tick {
    /// Returns the tick, or nothing when it is not above zero or larger than any price.
    pub fn new(value: Decimal) -> Option<Self> {
        (value > Decimal::ZERO && value <= PRICE_MAX).then(|| Self(Points::new(value)))
    }

    /// Returns the number inside.
    pub const fn get(self) -> Decimal {
        self.0.get()
    }

    /// Returns the tick as a distance.
    pub const fn points(self) -> Points {
        self.0
    }
}

impl TickTable {
    /// Returns a table with the same tick at every price.
    pub const fn flat(tick: Tick) -> Self {
        Self {
            steps: Vec::new(),
            above: tick,
        }
    }

    /// Returns the table, or nothing unless the steps rise.
    pub fn new(steps: Vec<TickStep>, above: Tick) -> Option<Self> {
        let rising = steps
            .iter()
            .zip(steps.iter().skip(1))
            .all(|(lower, upper)| lower.to < upper.to);
        rising.then_some(Self { steps, above })
    }

    /// Returns the tick in force at `price`.
    #[inline]
    pub fn at(&self, price: Price) -> Tick {
        self.steps
            .iter()
            .find(|step| price <= step.to)
            .map_or(self.above, |step| step.tick)
    }

    /// Returns the rows and the tick above them, for display.
    pub fn rows(&self) -> (&[TickStep], Tick) {
        (&self.steps, self.above)
    }
}

/// Returns whether `price` is a whole number of ticks.
pub fn is_on_tick(price: Price, tick: Tick) -> bool {
    beyond(price.get(), tick).is_zero()
}

/// Returns the nearest whole tick at or below `price`.
pub fn round_down(price: Price, tick: Tick) -> Price {
    let below = short::difference(price.get(), beyond(price.get(), tick));
    clamped(below, price, tick)
}

/// Returns the nearest whole tick at or above `price`.
pub fn round_up(price: Price, tick: Tick) -> Price {
    let beyond = beyond(price.get(), tick);
    if beyond.is_zero() {
        return price;
    }
    let below = short::difference(price.get(), beyond);
    clamped(short::sum(below, tick.get()), price, tick)
}

/// Returns the stop on the tick at the side that risks less: up for a long, down for a short.
pub fn stop_rounded(price: Price, direction: Direction, tick: Tick) -> Price {
    match direction {
        Direction::Long => round_up(price, tick),
        Direction::Short => round_down(price, tick),
    }
}

/// Returns the limit on the tick at the side that pays less: down for a buy, up for a sell.
pub fn limit_rounded(price: Price, side: Side, tick: Tick) -> Price {
    match side {
        Side::Buy => round_down(price, tick),
        Side::Sell => round_up(price, tick),
    }
}

/// Returns the worst price an order may trade at: `percent` beyond the quote, on the tick.
pub fn protected(quote: Price, side: Side, percent: Percent, tick: Tick) -> Price {
    let room = quote.get() * percent.ratio().get();
    let bound = match side {
        Side::Buy => quote.get() + room,
        Side::Sell => quote.get() - room,
    };
    match Price::new(bound.min(PRICE_MAX)) {
        Some(price) => limit_rounded(price, side, tick),
        None => round_up(quote.min(lowest(tick, quote)), tick),
    }
}

/// Returns how far `value` is above the whole tick below it.
fn beyond(value: Decimal, tick: Tick) -> Decimal {
    short_beyond(value, tick.get())
        .unwrap_or_else(|| value.checked_rem(tick.get()).unwrap_or(Decimal::ZERO))
}

/// Returns the same where 64 bits hold both numbers in the last place of either: a price always.
fn short_beyond(value: Decimal, tick: Decimal) -> Option<Decimal> {
    let places = value.scale().max(tick.scale());
    let [value, tick] = [value, tick].map(|one| {
        let size = u64::try_from(one.mantissa()).ok()?;
        size.checked_mul(10_u64.checked_pow(places - one.scale())?)
    });
    let rest = i64::try_from(value?.checked_rem(tick?)?).ok()?;
    Some(Decimal::new(rest, places))
}

/// Returns `value` as a price between one tick and the highest whole tick; `price` is what it came
/// from, on the way there.
fn clamped(value: Decimal, price: Price, tick: Tick) -> Price {
    if short::compared(value, Decimal::ZERO).is_le() {
        return lowest(tick, price);
    }
    if short::compared(value, short::difference(PRICE_MAX, tick.get())).is_le() {
        return Price::new(value).unwrap_or(price); // a whole tick above it is a price still
    }
    let highest = PRICE_MAX - beyond(PRICE_MAX, tick);
    Price::new(value.min(highest)).unwrap_or(price)
}

/// Returns one tick as a price.
fn lowest(tick: Tick, otherwise: Price) -> Price {
    Price::new(tick.get()).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        Price::new(text.parse().unwrap()).unwrap()
    }

    fn tick(text: &str) -> Tick {
        Tick::new(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_stop_moves_to_the_side_that_risks_less() {
        let fifth = tick("0.20");
        let stop = price("51650.07");
        assert_eq!(
            stop_rounded(stop, Direction::Long, fifth),
            price("51650.20")
        );
        assert_eq!(stop_rounded(stop, Direction::Short, fifth), price("51650"));
        assert_eq!(
            stop_rounded(price("51650.2"), Direction::Long, fifth),
            price("51650.2")
        );
    }

    #[test]
    fn a_limit_never_pays_more_than_was_allowed() {
        // scenario 15: 52,060 x 1.005 = 52,320.30, down to the tick
        let half = Percent::new(Decimal::new(5, 1));
        let fifth = tick("0.20");
        assert_eq!(
            protected(price("52060"), Side::Buy, half, fifth),
            price("52320.20")
        );
        assert_eq!(
            protected(price("52060"), Side::Sell, half, fifth),
            price("51799.80")
        );
    }

    #[test]
    fn the_result_is_always_a_price_on_the_tick() {
        let coarse = tick("0.05");
        assert_eq!(round_down(price("0.03"), coarse), price("0.05"));
        assert_eq!(
            round_up(Price::new(PRICE_MAX).unwrap(), tick("0.3")),
            price("999999999.9")
        );
        let all = Percent::new(Decimal::from(100));
        assert_eq!(
            protected(price("7"), Side::Sell, all, coarse),
            price("0.05")
        );
        assert_eq!(
            protected(price("1000000000"), Side::Buy, all, coarse),
            price("1000000000")
        );
        assert!(is_on_tick(price("7.15"), coarse) && !is_on_tick(price("7.16"), coarse));
    }

    #[test]
    fn the_tick_widens_with_the_price() {
        let step = |to: &str, size: &str| TickStep {
            to: price(to),
            tick: tick(size),
        };
        let table = TickTable::new(
            vec![step("15000", "0.05"), step("30000", "0.1")],
            tick("0.2"),
        )
        .unwrap();
        assert_eq!(table.at(price("15000")), tick("0.05"));
        assert_eq!(table.at(price("15000.05")), tick("0.1"));
        assert_eq!(table.at(price("58000")), tick("0.2"));
        assert!(TickTable::new(vec![step("2", "0.05"), step("2", "0.1")], tick("0.2")).is_none());
    }
}
