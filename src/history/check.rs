//! What a list of trades holds, and whether its own gains can be computed again: the proof that it
//! was read as it was meant.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::export::{Export, Head, Trade};
use super::group::{Entry, grouped};
use crate::domain::money::Money;

/// Commissions that scripts charge, in percent of the value a side.
const PERCENTS: [i64; 7] = [0, 1, 2, 3, 5, 10, 20];

/// A gain is computed again when it is this near, in rupees: what is shown is rounded.
const NEAR: Decimal = Decimal::TWO;

/// What a list of trades holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Rows without the names of the columns.
    pub rows: usize,
    /// Trades: pairs of rows.
    pub trades: usize,
    /// First legs of positions.
    pub entries: usize,
    /// Adds.
    pub adds: usize,
    /// Exits of trades.
    pub exits: usize,
    /// Trades that are still open.
    pub open: usize,
    /// Entries that were split over several trades.
    pub split: usize,
    /// Entries whose comment names other lots than their parts sum to.
    pub uneven: usize,
    /// Rows that were not understood.
    pub unexplained: usize,
    /// The first entry and the last row.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// How its gains are computed.
    pub model: Option<Model>,
}

/// How gains are computed: the difference times quantity times the value of a point, less a part of
/// the value of both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Rupees a point of one lot is worth.
    pub point_value: Decimal,
    /// Commission of one side, in percent of the value.
    pub percent: Decimal,
    /// Trades with a gain and an exit.
    pub trades: usize,
    /// Of those, the ones whose gain came out within two rupees.
    pub fit: usize,
    /// The greatest distance of those, in rupees.
    pub worst: Decimal,
}

/// Counts a list of trades.
pub fn count(export: &Export) -> Counted {
    let trades = &export.trades;
    let entries = grouped(trades);
    let adds = entries.iter().filter(|entry| entry.is_add()).count();
    let moments = trades
        .iter()
        .flat_map(|trade| [Some(&trade.entry), trade.exit.as_ref()])
        .flatten()
        .map(|side| side.at);
    Counted {
        rows: export.rows,
        trades: trades.len(),
        entries: entries.len() - adds,
        adds,
        exits: trades.iter().filter(|trade| !trade.open).count(),
        open: trades.iter().filter(|trade| trade.open).count(),
        split: entries.iter().filter(|entry| entry.parts.len() > 1).count(),
        uneven: entries.iter().filter(|entry| is_uneven(entry)).count(),
        unexplained: export.problems.len(),
        span: moments.clone().min().zip(moments.max()),
        model: model(trades),
    }
}

fn is_uneven(entry: &Entry<'_>) -> bool {
    match entry.first().entry.comment.head {
        Head::Entry(lots) | Head::Add(_, lots) => lots != entry.quantity(),
        Head::Exit(_) | Head::Open | Head::Other(_) => false,
    }
}

/// Finds the value of a point and the commission that explain most gains.
fn model(trades: &[Trade]) -> Option<Model> {
    let models = PERCENTS.into_iter().filter_map(|hundredths| {
        let percent = Decimal::new(hundredths, 2);
        let point_value = point_value(trades, percent)?;
        Some(tried(trades, (point_value, percent)))
    });
    // Of two that explain as many, the one with the smaller commission.
    models.max_by_key(|model| (model.fit, core::cmp::Reverse(model.percent)))
}

/// Returns the middle of what the trades say a point is worth.
fn point_value(trades: &[Trade], percent: Decimal) -> Option<Decimal> {
    let mut values: Vec<Decimal> = trades
        .iter()
        .filter_map(|trade| {
            let points = points(trade, percent)?;
            trade
                .net?
                .get()
                .checked_div(points)
                .map(|one| one.round_dp(2))
        })
        .filter(|value| *value > Decimal::ZERO)
        .collect();
    values.sort_unstable();
    let middle = values.len().div_euclid(2);
    values.get(middle).map(Decimal::normalize)
}

/// Returns the gain in points times quantity, after commission.
fn points(trade: &Trade, percent: Decimal) -> Option<Decimal> {
    let exit = trade.exit.as_ref()?;
    let gain = trade.direction.gain(trade.entry.price, exit.price).get();
    let both = trade.entry.price.get() + exit.price.get();
    Some((gain - both * percent * Decimal::new(1, 2)) * trade.quantity)
}

fn tried(trades: &[Trade], (point_value, percent): (Decimal, Decimal)) -> Model {
    let apart: Vec<Decimal> = trades
        .iter()
        .filter_map(|trade| {
            let ours = Money::new(points(trade, percent)? * point_value);
            Some((ours - trade.net?).abs().get())
        })
        .collect();
    let near = apart.iter().filter(|apart| **apart <= NEAR);
    Model {
        point_value,
        percent: percent.normalize(),
        trades: apart.len(),
        fit: near.clone().count(),
        worst: near.max().copied().unwrap_or_default().normalize(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::export::read;

    #[test]
    fn a_list_is_counted_and_its_gains_are_computed_again() {
        // (60200 - 60000) x 3 x 30 less 0.05 % of both sides
        let text = "Trade #,Type,Date/Time,Signal,Price INR,Contracts,Profit INR\n\
            1,Exit long,2026-02-16 09:15,EXIT - Basso Stop,60200,2,8393.99\n\
            1,Entry long,2026-02-13 13:15,ENTRY-3L,60000,2,8393.99\n\
            2,Exit long,2026-02-17 09:15,EXIT - Basso Stop,60100,1,1198.5\n\
            2,Entry long,2026-02-13 13:15,ENTRY-3L,60000,1,1198.5\n\
            3,Exit long,2026-02-17 09:15,Open,60100,1,1198.5\n\
            3,Entry long,2026-02-14 13:15,PYR1-2L,60000,1,1198.5\n\
            4,Entry wide,2026-02-14 13:15,PYR1-2L,60000,1,1198.5";
        let counted = count(&read(text).unwrap());
        assert_eq!(
            (counted.rows, counted.trades, counted.unexplained),
            (7, 3, 1)
        );
        assert_eq!((counted.entries, counted.adds), (1, 1));
        assert_eq!((counted.exits, counted.open), (2, 1));
        assert_eq!((counted.split, counted.uneven), (1, 1));
        let model = counted.model.unwrap();
        assert_eq!(model.point_value, Decimal::from(30));
        assert_eq!(model.percent, Decimal::new(5, 2));
        assert_eq!((model.fit, model.trades), (3, 3));
    }
}
