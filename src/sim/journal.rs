//! The simulator's own file: what happened, one line a call, on the disk before the answer.
//!
//! 1. [`Journal::append`] returns after `fsync`; whoever answers before it is answering nothing.
//! 2. A last line without its end was never answered for, and is cut off. Any other line that
//!    cannot be read stops the start.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::event::Batch;

/// Name of the file inside the state directory.
const FILE: &str = "journal.jsonl";

/// The open file.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens the journal of a directory, made if missing, and returns what it holds.
    pub(super) fn open(directory: &Path) -> io::Result<(Self, Vec<Batch>)> {
        std::fs::create_dir_all(directory)?;
        let path = directory.join(FILE);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .append(true)
            .open(&path)?;
        // Nobody else may write to it while this process lives.
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other(format!(
                "another process runs a simulator in {}; one at a time, or `torana sim` and \
                 `paper.external` for several gateways",
                directory.display()
            )),
            TryLockError::Error(error) => error,
        })?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let end = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if end < text.len() {
            text.truncate(end);
            file.set_len(u64::try_from(end).map_err(io::Error::other)?)?;
            file.sync_all()?;
        }
        File::open(directory)?.sync_all()?;
        let batches = text
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(serde_json::from_slice)
            .collect::<Result<_, _>>()?;
        Ok((Self { file }, batches))
    }

    /// Writes one line and waits until it is on the disk.
    pub(super) fn append(&mut self, batch: &Batch) -> io::Result<()> {
        let mut line = serde_json::to_vec(batch)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()
    }
}
