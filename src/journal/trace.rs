//! The record of a decision: every gate with its figures, and the arithmetic of the size.

use serde_json::Value;

use super::text::{BadText, Names, Out, Put, Take, record, words};
use crate::domain::book::Equity;
use crate::domain::gates::{EntryKind, Judged, Size, Trace, Verdict};
use crate::domain::input::Quote;
use crate::domain::sizing::{BaseSize, PyramidSize, Shortfall};

record! {
    Trace {
        kind, profile, contract, price, stop, basis, market, atr, er, equity, size, decided,
        verdicts,
    }
    Quote { price, bid, ask, at }
    Equity { realised, unrealised, marked, sizing }
    Shortfall { limiter, missing, stop, atr, equity }
}

words! {
    EntryKind { Base = "base", Add = "add" }
}

impl Put for Verdict {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| {
            fields.put("gate", &self.gate);
            let (pass, value, limit) = match &self.judged {
                Judged::NotAsked => return,
                Judged::Pass(value, limit) => (true, value, limit),
                Judged::Fail(value, limit, lots) => {
                    fields.put("lots", lots);
                    (false, value, limit)
                }
            };
            fields.put("pass", &pass);
            fields.put("value", value);
            fields.put("limit", limit);
        });
    }
}

impl Take for Verdict {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let figures = || -> Result<_, BadText> {
            Ok((names.field(value, "value")?, names.field(value, "limit")?))
        };
        let judged = match names.field(value, "pass")? {
            None => Judged::NotAsked,
            Some(true) => {
                let (value, limit) = figures()?;
                Judged::Pass(value, limit)
            }
            Some(false) => {
                let (figure, limit) = figures()?;
                Judged::Fail(figure, limit, names.field(value, "lots")?)
            }
        };
        Ok(Self {
            gate: names.field(value, "gate")?,
            judged,
        })
    }
}

impl Put for Size {
    /// Writes the figures, and the sentence that people read.
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| match self {
            Self::Base(size) => {
                let BaseSize {
                    lots,
                    limiter,
                    lot_r,
                    lot_v,
                    lot_m,
                    volatility,
                    short_of_one,
                } = size;
                fields.put("lots", lots);
                fields.put("limiter", limiter);
                fields.put("lot_r", lot_r);
                fields.put("lot_v", lot_v);
                fields.put("lot_m", lot_m);
                fields.put("volatility", volatility);
                fields.put("short_of_one", short_of_one);
                fields.put("says", &size.to_string());
            }
            Self::Add(size) => {
                let PyramidSize {
                    lots,
                    limiter,
                    lot_a,
                    lot_b,
                    lot_c,
                    missing,
                } = size;
                fields.put("lots", lots);
                fields.put("limiter", limiter);
                fields.put("lot_a", lot_a);
                fields.put("lot_b", lot_b);
                fields.put("lot_c", lot_c);
                fields.put("missing", missing);
                fields.put("says", &size.to_string());
            }
        });
    }
}

impl Take for Size {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        if value.get("lot_a").is_some() {
            return Ok(Self::Add(PyramidSize {
                lots: names.field(value, "lots")?,
                limiter: names.field(value, "limiter")?,
                lot_a: names.field(value, "lot_a")?,
                lot_b: names.field(value, "lot_b")?,
                lot_c: names.field(value, "lot_c")?,
                missing: names.field(value, "missing")?,
            }));
        }
        Ok(Self::Base(BaseSize {
            lots: names.field(value, "lots")?,
            limiter: names.field(value, "limiter")?,
            lot_r: names.field(value, "lot_r")?,
            lot_v: names.field(value, "lot_v")?,
            lot_m: names.field(value, "lot_m")?,
            volatility: names.field(value, "volatility")?,
            short_of_one: names.field(value, "short_of_one")?,
        }))
    }
}
