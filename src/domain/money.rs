//! Prices and money that cannot be confused.
//!
//! 1. A [`Price`] is positive; [`Price::new`] is the only door.
//! 2. `Price - Price` is [`Points`]; points times lots times a [`PointValue`] is [`Money`]; the
//!    rest does not compile.
//! 3. Nothing here panics within the bounds the edges enforce: prices to 10⁹, money to 10¹². What
//!    could leave 28 digits is checked and returns an `Option`.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use rust_decimal::Decimal;

use super::short::{self, tidy};

/// The highest price the edges let in, in rupees: 10⁹.
pub const PRICE_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

/// The largest amount of money the edges let in, in rupees: 10¹².
pub const MONEY_MAX: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// Places that points are kept to where they come from a division.
const POINT_PLACES: u32 = 8;

/// A positive price of one instrument, in its quoted unit.
#[derive(Clone, Copy)]
pub struct Price(Decimal);

/// A distance between two prices; negative when it points down.
#[derive(Clone, Copy, Default)]
pub struct Points(Decimal);

/// Rupees; negative when lost or owed.
#[derive(Clone, Copy, Default)]
pub struct Money(Decimal);

/// A percentage: `Percent(1.5)` is 1.5 %.
#[derive(Clone, Copy, Default)]
pub struct Percent(Decimal);

/// A plain factor: an ATR multiple, an efficiency ratio, a fill ratio.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ratio(Decimal);

/// Rupees that one lot gains when its price moves one point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointValue(Decimal);

/// A whole number of contracts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lots(u32);

/// A number of units as an exchange counts them (shares, grams, index units); never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(u64);

impl Price {
    /// Returns the price, or nothing when it is not above zero and at most [`PRICE_MAX`].
    #[inline]
    pub fn new(value: Decimal) -> Option<Self> {
        short::price(value).map(Self)
    }

    /// Returns the number inside.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// Returns this price moved by `by`, or nothing when that is no price.
    #[inline]
    pub fn moved(self, by: Points) -> Option<Self> {
        short::price_sum(self.0, by.0).map(Self)
    }

    /// Returns this price times `ratio`, or nothing when that is no price.
    #[inline]
    pub fn times(self, ratio: Ratio) -> Option<Self> {
        short::checked_product(self.0, ratio.0).and_then(Self::new)
    }

    /// Returns the sum of this price times lots.
    #[inline]
    pub fn of(self, lots: Lots) -> Points {
        Points(short::tidy_product(self.0, lots.decimal()))
    }

    /// Returns the distance to `other`, without its sign.
    #[inline]
    pub fn distance(self, other: Self) -> Points {
        Points(short::difference(self.0, other.0).abs())
    }
}

impl Points {
    /// No distance.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Returns the distance; any sign.
    #[inline]
    pub fn new(value: Decimal) -> Self {
        Self(tidy(value))
    }

    /// Returns the number inside.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// Returns the distance without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Returns this distance times `ratio`.
    #[must_use]
    #[inline]
    pub fn times(self, ratio: Ratio) -> Self {
        Self(short::product(self.0, ratio.0))
    }

    /// Returns the part of a sum of price times lots that one of so many lots is, to 8 places.
    pub fn each(self, lots: Lots) -> Option<Price> {
        short::tidy_quotient(self.0, lots.decimal(), POINT_PLACES).and_then(Price::new)
    }

    /// Returns the money that one lot gains over this distance; a sum of price times lots is one.
    #[inline]
    pub fn worth(self, point_value: PointValue) -> Money {
        Money(short::tidy_product(self.0, point_value.0))
    }

    /// Returns the money that `lots` gain over this distance.
    #[inline]
    pub fn value(self, lots: Lots, point_value: PointValue) -> Money {
        Money(short::tidy_product(
            short::product(self.0, lots.decimal()),
            point_value.0,
        ))
    }
}

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Returns the amount; any sign.
    #[inline]
    pub fn new(value: Decimal) -> Self {
        Self(tidy(value))
    }

    /// Returns whole rupees.
    pub fn rupees(value: i64) -> Self {
        Self(Decimal::from(value))
    }

    /// Returns the number inside.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// Returns the amount without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Returns `percent` of this amount, exactly.
    #[must_use]
    #[inline]
    pub fn percent(self, percent: Percent) -> Self {
        Self(short::tidy_percentage(self.0, percent.0))
    }

    /// Returns the amount rounded half up (away from zero at the half) to the paisa.
    #[must_use]
    #[inline]
    pub fn to_paisa(self) -> Self {
        if self.0.scale() <= 2 {
            return self;
        }
        Self(tidy(short::rounded(self.0, 2)))
    }

    /// Returns how many points of one lot this is, to 8 places, or nothing when that cannot be said.
    pub fn in_points(self, point_value: PointValue) -> Option<Points> {
        short::tidy_quotient(self.0, point_value.0, POINT_PLACES).map(Points)
    }

    /// Returns what part of `whole` this is in percent, or nothing when `whole` is not positive.
    pub fn percent_of(self, whole: Self) -> Option<Percent> {
        if whole.0 <= Decimal::ZERO {
            return None;
        }
        self.0
            .checked_mul(Decimal::ONE_HUNDRED)?
            .checked_div(whole.0)
            .map(Percent)
    }

    /// Returns this amount times `factor`.
    #[must_use]
    #[inline]
    pub fn times(self, factor: Decimal) -> Self {
        Self(short::tidy_product(self.0, factor))
    }
}

impl Percent {
    /// Returns the percentage; any sign.
    #[inline]
    pub fn new(value: Decimal) -> Self {
        Self(tidy(value))
    }

    /// Returns the number inside: 1.5 for 1.5 %.
    pub const fn get(self) -> Decimal {
        self.0
    }

