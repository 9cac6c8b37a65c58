//! A live start: refused with the reason, or open with a frozen desk.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::ConnectOptions as _;
use torana::config::{self, Options, load};
use torana::sim::{Fault, FaultName, SimHandle, SimOptions, SimServer};
use torana::store;
use torana::store::cluster::testing::{TestDb, fresh};

use crate::support::{Alert, Answer, Gateway, client, config_dir, setup, until};

/// The token of the one who runs it.
const OWNER: &str = "a-token-of-the-owner";

/// A real OpenAlgo as far as anybody can tell, and a database for live.
struct Live {
    sim: SimHandle,
    env: BTreeMap<String, String>,
    _db: TestDb,
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.env["TORANA_DATA"]));
    }
}

impl Live {
    async fn with(broker: &str) -> Self {
        let base = load(
            &Options::default(),
            &[("HOME".to_owned(), "/".to_owned())].into(),
        );
        let base = base.unwrap();
        let options = SimOptions {
            broker: broker.to_owned(),
            limits: false,
            ..torana::app::sim_base(&base)
        };
        let sim = SimServer::start(&options).unwrap();
        let db = fresh(&setup(), store::migrate).await.unwrap();
        let data = std::env::temp_dir().join(format!(
            "torana-live-{}-{broker}-{}",
            std::process::id(),
            sim.rest_addr.port()
        ));
        std::fs::create_dir_all(data.join("config")).unwrap();
        let assumed: Vec<&str> = base
            .assumed
            .iter()
            .map(|(one, _)| one.id.as_str())
            .collect();
        let mut env = BTreeMap::new();
        let path = config::environment()
            .get("PATH")
            .cloned()
            .unwrap_or_default();
        let url = |options: sqlx::postgres::PgConnectOptions| options.to_url_lossy().to_string();
        for (key, value) in [
            ("PATH", path),
            ("DATABASE_URL", url(db.service_options())),
            ("DATABASE_OWNER_URL", url(db.owner_options())),
            ("TORANA_DATA", data.display().to_string()),
            ("TORANA__MODE", "live".to_owned()),
            ("TORANA__LOG__FORMAT", "text".to_owned()),
            ("TORANA_LIVE", "i-accept-real-orders".to_owned()),
            ("TORANA_ADMIN_TOKEN", OWNER.to_owned()),
            ("OPENALGO_API_KEY", "k".to_owned()),
            ("OPENALGO_URL", format!("http://{}", sim.rest_addr)),
            ("TORANA__DESK__OPENING_CAPITAL", "5000000".to_owned()),
            ("TORANA__DESK__CONFIRMED", assumed.join(",")),
            ("TORANA__MONITOR__PAUSE", "50ms".to_owned()),
            ("TORANA__MONITOR__FUNDS_POLL", "50ms".to_owned()),
        ] {
            env.insert(key.to_owned(), value);
        }
        Self { sim, env, _db: db }
    }

    /// Switches OpenAlgo's analyzer.
    async fn analyzer(&self, on: bool) {
        let toggle = format!("http://{}/api/v1/analyzer/toggle", self.sim.rest_addr);
        let asked = client().post(toggle);
        let asked = asked.json(&json!({"apikey": "k", "mode": on}));
        assert!(asked.send().await.unwrap().status().is_success());
    }

    /// Adds a source; returns the path of its alerts.
    async fn source(&self) -> String {
        let ran = tokio::process::Command::new(env!("CARGO_BIN_EXE_torana"))
            .arg("--config")
            .arg(config_dir(self.env["TORANA_DATA"].as_ref()))
            .args(["source", "add", "tests", "--why", "a test"])
            .env_clear()
            .envs(&self.env)
            .output();
        let ran = ran.await.unwrap();
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let error = String::from_utf8_lossy(&ran.stderr).into_owned();
        let named = text.split_once("/webhook/");
        let (_, rest) = named.unwrap_or_else(|| panic!("{text}{error}"));
        let secret = rest.split_whitespace().next().unwrap();
        format!("/webhook/{secret}")
    }

    /// Starts, does not stay, and says these words.
    async fn refused(&self, words: &str) {
        let mut gateway = Gateway::spawn(&self.env);
        assert!(!gateway.opens().await, "{}", gateway.log());
        let said = until(async || gateway.log().contains(words).then_some(())).await;
        assert!(said.is_some(), "{}", gateway.log());
    }
}

/// Waits until the gateway says these words of itself.
async fn says(gateway: &Gateway, words: &str) {
    let said = until(async || {
        let ready = gateway.get("/readyz").await;
        assert_eq!(ready.status, 200, "{ready:?}");
        ready.text.contains(words).then_some(())
    });
    assert!(said.await.is_some(), "{words}\n{}", gateway.log());
}

/// Waits until the gateway says these words no more.
async fn says_no_more(gateway: &Gateway, words: &str) {
    let silent = until(async || {
        let ready = gateway.get("/readyz").await;
        (!ready.text.contains(words)).then_some(())
    });
    assert!(silent.await.is_some(), "{words}\n{}", gateway.log());
}

/// What the owner reads.
async fn read(gateway: &Gateway, path: &str) -> Answer {
    gateway.get_as(OWNER, &format!("/admin/v1/{path}")).await
}

