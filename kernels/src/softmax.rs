//! What rows of logits come to, over a vocabulary: where the largest is, and the logarithm of the sum of exponentials.

use crate::Kernels;
use crate::math::exp;
use crate::simd::{Kernel, LANES, Simd};
use crate::split::for_parts;

/// Vectors that are summed in f32 before their sum goes into an f64: the error of a sum grows with its
/// length, and a vocabulary has more than a hundred thousand elements.
const VECTORS_PER_SUM: usize = 32;

/// What a row of logits comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    /// Where the largest is, the first of equals; `None` if none of them is above negative infinity.
    pub largest: Option<usize>,
    /// `ln Σ e^x`: negative infinity where no number is above it, NaN where one is positive infinity or, beside numbers, NaN.
    pub log_sum_exp: f64,
}

impl Kernels {
    /// Sums up each row of `logits` (rows, `width`) into `out` (rows).
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn summarize(&self, logits: &[f32], width: usize, out: &mut [Summary]) {
        assert_eq!(logits.len(), out.len() * width, "logits of {} rows of {width}", out.len());
        for_parts(self.pool(), out, 1, &|row, out| {
            out[0] = self.arch.run(Summarize { logits: &logits[row * width..][..width] });
        });
    }
}

struct Summarize<'a> {
    logits: &'a [f32],
}

impl Kernel for Summarize<'_> {
    type Output = Summary;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Summary {
        let max = maximum(simd, self.logits);
        if max == f32::NEG_INFINITY {
            return Summary { largest: None, log_sum_exp: f64::NEG_INFINITY };
        }
        let (mut total, mut largest) = (0.0, None);
        for (index, part) in self.logits.chunks(VECTORS_PER_SUM * LANES).enumerate() {
            total += f64::from(sum_exp(simd, part, max));
            if largest.is_none() {
                // Whether it is there, first: a search that may end anywhere goes one by one.
                let mut found = false;
                for x in part {
                    found |= *x == max;
                }
                let at = if found { part.iter().position(|x| *x == max) } else { None };
                largest = at.map(|at| index * VECTORS_PER_SUM * LANES + at);
            }
        }
        Summary { largest, log_sum_exp: f64::from(max) + total.ln() }
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
    use super::Summary;
    use crate::Kernels;
    use crate::testing::{every_isa, random};

    fn summary(kernels: &Kernels, logits: &[f32]) -> Summary {
        let mut out = [Summary::default()];
        kernels.summarize(logits, logits.len(), &mut out);
        out[0]
    }

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
                    assert_eq!(summary(&kernels, &x).largest, Some(at));
                }
            }
            assert_eq!(summary(&kernels, &[f32::NEG_INFINITY, f32::NAN]).largest, None);
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
                let found = summary(&kernels, &logits).log_sum_exp;
                assert!((found - want).abs() <= 3e-7 * want.abs().max(1.0), "{n}: {found} {want}");
            }
        }
    }

    #[test]
    fn probabilities_sum_to_one_and_masked_tokens_have_none() {
        for kernels in every_isa(1) {
            let mut logits = random(1, 1000);
            logits[7] = f32::NEG_INFINITY;
            let total = summary(&kernels, &logits).log_sum_exp;
            let sum: f64 = logits.iter().map(|x| (f64::from(*x) - total).exp()).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
            assert_eq!(summary(&kernels, &[f32::NEG_INFINITY; 20]).log_sum_exp, f64::NEG_INFINITY);
            assert_eq!(summary(&kernels, &[]), Summary { largest: None, log_sum_exp: f64::NEG_INFINITY });
        }
    }

    #[test]
    fn each_row_has_its_own_summary() {
        for kernels in every_isa(2) {
            let logits = random(3, 7 * 600);
            let mut found = [Summary::default(); 7];
            kernels.summarize(&logits, 600, &mut found);
            for (row, found) in logits.chunks(600).zip(found) {
                assert_eq!(found, summary(&kernels, row));
            }
        }
    }
}
