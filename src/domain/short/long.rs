//! The library's arithmetic, kept out of the short one's way: rarely needed, and long.

use core::cmp::Ordering;

use rust_decimal::Decimal;

#[cold]
#[inline(never)]
pub(super) fn tidy(value: Decimal) -> Decimal {
    value.normalize()
}

#[cold]
#[inline(never)]
pub(super) fn product(one: Decimal, other: Decimal) -> Decimal {
    one * other
}

#[cold]
#[inline(never)]
pub(super) fn sum(one: Decimal, other: Decimal) -> Decimal {
    one + other
}

#[cold]
#[inline(never)]
pub(super) fn difference(one: Decimal, other: Decimal) -> Decimal {
    one - other
}

#[cold]
#[inline(never)]
pub(super) fn checked_product(one: Decimal, other: Decimal) -> Option<Decimal> {
    one.checked_mul(other)
}

#[cold]
#[inline(never)]
pub(super) fn checked_sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    one.checked_add(other)
}

#[inline(never)]
pub(super) fn quotient(above: Decimal, below: Decimal, places: u32) -> Option<Decimal> {
    let exact = above.checked_div(below)?;
    Some(exact.round_dp(places))
}

#[cold]
#[inline(never)]
pub(super) fn compared(one: Decimal, other: Decimal) -> Ordering {
    one.cmp(&other)
}
