//! The pictures.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use super::super::Report;
use super::svg::{Frame, bars, round_steps};
use super::{percent, short};
use crate::analytics::{count, float};
use crate::domain::money::Money;
use crate::history::outcome::{Day, Trade};

/// The most points of a curve: more than a screen shows.
const POINTS_MAX: usize = 900;

/// The furthest gain of the histogram, in R; what lies beyond is in the last column.
const R_MOST: f64 = 8.0;

/// Columns of the histogram for one R.
const COLUMNS: f64 = 2.0;

/// From how many times its lowest on the equity is drawn in equal parts.
const LOG_FROM: f64 = 6.0;

/// Returns the capital's doublings between two values, from a round one on.
fn doubled(low: f64, high: f64) -> Vec<f64> {
    let first = 10.0_f64.powf(low.log10().floor());
    let all = core::iter::successors(Some(first), |value| Some(value * 2.0));
    all.take_while(|value| *value <= high)
        .filter(|value| *value >= low)
        .collect()
}

fn number(day: NaiveDate) -> f64 {
    f64::from(day.num_days_from_ce())
}

/// Returns the points of a curve, of each stretch the one that `pick` prefers.
fn thinned(points: &[(f64, f64)], pick: fn(f64, f64) -> f64) -> Vec<(f64, f64)> {
    let each = points.len().div_ceil(POINTS_MAX).max(1);
    points
        .chunks(each)
        .filter_map(|chunk| {
            let last = chunk.last()?;
            let value = chunk.iter().map(|point| point.1).reduce(pick)?;
            Some((last.0, value))
        })
        .collect()
}

/// Returns the firsts of years, or of months where there are few, with their words.
fn years(days: &[Day]) -> Vec<(f64, String)> {
    let (Some(first), Some(last)) = (days.first(), days.last()) else {
        return Vec::new();
    };
    let span = last.day.year() - first.day.year();
    let monthly = span < 3;
    let each = if monthly {
        3
    } else {
        (span + 9).div_euclid(10)
    };
    let mut all = Vec::new();
    for year in first.day.year()..=last.day.year() {
        for month in (1..=12).step_by(if monthly { 3 } else { 12 }) {
            let Some(day) = NaiveDate::from_ymd_opt(year, month, 1) else {
                continue;
            };
            let wanted = monthly || (year - first.day.year()) % each.max(1) == 0;
            if wanted && day >= first.day && day <= last.day {
                let format = if monthly { "%b %y" } else { "%Y" };
                all.push((number(day), day.format(format).to_string()));
            }
        }
    }
    all
}

/// Adds lines and words of time below a picture.
fn times(frame: &Frame, days: &[Day]) -> String {
    let mut out = String::new();
    for (place, (at, word)) in years(days).iter().enumerate() {
        let x = frame.x(*at);
        let bottom = frame.size.1 - frame.margin.3;
        // writing to a String cannot fail
        let _written = write!(
            out,
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\"/>",
            frame.margin.1
        );
        if place % 2 == 0 {
            out.push_str(&frame.below(*at, word));
        }
    }
    out
}

fn across(days: &[Day]) -> (f64, f64) {
    let first = days.first().map_or(0.0, |day| number(day.day));
    let last = days.last().map_or(1.0, |day| number(day.day));
    (first, last.max(first + 1.0))
}

/// Equity above, and how far below its peak it is.
pub(super) fn equity(report: &Report<'_>) -> String {
    let days = &report.outcome.days;
    let value = days
        .iter()
        .map(|day| (number(day.day), float(day.equity.get())));
    let points = thinned(&value.collect::<Vec<_>>(), |_, last| last);
    let values = || points.iter().map(|point| point.1);
    let low = values().fold(report.curve.capital, f64::min);
    let high = values().fold(report.curve.capital, f64::max);
    // Where it grew many times over, equal steps are equal parts.
    let log = low > 0.0 && high / low > LOG_FROM;
    let scaled = move |value: f64| if log { value.ln() } else { value };
    let room = (scaled(high) - scaled(low)).max(1e-9) * 0.06;
    let above = Frame {
        size: (1040.0, 300.0),
        margin: (84.0, 10.0, 16.0, 10.0),
        across: across(days),
        up: (scaled(low) - room, scaled(high) + room),
    };
    let steps = if log {
        doubled(low, high)
    } else {
        round_steps((low, high), 6)
    };
    let steps: Vec<f64> = steps.into_iter().map(scaled).collect();
    let mut shapes = above.rows(&steps, |value| short(if log { value.exp() } else { value }));
    let points: Vec<(f64, f64)> = points.iter().map(|one| (one.0, scaled(one.1))).collect();
    let capital = above.y(scaled(report.curve.capital));
    let _written = write!(
        shapes,
        "<line class=\"zero\" stroke-dasharray=\"2 4\" x1=\"84\" x2=\"1024\" y1=\"{capital:.1}\" y2=\"{capital:.1}\"/>\
         <path class=\"area\" d=\"{}\"/><path class=\"curve\" d=\"{}\"/>",
        above.area(&points, above.up.0),
        above.path(&points)
    );
    let fall = days.iter().zip(report.curve.underwater());
    let fall: Vec<(f64, f64)> = fall.map(|(day, fall)| (number(day.day), fall)).collect();
    let fall = thinned(&fall, f64::min);
    let below = Frame {
        size: (1040.0, 150.0),
        margin: (84.0, 8.0, 16.0, 30.0),
        across: above.across,
        up: (report.metrics.drawdown.deepest.min(-0.01) * 1.08, 0.0),
    };
    let mut under = below.rows(&round_steps(below.up, 3), |fall| {
        format!("{:.0} %", fall * 100.0).replace('-', "−")
    });
    under.push_str(&times(&below, days));
    let _written = write!(
        under,
        "<path class=\"under\" d=\"{}\"/>",
        below.area(&fall, 0.0)
    );
    format!(
        "<div class=\"wide\">{}{}</div>",
        above.picture("equity over time", &shapes),
        below.picture("drawdown over time", &under)
    )
}

