//! What can be ordered.

use std::collections::BTreeSet;

use actix_web::web::{Data, Path, Payload, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest as _, Sha256};

use super::auth::Bearer;
use super::body::{Body, bytes};
use super::error::AdminError;
use super::token;
use crate::desk::person::{By, Wish, answer, carry_out, carry_out_once};
use crate::domain::ids::LegId;
use crate::domain::input::{Latch, Scope, TradingState};
use crate::domain::instrument::Found;
use crate::domain::money::Money;
use crate::http::Doors;

/// Names an order, so that the same sent again is not carried out again.
const KEY_HEADER: &str = "Idempotency-Key";

/// The longest such name.
const KEY_LENGTH_MAX: usize = 100;

/// The header of a repeated answer.
const DUPLICATE_HEADER: &str = "Torana-Duplicate";

type Answer = Result<HttpResponse, AdminError>;

/// Who orders, and where.
pub(super) struct Asked {
    request: HttpRequest,
    doors: Data<Doors>,
    bearer: Bearer,
}

impl actix_web::FromRequest for Asked {
    type Error = AdminError;
    type Future = core::future::Ready<Result<Self, AdminError>>;

    fn from_request(request: &HttpRequest, _payload: &mut actix_web::dev::Payload) -> Self::Future {
        let bearer = <ReqData<Bearer> as actix_web::FromRequest>::extract(request);
        let doors = request.app_data::<Data<Doors>>().cloned();
        let asked = bearer
            .into_inner()
            .ok()
            .zip(doors)
            .map(|(bearer, doors)| Self {
                request: request.clone(),
                doors,
                bearer: bearer.into_inner(),
            });
        core::future::ready(asked.ok_or(AdminError::Unauthenticated))
    }
}

pub(super) async fn state(asked: Asked, payload: Payload) -> Answer {
    let known = ["scope", "state", "legs", "daily_loss", "clear", "why"];
    asked
        .order((payload, &known), |body, doors| {
            let scope = scope(doors, &body.text("scope")?)?;
            if let Some(wish) = resumption(body, scope)? {
                return Ok(wish);
            }
            let word = body.text("state")?;
            let states = [
                TradingState::Active,
                TradingState::Reducing,
                TradingState::Frozen,
            ];
            let found = states.into_iter().find(|state| state.word() == word);
            let wrong = || AdminError::given("state", "must be active, reducing or frozen");
            match found.ok_or_else(wrong)? {
                TradingState::Frozen => Ok(Wish::Freeze(scope, legs(body)?)),
                state @ (TradingState::Active | TradingState::Reducing) => {
                    Ok(Wish::State(scope, state))
                }
            }
        })
        .await
}

/// Returns the legs a body names.
fn legs(body: &Body<'_>) -> Result<BTreeSet<LegId>, AdminError> {
    let text = body.maybe_text("legs")?.unwrap_or_default();
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words
        .map(|word| {
            let leg = word.parse();
            leg.map_err(|_no_leg| AdminError::given("legs", format!("{word:?} names no leg")))
        })
        .collect()
}

pub(super) async fn source_state(asked: Asked, payload: Payload, name: Path<String>) -> Answer {
    let desk = &asked.doors.desk;
    let all = desk.store().sources(desk.id()).await?;
    let found = all.into_iter().find(|source| source.name == *name);
    let Some(source) = found else {
        let (what, id) = ("source", name.into_inner());
        return Err(AdminError::NotFound { what, id });
    };
    asked
        .order((payload, &["state", "why"]), |body, _| {
            let state = match body.text("state")?.as_str() {
                "active" => TradingState::Active,
                "reducing" => TradingState::Reducing,
                _ => return Err(AdminError::given("state", "must be active or reducing")),
            };
            Ok(Wish::Source(source.id, state))
        })
        .await
}

