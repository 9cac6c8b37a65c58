//! Brokerage and taxes of an order, date-effective.
//!
//! 1. Lines are exact; nothing is rounded before an order's total, and that once, half up, to the
//!    paisa. `ContractNote` rounds every line instead, as printed notes do.
//! 2. Brokerage is charged per order, not per fill: ask with the order's whole value so far and take
//!    the difference to what was booked before. No line ever shrinks as the value grows.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::money::{Money, Ratio};
use super::order::{Exchange, Product, Side};

/// The lines of both orders of a round trip.
const LINES: i64 = 12;

/// What is traded, as charges see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeKind {
    /// A future, of an index, a share or a commodity.
    Future,
    /// Shares bought and sold on the same day.
    EquityIntraday,
    /// Shares that change hands.
    EquityDelivery,
}

/// How an order's total comes to whole paise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ChargeRounding {
    /// The sum of exact lines, rounded once.
    #[default]
    Total,
    /// The sum of rounded lines.
    ContractNote,
}

/// The rates of one exchange and kind, in force from a date on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargeRates {
    /// Where.
    pub exchange: Exchange,
    /// On what.
    pub kind: ChargeKind,
    /// The first day.
    pub valid_from: NaiveDate,
    /// Brokerage per order: this part of its value,
    pub brokerage: Ratio,
    /// but never more than this.
    pub brokerage_max: Money,
    /// Transaction tax (STT, CTT) on a purchase.
    pub stt_buy: Ratio,
    /// Transaction tax on a sale.
    pub stt_sell: Ratio,
    /// The exchange's fee.
    pub exchange_fee: Ratio,
    /// The regulator's fee.
    pub sebi: Ratio,
    /// Stamp duty, on a purchase.
    pub stamp_buy: Ratio,
    /// Tax on brokerage, exchange fee and regulator's fee.
    pub gst: Ratio,
    /// Who says so.
    pub source: String,
    /// Nobody we know says so.
    pub assumed: bool,
}

/// What one order costs, line by line, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ChargeLines {
    /// The broker's.
    pub brokerage: Money,
    /// Transaction tax.
    pub stt: Money,
    /// The exchange's fee.
    pub exchange: Money,
    /// The regulator's fee.
    pub sebi: Money,
    /// Stamp duty.
    pub stamp: Money,
    /// Tax on the fees.
    pub gst: Money,
}

/// All rates known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Charges {
    rates: Vec<ChargeRates>,
    /// What a round trip costs at most under each of them.
    most: Vec<Most>,
    rounding: ChargeRounding,
}

/// What a round trip costs at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Most {
    /// This part of its value one way,
    of_value: Ratio,
    /// and this much whatever its value.
    besides: Money,
}

impl ChargeKind {
    /// Returns the kind of an order by where it trades and how it is carried.
    pub const fn of(exchange: Exchange, product: Product) -> Self {
        match exchange {
            Exchange::Nfo | Exchange::Bfo | Exchange::Mcx => Self::Future,
            Exchange::Nse | Exchange::Bse | Exchange::NseIndex | Exchange::BseIndex => {
                match product {
                    Product::Mis => Self::EquityIntraday,
                    Product::Cnc | Product::Nrml => Self::EquityDelivery,
                }
            }
        }
    }
}

impl ChargeLines {
    /// Returns the lines, in the order in which they are shown.
    pub const fn all(self) -> [Money; 6] {
        [
            self.brokerage,
            self.stt,
            self.exchange,
            self.sebi,
            self.stamp,
            self.gst,
        ]
    }

    /// Returns the exact sum.
    pub fn exact(self) -> Money {
        self.all().into_iter().sum()
    }

    /// Returns the sum in whole paise.
    pub fn total(self, rounding: ChargeRounding) -> Money {
        match rounding {
            ChargeRounding::Total => self.exact().to_paisa(),
            ChargeRounding::ContractNote => self.all().into_iter().map(Money::to_paisa).sum(),
        }
    }
}

impl ChargeRates {
    /// Returns what an order of this whole value costs.
    pub fn lines(&self, side: Side, value: Money) -> ChargeLines {
        if value <= Money::ZERO {
            return ChargeLines::default();
        }
        let part = |ratio: Ratio| value.times(ratio.get());
        let brokerage = part(self.brokerage).min(self.brokerage_max);
        let exchange = part(self.exchange_fee);
        let sebi = part(self.sebi);
        let fees = ChargeLines {
            brokerage,
            exchange,
            sebi,
            gst: (brokerage + exchange + sebi).times(self.gst.get()),
            ..ChargeLines::default()
        };
        self.taxed(fees, side, value)
    }

    /// Returns the same fees with the taxes of an order of this side.
    fn taxed(&self, fees: ChargeLines, side: Side, value: Money) -> ChargeLines {
        if value <= Money::ZERO {
            return fees;
        }
        let part = |ratio: Ratio| value.times(ratio.get());
        let (stt, stamp) = match side {
            Side::Buy => (part(self.stt_buy), part(self.stamp_buy)),
            Side::Sell => (part(self.stt_sell), Money::ZERO),
        };
        ChargeLines { stt, stamp, ..fees }
    }
}

