//! Reading what a trader writes: Indian grouping, percent signs, times of the day.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::domain::calendar::from_ist;
use torana::domain::money::{Lots, Money, Points, Price, Quantity, Ratio};

/// The words of a line, read from the left.
#[derive(Clone, Debug)]
pub(crate) struct Words<'a> {
    all: Vec<&'a str>,
    next: usize,
}

/// Words that a person puts between figures and that mean nothing.
const FILLERS: &[&str] = &[
    "at", "@", "of", "for", "to", "the", "and", "lots", "lot", "with",
];

impl<'a> Words<'a> {
    pub(crate) fn of(line: &'a str) -> Self {
        let all = line
            .split_whitespace()
            .map(|word| word.trim_end_matches(','))
            .filter(|word| !FILLERS.contains(word));
        Self {
            all: all.collect(),
            next: 0,
        }
    }

    pub(crate) fn peek(&self) -> Option<&'a str> {
        self.all.get(self.next).copied()
    }

    pub(crate) fn next(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.next += usize::from(word.is_some());
        word
    }

    /// Takes the next word when it is this one.
    pub(crate) fn takes(&mut self, word: &str) -> bool {
        let is = self.peek() == Some(word);
        self.next += usize::from(is);
        is
    }

    pub(crate) fn must(&mut self, what: &str) -> &'a str {
        self.next()
            .unwrap_or_else(|| panic!("{what} is missing after {:?}", self.all))
    }

    pub(crate) fn number(&mut self, what: &str) -> Decimal {
        let word = self.must(what);
        number(word).unwrap_or_else(|| panic!("{what} is no number: {word}"))
    }

    /// Takes the next word when it is a number.
    pub(crate) fn maybe_number(&mut self) -> Option<Decimal> {
        let found = self.peek().and_then(number)?;
        self.next += 1;
        Some(found)
    }

    pub(crate) fn price(&mut self, what: &str) -> Price {
        Price::new(self.number(what)).unwrap_or_else(|| panic!("{what} is no price"))
    }

    pub(crate) fn money(&mut self, what: &str) -> Money {
        Money::new(self.number(what))
    }

    pub(crate) fn points(&mut self, what: &str) -> Points {
        Points::new(self.number(what))
    }

    pub(crate) fn ratio(&mut self, what: &str) -> Ratio {
        Ratio::new(self.number(what))
    }

    pub(crate) fn lots(&mut self, what: &str) -> Lots {
        let whole = self.number(what).to_string();
        Lots::new(
            whole
                .parse()
                .unwrap_or_else(|_| panic!("{what} is no number of lots")),
        )
    }

    pub(crate) fn quantity(&mut self, what: &str) -> Quantity {
        let whole = self.number(what).to_string();
        Quantity::new(
            whole
                .parse()
                .unwrap_or_else(|_| panic!("{what} is no quantity")),
        )
    }

    pub(crate) fn seconds(&mut self, what: &str) -> TimeDelta {
        TimeDelta::seconds(self.number(what).try_into().unwrap())
    }

    /// Returns what is left, as one text.
    pub(crate) fn rest(&mut self) -> String {
        let rest = self.all[self.next..].join(" ");
        self.next = self.all.len();
        rest
    }

    /// Fails when something was not read: a word nobody understood is a word nobody checks.
    pub(crate) fn end(&self) {
        assert!(
            self.next == self.all.len(),
            "nobody understood {:?}",
            &self.all[self.next..]
        );
    }
}

/// Returns a number in Indian grouping, with an optional sign and one of `%`, `s`, `x` behind it.
pub(crate) fn number(word: &str) -> Option<Decimal> {
    let plain: String = word
        .trim_start_matches('+')
        .trim_end_matches(['%', 's', 'x', '…'])
        .chars()
        .filter(|letter| *letter != ',')
        .collect();
    plain.parse().ok()
}

/// Returns the moment of a time of the day, `10:30` or `10:30:01`, or of a change, `+60s`.
pub(crate) fn moment(word: &str, now: DateTime<Utc>, today: NaiveDate) -> DateTime<Utc> {
    if let Some(change) = word.strip_prefix('+') {
        let (amount, unit) = change.split_at(change.len() - 1);
        let amount: i64 = amount.parse().unwrap();
        return now
            + match unit {
                "s" => TimeDelta::seconds(amount),
                "m" => TimeDelta::minutes(amount),
                "h" => TimeDelta::hours(amount),
                _ => panic!("a change of time ends in s, m or h: {word}"),
            };
    }
    if let Ok(shown) = chrono::NaiveDateTime::parse_from_str(word, "%Y-%m-%dT%H:%M:%S") {
        return from_ist(shown);
    }
    let shown = NaiveTime::parse_from_str(word, "%H:%M:%S")
        .or_else(|_| NaiveTime::parse_from_str(word, "%H:%M"))
        .unwrap_or_else(|_| panic!("no time of the day: {word}"));
    from_ist(today.and_time(shown))
}
