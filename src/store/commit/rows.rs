//! The rows a commit touches, each whole, in the journal's words, which are the columns' names.

use std::collections::BTreeSet;

use super::Write;
use crate::domain::book::{Book, Few, Position};
use crate::domain::fact::{Fact, Fill, Movement};
use crate::domain::instrument::InstrumentIx;
use crate::domain::signal::SourceId;
use crate::journal::{Fields, Names, Out, Put, Spread};
use crate::store::{DeskId, Standing, StoreError};

/// One JSON array a table.
pub(super) struct Rows {
    pub(super) positions: String,
    pub(super) legs: String,
    pub(super) intents: String,
    pub(super) orders: String,
    pub(super) instruments: String,
    pub(super) newest: String,
    pub(super) drifts: String,
    pub(super) sources: String,
    pub(super) records: Records,
}

/// What facts say in passing, as one JSON array a table.
pub(super) struct Records {
    pub(super) fills: String,
    pub(super) ledger: String,
    pub(super) eod: String,
    pub(super) findings: String,
}

/// A fact with its number and time.
type Numbered<'a, T> = (i64, chrono::DateTime<chrono::Utc>, &'a T);

impl Rows {
    /// Returns the rows of a commit, or nothing when it touches none.
    pub(super) fn of(write: &Write<'_>, standing: &Standing) -> Result<Option<Self>, StoreError> {
        let (book, touched) = (write.book, write.touched);
        let newest = newest(write);
        let none = touched.positions.is_empty()
            && touched.legs.is_empty()
            && touched.intents.is_empty()
            && touched.orders.is_empty()
            && touched.instruments.is_empty()
            && touched.findings.is_empty()
            && newest.is_empty()
            && touched.sources.is_empty()
            && !write.facts.iter().any(|row| is_record(row.fact));
        if none {
            return Ok(None);
        }
        let entities = Entities {
            desk: standing.desk,
            names: Names(&standing.instruments),
        };
        Ok(Some(Self {
            positions: positions(&entities, book, &touched.positions)?,
            legs: entities.text("legs", &touched.legs, |id| book.legs.get(id))?,
            intents: entities.text("intents", &touched.intents, |id| book.intents.get(id))?,
            orders: entities.text("orders", &touched.orders, |id| book.orders.get(id))?,
            instruments: instruments(&entities, book, &touched.instruments),
            newest: newest_text(&entities, book, &newest),
            drifts: entities.text("drifts", &touched.findings, |id| book.findings.get(id))?,
            sources: sources(&entities, book, &touched.sources),
            records: Records::of(write, &entities, standing.seq),
        }))
    }
}

/// How every row begins.
struct Entities<'a> {
    desk: DeskId,
    names: Names<'a>,
}

impl<'a> Entities<'a> {
    /// Writes the touched rows of a table.
    fn text<'b, K: core::fmt::Debug + Ord, T: Spread + 'b>(
        &self,
        table: &str,
        touched: &Few<K>,
        find: impl Fn(&K) -> Option<&'b T>,
    ) -> Result<String, StoreError> {
        let found: Result<Vec<&T>, StoreError> = touched
            .iter()
            .map(|id| find(id).ok_or_else(|| missing(table, id)))
            .collect();
        Ok(self.list(found?, |row, fields| row.spread(fields)))
    }

    /// Writes a list of rows.
    fn list<T>(
        &self,
        rows: impl IntoIterator<Item = T>,
        fill: impl Fn(T, &mut Fields<'_, 'a>),
    ) -> String {
        let mut out = Out::new(self.names);
        let fill = &fill;
        out.rows(rows.into_iter().map(|row| {
            move |fields: &mut Fields<'_, 'a>| {
                fields.put("desk_id", &self.desk.0);
                fill(row, fields);
            }
        }));
        out.finish()
    }
}

fn missing(table: &str, id: impl core::fmt::Debug) -> StoreError {
    StoreError::defect(format!("{table} {id:?} was touched and is not in the book"))
}

/// Writes positions, the closed ones first: one may make room for another of its instrument.
fn positions(
    entities: &Entities<'_>,
    book: &Book,
    touched: &Few<crate::domain::ids::PositionId>,
) -> Result<String, StoreError> {
    let mut found = Vec::new();
    for id in touched {
        let position = book.positions.get(id);
        found.push(position.ok_or_else(|| missing("positions", id))?);
    }
    found.sort_by_key(|position| position.is_open());
    Ok(entities.list(found, |position, fields| {
        position.spread(fields);
        fields.put("surplus", &is_surplus(book, position));
    }))
}

/// Returns whether the broker opened it while we knew of an older one in the same instrument: that
/// is for a person to sort out, and still to be stored.
fn is_surplus(book: &Book, position: &Position) -> bool {
    let age = |one: &Position| (one.opened_at, one.id);
    book.positions.values().any(|other| {
        other.is_open()
            && other.contract.instrument == position.contract.instrument
            && age(other) < age(position)
    })
}

fn instruments(entities: &Entities<'_>, book: &Book, touched: &Few<InstrumentIx>) -> String {
    entities.list(touched, |ix, fields| {
        fields.put("instrument", ix);
        if let Some(state) = book.instruments.get(ix) {
            state.spread(fields);
        }
        fields.put("reversal", &book.reversals.get(ix).map(Shown));
    })
}

