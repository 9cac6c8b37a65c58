//! What the market's files say once they are loaded.

use super::*;
use crate::domain::calendar::Session;
use crate::domain::charges::{ChargeKind, Traded};
use crate::domain::instrument::{ContractId, Found};
use crate::domain::market::Tick;
use crate::domain::money::Price;
use crate::domain::order::Side;

#[test]
fn the_figures_of_the_four_are_in_force() {
    let rules = loaded(&[]).unwrap().rules;
    let figures = |name: &str| {
        let ix = rules.instruments.by_name(name).unwrap();
        let contract = ContractId::future(ix, day("2026-12-29"));
        let spec = rules.instruments.spec(contract, day("2026-11-20")).unwrap();
        let price = Price::new(52_000.into()).unwrap();
        let margin = spec.margin_per_lot(price, Product::Nrml);
        let tick = spec.ticks.at(price).get();
        (
            spec.units_per_lot,
            spec.point_value.get(),
            margin,
            tick,
            spec.order_lots_max().get(),
        )
    };
    let is = |units: u32, point: u32, margin, tick: &str, lots| {
        (
            units,
            point.into(),
            Money::rupees(margin),
            tick.parse().unwrap(),
            lots,
        )
    };
    assert_eq!(figures("BANK_NIFTY"), is(30, 30, 270_000, "0.2", 20));
    assert_eq!(figures("GOLD_MINI"), is(100, 10, 105_000, "1", 100));
    assert_eq!(figures("SILVER_MINI"), is(5, 5, 385_000, "1", 120));
    assert_eq!(figures("COPPER"), is(2_500, 2_500, 300_000, "0.05", 28));
}

#[test]
fn expiries_follow_the_holidays_of_the_files() {
    let rules = loaded(&[]).unwrap().rules;
    let ends = |name: &str, year, month| {
        let instruments = &rules.instruments;
        let one = instruments.get(instruments.by_name(name).unwrap()).unwrap();
        one.expiry_in(year, month, &rules.calendar).unwrap()
    };
    assert_eq!(ends("BANK_NIFTY", 2026, 3), day("2026-03-30"));
    assert_eq!(ends("BANK_NIFTY", 2026, 11), day("2026-11-23"));
    assert_eq!(ends("BANK_NIFTY", 2025, 8), day("2025-08-28"));
    assert_eq!(ends("BANK_NIFTY", 2025, 12), day("2025-12-30"));
    assert_eq!(ends("GOLD_MINI", 2026, 4), day("2026-04-02"));
    assert_eq!(ends("GOLD_MINI", 2026, 12), day("2026-12-04"));
    assert_eq!(ends("COPPER", 2026, 3), day("2026-03-30"));
}

