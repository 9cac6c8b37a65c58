//! Everything that can go wrong with an order at the broker, and what must become of it.

use torana::sim::{Fault, FaultName as Name};

/// One thing that goes wrong.
#[derive(Clone)]
pub(crate) struct Case {
    /// Its name.
    pub(crate) word: &'static str,
    /// What strikes while the order is placed.
    pub(crate) faults: Vec<Fault>,
    /// The route that must have been called so often before a lasting fault is switched off.
    pub(crate) lasts: Option<(&'static str, u64)>,
    /// Settings over the quick ones.
    pub(crate) settings: &'static [(&'static str, &'static str)],
    /// What becomes of an entry.
    pub(crate) entry: Entry,
}

/// What becomes of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// So many lots of it are held.
    Held(u32),
    /// Nothing was placed, and this is the reason of its end.
    Nothing(&'static str),
}

/// Unfilled orders are taken back soon.
const SHORT_WAIT: &[(&str, &str)] = &[("TORANA__TIMING__ENTRY_WAIT", "100ms")];

impl Case {
    fn once(word: &'static str, fault: Fault, entry: Entry) -> Self {
        let fault = Fault {
            route: Some("placeorder".to_owned()),
            ..fault.once()
        };
        Self {
            word,
            faults: vec![fault],
            lasts: None,
            settings: &[],
            entry,
        }
    }

    fn lasting(fault: Fault, until: (&'static str, u64)) -> Self {
        Self {
            word: fault.fault.word(),
            faults: vec![fault],
            lasts: Some(until),
            settings: &[],
            entry: Entry::Held(4),
        }
    }

    /// An order of which one lot fills; then it is taken back, and that goes wrong too.
    fn cancel(word: &'static str, fault: Option<Fault>, entry: Entry) -> Self {
        let mut faults = vec![Fault::new(Name::PartialFill).once().n(1)];
        faults.extend(fault.map(Fault::once));
        Self {
            word,
            faults,
            lasts: None,
            settings: SHORT_WAIT,
            entry,
        }
    }
}

/// Every case, by name.
pub(crate) fn all() -> Vec<Case> {
    use Entry::{Held, Nothing};
    let plain = |name: Name, entry| Case::once(name.word(), Fault::new(name), entry);
    let slow = |name: Name, ms, entry| Case::once(name.word(), Fault::new(name).ms(ms), entry);
    let taken_silently = Fault {
        accept: true,
        ..Fault::new(Name::NullOrderid)
    };
    let nothing = Case {
        faults: Vec::new(),
        ..plain(Name::Slow, Held(4))
    };
    let mut all = vec![
        Case {
            word: "nothing",
            ..nothing
        },
        plain(Name::NullOrderid, Nothing("not_placed")),
        Case::once("null_orderid_taken", taken_silently, Held(4)),
        plain(Name::PlaceholderOrderid, Held(4)),
        plain(Name::Created201Error, Held(4)),
        plain(Name::Error500AfterAccept, Held(4)),
        plain(Name::Error500Nothing, Nothing("not_placed")),
        slow(Name::HangAfterAccept, 500, Held(4)),
        slow(Name::HangThenAccept, 350, Held(4)),
        slow(Name::HangNothing, 500, Nothing("not_placed")),
        plain(Name::ResetAfterAccept, Held(4)),
        plain(Name::ResetBefore, Nothing("not_placed")),
        plain(Name::Reject, Nothing("refused")),
        plain(Name::RejectAfterAck, Nothing("broker")),
        plain(Name::Limiter429, Held(4)),
        plain(Name::Broker429, Nothing("refused")),
        plain(Name::SessionExpired403, Nothing("refused")),
        slow(Name::UpdateBeforeAck, 150, Held(4)),
        Case::cancel("partial_fill", None, Held(1)),
        Case::cancel(
            "fill_after_cancel",
            Some(Fault::new(Name::FillAfterCancel)),
            Held(4),
        ),
        Case::cancel(
            "cancel_with_fill",
            Some(Fault::new(Name::CancelWithFill).n(2)),
            Held(3),
        ),
        Case::cancel(
            "cancel_fails_500",
            Some(Fault::new(Name::CancelFails500)),
            Held(1),
        ),
    ];
    let lasting = |name: Name, until| Case::lasting(Fault::new(name), until);
    all.extend([
        lasting(Name::NumericOrderid, ("tradebook", 3)),
        lasting(Name::StringNumbers, ("tradebook", 3)),
        lasting(Name::PositionsNoLtp, ("tradebook", 3)),
        lasting(Name::EmptyBooks, ("tradebook", 5)),
        lasting(Name::Orderbook500, ("orderbook", 5)),
        lasting(Name::Tradebook500, ("tradebook", 5)),
        lasting(Name::QuoteZero, ("multiquotes", 3)),
        lasting(Name::NoQuote, ("multiquotes", 3)),
        lasting(Name::FundsEmpty, ("funds", 2)),
        lasting(Name::MuteFeed, ("tradebook", 3)),
        lasting(Name::DropUpdates, ("tradebook", 3)),
        lasting(Name::DuplicateUpdates, ("tradebook", 3)),
        Case::lasting(Fault::new(Name::DelayedOrderbook).ms(200), ("orderbook", 5)),
        Case::lasting(Fault::new(Name::DelayedTradebook).ms(200), ("tradebook", 5)),
        Case::lasting(Fault::new(Name::Slow).ms(50), ("tradebook", 3)),
    ]);
    all
}
