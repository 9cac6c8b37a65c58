//! A gateway in a process of its own, and how it is talked to.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use torana::clock::{Clock as _, SystemClock};

use super::wait::{PATIENCE, until};
use super::world::config_dir;

/// What its log says once it takes alerts.
const OPEN: &str = "the doors are open at ";

/// A running gateway; killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    number: u32,
    url: String,
    log: Log,
    http: reqwest::Client,
}

/// Everything it has written.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

/// What came back from a door.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body as it came.
    pub(crate) text: String,
    /// The body read as JSON, or null.
    pub(crate) body: Value,
    /// Whether it said that it had answered the same before.
    pub(crate) duplicate: bool,
    /// After how many seconds to come again.
    pub(crate) retry_after: Option<String>,
}

impl Log {
    #[expect(
        clippy::disallowed_methods,
        reason = "a reader of a pipe ends with the pipe"
    )]
    fn keep(&self, out: impl AsyncRead + Unpin + Send + 'static) {
        let log = self.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(out).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                log.lines().push(line);
            }
        });
    }

    fn lines(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything written so far.
    pub(crate) fn text(&self) -> String {
        self.lines().join("\n")
    }

    fn after(&self, words: &str) -> Option<String> {
        let lines = self.lines();
        let line = lines.iter().find(|line| line.contains(words))?;
        line.split_once(words)
            .map(|(_, rest)| rest.trim().to_owned())
    }
}

impl Gateway {
    /// Starts a process with this environment and nothing else.
    pub(crate) fn spawn(env: &BTreeMap<String, String>) -> Self {
        let config = config_dir(Path::new(&env["TORANA_DATA"]));
        let mut child = Command::new(env!("CARGO_BIN_EXE_torana"))
            .arg("--config")
            .arg(config)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env_clear()
            .envs(env)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let log = Log::default();
        log.keep(child.stdout.take().unwrap());
        log.keep(child.stderr.take().unwrap());
        Self {
            number: child.id().unwrap(),
            child,
            url: String::new(),
            log,
            http: client(),
        }
    }

    /// Waits until its doors are open; false when it has died before.
    pub(crate) async fn opens(&mut self) -> bool {
        let found = until(async || {
            if self.child.try_wait().unwrap().is_some() {
                return Some(None);
            }
            self.log.after(OPEN).map(Some)
        });
        match found.await {
            Some(Some(url)) => self.url = url,
            Some(None) => return false,
            None => panic!("no doors\n{}", self.log.text()),
        }
        true
    }

    /// Waits until its doors are open.
    pub(crate) async fn open(mut self) -> Self {
        assert!(self.opens().await, "it ended\n{}", self.log.text());
        self
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// The number of its process, which it keeps after its end.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// Whether it is frozen.
    pub(crate) fn is_stopped(&self) -> bool {
        let told = std::fs::read_to_string(format!("/proc/{}/stat", self.number)).unwrap();
        let (_, state) = told.rsplit_once(") ").unwrap();
        state.starts_with('T')
    }

    /// What it has written.
    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    /// Sends a request without a body.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let sent = self.http.get(format!("{}{path}", self.url)).send().await;
        answer(sent.unwrap()).await
    }

    /// Asks as the one who has this token.
    pub(crate) async fn get_as(&self, token: &str, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.url));
        answer(request.bearer_auth(token).send().await.unwrap()).await
    }

    /// Sends bytes; nothing comes back when it dies meanwhile.
    pub(crate) async fn post(&self, path: &str, kind: &str, body: &str) -> Option<Answer> {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("content-type", kind).body(body.to_owned());
        let response = request.send().await.ok()?;
        Some(answer(response).await)
    }

    /// Sends bytes with a signature of now.
    pub(crate) async fn post_signed(&self, path: &str, signature: &str, body: &str) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.header("x-torana-signature", signature);
        let now = SystemClock.now().timestamp().to_string();
        let request = request.header("x-torana-timestamp", now);
        answer(request.body(body.to_owned()).send().await.unwrap()).await
    }

    /// Sends bytes as JSON with an operator's token.
    pub(crate) async fn post_as(&self, token: &str, path: &str, body: &str) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url));
        let request = request.bearer_auth(token).body(body.to_owned());
        let request = request.header("content-type", "application/json");
        answer(request.send().await.unwrap()).await
    }

    /// Kills it, as a machine does that loses its power.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Waits until it has died at the place it was told to.
    pub(crate) async fn died(&mut self) -> ExitStatus {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        ended
            .unwrap_or_else(|_| panic!("it did not die\n{}", self.log.text()))
            .unwrap()
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(&mut self) -> ExitStatus {
        self.signal("TERM").await;
        self.died().await
    }

    /// Sends it a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("a process that runs").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().await;
        assert!(sent.unwrap().success());
    }
}

/// A client that finds everything on this machine, in the clear.
pub(crate) fn client() -> reqwest::Client {
    // the first choice of cryptography in a process stays
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .timeout(PATIENCE)
        .build()
        .unwrap()
}

async fn answer(response: reqwest::Response) -> Answer {
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (duplicate, retry_after) = (header("torana-duplicate"), header("retry-after"));
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    Answer {
        status,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
        duplicate: duplicate.as_deref() == Some("true"),
        retry_after,
    }
}
