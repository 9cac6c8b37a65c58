//! What can go wrong with our own server, and what a person does next.

use std::io;
use std::path::PathBuf;

/// The lines that install a PostgreSQL server, one for each system we know.
pub const INSTALL_LINES: &str = "\
  Debian, Ubuntu:   apt-get install -y postgresql
  Fedora, RHEL:     dnf install -y postgresql-server
  Arch:             pacman -S --noconfirm postgresql
  macOS, Homebrew:  brew install postgresql@17
or name a server of your own in DATABASE_URL";

/// Why the embedded server is not there.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No PostgreSQL server programs on this machine.
    #[error(
        "no PostgreSQL server programs of version 14 or newer found; install them with one of\n{INSTALL_LINES}"
    )]
    NoBinaries,
    /// A person named a directory that does not hold them.
    #[error(
        "PG_BIN_DIR names {}, which holds no PostgreSQL server programs of version 14 or newer; name \
         another directory, or install them with one of\n{INSTALL_LINES}", dir.display()
    )]
    NoBinariesIn {
        /// The directory.
        dir: PathBuf,
    },
    /// The data was written by a version that is not installed.
    #[error(
        "{} was made by PostgreSQL {wanted}, whose programs are not installed (found: {found}); \
         install that version, for example: apt-get install -y postgresql-{wanted}", data.display()
    )]
    OtherVersion {
        /// The data directory.
        data: PathBuf,
        /// The major version that made it.
        wanted: u32,
        /// The major versions that are installed.
        found: String,
    },
    /// The directory holds something that we did not put there.
    #[error("{} is not empty and not a cluster of ours ({found}); nothing was touched: choose another directory", dir.display())]
    NotOurs {
        /// The directory.
        dir: PathBuf,
        /// What is there, or missing.
        found: String,
    },
    /// The account that must run the server cannot reach the data.
    #[error("user {user} runs the server and may not enter {}; choose a data directory outside it, such as /var/lib/torana", blocked.display())]
    OutOfReach {
        /// The account of the server.
        user: String,
        /// The directory it may not enter.
        blocked: PathBuf,
    },
    /// PostgreSQL refuses to run as root, and there is no other account.
    #[error(
        "PostgreSQL does not run as root and there is no user postgres or nobody; start torana as a normal user or set DATABASE_URL"
    )]
    NoAccount,
    /// We are root without the right to become another user.
    #[error(
        "running as root without the right to become user {user}; start torana as a normal user or set DATABASE_URL"
    )]
    MayNotSwitch {
        /// The account we wanted to become.
        user: String,
        /// What the system said.
        source: io::Error,
    },
    /// A directory that others could have prepared for us.
    #[error("{} belongs to somebody else or is open to others; remove it or choose a shorter data directory", dir.display())]
    Exposed {
        /// The directory.
        dir: PathBuf,
    },
    /// `initdb` failed.
    #[error("initdb failed: {output}")]
    Initdb {
        /// What it printed.
        output: String,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed: {output}")]
    Program {
        /// Which.
        program: &'static str,
        /// What it printed.
        output: String,
    },
    /// The server does not come up.
    #[error("the PostgreSQL server in {} does not answer; its log ends with:\n{log}", dir.display())]
    NotReady {
        /// The cluster's directory.
        dir: PathBuf,
        /// The last lines of its log.
        log: String,
    },
    /// Another keeper watches this cluster already.
    #[error("another keeper watches {} already", dir.display())]
    Kept {
        /// The cluster's directory.
        dir: PathBuf,
    },
    /// A database name that we would have to quote.
    #[error(
        "{name:?} is not a database name: use a-z, 0-9 and _, at most 63 of them, a letter first"
    )]
    BadName {
        /// The name.
        name: String,
    },
    /// A test's database could not be migrated.
    #[error("the template database of the tests cannot be migrated: {said}")]
    Migration {
        /// What the migration said.
        said: String,
    },
    /// A file or a program could not be used.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What we tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The server answered with an error.
    #[error("the PostgreSQL server refused to be set up: {0}")]
    Sql(#[from] sqlx::Error),
}

/// Attaches the attempt and its path to a system error.
pub(super) fn io_error(
    what: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> ClusterError {
    let path = path.into();
    move |source| ClusterError::Io { what, path, source }
}
