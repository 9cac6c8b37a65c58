use proptest::prelude::*;

use super::*;

/// Digits and places as they occur, and far beyond.
fn any_decimal() -> impl Strategy<Value = Decimal> {
    let size = prop_oneof![
        Just(0_i128),
        -100_i128..100,
        -1_000_000_i128..1_000_000,
        (-10_000_i128..10_000).prop_map(|size| size * 1_000),
        i128::from(i64::MIN)..i128::from(i64::MAX),
        -(1_i128 << 66)..(1_i128 << 66),
    ];
    (size, prop_oneof![0_u32..6, 0_u32..=18])
        .prop_map(|(size, scale)| Decimal::from_i128_with_scale(size, scale))
}

/// Compares to the last zero behind the point.
fn same(ours: Decimal, theirs: Decimal) -> Result<(), TestCaseError> {
    prop_assert_eq!(ours.serialize(), theirs.serialize(), "{} {}", ours, theirs);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_short_comes_out_as_from_the_library(
        one in any_decimal(),
        other in any_decimal(),
        places in 0_u32..9,
    ) {
        same(tidy(one), one.normalize())?;
        same(sum(one, other), one + other)?;
        same(difference(one, other), one - other)?;
        prop_assert_eq!(compared(one, other), one.cmp(&other));
        prop_assert_eq!(compared(one, one), Ordering::Equal);
        let away = RoundingStrategy::MidpointAwayFromZero;
        same(rounded(one, places), one.round_dp_with_strategy(places, away))?;
        same(rounded_even(one, places), one.round_dp(places))?;
        let serialized = |one: Option<Decimal>| one.map(|one| one.serialize());
        let theirs = one.checked_add(other);
        prop_assert_eq!(serialized(checked_sum(one, other)), serialized(theirs));
        let is_price = |sum: &Decimal| *sum > Decimal::ZERO && *sum <= PRICE_MAX;
        let priced = |one: Decimal| Some(one.normalize()).filter(is_price);
        prop_assert_eq!(serialized(price(one)), serialized(priced(one)));
        let theirs = theirs.and_then(priced);
        prop_assert_eq!(serialized(price_sum(one, other)), serialized(theirs));
        let theirs = one.checked_mul(other);
        prop_assert_eq!(serialized(checked_product(one, other)), serialized(theirs));
        if let Some(theirs) = theirs {
            same(product(one, other), theirs)?;
            same(tidy_product(one, other), theirs.normalize())?;
            let hundredth = theirs.checked_mul(Decimal::new(1, 2));
            if let Some(hundredth) = hundredth {
                same(tidy_percentage(one, other), hundredth.normalize())?;
            }
        }
        let theirs = one.checked_div(other).map(|exact| exact.round_dp(places));
        prop_assert_eq!(
            serialized(quotient(one, other, places)),
            serialized(theirs)
        );
        prop_assert_eq!(
            serialized(tidy_quotient(one, other, places)),
            serialized(theirs.map(|theirs| theirs.normalize()))
        );
    }
}

#[test]
fn halves_are_where_a_quotient_turns() {
    for (above, below) in [
        (1_i64, 20_000_i64),
        (3, 20_000),
        (-1, 20_000),
        (5, 7),
        (-5, 30),
    ] {
        for nudge in [-1_i64, 0, 1] {
            let (scale, unit) = (12, 1_000_000_000_000_i64);
            let above = Decimal::new(above * unit + nudge, scale);
            let theirs = (above / Decimal::from(below)).round_dp(4);
            let ours = quotient(above, Decimal::from(below), 4).unwrap();
            assert_eq!(ours.serialize(), theirs.serialize());
        }
    }
    assert_eq!(quotient(Decimal::ONE, Decimal::ZERO, 4), None);
}
