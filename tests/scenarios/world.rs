//! The rules in force in every story: `figures.txt`, and what a story's `rules` lines change.

use chrono::{NaiveDate, TimeDelta, Weekday};
use rust_decimal::Decimal;
use torana::domain::bars::{BarRules, BarSource, Chart, InstrumentBars};
use torana::domain::calendar::{Calendar, DayTime, DayTrade, Hours, Market, Session, Window};
use torana::domain::charges::{ChargeKind, ChargeRates, ChargeRounding, Charges};
use torana::domain::instrument::{
    ExitBy, Expiry, ExpiryRule, Instrument, InstrumentIx, InstrumentKind, Instruments, Margin,
    OrderQuantity, QuoteAge, SignalSymbol, Spec,
};
use torana::domain::market::{Tick, TickTable};
use torana::domain::money::{Lots, Money, Percent, PointValue, Ratio};
use torana::domain::order::{Exchange, Product};
use torana::domain::rules::{
    AlertRules, Breakeven, CloseRules, DayRules, EodExit, InstrumentRules, OnBreach, OnExisting,
    PortfolioRules, ProofRules, ProtectiveStop, PyramidBudget, PyramidRules, QuantityUse,
    ReconcileRules, RollUse, Rules, RulesHash, SizingEquity, SizingRules, StopHitOn, StopRules,
    StopSource, TimingRules,
};
use torana::domain::sizing::VolatilityUse;

use crate::words::Words;

const FIGURES: &str = include_str!("figures.txt");

/// The first day of everything.
fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 1, 1).unwrap()
}

/// Returns the rules of `figures.txt`.
pub(crate) fn rules() -> Rules {
    let mut instruments = Vec::new();
    let mut per_instrument = Vec::new();
    for line in lines().filter(|line| !line.starts_with("charges")) {
        let (instrument, limits) = row(Words::of(line));
        instruments.push(instrument);
        per_instrument.push(limits);
    }
    Rules {
        hash: RulesHash::default(),
        profile: "stories".to_owned(),
        instruments: Instruments::new(instruments, Vec::new()).unwrap(),
        calendar: calendar(),
        charges: Charges::default(),
        per_instrument,
        portfolio: portfolio(),
        sizing: SizingRules {
            equity: SizingEquity::Conservative,
            volatility: VolatilityUse::Enforce,
            stop_atr_min: Ratio::new(Decimal::new(5, 1)),
            stop_percent_max: Percent::new(Decimal::TEN),
            stop_charges_min: Ratio::new(Decimal::TWO),
        },
        pyramid: PyramidRules {
            ratio: Ratio::new(Decimal::new(5, 1)),
            budget: PyramidBudget::Full,
        },
        stops: StopRules {
            source: StopSource::Alert,
            percent: None,
            hit_on: StopHitOn::Close,
            protective_stop: ProtectiveStop::Off,
            disaster_offset: Ratio::ONE,
            range: Percent::new(Decimal::from(3)),
            breakeven: Breakeven::Off,
            peel_off: false,
        },
        alerts: AlertRules {
            long_only: true,
            on_existing: OnExisting::Reject,
            quantity: QuantityUse::Cap,
            require_atr: false,
        },
        close: CloseRules {
            eod_exit: EodExit::Stop,
            roll: RollUse::Propose,
        },
        day: DayRules {
            loss: Some(percent(3)),
            drawdown: None,
            trades: None,
            losing_streak: None,
            cool_down: TimeDelta::zero(),
            on_breach: OnBreach::Reduce,
        },
        timing: timing(),
        stricter: std::collections::BTreeMap::new(),
        proof: ProofRules {
            reads_min: 3,
            span_min: TimeDelta::seconds(15),
            call_deadline: TimeDelta::seconds(125),
        },
        bars: BarRules::default(),
        reconcile: reconcile(),
    }
}

fn reconcile() -> ReconcileRules {
    ReconcileRules {
        net_age: TimeDelta::seconds(10),
        reads_min: 2,
        span_min: TimeDelta::seconds(2),
        absent_reads_min: 3,
        absent_span_min: TimeDelta::seconds(15),
        equity_apart: Percent::new(1.into()),
    }
}

fn lines() -> impl Iterator<Item = &'static str> {
    FIGURES
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

pub(crate) fn percent(value: i64) -> Percent {
    Percent::new(Decimal::from(value))
}

