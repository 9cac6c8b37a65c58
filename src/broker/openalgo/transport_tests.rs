//! What the adapter makes of servers that misbehave.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rust_decimal::Decimal;

use super::{OpenAlgo, ReadOnly, Route, Settings};
use crate::broker::{Ack, Broker as _, BrokerError, NotSent, ReadError};
use crate::domain::money::{Price, Quantity};
use crate::domain::order::{BrokerOrderId, Exchange, Pricing, Product, Side, Ticket};

const YES: &str = r#"{"orderid":"261120100000001","status":"success"}"#;

fn ticket() -> Ticket {
    Ticket {
        symbol: "SBIN".to_owned(),
        exchange: Exchange::Nse,
        product: Product::Mis,
        side: Side::Buy,
        quantity: Quantity::new(10),
        pricing: Pricing::Limit(Price::new(Decimal::from(812)).unwrap()),
    }
}

fn settings(port: u16) -> Settings {
    Settings {
        order: Duration::from_millis(300),
        read: Duration::from_millis(300),
        ..Settings::new(&format!("http://127.0.0.1:{port}"), "test-api-key".into())
    }
}

/// What a server does with a connection whose request it has read.
type Answer = fn(TcpStream);

/// Starts a server that hands every connection, request read, to `answer`; returns its port and
/// the requests it saw.
fn server(answer: Answer) -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, requests) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if seen.send(request(&mut stream)).is_err() {
                return;
            }
            answer(stream);
        }
    });
    (port, requests)
}

/// Reads one request, headers and body.
fn request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut buffer = [0_u8; 4096];
    loop {
        let count = stream.read(&mut buffer).unwrap();
        text.push_str(core::str::from_utf8(&buffer[..count]).unwrap());
        if count == 0 || text.ends_with('}') {
            return text;
        }
    }
}

fn say(mut stream: TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).unwrap();
    // The client may have gone already.
    let _gone = stream.shutdown(Shutdown::Write);
}

fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}")
}

async fn submit(answer: Answer) -> (Result<Ack, BrokerError>, usize) {
    let (port, requests) = server(answer);
    let broker = OpenAlgo::new(&settings(port)).unwrap();
    let outcome = broker.submit(&ticket()).await;
    (outcome, requests.try_iter().count())
}

#[tokio::test]
async fn a_refused_connection_proves_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let broker = OpenAlgo::new(&settings(port)).unwrap();
    let outcome = broker.submit(&ticket()).await;
    let Err(BrokerError::NotSent { why, .. }) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(why, NotSent::Unreachable);
}

