//! Every block format against blocks worked out by hand.

use super::*;
use crate::testing::bits;

fn specification(format: Format, bytes: &[u8], len: usize) -> Vec<f32> {
    let mut out = vec![0.0; len];
    dequantize(format, bytes, &mut out);
    out
}

#[test]
fn every_half_is_read_exactly() {
    let bytes: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let halves: Vec<f32> = bytes.chunks(2).map(|b| half_at(b, 0)).collect();
    assert_eq!(bits(&halves), bits(&specification(Format::F16, &bytes, 1 << 16)));
}

/// 0.5, 0.25 and -1 in f16.
const HALF: [u8; 2] = [0x00, 0x38];
const QUARTER: [u8; 2] = [0x00, 0x34];
const MINUS_ONE: [u8; 2] = [0x00, 0xbc];

/// Elements by index; all others are `rest`.
fn assert_elements(format: Format, block: &[u8], rest: f32, elements: &[(usize, f32)]) {
    let mut want = vec![rest; format.block_len()];
    for (i, x) in elements {
        want[*i] = *x;
    }
    assert_eq!(specification(format, block, format.block_len()), want, "{format}");
}

#[test]
fn blocks_of_32_by_hand() {
    let quants = |first: u8, last: u8| [[first; 1].as_slice(), &[0; 14], &[last]].concat();
    let q4_0 = [&HALF[..], &quants(0x9f, 0x80)].concat();
    assert_elements(Format::Q4_0, &q4_0, -4.0, &[(0, 3.5), (16, 0.5), (31, 0.0)]);
    let q4_1 = [&HALF[..], &MINUS_ONE, &quants(0x9f, 0x80)].concat();
    assert_elements(Format::Q4_1, &q4_1, -1.0, &[(0, 6.5), (16, 3.5), (31, 3.0)]);
    // Fifth bits of elements 0, 2, 16 and 31.
    let fifth = [0b101, 0, 1, 0x80];
    let q5_0 = [&HALF[..], &fifth, &quants(0x9f, 0x80)].concat();
    assert_elements(Format::Q5_0, &q5_0, -8.0, &[(0, 7.5), (2, 0.0), (16, 4.5), (31, 4.0)]);
    let q5_1 = [&HALF[..], &MINUS_ONE, &fifth, &quants(0x9f, 0x80)].concat();
    assert_elements(Format::Q5_1, &q5_1, -1.0, &[(0, 14.5), (2, 7.0), (16, 11.5), (31, 11.0)]);
    let q8_0 = [&HALF[..], &[0x80, 0x7f], &[0; 29], &[0xff]].concat();
    assert_elements(Format::Q8_0, &q8_0, 0.0, &[(0, -64.0), (1, 63.5), (31, -0.5)]);
    let iq4_nl = [&HALF[..], &quants(0x9f, 0x80)].concat();
    assert_elements(Format::IQ4NL, &iq4_nl, -63.5, &[(0, 56.5), (16, 6.5), (31, 0.5)]);
}

/// A block of zeros but for the bytes given.
fn block(format: Format, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut block = vec![0; format.block_bytes()];
    for (at, bytes) in parts {
        block[*at..at + bytes.len()].copy_from_slice(bytes);
    }
    block
}

#[test]
fn q2_k_by_hand() {
    // Elements 0, 32, 64, 96 share a byte; groups 0, 2 and 15 have scales, group 2 a minimum.
    let parts: [(usize, &[u8]); 5] =
        [(0, &[0x03, 0, 0x52]), (15, &[0x01]), (16, &[0b11_10_01_11]), (79, &[0xc0]), (80, &[0x00, 0x38, 0x00, 0x34])];
    let mut elements = vec![(0, 0.5 * 3.0 * 3.0), (255, 0.5 * 3.0)];
    elements.extend((33..48).map(|i| (i, -0.25 * 5.0)));
    elements.push((32, 0.5 * 2.0 - 0.25 * 5.0));
    assert_elements(Format::Q2K, &block(Format::Q2K, &parts), 0.0, &elements);
}

#[test]
fn q3_k_by_hand() {
    // The scale of group 0 is 33 - 32 and of group 15 is 63 - 32; of all others 0 - 32.
    let mut scales = [0; 12];
    scales[0] = 0x01;
    scales[8] = 0b10;
    scales[7] = 0xf0;
    scales[11] = 0b1100_0000;
    let parts: [(usize, &[u8]); 4] = [(0, &[0b1]), (32, &[0b10]), (96, &scales), (108, &HALF)];
    let mut want = vec![0.5 * -32.0 * -4.0; 256];
    want[..16].fill(0.5 * -4.0);
    want[0] = 0.5 * 2.0;
    want[240..].fill(0.5 * 31.0 * -4.0);
    assert_eq!(specification(Format::Q3K, &block(Format::Q3K, &parts), 256), want);
}

/// Scales 1, 2, 33 of groups 0, 1, 7 and minima 3, 35 of groups 1, 7.
const SCALES: [u8; 12] = [1, 2, 0, 0b1000_0000, 0, 3, 0, 0b1000_0000, 0, 0, 0, 0x31];

#[test]
fn q4_k_and_q5_k_by_hand() {
    let scales = [&HALF[..], &QUARTER, &SCALES].concat();
    let mut rest: Vec<(usize, f32)> = (32..64).map(|i| (i, -0.75)).collect();
    rest.extend((224..256).map(|i| (i, -0.25 * 35.0)));

    let mut elements = rest.clone();
    elements.extend([(0, 0.5 * 5.0), (32, 0.5 * 2.0 * 4.0 - 0.75), (255, 0.5 * 33.0 * 15.0 - 0.25 * 35.0)]);
    let q4_k = block(Format::Q4K, &[(0, &scales), (16, &[0x45]), (143, &[0xf0])]);
    assert_elements(Format::Q4K, &q4_k, 0.0, &elements);

    let mut elements = rest;
    elements.extend([(0, 0.5 * 21.0), (32, 0.5 * 2.0 * 20.0 - 0.75), (255, 0.5 * 33.0 * 31.0 - 0.25 * 35.0)]);
    let q5_k = block(Format::Q5K, &[(0, &scales), (16, &[0b11]), (47, &[0x80]), (48, &[0x45]), (175, &[0xf0])]);
    assert_elements(Format::Q5K, &q5_k, 0.0, &elements);
}

#[test]
fn q6_k_by_hand() {
    // Groups 0, 4 and 15 have scales.
    let parts: [(usize, &[u8]); 6] = [
        (0, &[0x25]),
        (127, &[0xa0]),
        (128, &[0b11_01_00_10]),
        (191, &[0b01_00_00_00]),
        (192, &[2, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        (208, &HALF),
    ];
    let mut want = vec![0.0; 256];
    want[..16].fill(-32.0);
    want[0] = (5.0 + 32.0 - 32.0) * 1.0;
    want[64..80].fill(16.0);
    want[64] = -0.5 * (2.0 + 16.0 - 32.0);
    want[240..].fill(-16.0);
    want[255] = 0.5 * (10.0 + 16.0 - 32.0);
    assert_eq!(specification(Format::Q6K, &block(Format::Q6K, &parts), 256), want);
}

#[test]
#[should_panic(expected = "bytes of 32 elements of Q4_0")]
fn a_wrong_length_is_refused() {
    dequantize(Format::Q4_0, &[0; 17], &mut [0.0; 32]);
}
