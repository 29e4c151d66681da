//! The quantized formats: how their GGUF blocks are packed, and how a kernel reads what was packed.

use std::array::from_fn;

use super::{BLOCK, STEPS, Unpacked};
use crate::Format;
use crate::simd::{Halves, LANES, Line, Simd};

/// A quantized format.
///
/// An element is `scale * (quant - 2^OFFSET) + min`.
pub(crate) trait Blocks: 'static {
    const FORMAT: Format;
    /// Lines of quants, for 32 columns.
    const LINES: usize;
    /// Quantized scales and minima of a row, for 32 columns.
    const BYTES: usize = 0;
    /// f16 scales and minima of a row, for each `SPAN` times 32 columns.
    const HALVES: usize = 1;
    /// GGUF blocks have so many times 32 columns.
    const SPAN: usize = 1;
    /// Whether scales are for 16 columns, and not for 32.
    const BY_HALF: bool = false;
    /// Whether elements have minima.
    const MINS: bool = false;
    /// The logarithm of what is taken off each quant.
    const OFFSET: Option<i32> = None;
    /// Whether quants are signed bytes; otherwise they have as many bits as there are lines: up to six.
    const SIGNED: bool = false;
    /// How many products of four quants and activations fit the sums of [`Simd::dot_pairs`]; 1 if none do.
    const PER_FOLD: usize = match (Self::SIGNED, Self::LINES) {
        (true, _) => 1,
        (false, 6) => 2,
        (false, 5) => 4,
        (false, _) => 8,
    };

    /// Takes a GGUF block apart.
    fn unpack(block: &[u8], out: &mut Unpacked);

    /// The quants of the four columns from `4 step` on.
    fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I;

    /// The scales of 16 columns, or of all 32.
    #[inline(always)]
    fn scale<S: Simd>(simd: S, _bytes: &[[u8; LANES]], halves: &[Halves], _half: usize) -> S::F {
        simd.load_half(&halves[0])
    }

    /// The minima of 16 columns, or of all 32.
    #[inline(always)]
    fn min<S: Simd>(simd: S, _bytes: &[[u8; LANES]], halves: &[Halves], _half: usize) -> S::F {
        simd.load_half(&halves[1])
    }
}

/// Evaluates an expression for the [`Blocks`] of a format that is not one of floats.
macro_rules! with_blocks {
    ($format:expr, $blocks:ident => $body:expr) => {{
        match $format {
            $crate::Format::Q4_0 => {
                type $blocks = $crate::packed::formats::Q4_0;
                $body
            }
            $crate::Format::Q4_1 => {
                type $blocks = $crate::packed::formats::Q4_1;
                $body
            }
            $crate::Format::Q5_0 => {
                type $blocks = $crate::packed::formats::Q5_0;
                $body
            }
            $crate::Format::Q5_1 => {
                type $blocks = $crate::packed::formats::Q5_1;
                $body
            }
            $crate::Format::Q8_0 => {
                type $blocks = $crate::packed::formats::Q8_0;
                $body
            }
            $crate::Format::IQ4NL => {
                type $blocks = $crate::packed::formats::Iq4Nl;
                $body
            }
            $crate::Format::Q2K => {
                type $blocks = $crate::packed::formats::Q2K;
                $body
            }
            $crate::Format::Q3K => {
                type $blocks = $crate::packed::formats::Q3K;
                $body
            }
            $crate::Format::Q4K => {
                type $blocks = $crate::packed::formats::Q4K;
                $body
            }
            $crate::Format::Q5K => {
                type $blocks = $crate::packed::formats::Q5K;
                $body
            }
            $crate::Format::Q6K => {
                type $blocks = $crate::packed::formats::Q6K;
                $body
            }
            $crate::Format::F32 | $crate::Format::F16 | $crate::Format::BF16 => {
                unreachable!("floats are not quantized")
            }
        }
    }};
}
pub(crate) use with_blocks;

