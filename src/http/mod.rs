//! The doors: webhook, OpenAlgo-compatible, operator, health.
//!
//! 1. Every door ends in the desk: none decides, none waits for a broker's order route.
//! 2. What a door does not know is refused; nothing is passed on by default.
//! 3. A secret never reaches a log, a label or an answer.

use actix_web::HttpResponse;
use actix_web::http::header::ALLOW;
use actix_web::middleware::from_fn;
use actix_web::web::{ServiceConfig, get, post, resource, scope, to};
use serde_json::json;

pub mod admin;
mod alert;
pub mod auth;
mod body;
mod compat;
mod doors;
mod dry_run;
mod error;
mod health;
mod invalid;
pub mod json;
pub mod limits;
mod people;
mod request_id;
mod server;
mod submit;
pub mod webhook;

pub use doors::{Degraded, Doors, PriceSeen, age_limits};
pub use dry_run::DryRun;
pub use error::DoorError;
pub use people::{People, sender};
pub use server::{Serving, serve};

/// Every route there is.
pub fn routes(config: &mut ServiceConfig) {
    let named = scope("")
        .wrap(from_fn(request_id::name))
        .service(
            resource("/webhook/{secret}")
                .route(post().to(alert::take))
                .default_service(to(posted_only)),
        )
        .service(resource("/healthz").route(get().to(health::healthz)))
        .service(resource("/readyz").route(get().to(health::readyz)))
        .service(resource("/metrics").route(get().to(health::metrics)))
        .service(resource("/api/v1/{route:.*}").to(compat::take))
        .service(admin::routes())
        .default_service(to(nowhere));
    config.service(named);
}

/// An alert is posted; whoever only looks is told so.
async fn posted_only() -> HttpResponse {
    HttpResponse::MethodNotAllowed()
        .insert_header((ALLOW, "POST"))
        .json(json!({"error": {"code": "post_only", "detail": "alerts are sent with POST"}}))
}

/// What is not in the list is nowhere.
async fn nowhere() -> HttpResponse {
    HttpResponse::NotFound()
        .json(json!({"error": {"code": "not_found", "detail": "there is no such route"}}))
}
