//! An alert that means something goes to the desk; what the desk says comes back.

use sha2::{Digest as _, Sha256};

use super::doors::Doors;
use super::error::DoorError;
use super::webhook::{Alert, Asked, Identity};
use crate::desk::{Arrival, Handled, Submitted};
use crate::domain::input::Input;
use crate::domain::instrument::InstrumentIx;
use crate::domain::money::Price;
use crate::store::SignalKey;

/// Has an alert decided.
pub(super) async fn submit(doors: &Doors, alert: Alert) -> Result<Handled, DoorError> {
    if let (Some(price_seen), Some((instrument, price))) = (&doors.price_seen, price(&alert.asked))
    {
        price_seen(instrument, price);
    }
    let arrival = Arrival {
        key: key(&alert),
        kind: alert.identity.kind.word(),
        record: alert.record,
        received_at: doors.now(),
    };
    let submitted = Submitted {
        input: input(alert.asked),
        arrival: Some(Box::new(arrival)),
        fence: None,
        keyed: None,
        access: None,
    };
    let handled = doors.desk.handle(submitted).await?;
    if let Some(told) = &handled.told {
        let verdict = if handled.duplicate {
            "duplicate"
        } else {
            told.verdict.word()
        };
        let labels = [("verdict", verdict.to_owned()), ("code", told.code.clone())];
        metrics::counter!("torana_alerts_total", &labels).increment(1);
    }
    Ok(handled)
}

/// Returns what a decision is made about.
pub(super) fn input(asked: Asked) -> Input {
    match asked {
        Asked::Signal(signal) => Input::Signal(Box::new(signal)),
        Asked::Scout(scout) => Input::Scout(Box::new(scout)),
        Asked::Bar(_, bar) => Input::Bar(Box::new(bar)),
    }
}

/// Returns the price an alert saw, and of what.
pub(super) fn price(asked: &Asked) -> Option<(InstrumentIx, Price)> {
    match asked {
        Asked::Signal(signal) => signal.price.map(|price| (signal.instrument, price)),
        Asked::Scout(scout) => Some((scout.instrument, scout.price)),
        Asked::Bar(_, bar) => Some((bar.instrument, bar.close)),
    }
}

/// Returns what an alert is recognised by in the database.
fn key(alert: &Alert) -> SignalKey {
    let Identity {
        source,
        alert_id,
        body_hash,
        ..
    } = &alert.identity;
    let bytes = alert.identity.by_bytes().then(|| {
        let mut hash = Sha256::new();
        hash.update(source.0.to_be_bytes());
        hash.update(body_hash);
        hash.finalize().into()
    });
    SignalKey {
        id: alert.asked.id(),
        alert: alert_id.clone().map(|id| (*source, id)),
        body: bytes,
    }
}
