//! `torana health`: whether the gateway is up, for containers.

use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};

use anyhow::{Context as _, bail};

use crate::config::Config;

/// How long each step may take.
const STEP: Duration = Duration::from_secs(3);

/// Enough of an answer to hold its first line.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Asks the gateway of this configuration; one HTTP request needs no client.
pub fn run(config: &Config) -> anyhow::Result<()> {
    let at = reachable(config.settings.server.listen);
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&at, STEP)?;
        stream.set_read_timeout(Some(STEP))?;
        stream.set_write_timeout(Some(STEP))?;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = asked().with_context(|| format!("no gateway answers at {at}"))?;
    let first = answer.lines().next().unwrap_or_default();
    if first.split_whitespace().nth(1) == Some("200") {
        super::out::print("up\n")
    } else {
        bail!("the gateway at {at} answers: {first}")
    }
}

/// Returns where a program on this machine reaches what listens there.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        IpAddr::V4(_) | IpAddr::V6(_) => listen.ip(),
    };
    SocketAddr::new(ip, listen.port())
}
