//! Every figure of a signal, from one place each: what is looked at from `signals.toml`, stops, adds and
//! percentages from the profile, the contract from the instrument.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::domain::calendar::DayTime;
use crate::domain::instrument::Margin;
use crate::domain::money::{Money, Percent, PointValue, Ratio};
use crate::domain::order::Exchange;
use crate::domain::rules::{InstrumentRules, Rules};

/// How many times the longest look back passes before the first signal: by then it no longer counts
/// where an average started.
const WARMUP_LENGTHS: u32 = 3;

/// What the signals of one instrument look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalSettings {
    /// Its name on a chart.
    pub title: String,
    /// Minutes of a bar.
    pub interval: u32,
    /// Bars of the relative strength index.
    pub rsi_length: u32,
    /// What it must be above.
    pub rsi_min: Decimal,
    /// Bars of the moving average.
    pub ema_length: u32,
    /// Bars whose highest the close must be above.
    pub dc_length: u32,
    /// Bars of the directional index, and of its smoothing.
    pub adx_length: u32,
    /// What it must be below.
    pub adx_max: Decimal,
    /// Bars of the efficiency ratio.
    pub er_length: u32,
    /// What it must be above.
    pub er_min: Decimal,
    /// Bars of the rate of change.
    pub roc_length: u32,
    /// What it must be above for an add, in percent; none: it is not asked.
    pub roc_min: Option<Decimal>,
    /// Bars of the trend line's range.
    pub st_length: u32,
    /// Ranges between the trend line and the middle of a bar.
    pub st_factor: Decimal,
    /// Bars of the average true range.
    pub atr_length: u32,
    /// The part of its range up to which a body makes a doji.
    pub doji: Decimal,
    /// Ticks lost per fill in the tester of the chart.
    pub slippage: u32,
}

/// When an exchange closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closes {
    /// While the United States are on standard time.
    pub close: DayTime,
    /// While they are on summer time.
    pub close_us_summer: DayTime,
}

/// What all signals look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// By instrument.
    pub instruments: BTreeMap<String, SignalSettings>,
    /// By exchange.
    pub closes: BTreeMap<Exchange, Closes>,
}

/// Every figure of the signals of one instrument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Our name: `BANK_NIFTY`.
    pub instrument: String,
    /// What its symbols start with.
    pub root: String,
    /// What is looked at.
    pub settings: SignalSettings,
    /// When its exchange closes.
    pub closes: Closes,
    /// Stops, adds and percentages.
    pub limits: InstrumentRules,
    /// The part of the rung below that an add is.
    pub ratio: Ratio,
    /// The part of the equity that margins may take.
    pub margin_cap: Percent,
    /// Rupees per point and lot.
    pub point_value: PointValue,
    /// What a lot ties up.
    pub margin: Money,
}

impl Parameters {
    /// Returns the figures of an instrument: of the newest contracts, for futures with a close.
    pub fn new(signals: &Signals, rules: &Rules, name: &str) -> Option<Self> {
        let ix = rules.instruments.by_name(name)?;
        let instrument = rules.instruments.get(ix)?;
        let spec = instrument.spec(NaiveDate::MAX)?;
        let margin = match spec.margin {
            Margin::PerLot(margin) => margin,
            Margin::OfPrice { .. } => return None,
        };
        Some(Self {
            instrument: name.to_owned(),
            root: instrument.root.clone(),
            settings: signals.instruments.get(name)?.clone(),
            closes: *signals.closes.get(&instrument.exchange)?,
            limits: rules.of(ix)?.clone(),
            ratio: rules.pyramid.ratio,
            margin_cap: rules.portfolio.margin_cap,
            point_value: spec.point_value,
            margin,
        })
    }

    /// Returns how many bars pass before the first signal.
    pub fn warmup(&self) -> u32 {
        let all = &self.settings;
        let lengths = [
            all.rsi_length,
            all.ema_length,
            all.dc_length,
            all.adx_length,
            all.er_length,
            all.roc_length,
            all.st_length,
            all.atr_length,
        ];
        let longest = lengths.into_iter().max().unwrap_or(1);
        longest.saturating_mul(WARMUP_LENGTHS)
    }
}
