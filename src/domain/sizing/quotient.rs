//! Exact quotients of products, for comparing and for showing.
//!
//! 1. [`Quotient::of`] multiplies first and divides once, in whole numbers: what it cuts off is
//!    less than 10⁻¹⁸, so a whole quotient is whole and its floor is the exact floor.
//! 2. It is total: any decimals go in. What fits 128 bits takes the short way; the rest is divided
//!    by hand in `Wide`.

use core::fmt;
use core::str::FromStr;

use rust_decimal::Decimal;

use super::wide::Wide;
use crate::domain::money::{Lots, Points};

/// Decimal places kept.
const PLACES: u32 = 18;

/// One whole in the last place kept.
const ONE: i128 = 1_000_000_000_000_000_000;

/// The powers of ten that 128 bits hold.
const POWERS: [u128; 39] = powers();

const fn powers() -> [u128; 39] {
    let mut powers = [1; 39];
    let mut rest: &mut [u128] = &mut powers;
    let mut power: u128 = 1;
    while let [first, others @ ..] = rest {
        *first = power;
        power = power.wrapping_mul(10);
        rest = others;
    }
    powers
}

/// How many lots a constraint allows, cut toward zero at 18 places; may be negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quotient(i128);

/// A text that is no quotient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal of at most 18 places")]
pub struct BadQuotient;

impl Quotient {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Returns the product of `above` over the product of `below`.
    ///
    /// Nothing when `below` is not positive: what cannot be measured allows nothing. More than
    /// 10²⁰ is shown as the largest number there is.
    pub fn of(above: [Decimal; 3], below: [Decimal; 3]) -> Self {
        let numerator = Product::of(above);
        let denominator = Product::of(below);
        if denominator.negative || denominator.is_zero() || numerator.is_zero() {
            return Self::ZERO;
        }
        let size = numerator.over(&denominator);
        let size = i128::try_from(size).unwrap_or(i128::MAX);
        Self(if numerator.negative { -size } else { size })
    }

    /// Returns the whole lots in it: cut, and none when it is negative.
    pub fn lots(self) -> Lots {
        let whole = self.0.div_euclid(ONE).max(0);
        Lots::new(u32::try_from(whole).unwrap_or(u32::MAX))
    }

    /// Returns the largest whole number that is not above it.
    pub fn floor(self) -> i64 {
        let whole = self.0.div_euclid(ONE);
        i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX })
    }

    /// Returns it times `above` over `below`, cut toward zero.
    #[must_use]
    pub(super) fn scaled(self, above: u32, below: u32) -> Self {
        let below = i128::from(below.max(1));
        let product = self.0.checked_mul(i128::from(above));
        let product = product.unwrap_or(i128::MAX);
        Self(product.div_euclid(below))
    }

    /// Returns so many whole lots.
    pub(super) fn whole(lots: Lots) -> Self {
        Self(i128::from(lots.get()).saturating_mul(ONE))
    }

    /// Returns it as a distance, cut to `places`; nothing when it is too large for one.
    pub(super) fn points(self, places: u32) -> Option<Points> {
        let exact = Decimal::try_from_i128_with_scale(self.0, PLACES).ok()?;
        Some(Points::new(exact.trunc_with_scale(places)))
    }
}

impl fmt::Display for Quotient {
    /// Writes all places without trailing zeros, or exactly as many as asked for, cut.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        let one = ONE.unsigned_abs();
        let (whole, part) = (size.div_euclid(one), size.rem_euclid(one));
        let digits = format!("{part:018}");
        let digits = match f.precision() {
            Some(places) => digits.get(..places).unwrap_or(&digits),
            None => digits.trim_end_matches('0'),
        };
        let sign = if self.0 < 0 { "-" } else { "" };
        let point = if digits.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{digits}")
    }
}

impl fmt::Debug for Quotient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quotient({self})")
    }
}

impl FromStr for Quotient {
    type Err = BadQuotient;
    fn from_str(text: &str) -> Result<Self, BadQuotient> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(part) || part.len() > 18 {
            return Err(BadQuotient);
        }
        let size: i128 = format!("{whole}{part:0<18}")
            .parse()
            .map_err(|_too_large| BadQuotient)?;
        Ok(Self(if negative { -size } else { size }))
    }
}

