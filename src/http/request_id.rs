//! Every request gets a name, which its answer and its line in the log carry.
//!
//! The line names the route's pattern, never the path: a path holds a secret.

use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use tokio::time::Instant;
use tracing::{debug, info};

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Routes that machines ask every few seconds.
const QUIET: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Names a request, counts it and says what became of it.
pub(super) async fn name(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = fresh();
    let began = Instant::now();
    let route = request.match_pattern().unwrap_or_else(|| "none".to_owned());
    let method = request.method().clone();
    let mut answer = next.call(request).await?;
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(HEADER, value);
    }
    let (status, took) = (answer.status().as_u16(), began.elapsed());
    let labels = [("route", route.clone()), ("status", status.to_string())];
    metrics::histogram!("torana_http_seconds", &labels).record(took);
    let ms = took.as_millis();
    if QUIET.contains(&route.as_str()) {
        debug!(request.id = %id, %method, route, status, ms, "{method} {route} answered {status}");
    } else {
        info!(request.id = %id, %method, route, status, ms, "{method} {route} answered {status}");
    }
    Ok(answer)
}

/// Returns a name that no other request has.
fn fresh() -> String {
    let mut bytes = [0_u8; 10];
    // Without chance the name is all zeros; a request is not refused for its name.
    let _named = getrandom::fill(&mut bytes);
    data_encoding::BASE32_NOPAD
        .encode(&bytes)
        .to_ascii_lowercase()
}
