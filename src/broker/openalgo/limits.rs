//! How fast order calls may leave, and who goes first.
//!
//! 1. In any second at most `limits.orders_per_second` calls leave: OpenAlgo and the regulator allow
//!    ten, and a person at the terminal needs some too.
//! 2. `limits.exits_per_second` of them are kept for exits: nothing else ever takes those.
//! 3. Whoever is more urgent goes first; among equals, whoever came first.
//!
//! A bucket that refills would let its burst and a second's refill out together; OpenAlgo counts
//! what came in the last second, so that is what is counted here.

use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// OpenAlgo's own span.
const SPAN: Duration = Duration::from_secs(1);

/// How urgent an order call is, the most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Takes a position out, or clears the way for that.
    Exit,
    /// Takes an order out.
    Cancel,
    /// Opens or grows a position.
    Entry,
    /// Moves a resting stop.
    StopMove,
}

/// The right to send so many order calls.
#[derive(Debug)]
pub struct Budget {
    line: Mutex<Line>,
    moved: Notify,
}

impl Budget {
    /// Returns a budget of so many calls a second, of which so many are kept for exits.
    pub fn new(calls: u32, exits: u32) -> Self {
        Self::over(SPAN, (calls, exits))
    }

    fn over(span: Duration, shares: (u32, u32)) -> Self {
        Self {
            line: Mutex::new(Line::new(span, shares)),
            moved: Notify::new(),
        }
    }

    /// Waits for the right to send one call of this class, and takes it. Whoever stops waiting
    /// leaves the line.
    pub async fn take(&self, class: Class) {
        let place = Place {
            budget: self,
            number: self.line().join(class),
        };
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let turn = self.line().turn(place.number, Instant::now());
            match turn {
                Turn::Now => return,
                Turn::At(at) => tokio::select! {
                    () = sleep_until(at) => {}
                    () = moved => {}
                },
                Turn::Behind => moved.await,
            }
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // The line is consistent after every step: a panic elsewhere cannot have bent it.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the line, given up when dropped.
struct Place<'a> {
    budget: &'a Budget,
    number: Number,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.budget.line().waiting.remove(&self.number);
        self.budget.moved.notify_waiters();
    }
}

type Number = (Class, u64);

/// Whether it is one's turn.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Now,
    At(Instant),
    Behind,
}

/// Who waits, and what left within the last span.
#[derive(Debug)]
struct Line {
    span: Duration,
    all_max: usize,
    others_max: usize,
    waiting: BTreeSet<Number>,
    joined: u64,
    sent: VecDeque<(Instant, Class)>,
}

impl Line {
    fn new(span: Duration, (calls, exits): (u32, u32)) -> Self {
        let count = |calls: u32| usize::try_from(calls).unwrap_or(usize::MAX);
        Self {
            span,
            all_max: count(calls),
            others_max: count(calls.saturating_sub(exits)),
            waiting: BTreeSet::new(),
            joined: 0,
            sent: VecDeque::new(),
        }
    }

    fn join(&mut self, class: Class) -> Number {
        let number = (class, self.joined);
        self.joined = self.joined.saturating_add(1);
        self.waiting.insert(number);
        number
    }

    /// Says whether it is this one's turn, and counts its call when it is.
    fn turn(&mut self, number: Number, now: Instant) -> Turn {
        if self.waiting.first() != Some(&number) {
            return Turn::Behind;
        }
        let span = self.span;
        self.sent.retain(|(at, _)| *at + span > now);
        let (class, _) = number;
        let all = self.free_at(self.all_max, |_| true);
        let others = match class {
            Class::Exit => None,
            Class::Cancel | Class::Entry | Class::StopMove => {
                self.free_at(self.others_max, |class| class != Class::Exit)
            }
        };
        if let Some(at) = all.max(others) {
            return Turn::At(at);
        }
        self.sent.push_back((now, class));
        Turn::Now
    }

    /// Returns when there are fewer than `most` of these calls in the span, or nothing when there
    /// are already.
    fn free_at(&self, most: usize, counts: fn(Class) -> bool) -> Option<Instant> {
        let mut newest_first = self.sent.iter().rev().filter(|(_, class)| counts(*class));
        let (at, _) = newest_first.nth(most.saturating_sub(1))?;
        Some(*at + self.span)
    }
}

#[cfg(test)]
mod tests {
    use core::cell::RefCell;

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;
    use proptest::prelude::*;

    use super::*;

    /// Asks for one call at a moment; returns whether it left.
    fn ask(line: &mut Line, class: Class, now: Instant) -> bool {
        let number = line.join(class);
        let left = line.turn(number, now) == Turn::Now;
        line.waiting.remove(&number);
        left
    }

