//! Products against an f64 oracle of the very numbers that they are made of, and that their bits do not depend on batch,
//! threads or instruction set.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::packed::STEPS;
use crate::quantized::{SCALE, WORDS, place};
use crate::testing::{bits, every_isa, random, random_bits, random_blocks};
use crate::{Isa, Pool, dequantize, per_channel};

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

/// `x` as a product with weights in `format` sees it.
fn seen(kernels: &Kernels, x: &[f32], k: usize, format: Format) -> Vec<f32> {
    if format.block_len() == 1 {
        return x.to_vec();
    }
    let mut quantized = Quantized::default();
    kernels.quantize_rows(x, k, &mut quantized);
    let mut seen = Vec::new();
    for tile in (0..quantized.tiling().tiles()).map(|index| quantized.tiling().tile(index)) {
        for row in 0..tile.count {
            for words in quantized.words(tile).chunks_exact(WORDS * tile.width) {
                let word = |i: usize| words[place(i, row, tile.width)];
                let quants = (0..STEPS).flat_map(|i| word(i).to_le_bytes());
                seen.extend(quants.map(|q| f32::from(q.cast_signed()) * f32::from_bits(word(SCALE))));
            }
        }
    }
    seen
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
        m in 1_usize..80,
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
        let want = oracle(&seen(&every_isa(1)[0], &x, k, format), &floats, k, bias);
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

/// `x` as a product with bytes by channel sees it: the quants of each row, and its scale.
fn rows_seen(kernels: &Kernels, x: &[f32], k: usize) -> Vec<(Vec<i8>, f32)> {
    let mut quantized = QuantizedRows::default();
    kernels.quantize_by_row(x, k, &mut quantized);
    let (tiling, steps) = (Tiling::of(x.len() / k, kernels.widest()), per_channel::steps(k));
    let tiles = (0..tiling.tiles()).map(|index| tiling.tile(index));
    let rows = tiles.flat_map(|tile| (0..tile.count).map(move |row| (tile, row)));
    rows.map(|(tile, row)| {
        let words = quantized.words(tile);
        let word = |step| words[per_channel::place(step, row, tile.width, steps)];
        let quants = (0..steps).flat_map(|step| word(step).to_le_bytes()).map(u8::cast_signed);
        (quants.take(k).collect(), f32::from_bits(words[steps * tile.width + row]))
    })
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn bytes_by_channel_give_exact_sums_on_every_path(
        m in 1_usize..50,
        n in 1_usize..70,
        k in 1_usize..400,
        with_bias: bool,
        seed: u64,
    ) {
        let (weights, x) = (random(seed, n * k), random(seed ^ 1, m * k));
        let bias = with_bias.then(|| random(seed ^ 2, n));
        let w = Matrix::per_channel(n, k, &weights).unwrap();
        for kernels in every_isa(2) {
            let found = product(&kernels, &x, &w, bias.as_deref());
            let rows = rows_seen(&kernels, &x, k);
            for ((quants, x_scale), x) in rows.iter().zip(x.chunks(k)) {
                prop_assert!(quants.iter().zip(x).all(|(q, x)| (x - x_scale * f32::from(*q)).abs() <= 0.5001 * x_scale));
            }
            let mut row = vec![0.0; k];
            for channel in 0..n {
                kernels.look_up(&w, channel, &mut row);
                let weights = &weights[channel * k..][..k];
                let scale = weights.iter().fold(0.0_f32, |largest, w| largest.max(w.abs())) / 127.0;
                prop_assert!(row.iter().zip(weights).all(|(q, w)| (q - w).abs() <= 0.5001 * scale));
                for (at, (quants, x_scale)) in rows.iter().enumerate() {
                    let products = quants.iter().zip(&row).map(|(q, w)| i32::from(*q) * (w / scale).round() as i32);
                    let want = products.sum::<i32>() as f32 * x_scale * scale;
                    let want = bias.as_ref().map_or(want, |bias| want + bias[channel]);
                    prop_assert_eq!(found[at * n + channel].to_bits(), want.to_bits(), "{}", kernels.isa());
                }
            }
        }
    }
}

#[test]
fn rows_that_cannot_be_bytes_are_refused_or_stay_what_they_are() {
    let long = Matrix::per_channel(1, 131_073, &vec![0.0; 131_073]).unwrap_err().to_string();
    assert_eq!(long, "rows of 131073 elements are too long for 8-bit products, which take 131072");
    let short = Matrix::per_channel(2, 3, &[0.0; 5]).unwrap_err().to_string();
    assert_eq!(short, "2 rows of 3 are 6 elements, found 5");
    // The largest sum of products that there can be.
    let most = Matrix::per_channel(1, 131_072, &vec![1.0; 131_072]).unwrap();
    for kernels in every_isa(1) {
        let found = product(&kernels, &vec![-1.0; 131_072], &most, None)[0];
        assert!((found + 131_072.0).abs() < 0.1, "{found} on {}", kernels.isa());
        let flat = Matrix::per_channel(1, 2, &[0.0, 0.0]).unwrap();
        assert_eq!(product(&kernels, &[1.0, 2.0], &flat, None), [0.0]);
        let one = Matrix::per_channel(1, 2, &[1.0, 1.0]).unwrap();
        assert!(product(&kernels, &[1.0, f32::NAN], &one, None)[0].is_nan());
        assert!(!product(&kernels, &[1.0, f32::INFINITY], &one, None)[0].is_finite());
    }
}

#[test]
fn a_row_does_not_depend_on_its_company_or_the_threads() {
    for isa in Isa::available() {
        let pools = [1, 2, 3].map(|threads| Kernels::new(isa, Arc::new(Pool::new(threads))).unwrap());
        for (format, n, k) in
            [(Format::Q4_1, 83, 576), (Format::Q6K, 37, 512), (Format::Q8_0, 64, 64), (Format::F16, 50, 77)]
        {
            let (w, _) = matrix(format, 3, n, k);
            let x = random(4, 150 * k);
            let together = product(&pools[0], &x, &w, None);
            for kernels in &pools {
                assert_eq!(bits(&product(kernels, &x, &w, None)), bits(&together));
                for m in [1, 2, 3, 5, 7, 8, 16] {
                    let part = product(kernels, &x[..m * k], &w, None);
                    assert_eq!(bits(&part), bits(&together[..m * n]), "{format} {m} on {isa}");
                }
                let last = product(kernels, &x[149 * k..], &w, None);
                assert_eq!(bits(&last), bits(&together[149 * n..]));
            }
        }
    }
}

#[test]
fn many_rows_of_extremes_are_those_of_the_scalar_path() {
    for (format, quants_from, k) in [(Format::Q4_0, 2, 96), (Format::Q4_1, 4, 160), (Format::Q4K, 16, 512)] {
        for m in [23, 24, 29, 35, 61, 150] {
            let mut choices = random_bits(m as u64);
            let mut choose = || choices.next().unwrap_or_default() as usize;
            // Quants are 0 or 15, activations 127, -113 or 0, or the like with another sign.
            let mut bytes = random_blocks(format, 7, 40 * k);
            for block in bytes.chunks_mut(format.block_bytes()) {
                block[quants_from..].fill_with(|| [0x00, 0x0f, 0xf0, 0xff][choose() % 4]);
            }
            let w = Matrix::new(format, 40, k, &bytes).unwrap();
            let mut x: Vec<f32> = (0..m * k).map(|_| [127.0, -113.0, -113.0, 0.0][choose() % 4]).collect();
            x.chunks_mut(BLOCK).filter(|_| choose() % 2 == 0).flatten().for_each(|x| *x *= -0.25);
            let mut scalar = None;
            for kernels in every_isa(2) {
                let found = bits(&product(&kernels, &x, &w, None));
                assert_eq!(scalar.get_or_insert_with(|| found.clone()), &found, "{format} on {}", kernels.isa());
            }
        }
    }
}

#[test]
fn products_side_by_side_sums_and_gates_are_those_of_single_products() {
    for kernels in every_isa(2) {
        for (format, other, k) in
            [(Format::Q4_1, Format::Q6K, 256), (Format::Q4_0, Format::Q4K, 256), (Format::F32, Format::Q8_0, 64)]
        {
            for m in [1, 9, 130] {
                let x = random(5, m * k);
                let mut quantized = Quantized::default();
                kernels.quantize_rows(&x, k, &mut quantized);
                let input = Input { floats: Some(&x), quantized: Some(&quantized), ..Input::default() };
                let ([a, b, c], bias) = ([(format, 40), (other, 7), (format, 32)], random(6, 7));
                let [a, b, c] = [a, b, c].map(|(format, n)| matrix(format, n as u64, n, k).0);
                let [first, second, third] =
                    [(&a, None), (&b, Some(&bias[..])), (&c, None)].map(|(w, bias)| product(&kernels, &x, w, bias));
                let mut out = vec![f32::NAN; m * 79];
                kernels.multiply(
                    input,
                    &[(&a).into(), Affine { weight: &b, bias: Some(&bias) }, (&c).into()],
                    &mut out,
                );
                for (row, out) in out.chunks(79).enumerate() {
                    assert_eq!(bits(&out[..40]), bits(&first[row * 40..][..40]));
                    assert_eq!(bits(&out[40..47]), bits(&second[row * 7..][..7]));
                    assert_eq!(bits(&out[47..]), bits(&third[row * 32..][..32]));
                }

                let before = random(8, m * 40);
                let (mut sum, mut want) = (before.clone(), before);
                kernels.multiply_add(input, (&a).into(), &mut sum);
                want.iter_mut().zip(&first).for_each(|(want, first)| *want += first);
                assert_eq!(bits(&sum), bits(&want));

                for other in [format, other] {
                    let (up, _) = matrix(other, 11, 40, k);
                    let mut gated = vec![f32::NAN; m * 40];
                    kernels.multiply_gated(input, (&a).into(), (&up).into(), &mut gated);
                    let mut want = product(&kernels, &x, &up, None);
                    kernels.silu_mul(&first, &mut want);
                    assert_eq!(bits(&gated), bits(&want), "{format} with {other}");

                    let [gate, up] = [format, other].map(|format| matrix(format, 12, 96, k).0);
                    let mut gated = vec![f32::NAN; m * 96];
                    kernels.multiply_gated(input, (&gate).into(), (&up).into(), &mut gated);
                    let [mut found, mut want] = [Quantized::default(), Quantized::default()];
                    kernels.multiply_gated_quantized(input, (&gate).into(), (&up).into(), &mut found);
                    kernels.quantize_rows(&gated, 96, &mut want);
                    assert_eq!(found, want, "{format} with {other}");
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "is a table")]
fn a_table_is_no_factor() {
    let table = Matrix::table(Format::F32, 1, 1, &[0; 4]).unwrap();
    every_isa(1)[0].matmul(&[0.0], &table, None, &mut [0.0]);
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
