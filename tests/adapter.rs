//! The adapter against the simulator: what it says about a call agrees with what the broker holds.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail loudly")]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use rust_decimal::Decimal;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use torana::broker::openalgo::{Feed, FeedEvent, FeedSettings, OpenAlgo, Settings, Wanted};
use torana::broker::{Ack, Broker, BrokerError, OrderState, ReadError, RefusalKind, Routing};
use torana::domain::money::{Money, Price, Quantity};
use torana::domain::order::{BrokerOrderId, Exchange, Pricing, Product, Side, Ticket};
use torana::sim::{
    Fault, FaultName, MasterRow, ServerStyle, SimHandle, SimOptions, SimServer, SymbolMaster,
};

const KEY: &str = "test-api-key";

fn price(text: &str) -> Price {
    Price::new(text.parse().unwrap()).unwrap()
}

/// Starts a simulator with one share in it, at 812.40 on a Friday afternoon.
fn start(style: ServerStyle) -> SimHandle {
    let share = MasterRow {
        reference: Some(price("812.4")),
        ..MasterRow::new(Exchange::Nse, "SBIN")
    };
    let friday = DateTime::from_timestamp(1_795_159_254, 0).unwrap();
    let sim = SimServer::start(&SimOptions {
        api_key: Some(KEY.to_owned()),
        step_ms: 0,
        limits: false,
        style,
        ..SimOptions::new(SymbolMaster::new(vec![share]), Arc::new(move || friday))
    })
    .unwrap();
    sim.set_price(Exchange::Nse, "SBIN", price("812.4"))
        .unwrap();
    sim
}

fn adapter(sim: &SimHandle) -> OpenAlgo {
    OpenAlgo::new(&Settings {
        order: Duration::from_millis(500),
        book_reads_per_second: NonZeroU32::new(1_000).unwrap(),
        ..Settings::new(&format!("http://{}", sim.rest_addr), KEY.into())
    })
    .unwrap()
}

fn ticket(pricing: Pricing) -> Ticket {
    Ticket {
        symbol: "SBIN".to_owned(),
        exchange: Exchange::Nse,
        product: Product::Cnc,
        side: Side::Buy,
        quantity: Quantity::new(10),
        pricing,
    }
}

fn resting() -> Ticket {
    ticket(Pricing::Limit(price("800")))
}

async fn sent(broker: &OpenAlgo, ticket: &Ticket) -> BrokerOrderId {
    let Ack::Sent(id) = broker.submit(ticket).await.unwrap() else {
        unreachable!("nothing waits for a person here");
    };
    id
}

