//! The files of a cluster and their locks.
//!
//! ```text
//! dir/use.lock      shared: held by every process that uses the server; exclusive: the keeper, while it stops it
//! dir/open.lock     exclusive: whoever makes or starts the cluster; handed to initdb, so that it outlives a kill
//! dir/keeper.lock   exclusive: the keeper, as its standard input, from its first moment; its pid
//! dir/data          PostgreSQL's own directory;  dir/data.init  the same while it is being made
//! dir/s             the socket, unless its path were too long;  dir/postgres.log  what the server said
//! dir/throw-away    exists: the cluster of a test, without fsync
//! ```
//!
//! Locks die with their holders, so that no crash can leave one behind.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::account::{Account, PROBE};
use super::error::{ClusterError, io_error};

/// Part of the socket's file name only: there is no TCP port.
pub(super) const PORT: u16 = 5432;
/// The shortest limit of the systems we know (macOS: 104 with the final zero).
const SOCKET_PATH_BYTES_MAX: usize = 103;
/// A log longer than this is set aside when the server starts; one older log is kept.
const LOG_BYTES_MAX: u64 = 10_000_000;
/// How much of the log an error shows.
const LOG_LINES_SHOWN: usize = 8;
/// Everything that we put into a cluster's directory.
const OURS: [&str; 9] = [
    "use.lock",
    "open.lock",
    "keeper.lock",
    "data",
    "data.init",
    "s",
    "postgres.log",
    "postgres.log.1",
    "throw-away",
];

