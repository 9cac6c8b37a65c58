//! What texts are made of: numbers, times, names, words.

use std::sync::Arc;

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::text::{BadText, Names, Out, Put, Take, words};
use crate::domain::close::{EodMove, EodPhase};
use crate::domain::fact::{CancelWhy, Code, ExitReason, IntentEnd, LedgerKind, OrderEnd, StopWhy};
use crate::domain::finding::{FindingEnd, PriceBasis};
use crate::domain::ids::{Cause, FindingId, IntentId, LegId, OrderId, PositionId};
use crate::domain::input::{FeedState, PriceSource, TradingState};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::money::{Lots, Money, Percent, PointValue, Points, Price, Quantity, Ratio};
use crate::domain::order::{BrokerOrderId, Direction, Exchange, Pricing, Product, Side};
use crate::domain::rules::RulesHash;
use crate::domain::signal::{Layer, SourceId};
use crate::domain::sizing::{Limiter, Quotient, VolatilityUse};

/// The most different codes a process reads: far more than there are.
const CODES_MAX: usize = 1_000;

impl<T: Put> Put for Option<T> {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Some(value) => value.put(out),
            None => out.bare("null"),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T: Take> Take for Option<T> {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        if value.is_null() {
            return Ok(None);
        }
        T::take(value, names).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Put> Put for Box<T> {
    fn put(&self, out: &mut Out<'_>) {
        self.as_ref().put(out);
    }
}

impl<T: Take> Take for Box<T> {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        T::take(value, names).map(Self::new)
    }
}

impl<T: Put> Put for Arc<T> {
    fn put(&self, out: &mut Out<'_>) {
        self.as_ref().put(out);
    }
}

impl<T: Take> Take for Arc<T> {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        T::take(value, names).map(Self::new)
    }
}

impl<T: Put> Put for Vec<T> {
    fn put(&self, out: &mut Out<'_>) {
        out.array(self);
    }
}

impl<T: Take> Take for Vec<T> {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let items = value.as_array().ok_or_else(|| BadText::new("no array"))?;
        items.iter().map(|item| T::take(item, names)).collect()
    }
}

impl Put for str {
    fn put(&self, out: &mut Out<'_>) {
        out.string(self);
    }
}

impl Put for String {
    fn put(&self, out: &mut Out<'_>) {
        out.string(self);
    }
}

impl Take for String {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        word(value).map(str::to_owned)
    }
}

/// Returns the text inside.
fn word(value: &Value) -> Result<&str, BadText> {
    value
        .as_str()
        .ok_or_else(|| BadText::new(format!("{value} as text")))
}

/// Reads what shows itself and can be parsed again.
fn parsed<T: FromStr>(value: &Value) -> Result<T, BadText> {
    let text = word(value)?;
    text.parse()
        .map_err(|_bad| BadText::new(format!("{text:?}")))
}

impl Put for bool {
    fn put(&self, out: &mut Out<'_>) {
        out.bare(self);
    }
}

impl Take for bool {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        value
            .as_bool()
            .ok_or_else(|| BadText::new("no truth value"))
    }
}

macro_rules! integers {
    ($($name:ty),*) => {$(
        impl Put for $name {
            fn put(&self, out: &mut Out<'_>) { out.bare(self); }
        }

        impl Take for $name {
            fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
                let bad = || BadText::new(format!("{value} as a whole number"));
                let number = value.as_number().ok_or_else(bad)?;
                number.to_string().parse().map_err(|_out_of_range| bad())
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, i32, i64);

/// Writes a number as text, without trailing zeros.
fn put_decimal(value: Decimal, out: &mut Out<'_>) {
    if value.is_zero() {
        return out.shown(0);
    }
    out.shown(value.normalize());
}

impl Put for Decimal {
    fn put(&self, out: &mut Out<'_>) {
        put_decimal(*self, out);
    }
}

impl Take for Decimal {
    /// Takes the text of the journal, and the exact number of a database row.
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        let bad = || BadText::new(format!("{value} as a decimal"));
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(bad()),
        };
        let exact = Self::from_str_exact(&text).or_else(|_wide| Self::from_scientific(&text));
        exact.map_err(|_no_decimal| bad())
    }
}

macro_rules! decimals {
    ($($name:ident),*; $($checked:ident),*) => {
        $(impl Put for $name {
            fn put(&self, out: &mut Out<'_>) { put_decimal(self.get(), out); }
        }
        impl Take for $name {
            fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
                Decimal::take(value, names).map(Self::new)
            }
        })*
        $(impl Put for $checked {
            fn put(&self, out: &mut Out<'_>) { put_decimal(self.get(), out); }
        }
        impl Take for $checked {
            fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
                let number = Decimal::take(value, names)?;
                Self::new(number).ok_or_else(|| BadText::new(format!(
                    "{number} as {}", stringify!($checked)
                )))
            }
        })*
    };
}

decimals!(Points, Money, Percent, Ratio; Price, PointValue);

macro_rules! wrapped {
    ($($name:ident: $inner:ty, $make:expr, $get:expr;)*) => {$(
        impl Put for $name {
            fn put(&self, out: &mut Out<'_>) {
                let inner: $inner = $get(*self);
                out.bare(inner);
            }
        }

        impl Take for $name {
            fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
                <$inner>::take(value, names).map($make)
            }
        }
    )*};
}

wrapped! {
    Lots: u32, Lots::new, Lots::get;
    Quantity: u64, Quantity::new, Quantity::get;
    Layer: u8, Layer, |layer: Layer| layer.0;
    SourceId: i32, SourceId, |source: SourceId| source.0;
}

macro_rules! shown {
    ($($name:ty),*) => {$(
        impl Put for $name {
            fn put(&self, out: &mut Out<'_>) { out.shown(self); }
        }

        impl Take for $name {
            fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> { parsed(value) }
        }
    )*};
}

shown!(
    Cause, IntentId, OrderId, LegId, PositionId, FindingId, Side, Direction, Product, Exchange,
    Limiter, Quotient, NaiveDate
);

macro_rules! listed {
    ($($name:ident),*) => {$(
        impl Put for $name {
            fn put(&self, out: &mut Out<'_>) { out.shown(self.word()); }
        }

        impl Take for $name {
            fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
                let word = word(value)?;
                let found = Self::ALL.iter().find(|one| one.word() == word);
                found.copied().ok_or_else(|| BadText::new(format!("{word:?}")))
            }
        }
    )*};
}

listed!(
    ExitReason,
    OrderEnd,
    CancelWhy,
    LedgerKind,
    PriceSource,
    FindingEnd,
    PriceBasis,
    StopWhy,
    FeedState
);
listed!(EodPhase, EodMove);

words! {
    TradingState { Active = "active", Reducing = "reducing", Frozen = "frozen" }
    VolatilityUse { Enforce = "enforce", Report = "report" }
}

impl Put for BrokerOrderId {
    fn put(&self, out: &mut Out<'_>) {
        out.string(self.as_str());
    }
}

impl Take for BrokerOrderId {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        Self::new(word(value)?).ok_or_else(|| BadText::new("an empty order id"))
    }
}

impl Put for InstrumentIx {
    fn put(&self, out: &mut Out<'_>) {
        let name = out.names.instrument(*self);
        out.string(name);
    }
}

impl Take for InstrumentIx {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        names.ix(word(value)?)
    }
}

