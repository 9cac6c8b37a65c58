//! Our own PostgreSQL server when none is given.
//!
//! 1. It listens on a unix socket in a directory of its own, never on a port, and we never talk
//!    to any other server that happens to run.
//! 2. It belongs to the directory, not to a process: several processes share it, any of them and
//!    its keeper may be killed at any moment, and it stops a few seconds after the last one left.
//! 3. A directory that we did not make is left as it is.
//!
//! `Cluster::open` is called before the asynchronous runtime starts, though it works inside one.

mod account;
mod binaries;
mod copy;
mod error;
mod init;
mod keeper;
mod layout;
mod server;
mod session;
#[doc(hidden)]
pub mod testing;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::postgres::PgConnectOptions;

pub use error::{ClusterError, INSTALL_LINES};
pub use keeper::keep;
pub use session::{OWNER, SERVICE};

use account::Account;
use binaries::Binaries;
use error::io_error;
use keeper::Starter;
use layout::Layout;

/// Where the cluster is, and with which programs it runs.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// The cluster's own directory; made if absent.
    pub dir: PathBuf,
    /// PostgreSQL's programs, if a person named their directory (setting `PG_BIN_DIR`).
    pub bin_dir: Option<PathBuf>,
    /// The `torana` program, which runs the keeper; the running program by default.
    pub keeper: Option<PathBuf>,
}

impl ClusterOptions {
    /// The usual options for a directory.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            bin_dir: None,
            keeper: None,
        }
    }
}

/// A share in the server of one directory. The server runs while anybody holds one.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    binaries: Binaries,
    closed: Arc<AtomicBool>,
    _share: File,
}

impl Cluster {
    /// Opens the cluster in a directory with the usual options.
    pub fn open(dir: &Path) -> Result<Self, ClusterError> {
        Self::open_with(&ClusterOptions::new(dir))
    }

    /// Makes the cluster if there is none, starts its server unless it runs, and waits until it
    /// takes sessions.
    pub fn open_with(options: &ClusterOptions) -> Result<Self, ClusterError> {
        let program = match &options.keeper {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(io_error("find", "torana's own program"))?,
        };
        let layout = Layout::make(&options.dir)?;
        let share = layout.join_users()?;
        let opening = layout.begin_opening()?;
        let wanted = layout.major()?;
        let binaries = Binaries::find(options.bin_dir.as_deref(), wanted, &layout.data())?;
        let account = Account::for_server(layout.dir(), &layout.data())?;
        init::ensure(&layout, &account, &binaries, &opening)?;
        let bin_dir = binaries.dir().to_path_buf();
        let starter = Starter {
            program,
            layout: layout.clone(),
            bin_dir,
        };
        let mut keepers = 0;
        session::blocking(session::ready(&layout, || starter.tend(&mut keepers)))?;
        let superuser = session::options(&layout, init::SUPERUSER, "postgres");
        session::blocking(async { Ok(session::ensure_roles(&superuser).await?) })?;
        drop(opening);
        let closed = Arc::new(AtomicBool::new(false));
        starter.watch(Arc::clone(&closed))?;
        Ok(Self {
            layout,
            binaries,
            closed,
            _share: share,
        })
    }

    /// Makes a database unless it is there; the owner role owns it, the service role may connect.
    pub fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        let superuser = self.options(init::SUPERUSER, "postgres");
        session::blocking(session::ensure_database(&superuser, name))
    }

    /// How the role that migrates connects.
    pub fn owner_options(&self, database: &str) -> PgConnectOptions {
        self.options(OWNER, database)
    }

    /// How every pool connects.
    pub fn service_options(&self, database: &str) -> PgConnectOptions {
        self.options(SERVICE, database)
    }

    /// The major version of the server.
    pub fn major(&self) -> u32 {
        self.binaries.major()
    }

    /// The cluster's directory.
    pub fn dir(&self) -> &Path {
        self.layout.dir()
    }

    /// The directory of the server's socket, for `psql -h`.
    pub fn socket_dir(&self) -> PathBuf {
        self.layout.socket_dir()
    }

    fn options(&self, role: &str, database: &str) -> PgConnectOptions {
        session::options(&self.layout, role, database)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
    }
}
