//! The arithmetic of short decimals: those whose digits fit 64 bits, as all prices and nearly all
//! amounts do.
//!
//! 1. Each function returns what the library returns, to the last zero behind the point; what does
//!    not fit goes the library's way.
//! 2. Nothing here rounds but [`rounded`], [`rounded_even`] and the quotients, and they say how.

#![expect(
    clippy::inline_always,
    reason = "a call costs as much as the sum: where the compiler chooses, half of them are calls"
)]

mod long;
mod quotient;
#[cfg(test)]
mod tests;

use core::cmp::Ordering;

pub(super) use quotient::{quotient, tidy_quotient};
use rust_decimal::{Decimal, RoundingStrategy};

use super::money::PRICE_MAX;

/// The powers of ten that 64 bits hold.
const POWERS: [u64; 20] = powers();

const fn powers() -> [u64; 20] {
    let mut powers = [1; 20];
    let mut rest: &mut [u64] = &mut powers;
    let mut power: u64 = 1;
    while let [first, others @ ..] = rest {
        *first = power;
        power = power.wrapping_mul(10);
        rest = others;
    }
    powers
}

/// A decimal in parts.
#[derive(Clone, Copy)]
struct Short {
    size: u64,
    scale: u32,
    negative: bool,
}

impl Short {
    #[inline(always)]
    fn of(value: Decimal) -> Option<Self> {
        let parts = value.unpack();
        (parts.hi == 0).then(|| Self {
            size: (u64::from(parts.mid) << 32) | u64::from(parts.lo),
            scale: parts.scale,
            negative: parts.negative,
        })
    }

    #[inline(always)]
    fn pair(one: Decimal, other: Decimal) -> Option<(Self, Self)> {
        Self::of(one).zip(Self::of(other))
    }

    #[inline(always)]
    fn decimal(self) -> Decimal {
        let low = u32::try_from(self.size & u64::from(u32::MAX)).unwrap_or(0);
        let high = u32::try_from(self.size >> 32).unwrap_or(0);
        Decimal::from_parts(low, high, 0, self.negative, self.scale)
    }

    /// Returns the sum.
    #[inline(always)]
    fn plus(self, other: Self) -> Option<Self> {
        let (left, right, scale) = aligned(self, other)?;
        let (size, negative) = if self.negative == other.negative {
            (left.checked_add(right)?, self.negative)
        } else if left >= right {
            (left - right, self.negative)
        } else {
            (right - left, other.negative)
        };
        Some(Self {
            size,
            scale,
            negative,
        })
    }

    /// Returns whether its size is at most 10⁹.
    #[inline(always)]
    fn is_at_most_billion(self) -> Option<bool> {
        let most = power(self.scale)?.checked_mul(power(9)?);
        // more than 64 bits hold: no short number is larger
        Some(most.is_none_or(|most| self.size <= most))
    }

    /// Returns it without zeros at its end.
    #[inline(always)]
    fn tidied(mut self) -> Decimal {
        if self.size == 0 {
            return Decimal::ZERO;
        }
        // A number that ends in zero is even: most need only this question.
        while self.scale > 0 && self.size & 1 == 0 && self.size.is_multiple_of(10) {
            (self.size, self.scale) = (self.size.div_euclid(10), self.scale - 1);
        }
        self.decimal()
    }
}

#[inline(always)]
fn power(places: u32) -> Option<u64> {
    POWERS.get(usize::try_from(places).ok()?).copied()
}

/// Returns a number without zeros at its end.
#[inline(always)]
pub(super) fn tidy(value: Decimal) -> Decimal {
    match Short::of(value) {
        Some(short) => short.tidied(),
        None => long::tidy(value),
    }
}

/// Returns the product of two short numbers in parts, with all its places.
#[inline(always)]
fn multiplied(one: Decimal, other: Decimal) -> Option<Short> {
    let (one, other) = Short::pair(one, other)?;
    let product = Short {
        size: one.size.checked_mul(other.size)?,
        scale: one.scale + other.scale,
        negative: one.negative != other.negative,
    };
    (product.scale <= Decimal::MAX_SCALE).then_some(product)
}

/// Returns the product; nothing times anything has no places.
#[inline(always)]
pub(super) fn product(one: Decimal, other: Decimal) -> Decimal {
    match multiplied(one, other) {
        Some(product) if product.size == 0 => Decimal::ZERO,
        Some(product) => product.decimal(),
        None => long::product(one, other),
    }
}

/// Returns the product, or nothing where it is no number.
#[inline(always)]
pub(super) fn checked_product(one: Decimal, other: Decimal) -> Option<Decimal> {
    match multiplied(one, other) {
        Some(product) if product.size == 0 => Some(Decimal::ZERO),
        Some(product) => Some(product.decimal()),
        None => long::checked_product(one, other),
    }
}

/// Returns the product without zeros at its end.
#[inline(always)]
pub(super) fn tidy_product(one: Decimal, other: Decimal) -> Decimal {
    match multiplied(one, other) {
        Some(product) => product.tidied(),
        None => long::tidy(long::product(one, other)),
    }
}

