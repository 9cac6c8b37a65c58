//! A sender's connection: HTTP/1.1, kept alive, as little work as possible, because the sender shares
//! the processors with what it measures.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is kept.
pub(crate) struct Line {
    stream: TcpStream,
    path: String,
    received: Vec<u8>,
}

/// What came back.
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: String,
}

impl Answer {
    /// The word for what became of the alert.
    pub(crate) fn code(&self) -> &str {
        let rest = self
            .body
            .split_once("\"code\":\"")
            .map_or("?", |(_, rest)| rest);
        rest.split('"').next().unwrap_or("?")
    }
}

impl Line {
    /// Connects.
    pub(crate) async fn to(address: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            path: path.to_owned(),
            received: Vec::with_capacity(4096),
        }
    }

    /// Sends bytes and waits for the whole answer.
    pub(crate) async fn post(&mut self, body: &str) -> Answer {
        self.say("POST", body).await
    }

    /// The same with another verb.
    pub(crate) async fn say(&mut self, verb: &str, body: &str) -> Answer {
        let (path, length) = (&self.path, body.len());
        let request = format!(
            "{verb} {path} HTTP/1.1\r\nhost: load\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.received.clear();
        loop {
            if let Some(answer) = whole(&self.received) {
                return answer;
            }
            let read = self.stream.read_buf(&mut self.received).await.unwrap();
            assert!(read > 0, "the gateway closed a connection");
        }
    }
}

/// Reads an answer, once all of it is there.
fn whole(received: &[u8]) -> Option<Answer> {
    let text = str::from_utf8(received).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let asked = name.eq_ignore_ascii_case("content-length");
        asked.then(|| value.trim().parse::<usize>().ok())?
    })?;
    (body.len() >= length).then(|| Answer {
        status,
        body: body.to_owned(),
    })
}