/// Bits of a plane of `width` bits whose first line is `lines[0]`, moved to the bits from `to` on of each byte.
#[inline(always)]
fn plane<S: Simd>(simd: S, lines: &[Line], width: usize, step: usize, to: usize) -> S::I {
    let from = step / width * width;
    let line = simd.load_int(&lines[step % width]);
    let moved = if from > to {
        simd.shr(line, (from - to) as i32)
    } else if from < to {
        simd.shl(line, (to - from) as i32)
    } else {
        line
    };
    let mask = ((1_u32 << width) - 1) << to;
    simd.and(moved, simd.splat_int((mask * 0x0101_0101).cast_signed()))
}

/// The words of a plane: `width` bits of each quant, from bit `from` on.
fn pack_plane(quants: &[u8; BLOCK], width: usize, from: usize, words: &mut [u32]) {
    let mask = (1_u32 << width) - 1;
    words[..width].fill(0);
    for step in 0..STEPS {
        for byte in 0..4 {
            let bits = u32::from(quants[4 * step + byte]) >> from & mask;
            words[step % width] |= bits << (step / width * width + 8 * byte);
        }
    }
}

/// The little-endian word at `4 index`.
fn word(bytes: &[u8], index: usize) -> u32 {
    u32::from_le_bytes(from_fn(|i| bytes[4 * index + i]))
}

/// Four bits of a byte each: element `i` of 32 in the lower half of byte `i`, element `i + 16` in the upper one. That is
/// how a plane of four bits has them.
fn nibble_words(quants: &[u8], words: &mut [u32]) {
    for (i, out) in words[..4].iter_mut().enumerate() {
        *out = word(quants, i);
    }
}

/// Bit `i` of `bits` for element `i`, as a plane of one bit has them.
fn fifth_bits(bits: u32, words: &mut [u32]) {
    pack_plane(&from_fn(|i| (bits >> i & 1) as u8), 1, 0, words);
}

fn half(bytes: &[u8], at: usize) -> [u8; 2] {
    [bytes[at], bytes[at + 1]]
}

macro_rules! nibble_formats {
    ($($(#[$doc:meta])* $name:ident { $($constants:tt)* } $quants:expr;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Blocks for $name {
            const FORMAT: Format = Format::$name;
            $($constants)*

            fn unpack(block: &[u8], out: &mut Unpacked) {
                out.halves[0] = half(block, 0);
                if Self::MINS {
                    out.halves[1] = half(block, 2);
                }
                let quants = &block[2 * Self::HALVES..];
                if Self::LINES == 5 {
                    fifth_bits(word(quants, 0), &mut out.words[0]);
                    nibble_words(&quants[4..], &mut out.words[0][1..]);
                } else {
                    nibble_words(quants, &mut out.words[0]);
                }
            }

            #[inline(always)]
            fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
                $quants(simd, lines, step)
            }
        }
    )*};
}

#[inline(always)]
fn nibble<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
    plane(simd, lines, 4, step, 0)
}

#[inline(always)]
fn nibble_and_fifth<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
    simd.or(plane(simd, lines, 1, step, 4), nibble(simd, &lines[1..], step))
}

nibble_formats! {
    /// `scale * (q - 8)`.
    Q4_0 { const LINES: usize = 4; const OFFSET: Option<i32> = Some(3); } nibble;
    /// `scale * q + min`.
    Q4_1 { const LINES: usize = 4; const HALVES: usize = 2; const MINS: bool = true; } nibble;
    /// `scale * (q - 16)`.
    Q5_0 { const LINES: usize = 5; const OFFSET: Option<i32> = Some(4); } nibble_and_fifth;
    /// `scale * q + min`.
    Q5_1 { const LINES: usize = 5; const HALVES: usize = 2; const MINS: bool = true; } nibble_and_fifth;
}

/// `scale * LEVELS[q]`.
pub(crate) struct Iq4Nl;

impl Blocks for Iq4Nl {
    const FORMAT: Format = Format::IQ4NL;
    const LINES: usize = 4;
    const SIGNED: bool = true;

    fn unpack(block: &[u8], out: &mut Unpacked) {
        out.halves[0] = half(block, 0);
        nibble_words(&block[2..], &mut out.words[0]);
    }

    #[inline(always)]
    fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
        const TABLE: [u8; LANES] = {
            let mut table = [0; LANES];
            let mut i = 0;
            while i < LANES {
                table[i] = (crate::dequantize::LEVELS[i] as i8).cast_unsigned();
                i += 1;
            }
            table
        };
        simd.look_up(&TABLE, nibble(simd, lines, step))
    }
}

