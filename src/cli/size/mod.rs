//! `torana size`: the arithmetic of sizing alone, JSON lines in, JSON lines out.
//!
//! 1. Every line is answered, in order, with its own `id`; a bad one with `error` and the reason,
//!    and the next still runs.
//! 2. Nothing is assumed: what a size depends on stands in the line or belongs to the named
//!    instrument, and a number is read as the decimal that was written.

mod line;

use std::io::{self, BufRead, Read as _, Write};

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::money::{Lots, Money, Price, Ratio};
use crate::domain::order::Direction;
use crate::domain::sizing::{
    self, BaseAsk, Caps, LotFigures, PeelAsk, PyramidAsk, SizePercents, VolatilityUse,
};

use line::{LineError, Object};

/// Longest line read, in bytes: far more than any question needs.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// How much of the rung below each add is, where the instrument says nothing else: one half.
const RATIO: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// What the name of an instrument stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeInstrument {
    /// One lot of the contract that would be traded.
    pub contract: LotFigures,
    /// What a new position may put at stake.
    pub initial: SizePercents,
    /// What a position may have at stake later.
    pub ongoing: SizePercents,
    /// How much of the rung below each add is.
    pub ratio: Ratio,
}

/// Finds an instrument by name, at a price where one is known; the error says which there are.
pub type Lookup<'a> = &'a dyn Fn(&str, Option<Price>) -> Result<SizeInstrument, String>;

/// Answers every line of `input` and returns how many were bad.
pub fn run(mut input: impl BufRead, mut output: impl Write, find: Lookup<'_>) -> io::Result<u64> {
    let mut bad_lines = 0;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let read = input.by_ref().take(limit).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            output.flush()?;
            return Ok(bad_lines);
        }
        let cut_short = read == LINE_BYTES_MAX && !bytes.ends_with(b"\n");
        if cut_short {
            input.skip_until(b'\n')?;
        }
        if bytes.trim_ascii().is_empty() && !cut_short {
            continue;
        }
        let answer = answer(&bytes, cut_short, find);
        bad_lines += u64::from(matches!(answer, Answer::Bad { .. }));
        serde_json::to_writer(&mut output, &answer)?;
        output.write_all(b"\n")?;
    }
}

/// What a line is answered with.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Base {
        id: Box<RawValue>,
        lots: u32,
        limiter: &'static str,
        lot_r: String,
        lot_v: Option<String>,
        lot_m: String,
    },
    Pyramid {
        id: Box<RawValue>,
        lots: u32,
        limiter: &'static str,
        lot_a: i64,
        lot_b: i64,
        lot_c: i64,
    },
    Peel {
        id: Box<RawValue>,
        lots: u32,
        limiter: Option<&'static str>,
    },
    Bad {
        id: Box<RawValue>,
        error: String,
    },
}

fn answer(bytes: &[u8], cut_short: bool, find: Lookup<'_>) -> Answer {
    let bad = |id: Box<RawValue>, error: &LineError| Answer::Bad {
        id,
        error: error.to_string(),
    };
    if cut_short {
        return bad(line::null(), &LineError::TooLong(LINE_BYTES_MAX));
    }
    let (object, read) = Object::read(bytes);
    read.and_then(|()| sized(&object, find))
        .unwrap_or_else(|error| bad(object.id(), &error))
}

/// Sizes one kind of line.
type Kind = for<'a> fn(&Object<'a>, Lookup<'_>) -> Result<Answer, LineError>;

fn sized(object: &Object<'_>, find: Lookup<'_>) -> Result<Answer, LineError> {
    let kinds: [(&str, Kind); 3] = [("base", base), ("pyramid", pyramid), ("peel_off", peel_off)];
    let kind = object.one_of("kind", &kinds)?;
    let kind = kind.ok_or_else(|| object.missing("kind"))?;
    kind(object, find)
}

fn base(object: &Object<'_>, find: Lookup<'_>) -> Result<Answer, LineError> {
    let price = object.price("price")?;
    let volatility = volatility(object)?;
    let instrument = Instrument::of(object, find, Some(price))?;
    let ask = BaseAsk {
        equity: object.money("equity")?,
        available_margin: object.money("available_margin")?,
        price,
        stop: object.price("stop")?,
        direction: side(object)?,
        atr: match volatility {
            VolatilityUse::Enforce => Some(object.atr()?.ok_or_else(|| object.missing("atr"))?),
            VolatilityUse::Report => object.atr()?,
        },
        er: object.ratio("er")?,
        contract: instrument.contract()?,
        percents: instrument.initial(volatility)?,
        volatility,
        caps: Caps::default(),
    };
    let size = sizing::base(&ask);
    Ok(Answer::Base {
        id: object.id(),
        lots: size.lots.get(),
        limiter: size.limiter.word(),
        lot_r: size.lot_r.to_string(),
        lot_v: size.lot_v.map(|lots| lots.to_string()),
        lot_m: size.lot_m.to_string(),
    })
}

