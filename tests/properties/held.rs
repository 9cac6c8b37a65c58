//! However legs, fills and the broker's row of a contract lie: what exits take together is never
//! more than the broker was seen to hold.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rust_decimal::Decimal;
use torana::domain::book::{Book, OrderState};
use torana::domain::broker_book::Net;
use torana::domain::decide::decide;
use torana::domain::fact::{Fact, LegOpening};
use torana::domain::ids::{Cause, LegId, PositionId};
use torana::domain::input::{
    CallKind, CallResult, Command, Dispatch, ExitWhat, Input, Operator, Outcome, Report,
    ReportStatus,
};
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::money::{Lots, Money, Points, Price, Quantity};
use torana::domain::order::{BrokerOrderId, Direction, Product};
use torana::domain::rules::Rules;
use torana::domain::signal::{Layer, SourceId};
use torana::domain::work::{self, Call};

use crate::world;

struct Held {
    rules: Rules,
    book: Book,
    now: DateTime<Utc>,
    contract: ContractId,
}

impl Held {
    fn new(legs: &[u32]) -> Self {
        let rules = world::rules();
        let now: DateTime<Utc> = "2026-11-20T05:00:00Z".parse().unwrap();
        let ix = rules.instruments.by_name("GOLD_MINI").unwrap();
        let day = now.date_naive();
        let contract = rules
            .instruments
            .contract_for_entry(ix, day, &rules.calendar)
            .unwrap();
        let mut held = Self {
            rules,
            book: Book::default(),
            now,
            contract,
        };
        for (number, lots) in (1_u8..).zip(legs) {
            held.fold(vec![Fact::LegOpened(Box::new(opening(
                contract,
                (number, *lots),
            )))]);
        }
        held
    }

    fn fold(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            self.book.apply(&fact, self.now);
        }
    }

    fn feed(&mut self, input: &Input) {
        let facts = decide(&self.book, &self.rules, input, self.now);
        self.fold(facts);
    }

    /// The position book is read; what is filled is what we know of.
    fn read(&mut self, net: i64) {
        let orders = self.book.orders.values();
        let filled: BTreeMap<_, _> = orders.map(|order| (order.id, order.filled)).collect();
        let row = Net {
            net,
            at: self.now,
            filled,
        };
        let key = (self.contract, Product::Nrml);
        self.book.marks.nets.insert(key, row);
    }

    fn send(&mut self) {
        for call in work::due(&self.book, &self.rules, self.now) {
            let Call::Place(order) = call else { continue };
            self.feed(&Input::Dispatch(Box::new(Dispatch {
                order,
                quote: None,
                epoch: 1,
                baseline: Vec::new(),
            })));
            let id = BrokerOrderId::new(&order.to_string()).unwrap();
            self.feed(&Input::Outcome(Outcome {
                order,
                call: CallKind::Place,
                result: CallResult::Sent(id),
            }));
        }
    }

    /// Some lots of each working order are filled, and its rest is cancelled or goes on working.
    fn fill(&mut self, lots: u32, status: ReportStatus) {
        let working: Vec<_> = self
            .book
            .orders
            .values()
            .filter(|order| order.state == OrderState::Sent)
            .cloned()
            .collect();
        for order in working {
            let more = Quantity::new(u64::from(lots) * 100);
            let quantity = order.filled.plus(more);
            let quantity = Quantity::new(quantity.get().min(order.quantity.get()));
            self.feed(&Input::Report(Report {
                order: order.id,
                quantity,
                value: Money::new(quantity.decimal() * Decimal::from(78_500)),
                status,
                text: None,
            }));
        }
    }

    /// Returns what exits have sold, and what they may still sell, in units.
    fn taken(&self) -> (i64, i64) {
        let amount = |quantity: Quantity| i64::try_from(quantity.get()).unwrap();
        let mut taken = (0, 0);
        for order in self.book.orders.values() {
            taken.0 += amount(order.filled);
            if !order.state.is_closed() && order.state != OrderState::Wanted {
                taken.1 += amount(order.quantity.less(order.filled));
            }
        }
        taken
    }
}

fn opening(contract: ContractId, (number, lots): (u8, u32)) -> LegOpening {
    let price = |number: i64| Price::new(number.into()).unwrap();
    LegOpening {
        leg: LegId(Cause::from_bytes([number; 10])),
        position: PositionId(Cause::from_bytes([1; 10])),
        base: number == 1,
        layer: Layer(number),
        contract,
        direction: Direction::Long,
        product: Product::Nrml,
        source: SourceId(1),
        lots: Lots::new(lots),
        cost: Points::new(Decimal::from(78_500) * Decimal::from(lots)),
        stop: price(77_500),
        target: None,
        atr: None,
    }
}

fn exit_all(ix: InstrumentIx) -> Input {
    Input::Operator(Box::new(Operator {
        id: Cause::from_bytes([9; 10]),
        by: "asha".to_owned(),
        why: "out".to_owned(),
        order: Command::Exit(ExitWhat::Instrument(ix), None),
    }))
}

proptest! {
    #[test]
    fn exits_never_take_more_than_the_broker_was_seen_to_hold(
        legs in prop::collection::vec(1_u32..6, 1..4),
        net in -3_i64..16,
        rounds in prop::collection::vec((0_u32..4, 0_u8..3, any::<bool>()), 1..12),
    ) {
        let mut held = Held::new(&legs);
        let most = net.max(0) * 100;
        held.read(net * 100);
        held.feed(&exit_all(held.contract.instrument));
        for (lots, status, again) in rounds {
            held.send();
            let (sold, selling) = held.taken();
            prop_assert!(sold + selling <= most, "{sold} sold, {selling} selling, {most} held");
            let status = match status {
                0 => ReportStatus::Working,
                1 => ReportStatus::Cancelled,
                _ => ReportStatus::Rejected,
            };
            held.fill(lots, status);
            held.now += chrono::TimeDelta::seconds(2);
            // a reading every round, so that the row stays young; ours are the only fills
            if again || held.now.timestamp() % 8 == 0 {
                let (sold, _) = held.taken();
                held.read(net * 100 - sold);
            }
        }
    }
}
