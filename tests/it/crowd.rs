//! Many alerts at once: decided one after the other, whoever sends them.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use rust_decimal::Decimal;
use torana::clock::{Clock as _, SystemClock};
use torana::desk::tell;
use torana::domain::book::Book;
use torana::domain::calendar::exchange_day;
use torana::domain::decide::decide;
use torana::domain::fact::Goal;
use torana::domain::input::{Input, Mark, Marks, PriceSource, Quote};
use torana::domain::money::Price;
use torana::domain::rules::Rules;
use torana::domain::signal::SourceId;
use torana::http::webhook::{AgeLimits, Asked, Reader, Scope, Sender};

use crate::support::{Alert, World};

#[tokio::test]
async fn forty_identical_alerts_at_once_are_one_decision_and_thirty_nine_echoes() {
    let world = World::new(&[]).await;
    let gateway = world.gateway().await;
    let alert = Alert::entry();
    let sent = (0..40).map(|_| world.alert(&gateway, &alert));
    let answers = join_all(sent).await;
    let first: Vec<_> = answers.iter().filter(|answer| !answer.duplicate).collect();
    assert_eq!(first.len(), 1, "{answers:?}");
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), (202, &first[0].text));
    }
    world.until_settled(&gateway).await;
    let book = world.compare().await;
    assert_eq!((book.intents.len(), world.sim.state().orders.len()), (1, 1));
}

#[tokio::test]
async fn two_hundred_different_alerts_at_once_are_decided_as_if_they_had_come_one_by_one() {
    // orders may not leave meanwhile: decisions alone are compared
    let world = World::new(&[("TORANA__WEBHOOK__ENTRY_AGE", "10m")]).await;
    let mut first = world.gateway().await;
    world
        .until(&first, "funds read", |book| book.desk.funds.is_some())
        .await;
    first.stop().await;
    world.hold_lease().await;
    world.write_marks(&marks(&world.config.rules)).await;
    let gateway = world.gateway().await;
    let before = world.book().await;

    let alerts: Vec<Alert> = (0..200).map(alert).collect();
    let sent = alerts.iter().map(|alert| world.alert(&gateway, alert));
    let answers = join_all(sent).await;

    let order = world.verdicts().await;
    assert_eq!(order.len(), 200);
    let mut book = before;
    let mut accepted = 0;
    for (signal, at) in order {
        let place = answers
            .iter()
            .position(|answer| answer.body["signal_id"] == signal.as_str());
        let place = place.expect("an answer to every verdict");
        let told = decided(&mut book, &world.config.rules, (&alerts[place], at));
        assert_eq!(answers[place].text, told, "alert {place}");
        accepted += u32::from(answers[place].status == 202);
    }
    // how many fit depends on who came first
    assert!(accepted > 1, "only {accepted} were accepted");
    let now = world.book().await;
    assert_eq!(
        now.intents.keys().collect::<Vec<_>>(),
        book.intents.keys().collect::<Vec<_>>()
    );
    within_limits(&now, &world.config.rules);
}

/// One of many: another instrument, stop, size or time than all others.
fn alert(number: u32) -> Alert {
    let shares = [
        "SBIN", "TCS", "ITC", "INFY", "WIPRO", "LT", "ONGC", "NTPC", "TITAN", "CIPLA", "SBIN",
        "MARUTI",
    ];
    let place = usize::try_from(number).unwrap();
    if number.is_multiple_of(9) {
        let stop = 77000 + number;
        return Alert::entry()
            .with("stop", stop)
            .with("id", format!("gold {number}"));
    }
    Alert::entry()
        .with("instrument", shares[place % shares.len()])
        .with("price", 1000)
        .with("stop", 985 - number % 40)
        .with("atr", 10 + number % 7)
        .with("er", format!("0.{}", 50 + number % 50))
        .with("id", format!("number {number}"))
}

/// A price for everything an entry would take.
fn marks(rules: &Rules) -> Marks {
    let now = SystemClock.now();
    let today = exchange_day(now);
    let mut marks = Marks::default();
    for (ix, instrument) in rules.instruments.iter() {
        let contract = rules
            .instruments
            .contract_for_entry(ix, today, &rules.calendar);
        let figure = if instrument.name == "GOLD_MINI" {
            78500
        } else {
            1000
        };
        let quote = Quote {
            price: Price::new(Decimal::from(figure)).unwrap(),
            bid: None,
            ask: None,
            at: now,
        };
        let mark = Mark {
            quote,
            margin: None,
            source: PriceSource::Rest,
        };
        marks
            .contracts
            .extend(contract.map(|contract| (contract, mark)));
    }
    marks
}

/// Decides on one alert as the gateway did, and folds it in; returns what its sender is told.
fn decided(book: &mut Book, rules: &Rules, (alert, at): (&Alert, DateTime<Utc>)) -> String {
    let sender = Sender {
        id: SourceId(1),
        product: None,
        scope: Scope::default(),
        profile: None,
    };
    let reader = Reader {
        desk: 1,
        instruments: &rules.instruments,
        sender: &sender,
        limits: AgeLimits {
            entry: chrono::TimeDelta::minutes(10),
            ..AgeLimits::default()
        },
        long_only: rules.alerts.long_only,
        now: at,
    };
    let read = reader.read(alert.body().as_bytes()).unwrap();
    let Asked::Signal(signal) = read.asked else {
        panic!("an entry is a signal");
    };
    let id = signal.id;
    let mut seen = book.clone();
    seen.marks = marks(rules);
    let facts = decide(&seen, rules, &Input::Signal(Box::new(signal)), at);
    for fact in &facts {
        book.apply(fact, at);
    }
    tell(id, &facts).body
}

/// Everything approved together stays within the limits of the portfolio.
fn within_limits(book: &Book, rules: &Rules) {
    let equity = book.desk.realised.get();
    let (mut risk, mut margin) = (Decimal::ZERO, Decimal::ZERO);
    for intent in book.open_intents() {
        let Goal::Open(goal) = &intent.goal else {
            continue;
        };
        let today = exchange_day(SystemClock.now());
        let spec = rules.instruments.spec(intent.contract, today).unwrap();
        let lots = intent.lots.unwrap();
        risk += (goal.price - goal.stop).value(lots, spec.point_value).get();
        margin += spec.margin_per_lot(goal.price, intent.product).get() * lots.decimal();
    }
    let portfolio = &rules.portfolio;
    assert!(risk <= equity * portfolio.risk.ratio().get(), "risk {risk}");
    assert!(
        margin <= equity * portfolio.margin_cap.ratio().get(),
        "margin {margin}"
    );
    let funds = book
        .desk
        .funds
        .and_then(|funds| funds.available)
        .unwrap()
        .get();
    assert!(margin <= funds, "{margin} of {funds}");
    let most = usize::try_from(portfolio.max_positions.unwrap()).unwrap();
    assert!(book.open_intents().count() <= most);
}
