//! From a profile and the market's facts to the rules a decision compares with.
//!
//! A profile's limits of one instrument are its `[instrument.default]`, with `[equity]` over it for
//! shares and `[instrument.NAME]` over both.

use toml::Table;

use super::bars::{BarSettings, read_bars};
use super::bounds::check;
use super::layers::Layered;
use super::section::{FromSetting, Problems, Section, read};
use super::values::words;
use crate::domain::bars::BarRules;
use crate::domain::calendar::Calendar;
use crate::domain::charges::Charges;
use crate::domain::instrument::{Instrument, InstrumentKind, Instruments};
use crate::domain::money::{Percent, Ratio};
use crate::domain::rules::{
    AlertRules, Breakeven, CloseRules, DayRules, EodExit, InstrumentRules, OnBreach, OnExisting,
    PortfolioRules, ProofRules, ProtectiveStop, PyramidBudget, PyramidRules, QuantityUse,
    ReconcileRules, RollUse, Rules, RulesHash, SizingEquity, SizingRules, StopHitOn, StopRules,
    StopSource, TimingRules,
};
use crate::domain::sizing::VolatilityUse;

words! {
    SizingEquity {
        "conservative" => Self::Conservative,
        "blended" => Self::Blended,
        "realised" => Self::Realised,
        "marked" => Self::Marked,
        "high_water" => Self::HighWater,
    }
    VolatilityUse { "enforce" => Self::Enforce, "report" => Self::Report }
    PyramidBudget { "full" => Self::Full, "base_only" => Self::BaseOnly }
    StopSource { "alert" => Self::Alert, "atr" => Self::Atr }
    Breakeven { "off" => Self::Off, "entry" => Self::Entry, "charges" => Self::Charges }
    StopHitOn { "close" => Self::Close, "tick" => Self::Tick }
    OnBreach { "reduce" => Self::Reduce, "flatten" => Self::Flatten }
    OnExisting { "reject" => Self::Reject, "add" => Self::Add }
    EodExit { "stop" => Self::Stop, "supertrend" => Self::Supertrend, "off" => Self::Off }
    RollUse { "propose" => Self::Propose, "auto" => Self::Auto, "off" => Self::Off }
    QuantityUse { "cap" => Self::Cap, "strict" => Self::Strict }
}

impl FromSetting for ProtectiveStop {
    fn from_value(value: &toml::Value) -> Result<Self, String> {
        match value.as_str() {
            Some("day") => Ok(Self::Day),
            Some("off") => Ok(Self::Off),
            Some("gtt") => Err(
                "must be day or off: OpenAlgo places a gtt at two brokers alone, and not as a stop-limit"
                    .to_owned(),
            ),
            _ => Err("must be one of day, off".to_owned()),
        }
    }
}

/// What the market offers.
pub(super) struct Facts {
    pub(super) instruments: Instruments,
    pub(super) calendar: Calendar,
    pub(super) charges: Charges,
}

/// What of the rules stands among the settings.
pub(super) struct Shared {
    pub(super) timing: Option<Timing>,
    pub(super) proof: Option<ProofRules>,
    pub(super) reconcile: Option<ReconcileRules>,
    pub(super) bars: Option<BarSettings>,
    pub(super) require_funds: Option<bool>,
    pub(super) prove_units: Option<bool>,
    pub(super) open_intents: Option<u32>,
}

/// The part of [`TimingRules`] that no profile changes.
pub(super) struct Timing {
    intent_validity: chrono::TimeDelta,
    entry_wait: chrono::TimeDelta,
    funds_age: chrono::TimeDelta,
    mark_age: chrono::TimeDelta,
    basis_age: chrono::TimeDelta,
    exit_pause_min: chrono::TimeDelta,
    exit_pause_max: chrono::TimeDelta,
    release_pause: chrono::TimeDelta,
    exit_reprice: chrono::TimeDelta,
    flat_for: chrono::TimeDelta,
    flat_report: chrono::TimeDelta,
}

/// The part of [`TimingRules`] that belongs to a profile.
struct Drift {
    divergence_base: Percent,
    divergence_add: Percent,
    growth_base: Percent,
    growth_add: Percent,
}

