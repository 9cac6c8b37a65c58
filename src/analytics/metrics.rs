//! The figures of a run, from its daily equity and its trades.

use chrono::{Datelike as _, NaiveDate};

use super::{count, mean, spread};

/// Trading days of a year.
const YEAR: f64 = 252.0;

/// Calendar days of a year.
const CALENDAR_YEAR: f64 = 365.25;

/// The equity at a day's end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Which day.
    pub day: NaiveDate,
    /// What the account was worth.
    pub equity: f64,
    /// Whether anything was held.
    pub held: bool,
}

/// Equity at days' ends, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    /// What it began with.
    pub capital: f64,
    /// The days.
    pub points: Vec<Point>,
}

/// What a trade came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Result {
    /// Its gain after charges.
    pub net: f64,
    /// The same in multiples of its risk.
    pub r: f64,
    /// How many days it lasted.
    pub days: f64,
}

/// A fall from a peak.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawdown {
    /// The deepest, as a part of the peak; negative.
    pub deepest: f64,
    /// When it was deepest.
    pub at: Option<NaiveDate>,
    /// Calendar days of the longest stretch from a peak until it was reached again, or the end.
    pub longest: i64,
    /// That stretch.
    pub stretch: Option<(NaiveDate, NaiveDate)>,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Growth a year: (end / start) to the power of 365.25 days over the days it lasted, less 1.
    pub cagr: f64,
    /// Deviation of daily returns times the root of 252.
    pub volatility: f64,
    /// Mean daily return over its deviation, times the root of 252; nothing is taken off for cash.
    pub sharpe: f64,
    /// Mean daily return over the root of the mean square of its losses, times the root of 252.
    pub sortino: f64,
    /// Growth a year over the deepest drawdown.
    pub calmar: f64,
    /// By days' ends.
    pub drawdown: Drawdown,
    /// Trades that are over.
    pub trades: usize,
    /// The part of them that gained.
    pub wins: f64,
    /// What gains brought over what losses took.
    pub profit_factor: f64,
    /// The mean gain of a trade in multiples of its risk.
    pub expectancy: f64,
    /// The mean gain over the mean loss.
    pub payoff: f64,
    /// The part of days on which something was held at the end.
    pub exposure: f64,
    /// Mean days of a trade.
    pub days: f64,
    /// The best and the worst trade, in rupees.
    pub extremes: (f64, f64),
}

impl Curve {
    /// Returns the returns from day to day, the first from the capital.
    pub fn returns(&self) -> Vec<f64> {
        let mut before = self.capital;
        self.points
            .iter()
            .map(|point| {
                let change = if before > 0.0 {
                    point.equity / before - 1.0
                } else {
                    0.0
                };
                before = point.equity;
                change
            })
            .collect()
    }

    /// Returns how far below its peak each day ended, as a part of the peak; never positive.
    pub fn underwater(&self) -> Vec<f64> {
        let mut peak = self.capital;
        self.points
            .iter()
            .map(|point| {
                peak = peak.max(point.equity);
                if peak > 0.0 {
                    point.equity / peak - 1.0
                } else {
                    0.0
                }
            })
            .collect()
    }

    fn drawdown(&self) -> Drawdown {
        let mut found = Drawdown::default();
        let mut is_below = false;
        let mut since: Option<NaiveDate> = self.points.first().map(|point| point.day);
        for (point, below) in self.points.iter().zip(self.underwater()) {
            if below < found.deepest {
                found.deepest = below;
                found.at = Some(point.day);
            }
            if let Some(since) = since.filter(|_| is_below || below < 0.0) {
                let lasted = (point.day - since).num_days();
                if lasted > found.longest {
                    found.longest = lasted;
                    found.stretch = Some((since, point.day));
                }
            }
            is_below = below < 0.0;
            if !is_below {
                since = Some(point.day);
            }
        }
        found
    }
}

