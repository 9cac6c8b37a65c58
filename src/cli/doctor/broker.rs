//! OpenAlgo: reachable, in the right mode, logged in, and of our opinion about contracts.

use std::collections::BTreeSet;
use std::net::UdpSocket;

use chrono::NaiveDate;

use super::Check;
use crate::app;
use crate::broker::openalgo::OpenAlgo;
use crate::broker::{Broker as _, ReadError, Routing};
use crate::clock::{Clock as _, SystemClock};
use crate::config::Config;
use crate::domain::calendar::exchange_day;
use crate::domain::instrument::{Instrument, Margin, Spec};
use crate::domain::money::Lots;
use crate::domain::order::{Exchange, Pricing, Side, Ticket};
use crate::monitor::{SIMULATOR, agreement};

/// Looks at OpenAlgo where one is configured.
pub(super) async fn look(config: &Config) -> Vec<Check> {
    let Some(settings) = app::openalgo_settings(config) else {
        let why = "none is configured (OPENALGO_URL); paper practises with the simulator inside";
        return vec![Check::skipped("openalgo", why)];
    };
    let openalgo = match OpenAlgo::new(&settings) {
        Ok(openalgo) => openalgo,
        Err(error) => {
            let remedy = "OPENALGO_URL is like http://127.0.0.1:5000";
            return vec![Check::bad("openalgo", error.to_string(), remedy)];
        }
    };
    let mut checks = vec![egress(&settings.url)];
    checks.extend(answers(&openalgo, app::sends_real_orders(config)).await);
    if checks
        .iter()
        .any(|check| check.what == "openalgo" && check.verdict == super::Verdict::Bad)
    {
        return checks;
    }
    checks.extend(contracts(&openalgo, config).await);
    checks.extend(hours(&openalgo, config).await);
    checks
}

/// Says from which address brokers see this machine, as far as it can be known here.
fn egress(url: &str) -> Check {
    let host = url.split("://").nth(1).unwrap_or(url);
    let host = host.split('/').next().unwrap_or(host);
    let at = if host.contains(':') {
        host.to_owned()
    } else {
        format!("{host}:80")
    };
    let local = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect(&at)?;
        socket.local_addr()
    });
    match local {
        Ok(local) => Check::good(
            "egress",
            format!(
                "OpenAlgo is reached from {}; brokers see OpenAlgo's own address, which must be registered with them",
                local.ip()
            ),
        ),
        Err(error) => Check::warning(
            "egress",
            format!("no way to {host}: {error}"),
            "look at the network and at OPENALGO_URL",
        ),
    }
}

async fn answers(openalgo: &OpenAlgo, is_real: bool) -> Vec<Check> {
    let name = match openalgo.ping().await {
        Ok(name) => name,
        Err(error) => return vec![away(&error)],
    };
    let mut checks = vec![if name == SIMULATOR && is_real {
        let remedy = "live needs a real OpenAlgo at OPENALGO_URL";
        Check::bad("openalgo", "it is the simulator", remedy)
    } else {
        Check::good("openalgo", format!("answers, broker {name}"))
    }];
    checks.push(match (openalgo.routing().await, is_real) {
        (Ok(Routing::Sandbox), true) => Check::bad(
            "mode",
            "OpenAlgo is in analyzer mode: orders go to its sandbox",
            "switch the analyzer off in OpenAlgo",
        ),
        (Ok(Routing::Sandbox), false) => Check::good("mode", "analyzer"),
        (Ok(Routing::Broker), _) => Check::good("mode", "orders go to the broker"),
        (Err(error), _) => Check::warning("mode", error.to_string(), "ask again in a minute"),
    });
    checks.push(match openalgo.funds().await {
        Ok(funds) if funds.available.is_some() => Check::good("session", "the broker answers"),
        Ok(_) => Check::warning(
            "session",
            "the broker tells no free cash",
            "log in to the broker in OpenAlgo; entries wait without it in live",
        ),
        Err(error) => Check::bad(
            "session",
            error.to_string(),
            "log in to the broker in OpenAlgo; sessions end every morning",
        ),
    });
    checks
}

fn away(error: &ReadError) -> Check {
    let remedy = match error {
        ReadError::Locked { .. } => {
            "look at OPENALGO_API_KEY, and log in to the broker in OpenAlgo"
        }
        ReadError::Unavailable { .. } | ReadError::Absent { .. } => {
            "start OpenAlgo, or look at OPENALGO_URL"
        }
    };
    Check::bad("openalgo", error.to_string(), remedy)
}

