//! A virtual environment with OpenAlgo's own Python client, pinned by hash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const REQUIREMENTS: &str = include_str!("requirements.txt");

/// Returns the environment's Python; it is made once and kept in `target`. Making it needs Python 3.11 or newer with `venv`, and a package index.
pub(crate) fn python() -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openalgo-client");
    let (python, done) = (place.join("bin/python"), place.join("made-from.txt"));
    if fs::read_to_string(&done).is_ok_and(|made_from| made_from == REQUIREMENTS) {
        return python;
    }
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/requirements.txt");
    run(Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&place));
    run(Command::new(&python)
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ])
        .args([
            "--require-hashes",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-r",
        ])
        .arg(requirements));
    fs::write(done, REQUIREMENTS).unwrap();
    python
}

/// Runs a command to its end; it must succeed.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}\n{shown}\n{said}");
}
