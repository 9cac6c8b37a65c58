//! The keeper: a small process of its own that restarts the server when it dies, and stops it a
//! few seconds after the last user let go of `use.lock`.
//!
//! 1. There is at most one: its standard input *is* the locked `keeper.lock`, handed over by
//!    whoever started it, so there is no moment between being started and holding the lock.
//! 2. It outlives its starter and may be killed itself: the server runs on, a waiting user (see
//!    `watch`) starts another keeper, and that one takes the running server over.
//! 3. It stops the server only while it holds `use.lock` alone: a new user waits that long.
//! 4. A signal to end (the machine or the service stops) makes it wait for its users and then stop
//!    the server at once; until then it does not start a server that ended meanwhile.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::account::Account;
use super::binaries::Binaries;
use super::error::{ClusterError, io_error};
use super::layout::Layout;
use super::server::Server;

/// How often the keeper looks.
const TICK: Duration = Duration::from_millis(100);
/// Rounds without a user before the server stops: five seconds, so that a restart finds it warm.
const IDLE_ROUNDS_MAX: u32 = 50;
/// A server that ends sooner than this after its start has failed to start.
const YOUNG_ROUNDS: u32 = 20;
/// Failed starts in a row before the keeper gives up and says so; about four seconds.
const FAILED_STARTS_MAX: u32 = 8;
/// Keepers that one opening starts before it says that the server does not come up.
const KEEPERS_MAX: u32 = 2;
/// The pause of a user before it replaces a keeper that ended.
const REPLACE_PAUSE: Duration = Duration::from_millis(500);

/// Runs the keeper of the cluster in `dir` until its last user has gone.
///
/// This is the whole of the hidden command `torana keeper --dir DIR --bin-dir DIR`.
pub fn keep(dir: &Path, bin_dir: &Path) -> Result<(), ClusterError> {
    let layout = Layout::existing(dir)?;
    let mut lock = take_lock(&layout)?;
    let number = format!("{}\n", std::process::id());
    let written = lock
        .set_len(0)
        .and_then(|()| lock.write_all(number.as_bytes()));
    written.map_err(io_error("write to the lock of", layout.dir()))?;
    let account = Account::for_server(layout.dir(), &layout.data())?;
    let server = Server {
        layout,
        account,
        binaries: Binaries::at(bin_dir)?,
    };
    let ending = note_signals()?;
    let mut state = State::Down { pause: 0 };
    let (mut idle, mut failed) = (0, 0);
    while failed < FAILED_STARTS_MAX {
        let ending = ending.load(Ordering::SeqCst);
        if !ending || !matches!(state, State::Down { .. }) {
            state = state.next(&server, &mut failed)?;
        }
        match server.layout.no_users()? {
            None => idle = 0,
            Some(_) if idle < IDLE_ROUNDS_MAX && !ending => idle += 1,
            Some(alone) => {
                state.stop(&server)?;
                lock.unlock().map_err(io_error("unlock", dir))?;
                drop(alone);
                return Ok(());
            }
        }
        thread::sleep(TICK);
    }
    Err(server.layout.not_ready())
}

/// The lock: handed over as standard input, or taken when a person starts the keeper by hand.
fn take_lock(layout: &Layout) -> Result<File, ClusterError> {
    let stdin = io::stdin().as_fd().try_clone_to_owned().map(File::from);
    let stdin = stdin.map_err(io_error("use the standard input of", layout.dir()))?;
    if layout.is_keeper_lock(&stdin) {
        return Ok(stdin);
    }
    layout.no_keeper()?.ok_or_else(|| ClusterError::Kept {
        dir: layout.dir().to_path_buf(),
    })
}

/// A flag that the first signal to end sets, instead of ending us.
fn note_signals() -> Result<Arc<AtomicBool>, ClusterError> {
    let noted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&noted);
    let (ready, listening) = mpsc::channel();
    let thread = thread::Builder::new().name("keeper-signals".into());
    let started = thread.spawn(move || -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let mut hangup = signal(SignalKind::hangup())?;
            ready.send(()).map_err(io::Error::other)?;
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hangup.recv() => {}
                }
                flag.store(true, Ordering::SeqCst);
            }
        })
    });
    let heard = started.and_then(|_| listening.recv().map_err(io::Error::other));
    heard
        .map(|()| noted)
        .map_err(io_error("watch for signals in", "the keeper"))
}

