//! The judge of prices: whether what the feed or a quote says may be acted on.
//!
//! 1. A price far from the last good one counts when another source, or a second look a moment
//!    later, says the same, and in any case when its time is up: one garbage frame sells nothing,
//!    and a crash is never waited out.
//! 2. Only prices of continuous trading that were seen as they happened are judged at all.
//! 3. The same prices at the same times get the same verdicts: there is no clock in here.

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::calendar::Session;
use super::input::{PriceSource, Quote};
use super::money::{Percent, Points, Price, Ratio};

/// When a price is suspicious, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceRules {
    /// Further than this from the last good price (1.5 %) ...
    pub apart: Percent,
    /// ... and further than so many average true ranges (3).
    pub atr: Ratio,
    /// A second look counts from this long after the first on (250 ms).
    pub again: TimeDelta,
    /// After this long it counts in any case (2 s).
    pub patience: TimeDelta,
}

/// A price as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The price, the edges of its book, and when it came.
    pub quote: Quote,
    /// Who says it.
    pub source: PriceSource,
    /// What its exchange was doing.
    pub session: Session,
    /// Whether it tells what was, not what happened now: the first word after a subscription, or
    /// one that the exchange stamped long ago.
    pub snapshot: bool,
}

/// What a price is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may move and fire stops.
    Good,
    /// It waits to be confirmed.
    Suspicious,
    /// It says nothing about the market.
    Unfit(Unfit),
}

/// Why a price says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unfit {
    /// The best buyer pays more than the best seller asks.
    Crossed,
    /// It is not of continuous trading.
    Session,
    /// It tells what was.
    Snapshot,
}

impl Unfit {
    /// Returns the word used in metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Crossed => "crossed",
            Self::Session => "session",
            Self::Snapshot => "snapshot",
        }
    }
}

/// What is known of the prices of one contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judge {
    good: Option<Price>,
    doubt: Option<Doubt>,
}

/// A price that nobody has confirmed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Doubt {
    quote: Quote,
    source: PriceSource,
    /// When the first price of its kind came.
    since: DateTime<Utc>,
    /// Whether another source has said since that nothing has happened.
    denied: bool,
}

impl Judge {
    /// Returns a judge that knows this price to have been good.
    pub const fn knowing(good: Option<Price>) -> Self {
        Self { good, doubt: None }
    }

    /// Returns the last good price.
    pub const fn good(&self) -> Option<Price> {
        self.good
    }

    /// Returns whether a price waits to be confirmed.
    pub const fn doubts(&self) -> bool {
        self.doubt.is_some()
    }

    /// Returns when the price in doubt counts in any case.
    pub fn due(&self, rules: &PriceRules) -> Option<DateTime<Utc>> {
        let doubt = self.doubt.filter(|doubt| !doubt.denied)?;
        Some(doubt.since + rules.patience)
    }

    /// Judges a price; `atr` is the average true range of its contract, where one is known.
    pub fn look(&mut self, rules: &PriceRules, look: &Look, atr: Option<Points>) -> Verdict {
        if let Some(unfit) = unfit(look) {
            return Verdict::Unfit(unfit);
        }
        let Some(good) = self.good else {
            return self.believe(look);
        };
        let reach = reach(rules, good, atr);
        if look.quote.price.distance(good) <= reach {
            self.near(rules, look);
            self.good = Some(look.quote.price);
            return Verdict::Good;
        }
        self.far(rules, look, (good, reach))
    }

    /// Returns the price in doubt once its time is up; it is good then.
    pub fn time(&mut self, rules: &PriceRules, now: DateTime<Utc>) -> Option<(Quote, PriceSource)> {
        if self.due(rules)? > now {
            return None;
        }
        let doubt = self.doubt.take()?;
        self.good = Some(doubt.quote.price);
        Some((doubt.quote, doubt.source))
    }

    fn believe(&mut self, look: &Look) -> Verdict {
        self.good = Some(look.quote.price);
        self.doubt = None;
        Verdict::Good
    }

    /// A price near the last good one takes back what its own source said before; another source
    /// takes it back only so far that time alone does not make it good: it may lag behind.
    fn near(&mut self, rules: &PriceRules, look: &Look) {
        let Some(doubt) = &mut self.doubt else { return };
        if doubt.source == look.source {
            self.doubt = None;
        } else if look.quote.at >= doubt.since + rules.again {
            doubt.denied = true;
        }
    }