    #[test]
    fn four_calls_are_kept_for_exits() {
        let mut line = Line::new(SPAN, (8, 4));
        let now = Instant::now();
        let entries = (0..6).filter(|_| ask(&mut line, Class::Entry, now)).count();
        let cancels = (0..6)
            .filter(|_| ask(&mut line, Class::Cancel, now))
            .count();
        let exits = (0..6).filter(|_| ask(&mut line, Class::Exit, now)).count();
        assert_eq!((entries, cancels, exits), (4, 0, 4));
    }

    #[test]
    fn the_shares_are_those_that_were_set() {
        let mut line = Line::new(SPAN, (3, 1));
        let now = Instant::now();
        let entries = (0..6).filter(|_| ask(&mut line, Class::Entry, now)).count();
        let exits = (0..6).filter(|_| ask(&mut line, Class::Exit, now)).count();
        assert_eq!((entries, exits), (2, 1));
    }

    #[test]
    fn exits_may_take_all() {
        let mut line = Line::new(SPAN, (8, 4));
        let now = Instant::now();
        let exits = (0..20).filter(|_| ask(&mut line, Class::Exit, now)).count();
        assert_eq!(exits, 8);
        assert!(!ask(&mut line, Class::Entry, now));
        assert!(ask(&mut line, Class::Entry, now + SPAN));
    }

    #[test]
    fn whoever_waits_knows_until_when() {
        let mut line = Line::new(SPAN, (8, 4));
        let now = Instant::now();
        let step = Duration::from_millis(100);
        for number in 0..4 {
            assert!(ask(&mut line, Class::Entry, now + step * number));
        }
        let number = line.join(Class::Entry);
        assert_eq!(line.turn(number, now + step * 5), Turn::At(now + SPAN));
        assert_eq!(line.turn(number, now + SPAN), Turn::Now);
    }

    #[test]
    fn the_more_urgent_goes_first_and_among_equals_the_first() {
        let mut line = Line::new(SPAN, (8, 4));
        let now = Instant::now();
        let stop = line.join(Class::StopMove);
        let entry = line.join(Class::Entry);
        let second = line.join(Class::Entry);
        let exit = line.join(Class::Exit);
        let mut order = Vec::new();
        while !line.waiting.is_empty() {
            for number in [stop, second, entry, exit] {
                if line.turn(number, now) == Turn::Now {
                    line.waiting.remove(&number);
                    order.push(number);
                }
            }
        }
        assert_eq!(order, [exit, entry, second, stop]);
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_the_line() {
        let budget = Budget::over(Duration::from_hours(1), (8, 4));
        for _ in 0..4 {
            assert!(budget.take(Class::Entry).now_or_never().is_some());
        }
        let mut waiting = Box::pin(budget.take(Class::Cancel));
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(budget.line().waiting.len(), 1);
        drop(waiting);
        assert_eq!(budget.line().waiting.len(), 0);
    }

    #[tokio::test]
    async fn everyone_in_a_crowd_gets_through() {
        let budget = Budget::over(Duration::from_millis(5), (8, 4));
        for _ in 0..8 {
            budget.take(Class::Exit).await;
        }
        let left = RefCell::new(Vec::new());
        let one = async |class| {
            budget.take(class).await;
            left.borrow_mut().push(class);
        };
        let classes = [Class::StopMove, Class::Entry, Class::Cancel, Class::Exit];
        join_all(classes.iter().cycle().take(40).map(|class| one(*class))).await;
        assert_eq!(left.borrow().len(), 40);
        assert_eq!(budget.line().waiting.len(), 0);
    }

    proptest! {
        #[test]
        fn no_second_ever_holds_more_than_its_share(
            asks in proptest::collection::vec((0_usize..4, 0_u64..300), 1..200)
        ) {
            let mut line = Line::new(SPAN, (8, 4));
            let mut now = Instant::now();
            let mut left: Vec<(Instant, Class)> = Vec::new();
            for (class, pause) in asks {
                now += Duration::from_millis(pause);
                let class = [Class::Exit, Class::Cancel, Class::Entry, Class::StopMove][class];
                if ask(&mut line, class, now) {
                    left.push((now, class));
                }
            }
            for (from, _) in &left {
                let within: Vec<_> = left.iter().filter(|(at, _)| at >= from && *at < *from + SPAN).collect();
                prop_assert!(within.len() <= 8);
                prop_assert!(within.iter().filter(|(_, class)| *class != Class::Exit).count() <= 4);
            }
        }
    }
}