/// Reads what the settings hold of the rules.
pub(super) fn read_shared(root: &mut Section<'_>) -> Shared {
    let timing = root.read("timing", |section| {
        read!(section => Timing {
            intent_validity, entry_wait, funds_age, mark_age, basis_age, exit_pause_min,
            exit_pause_max, release_pause, exit_reprice, flat_for, flat_report,
        })
    });
    let proof = root.read(
        "proof",
        |section| read!(section => ProofRules { reads_min, span_min, call_deadline }),
    );
    let reconcile = root.read("reconcile", |section| {
        read!(section => ReconcileRules {
            net_age, reads_min, span_min, absent_reads_min, absent_span_min, equity_apart,
        })
    });
    Shared {
        timing,
        proof,
        reconcile,
        bars: root.read("bars", read_bars),
        require_funds: None,
        prove_units: None,
        open_intents: None,
    }
}

/// Reads a profile into rules; notes what is refused, and adds what is odd to the warnings.
pub(super) fn read_profile(
    profile: (&str, Layered),
    facts: Facts,
    shared: &Shared,
    mut notes: Notes<'_>,
) -> Option<Rules> {
    let (name, layered) = profile;
    let path = format!("profiles/{name}.toml: ");
    let mut file = Section::new(path.clone(), layered.table.clone(), notes.problems);
    let limits = Limits::of(&layered.table, &path, notes.problems);
    let per_instrument: Vec<_> = facts
        .instruments
        .iter()
        .map(|(_, instrument)| limits.read(instrument))
        .collect();
    limits.note_strangers(&facts.instruments);
    file.forget(&["instrument", "equity"]);
    let sections = read_sections(&mut file, shared);
    file.finish();
    let per_instrument = per_instrument.into_iter().collect::<Option<Vec<_>>>()?;
    let rules = sections?.rules(name, facts, per_instrument);
    check(&rules, &path, &mut notes);
    Some(rules)
}

/// Where findings go.
pub(super) struct Notes<'p> {
    pub(super) problems: &'p Problems,
    pub(super) warnings: &'p mut Vec<String>,
}

struct Sections {
    portfolio: PortfolioRules,
    sizing: SizingRules,
    pyramid: PyramidRules,
    stops: StopRules,
    alerts: AlertRules,
    close: CloseRules,
    day: DayRules,
    timing: TimingRules,
    proof: ProofRules,
    reconcile: ReconcileRules,
}

impl Sections {
    fn rules(self, name: &str, facts: Facts, per_instrument: Vec<InstrumentRules>) -> Rules {
        Rules {
            hash: RulesHash::default(),
            profile: name.to_owned(),
            instruments: facts.instruments,
            calendar: facts.calendar,
            charges: facts.charges,
            per_instrument,
            portfolio: self.portfolio,
            sizing: self.sizing,
            pyramid: self.pyramid,
            stops: self.stops,
            alerts: self.alerts,
            close: self.close,
            day: self.day,
            timing: self.timing,
            proof: self.proof,
            reconcile: self.reconcile,
            // the same for every profile: laid over it by whoever knows the scripts
            bars: BarRules::default(),
            stricter: std::collections::BTreeMap::new(),
        }
    }
}

fn read_sections(file: &mut Section<'_>, shared: &Shared) -> Option<Sections> {
    let portfolio = file.read("portfolio", |section| {
        read!(section => PortfolioRules {
            risk, volatility, add_risk, add_volatility, margin_cap, max_positions, max_same_sector,
            deployed, planned_heat, max_order_value, max_open_order_value, min_reward_risk,
            max_slices, pool_intraday, pool_swing, correlation,
        } with {
            require_funds: shared.require_funds,
            prove_units: shared.prove_units,
            max_open_intents: shared.open_intents.map(Some),
        })
    });
    let sizing = file.read("sizing", |section| {
        read!(section => SizingRules {
            equity, volatility, stop_atr_min, stop_percent_max, stop_charges_min,
        })
    });
    let pyramid = file.read(
        "pyramid",
        |section| read!(section => PyramidRules { ratio, budget }),
    );
    let stops = file.read("stops", |section| {
        read!(section => StopRules {
            source, percent, hit_on, protective_stop, disaster_offset, range, breakeven,
            peel_off,
        })
    });
    let alerts = file.read(
        "alerts",
        |section| read!(section => AlertRules { long_only, on_existing, quantity, require_atr }),
    );
    let day = file.read("day", |section| {
        read!(section => DayRules {
            loss, drawdown, trades, losing_streak, cool_down, on_breach,
        })
    });
    let close = file.read(
        "close",
        |section| read!(section => CloseRules { eod_exit, roll }),
    );
    let drift = file.read("drift", |section| {
        read!(section => Drift { divergence_base, divergence_add, growth_base, growth_add })
    });
    Some(Sections {
        portfolio: portfolio?,
        sizing: sizing?,
        pyramid: pyramid?,
        stops: stops?,
        alerts: alerts?,
        close: close?,
        day: day?,
        timing: timing_rules(shared.timing.as_ref()?, &drift?),
        proof: shared.proof.clone()?,
        reconcile: shared.reconcile.clone()?,
    })
}

