//! Norms and activations against f64.

use super::*;
use crate::testing::{bits, every_isa, random};

/// Runs `f` on every path; the result is the same for all.
fn on_every_isa(f: impl Fn(&Kernels) -> Vec<f32>) -> Vec<f32> {
    let mut results = every_isa(2).into_iter().map(|kernels| f(&kernels));
    let scalar = results.next().unwrap();
    for other in results {
        assert_eq!(bits(&other), bits(&scalar));
    }
    scalar
}

fn assert_close(found: &[f32], want: impl Iterator<Item = f64>) {
    for (i, (found, want)) in found.iter().zip(want).enumerate() {
        assert!((f64::from(*found) - want).abs() <= 2e-6 * want.abs().max(1.0), "{i}: {found} {want}");
    }
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|x| f64::from(*x)).collect()
}

const SHAPES: [(usize, usize); 6] = [(1, 1), (3, 17), (2, 64), (5, 576), (70, 384), (1, 20_000)];

#[test]
fn rms_norm_is_close_to_f64_and_rows_do_not_matter() {
    for (m, d) in SHAPES {
        let (x, weight) = (random(1, m * d), random(2, d));
        let norm = |kernels: &Kernels, x: &[f32]| {
            let mut out = vec![0.0; x.len()];
            kernels.rms_norm(x, &weight, 1e-5, &mut out);
            out
        };
        let found = on_every_isa(|kernels| {
            let together = norm(kernels, &x);
            let alone = norm(kernels, &x[(m - 1) * d..]);
            assert_eq!(bits(&alone), bits(&together[(m - 1) * d..]));
            together
        });
        for (x, found) in x.chunks(d).zip(found.chunks(d)) {
            let x = wide(x);
            let scale = 1.0 / (x.iter().map(|x| x * x).sum::<f64>() / d as f64 + 1e-5).sqrt();
            assert_close(found, x.iter().zip(&weight).map(|(x, w)| x * scale * f64::from(*w)));
        }
    }
}

#[test]
fn layer_norm_is_close_to_f64_and_rows_do_not_matter() {
    for (m, d) in SHAPES {
        // A mean far from zero must not spoil the variance.
        let x: Vec<f32> = random(1, m * d).iter().map(|x| x + 3.0).collect();
        let (weight, bias) = (random(2, d), random(3, d));
        let norm = |kernels: &Kernels, x: &[f32]| {
            let mut out = vec![0.0; x.len()];
            kernels.layer_norm(x, &weight, &bias, 1e-3, &mut out);
            out
        };
        let found = on_every_isa(|kernels| {
            let together = norm(kernels, &x);
            assert_eq!(bits(&norm(kernels, &x[..d])), bits(&together[..d]));
            together
        });
        for (x, found) in x.chunks(d).zip(found.chunks(d)) {
            let x = wide(x);
            let mean = x.iter().sum::<f64>() / d as f64;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / d as f64;
            let scale = 1.0 / (variance + 1e-3).sqrt();
            let affine = weight.iter().zip(&bias);
            let want = x.iter().zip(affine).map(|(x, (w, b))| (x - mean) * scale * f64::from(*w) + f64::from(*b));
            assert_close(found, want);
        }
    }
}

#[test]
fn gates_reach_every_element() {
    for len in [0, 1, 15, 16, 33, 40_001] {
        let (a, b) = (random(1, len), random(2, len));
        let gate: Vec<f32> = a.iter().map(|x| x * 10.0).collect();
        let found = on_every_isa(|kernels| {
            let mut out = vec![0.0; len];
            out.copy_from_slice(&b);
            kernels.silu_mul(&gate, &mut out);
            out
        });
        let silu = |x: f64| x / (1.0 + (-x).exp());
        assert_close(&found, wide(&gate).into_iter().zip(wide(&b)).map(|(x, y)| silu(x) * y));
    }
}

#[test]
fn maps_do_not_depend_on_the_part() {
    let x = random(1, 40_003);
    for map in [Kernels::gelu, Kernels::gelu_tanh, Kernels::tanh] {
        let together = on_every_isa(|kernels| {
            let mut y = x.clone();
            map(kernels, &mut y);
            let mut alone = x[40_000..].to_vec();
            map(kernels, &mut alone);
            assert_eq!(bits(&alone), bits(&y[40_000..]));
            y
        });
        assert_ne!(together, x);
    }
}
