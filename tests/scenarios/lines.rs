//! The lines that say what is given, what a sender wants and what a person orders.

use torana::domain::fact::{
    ExitReason, Fact, LedgerKind, LegOpening, Movement, Reduction, StopWhy,
};
use torana::domain::ids::{LegId, PositionId};
use torana::domain::input::{
    Command, ExitWhat, Found, Input, Latch, Operator, Proof, Scope, Settlement, TradingState,
    UnitsSeen,
};
use torana::domain::instrument::InstrumentIx;
use torana::domain::money::{Lots, Money, Percent, Points};
use torana::domain::order::{BrokerOrderId, Direction, Product, Side};
use torana::domain::signal::{
    Ask, Bar, BarFrom, Expected, Layer, Scout, Signal, SourceId, TradeWord, Which,
};

use crate::desk::Desk;
use crate::words::{Words, moment};

impl Desk {
    pub(crate) fn given(&mut self, words: &mut Words<'_>) {
        match words.must("what is given") {
            "equity" => {
                let amount = words.money("equity");
                self.open_with(amount);
            }
            "high_water" => {
                let high_water = words.money("high water");
                self.fold(vec![Fact::HighWaterSet { high_water }]);
            }
            "held" => self.given_held(words),
            "closed" => self.given_closed(words),
            word => panic!("nothing called {word} can be given"),
        }
    }

    /// `given held BANK_NIFTY long 4 @ 50,000 stop 49,650 [now 50,000] [atr 350] [target T]
    /// [layer 2]`.
    fn given_held(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let direction: Direction = words.must("long or short").parse().unwrap();
        let lots = words.lots("lots");
        let entry = words.price("entry");
        assert!(words.takes("stop"));
        let first_stop = words.price("stop");
        let stop = if words.takes("now") {
            words.price("stop now")
        } else {
            first_stop
        };
        let atr = words.takes("atr").then(|| words.points("atr"));
        let target = words.takes("target").then(|| words.price("target"));
        let layer = if words.takes("layer") {
            words.lots("layer").get().try_into().unwrap()
        } else {
            1
        };
        let leg = self.cause();
        let held = self.book.position_in(ix).map(|one| one.id);
        let contract = self.contract(ix);
        let spec = self
            .rules
            .instruments
            .spec(contract, self.now.date_naive())
            .unwrap();
        let risk = direction
            .gain(first_stop, entry)
            .value(lots, spec.point_value);
        let product = self.rules.instruments.get(ix).unwrap().product;
        self.fold(vec![
            Fact::LegOpened(Box::new(LegOpening {
                leg: LegId(leg),
                position: held.unwrap_or(PositionId(leg)),
                base: held.is_none(),
                layer: Layer(layer),
                contract,
                direction,
                product,
                source: SourceId(1),
                lots,
                cost: Points::new(entry.get() * lots.decimal()),
                stop: first_stop,
                target,
                atr,
            })),
            Fact::RiskFixed {
                leg: LegId(leg),
                risk,
            },
        ]);
        if stop != first_stop {
            self.fold(vec![Fact::StopMoved {
                leg: LegId(leg),
                from: first_stop,
                to: stop,
                why: StopWhy::Trailing,
            }]);
        }
        let opened = self.book.legs.get_mut(&LegId(leg)).unwrap();
        opened.opened_at -= chrono::TimeDelta::minutes(30 - i64::from(layer));
        self.seen(ix, Some(entry));
    }

    /// `given closed BANK_NIFTY Long_1 @ 50,200 reason stop`: all of a leg, at a price.
    fn given_closed(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let id = self.leg(ix, words.must("a leg"));
        let price = words.price("price");
        assert!(words.takes("reason"));
        let reason = reason(words.must("a reason"));
        let leg = self.book.legs[&id].clone();
        let spec = self
            .rules
            .instruments
            .spec(leg.contract, self.now.date_naive())
            .unwrap();
        let value = Points::new(price.get() * leg.lots.decimal());
        let gain = match leg.direction {
            Direction::Long => value - leg.cost,
            Direction::Short => leg.cost - value,
        };
        let gross = gain.value(Lots::ONE, spec.point_value);
        let cause = self.cause();
        let intent = torana::domain::ids::IntentId::of(cause, torana::domain::ids::Purpose::Exit);
        let (after, net) = (self.book.desk.realised + gross, gross);
        self.fold(vec![
            Fact::LegReduced(Box::new(Reduction {
                intent,
                leg: id,
                lots: leg.lots,
                cost: leg.cost,
                value,
                gross,
                charges: Money::ZERO,
                reason,
            })),
            Fact::LedgerMoved(Box::new(Movement {
                kind: LedgerKind::Realised,
                amount: gross,
                after,
                order: None,
            })),
            Fact::LegClosed {
                leg: id,
                gross,
                charges: Money::ZERO,
                net,
                reason,
            },
        ]);
    }