fn timing_rules(timing: &Timing, drift: &Drift) -> TimingRules {
    TimingRules {
        intent_validity: timing.intent_validity,
        entry_wait: timing.entry_wait,
        funds_age: timing.funds_age,
        mark_age: timing.mark_age,
        basis_age: timing.basis_age,
        divergence_base: drift.divergence_base,
        divergence_add: drift.divergence_add,
        growth_base: drift.growth_base,
        growth_add: drift.growth_add,
        exit_pause_min: timing.exit_pause_min,
        exit_pause_max: timing.exit_pause_max,
        release_pause: timing.release_pause,
        exit_reprice: timing.exit_reprice,
        flat_for: timing.flat_for,
        flat_report: timing.flat_report,
    }
}

/// The tables of a profile that limits of single instruments are laid together from.
struct Limits<'a> {
    default: Layered,
    equity: Table,
    named: Table,
    path: &'a str,
    problems: &'a Problems,
}

impl<'a> Limits<'a> {
    fn of(profile: &Table, path: &'a str, problems: &'a Problems) -> Self {
        let table = |table: &Table, key: &str| {
            let inner = table.get(key).and_then(toml::Value::as_table);
            inner.cloned().unwrap_or_default()
        };
        let mut named = table(profile, "instrument");
        named.remove("default");
        Self {
            default: Layered {
                table: table(&table(profile, "instrument"), "default"),
                ..Layered::default()
            },
            equity: table(profile, "equity"),
            named,
            path,
            problems,
        }
    }

    fn read(&self, instrument: &Instrument) -> Option<InstrumentRules> {
        let mut layered = self.default.clone();
        if instrument.kind == InstrumentKind::Equity {
            layered.lay(self.equity.clone(), "equity");
        }
        let own = self.named.get(&instrument.name);
        let own = own.and_then(toml::Value::as_table).cloned();
        let path = match (&own, instrument.kind) {
            (Some(_), _) => format!("{}instrument.{}", self.path, instrument.name),
            (None, InstrumentKind::Equity) => format!("{}equity", self.path),
            (None, InstrumentKind::Future) => format!("{}instrument.default", self.path),
        };
        layered.lay(own.unwrap_or_default(), "own");
        let mut section = Section::new(path, layered.table, self.problems);
        let rules = read!(section => InstrumentRules {
            enabled, risk, volatility, ongoing_risk, ongoing_volatility, initial_atr, trailing_atr,
            max_adds, spacing, max_lots, max_value, capital_share,
        });
        if let Some(rules) = rules.as_ref().filter(|rules| rules.enabled) {
            refuse_limits(rules, &section);
        }
        section.finish();
        rules
    }

    /// Notes limits of instruments that do not exist.
    fn note_strangers(&self, instruments: &Instruments) {
        let section = Section::new(
            format!("{}instrument", self.path),
            Table::new(),
            self.problems,
        );
        for name in self.named.keys() {
            if instruments.by_name(name).is_none() {
                section.problem(name, "is no instrument");
            }
        }
    }
}

/// Notes an ongoing limit that is not above its initial one, as every entry would be peeled off,
/// and a stop without a distance.
fn refuse_limits(rules: &InstrumentRules, section: &Section<'_>) {
    for (key, multiple) in [
        ("initial_atr", rules.initial_atr),
        ("trailing_atr", rules.trailing_atr),
    ] {
        if multiple == Ratio::default() {
            section.problem(key, "must be above 0");
        }
    }
    for (key, initial, ongoing) in [
        ("ongoing_risk", rules.risk, rules.ongoing_risk),
        (
            "ongoing_volatility",
            rules.volatility,
            rules.ongoing_volatility,
        ),
    ] {
        if ongoing <= initial {
            section.problem(
                key,
                format!("must be above the initial {initial} %, is {ongoing} %"),
            );
        }
    }
}
