//! The REST door: limits, keys, schemas and faults around a route.
//!
//! The order of checks is OpenAlgo's: path and verb, limiter, body, schema, key, session.

use core::any::Any;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd as _;
use std::sync::PoisonError;

use actix_web::dev::Extensions;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, SERVER};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use futures_util::stream;
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::answer::{self, Answer, First};
use super::control;
use super::faults::FaultName;
use super::house::House;
use super::options::ServerStyle;
use super::routes::{self, Access, Route};
use super::schema::{self, Form};
use super::server::Shared;

/// A second hold on a connection, to reset it by.
struct Hold(TcpStream);

/// Keeps a second hold on every connection.
pub(super) fn keep_hold(connection: &dyn Any, data: &mut Extensions) {
    let stream = connection.downcast_ref::<actix_web::rt::net::TcpStream>();
    if let Some(Ok(copy)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Hold(TcpStream::from(copy)));
    }
}

/// Takes one call.
pub(super) async fn enter(
    request: HttpRequest,
    body: web::Bytes,
    shared: web::Data<Shared>,
) -> HttpResponse {
    let path = request.path();
    if let Some(path) = path.strip_prefix("/_sim/") {
        if !sender(&request).is_loopback() {
            return written(&shared, &Answer::not_found(request.path()));
        }
        let verb = request.method().as_str();
        let answer = control::perform(&mut shared.house(), verb, path, &body);
        return written(&shared, &answer);
    }
    let below = path.strip_prefix("/api/v1/").unwrap_or("");
    if request.method() == "OPTIONS" && routes::known(below) {
        return written(&shared, &Answer::raw(200, "", "text/html; charset=utf-8"));
    }
    let Some(route) = routes::find(request.method().as_str(), below) else {
        shared.house().note(path, Value::Null);
        return written(&shared, &Answer::not_found(path));
    };
    let (answer, form) = perform(&shared, route, &request, &body);
    match answer.first {
        First::Send => written(&shared, &answer),
        First::Wait(ms) => {
            sleep(Duration::from_millis(ms)).await;
            written(&shared, &answer)
        }
        First::WaitThenPerform(ms) => {
            perform_later(shared.clone(), form, ms).await;
            written(&shared, &answer)
        }
        First::Reset => reset(&request),
    }
}

fn sender(request: &HttpRequest) -> IpAddr {
    request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip())
}

/// Performs an order after a while, even when the caller has gone.
async fn perform_later(shared: web::Data<Shared>, form: Option<Form>, ms: u64) {
    let later = actix_web::rt::spawn(async move {
        sleep(Duration::from_millis(ms)).await;
        if let Some(form) = form {
            routes::hung(&mut shared.house(), &form);
        }
    });
    // It cannot fail: nobody cancels it, and it does not panic.
    let _done = later.await;
}

fn perform(
    shared: &Shared,
    route: &'static Route,
    request: &HttpRequest,
    body: &[u8],
) -> (Answer, Option<Form>) {
    let fields = fields_of(request, route, body);
    let mut house = shared.house();
    house.route = route.path;
    if let Err(error) = house.turn() {
        tracing::error!(%error, "the simulator's journal cannot be written");
    }
    let shown = fields
        .as_ref()
        .ok()
        .cloned()
        .map_or(Value::Null, Value::Object);
    house.note(route.path, shown);
    let mut form = None;
    let mut answer = match admitted(shared, &mut house, route, request) {
        Some(refusal) => refusal,
        None => match fields {
            Err(refusal) => refusal,
            Ok(fields) => checked(&mut house, route, fields, &mut form),
        },
    };
    if let Some(fault) = house.strikes(FaultName::Slow)
        && answer.first == First::Send
    {
        answer.first = First::Wait(fault.ms.unwrap_or(1000));
    }
    (answer, form)
}

