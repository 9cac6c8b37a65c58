//! The `torana` program.

use std::path::PathBuf;
use std::process::ExitCode;

use torana::store::cluster;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|command| command == "keeper") {
        let value = |name: &str| {
            let mut all = std::env::args_os().skip_while(|argument| argument != name);
            all.nth(1).map(PathBuf::from).unwrap_or_default()
        };
        if let Err(error) = cluster::keep(&value("--dir"), &value("--bin-dir")) {
            eprintln!("keeper: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
