//! The scripts of `TradingView`, from their templates.
//!
//! Scout and Strategy of an instrument carry the same block of parameters, and the same version: a hash of
//! that block and of all templates, so that an alert shows which rules its script was made with.

use sha2::{Digest as _, Sha256};

use super::Parameters;

const SHARED: &str = include_str!("../../pine/template/shared.pine");
const STRATEGY: &str = include_str!("../../pine/template/strategy.pine");
const SCOUT: &str = include_str!("../../pine/template/scout.pine");

/// The generation of what alerts say; a change of their form counts it up.
const GENERATION: u32 = 1;

const NOTICE: &str = "Rendered by `torana pine render` from pine/template/ and config/: change those, not this file.";

/// One of the two scripts of an instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// Entries, adds and exits, at the close of a bar.
    Strategy,
    /// What is seen before the session's close, and every closed bar.
    Scout,
}

impl Script {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Strategy, Self::Scout];

    /// Returns the name of the script's file.
    pub fn file(self, parameters: &Parameters) -> String {
        let word = match self {
            Self::Strategy => "strategy",
            Self::Scout => "scout",
        };
        format!("{}_{word}.pine", parameters.instrument.to_lowercase())
    }

    const fn template(self) -> &'static str {
        match self {
            Self::Strategy => STRATEGY,
            Self::Scout => SCOUT,
        }
    }
}

/// Returns the text of a script.
pub fn render(script: Script, parameters: &Parameters) -> String {
    let shared = shared(parameters).replace("{{VERSION}}", &version(parameters));
    let entries = parameters.limits.max_adds.saturating_add(1);
    filled(
        script.template(),
        &[
            ("NOTICE", NOTICE.to_owned()),
            ("TITLE", parameters.settings.title.clone()),
            ("PYRAMIDING", entries.to_string()),
            ("SLIPPAGE", parameters.settings.slippage.to_string()),
            ("SHARED", shared),
        ],
    )
}

/// Returns what alerts of both scripts of an instrument name as their version.
pub fn version(parameters: &Parameters) -> String {
    let text = [shared(parameters).as_str(), STRATEGY, SCOUT].join("\n");
    let digest = Sha256::digest(text.as_bytes());
    let start: Vec<u8> = digest.iter().take(4).copied().collect();
    let digits = data_encoding::HEXLOWER.encode(&start);
    format!("torana-{GENERATION}-{digits}")
}

/// Returns the shared block, all but its version.
fn shared(parameters: &Parameters) -> String {
    let (all, limits) = (&parameters.settings, &parameters.limits);
    let minutes = |time: crate::domain::calendar::DayTime| time.seconds().div_euclid(60);
    let roc_min = all.roc_min.unwrap_or_default();
    let numbers = [
        ("WARMUP", parameters.warmup().to_string()),
        ("RSI_LENGTH", all.rsi_length.to_string()),
        ("RSI_MIN", all.rsi_min.to_string()),
        ("EMA_LENGTH", all.ema_length.to_string()),
        ("DC_LENGTH", all.dc_length.to_string()),
        ("ADX_LENGTH", all.adx_length.to_string()),
        ("ADX_MAX", all.adx_max.to_string()),
        ("ER_LENGTH", all.er_length.to_string()),
        ("ER_MIN", all.er_min.to_string()),
        ("ROC_LENGTH", all.roc_length.to_string()),
        ("ROC_USED", all.roc_min.is_some().to_string()),
        ("ROC_MIN", roc_min.to_string()),
        ("ST_LENGTH", all.st_length.to_string()),
        ("ST_FACTOR", all.st_factor.to_string()),
        ("ATR_LENGTH", all.atr_length.to_string()),
        ("DOJI", all.doji.to_string()),
        ("INITIAL_ATR", limits.initial_atr.get().to_string()),
        ("TRAILING_ATR", limits.trailing_atr.get().to_string()),
        ("MAX_ADDS", limits.max_adds.to_string()),
        ("SPACING", limits.spacing.get().to_string()),
        ("ADD_RATIO", parameters.ratio.get().to_string()),
        ("RISK", limits.risk.get().to_string()),
        ("VOLATILITY", limits.volatility.get().to_string()),
        ("MARGIN_CAP", parameters.margin_cap.get().to_string()),
        ("POINT_VALUE", parameters.point_value.get().to_string()),
        ("LOT_MARGIN", parameters.margin.get().to_string()),
        ("CLOSE", minutes(parameters.closes.close).to_string()),
        (
            "CLOSE_SUMMER",
            minutes(parameters.closes.close_us_summer).to_string(),
        ),
    ];
    let names = [
        ("INSTRUMENT", parameters.instrument.clone()),
        ("ROOT", parameters.root.clone()),
        ("INTERVAL", all.interval.to_string()),
    ];
    let values: Vec<_> = names.into_iter().chain(numbers).collect();
    filled(SHARED, &values)
}

/// Returns a template with its places filled.
fn filled(template: &str, values: &[(&str, String)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{{{name}}}}}"), value);
    }
    text
}
