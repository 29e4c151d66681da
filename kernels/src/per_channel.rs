//! Weights as signed bytes with a scale for each output channel, and activations as signed bytes with a scale for each row:
//! what encoders are commonly quantized to (Jacob et al. 2018; activations dynamically, as in Dettmers et al. 2022).
//!
//! Scales are the largest magnitude of a channel or row divided by 127, and stay in f32. The sum of a whole row of byte
//! products is an exact integer, so that a product has the same bits on every path.
//!
//! Rows are filled up with zeros to a multiple of 64 columns, which tile registers take at a time.

use crate::aligned::Aligned;
use crate::pages::{Piece, WeightMemory};
use crate::quantized::{ROUND, RowTile, Tiling, WIDE, magnitude, scale_of};
use crate::scratch::Scratch;
use crate::simd::{Chunk, Kernel, LANES, Line, Simd, load_partial};
use crate::{Kernels, Matrix, ShapeError};

/// Columns come in multiples of this.
const PADDED: usize = 64;

/// The longest rows: their sums of products fit 32 bits.
const LONGEST: usize = 1 << 17;

/// Four columns at a time.
pub(crate) fn steps(cols: usize) -> usize {
    cols.next_multiple_of(PADDED) / 4
}

/// (rows, cols) weights.
#[derive(Clone)]
pub(crate) struct Channels {
    /// (groups, steps, 16, 4) signed bytes
    quants: Piece<u8>,
    /// (groups, 16)
    scales: Piece<f32>,
    steps: usize,
}

/// Sixteen channels.
#[derive(Clone, Copy)]
pub(crate) struct ChannelGroup<'a> {
    pub(crate) lines: &'a [Line],
    pub(crate) scales: &'a Chunk,
}

impl Channels {
    fn new(rows: usize, cols: usize, weights: &[f32]) -> Self {
        let (groups, steps) = (rows.div_ceil(LANES), steps(cols));
        let mut memory = WeightMemory::default();
        let mut quants = memory.take::<u8>(groups * steps * 4 * LANES);
        let mut scales = memory.take::<f32>(groups * LANES);
        for (row, weights) in weights.chunks_exact(cols.max(1)).enumerate() {
            let (group, lane) = (row / LANES, row % LANES);
            let largest = weights.iter().fold(0.0_f32, |largest, w| largest.max(w.abs()));
            let (scale, inverse) = scale_of(largest);
            scales[row] = scale;
            for (column, w) in weights.iter().enumerate() {
                let quant = (w * inverse).round_ties_even().clamp(-127.0, 127.0) as i8;
                quants[((group * steps + column / 4) * LANES + lane) * 4 + column % 4] = quant.cast_unsigned();
            }
        }
        Channels { quants, scales, steps }
    }

    /// Bytes of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.quants.len() + size_of_val::<[f32]>(&self.scales)
    }

    #[inline(always)]
    pub(crate) fn group(&self, index: usize) -> ChannelGroup<'_> {
        let lines = &self.quants.as_chunks().0[index * self.steps..][..self.steps];
        ChannelGroup { lines, scales: &self.scales.as_chunks().0[index] }
    }

    pub(crate) fn row_to_f32(&self, row: usize, out: &mut [f32]) {
        let group = self.group(row / LANES);
        let lane = row % LANES;
        for (out, line) in out.chunks_mut(4).zip(group.lines) {
            for (x, quant) in out.iter_mut().zip(&line[4 * lane..]) {
                *x = group.scales[lane] * f32::from(quant.cast_signed());
            }
        }
    }
}

impl Matrix {
    /// Quantizes (rows, cols) weights, row-major, to signed bytes with a scale for each row: each output channel.
    ///
    /// # Errors
    ///
    /// If `weights` is not exactly as long as the shape says, or a row is longer than 131,072 elements.
    pub fn per_channel(rows: usize, cols: usize, weights: &[f32]) -> Result<Self, ShapeError> {
        if cols > LONGEST {
            return Err(ShapeError::LongRow { cols, limit: LONGEST });
        }
        let expected = rows.checked_mul(cols);
        if expected != Some(weights.len()) {
            let expected = expected.unwrap_or(usize::MAX);
            return Err(ShapeError::Elements { rows, cols, expected, found: weights.len() });
        }
        Ok(Matrix::of_channels(rows, cols, Channels::new(rows, cols, weights)))
    }
}

/// Activations with a scale for each row, (rows, cols): a buffer that is used again and again.
///
/// Rows lie in tiles, as those of [`Quantized`](crate::Quantized) do. Of a tile of `T` rows, each four columns take `T` words;
/// only in tiles for tile registers the words of one row are neighbours. `T` scales and less `T` sums of quants follow.
#[derive(Clone, Default)]
pub struct QuantizedRows {
    tiling: Tiling,
    cols: usize,
    words: Aligned<u32>,
}

