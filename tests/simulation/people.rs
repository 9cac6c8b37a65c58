//! What people do: they order, trade by phone, settle what differs and let everything go on.

use rust_decimal::prelude::ToPrimitive as _;
use torana::domain::book::Leg;
use torana::domain::finding::{Adoption, Finding};
use torana::domain::input::{
    Command, ExitWhat, Input, Latch, Operator, Scope, Settlement, TradingState,
};
use torana::domain::instrument::ContractId;
use torana::domain::money::{Lots, Money, Percent, Quantity};
use torana::domain::order::{Direction, Pricing, Product, Side, Ticket};

use crate::life::Life;

impl Life {
    /// A person orders something.
    pub(crate) fn order(&mut self, order: Command) {
        let id = self.cause();
        let (by, why) = ("asha".to_owned(), "as seen".to_owned());
        self.feed(&Input::Operator(Box::new(Operator { id, by, why, order })));
    }

    /// Now and then somebody does something.
    pub(crate) fn somebody(&mut self) {
        if self.chance.happens(60) {
            self.set_right();
        }
        if self.chance.happens(6) {
            self.phone();
        }
        match self.chance.below(1_000) {
            0..=2 => self.restrain(),
            3..=6 => self.part_out(),
            7..=8 => {
                let open: Vec<_> = self.book.open_intents().map(|one| one.id).collect();
                if !open.is_empty() {
                    let intent = self.chance.one_of(&open);
                    self.order(Command::CancelIntent(intent));
                }
            }
            9 => {
                let amount = Money::rupees(self.chance.between(-3, 3) * 100_000);
                if amount != Money::ZERO {
                    self.order(Command::Cash(amount));
                }
            }
            10 => self.order(Command::Flatten),
            11..=20 => self.roll(),
            21..=40 => self.put_stop(),
            _ => {}
        }
    }

    fn restrain(&mut self) {
        let stocks: Vec<_> = self.stocks.iter().map(|one| one.ix).collect();
        let state = self
            .chance
            .one_of(&[TradingState::Reducing, TradingState::Frozen]);
        let one = self.chance.one_of(&stocks);
        let all = self.chance.happens(300);
        let scope = if all {
            Scope::Desk
        } else {
            Scope::Instrument(one)
        };
        if state == TradingState::Frozen {
            self.frozen
                .extend(stocks.into_iter().filter(|ix| all || *ix == one));
        }
        self.order(Command::State(scope, state));
    }

    fn part_out(&mut self) {
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        let legs: Vec<_> = legs.map(|leg| leg.id).collect();
        if !legs.is_empty() {
            let leg = self.chance.one_of(&legs);
            let lots = self.chance.happens(500).then_some(Lots::ONE);
            self.order(Command::Exit(ExitWhat::Leg(leg), lots));
        }
    }

    /// A person wants a stop elsewhere: nearer, or farther away, which nobody gets.
    fn put_stop(&mut self) {
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        let legs: Vec<_> = legs.map(|leg| (leg.id, leg.contract, leg.stop)).collect();
        if !legs.is_empty() {
            let (leg, contract, stop) = self.chance.one_of(&legs);
            let moved = self.chance.between(-80, 80);
            let to = self.stock_of(contract).away(stop, moved);
            self.order(Command::Stop(leg, to));
        }
    }

    fn roll(&mut self) {
        let known = self.book.instruments.iter();
        let proposed = known.filter(|(_, one)| one.roll.is_some_and(|roll| roll.started.is_none()));
        let proposed: Vec<_> = proposed.map(|(ix, _)| *ix).collect();
        for instrument in proposed {
            self.order(Command::Roll(instrument));
        }
    }

    /// Somebody trades at the terminal, past us: a lot less or a lot more of what is held.
    fn phone(&mut self) {
        let at = usize::try_from(self.chance.below(4)).unwrap();
        let stock = &self.stocks[at];
        let ix = stock.ix;
        if !self.is_open(stock) || self.accounts.differ() {
            return;
        }
        let over = |contract| self.is_over(contract);
        let quiet = |order: &&torana::domain::book::Order| {
            order.contract.instrument == ix && !order.state.is_closed()
        };
        let held = self
            .book
            .position_in(ix)
            .map(|one| (one.contract, one.product, one.direction));
        let working = self.book.orders.values().filter(quiet).count();
        let (contract, product, direction) =
            held.unwrap_or((stock.listed[0].contract, Product::Nrml, Direction::Long));
        let resting = self.book.legs.values().any(Leg::is_open) && working > 0;
        if resting || !self.late.is_empty() || over(contract) {
            return;
        }
        let less = held.is_some() && self.chance.happens(700);
        let side = if less {
            direction.closing()
        } else {
            direction.opening()
        };
        self.trade((contract, product), (side, 1));
        self.reading();
    }