/// What the keeper knows about the server.
enum State {
    /// Not running; to be started after so many rounds.
    Down { pause: u32 },
    /// Our child, since so many rounds.
    Mine { child: Child, rounds: u32 },
    /// Started by a keeper before us.
    Inherited,
}

impl State {
    /// One look: starts what is down, notices what died.
    fn next(self, server: &Server, failed: &mut u32) -> Result<Self, ClusterError> {
        match self {
            Self::Down { pause } if pause > 0 => Ok(Self::Down { pause: pause - 1 }),
            Self::Down { .. } | Self::Inherited if server.answers() => Ok(Self::Inherited),
            Self::Down { .. } => Ok(Self::Mine {
                child: server.start()?,
                rounds: 0,
            }),
            Self::Inherited => Ok(Self::Down { pause: 0 }),
            Self::Mine { mut child, rounds } => {
                let ended = child
                    .try_wait()
                    .map_err(io_error("watch", server.binaries.dir()))?;
                if ended.is_none() {
                    if rounds >= YOUNG_ROUNDS {
                        *failed = 0;
                    }
                    return Ok(Self::Mine {
                        child,
                        rounds: rounds.saturating_add(1),
                    });
                }
                *failed = if rounds < YOUNG_ROUNDS {
                    *failed + 1
                } else {
                    0
                };
                Ok(Self::Down { pause: *failed })
            }
        }
    }

    /// Stops the server; a test's data goes with it.
    fn stop(self, server: &Server) -> Result<(), ClusterError> {
        server.stop()?;
        if let Self::Mine { mut child, .. } = self {
            child
                .wait()
                .map_err(io_error("wait for", server.binaries.dir()))?;
        }
        if server.layout.throw_away().exists() {
            server.layout.discard()?;
        }
        Ok(())
    }
}

/// How to start a keeper.
#[derive(Clone, Debug)]
pub(super) struct Starter {
    pub(super) program: PathBuf,
    pub(super) layout: Layout,
    pub(super) bin_dir: PathBuf,
}

impl Starter {
    /// Starts a keeper unless there is one; says whether it did.
    pub(super) fn ensure(&self) -> Result<bool, ClusterError> {
        let Some(lock) = self.layout.no_keeper()? else {
            return Ok(false);
        };
        let mut command = Command::new(&self.program);
        command.arg("keeper").arg("--dir").arg(self.layout.dir());
        command.arg("--bin-dir").arg(&self.bin_dir);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.layout.dir());
        // A group of its own: Ctrl-C in the gateway's terminal is not meant for it.
        command.process_group(0);
        command
            .stdin(lock)
            .stdout(Stdio::null())
            .stderr(self.layout.open_log()?);
        let mut keeper = command.spawn().map_err(io_error("start", &self.program))?;
        // Somebody must collect it when it ends before us.
        let reaper = thread::Builder::new().name("keeper-wait".into());
        let reaper = reaper.spawn(move || keeper.wait());
        reaper
            .map(|_| true)
            .map_err(io_error("wait for", &self.program))
    }

    /// As `ensure`, for somebody who waits: gives up when keepers end one after the other.
    pub(super) fn tend(&self, started: &mut u32) -> Result<(), ClusterError> {
        if self.ensure()? {
            *started += 1;
        }
        if *started > KEEPERS_MAX {
            Err(self.layout.not_ready())
        } else {
            Ok(())
        }
    }

    /// Replaces the keeper whenever it ends, until `closed` says that we are no user any more.
    ///
    /// The thread sleeps in the lock, costs nothing, and ends with the keeper or the process.
    pub(super) fn watch(self, closed: Arc<AtomicBool>) -> Result<(), ClusterError> {
        let program = self.program.clone();
        let thread = thread::Builder::new().name("keeper-watch".into());
        let thread = thread.spawn(move || {
            while self.layout.wait_for_keeper_to_end().is_ok() && !closed.load(Ordering::SeqCst) {
                let Ok(opening) = self.layout.begin_opening() else {
                    return;
                };
                if let Err(error) = self.ensure() {
                    tracing::error!("cannot start a keeper for the database: {error}");
                }
                drop(opening);
                thread::sleep(REPLACE_PAUSE);
            }
        });
        thread.map(|_| ()).map_err(io_error("watch", program))
    }
}