fn row(mut words: Words<'_>) -> (Instrument, InstrumentRules) {
    let name = words.must("name").to_owned();
    let exchange: Exchange = words.must("exchange").parse().unwrap();
    let point_value = PointValue::new(words.number("rupees per point")).unwrap();
    let margin = if words.takes("-") {
        Margin::OfPrice {
            delivery: Ratio::ONE,
            intraday: Ratio::new(Decimal::from(5)),
        }
    } else {
        Margin::PerLot(words.money("margin"))
    };
    let mut limits = InstrumentRules {
        enabled: true,
        risk: Percent::new(words.number("risk")),
        volatility: Percent::new(words.number("volatility")),
        ongoing_risk: Percent::new(words.number("ongoing risk")),
        ongoing_volatility: Percent::new(words.number("ongoing volatility")),
        initial_atr: words.ratio("initial"),
        trailing_atr: words.ratio("trailing"),
        max_adds: 0,
        spacing: Ratio::new(Decimal::new(5, 1)),
        max_lots: None,
        max_value: None,
        capital_share: None,
    };
    let tick = Tick::new(words.number("tick")).unwrap();
    limits.max_adds = words.lots("adds").get();
    let spec = Spec {
        valid_from: always(),
        units_per_lot: words.lots("units").get(),
        ticks: TickTable::flat(tick),
        point_value,
        margin,
        freeze: None,
        max_order_lots: words.lots("most"),
        source: "the stories".to_owned(),
        assumed: false,
    };
    let protection = Percent::new(words.number("protection"));
    words.end();
    (instrument(name, exchange, (spec, protection)), limits)
}

fn instrument(name: String, exchange: Exchange, (spec, protection): (Spec, Percent)) -> Instrument {
    let share = exchange == Exchange::Nse;
    let last = |day| (always(), ExpiryRule::LastWeekday(day));
    Instrument {
        exchange,
        kind: if share {
            InstrumentKind::Equity
        } else {
            InstrumentKind::Future
        },
        root: name.replace('_', ""),
        aliases: Vec::new(),
        signal_symbol: None,
        sector: exchange.word().to_owned(),
        order_quantity: OrderQuantity::Units,
        product: if share { Product::Mis } else { Product::Nrml },
        roll_days: 3,
        expiry: Expiry {
            rules: vec![last(Weekday::Tue)],
            ..Expiry::default()
        },
        exit_by: None,
        protection,
        quote_age: QuoteAge {
            front: TimeDelta::seconds(5),
            other: TimeDelta::seconds(15),
        },
        specs: vec![spec],
        name,
    }
}

fn calendar() -> Calendar {
    let time = |hour, minute| DayTime::new(hour, minute).unwrap();
    let market = |open: DayTime, close: DayTime, last: [DayTime; 3]| Market {
        hours: vec![Hours {
            valid_from: always(),
            windows: vec![Window {
                session: Session::Continuous,
                from: open,
                to: close,
            }],
            day_trade: DayTrade {
                entries_until: last[0],
                start: last[1],
                flat_by: last[2],
            },
        }],
        ..Market::default()
    };
    let day = [time(15, 0), time(15, 5), time(15, 12)];
    let night = [time(22, 50), time(22, 55), time(23, 2)];
    let nse = market(time(9, 15), time(15, 15), day);
    let nfo = market(time(9, 15), time(15, 40), day);
    let mcx = market(time(9, 0), time(23, 30), night);
    Calendar::new(
        [
            (Exchange::Nse, nse),
            (Exchange::Nfo, nfo),
            (Exchange::Mcx, mcx),
        ]
        .into(),
    )
}

fn portfolio() -> PortfolioRules {
    PortfolioRules {
        risk: percent(15),
        volatility: percent(5),
        add_risk: percent(12),
        add_volatility: percent(4),
        margin_cap: percent(60),
        max_positions: None,
        max_same_sector: None,
        deployed: None,
        planned_heat: None,
        max_order_value: None,
        max_open_order_value: None,
        max_open_intents: None,
        min_reward_risk: None,
        max_slices: 10,
        require_funds: false,
        prove_units: false,
        pool_intraday: None,
        pool_swing: None,
        correlation: None,
    }
}

