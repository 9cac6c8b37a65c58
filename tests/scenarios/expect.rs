//! What must follow: each clause of an expectation is looked up in the facts of its line, or in the
//! book after it. What was approved or claimed and is not mentioned fails the line.

use rust_decimal::Decimal;
use torana::domain::fact::{Approval, Fact, Goal};
use torana::domain::gates::{Judged, Size, Trace, Verdict};
use torana::domain::ids::Purpose;
use torana::domain::money::{Lots, Money, Price};
use torana::domain::order::{Pricing, Side};
use torana::domain::sizing::Quotient;
use torana::domain::work::{self, Call};

use crate::desk::Desk;
use crate::lines::layer;
use crate::words::{Words, number};

/// One expectation while it is read.
pub(crate) struct Expected<'a> {
    desk: &'a Desk,
    /// Places of the approvals and claims that were mentioned.
    mentioned: Vec<usize>,
    /// The approval the next clauses speak of.
    subject: Option<&'a Approval>,
    /// The record the next clauses speak of.
    trace: Option<&'a Trace>,
    /// The figures of the gate the next clauses speak of.
    verdict: Option<Verdict>,
}

/// Fails when two figures differ, and shows both.
#[track_caller]
fn same(what: &str, found: Decimal, said: Decimal) {
    assert_eq!(found.normalize(), said.normalize(), "{what}");
}

impl<'a> Expected<'a> {
    pub(crate) fn of(desk: &'a Desk) -> Self {
        Self {
            desk,
            mentioned: Vec::new(),
            subject: None,
            trace: None,
            verdict: None,
        }
    }

    /// Checks every clause of a line.
    pub(crate) fn check(&mut self, line: &str) {
        for clause in line.replace("; ", ", ").split(", ") {
            let mut words = Words::of(clause);
            let word = words.must("a clause");
            self.clause(word, &mut words);
            words.end();
        }
    }

    /// Fails when something left or was decided that nobody mentioned.
    pub(crate) fn end(&self) {
        for (place, fact) in self.desk.facts.iter().enumerate() {
            let rests = fact
                .approval()
                .is_some_and(|approval| approval.intent.purpose == Purpose::Protective);
            let matters = matches!(fact, Fact::IntentApproved(_) | Fact::OrderClaimed(_)) && !rests;
            assert!(
                !matters || self.mentioned.contains(&place),
                "nobody expected {fact:#?}"
            );
        }
    }

    fn clause(&mut self, word: &str, words: &mut Words<'_>) {
        match word {
            "nothing" => assert_eq!(self.desk.facts, []),
            "buy" | "sell" => self.approved(word, words),
            "leaves" => self.leaves(words),
            "accepted" => {
                self.find("accepted", |fact| {
                    matches!(fact, Fact::SignalAccepted { .. })
                });
            }
            "reject" => self.rejected(words.must("a code")),
            "recorded" => {
                let said = words.must("a code");
                self.find(
                    said,
                    |fact| matches!(fact, Fact::SignalRecorded { code, .. } if code.0 == said),
                );
            }
            "stop" | "limiter" | "risk" | "reason" | "by" | "percent" | "missing" | "basis"
            | "fits" | "value" | "limit" | "gate" | "price" => self.detail(word, words),
            "leg" | "flat" | "near" | "far" | "state" | "realised" | "equity" | "high_water"
            | "exposure" | "in_flight" | "due" | "idle" | "loss_of_adds" | "day" => {
                self.standing(word, words);
            }
            "flatten" => self.flatten(words),
            _ => self.followed(word, words),
        }
    }

    /// `flatten runs`, `flatten over`; `flatten started`, `flatten ends flat`, `flatten says WORD`,
    /// `flatten silent`: what it says of what is left has this word in it, or it says nothing.
    fn flatten(&self, words: &mut Words<'_>) {
        let running = self.desk.book.desk.flatten.is_some();
        let said = || {
            self.desk.facts.iter().find_map(|fact| match fact {
                Fact::FlattenLeft { left, .. } => Some(left.as_str()),
                _ => None,
            })
        };
        match words.must("what of it") {
            "runs" => assert!(running, "nothing is being flattened"),
            "over" => assert!(!running, "it is still going on"),
            "started" => {
                self.find("started", |fact| {
                    matches!(fact, Fact::FlattenStarted { .. })
                });
            }
            "ends" => {
                let why = words.must("a code");
                self.find(
                    why,
                    |fact| matches!(fact, Fact::FlattenEnded { code, .. } if code.0 == why),
                );
            }
            "says" => {
                let word = words.must("a word");
                let said = said().expect("nothing was said");
                assert!(said.contains(word), "{said}");
            }
            "silent" => assert_eq!(said(), None),
            word => panic!("a flatten is never {word}"),
        }
    }

