//! A desk on which records are played through the decisions themselves.

use rust_decimal::Decimal;
use torana::domain::book::Book;
use torana::domain::decide::decide;
use torana::domain::fact::{Fact, LedgerKind, LegOpening, Movement};
use torana::domain::ids::{Cause, LegId, OrderId, PositionId};
use torana::domain::input::{
    CallKind, CallResult, Command, Dispatch, Input, Operator, Outcome, Quote, Report, ReportStatus,
};
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Lots, Money, Points, Price, Quantity};
use torana::domain::order::{BrokerOrderId, Direction, Product};
use torana::domain::rules::Rules;
use torana::domain::signal::{Layer, SourceId};

use super::world::{contract, noon};

/// Book and rules, and how often something new was named.
pub(crate) struct Play {
    pub(crate) rules: Rules,
    pub(crate) book: Book,
    named: u8,
}

/// What a record holds.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) ix: InstrumentIx,
    pub(crate) base: bool,
    pub(crate) lots: Lots,
    pub(crate) entry: Price,
    pub(crate) stop: Price,
    pub(crate) atr: Option<Points>,
}

impl Play {
    /// Returns a desk with this much money.
    pub(crate) fn new(rules: Rules, capital: Money) -> Self {
        let mut play = Self {
            rules,
            book: Book::default(),
            named: 0,
        };
        play.fold(&[
            Fact::LedgerMoved(Box::new(Movement {
                kind: LedgerKind::Opening,
                amount: capital,
                after: capital,
                order: None,
            })),
            Fact::HighWaterSet {
                high_water: capital,
            },
        ]);
        play
    }

    /// Returns a name nobody has had before.
    pub(crate) fn cause(&mut self) -> Cause {
        self.named += 1;
        Cause::from_bytes([self.named; 10])
    }

    pub(crate) fn fold(&mut self, facts: &[Fact]) {
        for fact in facts {
            self.book.apply(fact, noon());
        }
    }

    /// Decides, and folds in what follows.
    pub(crate) fn feed(&mut self, input: &Input) -> Vec<Fact> {
        let facts = decide(&self.book, &self.rules, input, noon());
        self.fold(&facts);
        facts
    }

    /// Opens a leg.
    pub(crate) fn hold(&mut self, held: Held) -> LegId {
        let leg = self.cause();
        let position = self.book.position_in(held.ix).map(|one| one.id);
        let legs = self.book.legs.values();
        let layer = legs
            .filter(|one| one.contract.instrument == held.ix)
            .count();
        self.fold(&[Fact::LegOpened(Box::new(LegOpening {
            leg: LegId(leg),
            position: position.unwrap_or(PositionId(leg)),
            base: held.base,
            layer: Layer(u8::try_from(layer).unwrap() + 1),
            contract: contract(held.ix),
            direction: Direction::Long,
            product: Product::Nrml,
            source: SourceId(1),
            lots: held.lots,
            cost: Points::new(held.entry.get() * held.lots.decimal()),
            stop: held.stop,
            target: None,
            atr: held.atr,
        }))]);
        LegId(leg)
    }

    pub(crate) fn order(&mut self, order: Command) -> Vec<Fact> {
        let id = self.cause();
        self.feed(&Input::Operator(Box::new(Operator {
            id,
            by: "records".to_owned(),
            why: "it was recorded".to_owned(),
            order,
        })))
    }

    /// Asks whether an order may leave at a quote.
    pub(crate) fn dispatch(&mut self, order: OrderId, price: Price) -> Vec<Fact> {
        self.feed(&Input::Dispatch(Box::new(Dispatch {
            order,
            quote: Some(Quote {
                price,
                bid: None,
                ask: None,
                at: noon(),
            }),
            epoch: 1,
            baseline: Vec::new(),
        })))
    }

    /// Sends an order and fills all of it at one price.
    pub(crate) fn fill(&mut self, order: OrderId, price: Price) {
        let facts = self.dispatch(order, price);
        let claim = facts.iter().find_map(Fact::claim).unwrap().clone();
        let name = format!("B{}", self.named);
        self.feed(&Input::Outcome(Outcome {
            order,
            call: CallKind::Place,
            result: CallResult::Sent(BrokerOrderId::new(&name).unwrap()),
        }));
        self.feed(&Input::Report(Report {
            order,
            quantity: claim.quantity,
            value: worth(price, claim.quantity),
            status: ReportStatus::Complete,
            text: None,
        }));
    }
}

fn worth(price: Price, quantity: Quantity) -> Money {
    Money::new(price.get() * Decimal::from(quantity.get()))
}
