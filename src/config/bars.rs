//! Where closed bars come from: `[bars]` of the settings, with `[bars.instrument.NAME]` over it.
//!
//! The length of a bar and of its average true range is that of the instrument's own script in
//! `signals.toml`, unless a setting of the instrument says otherwise; what has no script has the
//! length that all share, or none, and then no bar of it is built.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::section::{FromSetting, Section, read};
use super::values::words;
use crate::domain::bars::{BarRules, BarSource, Chart, InstrumentBars};
use crate::domain::instrument::Instruments;
use crate::domain::money::Percent;
use crate::strategy::Signals;

words! {
    BarSource {
        "alerts" => Self::Alerts, "history" => Self::History, "ticks" => Self::Ticks,
    }
}

/// Rows of a broker are whole seconds long.
const LENGTH_MIN: TimeDelta = TimeDelta::seconds(1);

/// What all instruments share.
struct Shared {
    sources: Vec<BarSource>,
    length: Option<TimeDelta>,
    atr_length: u32,
    alert_wait: TimeDelta,
    settle: TimeDelta,
    history_wait: TimeDelta,
    hole: TimeDelta,
    apart: Percent,
}

/// What one instrument has of its own.
struct Own {
    sources: Option<Vec<BarSource>>,
    length: Option<TimeDelta>,
    atr_length: Option<u32>,
}

/// What was read, before it is known which instruments there are.
pub(super) struct BarSettings {
    shared: Shared,
    own: BTreeMap<String, Own>,
}

/// Reads the section.
pub(super) fn read_bars(section: &mut Section<'_>) -> Option<BarSettings> {
    let mut own = BTreeMap::new();
    for (name, mut section) in section.sections("instrument") {
        let read = read!(section => Own { sources, length, atr_length });
        let read = read.inspect(|one| refuse(&section, one.sources.as_deref(), one.length));
        section.finish();
        // a variable of the environment says small letters
        own.extend(read.map(|read| (name.to_ascii_uppercase(), read)));
    }
    let shared = read!(section => Shared {
        sources, length, atr_length, alert_wait, settle, history_wait, hole, apart,
    })?;
    refuse(section, Some(&shared.sources), shared.length);
    Some(BarSettings { shared, own })
}

/// Notes what no bar could be made by.
fn refuse(section: &Section<'_>, sources: Option<&[BarSource]>, length: Option<TimeDelta>) {
    let Some(sources) = sources else { return };
    if sources.is_empty() {
        section.problem("sources", "needs somebody who brings bars");
    }
    let mut once = sources.to_vec();
    once.sort_unstable();
    once.dedup();
    if once.len() != sources.len() {
        section.problem("sources", "names one twice");
    }
    if length.is_some_and(|length| length < LENGTH_MIN) {
        section.problem("length", "must be at least 1s");
    }
}

impl BarSettings {
    /// Returns the rules of all instruments; notes settings of what is none.
    pub(super) fn rules(
        &self,
        (instruments, signals): (&Instruments, &Signals),
        section: &Section<'_>,
    ) -> BarRules {
        for name in self.own.keys() {
            if instruments.by_name(name).is_none() {
                section.problem(&format!("instrument.{name}"), "is no instrument");
            }
        }
        let all = instruments.iter().map(|(ix, instrument)| {
            let script = signals.instruments.get(&instrument.name);
            let script = script.map(|one| Chart {
                length: TimeDelta::minutes(one.interval.into()),
                atr_length: one.atr_length,
            });
            (ix, self.of(&instrument.name, script))
        });
        BarRules {
            instruments: all.collect(),
            alert_wait: self.shared.alert_wait,
            settle: self.shared.settle,
            history_wait: self.shared.history_wait,
            hole: self.shared.hole,
            apart: self.shared.apart,
        }
    }

    fn of(&self, name: &str, script: Option<Chart>) -> InstrumentBars {
        let (shared, own) = (&self.shared, self.own.get(name));
        let sources = own.and_then(|own| own.sources.as_ref());
        let length = own.and_then(|own| own.length);
        let atr_length = own.and_then(|own| own.atr_length);
        let of_script = script.map(|script| script.length);
        let length = length.or(of_script).or(shared.length);
        let atr_of_script = script.map(|script| script.atr_length);
        let atr_length = atr_length.or(atr_of_script).unwrap_or(shared.atr_length);
        InstrumentBars {
            sources: sources.unwrap_or(&shared.sources).clone(),
            chart: length.map(|length| Chart { length, atr_length }),
        }
    }
}
