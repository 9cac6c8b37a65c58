//! What the order of trades had to do with it: the same gains, shuffled.

use super::quantile;

/// Returns the deepest drawdowns of so many orders of the same returns, the least deep first.
pub fn shuffled_drawdowns(returns: &[f64], times: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut below = |end: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end).unwrap_or(1).max(1);
        usize::try_from(mixed.rem_euclid(end)).unwrap_or(0)
    };
    let mut order = returns.to_vec();
    let mut all: Vec<f64> = (0..times)
        .map(|_| {
            for place in (1..order.len()).rev() {
                order.swap(place, below(place + 1));
            }
            deepest(&order)
        })
        .collect();
    all.sort_by(|one, other| other.total_cmp(one));
    all
}

/// Returns the deepest fall from a peak of what these returns multiply to; negative.
fn deepest(returns: &[f64]) -> f64 {
    let (mut worth, mut peak, mut fall) = (1.0_f64, 1.0_f64, 0.0_f64);
    for one in returns {
        worth *= 1.0 + one;
        peak = peak.max(worth);
        fall = fall.min(worth / peak - 1.0);
    }
    fall
}

/// Returns the drawdowns that half, one in five and one in twenty orders were deeper than.
pub fn drawdown_odds(drawdowns: &[f64]) -> [f64; 3] {
    [0.5, 0.8, 0.95].map(|part| quantile(drawdowns, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_changes_the_way_and_not_the_end() {
        let returns = [0.10, -0.10, 0.10, -0.10, 0.05];
        let falls = shuffled_drawdowns(&returns, 200, 3);
        assert_eq!(falls, shuffled_drawdowns(&returns, 200, 3));
        let (least, most) = (falls[0], falls[199]);
        assert!(
            (least + 0.10).abs() < 1e-9 && most < -0.18,
            "{least} {most}"
        );
        let [half, fifth, twentieth] = drawdown_odds(&falls);
        assert!(half >= fifth && fifth >= twentieth);
    }
}
