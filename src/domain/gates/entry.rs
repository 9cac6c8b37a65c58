//! The figures an entry is judged by, gathered once.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::domain::book::{Book, Equity, Exposure, Leg, Position};
use crate::domain::calendar::{exchange_day, passed};
use crate::domain::fact::Code;
use crate::domain::ids::IntentId;
use crate::domain::input::Quote;
use crate::domain::instrument::{ContractId, Instrument, InstrumentIx, Spec};
use crate::domain::market;
use crate::domain::money::{Lots, Money, Points, Price, Quantity, Ratio};
use crate::domain::order::{Direction, Product};
use crate::domain::rules::{InstrumentRules, PyramidBudget, Rules, StopSource};
use crate::domain::signal::{Ask, Layer, Signal, SourceId};
use crate::domain::sizing::{
    self, BaseAsk, BaseSize, Caps, Limiter, LotFigures, PyramidAsk, PyramidSize, SizePercents,
};
use crate::domain::stops;

/// What every decision looks at.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The book.
    pub book: &'a Book,
    /// The limits.
    pub rules: &'a Rules,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Whether an entry is judged as a base or as an add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A position where there is none.
    Base,
    /// A further leg.
    Add,
}

/// How the chart and the contract stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The chart shows the contract.
    Same,
    /// The contract is dearer by so much.
    Shift(Points),
    /// One of the two has no fresh price.
    Unknown,
}

/// The arithmetic of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Of a base entry.
    Base(BaseSize),
    /// Of an add, after its caps.
    Add(PyramidSize),
}

/// What an approved entry was approved with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figures {
    /// How many lots.
    pub lots: Lots,
    /// In which contract.
    pub contract: ContractId,
    /// How it is carried.
    pub product: Product,
    /// The price that was sized.
    pub price: Price,
    /// The stop that was sized.
    pub stop: Price,
    /// The average true range.
    pub atr: Option<Points>,
    /// The efficiency ratio.
    pub er: Ratio,
    /// The most its sender asked for.
    pub cap: Option<Lots>,
}

/// Everything an entry is judged by.
pub struct Entry<'a> {
    /// Book, rules and time.
    pub view: View<'a>,
    /// Base or add.
    pub kind: EntryKind,
    /// The intent that is looked at a second time; it never competes with itself.
    pub again: Option<IntentId>,
    /// Who asked.
    pub source: SourceId,
    /// The stricter profile of who asked.
    pub profile: Option<&'a str>,
    /// The signal's own moment.
    pub moment: DateTime<Utc>,
    /// Whether its id was used before for something else.
    pub id_reused: bool,
    /// Which way.
    pub direction: Direction,
    /// The sender's label.
    pub layer: Layer,
    /// The market facts of the instrument.
    pub instrument: &'a Instrument,
    /// Its limits.
    pub limits: &'a InstrumentRules,
    /// The contract it would trade.
    pub contract: Option<ContractId>,
    /// The figures of that contract.
    pub spec: Option<&'a Spec>,
    /// How it would be carried.
    pub product: Product,
    /// The contract's price, when it is fresh.
    pub market: Option<Quote>,
    /// How chart and contract stand to each other.
    pub basis: Basis,
    /// The price that is sized.
    pub price: Option<Price>,
    /// The stop that is sized.
    pub stop: Option<Price>,
    /// Where the profit is wanted.
    pub target: Option<Price>,
    /// The average true range that counts.
    pub atr: Option<Points>,
    /// Whether its sender labels its legs: such an entry brings its own average true range.
    pub layered: bool,
    /// The efficiency ratio that counts.
    pub er: Ratio,
    /// The position open in the instrument.
    pub position: Option<&'a Position>,
    /// Its base leg, while it is open.
    pub base_leg: Option<&'a Leg>,
    /// What the account is worth.
    pub equity: Equity,
    /// What is at stake without this entry.
    pub exposure: Exposure,
    /// Margin of one lot.
    pub margin_per_lot: Money,
    /// The most lots the sender asked for.
    pub cap: Option<Lots>,
    /// Whether the asked quantity was no whole number of lots.
    pub odd_quantity: bool,
    /// The arithmetic of the size, once done.
    pub size: Option<Size>,
}

impl Basis {
    /// Returns the shift, where there is one.
    pub const fn shift(self) -> Option<Points> {
        match self {
            Self::Shift(points) => Some(points),
            Self::Same | Self::Unknown => None,
        }
    }

    /// Returns a price of the chart on the contract.
    pub fn shifted(self, price: Price) -> Option<Price> {
        match self {
            Self::Same => Some(price),
            Self::Shift(by) => price.moved(by),
            Self::Unknown => None,
        }
    }
}

