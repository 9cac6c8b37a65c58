//! The feed: true prices, and now and then a frame that lies. What is held is judged on what the
//! judge of prices believes; a lie that nobody confirms moves and fires nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use torana::domain::calendar::Session;
use torana::domain::input::{Input, Mark, PriceSource, Quote, Tick, TradingState};
use torana::domain::instrument::ContractId;
use torana::domain::money::{Points, Price};
use torana::domain::price::{Judge, Look, PriceRules, Verdict};
use torana::domain::rules::StopHitOn;
use torana::domain::stops;
use torana::sim::fills;

use crate::life::Life;

/// What the judge knows of each contract.
pub(crate) type Judges = BTreeMap<ContractId, Judge>;

impl Life {
    /// Moves the prices of what trades now.
    pub(crate) fn market(&mut self) {
        for at in 0..self.stocks.len() {
            if !self.is_open(&self.stocks[at]) {
                continue;
            }
            self.stocks[at].walk(&mut self.chance);
            let stock = &self.stocks[at];
            for listed in &stock.listed {
                if self.is_over(listed.contract) {
                    continue;
                }
                let price = stock.price_of(listed);
                let seen = fills::Quote::around(price, stock.tick.points());
                self.broker
                    .quote((stock.exchange, &listed.symbol), seen, self.now);
                let quote = self.quoted(listed.contract, price);
                let mark = Mark {
                    quote,
                    margin: None,
                    source: PriceSource::Rest,
                };
                self.book.marks.contracts.insert(listed.contract, mark);
            }
        }
    }

    fn quoted(&self, contract: ContractId, price: Price) -> Quote {
        let seen = fills::Quote::around(price, self.stock_of(contract).tick.points());
        Quote {
            price,
            bid: Some(seen.bid),
            ask: Some(seen.ask),
            at: self.now,
        }
    }

    /// What is held is judged on the new prices, unless the feed is silent.
    pub(crate) fn ticks(&mut self) {
        let began = self.now;
        let held = self.book.legs.values().filter(|leg| leg.is_open());
        let held: BTreeSet<ContractId> = held.map(|leg| leg.contract).collect();
        for contract in held {
            let silent = self.faults && self.chance.happens(150);
            let mark = self.book.marks.contracts.get(&contract);
            let Some(true_price) = mark
                .filter(|mark| !silent && mark.quote.at == began)
                .map(|mark| mark.quote.price)
            else {
                continue;
            };
            if self.closes_meanwhile(contract) {
                continue;
            }
            if self.faults && self.chance.happens(20) {
                self.lie(contract, true_price);
            }
            self.tell_truth(contract, true_price);
        }
    }

    /// Returns whether the market closes before what is said now was said again.
    fn closes_meanwhile(&self, contract: ContractId) -> bool {
        let last = self.now + TimeDelta::seconds(10);
        let exchange = self.stock_of(contract).exchange;
        self.rules.calendar.session_at(exchange, last) != Session::Continuous
    }

    /// One frame is far off. The next one, or another source, says that nothing has happened; only
    /// where nobody says anything it counts when its time is up.
    fn lie(&mut self, contract: ContractId, true_price: Price) {
        let calm = self
            .judges
            .get(&contract)
            .is_some_and(|judge| !judge.doubts() && judge.good() == Some(true_price));
        if !calm {
            return;
        }
        let side = self.chance.one_of(&[-1, 1]);
        let reach = self.chance.between(1_500, 2_500) * side;
        let far = self.stock_of(contract).away(true_price, reach);
        self.tell(|| format!("a frame says {far}, which is not so"));
        let verdict = self.frame(contract, far, PriceSource::Feed);
        assert_eq!(verdict, Verdict::Suspicious, "{far} is believed at once");
        match self.chance.below(10) {
            0..=5 => self.wait_ms(100),
            6..=8 => {
                self.wait_ms(300);
                self.frame(contract, true_price, PriceSource::Rest);
                self.wait_ms(4_000);
                assert!(!self.time_is_up(contract), "a denied price counts");
            }
            _ => {
                self.wait_ms(2_000);
                assert!(self.time_is_up(contract), "a crash would be waited out");
            }
        }
    }

    /// A true price that is far from the last one is believed when it is said again, by another
    /// source, or after a while.
    fn tell_truth(&mut self, contract: ContractId, price: Price) {
        if self.frame(contract, price, PriceSource::Feed) == Verdict::Good {
            return;
        }
        match self.chance.below(4) {
            0 => {
                self.wait_ms(2_000);
                assert!(self.time_is_up(contract), "{price} is never believed");
            }
            1 => {
                let verdict = self.frame(contract, price, PriceSource::Rest);
                assert_eq!(verdict, Verdict::Good, "two sources say {price}");
            }
            _ => {
                self.wait_ms(250);
                let verdict = self.frame(contract, price, PriceSource::Feed);
                assert_eq!(verdict, Verdict::Good, "{price} is said twice");
            }
        }
    }

    fn wait_ms(&mut self, ms: i64) {
        self.now += TimeDelta::milliseconds(ms);
    }

    /// A price is seen; what is believed moves and fires stops.
    fn frame(&mut self, contract: ContractId, price: Price, source: PriceSource) -> Verdict {
        let quote = self.quoted(contract, price);
        let session = self
            .rules
            .calendar
            .session_at(self.stock_of(contract).exchange, self.now);
        let look = Look {
            quote,
            source,
            session,
            snapshot: false,
        };
        let known = self.book.instruments.get(&contract.instrument);
        let atr = known.and_then(|known| known.atr);
        let judge = self.judges.entry(contract).or_default();
        let verdict = judge.look(&PriceRules::default(), &look, atr);
        if verdict == Verdict::Good {
            self.believe(contract, quote, source);
        }
        verdict
    }

    /// Returns whether a price in doubt counts by now; then it is acted on.
    fn time_is_up(&mut self, contract: ContractId) -> bool {
        let (rules, now) = (PriceRules::default(), self.now);
        let judge = self.judges.entry(contract).or_default();
        let Some((quote, source)) = judge.time(&rules, now) else {
            return false;
        };
        self.believe(contract, quote, source);
        true
    }

    /// A good price is judged; where each price is looked at, every stop it has reached is an exit.
    fn believe(&mut self, contract: ContractId, quote: Quote, source: PriceSource) {
        self.feed(&Input::Tick(Tick {
            contract,
            quote,
            source,
        }));
        let frozen = self.book.state_of(contract.instrument) == TradingState::Frozen;
        let stock = self.stock_of(contract);
        if self.rules.stops.hit_on != StopHitOn::Tick || frozen || !self.is_open(stock) {
            return;
        }
        let legs = self.book.legs.values().filter(|leg| leg.is_open());
        for leg in legs.filter(|leg| leg.contract == contract && leg.opened_at <= quote.at) {
            let hit = leg.direction.gain(leg.stop, quote.price) <= Points::ZERO;
            assert_eq!(hit, stops::is_hit(leg.direction, leg.stop, quote.price));
            let leaves = self.book.exit_of(leg.id).is_some();
            assert!(!hit || leaves, "{} at {} is held on", leg.id, quote.price);
        }
    }
}
