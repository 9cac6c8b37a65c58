//! What happens inside of bars.

use torana::domain::fact::ExitReason;
use torana::domain::rules::StopHitOn;

use crate::support::{dec, rules, told, with_bars};

const LIST: &str = "Trade #,Type,Date/Time,Signal,Price INR,Contracts,Profit INR\n\
    1,Entry long,2026-04-08 09:15,ENTRY-1L|ATR:800|ER:1|STOP:57000,58000,1,\n\
    1,Exit long,2026-04-20 14:15,EXIT - Basso Stop,58200,1,";

const FIRST: &str = "time,open,high,low,close,atr\n\
    2026-04-08 09:15,57900,58100,57800,58000,800\n";

/// Returns the exit of the only trade: its price and reason, and when it was.
fn exit(stops: StopHitOn, bars: &str) -> (String, ExitReason, String) {
    let mut rules = rules("basso");
    rules.stops.hit_on = stops;
    let ready = with_bars(&rules, "BANK_NIFTY", (LIST, &format!("{FIRST}{bars}")));
    let outcome = told(&ready).0;
    let trade = outcome.trades.first().unwrap();
    let at = torana::domain::calendar::ist(trade.closed.unwrap());
    (
        trade.exit.unwrap().get().normalize().to_string(),
        trade.reason.unwrap(),
        at.format("%d %H:%M").to_string(),
    )
}

#[test]
fn a_stop_that_is_crossed_fills_at_the_stop_and_one_that_is_jumped_at_the_open() {
    let crossed = "2026-04-08 10:30,58000,58050,56500,57900,800\n\
                   2026-04-08 11:45,57900,58000,57800,57900,800\n";
    assert_eq!(
        exit(StopHitOn::Tick, crossed),
        (
            "56999.8".to_owned(),
            ExitReason::Stop,
            "08 10:55".to_owned()
        )
    );
    let jumped = "2026-04-08 10:30,56800,57500,56700,57400,800\n\
                  2026-04-08 11:45,57400,58000,57300,57900,800\n";
    assert_eq!(
        exit(StopHitOn::Tick, jumped),
        (
            "56799.8".to_owned(),
            ExitReason::Stop,
            "08 10:30".to_owned()
        )
    );
}

#[test]
fn a_profile_that_judges_closes_leaves_what_only_dips_alone() {
    // Below the stop, not a whole range below it, and back: then a close below it.
    let bars = "2026-04-08 10:30,58000,58050,56500,57900,800\n\
                2026-04-08 11:45,57900,58000,56800,56900,800\n\
                2026-04-08 13:00,56950,57000,56900,56950,800\n";
    assert_eq!(
        exit(StopHitOn::Close, bars),
        (
            "56949.8".to_owned(),
            ExitReason::Stop,
            "08 13:00".to_owned()
        )
    );
}

#[test]
fn a_bar_that_ends_with_its_session_is_acted_on_when_the_next_opens() {
    let bars = "2026-04-08 14:15,58000,58050,56500,56900,800\n\
                2026-04-09 09:15,56700,57000,56600,56950,800\n";
    assert_eq!(
        exit(StopHitOn::Close, bars),
        (
            "56699.8".to_owned(),
            ExitReason::Stop,
            "09 09:15".to_owned()
        )
    );
}

#[test]
fn what_rests_at_the_broker_is_touched_by_the_low_of_a_bar() {
    // The order rests one range below the stop: at 56,200. The low reaches it, the close does not.
    let bars = "2026-04-08 10:30,58000,58050,55700,57900,800\n\
                2026-04-08 11:45,57900,58000,57800,57900,800\n";
    let (price, _, at) = exit(StopHitOn::Close, bars);
    assert_eq!((price.as_str(), at.as_str()), ("56199.8", "08 10:55"));
}

#[test]
fn a_trailing_stop_follows_closes_and_takes_the_leg_out() {
    // Basso: 2.5 ranges of 400 below the highest close of 59,000: 58,000.
    let bars = "2026-04-08 10:30,58000,58600,57950,58500,400\n\
                2026-04-08 11:45,58500,59100,58400,59000,400\n\
                2026-04-08 13:00,59000,59000,57900,57990,400\n\
                2026-04-08 14:15,57990,58000,57900,57950,400\n";
    let (price, reason, at) = exit(StopHitOn::Close, bars);
    assert_eq!(reason, ExitReason::TrailingStop);
    assert_eq!(dec(&price), dec("57989.8"));
    assert_eq!(at, "08 14:15");
}