/// Returns what is to count instead of a breached limit, where the body says so.
fn resumption(body: &Body<'_>, scope: Scope) -> Result<Option<Wish>, AdminError> {
    let wish = match (
        body.percent("daily_loss")?,
        body.maybe_text("clear")?.as_deref(),
    ) {
        (None, None) => return Ok(None),
        (Some(loss), None) => Wish::DayLimit(loss),
        (None, Some("drawdown")) => Wish::Clear(Latch::Drawdown),
        (None, Some("losing-streak")) => Wish::Clear(Latch::LosingStreak),
        (_, Some(_)) => {
            let text = "must be drawdown or losing-streak, and stand without daily_loss";
            return Err(AdminError::given("clear", text));
        }
    };
    if scope != Scope::Desk || body.text("state")? != TradingState::Active.word() {
        let text = "is given when the desk is made active";
        return Err(AdminError::given("state", text));
    }
    Ok(Some(wish))
}

pub(super) async fn exit_position(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("position", &id)?;
    asked
        .order((payload, &["lots", "why"]), |body, _| {
            Ok(Wish::ExitPosition(id, body.lots()?))
        })
        .await
}

pub(super) async fn exit_leg(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("leg", &id)?;
    asked
        .order((payload, &["lots", "why"]), |body, _| {
            Ok(Wish::ExitLeg(id, body.lots()?))
        })
        .await
}

pub(super) async fn stop(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("leg", &id)?;
    asked
        .order((payload, &["stop", "why"]), |body, _| {
            let missing = || AdminError::given("stop", "must be there");
            Ok(Wish::Stop(id, body.price("stop")?.ok_or_else(missing)?))
        })
        .await
}

pub(super) async fn flatten(asked: Asked, payload: Payload) -> Answer {
    asked
        .order((payload, &["why"]), |_, _| Ok(Wish::Flatten))
        .await
}

pub(super) async fn roll(asked: Asked, payload: Payload) -> Answer {
    asked
        .order(
            (payload, &["instrument", "why"]),
            |body, doors| match scope(doors, &body.text("instrument")?)? {
                Scope::Instrument(ix) => Ok(Wish::Roll(ix)),
                Scope::Desk | Scope::Source(_) => {
                    Err(AdminError::given("instrument", "must be an instrument"))
                }
            },
        )
        .await
}

pub(super) async fn cancel(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("intent", &id)?;
    asked
        .order((payload, &["why"]), |_, _| Ok(Wish::Cancel(id)))
        .await
}

pub(super) async fn settle_intent(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("intent", &id)?;
    asked
        .order((payload, &["outcome", "broker_id", "why"]), |body, _| {
            Ok(Wish::SettleIntent(id, body.settlement()?))
        })
        .await
}

pub(super) async fn settle_order(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("order", &id)?;
    asked
        .order((payload, &["outcome", "broker_id", "why"]), |body, _| {
            Ok(Wish::SettleOrder(id, body.settlement()?))
        })
        .await
}

pub(super) async fn confirm(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("finding", &id)?;
    asked
        .order((payload, &["price", "why"]), |body, _| {
            Ok(Wish::Confirm(id, body.price("price")?))
        })
        .await
}

pub(super) async fn dismiss(asked: Asked, payload: Payload, id: Path<String>) -> Answer {
    let id = named("finding", &id)?;
    asked
        .order((payload, &["why"]), |_, _| Ok(Wish::Dismiss(id)))
        .await
}

pub(super) async fn adopt(asked: Asked, payload: Payload) -> Answer {
    let known = ["instrument", "lots", "price", "stop", "why"];
    asked
        .order((payload, &known), |body, doors| {
            let missing = |key| AdminError::given(key, "must be there");
            let name = body.text("instrument")?;
            let Scope::Instrument(instrument) = scope(doors, &name)? else {
                return Err(AdminError::given("instrument", "must be an instrument"));
            };
            Ok(Wish::Adopt(
                instrument,
                body.lots()?.ok_or_else(|| missing("lots"))?,
                body.price("price")?.ok_or_else(|| missing("price"))?,
                body.price("stop")?.ok_or_else(|| missing("stop"))?,
            ))
        })
        .await
}

