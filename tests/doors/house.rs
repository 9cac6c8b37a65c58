//! A desk that takes alerts: database, rules, one source, and a market that follows their prices.

use core::time::Duration;
use std::sync::{Arc, Mutex};

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use torana::clock::Clock;
use torana::config::{Config, Options, load};
use torana::desk::person::{By, change_access};
use torana::desk::{CrashPoint, Desk, Lease, LiveMarks, Parts};
use torana::domain::calendar::exchange_day;
use torana::domain::input::{PriceSource, Quote, TradingState};
use torana::domain::money::Money;
use torana::http::webhook::sha256;
use torana::http::{Doors, routes};
use torana::store::cluster::testing::{Setup, TestDb, fresh, key_of};
use torana::store::{AccessChange, DeskId, MIGRATIONS, NewDesk, NewSource, Store, migrate};

/// The secret of the one source.
pub(crate) const SECRET: &str = "a-secret-of-the-path";

/// The profile sizes by the range of a bar.
pub(crate) const BAR: &str = r#"{"type":"MARKET_DATA","instrument":"GOLD_MINI","timestamp":"2026-11-18T10:30:00","price":78500,"atr":500,"supertrend":77000}"#;

pub(crate) const DESK: DeskId = DeskId(1);

/// A clock that a test sets.
pub(crate) struct HandClock(Mutex<DateTime<Utc>>);

impl HandClock {
    pub(crate) fn pass(&self, time: TimeDelta) {
        let mut now = self.0.lock().unwrap();
        *now += time;
    }
}

impl Clock for HandClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        let json = self.json();
        let code = json.pointer("/error/code").or_else(|| json.get("code"));
        code.and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// The parts of the house.
pub(crate) struct House {
    pub(crate) doors: Data<Doors>,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) store: Store,
    pub(crate) db: TestDb,
    _tasks: JoinSet<()>,
}

impl House {
    /// A paper desk with five million and one source that may send anything.
    pub(crate) async fn new() -> Self {
        Self::with(|_source| {}, |_doors| {}).await
    }

    /// The same, with a source and doors as a test wants them.
    pub(crate) async fn with(
        source: impl FnOnce(&mut NewSource),
        change: impl FnOnce(&mut Doors),
    ) -> Self {
        let setup = Setup {
            keeper: env!("CARGO_BIN_EXE_torana").into(),
            url: None,
            key: key_of(&MIGRATIONS),
        };
        let db = fresh(&setup, migrate).await.unwrap();
        let mut config = config();
        // Nobody asks a broker here what it counts in.
        config.rules.portfolio.prove_units = false;
        let instruments = Arc::new(config.rules.instruments.clone());
        let store = Store::connect(db.service_options(), instruments)
            .await
            .unwrap();
        let clock = Arc::new(HandClock(Mutex::new(
            "2026-11-18T05:00:00Z".parse().unwrap(),
        )));
        let new = NewDesk {
            id: DESK,
            name: "main".to_owned(),
            made_in: "paper",
            opening: Money::rupees(5_000_000),
            state: TradingState::Active,
        };
        store.ensure_desk(&new, clock.now()).await.unwrap();
        let mut known = NewSource {
            name: "tv-main".to_owned(),
            secret: sha256(SECRET.as_bytes()),
            ..NewSource::default()
        };
        source(&mut known);
        let (desk, tasks) = desk(&store, &config, &clock);
        desk.lease().keep().await.unwrap().unwrap();
        admit(&desk, AccessChange::SourceAdded(Box::new(known))).await;
        let mut doors = Doors::new(Arc::clone(&desk), &config);
        doors.price_seen = Some(market(desk));
        change(&mut doors);
        Self {
            doors: Data::new(doors),
            clock,
            store,
            db,
            _tasks: tasks,
        }
    }

    /// Posts a body, as a sender at an address of documentation would.
    pub(crate) async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = TestRequest::post().uri(path).set_payload(body.into());
        self.send(request).await
    }

    /// Sends an alert of the one source.
    pub(crate) async fn alert(&self, body: &str) -> Answer {
        self.post(&format!("/webhook/{SECRET}"), body).await
    }

    /// Returns every fact of a kind, in order.
    pub(crate) async fn told(&self, kind: &str) -> Vec<Value> {
        let rows = self.store.view_facts(DESK, 0, 1000).await.unwrap();
        let of_kind = rows.into_iter().filter(|row| row.kind == kind);
        of_kind
            .map(|row| serde_json::from_str(row.is.unwrap().get()).unwrap())
            .collect()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path)).await
    }

    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        let app = App::new().app_data(self.doors.clone()).configure(routes);
        let app = init_service(app).await;
        let peer = "203.0.113.7:4000".parse().unwrap();
        let response = call_service(&app, request.peer_addr(peer).to_request()).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = to_bytes(response.into_body()).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer {
            status,
            headers,
            text,
        }
    }
}

/// Changes who may send or order.
pub(crate) async fn admit(desk: &Desk, change: AccessChange) {
    let by = By {
        name: "tests",
        why: "a test",
        request: "one",
    };
    let changed = change_access(desk, change, ("everything".to_owned(), by)).await;
    changed.unwrap();
}

fn config() -> Config {
    let env = [("TORANA_DATA".to_owned(), "/nonexistent".to_owned())].into();
    load(&Options::default(), &env).unwrap()
}

fn desk(store: &Store, config: &Config, clock: &Arc<HandClock>) -> (Arc<Desk>, JoinSet<()>) {
    let clock: Arc<dyn Clock> = clock.clone();
    let (desk, worker) = Desk::new(Parts {
        store: store.clone(),
        id: DESK,
        rules: Arc::new(config.rules.clone()),
        clock,
        crash: Arc::new(CrashPoint::default()),
        marks: Arc::new(LiveMarks::default()),
        lease: Arc::new(Lease::new(
            store.clone(),
            DESK,
            "the house".to_owned(),
            Duration::from_hours(1),
        )),
        waiting_max: 1024,
        batch_max: 64,
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(worker.run(CancellationToken::new()));
    (desk, tasks)
}

/// A market that is wherever an alert says.
fn market(desk: Arc<Desk>) -> torana::http::PriceSeen {
    Arc::new(move |instrument, price| {
        let rules = desk.rules();
        let at = desk.clock().now();
        let today = exchange_day(at);
        let contract = rules
            .instruments
            .contract_for_entry(instrument, today, &rules.calendar);
        let quote = Quote {
            price,
            bid: None,
            ask: None,
            at,
        };
        desk.marks()
            .quote(contract.unwrap(), quote, PriceSource::Rest);
    })
}