    /// Returns the newest leg with this label.
    pub(crate) fn leg(&self, ix: InstrumentIx, label: &str) -> LegId {
        let (direction, layer) = layer(label).unwrap_or_else(|| panic!("{label} is no label"));
        let legs = self.book.legs.values().filter(|leg| {
            leg.contract.instrument == ix && leg.direction == direction && leg.layer == layer
        });
        legs.max_by_key(|leg| leg.opened_at)
            .unwrap_or_else(|| panic!("no leg {label} was ever opened"))
            .id
    }

    /// `signal BASE_ENTRY GOLD_MINI Long_1 price 78,500 stop 77,500 atr 500 er 0.82`.
    pub(crate) fn signal(&mut self, words: &mut Words<'_>) {
        let kind = words.must("a kind");
        let instrument = self.instrument(words);
        if kind == "EOD_MONITOR" {
            return self.scout(instrument, words);
        }
        let mut signal = Signal {
            id: self.cause(),
            source: SourceId(1),
            ask: ask(kind, words),
            instrument,
            contract: None,
            product: None,
            price: None,
            stop: None,
            target: None,
            atr: None,
            er: None,
            at: self.now,
            bar: None,
            opened_before: None,
            id_reused: false,
            profile: None,
        };
        while let Some(word) = words.next() {
            match word {
                "price" => signal.price = Some(words.price(word)),
                "stop" => signal.stop = Some(words.price(word)),
                "target" => signal.target = Some(words.price(word)),
                "atr" => signal.atr = Some(words.points(word)),
                "er" => signal.er = Some(words.ratio(word)),
                "bar" => {
                    let bar = moment(words.must("a time"), self.now, self.now.date_naive());
                    signal.bar = Some(bar);
                    signal.opened_before = Some(bar);
                }
                "made" => {
                    let made = moment(words.must("a time"), self.now, self.now.date_naive());
                    signal.opened_before = Some(made);
                }
                "source" => signal.source = SourceId(words.must("a number").parse().unwrap()),
                "id_reused" => signal.id_reused = true,
                "profile" => signal.profile = Some(words.must("a name").to_owned()),
                "product" => {
                    signal.product = Some(words.must("a product").parse::<Product>().unwrap());
                }
                _ => panic!("a signal has no {word}"),
            }
        }
        self.seen(instrument, signal.price);
        self.feed(&Input::Signal(Box::new(signal)));
    }

    /// `signal EOD_MONITOR BANK_NIFTY long_entry price 58,000 atr 360 er 0.9 [age 21s]`.
    fn scout(&mut self, instrument: InstrumentIx, words: &mut Words<'_>) {
        let mut scout = Scout {
            id: self.cause(),
            source: SourceId(1),
            instrument,
            product: None,
            profile: None,
            at: self.now,
            price: torana::domain::money::Price::new(rust_decimal::Decimal::ONE).unwrap(),
            atr: None,
            er: None,
            supertrend: None,
            long_entry: false,
            long_exit: false,
            short_entry: false,
            short_exit: false,
        };
        while let Some(word) = words.next() {
            match word {
                "long_entry" => scout.long_entry = true,
                "long_exit" => scout.long_exit = true,
                "short_entry" => scout.short_entry = true,
                "short_exit" => scout.short_exit = true,
                "price" => scout.price = words.price(word),
                "atr" => scout.atr = Some(words.points(word)),
                "er" => scout.er = Some(words.ratio(word)),
                "supertrend" => scout.supertrend = Some(words.price(word)),
                "age" => scout.at = self.now - words.seconds(word),
                _ => panic!("a look has no {word}"),
            }
        }
        self.seen(instrument, Some(scout.price));
        self.feed(&Input::Scout(Box::new(scout)));
    }