/// Returns the figures of a run.
pub fn metrics(curve: &Curve, trades: &[Result]) -> Metrics {
    let returns = curve.returns();
    let (middle, deviation) = (mean(&returns), spread(&returns));
    let squares: Vec<f64> = returns.iter().map(|one| one.min(0.0).powi(2)).collect();
    let down = mean(&squares).sqrt();
    let drawdown = curve.drawdown();
    let cagr = growth(curve);
    let gains: Vec<f64> = trades
        .iter()
        .map(|one| one.net)
        .filter(|net| *net > 0.0)
        .collect();
    let losses: Vec<f64> = trades
        .iter()
        .map(|one| -one.net)
        .filter(|net| *net >= 0.0)
        .collect();
    let of = |pick: fn(&Result) -> f64| mean(&trades.iter().map(pick).collect::<Vec<f64>>());
    let held = curve.points.iter().filter(|point| point.held).count();
    let nets = || trades.iter().map(|one| one.net);
    Metrics {
        cagr,
        volatility: deviation * YEAR.sqrt(),
        sharpe: over(middle, deviation) * YEAR.sqrt(),
        sortino: over(middle, down) * YEAR.sqrt(),
        calmar: over(cagr, -drawdown.deepest),
        drawdown,
        trades: trades.len(),
        wins: over(count(gains.len()), count(trades.len())),
        profit_factor: over(gains.iter().sum(), losses.iter().sum()),
        expectancy: of(|one| one.r),
        payoff: over(mean(&gains), mean(&losses)),
        exposure: over(count(held), count(curve.points.len())),
        days: of(|one| one.days),
        extremes: (nets().fold(0.0, f64::max), nets().fold(0.0, f64::min)),
    }
}

fn over(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn growth(curve: &Curve) -> f64 {
    let (Some(first), Some(last)) = (curve.points.first(), curve.points.last()) else {
        return 0.0;
    };
    let days = u32::try_from((last.day - first.day).num_days()).map_or(0.0, f64::from);
    if days < 1.0 || curve.capital <= 0.0 || last.equity <= 0.0 {
        return 0.0;
    }
    (last.equity / curve.capital).powf(CALENDAR_YEAR / days) - 1.0
}

/// Returns the returns of months, by year: twelve places, and the year's.
pub fn monthly(curve: &Curve) -> Vec<(i32, [Option<f64>; 12], f64)> {
    let mut years: Vec<(i32, [Option<f64>; 12], f64)> = Vec::new();
    for (point, change) in curve.points.iter().zip(curve.returns()) {
        if years.last().is_none_or(|year| year.0 != point.day.year()) {
            years.push((point.day.year(), [None; 12], 0.0));
        }
        let Some(year) = years.last_mut() else {
            continue;
        };
        let month = usize::try_from(point.day.month0()).unwrap_or(0);
        if let Some(place) = year.1.get_mut(month) {
            *place = Some((1.0 + place.unwrap_or(0.0)) * (1.0 + change) - 1.0);
        }
        year.2 = (1.0 + year.2) * (1.0 + change) - 1.0;
    }
    years
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(equities: &[f64]) -> Curve {
        let first: NaiveDate = "2025-12-30".parse().unwrap();
        let points = first.iter_days().zip(equities);
        Curve {
            capital: 100.0,
            points: points
                .map(|(day, equity)| Point {
                    day,
                    equity: *equity,
                    held: *equity > 100.0,
                })
                .collect(),
        }
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[test]
    fn a_drawdown_is_as_deep_as_its_worst_day_and_as_long_as_its_stretch() {
        let figures = metrics(&curve(&[100.0, 110.0, 99.0, 104.5, 110.0, 108.9]), &[]);
        assert!(near(figures.drawdown.deepest, -0.1));
        assert_eq!(figures.drawdown.at, "2026-01-01".parse().ok());
        assert_eq!(figures.drawdown.longest, 3);
        assert!(near(figures.exposure, 4.0 / 6.0));
    }

    #[test]
    fn months_multiply_to_their_year() {
        let years = monthly(&curve(&[110.0, 121.0, 60.5]));
        assert_eq!(years.len(), 2);
        assert!(near(years[0].1[11].unwrap(), 0.21) && near(years[0].2, 0.21));
        assert!(near(years[1].1[0].unwrap(), -0.5));
    }

    #[test]
    fn trades_are_weighed_in_rupees_and_in_r() {
        let trade = |net, r| Result { net, r, days: 2.0 };
        let figures = metrics(
            &curve(&[100.0]),
            &[trade(30.0, 3.0), trade(-10.0, -1.0), trade(-5.0, -0.5)],
        );
        assert!(near(figures.profit_factor, 2.0) && near(figures.payoff, 4.0));
        assert!(near(figures.expectancy, 0.5) && near(figures.wins, 1.0 / 3.0));
    }
}
