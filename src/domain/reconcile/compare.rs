//! Our book against the broker's: what agrees, what differs, and what cannot be said.
//!
//! 1. While anything of ours in a contract is unanswered, newer than the reading, or filled
//!    otherwise than the trade book says, nothing is said about that contract.
//! 2. A difference must be shown by several readings in a row over some time. A missing row counts
//!    only after more of them, from a broker that was proved to answer, in books read whole.
//! 3. Two figures exactly one lot's units apart are a question of units, never of quantity.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::domain::book::{Book, signed};
use crate::domain::broker_book::{BrokerBook, NetKey, SeenNet, SeenWorking, Steady};
use crate::domain::calendar::exchange_day;
use crate::domain::fact::Code;
use crate::domain::finding::{Drift, Finding};
use crate::domain::instrument::ContractId;
use crate::domain::money::Quantity;
use crate::domain::order::{BrokerOrderId, Product};
use crate::domain::rules::Rules;

/// What may differ.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// What is held of a contract of ours.
    Position(ContractId, Product),
    /// What is held of something else.
    Foreign(String, Option<Product>),
    /// An order at the broker.
    Order(BrokerOrderId),
    /// The money of the account.
    Equity,
}

/// What a reading says about one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Both books say the same.
    Agrees,
    /// They differ.
    Differs(Difference),
    /// Nobody can say yet.
    Open,
}

/// Two versions of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What kind of difference.
    pub code: Code,
    /// In what, where it is ours.
    pub contract: Option<ContractId>,
    /// Our version.
    pub ours: Decimal,
    /// The broker's; nothing where it has no row.
    pub theirs: Option<Decimal>,
}

/// Money differs; what is traded goes on.
pub const EQUITY: Code = Code("equity_differs");

/// Somebody else's position in what we do not trade; what is traded goes on.
pub const FOREIGN: Code = Code("foreign_position");

/// Somebody else's order in a contract of ours.
pub const MANUAL: Code = Code("manual_order");

/// A difference of exactly one lot's units: what a quantity means is not proved.
pub(super) const UNITS: Code = Code("units_unproved");

impl Subject {
    /// Returns what a finding is about.
    pub fn of(drift: &Drift) -> Self {
        match (&drift.order, drift.contract, drift.product) {
            (Some(order), _, _) => Self::Order(order.clone()),
            (None, Some(contract), Some(product)) => Self::Position(contract, product),
            (None, None, product) if !drift.symbol.is_empty() => {
                Self::Foreign(drift.symbol.clone(), product)
            }
            (None, _, _) => Self::Equity,
        }
    }
}

/// Says of everything that may differ whether it does.
pub fn compare(book: &Book, rules: &Rules, seen: &BrokerBook) -> Vec<(Subject, Judged)> {
    let eyes = Eyes { book, rules, seen };
    let mut all = Vec::new();
    for key in eyes.keys() {
        all.push((Subject::Position(key.0, key.1), eyes.position(key)));
    }
    for row in &seen.foreign {
        let subject = Subject::Foreign(row.symbol.clone(), row.product);
        let judged = if row.net == 0 {
            Judged::Agrees
        } else if eyes.is_steady(row.steady) {
            Judged::Differs(Difference {
                code: FOREIGN,
                contract: None,
                ours: Decimal::ZERO,
                theirs: Some(row.net.into()),
            })
        } else {
            Judged::Open
        };
        all.push((subject, judged));
    }
    for row in &seen.orders {
        all.push((Subject::Order(row.id.clone()), eyes.order(row)));
    }
    all.push((Subject::Equity, eyes.equity()));
    let known: BTreeSet<Subject> = all.iter().map(|(subject, _)| subject.clone()).collect();
    // what is told in words no reading of the broker's books can settle
    let open = |one: &&Finding| one.end.is_none() && !one.drift.is_told();
    let findings = book.findings.values().filter(open);
    for gone in findings.map(|one| Subject::of(&one.drift)) {
        let read = seen.complete && seen.alive;
        if read && !known.contains(&gone) {
            all.push((gone, Judged::Agrees));
        }
    }
    all
}

