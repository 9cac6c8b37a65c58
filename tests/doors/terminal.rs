//! The command line beside the doors: it opens the same database, with or without a gateway.

use core::time::Duration;
use std::io::Write as _;
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sqlx::ConnectOptions as _;
use torana::domain::input::TradingState;

use super::admin::{ENTRY, held};
use super::house::{DESK, House};

/// Bad arguments.
const BAD: i32 = 2;

/// A terminal of a house.
struct Terminal<'a> {
    house: &'a House,
    environment: Vec<(&'a str, String)>,
}

impl<'a> Terminal<'a> {
    fn at(house: &'a House) -> Self {
        let url = |options: sqlx::postgres::PgConnectOptions| options.to_url_lossy().to_string();
        let environment = vec![
            ("DATABASE_URL", url(house.db.service_options())),
            ("DATABASE_OWNER_URL", url(house.db.owner_options())),
            ("TORANA_DATA", "/nonexistent/torana".to_owned()),
        ];
        Self { house, environment }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_torana"));
        let set = self.environment.iter().map(|(name, value)| (name, value));
        command.args(words).env_clear().envs(set);
        command
    }

    fn run(&self, words: &[&str]) -> Said {
        Said::of(&self.command(words).output().unwrap())
    }

    /// Runs and returns what was printed; it must succeed.
    fn done(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said.out
    }

    fn failed(&self, words: &[&str], (code, word): (i32, &str)) {
        let said = self.run(words);
        assert_eq!(said.code, Some(code), "{words:?}: {said:?}");
        assert!(said.err.contains(word), "{words:?}: {said:?}");
    }

    async fn seq(&self) -> i64 {
        self.house.store.tag(DESK).await.unwrap().seq
    }

    async fn state(&self) -> TradingState {
        let seen = self.house.store.snapshot(DESK).await.unwrap();
        seen.book.desk.state
    }
}

#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}

fn lines(text: &str) -> Vec<Value> {
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[actix_web::test]
async fn a_sources_secret_is_printed_once_and_works_at_the_door() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    let words = [
        "source",
        "add",
        "scout",
        "--kind",
        "exit",
        "--instrument",
        "GOLDM1!",
        "--signature",
        "off",
    ];
    let added = terminal.done(&words);
    let path = added.split_once(":8080").unwrap().1.trim();
    assert!(path.starts_with("/webhook/"), "{added}");
    let exit = r#"{"type":"EXIT","instrument":"GOLD_MINI","position":"ALL"}"#;
    assert_eq!(house.post(path, exit).await.status, 200);
    assert_eq!(house.post(path, ENTRY).await.status, 422);
    let listed = terminal.done(&["source", "list", "--json"]);
    assert!(!listed.contains(path.trim_start_matches("/webhook/")));
    let scout = lines(&listed)[1].clone();
    assert_eq!(
        (&scout["kinds"][0], &scout["instruments"][0]),
        (&"EXIT".into(), &"GOLD_MINI".into())
    );
    let rotated = terminal.done(&["source", "rotate", "scout"]);
    let newer = rotated
        .split_once(":8080")
        .unwrap()
        .1
        .lines()
        .next()
        .unwrap();
    assert_ne!(newer, path);
    terminal.done(&["source", "disable", "scout"]);
    terminal.failed(&["source", "disable", "scout"], (BAD, "no source"));
    assert!(terminal.done(&["source", "list"]).contains("scout"));
}

#[actix_web::test]
async fn a_source_that_makes_no_sense_is_not_added() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    for (option, value, word) in [
        ("--kind", "BUY", "BASE_ENTRY"),
        ("--side", "up", "long, short"),
        ("--address", "nowhere", "--address"),
        ("--signature", "yes", "required"),
        ("--product", "BO", "NRML"),
        ("--instrument", "GOLD", "BANK_NIFTY"),
    ] {
        terminal.failed(&["source", "add", "x", option, value], (BAD, word));
    }
    terminal.failed(&["source", "add", "a b"], (BAD, "name"));
    terminal.failed(&["source", "add", "tv-main"], (BAD, "already"));
    assert_eq!(house.store.sources(DESK).await.unwrap().len(), 1);
}

