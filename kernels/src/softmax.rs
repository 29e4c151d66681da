//! Logarithms of sums of exponentials, over a vocabulary.

use crate::Kernels;
use crate::math::exp;
use crate::simd::{Kernel, LANES, Simd};

/// Vectors that are summed in f32 before their sum goes into an f64: the error of a sum grows with its
/// length, and a vocabulary has more than a hundred thousand elements.
const VECTORS_PER_SUM: usize = 32;

impl Kernels {
    /// `ln Σ e^x` over all of `logits`; negative infinity if there are none or all are.
    pub fn log_sum_exp(&self, logits: &[f32]) -> f32 {
        self.arch.run(LogSumExp { logits })
    }
}

impl Kernels {
    /// Where the largest of `x` is, the first of equals; `None` if none of them is above negative infinity.
    pub fn largest(&self, x: &[f32]) -> Option<usize> {
        let max = self.arch.run(Largest { x });
        (max > f32::NEG_INFINITY).then(|| x.iter().position(|x| *x == max)).flatten()
    }
}

struct Largest<'a> {
    x: &'a [f32],
}

impl Kernel for Largest<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        maximum(simd, self.x)
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
    let lowest = simd.splat(f32::NEG_INFINITY);
    let mut max = [lowest; 4];
    let (chunks, tail) = x.as_chunks::<LANES>();
    let (quads, rest) = chunks.as_chunks::<4>();
    for quad in quads {
        for (max, chunk) in max.iter_mut().zip(quad) {
            *max = simd.max(simd.load(chunk), *max);
        }
    }
    for chunk in rest {
        max[0] = simd.max(simd.load(chunk), max[0]);
    }
    let max = simd.max(simd.max(max[0], max[1]), simd.max(max[2], max[3]));
    tail.iter().fold(simd.largest(max), |max, x| if *x > max { *x } else { max })
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
    fn the_first_of_the_largest_is_found() {
        for kernels in every_isa(1) {
            for len in [1, 15, 16, 63, 64, 65, 1000] {
                for at in [0, len / 2, len - 1] {
                    let mut x = random(7, len);
                    x[at] = 5.0;
                    x[len - 1] = 5.0;
                    if at > 0 {
                        x[0] = f32::NAN;
                    }
                    assert_eq!(kernels.largest(&x), Some(at));
                }
            }
            assert_eq!(kernels.largest(&[]), None);
            assert_eq!(kernels.largest(&[f32::NEG_INFINITY, f32::NAN]), None);
        }
    }

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
