//! The nearest of many vectors by dot product: exact, one pass over the vectors.

use std::array::from_fn;
use std::cmp::Ordering;
use std::sync::{Mutex, PoisonError};

use crate::Kernels;
use crate::simd::{Kernel, LANES, Simd, load_partial};

/// Vectors that are scored by one task at least: tens of microseconds of work, and few lists to merge.
const VECTORS: usize = 1024;

/// Tasks per thread: enough to even out their lengths.
const TASKS_PER_THREAD: usize = 4;

/// An index and its score.
type Hit = (usize, f32);

impl Kernels {
    /// The dot product of two vectors.
    ///
    /// # Panics
    ///
    /// If their lengths differ.
    pub fn dot(&self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "elements of two vectors");
        self.arch.run(Dot { a, b })
    }

    /// For each of `queries` (q, d), the `k` of `vectors` (n, d) with the largest dot products, best first,
    /// equal ones by index; all of them if there are fewer. NaN counts as less than every number.
    ///
    /// # Panics
    ///
    /// If `d` is zero or does not divide the lengths.
    pub fn top_k(&self, queries: &[f32], vectors: &[f32], d: usize, k: usize) -> Vec<Vec<(usize, f32)>> {
        assert!(d > 0, "vectors without elements");
        assert!(queries.len().is_multiple_of(d) && vectors.len().is_multiple_of(d), "vectors of {d} elements");
        let (q, n) = (queries.len() / d, vectors.len() / d);
        if k == 0 {
            return vec![Vec::new(); q];
        }
        let part = n.div_ceil(self.pool().threads() * TASKS_PER_THREAD).max(VECTORS);
        let best = Mutex::new(vec![Vec::new(); q]);
        self.pool().run(n.div_ceil(part), &|task| {
            let first = task * part;
            let vectors = &vectors[first * d..(first + part).min(n) * d];
            let mut found = vec![Best::new(k); q];
            self.arch.run(Scan { queries, vectors, d, first, found: &mut found });
            let mut best = best.lock().unwrap_or_else(PoisonError::into_inner);
            for (best, found) in best.iter_mut().zip(found) {
                best.extend(found.hits);
                keep_best(best, k);
            }
        });
        let mut best = best.into_inner().unwrap_or_else(PoisonError::into_inner);
        best.iter_mut().for_each(|hits| hits.sort_unstable_by(order));
        best
    }
}

/// Better hits first: a total order, so that neither threads nor parts decide between equals.
fn order(a: &Hit, b: &Hit) -> Ordering {
    let number = |x: f32| if x.is_nan() { f32::NEG_INFINITY } else { x };
    let scores = || number(b.1).partial_cmp(&number(a.1)).unwrap_or(Ordering::Equal);
    a.1.is_nan().cmp(&b.1.is_nan()).then_with(scores).then(a.0.cmp(&b.0))
}

/// Cuts `hits` down to the best `k`, in any order.
fn keep_best(hits: &mut Vec<Hit>, k: usize) {
    if hits.len() > k {
        hits.select_nth_unstable_by(k - 1, order);
        hits.truncate(k);
    }
}

/// The best `k` so far, among up to as many others that are not sorted out yet.
#[derive(Clone)]
struct Best {
    k: usize,
    hits: Vec<Hit>,
    /// A hit that is not better than this one is none of the best.
    threshold: Option<Hit>,
}

impl Best {
    fn new(k: usize) -> Self {
        Best { k, hits: Vec::new(), threshold: None }
    }

    fn offer(&mut self, hit: Hit) {
        if self.threshold.is_some_and(|worst| order(&hit, &worst) != Ordering::Less) {
            return;
        }
        self.hits.push(hit);
        if self.hits.len() >= self.k.saturating_mul(2) {
            keep_best(&mut self.hits, self.k);
            self.threshold = self.hits.iter().copied().max_by(order);
        }
    }
}

struct Dot<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl Kernel for Dot<'_> {
    type Output = f32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let [[dot]] = dots::<S, 1, 1>(simd, [self.a], [self.b]);
        dot
    }
}

