//! The doors that stand in for OpenAlgo: whoever talks to it today changes a host name and a key.
//!
//! 1. An order becomes an alert of its source and goes through the same gates; its answer says that
//!    it was decided, not that it was placed.
//! 2. Order numbers are ours and are answered from our own book.
//! 3. Reads are passed on to OpenAlgo; every other order route is refused in words.

mod number;
mod orders;
mod reply;
mod schema;

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tracing::info;

use self::number::number;
use self::orders::{Row, Status, book_json, rows};
use self::reply::Reply;
use self::schema::{Problems, Request};
use super::auth::Source;
use super::body;
use super::doors::Doors;
use super::error::DoorError;
use super::json::{Object, Value as Field};
use super::submit::submit;
use super::webhook::{SignalError, TurnedAway};
use crate::broker::ReadError;
use crate::broker::openalgo::Route;
use crate::desk::Handled;
use crate::domain::ids::{Cause, SignalId};
use crate::domain::input::{Command, Input, Operator};
use crate::store::Verdict;
use crate::store::views::{Page, ROWS_MAX};

/// OpenAlgo's order routes that no gate stands behind.
const NOT_GATED: [&str; 12] = [
    "basketorder",
    "splitorder",
    "modifyorder",
    "cancelallorder",
    "closeposition",
    "optionsorder",
    "optionsmultiorder",
    "placegttorder",
    "modifygttorder",
    "cancelgttorder",
    "gttorderbook",
    "analyzer/toggle",
];

/// What a smart order is told that finds nothing to do.
const NO_ACTION: &str = "Positions Already Matched. No Action needed.";

/// One call, let in and read.
struct Call<'a> {
    doors: &'a Doors,
    http: &'a HttpRequest,
    bytes: &'a [u8],
    object: Object<'a>,
}

/// Takes a call of any route under `/api/v1/`.
pub(super) async fn take(
    http: HttpRequest,
    route: Path<String>,
    payload: Payload,
    doors: Data<Doors>,
) -> HttpResponse {
    let route = route.trim_end_matches('/');
    let answered = answer(&http, route, payload, &doors).await;
    answered.unwrap_or_else(|error| {
        info!(
            code = error.code(),
            "a call of {route:?} was turned away: {error}"
        );
        Reply::of(&error).http()
    })
}

async fn answer(
    http: &HttpRequest,
    route: &str,
    payload: Payload,
    doors: &Doors,
) -> Result<HttpResponse, DoorError> {
    doors.admit(http)?;
    if http.method() != Method::POST {
        return Ok(Reply::not_found(http.path()).http());
    }
    if NOT_GATED.contains(&route) {
        return Ok(Reply::error(400, "not gated, not sent").http());
    }
    let bytes = body::read(http, payload, doors.body_bytes_max).await?;
    let object = Object::parse(&bytes).map_err(SignalError::from)?;
    let call = Call {
        doors,
        http,
        bytes: &bytes,
        object,
    };
    match route {
        "placeorder" => call.place(Request::Place).await,
        "placesmartorder" => call.place(Request::PlaceSmart).await,
        "orderstatus" => call.order_status().await,
        "cancelorder" => call.cancel().await,
        "orderbook" => call.order_book().await,
        other => match Route::named(other) {
            Some(read) => call.pass(read).await,
            None => Ok(Reply::not_found(http.path()).http()),
        },
    }
}

