//! Who asks: a token with a name, before anything else is looked at.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest, ResponseError as _};
use subtle::ConstantTimeEq as _;

use super::error::AdminError;
use super::token;
use crate::http::{DoorError, Doors};

/// The name of the token a request bears.
#[derive(Clone, Debug)]
pub(super) struct Bearer(pub(super) String);

/// Lets a request in whose token counts, under the name of the token.
pub(super) async fn bearer(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    match name(request.request()).await {
        Ok(name) => {
            request.extensions_mut().insert(Bearer(name));
            let answer = next.call(request).await?;
            Ok(answer.map_into_left_body())
        }
        Err(error) => {
            let answer = request.into_response(error.error_response());
            Ok(answer.map_into_right_body())
        }
    }
}

async fn name(request: &HttpRequest) -> Result<String, AdminError> {
    let doors = request.app_data::<Data<Doors>>();
    let doors = doors.ok_or(AdminError::Unauthenticated)?;
    doors.admit(request).map_err(DoorError::from)?;
    let given = request.headers().get(AUTHORIZATION);
    let given = given.and_then(|header| header.to_str().ok());
    let given = given.and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let known = match given {
        Some(given) => known(doors, given).await?,
        None => None,
    };
    if let Some(name) = known {
        return Ok(name);
    }
    doors.failed(request).map_err(DoorError::from)?;
    Err(AdminError::Unauthenticated)
}

/// Returns whose token this is: the environment's, or one of the database's.
async fn known(doors: &Doors, given: &str) -> Result<Option<String>, AdminError> {
    let hash = token::hash(given);
    let ours = doors
        .admin_token
        .is_some_and(|ours| ours.ct_eq(&hash).into());
    if ours {
        return Ok(Some(token::ENVIRONMENT.to_owned()));
    }
    let all = doors.desk.store().tokens(doors.desk.id()).await?;
    Ok(token::name_of(&all, given))
}
