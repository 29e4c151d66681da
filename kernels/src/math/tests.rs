//! Each function against f64 over a dense grid, and every path against the scalar one.

use super::*;
use crate::simd::{Kernel, map_in_place};
use crate::testing::{bits, every_isa};

#[derive(Clone, Copy)]
enum Function {
    Exp,
    Exp2Below,
    Erf,
    Tanh,
    Silu,
    Gelu,
    GeluTanh,
}

impl Map for Function {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        match self {
            Function::Exp => exp(simd, x),
            Function::Exp2Below => exp2_below(simd, x),
            Function::Erf => erf(simd, x),
            Function::Tanh => tanh(simd, x),
            Function::Silu => silu(simd, x),
            Function::Gelu => Gelu.map(simd, x),
            Function::GeluTanh => GeluTanh.map(simd, x),
        }
    }
}

struct Apply<'a>(Function, &'a mut [f32]);

impl Kernel for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        map_in_place(simd, self.1, self.0);
    }
}

/// The values of `function` on `x`, the same on every path.
fn values(function: Function, x: &[f32]) -> Vec<f32> {
    let mut results = every_isa(1).into_iter().map(|kernels| {
        let mut y = x.to_vec();
        kernels.arch.run(Apply(function, &mut y));
        y
    });
    let scalar = results.next().unwrap();
    for other in results {
        assert_eq!(bits(&other), bits(&scalar));
    }
    scalar
}

/// About 400,000 points between -`limit` and `limit`, denser towards zero.
fn grid(limit: f32) -> Vec<f32> {
    let half: Vec<f32> = (0..200_000).map(|i| limit * (i as f32 / 199_999.0).powi(2)).collect();
    half.iter().map(|x| -x).chain(half.iter().copied()).collect()
}

/// `erf` in f64: its series up to 3, the continued fraction of its complement from there.
fn erf_f64(x: f64) -> f64 {
    let z = x.abs();
    let magnitude = if z < 3.0 {
        let (mut term, mut sum) = (z, z);
        for n in 1..100 {
            term *= -z * z / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * 2.0 / std::f64::consts::PI.sqrt()
    } else {
        let fraction = (1..60).rev().fold(z, |f, n| z + f64::from(n) / 2.0 / f);
        1.0 - (-z * z).exp() / fraction / std::f64::consts::PI.sqrt()
    };
    magnitude.copysign(x)
}

fn largest_error(function: Function, x: &[f32], error: impl Fn(f64, f64) -> f64) -> f64 {
    values(function, x).into_iter().zip(x).map(|(y, x)| error(f64::from(y), f64::from(*x))).fold(0.0, f64::max)
}

#[test]
fn the_oracle_of_erf_is_right() {
    for (x, want) in [(0.5, 0.520_499_877_813_046_5), (2.0, 0.995_322_265_018_952_7), (3.5, 0.999_999_256_901_627_7)] {
        assert!((erf_f64(x) - want).abs() < 1e-14, "{x}");
    }
}

#[test]
fn exp_is_within_its_bounds() {
    let error = largest_error(Function::Exp, &grid(87.0), |y, x| (y / x.exp() - 1.0).abs());
    assert!(error <= 2e-7, "{error}");
    // Subnormal results: half a unit of the last place more.
    let x: Vec<f32> = (0..10_000).map(|i| -104.0 + i as f32 * 0.0017).collect();
    let error = largest_error(Function::Exp, &x, |y, x| (y - x.exp()).abs());
    assert!(error <= 2.0_f64.powi(-149), "{error}");
}

#[test]
fn powers_of_two_are_within_their_bounds() {
    let x: Vec<f32> = grid(126.0).into_iter().filter(|x| *x <= 0.0).collect();
    let error = largest_error(Function::Exp2Below, &x, |y, x| (y / x.exp2() - 1.0).abs());
    assert!(error < 3e-7, "{error}");
    let limits = values(Function::Exp2Below, &[0.0, -1.0, -126.0, -126.6, -127.0, -1e30, f32::NEG_INFINITY, f32::NAN]);
    assert_eq!(limits[..7], [1.0, 0.5, f32::MIN_POSITIVE, 0.0, 0.0, 0.0, 0.0]);
    assert!(limits[7].is_nan());
}

#[test]
fn exp_has_its_limits() {
    let x = [f32::NEG_INFINITY, -1e30, -105.0, 0.0, 88.72, 89.0, 1e30, f32::INFINITY, f32::NAN];
    let y = values(Function::Exp, &x);
    assert_eq!(y[..4], [0.0, 0.0, 0.0, 1.0]);
    assert!(y[4].is_finite());
    assert_eq!(y[5..8], [f32::INFINITY; 3]);
    assert!(y[8].is_nan());
}

#[test]
fn erf_and_tanh_are_within_their_bounds() {
    let error = largest_error(Function::Erf, &grid(6.0), |y, x| (y - erf_f64(x)).abs());
    assert!(error <= 2e-7, "{error}");
    let relative = |y: f64, x: f64| if x == 0.0 { y.abs() } else { (y / x.tanh() - 1.0).abs() };
    let error = largest_error(Function::Tanh, &grid(12.0), relative);
    assert!(error <= 4e-7, "{error}");
    for function in [Function::Erf, Function::Tanh] {
        let y = values(function, &[f32::NEG_INFINITY, -0.0, 0.0, f32::INFINITY, f32::NAN]);
        assert_eq!(y[..4], [-1.0, 0.0, 0.0, 1.0]);
        assert!(y[4].is_nan());
    }
}

#[test]
fn activations_are_within_1e_6() {
    let x = grid(20.0);
    let scaled = |error: f64, x: f64| error.abs() / x.abs().max(1.0);
    let gelu = |x: f64| x / 2.0 * (1.0 + erf_f64(x / 2.0_f64.sqrt()));
    let error = largest_error(Function::Gelu, &x, |y, x| scaled(y - gelu(x), x));
    assert!(error <= 1e-6, "gelu {error}");
    let inner = |x: f64| (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
    let gelu_tanh = |x: f64| x / 2.0 * (1.0 + inner(x).tanh());
    let error = largest_error(Function::GeluTanh, &x, |y, x| scaled(y - gelu_tanh(x), x));
    assert!(error <= 1e-6, "gelu_tanh {error}");
    let error = largest_error(Function::Silu, &x, |y, x| scaled(y - x / (1.0 + (-x).exp()), x));
    assert!(error <= 1e-6, "silu {error}");
}

#[test]
fn activations_of_extreme_inputs_are_their_limits() {
    for function in [Function::Silu, Function::Gelu, Function::GeluTanh] {
        let y = values(function, &[-1e4, 0.0, 1e4, f32::NAN]);
        assert_eq!(y[..3], [0.0, 0.0, 1e4]);
        assert!(y[3].is_nan());
    }
}
