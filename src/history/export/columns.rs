//! Which column means what, in every set of names `TradingView` has written.

use crate::history::table::{Problem, Row};

/// Where the figures of a trade stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The trade's number.
    pub number: usize,
    /// Entry or exit, long or short.
    pub kind: usize,
    /// When.
    pub at: usize,
    /// The comment, or the order's name.
    pub signal: usize,
    /// At what price.
    pub price: usize,
    /// How much.
    pub quantity: usize,
    /// The gain after commission.
    pub net: Option<usize>,
    /// The best of it while it was open, in percent of the entry.
    pub run_up: Option<usize>,
    /// The worst of it while it was open, in percent of the entry.
    pub drawdown: Option<usize>,
    /// The currency the names carry.
    pub currency: String,
}

/// Names of one column, in small letters; one that ends with a blank is followed by a currency.
type Names = &'static [&'static str];

const NUMBER: Names = &["trade #", "trade number"];
const KIND: Names = &["type"];
const AT: Names = &["date/time", "date and time"];
const SIGNAL: Names = &["signal"];
const PRICE: Names = &["price", "price "];
const QUANTITY: Names = &[
    "position size (qty)",
    "size (qty)",
    "contracts",
    "quantity",
    "qty",
];
const NET: Names = &[
    "net p&l ", "net pnl ", "profit ", "net p&l", "net pnl", "profit",
];
const RUN_UP: Names = &["run-up %", "favorable excursion %"];
const DRAWDOWN: Names = &["drawdown %", "adverse excursion %"];

impl Columns {
    /// Finds the columns by the names of the first row.
    ///
    /// # Errors
    ///
    /// A column that is needed and not there.
    pub fn of(head: &Row) -> Result<Self, Problem> {
        let need = |names: Names| {
            find(head, names).ok_or_else(|| {
                let wanted = names.join("\" or \"");
                Problem::new(
                    head.line,
                    format!(
                        "no column is called \"{wanted}\": this is no list of trades as \
                         TradingView exports it in English"
                    ),
                )
            })
        };
        let price = need(PRICE)?;
        Ok(Self {
            number: need(NUMBER)?,
            kind: need(KIND)?,
            at: need(AT)?,
            signal: need(SIGNAL)?,
            price,
            quantity: need(QUANTITY)?,
            net: find(head, NET),
            run_up: find(head, RUN_UP),
            drawdown: find(head, DRAWDOWN),
            currency: head
                .cell(price)
                .and_then(|name| name.split_once(' '))
                .map_or_else(String::new, |(_, currency)| currency.to_owned()),
        })
    }
}

fn find(head: &Row, names: Names) -> Option<usize> {
    let is = |cell: &str, name: &str| {
        let cell = cell.to_ascii_lowercase();
        match name.strip_suffix(' ') {
            Some(_) => cell
                .strip_prefix(name)
                .is_some_and(|currency| currency != "%"),
            None => cell == name,
        }
    };
    names
        .iter()
        .find_map(|name| head.cells.iter().position(|cell| is(cell, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(head: &str) -> Result<Columns, Problem> {
        let rows = crate::history::table::rows(head).unwrap();
        Columns::of(rows.first().unwrap())
    }

    #[test]
    fn three_generations_of_names_are_known() {
        let oldest = columns(
            "Trade #,Type,Signal,Date/Time,Price INR,Contracts,Profit INR,Profit %,Cum. Profit INR,\
             Cum. Profit %,Run-up INR,Run-up %,Drawdown INR,Drawdown %",
        )
        .unwrap();
        assert_eq!((oldest.at, oldest.signal, oldest.net), (3, 2, Some(6)));
        let older = columns(
            "Trade #,Type,Date/Time,Signal,Price INR,Position size (qty),Position size (value),\
             Net P&L INR,Net P&L %,Run-up INR,Run-up %,Drawdown INR,Drawdown %",
        )
        .unwrap();
        assert_eq!(
            (older.quantity, older.net, older.drawdown),
            (5, Some(7), Some(12))
        );
        let newest = columns(
            "Trade number,Type,Date and time,Signal,Price INR,Size (qty),Size (value),Net PnL INR,\
             Return %,Commission INR,Favorable excursion INR,Favorable excursion %,\
             Adverse excursion INR,Adverse excursion %,Cumulative PnL INR,Cumulative PnL %,Duration",
        )
        .unwrap();
        assert_eq!(
            (newest.net, newest.run_up, newest.drawdown),
            (Some(7), Some(11), Some(13))
        );
        assert_eq!(newest.currency, "INR");
    }

    #[test]
    fn a_file_of_something_else_is_refused_by_its_first_row() {
        let refused = columns("time,open,high,low,close").unwrap_err();
        assert!(refused.reason.contains("price"), "{}", refused.reason);
    }
}
