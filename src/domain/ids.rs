//! Names that come from their cause, so that a replay makes the same ones.
//!
//! A [`Cause`] is 80 bits of a SHA-256, made at the edge (`SHA-256(desk, source, key)`), shown as
//! sixteen letters. Everything a cause leads to is named after it: intent `<cause>/entry`, order
//! `<cause>/entry/1`. A sender's own text never becomes part of a name.

use core::cmp::Ordering;
use core::fmt;
use core::str::FromStr;

const ALPHABET: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";

/// What set something in motion: a signal, an operator's order, a price.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cause([u8; 10]);

/// The cause that is a signal.
pub type SignalId = Cause;

/// What an intent is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Opens a position.
    Entry,
    /// Adds a leg to a position.
    Add,
    /// Takes lots of one leg out.
    Exit,
    /// A resting stop at the broker.
    Protective,
    /// Opens in a new contract what was closed in the old one.
    Roll,
}

/// One goal: its cause, what it is for, and its number where one cause has several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IntentId {
    /// What set it in motion.
    pub cause: Cause,
    /// What it is for.
    pub purpose: Purpose,
    /// 0 for the only one of its purpose; an exit of several legs counts 0, 1, 2.
    pub number: u16,
}

/// One message to the broker in pursuit of an intent, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    /// The goal it serves.
    pub intent: IntentId,
    /// Its number within the goal.
    pub number: u16,
}

/// One entry of a position: named by the cause of the intent that opened it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub Cause);

/// A position: named by the cause of its base entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PositionId(pub Cause);

/// A difference between our book and the broker's: named by the reading that showed it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FindingId(pub Cause);

/// A text that names nothing of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of our ids")]
pub struct BadId;

impl Cause {
    /// Returns the cause made of the first 80 bits of a hash.
    pub const fn from_bytes(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes inside.
    pub const fn bytes(self) -> [u8; 10] {
        self.0
    }

    /// Returns the cause numbered `n` that this one leads to (the second half of a reversal).
    #[must_use]
    pub fn next(self, n: u8) -> Self {
        let mut bytes = self.0;
        if let Some(last) = bytes.last_mut() {
            *last = last.wrapping_add(n);
        }
        Self(bytes)
    }
}

impl Ord for Cause {
    /// Compares the bytes, as one number: ids are looked for all the time.
    fn cmp(&self, other: &Self) -> Ordering {
        let number = |one: &Self| {
            let mut bytes = [0; 16];
            for (byte, of) in bytes.iter_mut().zip(one.0) {
                *byte = of;
            }
            u128::from_be_bytes(bytes)
        };
        number(self).cmp(&number(other))
    }
}

impl PartialOrd for Cause {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Purpose {
    /// Returns the word used in ids and rows.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Add => "add",
            Self::Exit => "exit",
            Self::Protective => "stop",
            Self::Roll => "roll",
        }
    }

    /// Returns whether fulfilling it makes a position larger.
    pub const fn opens(self) -> bool {
        match self {
            Self::Entry | Self::Add | Self::Roll => true,
            Self::Exit | Self::Protective => false,
        }
    }
}

impl FromStr for Purpose {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        match text {
            "entry" => Ok(Self::Entry),
            "add" => Ok(Self::Add),
            "exit" => Ok(Self::Exit),
            "stop" => Ok(Self::Protective),
            "roll" => Ok(Self::Roll),
            _ => Err(BadId),
        }
    }
}

impl IntentId {
    /// Returns the only intent of this purpose that the cause leads to.
    pub const fn of(cause: Cause, purpose: Purpose) -> Self {
        Self {
            cause,
            purpose,
            number: 0,
        }
    }

    /// Returns the intent's order numbered `number`.
    pub const fn order(self, number: u16) -> OrderId {
        OrderId {
            intent: self,
            number,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self
            .0
            .iter()
            .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        for place in (0..16_u32).rev() {
            let five = usize::try_from((bits >> (place * 5)) & 31).unwrap_or(0);
            let letter = ALPHABET.get(five).copied().map_or('a', char::from);
            fmt::Write::write_char(f, letter)?;
        }
        Ok(())
    }
}

impl FromStr for Cause {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        if text.len() != 16 {
            return Err(BadId);
        }
        let mut bits = 0_u128;
        for byte in text.bytes() {
            let five = ALPHABET
                .iter()
                .position(|letter| *letter == byte)
                .ok_or(BadId)?;
            bits = (bits << 5) | u128::try_from(five).map_err(|_too_large| BadId)?;
        }
        let all = bits.to_be_bytes();
        let tail = all.get(6..).ok_or(BadId)?;
        tail.try_into().map(Self).map_err(|_wrong_length| BadId)
    }
}

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cause, self.purpose.word())?;
        if self.number > 0 {
            write!(f, "{}", self.number)?;
        }
        Ok(())
    }
}

impl FromStr for IntentId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (cause, rest) = text.split_once('/').ok_or(BadId)?;
        let word = rest.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let digits = rest.strip_prefix(word).ok_or(BadId)?;
        let number = if digits.is_empty() {
            0
        } else {
            digits.parse().map_err(|_bad| BadId)?
        };
        Ok(Self {
            cause: cause.parse()?,
            purpose: word.parse()?,
            number,
        })
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.intent, self.number)
    }
}

impl FromStr for OrderId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let (intent, number) = text.rsplit_once('/').ok_or(BadId)?;
        Ok(Self {
            intent: intent.parse()?,
            number: number.parse().map_err(|_bad| BadId)?,
        })
    }
}

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LegId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        text.parse().map(Self)
    }
}

impl fmt::Display for PositionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PositionId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        text.parse().map(Self)
    }
}

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FindingId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        text.parse().map(Self)
    }
}

macro_rules! debug_as_text {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) }
        }
    )*};
}

debug_as_text!(Cause, IntentId, OrderId, LegId, PositionId, FindingId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_as_they_were_written() {
        let cause = Cause::from_bytes([1, 2, 3, 250, 5, 6, 7, 8, 9, 255]);
        let order = IntentId {
            cause,
            purpose: Purpose::Exit,
            number: 3,
        }
        .order(12);
        assert_eq!(order.to_string().parse(), Ok(order));
        assert_eq!(cause.to_string().len(), 16);
        assert_eq!("abc".parse::<Cause>(), Err(BadId));
    }
}