/// How many trades gained how much, in R.
pub(super) fn histogram(report: &Report<'_>) -> String {
    let r = report.outcome.closed().filter_map(Trade::r);
    let mut columns: BTreeMap<i32, usize> = BTreeMap::new();
    let edge = R_MOST * COLUMNS;
    for r in r {
        let place = (float(r) * COLUMNS).floor().clamp(-6.0, edge);
        let text = format!("{place:.0}");
        *columns.entry(text.parse().unwrap_or(0)).or_default() += 1;
    }
    let most = columns.values().max().copied().unwrap_or(1);
    let frame = Frame {
        size: (520.0, 260.0),
        margin: (46.0, 8.0, 8.0, 30.0),
        across: (-3.0, R_MOST + 0.5),
        up: (0.0, count(most) * 1.05),
    };
    let mut shapes = frame.rows(&round_steps(frame.up, 4), |value| format!("{value:.0}"));
    for (place, held) in &columns {
        let from = f64::from(*place) / COLUMNS;
        let (x, y) = (frame.x(from), frame.y(count(*held)));
        let width = frame.x(from + 1.0 / COLUMNS) - x - 1.5;
        let class = if *place < 0 { "down" } else { "up" };
        let height = frame.y(0.0) - y;
        let _written = write!(
            shapes,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\">\
             <title>{from} to {} R: {held}</title></rect>",
            from + 1.0 / COLUMNS
        );
    }
    for value in [-2, 0, 2, 4, 6, 8] {
        let word = if value == 8 {
            "8+ R".to_owned()
        } else {
            format!("{value}").replace('-', "−")
        };
        shapes.push_str(&frame.below(f64::from(value), &word));
    }
    frame.picture("trades by gain in R", &shapes)
}

/// Each trade by how far it went against and for its holder.
pub(super) fn scatter(report: &Report<'_>) -> String {
    let dots: Vec<(f64, f64, bool)> = report
        .outcome
        .closed()
        .filter_map(|trade| {
            let (against, with) = trade.excursions()?;
            let won = trade.net() > Money::ZERO;
            Some((-float(against), float(with), won))
        })
        .collect();
    let frame = Frame {
        size: (520.0, 260.0),
        margin: (46.0, 8.0, 8.0, 30.0),
        across: (0.0, 2.5),
        up: (0.0, R_MOST),
    };
    let mut shapes = frame.rows(&round_steps(frame.up, 4), |value| format!("{value:.0}"));
    for (against, with, won) in dots {
        let class = if won { "up" } else { "down" };
        let (x, y) = (frame.x(against.min(2.5)), frame.y(with.min(R_MOST)));
        let _written = write!(
            shapes,
            "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
        );
    }
    for (value, word) in [
        (0.0, "0"),
        (0.5, "0.5"),
        (1.0, "1"),
        (1.5, "1.5"),
        (2.0, "2"),
        (2.5, "2.5+ R"),
    ] {
        let anchor = if value > 2.4 { 2.42 } else { value };
        shapes.push_str(&frame.below(anchor, word));
    }
    frame.picture("excursions of trades", &shapes)
}

/// What a day used of a limit.
type Used = fn(&Day) -> Money;

