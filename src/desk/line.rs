//! The waiting line: whoever waits together is decided together.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Desk, Ticket};

/// Takes inputs from the line, in order of arrival, and has them decided.
pub struct Worker {
    desk: Arc<Desk>,
    waiting: mpsc::Receiver<Ticket>,
}

impl Worker {
    pub(super) const fn new(desk: Arc<Desk>, waiting: mpsc::Receiver<Ticket>) -> Self {
        Self { desk, waiting }
    }

    /// Works until it is told to stop; what was taken from the line is finished first.
    pub async fn run(mut self, stop: CancellationToken) {
        let most = self.desk.parts.batch_max.max(1);
        loop {
            let mut batch = Vec::new();
            tokio::select! {
                biased;
                count = self.waiting.recv_many(&mut batch, most) => {
                    if count == 0 {
                        return;
                    }
                }
                () = stop.cancelled() => return,
            }
            self.desk.work(batch).await;
        }
    }
}
