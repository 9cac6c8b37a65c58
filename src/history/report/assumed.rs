//! What a run assumed, a sentence each: nobody should have to guess what its figures are worth.

use crate::domain::rules::{ProtectiveStop, Rules};
use crate::history::assume::{From, Notes};
use crate::history::run::{Ready, Settings};

/// Returns everything that no file said, the most important first.
pub(super) fn sentences(ready: &Ready, rules: &Rules, settings: &Settings) -> Vec<String> {
    let mut all = figures(&ready.notes, settings);
    all.push(
        "The charts are taken to be continuous: where they join two contracts, the gap between \
         them is booked as profit or loss that nobody could have had. A position is rolled at one \
         price for both contracts, and pays spread and charges for it."
            .to_owned(),
    );
    all.push(path(ready));
    all.push(format!(
        "Every order fills whole and at once, {} worse than the price of its moment; size moves no \
         price.",
        ticks(settings)
    ));
    all.extend(dates(ready, rules));
    if rules.stops.protective_stop == ProtectiveStop::Off {
        all.push(
            "No order rests at the broker: without the path between two signals nobody knows \
             whether it would have been touched."
                .to_owned(),
        );
    }
    all.push(
        "Nobody confirms anything: contracts are rolled without asking, and the broker's cash and \
         count of units are not asked for."
            .to_owned(),
    );
    all
}

fn figures(notes: &Notes, settings: &Settings) -> Vec<String> {
    let mut all = Vec::new();
    let of = |map: &std::collections::BTreeMap<From, usize>, from| map.get(&from).copied();
    let entries = notes.entries;
    if let (Some(count), Some(percent)) =
        (of(&notes.atr, From::Assumed), settings.assume.atr_percent)
    {
        all.push(format!(
            "ASSUMED: the average true range of {count} of {entries} entries is {percent} % of \
             their price; no file gives it."
        ));
    }
    let stops = entries - notes.stops;
    if stops > 0 {
        all.push(format!(
            "ASSUMED: {stops} of {entries} entries name no stop; theirs is as many average true \
             ranges away as the profile says."
        ));
    }
    if let Some(count) = of(&notes.er, From::Assumed) {
        let er = settings
            .assume
            .er
            .map(|er| er.to_string())
            .unwrap_or_default();
        all.push(format!(
            "ASSUMED: the efficiency ratio of {count} of {entries} entries is {er}."
        ));
    }
    if let Some(count) = of(&notes.er, From::Missing) {
        all.push(format!(
            "ASSUMED: {count} of {entries} entries name no efficiency ratio; it counts as 1, which \
             sizes them as large as risk allows."
        ));
    }
    if notes.exits_by_last_part > 0 {
        all.push(format!(
            "{} exits were booked by TradingView against legs that their lots do not tell; those \
             legs leave with their last part.",
            notes.exits_by_last_part
        ));
    }
    all
}

fn path(ready: &Ready) -> String {
    if ready.barred.is_empty() {
        "Only the prices of signals are known. Between two of them the last one stands: stops are \
         not watched, exits are the script's, and equity moves at signals."
            .to_owned()
    } else {
        "Inside a bar the price goes from its open to the extreme that hurts, to the other, to its \
         close. A stop fills at the worse of itself and the open. Between bars nothing trades."
            .to_owned()
    }
}

fn ticks(settings: &Settings) -> String {
    let ticks = settings.slippage.normalize();
    if ticks == rust_decimal::Decimal::ONE {
        "one tick".to_owned()
    } else {
        format!("{ticks} ticks")
    }
}

/// Says which market facts are older than their first row.
fn dates(ready: &Ready, rules: &Rules) -> Vec<String> {
    let mut all = Vec::new();
    let Some((first, _)) = ready.span() else {
        return all;
    };
    let first = crate::domain::calendar::exchange_day(first);
    for ix in ready.instruments() {
        let Some(one) = rules.instruments.get(ix) else {
            continue;
        };
        let spec = one.specs.first().filter(|spec| spec.valid_from > first);
        if let Some(spec) = spec {
            all.push(format!(
                "{}: lot, tick and margin before {} are those of that day.",
                one.name, spec.valid_from
            ));
        }
        let rates = rules.charges.rates().iter();
        let rates = rates.filter(|row| row.exchange == one.exchange);
        if let Some(known) = rates
            .map(|row| row.valid_from)
            .min()
            .filter(|day| *day > first)
        {
            all.push(format!(
                "{}: charges before {known} are those of that day.",
                one.name
            ));
        }
        let year = chrono::Datelike::year(&first);
        if !rules.calendar.knows(one.exchange, first) {
            all.push(format!(
                "{}: holidays of {year} are not known; a day with a trade was open, every other \
                 weekday is taken to be.",
                one.name
            ));
        }
    }
    for (exchange, days) in &ready.added_days {
        all.push(format!(
            "{exchange}: on {days} day(s) something traded outside of the hours that the calendar \
             knows; it is taken to have been open then."
        ));
    }
    all
}