/// What was used of each limit.
pub(super) fn used(report: &Report<'_>) -> String {
    let limits = &report.rules.portfolio;
    let rows: [(&str, Used, f64); 3] = [
        ("risk", |day| day.risk, float(limits.risk.get())),
        (
            "volatility",
            |day| day.volatility,
            float(limits.volatility.get()),
        ),
        ("margin", |day| day.margin, float(limits.margin_cap.get())),
    ];
    let pictures = rows.map(|(word, of, cap)| {
        let part = |day: &Day| {
            let used = of(day).percent_of(day.equity);
            (number(day.day), used.map_or(0.0, |used| float(used.get())))
        };
        let points: Vec<(f64, f64)> = report.outcome.days.iter().map(part).collect();
        use_of(
            &report.outcome.days,
            &thinned(&points, f64::max),
            (word, cap),
        )
    });
    format!("<div class=\"wide\">{}</div>", pictures.concat())
}

fn use_of(days: &[Day], points: &[(f64, f64)], (word, cap): (&str, f64)) -> String {
    let most = points.iter().map(|point| point.1).fold(cap, f64::max);
    let frame = Frame {
        size: (1040.0, 130.0),
        margin: (84.0, 18.0, 16.0, 28.0),
        across: across(days),
        up: (0.0, most * 1.08),
    };
    let mut shapes = frame.rows(&round_steps(frame.up, 3), |value| format!("{value:.0} %"));
    shapes.push_str(&times(&frame, days));
    let line = frame.y(cap);
    let _written = write!(
        shapes,
        "<path class=\"area\" d=\"{}\"/><path class=\"curve\" d=\"{}\"/>\
         <line class=\"cap\" x1=\"84\" x2=\"1024\" y1=\"{line:.1}\" y2=\"{line:.1}\"/>\
         <text class=\"ink\" x=\"90\" y=\"12\">{word}</text>",
        frame.area(points, 0.0),
        frame.path(points)
    );
    frame.picture(&format!("{word} used over time"), &shapes)
}

/// What bound the lots.
pub(super) fn limiters(report: &Report<'_>) -> String {
    let mut sums: BTreeMap<&str, (usize, u64)> = BTreeMap::new();
    for judged in [&report.outcome.entries, &report.outcome.adds] {
        for (word, (times, lots)) in &judged.limiters {
            let sum = sums.entry(word).or_default();
            sum.0 += times;
            sum.1 += lots;
        }
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|row| core::cmp::Reverse(row.1));
    let rows = rows.into_iter().map(|(word, (times, lots))| {
        let behind = format!("{times} · {lots} lots");
        (word.replace('_', " "), count(times), behind, "bar")
    });
    bars(&rows.collect::<Vec<_>>())
}

/// Which gates failed.
pub(super) fn gates(report: &Report<'_>) -> String {
    let mut sums: BTreeMap<&str, usize> = BTreeMap::new();
    for judged in [&report.outcome.entries, &report.outcome.adds] {
        for (gate, times) in &judged.gates {
            let word = if *gate == "size" { "no lot fits" } else { gate };
            *sums.entry(word).or_default() += times;
        }
    }
    counted(&sums, "down")
}

/// Why legs were left.
pub(super) fn reasons(report: &Report<'_>) -> String {
    let reasons = report.outcome.reasons.iter();
    counted(
        &reasons.map(|(word, times)| (*word, *times)).collect(),
        "bar",
    )
}

fn counted(sums: &BTreeMap<&str, usize>, class: &'static str) -> String {
    let mut rows: Vec<_> = sums.iter().collect();
    rows.sort_by_key(|row| core::cmp::Reverse(*row.1));
    let rows = rows.into_iter().take(12).map(|(word, times)| {
        (
            word.replace('_', " "),
            count(*times),
            times.to_string(),
            class,
        )
    });
    bars(&rows.collect::<Vec<_>>())
}

/// From the gain at fair prices to what was left.
pub(super) fn waterfall(report: &Report<'_>) -> String {
    let costs = &report.outcome.costs;
    let net = report.outcome.equity() - report.outcome.capital;
    let before = net + costs.all();
    let names = [
        "slippage",
        "brokerage",
        "transaction tax",
        "exchange",
        "regulator",
        "stamp",
        "GST",
    ];
    let lines = costs.lines.all();
    let amounts = core::iter::once(costs.slippage).chain(lines);
    let mut rows = vec![row("gain at fair prices", before.get())];
    for (name, amount) in names.iter().zip(amounts) {
        rows.push(row(name, -amount.get()));
    }
    rows.push(row("net", net.get()));
    let part = float(costs.all().get()) / float(before.get()).abs().max(1.0);
    format!(
        "{}<p class=\"about\">Costs took {} of it, over a turnover of {} in {} orders.</p>",
        bars(&rows),
        percent(part),
        short(float(costs.turnover.get())),
        costs.orders
    )
}

fn row(name: &str, amount: rust_decimal::Decimal) -> (String, f64, String, &'static str) {
    let value = float(amount);
    let class = if value < 0.0 { "down" } else { "up" };
    (name.to_owned(), value.abs(), short(value), class)
}
