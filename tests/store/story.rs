//! A long day in facts: every kind of row, in every state, as the core would make them.

use rust_decimal::Decimal;
use torana::domain::book::Equity;
use torana::domain::close::{EodJudgement, EodMove, EodPhase};
use torana::domain::fact::{
    Approval, BY_LIMIT, CancelWhy, Claim, Code, ExitReason, Fact, Fill, Goal, IntentEnd,
    LedgerKind, LegOpening, Movement, OpenGoal, OrderEnd, Reduction, StopWhy,
};
use torana::domain::finding::{Drift, FindingEnd, PriceBasis, Repair};
use torana::domain::gates::{EntryKind, Judged, Size, Trace, Verdict};
use torana::domain::ids::{Cause, FindingId, IntentId, LegId, OrderId, PositionId, Purpose};
use torana::domain::input::{Quote, Scope, TradingState};
use torana::domain::instrument::ContractId;
use torana::domain::money::{Lots, Money, Percent, Points, Price, Quantity, Ratio};
use torana::domain::order::{BrokerOrderId, Direction, Pricing, Product, Side};
use torana::domain::rules::RulesHash;
use torana::domain::signal::{Ask, Expected, Layer, Scout, Signal, SourceId, TradeWord};
use torana::domain::sizing::{BaseSize, Limiter, PyramidSize, Shortfall, VolatilityUse};

use super::desk::{at, bank, cause, december, gold, share};

pub(crate) fn price(text: &str) -> Price {
    Price::new(text.parse().unwrap()).unwrap()
}

fn points(text: &str) -> Points {
    Points::new(text.parse().unwrap())
}

fn money(text: &str) -> Money {
    Money::new(text.parse().unwrap())
}

fn broker_id(text: &str) -> BrokerOrderId {
    BrokerOrderId::new(text).unwrap()
}

pub(crate) fn intent(number: u8, purpose: Purpose) -> IntentId {
    IntentId::of(cause(number), purpose)
}

fn size(kind: EntryKind) -> Size {
    match kind {
        EntryKind::Base => Size::Base(BaseSize {
            lots: Lots::ZERO,
            limiter: Limiter::Risk,
            lot_r: "0.980000000000000001".parse().unwrap(),
            lot_v: Some("9".parse().unwrap()),
            lot_m: "28.571428571428571428".parse().unwrap(),
            volatility: VolatilityUse::Enforce,
            short_of_one: Some(Shortfall {
                limiter: Limiter::Risk,
                missing: Some(money("120.5")),
                stop: Some(price("51000.2")),
                atr: None,
                equity: Some(money("5100000")),
            }),
        }),
        EntryKind::Add => Size::Add(PyramidSize {
            lots: Lots::ONE,
            limiter: Limiter::Discipline,
            lot_a: 7,
            lot_b: 1,
            lot_c: -3,
            missing: None,
        }),
    }
}

/// A record with every kind of answer.
pub(crate) fn trace(kind: EntryKind, contract: ContractId) -> Box<Trace> {
    let verdict = |gate, judged| Verdict {
        gate: Code(gate),
        judged,
    };
    let some = |number| Some(Decimal::new(number, 3));
    Box::new(Trace {
        kind,
        profile: (kind == EntryKind::Add).then(|| "scalper".to_owned()),
        contract: Some(contract),
        price: Some(price("52000")),
        stop: Some(price("51650.2")),
        basis: Some(points("-12.35")),
        market: Some(Quote {
            price: price("52001.4"),
            bid: Some(price("52001.2")),
            ask: None,
            at: at(0),
        }),
        atr: Some(points("350")),
        er: Ratio::new(Decimal::new(82, 2)),
        equity: Equity {
            realised: money("5000000"),
            unrealised: money("-12500.75"),
            marked: money("4987499.25"),
            sizing: money("4987499.25"),
        },
        size: Some(size(kind)),
        decided: Some(intent(1, Purpose::Entry)),
        verdicts: vec![
            verdict("direction", Judged::Pass(None, None)),
            verdict("divergence", Judged::Pass(some(27), some(2000))),
            verdict("cool_down", Judged::NotAsked),
            verdict(
                "portfolio_risk",
                Judged::Fail(some(15_200), some(15_000), Some(Lots::new(3))),
            ),
            verdict("size", Judged::Fail(None, None, None)),
        ],
    })
}

