//! Which order in the broker's book can only be ours?

use crate::domain::book::Order;
use crate::domain::input::{Found, SeenOrder};
use crate::domain::order::{BrokerOrderId, Pricing};

/// Looks for an order nobody answered for among the broker's, leaving out those seen before it was
/// sent and those that belong to other orders of ours.
pub fn find(order: &Order, symbol: &str, seen: &[SeenOrder], known: &[BrokerOrderId]) -> Found {
    let fits: Vec<BrokerOrderId> = seen
        .iter()
        .filter(|one| {
            one.symbol == symbol && one.product == order.product && one.side == order.side
        })
        .filter(|one| one.quantity == order.quantity)
        .filter(|one| !order.baseline.contains(&one.id) && !known.contains(&one.id))
        .filter(|one| same_price(order.pricing, one.pricing))
        .map(|one| one.id.clone())
        .collect();
    match <[BrokerOrderId; 1]>::try_from(fits) {
        Ok([one]) => Found::One(one),
        Err(none) if none.is_empty() => Found::None,
        Err(many) => Found::Many(many),
    }
}

/// A market order's price is not shown by the broker; every other must agree.
fn same_price(ours: Option<Pricing>, theirs: Option<Pricing>) -> bool {
    match (ours, theirs) {
        (Some(Pricing::Market) | None, _) | (_, None) => true,
        (Some(ours), Some(theirs)) => ours == theirs,
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::domain::book::{CancelState, OrderState};
    use crate::domain::ids::{Cause, IntentId, Purpose};
    use crate::domain::instrument::{ContractId, InstrumentIx};
    use crate::domain::money::{Lots, Money, Price, Quantity};
    use crate::domain::order::{Product, Side};

    const SYMBOL: &str = "BANKNIFTY29DEC26FUT";

    fn limit(price: i64) -> Pricing {
        Pricing::Limit(Price::new(price.into()).unwrap())
    }

    fn id(text: &str) -> BrokerOrderId {
        BrokerOrderId::new(text).unwrap()
    }

    /// An order to buy 60 at 52,000 at most, sent while `B1` was known.
    fn ours() -> Order {
        let expiry = NaiveDate::from_ymd_opt(2026, 12, 29).unwrap();
        Order {
            id: IntentId::of(Cause::from_bytes([1; 10]), Purpose::Entry).order(1),
            contract: ContractId::future(InstrumentIx::new(0), expiry),
            product: Product::Nrml,
            side: Side::Buy,
            lots: Lots::new(2),
            quantity: Quantity::new(60),
            pricing: Some(limit(52_000)),
            state: OrderState::Uncertain,
            broker_id: None,
            filled: Quantity::ZERO,
            value: Money::ZERO,
            charges: Money::ZERO,
            not_before: None,
            cancel: CancelState::None,
            cancel_failures: 0,
            baseline: vec![id("B1")],
            claimed_at: None,
            sent_at: None,
            closed_at: None,
            resting: crate::domain::book::Resting::default(),
        }
    }

    fn theirs(text: &str) -> SeenOrder {
        SeenOrder {
            id: id(text),
            symbol: SYMBOL.to_owned(),
            product: Product::Nrml,
            side: Side::Buy,
            quantity: Quantity::new(60),
            pricing: Some(limit(52_000)),
        }
    }

    #[test]
    fn the_one_order_that_fits_is_ours() {
        let seen = [theirs("B1"), theirs("B2"), theirs("B3")];
        assert_eq!(
            find(&ours(), SYMBOL, &seen, &[id("B3")]),
            Found::One(id("B2"))
        );
    }

    #[test]
    fn what_differs_in_anything_is_not_ours() {
        let other = [
            SeenOrder {
                symbol: "GOLDM04DEC26FUT".to_owned(),
                ..theirs("B2")
            },
            SeenOrder {
                product: Product::Mis,
                ..theirs("B2")
            },
            SeenOrder {
                side: Side::Sell,
                ..theirs("B2")
            },
            SeenOrder {
                quantity: Quantity::new(30),
                ..theirs("B2")
            },
            SeenOrder {
                pricing: Some(limit(52_001)),
                ..theirs("B2")
            },
        ];
        for seen in other {
            assert_eq!(
                find(&ours(), SYMBOL, core::slice::from_ref(&seen), &[]),
                Found::None,
                "{seen:?}"
            );
        }
    }

    #[test]
    fn a_price_that_the_book_does_not_show_is_no_difference() {
        let unpriced = SeenOrder {
            pricing: None,
            ..theirs("B2")
        };
        assert_eq!(
            find(&ours(), SYMBOL, &[unpriced], &[]),
            Found::One(id("B2"))
        );
    }

    #[test]
    fn two_that_fit_are_for_a_person() {
        let seen = [theirs("B2"), theirs("B3")];
        assert_eq!(
            find(&ours(), SYMBOL, &seen, &[]),
            Found::Many(vec![id("B2"), id("B3")])
        );
    }
}