/// Offers every vector to the list of every query.
struct Scan<'a> {
    queries: &'a [f32],
    vectors: &'a [f32],
    d: usize,
    /// The index of the first vector.
    first: usize,
    found: &'a mut [Best],
}

impl Kernel for Scan<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        /// Vectors at a time: as many sums as hide the latency of an addition.
        const WIDE: usize = 4;
        let d = self.d;
        let n = self.vectors.len() / d;
        let vector = |i: usize| &self.vectors[i * d..][..d];
        for i in (0..n).step_by(WIDE) {
            for (query, best) in self.queries.chunks_exact(d).zip(&mut *self.found) {
                if i + WIDE <= n {
                    let w = [vector(i), vector(i + 1), vector(i + 2), vector(i + 3)];
                    for (j, [score]) in dots::<S, WIDE, 1>(simd, w, [query]).into_iter().enumerate() {
                        best.offer((self.first + i + j, score));
                    }
                } else {
                    for i in i..n {
                        let [[score]] = dots::<S, 1, 1>(simd, [vector(i)], [query]);
                        best.offer((self.first + i, score));
                    }
                }
            }
        }
    }
}

/// The dot products of `R` by `T` vectors of one length.
#[inline(always)]
fn dots<S: Simd, const R: usize, const T: usize>(simd: S, w: [&[f32]; R], x: [&[f32]; T]) -> [[f32; T]; R] {
    let len = x[0].len();
    let steps = len / LANES;
    let w_chunks: [_; R] = from_fn(|r| &w[r].as_chunks::<LANES>().0[..steps]);
    let x_chunks: [_; T] = from_fn(|t| &x[t].as_chunks::<LANES>().0[..steps]);
    let mut sums = [[simd.splat(0.0); T]; R];
    for step in 0..steps {
        for r in 0..R {
            let w = simd.load(&w_chunks[r][step]);
            for t in 0..T {
                sums[r][t] = simd.mul_add(w, simd.load(&x_chunks[t][step]), sums[r][t]);
            }
        }
    }
    if len > steps * LANES {
        for r in 0..R {
            let w = load_partial(simd, &w[r][steps * LANES..len]);
            for t in 0..T {
                sums[r][t] = simd.mul_add(w, load_partial(simd, &x[t][steps * LANES..len]), sums[r][t]);
            }
        }
    }
    let mut out = [[0.0; T]; R];
    for r in 0..R {
        for t in 0..T {
            out[r][t] = simd.sum(sums[r][t]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use crate::testing::{every_isa, random};

    #[test]
    fn agrees_with_sorting_everything() {
        for kernels in every_isa(3) {
            for (q, n, d, k) in [(1, 5000, 17, 10), (3, 4, 5, 10), (2, 2051, 384, 1), (2, 30, 8, 30), (1, 9, 3, 0)] {
                let (queries, mut vectors) = (random(1, q * d), random(2, n * d));
                let copy = vectors[..d].to_vec();
                vectors[(n - 1) * d..].copy_from_slice(&copy);
                let found = kernels.top_k(&queries, &vectors, d, k);
                for (query, found) in queries.chunks(d).zip(found) {
                    let mut want: Vec<(usize, f32)> =
                        vectors.chunks(d).map(|v| kernels.dot(v, query)).enumerate().collect();
                    want.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
                    want.truncate(k);
                    assert_eq!(found, want);
                }
            }
        }
    }

    #[test]
    fn equal_scores_keep_the_lowest_indices_and_nan_comes_last() {
        for kernels in every_isa(2) {
            let mut vectors = vec![1.0; 5000];
            vectors[0] = f32::NAN;
            vectors[1] = f32::NEG_INFINITY;
            assert_eq!(kernels.top_k(&[2.0], &vectors, 1, 3), [[(2, 2.0), (3, 2.0), (4, 2.0)]]);
            let last = kernels.top_k(&[1.0], &vectors[..3], 1, 5).remove(0);
            assert_eq!(last[..2], [(2, 1.0), (1, f32::NEG_INFINITY)]);
            assert!(last[2].0 == 0 && last[2].1.is_nan());
            assert!(kernels.top_k(&[1.0], &[], 1, 5)[0].is_empty());
        }
    }
}