fn timing() -> TimingRules {
    let seconds = TimeDelta::seconds;
    TimingRules {
        intent_validity: seconds(60),
        entry_wait: seconds(60),
        funds_age: seconds(60),
        mark_age: seconds(60),
        basis_age: seconds(5),
        divergence_base: percent(2),
        divergence_add: percent(1),
        growth_base: percent(50),
        growth_add: percent(20),
        exit_pause_min: seconds(1),
        exit_pause_max: seconds(30),
        release_pause: seconds(1),
        exit_reprice: seconds(2),
        flat_for: chrono::TimeDelta::seconds(10),
        flat_report: chrono::TimeDelta::seconds(30),
    }
}

fn charges() -> Charges {
    let rates = lines().filter_map(|line| line.strip_prefix("charges"));
    let all = rates.map(|line| {
        let mut words = Words::of(line);
        let exchange = words.must("exchange").parse().unwrap();
        let mut part = |what| Percent::new(words.number(what)).ratio();
        let brokerage = part("brokerage");
        let brokerage_max = Money::new(words.number("most"));
        let mut part = |what| Percent::new(words.number(what)).ratio();
        ChargeRates {
            exchange,
            kind: ChargeKind::Future,
            valid_from: always(),
            brokerage,
            brokerage_max,
            stt_buy: Ratio::default(),
            stt_sell: part("tax"),
            exchange_fee: part("exchange"),
            sebi: part("regulator"),
            stamp_buy: part("stamp"),
            gst: part("tax on fees"),
            source: "the stories".to_owned(),
            assumed: false,
        }
    });
    Charges::new(all.collect(), ChargeRounding::Total)
}

/// Changes the rules as a story says: `rules volatility report`, `rules GOLD_MINI disabled`.
pub(crate) fn change(rules: &mut Rules, mut words: Words<'_>) {
    let key = words.must("what");
    if let Some(ix) = rules.instruments.by_name(key) {
        change_instrument(rules, ix, words);
        return;
    }
    match key {
        "volatility" => {
            rules.sizing.volatility = match words.must("use") {
                "report" => VolatilityUse::Report,
                _ => VolatilityUse::Enforce,
            }
        }
        "equity" => rules.sizing.equity = equity(words.must("equity")),
        "both_sides" => rules.alerts.long_only = false,
        "on_existing_add" => rules.alerts.on_existing = OnExisting::Add,
        "strict_quantity" => rules.alerts.quantity = QuantityUse::Strict,
        "require_atr" => rules.alerts.require_atr = true,
        "protective" => {
            assert!(words.takes("day"));
            rules.stops.protective_stop = ProtectiveStop::Day;
        }
        "hit_on" => {
            rules.stops.hit_on = match words.must("close or tick") {
                "tick" => StopHitOn::Tick,
                _ => StopHitOn::Close,
            }
        }
        "prove_units" => rules.portfolio.prove_units = true,
        "flatten_on_breach" => rules.day.on_breach = OnBreach::Flatten,
        "eod_exit_supertrend" => rules.close.eod_exit = EodExit::Supertrend,
        "roll_auto" => rules.close.roll = RollUse::Auto,
        "roll_off" => rules.close.roll = RollUse::Off,
        "require_funds" => rules.portfolio.require_funds = true,
        "charges" => {
            assert!(words.takes("on"));
            rules.charges = charges();
        }
        "stop_percent" => rules.stops.percent = Some(Percent::new(words.number("percent"))),
        "breakeven" => {
            rules.stops.breakeven = match words.must("where") {
                "entry" => Breakeven::Entry,
                "charges" => Breakeven::Charges,
                word => panic!("breakeven is not {word}"),
            }
        }
        "peel_off" => rules.stops.peel_off = true,
        "bars" => change_bars(rules, &mut words),
        "cool_down" => rules.day.cool_down = words.seconds("seconds"),
        "daily_loss" => {
            rules.day.loss = words.maybe_number().map(Percent::new);
            assert!(rules.day.loss.is_some() || words.takes("off"));
        }
        "drawdown" => rules.day.drawdown = Some(Percent::new(words.number("percent"))),
        "daily_trades" => rules.day.trades = Some(words.lots("count").get()),
        "losing_streak" => rules.day.losing_streak = Some(words.lots("count").get()),
        _ => change_portfolio(rules, key, &mut words),
    }
    words.end();
}