/// An entry in a position, or an add to one.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) cause: Cause,
    pub(crate) position: Cause,
    pub(crate) contract: ContractId,
    pub(crate) direction: Direction,
}

impl Entry {
    pub(crate) fn of(number: u8, contract: ContractId) -> Self {
        Self {
            cause: cause(number),
            position: cause(number),
            contract,
            direction: Direction::Long,
        }
    }

    pub(crate) fn add(self, number: u8) -> Self {
        Self {
            cause: cause(number),
            ..self
        }
    }

    fn is_base(self) -> bool {
        self.cause == self.position
    }

    pub(crate) fn intent(self) -> IntentId {
        let purpose = if self.is_base() {
            Purpose::Entry
        } else {
            Purpose::Add
        };
        IntentId::of(self.cause, purpose)
    }

    fn layer(self) -> Layer {
        Layer(if self.is_base() { 1 } else { 2 })
    }

    pub(crate) fn leg(self) -> LegId {
        LegId(self.cause)
    }

    fn goal(self) -> Goal {
        let kind = if self.is_base() {
            EntryKind::Base
        } else {
            EntryKind::Add
        };
        Goal::Open(Box::new(OpenGoal {
            layer: self.layer(),
            price: price("52000"),
            stop: price("51650.2"),
            target: self.is_base().then(|| price("53000")),
            atr: Some(points("350.125")),
            er: Ratio::new(Decimal::new(8200, 4)),
            cap: Some(Lots::new(9)),
            source: SourceId(1),
            profile: self.is_base().then(|| "tradego".to_owned()),
            trace: trace(kind, self.contract).into(),
        }))
    }

    fn approval(self, intent: IntentId, goal: Goal, lots: Option<Lots>) -> Fact {
        Fact::IntentApproved(Box::new(Approval {
            intent,
            signal: Some(self.cause),
            contract: self.contract,
            direction: self.direction,
            product: Product::Nrml,
            position: PositionId(self.position),
            leg: self.leg(),
            lots,
            valid_until: intent.purpose.opens().then(|| at(60)),
            by_person: false,
            goal,
        }))
    }

    /// It is accepted and wanted.
    pub(crate) fn approved(self, lots: u32) -> Vec<Fact> {
        let order = self.intent().order(1);
        let lots = Lots::new(lots);
        vec![
            Fact::SignalAccepted {
                signal: self.cause,
                source: SourceId(1),
                instrument: self.contract.instrument,
                at: at(0),
            },
            self.approval(self.intent(), self.goal(), Some(lots)),
            wanted(order, lots),
        ]
    }

    /// Its order is claimed and sent.
    pub(crate) fn sent(self, lots: u32) -> Vec<Fact> {
        let order = self.intent().order(1);
        let limit = Pricing::Limit(price("52100.2"));
        vec![
            claimed(order, self.direction.opening(), lots, limit),
            Fact::OrderSent {
                order,
                broker_id: broker_id("26112000001"),
            },
        ]
    }

    /// Its first fill makes the leg.
    pub(crate) fn opened(self, lots: u32) -> Vec<Fact> {
        let order = self.intent().order(1);
        vec![
            filled(order, lots, lots),
            Fact::LegOpened(Box::new(LegOpening {
                leg: self.leg(),
                position: PositionId(self.position),
                base: self.is_base(),
                layer: self.layer(),
                contract: self.contract,
                direction: self.direction,
                product: Product::Nrml,
                source: SourceId(1),
                lots: Lots::new(lots),
                cost: cost(lots),
                stop: price("51650.2"),
                target: self.is_base().then(|| price("53000")),
                atr: Some(points("350.125")),
            })),
            charged(order, "-20.35"),
        ]
    }

