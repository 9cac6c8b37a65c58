//! The `postgres` process: started, watched and stopped.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::account::Account;
use super::binaries::Binaries;
use super::error::{ClusterError, io_error};
use super::layout::{Layout, PORT};

/// How long a stop may take before it is done the hard way: `pg_ctl`'s seconds.
const STOP_SECS_MAX: &str = "20";

/// What is needed to run the server of one cluster.
pub(super) struct Server {
    pub(super) layout: Layout,
    pub(super) account: Account,
    pub(super) binaries: Binaries,
}

impl Server {
    /// Whether somebody listens on our socket; only our own server can.
    pub(super) fn answers(&self) -> bool {
        UnixStream::connect(self.layout.socket()).is_ok()
    }

    /// Starts the server as a child of this process.
    pub(super) fn start(&self) -> Result<Child, ClusterError> {
        self.layout.make_socket_dir(&self.account)?;
        self.forget_recycled_pid()?;
        let log = self.layout.open_log()?;
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.layout.data())
            .arg("-p")
            .arg(PORT.to_string());
        // Said here and not in the file, so that nothing in it can open a port or loosen a disk.
        set(&mut command, "listen_addresses=");
        set(
            &mut command,
            &format!(
                "unix_socket_directories={}",
                self.layout.socket_dir().display()
            ),
        );
        set(&mut command, "unix_socket_permissions=0700");
        set(&mut command, "logging_collector=off");
        let throw_away = self.layout.throw_away().exists();
        if throw_away {
            // shared by all gateways of all tests
            set(&mut command, "max_connections=600");
        }
        let sync = if throw_away { "off" } else { "on" };
        for name in ["fsync", "full_page_writes"] {
            set(&mut command, &format!("{name}={sync}"));
        }
        let child = command.stderr(Stdio::from(log)).spawn();
        child.map_err(|source| {
            self.account
                .explain(&self.binaries.dir().join("postgres"), source)
        })
    }

    /// Stops the server: its sessions end, what they committed stays.
    pub(super) fn stop(&self) -> Result<(), ClusterError> {
        if self.pg_ctl_stop("fast")? {
            return Ok(());
        }
        self.pg_ctl_stop("immediate").map(|_| ())
    }

    /// Runs `pg_ctl stop`; says whether it succeeded.
    pub(super) fn pg_ctl_stop(&self, mode: &str) -> Result<bool, ClusterError> {
        let mut command = self.command("pg_ctl");
        command
            .arg("stop")
            .arg("-D")
            .arg(self.layout.data())
            .arg("-m")
            .arg(mode);
        command.arg("-w").arg("-t").arg(STOP_SECS_MAX);
        let status = command.status();
        let status = status.map_err(io_error("run", self.binaries.dir().join("pg_ctl")))?;
        Ok(status.success())
    }

    /// Removes PostgreSQL's own lock files when their process is gone and its number belongs to
    /// another program by now, as happens in containers after a power cut: PostgreSQL would
    /// refuse to start for ever.
    ///
    /// Only where `/proc` proves that no process at all works in the data directory.
    fn forget_recycled_pid(&self) -> Result<(), ClusterError> {
        let mut socket_lock = self.layout.socket().into_os_string();
        socket_lock.push(".lock");
        for file in [
            self.layout.data().join("postmaster.pid"),
            socket_lock.into(),
        ] {
            let text = fs::read_to_string(&file).unwrap_or_default();
            let pid = text.lines().next().unwrap_or_default().trim();
            let taken = !pid.is_empty() && Path::new("/proc").join(pid).exists();
            if taken && !self.somebody_works_there() {
                fs::remove_file(&file).map_err(io_error("remove", file))?;
            }
        }
        Ok(())
    }

    /// Whether a process may have the data directory as its working directory, as all of
    /// PostgreSQL's have.
    fn somebody_works_there(&self) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else {
            return true;
        };
        let data = self.layout.data();
        processes.filter_map(Result::ok).any(|process| {
            match process.path().join("cwd").read_link() {
                Ok(dir) => dir == data,
                Err(error) if error.kind() == ErrorKind::PermissionDenied => process
                    .metadata()
                    .is_ok_and(|meta| meta.uid() == self.account.uid()),
                Err(_) => false,
            }
        })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = self.binaries.command(program);
        self.account.apply(&mut command);
        command.current_dir(self.layout.data());
        command
    }
}

fn set(command: &mut Command, setting: &str) {
    command.arg("-c").arg(setting);
}
