//! Products against an f64 oracle, and that their bits do not depend on batch or threads.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::testing::{bits, every_isa, random, random_blocks};
use crate::{Format, Isa, Pool, dequantize};

fn product(kernels: &Kernels, x: &[f32], w: &Matrix, bias: Option<&[f32]>) -> Vec<f32> {
    let mut out = vec![f32::NAN; x.len() / w.cols() * w.rows()];
    kernels.matmul(x, w, bias, &mut out);
    out
}

fn matrix(format: Format, seed: u64, n: usize, k: usize) -> (Matrix, Vec<f32>) {
    let bytes = random_blocks(format, seed, n * k);
    let mut floats = vec![0.0; n * k];
    dequantize(format, &bytes, &mut floats);
    (Matrix::new(format, n, k, &bytes).unwrap(), floats)
}

/// The naive product in f64, and for each element the sum of the magnitudes of its terms.
fn oracle(x: &[f32], w: &[f32], k: usize, bias: Option<&[f32]>) -> Vec<(f64, f64)> {
    let element = |x: &[f32], (n, w): (usize, &[f32])| {
        let terms = x.iter().zip(w).map(|(x, w)| f64::from(*x) * f64::from(*w));
        let bias = bias.map_or(0.0, |bias| f64::from(bias[n]));
        terms.fold((bias, bias.abs()), |(sum, magnitude), t| (sum + t, magnitude + t.abs()))
    };
    x.chunks(k).flat_map(|x| w.chunks(k).enumerate().map(move |w| element(x, w))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn is_close_to_f64_on_ragged_shapes_on_every_path(
        format in prop::sample::select(&Format::ALL[..]),
        m in 1_usize..41,
        n in 1_usize..70,
        blocks in 1_usize..5,
        ragged in 1_usize..600,
        with_bias: bool,
        seed: u64,
    ) {
        let k = if format.block_len() == 1 { ragged } else { blocks * format.block_len() };
        let (w, floats) = matrix(format, seed, n, k);
        let (x, bias) = (random(seed ^ 1, m * k), random(seed ^ 2, n));
        let bias = with_bias.then_some(&bias[..]);
        let want = oracle(&x, &floats, k, bias);
        let mut scalar = None;
        for kernels in every_isa(2) {
            let found = product(&kernels, &x, &w, bias);
            for (found, (want, magnitude)) in found.iter().zip(&want) {
                let error = (f64::from(*found) - want).abs();
                prop_assert!(error <= 3e-6 * magnitude, "{format} on {}: {found} {want}", kernels.isa());
            }
            let found = bits(&found);
            prop_assert_eq!(scalar.get_or_insert_with(|| found.clone()), &found);
        }
    }
}

#[test]
fn a_row_does_not_depend_on_its_company_or_the_threads() {
    for isa in Isa::available() {
        let pools = [1, 2, 3].map(|threads| Kernels::new(isa, Arc::new(Pool::new(threads))).unwrap());
        for (format, n, k) in [(Format::Q4_1, 83, 576), (Format::Q6K, 37, 512), (Format::F16, 50, 77)] {
            let (w, _) = matrix(format, 3, n, k);
            let x = random(4, 17 * k);
            let together = product(&pools[0], &x, &w, None);
            for kernels in &pools {
                assert_eq!(bits(&product(kernels, &x, &w, None)), bits(&together));
                for m in [1, 5, 16] {
                    let part = product(kernels, &x[..m * k], &w, None);
                    assert_eq!(bits(&part), bits(&together[..m * n]), "{format} {m} on {isa}");
                }
                let last = product(kernels, &x[16 * k..], &w, None);
                assert_eq!(bits(&last), bits(&together[16 * n..]));
            }
        }
    }
}

#[test]
fn empty_shapes_are_products_too() {
    for kernels in every_isa(2) {
        let none = Matrix::new(Format::F32, 0, 4, &[]).unwrap();
        kernels.matmul(&[1.0; 8], &none, None, &mut []);
        let flat = Matrix::new(Format::F32, 3, 0, &[]).unwrap();
        let mut out = [f32::NAN; 6];
        kernels.matmul(&[], &flat, Some(&[1.0, 2.0, 3.0]), &mut out);
        assert_eq!(out, [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
        let w = Matrix::new(Format::F32, 1, 1, &1.0_f32.to_le_bytes()).unwrap();
        kernels.matmul(&[], &w, None, &mut []);
    }
}

#[test]
#[should_panic(expected = "inputs of 2 rows and 3 columns")]
fn inputs_that_do_not_fit_are_refused() {
    let w = Matrix::new(Format::F32, 1, 3, &[0; 12]).unwrap();
    every_isa(1)[0].matmul(&[0.0; 5], &w, None, &mut [0.0; 2]);
}
