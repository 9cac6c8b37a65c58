//! Times, sorted, and how they are shown.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

/// Writes to the disk that are measured.
const WRITES: usize = 300;
/// The size of one of PostgreSQL's pages.
const PAGE: [u8; 8192] = [7; 8192];

/// How long each of many things took.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Adds all of another.
    pub(crate) fn take(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Sorts them; needed before they are looked at.
    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort();
        self
    }

    /// The time that so many in a thousand did not exceed.
    pub(crate) fn at(&self, permille: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        let place = last.saturating_mul(permille).div_ceil(1000);
        self.0.get(place).copied().unwrap_or_default()
    }

    /// Prints a line of them.
    pub(crate) fn show(&self, name: &str) {
        let [p50, p90, p99, most] = [500, 900, 990, 1000].map(|at| ms(self.at(at)));
        let count = self.0.len();
        println!("{name:<46} {count:>7}  p50 {p50:>8}  p90 {p90:>8}  p99 {p99:>8}  max {most:>8}");
    }
}

/// A time in milliseconds with two places.
pub(crate) fn ms(time: Duration) -> String {
    let hundredths = (time.as_micros() + 5) / 10;
    format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
}

/// How many times one time is another, with one place.
pub(crate) fn times(one: Duration, other: Duration) -> String {
    let tenths = one.as_micros() * 10 / other.as_micros().max(1);
    format!("{}.{} x", tenths / 10, tenths % 10)
}

/// Measures what one page made durable costs on this disk.
pub(crate) fn disk(dir: &Path) {
    let path = dir.join("sync");
    let mut file = fs::File::create(&path).unwrap();
    let mut all = Times::default();
    file.write_all(&PAGE).unwrap();
    file.sync_all().unwrap();
    for _ in 0..WRITES {
        let began = Instant::now();
        file.rewind().unwrap();
        file.write_all(&PAGE).unwrap();
        file.sync_data().unwrap();
        all.add(began.elapsed());
    }
    all.sorted().show("disk: write 8 kB, fdatasync");
    fs::remove_file(&path).unwrap();
}

/// What the kernel says of a process's memory: the key's value in kB.
pub(crate) fn memory(pid: u32, key: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let figure = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    figure.unwrap_or(0)
}

/// Hundredths of a second of a processor that a process has used.
pub(crate) fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let used = after_name.split_whitespace().skip(11).take(2);
    used.filter_map(|figure| figure.parse::<u64>().ok()).sum()
}