/// A thing of the book by reference, as a field.
struct Shown<'a, T>(&'a T);

impl<T: Put> Put for Shown<'_, T> {
    fn put(&self, out: &mut Out<'_>) {
        self.0.put(out);
    }
}

type NewestKey = (SourceId, InstrumentIx);

fn newest(write: &Write<'_>) -> BTreeSet<NewestKey> {
    let accepted = write.facts.iter().filter_map(|row| {
        let Fact::SignalAccepted {
            source, instrument, ..
        } = row.fact
        else {
            return None;
        };
        Some((*source, *instrument))
    });
    accepted.collect()
}

fn newest_text(entities: &Entities<'_>, book: &Book, keys: &BTreeSet<NewestKey>) -> String {
    let known = keys
        .iter()
        .filter_map(|key| Some((key, book.newest.get(key)?)));
    entities.list(known, |((source, instrument), at), fields| {
        fields.put("source", source);
        fields.put("instrument", instrument);
        fields.put("at", at);
    })
}

fn sources(entities: &Entities<'_>, book: &Book, touched: &Few<SourceId>) -> String {
    entities.list(touched, |source, fields| {
        fields.put("source", source);
        fields.put("state", &book.state_of_source(*source));
    })
}

/// Returns whether a fact has a row of its own in one of the tables of records.
fn is_record(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Filled(_)
            | Fact::LedgerMoved(_)
            | Fact::EodViewed(_)
            | Fact::EodJudged(_)
            | Fact::FindingMade { .. }
    )
}

impl Records {
    fn of(write: &Write<'_>, entities: &Entities<'_>, from_seq: i64) -> Self {
        let seqs = from_seq.saturating_add(1)..;
        let all: Vec<Numbered<'_, Fact>> = seqs
            .zip(write.facts)
            .map(|(seq, row)| (seq, row.at, row.fact))
            .collect();
        Self {
            fills: fills(&all, entities, write.book),
            ledger: ledger(&all, entities),
            eod: eod(&all, entities),
            findings: findings(&all, entities),
        }
    }
}

fn numbered<T>((seq, at, _): &Numbered<'_, T>, fields: &mut Fields<'_, '_>) {
    fields.put("seq", seq);
    fields.put("at", at);
}

fn fills(all: &[Numbered<'_, Fact>], entities: &Entities<'_>, book: &Book) -> String {
    let fills = all.iter().filter_map(|one| {
        let Fact::Filled(fill) = one.2 else {
            return None;
        };
        Some((one, fill))
    });
    entities.list(fills, |(one, fill), fields| {
        numbered(one, fields);
        let Fill {
            order,
            quantity,
            value,
            charges,
            added,
            added_charges,
        } = fill.as_ref();
        if let Some(order) = book.orders.get(order) {
            fields.put("contract", &order.contract);
            fields.put("instrument", &order.contract.instrument);
            fields.put("side", &order.side);
        }
        fields.put("order_id", order);
        fields.put("quantity", quantity);
        fields.put("value", value);
        fields.put("charges", charges);
        fields.put("added", added);
        fields.put("added_charges", added_charges);
    })
}

fn ledger(all: &[Numbered<'_, Fact>], entities: &Entities<'_>) -> String {
    let moves = all.iter().filter_map(|one| {
        let Fact::LedgerMoved(movement) = one.2 else {
            return None;
        };
        Some((one, movement))
    });
    entities.list(moves, |(one, movement), fields| {
        numbered(one, fields);
        let Movement {
            kind,
            amount,
            after,
            order,
        } = movement.as_ref();
        fields.put("kind", kind);
        fields.put("amount", amount);
        fields.put("before", &(*after - *amount));
        fields.put("after", after);
        fields.put("order_id", order);
    })
}

fn eod(all: &[Numbered<'_, Fact>], entities: &Entities<'_>) -> String {
    let looks = all
        .iter()
        .filter(|one| matches!(one.2, Fact::EodViewed(_) | Fact::EodJudged(_)));
    entities.list(looks, |one, fields| {
        numbered(one, fields);
        if let Fact::EodViewed(scout) = one.2 {
            fields.put("signal_id", &scout.id);
            fields.put("instrument", &scout.instrument);
            fields.put("seen_at", &scout.at);
        }
        if let Fact::EodJudged(judged) = one.2 {
            fields.put("signal_id", &judged.signal);
            fields.put("instrument", &judged.instrument);
            fields.put("close_at", &judged.close);
            fields.put("phase", &judged.phase);
            fields.put("would", &judged.would);
            fields.put("does", &judged.does);
            fields.put("why", &judged.why);
            fields.put("intent", &judged.intent);
        }
    })
}

fn findings(all: &[Numbered<'_, Fact>], entities: &Entities<'_>) -> String {
    let found = all
        .iter()
        .filter(|one| matches!(one.2, Fact::FindingMade { .. }));
    entities.list(found, |one, fields| {
        if let Fact::FindingMade {
            instrument,
            order,
            code,
            ours,
            theirs,
        } = one.2
        {
            numbered(one, fields);
            fields.put("instrument", instrument);
            fields.put("order_id", order);
            fields.put("code", code);
            fields.put("ours", ours);
            fields.put("theirs", theirs);
        }
    })
}
