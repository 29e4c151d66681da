//! Exponential and its relatives, lane by lane: polynomials of our own, so that every path gives the same
//! bits.
//!
//! The coefficients are near-minimax fits (Chebyshev interpolation in 40 digits) rounded to f32; tests
//! measure each function against f64 over a dense grid. NaN gives NaN.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LOG2_E};

use crate::simd::{Map, Simd};

const SIGN: i32 = i32::MIN;

#[inline(always)]
fn polynomial<S: Simd, const N: usize>(simd: S, x: S::F, coefficients: [f32; N]) -> S::F {
    let mut y = simd.splat(coefficients[0]);
    for c in &coefficients[1..] {
        y = simd.mul_add(y, x, simd.splat(*c));
    }
    y
}

#[inline(always)]
fn abs<S: Simd>(simd: S, x: S::F) -> S::F {
    simd.bitcast(simd.and(simd.bits(x), simd.splat_int(!SIGN)))
}

/// `magnitude`, which is not negative, with the sign of `sign`.
#[inline(always)]
fn with_sign<S: Simd>(simd: S, magnitude: S::F, sign: S::F) -> S::F {
    let sign = simd.and(simd.bits(sign), simd.splat_int(SIGN));
    simd.bitcast(simd.or(simd.bits(magnitude), sign))
}

/// `2^n` for integers `-126 <= n <= 127`.
#[inline(always)]
fn power_of_two<S: Simd>(simd: S, n: S::I) -> S::F {
    simd.bitcast(simd.shl(simd.add_int(n, simd.splat_int(127)), 23))
}

/// `e^x`, with a relative error of at most 2e-7; subnormal results are rounded once more.
///
/// 0 from -104 downwards, infinity from 89 upwards.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::F) -> S::F {
    /// Adding it leaves an integer in the low bits of the mantissa.
    const ROUND: f32 = 12_582_912.0;
    /// The upper bits of ln 2: multiples of it by integers up to 150 are exact.
    const LN_2_HIGH: f32 = 355.0 / 512.0;
    const LN_2_LOW: f32 = (std::f64::consts::LN_2 - LN_2_HIGH as f64) as f32;
    /// The Taylor series of degree 7: its remainder is 5e-9 at ln 2 / 2.
    const SERIES: [f32; 8] = [1.0 / 5040.0, 1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];

    // The bound comes first, so that NaN passes.
    let x = simd.min(simd.splat(89.0), simd.max(simd.splat(-104.0), x));
    let shifted = simd.mul_add(x, simd.splat(LOG2_E), simd.splat(ROUND));
    let n = simd.sub(shifted, simd.splat(ROUND));
    let r = simd.mul_add(n, simd.splat(-LN_2_HIGH), x);
    let r = simd.mul_add(n, simd.splat(-LN_2_LOW), r);
    let y = polynomial(simd, r, SERIES);
    // In two steps, since 2^n alone may be out of range where the result is not.
    let n = simd.add_int(simd.bits(shifted), simd.splat_int(-ROUND.to_bits().cast_signed()));
    let half = simd.sar(n, 1);
    let rest = simd.sub_int(n, half);
    simd.mul(simd.mul(y, power_of_two(simd, half)), power_of_two(simd, rest))
}

/// `e^x`, with a relative error of at most 3e-7, in half the operations of [`exp`]: infinity from 88.4 upwards, and nowhere
/// less than `e^-87.3`.
#[inline(always)]
fn exp_or_more<S: Simd>(simd: S, x: S::F) -> S::F {
    /// What log2(e) is more than its nearest f32.
    const LOG2_E_LOW: f32 = (std::f64::consts::LOG2_E - LOG2_E as f64) as f32;

    // The bound comes first, so that NaN passes.
    let x = simd.min(simd.splat(88.8), simd.max(simd.splat(-87.3), x));
    let shifted = simd.mul_add(x, simd.splat(LOG2_E), simd.splat(EXPONENT));
    let r = simd.mul_add(x, simd.splat(LOG2_E), simd.sub(simd.splat(EXPONENT), shifted));
    let r = simd.mul_add(x, simd.splat(LOG2_E_LOW), r);
    simd.mul(polynomial(simd, r, POWERS), simd.bitcast(simd.shl(simd.bits(shifted), 23)))
}

/// Adding it leaves an integer and 127 in the low bits of the mantissa: an exponent, if moved there.
const EXPONENT: f32 = 12_582_912.0 + 127.0;
/// Powers of two from -1/2 to 1/2, of degree 5.
const POWERS: [f32; 6] = [0.001_338_130_2, 0.009_666_368, 0.055_503_81, 0.240_223_5, LN_2, 1.0];

