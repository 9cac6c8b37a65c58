//! Opens the doors and closes them again.

use core::time::Duration;
use std::io;
use std::net::TcpListener;

use actix_web::web::Data;
use actix_web::{App, HttpServer};
use tokio_util::sync::CancellationToken;

use super::doors::Doors;
use super::routes;

/// Connections that may wait to be taken.
const WAITING_MAX: u32 = 1024;

/// How long a client may take to send the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(5);

/// How long a connection may be idle: longer than the pauses between a bar's alerts.
const IDLE_TIME: Duration = Duration::from_secs(75);

/// How a server runs.
#[derive(Clone, Copy, Debug)]
pub struct Serving {
    /// Threads that serve.
    pub workers: usize,
    /// How long calls may go on once it is told to stop.
    pub drain: Duration,
}

/// Serves until it is told to stop; calls under way are finished.
pub async fn serve(
    doors: Data<Doors>,
    listener: TcpListener,
    serving: Serving,
    stop: CancellationToken,
) -> io::Result<()> {
    let server = HttpServer::new(move || App::new().app_data(doors.clone()).configure(routes))
        .workers(serving.workers)
        .backlog(WAITING_MAX)
        .client_request_timeout(HEAD_TIME)
        .keep_alive(IDLE_TIME)
        .shutdown_timeout(serving.drain.as_secs())
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    let mut running = core::pin::pin!(server);
    tokio::select! {
        ended = &mut running => return ended,
        () = stop.cancelled() => {}
    }
    let (ended, ()) = tokio::join!(running, handle.stop(true));
    ended
}
