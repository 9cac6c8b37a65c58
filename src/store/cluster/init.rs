//! Makes a cluster: in `data.init`, renamed to `data` when it is complete.
//!
//! Whoever is killed in between leaves `data.init`, which the next one removes; an `initdb` that
//! outlives its parent holds `open.lock` (its standard input), so that nobody works beside it.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::account::Account;
use super::binaries::Binaries;
use super::error::{ClusterError, io_error};
use super::layout::Layout;

/// The superuser: only this module and the keeper use it.
pub(super) const SUPERUSER: &str = "torana";

/// Appended to `postgresql.conf`. Where it listens and whether it syncs are said at each start.
const SETTINGS: &str = "
# Torana's settings
max_connections = 200
shared_buffers = 64MB
max_wal_size = 512MB
client_connection_check_interval = 1s
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
";

/// Makes sure that there is a complete cluster.
pub(super) fn ensure(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    opening: &File,
) -> Result<(), ClusterError> {
    if layout.major()?.is_some() {
        return layout.make_socket_dir(account);
    }
    layout.hand_over(account)?;
    layout.make_socket_dir(account)?;
    let init = layout.init();
    if init.exists() {
        fs::remove_dir_all(&init).map_err(io_error("remove", &init))?;
    }
    fs::create_dir(&init).map_err(io_error("create", &init))?;
    account.own(&init)?;
    account.reaches(&init)?;
    initdb(layout, account, binaries, opening)?;
    let conf = init.join("postgresql.conf");
    append(&conf, SETTINGS).map_err(io_error("write", &conf))?;
    let data = layout.data();
    fs::rename(&init, &data).map_err(io_error("rename", &init))?;
    let entry = File::open(layout.dir()).and_then(|dir| dir.sync_all());
    entry.map_err(io_error("sync", layout.dir()))
}

fn initdb(
    layout: &Layout,
    account: &Account,
    binaries: &Binaries,
    opening: &File,
) -> Result<(), ClusterError> {
    let opening = opening
        .try_clone()
        .map_err(io_error("share the lock of", layout.dir()))?;
    let mut command = binaries.command("initdb");
    command
        .arg("--pgdata")
        .arg(layout.init())
        .arg("--username")
        .arg(SUPERUSER);
    command.args([
        "--data-checksums",
        "--encoding=UTF8",
        "--locale=C",
        "--no-instructions",
    ]);
    command.args(["--auth-local=trust", "--auth-host=reject"]);
    if layout.throw_away().exists() {
        command.arg("--no-sync");
    }
    account.apply(&mut command);
    command.current_dir(layout.init());
    command
        .stdin(opening)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = command.output();
    let output =
        output.map_err(|source| account.explain(&binaries.dir().join("initdb"), source))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(ClusterError::Initdb {
        output: format!("{} ({said})", output.status),
    })
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