impl Size {
    /// Returns the lots.
    pub const fn lots(&self) -> Lots {
        match self {
            Self::Base(size) => size.lots,
            Self::Add(size) => size.lots,
        }
    }

    /// Returns what bound them.
    pub const fn limiter(&self) -> Limiter {
        match self {
            Self::Base(size) => size.limiter,
            Self::Add(size) => size.limiter,
        }
    }
}

impl View<'_> {
    /// Returns what is looked at by whoever has this stricter profile, and whether it is known.
    pub fn under(self, profile: Option<&str>) -> (Self, bool) {
        match self.rules.under(profile) {
            Some(rules) => (Self { rules, ..self }, true),
            None => (self, false),
        }
    }

    /// Returns the exchange day.
    pub fn today(&self) -> NaiveDate {
        exchange_day(self.now)
    }

    /// Returns the price of a contract when it is fresh enough to trade on.
    pub fn fresh(&self, contract: ContractId) -> Option<Quote> {
        let quote = self.book.marks.contracts.get(&contract)?.quote;
        let instruments = &self.rules.instruments;
        let limits = instruments.get(contract.instrument)?.quote_age;
        let age = passed(quote.at, self.now);
        // Only a quote between the two limits needs to know whether the contract is the nearest.
        let fresh = age <= limits.front
            || (age <= limits.other
                && instruments.front_contract(
                    contract.instrument,
                    self.today(),
                    &self.rules.calendar,
                ) != Some(contract));
        fresh.then_some(quote)
    }

    /// Returns how far an instrument's contract is from the symbol its chart shows, by quotes of
    /// both that are young.
    pub fn basis(
        &self,
        instrument: &Instrument,
        ix: InstrumentIx,
        contract: Option<ContractId>,
    ) -> Basis {
        if instrument.signal_symbol.is_none() {
            return Basis::Same;
        }
        let marks = &self.book.marks;
        let chart = marks.charts.get(&ix);
        let contract = contract.and_then(|one| marks.contracts.get(&one));
        let young = |quote: &Quote| passed(quote.at, self.now) <= self.rules.timing.basis_age;
        match (
            chart.filter(|quote| young(quote)),
            contract.filter(|mark| young(&mark.quote)),
        ) {
            (Some(chart), Some(mark)) => Basis::Shift(mark.quote.price - chart.price),
            _ => Basis::Unknown,
        }
    }
}

impl<'a> Entry<'a> {
    /// Gathers the figures of a signal and sizes it; nothing when the instrument is unknown.
    pub fn of(
        view: View<'a>,
        signal: &'a Signal,
        kind: EntryKind,
        side: (Direction, Layer),
    ) -> Option<Self> {
        let (view, _) = view.under(signal.profile.as_deref());
        let instrument = view.rules.instruments.get(signal.instrument)?;
        let limits = view.rules.of(signal.instrument)?;
        let position = view.book.position_in(signal.instrument);
        let contract = match (kind, position) {
            (EntryKind::Add, Some(position)) => Some(position.contract),
            _ => signal.contract.or_else(|| {
                let rules = view.rules;
                rules.instruments.contract_for_entry(
                    signal.instrument,
                    view.today(),
                    &rules.calendar,
                )
            }),
        };
        let spec = contract.and_then(|one| view.rules.instruments.spec(one, view.today()));
        let product = match (kind, position) {
            (EntryKind::Add, Some(position)) => position.product,
            _ => signal.product.unwrap_or(instrument.product),
        };
        let mut entry = Self {
            view,
            kind,
            again: None,
            source: signal.source,
            profile: signal.profile.as_deref(),
            moment: signal.moment(),
            id_reused: signal.id_reused,
            direction: side.0,
            layer: side.1,
            instrument,
            limits,
            contract,
            spec,
            product,
            market: contract.and_then(|one| view.fresh(one)),
            basis: Basis::Same,
            price: None,
            stop: None,
            target: None,
            atr: signal.atr.filter(|atr| *atr > Points::ZERO),
            layered: matches!(signal.ask, Ask::Enter { .. } | Ask::Add { .. }),
            er: signal.er.unwrap_or(Ratio::ONE),
            position,
            base_leg: position.and_then(|one| view.book.base_leg(one.id)),
            equity: view.book.equity(view.rules, view.now),
            exposure: view.book.exposure(view.rules, view.now, None),
            margin_per_lot: Money::ZERO,
            cap: None,
            odd_quantity: false,
            size: None,
        };
        if entry.atr.is_none() {
            entry.atr = view
                .book
                .instruments
                .get(&signal.instrument)
                .and_then(|known| known.atr);
        }
        entry.set_prices(signal);
        entry.resize();
        Some(entry)
    }

