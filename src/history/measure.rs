//! The average true range of bars whose file gives none: Wilder's, as the scripts measure it.

use rust_decimal::Decimal;

use super::bars::{Bar, Range};
use crate::analytics::float;
use crate::domain::money::Points;
use crate::strategy::{Average, Candle, fine};

/// Wilder's average of true ranges.
pub struct Wilder {
    average: Average,
    before: Option<Candle>,
}

impl Wilder {
    /// Returns the measure over so many bars.
    pub fn new(length: u32) -> Self {
        Self {
            average: Average::wilder(length),
            before: None,
        }
    }
}

impl Range for Wilder {
    fn after(&mut self, bar: &Bar) -> Option<Points> {
        let candle = candle(bar);
        let range = candle.true_range(self.before.as_ref());
        self.before = Some(candle);
        let atr = fine(self.average.push(range)?)?;
        (atr > Decimal::ZERO).then(|| Points::new(atr))
    }
}

/// Returns a bar as the indicators take it.
pub fn candle(bar: &Bar) -> Candle {
    Candle {
        opened_at: bar.at,
        closed_at: bar.end,
        open: float(bar.open.get()),
        high: float(bar.high.get()),
        low: float(bar.low.get()),
        close: float(bar.close.get()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::bars::Bars;

    #[test]
    fn the_range_is_wilders_from_the_mean_of_the_first_and_a_given_one_stays() {
        let mut bars = Bars::read(
            "time,open,high,low,close,atr\n\
             2026-02-13 09:15,100,104,98,102,\n\
             2026-02-13 10:30,102,105,101,104,\n\
             2026-02-13 11:45,110,112,108,109,\n\
             2026-02-13 13:00,109,110,107,108,9.5",
        )
        .unwrap();
        bars.measure(&mut Wilder::new(2));
        let ranges: Vec<Option<String>> = bars
            .all
            .iter()
            .map(|bar| bar.atr.map(|atr| atr.to_string()))
            .collect();
        // 6 and 4 make 5; the gap to 112 makes a range of 8; then 9.5 as the file says.
        let expected = [None, Some("5"), Some("6.5"), Some("9.5")];
        assert_eq!(ranges, expected.map(|one| one.map(str::to_owned)));
    }
}
