//! What the broker's books say of an order that is not known yet: nothing else is reported.
//!
//! 1. Fills are sums over a complete trade book: one that shows no more than is known is no news.
//! 2. An end counts when the trade book cannot lag behind it: the order book names what was filled
//!    and the trade book has it, or a second look has found the same. Until then only fills count.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::book::{Order, OrderState};
use crate::domain::calendar::exchange_day;
use crate::domain::ids::{OrderId, Purpose};
use crate::domain::input::{Report, ReportStatus, SeenTerms};
use crate::domain::money::{Money, Quantity};
use crate::domain::order::Pricing;

/// What both books show of an order at one moment.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Its row in the order book.
    pub row: Option<ShownRow>,
    /// What the trade book has of it: units, and the sum of price times units.
    pub traded: (Quantity, Money),
    /// Whether it may be at the broker though no row shows it.
    pub unsure: bool,
}

/// A row of the order book.
#[derive(Clone, Debug)]
pub struct ShownRow {
    /// Where the order stands.
    pub status: ReportStatus,
    /// How much was filled; many brokers do not say.
    pub filled: Option<Quantity>,
    /// The broker's words.
    pub text: Option<String>,
    /// How much is asked for, as far as the row says it.
    pub quantity: Option<Quantity>,
    /// At what price, as far as the row says it.
    pub pricing: Option<Pricing>,
    /// Whether it waits for its trigger, where its state is a word we know and no end.
    pub waits: Option<bool>,
}

/// Ends that one look has shown and another has yet to confirm.
#[derive(Debug, Default)]
pub struct EndsSeen(BTreeMap<OrderId, Quantity>);

/// What the books say about an order that the book does not know yet.
struct News {
    report: Report,
    /// What the order book says was filled, where it says so.
    named: Option<Quantity>,
    /// Whether more was filled than is known.
    grew: bool,
}

impl EndsSeen {
    /// Returns what is to be reported of an order.
    pub fn news(&mut self, order: &Order, shown: &Shown, today: NaiveDate) -> Option<Report> {
        let Some(news) = news(order, shown, today) else {
            self.0.remove(&order.id);
            return None;
        };
        self.settled(news)
    }

    fn settled(&mut self, news: News) -> Option<Report> {
        let News {
            mut report,
            named,
            grew,
        } = news;
        if matches!(
            report.status,
            ReportStatus::Working | ReportStatus::Complete
        ) {
            self.0.remove(&report.order);
            return Some(report);
        }
        let before = self.0.insert(report.order, report.quantity);
        let twice = before == Some(report.quantity);
        if named.map_or(twice, |named| named == report.quantity) {
            self.0.remove(&report.order);
            return Some(report);
        }
        report.status = ReportStatus::Working;
        grew.then_some(report)
    }
}

/// All our orders are for the day: one of an earlier day that the book no longer shows is over.
fn news(order: &Order, shown: &Shown, today: NaiveDate) -> Option<News> {
    let row = shown.row.as_ref();
    let absent = row.is_none() && !shown.unsure;
    let gone = absent && order.sent_at.is_some_and(|at| exchange_day(at) < today);
    let status = match row {
        Some(row) => row.status,
        None if gone => ReportStatus::Cancelled,
        None => ReportStatus::Working,
    };
    // Yesterday's trades are in no book any more: what is known of them stands.
    let (quantity, value) = if gone {
        (
            order.filled.max(shown.traded.0),
            order.value.max(shown.traded.1),
        )
    } else {
        shown.traded
    };
    let grew = quantity > order.filled;
    let named = if gone {
        Some(quantity)
    } else {
        row.and_then(|row| row.filled)
    };
    let ended = match status {
        ReportStatus::Cancelled | ReportStatus::Rejected => true,
        // one that was made smaller may be complete before we know its size: then a second look, at
        // the same fills, ends it
        ReportStatus::Complete => {
            quantity == order.filled && named.is_none_or(|named| named == quantity)
        }
        ReportStatus::Working => false,
    };
    let over = ended && !order.state.is_closed();
    let report = Report {
        order: order.id,
        quantity,
        value,
        status,
        text: row.and_then(|row| row.text.clone()),
    };
    (grew || over).then_some(News {
        report,
        named,
        grew,
    })
}

/// Returns the terms that the order book shows of an order that rests until its trigger is touched.
pub fn terms(order: &Order, shown: &Shown) -> Option<SeenTerms> {
    let rests = order.id.intent.purpose == Purpose::Protective && order.state == OrderState::Sent;
    let row = shown.row.as_ref().filter(|_| rests)?;
    Some(SeenTerms {
        order: order.id,
        quantity: row.quantity?,
        pricing: row.pricing?,
        waits: row.waits?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{Cause, IntentId};

    fn seen(status: ReportStatus) -> News {
        let intent = IntentId::of(Cause::from_bytes([1; 10]), Purpose::Exit);
        News {
            report: Report {
                order: intent.order(1),
                quantity: Quantity::ZERO,
                value: Money::ZERO,
                status,
                text: None,
            },
            named: None,
            grew: true,
        }
    }

    #[test]
    fn an_end_that_was_taken_back_is_seen_twice_anew_before_it_counts() {
        let mut ends = EndsSeen::default();
        let mut look = |status| ends.settled(seen(status)).map(|report| report.status);
        let (working, cancelled) = (ReportStatus::Working, ReportStatus::Cancelled);
        assert_eq!(look(cancelled), Some(working));
        assert_eq!(look(working), Some(working));
        assert_eq!(look(cancelled), Some(working));
        assert_eq!(look(cancelled), Some(cancelled));
    }
}