/// A product of decimals that has not been multiplied out yet.
struct Product {
    factors: [u128; 3],
    /// How many decimal places the product has.
    scale: u32,
    negative: bool,
}

impl Product {
    fn of(values: [Decimal; 3]) -> Self {
        Self {
            factors: values.map(|value| value.mantissa().unsigned_abs()),
            scale: values.iter().map(Decimal::scale).sum(),
            negative: values
                .iter()
                .fold(false, |sign, value| sign != value.is_sign_negative()),
        }
    }

    fn is_zero(&self) -> bool {
        self.factors.contains(&0)
    }

    /// Returns this over `below` in 10⁻¹⁸, cut.
    fn over(&self, below: &Self) -> u128 {
        let up = below.scale.saturating_add(PLACES);
        let (raise, lower) = (up.saturating_sub(self.scale), self.scale.saturating_sub(up));
        let short = self.multiplied(raise).zip(below.multiplied(lower));
        match short {
            Some((numerator, denominator)) => {
                numerator.checked_div(denominator).unwrap_or(u128::MAX)
            }
            None => Wide::product(self.factors, raise).over(&Wide::product(below.factors, lower)),
        }
    }

    /// Returns the factors and that power of ten multiplied out, when that fits 128 bits.
    fn multiplied(&self, power: u32) -> Option<u128> {
        let ten = *POWERS.get(usize::try_from(power).ok()?)?;
        let factors = self.factors.iter().filter(|factor| **factor != 1);
        factors.copied().try_fold(ten, multiplied)
    }
}

/// Returns a product, when that fits 128 bits. Mostly one of the two is short, and then no more than
/// two machine words are multiplied.
fn multiplied(one: u128, other: u128) -> Option<u128> {
    match (u64::try_from(one), u64::try_from(other)) {
        (Ok(one), Ok(other)) => Some(u128::from(one) * u128::from(other)),
        _ => one.checked_mul(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str_exact(text).unwrap()
    }

    fn quotient(above: &str, below: &str) -> Quotient {
        let one = Decimal::ONE;
        Quotient::of([decimal(above), one, one], [decimal(below), one, one])
    }

    #[test]
    fn quotients_are_cut_toward_zero_at_eighteen_places() {
        assert_eq!(
            quotient("3000000", "105000").to_string(),
            "28.571428571428571428"
        );
        assert_eq!(
            quotient("-60000", "105000").to_string(),
            "-0.571428571428571428"
        );
        assert_eq!(quotient("41000", "10000").to_string(), "4.1");
        assert_eq!(quotient("42000", "6000").to_string(), "7");
        assert_eq!(quotient("1", "0").to_string(), "0");
        assert_eq!(format!("{:.2}", quotient("28.579", "1")), "28.57");
        assert_eq!(format!("{:.2}", quotient("9", "1")), "9.00");
    }

    #[test]
    fn the_floor_of_a_negative_quotient_is_below_it_and_its_lots_are_none() {
        let short = quotient("-60000", "105000");
        assert_eq!((short.floor(), short.lots()), (-1, Lots::ZERO));
    }

    #[test]
    fn quotients_read_back_as_they_were_written() {
        for text in [
            "0",
            "-0.571428571428571428",
            "4.1",
            "833333333333.333333333333333333",
        ] {
            assert_eq!(text.parse::<Quotient>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "-",
            ".5",
            "1.",
            "1e3",
            "+1",
            "0.1234567890123456789",
            "1,5",
        ] {
            assert_eq!(text.parse::<Quotient>(), Err(BadQuotient), "{text}");
        }
    }

    #[test]
    fn numbers_of_twenty_eight_digits_are_divided_exactly() {
        let long = decimal("7.000000000000000000000000001");
        let exact = Quotient::of([long, long, long], [long, long, Decimal::ONE]);
        assert_eq!(exact.to_string(), "7");
        let just_below = decimal("6.999999999999999999999999999");
        let below = Quotient::of([just_below, long, long], [long, long, Decimal::ONE]);
        assert_eq!(below.lots(), Lots::new(6));
        assert_eq!(below.to_string(), "6.999999999999999999");
    }

    #[test]
    fn what_no_number_holds_is_the_largest() {
        let huge = Quotient::of([Decimal::MAX; 3], [Decimal::new(1, 28); 3]);
        assert_eq!(huge.lots(), Lots::new(u32::MAX));
    }
}