#[tokio::test]
async fn a_host_without_a_name_proves_that_nothing_was_sent() {
    let mut settings = settings(1);
    settings.url = "http://nowhere.invalid:5000".to_owned();
    // However long the machine's resolver takes, the time to connect runs out first.
    settings.order = Duration::from_mins(1);
    let broker = OpenAlgo::new(&settings).unwrap();
    let outcome = broker.submit(&ticket()).await;
    assert!(
        matches!(outcome, Err(BrokerError::NotSent { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_never_saw_the_order() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || say(listener.accept().unwrap().0, "what?\r\n"));
    let mut settings = settings(port);
    settings.url = format!("https://127.0.0.1:{port}");
    let broker = OpenAlgo::new(&settings).unwrap();
    let outcome = broker.submit(&ticket()).await;
    assert!(
        matches!(outcome, Err(BrokerError::NotSent { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_order_is_sent_once_and_acknowledged_by_its_name() {
    let (outcome, requests) = submit(|stream| say(stream, &http("200 OK", YES))).await;
    let id = BrokerOrderId::new("261120100000001").unwrap();
    assert_eq!((outcome.unwrap(), requests), (Ack::Sent(id), 1));
}

#[tokio::test]
async fn whatever_breaks_after_the_order_left_is_uncertain_and_never_repeated() {
    let misbehaviours: [(&str, Answer); 8] = [
        ("hang", |stream| {
            let (_never, forever) = mpsc::channel::<()>();
            let _timeout = forever.recv_timeout(Duration::from_secs(2));
            drop(stream);
        }),
        ("close", drop),
        ("garbage", |stream| say(stream, "\0\0\0 no http\r\n\r\n")),
        ("headers cut", |stream| {
            say(stream, "HTTP/1.1 200 OK\r\nContent-");
        }),
        ("body cut", |stream| {
            say(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"orderid\":\"1\"",
            );
        }),
        ("empty", |stream| say(stream, &http("200 OK", ""))),
        ("endless", |stream| {
            say(
                stream,
                &http("200 OK", &YES.replace(',', &(" ".repeat(100_000) + ","))),
            );
        }),
        ("moved", |stream| {
            say(
                stream,
                "HTTP/1.1 307 X\r\nLocation: /api/v1/placeorder\r\nContent-Length: 0\r\n\r\n",
            );
        }),
    ];
    for (name, answer) in misbehaviours {
        let (outcome, requests) = submit(answer).await;
        assert!(
            matches!(outcome, Err(BrokerError::Uncertain { .. })),
            "{name}: {outcome:?}"
        );
        assert_eq!(requests, 1, "{name}");
    }
}

#[tokio::test]
async fn an_order_never_meets_a_used_connection() {
    // This server answers one request on each connection and then leaves it open, in silence: a
    // second request on the same one would hang.
    let (port, requests) = server(|mut stream| {
        stream.write_all(http("200 OK", YES).as_bytes()).unwrap();
        core::mem::forget(stream);
    });
    let broker = OpenAlgo::new(&settings(port)).unwrap();
    let id = BrokerOrderId::new("261120100000001").unwrap();
    assert!(broker.submit(&ticket()).await.is_ok());
    assert!(broker.cancel(&id).await.is_ok());
    assert!(broker.modify(&id, &ticket()).await.is_ok());
    let routes: Vec<String> = requests.try_iter().collect();
    assert!(routes[0].starts_with("POST /api/v1/placeorder HTTP/1.1"));
    assert!(routes[1].starts_with("POST /api/v1/cancelorder HTTP/1.1"));
    assert!(routes[2].starts_with("POST /api/v1/modifyorder HTTP/1.1"));
}

#[tokio::test]
async fn a_definite_no_is_refused() {
    let (outcome, _) = submit(|stream| {
        let no = r#"{"message":"Market is closed.","status":"error"}"#;
        say(stream, &http("400 BAD REQUEST", no));
    })
    .await;
    assert!(
        matches!(outcome, Err(BrokerError::Refused { code: 400, .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_failed_read_is_merely_unavailable() {
    let misbehaviours: [Answer; 3] = [
        drop,
        |stream| say(stream, "no http"),
        |stream| say(stream, &http("500 X", "{}")),
    ];
    for answer in misbehaviours {
        let (port, _requests) = server(answer);
        let broker = OpenAlgo::new(&settings(port)).unwrap();
        let read = broker.order_book().await;
        assert!(
            matches!(read, Err(ReadError::Unavailable { .. })),
            "{read:?}"
        );
    }
}

#[tokio::test]
async fn an_order_the_broker_does_not_know_is_none() {
    let (port, _requests) = server(|stream| {
        let no = r#"{"message":"Order 1 not found","status":"error"}"#;
        say(stream, &http("404 NOT FOUND", no));
    });
    let broker = OpenAlgo::new(&settings(port)).unwrap();
    let id = BrokerOrderId::new("1").unwrap();
    assert_eq!(broker.order_status(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_passed_on_read_comes_back_as_it_was_with_our_key_sent() {
    let (port, requests) = server(|stream| say(stream, &http("400 X", r#"{"message":"no"}"#)));
    let door = ReadOnly::new(&settings(port)).unwrap();
    let body = serde_json::from_str(r#"{"apikey":"theirs","symbol":"SBIN"}"#).unwrap();
    let answer = door.forward(Route::Depth, &body).await.unwrap();
    assert_eq!(
        (answer.status, answer.body),
        (400, br#"{"message":"no"}"#.to_vec())
    );
    let request = requests.recv().unwrap();
    assert!(request.starts_with("POST /api/v1/depth "));
    assert!(request.contains("test-api-key") && !request.contains("theirs"));
}