/// Returns what our legs hold of a contract in the broker's unit, negative when short; nothing for
/// a contract without figures.
pub fn ours(book: &Book, rules: &Rules, (key, now): (NetKey, DateTime<Utc>)) -> Option<i64> {
    let per_lot = per_lot(rules, (key.0, now))?;
    let legs = book
        .legs
        .values()
        .filter(|leg| leg.is_open() && (leg.contract, leg.product) == key);
    Some(legs.fold(0_i64, |sum, leg| {
        let units = leg.lots.units(per_lot);
        sum.saturating_add(signed(leg.direction.opening(), units))
    }))
}

/// Returns how many of the broker's units a lot is.
pub(super) fn per_lot(rules: &Rules, (contract, now): (ContractId, DateTime<Utc>)) -> Option<u32> {
    let instrument = rules.instruments.get(contract.instrument)?;
    let spec = rules.instruments.spec(contract, exchange_day(now))?;
    Some(instrument.per_lot(spec))
}

/// Returns the open finding about a position, and those a person dismissed.
pub(super) fn about(book: &Book, key: NetKey) -> Option<&Finding> {
    let subject = Subject::Position(key.0, key.1);
    book.findings
        .values()
        .find(|one| one.end.is_none() && Subject::of(&one.drift) == subject)
}

/// Both books.
struct Eyes<'a> {
    book: &'a Book,
    rules: &'a Rules,
    seen: &'a BrokerBook,
}

