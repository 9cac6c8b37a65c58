//! Which contracts exist, when each ends, and which one an entry takes.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};

use super::{ContractId, Instrument, InstrumentIx, InstrumentKind, Instruments};
use crate::domain::calendar::{Calendar, exchange_day};

/// How many months ahead a contract is looked for.
const MONTHS_MAX: usize = 18;

/// The rule of a contract's last trading day, before holidays move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRule {
    /// The last such day of the week in the month.
    LastWeekday(Weekday),
    /// This day of the month.
    DayOfMonth(u32),
    /// The last calendar day of the month.
    LastDay,
}

/// When an instrument's contracts end. A day that is no working day moves to the nearest before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expiry {
    /// The rule from a contract month on, in rising order of that month's first day.
    pub rules: Vec<(NaiveDate, ExpiryRule)>,
    /// The months with a contract, 1 to 12; empty for every month.
    pub months: Vec<u32>,
    /// Last trading days that a circular fixed otherwise, by the first day of the contract month.
    pub fixed: BTreeMap<NaiveDate, NaiveDate>,
}

impl Expiry {
    fn lists(&self, month: u32) -> bool {
        self.months.is_empty() || self.months.contains(&month)
    }

    fn rule(&self, month: NaiveDate) -> Option<ExpiryRule> {
        let in_force = self.rules.iter().rev().find(|(from, _)| *from <= month);
        in_force
            .or_else(|| self.rules.first())
            .map(|(_, rule)| *rule)
    }
}

impl ExpiryRule {
    /// Returns the day the rule names in the month that starts at `first`.
    fn day_in(self, first: NaiveDate) -> Option<NaiveDate> {
        let last = first.with_day(first.num_days_in_month().into())?;
        match self {
            Self::LastDay => Some(last),
            Self::DayOfMonth(day) => first.with_day(day).or(Some(last)),
            Self::LastWeekday(weekday) => {
                let back = last.weekday().days_since(weekday);
                last.checked_sub_days(Days::new(u64::from(back)))
            }
        }
    }
}

impl Instrument {
    /// Returns the last trading day of the contract of a month; nothing where none is listed.
    pub fn expiry_in(&self, year: i32, month: u32, calendar: &Calendar) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        if self.kind == InstrumentKind::Equity || !self.expiry.lists(month) {
            return None;
        }
        if let Some(fixed) = self.expiry.fixed.get(&first) {
            return Some(*fixed);
        }
        let day = self.expiry.rule(first)?.day_in(first)?;
        Some(calendar.working_day_at_or_before(self.exchange, day))
    }

    /// Returns the last trading days not before `from`, in order of time.
    pub fn expiries(
        &self,
        from: NaiveDate,
        calendar: &Calendar,
    ) -> impl Iterator<Item = NaiveDate> {
        let months = (from.month0()..).take(MONTHS_MAX).map(move |month0| {
            let years = i32::try_from(month0.div_euclid(12)).unwrap_or(0);
            (from.year().saturating_add(years), month0.rem_euclid(12) + 1)
        });
        months
            .filter_map(|(year, month)| self.expiry_in(year, month, calendar))
            .filter(move |expiry| *expiry >= from)
    }
}

impl Instrument {
    /// Returns whether at least `roll_days` working days lie strictly between a day and an end.
    fn takes(&self, expiry: NaiveDate, day: NaiveDate, calendar: &Calendar) -> bool {
        // So many lie between when the last of them lies before: no need to count on.
        let last = calendar.working_days_after(self.exchange, day, self.roll_days);
        if self.roll_days == 0 {
            expiry >= day
        } else {
            last < expiry
        }
    }
}

impl Instruments {
    /// Returns OpenAlgo's symbol of a contract: `BANKNIFTY29DEC26FUT`, or the share's own.
    pub fn symbol(&self, contract: ContractId) -> String {
        let root = self
            .get(contract.instrument)
            .map_or("", |instrument| instrument.root.as_str());
        contract.expiry.map_or_else(
            || root.to_owned(),
            |expiry| {
                let date = expiry.format("%d%b%y").to_string().to_ascii_uppercase();
                format!("{root}{date}FUT")
            },
        )
    }