impl QuantizedRows {
    /// Rows (m).
    pub fn rows(&self) -> usize {
        self.tiling.rows()
    }

    /// Elements of a row (K).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Words of a row, its scale and sum included.
    fn row_words(&self) -> usize {
        steps(self.cols) + 2
    }

    /// The words of a tile.
    #[inline(always)]
    pub(crate) fn words(&self, tile: RowTile) -> &[u32] {
        let row = self.row_words();
        &self.words[tile.first * row..][..tile.width * row]
    }
}

impl std::fmt::Debug for QuantizedRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QuantizedRows({} x {})", self.rows(), self.cols)
    }
}

/// Where four columns of row `row` are in a tile.
#[inline(always)]
pub(crate) fn place(step: usize, row: usize, width: usize, steps: usize) -> usize {
    if width == WIDE { row * steps + step } else { step * width + row }
}

impl Kernels {
    /// Quantizes `x` (m, `cols`) with a scale for each row.
    ///
    /// # Panics
    ///
    /// If `x` is no whole number of rows, or rows are longer than 131,072 elements.
    pub fn quantize_by_row(&self, x: &[f32], cols: usize, out: &mut QuantizedRows) {
        assert!(
            (1..=LONGEST).contains(&cols) && x.len().is_multiple_of(cols),
            "{} elements in rows of {cols}",
            x.len()
        );
        let tiling = Tiling::of(x.len() / cols, self.widest());
        (out.tiling, out.cols) = (tiling, cols);
        let row_words = out.row_words();
        out.words.resize(tiling.room() * row_words);
        self.for_row_tiles(tiling, cols, row_words, &mut out.words, &|first, words| {
            self.arch.run(QuantizeRows { x, cols, tiling, first, words });
        });
    }
}

/// Quantizes the rows of some tiles, from tile `first` on.
struct QuantizeRows<'a> {
    x: &'a [f32],
    cols: usize,
    tiling: Tiling,
    first: usize,
    words: &'a mut [u32],
}

impl Kernel for QuantizeRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let steps = steps(self.cols);
        let mut bytes = Scratch::take(steps);
        for (tile, words) in self.tiling.split(self.first, steps + 2, self.words) {
            if tile.count < tile.width {
                // Rows that are missing count for nothing, whatever they were before.
                words.fill(0);
            }
            for row in 0..tile.count {
                let x = &self.x[(tile.first + row) * self.cols..][..self.cols];
                let (scale, sum) = quantize_row(simd, x, &mut bytes);
                for (step, bytes) in bytes.iter().enumerate() {
                    words[place(step, row, tile.width, steps)] = bytes.to_bits();
                }
                words[steps * tile.width + row] = scale.to_bits();
                words[(steps + 1) * tile.width + row] = (-sum).cast_unsigned();
            }
        }
    }
}

/// Quantizes a row to words of four bytes, and gives its scale and the sum of its quants.
#[inline(always)]
fn quantize_row<S: Simd>(simd: S, x: &[f32], out: &mut [f32]) -> (f32, i32) {
    let (chunks, tail) = x.as_chunks::<LANES>();
    let mut largest = magnitude(simd, load_partial(simd, tail));
    for chunk in chunks {
        largest = simd.max(largest, magnitude(simd, simd.load(chunk)));
    }
    let (scale, inverse) = scale_of(simd.largest(largest));
    let (factor, round) = (simd.splat(inverse), simd.splat(ROUND));
    let mut sums = simd.splat(0.0);
    let mut bytes = [0; size_of::<Line>()];
    for (line, out) in out.chunks_mut(LANES).enumerate() {
        let mut quants = [simd.splat_int(0); 4];
        for (i, quants) in quants.iter_mut().enumerate() {
            let x = match chunks.get(4 * line + i) {
                Some(x) => simd.load(x),
                None if 4 * line + i == chunks.len() => load_partial(simd, tail),
                None => break,
            };
            let x = simd.mul_add(x, factor, round);
            sums = simd.add(sums, simd.sub(x, round));
            *quants = simd.bits(x);
        }
        simd.store_int(simd.pack_bytes(quants), &mut bytes);
        for (out, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *out = f32::from_bits(u32::from_le_bytes(*bytes));
        }
    }
    let sum = simd.sum(sums);
    // What is no number must not become one.
    (if sum.is_nan() { f32::NAN } else { scale }, sum as i32)
}
