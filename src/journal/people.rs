//! How figures are shown to people, everywhere the same.

use chrono::{DateTime, Utc};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::domain::calendar::ist;

/// Returns rupees as they are written in India: `12,34,567.50`.
pub fn rupees(amount: Decimal) -> String {
    let paisa = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let text = format!("{:.2}", paisa.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, "00"));
    let digits = whole.chars().count();
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        let left = digits - place;
        if place > 0 && left >= 3 && left % 2 == 1 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if paisa < Decimal::ZERO { "-" } else { "" };
    format!("{sign}{grouped}.{part}")
}

/// Returns rupees with a sign, for gains.
pub fn gain(amount: Decimal) -> String {
    let plus = if amount > Decimal::ZERO { "+" } else { "" };
    format!("{plus}{}", rupees(amount))
}

/// Returns a moment as the exchanges' clocks show it.
pub fn clock(at: DateTime<Utc>) -> String {
    ist(at).format("%d %b %H:%M:%S").to_string()
}

/// Returns the time of day as the exchanges' clocks show it.
pub fn time_of_day(at: DateTime<Utc>) -> String {
    ist(at).format("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_grouped_as_in_india() {
        for (amount, text) in [
            ("0", "0.00"),
            ("999.995", "1,000.00"),
            ("-1234.5", "-1,234.50"),
            ("100000", "1,00,000.00"),
            ("5000000", "50,00,000.00"),
            ("123456789.01", "12,34,56,789.01"),
            ("-0.004", "0.00"),
        ] {
            assert_eq!(rupees(amount.parse().unwrap()), text);
        }
    }
}
