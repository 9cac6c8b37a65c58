//! Writing and reading: two traits, a writer that sorts, and the macros that list fields.

use core::fmt::{Display, Write as _};
use core::ops::Range;

use serde_json::Value;

use crate::domain::instrument::{ContractId, Found, InstrumentIx, InstrumentKind, Instruments};

/// A text that does not read back as what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {what}")]
pub struct BadText {
    what: String,
}

impl BadText {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into() }
    }

    /// Says where in the text it was.
    fn under(self, key: &str) -> Self {
        Self::new(format!("{key}: {}", self.what))
    }
}

/// What can be written.
pub(crate) trait Put {
    fn put(&self, out: &mut Out<'_>);

    /// Returns whether a field of this value is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// What is written as an object, whose fields may stand among others.
pub(crate) trait Spread {
    fn spread(&self, fields: &mut Fields<'_, '_>);
}

/// What can be read back.
pub(crate) trait Take: Sized {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText>;

    /// Returns what a missing field means, if that is allowed.
    fn absent() -> Option<Self> {
        None
    }
}

/// Translates between places in a configuration and names that last.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a>(pub(crate) &'a Instruments);

impl<'a> Names<'a> {
    pub(crate) fn instrument(self, ix: InstrumentIx) -> &'a str {
        self.0.get(ix).map_or("?", |one| one.name.as_str())
    }

    pub(crate) fn ix(self, name: &str) -> Result<InstrumentIx, BadText> {
        let found = self.0.by_name(name);
        found.ok_or_else(|| BadText::new(format!("unknown instrument {name}")))
    }

    pub(crate) fn symbol(self, contract: ContractId) -> String {
        self.0.symbol(contract)
    }

    pub(crate) fn contract(self, symbol: &str) -> Result<ContractId, BadText> {
        let found = match self.0.find(symbol) {
            Some(Found::Instrument {
                contract: Some(contract),
                ..
            }) => Some(contract),
            Some(Found::Instrument { ix, contract: None }) => self
                .0
                .get(ix)
                .filter(|one| one.kind == InstrumentKind::Equity)
                .map(|_| ContractId::share(ix)),
            Some(Found::Index { .. }) | None => None,
        };
        found.ok_or_else(|| BadText::new(format!("unknown contract {symbol}")))
    }

    /// Reads a field of an object.
    pub(crate) fn field<T: Take>(self, object: &Value, key: &str) -> Result<T, BadText> {
        match object.get(key) {
            Some(value) => T::take(value, self).map_err(|bad| bad.under(key)),
            None => T::absent().ok_or_else(|| BadText::new(format!("{key}: missing"))),
        }
    }
}

/// The text being written.
pub(crate) struct Out<'a> {
    text: String,
    pub(crate) names: Names<'a>,
}

impl<'a> Out<'a> {
    pub(crate) fn new(names: Names<'a>) -> Self {
        Self {
            text: String::with_capacity(256),
            names,
        }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// Writes a number, `true` or `false` as it shows itself.
    pub(crate) fn bare(&mut self, value: impl Display) {
        let written = write!(self.text, "{value}");
        debug_assert!(written.is_ok(), "writing to a String cannot fail");
    }

    /// Writes what shows itself in letters that need no escapes.
    pub(crate) fn shown(&mut self, value: impl Display) {
        self.text.push('"');
        self.bare(value);
        self.text.push('"');
    }

    /// Writes any text. PostgreSQL holds no zero character, and what a broker says must always be
    /// storable: it becomes the sign for an unknown one.
    pub(crate) fn string(&mut self, text: &str) {
        if text.contains('\0') {
            return self.string(&text.replace('\0', "\u{fffd}"));
        }
        let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if text.bytes().all(plain) {
            return self.shown(text);
        }
        let escaped = serde_json::to_string(text);
        debug_assert!(escaped.is_ok(), "every text has a JSON form");
        self.text.push_str(&escaped.unwrap_or_default());
    }

    /// Writes a list of rows, each with the fields that its closure gives.
    pub(crate) fn rows<F>(&mut self, rows: impl IntoIterator<Item = F>)
    where
        F: FnOnce(&mut Fields<'_, 'a>),
    {
        self.text.push('[');
        for (place, fill) in rows.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            self.object(fill);
        }
        self.text.push(']');
    }

