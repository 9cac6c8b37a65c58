//! What machines ask: is it up, can it take alerts, what has it counted.

use core::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::doors::Doors;

/// How long the database may take to answer that it is there.
const PING_TIME: Duration = Duration::from_secs(1);

/// `GET /healthz`: the process is up.
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "up"}))
}

/// `GET /readyz`: 503 only when an alert could not be durably decided.
pub(super) async fn readyz(doors: Data<Doors>) -> HttpResponse {
    let ping = tokio::time::timeout(PING_TIME, doors.desk.store().ping()).await;
    if !matches!(ping, Ok(Ok(()))) {
        let why = ["the database does not answer"];
        return HttpResponse::ServiceUnavailable()
            .json(json!({"ready": false, "degraded": true, "why": why}));
    }
    let mut why = (doors.degraded)();
    if let Some(unwritten) = doors.desk.unwritten() {
        // It answers, and what is decided cannot be written: a disk that is full does that.
        why.insert(
            0,
            format!("the newest decision could not be written: {unwritten}"),
        );
        return HttpResponse::ServiceUnavailable()
            .json(json!({"ready": false, "degraded": true, "why": why}));
    }
    HttpResponse::Ok().json(json!({"ready": true, "degraded": !why.is_empty(), "why": why}))
}

/// `GET /metrics`: Prometheus text.
pub(super) async fn metrics(doors: Data<Doors>) -> HttpResponse {
    doors.counters.as_ref().map_or_else(
        || HttpResponse::NotFound().finish(),
        |counters| {
            HttpResponse::Ok()
                .content_type("text/plain; version=0.0.4; charset=utf-8")
                .body(counters.render())
        },
    )
}
