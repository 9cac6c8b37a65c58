//! How fast order calls may leave, and who goes first.
//!
//! 1. In any second at most `limits.orders_per_second` calls leave: OpenAlgo and the regulator allow
//!    ten, and a person at the terminal needs some too.
//! 2. `limits.exits_per_second` of them are kept for exits: nothing else ever takes those.
//! 3. Whoever is more urgent goes first; among equals, whoever came first.
//! 4. A right that was taken and not used yet counts as if its call left now, so that those taken in
//!    different seconds never leave in the same one.
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
    pub async fn take(&self, class: Class) -> Right<'_> {
        let right = Right {
            budget: self,
            number: self.line().join(class),
        };
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let turn = self.line().turn(right.number, Instant::now());
            match turn {
                Turn::Now => {
                    self.moved.notify_waiters();
                    return right;
                }
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

/// The right to send one call, or a place in the line for it; given up when dropped.
#[derive(Debug)]
#[must_use = "a right that is not used is given up"]
pub struct Right<'a> {
    budget: &'a Budget,
    number: Number,
}

impl Right<'_> {
    /// Says that the call leaves now: never to be asked before.
    pub fn leaves(self) {
        self.budget.line().leaves(self.number, Instant::now());
    }
}

impl Drop for Right<'_> {
    fn drop(&mut self) {
        self.budget.line().give_up(self.number);
        self.budget.moved.notify_waiters();
    }
}

type Number = (Class, u64);

/// Whether it is one's turn; the later, the further down.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Now,
    At(Instant),
    /// Once another has moved.
    Behind,
}

/// Who waits, who may send, and what left within the last span.
#[derive(Debug)]
struct Line {
    span: Duration,
    all_max: usize,
    others_max: usize,
    waiting: BTreeSet<Number>,
    joined: u64,
    taken: BTreeSet<Number>,
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
            taken: BTreeSet::new(),
            sent: VecDeque::new(),
        }
    }

    fn join(&mut self, class: Class) -> Number {
        let number = (class, self.joined);
        self.joined = self.joined.saturating_add(1);
        self.waiting.insert(number);
        number
    }

    /// Says whether it is this one's turn, and gives it the right when it is.
    fn turn(&mut self, number: Number, now: Instant) -> Turn {
        if self.waiting.first() != Some(&number) {
            return Turn::Behind;
        }
        let span = self.span;
        self.sent.retain(|(at, _)| *at + span > now);
        let (class, _) = number;
        let all = self.room(self.all_max, |_| true);
        let others = match class {
            Class::Exit => Turn::Now,
            Class::Cancel | Class::Entry | Class::StopMove => {
                self.room(self.others_max, |class| class != Class::Exit)
            }
        };
        let turn = all.max(others);
        if turn == Turn::Now {
            self.waiting.remove(&number);
            self.taken.insert(number);
        }
        turn
    }

    /// Counts a call that leaves now.
    fn leaves(&mut self, number: Number, now: Instant) {
        let (class, _) = number;
        if self.taken.remove(&number) {
            self.sent.push_back((now, class));
        }
    }

    fn give_up(&mut self, number: Number) {
        self.waiting.remove(&number);
        self.taken.remove(&number);
    }

    /// Returns when there are fewer than `most` of these calls in the span: now, at a moment, or
    /// once somebody has used a right or given it up.
    fn room(&self, most: usize, counts: fn(Class) -> bool) -> Turn {
        let taken = self
            .taken
            .iter()
            .filter(|(class, _)| counts(*class))
            .count();
        let Some(last) = most.checked_sub(taken.saturating_add(1)) else {
            return Turn::Behind;
        };
        let mut newest_first = self.sent.iter().rev().filter(|(_, class)| counts(*class));
        let sent = newest_first.nth(last);
        sent.map_or(Turn::Now, |(at, _)| Turn::At(*at + self.span))
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
        line.leaves(number, now);
        line.give_up(number);
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
    fn rights_taken_in_different_seconds_do_not_leave_in_the_same_one() {
        let mut line = Line::new(SPAN, (8, 4));
        let now = Instant::now();
        let early: Vec<Number> = (0..4).map(|_| line.join(Class::Entry)).collect();
        for number in &early {
            assert_eq!(line.turn(*number, now), Turn::Now);
        }
        let late = now + SPAN * 5;
        let next = line.join(Class::Entry);
        assert_eq!(line.turn(next, late), Turn::Behind);
        line.leaves(early[0], late);
        assert_eq!(line.turn(next, late), Turn::At(late + SPAN));
        line.give_up(early[1]);
        assert_eq!(line.turn(next, late), Turn::Now);
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
                    line.leaves(number, now);
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
            budget.take(Class::Entry).now_or_never().unwrap().leaves();
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
            budget.take(Class::Exit).await.leaves();
        }
        let left = RefCell::new(Vec::new());
        let one = async |class| {
            budget.take(class).await.leaves();
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
            asks in proptest::collection::vec((0_usize..4, 0_u64..300, 0_usize..4), 1..200)
        ) {
            let mut line = Line::new(SPAN, (8, 4));
            let mut now = Instant::now();
            let mut taken: Vec<Number> = Vec::new();
            let mut left: Vec<(Instant, Class)> = Vec::new();
            for (class, pause, used) in asks {
                now += Duration::from_millis(pause);
                let class = [Class::Exit, Class::Cancel, Class::Entry, Class::StopMove][class];
                let number = line.join(class);
                if line.turn(number, now) == Turn::Now {
                    taken.push(number);
                } else {
                    line.give_up(number);
                }
                // so many leave together, however long ago they were allowed to
                for number in taken.drain(..used.min(taken.len())) {
                    line.leaves(number, now);
                    left.push((now, number.0));
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