    /// A price far from the last good one is good when it was said before, by another source or
    /// long enough ago; else it waits.
    fn far(&mut self, rules: &PriceRules, look: &Look, (good, reach): (Price, Points)) -> Verdict {
        let now = look.quote.at;
        let same_side = |doubt: &Doubt| (doubt.quote.price > good) == (look.quote.price > good);
        let lasts = |doubt: &Doubt| !doubt.denied || now <= doubt.since + rules.patience;
        let before = self.doubt.filter(|doubt| same_side(doubt) && lasts(doubt));
        let anew = Doubt {
            quote: look.quote,
            source: look.source,
            since: now,
            denied: false,
        };
        let Some(doubt) = before else {
            self.doubt = Some(anew);
            return Verdict::Suspicious;
        };
        let agrees = doubt.quote.price.distance(look.quote.price) <= reach;
        let second = doubt.source != look.source || now >= doubt.since + rules.again;
        let waited = now >= doubt.since + rules.patience;
        if (agrees && second) || waited {
            return self.believe(look);
        }
        // What was denied and is said once more, but not confirmed by it, begins anew.
        let since = if doubt.denied { now } else { doubt.since };
        self.doubt = Some(Doubt { since, ..anew });
        Verdict::Suspicious
    }
}

fn unfit(look: &Look) -> Option<Unfit> {
    let Quote { bid, ask, .. } = look.quote;
    let crossed = bid.zip(ask).is_some_and(|(bid, ask)| bid > ask);
    if crossed {
        Some(Unfit::Crossed)
    } else if look.session != Session::Continuous {
        Some(Unfit::Session)
    } else {
        look.snapshot.then_some(Unfit::Snapshot)
    }
}

/// Returns how far a price may be from the last good one.
fn reach(rules: &PriceRules, good: Price, atr: Option<Points>) -> Points {
    let share = Points::new(good.get()).times(rules.apart.ratio());
    let range = atr.map_or(Points::ZERO, |atr| atr.times(rules.atr));
    share.max(range)
}