    /// Returns the percentage as a factor: 0.015 for 1.5 %.
    pub fn ratio(self) -> Ratio {
        Ratio(short::tidy_product(self.0, Decimal::new(1, 2)))
    }
}

impl Ratio {
    /// One.
    pub const ONE: Self = Self(Decimal::ONE);
    /// A hundred.
    pub const HUNDRED: Self = Self(Decimal::ONE_HUNDRED);

    /// Returns the factor; any sign.
    #[inline]
    pub fn new(value: Decimal) -> Self {
        Self(tidy(value))
    }

    /// Returns the number inside.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl PointValue {
    /// Returns the value of a point, or nothing when it is not above zero.
    #[inline]
    pub fn new(value: Decimal) -> Option<Self> {
        short::price(value).map(Self)
    }

    /// Returns the number inside.
    pub const fn get(self) -> Decimal {
        self.0
    }
}

impl Lots {
    /// No lots.
    pub const ZERO: Self = Self(0);
    /// One lot.
    pub const ONE: Self = Self(1);

    /// Returns so many lots.
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// Returns the number inside.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Returns the number as a decimal.
    pub fn decimal(self) -> Decimal {
        Decimal::from(self.0)
    }

    /// Returns whether there are none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the difference, or none when `other` is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the sum; the edges keep it far below the limit of the type.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the units of so many lots.
    pub fn units(self, units_per_lot: u32) -> Quantity {
        Quantity(u64::from(self.0) * u64::from(units_per_lot))
    }

    /// Returns the whole lots in a non-negative decimal, cut; nothing when it does not fit.
    pub fn floor(value: Decimal) -> Option<Self> {
        use rust_decimal::prelude::ToPrimitive as _;
        value.floor().to_u32().map(Self)
    }
}

impl Quantity {
    /// No units.
    pub const ZERO: Self = Self(0);

    /// Returns so many units.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns the number inside.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Returns the number as a decimal.
    pub fn decimal(self) -> Decimal {
        Decimal::from(self.0)
    }

    /// Returns whether there are none.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the difference, or none when `other` is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// Returns the sum.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Returns the whole lots in this quantity and the units left over.
    pub fn lots(self, units_per_lot: u32) -> (Lots, Self) {
        let per_lot = u64::from(units_per_lot.max(1));
        let whole = self.0.div_euclid(per_lot);
        let lots = u32::try_from(whole).unwrap_or(u32::MAX);
        (Lots(lots), Self(self.0.rem_euclid(per_lot)))
    }
}

impl Sub for Price {
    type Output = Points;
    #[inline]
    fn sub(self, other: Self) -> Points {
        Points(short::difference(self.0, other.0))
    }
}

macro_rules! additive {
    ($($name:ident),*) => {$(
        impl Add for $name {
            type Output = Self;
            #[inline]
            fn add(self, other: Self) -> Self { Self(short::sum(self.0, other.0)) }
        }
        impl Sub for $name {
            type Output = Self;
            #[inline]
            fn sub(self, other: Self) -> Self { Self(short::difference(self.0, other.0)) }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self { Self(-self.0) }
        }
        impl AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: Self) { *self = *self + other; }
        }
        impl SubAssign for $name {
            #[inline]
            fn sub_assign(&mut self, other: Self) { *self = *self - other; }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
                let mut sum = Self::default();
                for item in items { sum += item; }
                sum
            }
        }
    )*};
}

// One impl block of five operators, three times over: sums are the same for each of them.
additive!(Points, Money, Percent);

macro_rules! ordered {
    ($($name:ident),*) => {$(
        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering { short::compared(self.0, other.0) }
        }
        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> { Some(self.cmp(other)) }
        }
        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool { self.cmp(other) == Ordering::Equal }
        }
        impl Eq for $name {}
        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) { self.0.hash(state); }
        }
    )*};
}

// What decisions compare all the time.
ordered!(Price, Points, Money, Percent);

macro_rules! identical {
    ($($name:ident),*) => {$(
        impl $name {
            /// Returns whether both are the same to the last zero behind the point; what is equal
            /// need not be.
            #[inline]
            pub fn is(self, other: Self) -> bool { short::are_identical(self.0, other.0) }
        }
    )*};
}

// What a figure is made of that is not made again.
identical!(Price, Points, Money, PointValue);

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
    )*};
}

shown!(
    Price, Points, Money, Percent, Ratio, PointValue, Lots, Quantity
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_positive_and_bounded() {
        assert!(Price::new(Decimal::ZERO).is_none());
        assert!(Price::new(Decimal::new(-1, 0)).is_none());
        assert!(Price::new(PRICE_MAX).is_some());
        assert!(Price::new(PRICE_MAX + Decimal::ONE).is_none());
        assert_eq!(MONEY_MAX, Decimal::from(1_000_000_000_000_i64));
    }

    #[test]
    fn points_times_lots_times_point_value_is_money() {
        let moved = Price::new(Decimal::new(5_080_000, 2)).unwrap()
            - Price::new(Decimal::new(50_000, 0)).unwrap();
        let value = moved.value(Lots::new(4), PointValue::new(Decimal::from(30)).unwrap());
        assert_eq!(value, Money::rupees(96_000));
    }

    #[test]
    fn the_paisa_is_rounded_half_up() {
        assert_eq!(
            Money::new(Decimal::new(10_005, 3)).to_paisa(),
            Money::new(Decimal::new(1001, 2))
        );
        assert_eq!(
            Money::new(Decimal::new(10_004, 3)).to_paisa(),
            Money::rupees(10)
        );
    }

    #[test]
    fn units_that_make_no_whole_lot_are_left_over() {
        assert_eq!(
            Quantity::new(100).lots(30),
            (Lots::new(3), Quantity::new(10))
        );
    }
}
