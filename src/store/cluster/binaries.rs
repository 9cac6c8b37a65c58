//! Finds the installed PostgreSQL server programs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::ClusterError;

/// The oldest version we use: `client_connection_check_interval` arrived with it.
const MAJOR_MIN: u32 = 14;

/// The programs of one PostgreSQL version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the programs for `data` made by `wanted`, or the newest ones for a new cluster.
    ///
    /// A directory that a person named is the only one looked at.
    pub(super) fn find(
        named: Option<&Path>,
        wanted: Option<u32>,
        data: &Path,
    ) -> Result<Self, ClusterError> {
        let dirs = named.map_or_else(usual_dirs, |dir| vec![dir.to_path_buf()]);
        let found = choose(dirs.into_iter().filter_map(inspect).collect(), wanted, data);
        found.map_err(|error| match (error, named) {
            (ClusterError::NoBinaries, Some(dir)) => ClusterError::NoBinariesIn {
                dir: dir.to_path_buf(),
            },
            (error, _) => error,
        })
    }

    /// Takes a directory whose version somebody has already checked.
    pub(super) fn at(dir: &Path) -> Result<Self, ClusterError> {
        inspect(dir.to_path_buf()).ok_or(ClusterError::NoBinaries)
    }

    /// A command that runs one of the programs, with nothing of our environment.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.dir.join(program));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .env("TZ", "UTC");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Where the programs are.
    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Their major version.
    pub(super) fn major(&self) -> u32 {
        self.major
    }
}

/// Picks the wanted version, else the newest; the first of two equal ones.
fn choose(
    found: Vec<Binaries>,
    wanted: Option<u32>,
    data: &Path,
) -> Result<Binaries, ClusterError> {
    let versions: BTreeSet<u32> = found.iter().map(|it| it.major).collect();
    let best = wanted
        .or_else(|| versions.last().copied())
        .ok_or(ClusterError::NoBinaries)?;
    found
        .into_iter()
        .find(|it| it.major == best)
        .ok_or_else(|| {
            if versions.is_empty() {
                return ClusterError::NoBinaries;
            }
            let found = versions
                .iter()
                .map(u32::to_string)
                .collect::<Vec<_>>()
                .join(", ");
            ClusterError::OtherVersion {
                data: data.to_path_buf(),
                wanted: best,
                found,
            }
        })
}

/// Where distributions put the programs. `PATH` is a fact of the machine, not a setting of ours.
fn usual_dirs() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    dirs.extend(children("/usr/lib/postgresql", ""));
    dirs.extend(children("/usr", "pgsql-"));
    for brew in [
        "/opt/homebrew/opt",
        "/usr/local/opt",
        "/home/linuxbrew/.linuxbrew/opt",
    ] {
        dirs.extend(children(brew, "postgresql"));
    }
    dirs
}

/// The `bin` directories below those children of `parent` whose name starts with `prefix`.
fn children(parent: &str, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut dirs: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join("bin"))
        .collect();
    dirs.sort();
    dirs
}

/// Recognises a directory with all three programs of a usable version.
fn inspect(dir: PathBuf) -> Option<Binaries> {
    let complete = ["postgres", "initdb", "pg_ctl"]
        .iter()
        .all(|name| dir.join(name).is_file());
    if !complete {
        return None;
    }
    let output = Command::new(dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
    (major >= MAJOR_MIN).then_some(Binaries { dir, major })
}

/// Reads the major version out of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_whitespace().nth(2)?;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(majors: &[u32]) -> Vec<Binaries> {
        majors
            .iter()
            .map(|&major| Binaries {
                dir: format!("/pg/{major}").into(),
                major,
            })
            .collect()
    }

    #[test]
    fn the_version_of_existing_data_wins_over_the_newest() {
        let data = Path::new("/d");
        assert_eq!(
            choose(made(&[15, 18, 16]), Some(16), data).unwrap().major(),
            16
        );
        assert_eq!(choose(made(&[15, 18, 16]), None, data).unwrap().major(), 18);
    }

    #[test]
    fn a_missing_version_names_the_package_that_brings_it() {
        let error = choose(made(&[18]), Some(15), Path::new("/d"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("apt-get install -y postgresql-15"),
            "{error}"
        );
    }

    #[test]
    fn without_programs_the_message_holds_the_lines_to_copy() {
        for wanted in [None, Some(15)] {
            let error = choose(Vec::new(), wanted, Path::new("/d"))
                .unwrap_err()
                .to_string();
            assert!(error.contains("apt-get install -y postgresql\n"), "{error}");
            assert!(
                error.contains("dnf install -y postgresql-server\n"),
                "{error}"
            );
            assert!(
                error.contains("pacman -S --noconfirm postgresql\n"),
                "{error}"
            );
            assert!(error.contains("brew install postgresql@17\n"), "{error}");
        }
    }

    #[test]
    fn versions_are_read_from_releases_and_betas() {
        assert_eq!(
            major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"),
            Some(15)
        );
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1"), Some(19));
        assert_eq!(major_of("postgres"), None);
    }
}
