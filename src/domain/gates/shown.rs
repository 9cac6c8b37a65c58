//! Quotients as a record shows them: no gate decides by them.

use rust_decimal::Decimal;

use crate::domain::money::Money;
use crate::domain::short;

/// Places that a quotient is shown with.
const PLACES: u32 = 4;

/// Returns a quotient as it is shown; what was to be divided, where nothing divides it.
pub(super) fn shown(above: Decimal, below: Decimal) -> Decimal {
    let quotient = short::quotient(above, below, PLACES);
    quotient.unwrap_or_else(|| short::rounded_even(above, PLACES))
}

/// Returns how many percent of the whole a part is, as it is shown; the part itself, where there is
/// no whole.
pub(super) fn percent_shown(part: Money, whole: Money) -> Decimal {
    let hundredfold = short::checked_product(part.get(), Decimal::ONE_HUNDRED);
    let hundredfold = hundredfold.filter(|_| whole > Money::ZERO);
    let percent = hundredfold.and_then(|all| short::quotient(all, whole.get(), PLACES));
    percent.unwrap_or_else(|| short::rounded_even(part.get(), PLACES))
}