/// `scale * q`, signed.
pub(crate) struct Q8_0;

impl Blocks for Q8_0 {
    const FORMAT: Format = Format::Q8_0;
    const LINES: usize = 8;
    const SIGNED: bool = true;

    fn unpack(block: &[u8], out: &mut Unpacked) {
        out.halves[0] = half(block, 0);
        out.words[0] = from_fn(|i| word(&block[2..], i));
    }

    #[inline(always)]
    fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
        simd.load_int(&lines[step])
    }
}

/// A vector of signed bytes times the scale of the super-block.
#[inline(always)]
fn signed_scale<S: Simd>(simd: S, bytes: &[u8; LANES], scale: &Halves) -> S::F {
    let signed = simd.sar(simd.shl(simd.widen_u8(bytes), 24), 24);
    simd.mul(simd.load_half(scale), simd.to_float(signed))
}

/// Less unsigned numbers times the minimum of the super-block.
#[inline(always)]
fn negated_min<S: Simd>(simd: S, numbers: S::I, min: &Halves) -> S::F {
    simd.mul(simd.load_half(min), simd.mul(simd.to_float(numbers), simd.splat(-1.0)))
}

/// `scale * s * q - min * m`, with a byte of `s` and `m` for each 16 columns.
pub(crate) struct Q2K;

impl Blocks for Q2K {
    const FORMAT: Format = Format::Q2K;
    const LINES: usize = 2;
    const BYTES: usize = 2;
    const HALVES: usize = 2;
    const SPAN: usize = 8;
    const BY_HALF: bool = true;
    const MINS: bool = true;

    fn unpack(block: &[u8], out: &mut Unpacked) {
        for sub in 0..8 {
            let quants = from_fn(|i| two_bits(&block[16..80], 32 * sub + i));
            pack_plane(&quants, 2, 0, &mut out.words[sub]);
            out.bytes[sub] = half(block, 2 * sub);
        }
        out.halves = [half(block, 80), half(block, 82)];
    }

    #[inline(always)]
    fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
        plane(simd, lines, 2, step, 0)
    }

    #[inline(always)]
    fn scale<S: Simd>(simd: S, bytes: &[[u8; LANES]], halves: &[Halves], half: usize) -> S::F {
        let scale = simd.and(simd.widen_u8(&bytes[half]), simd.splat_int(15));
        simd.mul(simd.load_half(&halves[0]), simd.to_float(scale))
    }

    #[inline(always)]
    fn min<S: Simd>(simd: S, bytes: &[[u8; LANES]], halves: &[Halves], half: usize) -> S::F {
        negated_min(simd, simd.shr(simd.widen_u8(&bytes[half]), 4), &halves[1])
    }
}

/// The two bits of element `i`, as Q2_K and Q3_K lay them out.
fn two_bits(quants: &[u8], i: usize) -> u8 {
    quants[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3
}

/// `scale * s * (q - 4)`, with a signed byte of `s` for each 16 columns.
pub(crate) struct Q3K;

impl Blocks for Q3K {
    const FORMAT: Format = Format::Q3K;
    const LINES: usize = 3;
    const BYTES: usize = 2;
    const SPAN: usize = 8;
    const BY_HALF: bool = true;
    const OFFSET: Option<i32> = Some(2);

    fn unpack(block: &[u8], out: &mut Unpacked) {
        let scales = crate::dequantize::q3_k_scales(&from_fn(|i| block[96 + i]));
        for sub in 0..8 {
            let quants = from_fn(|i| two_bits(&block[32..96], 32 * sub + i) | (block[i] >> sub & 1) << 2);
            pack_plane(&quants, 1, 2, &mut out.words[sub]);
            pack_plane(&quants, 2, 0, &mut out.words[sub][1..]);
            out.bytes[sub] = from_fn(|half| (scales[2 * sub + half] as i8).cast_unsigned());
        }
        out.halves[0] = half(block, 108);
    }

    #[inline(always)]
    fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
        simd.or(plane(simd, lines, 1, step, 2), plane(simd, &lines[1..], 2, step, 0))
    }

    #[inline(always)]
    fn scale<S: Simd>(simd: S, bytes: &[[u8; LANES]], halves: &[Halves], half: usize) -> S::F {
        signed_scale(simd, &bytes[half], &halves[0])
    }
}

