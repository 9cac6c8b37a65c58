//! OpenAlgo's own Python client, every method of it.

use std::path::Path;
use std::process::Command;

use crate::environment::{python, run};
use crate::support::{KEY, bench_with};

#[test]
fn the_official_client_finds_nothing_wrong() {
    let bench = bench_with(|options| options.step_ms = 50);
    let (rest, feed) = (bench.sim.rest_addr, bench.sim.feed_addr);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python/client.py");
    run(Command::new(python()).arg(script).args([
        format!("http://{rest}"),
        format!("ws://{feed}"),
        KEY.to_owned(),
    ]));
}
