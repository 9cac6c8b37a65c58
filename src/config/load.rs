//! The order in which a configuration is put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use toml::{Table, Value};

use super::effective::{Line, lines_of, origin};
use super::error::{ConfigError, Problem};
use super::instruments::{Assumed, read_instruments};
use super::judge::judge;
use super::layers::{Environment, Files, Layered, lines};
use super::market::{read_calendar, read_charges};
use super::rules::{Facts, Notes, Shared, read_profile, read_shared};
use super::secrets::{Secrets, data_dir, given, is_root};
use super::section::{FromSetting as _, Problems, Section};
use super::settings::{CalendarChoice, CrashAfter, Given, Settings, read_settings};
use super::signals::read_signals;
use super::{Config, Mode, Options};
use crate::domain::calendar::Calendar;
use crate::domain::rules::{Rules, RulesHash};
use crate::strategy::Signals;

/// Puts the configuration together, or says everything that is wrong with it.
pub fn load(options: &Options, env: &Environment) -> Result<Config, ConfigError> {
    let problems = Problems::default();
    let config = Loader {
        options,
        env,
        problems: &problems,
    }
    .load();
    if config.is_none() && problems.borrow().is_empty() {
        note(&problems, "configuration", "cannot be read");
    }
    match (ConfigError::of(problems.into_inner()), config) {
        (None, Some(config)) => Ok(config),
        (Some(error), _) => Err(error),
        (None, None) => Err(ConfigError {
            problems: Vec::new(),
        }),
    }
}

struct Loader<'a> {
    options: &'a Options,
    env: &'a Environment,
    problems: &'a Problems,
}

/// What came out of the settings' own layers.
struct FromSettings {
    settings: Option<Settings>,
    shared: Shared,
}

/// The rules and what is to be said of them.
struct Ruled {
    rules: Option<Rules>,
    signals: Signals,
    lines: Vec<Line>,
    warnings: Vec<String>,
    assumed: Vec<Assumed>,
}

