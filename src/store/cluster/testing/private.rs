//! A server of one test alone.

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Child;
use std::sync::atomic::Ordering;

use sqlx::postgres::PgConnectOptions;

use super::super::account::{Account, my_uid};
use super::super::binaries::Binaries;
use super::super::error::{ClusterError, io_error};
use super::super::layout::Layout;
use super::super::server::Server;
use super::super::{OWNER, SERVICE, init, session};
use super::{NEXT, PARENT, mark_throw_away};

/// Starts of a private server before it has failed.
const STARTS_MAX: u32 = 100;

/// A server of one test alone, without a keeper, which the test stops and starts as it likes.
pub struct PrivateServer {
    server: Server,
    child: Option<Child>,
    _share: File,
}

impl PrivateServer {
    /// Makes and starts one; about half a second.
    pub fn start_new() -> Result<Self, ClusterError> {
        let uid = my_uid(Path::new(PARENT))?;
        let prefix = format!("torana-private-{uid}-");
        // Nobody sweeps between our making the directory and locking it.
        let sweeping = lock(&Path::new(PARENT).join(format!("{prefix}lock")))?;
        sweep(&prefix);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = Path::new(PARENT).join(format!("{prefix}{}-{number}", std::process::id()));
        let layout = Layout::make(&dir)?;
        let share = layout.join_users()?;
        drop(sweeping);
        mark_throw_away(&layout)?;
        let opening = layout.begin_opening()?;
        let binaries = Binaries::find(None, None, &layout.data())?;
        let account = Account::for_server(layout.dir(), &layout.data())?;
        init::ensure(&layout, &account, &binaries, &opening)?;
        let server = Server {
            layout,
            account,
            binaries,
        };
        let mut private = Self {
            server,
            child: None,
            _share: share,
        };
        private.start()?;
        let superuser = private.superuser_options("postgres");
        session::blocking(async { Ok(session::ensure_roles(&superuser).await?) })?;
        Ok(private)
    }

    /// Starts the server and waits until it takes sessions.
    pub fn start(&mut self) -> Result<(), ClusterError> {
        let server = &self.server;
        let child = self.child.insert(server.start()?);
        let mut starts = 1;
        session::blocking(session::ready(&server.layout, || {
            let ended = child
                .try_wait()
                .map_err(io_error("watch", server.layout.dir()))?;
            if ended.is_none() {
                return Ok(());
            }
            // After a kill, sessions of the former server may take a moment to notice.
            starts += 1;
            if starts > STARTS_MAX {
                return Err(server.layout.not_ready());
            }
            *child = server.start()?;
            Ok(())
        }))
    }

    /// Stops the server as an operator would; returns when it has ended.
    pub fn stop(&mut self) -> Result<(), ClusterError> {
        self.server.stop()?;
        self.collect()
    }

    /// Kills the server (`kill -9`); returns when it has ended.
    pub fn kill(&mut self) -> Result<(), ClusterError> {
        if let Some(child) = &mut self.child {
            child
                .kill()
                .map_err(io_error("kill", self.server.layout.dir()))?;
        }
        self.collect()
    }

    /// Makes a database; see `Cluster::create_database`.
    pub fn create_database(&self, name: &str) -> Result<(), ClusterError> {
        session::blocking(session::ensure_database(
            &self.superuser_options("postgres"),
            name,
        ))
    }

    /// How the role that migrates connects.
    pub fn owner_options(&self, database: &str) -> PgConnectOptions {
        session::options(&self.server.layout, OWNER, database)
    }

    /// How every pool connects.
    pub fn service_options(&self, database: &str) -> PgConnectOptions {
        session::options(&self.server.layout, SERVICE, database)
    }

    /// How a superuser connects.
    pub fn superuser_options(&self, database: &str) -> PgConnectOptions {
        session::options(&self.server.layout, init::SUPERUSER, database)
    }

    fn collect(&mut self) -> Result<(), ClusterError> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        child
            .wait()
            .map(|_| ())
            .map_err(io_error("wait for", self.server.layout.dir()))
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        remove(&self.server);
        if let Err(error) = self.collect() {
            eprintln!("{error}");
        }
    }
}

/// Removes private servers of test processes that were killed: nobody holds their lock.
fn sweep(prefix: &str) {
    let Ok(entries) = fs::read_dir(PARENT) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        let Ok(layout) = Layout::existing(&entry.path()) else {
            continue;
        };
        let (Ok(Some(_alone)), Ok(account)) = (
            layout.no_users(),
            Account::for_server(layout.dir(), &layout.data()),
        ) else {
            continue;
        };
        if let Ok(binaries) = Binaries::find(None, None, &layout.data()) {
            remove(&Server {
                layout,
                account,
                binaries,
            });
        }
    }
}

/// Stops a private server and removes all of it.
fn remove(server: &Server) {
    let dir = server.layout.dir();
    let stopped = !server.answers() || server.pg_ctl_stop("immediate").is_ok();
    if let (true, Err(error)) = (stopped, fs::remove_dir_all(dir)) {
        eprintln!("{} stays: {error}", dir.display());
    }
}

fn lock(path: &Path) -> Result<File, ClusterError> {
    let file = File::options()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path);
    let file = file.map_err(io_error("open", path))?;
    file.lock().map_err(io_error("lock", path))?;
    Ok(file)
}