    /// `bar BANK_NIFTY close 52,400 [atr 340] [opened 10:15] [closed 11:30] [source 2]`,
    /// `bar BANK_NIFTY close 52,400 built`: from history, of the contract itself.
    pub(crate) fn bar(&mut self, words: &mut Words<'_>) {
        let instrument = self.instrument(words);
        assert!(words.takes("close"));
        let close = words.price("close");
        let mut source = SourceId(1);
        let mut bar = Bar {
            from: BarFrom::History,
            instrument,
            contract: None,
            opened_at: None,
            at: self.now,
            close,
            atr: None,
        };
        let mut built = false;
        while let Some(word) = words.next() {
            let time = |words: &mut Words<'_>| {
                moment(words.must("a time"), self.now, self.now.date_naive())
            };
            match word {
                "atr" => bar.atr = Some(words.points(word)),
                "opened" => bar.opened_at = Some(time(words)),
                "closed" => bar.at = time(words),
                "source" => source = SourceId(words.must("a number").parse().unwrap()),
                "built" => built = true,
                _ => panic!("a bar has no {word}"),
            }
        }
        if built {
            bar.contract = Some(self.contract(instrument));
        } else {
            let id = self.cause();
            bar.from = BarFrom::Alert { id, source };
        }
        self.feed(&Input::Bar(Box::new(bar)));
    }

    /// `proof [which] none reads 3 span 15s ended alive`, `proof one B7`, `proof many B7 B8`.
    pub(crate) fn proof(&mut self, words: &mut Words<'_>) {
        let order = self.which(words);
        let mut proof = Proof {
            order,
            found: Found::None,
            reads: 3,
            span: chrono::TimeDelta::seconds(15),
            call_ended: true,
            alive: true,
        };
        match words.must("what was found") {
            "none" => {}
            "one" => proof.found = Found::One(broker_id(words.must("an id"))),
            "many" => {
                proof.found = Found::Many(words.rest().split(' ').map(broker_id).collect());
            }
            word => panic!("{word} cannot be found"),
        }
        while let Some(word) = words.next() {
            match word {
                "reads" => proof.reads = words.lots("reads").get(),
                "span" => proof.span = words.seconds("span"),
                "hanging" => proof.call_ended = false,
                "silent" => proof.alive = false,
                _ => panic!("a proof has no {word}"),
            }
        }
        self.feed(&Input::Proof(proof));
    }

    /// `units GOLD_MINI [lot 100] [margin 1,05,000] [held 400]`: what shows the broker's unit.
    pub(crate) fn units(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let mut seen = UnitsSeen {
            contract: self.contract(ix),
            lot: None,
            margin: None,
            held: None,
        };
        while let Some(word) = words.next() {
            match word {
                "listed" => seen.lot = Some(words.lots("a listing").get()),
                "margin" => seen.margin = Some(words.money(word)),
                "held" => seen.held = Some(words.quantity(word)),
                _ => panic!("a unit is not shown by {word}"),
            }
        }
        self.feed(&Input::UnitsSeen(vec![seen]));
    }

    /// `op reduce`, `op freeze GOLD_MINI`, `op exit GOLD_MINI Long_1 2`, `op withdraw 20,00,000` …
    pub(crate) fn operator(&mut self, words: &mut Words<'_>) {
        let verb = words.must("an order");
        let order = match verb {
            "reduce" | "halt" => self.state(words, TradingState::Reducing),
            "freeze" => self.state(words, TradingState::Frozen),
            "resume" if words.takes("daily_loss") => {
                Command::DayLimit(Percent::new(words.number("percent")))
            }
            "resume" if words.takes("clear") => Command::Clear(match words.must("a limit") {
                "drawdown" => Latch::Drawdown,
                "losing_streak" => Latch::LosingStreak,
                word => panic!("nobody clears {word}"),
            }),
            "resume" => self.state(words, TradingState::Active),
            "deposit" => Command::Cash(words.money("amount")),
            "withdraw" => Command::Cash(-words.money("amount")),
            "exit" => self.exit_ordered(words),
            "flatten" => Command::Flatten,
            "pause" | "unpause" => {
                let state = if verb == "pause" {
                    TradingState::Reducing
                } else {
                    TradingState::Active
                };
                let source = SourceId(words.must("a number").parse().unwrap());
                Command::State(Scope::Source(source), state)
            }
            "stop" => {
                let ix = self.instrument(words);
                let leg = self.leg(ix, words.must("a label"));
                Command::Stop(leg, words.price("a stop"))
            }
            "roll" => Command::Roll(self.instrument(words)),
            "cancel" => Command::CancelIntent(self.which(words).intent),
            "confirm" => {
                let price = words.takes("price").then(|| words.price("price"));
                Command::Confirm(self.finding(), price)
            }
            "dismiss" => Command::Dismiss(self.finding()),
            "adopt" => self.adoption(words),
            "settle" => {
                let order = self.which(words);
                let said = if words.takes("placed") {
                    Settlement::Placed(broker_id(words.must("an id")))
                } else {
                    assert!(words.takes("not_placed"));
                    Settlement::NotPlaced
                };
                Command::Settle(order, said)
            }
            _ => panic!("nobody can order to {verb}"),
        };
        let id = self.cause();
        self.feed(&Input::Operator(Box::new(Operator {
            id,
            by: "asha".to_owned(),
            why: "the story says so".to_owned(),
            order,
        })));
    }

    fn state(&self, words: &mut Words<'_>, state: TradingState) -> Command {
        let instrument = self.maybe_instrument(words);
        Command::State(instrument.map_or(Scope::Desk, Scope::Instrument), state)
    }

    fn exit_ordered(&self, words: &mut Words<'_>) -> Command {
        if words.takes("all") {
            return Command::Exit(ExitWhat::All, None);
        }
        let ix = self.instrument(words);
        let what = match words.peek().and_then(layer) {
            Some(_) => ExitWhat::Leg(self.leg(ix, words.must("a label"))),
            None => ExitWhat::Instrument(ix),
        };
        let lots = words.peek().is_some().then(|| words.lots("lots"));
        Command::Exit(what, lots)
    }
}

