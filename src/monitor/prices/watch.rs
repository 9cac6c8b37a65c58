//! What is known of each symbol: when the feed spoke of it last, when it was asked for, and whether
//! its price is in doubt.

use core::time::Duration;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::domain::input::{FeedState, PriceSource, Quote};
use crate::domain::instrument::{ContractId, InstrumentIx};
use crate::domain::money::{Points, Price};
use crate::domain::order::Exchange;
use crate::domain::price::{Judge, Look, PriceRules, Verdict};

/// A symbol as OpenAlgo names it.
pub(super) type Symbol = (Exchange, String);

/// What a symbol's price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A contract we hold, want, or would enter.
    Contract(ContractId),
    /// The chart of an instrument.
    Chart(InstrumentIx),
}

/// All symbols, and the feed they should come from.
#[derive(Debug, Default)]
pub(super) struct Watch {
    symbols: BTreeMap<Symbol, Heard>,
    judges: BTreeMap<ContractId, Judge>,
    line: Line,
    /// Since when prices move without a word of the feed.
    unheard: Option<Instant>,
}

/// What was heard of a symbol.
#[derive(Debug, Default)]
struct Heard {
    what: Vec<Wanted>,
    /// When the feed said what happened.
    spoke: Option<Instant>,
    /// Whether the feed has said anything since it was subscribed to.
    subscribed: bool,
    asked: Option<Instant>,
    doubted: bool,
    last: Option<Price>,
}

/// Where the connection to the feed is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Nothing has been tried yet.
    #[default]
    New,
    /// On, since.
    Up(Instant),
    /// Off.
    Down,
}

impl Watch {
    /// Takes over what is wanted now; says whether that changed.
    pub(super) fn follow(&mut self, wanted: BTreeMap<Symbol, Vec<Wanted>>) -> bool {
        let before = self.symbols.len();
        self.symbols.retain(|symbol, _| wanted.contains_key(symbol));
        let mut changed = self.symbols.len() != before;
        for (symbol, what) in wanted {
            let known = self.symbols.entry(symbol).or_insert_with(|| {
                changed = true;
                Heard::default()
            });
            known.what = what;
        }
        changed
    }

    /// Returns the symbols that are wanted.
    pub(super) fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.keys()
    }

    /// Begins anew: what the feed says first of a symbol after this is no news.
    pub(super) fn up(&mut self, now: Instant) {
        self.line = Line::Up(now);
        for heard in self.symbols.values_mut() {
            heard.subscribed = false;
        }
    }

    /// The feed is off.
    pub(super) fn down(&mut self) {
        self.line = Line::Down;
    }

    /// Notes a word of the feed; returns what it is for and whether it is the first since we
    /// subscribed, which says what was and not what happens.
    pub(super) fn hear(&mut self, symbol: &Symbol, now: Instant) -> Option<(Vec<Wanted>, bool)> {
        let heard = self.symbols.get_mut(symbol)?;
        let first = !heard.subscribed;
        heard.subscribed = true;
        if !first {
            heard.spoke = Some(now);
        }
        self.unheard = None;
        Some((heard.what.clone(), first))
    }

    /// Notes an answer; returns what it is for.
    pub(super) fn answer(&mut self, symbol: &Symbol, price: Price, now: Instant) -> Vec<Wanted> {
        let Some(heard) = self.symbols.get_mut(symbol) else {
            return Vec::new();
        };
        let moved = heard.last.is_some_and(|last| last != price);
        heard.last = Some(price);
        if moved && self.unheard.is_none() {
            self.unheard = Some(now);
        }
        heard.what.clone()
    }

    /// Takes the symbols that have to be asked for: those in doubt, and those of which the feed has
    /// said nothing for so long, at most once a `pause`.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        (silence, pause): (Duration, Duration),
    ) -> Vec<Symbol> {
        let mut due = Vec::new();
        for (symbol, heard) in &mut self.symbols {
            if heard.doubted || heard.due_at(silence, pause).is_none_or(|at| at <= now) {
                heard.asked = Some(now);
                heard.doubted = false;
                due.push(symbol.clone());
            }
        }
        due
    }

    /// Returns when the next symbol has to be asked for.
    pub(super) fn next_due(&self, silence: Duration, pause: Duration) -> Option<Instant> {
        let due = self.symbols.values();
        due.filter_map(|heard| heard.due_at(silence, pause)).min()
    }

    /// Returns how many symbols the feed has not spoken of for so long.
    pub(super) fn silent(&self, now: Instant, silence: Duration) -> usize {
        let silent = |heard: &&Heard| heard.spoke.is_none_or(|at| at + silence <= now);
        self.symbols.values().filter(silent).count()
    }

    /// Returns how the feed is: mute when prices have moved for so long without a word of it.
    pub(super) fn feed(&self, now: Instant, mute: Duration) -> FeedState {
        match self.line {
            Line::Down => FeedState::Away,
            Line::New | Line::Up(_) if self.unheard.is_some_and(|since| since + mute <= now) => {
                FeedState::Mute
            }
            Line::New | Line::Up(_) => FeedState::Speaks,
        }
    }

    /// Returns whether a new session might bring the feed to speak again.
    pub(super) fn wants_anew(&self, now: Instant, mute: Duration) -> bool {
        let up = matches!(self.line, Line::Up(since) if since + mute <= now);
        up && self.feed(now, mute) == FeedState::Mute
    }

    /// Judges a price of a contract, whose last good price was `known` when we began.
    pub(super) fn judge(
        &mut self,
        (rules, known): (&PriceRules, Option<Price>),
        contract: ContractId,
        (look, atr): (&Look, Option<Points>),
    ) -> Verdict {
        let judge = self.judges.entry(contract);
        judge
            .or_insert(Judge::knowing(known))
            .look(rules, look, atr)
    }

    /// Asks for a second word about a symbol.
    pub(super) fn doubt(&mut self, symbol: &Symbol) {
        if let Some(heard) = self.symbols.get_mut(symbol) {
            heard.doubted = true;
        }
    }

    /// Returns when the first price in doubt counts in any case.
    pub(super) fn doubts_until(&self, rules: &PriceRules) -> Option<DateTime<Utc>> {
        self.judges.values().filter_map(|one| one.due(rules)).min()
    }

    /// Returns the prices in doubt whose time is up: they count now.
    pub(super) fn counted(
        &mut self,
        rules: &PriceRules,
        now: DateTime<Utc>,
    ) -> Vec<(ContractId, Quote, PriceSource)> {
        let judges = self.judges.iter_mut();
        judges
            .filter_map(|(contract, judge)| {
                let (quote, source) = judge.time(rules, now)?;
                Some((*contract, quote, source))
            })
            .collect()
    }
}