fn pyramid(object: &Object<'_>, find: Lookup<'_>) -> Result<Answer, LineError> {
    let price = object.price("price")?;
    let instrument = Instrument::of(object, find, Some(price))?;
    let contract = instrument.contract()?;
    if contract.margin_per_lot <= Money::ZERO {
        return Err(LineError::Senseless("margin_per_lot must be above 0"));
    }
    let ask = PyramidAsk {
        direction: side(object)?,
        price,
        stop: object.price("stop")?,
        available_margin: object.money("available_margin")?,
        base_lots: Lots::new(object.whole("base_lots")?),
        profit_after_base_risk: object.money("profit_after_base_risk")?,
        live_add_risk: object.money_or_none("live_add_risk")?,
        closed_add_loss: object.money_or_none("closed_add_loss")?,
        pyramid_count: object.whole("pyramid_count")?,
        ratio: instrument.ratio(),
        contract,
    };
    let size = sizing::pyramid(&ask);
    Ok(Answer::Pyramid {
        id: object.id(),
        lots: size.lots.get(),
        limiter: size.limiter.word(),
        lot_a: size.lot_a,
        lot_b: size.lot_b,
        lot_c: size.lot_c,
    })
}

fn peel_off(object: &Object<'_>, find: Lookup<'_>) -> Result<Answer, LineError> {
    let ongoing = Instrument::of(object, find, None)?.ongoing()?;
    let ask = PeelAsk {
        equity: object.money("equity")?,
        position_risk: object.money("position_risk")?,
        position_vol: object.money("position_vol")?,
        lots: Lots::new(object.whole("lots")?),
        ongoing_risk: ongoing.risk,
        ongoing_vol: ongoing.volatility,
    };
    if ask.equity == Money::ZERO {
        return Err(LineError::Senseless(
            "equity is 0: there is nothing to take a percentage of",
        ));
    }
    if ask.lots.is_zero() && ask.position_risk.max(ask.position_vol) > Money::ZERO {
        return Err(LineError::Senseless(
            "lots is 0, yet the position has risk or volatility",
        ));
    }
    let peel = sizing::peel_off(&ask);
    Ok(Answer::Peel {
        id: object.id(),
        lots: peel.lots.get(),
        limiter: peel.limiter.map(sizing::Limiter::word),
    })
}

fn side(object: &Object<'_>) -> Result<Direction, LineError> {
    let sides = [("long", Direction::Long), ("short", Direction::Short)];
    Ok(object.one_of("side", &sides)?.unwrap_or(Direction::Long))
}

fn volatility(object: &Object<'_>) -> Result<VolatilityUse, LineError> {
    let uses = [
        ("enforce", VolatilityUse::Enforce),
        ("report", VolatilityUse::Report),
    ];
    Ok(object.one_of("volatility", &uses)?.unwrap_or_default())
}

/// The instrument of a line: a name that stands for its figures, or the figures themselves.
enum Instrument<'a> {
    Named(SizeInstrument),
    Given(Object<'a>),
}

impl<'a> Instrument<'a> {
    fn of(object: &Object<'a>, find: Lookup<'_>, price: Option<Price>) -> Result<Self, LineError> {
        if let Some(given) = object.object("instrument")? {
            return Ok(Self::Given(given));
        }
        let name = object.text("instrument")?;
        let name = name.ok_or_else(|| object.missing("instrument"))?;
        find(&name, price)
            .map(Self::Named)
            .map_err(LineError::Instrument)
    }

    fn contract(&self) -> Result<LotFigures, LineError> {
        match self {
            Self::Named(named) => Ok(named.contract),
            Self::Given(given) => Ok(LotFigures {
                point_value: given.point_value()?,
                margin_per_lot: given.amount("margin_per_lot")?,
            }),
        }
    }

    /// Returns what a new position may put at stake; volatility may be left out when it is only
    /// reported.
    fn initial(&self, volatility: VolatilityUse) -> Result<SizePercents, LineError> {
        let given = match self {
            Self::Named(named) => return Ok(named.initial),
            Self::Given(given) => given,
        };
        let percent = given.percent_if_there("initial_vol_percent")?;
        let missing = || given.missing("initial_vol_percent");
        Ok(SizePercents {
            risk: given.percent("initial_risk_percent")?,
            volatility: match volatility {
                VolatilityUse::Enforce => percent.ok_or_else(missing)?,
                VolatilityUse::Report => percent.unwrap_or_default(),
            },
        })
    }

    fn ongoing(&self) -> Result<SizePercents, LineError> {
        match self {
            Self::Named(named) => Ok(named.ongoing),
            Self::Given(given) => Ok(SizePercents {
                risk: given.percent("ongoing_risk_percent")?,
                volatility: given.percent("ongoing_vol_percent")?,
            }),
        }
    }

    fn ratio(&self) -> Ratio {
        match self {
            Self::Named(named) => named.ratio,
            Self::Given(_) => Ratio::new(RATIO),
        }
    }
}

#[cfg(test)]
mod tests;