/// Compares lot, tick and margin of the contracts that entries would take.
async fn contracts(openalgo: &OpenAlgo, config: &Config) -> Vec<Check> {
    let (rules, today) = (&config.rules, exchange_day(SystemClock.now()));
    let mut checks = Vec::new();
    for (ix, instrument) in rules.instruments.iter() {
        let enabled = rules.of(ix).is_some_and(|limits| limits.enabled);
        let contract = rules
            .instruments
            .contract_for_entry(ix, today, &rules.calendar);
        let spec = contract.and_then(|one| rules.instruments.spec(one, today));
        if let (true, Some(contract), Some(spec)) = (enabled, contract, spec) {
            let symbol = rules.instruments.symbol(contract);
            checks
                .push(contract_check(openalgo, instrument, (&symbol, spec, contract.expiry)).await);
            checks.extend(margin_check(openalgo, instrument, (&symbol, spec)).await);
        }
    }
    checks
}

async fn contract_check(
    openalgo: &OpenAlgo,
    instrument: &Instrument,
    (symbol, spec, expiry): (&str, &Spec, Option<NaiveDate>),
) -> Check {
    let remedy = "look at instruments.toml and at OpenAlgo's contract file: sizes depend on it";
    let theirs = match openalgo.symbol(instrument.exchange, symbol).await {
        Ok(theirs) => theirs,
        Err(error @ ReadError::Absent { .. }) => {
            return Check::bad("contract", format!("{symbol}: {error}"), remedy);
        }
        Err(error) => return Check::skipped("contract", format!("{symbol}: {error}")),
    };
    let all = agreement::contract((instrument, spec, expiry), &theirs);
    let differs: Vec<String> = all.into_iter().filter_map(|(_, said)| says(said)).collect();
    if differs.is_empty() {
        let lot = instrument.per_lot(spec);
        let words = format!("{symbol}: a lot of {lot}, its tick and its end, as we have them");
        Check::good("contract", words)
    } else {
        Check::bad(
            "contract",
            format!("{symbol}: {}", differs.join("; ")),
            remedy,
        )
    }
}

/// Returns both versions, where there are two.
fn says(versions: agreement::Versions) -> Option<String> {
    versions.map(|(ours, theirs)| format!("ours {ours}, OpenAlgo's {theirs}"))
}

/// Compares today's hours of the exchanges we enter on.
async fn hours(openalgo: &OpenAlgo, config: &Config) -> Vec<Check> {
    let (rules, today) = (&config.rules, exchange_day(SystemClock.now()));
    let timings = match openalgo.timings(today).await {
        Ok(timings) => timings,
        Err(error) => return vec![Check::skipped("hours", error.to_string())],
    };
    let enabled = |ix| rules.of(ix).is_some_and(|limits| limits.enabled);
    let instruments = rules.instruments.iter().filter(|(ix, _)| enabled(*ix));
    let exchanges: BTreeSet<Exchange> = instruments.map(|(_, one)| one.exchange).collect();
    let check = |exchange: Exchange| {
        let of = (exchange, today);
        match says(agreement::hours(&rules.calendar, of, &timings)) {
            None => Check::good("hours", format!("{exchange}: as in our calendar")),
            Some(both) => Check::bad(
                "hours",
                format!("{exchange}: {both}"),
                "look at calendar.toml and at the exchange's circulars",
            ),
        }
    };
    exchanges.into_iter().map(check).collect()
}

async fn margin_check(
    openalgo: &OpenAlgo,
    instrument: &Instrument,
    (symbol, spec): (&str, &Spec),
) -> Option<Check> {
    let Margin::PerLot(ours) = spec.margin else {
        return None;
    };
    let ticket = Ticket {
        symbol: symbol.to_owned(),
        exchange: instrument.exchange,
        product: instrument.product,
        side: Side::Buy,
        quantity: Lots::ONE.units(instrument.per_lot(spec)),
        pricing: Pricing::Market,
    };
    Some(match openalgo.margin(&ticket).await {
        Ok(theirs) if theirs > ours => Check::warning(
            "margin",
            format!("{symbol}: the broker asks {theirs} a lot, we have {ours}"),
            "the larger one is used; update instruments.toml",
        ),
        Ok(theirs) => Check::good("margin", format!("{symbol}: {theirs} a lot, ours {ours}")),
        Err(error) => Check::skipped("margin", format!("{symbol}: {error}")),
    })
}