impl Eyes<'_> {
    /// Returns every contract that we hold, the broker shows, or a finding is about.
    fn keys(&self) -> BTreeSet<NetKey> {
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        let ours = legs.map(|leg| (leg.contract, leg.product));
        let theirs = self.seen.positions.iter();
        let theirs = theirs.map(|row| (row.contract, row.product));
        let findings = self.book.findings.values();
        let found = findings
            .filter(|one| one.end.is_none() && one.drift.order.is_none())
            .filter_map(|one| Some((one.drift.contract?, one.drift.product?)));
        ours.chain(theirs).chain(found).collect()
    }

    fn position(&self, key: NetKey) -> Judged {
        let row = self
            .seen
            .positions
            .iter()
            .find(|row| (row.contract, row.product) == key);
        let steady = row.map(|row| row.steady).unwrap_or_default();
        let Some(ours) = ours(self.book, self.rules, (key, self.seen.at)) else {
            return Judged::Open;
        };
        if !self.is_quiet(key, row) {
            return Judged::Open;
        }
        match row.and_then(|row| row.net) {
            Some(net) if net == ours => Judged::Agrees,
            Some(_) if !self.is_steady(steady) => Judged::Open,
            Some(net) => Judged::Differs(self.difference(key, ours, Some(net))),
            None if !self.is_absent(key, row) => Judged::Open,
            None if ours == 0 => Judged::Agrees,
            None => Judged::Differs(self.difference(key, ours, None)),
        }
    }

    fn difference(&self, key: NetKey, ours: i64, theirs: Option<i64>) -> Difference {
        let spec = self
            .rules
            .instruments
            .spec(key.0, exchange_day(self.seen.at));
        let units = spec.map_or(1, |spec| i64::from(spec.units_per_lot));
        let code = match theirs {
            Some(net) if units_apart((ours, net), units) => UNITS,
            Some(_) if ours == 0 => Code("unknown_position"),
            Some(0) | None => Code("missing_position"),
            Some(_) => Code("other_quantity"),
        };
        Difference {
            code,
            contract: Some(key.0),
            ours: ours.into(),
            theirs: theirs.map(Decimal::from),
        }
    }

    /// Returns whether nothing of ours in a contract may have moved without being in both books.
    fn is_quiet(&self, key: NetKey, row: Option<&SeenNet>) -> bool {
        let rules = &self.rules.reconcile;
        let window = match row.and_then(|row| row.net) {
            Some(_) => rules.span_min,
            None => rules.absent_span_min,
        };
        let span = row.map(|row| row.steady.span).unwrap_or_default();
        let since = self.seen.at - span.min(window);
        let today = exchange_day(self.seen.at);
        let orders = self.book.orders.values();
        orders
            .filter(|order| (order.contract, order.product) == key)
            .all(|order| {
                let moments = [order.claimed_at, order.sent_at, order.closed_at];
                let old = moments.into_iter().flatten().all(|at| at <= since);
                let traded = order.broker_id.as_ref().map(|id| self.seen.traded(id));
                let sent_today = order.sent_at.is_some_and(|at| exchange_day(at) == today);
                let told = traded.is_none_or(|traded| {
                    traded == order.filled || (!sent_today && traded < order.filled)
                });
                old && told && !order.state.is_unanswered()
            })
    }

    fn is_steady(&self, steady: Steady) -> bool {
        let rules = &self.rules.reconcile;
        steady.reads >= rules.reads_min && steady.span >= rules.span_min
    }

    /// Returns whether a row is proved to be missing. Shares that were not bought today have left
    /// the position book for the holdings: they are missing from it as a matter of course.
    fn is_absent(&self, key: NetKey, row: Option<&SeenNet>) -> bool {
        let rules = &self.rules.reconcile;
        let today = exchange_day(self.seen.at);
        let delivered = key.1 == Product::Cnc
            && self.book.legs.values().any(|leg| {
                leg.is_open()
                    && (leg.contract, leg.product) == key
                    && exchange_day(leg.opened_at) < today
            });
        let steady = row.is_some_and(|row| {
            row.steady.reads >= rules.absent_reads_min && row.steady.span >= rules.absent_span_min
        });
        let nothing_known = row.is_none();
        self.seen.complete && self.seen.alive && !delivered && (steady || nothing_known)
    }

    fn order(&self, row: &SeenWorking) -> Judged {
        let mut orders = self.book.orders.values();
        let ours = orders.find(|order| order.broker_id.as_ref() == Some(&row.id));
        let waits = self
            .book
            .orders
            .values()
            .any(|order| order.contract == row.contract && (order.state.is_unanswered()));
        let (code, known) = match ours {
            Some(order) if !order.state.is_closed() => return Judged::Agrees,
            Some(order) => (Code("order_not_gone"), order.filled),
            None => (MANUAL, Quantity::ZERO),
        };
        let since = self.seen.at - row.steady.span.min(self.rules.reconcile.span_min);
        let fresh = ours.and_then(|order| order.closed_at);
        if waits || !self.is_steady(row.steady) || fresh.is_some_and(|at| at > since) {
            return Judged::Open;
        }
        Judged::Differs(Difference {
            code,
            contract: Some(row.contract),
            ours: known.decimal(),
            theirs: Some(row.quantity.decimal()),
        })
    }

    /// Compares the money once everything is settled: nothing held, nothing on its way.
    fn equity(&self) -> Judged {
        let flat = !self
            .book
            .legs
            .values()
            .any(crate::domain::book::Leg::is_open)
            && self.book.open_intents().next().is_none();
        let Some(theirs) = self.seen.equity.filter(|_| flat) else {
            return Judged::Open;
        };
        let ours = self.book.desk.realised;
        let apart = (theirs - ours).get().abs();
        if apart <= ours.percent(self.rules.reconcile.equity_apart).get().abs() {
            return Judged::Agrees;
        }
        Judged::Differs(Difference {
            code: EQUITY,
            contract: None,
            ours: ours.get(),
            theirs: Some(theirs.get()),
        })
    }
}

/// Returns whether one figure is the other in units of lots.
fn units_apart((ours, theirs): (i64, i64), units: i64) -> bool {
    let times = |one: i64| one.checked_mul(units);
    ours != 0 && units > 1 && (times(ours) == Some(theirs) || times(theirs) == Some(ours))
}
