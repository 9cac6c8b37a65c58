//! Names the commit the program is built from.

use std::path::Path;
use std::process::Command;

fn main() {
    // A build without the history, as a container's is, is told.
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script has no configuration of its own"
    )]
    let told = std::env::var("TORANA_COMMIT").ok();
    let commit = told.or_else(|| git(&["describe", "--always", "--dirty"]));
    let commit = commit.as_deref().unwrap_or("unknown commit");
    println!("cargo::rustc-env=TORANA_COMMIT={commit}");
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=TORANA_COMMIT");
    // Grows with every commit, wherever this checkout keeps it; a file that is not there would make
    // every build a new one.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if let Some(log) = log.filter(|log| Path::new(log).exists()) {
        println!("cargo::rerun-if-changed={log}");
    }
}

/// Returns what git answers, if it does.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
