//! `/admin/v1`: what operators and scripts read and order.
//!
//! 1. Every request bears a token with a name; the name is written down with what it orders.
//! 2. Reading takes no lock. Every write gives its reason, goes through the desk like everything
//!    else, and is answered with what became true.
//! 3. [`ROUTES`] is the only list of routes: the doors and the description are made from it.

mod auth;
mod body;
mod error;
mod openapi;
mod page;
mod read;
pub mod token;
mod write;

use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, get, post, scope, to};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _, Scope};

use self::error::AdminError;

/// One route: what it is, and who answers it.
pub struct Route {
    /// `get` or `post`.
    pub method: &'static str,
    /// Its path below `/admin/v1`.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub does: &'static str,
    /// What may stand behind the path, or must stand in the body.
    pub takes: &'static [Given],
    handler: fn() -> actix_web::Route,
}

/// One thing that a request gives.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    /// Its name.
    pub name: &'static str,
    /// `string`, `integer` or `number`.
    pub kind: &'static str,
    /// What it means.
    pub means: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

const fn may(name: &'static str, kind: &'static str, means: &'static str) -> Given {
    Given {
        name,
        kind,
        means,
        required: false,
    }
}

const fn must(name: &'static str, kind: &'static str, means: &'static str) -> Given {
    Given {
        name,
        kind,
        means,
        required: true,
    }
}

const LIMIT: Given = may(
    "limit",
    "integer",
    "how many rows: 1 to 1000, 100 without it",
);
const BEFORE: Given = may(
    "before",
    "string",
    "rows older than the one named so: `next` of the answer before",
);
const WHY: Given = must("why", "string", "the reason; it is written down");
const INSTRUMENT: Given = must("instrument", "string", "which instrument");
const LOTS: Given = may("lots", "integer", "how many lots; all without it");
const OUTCOME: Given = must("outcome", "string", "`placed` or `not_placed`");
const BROKER_ID: Given = may(
    "broker_id",
    "string",
    "the broker's id, where it was placed",
);