    /// Writes an object whose fields `fill` gives in any order.
    pub(crate) fn object(&mut self, fill: impl FnOnce(&mut Fields<'_, 'a>)) {
        self.text.push('{');
        let mut fields = Fields {
            start: self.text.len(),
            spans: Vec::new(),
            out: self,
        };
        fill(&mut fields);
        fields.close();
        self.text.push('}');
    }

    /// Writes an array.
    pub(crate) fn array<'t, T: Put + 't>(&mut self, items: impl IntoIterator<Item = &'t T>) {
        self.text.push('[');
        for (place, item) in items.into_iter().enumerate() {
            if place > 0 {
                self.text.push(',');
            }
            item.put(self);
        }
        self.text.push(']');
    }
}

/// The fields of an object being written.
pub(crate) struct Fields<'o, 'a> {
    out: &'o mut Out<'a>,
    start: usize,
    spans: Vec<(&'static str, Range<usize>)>,
}

impl<'a> Fields<'_, 'a> {
    /// Writes a field, unless it is absent.
    pub(crate) fn put<T: Put + ?Sized>(&mut self, key: &'static str, value: &T) {
        if !value.is_absent() {
            self.with(key, |out| value.put(out));
        }
    }

    /// Writes a field by hand.
    pub(crate) fn with(&mut self, key: &'static str, write: impl FnOnce(&mut Out<'a>)) {
        if !self.spans.is_empty() {
            self.out.text.push(',');
        }
        let from = self.out.text.len();
        self.out.shown(key);
        self.out.text.push(':');
        write(self.out);
        self.spans.push((key, from..self.out.text.len()));
    }

    /// Brings the fields into the order of their keys.
    fn close(mut self) {
        if self.spans.is_sorted_by_key(|(key, _)| *key) {
            return;
        }
        self.spans.sort_by_key(|(key, _)| *key);
        let pieces: Vec<&str> = self
            .spans
            .iter()
            .filter_map(|(_, span)| self.out.text.get(span.clone()))
            .collect();
        let sorted = pieces.join(",");
        self.out.text.truncate(self.start);
        self.out.text.push_str(&sorted);
    }
}

// A structure is written and read by the list of its fields; that list is all there is to say.
macro_rules! record {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        $crate::journal::text::shown_record!($name { $($field),* });

        impl $crate::journal::text::Take for $name {
            fn take(
                value: &serde_json::Value,
                names: $crate::journal::text::Names<'_>,
            ) -> Result<Self, $crate::journal::text::BadText> {
                Ok(Self { $($field: names.field(value, stringify!($field))?),* })
            }
        }
    )*};
}

// The same for what is only written. It names every field, so a new one does not compile unseen.
macro_rules! shown_record {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl $crate::journal::text::Spread for $name {
            fn spread(&self, fields: &mut $crate::journal::text::Fields<'_, '_>) {
                let Self { $($field),* } = self;
                $(fields.put(stringify!($field), $field);)*
            }
        }

        $crate::journal::text::objects!($name);
    )*};
}

// What spreads its fields is written as an object of them.
macro_rules! objects {
    ($($name:ident),*) => {$(
        impl $crate::journal::text::Put for $name {
            fn put(&self, out: &mut $crate::journal::text::Out<'_>) {
                out.object(|fields| $crate::journal::text::Spread::spread(self, fields));
            }
        }
    )*};
}

// An enum that is one of a few words.
macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* $(,)? })*) => {$(
        impl $crate::journal::text::Put for $name {
            fn put(&self, out: &mut $crate::journal::text::Out<'_>) {
                out.shown(match self { $(Self::$variant => $word),* });
            }
        }

        impl $crate::journal::text::Take for $name {
            fn take(
                value: &serde_json::Value,
                _names: $crate::journal::text::Names<'_>,
            ) -> Result<Self, $crate::journal::text::BadText> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)*
                    other => Err($crate::journal::text::BadText::new(format!(
                        "{other:?} as {}", stringify!($name)
                    ))),
                }
            }
        }
    )*};
}

pub(crate) use {objects, record, shown_record, words};