#[actix_web::test]
async fn what_a_person_orders_needs_a_reason_and_is_written_down_under_a_name() {
    let house = House::new().await;
    let mut terminal = Terminal::at(&house);
    terminal.failed(&["halt"], (BAD, "--why"));
    terminal.failed(&["halt", "--why", " "], (BAD, "reason"));
    assert_eq!(terminal.state().await, TradingState::Active);
    let said = terminal.done(&["halt", "--why", "news"]);
    assert!(
        said.contains("desk is reducing by terminal: news"),
        "{said}"
    );
    assert_eq!(terminal.state().await, TradingState::Reducing);
    terminal.done(&["resume", "--why", "calm"]);
    terminal.done(&["reduce", "GOLDM", "--why", "thin"]);
    assert_eq!(house.alert(ENTRY).await.code(), "reducing");
    assert!(terminal.done(&["status"]).contains("GOLD_MINI is reducing"));
    terminal
        .environment
        .push(("TORANA_ADMIN_TOKEN", "a-token-of-mine".to_owned()));
    let said = terminal.done(&["resume", "GOLD_MINI", "--why", "liquid"]);
    assert!(said.contains("by environment"), "{said}");
}

#[actix_web::test]
async fn freezing_names_the_legs_that_lose_their_guard_and_wants_a_yes() {
    let house = House::new().await;
    let leg = held(&house).await;
    let terminal = Terminal::at(&house);
    let mut asked = terminal.command(&["freeze", "--why", "x"]);
    let asked = asked.stdin(Stdio::null()).output().unwrap();
    let said = Said::of(&asked);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.out.contains(&leg) && said.err.contains("not confirmed"),
        "{said:?}"
    );
    assert_eq!(terminal.state().await, TradingState::Active);
    terminal.done(&["freeze", "--why", "x", "--yes-unguard"]);
    assert_eq!(terminal.state().await, TradingState::Frozen);
}

#[actix_web::test]
async fn legs_positions_and_instruments_are_taken_out_by_their_names() {
    let house = House::new().await;
    let leg = held(&house).await;
    let terminal = Terminal::at(&house);
    terminal.failed(&["exit", "NIFTY", "--why", "x"], (BAD, "nothing of NIFTY"));
    terminal.failed(&["exit", "GOLD", "--why", "x"], (BAD, "unknown instrument"));
    assert!(terminal.done(&["positions"]).contains("GOLD_MINI"));
    terminal.failed(
        &["exit", &leg, "--lots", "9", "--why", "x"],
        (BAD, "4 are held"),
    );
    let some = terminal.done(&["exit", &leg, "--lots", "1", "--why", "x"]);
    assert!(some.contains("close 1 lot,"), "{some}");
    let all = terminal.done(&["exit", "GOLDM", "--why", "x"]);
    assert!(all.contains("widened"), "{all}");
    terminal.failed(&["cancel", "nothing", "--why", "x"], (BAD, "no intent"));
    terminal.failed(
        &["settle", "aaaaaaaaaaaaaaaa/entry/1", "--why", "x"],
        (BAD, "--placed"),
    );
}

#[actix_web::test]
async fn checking_an_alert_explains_it_and_changes_nothing() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    terminal.done(&["facts"]);
    let before = terminal.seq().await;
    let mut check = terminal.command(&["check", "-", "--at", "2026-11-18T05:00:01Z"]);
    let check = check
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut running = check.spawn().unwrap();
    let mut pipe = running.stdin.take().unwrap();
    pipe.write_all(ENTRY.as_bytes()).unwrap();
    drop(pipe);
    let said = Said::of(&running.wait_with_output().unwrap());
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.out.contains("4 lots = min("), "{said:?}");
    assert!(said.out.contains("portfolio_risk"), "{said:?}");
    assert_eq!(terminal.seq().await, before);
    terminal.failed(&["check", "/nonexistent/alert"], (1, "cannot be read"));
    terminal.failed(&["check", "/dev/null"], (1, "400 not_json"));
    terminal.failed(&["check", "/dev/zero"], (1, "413"));
}

#[actix_web::test]
async fn everything_there_is_to_read_reads_as_json_too() {
    let house = House::new().await;
    let leg = held(&house).await;
    let terminal = Terminal::at(&house);
    let facts = lines(&terminal.done(&["facts", "--json", "--after", "0"]));
    assert_eq!(facts[0]["seq"], 1);
    let signals = lines(&terminal.done(&["signals", "--json"]));
    assert_eq!(signals[0]["id"], leg.as_str());
    let one = terminal.done(&["signals", &leg]);
    assert!(
        one.contains("4 lots = min(") && one.contains("leg opened"),
        "{one}"
    );
    let whole: Value = serde_json::from_str(&terminal.done(&["positions", "--json"])).unwrap();
    assert_eq!(whole["positions"][0]["legs"][0]["id"], leg.as_str());
    let status: Value = serde_json::from_str(&terminal.done(&["status", "--json"])).unwrap();
    assert_eq!(
        (&status["positions"], &status["mode"]),
        (&1.into(), &"paper".into())
    );
    let known = lines(&terminal.done(&["instruments", "--json"]));
    assert!(known.iter().any(|one| one["name"] == "GOLD_MINI"));
    terminal.failed(&["signals", "nothing"], (BAD, "no signal"));
}