/// The desk as its owner makes it.
async fn make(gateway: &Gateway, state: &str) {
    let body = json!({"scope": "desk", "state": state, "why": "a test"}).to_string();
    let set = gateway.post_as(OWNER, "/admin/v1/state", &body).await;
    assert_eq!(set.status, 200, "{set:?}");
}

/// Sends an entry; returns whether the way of orders let it pass, whatever the hour says.
async fn passes(gateway: &Gateway, path: &str) -> bool {
    let body = Alert::entry().body();
    let sent = gateway.post(path, "application/json", &body).await.unwrap();
    let id = sent.body["signal_id"].as_str();
    let id = id.unwrap_or_else(|| panic!("{sent:?}"));
    let signal = read(gateway, &format!("signals/{id}")).await;
    let judged = verdict(&signal.body);
    judged.unwrap_or_else(|| panic!("{signal:?}"))
}

/// What the gate of the way says, wherever the record of the decision is.
fn verdict(value: &Value) -> Option<bool> {
    match value {
        Value::Array(all) => all.iter().find_map(verdict),
        Value::Object(fields) if value["gate"] == "openalgo_unproved" => fields["pass"].as_bool(),
        Value::Object(fields) => fields.values().find_map(verdict),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[tokio::test]
async fn live_refuses_the_simulator_and_the_analyzer() {
    let practice = Live::with("torana-sim").await;
    practice.refused("is the simulator").await;

    let real = Live::with("zerodha").await;
    real.analyzer(true).await;
    real.refused("analyzer mode").await;
}

#[tokio::test]
async fn without_a_session_live_opens_guards_and_lets_nothing_in_until_all_was_asked_again() {
    let real = Live::with("zerodha").await;
    let path = real.source().await;
    let no_session = Fault::new(FaultName::SessionExpired403);
    real.sim.set_faults(vec![no_session]);
    let mut gateway = Gateway::spawn(&real.env);
    assert!(gateway.opens().await, "{}", gateway.log());
    says(&gateway, "log in to the broker in OpenAlgo").await;
    says(&gateway, "nothing is entered").await;
    let findings = read(&gateway, "findings").await;
    assert_eq!(
        findings.body["items"][0]["code"], "openalgo_unproved",
        "{findings:?}"
    );
    // a person's word opens nothing that was not asked
    make(&gateway, "active").await;
    assert!(!passes(&gateway, &path).await, "{}", gateway.log());

    real.sim.clear_faults().unwrap();
    says_no_more(&gateway, "nothing is entered").await;
    let facts = read(&gateway, "facts?limit=1000").await;
    assert!(facts.text.contains("orders go to zerodha"), "{facts:?}");
    make(&gateway, "active").await;
    assert!(passes(&gateway, &path).await, "{}", gateway.log());
    assert_eq!(facts.text.matches("drift_found").count(), 1, "{facts:?}");
}

#[tokio::test]
async fn an_openalgo_that_is_away_keeps_no_door_shut() {
    let mut real = Live::with("zerodha").await;
    let nobody = "http://127.0.0.1:1".to_owned();
    real.env.insert("OPENALGO_URL".to_owned(), nobody);
    let mut gateway = Gateway::spawn(&real.env);
    assert!(gateway.opens().await, "{}", gateway.log());
    says(&gateway, "start OpenAlgo, or look at OPENALGO_URL").await;
}

#[tokio::test]
async fn an_analyzer_that_is_switched_on_later_is_seen_and_nothing_leaves_until_it_is_off() {
    let real = Live::with("zerodha").await;
    let path = real.source().await;
    let mut gateway = Gateway::spawn(&real.env);
    assert!(gateway.opens().await, "{}", gateway.log());
    make(&gateway, "active").await;
    assert!(passes(&gateway, &path).await, "{}", gateway.log());
    real.analyzer(true).await;
    says(&gateway, "analyzer mode").await;
    says(&gateway, "nothing leaves").await;
    let status = read(&gateway, "status").await;
    assert_eq!(status.body["status"]["state"], "reducing", "{status:?}");
    make(&gateway, "active").await;
    assert!(!passes(&gateway, &path).await, "{}", gateway.log());
    real.analyzer(false).await;
    says_no_more(&gateway, "nothing leaves").await;
    // exits leave from here on; entries wait until all else was asked as well
    says_no_more(&gateway, "nothing is entered").await;
    assert!(passes(&gateway, &path).await, "{}", gateway.log());
}

#[tokio::test]
async fn live_opens_with_a_frozen_desk_and_makes_no_source_by_itself() {
    let real = Live::with("zerodha").await;
    let mut gateway = Gateway::spawn(&real.env);
    assert!(gateway.opens().await, "{}", gateway.log());
    let said = gateway.log();
    assert!(said.contains("orders go to zerodha"), "{said}");
    assert!(
        !said.contains("webhook-path") && !said.contains("paper:"),
        "{said}"
    );
    let asked = gateway.get_as(OWNER, "/admin/v1/status");
    let status = asked.await.body;
    assert_eq!(
        (&status["desk"]["mode"], &status["status"]["state"]),
        (&json!("live"), &json!("frozen")),
        "{status}"
    );
}