/// Every route.
#[rustfmt::skip]
pub const ROUTES: &[Route] = &[
    Route { method: "get", path: "/status", does: "Where the desk stands: state, day, equity, lease, head of the journal.", takes: &[], handler: || get().to(read::status) },
    Route { method: "get", path: "/portfolio", does: "Equity, exposure, margin, and how much of each limit is used.", takes: &[], handler: || get().to(read::portfolio) },
    Route { method: "get", path: "/positions", does: "What is held, with its legs, at the last prices seen.", takes: &[], handler: || get().to(read::positions) },
    Route { method: "get", path: "/marks", does: "The last good price of each contract: who said it, when, how old it is.", takes: &[], handler: || get().to(read::marks) },
    Route { method: "get", path: "/signals", does: "What came and what it was answered, the newest first.", takes: &[LIMIT, BEFORE], handler: || get().to(read::signals) },
    Route { method: "get", path: "/signals/{id}", does: "One signal with its whole decision: every gate with its figures, the arithmetic of the size, what would have passed, and all that followed.", takes: &[], handler: || get().to(read::signal) },
    Route { method: "get", path: "/intents", does: "Goals that were decided on, the newest first.", takes: &[LIMIT, BEFORE], handler: || get().to(read::intents) },
    Route { method: "get", path: "/orders", does: "Messages to the broker: those not yet claimed, then the newest.", takes: &[LIMIT, BEFORE], handler: || get().to(read::orders) },
    Route { method: "get", path: "/fills", does: "What was filled, the newest first.", takes: &[LIMIT, BEFORE], handler: || get().to(read::fills) },
    Route { method: "get", path: "/trades", does: "Closed legs and what they brought, the newest first.", takes: &[LIMIT, BEFORE], handler: || get().to(read::trades) },
    Route { method: "get", path: "/ledger", does: "Every movement of money, the newest first.", takes: &[LIMIT, BEFORE], handler: || get().to(read::ledger) },
    Route { method: "get", path: "/facts", does: "The journal, in order.", takes: &[LIMIT, may("after", "integer", "facts after this number: `next` of the answer before")], handler: || get().to(read::facts) },
    Route { method: "get", path: "/findings", does: "Where our book and the broker's differ, and what would end it.", takes: &[], handler: || get().to(read::findings) },
    Route { method: "get", path: "/sources", does: "Who may send alerts; no secret.", takes: &[], handler: || get().to(read::sources) },
    Route { method: "get", path: "/instruments", does: "What can be traded, with the figures in force.", takes: &[], handler: || get().to(read::instruments) },
    Route { method: "get", path: "/rules", does: "Every limit in force, in the form that is hashed.", takes: &[], handler: || get().to(read::rules) },
    Route { method: "get", path: "/openapi.json", does: "This description.", takes: &[], handler: || get().to(openapi::describe) },
    Route { method: "post", path: "/state", does: "Sets what may be traded.", takes: &[must("scope", "string", "`desk` or an instrument"), must("state", "string", "`active`, `reducing` or `frozen`"), may("legs", "string", "to freeze: the ids of the legs that lose their guard, all of them"), may("daily_loss", "number", "to resume under a breached loss of the day: the loss in percent allowed for the rest of it"), may("clear", "string", "to resume after it: `drawdown` or `losing-streak`"), WHY], handler: || post().to(write::state) },
    Route { method: "post", path: "/sources/{id}/state", does: "Holds the entries of a source back (`reducing`), or no longer; its exits go on.", takes: &[must("state", "string", "`active` or `reducing`"), WHY], handler: || post().to(write::source_state) },
    Route { method: "post", path: "/positions/{id}/exit", does: "Takes lots of a position out, the oldest leg first.", takes: &[LOTS, WHY], handler: || post().to(write::exit_position) },
    Route { method: "post", path: "/legs/{id}/exit", does: "Takes lots of a leg out.", takes: &[LOTS, WHY], handler: || post().to(write::exit_leg) },
    Route { method: "post", path: "/legs/{id}/stop", does: "Puts the stop of a leg nearer; one that is farther away is refused.", takes: &[must("stop", "number", "where it gets out; it is put on the tick of less risk"), WHY], handler: || post().to(write::stop) },
    Route { method: "post", path: "/flatten", does: "Cancels and takes everything out, and lets nothing in until all has been flat for a while; what is not out is said in facts.", takes: &[WHY], handler: || post().to(write::flatten) },
    Route { method: "post", path: "/roll", does: "Closes what is held of an instrument and opens it in the next contract.", takes: &[INSTRUMENT, WHY], handler: || post().to(write::roll) },
    Route { method: "post", path: "/intents/{id}/cancel", does: "Gives an intent up and cancels what works of it.", takes: &[WHY], handler: || post().to(write::cancel) },
    Route { method: "post", path: "/intents/{id}/settle", does: "Says what became of an intent's order that nobody answered for.", takes: &[OUTCOME, BROKER_ID, WHY], handler: || post().to(write::settle_intent) },
    Route { method: "post", path: "/orders/{id}/settle", does: "Says what became of an order that nobody answered for.", takes: &[OUTCOME, BROKER_ID, WHY], handler: || post().to(write::settle_order) },
    Route { method: "post", path: "/findings/{id}/confirm", does: "Changes our book as a finding proposes; no order is sent.", takes: &[may("price", "number", "the price the lots went for, where it is known better"), WHY], handler: || post().to(write::confirm) },
    Route { method: "post", path: "/findings/{id}/dismiss", does: "Says that a finding is none; it stays quiet until it changes.", takes: &[WHY], handler: || post().to(write::dismiss) },
    Route { method: "post", path: "/positions/adopt", does: "Takes in what the broker holds beyond our book, with a stop; nothing is booked.", takes: &[must("instrument", "string", "its name"), must("lots", "integer", "how many lots"), must("price", "number", "the price its gain counts from"), must("stop", "number", "where it gets out"), WHY], handler: || post().to(write::adopt) },
    Route { method: "post", path: "/ledger", does: "Puts money in or takes it out; one of `deposit` and `withdraw`. Needs the header Idempotency-Key, which every order may have: the same again is not carried out again, and gets the first answer.", takes: &[may("deposit", "number", "rupees to put in"), may("withdraw", "number", "rupees to take out"), WHY], handler: || post().to(write::ledger) },
];

/// Every route, behind its token.
pub(super) fn routes() -> Scope<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse<impl actix_web::body::MessageBody>,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    scope("/admin/v1")
        .wrap(from_fn(auth::bearer))
        .configure(register)
        .default_service(to(nothing))
}

fn register(config: &mut ServiceConfig) {
    for route in ROUTES {
        // the names of intents and orders have slashes in them
        let pattern = route.path.replace("{id}", "{id:.+}");
        config.route(&pattern, (route.handler)());
    }
}

async fn nothing(request: HttpRequest) -> HttpResponse {
    let (what, id) = ("route", format!("{} {}", request.method(), request.path()));
    AdminError::NotFound { what, id }.error_response()
}
