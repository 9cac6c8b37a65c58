//! What each gate asks, in words for those who read an answer.
//!
//! Every gate has words; a test goes through the lists.

/// Returns what must hold for a gate to let a signal pass.
pub(super) fn in_words(gate: &str) -> Option<&'static str> {
    standing(gate).or_else(|| held(gate)).or_else(|| book(gate))
}

/// The sender, the clock, the desk and its limits over time.
fn standing(gate: &str) -> Option<&'static str> {
    Some(match gate {
        "profile_unknown" => "the profile of its source must be known",
        "direction" => "shorts need a profile that allows them",
        "instrument_disabled" => "the profile must let entries of this instrument in",
        "id_reused" => "this id was used before, for something else",
        "out_of_order" => "a newer signal of this source and instrument was accepted already",
        "eod_already_decided" => "the end of the day has decided on this bar",
        "contract_unknown" => "the contract must be known, listed and not expired",
        "units_unproved" => "the broker must count its exchange as our rules say",
        "session_closed" => "its exchange must be trading",
        "entry_window" => "too near the close, or the contract's last day",
        "trading_state" => "desk and instrument must be active",
        "source_paused" => "the entries of its source are held back",
        "openalgo_unproved" => {
            "OpenAlgo must have been found ready, and orders must reach the broker"
        }
        "semi_automatic" => "OpenAlgo must take orders by itself, not wait for a person",
        "daily_loss" => "the day's loss must be below its limit",
        "drawdown" => "the fall from the highest equity must be below its limit",
        "daily_trades" => "no entry is left for today",
        "losing_streak" => "the losses in a row must be fewer than the limit",
        "cool_down" => "the instrument rests after its last stop",
        _ => return None,
    })
}

/// Prices, and what is held of the instrument.
fn held(gate: &str) -> Option<&'static str> {
    Some(match gate {
        "basis_unknown" => "chart and contract must both have fresh prices",
        "price_unknown" => "the contract must have a fresh price",
        "divergence" => "the market must be as near the signal's price, in percent",
        "atr_missing" => "an entry must bring an atr above 0, or a bar before it must have",
        "stop_missing" => "an entry must bring a stop on the losing side of its price",
        "stop_distance" => "the stop must be neither too near nor too far",
        "uncertain_outstanding" => "an order of the instrument is in doubt",
        "position_open" => "a position or an entry of this instrument is open; adds are PYRAMID",
        "no_position" => "a position of this direction must be open",
        "other_source" => "another source opened the position",
        "layer_taken" => "an open leg carries this label already",
        "base_leg_closed" => "the first leg must still be open",
        "entry_in_flight" => "an entry of the instrument, or its roll, is under way",
        "max_pyramids" => "no add is left",
        "one_r_not_passed" => "points moved since the first fill; must be more than its first risk",
        "spacing_too_small" => "distance from the newest entry, in atr; must be at least as much",
        "not_in_profit" => "what is open of the instrument must gain at the signal's price",
        _ => return None,
    })
}

/// Size, and the book as a whole.
fn book(gate: &str) -> Option<&'static str> {
    Some(match gate {
        "no_equity" => "there must be equity to measure on",
        "cash_unknown" => "the broker's free cash must be known and fresh",
        "lot_multiple" => {
            "the quantity must be whole lots, at least one, and where it is strict all of them must fit"
        }
        "size" => "at least one lot must fit",
        "portfolio_risk" => "risk of the whole book, in percent of equity; may be at most as much",
        "portfolio_volatility" => {
            "volatility of the whole book, in percent of equity; may be at most as much"
        }
        "margin_cap" => "margin of the whole book, in percent of equity; may be at most as much",
        "max_positions" => "no room for one more position",
        "same_sector" => "no room for one more position of the sector",
        "correlation" => "it moves too much together with what is held",
        "deployed_capital" => "the value of the whole book must stay within its limit",
        "capital_pool" => "what is kept overnight and what is not must each stay in its pool",
        "planned_heat" => "the risk at entry of all legs must stay within its share of capital",
        "reward_risk" => "the target must pay for the risk",
        "order_value" => "the value of the entry must stay within its limit",
        "open_intents" => "too much is under way",
        "open_order_value" => "the value of everything under way must stay within its limit",
        "too_many_slices" => "the exchange's freeze quantity would cut it into too many orders",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::gates::{ADD, BASE};

    #[test]
    fn every_gate_says_what_it_asks() {
        for gate in BASE.iter().chain(ADD) {
            assert!(in_words(gate.code.0).is_some(), "{}", gate.code.0);
        }
        assert_eq!(in_words("no_such_gate"), None);
    }
}