impl Default for PriceRules {
    fn default() -> Self {
        Self {
            apart: Percent::new(Decimal::new(15, 1)),
            atr: Ratio::new(Decimal::from(3)),
            again: TimeDelta::milliseconds(250),
            patience: TimeDelta::seconds(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A price of the feed, so many milliseconds into the day.
    fn seen(price: i64, ms: i64) -> Look {
        Look {
            quote: Quote {
                price: Price::new(Decimal::from(price)).unwrap(),
                bid: None,
                ask: None,
                at: at(ms),
            },
            source: PriceSource::Feed,
            session: Session::Continuous,
            snapshot: false,
        }
    }

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    fn rest(price: i64, ms: i64) -> Look {
        Look {
            source: PriceSource::Rest,
            ..seen(price, ms)
        }
    }

    /// Judges one look after another, without an average true range.
    fn judged(looks: &[Look]) -> (Judge, Vec<Verdict>) {
        let mut judge = Judge::knowing(Price::new(Decimal::from(50_000)));
        let rules = PriceRules::default();
        let verdicts = looks.iter().map(|look| judge.look(&rules, look, None));
        let verdicts = verdicts.collect();
        (judge, verdicts)
    }

    use Verdict::{Good, Suspicious};

    #[test]
    fn exactly_one_and_a_half_percent_is_not_suspicious() {
        assert_eq!(judged(&[seen(49_250, 0)]).1, [Good]);
        assert_eq!(judged(&[seen(49_249, 0)]).1, [Suspicious]);
        assert_eq!(judged(&[seen(50_751, 0)]).1, [Suspicious]);
    }

    #[test]
    fn three_average_ranges_are_not_suspicious() {
        let rules = PriceRules::default();
        let atr = Some(Points::new(Decimal::from(500)));
        let mut judge = judged(&[]).0;
        assert_eq!(judge.look(&rules, &seen(48_500, 0), atr), Good);
        assert_eq!(judge.look(&rules, &seen(46_999, 1), atr), Suspicious);
    }

    #[test]
    fn one_garbage_frame_is_taken_back_by_the_next_tick() {
        let (judge, verdicts) = judged(&[seen(5, 0), seen(50_010, 40), seen(50_000, 5_000)]);
        assert_eq!(verdicts, [Suspicious, Good, Good]);
        assert!(!judge.doubts());
    }

    #[test]
    fn a_second_tick_confirms_once_it_is_late_enough() {
        let (judge, verdicts) = judged(&[seen(48_000, 0), seen(48_010, 249), seen(47_900, 250)]);
        assert_eq!(verdicts, [Suspicious, Suspicious, Good]);
        assert_eq!(judge.good(), Price::new(Decimal::from(47_900)));
    }

    #[test]
    fn a_second_source_confirms_at_once() {
        assert_eq!(
            judged(&[seen(48_000, 0), rest(47_990, 3)]).1,
            [Suspicious, Good]
        );
        // it must say the same
        assert_eq!(
            judged(&[seen(5, 0), rest(48_000, 3)]).1,
            [Suspicious, Suspicious]
        );
        assert_eq!(
            judged(&[seen(52_000, 0), rest(48_000, 3)]).1,
            [Suspicious, Suspicious]
        );
    }

    #[test]
    fn unconfirmed_it_counts_after_two_seconds() {
        let rules = PriceRules::default();
        let (mut judge, _) = judged(&[seen(48_000, 0)]);
        assert_eq!(judge.due(&rules), Some(at(2_000)));
        assert_eq!(judge.time(&rules, at(1_999)), None);
        let (quote, source) = judge.time(&rules, at(2_000)).unwrap();
        assert_eq!((quote, source), (seen(48_000, 0).quote, PriceSource::Feed));
        assert_eq!(judge.time(&rules, at(9_000)), None);
    }

    #[test]
    fn another_source_that_denies_it_stops_the_clock_and_not_the_next_tick() {
        let rules = PriceRules::default();
        let (mut judge, verdicts) = judged(&[seen(48_000, 0), rest(50_000, 300)]);
        assert_eq!(verdicts, [Suspicious, Good]);
        assert_eq!(judge.time(&rules, at(9_000)), None);
        assert_eq!(judge.look(&rules, &seen(48_000, 1_000), None), Good);
        // a reading that may be older than the doubt denies nothing
        let (mut judge, _) = judged(&[seen(48_000, 0), rest(50_000, 100)]);
        assert!(judge.time(&rules, at(2_000)).is_some());
    }

    #[test]
    fn what_is_not_of_continuous_trading_is_not_judged() {
        let crossed = |mut look: Look| {
            look.quote.bid = Price::new(Decimal::from(3));
            look.quote.ask = Price::new(Decimal::from(2));
            look
        };
        let indicative = |session| Look {
            session,
            ..seen(48_000, 0)
        };
        let old = Look {
            snapshot: true,
            ..seen(48_000, 0)
        };
        for (look, why) in [
            (indicative(Session::PreOpen), Unfit::Session),
            (indicative(Session::Auction), Unfit::Session),
            (indicative(Session::Closed), Unfit::Session),
            (old, Unfit::Snapshot),
            (crossed(seen(50_000, 0)), Unfit::Crossed),
        ] {
            let (judge, verdicts) = judged(&[look]);
            assert_eq!(verdicts, [Verdict::Unfit(why)]);
            assert_eq!(judge, judged(&[]).0);
        }
    }

    fn looks() -> impl Strategy<Value = Vec<Look>> {
        let one = (45_000_i64..55_000, 0_i64..700, any::<bool>(), 0_u8..8);
        proptest::collection::vec(one, 1..40).prop_map(|all| {
            let mut ms = 0;
            let one = |(price, pause, feed, kind)| {
                ms += pause;
                let mut look = if feed {
                    seen(price, ms)
                } else {
                    rest(price, ms)
                };
                look.snapshot = kind == 0;
                if kind == 1 {
                    look.session = Session::Auction;
                }
                look
            };
            all.into_iter().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn a_far_price_is_good_only_when_it_was_said_before_or_waited(looks in looks()) {
            let rules = PriceRules::default();
            let mut judge = judged(&[]).0;
            for look in &looks {
                let before = judge;
                if judge.look(&rules, look, None) == Good {
                    let good = before.good.unwrap();
                    let near = look.quote.price.distance(good) <= reach(&rules, good, None);
                    let first = before.doubt;
                    let said = first.is_some_and(|doubt| {
                        doubt.source != look.source || look.quote.at >= doubt.since + rules.again
                    });
                    prop_assert!(near || said, "{before:?} {look:?}");
                    prop_assert!(!look.snapshot && look.session == Session::Continuous);
                } else if look.snapshot || look.session != Session::Continuous {
                    prop_assert_eq!(judge, before);
                }
            }
        }

        #[test]
        fn a_move_that_lasts_counts_within_two_seconds(
            before in looks(),
            price in prop_oneof![10_000_i64..44_000, 56_000_i64..90_000],
            pauses in proptest::collection::vec(1_i64..600, 1..30),
        ) {
            let rules = PriceRules::default();
            let mut judge = judged(&[]).0;
            let mut ms = 0;
            for look in &before {
                judge.look(&rules, look, None);
                ms = (look.quote.at - at(0)).num_milliseconds();
            }
            let began = ms;
            let counted = |judge: &Judge| judge.good == Price::new(Decimal::from(price));
            for pause in pauses.into_iter().chain([2_001]) {
                if counted(&judge) {
                    break;
                }
                let _counts = judge.time(&rules, at(ms + pause));
                ms += pause;
                judge.look(&rules, &seen(price, ms), None);
            }
            prop_assert!(counted(&judge) || ms - began < 2_000, "{judge:?}");
        }
    }
}
