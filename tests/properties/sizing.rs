//! Invariants of sizing over generated figures.

use proptest::prelude::*;
use rust_decimal::Decimal;
use torana::domain::money::{Lots, Money, Percent, PointValue, Points, Price, Ratio};
use torana::domain::order::Direction;
use torana::domain::sizing::{
    BaseAsk, Caps, Limiter, LotFigures, PeelAsk, PyramidAsk, SizePercents, VolatilityUse, base,
    peel_off, pyramid,
};

/// A long with a stop below its price, an ATR, and margin of either sign.
fn base_ask() -> impl Strategy<Value = BaseAsk> {
    let market = (2_i64..100_000_000, 1_i64..10_000_000, 1_i64..10_000_000);
    let figures = (1_i64..1_000_000, 1_i64..100_000_000);
    let desk = (
        -100_000_000_i64..100_000_000_000,
        -1_000_000_i64..100_000_000_000,
    );
    let shares = (1_i64..1000, 1_i64..1000, 0_i64..=10_000);
    (market, figures, desk, shares).prop_map(
        |((price, distance, atr), (point_value, margin), (equity, free), (risk, vol, er))| {
            BaseAsk {
                equity: Money::new(Decimal::new(equity, 2)),
                available_margin: Money::new(Decimal::new(free, 2)),
                price: Price::new(Decimal::new(price + distance, 2)).unwrap(),
                stop: Price::new(Decimal::new(price, 2)).unwrap(),
                direction: Direction::Long,
                atr: Some(Points::new(Decimal::new(atr, 4))),
                er: Ratio::new(Decimal::new(er, 4)),
                contract: LotFigures {
                    point_value: PointValue::new(Decimal::new(point_value, 2)).unwrap(),
                    margin_per_lot: Money::new(Decimal::new(margin, 2)),
                },
                percents: SizePercents {
                    risk: Percent::new(Decimal::new(risk, 2)),
                    volatility: Percent::new(Decimal::new(vol, 2)),
                },
                volatility: VolatilityUse::Enforce,
                caps: Caps::default(),
            }
        },
    )
}

/// Returns whether so many lots fit all three constraints, by multiplication alone.
fn fits(ask: &BaseAsk, lots: Lots) -> bool {
    let one_lot = |points: Points| points.value(lots, ask.contract.point_value);
    let risk = ask.equity.percent(ask.percents.risk).times(ask.er.get());
    let volatility = ask.equity.percent(ask.percents.volatility);
    one_lot(ask.price - ask.stop) <= risk
        && one_lot(ask.atr.unwrap()) <= volatility
        && ask.contract.margin_per_lot.times(lots.decimal()) <= ask.available_margin
}

fn pyramid_ask() -> impl Strategy<Value = PyramidAsk> {
    let money = || -1_000_000_i64..10_000_000_000;
    (base_ask(), 0_u32..100, 0_u32..8, money(), money()).prop_map(
        |(base, base_lots, pyramid_count, profit, live)| PyramidAsk {
            direction: Direction::Long,
            price: base.price,
            stop: base.stop,
            available_margin: base.available_margin,
            base_lots: Lots::new(base_lots),
            profit_after_base_risk: Money::new(Decimal::new(profit.max(0), 2)),
            live_add_risk: Money::new(Decimal::new(live.max(0), 4)),
            closed_add_loss: Money::ZERO,
            pyramid_count,
            ratio: Ratio::new(Decimal::new(5, 1)),
            contract: base.contract,
        },
    )
}

