//! What the script said, as signals: an entry or an add for each entry of the list, an exit for
//! each leg it closed.
//!
//! 1. `TradingView` books a partial exit against the oldest entry. Which leg the script meant is
//!    found by its lots: those of the legs that together make what was closed, the newest first.
//!    Where no legs do, a leg leaves with its last part.
//! 2. Of one moment, exits come before entries and entries before adds; else the order of the list
//!    counts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::assume::{Assume, Notes};
use super::export::{Export, Head};
use super::group::{Entry, grouped};
use crate::domain::ids::{Cause, LegId};
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::{Percent, Points, Price, Ratio};
use crate::domain::order::Direction;
use crate::domain::signal::{Ask, Layer, Signal, SourceId, Which};

/// Whose alerts the signals of a list are.
pub(super) const SOURCE: SourceId = SourceId(1);

/// How many legs are tried in every combination; a script holds six at most.
const LEGS_TRIED_MAX: usize = 10;

/// A list of trades of one instrument.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    /// The list.
    pub export: &'a Export,
    /// Of what.
    pub instrument: InstrumentIx,
    /// The instrument's name.
    pub name: &'a str,
}

/// A signal, and the price the chart showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The signal.
    pub signal: Signal,
    /// The price at its moment.
    pub price: Price,
    /// Its place among those of one moment.
    pub rank: u8,
}

/// How far a leg went for and against it, in percent of its entry.
pub type Excursions = BTreeMap<LegId, (Percent, Percent)>;

/// What a list of trades says.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The signals, in order of time.
    pub said: Vec<Said>,
    /// How far its legs went, as the list says.
    pub excursions: Excursions,
    /// What was taken from where.
    pub notes: Notes,
}

/// Returns what a list of trades says; `atr` knows the average true range of a moment, where bars
/// were given.
pub fn script(
    listed: Listed<'_>,
    assume: &Assume,
    atr: &dyn Fn(DateTime<Utc>) -> Option<Points>,
) -> Script {
    let entries = grouped(&listed.export.trades);
    let mut script = Script::default();
    let maker = Maker {
        listed,
        assume,
        atr,
        entries: &entries,
    };
    for place in 0..entries.len() {
        maker.entry(place, &mut script);
    }
    maker.exits(&mut script);
    script.said.sort_by_key(|said| (said.signal.at, said.rank));
    script
}

/// Returns the name of something that was said of an instrument.
pub(super) fn cause(instrument: &str, what: &str, number: u32) -> Cause {
    let key = format!("history/{instrument}/{what}/{number}");
    let digest = Sha256::digest(key.as_bytes());
    let mut bytes = [0; 10];
    bytes
        .iter_mut()
        .zip(digest.iter())
        .for_each(|(to, from)| *to = *from);
    Cause::from_bytes(bytes)
}

struct Maker<'a> {
    listed: Listed<'a>,
    assume: &'a Assume,
    atr: &'a dyn Fn(DateTime<Utc>) -> Option<Points>,
    entries: &'a [Entry<'a>],
}