/// Returns a hundredth of the product without zeros at its end.
#[inline(always)]
pub(super) fn tidy_percentage(one: Decimal, other: Decimal) -> Decimal {
    let hundredth = multiplied(one, other).map(|product| Short {
        scale: product.scale + 2,
        ..product
    });
    match hundredth.filter(|one| one.scale <= Decimal::MAX_SCALE) {
        Some(short) => short.tidied(),
        None => tidy_product(product(one, other), Decimal::new(1, 2)),
    }
}

/// Returns the sum.
#[inline(always)]
pub(super) fn sum(one: Decimal, other: Decimal) -> Decimal {
    match added(one, other) {
        Some(sum) => sum,
        None => long::sum(one, other),
    }
}

/// Returns the sum, or nothing where it is no number.
#[inline(always)]
pub(super) fn checked_sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    added(one, other).or_else(|| long::checked_sum(one, other))
}

/// Returns what is left of the one without the other.
#[inline(always)]
pub(super) fn difference(one: Decimal, other: Decimal) -> Decimal {
    // What is taken away from nothing is the library's: it has its own word on the sign.
    let known = if one.is_zero() {
        None
    } else {
        added(one, -other)
    };
    match known {
        Some(left) => left,
        None => long::difference(one, other),
    }
}

#[inline(always)]
fn added(one: Decimal, other: Decimal) -> Option<Decimal> {
    let (a, b) = Short::pair(one, other)?;
    if a.size == 0 {
        return Some(other);
    }
    if b.size == 0 {
        return Some(one);
    }
    Some(a.plus(b)?.decimal())
}

/// Returns the sum as [`price`] returns it.
#[inline(always)]
pub(super) fn price_sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    let short = Short::pair(one, other).and_then(|(a, b)| {
        let sum = a.plus(b)?;
        Some((sum, sum.is_at_most_billion()?))
    });
    match short {
        Some((sum, within)) => (sum.size != 0 && !sum.negative && within).then(|| sum.tidied()),
        None => checked_sum(one, other).and_then(price),
    }
}

/// Returns a number that is above zero and at most 10⁹, without zeros at its end.
#[inline(always)]
pub(super) fn price(value: Decimal) -> Option<Decimal> {
    let within = match Short::of(value).and_then(Short::is_at_most_billion) {
        Some(within) => within,
        None => long::compared(value, PRICE_MAX).is_le(),
    };
    (within && !value.is_zero() && value.is_sign_positive()).then(|| tidy(value))
}

/// Returns the digits of two numbers with as many places as either has.
#[inline(always)]
fn aligned(a: Short, b: Short) -> Option<(u64, u64, u32)> {
    let raised = |low: Short, scale: u32| low.size.checked_mul(power(scale - low.scale)?);
    match a.scale.cmp(&b.scale) {
        Ordering::Equal => Some((a.size, b.size, a.scale)),
        Ordering::Less => Some((raised(a, b.scale)?, b.size, b.scale)),
        Ordering::Greater => Some((a.size, raised(b, a.scale)?, a.scale)),
    }
}

/// Returns whether two numbers are the same to the last zero behind the point.
#[inline(always)]
pub(super) fn are_identical(one: Decimal, other: Decimal) -> bool {
    one.unpack() == other.unpack()
}

/// Returns which of two numbers is the larger.
#[inline(always)]
pub(super) fn compared(one: Decimal, other: Decimal) -> Ordering {
    let short = Short::pair(one, other).and_then(|(a, b)| {
        if a.scale == b.scale && !a.negative && !b.negative {
            return Some(a.size.cmp(&b.size)); // as prices of one instrument are
        }
        if a.size == 0 || b.size == 0 || a.negative != b.negative {
            let side = |one: Short| i8::from(one.size != 0) * if one.negative { -1 } else { 1 };
            return Some(side(a).cmp(&side(b)));
        }
        let (left, right, _) = aligned(a, b)?;
        let order = left.cmp(&right);
        Some(if a.negative { order.reverse() } else { order })
    });
    match short {
        Some(order) => order,
        None => long::compared(one, other),
    }
}

/// Returns the number rounded to so many places, the half away from zero.
#[inline(always)]
pub(super) fn rounded(value: Decimal, places: u32) -> Decimal {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    cut(value, places, |rest, half, _| rest >= half)
        .unwrap_or_else(|| value.round_dp_with_strategy(places, strategy))
}

/// Returns the number rounded to so many places, the half to the even digit.
#[inline(always)]
pub(super) fn rounded_even(value: Decimal, places: u32) -> Decimal {
    let up = |rest: u64, half: u64, size: u64| rest > half || (rest == half && size & 1 == 1);
    cut(value, places, up).unwrap_or_else(|| value.round_dp(places))
}

#[inline(always)]
fn cut(value: Decimal, places: u32, up: impl Fn(u64, u64, u64) -> bool) -> Option<Decimal> {
    let value = Short::of(value).filter(|one| one.scale > places && one.size != 0)?;
    let unit = power(value.scale - places)?;
    let (size, rest) = (value.size.checked_div(unit)?, value.size.checked_rem(unit)?);
    let more = up(rest, unit >> 1, size);
    let cut = Short {
        size: size.checked_add(u64::from(more))?,
        scale: places,
        ..value
    };
    Some(cut.decimal())
}