    /// Caps the size by the quantity a sender asked for, in the unit of the instrument's orders.
    pub fn cap_at(&mut self, asked: Option<Quantity>) {
        if let (Some(asked), Some(spec)) = (asked, self.spec) {
            let (lots, rest) = asked.lots(self.instrument.per_lot(spec));
            self.cap = Some(lots);
            self.odd_quantity = !rest.is_zero();
            self.resize();
        }
    }

    /// Gathers the figures of an intent again, at the courier's quote and without itself.
    pub fn again(view: View<'a>, id: IntentId, quote: Quote) -> Option<Self> {
        let intent = view.book.intents.get(&id)?;
        let crate::domain::fact::Goal::Open(goal) = &intent.goal else {
            return None;
        };
        let (view, _) = view.under(goal.profile.as_deref());
        let instrument = view.rules.instruments.get(intent.contract.instrument)?;
        let position = view
            .book
            .positions
            .get(&intent.position)
            .filter(|one| one.is_open());
        let mut entry = Self {
            view,
            kind: if id.purpose == crate::domain::ids::Purpose::Add {
                EntryKind::Add
            } else {
                EntryKind::Base
            },
            again: Some(id),
            source: goal.source,
            profile: goal.profile.as_deref(),
            moment: intent.at,
            id_reused: false,
            direction: intent.direction,
            layer: goal.layer,
            instrument,
            limits: view.rules.of(intent.contract.instrument)?,
            contract: Some(intent.contract),
            spec: view.rules.instruments.spec(intent.contract, view.today()),
            product: intent.product,
            market: Some(quote),
            basis: Basis::Same,
            price: Some(quote.price),
            stop: Some(goal.stop),
            target: goal.target,
            atr: goal.atr,
            layered: false,
            er: goal.er,
            position,
            base_leg: position.and_then(|one| view.book.base_leg(one.id)),
            equity: view.book.equity(view.rules, view.now),
            exposure: view.book.exposure(view.rules, view.now, Some(id)),
            margin_per_lot: Money::ZERO,
            cap: goal.cap,
            odd_quantity: false,
            size: None,
        };
        entry.resize();
        Some(entry)
    }

    fn set_prices(&mut self, signal: &Signal) {
        self.basis = self.find_basis(signal);
        let seen = signal.price.and_then(|price| self.basis.shifted(price));
        self.price = match signal.price {
            Some(_) => seen,
            None => self.market.map(|quote| quote.price),
        };
        self.target = signal.target.and_then(|target| self.basis.shifted(target));
        let (Some(price), Some(spec)) = (self.price, self.spec) else {
            return;
        };
        let given = match self.view.rules.stops.source {
            StopSource::Alert => signal.stop.and_then(|stop| self.basis.shifted(stop)),
            StopSource::Atr => None,
        };
        let stop = given
            .or_else(|| self.stop_from_atr(price))
            .or_else(|| self.stop_from_percent(price));
        self.stop =
            stop.map(|stop| market::stop_rounded(stop, self.direction, spec.ticks.at(stop)));
    }

    fn find_basis(&self, signal: &Signal) -> Basis {
        if signal.contract.is_some() {
            return Basis::Same;
        }
        self.view
            .basis(self.instrument, signal.instrument, self.contract)
    }

    fn stop_from_atr(&self, price: Price) -> Option<Price> {
        stops::away(
            self.direction,
            price,
            self.atr?.times(self.limits.initial_atr),
        )
    }

    fn stop_from_percent(&self, price: Price) -> Option<Price> {
        let percent = self.view.rules.stops.percent?;
        let distance = Points::new(price.get()).times(percent.ratio());
        stops::away(self.direction, price, distance)
    }

    /// Returns the distance that is at risk, where price and stop are known.
    pub fn distance(&self) -> Option<Points> {
        Some(self.direction.gain(self.stop?, self.price?))
    }