impl Most {
    /// Adds up what each line is at most: brokerage its cap both ways, everything else its part of
    /// the value; and a paisa a line, as rounding adds no more.
    fn of(rates: &ChargeRates) -> Self {
        let part = |ratio: Ratio| ratio.get().max(Decimal::ZERO);
        let gross = Decimal::ONE + part(rates.gst);
        let fees = Decimal::TWO * (part(rates.exchange_fee) + part(rates.sebi)) * gross;
        let taxes = part(rates.stt_buy) + part(rates.stt_sell) + part(rates.stamp_buy);
        let brokerage = Decimal::TWO * rates.brokerage_max.get().max(Decimal::ZERO) * gross;
        Self {
            of_value: Ratio::new(fees + taxes),
            besides: Money::new(brokerage + Decimal::new(LINES, 2)),
        }
    }
}

impl Charges {
    /// Returns the table of these rows; their order does not matter.
    pub fn new(mut rates: Vec<ChargeRates>, rounding: ChargeRounding) -> Self {
        rates.sort_by_key(|row| (row.exchange, row.kind, row.valid_from));
        let most = rates.iter().map(Most::of).collect();
        Self {
            rates,
            most,
            rounding,
        }
    }

    /// Returns every row, for display.
    pub fn rates(&self) -> &[ChargeRates] {
        &self.rates
    }

    /// Returns how a total comes to whole paise.
    pub const fn rounding(&self) -> ChargeRounding {
        self.rounding
    }

    /// Returns the rates in force; days before the first row have those of the first row.
    pub fn in_force(
        &self,
        exchange: Exchange,
        kind: ChargeKind,
        day: NaiveDate,
    ) -> Option<&ChargeRates> {
        self.rates.get(self.place(exchange, kind, day)?)
    }

    fn place(&self, exchange: Exchange, kind: ChargeKind, day: NaiveDate) -> Option<usize> {
        let rows = || self.rates.iter().enumerate();
        let is_like = |row: &ChargeRates| row.exchange == exchange && row.kind == kind;
        let in_force = rows()
            .rev()
            .find(|(_, row)| is_like(row) && row.valid_from <= day);
        let found = in_force.or_else(|| rows().find(|(_, row)| is_like(row)));
        found.map(|(place, _)| place)
    }

    /// Returns the first day of the row that replaces this one.
    pub fn replaced_on(&self, row: &ChargeRates) -> Option<NaiveDate> {
        let same = |other: &&ChargeRates| other.exchange == row.exchange && other.kind == row.kind;
        let days = self.rates.iter().filter(same).map(|other| other.valid_from);
        days.filter(|day| *day > row.valid_from).min()
    }

    /// Returns what an order of this whole value costs so far, line by line; nothing where no rates
    /// are known.
    pub fn lines(&self, traded: Traded, value: Money) -> ChargeLines {
        self.in_force(traded.exchange, traded.kind, traded.day)
            .map_or_else(ChargeLines::default, |rates| {
                rates.lines(traded.side, value)
            })
    }

    /// Returns what an order of this whole value costs so far, in whole paise. What a further fill
    /// adds is the difference of two of these.
    pub fn for_order(&self, traded: Traded, value: Money) -> Money {
        self.lines(traded, value).total(self.rounding)
    }

    /// Returns an amount that buying and selling this value never costs more than, by one
    /// multiplication: where even that is little enough, nobody has to count.
    pub fn round_trip_max(&self, traded: Traded, value: Money) -> Money {
        let place = self.place(traded.exchange, traded.kind, traded.day);
        let most = place.and_then(|place| self.most.get(place));
        most.map_or(Money::ZERO, |most| {
            value.times(most.of_value.get()).max(Money::ZERO) + most.besides
        })
    }

    /// Returns what buying and selling this value costs, in whole paise per order.
    pub fn round_trip(&self, traded: Traded, value: Money) -> Money {
        let Some(rates) = self.in_force(traded.exchange, traded.kind, traded.day) else {
            return Money::ZERO;
        };
        let there = rates.lines(traded.side, value);
        let back = rates.taxed(there, traded.side.opposite(), value);
        there.total(self.rounding) + back.total(self.rounding)
    }
}

