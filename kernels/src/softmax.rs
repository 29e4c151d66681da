//! Logarithms of sums of exponentials, over a vocabulary.

use crate::Kernels;
use crate::math::exp;
use crate::simd::{Chunk, Kernel, LANES, Simd};

/// Vectors that are summed in f32 before their sum goes into an f64: the error of a sum grows with its
/// length, and a vocabulary has more than a hundred thousand elements.
const VECTORS_PER_SUM: usize = 32;

impl Kernels {
    /// `ln Σ e^x` over all of `logits`; negative infinity if there are none or all are.
    pub fn log_sum_exp(&self, logits: &[f32]) -> f32 {
        self.arch.run(LogSumExp { logits })
    }
}

struct LogSumExp<'a> {
    logits: &'a [f32],
}

impl Kernel for LogSumExp<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let max = maximum(simd, self.logits);
        if max == f32::NEG_INFINITY {
            return max;
        }
        let mut total = 0.0_f64;
        for part in self.logits.chunks(VECTORS_PER_SUM * LANES) {
            total += f64::from(sum_exp(simd, part, max));
        }
        (f64::from(max) + total.ln()) as f32
    }
}

/// The largest of `x` that is a number; negative infinity if there is none.
#[inline(always)]
pub(crate) fn maximum<S: Simd>(simd: S, x: &[f32]) -> f32 {
    let mut max = simd.splat(f32::NEG_INFINITY);
    let (chunks, tail) = x.as_chunks::<LANES>();
    for chunk in chunks {
        max = simd.max(simd.load(chunk), max);
    }
    let mut lanes: Chunk = [0.0; LANES];
    simd.store(max, &mut lanes);
    let mut max = f32::NEG_INFINITY;
    for x in lanes.iter().chain(tail) {
        max = if *x > max { *x } else { max };
    }
    max
}

/// `Σ e^(x - max)`.
#[inline(always)]
fn sum_exp<S: Simd>(simd: S, x: &[f32], max: f32) -> f32 {
    let offset = simd.splat(max);
    let mut sum = simd.splat(0.0);
    let (chunks, tail) = x.as_chunks::<LANES>();
    for chunk in chunks {
        sum = simd.add(sum, exp(simd, simd.sub(simd.load(chunk), offset)));
    }
    if !tail.is_empty() {
        let mut padded = [f32::NEG_INFINITY; LANES];
        padded[..tail.len()].copy_from_slice(tail);
        sum = simd.add(sum, exp(simd, simd.sub(simd.load(&padded), offset)));
    }
    simd.sum(sum)
}

#[cfg(test)]
mod tests {
    use crate::testing::{every_isa, random};

    #[test]
    fn log_sum_exp_is_close_to_f64_on_ragged_lengths() {
        for kernels in every_isa(1) {
            for (n, spread) in [(1, 1.0), (15, 40.0), (16, 5.0), (513, 10.0), (49_152, 8.0), (128_256, 0.01)] {
                let logits: Vec<f32> = random(n as u64, n).iter().map(|x| x * spread).collect();
                let max = logits.iter().copied().fold(f32::MIN, f32::max);
                let sum: f64 = logits.iter().map(|x| (f64::from(*x) - f64::from(max)).exp()).sum();
                let want = f64::from(max) + sum.ln();
                let found = f64::from(kernels.log_sum_exp(&logits));
                assert!((found - want).abs() <= 3e-7 * want.abs().max(1.0), "{n}: {found} {want}");
            }
        }
    }

    #[test]
    fn probabilities_sum_to_one_and_masked_tokens_have_none() {
        for kernels in every_isa(1) {
            let mut logits = random(1, 1000);
            logits[7] = f32::NEG_INFINITY;
            let total = f64::from(kernels.log_sum_exp(&logits));
            let sum: f64 = logits.iter().map(|x| (f64::from(*x) - total).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
            assert_eq!(kernels.log_sum_exp(&[f32::NEG_INFINITY; 20]), f32::NEG_INFINITY);
            assert_eq!(kernels.log_sum_exp(&[]), f32::NEG_INFINITY);
        }
    }
}
