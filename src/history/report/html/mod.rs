//! One page that needs nothing else: figures, pictures as SVG, and a style that knows day and
//! night, wide and narrow.
#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "pictures are drawn in floats; no figure here goes back into a decision"
)]

mod charts;
mod parts;
mod svg;

use core::fmt::Write as _;

use super::Report;

const STYLE: &str = include_str!("style.css");

/// A part: its heading, a line that says what is shown, and how it is made.
type Part = (&'static str, &'static str, fn(&Report<'_>) -> String);

/// The parts, in order; two together stand side by side where there is room.
const PARTS: &[&[Part]] = &[
    &[(
        "Equity and drawdown",
        "at the end of each exchange day",
        charts::equity,
    )],
    &[(
        "Returns by month",
        "in percent of the equity at the month's start",
        parts::months,
    )],
    &[
        (
            "Gain in R",
            "trades by their gain in multiples of their first risk, after charges",
            charts::histogram,
        ),
        (
            "Furthest against and for",
            "each trade in R: worst against it across, best for it upwards",
            charts::scatter,
        ),
    ],
    &[(
        "Risk, volatility and margin used",
        "in percent of the equity; dashed: the cap",
        charts::used,
    )],
    &[
        (
            "What bound the lots",
            "accepted entries and adds, by the constraint",
            charts::limiters,
        ),
        (
            "What said no",
            "gates that failed, first or not, of rejected entries and adds",
            charts::gates,
        ),
    ],
    &[(
        "Instruments",
        "closed trades; money includes what is open",
        parts::instruments,
    )],
    &[
        (
            "What it cost",
            "from the gain at the prices of the moment to what was left",
            charts::waterfall,
        ),
        (
            "Ways out",
            "closed legs by reason; changes of contract aside",
            charts::reasons,
        ),
    ],
    &[("What the figures mean", "", parts::definitions)],
];

/// Returns the page.
pub fn html(report: &Report<'_>) -> String {
    let mut page = head(report);
    page.push_str(&parts::assumed(report));
    page.push_str(&parts::cards(report));
    for together in PARTS {
        let class = if together.len() > 1 { "two" } else { "one" };
        // writing to a String cannot fail
        let _written = write!(page, "<div class=\"{class}\">");
        for (title, about, make) in *together {
            section(&mut page, (title, about), &make(report));
        }
        page.push_str("</div>");
    }
    page.push_str(
        "<footer>Made by Torana from its own facts. Past trades promise nothing.</footer>",
    );
    page.push_str("</main></body></html>\n");
    page
}

/// Returns the page of a sweep: what is assumed, what is to be said, a map, the table.
pub fn sweep_html(report: &Report<'_>, sweep: &super::Sweep<'_>) -> String {
    let mut page = head(report).replace("Back-test", "Sweep");
    page.push_str(&parts::assumed(report));
    let [said, map, table] = sweep.page();
    section(&mut page, ("What was tried", ""), &said);
    if !map.is_empty() {
        let about = "Sharpe ratio before the split / after it; coloured by the first";
        section(&mut page, ("Map", about), &map);
    }
    section(
        &mut page,
        ("Trials", "the best before the split first"),
        &table,
    );
    page.push_str("</main></body></html>\n");
    page
}

fn head(report: &Report<'_>) -> String {
    let outcome = report.outcome;
    let span = outcome.days.first().zip(outcome.days.last());
    let span = span.map_or_else(String::new, |(first, last)| {
        format!("{} to {}", first.day, last.day)
    });
    let hash = data_encoding::HEXLOWER.encode(&report.rules.hash.0);
    let hash: String = hash.chars().take(12).collect();
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Torana back-test, {span}</title><style>{STYLE}</style></head><body><main>\
         <header><h1>Back-test</h1><p>{span} · profile <b>{}</b> · rules <code>{hash}</code></p></header>",
        escaped(&report.rules.profile),
    )
}

/// Adds a part with a heading, and a line that says what is shown.
fn section(page: &mut String, (title, about): (&str, &str), body: &str) {
    let about = if about.is_empty() {
        String::new()
    } else {
        format!("<p class=\"about\">{about}</p>")
    };
    let _written = write!(page, "<section><h2>{title}</h2>{about}{body}</section>");
}

/// Returns a text that is safe inside of a page.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Returns rupees in a few letters, as they are said in India: `12.3 L`, `1.20 Cr`.
pub(in crate::history::report) fn short(rupees: f64) -> String {
    let size = rupees.abs();
    let text = if size >= 1e7 {
        format!("{:.2} Cr", size / 1e7)
    } else if size >= 1e5 {
        format!("{:.1} L", size / 1e5)
    } else if size >= 1e3 {
        format!("{:.0} k", size / 1e3)
    } else {
        format!("{size:.0}")
    };
    if rupees < 0.0 {
        format!("−{text}")
    } else {
        text
    }
}

/// Returns a part in percent, with a real minus.
pub(in crate::history::report) fn percent(part: f64) -> String {
    let text = format!("{:.2} %", part * 100.0);
    text.replace('-', "−")
}