    /// Returns the contract an entry takes: the nearest with at least `roll_days` working days
    /// strictly between `day` and its last trading day.
    pub fn contract_for_entry(
        &self,
        ix: InstrumentIx,
        day: NaiveDate,
        calendar: &Calendar,
    ) -> Option<ContractId> {
        let instrument = self.get(ix)?;
        match instrument.kind {
            InstrumentKind::Equity => Some(ContractId::share(ix)),
            InstrumentKind::Future => {
                let mut ends = instrument.expiries(day, calendar);
                let taken = ends.find(|expiry| instrument.takes(*expiry, day, calendar));
                taken.map(|expiry| ContractId::future(ix, expiry))
            }
        }
    }

    /// Returns whether a contract is one of those listed, and so far from its end that an entry may
    /// take it.
    pub fn is_far_from_its_end(
        &self,
        contract: ContractId,
        day: NaiveDate,
        calendar: &Calendar,
    ) -> bool {
        let instrument = self.get(contract.instrument);
        instrument
            .zip(contract.expiry)
            .is_some_and(|(instrument, expiry)| {
                let (year, month) = (expiry.year(), expiry.month());
                instrument.takes(expiry, day, calendar)
                    && instrument.expiry_in(year, month, calendar) == Some(expiry)
            })
    }

    /// Returns the nearest contract that still trades on `day`.
    pub fn front_contract(
        &self,
        ix: InstrumentIx,
        day: NaiveDate,
        calendar: &Calendar,
    ) -> Option<ContractId> {
        let instrument = self.get(ix)?;
        match instrument.kind {
            InstrumentKind::Equity => Some(ContractId::share(ix)),
            InstrumentKind::Future => instrument
                .expiries(day, calendar)
                .next()
                .map(|expiry| ContractId::future(ix, expiry)),
        }
    }

    /// Returns when a contract must be closed, whatever else is true.
    pub fn exit_by(&self, contract: ContractId, calendar: &Calendar) -> Option<DateTime<Utc>> {
        let instrument = self.get(contract.instrument)?;
        let rule = instrument.exit_by?;
        let day = calendar.working_days_before(
            instrument.exchange,
            contract.expiry?,
            rule.working_days_before,
        );
        Some(rule.at.on(day))
    }