impl Maker<'_> {
    /// Returns the name of something the list says.
    fn cause(&self, what: &str, number: u32) -> Cause {
        cause(self.listed.name, what, number)
    }

    fn entry(&self, place: usize, script: &mut Script) {
        let Some(entry) = self.entries.get(place) else {
            return;
        };
        let trade = entry.first();
        let (side, comment) = (&trade.entry, &trade.entry.comment);
        let atr = self
            .assume
            .atr(comment.atr, (self.atr)(side.at), side.price);
        let er = self.assume.er(comment.er);
        script
            .notes
            .count((atr.1, er.1, comment.stop.is_some()), side.line);
        let adds = match comment.head {
            Head::Other(_) => self.held(place) > 0,
            Head::Entry(_) | Head::Exit(_) | Head::Open => false,
            Head::Add(..) => true,
        };
        let (direction, layer) = (trade.direction, Layer(self.layer(place)));
        let id = self.cause("entry", trade.number);
        script
            .excursions
            .extend(excursions(entry).map(|far| (LegId(id), far)));
        let ask = if adds {
            Ask::Add { direction, layer }
        } else {
            Ask::Enter { direction, layer }
        };
        script.said.push(Said {
            signal: Signal {
                price: Some(side.price),
                stop: comment.stop.and_then(Price::new),
                atr: atr.0,
                er: er.0,
                ..self.plain(id, ask, side.at)
            },
            price: side.price,
            rank: 1 + u8::from(adds),
        });
    }

    fn plain(&self, id: Cause, ask: Ask, at: DateTime<Utc>) -> Signal {
        Signal {
            id,
            source: SOURCE,
            ask,
            instrument: self.listed.instrument,
            contract: None,
            product: None,
            price: None,
            stop: None,
            target: None,
            atr: None,
            er: None::<Ratio>,
            at,
            bar: None,
            opened_before: None,
            id_reused: false,
            profile: None,
        }
    }

    /// Returns the label of an entry's leg; an order that has no number of its own is counted.
    fn layer(&self, place: usize) -> u8 {
        let Some(entry) = self.entries.get(place) else {
            return 1;
        };
        match entry.first().entry.comment.head {
            Head::Other(_) => u8::try_from(self.held(place) + 1).unwrap_or(u8::MAX),
            Head::Entry(_) | Head::Add(..) | Head::Exit(_) | Head::Open => entry.layer(),
        }
    }

    /// Returns how many earlier entries of the same direction are open when one is made.
    fn held(&self, place: usize) -> usize {
        let Some(entry) = self.entries.get(place) else {
            return 0;
        };
        let at = entry.first().entry.at;
        let earlier = self.entries.iter().take(place);
        earlier
            .filter(|one| one.first().direction == entry.first().direction)
            .filter(|one| one.closed_at().is_none_or(|closed| closed > at))
            .count()
    }

    /// Says the exits: at each moment with exits, of the legs whose lots make what was closed.
    fn exits(&self, script: &mut Script) {
        let mut closings: BTreeMap<(DateTime<Utc>, Direction), Closing> = BTreeMap::new();
        for (place, entry) in self.entries.iter().enumerate() {
            for trade in entry.parts.iter().filter(|trade| !trade.open) {
                let Some(exit) = &trade.exit else { continue };
                let closing = closings.entry((exit.at, trade.direction)).or_default();
                closing.quantity += trade.quantity;
                closing.price = Some(exit.price);
                closing.number = closing.number.max(trade.number);
                if entry.closed_at() == Some(exit.at) {
                    closing.last_parts.push(place);
                }
            }
        }
        let mut left: Vec<usize> = Vec::new();
        for ((at, direction), closing) in closings {
            let open: Vec<usize> = (0..self.entries.len())
                .filter(|place| !left.contains(place) && self.is_made(*place, (at, direction)))
                .collect();
            let meant = self.meant(&open, closing.quantity);
            let legs = if let Some(legs) = meant {
                legs
            } else {
                script.notes.exits_by_last_part += 1;
                let gone = |place: &usize| !left.contains(place);
                closing.last_parts.iter().copied().filter(gone).collect()
            };
            for place in legs {
                left.push(place);
                self.exit(place, (at, closing.price), script);
            }
        }
        // The legs that the lots never named leave with their last part.
        for (place, entry) in self.entries.iter().enumerate() {
            let gone = left.contains(&place);
            if let (false, Some(at)) = (gone, entry.closed_at()) {
                script.notes.exits_by_last_part += 1;
                let exits = entry.parts.iter().filter_map(|trade| trade.exit.as_ref());
                let last = exits.max_by_key(|exit| exit.at);
                self.exit(place, (at, last.map(|exit| exit.price)), script);
            }
        }
    }

    fn is_made(&self, place: usize, (at, direction): (DateTime<Utc>, Direction)) -> bool {
        self.entries.get(place).is_some_and(|entry| {
            let first = entry.first();
            first.direction == direction && first.entry.at < at
        })
    }

    /// Returns the open legs whose lots make this quantity: all of them, else the fewest, the
    /// newest first.
    fn meant(&self, open: &[usize], quantity: Decimal) -> Option<Vec<usize>> {
        let lots = |place: &usize| {
            self.entries
                .get(*place)
                .map_or(Decimal::ZERO, Entry::quantity)
        };
        if open.iter().map(lots).sum::<Decimal>() == quantity {
            return Some(open.to_vec());
        }
        let newest: Vec<usize> = open.iter().rev().copied().take(LEGS_TRIED_MAX).collect();
        let mut found: Option<Vec<usize>> = None;
        for mask in 1_u32..(1 << newest.len()) {
            let chosen = (0_u32..).zip(&newest);
            let chosen: Vec<usize> = chosen
                .filter(|(bit, _)| mask & (1 << bit) != 0)
                .map(|(_, place)| *place)
                .collect();
            let fewer = found.as_ref().is_none_or(|best| chosen.len() < best.len());
            if fewer && chosen.iter().map(lots).sum::<Decimal>() == quantity {
                found = Some(chosen);
            }
        }
        found
    }

    fn exit(&self, place: usize, (at, price): (DateTime<Utc>, Option<Price>), script: &mut Script) {
        let (Some(entry), Some(price)) = (self.entries.get(place), price) else {
            return;
        };
        let (trade, layer) = (entry.first(), Layer(self.layer(place)));
        let ask = Ask::Exit(Which::Layer(trade.direction, layer));
        script.said.push(Said {
            signal: Signal {
                price: Some(price),
                ..self.plain(self.cause("exit", trade.number), ask, at)
            },
            price,
            rank: 0,
        });
    }
}

