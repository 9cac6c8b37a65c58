//! The figures of a run: the same every time, and balanced to the paisa.

use torana::domain::money::Money;
use torana::history::check::count;
use torana::history::export;
use torana::history::outcome::Trade;

use crate::support::{SAMPLE, dec, page, ready, rules, told};

#[test]
fn the_sample_is_read_whole_and_its_gains_are_computed_again() {
    for ((_, text), point_value) in SAMPLE.iter().zip(["30", "10"]) {
        let read = export::read(text).unwrap();
        assert_eq!(read.problems, []);
        let counted = count(&read);
        let model = counted.model.unwrap();
        assert_eq!(model.point_value, dec(point_value));
        assert_eq!((model.fit, model.percent), (model.trades, dec("0.05")));
        assert_eq!(counted.rows, 2 * counted.trades);
    }
}

#[test]
fn the_same_files_give_the_same_facts_on_one_thread_and_on_two() {
    let rules = rules("basso");
    let ready = ready(&rules, &SAMPLE);
    let alone = told(&ready).1;
    assert!(alone.len() > 1_000);
    let both: Vec<Vec<String>> = std::thread::scope(|scope| {
        let runs = [(); 2].map(|()| scope.spawn(|| told(&ready).1));
        runs.map(|run| run.join().unwrap()).into()
    });
    assert!(both.iter().all(|facts| *facts == alone));
}

#[test]
fn gains_of_trades_are_what_the_account_gained() {
    let rules = rules("basso");
    let outcome = told(&ready(&rules, &SAMPLE)).0;
    assert!(outcome.trades.len() > 100);
    let net: Money = outcome.trades.iter().map(Trade::net).sum();
    assert_eq!(outcome.capital + net, outcome.equity());
    let charges: Money = outcome.trades.iter().map(|trade| trade.charges).sum();
    assert_eq!(charges, outcome.costs.booked);
}

/// One round trip of a lot of Bank Nifty, with a stop and figures that size it to one lot.
fn round_trip(day: &str) -> String {
    format!(
        "Trade #,Type,Date/Time,Signal,Price INR,Contracts,Profit INR\n\
         1,Entry long,{day} 10:15,ENTRY-1L|ATR:800|ER:1|STOP:57000,58000,1,\n\
         1,Exit long,{day} 14:15,EXIT - Basso Stop,58200,1,"
    )
}

#[test]
fn charges_and_lots_are_those_of_the_date_and_the_contract() {
    let rules = rules("basso");
    // One tick worse both ways: bought at 58,000.20, sold at 58,199.80. The tax of a sale was 0.02 %
    // before April 2026 and is 0.05 % since; a lot was 35 units until the contracts of 2026.
    for (day, units, tax) in [
        ("2025-11-12", "35", "0.0002"),
        ("2026-03-11", "30", "0.0002"),
        ("2026-04-08", "30", "0.0005"),
    ] {
        let list = round_trip(day);
        let outcome = told(&ready(&rules, &[("BANK_NIFTY", &list)])).0;
        let trade = outcome.trades.first().unwrap();
        assert_eq!((trade.lots.get(), outcome.trades.len()), (1, 1));
        let sold = dec("58199.80") * dec(units);
        assert_eq!(trade.gross, Money::new(dec("199.60") * dec(units)), "{day}");
        assert_eq!(
            outcome.costs.lines.stt,
            Money::new(sold * dec(tax)),
            "{day}"
        );
        assert_eq!(
            outcome.costs.slippage,
            Money::new(dec("0.40") * dec(units)),
            "{day}"
        );
    }
}

#[test]
fn the_page_needs_nothing_else_and_says_first_what_is_assumed() {
    let rules = rules("basso");
    let ready = ready(&rules, &SAMPLE);
    let page = page(&ready, &told(&ready).0);
    for outside in ["http", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(outside), "{outside}");
    }
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no {text}"));
    assert!(at("What is assumed") < at("Net gain"));
    assert!(at("continuous") < at("Net gain"));
    assert!(page.contains("&lt;b&gt;.csv") && !page.contains("<b>.csv"));
    for part in [
        "Equity and drawdown",
        "Returns by month",
        "Gain in R",
        "What said no",
        "GOLD_MINI",
    ] {
        at(part);
    }
    assert!(
        !page.contains("NaN") && !page.contains("inf"),
        "a figure is none"
    );
}
