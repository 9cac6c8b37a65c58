//! Frames, axes and shapes.

use core::fmt::Write as _;

use crate::analytics::count;

/// A picture's box, its margins, and the values at its edges.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    /// All of it.
    pub(super) size: (f64, f64),
    /// Left, top, right, bottom.
    pub(super) margin: (f64, f64, f64, f64),
    /// From and to, across.
    pub(super) across: (f64, f64),
    /// From and to, upwards.
    pub(super) up: (f64, f64),
}

impl Frame {
    /// Returns where a value stands across.
    pub(super) fn x(&self, value: f64) -> f64 {
        let room = self.size.0 - self.margin.0 - self.margin.2;
        self.margin.0 + room * part(value, self.across)
    }

    /// Returns where a value stands upwards.
    pub(super) fn y(&self, value: f64) -> f64 {
        let room = self.size.1 - self.margin.1 - self.margin.3;
        self.size.1 - self.margin.3 - room * part(value, self.up)
    }

    /// Returns a picture around shapes.
    pub(super) fn picture(&self, what: &str, shapes: &str) -> String {
        let (width, height) = self.size;
        format!(
            "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{what}\">{shapes}</svg>"
        )
    }

    /// Returns lines across with their values at the left.
    pub(super) fn rows(&self, steps: &[f64], shown: impl Fn(f64) -> String) -> String {
        let mut out = String::new();
        let (left, right) = (self.margin.0, self.size.0 - self.margin.2);
        for step in steps {
            let y = self.y(*step);
            // writing to a String cannot fail
            let _written = write!(
                out,
                "<line class=\"grid\" x1=\"{left:.1}\" x2=\"{right:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                left - 6.0,
                y + 4.0,
                shown(*step)
            );
        }
        out
    }

    /// Returns a word below the box, at a value across.
    pub(super) fn below(&self, value: f64, word: &str) -> String {
        let (x, y) = (self.x(value), self.size.1 - 6.0);
        format!("<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{word}</text>")
    }

    /// Returns the points as a path.
    pub(super) fn path(&self, points: &[(f64, f64)]) -> String {
        let mut out = String::new();
        for (place, (across, up)) in points.iter().enumerate() {
            let letter = if place == 0 { 'M' } else { 'L' };
            let _written = write!(out, "{letter}{:.1} {:.1}", self.x(*across), self.y(*up));
        }
        out
    }

    /// Returns the same, closed down to a value.
    pub(super) fn area(&self, points: &[(f64, f64)], floor: f64) -> String {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return String::new();
        };
        let y = self.y(floor);
        let (from, to) = (self.x(first.0), self.x(last.0));
        format!("{}L{to:.1} {y:.1}L{from:.1} {y:.1}Z", self.path(points))
    }
}

fn part(value: f64, (from, to): (f64, f64)) -> f64 {
    if to > from {
        (value - from) / (to - from)
    } else {
        0.5
    }
}

/// Returns round values between two, about as many as asked for.
pub(super) fn round_steps((from, to): (f64, f64), about: usize) -> Vec<f64> {
    let room = (to - from) / count(about.max(1));
    if room <= 0.0 || !room.is_finite() {
        return vec![from];
    }
    let power = 10.0_f64.powf(room.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let step = steps.iter().map(|step| step * power);
    let step = step.clone().find(|step| *step >= room).unwrap_or(room);
    let mut all = Vec::new();
    let mut value = (from / step).ceil() * step;
    while value <= to + step * 1e-9 && all.len() < 50 {
        all.push(value);
        value += step;
    }
    all
}

/// Returns horizontal bars with a word before and one behind.
pub(super) fn bars(rows: &[(String, f64, String, &str)]) -> String {
    const WIDTH: f64 = 520.0;
    const WORD: f64 = 190.0;
    const BEHIND: f64 = 120.0;
    const ROW: f64 = 28.0;
    if rows.is_empty() {
        return "<p class=\"about\">nothing</p>".to_owned();
    }
    let most = rows.iter().map(|row| row.1).fold(0.0, f64::max);
    let mut out = String::new();
    for (place, (word, value, behind, class)) in rows.iter().enumerate() {
        let y = count(place) * ROW;
        let width = ((WIDTH - WORD - BEHIND) * part(*value, (0.0, most))).max(1.5);
        let _written = write!(
            out,
            "<text class=\"ink\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{word}</text>\
             <rect class=\"{class}\" x=\"{WORD}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"16\" rx=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{behind}</text>",
            WORD - 8.0,
            y + 18.0,
            y + 6.0,
            WORD + width + 7.0,
            y + 18.0,
        );
    }
    let height = count(rows.len()) * ROW + 4.0;
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">{out}</svg>")
}
