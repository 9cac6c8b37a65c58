use super::*;

fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

fn price(text: &str) -> Price {
    Price::new(decimal(text)).unwrap()
}

/// Gold Mini, five million, flat: price, stop, ATR, ER.
fn gold(of: [&str; 4], volatility_percent: &str) -> BaseAsk {
    let [at, stop, atr, er] = of;
    BaseAsk {
        equity: Money::rupees(5_000_000),
        available_margin: Money::rupees(3_000_000),
        price: price(at),
        stop: price(stop),
        direction: Direction::Long,
        atr: Some(Points::new(decimal(atr))),
        er: Ratio::new(decimal(er)),
        contract: figures(10, 105_000),
        percents: SizePercents {
            risk: Percent::new(Decimal::ONE),
            volatility: Percent::new(decimal(volatility_percent)),
        },
        volatility: VolatilityUse::Enforce,
        caps: Caps::default(),
    }
}

fn figures(point_value: i64, margin: i64) -> LotFigures {
    LotFigures {
        point_value: PointValue::new(Decimal::from(point_value)).unwrap(),
        margin_per_lot: Money::rupees(margin),
    }
}

fn bank_nifty_add(at: &str, stop: &str) -> PyramidAsk {
    PyramidAsk {
        direction: Direction::Long,
        price: price(at),
        stop: price(stop),
        available_margin: Money::rupees(1_920_000),
        base_lots: Lots::new(4),
        profit_after_base_risk: Money::rupees(54_000),
        live_add_risk: Money::ZERO,
        closed_add_loss: Money::ZERO,
        pyramid_count: 0,
        ratio: Ratio::new(decimal("0.5")),
        contract: figures(30, 270_000),
    }
}

#[test]
fn risk_binds_and_the_size_says_how() {
    let size = base(&gold(["78500", "77500", "500", "0.82"], "0.9"));
    assert_eq!(size.limiter, Limiter::Risk);
    let text = "4 lots = min(risk 4.10, volatility 9.00, margin 28.57)";
    assert_eq!(size.to_string(), text);
    assert_eq!(size.lot_m.to_string(), "28.571428571428571428");
}

#[test]
fn volatility_binds_unless_it_is_only_reported() {
    let mut ask = gold(["78500", "77500", "500", "0.82"], "0.2");
    let size = base(&ask);
    assert_eq!(
        (size.lots, size.limiter),
        (Lots::new(2), Limiter::Volatility)
    );
    ask.volatility = VolatilityUse::Report;
    let size = base(&ask);
    let text = "4 lots = min(risk 4.10, margin 28.57); volatility 2.00 reported";
    assert_eq!(size.to_string(), text);
}

#[test]
fn a_short_is_the_mirror_of_a_long() {
    let long = gold(["78500", "77500", "500", "0.82"], "0.9");
    let short = BaseAsk {
        stop: price("79500"),
        direction: Direction::Short,
        ..long
    };
    assert_eq!(base(&short), base(&long));
    let wrong_way = BaseAsk {
        direction: Direction::Short,
        ..long
    };
    let size = base(&wrong_way);
    assert_eq!(
        (size.lots, size.limiter),
        (Lots::ZERO, Limiter::InvalidRisk)
    );
}

#[test]
fn a_whole_quotient_is_not_one_lot_short() {
    let mut ask = gold(["78600", "78000", "400", "0.84"], "0.2");
    ask.volatility = VolatilityUse::Report;
    let size = base(&ask);
    assert_eq!(
        (size.lots, size.lot_r.to_string()),
        (Lots::new(7), "7".to_owned())
    );
}

#[test]
fn overused_margin_gives_no_lots_and_says_what_is_missing() {
    let mut ask = gold(["78500", "77500", "500", "0.82"], "0.2");
    ask.available_margin = Money::rupees(-60_000);
    let size = base(&ask);
    assert_eq!((size.lots, size.limiter), (Lots::ZERO, Limiter::Margin));
    assert_eq!(size.lot_m.to_string(), "-0.571428571428571428");
    let short = size.short_of_one.unwrap();
    assert_eq!(short.missing, Some(Money::rupees(165_000)));
    assert_eq!(short.to_string(), "margin: 165000 missing for one lot");
}

#[test]
fn the_stop_and_the_equity_at_which_one_lot_fits_are_named() {
    let mut ask = gold(["78500", "77500", "100", "0.5"], "0.9");
    ask.equity = Money::rupees(1_000_000);
    let short = base(&ask).short_of_one.unwrap();
    let text = "risk: 5000 missing for one lot; one fits at stop 78000 or equity 2000000";
    assert_eq!(short.to_string(), text);
    ask.stop = short.stop.unwrap();
    assert_eq!(base(&ask).lots, Lots::ONE);
}

#[test]
fn the_atr_at_which_one_lot_fits_is_named() {
    let mut ask = gold(["78500", "78400", "1500", "1"], "0.2");
    let short = base(&ask).short_of_one.unwrap();
    let text = "volatility: 5000 missing for one lot; one fits at atr 1000 or equity 7500000";
    assert_eq!(short.to_string(), text);
    ask.atr = short.atr;
    assert_eq!(base(&ask).lots, Lots::ONE);
}