    /// A further fill of it makes the leg larger.
    pub(crate) fn grown(self, from: u32, to: u32) -> Vec<Fact> {
        let order = self.intent().order(1);
        let lots = to - from;
        vec![
            filled(order, to, lots),
            Fact::LegGrown {
                leg: self.leg(),
                lots: Lots::new(lots),
                cost: cost(lots),
            },
        ]
    }

    /// It is over.
    pub(crate) fn done(self, lots: u32, how: (OrderEnd, IntentEnd)) -> Vec<Fact> {
        vec![
            Fact::OrderClosed {
                order: self.intent().order(1),
                why: how.0,
                text: Some("as told: \"done\"".to_owned()),
            },
            Fact::RiskFixed {
                leg: self.leg(),
                risk: money("31482"),
            },
            Fact::IntentClosed {
                intent: self.intent(),
                filled: Lots::new(lots),
                why: how.1,
            },
        ]
    }

    /// Its leg is to be closed.
    pub(crate) fn exiting(self, number: u8, reason: ExitReason, lots: Option<u32>) -> Vec<Fact> {
        let exit = intent(number, Purpose::Exit);
        vec![
            self.approval(exit, Goal::Close(reason), lots.map(Lots::new)),
            wanted(exit.order(1), Lots::new(lots.unwrap_or(1))),
        ]
    }

    /// An exit of it was filled.
    pub(crate) fn reduced(self, number: u8, order: u16, lots: u32) -> Vec<Fact> {
        let exit = intent(number, Purpose::Exit);
        vec![
            filled(exit.order(order), lots, lots),
            Fact::LegReduced(Box::new(Reduction {
                intent: exit,
                leg: self.leg(),
                lots: Lots::new(lots),
                cost: cost(lots),
                value: points("51900"),
                gross: money("-3000.0000"),
                charges: money("33.10"),
                reason: ExitReason::Stop,
            })),
            charged(exit.order(order), "-33.1"),
        ]
    }

    /// Nothing of it is left.
    pub(crate) fn closed(self, number: u8, order: u16) -> Vec<Fact> {
        let exit = intent(number, Purpose::Exit);
        vec![
            Fact::LegClosed {
                leg: self.leg(),
                gross: money("-3000"),
                charges: money("53.45"),
                net: money("-3053.45"),
                reason: ExitReason::Stop,
            },
            Fact::OrderClosed {
                order: exit.order(order),
                why: OrderEnd::Filled,
                text: None,
            },
            Fact::IntentClosed {
                intent: exit,
                filled: Lots::ONE,
                why: IntentEnd::Done,
            },
        ]
    }
}

fn cost(lots: u32) -> Points {
    points("52000.1").times(Ratio::new(Decimal::from(lots)))
}

pub(crate) fn wanted(order: OrderId, lots: Lots) -> Fact {
    Fact::OrderWanted {
        order,
        lots,
        not_before: None,
    }
}

pub(crate) fn claimed(order: OrderId, side: Side, lots: u32, pricing: Pricing) -> Fact {
    Fact::OrderClaimed(Box::new(Claim {
        net: Some(Lots::new(2)),
        order,
        side,
        lots: Lots::new(lots),
        quantity: Quantity::new(u64::from(lots) * 30),
        pricing,
        epoch: 4,
        baseline: vec![broker_id("26111900007"), broker_id("a,\"b\"")],
    }))
}

fn filled(order: OrderId, all: u32, added: u32) -> Fact {
    Fact::Filled(Box::new(Fill {
        order,
        quantity: Quantity::new(u64::from(all) * 30),
        value: money("1560003").times(Decimal::from(all)),
        charges: money("20.35"),
        added: Quantity::new(u64::from(added) * 30),
        added_charges: money("20.35"),
    }))
}

/// Charges moved the ledger; its balance is of no interest here.
fn charged(order: OrderId, amount: &str) -> Fact {
    Fact::LedgerMoved(Box::new(Movement {
        kind: LedgerKind::Charges,
        amount: money(amount),
        after: money("4990000.55"),
        order: Some(order),
    }))
}

