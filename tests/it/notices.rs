//! People are told: each thing once, by every channel, however often a channel is away.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use torana::sim::{Fault, FaultName};

use crate::support::{Alert, World, until};

/// What a channel has received.
type Received = Arc<Mutex<Vec<String>>>;

/// Serves connections one after the other for as long as the test lives.
fn serving(serve: fn(TcpStream, &Received) -> std::io::Result<()>) -> (u16, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let received = Received::default();
    let into = Arc::clone(&received);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // whoever hangs up has had enough
            let _hung_up = serve(stream, &into);
        }
    });
    (port, received)
}

fn keep(received: &Received, text: String) -> usize {
    let mut all = received.lock().unwrap_or_else(PoisonError::into_inner);
    all.push(text);
    all.len()
}

fn all(received: &Received) -> Vec<String> {
    received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Telegram's Bot API; it takes nothing at first.
fn telegram(stream: TcpStream, received: &Received) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while stream.read_line(&mut line)? > 2 {
        if let Some((_, value)) = line.split_once("ontent-length: ") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let seen = keep(received, String::from_utf8(body).unwrap());
    let (status, answer) = if seen == 1 {
        (
            "429 Too Many Requests",
            r#"{"ok":false,"parameters":{"retry_after":0}}"#,
        )
    } else {
        ("200 OK", r#"{"ok":true}"#)
    };
    let head =
        format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n");
    let answer = format!("{head}content-length: {}\r\n\r\n{answer}", answer.len());
    stream.get_mut().write_all(answer.as_bytes())
}

/// A mail server that takes everything.
fn mail(stream: TcpStream, received: &Received) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.get_mut().write_all(b"220 here\r\n")?;
    let (mut line, mut text, mut writing) = (String::new(), String::new(), false);
    while stream.read_line(&mut line)? > 0 {
        let answer: &[u8] = match line.trim_end() {
            "." if writing => {
                writing = false;
                keep(received, core::mem::take(&mut text));
                b"250 taken\r\n"
            }
            _ if writing => {
                text.push_str(&line);
                b""
            }
            "DATA" => {
                writing = true;
                b"354 go on\r\n"
            }
            "QUIT" => b"221 bye\r\n",
            _ => b"250 fine\r\n",
        };
        stream.get_mut().write_all(answer)?;
        line.clear();
    }
    Ok(())
}

#[tokio::test]
async fn a_fill_is_told_once_though_the_channel_was_away_and_a_halt_goes_by_mail_as_well() {
    let mut world = World::new(&[]).await;
    let (port, told) = serving(telegram);
    let (mail_port, mailed) = serving(mail);
    let (url, mail_port) = (format!("http://127.0.0.1:{port}"), mail_port.to_string());
    let over = [
        ("TORANA__NOTIFY__TELEGRAM_CHAT", "42"),
        ("TORANA__NOTIFY__TELEGRAM_URL", &url),
        ("TORANA_TELEGRAM_TOKEN", "a-token-of-the-tests"),
        ("TORANA__NOTIFY__MAIL_SERVER", "127.0.0.1"),
        ("TORANA__NOTIFY__MAIL_PORT", &mail_port),
        ("TORANA__NOTIFY__MAIL_TLS", "off"),
        ("TORANA__NOTIFY__MAIL_SENDER", "torana@example.com"),
        ("TORANA__NOTIFY__MAIL_TO", "me@example.com"),
    ];
    let gateway = world.gateway_with(&over).await;
    assert!(world.is_listened_to().await, "{}", gateway.log());
    world.alert(&gateway, &Alert::entry()).await;
    world.until_settled(&gateway).await;
    let is_told = async |words: &str| {
        let found = until(async || {
            let taken = all(&told)
                .into_iter()
                .skip(1)
                .any(|text| text.contains(words));
            taken.then_some(())
        });
        found
            .await
            .unwrap_or_else(|| panic!("never told {words:?}: {:?}\n{}", all(&told), gateway.log()));
    };
    is_told("GOLD_MINI Long_1: bought").await;
    let bought = all(&told)
        .iter()
        .skip(1)
        .filter(|text| text.contains("bought"))
        .count();
    assert_eq!(bought, 1, "{:?}", all(&told));
    assert!(
        all(&told)
            .iter()
            .all(|text| text.contains(r#""chat_id":"42""#))
    );
    world.sim.set_faults(vec![Fault::new(FaultName::SemiAuto)]);
    world.alert(&gateway, &Alert::exit()).await;
    is_told("the desk is reducing").await;
    let has = async |words: &str| {
        let found = until(async || {
            all(&mailed)
                .iter()
                .any(|mail| mail.contains(words))
                .then_some(())
        });
        found
            .await
            .unwrap_or_else(|| panic!("no mail of {words:?}\n{}", gateway.log()));
    };
    has("waits for a person at OpenAlgo").await;
    has("the desk is reducing").await;
    assert!(
        all(&mailed).iter().all(|mail| !mail.contains("bought")),
        "{:?}",
        all(&mailed)
    );
    assert!(!gateway.log().contains("a-token-of-the-tests"));
    world.leaves_doubt();
}

/// A mail server that never says a word, and knows when whoever called has had enough.
fn silent_mail(mut stream: TcpStream, received: &Received) -> std::io::Result<()> {
    keep(received, "called".to_owned());
    let mut nothing = [0];
    while stream.read(&mut nothing)? > 0 {}
    keep(received, "hung up".to_owned());
    Ok(())
}

#[tokio::test]
async fn a_mail_server_that_hangs_holds_no_page_to_telegram_back() {
    let mut world = World::new(&[]).await;
    let (port, told) = serving(telegram);
    let (mail_port, mailed) = serving(silent_mail);
    let (url, mail_port) = (format!("http://127.0.0.1:{port}"), mail_port.to_string());
    let over = [
        ("TORANA__NOTIFY__TELEGRAM_CHAT", "42"),
        ("TORANA__NOTIFY__TELEGRAM_URL", &url),
        ("TORANA_TELEGRAM_TOKEN", "a-token-of-the-tests"),
        ("TORANA__NOTIFY__MAIL_SERVER", "127.0.0.1"),
        ("TORANA__NOTIFY__MAIL_PORT", &mail_port),
        ("TORANA__NOTIFY__MAIL_TLS", "off"),
        ("TORANA__NOTIFY__MAIL_SENDER", "torana@example.com"),
        ("TORANA__NOTIFY__MAIL_TO", "me@example.com"),
    ];
    let gateway = world.gateway_with(&over).await;
    assert!(world.is_listened_to().await, "{}", gateway.log());
    world.sim.set_faults(vec![Fault::new(FaultName::SemiAuto)]);
    world.alert(&gateway, &Alert::entry()).await;
    let hangs = until(async || (!all(&mailed).is_empty()).then_some(())).await;
    assert!(hangs.is_some(), "no mail\n{}", gateway.log());
    // something new to tell, made while the mail hangs
    let why = ["reduce", "--why", "the second page"];
    world.command(&why).await;
    let paged = until(async || {
        let told = all(&told);
        told.iter()
            .any(|text| text.contains("the second page"))
            .then_some(())
    });
    assert!(paged.await.is_some(), "{:?}\n{}", all(&told), gateway.log());
    assert_eq!(all(&mailed), ["called"]);
    world.leaves_doubt();
}