fn broker_id(text: &str) -> BrokerOrderId {
    BrokerOrderId::new(text).unwrap()
}

/// Returns what `Long_2` labels.
pub(crate) fn layer(label: &str) -> Option<(Direction, Layer)> {
    let (direction, number) = label.split_once('_')?;
    let direction = direction.to_ascii_lowercase().parse().ok()?;
    Some((direction, Layer(number.parse().ok()?)))
}

pub(crate) fn reason(word: &str) -> ExitReason {
    let found = ExitReason::ALL.iter().find(|reason| reason.word() == word);
    *found.unwrap_or_else(|| panic!("{word} is no reason"))
}

fn ask(kind: &str, words: &mut Words<'_>) -> Ask {
    match kind {
        "BASE_ENTRY" => {
            let (direction, layer) = labelled(words);
            Ask::Enter { direction, layer }
        }
        "PYRAMID" => {
            let (direction, layer) = labelled(words);
            Ask::Add { direction, layer }
        }
        "EXIT" if words.takes("ALL") => Ask::Exit(Which::All),
        "EXIT" => {
            let (direction, layer) = labelled(words);
            Ask::Exit(Which::Layer(direction, layer))
        }
        "BUY" => trade(TradeWord::Side(Side::Buy), words),
        "SELL" => trade(TradeWord::Side(Side::Sell), words),
        "CLOSE" => trade(TradeWord::Close, words),
        _ => panic!("no signal is a {kind}"),
    }
}

fn labelled(words: &mut Words<'_>) -> (Direction, Layer) {
    let label = words.must("a label");
    layer(label).unwrap_or_else(|| panic!("{label} is no label"))
}

fn trade(word: TradeWord, words: &mut Words<'_>) -> Ask {
    let quantity = words.takes("quantity").then(|| words.quantity("quantity"));
    let position_size = words.takes("position_size").then(|| {
        let size = words.number("position size");
        if size.is_zero() {
            Expected::Flat
        } else if size.is_sign_negative() {
            Expected::Short
        } else {
            Expected::Long
        }
    });
    Ask::Trade {
        word,
        quantity,
        position_size,
    }
}
