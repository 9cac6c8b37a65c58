//! Sums over samples.

use super::count;

/// Returns the mean; nothing of nothing.
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.iter().sum::<f64>() / count(values.len())
}

/// Returns the standard deviation of a sample (n − 1).
pub fn spread(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let middle = mean(values);
    let squares: f64 = values.iter().map(|value| (value - middle).powi(2)).sum();
    (squares / count(values.len() - 1)).sqrt()
}

/// Returns the value below which this part of sorted values lies.
pub fn quantile(sorted: &[f64], part: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let place = part.clamp(0.0, 1.0) * count(last);
    let near = (0..sorted.len()).min_by(|one, other| {
        let apart = |at: usize| (count(at) - place).abs();
        apart(*one).total_cmp(&apart(*other))
    });
    near.and_then(|at| sorted.get(at)).copied().unwrap_or(0.0)
}

/// Returns the standard normal distribution at a point (Zelen and Severo, to 10⁻⁷).
pub fn normal(at: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * at.abs());
    let sum = COEFFICIENTS
        .iter()
        .rev()
        .fold(0.0, |sum, one| (sum + one) * t);
    let density = (-at * at / 2.0).exp() / (2.0 * core::f64::consts::PI).sqrt();
    let above = density * sum;
    if at < 0.0 { above } else { 1.0 - above }
}

/// Returns the value at which the standard normal distribution is this, by halving.
fn normal_inverse(probability: f64) -> f64 {
    let (mut low, mut high) = (-8.0_f64, 8.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if normal(middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// Returns the deflated Sharpe ratio (Bailey and López de Prado 2014): the probability that the
/// best of many trials has a true Sharpe ratio above zero, given how the trials spread. `returns`
/// are those of the best, `sharpes` the ratios of all trials, per period.
pub fn deflated(returns: &[f64], sharpes: &[f64]) -> f64 {
    /// Euler and Mascheroni's.
    const GAMMA: f64 = 0.577_215_664_901_532_9;
    let (deviation, middle) = (spread(returns), mean(returns));
    if returns.len() < 3 || deviation <= 0.0 {
        return 0.0;
    }
    let trials = count(sharpes.len()).max(1.0);
    let expected = if sharpes.len() < 2 {
        0.0
    } else {
        let first = normal_inverse(1.0 - 1.0 / trials);
        let second = normal_inverse(1.0 - 1.0 / (trials * core::f64::consts::E));
        spread(sharpes) * ((1.0 - GAMMA) * first + GAMMA * second)
    };
    let moment = |power: i32| {
        let all: Vec<f64> = returns
            .iter()
            .map(|one| ((one - middle) / deviation).powi(power))
            .collect();
        mean(&all)
    };
    let sharpe = middle / deviation;
    let error = 1.0 - moment(3) * sharpe + (moment(4) - 1.0) / 4.0 * sharpe * sharpe;
    let periods = count(returns.len() - 1).sqrt();
    normal((sharpe - expected) * periods / error.max(1e-12).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-6
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        for (at, expected) in [(0.0, 0.5), (1.0, 0.841_344_75), (-1.959_964, 0.025)] {
            assert!(near(normal(at), expected), "{at}: {}", normal(at));
        }
        assert!((normal_inverse(0.975) - 1.959_964).abs() < 1e-4);
    }

    #[test]
    fn a_sample_spreads_by_one_less_than_its_number() {
        assert!(near(spread(&[1.0, 2.0, 3.0, 4.0]), 1.290_994_448_7));
        assert!(near(quantile(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.5), 3.0));
    }

    #[test]
    fn more_trials_deflate_the_same_ratio_more() {
        let returns: Vec<f64> = (0..250)
            .map(|day| if day % 3 == 0 { -0.01 } else { 0.008 })
            .collect();
        let few = deflated(&returns, &[0.1, 0.2]);
        let many: Vec<f64> = (0..200)
            .map(|trial| f64::from(trial % 2) * 0.1 + 0.1)
            .collect();
        assert!(deflated(&returns, &many) < few);
        assert!(few < 1.0 && few > 0.5);
    }
}
