//! Whole numbers of any size, for the rare quotient that 128 bits do not hold.
//!
//! Only what a long division needs: multiply, compare, subtract. Slow and plain on purpose; a test
//! holds it against the machine's own division.

/// A whole number of any size: 32 bits each, the lowest first, no zeros at the top.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Wide(Vec<u32>);

impl Wide {
    /// Returns the product of the factors and that power of ten.
    pub(super) fn product(factors: [u128; 3], power: u32) -> Self {
        let mut product = Self(vec![1]);
        for factor in factors {
            product = product.times(factor);
        }
        (0..power).for_each(|_| product.times_small(10));
        product
    }

    /// Returns the largest whole `q` with `q × below ≤ self`; at most what 128 bits hold.
    pub(super) fn over(mut self, below: &Self) -> u128 {
        // below × 1, 10, 100 … as long as it fits in
        let mut steps = Vec::new();
        let mut step = below.clone();
        while step.is_at_most(&self) {
            steps.push(step.clone());
            step.times_small(10);
        }
        let mut quotient = 0_u128;
        for step in steps.iter().rev() {
            quotient = quotient.saturating_mul(10);
            while step.is_at_most(&self) {
                self.subtract(step);
                quotient = quotient.saturating_add(1);
            }
        }
        quotient
    }

    fn times(&self, factor: u128) -> Self {
        let mut product = Self(Vec::new());
        // from the highest 32 bits of the factor down
        for place in (0..4_u32).rev() {
            let Ok(part) = u32::try_from((factor >> (place * 32)) & u128::from(u32::MAX)) else {
                continue;
            };
            if !product.0.is_empty() {
                product.0.insert(0, 0);
            }
            let mut term = self.clone();
            term.times_small(part);
            product.add(&term);
        }
        product
    }

    fn times_small(&mut self, factor: u32) {
        let mut carry = 0_u64;
        for limb in &mut self.0 {
            carry += u64::from(*limb) * u64::from(factor);
            *limb = low(carry);
            carry >>= 32;
        }
        self.0.push(low(carry));
        self.trim();
    }

    fn add(&mut self, other: &Self) {
        let length = self.0.len().max(other.0.len());
        self.0.resize(length, 0);
        let mut carry = 0_u64;
        let addends = other.0.iter().chain(core::iter::repeat(&0));
        for (limb, addend) in self.0.iter_mut().zip(addends) {
            carry += u64::from(*limb) + u64::from(*addend);
            *limb = low(carry);
            carry >>= 32;
        }
        self.0.push(low(carry));
        self.trim();
    }

    /// Takes `other` away, which is not larger.
    fn subtract(&mut self, other: &Self) {
        let mut borrow = false;
        let subtrahends = other.0.iter().chain(core::iter::repeat(&0));
        for (limb, subtrahend) in self.0.iter_mut().zip(subtrahends) {
            let (difference, under) = limb.overflowing_sub(*subtrahend);
            let (difference, under_too) = difference.overflowing_sub(u32::from(borrow));
            *limb = difference;
            borrow = under || under_too;
        }
        self.trim();
    }

    fn is_at_most(&self, other: &Self) -> bool {
        let by_length = self.0.len().cmp(&other.0.len());
        by_length
            .then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
            .is_le()
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

/// Returns the lowest 32 bits.
fn low(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_way_and_the_short_way_agree() {
        let cases = [
            (u128::MAX, 3),
            (10_u128.pow(30), 7),
            (1, 9),
            (99, 100),
            (u128::MAX, u128::MAX),
        ];
        for (above, below) in cases {
            let long = Wide::product([above, 1, 1], 0).over(&Wide::product([below, 1, 1], 0));
            assert_eq!(long, above.div_euclid(below), "{above} / {below}");
        }
    }
}