fn reversal(number: u8) -> Signal {
    Signal {
        id: cause(number),
        source: SourceId(2),
        ask: Ask::Trade {
            word: TradeWord::Side(Side::Sell),
            quantity: Some(Quantity::new(90)),
            position_size: Some(Expected::Short),
        },
        instrument: gold(),
        contract: Some(december(gold())),
        product: Some(Product::Mis),
        price: Some(price("78500")),
        stop: None,
        target: None,
        atr: Some(points("500")),
        er: Some(Ratio::ONE),
        at: at(500),
        bar: None,
        opened_before: None,
        id_reused: false,
        profile: None,
    }
}

/// What becomes of an exit of `entry` that nobody answers for, is not placed, is refused, and
/// goes at last.
fn pursued(entry: Entry) -> Vec<Vec<Fact>> {
    let exit = intent(31, Purpose::Exit);
    let text = String::from("read timed out");
    vec![
        entry.exiting(31, ExitReason::Stop, None),
        vec![
            claimed(exit.order(1), Side::Sell, 1, Pricing::Market),
            Fact::OrderUncertain {
                order: exit.order(1),
                text: text.clone(),
            },
        ],
        vec![
            Fact::OrderNotPlaced {
                order: exit.order(1),
            },
            wanted(exit.order(2), Lots::ONE),
        ],
        vec![
            claimed(exit.order(2), Side::Sell, 1, Pricing::Market),
            Fact::OrderReleased {
                order: exit.order(2),
                not_before: at(330),
                text: text.clone(),
            },
        ],
        vec![
            claimed(exit.order(2), Side::Sell, 1, Pricing::Market),
            Fact::OrderRefused {
                order: exit.order(2),
                text,
            },
            Fact::OrderWanted {
                order: exit.order(3),
                lots: Lots::ONE,
                not_before: Some(at(340)),
            },
        ],
        entry.reduced(31, 3, 1),
        entry.closed(31, 3),
    ]
}

/// Everything that can become true, in commits.
pub(crate) fn rich_day() -> Vec<Vec<Fact>> {
    let base = Entry::of(1, december(bank()));
    let add = base.add(2);
    let (short, held) = (
        Entry::of(5, december(gold())),
        Entry::of(6, ContractId::share(share())),
    );
    let short = Entry {
        direction: Direction::Short,
        ..short
    };
    let stop_limit = Pricing::StopLimit {
        trigger: price("51650.2"),
        limit: price("51400"),
    };
    let mut day = vec![
        morning(),
        base.approved(4),
        base.sent(4),
        base.opened(1),
        base.grown(1, 4),
        base.done(4, (OrderEnd::Filled, IntentEnd::Done)),
        tightened(&base),
        add.approved(2),
        add.sent(2),
        add.opened(1),
        vec![cancel_wanted(add.intent().order(1))],
        cancel_fails(add.intent().order(1)),
        vec![Fact::CancelTaken {
            order: add.intent().order(1),
        }],
        add.done(1, (OrderEnd::Cancelled, IntentEnd::Expired)),
    ];
    day.extend(pursued(add));
    day.extend([
        short.approved(3),
        vec![Fact::IntentLowered {
            intent: short.intent(),
            lots: Lots::new(2),
            code: Code("second_look"),
        }],
        short.sent(2),
        short.opened(2),
        vec![Fact::ReversalWaiting {
            signal: Box::new(reversal(7)),
            until: at(560),
        }],
        held.approved(1),
        vec![
            Fact::OrderQueued {
                order: held.intent().order(1),
                pending: "17".to_owned(),
            },
            claimed(held.intent().order(1), Side::Buy, 1, stop_limit),
        ],
        base.exiting(33, ExitReason::TrailingStop, Some(2)),
        vec![Fact::ExitWidened {
            intent: intent(33, Purpose::Exit),
            lots: None,
            reason: ExitReason::Operator,
        }],
        remarks(),
        closes(),
        limits(),
    ]);
    day
}