impl Loader<'_> {
    fn load(&self) -> Option<Config> {
        let files = Files::new(self.options.dir.as_deref(), self.problems);
        let mode = self.mode(&files);
        let layered = self.layered(&files, mode);
        let read = self.settings(&layered, mode);
        let secrets = Secrets::read(self.env, self.problems);
        let data_dir = data_dir(self.options.data.as_deref(), self.env, is_root());
        if data_dir.is_none() {
            note(
                self.problems,
                "TORANA_DATA",
                "is needed, as there is no HOME",
            );
        }
        let market = self.ruled(&files, &layered, &read);
        let settings = read.settings?;
        let rules = market.rules?;
        let signals = market.signals;
        let assumed = self.assumed_of(&rules, market.assumed, &settings);
        let mut config = Config {
            settings,
            secrets,
            rules,
            signals,
            data_dir: data_dir?,
            pg_bin_dir: given(self.env, "PG_BIN_DIR").map(Into::into),
            warnings: market.warnings,
            assumed,
            lines: market.lines,
        };
        judge(&mut config, self.options.today, self.problems);
        Some(config)
    }

    fn settings(&self, layered: &Layered, mode: Mode) -> FromSettings {
        let before = self.problems.borrow().len();
        let mut root = Section::new(String::new(), layered.table.clone(), self.problems);
        root.forget(&["mode"]);
        let shared = read_shared(&mut root);
        let crash_after = self.crash_after();
        let settings = read_settings(&mut root, Given { mode, crash_after });
        root.finish();
        self.name_origins(layered, before);
        let require_funds = settings.as_ref().map(|read| read.desk.require_funds);
        let prove_units = settings.as_ref().map(|read| read.desk.prove_units);
        let open_intents = settings.as_ref().map(|read| read.limits.open_intents);
        FromSettings {
            shared: Shared {
                require_funds,
                prove_units,
                open_intents,
                ..shared
            },
            settings,
        }
    }

    /// Returns the mode: of the command line, else the environment, else the directory's
    /// `base.toml`, else paper.
    fn mode(&self, files: &Files<'_>) -> Mode {
        let set = given(self.env, "TORANA__MODE").map(|word| Value::String(word.to_owned()));
        let written = || files.layered("base.toml")?.table.get("mode").cloned();
        let read = match (self.options.mode, set.or_else(written)) {
            (Some(mode), _) => Ok(mode),
            (None, Some(word)) => Mode::from_value(&word),
            (None, None) => Ok(Mode::Paper),
        };
        read.unwrap_or_else(|problem| {
            note(self.problems, "mode", problem);
            Mode::Paper
        })
    }

    fn layered(&self, files: &Files<'_>, mode: Mode) -> Layered {
        let mut layered = files.settings(&format!("{mode}.toml"));
        layered.lay_environment(self.env);
        if let Some(url) = given(self.env, "OPENALGO_URL") {
            layered.lay(nested("openalgo", "url", url), "OPENALGO_URL");
        }
        if let Some(listen) = self.options.listen {
            layered.lay(nested("server", "listen", &listen.to_string()), "--listen");
        }
        layered
    }

    /// Reads `TORANA_CRASH_AFTER=row7:2` or `TORANA_CRASH_AFTER=@/path/of/a/file`.
    fn crash_after(&self) -> Option<CrashAfter> {
        let text = given(self.env, "TORANA_CRASH_AFTER")?;
        let read = match text.strip_prefix('@') {
            Some(file) => Some(CrashAfter::Told(file.into())),
            None => text.split_once(':').and_then(|(place, passing)| {
                let passing = passing.parse().ok().filter(|number| *number > 0)?;
                Some(CrashAfter::At(place.to_owned(), passing))
            }),
        };
        if read.is_none() {
            note(
                self.problems,
                "TORANA_CRASH_AFTER",
                "must be a place and a number from 1, like row7:2, or @ and a file that names a place",
            );
        }
        read
    }

    /// Adds to each problem with a setting the layer it came from.
    fn name_origins(&self, layered: &Layered, from: usize) {
        for problem in self.problems.borrow_mut().iter_mut().skip(from) {
            if let Some(origin) = origin(layered, &problem.path) {
                problem.path = format!("{} ({origin})", problem.path);
            }
        }
    }

    /// Reads the market's files and the profile over them.
    fn ruled(&self, files: &Files<'_>, layered: &Layered, read: &FromSettings) -> Ruled {
        let file = |name: &str| files.layered(name).unwrap_or_default();
        let market = ["instruments.toml", "calendar.toml", "charges.toml"].map(file);
        let mut assumed = Vec::new();
        let facts = self.facts(&market, &mut assumed);
        let scripts = file("signals.toml");
        let signals = read_signals(&scripts, &facts.instruments, self.problems);
        let bars = read.shared.bars.as_ref().map(|bars| {
            let section = Section::new("bars".to_owned(), Table::new(), self.problems);
            bars.rules((&facts.instruments, &signals), &section)
        });
        let facts = Facts {
            calendar: opened(facts.calendar, read.settings.as_ref()),
            ..facts
        };
        let mut warnings = Vec::new();
        let mut lines = lines_of(layered, "");
        let settings = read.settings.as_ref();
        let name = settings.map_or("", |settings| &settings.desk.profile);
        let profile = files.layered(&format!("profiles/{name}.toml"));
        if profile.is_none() && settings.is_some() {
            let problem = format!("there is no profile {name:?}");
            note(self.problems, "desk.profile", problem);
        }
        let rules = profile.and_then(|profile| {
            lines.extend(lines_of(&profile, "profile."));
            let others = Self::others(files, name);
            let profiles = others.iter().map(|(_, one)| one);
            let all: Vec<&Layered> = core::iter::once(&profile).chain(profiles).collect();
            let market: Vec<Layered> = market.iter().cloned().chain([scripts]).collect();
            let hash = hash(layered, &all, &market);
            let notes = Notes {
                problems: self.problems,
                warnings: &mut warnings,
            };
            let rules = read_profile((name, profile), facts, &read.shared, notes)?;
            let rules = Rules {
                bars: bars?,
                ..rules
            };
            let stricter = self.stricter(&rules, others, &read.shared);
            Some(Rules {
                hash,
                stricter,
                ..rules
            })
        });
        Ruled {
            rules,
            signals,
            lines,
            warnings,
            assumed,
        }
    }

    /// Returns every profile but the desk's.
    fn others(files: &Files<'_>, desk: &str) -> Vec<(String, Layered)> {
        let names = files.profiles().into_iter().filter(|name| name != desk);
        names
            .filter_map(|name| {
                let profile = files.layered(&format!("profiles/{name}.toml"))?;
                Some((name, profile))
            })
            .collect()
    }

    /// Returns the desk's rules as each of the other profiles tightens them.
    fn stricter(
        &self,
        desk: &Rules,
        others: Vec<(String, Layered)>,
        shared: &Shared,
    ) -> BTreeMap<String, Arc<Rules>> {
        let mut all = BTreeMap::new();
        for (name, profile) in others {
            let facts = Facts {
                instruments: desk.instruments.clone(),
                calendar: desk.calendar.clone(),
                charges: desk.charges.clone(),
            };
            // What is odd in it is said where it is the desk's own.
            let notes = Notes {
                problems: self.problems,
                warnings: &mut Vec::new(),
            };
            if let Some(rules) = read_profile((&name, profile), facts, shared, notes) {
                all.insert(name, Arc::new(desk.tightened(&rules)));
            }
        }
        all
    }

    /// Returns what is assumed of enabled instruments and of charges, and whether it was confirmed.
    fn assumed_of(
        &self,
        rules: &Rules,
        instruments: Vec<Assumed>,
        settings: &Settings,
    ) -> Vec<(Assumed, bool)> {
        let enabled = rules.instruments.iter().zip(&rules.per_instrument);
        let enabled: Vec<String> = enabled
            .filter(|(_, limits)| limits.enabled)
            .map(|((_, instrument), _)| format!("instrument.{}.", instrument.name))
            .collect();
        let charges = rules.charges.rates().iter().filter(|row| row.assumed);
        let charges = charges.map(|row| Assumed {
            id: format!("charges.{}.{}", row.exchange, row.valid_from),
            what: row.source.clone(),
            until: rules.charges.replaced_on(row),
        });
        let mut all: Vec<Assumed> = instruments
            .into_iter()
            .filter(|one| {
                one.id.starts_with("class.")
                    || enabled.iter().any(|start| one.id.starts_with(start))
            })
            .chain(charges)
            .collect();
        all.retain(|one| one.until.is_none_or(|until| until > self.options.today));
        all.sort();
        all.dedup_by(|one, other| one.id == other.id);
        all.into_iter()
            .map(|one| {
                let confirmed = settings.desk.confirmed.contains(&one.id);
                (one, confirmed)
            })
            .collect()
    }

    fn facts(&self, market: &[Layered; 3], assumed: &mut Vec<Assumed>) -> Facts {
        let [instruments, calendar, charges] = market;
        let section = |name: &str, layered: &Layered| {
            Section::new(format!("{name}: "), layered.table.clone(), self.problems)
        };
        Facts {
            instruments: read_instruments(section("instruments.toml", instruments), assumed),
            calendar: read_calendar(section("calendar.toml", calendar)),
            charges: read_charges(section("charges.toml", charges)),
        }
    }
}