/// `2^x` of what is not positive, with a relative error of at most 3e-7; subnormal results are rounded once more. 0 below
/// -126.5, and exactly 1 at 0.
#[inline(always)]
pub(crate) fn exp2_below<S: Simd>(simd: S, x: S::F) -> S::F {
    // The bound comes first, so that NaN passes.
    let x = simd.max(simd.splat(-127.0), x);
    let shifted = simd.add(x, simd.splat(EXPONENT));
    let y = polynomial(simd, simd.sub(x, simd.sub(shifted, simd.splat(EXPONENT))), POWERS);
    simd.mul(y, simd.bitcast(simd.shl(simd.bits(shifted), 23)))
}

/// The hyperbolic tangent, with a relative error of at most 4e-7.
#[inline(always)]
pub(crate) fn tanh<S: Simd>(simd: S, x: S::F) -> S::F {
    /// `(tanh(x) / x - 1) / x²` as a polynomial in `x²` up to 0.4.
    const SMALL: [f32; 6] = [0.002_269_501_7, -0.008_323_187, 0.021_762_503, -0.053_958_46, 0.133_333, -0.333_333_33];

    let square = simd.mul(x, x);
    let small = simd.mul_add(simd.mul(polynomial(simd, square, SMALL), square), x, x);

    let one = simd.splat(1.0);
    let magnitude = abs(simd, x);
    let e = exp(simd, simd.add(magnitude, magnitude));
    let large = simd.sub(one, simd.div(simd.splat(2.0), simd.add(e, one)));
    simd.select_less(magnitude, simd.splat(0.625), small, with_sign(simd, large, x))
}

/// The error function, with an absolute error of at most 2e-7.
#[inline(always)]
pub(crate) fn erf<S: Simd>(simd: S, x: S::F) -> S::F {
    /// `erf(x) / x` as a polynomial in `x²` up to 1.
    const SMALL: [f32; 7] =
        [7.875_875e-5, -0.000_801_686_4, 0.005_189_087_4, -0.026_854_212, 0.112_835_95, -0.376_126_27, FRAC_2_SQRT_PI];
    /// `ln(1 - erf(x))` as a polynomial in `x` from 1 to 4, from where erf is 1 in f32.
    const LARGE: [f32; 9] = [
        1.637_151_4e-6,
        -4.605_804e-5,
        0.000_596_805_6,
        -0.004_759_596,
        0.026_421_136,
        -0.110_080_08,
        -0.631_826_05,
        -1.130_233_4,
        0.000_320_138_05,
    ];

    let small = simd.mul(polynomial(simd, simd.mul(x, x), SMALL), x);

    let magnitude = simd.min(simd.splat(4.0), abs(simd, x));
    let complement = exp(simd, polynomial(simd, magnitude, LARGE));
    let large = with_sign(simd, simd.sub(simd.splat(1.0), complement), x);
    simd.select_less(magnitude, simd.splat(1.0), small, large)
}

/// `x / (1 + e^-x)`.
#[inline(always)]
pub(crate) fn silu<S: Simd>(simd: S, x: S::F) -> S::F {
    let e = exp_or_more(simd, simd.sub(simd.splat(0.0), x));
    simd.div(x, simd.add(simd.splat(1.0), e))
}

/// `x / 2 * (1 + erf(x / √2))`.
#[derive(Clone, Copy)]
pub(crate) struct Gelu;

impl Map for Gelu {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        let erf = erf(simd, simd.mul(x, simd.splat(FRAC_1_SQRT_2)));
        simd.mul(simd.mul(x, simd.splat(0.5)), simd.add(simd.splat(1.0), erf))
    }
}

/// `x / 2 * (1 + tanh(√(2 / π) * (x + 0.044715 * x³)))`.
#[derive(Clone, Copy)]
pub(crate) struct GeluTanh;

impl Map for GeluTanh {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        const SQRT_2_OVER_PI: f32 = 0.797_884_6;
        let cubic = simd.mul_add(simd.mul(simd.mul(x, x), simd.splat(0.044_715)), x, x);
        let tanh = tanh(simd, simd.mul(cubic, simd.splat(SQRT_2_OVER_PI)));
        simd.mul(simd.mul(x, simd.splat(0.5)), simd.add(simd.splat(1.0), tanh))
    }
}

/// [`tanh`] as a map.
#[derive(Clone, Copy)]
pub(crate) struct Tanh;

impl Map for Tanh {
    #[inline(always)]
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
        tanh(simd, x)
    }
}

#[cfg(test)]
mod tests;