/// The same day when the reversal has ended and a second look said no.
pub(crate) fn evening() -> Vec<Fact> {
    let entry = Entry::of(8, december(gold()));
    let mut facts = vec![Fact::ReversalEnded {
        instrument: gold(),
        signal: cause(7),
        code: Code("position_open"),
        trace: Some(trace(EntryKind::Base, december(gold()))),
    }];
    facts.extend(entry.approved(1));
    facts.push(Fact::OrderClosed {
        order: entry.intent().order(1),
        why: OrderEnd::Expired,
        text: None,
    });
    facts.push(Fact::IntentClosed {
        intent: entry.intent(),
        filled: Lots::ZERO,
        why: IntentEnd::SecondLook(Code("too_near_stop")),
    });
    facts
}

fn morning() -> Vec<Fact> {
    vec![
        Fact::RulesAdopted {
            hash: RulesHash([0xab; 32]),
        },
        Fact::DayStarted {
            day: "2026-11-20".parse().unwrap(),
            equity: money("5000000"),
            high_water: money("5000000"),
        },
        Fact::FundsSeen {
            available: Some(money("3000000.05")),
            at: at(1),
        },
        Fact::BarSeen {
            instrument: bank(),
            at: at(2),
            close: price("52000.4"),
            atr: Some(points("350.123456")),
        },
        Fact::TradingStateSet {
            scope: Scope::Instrument(gold()),
            state: TradingState::Reducing,
            by: "asha".to_owned(),
            why: "expiry week\nnext week again \u{1F642}".to_owned(),
        },
    ]
}

/// A bar moves the stop of a leg.
fn tightened(entry: &Entry) -> Vec<Fact> {
    let leg = LegId(entry.cause);
    vec![
        Fact::LegMarked {
            leg,
            bar_at: at(30),
            close: price("52400"),
            best: price("52400"),
            atr: Some(points("340")),
            series: Some(SourceId(1)),
        },
        Fact::StopMoved {
            leg,
            from: price("51650.2"),
            to: price("51700"),
            why: StopWhy::Trailing,
        },
    ]
}

fn cancel_wanted(order: OrderId) -> Fact {
    Fact::CancelWanted {
        order,
        why: CancelWhy::Wait,
    }
}

fn cancel_fails(order: OrderId) -> Vec<Fact> {
    vec![
        Fact::CancelTaken { order },
        cancel_fails_at(order, 77),
        cancel_fails_at(order, 78),
        cancel_fails_at(order, 80),
    ]
}

fn cancel_fails_at(order: OrderId, seconds: i64) -> Fact {
    Fact::CancelFailed {
        order,
        not_before: at(seconds),
        text: "no such order".to_owned(),
    }
}

/// What a day's end leads to.
fn closes() -> Vec<Fact> {
    vec![
        Fact::EodViewed(Box::new(Scout {
            id: cause(42),
            source: SourceId(1),
            instrument: bank(),
            product: None,
            profile: None,
            at: at(9),
            price: price("52000.2"),
            atr: Some(points("350")),
            er: Some(Ratio::new(Decimal::new(9, 1))),
            supertrend: None,
            long_entry: true,
            long_exit: false,
            short_entry: false,
            short_exit: false,
        })),
        Fact::EodJudged(Box::new(EodJudgement {
            instrument: bank(),
            close: at(40),
            phase: EodPhase::Execute,
            would: EodMove::Add,
            does: EodMove::Nothing,
            why: Code("one_r_not_passed"),
            signal: Some(cause(42)),
            intent: None,
            trace: Some(trace(EntryKind::Add, december(bank()))),
        })),
        Fact::SquareOffLate {
            instrument: bank(),
            day: at(0).date_naive(),
        },
    ]
}