fn opened(calendar: Calendar, settings: Option<&Settings>) -> Calendar {
    match settings.map(|settings| settings.desk.calendar) {
        Some(CalendarChoice::Open) => calendar.opened(),
        Some(CalendarChoice::Exchange) | None => calendar,
    }
}

fn nested(section: &str, key: &str, value: &str) -> Table {
    let inner = Table::from_iter([(key.to_owned(), Value::String(value.to_owned()))]);
    Table::from_iter([(section.to_owned(), Value::Table(inner))])
}

/// Returns the hash of everything a decision compares with, as written in its layers.
fn hash(settings: &Layered, profiles: &[&Layered], market: &[Layered]) -> RulesHash {
    let mut hasher = Sha256::new();
    let shared = [
        "desk.calendar",
        "desk.require_funds",
        "desk.prove_units",
        "limits.open_intents",
        "timing.",
        "proof.",
        "reconcile.",
        "bars.",
    ];
    for (path, value) in lines(&settings.table) {
        if shared.iter().any(|start| path.starts_with(start)) {
            hasher.update(format!("{path} = {value}\n"));
        }
    }
    for file in profiles.iter().copied().chain(market) {
        for (path, value) in lines(&file.table) {
            hasher.update(format!("{path} = {value}\n"));
        }
        hasher.update("\n");
    }
    RulesHash(hasher.finalize().into())
}

/// Notes a problem.
pub(super) fn note(problems: &Problems, path: &str, problem: impl Into<String>) {
    problems.borrow_mut().push(Problem {
        path: path.to_owned(),
        problem: problem.into(),
    });
}
