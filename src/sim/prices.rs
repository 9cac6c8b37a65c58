//! What everything costs: the newest alert, a seeded walk, a bar file, or a real OpenAlgo.
//!
//! 1. The same seed and the same steps make the same prices; nothing here reads a clock.
//! 2. A contract that nobody has named a price for has none; it is never zero.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::domain::money::{Points, Price};
use crate::domain::order::Exchange;

use super::fills::Quote;
use super::floor::ist;
use super::master::SymbolMaster;
use super::tape::Tape;

/// Where a walk starts that nobody has named a price for.
const WALK_STARTS: Decimal = Decimal::ONE_THOUSAND;

/// The part of a price that is one of the twenty steps an imagined one may be away from it.
const IMAGINED_STEP: Decimal = Decimal::from_parts(15, 0, 0, false, 5);

/// Where prices come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PriceSource {
    /// The newest alert of each contract, and a walk that is pulled to it.
    #[default]
    Alerts,
    /// A walk around the reference price of each contract.
    Walk,
    /// A CSV file of `time,symbol,open,high,low,close`, played one point a step.
    Bars(PathBuf),
    /// The quotes of a real OpenAlgo.
    OpenAlgo {
        /// Its address, without `/api/v1`.
        url: String,
        /// Its API key.
        key: String,
    },
}

/// One bar of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// When it began.
    pub at: DateTime<Utc>,
    /// Its first price.
    pub open: Decimal,
    /// Its highest price.
    pub high: Decimal,
    /// Its lowest price.
    pub low: Decimal,
    /// Its last price.
    pub close: Decimal,
}

/// The day of one contract so far.
#[derive(Clone, Debug)]
pub struct Day {
    /// Best prices and last trade.
    pub quote: Quote,
    /// First price of the day.
    pub open: Price,
    /// Highest price of the day.
    pub high: Price,
    /// Lowest price of the day.
    pub low: Price,
    /// Where the day before ended.
    pub prev_close: Price,
    /// When the price last moved.
    pub at: DateTime<Utc>,
    date: NaiveDate,
    anchor: Price,
    step: u64,
}

/// Every contract's price.
#[derive(Clone, Debug)]
pub struct Prices {
    source: PriceSource,
    seed: u64,
    master: Arc<SymbolMaster>,
    days: BTreeMap<(Exchange, String), Day>,
    points: BTreeMap<(Exchange, String), VecDeque<Price>>,
    tapes: BTreeMap<(Exchange, String), Tape>,
    /// Bars of a file, for the history.
    pub bars: BTreeMap<(Exchange, String), Vec<Bar>>,
}

impl Prices {
    /// Reads the source and sets every contract to its reference price, where it has one.
    pub fn new(
        source: PriceSource,
        seed: u64,
        master: &Arc<SymbolMaster>,
        now: DateTime<Utc>,
    ) -> io::Result<Self> {
        let bars = match &source {
            PriceSource::Bars(path) => read_bars(path, master)?,
            PriceSource::Alerts | PriceSource::Walk | PriceSource::OpenAlgo { .. } => {
                BTreeMap::new()
            }
        };
        let mut prices = Self {
            source,
            seed,
            master: Arc::clone(master),
            days: BTreeMap::new(),
            tapes: BTreeMap::new(),
            points: bars
                .iter()
                .map(|(key, bars)| (key.clone(), bars.iter().flat_map(path_of).collect()))
                .collect(),
            bars,
        };
        let otherwise = match prices.source {
            PriceSource::Walk => Price::new(WALK_STARTS),
            PriceSource::Alerts | PriceSource::Bars(_) | PriceSource::OpenAlgo { .. } => None,
        };
        for (_, row) in master.rows() {
            if let Some(reference) = row.reference.or(otherwise) {
                prices.set((row.exchange, &row.symbol), reference, now);
            }
        }
        prices.advance(now);
        // what it began with was nobody's price
        prices.tapes.clear();
        Ok(prices)
    }

    /// Returns where prices come from.
    pub const fn source(&self) -> &PriceSource {
        &self.source
    }

