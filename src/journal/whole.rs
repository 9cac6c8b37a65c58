//! A whole book as one text: to look at, to compare, and to ask "what if" of.

use std::collections::BTreeMap;

use serde_json::Value;

use super::text::{BadText, Fields, Names, Spread, Take, objects};
use crate::domain::book::{Book, InstrumentState, Intent, Leg, Order, Position, Reversal};
use crate::domain::broker_book::{Net, NetKey};
use crate::domain::finding::Finding;
use crate::domain::input::{Mark, Marks, Quote, SeenMargin};

objects!(Book);

impl Spread for Book {
    /// Writes everything but what was touched, which is of no moment but the one it was touched in,
    /// the levels, which follow from the legs, and what was summed of them.
    fn spread(&self, fields: &mut Fields<'_, '_>) {
        let Self {
            desk,
            instruments,
            positions,
            legs,
            intents,
            orders,
            newest,
            reversals,
            findings,
            sources,
            marks,
            touched: _,
            levels: _,
            stakes: _,
        } = self;
        fields.put("desk", desk);
        fields.with("instruments", |out| {
            out.rows(instruments.iter().map(|(ix, known)| {
                move |row: &mut Fields<'_, '_>| {
                    row.put("instrument", ix);
                    known.spread(row);
                }
            }));
        });
        fields.with("positions", |out| out.array(positions.values()));
        fields.with("legs", |out| out.array(legs.values()));
        fields.with("intents", |out| out.array(intents.values()));
        fields.with("orders", |out| out.array(orders.values()));
        fields.with("newest", |out| {
            out.rows(newest.iter().map(|((source, instrument), at)| {
                move |row: &mut Fields<'_, '_>| {
                    row.put("source", source);
                    row.put("instrument", instrument);
                    row.put("at", at);
                }
            }));
        });
        fields.with("sources", |out| {
            out.rows(sources.iter().map(|(source, state)| {
                move |row: &mut Fields<'_, '_>| {
                    row.put("source", source);
                    row.put("state", state);
                }
            }));
        });
        fields.with("reversals", |out| out.array(reversals.values()));
        fields.with("findings", |out| out.array(findings.values()));
        put_marks(marks, fields);
    }
}

fn put_marks(marks: &Marks, fields: &mut Fields<'_, '_>) {
    fields.with("contracts", |out| {
        out.rows(marks.contracts.iter().map(|(contract, mark)| {
            move |row: &mut Fields<'_, '_>| {
                row.put("contract", contract);
                mark.spread(row);
            }
        }));
    });
    fields.with("charts", |out| {
        out.rows(marks.charts.iter().map(|(instrument, quote)| {
            move |row: &mut Fields<'_, '_>| {
                row.put("instrument", instrument);
                quote.spread(row);
            }
        }));
    });
    put_nets(&marks.nets, fields);
}

/// Writes what the broker holds; a net without its fills would say too much.
fn put_nets(nets: &BTreeMap<NetKey, Net>, fields: &mut Fields<'_, '_>) {
    fields.with("nets", |out| {
        out.rows(nets.iter().map(|((contract, product), net)| {
            move |row: &mut Fields<'_, '_>| {
                row.put("contract", contract);
                row.put("product", product);
                row.put("net", &net.net);
                row.put("at", &net.at);
                row.with("filled", |out| {
                    out.rows(net.filled.iter().map(|(order, quantity)| {
                        move |row: &mut Fields<'_, '_>| {
                            row.put("order", order);
                            row.put("quantity", quantity);
                        }
                    }));
                });
            }
        }));
    });
}

fn take_net(row: &Value, names: Names<'_>) -> Result<Net, BadText> {
    let mut filled = BTreeMap::new();
    for one in list(row, "filled")? {
        filled.insert(names.field(one, "order")?, names.field(one, "quantity")?);
    }
    Ok(Net {
        net: names.field(row, "net")?,
        at: names.field(row, "at")?,
        filled,
    })
}

impl Spread for Mark {
    fn spread(&self, fields: &mut Fields<'_, '_>) {
        let Self {
            quote,
            margin,
            source,
        } = self;
        quote.spread(fields);
        fields.put("margin", &margin.map(|margin| margin.amount));
        fields.put("margin_at", &margin.map(|margin| margin.at));
        fields.put("source", source);
    }
}

impl Take for Mark {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        Ok(Self {
            quote: Quote::take(value, names)?,
            margin: match (
                names.field(value, "margin")?,
                names.field(value, "margin_at")?,
            ) {
                (Some(amount), Some(at)) => Some(SeenMargin { amount, at }),
                _ => None,
            },
            // Written by an earlier version: nothing but REST said prices then.
            source: names
                .field::<Option<_>>(value, "source")?
                .unwrap_or_default(),
        })
    }
}

impl Take for Book {
    fn take(value: &Value, names: Names<'_>) -> Result<Self, BadText> {
        let mut book = Self {
            desk: names.field(value, "desk")?,
            ..Self::default()
        };
        for row in list(value, "instruments")? {
            let known = InstrumentState::take(row, names)?;
            book.instruments
                .insert(names.field(row, "instrument")?, known);
        }
        for row in list(value, "newest")? {
            let key = (names.field(row, "source")?, names.field(row, "instrument")?);
            book.newest.insert(key, names.field(row, "at")?);
        }
        for row in list(value, "sources")? {
            let source = names.field(row, "source")?;
            book.sources.insert(source, names.field(row, "state")?);
        }
        for row in list(value, "reversals")? {
            let waiting = Reversal::take(row, names)?;
            book.reversals.insert(waiting.signal.instrument, waiting);
        }
        for row in list(value, "contracts")? {
            let mark = Mark::take(row, names)?;
            book.marks
                .contracts
                .insert(names.field(row, "contract")?, mark);
        }
        for row in list(value, "charts")? {
            let quote = Quote::take(row, names)?;
            book.marks
                .charts
                .insert(names.field(row, "instrument")?, quote);
        }
        for row in list(value, "nets")? {
            let key = (names.field(row, "contract")?, names.field(row, "product")?);
            book.marks.nets.insert(key, take_net(row, names)?);
        }
        book.findings = all(value, ("findings", names), |one: &Finding| {
            one.drift.finding
        })?;
        book.positions = all(value, ("positions", names), |one: &Position| one.id)?;
        book.legs = all(value, ("legs", names), |one: &Leg| one.id)?;
        book.level_all();
        book.intents = all(value, ("intents", names), |one: &Intent| one.id)?;
        book.orders = all(value, ("orders", names), |one: &Order| one.id)?;
        Ok(book)
    }
}

fn list<'a>(book: &'a Value, key: &str) -> Result<&'a [Value], BadText> {
    let list = book.get(key).and_then(Value::as_array);
    list.map(Vec::as_slice)
        .ok_or_else(|| BadText::new(format!("{key}: no array")))
}

/// Reads a list of things by their names.
fn all<K, T: Take, C: FromIterator<(K, T)>>(
    book: &Value,
    (key, names): (&str, Names<'_>),
    id: impl Fn(&T) -> K,
) -> Result<C, BadText> {
    let rows = list(book, key)?.iter();
    rows.map(|row| T::take(row, names).map(|one| (id(&one), one)))
        .collect()
}
