//! What the parts of a configuration must be to each other: what is refused, and what is risky.

use chrono::{Days, NaiveDate, TimeDelta};

use super::load::note;
use super::section::Problems;
use super::settings::{CalendarChoice, Settings};
use super::{Config, Mode};

/// The most orders a second that an exchange takes of one account.
const ORDERS_PER_SECOND_MAX: u32 = 10;

/// Fewer agreeing reads may come from one reading that the broker repeats.
const PROOF_READS_MIN: u32 = 3;

/// A broker's books may be that late, or empty for so long, with success.
const PROOF_SPAN_MIN: TimeDelta = TimeDelta::seconds(15);

/// OpenAlgo waits 120 s for the broker, and a call takes its time to get there and back.
const CALL_DEADLINE_MIN: TimeDelta = TimeDelta::seconds(125);

/// Judges the parts of a configuration together.
pub(super) fn judge(config: &mut Config, today: NaiveDate, problems: &Problems) {
    refuse_nothing(&config.settings, problems);
    refuse_no_end(&config.settings, problems);
    let settings = &config.settings;
    let limits = &settings.limits;
    if limits.orders_per_second > ORDERS_PER_SECOND_MAX {
        let problem = format!("must be from 1 to {ORDERS_PER_SECOND_MAX}");
        note(problems, "limits.orders_per_second", problem);
    }
    if limits.exits_per_second >= limits.orders_per_second {
        let problem = "must be below limits.orders_per_second";
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
    judge_addresses(settings, problems);
    judge_channels(config, problems);
    judge_proof(config, problems);
    let settings = &config.settings;
    if settings.monitor.order_polls.is_empty() {
        note(problems, "monitor.order_polls", "needs at least one pause");
    }
    match settings.mode {
        Mode::Live => judge_live(config, problems),
        Mode::Shadow => judge_quotes(config, problems),
        Mode::Paper if settings.paper.prices == "openalgo" => judge_quotes(config, problems),
        Mode::Paper => {}
    }
    warn(config, today);
}

/// Notes addresses that are none of theirs.
fn judge_addresses(settings: &Settings, problems: &Problems) {
    let (openalgo, paper) = (&settings.openalgo, &settings.paper);
    let (http, ws) = (["http://", "https://"], ["ws://", "wss://"]);
    for (key, url, schemes) in [
        ("openalgo.url", &openalgo.url, http),
        ("openalgo.ws_url", &openalgo.ws_url, ws),
        ("paper.external", &paper.external, http),
        ("paper.external_feed", &paper.external_feed, ws),
    ] {
        let bad = |url: &String| !schemes.iter().any(|scheme| url.starts_with(scheme));
        if url.as_ref().is_some_and(bad) {
            let problem = format!("must start with {}", schemes.join(" or "));
            note(problems, key, problem);
        }
    }
    let with_password = |url: &Option<String>| url.as_ref().is_some_and(|url| url.contains('@'));
    if with_password(&openalgo.url) || with_password(&openalgo.ws_url) {
        let problem = "must not contain a user or password";
        note(problems, "openalgo.url", problem);
    }
    if paper.external.is_some() != paper.external_feed.is_some() {
        let problem = "goes together with paper.external_feed: set both or neither";
        note(problems, "paper.external", problem);
    }
}

/// Notes channels that are only half configured.
fn judge_channels(config: &Config, problems: &Problems) {
    let notify = &config.settings.notify;
    if notify.telegram_chat.is_some() && config.secrets.telegram_token.is_none() {
        let problem = "is needed where notify.telegram_chat is set";
        note(problems, "TORANA_TELEGRAM_TOKEN", problem);
    }
    if notify.mail_server.is_some() {
        if notify.mail_sender.is_none() {
            note(problems, "notify.mail_sender", "is needed for mail");
        }
        if notify.mail_to.is_empty() {
            note(problems, "notify.mail_to", "needs somebody to write to");
        }
        if notify.mail_user.is_some() && config.secrets.mail_password.is_none() {
            note(
                problems,
                "TORANA_MAIL_PASSWORD",
                "is needed for notify.mail_user",
            );
        }
    }
}

/// Notes a proof that could end before the call does which it is about; in live also one that is
/// weaker than what keeps an order from being doubled.
fn judge_proof(config: &Config, problems: &Problems) {
    let (settings, proof) = (&config.settings, &config.rules.proof);
    let call = TimeDelta::from_std(settings.openalgo.order_timeout).unwrap_or(TimeDelta::MAX);
    if proof.call_deadline <= call {
        let problem = format!(
            "must be longer than openalgo.order_timeout, {} s: a call that goes on has not ended",
            call.as_seconds_f64()
        );
        note(problems, "proof.call_deadline", problem);
    }
    if settings.mode != Mode::Live {
        return;
    }
    if proof.reads_min < PROOF_READS_MIN {
        let problem = format!("must be at least {PROOF_READS_MIN} in live");
        note(problems, "proof.reads_min", problem);
    }
    for (key, value, least) in [
        ("proof.span_min", proof.span_min, PROOF_SPAN_MIN),
        (
            "proof.call_deadline",
            proof.call_deadline,
            CALL_DEADLINE_MIN,
        ),
    ] {
        if value < least {
            let problem = format!("must be at least {} s in live", least.num_seconds());
            note(problems, key, problem);
        }
    }
}

/// Notes counts that nothing would work with at zero.
fn refuse_nothing(settings: &Settings, problems: &Problems) {
    let limits = &settings.limits;
    for (key, is_zero) in [
        ("server.workers", settings.server.workers == 0),
        (
            "sources.alerts_per_second",
            settings.sources.alerts_per_second == 0,
        ),
        ("sources.alerts_burst", settings.sources.alerts_burst == 0),
        ("limits.body_bytes", limits.body_bytes == 0),
        (
            "limits.requests_per_second",
            limits.requests_per_second == 0,
        ),
        ("limits.requests_burst", limits.requests_burst == 0),
        (
            "limits.failures_per_minute",
            limits.failures_per_minute == 0,
        ),
        ("limits.orders_per_second", limits.orders_per_second == 0),
        ("limits.open_intents", limits.open_intents == 0),
        ("limits.inputs_per_lock", limits.inputs_per_lock == 0),
        ("limits.inputs_waiting", limits.inputs_waiting == 0),
        (
            "openalgo.book_reads_per_second",
            settings.openalgo.book_reads_per_second == 0,
        ),
        ("courier.lanes", settings.courier.lanes == 0),
        ("database.pool", settings.database.pool == 0),
        (
            "notify.messages_per_minute",
            settings.notify.messages_per_minute == 0,
        ),
    ] {
        if is_zero {
            note(problems, key, "must be at least 1");
        }
    }
}

/// PostgreSQL takes a limit of zero for none, and a wait of zero gets no connection.
fn refuse_no_end(settings: &Settings, problems: &Problems) {
    let database = &settings.database;
    for (key, limit) in [
        ("database.statement_timeout", database.statement_timeout),
        ("database.lock_timeout", database.lock_timeout),
        ("database.acquire_timeout", database.acquire_timeout),
    ] {
        if limit.is_zero() {
            note(problems, key, "must be above zero");
        }
    }
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
    if !settings.desk.prove_units {
        note(problems, "desk.prove_units", "must be true in live");
    }
    if !settings.desk.require_funds {
        note(problems, "desk.require_funds", "must be true in live");
    }
    if settings.paper.external.is_some() {
        note(problems, "paper.external", "is a simulator, never for live");
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
fn warn(config: &mut Config, today: NaiveDate) {
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
    warnings.extend(unknown_holidays(config, today));
    config.warnings.extend(warnings);
}

/// Returns which exchanges' holidays are not known for the coming weeks, where they matter.
fn unknown_holidays(config: &Config, today: NaiveDate) -> Vec<String> {
    let rules = &config.rules;
    if today == NaiveDate::default() {
        return Vec::new();
    }
    let soon = today.checked_add_days(Days::new(45)).unwrap_or(today);
    let mut exchanges: Vec<_> = rules
        .instruments
        .iter()
        .zip(&rules.per_instrument)
        .filter(|(_, limits)| limits.enabled)
        .map(|((_, instrument), _)| instrument.exchange)
        .filter(|exchange| !rules.calendar.knows(*exchange, soon))
        .collect();
    exchanges.sort();
    exchanges.dedup();
    exchanges
        .into_iter()
        .map(|exchange| {
            let year = soon.format("%Y");
            format!("calendar.toml: the holidays of {exchange} in {year} are not listed")
        })
        .collect()
}
