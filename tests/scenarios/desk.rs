//! The driver: what desk, courier and broker do around the pure core, one line of a story at a time.
//!
//! Facts are folded in at once. A `quote` line performs the courier's part for every order that
//! [`work::due`] wants placed; the broker's part is told by the story.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use torana::domain::book::{Book, ModifyState, OrderState};
use torana::domain::calendar::Session;
use torana::domain::decide::{answer, decide};
use torana::domain::fact::{Fact, Goal, LedgerKind, Movement};
use torana::domain::gates::{EntryKind, Judged, Trace};
use torana::domain::ids::{Cause, IntentId, OrderId, Purpose};
use torana::domain::input::{
    CallKind, CallResult, Dispatch, Funds, Input, Mark, Outcome, PriceSource, Quote, Report,
    ReportStatus, SeenMargin, SeenTerms, Tick,
};
use torana::domain::instrument::{ContractId, InstrumentIx};
use torana::domain::money::{Money, Price, Quantity};
use torana::domain::order::{BrokerOrderId, Pricing};
use torana::domain::price::{Judge, Look, PriceRules, Verdict};
use torana::domain::rules::Rules;
use torana::domain::work::{self, Call};

use crate::words::{Words, moment};
use crate::world;

/// A Friday with every exchange open.
const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 20).unwrap();

/// One story while it is told.
pub(crate) struct Desk {
    pub(crate) rules: Rules,
    pub(crate) book: Book,
    pub(crate) now: DateTime<Utc>,
    /// What the line being told has led to.
    pub(crate) facts: Vec<Fact>,
    /// Every order that was claimed, in order of time.
    pub(crate) claimed: Vec<OrderId>,
    /// Goals and orders that there ever were: the book forgets them, the database does not.
    goals: BTreeSet<IntentId>,
    wanted: BTreeSet<OrderId>,
    /// Every gate that was asked: of an add or not, which, and whether it passed.
    pub(crate) asked: BTreeSet<(bool, &'static str, bool)>,
    /// Prices that are always fresh, by contract; a story may let one grow old.
    fresh: BTreeMap<ContractId, Quote>,
    charts: BTreeMap<InstrumentIx, Price>,
    /// Instruments whose price the story tells itself.
    told: BTreeSet<InstrumentIx>,
    /// Who judges the prices that a story lets be heard.
    judges: BTreeMap<ContractId, Judge>,
    causes: u16,
    broker_ids: u32,
    started: bool,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let ten_thirty = moment("10:30", DateTime::UNIX_EPOCH, TODAY);
        Self {
            rules: world::rules(),
            book: Book::default(),
            now: ten_thirty,
            facts: Vec::new(),
            claimed: Vec::new(),
            goals: BTreeSet::new(),
            wanted: BTreeSet::new(),
            asked: BTreeSet::new(),
            fresh: BTreeMap::new(),
            charts: BTreeMap::new(),
            told: BTreeSet::new(),
            judges: BTreeMap::new(),
            causes: 0,
            broker_ids: 0,
            started: false,
        }
    }

    /// Tells one line; what it leads to is in [`Desk::facts`].
    pub(crate) fn tell(&mut self, line: &str) {
        self.facts.clear();
        let mut words = Words::of(line);
        let verb = words.must("a verb");
        if !matches!(
            verb,
            "given" | "rules" | "clock" | "price" | "chart" | "funds"
        ) && !self.started
        {
            self.started = true;
            self.feed(&Input::Time);
            self.facts.clear();
        }
        self.refresh();
        match verb {
            "given" => self.given(&mut words),
            "rules" if words.takes("profile") => return self.profile(words),
            "rules" => return world::change(&mut self.rules, words),
            "clock" => self.now = moment(words.must("a time"), self.now, TODAY),
            "time" => {
                self.now = moment(words.must("a time"), self.now, TODAY);
                self.refresh();
                self.feed(&Input::Time);
            }
            "price" => self.price(&mut words),
            "tick" => self.judged(&mut words),
            "doubts" => self.counted(),
            "chart" => self.chart(&mut words),
            "funds" => self.funds(&mut words),
            "units" => self.units(&mut words),
            "correlation" => self.correlation(&mut words),
            "kill" => self.restart(),
            "signal" => self.signal(&mut words),
            "bar" => self.bar(&mut words),
            "quote" => self.quote(&mut words),
            "answer" => self.answer(&mut words),
            "report" => self.report(&mut words),
            "rests" => self.rests(&mut words),
            "ratchet" => self.ratchet(&mut words),
            "proof" => self.proof(&mut words),
            "broker" => self.broker(&mut words),
            "op" => self.operator(&mut words),
            "compared" => self.compared(&mut words),
            "route" => self.route(&mut words),
            "jump" => self.feed(&Input::ClockJumped(words.seconds("a jump"))),
            "semi_auto" => self.feed(&Input::SemiAuto(words.must("on or off") == "on")),
            _ => panic!("no line begins with {verb}"),
        }
        words.end();
        self.refresh();
    }