macro_rules! affine_k_quants {
    ($($(#[$doc:meta])* $name:ident: $lines:literal lines, $quants_at:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Blocks for $name {
            const FORMAT: Format = Format::$name;
            const LINES: usize = $lines;
            const BYTES: usize = 2;
            const HALVES: usize = 2;
            const SPAN: usize = 8;
            const MINS: bool = true;

            fn unpack(block: &[u8], out: &mut Unpacked) {
                let scales: [u8; 12] = from_fn(|i| block[4 + i]);
                for sub in 0..8 {
                    let (scale, min) = crate::dequantize::scale_and_min(&scales, sub);
                    out.bytes[sub] = [scale as u8, min as u8];
                    // The lower halves of 32 bytes are one block, the upper ones the next.
                    let quants = &block[$quants_at + sub / 2 * 32..];
                    let shift = sub % 2 * 4;
                    for i in 0..4 {
                        let [first, second] = [word(quants, i), word(quants, i + 4)].map(|w| w >> shift & 0x0f0f_0f0f);
                        out.words[sub][Self::LINES - 4 + i] = first | second << 4;
                    }
                    if Self::LINES == 5 {
                        let fifth = from_fn(|i| block[16 + i] >> sub & 1);
                        pack_plane(&fifth, 1, 0, &mut out.words[sub]);
                    }
                }
                out.halves = [half(block, 0), half(block, 2)];
            }

            #[inline(always)]
            fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
                if Self::LINES == 5 { nibble_and_fifth(simd, lines, step) } else { nibble(simd, lines, step) }
            }

            #[inline(always)]
            fn scale<S: Simd>(simd: S, bytes: &[[u8; LANES]], halves: &[Halves], _: usize) -> S::F {
                simd.mul(simd.load_half(&halves[0]), simd.to_float(simd.widen_u8(&bytes[0])))
            }

            #[inline(always)]
            fn min<S: Simd>(simd: S, bytes: &[[u8; LANES]], halves: &[Halves], _: usize) -> S::F {
                negated_min(simd, simd.widen_u8(&bytes[1]), &halves[1])
            }
        }
    )*};
}

affine_k_quants! {
    /// `scale * s * q - min * m`, with `s` and `m` for each 32 columns.
    Q4K: 4 lines, 16;
    /// As Q4_K, with a fifth bit.
    Q5K: 5 lines, 48;
}

/// `scale * s * (q - 32)`, with a signed byte of `s` for each 16 columns.
pub(crate) struct Q6K;

impl Blocks for Q6K {
    const FORMAT: Format = Format::Q6K;
    const LINES: usize = 6;
    const BYTES: usize = 2;
    const SPAN: usize = 8;
    const BY_HALF: bool = true;
    const OFFSET: Option<i32> = Some(5);

    fn unpack(block: &[u8], out: &mut Unpacked) {
        let (low, high) = (&block[..128], &block[128..192]);
        for sub in 0..8 {
            let quants = from_fn(|i| {
                let (part, j) = (sub / 4, sub % 4 * 32 + i);
                let four = low[part * 64 + j % 64] >> (j / 64 * 4) & 15;
                let two = high[part * 32 + j % 32] >> (j / 32 * 2) & 3;
                four | two << 4
            });
            pack_plane(&quants, 2, 4, &mut out.words[sub]);
            pack_plane(&quants, 4, 0, &mut out.words[sub][2..]);
            out.bytes[sub] = half(block, 192 + 2 * sub);
        }
        out.halves[0] = half(block, 208);
    }

    #[inline(always)]
    fn quants<S: Simd>(simd: S, lines: &[Line], step: usize) -> S::I {
        simd.or(plane(simd, lines, 2, step, 4), nibble(simd, &lines[2..], step))
    }

    #[inline(always)]
    fn scale<S: Simd>(simd: S, bytes: &[[u8; LANES]], halves: &[Halves], half: usize) -> S::F {
        signed_scale(simd, &bytes[half], &halves[0])
    }
}
