//! The steps between products: norms, residuals, activations.
//!
//! Rows, or parts of a fixed length, are shared out to threads; each row's reductions use sixteen lanes in
//! ascending order, as products do.

use crate::Kernels;
use crate::math::{Gelu, GeluTanh, Tanh, silu};
use crate::simd::{Chunk, Kernel, LANES, Map, Simd, load_partial, map_in_place, store_partial};
use crate::split::for_parts;

/// Elements of a task: tens of microseconds, to outweigh its start.
const PART: usize = 1 << 14;

impl Kernels {
    /// RMS norm of each row of `x` (m, d): `x / √(mean(x²) + eps) * weight`, with `weight` (d).
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn rms_norm(&self, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        let d = weight.len();
        assert_rows(x, d, out);
        for_parts(self.pool(), out, rows_of(d) * d, &|start, out| {
            self.arch.run(RmsNorm { x: &x[start..][..out.len()], weight, eps, out });
        });
    }

    /// Layer norm of each row of `x` (m, d): `(x - mean) / √(variance + eps) * weight + bias`, with `weight`
    /// and `bias` (d).
    ///
    /// # Panics
    ///
    /// If the shapes do not fit each other.
    pub fn layer_norm(&self, x: &[f32], weight: &[f32], bias: &[f32], eps: f32, out: &mut [f32]) {
        let d = weight.len();
        assert_rows(x, d, out);
        assert_eq!(bias.len(), d, "elements of the bias");
        for_parts(self.pool(), out, rows_of(d) * d, &|start, out| {
            self.arch.run(LayerNorm { x: &x[start..][..out.len()], weight, bias, eps, out });
        });
    }

    /// `x = silu(gate) * x`, where `silu(x) = x / (1 + e^-x)`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    pub fn silu_mul(&self, gate: &[f32], x: &mut [f32]) {
        assert_eq!(gate.len(), x.len(), "elements of gate and gated");
        for_parts(self.pool(), x, PART, &|start, x| {
            self.arch.run(SiluMul { gate: &gate[start..][..x.len()], x });
        });
    }

    /// GELU in its exact form, `x / 2 * (1 + erf(x / √2))`, in place.
    pub fn gelu(&self, x: &mut [f32]) {
        self.map(x, Gelu);
    }

    /// GELU in its tanh form, `x / 2 * (1 + tanh(√(2 / π) * (x + 0.044715 * x³)))`, in place.
    pub fn gelu_tanh(&self, x: &mut [f32]) {
        self.map(x, GeluTanh);
    }

    /// The hyperbolic tangent, in place.
    pub fn tanh(&self, x: &mut [f32]) {
        self.map(x, Tanh);
    }

    fn map(&self, x: &mut [f32], map: impl Map) {
        for_parts(self.pool(), x, PART, &|_, x| self.arch.run(MapInPlace { x, map }));
    }
}

fn assert_rows(x: &[f32], d: usize, out: &[f32]) {
    assert!(d > 0, "rows without elements");
    assert_eq!(x.len(), out.len(), "elements of input and output");
    assert!(x.len().is_multiple_of(d), "{} elements in rows of {d}", x.len());
}

/// Rows of `d` elements that one task takes.
fn rows_of(d: usize) -> usize {
    (PART / d).max(1)
}

struct MapInPlace<'a, M> {
    x: &'a mut [f32],
    map: M,
}

impl<M: Map> Kernel for MapInPlace<'_, M> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        map_in_place(simd, self.x, self.map);
    }
}

struct SiluMul<'a> {
    gate: &'a [f32],
    x: &'a mut [f32],
}

impl Kernel for SiluMul<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (gate, gate_tail) = self.gate.as_chunks::<LANES>();
        let (x, x_tail) = self.x.as_chunks_mut::<LANES>();
        for (gate, x) in gate.iter().zip(x) {
            simd.store(simd.mul(silu(simd, simd.load(gate)), simd.load(x)), x);
        }
        if !x_tail.is_empty() {
            let gate = silu(simd, load_partial(simd, gate_tail));
            store_partial(simd, simd.mul(gate, load_partial(simd, x_tail)), x_tail);
        }
    }
}

/// `Σ (x - offset)²`.
#[inline(always)]
fn sum_of_squares<S: Simd>(simd: S, x: &[f32], offset: f32) -> f32 {
    let offset = simd.splat(offset);
    let mut sum = simd.splat(0.0);
    let (chunks, tail) = x.as_chunks::<LANES>();
    for chunk in chunks {
        let y = simd.sub(simd.load(chunk), offset);
        sum = simd.mul_add(y, y, sum);
    }
    if !tail.is_empty() {
        // Missing elements must not count: they become the offset, and nothing is left of them.
        let mut y: Chunk = [0.0; LANES];
        store_partial(simd, simd.sub(load_partial(simd, tail), offset), &mut y[..tail.len()]);
        let y = simd.load(&y);
        sum = simd.mul_add(y, y, sum);
    }
    simd.sum(sum)
}

/// `Σ x`.
#[inline(always)]
fn sum<S: Simd>(simd: S, x: &[f32]) -> f32 {
    let mut sum = simd.splat(0.0);
    let (chunks, tail) = x.as_chunks::<LANES>();
    for chunk in chunks {
        sum = simd.add(sum, simd.load(chunk));
    }
    if !tail.is_empty() {
        sum = simd.add(sum, load_partial(simd, tail));
    }
    simd.sum(sum)
}

struct RmsNorm<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
}

impl Kernel for RmsNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let d = self.weight.len();
        for (x, out) in self.x.chunks_exact(d).zip(self.out.chunks_exact_mut(d)) {
            rms_norm_row(simd, x, self.weight, self.eps, out);
        }
    }
}

/// The RMS norm of one row.
#[inline(always)]
pub(crate) fn rms_norm_row<S: Simd>(simd: S, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let scale = 1.0 / (sum_of_squares(simd, x, 0.0) / x.len() as f32 + eps).sqrt();
    for ((x, w), out) in x.iter().zip(weight).zip(out) {
        *out = x * scale * w;
    }
}

struct LayerNorm<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
}

impl Kernel for LayerNorm<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let d = self.weight.len();
        for (x, out) in self.x.chunks_exact(d).zip(self.out.chunks_exact_mut(d)) {
            let mean = sum(simd, x) / d as f32;
            let scale = 1.0 / (sum_of_squares(simd, x, mean) / d as f32 + self.eps).sqrt();
            for (((x, w), b), out) in x.iter().zip(self.weight).zip(self.bias).zip(out) {
                *out = (x - mean) * scale * w + b;
            }
        }
    }
}

#[cfg(test)]
mod tests;