    /// `rules profile careful max_positions 1`: another profile, which differs from ours in this
    /// alone.
    fn profile(&mut self, mut words: Words<'_>) {
        let name = words.must("a name").to_owned();
        let mut other = self.rules.clone();
        other.profile.clone_from(&name);
        world::change(&mut other, words);
        let tightened = self.rules.tightened(&other);
        self.rules
            .stricter
            .insert(name, std::sync::Arc::new(tightened));
    }

    /// Decides, and folds in what follows.
    pub(crate) fn feed(&mut self, input: &Input) {
        let facts = decide(&self.book, &self.rules, input, self.now);
        let again = decide(&self.book, &self.rules, input, self.now);
        assert_eq!(facts, again, "the same input must give the same facts");
        if input.alert().is_some() {
            let verdicts = facts
                .iter()
                .filter(|fact| answer(core::slice::from_ref(*fact)).is_some());
            assert_eq!(verdicts.count(), 1, "a signal has one verdict: {facts:#?}");
        }
        self.fold(facts);
    }

    pub(crate) fn fold(&mut self, facts: Vec<Fact>) {
        for fact in facts {
            if let Fact::OrderClaimed(claim) = &fact {
                self.claimed.push(claim.order);
            }
            match &fact {
                Fact::IntentApproved(approval) => {
                    let new = self.goals.insert(approval.intent);
                    assert!(new, "{} was used before", approval.intent);
                    let leaves = self.book.exit_of(approval.leg).map(|exit| exit.id);
                    let second = leaves.filter(|_| matches!(approval.goal, Goal::Close(_)));
                    assert_eq!(second, None, "and {}: two exits of a leg", approval.intent);
                }
                Fact::OrderWanted { order, .. } => {
                    assert!(self.wanted.insert(*order), "{order} was used before");
                }
                _ => {}
            }
            if let Some(trace) = trace_of(&fact) {
                for verdict in &trace.verdicts {
                    let passed = match verdict.judged {
                        Judged::Pass(..) => true,
                        Judged::Fail(..) => false,
                        Judged::NotAsked => continue,
                    };
                    let add = trace.kind == EntryKind::Add;
                    self.asked.insert((add, verdict.gate.0, passed));
                }
            }
            self.book.apply(&fact, self.now);
            self.facts.push(fact);
        }
    }