impl Call<'_> {
    /// Returns whose key stands in the body.
    async fn source(&self) -> Result<Source, DoorError> {
        let key = match self.object.get("apikey") {
            Some(Field::Text(key)) => key,
            _ => String::new(),
        };
        super::alert::authenticate(self.doors, self.http, (&key, self.bytes)).await
    }

    /// `placeorder`, `placesmartorder`.
    async fn place(&self, request: Request) -> Result<HttpResponse, DoorError> {
        if let Err(problems) = request.check(&self.object) {
            return Ok(Reply::repr(&problems).http());
        }
        let source = self.source().await?;
        self.doors.limits.alert(source.sender.id)?;
        let reader = self.doors.reader(&source.sender, self.doors.now());
        let alert = match reader.read(self.bytes) {
            Ok(alert) => alert,
            Err(TurnedAway { error, record }) => {
                if let Some(record) = record {
                    super::invalid::store(self.doors, &source, (&error, &record)).await;
                }
                return Err(error.into());
            }
        };
        let signal = alert.asked.id();
        let handled = submit(self.doors, alert).await?;
        Ok(placed(request, signal, &handled).http())
    }

    /// `orderstatus`.
    async fn order_status(&self) -> Result<HttpResponse, DoorError> {
        let row = match self.one_order().await? {
            Ok(row) => row,
            Err(reply) => return Ok(reply.http()),
        };
        Ok(Reply::new(200, json!({"status": "success", "data": row.json()})).http())
    }

    /// `cancelorder`: an entry is given up; what filled stays. An exit pursues flat.
    async fn cancel(&self) -> Result<HttpResponse, DoorError> {
        let row = match self.one_order().await? {
            Ok(row) => row,
            Err(reply) => return Ok(reply.http()),
        };
        if row.status != Status::Open {
            let message = format!("Cannot cancel order in {} status", row.status.word());
            return Ok(Reply::error(400, &message).http());
        }
        if row.exits {
            let message = "[exit_pursues_flat] an exit is not cancelled by its sender";
            return Ok(Reply::error(400, message).http());
        }
        let source = self.source().await?;
        for intent in &row.open {
            let why = format!("cancelorder of {}", row.number);
            let order = Operator {
                id: cause(&source.name, &why, self.doors),
                by: source.name.clone(),
                why,
                order: Command::CancelIntent(*intent),
            };
            let input = Input::Operator(Box::new(order));
            self.doors.desk.input(input, None).await?;
        }
        Ok(success(&row.number).http())
    }

    /// Returns the order that a body names, or the answer when there is none.
    async fn one_order(&self) -> Result<Result<Row, Reply>, DoorError> {
        if let Err(problems) = Request::OneOrder.check(&self.object) {
            return Ok(Err(Reply::repr(&problems)));
        }
        let source = self.source().await?;
        let wanted = match self.object.get("orderid") {
            Some(Field::Text(number)) => number,
            _ => String::new(),
        };
        let row = self
            .rows(&source)
            .await?
            .into_iter()
            .find(|row| row.number == wanted.trim());
        let missing = || Reply::error(404, &format!("Order {wanted} not found"));
        Ok(row.ok_or_else(missing))
    }

    /// `orderbook`.
    async fn order_book(&self) -> Result<HttpResponse, DoorError> {
        if let Err(problems) = Request::KeyOnly.check(&self.object) {
            return Ok(Reply::object(&problems).http());
        }
        let source = self.source().await?;
        let data = book_json(&self.rows(&source).await?);
        Ok(Reply::new(200, json!({"status": "success", "data": data})).http())
    }

    async fn rows(&self, source: &Source) -> Result<Vec<Row>, DoorError> {
        let desk = &self.doors.desk;
        let page = Page::newest(ROWS_MAX);
        let intents = desk.store().view_intents(desk.id(), &page).await;
        // Each sender sees and cancels its own orders alone.
        let intents = intents.map(|mut all| {
            all.retain(|intent| intent.source == Some(source.sender.id.0));
            all
        });
        let orders = desk.store().view_orders(desk.id(), &page).await;
        let seen = (
            &*intents.map_err(DoorError::Store)?,
            &*orders.map_err(DoorError::Store)?,
        );
        Ok(rows(seen, &desk.rules().instruments, self.doors.now()))
    }

    /// Passes a read on, with OpenAlgo's own key in place of ours.
    async fn pass(&self, route: Route) -> Result<HttpResponse, DoorError> {
        if !self.object.has("apikey") {
            return Ok(Reply::object(&Problems::no_key()).http());
        }
        let source = self.source().await?;
        self.doors.limits.read(source.sender.id, route)?;
        let Some(reads) = &self.doors.reads else {
            return Ok(Reply::error(503, "[no_openalgo] there is no OpenAlgo to read from").http());
        };
        let body: Map<String, Value> = serde_json::from_slice(self.bytes).unwrap_or_default();
        match reads.forward(route, &body).await {
            Ok(answer) => {
                let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
                let kind = answer
                    .content_type
                    .unwrap_or_else(|| "application/json".to_owned());
                Ok(HttpResponse::build(status)
                    .content_type(kind)
                    .body(answer.body))
            }
            Err(error) => Ok(away(&error).http()),
        }
    }
}

/// Returns the answer to an order that was decided on.
fn placed(request: Request, signal: SignalId, handled: &Handled) -> Reply {
    let Some(told) = &handled.told else {
        return Reply::error(500, "[defect] no answer was made");
    };
    let body: Value = serde_json::from_str(&told.body).unwrap_or_default();
    let said = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    match told.verdict {
        // a repeated order has the number of the first
        Verdict::Accepted => success(&number(said("signal_id").parse().unwrap_or(signal))),
        Verdict::Recorded if request == Request::PlaceSmart => {
            Reply::new(200, json!({"status": "success", "message": NO_ACTION}))
        }
        Verdict::Recorded | Verdict::Rejected | Verdict::Invalid => {
            Reply::error(400, &format!("[{}] {}", told.code, said("detail")))
        }
    }
}

fn success(number: &str) -> Reply {
    Reply::new(200, json!({"status": "success", "orderid": number}))
}

fn away(error: &ReadError) -> Reply {
    Reply::error(503, &format!("[openalgo_away] {error}"))
}

/// Returns the name of an order that a source gives in person.
fn cause(by: &str, why: &str, doors: &Doors) -> Cause {
    let at = doors.now().timestamp_micros();
    let hash: [u8; 32] = Sha256::digest(format!("operator\n{by}\n{why}\n{at}")).into();
    let mut bytes = [0; 10];
    for (to, from) in bytes.iter_mut().zip(hash) {
        *to = from;
    }
    Cause::from_bytes(bytes)
}