    /// Returns the day of a contract, if it has a price.
    pub fn day(&self, exchange: Exchange, symbol: &str) -> Option<&Day> {
        self.days.get(&(exchange, symbol.to_owned()))
    }

    /// Returns the quote of a contract, if it has a price.
    pub fn quote(&self, exchange: Exchange, symbol: &str) -> Option<Quote> {
        self.day(exchange, symbol).map(|day| day.quote)
    }

    /// Names a price: the contract stands there now, and the walk is pulled to it.
    pub fn set(&mut self, on: (Exchange, &str), price: Price, now: DateTime<Utc>) {
        let quote = Quote::around(price, Points::new(self.tick(on.0, on.1)));
        self.set_quote(on, quote, now);
    }

    /// Names a quote with its own best prices.
    pub fn set_quote(&mut self, on: (Exchange, &str), quote: Quote, now: DateTime<Utc>) {
        let key = (on.0, on.1.to_owned());
        let tape = self.tapes.entry(key.clone()).or_default();
        tape.push(now, quote.last.get());
        let day = self
            .days
            .entry(key)
            .or_insert_with(|| Day::starting(quote, now));
        day.anchor = quote.last;
        day.moved(quote, now);
    }

    /// Moves every price one step and returns which moved.
    pub fn advance(&mut self, now: DateTime<Utc>) -> Vec<(Exchange, String)> {
        match self.source {
            PriceSource::OpenAlgo { .. } => Vec::new(),
            PriceSource::Alerts | PriceSource::Walk => self.walk(now),
            PriceSource::Bars(_) => self.play(now),
        }
    }

    fn walk(&mut self, now: DateTime<Utc>) -> Vec<(Exchange, String)> {
        let (seed, master) = (self.seed, Arc::clone(&self.master));
        for ((exchange, symbol), day) in &mut self.days {
            let tick = tick_of(&master, *exchange, symbol);
            day.step += 1;
            let chance = noise(seed, symbol, day.step).rem_euclid(5);
            let away = (day.anchor - day.quote.last).get();
            let pull = (away.checked_div(tick * Decimal::from(8)))
                .unwrap_or_default()
                .trunc()
                .clamp(Decimal::from(-3), Decimal::from(3));
            let ticks = Decimal::from(chance) - Decimal::TWO + pull;
            if let Some(last) = day.quote.last.moved(Points::new(ticks * tick)) {
                day.moved(Quote::around(last, Points::new(tick)), now);
                let key = (*exchange, symbol.clone());
                self.tapes.entry(key).or_default().push(now, last.get());
            }
        }
        self.days.keys().cloned().collect()
    }

    fn play(&mut self, now: DateTime<Utc>) -> Vec<(Exchange, String)> {
        let next: Vec<_> = self
            .points
            .iter_mut()
            .filter_map(|(key, points)| Some((key.clone(), points.pop_front()?)))
            .collect();
        for ((exchange, symbol), price) in &next {
            self.set((*exchange, symbol), *price, now);
        }
        next.into_iter().map(|(key, _)| key).collect()
    }

    fn tick(&self, exchange: Exchange, symbol: &str) -> Decimal {
        tick_of(&self.master, exchange, symbol)
    }

    /// Returns a bar: what the contract really cost here, or before that a past that never was, the
    /// same for the same seed, contract and moment, and about as wide as those of real ones. Where
    /// prices are those of a real `OpenAlgo`, nothing is imagined.
    pub fn bar(&self, on: (Exchange, &str), at: DateTime<Utc>, length_s: i64) -> Option<Bar> {
        self.taped(on, at, length_s).or_else(|| match self.source {
            PriceSource::OpenAlgo { .. } => None,
            PriceSource::Alerts | PriceSource::Walk | PriceSource::Bars(_) => {
                self.imagined(on, at, length_s)
            }
        })
    }

    /// Returns a bar of what the contract really cost here.
    pub fn taped(&self, on: (Exchange, &str), at: DateTime<Utc>, length_s: i64) -> Option<Bar> {
        let tape = self.tapes.get(&(on.0, on.1.to_owned()))?;
        tape.bar(at, length_s)
    }

