//! A live start: refused with the reason, or open with a frozen desk.

use std::collections::BTreeMap;

use serde_json::json;
use sqlx::ConnectOptions as _;
use torana::config::{self, Options, load};
use torana::sim::{SimHandle, SimOptions, SimServer};
use torana::store;
use torana::store::cluster::testing::{TestDb, fresh};

use crate::support::{Gateway, client, setup, until};

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
            ("TORANA_ADMIN_TOKEN", "a-token-of-the-owner".to_owned()),
            ("OPENALGO_API_KEY", "k".to_owned()),
            ("OPENALGO_URL", format!("http://{}", sim.rest_addr)),
            ("TORANA__DESK__OPENING_CAPITAL", "5000000".to_owned()),
            ("TORANA__DESK__CONFIRMED", assumed.join(",")),
        ] {
            env.insert(key.to_owned(), value);
        }
        Self { sim, env, _db: db }
    }

    /// Starts, does not stay, and says these words.
    async fn refused(&self, words: &str) {
        let mut gateway = Gateway::spawn(&self.env);
        assert!(!gateway.opens().await, "{}", gateway.log());
        let said = until(async || gateway.log().contains(words).then_some(())).await;
        assert!(said.is_some(), "{}", gateway.log());
    }
}

#[tokio::test]
async fn live_refuses_the_simulator_the_analyzer_and_an_openalgo_that_is_away() {
    let practice = Live::with("torana-sim").await;
    practice.refused("is the simulator").await;

    let mut real = Live::with("zerodha").await;
    let toggle = format!("http://{}/api/v1/analyzer/toggle", real.sim.rest_addr);
    let asked = client().post(toggle);
    let asked = asked
        .json(&json!({"apikey": "k", "mode": true}))
        .send()
        .await
        .unwrap();
    assert!(asked.status().is_success());
    real.refused("analyzer mode").await;

    let nobody = "http://127.0.0.1:1".to_owned();
    real.env.insert("OPENALGO_URL".to_owned(), nobody);
    real.refused("start OpenAlgo, or look at OPENALGO_URL")
        .await;
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
    let asked = gateway.get_as("a-token-of-the-owner", "/admin/v1/status");
    let status = asked.await.body;
    assert_eq!(
        (&status["desk"]["mode"], &status["status"]["state"]),
        (&json!("live"), &json!("frozen")),
        "{status}"
    );
}
