//! What the parts of a configuration must be to each other: what is refused, and what is risky.

use super::load::note;
use super::section::Problems;
use super::settings::CalendarChoice;
use super::{Config, Mode};

/// The most orders a second that an exchange takes of one account.
const ORDERS_PER_SECOND_MAX: u32 = 10;

/// Judges the parts of a configuration together.
pub(super) fn judge(config: &mut Config, problems: &Problems) {
    let settings = &config.settings;
    let limits = &settings.limits;
    if limits.orders_per_second > ORDERS_PER_SECOND_MAX || limits.orders_per_second == 0 {
        let problem = format!("must be from 1 to {ORDERS_PER_SECOND_MAX}");
        note(problems, "limits.orders_per_second", problem);
    }
    if limits.exits_per_second > limits.orders_per_second {
        let problem = "must not be above limits.orders_per_second";
        note(problems, "limits.exits_per_second", problem);
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if settings.desk.name.len() > 32 || !settings.desk.name.bytes().all(plain) {
        note(
            problems,
            "desk.name",
            "must be up to 32 small letters, digits and hyphens",
        );
    }
    for (key, url, schemes) in [
        (
            "openalgo.url",
            &settings.openalgo.url,
            ["http://", "https://"],
        ),
        (
            "openalgo.ws_url",
            &settings.openalgo.ws_url,
            ["ws://", "wss://"],
        ),
    ] {
        let bad = |url: &String| !schemes.iter().any(|scheme| url.starts_with(scheme));
        if url.as_ref().is_some_and(bad) {
            note(
                problems,
                key,
                format!("must start with {}", schemes.join(" or ")),
            );
        }
    }
    if settings.monitor.order_polls.is_empty() {
        note(problems, "monitor.order_polls", "needs at least one pause");
    }
    match settings.mode {
        Mode::Live => judge_live(config, problems),
        Mode::Shadow => judge_quotes(config, problems),
        Mode::Paper if settings.paper.prices == "openalgo" => judge_quotes(config, problems),
        Mode::Paper => {}
    }
    warn(config);
}

/// Quotes of a real broker need its address and key.
fn judge_quotes(config: &Config, problems: &Problems) {
    if config.settings.openalgo.url.is_none() {
        note(problems, "openalgo.url", "is needed; set OPENALGO_URL");
    }
    if config.secrets.openalgo_api_key.is_none() {
        note(problems, "OPENALGO_API_KEY", "is needed");
    }
}

fn judge_live(config: &Config, problems: &Problems) {
    judge_quotes(config, problems);
    if !config.secrets.live_accepted {
        note(problems, "TORANA_LIVE", "must be i-accept-real-orders");
    }
    if config.secrets.admin_token.is_none() {
        note(problems, "TORANA_ADMIN_TOKEN", "is needed in live");
    }
    let settings = &config.settings;
    if settings.desk.opening_capital.is_none() {
        note(problems, "desk.opening_capital", "is needed in live");
    }
    if settings.desk.calendar == CalendarChoice::Open {
        note(problems, "desk.calendar", "must be exchange in live");
    }
    if !settings.desk.require_funds {
        note(problems, "desk.require_funds", "must be true in live");
    }
    if settings.crash_after.is_some() {
        note(problems, "TORANA_CRASH_AFTER", "is for tests, never live");
    }
    for (assumed, _) in config.assumed.iter().filter(|(_, confirmed)| !confirmed) {
        let problem = format!(
            "is assumed: {}; check it, then name it in desk.confirmed",
            assumed.what
        );
        note(problems, &assumed.id, problem);
    }
}

/// Adds what is legal and risky.
fn warn(config: &mut Config) {
    let settings = &config.settings;
    let mut warnings = Vec::new();
    if !settings.server.listen.ip().is_loopback() {
        warnings.push(format!(
            "server.listen: {} is open to other machines; put TLS in front",
            settings.server.listen
        ));
    }
    if config.rules.day.loss.is_none() {
        warnings.push("profile.day.loss: no limit on the loss of a day".to_owned());
    }
    if config.rules.portfolio.margin_cap.get() > rust_decimal::Decimal::ONE_HUNDRED {
        warnings.push("profile.portfolio.margin_cap: more than the whole equity".to_owned());
    }
    let gap = settings.limits.exits_per_second == 0;
    if gap {
        warnings.push("limits.exits_per_second: entries may use up all of the rate".to_owned());
    }
    config.warnings.extend(warnings);
}
