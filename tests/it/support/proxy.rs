//! A way to PostgreSQL on which somebody may fall silent: every connection stays open, and nothing
//! more is heard. That is what a host looks like that vanished without a word.

use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// What a read takes at most.
const CHUNK: usize = 64 * 1024;

/// The way; it ends with the test's runtime.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
}

/// From which word of the gateway on there is silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// That word does not arrive either.
    From,
    /// That word arrives, and what is answered to it does not.
    After,
}

/// What becomes of the connections that were there while it was silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Old {
    /// They stay open and silent.
    Dead,
    /// What was said on them arrives now.
    Late,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// At which word silence falls, and how.
    falls: Option<(Vec<u8>, Silence)>,
    silent: bool,
    /// How many connections there were, and of those, how many stay silent.
    made: u64,
    dead: u64,
}

impl State {
    const fn lets_pass(&self, number: u64) -> bool {
        !self.silent && number >= self.dead
    }
}

impl Proxy {
    /// Opens a way to the server of these options.
    #[expect(
        clippy::disallowed_methods,
        reason = "it ends with the runtime of its test"
    )]
    pub(crate) async fn to(server: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(watch::Sender::new(State::default()));
        let (to, shared) = (server.clone(), Arc::clone(&state));
        tokio::spawn(async move {
            while let Ok((gateway, _)) = listener.accept().await {
                tokio::spawn(connect(gateway, to.clone(), Arc::clone(&shared)));
            }
        });
        Self { port, state }
    }

    /// The address of the server by this way.
    pub(crate) fn url(&self, server: &PgConnectOptions) -> String {
        let by_name = match server.get_socket() {
            None => server.clone(),
            Some(_) => PgConnectOptions::new_without_pgpass()
                .username(server.get_username())
                .database(server.get_database().unwrap())
                .ssl_mode(PgSslMode::Disable),
        };
        let through = by_name.host("127.0.0.1").port(self.port);
        through.to_url_lossy().to_string()
    }

    /// Falls silent as soon as a gateway says this.
    pub(crate) fn falls_silent(&self, word: &str, how: Silence) {
        let falls = Some((word.as_bytes().to_vec(), how));
        self.state.send_modify(|state| state.falls = falls);
    }

    /// Whether it is silent.
    pub(crate) fn is_silent(&self) -> bool {
        self.state.borrow().silent
    }

    /// Lets everything pass again.
    pub(crate) fn speaks_again(&self, old: Old) {
        self.state.send_modify(|state| {
            state.silent = false;
            if old == Old::Dead {
                state.dead = state.made;
            }
        });
    }
}

/// Carries everything that is said on one connection, both ways.
async fn connect(gateway: TcpStream, server: PgConnectOptions, state: Arc<watch::Sender<State>>) {
    let mut number = 0;
    state.send_modify(|state| {
        number = state.made;
        state.made += 1;
    });
    let (said, heard) = gateway.into_split();
    if let Some(dir) = server.get_socket() {
        let at = dir.join(format!(".s.PGSQL.{}", server.get_port()));
        let Ok(server) = UnixStream::connect(at).await else {
            return;
        };
        let (answers, asked) = server.into_split();
        let there = carry(said, asked, (&state, number, true));
        tokio::join!(there, carry(answers, heard, (&state, number, false)));
    } else {
        let at = (server.get_host(), server.get_port());
        let Ok(server) = TcpStream::connect(at).await else {
            return;
        };
        let (answers, asked) = server.into_split();
        let there = carry(said, asked, (&state, number, true));
        tokio::join!(there, carry(answers, heard, (&state, number, false)));
    }
}

/// Carries what comes from one side to the other, its end included, while anything may pass.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    (state, number, asks): (&watch::Sender<State>, u64, bool),
) {
    let mut passes = state.subscribe();
    let mut chunk = vec![0; CHUNK];
    let mut tail = Vec::new();
    loop {
        let size = from.read(&mut chunk).await.unwrap_or(0);
        let said = &chunk[..size];
        let falls = asks.then(|| fall(state, &mut tail, said)).flatten();
        if falls == Some(Silence::After) {
            drop(to.write_all(said).await);
            continue;
        }
        // the sender lives as long as this function
        drop(passes.wait_for(|state| state.lets_pass(number)).await);
        if size == 0 || to.write_all(said).await.is_err() {
            drop(to.shutdown().await);
            return;
        }
    }
}

/// Falls silent where what is said holds the word for it, also over two reads.
fn fall(state: &watch::Sender<State>, tail: &mut Vec<u8>, said: &[u8]) -> Option<Silence> {
    let (word, how) = state.borrow().falls.clone()?;
    tail.extend_from_slice(said);
    let found = tail.windows(word.len()).any(|part| part == word);
    tail.drain(..tail.len().saturating_sub(word.len()));
    if !found {
        return None;
    }
    state.send_modify(|state| {
        state.falls = None;
        state.silent = true;
    });
    Some(how)
}