#[test]
fn a_cap_is_named_only_when_it_binds() {
    let mut ask = gold(["78500", "77500", "500", "0.82"], "0.9");
    ask.caps.max_lots = Some(Lots::new(4));
    assert_eq!(base(&ask).limiter, Limiter::Risk);
    ask.caps.max_lots = Some(Lots::new(3));
    let text = "3 lots = min(risk 4.10, volatility 9.00, margin 28.57, max_lots 3)";
    assert_eq!(base(&ask).to_string(), text);
    ask.caps.value_per_lot = Money::rupees(785_000);
    ask.caps.max_value = Some(Money::rupees(1_569_999));
    assert_eq!(
        (base(&ask).lots, base(&ask).limiter),
        (Lots::ONE, Limiter::MaxValue)
    );
    ask.caps.capital_share = Some(Percent::new(Decimal::TEN));
    assert_eq!(
        (base(&ask).lots, base(&ask).limiter),
        (Lots::ZERO, Limiter::CapitalShare)
    );
    let missing = base(&ask).short_of_one.unwrap().missing;
    assert_eq!(missing, Some(Money::rupees(285_000)));
}

#[test]
fn an_atr_of_nothing_allows_nothing_and_an_unknown_one_does_not_limit() {
    let mut ask = gold(["78500", "77500", "0", "0.82"], "0.9");
    assert_eq!(base(&ask).limiter, Limiter::Volatility);
    ask.atr = None;
    assert_eq!(
        base(&ask).to_string(),
        "4 lots = min(risk 4.10, margin 28.57)"
    );
}

#[test]
fn an_add_ties_to_the_first_of_margin_discipline_and_budget() {
    let size = pyramid(&bank_nifty_add("50800", "50450"));
    assert_eq!(size.limiter, Limiter::Discipline);
    let text = "2 lots = min(margin 7, discipline 2, risk budget 2)";
    assert_eq!(size.to_string(), text);
}

#[test]
fn the_ladder_halves_until_nothing_is_left() {
    let rungs = (0..4).map(|pyramid_count| {
        let ask = PyramidAsk {
            base_lots: Lots::new(10),
            pyramid_count,
            ..bank_nifty_add("50800", "50450")
        };
        pyramid(&ask).lot_b
    });
    assert_eq!(rungs.collect::<Vec<_>>(), [5, 2, 1, 0]);
    let never_again = PyramidAsk {
        pyramid_count: u32::MAX,
        ..bank_nifty_add("50800", "50450")
    };
    assert_eq!(pyramid(&never_again).limiter, Limiter::Discipline);
}

#[test]
fn adds_that_live_or_lost_use_up_the_budget() {
    let ask = PyramidAsk {
        live_add_risk: Money::rupees(10_500),
        closed_add_loss: Money::rupees(6_001),
        ..bank_nifty_add("50800", "50450")
    };
    let size = pyramid(&ask);
    assert_eq!((size.lots, size.lot_c), (Lots::ZERO, 0));
    assert_eq!(size.limiter, Limiter::RiskBudget);
    assert_eq!(size.missing, Some(Money::rupees(1)));
}

#[test]
fn an_add_to_a_short_is_the_mirror() {
    let ask = PyramidAsk {
        direction: Direction::Short,
        price: price("233000"),
        stop: price("236000"),
        available_margin: Money::rupees(3_690_000),
        base_lots: Lots::new(6),
        profit_after_base_risk: Money::rupees(120_000),
        contract: figures(5, 385_000),
        ..bank_nifty_add("50800", "50450")
    };
    let size = pyramid(&ask);
    assert_eq!((size.lot_a, size.lot_b, size.lot_c), (9, 3, 4));
    let wrong_way = PyramidAsk {
        direction: Direction::Long,
        ..ask
    };
    assert_eq!(pyramid(&wrong_way).limiter, Limiter::InvalidRisk);
}

#[test]
fn a_position_is_peeled_down_to_its_limits_and_not_further() {
    let ask = PeelAsk {
        equity: Money::rupees(5_000_000),
        position_risk: Money::rupees(140_000),
        position_vol: Money::rupees(105_000),
        lots: Lots::new(35),
        ongoing_risk: Percent::new(Decimal::ONE),
        ongoing_vol: Percent::new(decimal("0.3")),
    };
    let both = peel_off(&ask);
    assert_eq!(
        (both.lots, both.limiter),
        (Lots::new(30), Some(Limiter::Volatility))
    );
    let looser = PeelAsk {
        ongoing_risk: Percent::new(decimal("1.5")),
        ongoing_vol: Percent::new(decimal("1.35")),
        ..ask
    };
    let risk = peel_off(&looser);
    assert_eq!(
        (risk.lots, risk.limiter),
        (Lots::new(17), Some(Limiter::Risk))
    );
    let at_the_limit = PeelAsk {
        position_risk: Money::rupees(50_000),
        position_vol: Money::rupees(15_000),
        ..ask
    };
    assert_eq!(peel_off(&at_the_limit).limiter, None);
    let no_equity = PeelAsk {
        equity: Money::ZERO,
        ..ask
    };
    assert_eq!(peel_off(&no_equity).lots, Lots::ZERO);
}