#[tokio::test]
async fn an_order_lives_and_dies_in_either_style_of_server() {
    for style in [ServerStyle::Werkzeug, ServerStyle::Gunicorn] {
        let sim = start(style);
        let broker = adapter(&sim);
        let id = sent(&broker, &resting()).await;
        let stop = ticket(Pricing::StopLimit {
            trigger: price("820"),
            limit: price("825"),
        });
        let stop_id = sent(&broker, &stop).await;

        let moved = ticket(Pricing::Limit(price("801.5")));
        broker.modify(&id, &moved).await.unwrap();
        let row = broker.order_status(&id).await.unwrap().unwrap();
        assert_eq!(row.pricing, Some(Pricing::Limit(price("801.5"))));
        assert_eq!(row.state, OrderState::Open);

        broker.cancel(&id).await.unwrap();
        let book = broker.order_book().await.unwrap();
        let state = |id| {
            let row = book.rows.iter().find(|row| row.id == id).unwrap();
            assert!(row.may_be(&stop.key()));
            row.state.clone()
        };
        assert!(book.complete());
        assert_eq!(state(id), OrderState::Cancelled);
        assert_eq!(state(stop_id), OrderState::TriggerPending);
        let unknown = BrokerOrderId::new("999999").unwrap();
        assert_eq!(broker.order_status(&unknown).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_fill_shows_in_every_book() {
    let sim = start(ServerStyle::Gunicorn);
    let broker = adapter(&sim);
    let id = sent(&broker, &ticket(Pricing::Limit(price("815")))).await;
    let trades = broker.trade_book().await.unwrap();
    let [trade] = trades.rows.as_slice() else {
        unreachable!("one fill, not {:?}", trades.rows);
    };
    assert_eq!((&trade.order, trade.quantity), (&id, Quantity::new(10)));
    assert_eq!(trade.value, Money::new(trade.price.get() * Decimal::TEN));
    let positions = broker.position_book().await.unwrap();
    assert_eq!(positions.rows[0].quantity, 10);
    let row = broker.order_status(&id).await.unwrap().unwrap();
    assert_eq!(row.state, OrderState::Complete);
}

#[tokio::test]
async fn everything_that_can_be_read_is_read() {
    let sim = start(ServerStyle::Werkzeug);
    let broker = adapter(&sim);
    assert_eq!(broker.ping().await.unwrap(), "torana-sim");
    assert_eq!(broker.routing().await.unwrap(), Routing::Broker);
    let quote = broker.quote(Exchange::Nse, "SBIN").await.unwrap();
    assert_eq!(quote.ltp, price("812.4"));
    assert!(quote.bid.unwrap() < quote.ask.unwrap());
    let names = ["SBIN", "NOSUCH"].map(|name| (Exchange::Nse, name.to_owned()));
    assert_eq!(broker.quotes(&names).await.unwrap().len(), 1);
    let contract = broker.symbol(Exchange::Nse, "SBIN").await.unwrap();
    assert_eq!(
        (contract.lot, contract.freeze),
        (Some(Quantity::new(1)), None)
    );
    assert!(broker.funds().await.unwrap().available.is_some());
    assert!(broker.margin(&resting()).await.unwrap() > Money::ZERO);
    let absent = broker.symbol(Exchange::Nse, "NOSUCH").await;
    assert!(
        matches!(absent, Err(ReadError::Absent { .. })),
        "{absent:?}"
    );
}

/// What the adapter may say under a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Sent,
    Queued,
    NotSent,
    Refused(RefusalKind),
    Uncertain,
}

fn said(outcome: &Result<Ack, BrokerError>) -> Said {
    match outcome {
        Ok(Ack::Sent(_)) => Said::Sent,
        Ok(Ack::Queued { .. }) => Said::Queued,
        Err(BrokerError::NotSent { .. }) => Said::NotSent,
        Err(BrokerError::Refused { kind, .. }) => Said::Refused(*kind),
        Err(BrokerError::Uncertain { .. }) => Said::Uncertain,
    }
}

fn fault(name: FaultName) -> Fault {
    let short = name == FaultName::UpdateBeforeAck || name == FaultName::Slow;
    let ms = Some(if short { 5 } else { 60_000 });
    Fault {
        fault: name,
        count: None,
        ms,
        n: None,
        text: None,
        route: Some("placeorder".to_owned()),
        accept: false,
    }
}

#[tokio::test]
async fn what_is_said_of_an_order_agrees_with_the_broker_under_every_fault() {
    for (name, expected, taken) in [
        (FaultName::NullOrderid, Said::Uncertain, false),
        (FaultName::PlaceholderOrderid, Said::Uncertain, true),
        (FaultName::NumericOrderid, Said::Sent, true),
        (FaultName::Created201Error, Said::Uncertain, true),
        (FaultName::Error500AfterAccept, Said::Uncertain, true),
        (FaultName::Error500Nothing, Said::Uncertain, false),
        (FaultName::HangAfterAccept, Said::Uncertain, true),
        (FaultName::HangNothing, Said::Uncertain, false),
        (FaultName::ResetAfterAccept, Said::Uncertain, true),
        (FaultName::ResetBefore, Said::Uncertain, false),
        (FaultName::Reject, Said::Refused(RefusalKind::Margin), false),
        (FaultName::RejectAfterAck, Said::Sent, true),
        (FaultName::Limiter429, Said::NotSent, false),
        (
            FaultName::Broker429,
            Said::Refused(RefusalKind::RateLimit),
            false,
        ),
        (
            FaultName::SessionExpired403,
            Said::Refused(RefusalKind::Key),
            false,
        ),
        (FaultName::SemiAuto, Said::Queued, false),
        (FaultName::Slow, Said::Sent, true),
        (FaultName::Error500, Said::Uncertain, false),
        (FaultName::UpdateBeforeAck, Said::Sent, true),
    ] {
        let sim = start(ServerStyle::Gunicorn);
        let broker = adapter(&sim);
        sim.set_faults(vec![fault(name)]);
        let outcome = broker.submit(&resting()).await;
        sim.clear_faults().unwrap();
        let rows = broker.order_book().await.unwrap().rows;
        assert_eq!(
            (said(&outcome), rows.len()),
            (expected, usize::from(taken)),
            "{name}: {outcome:?}"
        );
        if let Ok(Ack::Sent(id)) = &outcome {
            assert_eq!(&rows[0].id, id, "{name}");
        }
    }
}

#[tokio::test]
async fn odd_reads_are_unknown_and_never_zero() {
    let sim = start(ServerStyle::Werkzeug);
    let broker = adapter(&sim);
    let strike = |name| {
        sim.clear_faults().unwrap();
        sim.set_faults(vec![Fault {
            route: None,
            ..fault(name)
        }]);
    };
    strike(FaultName::FundsEmpty);
    assert_eq!(broker.funds().await.unwrap().available, None);
    strike(FaultName::FundsNan);
    assert_eq!(broker.funds().await.unwrap().available, None);
    for name in [FaultName::QuoteZero, FaultName::NoQuote] {
        strike(name);
        let quote = broker.quote(Exchange::Nse, "SBIN").await;
        assert!(
            matches!(quote, Err(ReadError::Unavailable { .. })),
            "{quote:?}"
        );
    }
    strike(FaultName::SessionExpired403);
    let funds = broker.funds().await;
    assert!(matches!(funds, Err(ReadError::Locked { .. })), "{funds:?}");
    strike(FaultName::Analyze);
    assert_eq!(broker.routing().await.unwrap(), Routing::Sandbox);
}

#[tokio::test]
async fn what_the_analyzer_answers_is_no_answer_of_the_broker() {
    let sim = start(ServerStyle::Werkzeug);
    let practice = adapter(&sim);
    let url = format!("http://{}", sim.rest_addr);
    let real = OpenAlgo::new(&Settings {
        broker_only: true,
        ..Settings::new(&url, KEY.into())
    });
    let real = real.unwrap();
    let id = sent(&real, &resting()).await;
    sim.set_faults(vec![Fault {
        route: None,
        ..fault(FaultName::Analyze)
    }]);
    assert!(practice.funds().await.is_ok() && practice.order_book().await.is_ok());
    assert!(real.funds().await.is_err() && real.order_book().await.is_err());
    assert!(real.position_book().await.is_err() && real.trade_book().await.is_err());
    assert!(real.order_status(&id).await.is_err());
    let not_sent = Said::NotSent;
    assert_eq!(said(&real.submit(&resting()).await), not_sent);
    assert_eq!(said(&real.cancel(&id).await), not_sent);
    assert_eq!(real.routing().await.unwrap(), Routing::Sandbox);
}

#[tokio::test]
async fn semi_automatic_mode_is_found_by_cancelling_nothing() {
    let sim = start(ServerStyle::Werkzeug);
    let broker = adapter(&sim);
    sim.set_faults(vec![Fault {
        route: None,
        ..fault(FaultName::SemiAuto)
    }]);
    let nothing = BrokerOrderId::new("torana-probe").unwrap();
    let outcome = broker.cancel(&nothing).await;
    assert_eq!(said(&outcome), Said::Refused(RefusalKind::SemiAuto));
}

#[tokio::test]
async fn the_feed_tells_prices_and_orders_as_they_happen() {
    let sim = start(ServerStyle::Werkzeug);
    let broker = adapter(&sim);
    let wanted = Wanted::from([(Exchange::Nse, "SBIN".to_owned())]);
    let (_wish, wanted) = watch::channel(wanted);
    let (events, mut told) = mpsc::channel(64);
    let stop = CancellationToken::new();
    let url = format!("ws://{}", sim.feed_addr);
    let feed = Feed::new(FeedSettings::new(&url, KEY.into()), wanted).run(events, stop.clone());
    let watching = async {
        assert_eq!(told.recv().await, Some(FeedEvent::Up));
        // it asks for prices last: once one has come, it hears of every order
        loop {
            sim.step().unwrap();
            if let Ok(FeedEvent::Tick(_)) = told.try_recv() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let id = sent(&broker, &resting()).await;
        let mut orders = Vec::new();
        let mut prices = 0_u32;
        while orders.is_empty() || prices == 0 {
            sim.step().unwrap();
            match told.recv().await.unwrap() {
                FeedEvent::Order(row) => orders.push(row),
                FeedEvent::Tick(tick) => prices += u32::from(tick.symbol == "SBIN"),
                FeedEvent::Up | FeedEvent::Down(_) | FeedEvent::Refused(_) => {
                    unreachable!("nothing is wrong with this feed")
                }
            }
        }
        assert_eq!((&orders[0].id, &orders[0].state), (&id, &OrderState::Open));
        stop.cancel();
    };
    tokio::join!(feed, watching);
}
