//! Rows into trades: an entry and an exit of one number.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use rust_decimal::Decimal;

use super::{Columns, Comment, Head};
use crate::domain::calendar::from_ist;
use crate::domain::money::{Money, Percent, Price};
use crate::domain::order::Direction;
use crate::history::table::{self, Problem, Row};

/// One end of a trade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The line it stands on.
    pub line: usize,
    /// When.
    pub at: DateTime<Utc>,
    /// At what price.
    pub price: Price,
    /// The comment as written.
    pub text: String,
    /// The comment, taken apart.
    pub comment: Comment,
}

/// One trade of the list: an entry, or a part of one, and its exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Its number.
    pub number: u32,
    /// Which way it gains.
    pub direction: Direction,
    /// How much, as the export counts.
    pub quantity: Decimal,
    /// How it began.
    pub entry: Side,
    /// How it ended, or where it was marked while open.
    pub exit: Option<Side>,
    /// Whether it is still open.
    pub open: bool,
    /// The gain that `TradingView` shows for it.
    pub net: Option<Money>,
    /// The best of it while open, in percent of the entry.
    pub run_up: Option<Percent>,
    /// The worst of it while open, in percent of the entry.
    pub drawdown: Option<Percent>,
}

/// A list of trades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// How many rows it has, without the names of the columns.
    pub rows: usize,
    /// The trades, by number.
    pub trades: Vec<Trade>,
    /// What was not understood.
    pub problems: Vec<Problem>,
}

/// Reads a list of trades.
///
/// # Errors
///
/// The text is no list of trades at all; a row that is not understood is in [`Export::problems`].
pub fn read(text: &str) -> Result<Export, Problem> {
    let mut rows = table::rows(text)?.into_iter();
    let head = rows
        .next()
        .ok_or_else(|| Problem::new(1, "the file is empty"))?;
    let columns = Columns::of(&head)?;
    let mut pairs: BTreeMap<u32, Pair> = BTreeMap::new();
    let mut export = Export {
        rows: 0,
        trades: Vec::new(),
        problems: Vec::new(),
    };
    for row in rows {
        export.rows += 1;
        let taken = Half::read(&row, &columns)
            .and_then(|(number, half)| pairs.entry(number).or_default().take(half));
        if let Err(reason) = taken {
            export.problems.push(Problem::new(row.line, reason));
        }
    }
    for (number, pair) in pairs {
        match pair.trade(number) {
            Ok(trade) => export.trades.push(trade),
            Err(problem) => export.problems.push(problem),
        }
    }
    export.problems.sort_by_key(|problem| problem.line);
    Ok(export)
}

/// One row, understood.
struct Half {
    entry: bool,
    direction: Direction,
    quantity: Decimal,
    side: Option<Side>,
    line: usize,
    net: Option<Money>,
    excursions: (Option<Percent>, Option<Percent>),
}

#[derive(Default)]
struct Pair {
    entry: Option<Half>,
    exit: Option<Half>,
}

impl Half {
    fn read(row: &Row, columns: &Columns) -> Result<(u32, Self), String> {
        let need = |place: usize, what: &str| {
            row.cell(place)
                .ok_or_else(|| format!("the row has no {what}"))
        };
        let number = need(columns.number, "number")?;
        let number = number
            .parse()
            .map_err(|_no_number| format!("\"{number}\" is no trade's number"))?;
        let (entry, direction) = kind(need(columns.kind, "type")?)?;
        let figure = |place: Option<usize>| match place.and_then(|place| row.cell(place)) {
            Some(cell) => Ok(Some(number_of(cell)?)),
            None => Ok::<_, String>(None),
        };
        let quantity = number_of(need(columns.quantity, "quantity")?)?;
        if quantity <= Decimal::ZERO {
            return Err(format!("a quantity of {quantity}"));
        }
        let half = Self {
            entry,
            direction,
            quantity,
            side: side(row, columns, entry)?,
            line: row.line,
            net: figure(columns.net)?.map(Money::new),
            excursions: (
                figure(columns.run_up)?.map(Percent::new),
                figure(columns.drawdown)?.map(Percent::new),
            ),
        };
        Ok((number, half))
    }
}

/// Reads when, at what price and with which comment; nothing where a trade that is still open has
/// an exit row without any of it.
fn side(row: &Row, columns: &Columns, entry: bool) -> Result<Option<Side>, String> {
    let text = row.cell(columns.signal).unwrap_or_default();
    let (Some(at), Some(price)) = (row.cell(columns.at), row.cell(columns.price)) else {
        let is_open = !entry && (text.is_empty() || text == "Open");
        return if is_open {
            Ok(None)
        } else {
            Err("the row has no time or no price".to_owned())
        };
    };
    Ok(Some(Side {
        line: row.line,
        at: moment(at)?,
        price: Price::new(number_of(price)?).ok_or_else(|| format!("a price of {price}"))?,
        text: text.to_owned(),
        comment: Comment::read(text)?,
    }))
}

impl Pair {
    fn take(&mut self, half: Half) -> Result<(), String> {
        let (slot, name) = if half.entry {
            (&mut self.entry, "entry")
        } else {
            (&mut self.exit, "exit")
        };
        if let Some(other) = slot {
            return Err(format!(
                "the trade's {name} stands on line {} already",
                other.line
            ));
        }
        *slot = Some(half);
        Ok(())
    }