    /// Returns a name nobody has had before.
    pub(crate) fn cause(&mut self) -> Cause {
        self.causes += 1;
        let [high, low] = self.causes.to_be_bytes();
        Cause::from_bytes([high, low, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    pub(crate) fn instrument(&self, words: &mut Words<'_>) -> InstrumentIx {
        let name = words.must("an instrument");
        self.rules
            .instruments
            .by_name(name)
            .unwrap_or_else(|| panic!("no instrument is called {name}"))
    }

    /// Takes the next word when it names an instrument.
    pub(crate) fn maybe_instrument(&self, words: &mut Words<'_>) -> Option<InstrumentIx> {
        let ix = self.rules.instruments.by_name(words.peek()?)?;
        words.next();
        Some(ix)
    }

    /// Returns the contract that is held, else the one an entry would take.
    pub(crate) fn contract(&self, ix: InstrumentIx) -> ContractId {
        let held = self.book.position_in(ix).map(|one| one.contract);
        let today = torana::domain::calendar::exchange_day(self.now);
        held.or_else(|| {
            self.rules
                .instruments
                .contract_for_entry(ix, today, &self.rules.calendar)
        })
        .unwrap()
    }

    /// Brings every price that the story keeps fresh to the present.
    fn refresh(&mut self) {
        for (contract, quote) in &mut self.fresh {
            quote.at = self.now;
            let margin = self
                .book
                .marks
                .contracts
                .get(contract)
                .and_then(|mark| mark.margin);
            let mark = Mark {
                quote: *quote,
                margin,
                source: PriceSource::Rest,
            };
            self.book.marks.contracts.insert(*contract, mark);
        }
        for (ix, price) in &self.charts {
            let quote = plain(*price, self.now);
            self.book.marks.charts.insert(*ix, quote);
        }
    }

    /// Lets a price be seen, where the story does not tell it itself.
    pub(crate) fn seen(&mut self, ix: InstrumentIx, price: Option<Price>) {
        if let Some(price) = price.filter(|_| !self.told.contains(&ix)) {
            self.fresh.insert(self.contract(ix), plain(price, self.now));
        }
        self.refresh();
    }

    /// `price GOLD_MINI 78,500 [bid B] [ask A]`: a trade; `price GOLD_MINI old`,
    /// `price GOLD_MINI margin M`.
    fn price(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let contract = self.contract(ix);
        self.told.insert(ix);
        if words.takes("old") {
            self.fresh.remove(&contract);
            return;
        }
        if words.takes("margin") {
            let mark = self.book.marks.contracts.get_mut(&contract).unwrap();
            mark.margin = Some(SeenMargin {
                amount: words.money("margin"),
                at: self.now,
            });
            return;
        }
        let quote = self.read_quote(words);
        self.fresh.insert(contract, quote);
        self.refresh();
        let source = PriceSource::Feed;
        self.feed(&Input::Tick(Tick {
            contract,
            quote,
            source,
        }));
    }

    /// `tick BANK_NIFTY 48,000 [rest]`: the feed, or a quote, says so; it is judged as outside of
    /// stories, and only a good price is one for the core.
    fn judged(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let contract = self.contract(ix);
        let quote = plain(words.price("price"), self.now);
        let source = if words.takes("rest") {
            PriceSource::Rest
        } else {
            PriceSource::Feed
        };
        self.told.insert(ix);
        let known = self.book.marks.contracts.get(&contract);
        let known = known.map(|mark| mark.quote.price);
        let atr = self.book.instruments.get(&ix).and_then(|one| one.atr);
        let judge = self.judges.entry(contract);
        let judge = judge.or_insert(Judge::knowing(known));
        let look = Look {
            quote,
            source,
            session: Session::Continuous,
            snapshot: false,
        };
        if judge.look(&PriceRules::default(), &look, atr) == Verdict::Good {
            self.believe(contract, quote, source);
        }
    }

    /// `doubts`: what is in doubt counts now, if its time is up.
    fn counted(&mut self) {
        let (rules, now) = (PriceRules::default(), self.now);
        let judges = self.judges.iter_mut();
        let due: Vec<_> = judges
            .filter_map(|(contract, judge)| Some((*contract, judge.time(&rules, now)?)))
            .collect();
        for (contract, (mut quote, source)) in due {
            quote.at = now;
            self.believe(contract, quote, source);
        }
    }

    fn believe(&mut self, contract: ContractId, quote: Quote, source: PriceSource) {
        self.fresh.insert(contract, quote);
        self.refresh();
        self.feed(&Input::Tick(Tick {
            contract,
            quote,
            source,
        }));
    }

    fn read_quote(&self, words: &mut Words<'_>) -> Quote {
        let mut quote = plain(words.price("price"), self.now);
        if words.takes("bid") {
            quote.bid = Some(words.price("bid"));
        }
        if words.takes("ask") {
            quote.ask = Some(words.price("ask"));
        }
        quote
    }

    fn chart(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        if words.takes("old") {
            self.charts.remove(&ix);
        } else {
            self.charts.insert(ix, words.price("price"));
        }
    }

    /// `correlation GOLD_MINI SILVER_MINI 0.7`: how much two instruments move together.
    fn correlation(&mut self, words: &mut Words<'_>) {
        let (one, other) = (self.instrument(words), self.instrument(words));
        let pair = (one.min(other), one.max(other));
        let known = words.ratio("correlation");
        self.book.marks.correlations.insert(pair, known);
    }

    /// `kill`: the process ends and begins again, with what the facts left and the last prices.
    fn restart(&mut self) {
        let marks = core::mem::take(&mut self.book.marks);
        let text = torana::journal::book_text(&self.book, &self.rules.instruments);
        self.book = torana::journal::read_book(&text, &self.rules.instruments).unwrap();
        self.book.prune(self.now);
        self.book.marks = marks;
        self.feed(&Input::Rules(self.book.desk.rules));
    }

    /// `funds 10,00,000`, `funds unknown`: the broker's free cash as read now.
    fn funds(&mut self, words: &mut Words<'_>) {
        let available = words.maybe_number().map(Money::new);
        assert!(available.is_some() || words.takes("unknown"));
        let at = self.now;
        self.feed(&Input::Funds(Funds { available, at }));
    }

    /// `quote GOLD_MINI 78,500 [answer …]`: the courier goes out with a fresh quote for every order
    /// of the instrument that is due, the most urgent first. The broker takes it unless the line
    /// says otherwise.
    fn quote(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let quote = if words.takes("none") {
            None
        } else {
            Some(self.read_quote(words))
        };
        let result = words.takes("answer").then(|| words.rest());
        let mut tried = BTreeSet::new();
        while let Some(order) = self.due(ix).into_iter().find(|one| !tried.contains(one)) {
            tried.insert(order);
            self.feed(&Input::Dispatch(Box::new(Dispatch {
                order,
                quote,
                epoch: 1,
                baseline: Vec::new(),
            })));
            let sending = self.book.orders.get(&order).map(|one| one.state);
            if matches!(sending, Some(OrderState::Sending { .. })) {
                self.answered(order, CallKind::Place, result.as_deref().unwrap_or("sent"));
            }
        }
    }

    fn due(&self, ix: InstrumentIx) -> Vec<OrderId> {
        let calls = work::due(&self.book, &self.rules, self.now).into_iter();
        calls
            .filter_map(|call| match call {
                Call::Place(order) => Some(order),
                Call::Cancel(_) | Call::Resolve(_) | Call::Follow(_) | Call::Modify(_) => None,
            })
            .filter(|order| self.book.orders[order].contract.instrument == ix)
            .collect()
    }

    /// Tells what came of a call; `hangs` is no answer at all.
    fn answered(&mut self, order: OrderId, call: CallKind, word: &str) {
        let text = format!("the broker: {word}");
        let result = match word {
            "hangs" => return,
            "sent" => CallResult::Sent(self.broker_id()),
            "not_sent" => CallResult::NotSent(text),
            "refused" => CallResult::Refused(text),
            "queued" => CallResult::Queued(text),
            "uncertain" => CallResult::Uncertain(text),
            _ => panic!("no answer is called {word}"),
        };
        self.feed(&Input::Outcome(Outcome {
            order,
            call,
            result,
        }));
    }

    fn broker_id(&mut self) -> BrokerOrderId {
        self.broker_ids += 1;
        BrokerOrderId::new(&format!("B{}", self.broker_ids)).unwrap()
    }

    /// `answer [which] sent`, `answer [which] cancel uncertain`: a late answer, or one to a cancel.
    fn answer(&mut self, words: &mut Words<'_>) {
        let order = self.which(words);
        let call = if words.takes("cancel") {
            CallKind::Cancel
        } else if words.takes("modify") {
            CallKind::Modify
        } else {
            CallKind::Place
        };
        let word = words.must("an answer");
        self.answered(order, call, word);
    }

    /// `report [which] [filled 3 @ 78,510] [cancelled|rejected|complete|working]`, cumulative.
    fn report(&mut self, words: &mut Words<'_>) {
        let id = self.which(words);
        let order = self.book.orders[&id].clone();
        let (mut quantity, mut value) = (Quantity::ZERO, Money::ZERO);
        if words.takes("filled") {
            let amount = words.lots("lots");
            quantity = if words.takes("units") {
                Quantity::new(u64::from(amount.get()))
            } else {
                amount.units(self.per_lot(order.contract))
            };
            let price = words.number("price");
            value = Money::new(quantity.decimal() * price);
        }
        let status = match words.next() {
            None if quantity >= order.quantity => ReportStatus::Complete,
            None | Some("working") => ReportStatus::Working,
            Some("complete") => ReportStatus::Complete,
            Some("cancelled") => ReportStatus::Cancelled,
            Some("rejected") => ReportStatus::Rejected,
            Some(word) => panic!("no order is {word}"),
        };
        self.feed(&Input::Report(Report {
            order: id,
            quantity,
            value,
            status,
            text: None,
        }));
    }

    /// `rests [INSTRUMENT] [LOTS] [fired]`: the broker's book shows the resting order as it was last wanted, or
    /// with so many lots; waiting for its trigger, or past it.
    fn rests(&mut self, words: &mut Words<'_>) {
        let instrument = self.maybe_instrument(words);
        let of_it = |order: &&OrderId| {
            instrument.is_none_or(|ix| self.book.orders[order].contract.instrument == ix)
        };
        let id = *self
            .claimed
            .iter()
            .rev()
            .filter(of_it)
            .find(|order| order.intent.purpose == Purpose::Protective)
            .expect("nothing rests");
        let order = self.book.orders[&id].clone();
        let (mut quantity, pricing) = match order.resting.modify {
            ModifyState::Wanted(change, _) | ModifyState::Taken(change, _) => {
                let (trigger, limit) = (change.trigger, change.limit);
                (change.quantity, Pricing::StopLimit { trigger, limit })
            }
            ModifyState::None => (order.quantity, order.pricing.unwrap()),
        };
        if words.peek().is_some_and(|word| word.parse::<u32>().is_ok()) {
            quantity = words.lots("lots").units(self.per_lot(order.contract));
        }
        let waits = !words.takes("fired");
        self.feed(&Input::Terms(SeenTerms {
            order: id,
            quantity,
            pricing,
            waits,
        }));
    }

    /// `ratchet BANK_NIFTY Long_1 51,700`: the stop of a leg stands there now.
    fn ratchet(&mut self, words: &mut Words<'_>) {
        let ix = self.instrument(words);
        let leg = self.leg(ix, words.must("a label"));
        let stop = words.price("stop");
        self.book.legs.get_mut(&leg).unwrap().stop = stop;
        self.book.level_all();
        self.book.touched.legs.insert(leg);
    }

    pub(crate) fn per_lot(&self, contract: ContractId) -> u32 {
        let instrument = self.rules.instruments.get(contract.instrument).unwrap();
        instrument.per_lot(self.rules.instruments.spec(contract, TODAY).unwrap())
    }

    /// Finds an order: `[INSTRUMENT] [entry|add|exit] [1st|2nd|…]`, the newest that fits.
    pub(crate) fn which(&self, words: &mut Words<'_>) -> OrderId {
        let instrument = self.maybe_instrument(words);
        let purpose = words
            .peek()
            .and_then(|word| word.parse::<Purpose>().ok())
            .inspect(|_| {
                words.next();
            });
        let number: Option<u16> = words
            .peek()
            .and_then(|word| word.trim_end_matches(char::is_alphabetic).parse().ok())
            .filter(|_| words.peek().is_some_and(|word| word.len() == 3))
            .inspect(|_| {
                words.next();
            });
        let fits = |order: &&OrderId| {
            instrument.is_none_or(|ix| self.book.orders[order].contract.instrument == ix)
                && purpose.is_none_or(|purpose| order.intent.purpose == purpose)
                && number.is_none_or(|number| order.number == number)
        };
        let found = self.claimed.iter().rev().find(fits);
        *found.expect("no such order has left")
    }

    /// Puts the opening capital in.
    pub(crate) fn open_with(&mut self, amount: Money) {
        self.fold(vec![Fact::LedgerMoved(Box::new(Movement {
            kind: LedgerKind::Opening,
            amount,
            after: amount,
            order: None,
        }))]);
    }
}

/// Returns the record of a decision about an entry.
fn trace_of(fact: &Fact) -> Option<&Trace> {
    match fact {
        Fact::SignalRejected { trace, .. } | Fact::ReversalEnded { trace, .. } => trace.as_deref(),
        Fact::IntentApproved(approval) => match &approval.goal {
            Goal::Open(goal) => Some(&goal.trace),
            Goal::Close(_) => None,
        },
        _ => None,
    }
}

/// Returns a quote without edges.
fn plain(price: Price, at: DateTime<Utc>) -> Quote {
    Quote {
        price,
        bid: None,
        ask: None,
        at,
    }
}
