//! The whole of one database as a file, and back: PostgreSQL's own programs do it.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::{ClusterError, io_error};
use super::layout::PORT;
use super::{Cluster, OWNER};

impl Cluster {
    /// Writes a database to a file, as it is at one moment; everybody goes on working.
    ///
    /// # Errors
    ///
    /// The file cannot be written, or `pg_dump` is missing or fails.
    pub fn dump(&self, database: &str, file: &Path) -> Result<(), ClusterError> {
        let mut command = self.client("pg_dump", database);
        let out = File::create_new(file).map_err(io_error("write", file))?;
        command.arg("--format=custom").stdout(out);
        run("pg_dump", command)
    }

    /// Fills an empty database from such a file: all of it, or nothing.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or `pg_restore` is missing or fails.
    pub fn restore(&self, database: &str, file: &Path) -> Result<(), ClusterError> {
        let from = File::open(file).map_err(io_error("read", file))?;
        let mut command = self.client("pg_restore", database);
        command
            .args(["--single-transaction", "--exit-on-error"])
            .args(["--clean", "--if-exists"])
            .stdin(from);
        run("pg_restore", command)
    }

    fn client(&self, program: &str, database: &str) -> Command {
        // Some systems keep the client's programs apart from the server's.
        let beside = self.binaries.dir().join(program);
        let mut command = if beside.exists() {
            self.binaries.command(program)
        } else {
            let mut command = Command::new(program);
            command.env("LC_ALL", "C").stdin(Stdio::null());
            command
        };
        command
            .arg("--no-password")
            .arg(format!("--host={}", self.socket_dir().display()))
            .arg(format!("--port={PORT}"))
            .arg(format!("--username={OWNER}"))
            .arg(format!("--dbname={database}"));
        command
    }
}

fn run(program: &'static str, mut command: Command) -> Result<(), ClusterError> {
    let output = command
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output)
        .map_err(io_error("run", program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(ClusterError::Program {
        program,
        output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