    fn trade(self, number: u32) -> Result<Trade, Problem> {
        let Some(entry) = self.entry else {
            let line = self.exit.map_or(0, |exit| exit.line);
            return Err(Problem::new(line, "an exit whose entry is not there"));
        };
        let line = entry.line;
        let side = entry
            .side
            .ok_or_else(|| Problem::new(line, "an entry without a price"))?;
        if let Some(exit) = &self.exit {
            let same = exit.direction == entry.direction && exit.quantity == entry.quantity;
            if !same {
                return Err(Problem::new(
                    exit.line,
                    "entry and exit differ in direction or quantity",
                ));
            }
            if exit.side.as_ref().is_some_and(|exit| exit.at < side.at) {
                return Err(Problem::new(exit.line, "an exit before its entry"));
            }
        }
        let exit = self.exit.as_ref().and_then(|exit| exit.side.clone());
        let net = self.exit.as_ref().and_then(|exit| exit.net).or(entry.net);
        Ok(Trade {
            number,
            direction: entry.direction,
            quantity: entry.quantity,
            open: exit
                .as_ref()
                .is_none_or(|exit| exit.comment.head == Head::Open),
            entry: side,
            exit,
            net,
            run_up: entry.excursions.0,
            drawdown: entry.excursions.1,
        })
    }
}

fn kind(text: &str) -> Result<(bool, Direction), String> {
    match text.to_ascii_lowercase().as_str() {
        "entry long" => Ok((true, Direction::Long)),
        "exit long" => Ok((false, Direction::Long)),
        "entry short" => Ok((true, Direction::Short)),
        "exit short" => Ok((false, Direction::Short)),
        _ => Err(format!(
            "\"{text}\" is neither an entry nor an exit, long or short"
        )),
    }
}

fn number_of(text: &str) -> Result<Decimal, String> {
    text.parse()
        .map_err(|_no_number| format!("\"{text}\" is no number"))
}

/// Reads a time of the chart as Indian.
pub(in crate::history) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|at| at.to_utc());
    let formats = [
        "%Y-%m-%d %H:%M",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%dT%H:%M:%S",
    ];
    let naive = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let naive = naive.or_else(|| day().map(|day| day.and_time(NaiveTime::MIN)));
    with_zone
        .ok()
        .or_else(|| naive.map(from_ist))
        .ok_or_else(|| format!("\"{text}\" is no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "Trade #,Type,Date/Time,Signal,Price INR,Position size (qty),\
                        Position size (value),Net P&L INR,Net P&L %,Run-up INR,Run-up %,\
                        Drawdown INR,Drawdown %\n";

    fn export(rows: &str) -> Export {
        read(&format!("\u{feff}{HEAD}{rows}")).unwrap()
    }

    #[test]
    fn an_exit_before_its_entry_in_the_file_makes_one_trade() {
        let read = export(
            "1,Exit long,2026-02-16 09:15,EXIT - Basso Stop,60000,2,1,-500.5,-3.14,9,0.12,-9,-8.17\n\
             1,Entry long,2026-02-13 13:15,ENTRY-2L,60100,2,1,-500.5,-3.14,9,0.12,-9,-8.17",
        );
        assert_eq!((read.rows, read.problems.len()), (2, 0));
        let trade = read.trades.first().unwrap();
        assert_eq!(trade.entry.at.to_rfc3339(), "2026-02-13T07:45:00+00:00");
        assert_eq!(trade.net, Some(Money::new("-500.5".parse().unwrap())));
        assert_eq!(trade.drawdown, Some(Percent::new("-8.17".parse().unwrap())));
        assert!(!trade.open);
    }

    #[test]
    fn a_trade_may_still_be_open_with_a_mark_or_without() {
        let read = export(
            "1,Exit long,2026-02-16 09:15,Open,60000,2,1,-500.5,-3.14,9,0.12,-9,-8.17\n\
             1,Entry long,2026-02-13 13:15,ENTRY-2L,60100,2,1,-500.5,-3.14,9,0.12,-9,-8.17\n\
             2,Exit long,,Open,,2,,,,,,,\n\
             2,Entry long,2026-02-14 13:15,PYR1-2L,60100,2,,,,,,,\n\
             3,Entry long,2026-02-15 13:15,PYR2-2L,60100,2,,,,,,,",
        );
        assert_eq!(read.problems, []);
        assert!(read.trades.iter().all(|trade| trade.open));
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line() {
        let read = export(
            "1,Exit long,2026-02-16 09:15,EXIT,60000,2\n\
             x,Entry long,2026-02-13 13:15,ENTRY-2L,60100,2\n\
             2,Entry wide,2026-02-13 13:15,ENTRY-2L,60100,2\n\
             3,Entry long,Friday,ENTRY-2L,60100,2\n\
             4,Entry long,2026-02-13 13:15,ENTRY-2,60100,2\n\
             5,Entry long,2026-02-13 13:15,ENTRY-2L,\"60,100\",2\n\
             6,Entry long,2026-02-13 13:15,ENTRY-2L,60100,0\n\
             7,Entry long,2026-02-13 13:15,ENTRY-2L,60100,2\n\
             7,Entry long,2026-02-13 13:15,ENTRY-2L,60100,2\n\
             8,Entry long,2026-02-13 13:15,ENTRY-2L,60100,2\n\
             8,Exit long,2026-02-13 13:00,EXIT,60100,2",
        );
        let lines: Vec<usize> = read.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8, 10, 12]);
        assert_eq!(read.trades.len(), 1);
    }
}