    /// Trades so many lots at the terminal.
    fn trade(&mut self, (contract, product): (ContractId, Product), (side, lots): (Side, u32)) {
        let stock = self.stock_of(contract);
        let instrument = self.rules.instruments.get(stock.ix).unwrap();
        let today = torana::domain::calendar::exchange_day(self.now);
        let spec = self.rules.instruments.spec(contract, today).unwrap();
        let ticket = Ticket {
            symbol: stock.named(contract).symbol.clone(),
            exchange: stock.exchange,
            product,
            side,
            quantity: Quantity::new(u64::from(lots) * u64::from(instrument.per_lot(spec))),
            pricing: Pricing::Market,
        };
        let id = self.broker.place(&ticket, None, self.now).unwrap();
        let order = self.broker.floor.order(id.as_str()).unwrap();
        assert_eq!(
            order.filled, order.quantity,
            "an order by phone trades at once"
        );
        let price = order.average();
        let charges = order.charges;
        self.tell(|| {
            format!(
                "by phone: {side:?} {lots} lots of {} at {price}",
                ticket.symbol
            )
        });
        let signed = if side == Side::Buy { 1 } else { -1 } * i64::from(lots);
        let point = spec_point(&self.rules, contract, today);
        self.accounts
            .phone((contract, product), (signed, price), (point, charges));
    }

    /// People look at what is open and settle it; what is settled trades again.
    pub(crate) fn set_right(&mut self) {
        self.approve();
        let open = self.book.findings.values().filter(|one| one.end.is_none());
        let open: Vec<Finding> = open.cloned().collect();
        for finding in &open {
            self.settle_finding(finding);
        }
        let limits = self.book.desk.limits;
        if limits.drawdown {
            self.order(Command::Clear(Latch::Drawdown));
        }
        if limits.losing_streak {
            self.order(Command::Clear(Latch::LosingStreak));
        }
        if limits.breached && self.chance.happens(20) {
            self.order(Command::DayLimit(Percent::new(9.into())));
        }
        let differ = self.accounts.differ();
        if !differ && self.book.desk.state != TradingState::Active && !self.book.desk.limits.any() {
            self.order(Command::State(Scope::Desk, TradingState::Active));
        }
        for at in 0..self.stocks.len() {
            let ix = self.stocks[at].ix;
            let known = self.book.instruments.get(&ix).map(|one| one.state);
            if !differ && known.is_some_and(|state| state != TradingState::Active) {
                self.order(Command::State(Scope::Instrument(ix), TradingState::Active));
            }
        }
    }

    /// What OpenAlgo holds back is approved, or thrown away, and said so here.
    fn approve(&mut self) {
        for (order, ticket) in core::mem::take(&mut self.queued) {
            let known = self.book.orders.get(&order);
            let waits =
                known.is_some_and(|one| one.state == torana::domain::book::OrderState::Queued);
            if !waits {
                self.queued.push((order, ticket));
                continue;
            }
            let open = self.is_open(self.stock_of(known.unwrap().contract));
            let placed = if open && self.chance.happens(500) {
                self.broker.place(&ticket, None, self.now)
            } else {
                None
            };
            let settled = placed.map_or(Settlement::NotPlaced, Settlement::Placed);
            self.order(Command::Settle(order, settled));
        }
    }

    fn settle_finding(&mut self, finding: &Finding) {
        let id = finding.drift.finding;
        let (Some(contract), Some(product)) = (finding.drift.contract, finding.drift.product)
        else {
            return;
        };
        if finding.repair.is_some() {
            return self.order(Command::Confirm(id, None));
        }
        let key = (contract, product);
        let missing = self.accounts.missing(key);
        let ours = self.held(key);
        let Some(lots) = missing.abs().to_u32().filter(|lots| *lots > 0) else {
            return;
        };
        let more = ours.is_zero() || ours.is_sign_positive() == missing.is_sign_positive();
        if more && self.book.entries_of(contract.instrument).next().is_none() {
            let direction = if missing.is_sign_positive() {
                Direction::Long
            } else {
                Direction::Short
            };
            let price = self.price_of(contract);
            let sign = if direction == Direction::Long { -1 } else { 1 };
            let stop = self.stock_of(contract).away(price, sign * 200);
            return self.order(Command::Adopt(Adoption {
                contract,
                product,
                direction,
                lots: Lots::new(lots),
                price,
                stop,
            }));
        }
        if self.is_open(self.stock_of(contract)) && !self.is_over(contract) {
            let side = if missing.is_sign_positive() {
                Side::Sell
            } else {
                Side::Buy
            };
            self.trade(key, (side, lots));
        }
    }
}

fn spec_point(
    rules: &torana::domain::rules::Rules,
    contract: ContractId,
    day: chrono::NaiveDate,
) -> rust_decimal::Decimal {
    rules
        .instruments
        .spec(contract, day)
        .unwrap()
        .point_value
        .get()
}