#[derive(Default)]
struct Closing {
    quantity: Decimal,
    price: Option<Price>,
    number: u32,
    last_parts: Vec<usize>,
}

/// Returns how far an entry went against and for it: the most of its parts.
fn excursions(entry: &Entry<'_>) -> Option<(Percent, Percent)> {
    let against = entry.parts.iter().filter_map(|trade| trade.drawdown);
    let with = entry.parts.iter().filter_map(|trade| trade.run_up);
    against
        .map(|percent| Percent::new(-percent.get().abs()))
        .min()
        .zip(with.max())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::export::read;

    const HEAD: &str = "Trade #,Type,Date/Time,Signal,Price INR,Contracts,Profit INR\n";

    /// Returns what is said, in short: `Long_1 enter 09:15`.
    fn told(rows: &str) -> Vec<String> {
        let export = read(&format!("{HEAD}{rows}")).unwrap();
        assert_eq!(export.problems, []);
        let listed = Listed {
            export: &export,
            instrument: InstrumentIx::new(0),
            name: "BANK_NIFTY",
        };
        let script = script(listed, &Assume::default(), &|_| None);
        script
            .said
            .iter()
            .map(|said| {
                let at = crate::domain::calendar::ist(said.signal.at).format("%H:%M");
                match said.signal.ask {
                    Ask::Enter { layer, .. } => format!("{at} enter {}", layer.0),
                    Ask::Add { layer, .. } => format!("{at} add {}", layer.0),
                    Ask::Exit(Which::Layer(_, layer)) => format!("{at} exit {}", layer.0),
                    Ask::Exit(Which::All) | Ask::Trade { .. } => "?".to_owned(),
                }
            })
            .collect()
    }

    #[test]
    fn an_exit_is_of_the_leg_whose_lots_were_closed_not_of_the_oldest() {
        // The add of 2 leaves at 11:15: the list takes 2 of the base for it, as brokers do.
        let rows = "1,Entry long,2026-02-13 09:15,ENTRY-5L,100,2,\n\
            1,Exit long,2026-02-13 11:15,EXIT - Basso Stop,110,2,\n\
            2,Entry long,2026-02-13 09:15,ENTRY-5L,100,3,\n\
            2,Exit long,2026-02-13 12:15,EXIT - Basso Stop,105,3,\n\
            3,Entry long,2026-02-13 10:15,PYR1-2L,112,2,\n\
            3,Exit long,2026-02-13 12:15,EXIT - Basso Stop,105,2,";
        let expected = [
            "09:15 enter 1",
            "10:15 add 2",
            "11:15 exit 2",
            "12:15 exit 1",
        ];
        assert_eq!(told(rows), expected);
    }

    #[test]
    fn everything_at_once_is_an_exit_of_every_leg_before_what_is_new() {
        let rows = "1,Entry long,2026-02-13 09:15,ENTRY-5L,100,5,\n\
            1,Exit long,2026-02-13 11:15,EXIT - Below ST,110,5,\n\
            2,Entry long,2026-02-13 10:15,PYR1-2L,112,2,\n\
            2,Exit long,2026-02-13 11:15,EXIT - Below ST,110,2,\n\
            3,Entry long,2026-02-13 11:15,ENTRY-4L,110,4,\n\
            3,Exit long,,Open,,4,";
        let expected = [
            "09:15 enter 1",
            "10:15 add 2",
            "11:15 exit 1",
            "11:15 exit 2",
            "11:15 enter 1",
        ];
        assert_eq!(told(rows), expected);
    }

    #[test]
    fn names_of_orders_that_say_nothing_are_counted_by_what_is_open() {
        let rows = "1,Entry short,2026-02-13 09:15,Sell,100,1,\n\
            1,Exit short,2026-02-13 12:15,Cover,110,1,\n\
            2,Entry short,2026-02-13 10:15,Sell,112,1,\n\
            2,Exit short,2026-02-13 12:15,Cover,110,1,";
        let expected = [
            "09:15 enter 1",
            "10:15 add 2",
            "12:15 exit 1",
            "12:15 exit 2",
        ];
        assert_eq!(told(rows), expected);
    }
}