pub(super) async fn ledger(asked: Asked, payload: Payload) -> Answer {
    asked
        .order(
            (payload, &["deposit", "withdraw", "why"]),
            |body, _| match (body.rupees("deposit")?, body.rupees("withdraw")?) {
                (Some(amount), None) => Ok(Wish::Cash(amount)),
                (None, Some(amount)) => Ok(Wish::Cash(Money::ZERO - amount)),
                (None, None) | (Some(_), Some(_)) => Err(AdminError::given(
                    "deposit",
                    "give one of deposit and withdraw",
                )),
            },
        )
        .await
}

impl Asked {
    /// Reads a body, does what it orders, and says what became true.
    async fn order(
        self,
        (payload, known): (Payload, &[&str]),
        wish: impl FnOnce(&Body<'_>, &Doors) -> Result<Wish, AdminError>,
    ) -> Answer {
        let bytes = bytes(&self.request, payload, &self.doors).await?;
        let (wish, why) = {
            let body = Body::parse(&bytes, known)?;
            (wish(&body, &self.doors)?, body.text("why")?)
        };
        let key = self.key()?;
        if key.is_none() && matches!(wish, Wish::Cash(_)) {
            let problem = "must be there: money that is moved twice by accident is hard to find";
            return Err(AdminError::given(KEY_HEADER, problem));
        }
        let request = token::fresh().unwrap_or_default();
        let by = By {
            name: &self.bearer.0,
            why: &why,
            request: &request,
        };
        let desk = &self.doors.desk;
        let (body, again) = if let Some(key) = key {
            let asked = asked(self.request.path(), &bytes);
            carry_out_once(desk, &wish, by, (&key, asked)).await?
        } else {
            let facts = carry_out(desk, &wish, by).await?;
            (answer(by.name, &facts, &desk.rules().instruments), false)
        };
        let mut response = HttpResponse::Ok();
        if again {
            response.insert_header((DUPLICATE_HEADER, "true"));
        }
        Ok(response.content_type("application/json").body(body))
    }

    /// Returns the key that makes a repeated order the same order.
    fn key(&self) -> Result<Option<String>, AdminError> {
        let Some(header) = self.request.headers().get(KEY_HEADER) else {
            return Ok(None);
        };
        let key = header.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > KEY_LENGTH_MAX {
            return Err(AdminError::given(
                KEY_HEADER,
                "must be 1 to 100 plain characters",
            ));
        }
        Ok(Some(key.to_owned()))
    }
}

/// Returns the hash of what is ordered where.
fn asked(path: &str, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(path);
    hash.update([0]);
    hash.update(body);
    hash.finalize().into()
}

/// Reads an id out of a path, whether its slashes were written out or not.
fn named<T: core::str::FromStr>(what: &'static str, text: &str) -> Result<T, AdminError> {
    let plain = text.replace("%2F", "/").replace("%2f", "/");
    plain.parse().map_err(|_not_ours| AdminError::NotFound {
        what,
        id: text.to_owned(),
    })
}

fn scope(doors: &Doors, name: &str) -> Result<Scope, AdminError> {
    if name == "desk" {
        return Ok(Scope::Desk);
    }
    let instruments = &doors.desk.rules().instruments;
    match instruments.find(name) {
        Some(Found::Instrument { ix, .. }) => Ok(Scope::Instrument(ix)),
        Some(Found::Index { .. }) | None => {
            let known: Vec<&str> = instruments
                .iter()
                .map(|(_, one)| one.name.as_str())
                .collect();
            let problem = format!("must be desk or one of {}", known.join(", "));
            Err(AdminError::given("scope", problem))
        }
    }
}
