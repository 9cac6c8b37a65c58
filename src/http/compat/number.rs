//! Order numbers as OpenAlgo's users know them: fourteen digits.
//!
//! A number is the beginning of the signal's name, so that it can be recognised without a table;
//! both halves of a reversal have the same.

use crate::domain::ids::SignalId;

/// The smallest number of fourteen digits.
const SMALLEST: u64 = 10_000_000_000_000;

/// How many bits of a signal's name a number holds: what is left of six bytes.
const DROPPED_BITS: u32 = 3;

/// Returns the order number of a signal.
pub(super) fn number(signal: SignalId) -> String {
    let bytes = signal.bytes();
    let six = bytes.iter().take(6);
    let first = six.fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (SMALLEST + (first >> DROPPED_BITS)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::Cause;

    #[test]
    fn a_number_has_fourteen_digits_and_both_halves_of_a_reversal_share_it() {
        let least = Cause::from_bytes([0; 10]);
        let most = Cause::from_bytes([255; 10]);
        assert_eq!(number(least), "10000000000000");
        assert_eq!(number(most), "45184372088831");
        assert_eq!(number(most.next(1)), number(most));
        assert_ne!(
            number(Cause::from_bytes([0, 0, 0, 0, 0, 8, 0, 0, 0, 0])),
            number(least)
        );
    }
}