proptest! {
    #[test]
    fn a_base_size_fits_every_constraint_and_one_more_lot_would_not(ask in base_ask()) {
        let size = base(&ask);
        prop_assert!(size.lots.is_zero() || fits(&ask, size.lots), "{size}");
        prop_assert!(!fits(&ask, size.lots.plus(Lots::ONE)), "{size}");
    }

    #[test]
    fn a_mirrored_short_is_sized_like_its_long(ask in base_ask()) {
        let stop = ask.price.moved(ask.price - ask.stop).unwrap();
        let short = BaseAsk { direction: Direction::Short, stop, ..ask };
        let (long, short) = (base(&ask), base(&short));
        prop_assert_eq!((long.lots, long.limiter), (short.lots, short.limiter));
        prop_assert_eq!(long.to_string(), short.to_string());
    }

    #[test]
    fn more_equity_never_means_fewer_lots(ask in base_ask(), more in 0_i64..1_000_000_000) {
        let equity = ask.equity + Money::new(Decimal::new(more, 2));
        let richer = BaseAsk { equity, ..ask };
        prop_assert!(base(&richer).lots >= base(&ask).lots);
    }

    #[test]
    fn whole_budgets_are_used_to_the_last_lot(ask in base_ask(), lots in 1_u32..10_000) {
        let one_lot = (ask.price - ask.stop).value(Lots::ONE, ask.contract.point_value);
        let exactly = BaseAsk {
            equity: one_lot.times(Decimal::from(lots) * Decimal::ONE_HUNDRED),
            available_margin: Money::new(Decimal::from(1_000_000_000_000_i64)),
            er: Ratio::ONE,
            percents: SizePercents { risk: Percent::new(Decimal::ONE), ..ask.percents },
            volatility: VolatilityUse::Report,
            ..ask
        };
        let size = base(&exactly);
        if size.limiter == Limiter::Risk {
            prop_assert_eq!(size.lots, Lots::new(lots));
            prop_assert_eq!(size.lot_r.to_string(), lots.to_string());
        }
    }

    #[test]
    fn what_is_said_to_make_one_lot_fit_does(ask in base_ask()) {
        let Some(short) = base(&ask).short_of_one else { return Ok(()) };
        if let Some(stop) = short.stop {
            prop_assert!(!base(&BaseAsk { stop, ..ask }).lots.is_zero(), "{short}");
        }
        if let Some(equity) = short.equity {
            prop_assert!(!base(&BaseAsk { equity, ..ask }).lots.is_zero(), "{short}");
        }
        if short.atr.is_some() {
            prop_assert!(!base(&BaseAsk { atr: short.atr, ..ask }).lots.is_zero(), "{short}");
        }
    }

    #[test]
    fn an_add_is_within_margin_ladder_and_budget_and_one_more_is_not(ask in pyramid_ask()) {
        let size = pyramid(&ask);
        let fits = |lots: Lots| {
            let risk = (ask.price - ask.stop).value(lots, ask.contract.point_value);
            let budget = ask.profit_after_base_risk.times(Decimal::new(5, 1)) - ask.live_add_risk;
            let ladder = lots.decimal() * Decimal::from(2_u32.pow(ask.pyramid_count + 1));
            risk <= budget
                && ladder <= ask.base_lots.decimal()
                && ask.contract.margin_per_lot.times(lots.decimal()) <= ask.available_margin
        };
        prop_assert!(size.lots.is_zero() || fits(size.lots), "{size}");
        prop_assert!(!fits(size.lots.plus(Lots::ONE)), "{size}");
    }

    #[test]
    fn a_peel_off_is_just_enough(
        equity in 1_i64..1_000_000_000,
        (risk, vol) in (-1000_i64..100_000_000, -1000_i64..100_000_000),
        lots in 1_u32..1000,
        (risk_limit, vol_limit) in (1_i64..1000, 1_i64..1000),
    ) {
        let ask = PeelAsk {
            equity: Money::rupees(equity),
            position_risk: Money::rupees(risk),
            position_vol: Money::rupees(vol),
            lots: Lots::new(lots),
            ongoing_risk: Percent::new(Decimal::new(risk_limit, 2)),
            ongoing_vol: Percent::new(Decimal::new(vol_limit, 2)),
        };
        let peel = peel_off(&ask);
        // what stays × measure per lot ≤ limit, without dividing
        let within = |stay: Lots| {
            [(ask.position_risk, ask.ongoing_risk), (ask.position_vol, ask.ongoing_vol)]
                .into_iter()
                .all(|(measure, limit)| {
                    let kept = measure.times(stay.decimal());
                    kept <= ask.equity.percent(limit).times(ask.lots.decimal())
                })
        };
        let stay = ask.lots.less(peel.lots);
        prop_assert!(within(stay));
        prop_assert!(peel.lots.is_zero() || !within(stay.plus(Lots::ONE)));
        prop_assert_eq!(peel.limiter.is_none(), peel.lots.is_zero());
    }
}