    fn imagined(&self, on: (Exchange, &str), at: DateTime<Utc>, length_s: i64) -> Option<Bar> {
        let day = self.day(on.0, on.1)?;
        let tick = self.tick(on.0, on.1);
        let anchor = day.anchor.get();
        let step = anchor * IMAGINED_STEP;
        let level = |at_s: i64| {
            let bucket = u64::try_from(at_s.div_euclid(60)).unwrap_or(0);
            let away = noise(self.seed, on.1, bucket).rem_euclid(41);
            let away = (Decimal::from(away) - Decimal::from(20)) * step;
            let ticks = (away.checked_div(tick)).unwrap_or_default().trunc();
            (anchor + ticks * tick).max(tick)
        };
        let (open, close) = (level(at.timestamp()), level(at.timestamp() + length_s));
        Some(Bar {
            at,
            open,
            high: open.max(close) + tick,
            low: (open.min(close) - tick).max(tick),
            close,
        })
    }
}

impl Day {
    fn starting(quote: Quote, now: DateTime<Utc>) -> Self {
        Self {
            quote,
            open: quote.last,
            high: quote.last,
            low: quote.last,
            prev_close: quote.last,
            at: now,
            date: ist(now).date_naive(),
            anchor: quote.last,
            step: 0,
        }
    }

    fn moved(&mut self, quote: Quote, now: DateTime<Utc>) {
        let date = ist(now).date_naive();
        if date != self.date {
            self.prev_close = self.quote.last;
            self.date = date;
            self.open = quote.last;
            self.high = quote.last;
            self.low = quote.last;
        }
        self.high = self.high.max(quote.last);
        self.low = self.low.min(quote.last);
        self.quote = quote;
        self.at = now;
    }
}

fn tick_of(master: &SymbolMaster, exchange: Exchange, symbol: &str) -> Decimal {
    master
        .get(exchange, symbol)
        .map(|row| row.tick)
        .filter(|tick| *tick > Decimal::ZERO)
        .unwrap_or_else(|| Decimal::new(5, 2))
}

/// Returns a number that looks like chance: FNV-1a of the symbol, stirred by `SplitMix64`.
fn noise(seed: u64, symbol: &str, step: u64) -> u64 {
    let name = symbol
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mut mixed = (seed ^ name).wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Returns the four points of a bar: down first, so that a stop below is met before the profit.
fn path_of(bar: &Bar) -> impl Iterator<Item = Price> + use<> {
    [bar.open, bar.low, bar.high, bar.close]
        .into_iter()
        .filter_map(Price::new)
}

type Bars = BTreeMap<(Exchange, String), Vec<Bar>>;

fn read_bars(path: &Path, master: &SymbolMaster) -> io::Result<Bars> {
    let text = std::fs::read_to_string(path)?;
    let mut bars = Bars::new();
    for (at, line) in text.lines().enumerate().skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let (key, bar) = read_bar(line, master).ok_or_else(|| {
            io::Error::other(format!(
                "{}: line {}: expected time,symbol,open,high,low,close of a known symbol",
                path.display(),
                at + 1
            ))
        })?;
        bars.entry(key).or_default().push(bar);
    }
    Ok(bars)
}

fn read_bar(line: &str, master: &SymbolMaster) -> Option<((Exchange, String), Bar)> {
    let mut cells = line.split(',').map(str::trim);
    let at = moment(cells.next()?)?;
    let symbol = cells.next()?;
    let (_, row) = master.rows().find(|(_, row)| row.symbol == symbol)?;
    let mut price = || Price::new(cells.next()?.parse().ok()?).map(Price::get);
    let bar = Bar {
        at,
        open: price()?,
        high: price()?,
        low: price()?,
        close: price()?,
    };
    Some(((row.exchange, row.symbol.clone()), bar))
}

/// Reads RFC 3339, or a date and time of the Indian clock.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let local = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|form| chrono::NaiveDateTime::parse_from_str(text, form).ok())?;
    let ahead = ist(DateTime::UNIX_EPOCH).timezone();
    local
        .and_local_timezone(ahead)
        .single()
        .map(|at| at.to_utc())
}