/// What decides the rates of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traded {
    /// Where.
    pub exchange: Exchange,
    /// What.
    pub kind: ChargeKind,
    /// Which way.
    pub side: Side,
    /// The exchange day of the order.
    pub day: NaiveDate,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(text: &str) -> Ratio {
        Ratio::new(text.parse().unwrap())
    }

    fn rupees(text: &str) -> Money {
        Money::new(text.parse().unwrap())
    }

    fn rates(exchange: Exchange, from: &str, stt_sell: &str, fee: &str) -> ChargeRates {
        ChargeRates {
            exchange,
            kind: ChargeKind::Future,
            valid_from: from.parse().unwrap(),
            brokerage: ratio("0.0003"),
            brokerage_max: Money::rupees(20),
            stt_buy: Ratio::default(),
            stt_sell: ratio(stt_sell),
            exchange_fee: ratio(fee),
            sebi: ratio("0.000001"),
            stamp_buy: ratio("0.00002"),
            gst: ratio("0.18"),
            source: String::new(),
            assumed: false,
        }
    }

    fn table() -> Charges {
        let rows = vec![
            rates(Exchange::Nfo, "2026-04-01", "0.0005", "0.0000183"),
            rates(Exchange::Nfo, "2024-10-01", "0.0002", "0.0000183"),
            rates(Exchange::Mcx, "2024-10-01", "0.0001", "0.000021"),
        ];
        Charges::new(rows, ChargeRounding::Total)
    }

    fn order(exchange: Exchange, side: Side, day: &str) -> Traded {
        Traded {
            exchange,
            kind: ChargeKind::Future,
            side,
            day: day.parse().unwrap(),
        }
    }

    /// Buys and sells one lot; returns the sum of both orders.
    fn one_lot(exchange: Exchange, day: &str, buy: i64, sell: i64) -> Money {
        let table = table();
        table.for_order(order(exchange, Side::Buy, day), Money::rupees(buy))
            + table.for_order(order(exchange, Side::Sell, day), Money::rupees(sell))
    }

    #[test]
    fn round_trips_cost_what_was_worked_out_by_hand() {
        let nfo = |day| one_lot(Exchange::Nfo, day, 58_000 * 30, 58_200 * 30);
        assert_eq!(nfo("2026-04-01"), rupees("1034.39"));
        assert_eq!(nfo("2026-03-31"), rupees("510.59"));
        let mcx = |buy, sell| one_lot(Exchange::Mcx, "2026-11-20", buy, sell);
        assert_eq!(mcx(1_500_000, 1_505_000), rupees("305.71"));
        assert_eq!(mcx(1_200_000, 1_205_000), rupees("254.13"));
        assert_eq!(mcx(3_000_000, 3_025_000), rupees("566.11"));
    }

    #[test]
    fn a_round_trip_at_one_price_is_what_the_stop_window_compares() {
        // scenario 15: 929.46 a lot at 52,000
        let nfo = order(Exchange::Nfo, Side::Buy, "2026-11-20");
        assert_eq!(
            table().round_trip(nfo, Money::rupees(1_560_000)),
            rupees("929.46")
        );
    }

    #[test]
    fn no_round_trip_costs_more_than_the_most_and_few_much_less() {
        for rounding in [ChargeRounding::Total, ChargeRounding::ContractNote] {
            let rows = vec![
                rates(Exchange::Nfo, "2026-04-01", "0.0005", "0.0000183"),
                rates(Exchange::Mcx, "2024-10-01", "0.0001", "0.000021"),
            ];
            let table = Charges::new(rows, rounding);
            let sides = [
                order(Exchange::Nfo, Side::Buy, "2026-11-20"),
                order(Exchange::Mcx, Side::Sell, "2026-11-20"),
            ];
            for (traded, paise) in sides
                .into_iter()
                .flat_map(|one| (0..46).map(move |digits| (one, 1_i64 << digits)))
            {
                let value = Money::new(Decimal::new(paise - 1, 2));
                let (cost, most) = (
                    table.round_trip(traded, value),
                    table.round_trip_max(traded, value),
                );
                assert!(cost <= most, "{traded:?} {value}: {cost} and {most}");
                let brokerage = rupees("48");
                assert!(
                    most <= cost + brokerage,
                    "{traded:?} {value}: {cost} and {most}"
                );
            }
        }
        let unknown = order(Exchange::Nse, Side::Buy, "2026-11-20");
        assert_eq!(
            table().round_trip_max(unknown, Money::rupees(10_000_000)),
            Money::ZERO
        );
    }

    #[test]
    fn brokerage_is_capped_per_order_however_it_fills() {
        let buy = order(Exchange::Mcx, Side::Buy, "2026-11-20");
        let half = table().lines(buy, Money::rupees(50_000));
        let whole = table().lines(buy, Money::rupees(100_000));
        assert_eq!(half.brokerage, Money::rupees(15));
        assert_eq!(whole.brokerage, Money::rupees(20));
        assert_eq!(whole.stamp, Money::rupees(2));
        assert_eq!(table().lines(buy, Money::ZERO), ChargeLines::default());
    }

    #[test]
    fn a_contract_note_rounds_every_line() {
        let lines = ChargeLines {
            stt: rupees("0.005"),
            sebi: rupees("0.005"),
            ..ChargeLines::default()
        };
        assert_eq!(lines.total(ChargeRounding::Total), rupees("0.01"));
        assert_eq!(lines.total(ChargeRounding::ContractNote), rupees("0.02"));
        assert_eq!(lines.exact().get(), Decimal::new(1, 2));
    }

    #[test]
    fn days_before_the_first_row_have_its_rates() {
        let old = order(Exchange::Nfo, Side::Sell, "2010-01-01");
        assert_eq!(
            table().lines(old, Money::rupees(100_000)).stt,
            Money::rupees(20)
        );
    }
}
