//! Requests to trade.

use serde_json::Value;

use super::text::{BadText, Names, Out, Put, Take, record, words};
use crate::domain::order::Side;
use crate::domain::signal::{Ask, Expected, Scout, Signal, TradeWord, Which};

record! {
    Signal {
        id, source, ask, instrument, contract, product, price, stop, target, atr, er, at, bar,
        id_reused, profile, opened_before,
    }
    Scout {
        id, source, instrument, product, profile, at, price, atr, er, supertrend, long_entry,
        long_exit,
        short_entry, short_exit,
    }
}

words! {
    Expected { Long = "long", Flat = "flat", Short = "short" }
}

impl Put for TradeWord {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Self::Side(side) => side.put(out),
            Self::Close => out.shown("CLOSE"),
        }
    }
}

impl Take for TradeWord {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        if value.as_str() == Some("CLOSE") {
            return Ok(Self::Close);
        }
        Side::take(value, names).map(Self::Side)
    }
}

impl Put for Ask {
    fn put(&self, out: &mut Out<'_>) {
        out.object(|fields| match self {
            Self::Enter { direction, layer } => {
                fields.put("kind", "enter");
                fields.put("direction", direction);
                fields.put("layer", layer);
            }
            Self::Add { direction, layer } => {
                fields.put("kind", "add");
                fields.put("direction", direction);
                fields.put("layer", layer);
            }
            Self::Exit(Which::All) => fields.put("kind", "exit"),
            Self::Exit(Which::Layer(direction, layer)) => {
                fields.put("kind", "exit");
                fields.put("direction", direction);
                fields.put("layer", layer);
            }
            Self::Trade {
                word,
                quantity,
                position_size,
            } => {
                fields.put("kind", "trade");
                fields.put("word", word);
                fields.put("quantity", quantity);
                fields.put("position_size", position_size);
            }
        });
    }
}

impl Take for Ask {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let kind: String = names.field(value, "kind")?;
        match kind.as_str() {
            "enter" => Ok(Self::Enter {
                direction: names.field(value, "direction")?,
                layer: names.field(value, "layer")?,
            }),
            "add" => Ok(Self::Add {
                direction: names.field(value, "direction")?,
                layer: names.field(value, "layer")?,
            }),
            "exit" if value.get("layer").is_none() => Ok(Self::Exit(Which::All)),
            "exit" => Ok(Self::Exit(Which::Layer(
                names.field(value, "direction")?,
                names.field(value, "layer")?,
            ))),
            "trade" => Ok(Self::Trade {
                word: names.field(value, "word")?,
                quantity: names.field(value, "quantity")?,
                position_size: names.field(value, "position_size")?,
            }),
            other => Err(BadText::new(format!("{other:?} as an ask"))),
        }
    }
}
