//! What is sent and seen: alerts, closed bars, looks at the end of the day.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use torana::domain::calendar::exchange_day;
use torana::domain::input::Input;
use torana::domain::money::Ratio;
use torana::domain::order::{Direction, Product};
use torana::domain::signal::{
    Ask, Bar, BarFrom, Expected, Layer, Scout, Signal, SourceId, TradeWord, Which,
};

use crate::life::{Happened, Life};

/// Seconds of a bar.
const BAR: i64 = 3_600;

impl Life {
    /// An alert, sensible or not.
    pub(crate) fn alert(&mut self) {
        let at = usize::try_from(self.chance.below(4)).unwrap();
        let held = self
            .book
            .position_in(self.stocks[at].ix)
            .map(|one| one.direction);
        let side = self.chance.one_of(&[Direction::Long, Direction::Short]);
        let direction = held.unwrap_or(side);
        let layer = Layer(u8::try_from(self.chance.between(2, 4)).unwrap());
        let crosses = self.chance.happens(700);
        let ask = match self.chance.below(12) {
            0..=3 => Ask::Enter {
                direction: side,
                layer: Layer(1),
            },
            4..=6 => Ask::Add { direction, layer },
            7 => Ask::Exit(Which::Layer(direction, layer)),
            8 | 9 => Ask::Trade {
                word: TradeWord::Side(side.opening()),
                quantity: None,
                position_size: crosses.then_some(match side {
                    Direction::Long => Expected::Long,
                    Direction::Short => Expected::Short,
                }),
            },
            _ => Ask::Exit(Which::All),
        };
        let direction = match ask {
            Ask::Enter { direction, .. } | Ask::Add { direction, .. } => direction,
            _ => side,
        };
        let sign = if direction == Direction::Long { -1 } else { 1 };
        let away = self.chance.between(60, 250) * sign;
        let target = self.chance.happens(400).then_some(away * -2);
        let intraday = self.chance.happens(250);
        let id = self.cause();
        let stock = &self.stocks[at];
        let front = self
            .rules
            .instruments
            .contract_for_entry(stock.ix, exchange_day(self.now), &self.rules.calendar)
            .unwrap();
        let price = self.price_of(front);
        let signal = Signal {
            id,
            source: SourceId(1),
            ask,
            instrument: stock.ix,
            contract: None,
            product: intraday.then_some(Product::Mis),
            price: Some(price),
            stop: Some(stock.away(price, away)),
            target: target.map(|away| stock.away(price, away)),
            atr: Some(stock.atr()),
            er: Ratio::new(Decimal::new(9, 1)).into(),
            at: self.now,
            bar: None,
            opened_before: None,
            id_reused: false,
            profile: None,
        };
        self.sent.push(signal.clone());
        self.feed(&Input::Signal(Box::new(signal)));
    }

    /// The sender says again what it said before, word for word: its answer was lost, or a process
    /// died between commit and answer. What was decided is told again, and nothing follows.
    pub(crate) fn alert_again(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let newest = self.sent.len() - 1;
        let any = usize::try_from(self.chance.below(4)).unwrap();
        if self.chance.happens(300) {
            self.die();
        }
        let mut signal = self.sent[newest.saturating_sub(any)].clone();
        // Under another name it is another alert, as old as it is.
        if self.chance.happens(300) {
            signal.id = self.cause();
            self.feed(&Input::Signal(Box::new(signal)));
        } else if let Some(script) = &mut self.script {
            script.push((self.now, Happened::Again(Box::new(signal))));
        }
    }

    /// The bars that closed since: most are told of, some twice, some by the broker's history.
    pub(crate) fn bars(&mut self, before: DateTime<Utc>) {
        let number = |at: DateTime<Utc>| at.timestamp().div_euclid(BAR);
        if number(before) == number(self.now) {
            return;
        }
        let at = DateTime::from_timestamp(number(self.now) * BAR, 0).unwrap();
        for one in 0..self.stocks.len() {
            let told = match self.chance.below(20) {
                0 => 0,
                1 => 2,
                _ => 1,
            };
            let history = self.chance.happens(300);
            for _ in 0..told {
                let id = self.cause();
                let stock = &self.stocks[one];
                let held = self.book.position_in(stock.ix).map(|held| held.contract);
                let front = held.unwrap_or(stock.listed[0].contract);
                let from = if history {
                    BarFrom::History
                } else {
                    let source = SourceId(1);
                    BarFrom::Alert { id, source }
                };
                let bar = Bar {
                    from,
                    instrument: stock.ix,
                    contract: history.then_some(front),
                    opened_at: Some(at - TimeDelta::seconds(BAR)),
                    at,
                    close: self.price_of(front),
                    atr: Some(stock.wide_atr()),
                };
                self.told_bars.push(bar);
                self.feed(&Input::Bar(Box::new(bar)));
            }
        }
    }

    /// A bar of hours ago is told once more, under another name.
    pub(crate) fn bar_again(&mut self) {
        if self.told_bars.is_empty() {
            return;
        }
        let any = self
            .chance
            .below(u64::try_from(self.told_bars.len()).unwrap());
        let mut bar = self.told_bars[usize::try_from(any).unwrap()];
        if let BarFrom::Alert { source, .. } = bar.from {
            let id = self.cause();
            bar.from = BarFrom::Alert { id, source };
        }
        self.feed(&Input::Bar(Box::new(bar)));
    }

    /// The looks of the last minute before a close.
    pub(crate) fn looks(&mut self) {
        let today = exchange_day(self.now);
        for one in 0..self.stocks.len() {
            let (ix, exchange) = (self.stocks[one].ix, self.stocks[one].exchange);
            let Some(close) = self.rules.calendar.eod_close(exchange, today) else {
                continue;
            };
            let left = close - self.now;
            if left <= TimeDelta::zero() || left > TimeDelta::seconds(52) {
                continue;
            }
            if self.faults && self.chance.happens(100) {
                continue; // lost on its way
            }
            let plan = self.chance.below(8);
            let plan = *self.looks.entry(ix).or_insert(plan);
            // now and then it changes its mind
            let plan = if self.chance.happens(60) { 7 } else { plan };
            let id = self.cause();
            let stock = &self.stocks[one];
            let held = self.book.position_in(ix).map(|held| held.contract);
            let front = self
                .rules
                .instruments
                .contract_for_entry(ix, today, &self.rules.calendar);
            let price = self.price_of(held.or(front).unwrap());
            let scout = Scout {
                id,
                source: SourceId(1),
                instrument: ix,
                product: None,
                profile: None,
                at: self.now,
                price,
                atr: Some(stock.atr()),
                er: Ratio::new(Decimal::new(9, 1)).into(),
                supertrend: Some(stock.away(price, if plan == 5 { 80 } else { -80 })),
                long_entry: matches!(plan, 0 | 1),
                long_exit: plan == 4,
                short_entry: matches!(plan, 2 | 3),
                short_exit: plan == 4,
            };
            self.feed(&Input::Scout(Box::new(scout)));
        }
    }
}
