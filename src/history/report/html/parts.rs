//! What is not a picture: assumptions, figures, months, instruments.

use core::fmt::Write as _;

use super::super::Report;
use super::{escaped, percent, short};
use crate::analytics::{float, monthly};

/// Months of a year.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// What each figure is.
pub(super) fn definitions(_report: &Report<'_>) -> String {
    DEFINITIONS.to_owned()
}

const DEFINITIONS: &str = "<dl>\
    <dt>Growth a year</dt><dd>(end / start) to the power of 365.25 / days, less 1 (CAGR)</dd>\
    <dt>Sharpe</dt><dd>mean daily return / its deviation × √252; nothing is taken off for cash</dd>\
    <dt>Sortino</dt><dd>mean daily return / root of the mean square of losing days × √252</dd>\
    <dt>Calmar</dt><dd>growth a year / deepest drawdown</dd>\
    <dt>Drawdown</dt><dd>how far the equity at a day's end is below its highest before; days within are not seen</dd>\
    <dt>Longest drawdown</dt><dd>calendar days from a peak until it was reached again, or the end</dd>\
    <dt>Profit factor</dt><dd>sum of gains / sum of losses, after charges</dd>\
    <dt>Expectancy</dt><dd>mean of gain after charges / first risk of the leg (R)</dd>\
    <dt>Exposure</dt><dd>part of days with something held at their end</dd>\
    <dt>Trade</dt><dd>one leg from its entry to its end, through every change of contract</dd>\
    <dt>Against, for</dt><dd>the furthest prices while it was held, as bars or the list of trades tell</dd>\
    </dl>";

/// The first thing to read.
pub(super) fn assumed(report: &Report<'_>) -> String {
    let mut out = "<div class=\"assumed\"><h2>What is assumed</h2>".to_owned();
    for source in report.sources {
        let file = source.file.rsplit('/').next().unwrap_or(&source.file);
        // writing to a String cannot fail
        let _written = write!(
            out,
            "<p><b>{}</b> from {}: {}</p>",
            escaped(&source.instrument),
            escaped(file),
            escaped(&source.held)
        );
    }
    out.push_str("<ul>");
    for sentence in &report.assumed {
        let sentence = escaped(sentence);
        let said = sentence
            .strip_prefix("ASSUMED:")
            .map_or_else(|| sentence.clone(), |rest| format!("<b>Assumed:</b>{rest}"));
        let _written = write!(out, "<li>{said}</li>");
    }
    out.push_str("</ul></div>");
    out
}

/// A figure: its name, its value, how it is coloured, and a word about it.
type Card = (&'static str, String, &'static str, String);

/// The figures that matter most.
pub(super) fn cards(report: &Report<'_>) -> String {
    let mut out = "<div class=\"cards\">".to_owned();
    for (name, value, class, about) in of_account(report).into_iter().chain(of_trades(report)) {
        let value = value.replace('-', "−");
        let _written = write!(
            out,
            "<div class=\"card\"><span>{name}</span><b class=\"{class}\">{value}</b>\
             <small>{about}</small></div>"
        );
    }
    out.push_str("</div>");
    out
}

fn of_account(report: &Report<'_>) -> [Card; 7] {
    let (outcome, metrics) = (report.outcome, &report.metrics);
    let net = float((outcome.equity() - outcome.capital).get());
    let fall = metrics.drawdown;
    let on = fall.at.map_or_else(String::new, |at| format!("on {at}"));
    let stretch = fall.stretch;
    let stretch = stretch.map_or_else(String::new, |(from, to)| format!("{from} to {to}"));
    let capital = format!("of {}", short(report.curve.capital));
    let deviation = format!("deviation {}", percent(metrics.volatility));
    let ratio = |value: f64| format!("{value:.2}");
    let nothing = String::new;
    [
        ("Net gain", short(net), sign(net), capital),
        (
            "Growth a year",
            percent(metrics.cagr),
            sign(metrics.cagr),
            nothing(),
        ),
        ("Deepest drawdown", percent(fall.deepest), "loss", on),
        (
            "Longest drawdown",
            format!("{} days", fall.longest),
            "",
            stretch,
        ),
        ("Sharpe", ratio(metrics.sharpe), "", deviation),
        ("Sortino", ratio(metrics.sortino), "", nothing()),
        ("Calmar", ratio(metrics.calmar), "", nothing()),
    ]
}

fn of_trades(report: &Report<'_>) -> [Card; 5] {
    let (costs, metrics) = (&report.outcome.costs, &report.metrics);
    let payoff = format!("payoff {:.2}", metrics.payoff);
    let expectancy = format!("{:.3} R", metrics.expectancy);
    let after = "a trade, after charges".to_owned();
    let won = format!("{} won", percent(metrics.wins));
    let lasted = format!("{:.1} days a trade", metrics.days);
    let slippage = format!("of which slippage {}", short(float(costs.slippage.get())));
    [
        (
            "Profit factor",
            format!("{:.2}", metrics.profit_factor),
            "",
            payoff,
        ),
        ("Expectancy", expectancy, sign(metrics.expectancy), after),
        ("Trades", metrics.trades.to_string(), "", won),
        ("Exposure", percent(metrics.exposure), "", lasted),
        ("Costs", short(float(costs.all().get())), "", slippage),
    ]
}

const fn sign(value: f64) -> &'static str {
    if value < 0.0 { "loss" } else { "gain" }
}

/// Returns by month and year, coloured by their size.
pub(super) fn months(report: &Report<'_>) -> String {
    let mut out = "<div class=\"scroll\"><table class=\"months\"><tr><th></th>".to_owned();
    for month in MONTHS {
        let _written = write!(out, "<th>{month}</th>");
    }
    out.push_str("<th>Year</th></tr>");
    for (year, months, whole) in monthly(&report.curve) {
        let _written = write!(out, "<tr><td>{year}</td>");
        for month in months.into_iter().chain([Some(whole)]) {
            out.push_str(&month.map_or_else(|| "<td></td>".to_owned(), cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table></div>");
    out
}

/// Returns a cell whose colour grows with its value, up to ten percent.
fn cell(value: f64) -> String {
    let colour = if value < 0.0 { "--loss" } else { "--gain" };
    let depth = (value.abs() * 5.5).clamp(0.04, 0.55) * 100.0;
    let text = format!("{:.1}", value * 100.0).replace('-', "−");
    let text = if text == "−0.0" { "0.0" } else { &text };
    format!(
        "<td style=\"background:color-mix(in srgb,var({colour}) {depth:.0}%,transparent)\">{text}</td>"
    )
}

/// A row for each instrument.
pub(super) fn instruments(report: &Report<'_>) -> String {
    let mut out = "<div class=\"scroll\"><table><tr><th>Instrument</th><th>Trades</th><th>Won</th>\
                   <th>Profit factor</th><th>Expectancy</th><th>Days</th><th>Gross</th><th>Charges</th>\
                   <th>Net</th></tr>"
        .to_owned();
    for (name, part) in &report.instruments {
        let net = float(part.net);
        let _written = write!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{:.2}</td><td>{:.3} R</td><td>{:.1}</td><td>{}</td>\
             <td>{}</td><td class=\"{}\">{}</td></tr>",
            escaped(name),
            part.metrics.trades,
            percent(part.metrics.wins),
            part.metrics.profit_factor,
            part.metrics.expectancy,
            part.metrics.days,
            short(float(part.gross)),
            short(float(part.charges)),
            sign(net),
            short(net)
        );
    }
    out.push_str("</table></div>");
    out
}