/// Returns the answer of a limiter or of a fault that stands before everything.
fn admitted(
    shared: &Shared,
    house: &mut House,
    route: &'static Route,
    request: &HttpRequest,
) -> Option<Answer> {
    let fits = shared.limits.as_ref().is_none_or(|limits| {
        let mut limits = limits.lock().unwrap_or_else(PoisonError::into_inner);
        limits.admit((route.path, sender(request)), route.per_second, house.now())
    });
    if !fits || house.strikes(FaultName::Limiter429).is_some() {
        let text = format!("{} per 1 second", route.per_second);
        return Some(Answer::bare(429, &text));
    }
    if house.strikes(FaultName::ResetBefore).is_some() {
        return Some(Answer::error(500, "").after(First::Reset));
    }
    if house.strikes(FaultName::Broker429).is_some() {
        return Some(Answer::error(429, "Too many requests"));
    }
    let failed = house.strikes(FaultName::Error500).is_some();
    failed.then(|| Answer::error(500, routes::DISCONNECTED))
}

/// Returns the fields of a call, or the answer to a body that holds none.
fn fields_of(
    request: &HttpRequest,
    route: &Route,
    body: &[u8],
) -> Result<Map<String, Value>, Answer> {
    if request.method() == "GET" {
        let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
        let fields = query.map(web::Query::into_inner).unwrap_or_default();
        return Ok(fields
            .into_iter()
            .map(|(name, value)| (name, Value::from(value)))
            .collect());
    }
    let kind = request.content_type();
    if kind != "application/json" && !kind.ends_with("+json") {
        return Err(if route.path == "placeorder" {
            Answer::error(500, "An unexpected error occurred in the API endpoint")
        } else {
            Answer::bare(500, "Internal Server Error")
        });
    }
    match answer::read(body) {
        None => Err(Answer::not_json()),
        Some(Value::Object(fields)) => Ok(fields),
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
        ) => Err(Answer::bare(500, "Internal Server Error")),
    }
}

fn checked(
    house: &mut House,
    route: &Route,
    fields: Map<String, Value>,
    taken: &mut Option<Form>,
) -> Answer {
    let form = match schema::check(route.schema, fields) {
        Ok(form) => form,
        Err(problems) => {
            let mut answer = Answer::schema(route.style, &problems);
            // All but one route say so here too.
            let says = route.style == answer::Style::Repr && route.path != "placeorder";
            if house.analyzes() && route.moded && says {
                answer.put("mode", Value::from("analyze"));
            }
            return answer;
        }
    };
    let known = route.access == Access::Open || house.knows(form.text("apikey"));
    let session =
        route.access != Access::Session || house.strikes(FaultName::SessionExpired403).is_none();
    if !known || !session {
        return Answer::error(403, "Invalid openalgo apikey");
    }
    let mut answer = (route.perform)(house, &form);
    *taken = Some(form);
    if house.analyzes() && route.moded {
        answer.put("mode", Value::from("analyze"));
    }
    if !route.moded_order() && house.strikes(FaultName::StringNumbers).is_some() {
        answer.stringify();
    }
    answer
}

impl Route {
    /// Returns whether it changes orders: what it answers is never made of numbers.
    fn moded_order(&self) -> bool {
        self.style == answer::Style::Repr
    }
}

fn written(shared: &Shared, answer: &Answer) -> HttpResponse {
    let (text, kind) = answer.body.written();
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((CONTENT_TYPE, kind));
    response.insert_header((SERVER, routes::BROKER));
    if shared.style == ServerStyle::Werkzeug {
        response.force_close();
    }
    response.body(text)
}

/// Ends a connection without an answer: the other side sees a reset.
fn reset(request: &HttpRequest) -> HttpResponse {
    if let Some(hold) = request.conn_data::<Hold>() {
        // Without it the connection ends all the same, only more politely.
        let _set = at_once(&hold.0);
    }
    let broken = io::Error::from(io::ErrorKind::ConnectionReset);
    HttpResponse::Ok().streaming(stream::iter([Err::<web::Bytes, _>(broken)]))
}

fn at_once(stream: &TcpStream) -> io::Result<()> {
    let stream = stream.try_clone()?;
    stream.set_nonblocking(true)?;
    tokio::net::TcpStream::from_std(stream)?.set_zero_linger()
}