#[test]
fn sessions_follow_the_dates_of_the_files() {
    let live = [("TORANA__DESK__CALENDAR", "exchange")];
    let calendar = loaded(&live).unwrap().rules.calendar;
    let at = |exchange, text: &str| {
        let shown = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        calendar.session_at(exchange, crate::domain::calendar::from_ist(shown))
    };
    assert_eq!(at(Exchange::Nfo, "2026-07-31 15:35"), Session::Closed);
    assert_eq!(at(Exchange::Nfo, "2026-08-03 15:35"), Session::Continuous);
    assert_eq!(at(Exchange::Nse, "2026-08-03 15:20"), Session::Auction);
    assert_eq!(at(Exchange::Nfo, "2026-02-01 10:00"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-03-06 23:40"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-03-09 23:40"), Session::Closed);
    assert_eq!(at(Exchange::Mcx, "2026-11-02 23:40"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-03-31 10:00"), Session::Closed);
    assert_eq!(at(Exchange::Mcx, "2026-03-31 18:00"), Session::Continuous);
    assert_eq!(at(Exchange::Mcx, "2026-01-01 18:00"), Session::Closed);
    assert_eq!(at(Exchange::Nfo, "2025-10-21 14:00"), Session::Continuous);
    assert_eq!(at(Exchange::NseIndex, "2026-11-24 11:00"), Session::Closed);
}

#[test]
fn the_charges_of_the_files_are_those_worked_out_by_hand() {
    let charges = loaded(&[]).unwrap().rules.charges;
    let trip = |exchange, on: &str, buy: i64, sell: i64| {
        let order = |side| Traded {
            exchange,
            kind: ChargeKind::Future,
            side,
            day: day(on),
        };
        charges.for_order(order(Side::Buy), Money::rupees(buy))
            + charges.for_order(order(Side::Sell), Money::rupees(sell))
    };
    let is = |text: &str| Money::new(text.parse().unwrap());
    assert_eq!(
        trip(Exchange::Nfo, "2026-04-01", 1_740_000, 1_746_000),
        is("1034.39")
    );
    assert_eq!(
        trip(Exchange::Nfo, "2026-03-31", 1_740_000, 1_746_000),
        is("510.59")
    );
    assert_eq!(
        trip(Exchange::Mcx, "2026-11-20", 1_500_000, 1_505_000),
        is("305.71")
    );
    assert_eq!(
        trip(Exchange::Mcx, "2026-11-20", 1_200_000, 1_205_000),
        is("254.13")
    );
    assert_eq!(
        trip(Exchange::Mcx, "2026-11-20", 3_000_000, 3_025_000),
        is("566.11")
    );
}

#[test]
fn shares_have_ticks_by_price_and_indices_are_known_as_such() {
    let rules = loaded(&[]).unwrap().rules;
    let list = &rules.instruments;
    let sbin = list.by_name("SBIN").unwrap();
    let spec = list
        .spec(ContractId::share(sbin), day("2026-11-20"))
        .unwrap();
    let tick = |price: u32| spec.ticks.at(Price::new(price.into()).unwrap());
    assert_eq!(tick(800), Tick::new("0.05".parse().unwrap()).unwrap());
    assert_eq!(tick(1500), Tick::new("0.1".parse().unwrap()).unwrap());
    assert!(matches!(
        list.find("NSE:M&M"),
        Some(Found::Instrument { .. })
    ));
    assert!(matches!(
        list.find("NSE:BANKNIFTY"),
        Some(Found::Instrument { .. })
    ));
    assert!(matches!(
        list.find("NSE_INDEX:BANKNIFTY"),
        Some(Found::Index { .. })
    ));
    assert!(matches!(list.find("INDIAVIX"), Some(Found::Index { .. })));
}

#[test]
fn figures_that_later_rows_replaced_no_longer_matter() {
    let ids = |today: &str| -> Vec<String> {
        let options = Options {
            today: day(today),
            ..Options::default()
        };
        let assumed = load(&options, &env(&[])).unwrap().assumed;
        assumed.into_iter().map(|(one, _)| one.id).collect()
    };
    let has = |ids: &[String], id: &str| ids.iter().any(|one| one == id);
    let (before, after) = (ids("2025-12-31"), ids("2026-01-01"));
    assert!(has(&before, "instrument.BANK_NIFTY.2025-07-01"));
    assert!(!has(&after, "instrument.BANK_NIFTY.2025-07-01"));
    assert!(has(&after, "instrument.BANK_NIFTY.2026-01-01"));
    assert!(has(&ids("2024-09-30"), "charges.MCX.2023-04-01"));
    assert!(!has(&after, "charges.MCX.2023-04-01"));
}

#[test]
fn holidays_that_are_not_listed_yet_are_a_warning() {
    let warnings = |today: &str| {
        let options = Options {
            today: day(today),
            ..Options::default()
        };
        load(&options, &env(&[])).unwrap().warnings
    };
    assert_eq!(warnings("2026-11-16"), Vec::<String>::new());
    let late = warnings("2026-12-01");
    assert_eq!(late.len(), 3, "{late:?}");
    assert!(late[0].contains("holidays of NSE in 2027"));
}