impl Heard {
    /// Returns when it has to be asked for; nothing when at once.
    fn due_at(&self, silence: Duration, pause: Duration) -> Option<Instant> {
        let silent = self.spoke.map(|at| at + silence);
        let again = self.asked.map(|at| at + pause);
        silent.max(again)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(1));

    fn sbin() -> Symbol {
        (Exchange::Nse, "SBIN".to_owned())
    }

    fn watch() -> Watch {
        let mut watch = Watch::default();
        assert!(watch.follow([(sbin(), Vec::new())].into()));
        assert!(!watch.follow([(sbin(), Vec::new())].into()));
        watch
    }

    fn rupees(price: i64) -> Price {
        Price::new(price.into()).unwrap()
    }

    #[test]
    fn silence_of_three_seconds_hands_over_and_a_word_hands_back() {
        let (mut watch, zero) = (watch(), Instant::now());
        let secs = |secs| zero + Duration::from_secs(secs);
        assert_eq!(watch.take_due(zero, PATIENCE), [sbin()]);
        assert!(watch.take_due(zero, PATIENCE).is_empty());
        assert_eq!(watch.take_due(secs(1), PATIENCE), [sbin()]);
        watch.hear(&sbin(), secs(2));
        assert_eq!(watch.take_due(secs(2), PATIENCE), [sbin()]);
        watch.hear(&sbin(), secs(3));
        assert!(watch.take_due(secs(5), PATIENCE).is_empty());
        assert_eq!(watch.next_due(PATIENCE.0, PATIENCE.1), Some(secs(6)));
        assert_eq!(watch.silent(secs(5), PATIENCE.0), 0);
        assert_eq!(watch.take_due(secs(6), PATIENCE), [sbin()]);
        assert_eq!(watch.silent(secs(6), PATIENCE.0), 1);
    }

    #[test]
    fn a_doubt_is_asked_about_at_once() {
        let (mut watch, zero) = (watch(), Instant::now());
        watch.hear(&sbin(), zero);
        watch.hear(&sbin(), zero);
        assert!(watch.take_due(zero, PATIENCE).is_empty());
        watch.doubt(&sbin());
        assert_eq!(watch.take_due(zero, PATIENCE), [sbin()]);
        assert!(watch.take_due(zero, PATIENCE).is_empty());
    }

    #[test]
    fn the_first_word_after_each_subscription_is_no_news() {
        let (mut watch, zero) = (watch(), Instant::now());
        let first = |watch: &mut Watch| watch.hear(&sbin(), zero).map(|(_, first)| first);
        assert_eq!(
            [first(&mut watch), first(&mut watch)],
            [Some(true), Some(false)]
        );
        watch.up(zero);
        assert_eq!(
            [first(&mut watch), first(&mut watch)],
            [Some(true), Some(false)]
        );
        let other = (Exchange::Nse, "TCS".to_owned());
        assert_eq!(watch.hear(&other, zero), None);
    }

    #[test]
    fn the_feed_is_mute_when_prices_move_without_it_and_quiet_when_nothing_moves() {
        let (mut watch, zero) = (watch(), Instant::now());
        let (mute, late) = (Duration::from_secs(30), zero + Duration::from_secs(40));
        watch.up(zero);
        watch.answer(&sbin(), rupees(800), zero);
        watch.answer(&sbin(), rupees(800), zero);
        assert_eq!(watch.feed(late, mute), FeedState::Speaks);
        watch.answer(&sbin(), rupees(801), zero);
        assert_eq!(watch.feed(late, mute), FeedState::Mute);
        assert!(watch.wants_anew(late, mute));
        watch.up(late);
        assert!(!watch.wants_anew(late, mute));
        assert_eq!(watch.feed(late, mute), FeedState::Mute);
        watch.hear(&sbin(), late);
        assert_eq!(watch.feed(late, mute), FeedState::Speaks);
        watch.down();
        assert_eq!(watch.feed(late, mute), FeedState::Away);
    }
}