/// The places of one cluster.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// Takes a directory that is absent, empty, or ours.
    pub(super) fn make(dir: &Path) -> Result<Self, ClusterError> {
        DirBuilder::new()
            .recursive(true)
            .create(dir)
            .map_err(io_error("create", dir))?;
        Self::existing(dir)
    }

    /// Takes a directory that is there already.
    pub(super) fn existing(dir: &Path) -> Result<Self, ClusterError> {
        let dir = dir.canonicalize().map_err(io_error("find", dir))?;
        for entry in fs::read_dir(&dir).map_err(io_error("read", &dir))? {
            let name = entry.map_err(io_error("read", &dir))?.file_name();
            let name = name.to_string_lossy();
            if !OURS.contains(&name.as_ref()) && !name.starts_with(PROBE) {
                return Err(ClusterError::NotOurs {
                    dir,
                    found: format!("found {name}"),
                });
            }
        }
        Ok(Self { dir })
    }

    /// The cluster's own directory.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// PostgreSQL's directory.
    pub(super) fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Where a new one is made before it is renamed.
    pub(super) fn init(&self) -> PathBuf {
        self.dir.join("data.init")
    }

    /// The file that marks a cluster as a test's.
    pub(super) fn throw_away(&self) -> PathBuf {
        self.dir.join("throw-away")
    }

    /// The major version of the cluster that is there; `None` when there is none.
    pub(super) fn major(&self) -> Result<Option<u32>, ClusterError> {
        let data = self.data();
        let version = data.join("PG_VERSION");
        match fs::read_to_string(&version) {
            Ok(text) => text
                .trim()
                .parse()
                .map(Some)
                .map_err(|source: std::num::ParseIntError| ClusterError::NotOurs {
                    dir: data,
                    found: format!("PG_VERSION: {source}"),
                }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let empty = fs::read_dir(&data).is_ok_and(|mut entries| entries.next().is_none());
                if empty || !data.exists() {
                    return Ok(None);
                }
                Err(ClusterError::NotOurs {
                    dir: data,
                    found: "no PG_VERSION".to_owned(),
                })
            }
            Err(error) => Err(io_error("read", version)(error)),
        }
    }

    /// The directory of the socket: below our own, or a short one when that path is too long.
    pub(super) fn socket_dir(&self) -> PathBuf {
        let near = self.dir.join("s");
        if socket_in(&near).as_os_str().len() <= SOCKET_PATH_BYTES_MAX {
            return near;
        }
        let digest = Sha256::digest(self.dir.as_os_str().as_bytes());
        let name: String = HEXLOWER.encode(&digest).chars().take(16).collect();
        Path::new("/tmp").join(format!("torana-{name}"))
    }

    /// The socket itself.
    pub(super) fn socket(&self) -> PathBuf {
        socket_in(&self.socket_dir())
    }

    /// Makes the socket's directory, open to the server's account alone: that is all the
    /// authentication there is.
    pub(super) fn make_socket_dir(&self, account: &Account) -> Result<(), ClusterError> {
        let dir = self.socket_dir();
        match DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => account.own(&dir)?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(io_error("create", dir)(error)),
        }
        let meta = fs::symlink_metadata(&dir).map_err(io_error("look at", &dir))?;
        // A kill between the two steps above leaves it as ours: root's.
        let left_over = meta.uid() == 0 && account.uid() != 0 && meta.is_dir();
        if left_over {
            account.own(&dir)?;
        }
        // nobody but the owner: the lower six bits of the mode are zero
        let safe = meta.is_dir() && meta.mode().trailing_zeros() >= 6;
        if safe && (left_over || meta.uid() == account.uid()) {
            return Ok(());
        }
        Err(ClusterError::Exposed { dir })
    }

    /// Gives the server's account its directory, and nobody else more than the way through.
    pub(super) fn hand_over(&self, account: &Account) -> Result<(), ClusterError> {
        let mode = if account.is_other() { 0o711 } else { 0o700 };
        fs::set_permissions(&self.dir, Permissions::from_mode(mode))
            .map_err(io_error("change the mode of", &self.dir))
    }

    /// Gives a file to the owner of the directory: root may look at somebody's cluster, and must
    /// not leave files there that the owner cannot use.
    fn share(&self, file: &File) -> std::io::Result<()> {
        let (dir, made) = (fs::metadata(&self.dir)?, file.metadata()?);
        if made.uid() == 0 && dir.uid() != 0 {
            return fchown(file, Some(dir.uid()), Some(dir.gid()));
        }
        Ok(())
    }

    /// Opens the log for the server, setting a long one aside.
    pub(super) fn open_log(&self) -> Result<File, ClusterError> {
        let path = self.dir.join("postgres.log");
        if fs::metadata(&path).is_ok_and(|meta| meta.len() > LOG_BYTES_MAX) {
            let old = self.dir.join("postgres.log.1");
            fs::rename(&path, old).map_err(io_error("rename", &path))?;
        }
        let log = OpenOptions::new().append(true).create(true).open(&path);
        let log = log.map_err(io_error("write", &path))?;
        self.share(&log).map_err(io_error("share", path))?;
        Ok(log)
    }

    /// Removes the data of a test. Under the other name first: half a removal is no cluster.
    pub(super) fn discard(&self) -> Result<(), ClusterError> {
        let (data, init) = (self.data(), self.init());
        fs::rename(&data, &init).map_err(io_error("rename", data))?;
        fs::remove_dir_all(&init).map_err(io_error("remove", init))
    }

    /// The error that shows the end of the log.
    pub(super) fn not_ready(&self) -> ClusterError {
        ClusterError::NotReady {
            dir: self.dir.clone(),
            log: self.log_tail(),
        }
    }

    fn log_tail(&self) -> String {
        let bytes = fs::read(self.dir.join("postgres.log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let mut lines: Vec<&str> = text.lines().rev().take(LOG_LINES_SHOWN).collect();
        lines.reverse();
        lines.join("\n")
    }

    /// Joins the users of the server; waits while a keeper is just stopping it.
    pub(super) fn join_users(&self) -> Result<File, ClusterError> {
        let (file, path) = self.lock_file("use.lock")?;
        file.lock_shared().map_err(io_error("lock", path))?;
        Ok(file)
    }

    /// The exclusive lock that proves there is no user; `None` while there is one.
    pub(super) fn no_users(&self) -> Result<Option<File>, ClusterError> {
        self.try_exclusive("use.lock")
    }

    /// Becomes the one who makes or starts the cluster; waits for another one.
    pub(super) fn begin_opening(&self) -> Result<File, ClusterError> {
        let (file, path) = self.lock_file("open.lock")?;
        file.lock().map_err(io_error("lock", path))?;
        Ok(file)
    }

    /// The keeper's lock; `None` while a keeper lives.
    pub(super) fn no_keeper(&self) -> Result<Option<File>, ClusterError> {
        self.try_exclusive("keeper.lock")
    }

    /// Returns when there is no keeper any more.
    pub(super) fn wait_for_keeper_to_end(&self) -> Result<(), ClusterError> {
        let (file, path) = self.lock_file("keeper.lock")?;
        file.lock_shared().map_err(io_error("lock", path))
    }

    /// Whether this open file is the keeper's lock.
    pub(super) fn is_keeper_lock(&self, file: &File) -> bool {
        let (here, there) = (file.metadata(), fs::metadata(self.dir.join("keeper.lock")));
        here.is_ok_and(|a| there.is_ok_and(|b| (a.dev(), a.ino()) == (b.dev(), b.ino())))
    }

    fn try_exclusive(&self, name: &str) -> Result<Option<File>, ClusterError> {
        let (file, path) = self.lock_file(name)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(io_error("lock", path)(error)),
        }
    }

    fn lock_file(&self, name: &str) -> Result<(File, PathBuf), ClusterError> {
        let path = self.dir.join(name);
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&path);
        let file = file.map_err(io_error("open", &path))?;
        self.share(&file).map_err(io_error("share", &path))?;
        Ok((file, path))
    }
}

/// The name that PostgreSQL gives the socket in `dir`.
fn socket_in(dir: &Path) -> PathBuf {
    dir.join(format!(".s.PGSQL.{PORT}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_gets_a_short_socket_of_its_own() {
        let at = |dir: String| Layout { dir: dir.into() }.socket();
        assert_eq!(at("/data/pg".into()), Path::new("/data/pg/s/.s.PGSQL.5432"));
        let (one, other) = (
            at(format!("/{}/1", "x".repeat(90))),
            at(format!("/{}/2", "x".repeat(90))),
        );
        assert!(one.starts_with("/tmp") && one.as_os_str().len() <= SOCKET_PATH_BYTES_MAX);
        assert_ne!(one, other);
    }
}