fn remarks() -> Vec<Fact> {
    vec![
        Fact::SignalRejected {
            signal: cause(40),
            code: Code("divergence"),
            trace: Some(trace(EntryKind::Add, december(bank()))),
        },
        Fact::SignalRecorded {
            signal: cause(41),
            code: Code("already_flat"),
        },
        Fact::InputFaulted { signal: None },
        Fact::LimitBreached {
            code: Code("daily_loss"),
            value: money("-150000.1"),
            limit: money("-150000"),
        },
        Fact::FindingMade {
            instrument: Some(bank()),
            order: Some(intent(31, Purpose::Exit).order(3)),
            code: Code("overfilled"),
            ours: "30".to_owned(),
            theirs: "60 \0 and a nought".to_owned(),
        },
        Fact::FundsSeen {
            available: None,
            at: at(10),
        },
        Fact::TradingStateSet {
            scope: Scope::Source(SourceId(1)),
            state: TradingState::Reducing,
            by: "asha".to_owned(),
            why: "it repeats itself".to_owned(),
        },
        Fact::SourceChanged {
            what: Code("source"),
            name: "tradingview".to_owned(),
            change: Code("rotated"),
            detail: "the secret before counts for 24 h".to_owned(),
            by: "asha".to_owned(),
            why: "it was in a mail".to_owned(),
        },
        Fact::SemiAutoSeen { on: true },
        Fact::FlattenStarted {
            id: cause(50),
            by: "asha".to_owned(),
            why: "fire drill".to_owned(),
        },
        Fact::FlattenEnded {
            id: cause(50),
            code: Code("called_off"),
        },
        Fact::FlattenStarted {
            id: cause(51),
            by: "asha".to_owned(),
            why: "fire".to_owned(),
        },
        Fact::FlattenLeft {
            id: cause(51),
            left: "leg bank: 30 lots".to_owned(),
        },
    ]
    .into_iter()
    .chain(differences())
    .collect()
}

/// Three differences: one that waits, one dismissed, one repaired.
fn differences() -> Vec<Fact> {
    let found = |number: u8, theirs: Option<i64>| {
        Fact::DriftFound(Box::new(Drift {
            finding: FindingId(cause(number)),
            code: Code("other_quantity"),
            contract: Some(december(bank())),
            symbol: "BANKNIFTY29DEC26FUT".to_owned(),
            product: Some(Product::Nrml),
            order: broker_id("26112000000042").into(),
            ours: Decimal::from(90),
            theirs: theirs.map(Decimal::from),
        }))
    };
    let settled = |number: u8, how| Fact::FindingSettled {
        finding: FindingId(cause(number)),
        how,
        by: "asha".to_owned(),
        why: "she sold one by phone".to_owned(),
    };
    let repair = Repair {
        finding: FindingId(cause(53)),
        lots: Lots::ONE,
        price: price("51000.5"),
        basis: PriceBasis::Traded,
        reason: ExitReason::Broker,
    };
    vec![
        found(51, None),
        found(52, Some(-30)),
        settled(52, FindingEnd::Dismissed),
        found(53, Some(60)),
        Fact::RepairProposed(Box::new(repair)),
        settled(53, FindingEnd::Repaired),
    ]
}

/// What becomes of limits, and of the broker's unit.
fn limits() -> Vec<Fact> {
    vec![
        Fact::LimitWarned {
            code: Code("daily_loss"),
            value: money("120000"),
            limit: money("150000"),
        },
        Fact::DayLimitSet {
            loss: Percent::new("4".parse().unwrap()),
            by: "asha".to_owned(),
            why: "a calm market".to_owned(),
        },
        Fact::TradingStateSet {
            scope: Scope::Desk,
            state: TradingState::Reducing,
            by: BY_LIMIT.to_owned(),
            why: "limit drawdown breached".to_owned(),
        },
        Fact::LimitBreached {
            code: Code("drawdown"),
            value: money("600000"),
            limit: money("500000"),
        },
        Fact::LimitBreached {
            code: Code("losing_streak"),
            value: money("3"),
            limit: money("3"),
        },
        Fact::LimitCleared {
            code: Code("losing_streak"),
            by: "asha".to_owned(),
            why: "looked at".to_owned(),
        },
        Fact::UnitsProved {
            instrument: bank(),
            on: "2026-11-20".parse().unwrap(),
        },
        Fact::UnitsDoubted {
            instrument: gold(),
            ours: "4 held".to_owned(),
            theirs: "400 held".to_owned(),
        },
    ]
}