    /// Returns whether a contract has traded for the last time.
    pub fn is_over(
        &self,
        contract: ContractId,
        (calendar, now): (&Calendar, DateTime<Utc>),
    ) -> bool {
        let today = exchange_day(now);
        if contract.expiry != Some(today) {
            return contract.is_expired(today);
        }
        let exchange = self.get(contract.instrument).map(|one| one.exchange);
        let close = exchange.and_then(|exchange| calendar.close_of(exchange, today));
        close.is_none_or(|close| close <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{day, future, share};
    use super::*;
    use crate::domain::calendar::{DayTime, Market, Session, Window};
    use crate::domain::instrument::ExitBy;
    use crate::domain::order::Exchange;

    fn rule(rule: ExpiryRule) -> Expiry {
        Expiry {
            rules: vec![(day("2025-01-01"), rule)],
            ..Expiry::default()
        }
    }

    /// Returns weekdays without these.
    fn calendar(exchange: Exchange, holidays: &[&str]) -> Calendar {
        let hours = crate::domain::calendar::Hours {
            valid_from: day("2025-01-01"),
            windows: vec![Window {
                session: Session::Continuous,
                from: DayTime::START,
                to: DayTime::END,
            }],
            day_trade: crate::domain::calendar::DayTrade {
                entries_until: DayTime::START,
                start: DayTime::START,
                flat_by: DayTime::START,
            },
        };
        let market = Market {
            hours: vec![hours],
            holidays: holidays.iter().map(|text| day(text)).collect(),
            ..Market::default()
        };
        Calendar::new([(exchange, market)].into())
    }

    #[test]
    fn bank_nifty_ends_on_the_last_tuesday_or_the_working_day_before() {
        let tuesday = rule(ExpiryRule::LastWeekday(Weekday::Tue));
        let bank = future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, tuesday);
        let days = calendar(Exchange::Nfo, &["2026-03-31", "2026-11-24"]);
        assert_eq!(bank.expiry_in(2026, 3, &days), Some(day("2026-03-30")));
        assert_eq!(bank.expiry_in(2026, 11, &days), Some(day("2026-11-23")));
        assert_eq!(bank.expiry_in(2026, 12, &days), Some(day("2026-12-29")));
    }

    #[test]
    fn gold_mini_ends_on_the_fifth_or_the_working_day_before() {
        let fifth = rule(ExpiryRule::DayOfMonth(5));
        let gold = future("GOLD_MINI", "GOLDM", Exchange::Mcx, fifth);
        let days = calendar(Exchange::Mcx, &["2026-04-03"]);
        let ends: Vec<_> = [4, 7, 9, 12]
            .into_iter()
            .filter_map(|month| gold.expiry_in(2026, month, &days))
            .collect();
        let expected = ["2026-04-02", "2026-07-03", "2026-09-04", "2026-12-04"];
        assert_eq!(ends, expected.map(day));
    }

    #[test]
    fn silver_mini_has_five_months_and_a_circular_beats_the_rule() {
        let mut silver = future(
            "SILVER_MINI",
            "SILVERM",
            Exchange::Mcx,
            rule(ExpiryRule::LastDay),
        );
        silver.expiry.months = vec![2, 4, 6, 8, 11];
        silver.expiry.fixed = [(day("2026-04-01"), day("2026-04-29"))].into();
        let days = calendar(Exchange::Mcx, &[]);
        let ends: Vec<_> = silver.expiries(day("2026-03-01"), &days).take(3).collect();
        assert_eq!(ends, ["2026-04-29", "2026-06-30", "2026-08-31"].map(day));
    }

    #[test]
    fn an_entry_takes_the_nearest_contract_that_is_not_about_to_end() {
        let tuesday = rule(ExpiryRule::LastWeekday(Weekday::Tue));
        let bank = future("BANK_NIFTY", "BANKNIFTY", Exchange::Nfo, tuesday);
        let list = Instruments::new(vec![bank, share("SBIN")], vec![]).unwrap();
        let ix = list.by_name("BANK_NIFTY").unwrap();
        let days = calendar(Exchange::Nfo, &["2026-11-24"]);
        let taken = |on| {
            list.contract_for_entry(ix, day(on), &days)
                .map(|contract| list.symbol(contract))
        };
        // the 18th, 19th and 20th lie between the 17th and Monday the 23rd
        assert_eq!(taken("2026-11-17").unwrap(), "BANKNIFTY23NOV26FUT");
        assert_eq!(taken("2026-11-18").unwrap(), "BANKNIFTY29DEC26FUT");
        let front = list.front_contract(ix, day("2026-11-23"), &days).unwrap();
        assert_eq!(front, ContractId::future(ix, day("2026-11-23")));
        assert!(front.is_expired(day("2026-11-24")) && !front.is_expired(day("2026-11-23")));
        let sbin = list.by_name("SBIN").unwrap();
        let share = list.contract_for_entry(sbin, day("2026-11-18"), &days);
        assert_eq!(list.symbol(share.unwrap()), "SBIN");
    }

    #[test]
    fn a_contract_is_left_before_it_ends() {
        let mut gold = future(
            "GOLD_MINI",
            "GOLDM",
            Exchange::Mcx,
            rule(ExpiryRule::DayOfMonth(5)),
        );
        let at = DayTime::new(15, 0).unwrap();
        gold.exit_by = Some(ExitBy {
            working_days_before: 3,
            at,
        });
        let list = Instruments::new(vec![gold], vec![]).unwrap();
        let contract = ContractId::future(InstrumentIx::new(0), day("2026-11-05"));
        let days = calendar(Exchange::Mcx, &[]);
        assert_eq!(
            list.exit_by(contract, &days),
            Some(at.on(day("2026-11-02")))
        );
        let close = days.close_of(Exchange::Mcx, day("2026-11-05")).unwrap();
        let second = chrono::TimeDelta::seconds(1);
        assert!(!list.is_over(contract, (&days, close - second)));
        assert!(list.is_over(contract, (&days, close)));
        assert!(list.is_over(contract, (&days, at.on(day("2026-11-06")))));
    }
}