impl Put for ContractId {
    fn put(&self, out: &mut Out<'_>) {
        let symbol = out.names.symbol(*self);
        out.string(&symbol);
    }
}

impl Take for ContractId {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        names.contract(word(value)?)
    }
}

impl Put for DateTime<Utc> {
    fn put(&self, out: &mut Out<'_>) {
        out.shown(self.to_rfc3339_opts(SecondsFormat::Micros, true));
    }
}

impl Take for DateTime<Utc> {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        let text = word(value)?;
        let read = DateTime::parse_from_rfc3339(text);
        read.map(|at| at.with_timezone(&Utc))
            .map_err(|bad| BadText::new(format!("{text:?}: {bad}")))
    }
}

impl Put for TimeDelta {
    /// Writes milliseconds: rules have nothing finer.
    fn put(&self, out: &mut Out<'_>) {
        out.bare(self.num_milliseconds());
    }
}

impl Put for RulesHash {
    fn put(&self, out: &mut Out<'_>) {
        out.shown(data_encoding::HEXLOWER.encode(&self.0));
    }
}

impl Take for RulesHash {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        let bad = || BadText::new("a hash");
        let bytes = data_encoding::HEXLOWER
            .decode(word(value)?.as_bytes())
            .map_err(|_no_hex| bad())?;
        bytes.try_into().map(Self).map_err(|_wrong_length| bad())
    }
}

impl Put for Code {
    fn put(&self, out: &mut Out<'_>) {
        out.string(self.0);
    }
}

impl Take for Code {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        code(word(value)?)
    }
}

/// Returns a code that was read: codes are words of the program, so each is kept once for ever.
fn code(text: &str) -> Result<Code, BadText> {
    static READ: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.get(text) {
        return Ok(Code(known));
    }
    if read.len() >= CODES_MAX || text.len() > 64 {
        return Err(BadText::new(format!("{text:?} as a code")));
    }
    let kept: &'static str = Box::leak(text.to_owned().into_boxed_str());
    read.insert(kept);
    Ok(Code(kept))
}

/// What stands before the code of a second look that said no.
const SECOND_LOOK: &str = "second_look:";

impl Put for IntentEnd {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::SecondLook(code) => out.string(&format!("{SECOND_LOOK}{}", code.0)),
            Self::Done
            | Self::Expired
            | Self::NotPlaced
            | Self::Refused
            | Self::Broker
            | Self::Superseded
            | Self::Operator => out.shown(self.word()),
        }
    }
}

impl Take for IntentEnd {
    fn take(value: &Value, _names: Names<'_>) -> Result<Self, BadText> {
        let plain = [
            Self::Done,
            Self::Expired,
            Self::NotPlaced,
            Self::Refused,
            Self::Broker,
            Self::Superseded,
            Self::Operator,
        ];
        let text = word(value)?;
        if let Some(said) = text.strip_prefix(SECOND_LOOK) {
            return code(said).map(Self::SecondLook);
        }
        let found = plain.into_iter().find(|one| one.word() == text);
        found.ok_or_else(|| BadText::new(format!("{text:?} as an intent's end")))
    }
}

impl Put for Pricing {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| {
            fields.put("kind", self.word());
            match self {
                Self::Market => {}
                Self::Limit(limit) => fields.put("limit", limit),
                Self::StopLimit { trigger, limit } => {
                    fields.put("limit", limit);
                    fields.put("trigger", trigger);
                }
            }
        });
    }
}

impl Take for Pricing {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let kind: String = names.field(value, "kind")?;
        match kind.as_str() {
            "MARKET" => Ok(Self::Market),
            "LIMIT" => names.field(value, "limit").map(Self::Limit),
            "SL" => Ok(Self::StopLimit {
                trigger: names.field(value, "trigger")?,
                limit: names.field(value, "limit")?,
            }),
            other => Err(BadText::new(format!("{other:?} as a price type"))),
        }
    }
}