    fn resize(&mut self) {
        let (Some(price), Some(stop), Some(spec)) = (self.price, self.stop, self.spec) else {
            return;
        };
        if let Some(contract) = self.contract {
            self.margin_per_lot = self.view.book.margin_of(
                contract,
                spec.margin_per_lot(price, self.product),
                self.view.now,
            );
        }
        let lot = LotFigures {
            point_value: spec.point_value,
            margin_per_lot: self.margin_per_lot,
        };
        let caps = Caps {
            max_lots: self.limits.max_lots,
            max_value: self.limits.max_value,
            capital_share: self.limits.capital_share,
            value_per_lot: spec.value_per_lot(price),
            asked: self.cap,
        };
        self.size = Some(match self.kind {
            EntryKind::Base => Size::Base(sizing::base(&BaseAsk {
                equity: self.equity.sizing,
                available_margin: self.available(),
                price,
                stop,
                direction: self.direction,
                atr: self.atr,
                er: self.er,
                contract: lot,
                percents: SizePercents {
                    risk: self.limits.risk,
                    volatility: self.limits.volatility,
                },
                volatility: self.view.rules.sizing.volatility,
                caps,
            })),
            EntryKind::Add => Size::Add(self.size_add((price, stop), lot, &caps)),
        });
    }

    fn available(&self) -> Money {
        self.exposure
            .margin_available(self.view.book, self.view.rules, self.equity.sizing)
    }

    fn size_add(&self, at: (Price, Price), lot: LotFigures, caps: &Caps) -> PyramidSize {
        let (price, stop) = at;
        let book = self.view.book;
        let base_lots = self.base_leg.map_or(Lots::ZERO, |leg| leg.lots);
        let profit = self.base_leg.map_or(Money::ZERO, |leg| {
            let gain = self.direction.gain(leg.entry, price);
            gain.value(leg.lots, lot.point_value)
        });
        let (at_risk, forgone) = match (self.view.rules.pyramid.budget, self.position) {
            (PyramidBudget::Full, Some(position)) => (
                book.open_risk_of_adds(position.id, price, lot.point_value),
                position.closed_add_loss,
            ),
            (PyramidBudget::BaseOnly, _) | (_, None) => (Money::ZERO, Money::ZERO),
        };
        let base_risk = self
            .position
            .map_or(Money::ZERO, |position| position.base_risk);
        let in_flight = self
            .position
            .map_or(0, |position| book.adds_in_flight(position.id, self.again));
        let mut size = sizing::pyramid(&PyramidAsk {
            direction: self.direction,
            price,
            stop,
            available_margin: self.available(),
            base_lots,
            profit_after_base_risk: (profit - base_risk).max(Money::ZERO),
            live_add_risk: at_risk,
            closed_add_loss: forgone,
            pyramid_count: self.position.map_or(0, |position| position.adds) + in_flight,
            ratio: self.view.rules.pyramid.ratio,
            contract: lot,
        });
        (size.lots, size.limiter) = caps.bind(size.lots, size.limiter, self.equity.limit());
        size
    }

    /// Returns the code under which a failed gate is reported.
    pub(super) fn code_of(&self, gate: Code) -> Code {
        match (gate.0, &self.size) {
            ("size", Some(size)) => Code(size.limiter().word()),
            ("trading_state", _) => {
                let instrument = self.contract.map(|contract| contract.instrument);
                let state = instrument.map_or(self.view.book.desk_state(), |one| {
                    self.view.book.state_of(one)
                });
                Code(state.word())
            }
            _ => gate,
        }
    }

    pub(super) fn lots(&self) -> Option<Lots> {
        self.size.map(|size| size.lots())
    }

    /// Returns what would be approved, where all of it is known.
    pub(super) fn figures(&self) -> Option<Figures> {
        Some(Figures {
            lots: self.lots()?,
            contract: self.contract?,
            product: self.product,
            price: self.price?,
            stop: self.stop?,
            atr: self.atr,
            er: self.er,
            cap: self.cap,
        })
    }

    /// Returns the money at risk of one lot.
    pub(super) fn risk_per_lot(&self) -> Option<Money> {
        Some(self.distance()?.worth(self.spec?.point_value))
    }

    /// Returns the money one average true range of one lot moves; the distance stands in for it.
    pub(super) fn volatility_per_lot(&self) -> Option<Money> {
        let reach = self.atr.or_else(|| self.distance())?;
        Some(reach.worth(self.spec?.point_value))
    }

    /// Returns the value of one lot.
    pub(super) fn value_per_lot(&self) -> Option<Money> {
        Some(self.spec?.value_per_lot(self.price?))
    }
}

/// Returns the whole lots at `each` that fit into `room`; none when there is no room.
pub(super) fn fits(room: Money, each: Money) -> Option<Lots> {
    if room <= Money::ZERO || each <= Money::ZERO {
        return Some(Lots::ZERO);
    }
    let most = room.get().checked_div(each.get()).unwrap_or(Decimal::ZERO);
    Lots::floor(most).map(|lots| {
        // The quotient is cut to 28 digits; the product decides.
        if each.times(lots.decimal()) > room {
            lots.less(Lots::ONE)
        } else {
            lots
        }
    })
}
