//! Quotients rounded to a few places, with one division and no 28 digits on the way.

use rust_decimal::Decimal;

use super::{Short, long, power, tidy};

/// Up to here a dividend, brought to the last place asked for, leaves the library's 28 digits no
/// room to round otherwise than the exact quotient does: see [`quotient`].
const DIVIDEND_MAX: u128 = 100_000_000_000_000_000_000_000_000;

/// The same of a divisor.
const DIVISOR_MAX: u64 = 1_000_000_000_000_000_000;

/// The same of the places.
const PLACES_MAX: u32 = 8;

/// Returns the quotient rounded to so many places, the half to the even digit; nothing where it is
/// none.
///
/// The library first comes to 28 digits, or to as many places, and then to these places. An inexact
/// quotient q of n over d is at least 1 / (2 d 10ᵖ) away from where its rounding to p places turns.
/// Below one the library is off by less than 10⁻²⁸, and 2 d 10ᵖ stays below 10²⁷; from one on it is
/// off by less than 10 q × 10⁻²⁸, and 20 d q 10ᵖ, which is twenty times the dividend in the last
/// place, stays below 10²⁸. So both round alike.
#[inline]
pub(in crate::domain) fn quotient(above: Decimal, below: Decimal, places: u32) -> Option<Decimal> {
    match short_quotient(above, below, places) {
        // What comes out even has as many places as the library finds it to have.
        Some((_, true)) | None => long::quotient(above, below, places),
        Some((quotient, false)) => Some(quotient.decimal()),
    }
}

/// Returns the same without zeros at its end.
#[inline]
pub(in crate::domain) fn tidy_quotient(
    above: Decimal,
    below: Decimal,
    places: u32,
) -> Option<Decimal> {
    match short_quotient(above, below, places) {
        Some((quotient, _)) => Some(quotient.tidied()),
        None => long::quotient(above, below, places).map(tidy),
    }
}

#[inline]
fn short_quotient(above: Decimal, below: Decimal, places: u32) -> Option<(Short, bool)> {
    let (above, below) = Short::pair(above, below)?;
    if above.size == 0 || places > PLACES_MAX || below.size > DIVISOR_MAX {
        return None;
    }
    let up = (below.scale + places).checked_sub(above.scale)?;
    let (size, rest) = divided(above.size, power(up)?, below.size)?;
    let twice = rest << 1;
    let more = twice > below.size || (twice == below.size && size & 1 == 1);
    let quotient = Short {
        size: size.checked_add(u64::from(more))?,
        scale: places,
        negative: above.negative != below.negative,
    };
    Some((quotient, rest == 0))
}

/// Returns the whole quotient and the rest of a product over a divisor. What 64 bits hold is divided
/// much faster.
#[inline]
fn divided(one: u64, other: u64, divisor: u64) -> Option<(u64, u64)> {
    if let Some(dividend) = one.checked_mul(other) {
        return dividend
            .checked_div(divisor)
            .zip(dividend.checked_rem(divisor));
    }
    let (dividend, divisor) = (u128::from(one) * u128::from(other), u128::from(divisor));
    if dividend > DIVIDEND_MAX {
        return None;
    }
    let (size, rest) = dividend
        .checked_div(divisor)
        .zip(dividend.checked_rem(divisor))?;
    u64::try_from(size).ok().zip(u64::try_from(rest).ok())
}
