//! What a reading of the position book says about how much may be sold.

use std::collections::BTreeMap;

use crate::domain::book::Book;
use crate::domain::broker_book::{BrokerBook, Net, NetKey};
use crate::domain::money::Quantity;

/// Returns what each row of the position book says, with what of our orders it may contain: the
/// fills known then, and those that the same reading's trades show. A contract without a row is
/// left out: nobody knows what is held of it.
pub fn nets(book: &Book, seen: &BrokerBook) -> BTreeMap<NetKey, Net> {
    let rows = seen
        .positions
        .iter()
        .filter_map(|row| Some((row, row.net?)));
    rows.map(|(row, net)| {
        let key = (row.contract, row.product);
        let ours = book.orders.values();
        let filled = ours
            .filter(|order| (order.contract, order.product) == key)
            .map(|order| {
                let known = order.broker_id.as_ref();
                let traded = known.map_or(Quantity::ZERO, |id| seen.traded(id));
                (order.id, order.filled.max(traded))
            });
        let filled = filled.collect();
        let at = seen.at;
        (key, Net { net, at, filled })
    })
    .collect()
}