/// `rules bars BANK_NIFTY 75 alerts history`: bars of so many minutes, and who may bring them.
fn change_bars(rules: &mut Rules, words: &mut Words<'_>) {
    let ix = rules.instruments.by_name(words.must("instrument")).unwrap();
    let minutes: i64 = words.must("minutes").parse().unwrap();
    let mut sources = Vec::new();
    while let Some(word) = words.next() {
        sources.push(match word {
            "alerts" => BarSource::Alerts,
            "history" => BarSource::History,
            "ticks" => BarSource::Ticks,
            _ => panic!("{word} brings no bars"),
        });
    }
    let chart = Some(Chart {
        length: TimeDelta::minutes(minutes),
        atr_length: 10,
    });
    let of = InstrumentBars { sources, chart };
    rules.bars.instruments.insert(ix, of);
    rules.bars.apart = Percent::new(Decimal::new(1, 1));
}

fn change_portfolio(rules: &mut Rules, key: &str, words: &mut Words<'_>) {
    let limits = &mut rules.portfolio;
    let value = words.number(key);
    let count = || value.to_string().parse().unwrap();
    match key {
        "risk" => limits.risk = Percent::new(value),
        "divergence" => rules.timing.divergence_base = Percent::new(value),
        "add_risk" => limits.add_risk = Percent::new(value),
        "portfolio_volatility" => limits.volatility = Percent::new(value),
        "add_volatility" => limits.add_volatility = Percent::new(value),
        "margin_cap" => limits.margin_cap = Percent::new(value),
        "max_positions" => limits.max_positions = Some(count()),
        "same_sector" => limits.max_same_sector = Some(count()),
        "pool_intraday" => limits.pool_intraday = Some(Percent::new(value)),
        "pool_swing" => limits.pool_swing = Some(Percent::new(value)),
        "correlation" => limits.correlation = Some(Ratio::new(value)),
        "deployed" => limits.deployed = Some(Percent::new(value)),
        "planned_heat" => limits.planned_heat = Some(Percent::new(value)),
        "order_value" => limits.max_order_value = Some(Money::new(value)),
        "open_order_value" => limits.max_open_order_value = Some(Money::new(value)),
        "open_intents" => limits.max_open_intents = Some(count()),
        "reward_risk" => limits.min_reward_risk = Some(Ratio::new(value)),
        "max_slices" => limits.max_slices = count(),
        _ => panic!("no rule is called {key}"),
    }
}

fn equity(word: &str) -> SizingEquity {
    match word {
        "conservative" => SizingEquity::Conservative,
        "blended" => SizingEquity::Blended,
        "realised" => SizingEquity::Realised,
        "marked" => SizingEquity::Marked,
        "high_water" => SizingEquity::HighWater,
        _ => panic!("no equity is called {word}"),
    }
}

fn change_instrument(rules: &mut Rules, ix: InstrumentIx, mut words: Words<'_>) {
    let mut all: Vec<Instrument> = rules
        .instruments
        .iter()
        .map(|(_, one)| one.clone())
        .collect();
    let place = usize::from(ix.get());
    let (one, limits) = (&mut all[place], &mut rules.per_instrument[place]);
    match words.must("what") {
        "disabled" => limits.enabled = false,
        "unlisted" => one.specs.clear(),
        "order_quantity" => {
            assert!(words.takes("lots") || words.peek().is_none());
            one.order_quantity = OrderQuantity::Lots;
        }
        "protection" => one.protection = Percent::new(words.number("percent")),
        "ongoing_risk" => limits.ongoing_risk = Percent::new(words.number("percent")),
        "ongoing_volatility" => {
            limits.ongoing_volatility = Percent::new(words.number("percent"));
        }
        "exit_by" => {
            one.exit_by = Some(ExitBy {
                working_days_before: words.lots("days").get(),
                at: DayTime::new(15, 0).unwrap(),
            });
        }
        "max_adds" => limits.max_adds = words.lots("adds").get(),
        "max_lots" => limits.max_lots = Some(Lots::new(words.lots("most").get())),
        "max_value" => limits.max_value = Some(words.money("most")),
        "capital_share" => limits.capital_share = Some(Percent::new(words.number("percent"))),
        "chart" => {
            let (exchange, symbol) = words.must("symbol").split_once(':').unwrap();
            one.signal_symbol = Some(SignalSymbol {
                exchange: exchange.parse().unwrap(),
                symbol: symbol.to_owned(),
            });
        }
        word => panic!("no rule of an instrument is called {word}"),
    }
    words.end();
    rules.instruments = Instruments::new(all, Vec::new()).unwrap();
}