#[actix_web::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    let mut listing = terminal.command(&["instruments"]);
    let mut running = listing
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(running.stdout.take());
    let said = Said::of(&running.wait_with_output().unwrap());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

#[actix_web::test]
async fn a_fresh_paper_account_keeps_who_may_send_and_never_starts_under_a_gateway() {
    let house = House::new().await;
    held(&house).await;
    let mut terminal = Terminal::at(&house);
    let data = std::env::temp_dir().join(format!("torana-reset-{}", std::process::id()));
    std::fs::create_dir_all(data.join("sim")).unwrap();
    terminal
        .environment
        .push(("TORANA_DATA", data.display().to_string()));
    let reset = ["reset", "--paper", "--why", "a new try", "--yes"];
    let lease = house
        .store
        .lease_acquire(DESK, "a gateway", Duration::from_mins(1));
    let lease = lease.await.unwrap().unwrap();
    terminal.failed(&reset, (1, "a gateway"));
    house.store.lease_release(lease).await.unwrap();
    terminal.failed(&["reset", "--why", "x", "--yes"], (BAD, "--paper"));
    terminal.done(&reset);
    assert!(!data.join("sim").exists());
    let facts = lines(&terminal.done(&["facts", "--json"]));
    assert_eq!(facts.last().unwrap()["is"]["why"], "a new try");
    let seen = house.store.snapshot(DESK).await.unwrap();
    assert!(seen.book.legs.is_empty());
    assert_eq!(house.store.sources(DESK).await.unwrap()[0].name, "tv-main");
    assert_eq!(
        house.store.verify_chain(DESK).await.unwrap().broken_at,
        None
    );
    std::fs::remove_dir_all(&data).unwrap();
}

#[actix_web::test]
async fn health_is_what_the_gateway_says_of_itself() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        for status in ["200 OK", "500 Internal Server Error"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 512];
            std::io::Read::read(&mut stream, &mut asked).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        }
    });
    assert_eq!(terminal.done(&["health", "--listen", &address]), "up\n");
    terminal.failed(&["health", "--listen", &address], (1, "500"));
    answering.join().unwrap();
    terminal.failed(&["health", "--listen", &address], (1, "no gateway answers"));
}

#[tokio::test]
async fn a_doctor_finds_a_healthy_desk_whole_and_a_head_it_never_had_missing() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    let said = terminal.done(&["doctor"]);
    for whole in ["ok   chain", "ok   fold", "ok   migrations"] {
        assert!(said.contains(whole), "{said}");
    }
    let tag = house.store.tag(DESK).await.unwrap();
    let head = data_encoding::HEXLOWER.encode(&tag.head);
    let noted = format!("{}:{head}", tag.seq);
    assert!(
        terminal
            .done(&["doctor", "--head", &noted])
            .contains("ok   head")
    );
    let other = format!("{}:{}", tag.seq, "00".repeat(32));
    terminal.failed(&["doctor", "--head", &other], (1, "not to be left so"));
    terminal.failed(
        &["backup", "/nonexistent/backup"],
        (1, "DATABASE_URL names a server"),
    );
}

#[actix_web::test]
async fn whoever_may_send_or_order_is_named_by_a_fact_and_a_refused_change_by_none() {
    let house = House::new().await;
    let terminal = Terminal::at(&house);
    terminal.done(&["source", "add", "scout", "--side", "long"]);
    terminal.done(&["source", "rotate", "scout", "--why", "it was seen"]);
    terminal.done(&["source", "disable", "scout", "--why", "no more"]);
    terminal.done(&["token", "add", "asha"]);
    terminal.done(&["token", "revoke", "asha"]);
    let told = house.told("source_changed").await;
    let words = |is: &Value| [&is["what"], &is["name"], &is["change"], &is["by"]].map(word);
    let told: Vec<[String; 4]> = told.iter().map(words).collect();
    let expected = [
        ["source", "tv-main", "added", "tests"],
        ["source", "scout", "added", "terminal"],
        ["source", "scout", "rotated", "terminal"],
        ["source", "scout", "disabled", "terminal"],
        ["token", "asha", "added", "terminal"],
        ["token", "asha", "revoked", "terminal"],
    ];
    assert_eq!(told, expected);
    let before = terminal.seq().await;
    terminal.failed(&["source", "add", "scout"], (BAD, "already"));
    terminal.failed(&["source", "rotate", "scout"], (BAD, "no source"));
    terminal.failed(&["token", "revoke", "asha"], (BAD, "no token"));
    terminal.failed(&["token", "add", "terminal"], (BAD, "taken"));
    // the rules this terminal has are known by now: nothing else is to be said
    assert_eq!(terminal.seq().await, before);
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