    fn find(&self, what: &str, fits: impl Fn(&Fact) -> bool) -> &'a Fact {
        self.desk
            .facts
            .iter()
            .find(|fact| fits(fact))
            .unwrap_or_else(|| panic!("not found: {what}"))
    }

    /// `buy 2`, `sell 4`: a goal was decided on.
    fn approved(&mut self, side: &str, words: &mut Words<'_>) {
        let lots = words.lots("lots");
        let side = if side == "buy" { Side::Buy } else { Side::Sell };
        let fits = |fact: &Fact| match fact {
            Fact::IntentApproved(approval) => {
                let own = if approval.intent.purpose.opens() {
                    approval.direction.opening()
                } else {
                    approval.direction.closing()
                };
                own == side && self.wanted(approval) == lots
            }
            _ => false,
        };
        let facts = &self.desk.facts;
        let place = (0..facts.len())
            .filter(|place| !self.mentioned.contains(place))
            .find(|place| fits(&facts[*place]))
            .unwrap_or_else(|| panic!("nobody decided to {side} {lots}"));
        self.mentioned.push(place);
        let Fact::IntentApproved(approval) = &facts[place] else {
            unreachable!()
        };
        self.subject = Some(approval);
        if let Goal::Open(goal) = &approval.goal {
            self.trace = Some(&goal.trace);
        }
    }

    fn wanted(&self, approval: &Approval) -> Lots {
        let first = self.desk.facts.iter().find_map(|fact| match fact {
            Fact::OrderWanted { order, lots, .. } if order.intent == approval.intent => Some(*lots),
            _ => None,
        });
        first.unwrap_or(Lots::ZERO)
    }

    /// `leaves buy 2 at 52,175 [trigger T] [of SYMBOL] [quantity 60]`: the courier may send exactly this.
    fn leaves(&mut self, words: &mut Words<'_>) {
        let side: Side = words.must("a side").to_uppercase().parse().unwrap();
        let lots = words.lots("lots");
        let facts = &self.desk.facts;
        let place = (0..facts.len())
            .filter(|place| !self.mentioned.contains(place))
            .find(|place| {
                matches!(&facts[*place], Fact::OrderClaimed(claim)
                    if claim.side == side && claim.lots == lots)
            })
            .unwrap_or_else(|| panic!("no {side} of {lots} lots left"));
        self.mentioned.push(place);
        let Fact::OrderClaimed(claim) = &facts[place] else {
            unreachable!()
        };
        if let Some(limit) = words.maybe_number() {
            let (Pricing::Limit(price) | Pricing::StopLimit { limit: price, .. }) = claim.pricing
            else {
                panic!("it has no limit: {:?}", claim.pricing)
            };
            same("limit", price.get(), limit);
        }
        if words.takes("trigger") {
            let Pricing::StopLimit { trigger, .. } = claim.pricing else {
                panic!("it does not rest: {:?}", claim.pricing)
            };
            same("trigger", trigger.get(), words.number("trigger"));
        }
        if let Some(symbol) = words.peek().filter(|word| word.ends_with("FUT")) {
            words.next();
            let contract = self.desk.book.orders[&claim.order].contract;
            let found = self.desk.rules.instruments.symbol(contract);
            assert_eq!(found, symbol, "contract");
        }
        if words.takes("quantity") {
            same(
                "quantity",
                claim.quantity.decimal(),
                words.number("quantity"),
            );
        }
    }

    fn rejected(&mut self, said: &str) {
        let found = self.desk.facts.iter().find_map(|fact| match fact {
            Fact::SignalRejected { code, trace, .. } | Fact::ReversalEnded { code, trace, .. } => {
                Some((*code, trace))
            }
            _ => None,
        });
        let (code, trace) = found.expect("nothing was rejected");
        assert_eq!(code.0, said);
        self.trace = trace.as_deref();
        let failed = |one: &&Verdict| matches!(one.judged, Judged::Fail(..));
        self.verdict = self
            .trace
            .and_then(|trace| trace.verdicts.iter().find(failed).copied());
    }

    /// Figures of what was approved or rejected.
    fn detail(&mut self, word: &str, words: &mut Words<'_>) {
        match word {
            "reason" => {
                let Some(Goal::Close(reason)) = self.subject.map(|subject| &subject.goal) else {
                    panic!("no exit was decided on")
                };
                assert_eq!(reason.word(), words.must("a reason"));
            }
            "gate" => self.gate(words),
            "value" | "limit" | "fits" => self.compared(word, words),
            "stop" => self.stop(words),
            "price" => same(
                "price",
                self.record().price.unwrap().get(),
                words.number(word),
            ),
            "basis" => same(
                "basis",
                self.record().basis.unwrap().get(),
                words.number(word),
            ),
            "risk" => same("risk", self.risk().get(), words.number(word)),
            "percent" => {
                let part = self.risk().percent_of(self.record().equity.sizing).unwrap();
                same("percent", part.get(), words.number(word));
            }
            "limiter" => assert_eq!(self.size().limiter().word(), words.must("a limiter")),
            "missing" => {
                let missing = match self.size() {
                    Size::Base(size) => size.short_of_one.and_then(|short| short.missing),
                    Size::Add(size) => size.missing,
                };
                same("missing", missing.unwrap().get(), words.number(word));
            }
            _ => self.by(words),
        }
    }

    /// `stop 51,550`: what was approved has this stop, or the leg's stop went there. `stop stays`:
    /// none moved.
    fn stop(&self, words: &mut Words<'_>) {
        let moved = self.desk.facts.iter().find_map(|fact| match fact {
            Fact::StopMoved { to, .. } | Fact::StopOrdered { to, .. } => Some(*to),
            _ => None,
        });
        if words.takes("stays") {
            assert_eq!(moved, None, "a stop moved");
            return;
        }
        let found = self.trace.map_or(moved, |record| record.stop);
        let found = found.expect("no stop moved");
        same("stop", found.get(), words.number("stop"));
    }

    fn record(&self) -> &'a Trace {
        self.trace.expect("there is no record")
    }

    fn size(&self) -> Size {
        self.record().size.expect("nothing was sized")
    }

    fn risk(&self) -> Money {
        let (record, approval) = (self.record(), self.subject.expect("nothing was approved"));
        let instruments = &self.desk.rules.instruments;
        let spec = instruments
            .spec(approval.contract, self.desk.now.date_naive())
            .unwrap();
        let distance = approval
            .direction
            .gain(record.stop.unwrap(), record.price.unwrap());
        distance.value(approval.lots.unwrap(), spec.point_value)
    }

    /// `by risk 4.1`, `by margin 28.57…` (digits after the dots were cut), `by discipline 2`.
    fn by(&self, words: &mut Words<'_>) {
        let what = words.must("a constraint");
        let said = words.must("lots");
        let quotient = match (what, self.size()) {
            ("risk", Size::Base(size)) => size.lot_r,
            ("volatility", Size::Base(size)) => size.lot_v.unwrap(),
            ("margin", Size::Base(size)) => size.lot_m,
            ("margin", Size::Add(size)) => {
                return same(what, size.lot_a.into(), number(said).unwrap());
            }
            ("discipline", Size::Add(size)) => {
                return same(what, size.lot_b.into(), number(said).unwrap());
            }
            ("budget", Size::Add(size)) => {
                return same(what, size.lot_c.into(), number(said).unwrap());
            }
            _ => panic!("nothing is limited by {what}"),
        };
        let found = Quotient::to_string(&quotient);
        match said.strip_suffix('…') {
            Some(start) => assert!(found.starts_with(start), "{what}: {found}, not {said}"),
            None => assert_eq!(found, said, "{what}"),
        }
    }

    /// `gate spacing_too_small passes 2 [0.5]`, `gate drawdown fails`, `gate … unasked`.
    fn gate(&mut self, words: &mut Words<'_>) {
        let name = words.must("a gate");
        let verdicts = &self.record().verdicts;
        let found = verdicts.iter().find(|one| one.gate.0 == name);
        let verdict = *found.unwrap_or_else(|| panic!("there is no gate {name}"));
        let (word, figures) = match verdict.judged {
            Judged::Pass(value, limit) => ("passes", (value, limit)),
            Judged::Fail(value, limit, _) => ("fails", (value, limit)),
            Judged::NotAsked => ("unasked", (None, None)),
        };
        assert_eq!(
            word,
            words.must("an answer"),
            "{name}: {:?}",
            verdict.judged
        );
        if let Some(said) = words.maybe_number() {
            same(name, figures.0.unwrap(), said);
        }
        if let Some(said) = words.maybe_number() {
            same(name, figures.1.unwrap(), said);
        }
        self.verdict = Some(verdict);
    }

    /// `value 15.42`, `limit 15`, `fits 1`: the figures of the gate that was spoken of last.
    fn compared(&self, word: &str, words: &mut Words<'_>) {
        let verdict = self.verdict.expect("no gate was spoken of");
        let (value, limit, fits) = match verdict.judged {
            Judged::Pass(value, limit) => (value, limit, None),
            Judged::Fail(value, limit, fits) => (value, limit, fits),
            Judged::NotAsked => panic!("{} was not asked", verdict.gate.0),
        };
        let found = match word {
            "value" => value,
            "limit" => limit,
            _ => fits.map(Lots::decimal),
        };
        same(word, found.unwrap(), words.number(word));
    }

    /// What the book says after the line.
    fn standing(&self, word: &str, words: &mut Words<'_>) {
        let (book, rules, now) = (&self.desk.book, &self.desk.rules, self.desk.now);
        match word {
            "leg" => self.leg(words),
            "flat" => {
                let ix = self.desk.instrument(words);
                assert_eq!(book.position_in(ix), None);
            }
            "near" | "far" => {
                let ix = self.desk.instrument(words);
                let contract = book.position_in(ix).expect("a position").contract;
                let price = Price::new(words.number(word)).expect("a price");
                assert_eq!(book.levels.are_touched(contract, price), word == "near");
            }
            "state" => {
                let ix = self.desk.maybe_instrument(words);
                let state = ix.map_or(book.desk.state, |ix| book.state_of(ix));
                assert_eq!(state.word(), words.must("a state"));
            }
            "realised" => same(word, book.desk.realised.get(), words.number(word)),
            "equity" => same(
                word,
                book.equity(rules, now).sizing.get(),
                words.number(word),
            ),
            "day" => {
                let marked = book.equity(rules, now).marked;
                same(
                    word,
                    -book.desk.lost_today(marked).get(),
                    words.number(word),
                );
            }
            "high_water" => same(word, book.desk.high_water.get(), words.number(word)),
            "exposure" => {
                same(
                    word,
                    book.exposure(rules, now, None).risk.get(),
                    words.number(word),
                );
            }
            "in_flight" => {
                let waiting: Lots = book
                    .open_intents()
                    .filter(|intent| intent.opens())
                    .map(torana::domain::book::Intent::waiting)
                    .fold(Lots::ZERO, Lots::plus);
                same(word, waiting.decimal(), words.number(word));
            }
            "loss_of_adds" => {
                let lost: Money = book.positions.values().map(|one| one.closed_add_loss).sum();
                same(word, lost.get(), words.number(word));
            }
            _ => self.due(word, words),
        }
    }

    /// `due cancel entry`, `due place exit`; `idle place exit`: no such call is wanted.
    fn due(&self, word: &str, words: &mut Words<'_>) {
        let kind = words.must("a call");
        let purpose = words.next();
        let fits = |call: &Call| {
            let (name, order) = match call {
                Call::Cancel(order) => ("cancel", order),
                Call::Place(order) => ("place", order),
                Call::Resolve(order) => ("resolve", order),
                Call::Follow(order) => ("follow", order),
                Call::Modify(order) => ("modify", order),
            };
            name == kind && purpose.is_none_or(|one| order.intent.purpose.word() == one)
        };
        let calls = work::due(&self.desk.book, &self.desk.rules, self.desk.now);
        assert_eq!(calls.iter().any(fits), word == "due", "{calls:?}");
    }

    /// `leg GOLD_MINI Long_1 3 [entry E] [stop S] [risk R]`, or `closed` in place of the lots.
    fn leg(&self, words: &mut Words<'_>) {
        let ix = self.desk.instrument(words);
        let label = words.must("a label");
        assert!(layer(label).is_some(), "{label} is no label");
        let leg = &self.desk.book.legs[&self.desk.leg(ix, label)];
        if words.takes("closed") {
            assert!(!leg.is_open(), "{leg:#?}");
        } else {
            assert!(leg.is_open(), "{leg:#?}");
            same("lots", leg.lots.decimal(), words.number("lots"));
        }
        while let Some(word) = words.next() {
            let found = match word {
                "entry" => leg.entry.get(),
                "first_stop" => leg.first_stop.get(),
                "best" => leg.best.get(),
                "stop" => leg.stop.get(),
                "risk" => leg.risk.get(),
                "charges" => leg.charges.get(),
                _ => panic!("a leg has no {word}"),
            };
            same(word, found, words.number(word));
        }
    }

    /// What else became true.
    fn followed(&self, word: &str, words: &mut Words<'_>) {
        match word {
            "entry" | "add" | "exit" | "resting" => self.intent_ended(word, words),
            "result" => self.result(words),
            "lowered" => {
                let said = words.lots("lots");
                self.find(
                    word,
                    |fact| matches!(fact, Fact::IntentLowered { lots, .. } if *lots == said),
                );
            }
            "widened" => {
                let said = words.maybe_number();
                assert!(said.is_some() || words.takes("all"));
                self.find(word, |fact| {
                    matches!(fact, Fact::ExitWidened { lots, .. } if lots.map(Lots::decimal) == said)
                });
            }
            "cancel" => {
                let said = words.must("why");
                self.find(
                    word,
                    |fact| matches!(fact, Fact::CancelWanted { why, .. } if why.word() == said),
                );
                let count = self.desk.facts.iter();
                let count = count.filter(|fact| matches!(fact, Fact::CancelWanted { .. }));
                assert_eq!(count.count(), 1, "one cancel is enough");
            }
            "warned" | "breached" | "units" => self.limited(word, words),
            "again" => self.again(words),
            "change" | "rests" => self.changed(word, words),
            "eod" | "roll" => self.closing(word, words),
            "reversal" => self.reversal(words),
            "finding" => {
                let said = words.must("a code");
                self.find(word, |fact| match fact {
                    Fact::FindingMade { code, .. } => code.0 == said,
                    Fact::DriftFound(drift) => drift.code.0 == said,
                    _ => false,
                });
            }
            "repair" => self.repair(words),
            "settled" => {
                let said = words.must("how");
                self.find(
                    word,
                    |fact| matches!(fact, Fact::FindingSettled { how, .. } if how.word() == said),
                );
            }
            "order" => {
                let said = words.must("an end");
                self.find(word, |fact| match fact {
                    Fact::OrderClosed { why, .. } => why.word() == said,
                    Fact::OrderRefused { .. } => said == "refused",
                    Fact::OrderReleased { .. } => said == "released",
                    Fact::OrderQueued { .. } => said == "queued",
                    Fact::OrderUncertain { .. } => said == "uncertain",
                    Fact::OrderNotPlaced { .. } => said == "not_placed",
                    Fact::OrderSent { .. } => said == "sent",
                    Fact::CancelTaken { .. } => said == "cancel_taken",
                    Fact::CancelFailed { .. } => said == "cancel_failed",
                    Fact::ModifyTaken { .. } => said == "change_taken",
                    Fact::ModifyFailed { .. } => said == "change_failed",
                    Fact::TriggerSeen { fired, .. } => {
                        said == if *fired { "fired" } else { "armed" }
                    }
                    _ => false,
                });
            }
            _ => panic!("nobody can expect {word}"),
        }
    }

    /// `change 3 [trigger T] [limit L]`: the resting order is to have these terms; `rests 3 …`: the
    /// broker's book shows it with these.
    fn changed(&self, word: &str, words: &mut Words<'_>) {
        let fact = self.find(word, |fact| match fact {
            Fact::ModifyWanted(_) => word == "change",
            Fact::ModifyDone(_) => word == "rests",
            _ => false,
        });
        let (Fact::ModifyWanted(change) | Fact::ModifyDone(change)) = fact else {
            unreachable!()
        };
        same("lots", change.lots.decimal(), words.number("lots"));
        if words.takes("trigger") {
            same("trigger", change.trigger.get(), words.number("trigger"));
        }
        if words.takes("limit") {
            same("limit", change.limit.get(), words.number("limit"));
        }
    }

    /// `warned 1,20,000`, `breached daily_loss`, `units doubted`.
    fn limited(&self, word: &str, words: &mut Words<'_>) {
        match word {
            "warned" => {
                let said = words.number("value");
                self.find(
                    word,
                    |fact| matches!(fact, Fact::LimitWarned { value, .. } if value.get() == said),
                );
            }
            "breached" => {
                let said = words.must("a code");
                self.find(
                    word,
                    |fact| matches!(fact, Fact::LimitBreached { code, .. } if code.0 == said),
                );
            }
            _ => {
                let said = words.must("proved or doubted");
                self.find(word, |fact| match fact {
                    Fact::UnitsProved { .. } => said == "proved",
                    Fact::UnitsDoubted { .. } => said == "doubted",
                    _ => false,
                });
            }
        }
    }

    fn closing(&self, word: &str, words: &mut Words<'_>) {
        if word == "eod" {
            self.judged(words);
        } else {
            self.rolled(words);
        }
    }

    /// `roll proposed`, `roll started`, `roll rolled`: a change of contract; `roll ends refused`: what
    /// it would have opened.
    fn rolled(&self, words: &mut Words<'_>) {
        if words.peek() == Some("ends") {
            return self.intent_ended("roll", words);
        }
        let said = words.must("a word");
        self.find("a roll", |fact| match fact {
            Fact::RollProposed { .. } => said == "proposed",
            Fact::RollStarted { .. } => said == "started",
            Fact::RollEnded { code, .. } => code.0 == said,
            _ => false,
        });
    }

    /// `eod look eod_looked`, `eod execute eod_agreed long`: the end of the day was judged.
    fn judged(&self, words: &mut Words<'_>) {
        let (phase, why) = (words.must("a phase"), words.must("why"));
        let does = words.next();
        self.find("a judgement", |fact| {
            matches!(fact, Fact::EodJudged(one) if one.phase.word() == phase
                && one.why.0 == why && does.is_none_or(|does| one.does.word() == does))
        });
    }

    /// `entry ends expired [filled 4]`: a goal was reached or given up.
    fn intent_ended(&self, purpose: &str, words: &mut Words<'_>) {
        assert!(words.takes("ends"));
        let said = words.must("why");
        let fact = self.find(said, |fact| {
            matches!(fact, Fact::IntentClosed { intent, why, .. }
                if (intent.purpose.word() == purpose
                    || (purpose == "resting" && intent.purpose == Purpose::Protective))
                    && why.word() == said)
        });
        if let (true, Fact::IntentClosed { filled, .. }) = (words.takes("filled"), fact) {
            same("filled", filled.decimal(), words.number("filled"));
        }
    }

    /// `result -1,200 [charges 929.46] [net …] [reason stop]`: a leg closed with this gain.
    fn result(&self, words: &mut Words<'_>) {
        let fact = self.find("a closed leg", |fact| {
            matches!(fact, Fact::LegClosed { .. })
        });
        let Fact::LegClosed {
            gross,
            charges,
            net,
            reason,
            ..
        } = fact
        else {
            unreachable!()
        };
        same("result", gross.get(), words.number("result"));
        while let Some(word) = words.next() {
            match word {
                "charges" => same(word, charges.get(), words.number(word)),
                "net" => same(word, net.get(), words.number(word)),
                "reason" => assert_eq!(reason.word(), words.must("a reason")),
                _ => panic!("a result has no {word}"),
            }
        }
    }

    /// `repair 1 @ 78,400 traded`: lots that our book would give up, and where the price is from.
    fn repair(&self, words: &mut Words<'_>) {
        let fact = self.find("a repair", |fact| matches!(fact, Fact::RepairProposed(_)));
        let Fact::RepairProposed(repair) = fact else {
            unreachable!()
        };
        same("lots", repair.lots.decimal(), words.number("lots"));
        same("price", repair.price.get(), words.number("price"));
        assert_eq!(repair.basis.word(), words.must("a basis"));
    }

    /// `again 3 [after 2s]`: the goal goes on with a further order.
    fn again(&self, words: &mut Words<'_>) {
        let said = words.lots("lots");
        let fact = self.find("a further order", |fact| {
            matches!(fact, Fact::OrderWanted { order, lots, .. } if order.number > 1 && *lots == said)
        });
        let Fact::OrderWanted { not_before, .. } = fact else {
            unreachable!()
        };
        let pause = words.takes("after").then(|| words.seconds("pause"));
        assert_eq!(not_before.map(|at| at - self.desk.now), pause);
    }

    /// `reversal waits`, `reversal accepted`, `reversal expired`.
    fn reversal(&self, words: &mut Words<'_>) {
        let said = words.must("a word");
        self.find("a reversal", |fact| match fact {
            Fact::ReversalWaiting { .. } => said == "waits",
            Fact::ReversalEnded { code, .. } => code.0 == said,
            _ => false,
        });
    }
}
