//! Activations as the products with quantized weights take them: signed bytes, with a scale for each 32.
//!
//! As in ggml's Q8_0 the scale is the largest magnitude divided by 127, but it stays in f32 and has the sign of the value of that
//! magnitude, whose quant is 127 then; if that would bring a quant below [`LOWEST`], the scale is larger. A value's quant depends on
//! its own row alone.
//!
//! Rows lie in *tiles*, as many side by side as a product computes at a time. Of a tile of `T` rows, each 32 columns take
//! `12 T` words, in which `T` words for the rows stand beside each other: eight times four quants, the scale, the scale
//! times the sum of the quants, and less the sum of all 32 and of the first 16 quants. Only in tiles of sixteen rows, for tile
//! registers, the eight words of quants of one row are neighbours.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Kernels;
use crate::aligned::Aligned;
use crate::packed::{BLOCK, STEPS};
use crate::scratch::Scratch;
use crate::simd::{Kernel, LANES, Simd};
use crate::split::{BlockTile, Columns, for_grid};

/// Words of a row and 32 columns.
pub(crate) const WORDS: usize = STEPS + 4;
/// Where the scales of a tile are, in rows.
pub(crate) const SCALE: usize = STEPS;
/// Where the products of scales and sums are.
pub(crate) const SCALED_SUM: usize = STEPS + 1;
/// Where the negated sums are.
pub(crate) const NEGATED_SUM: usize = STEPS + 2;
/// Where the negated sums of the first halves are.
pub(crate) const NEGATED_HALF: usize = STEPS + 3;

/// The lowest quant: of so many numbers each can be added to a four-bit weight without leaving the range of bytes.
pub(crate) const LOWEST: i32 = HIGHEST + 15 - 255;
/// The highest one.
const HIGHEST: i32 = 127;

/// Rows of the tiles for tile registers.
pub(crate) const WIDE: usize = 16;

/// More rows than these, up to sixteen, are faster as one wide tile.
const NARROW: usize = 8;

/// Elements of a task: a microsecond, to outweigh its start.
const PART: usize = 1 << 12;

/// Where word `word` of row `row` is, of a tile's words for 32 columns.
#[inline(always)]
pub(crate) fn place(word: usize, row: usize, width: usize) -> usize {
    if width == WIDE && word < STEPS { row * STEPS + word } else { word * width + row }
}

/// How rows are put into tiles: first those of one width, then up to two of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tiling {
    rows: usize,
    /// The width of the first tiles, and how many there are.
    width: usize,
    tiles: usize,
    /// The width of the rest; the last of them may lack rows.
    rest: usize,
}

/// Some rows side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowTile {
    /// The first one.
    pub(crate) first: usize,
    /// How many there are.
    pub(crate) count: usize,
    /// For how many there is room.
    pub(crate) width: usize,
}

impl Tiling {
    /// `widest` rows are computed side by side at most: 2, 4, 6 or 16.
    pub(crate) fn of(rows: usize, widest: usize) -> Self {
        let (width, tiles, rest) = match (rows, widest) {
            (0, _) => (0, 0, 0),
            (1 | 2, _) => (rows, 1, 0),
            (_, 2) => (2, rows / 2, 1),
            (_, 4) => (4, rows / 4, if rows % 4 == 3 { 4 } else { (rows % 4).max(1) }),
            (_, WIDE) if rows > NARROW => {
                let rest = rows % WIDE;
                (WIDE, rows / WIDE, if rest <= NARROW { 4 } else { WIDE })
            }
            // Four and four are faster than six and two, or six and one.
            _ if rows % 6 == 1 || rows % 6 == 2 => (6, rows / 6 - 1, 4),
            _ if rows % 6 == 5 => (6, rows / 6, 6),
            _ => (6, rows / 6, 4),
        };
        Tiling { rows, width, tiles, rest }
    }

    pub(crate) fn rows(self) -> usize {
        self.rows
    }

    /// Room for the rows of any tile.
    fn widest(self) -> usize {
        self.width.max(self.rest)
    }

    /// How many tiles there are.
    pub(crate) fn tiles(self) -> usize {
        self.tiles + (self.rows - self.tiles * self.width).div_ceil(self.rest.max(1))
    }

    pub(crate) fn tile(self, index: usize) -> RowTile {
        let (first, width) = match index.checked_sub(self.tiles) {
            None => (index * self.width, self.width),
            Some(beyond) => (self.tiles * self.width + beyond * self.rest, self.rest),
        };
        RowTile { first, count: width.min(self.rows - first), width }
    }

    /// The tile that a row is in.
    pub(crate) fn tile_of(self, row: usize) -> usize {
        match row.checked_sub(self.tiles * self.width) {
            None => row / self.width,
            Some(beyond) => self.tiles + beyond / self.rest.max(1),
        }
    }

    /// The rows of some tiles.
    pub(crate) fn rows_of(self, tiles: Range<usize>) -> Range<usize> {
        let end = tiles.end.checked_sub(1).map_or(0, |last| self.tile(last).first + self.tile(last).count);
        self.tile(tiles.start).first..end
    }

    /// Tiles from number `index` on, each with its part of `words`, of which a row takes `row_words`.
    #[inline(always)]
    pub(crate) fn split(self, index: usize, row_words: usize, words: &mut [u32]) -> TileWords<'_> {
        TileWords { tiling: self, index, row_words, rest: words }
    }

    /// Rows that there is room for.
    pub(crate) fn room(self) -> usize {
        self.tiles().checked_sub(1).map_or(0, |last| self.tile(last).first + self.tile(last).width)
    }
}

/// Tiles and their words.
pub(crate) struct TileWords<'a> {
    tiling: Tiling,
    index: usize,
    row_words: usize,
    rest: &'a mut [u32],
}

impl<'a> Iterator for TileWords<'a> {
    type Item = (RowTile, &'a mut [u32]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let tile = self.tiling.tile(self.index);
        let (words, rest) = std::mem::take(&mut self.rest).split_at_mut(tile.width * self.row_words);
        (self.rest, self.index) = (rest, self.index + 1);
        Some((tile, words))
    }
}

/// Quantized activations, (rows, cols): a buffer that is used again and again.
#[derive(Clone, Default)]
pub struct Quantized {
    tiling: Tiling,
    cols: usize,
    words: Aligned<u32>,
    number: u64,
}

/// Numbers that were given to what was quantized.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

impl Quantized {
    /// Rows (m).
    pub fn rows(&self) -> usize {
        self.tiling.rows
    }

    /// Elements of a row (K).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// A number that nothing else that was quantized has.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Blocks of a row.
    pub(crate) fn blocks(&self) -> usize {
        self.cols / BLOCK
    }

    #[cfg(test)]
    pub(crate) fn tiling(&self) -> Tiling {
        self.tiling
    }

    /// The words of a tile.
    #[inline(always)]
    pub(crate) fn words(&self, tile: RowTile) -> &[u32] {
        let row = self.blocks() * WORDS;
        &self.words[tile.first * row..][..tile.width * row]
    }

    /// All words, the words of a row, and how rows lie in tiles.
    pub(crate) fn all_words(&mut self) -> (&mut [u32], usize, Tiling) {
        let row = self.blocks() * WORDS;
        (&mut self.words, row, self.tiling)
    }

    pub(crate) fn reshape(&mut self, rows: usize, cols: usize, widest: usize) {
        assert!(cols.is_multiple_of(BLOCK), "rows of {cols} elements are no whole number of blocks of {BLOCK}");
        self.tiling = Tiling::of(rows, widest);
        self.cols = cols;
        self.number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        self.words.resize(self.tiling.room() * cols / BLOCK * WORDS);
    }
}

#[cfg(test)]
impl PartialEq for Quantized {
    fn eq(&self, other: &Self) -> bool {
        (self.tiling, self.cols, &*self.words) == (other.tiling, other.cols, &*other.words)
    }
}

impl std::fmt::Debug for Quantized {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Quantized({} x {})", self.rows(), self.cols)
    }
}

impl Kernels {
    /// Quantizes `x` (m, `cols`).
    ///
    /// # Panics
    ///
    /// If `cols` is no multiple of 32 or `x` no whole number of rows.
    pub fn quantize_rows(&self, x: &[f32], cols: usize, out: &mut Quantized) {
        self.quantize_tiles(x, cols, out, AsItIs);
    }

    /// The RMS norm of each row of `x` (m, d), as [`rms_norm`](Kernels::rms_norm) has it, quantized.
    ///
    /// # Panics
    ///
    /// If `d`, the length of `weight`, is no multiple of 32, or `x` no whole number of rows.
    pub fn rms_norm_quantized(&self, x: &[f32], weight: &[f32], eps: f32, out: &mut Quantized) {
        self.quantize_tiles(x, weight.len(), out, RmsNormed { weight, eps });
    }

    fn quantize_tiles(&self, x: &[f32], cols: usize, out: &mut Quantized, source: impl Source) {
        assert!(cols > 0 && x.len().is_multiple_of(cols), "{} elements in rows of {cols}", x.len());
        out.reshape(x.len() / cols, cols, self.widest());
        let (tiling, row_words) = (out.tiling, cols / BLOCK * WORDS);
        self.for_row_tiles(tiling, cols, row_words, &mut out.words, &|first, words| {
            self.arch.run(Quantize { x, cols, tiling, first, words, source });
        });
    }

    /// Calls `task` for parts of the words of all tiles, of which a row of `cols` elements takes `row_words`, with the number of
    /// the first tile of each.
    pub(crate) fn for_row_tiles(
        &self,
        tiling: Tiling,
        cols: usize,
        row_words: usize,
        words: &mut [u32],
        task: &(dyn Fn(usize, &mut [u32]) + Sync),
    ) {
        if words.is_empty() {
            return;
        }
        let at_once = (PART / (tiling.width * cols).max(1)).max(1);
        let tiles = |i: usize| i * at_once..tiling.tiles().min((i + 1) * at_once);
        let words_of = |i: usize| {
            let (first, last) = (tiling.tile(tiles(i).start), tiling.tile(tiles(i).end - 1));
            first.first * row_words..(last.first + last.width) * row_words
        };
        let (len, tasks) = (words.len(), tiling.tiles().div_ceil(at_once));
        let (all, columns) = (std::slice::from_ref(&(0..1)), Columns { count: tasks, range: &words_of, shares: &[] });
        for_grid(self.pool(), words, len, all, columns, &|_, mut part| {
            let row = part.columns().start / row_words.max(1);
            task(tiling.tile_of(row), part.row(0));
        });
    }
}

/// What is quantized of a row.
trait Source: Copy + Sync {
    /// The row itself, or something that is written to `scratch`, which is as long.
    fn row<'a, S: Simd>(self, simd: S, row: &'a [f32], scratch: &'a mut [f32]) -> &'a [f32];
}

#[derive(Clone, Copy)]
struct AsItIs;

impl Source for AsItIs {
    #[inline(always)]
    fn row<'a, S: Simd>(self, _: S, row: &'a [f32], _: &'a mut [f32]) -> &'a [f32] {
        row
    }
}

#[derive(Clone, Copy)]
struct RmsNormed<'a> {
    weight: &'a [f32],
    eps: f32,
}

impl Source for RmsNormed<'_> {
    #[inline(always)]
    fn row<'a, S: Simd>(self, simd: S, row: &'a [f32], scratch: &'a mut [f32]) -> &'a [f32] {
        crate::elementwise::rms_norm_row(simd, row, self.weight, self.eps, scratch);
        scratch
    }
}

/// Quantizes the rows of some tiles, from tile `first` on.
struct Quantize<'a, Q> {
    x: &'a [f32],
    cols: usize,
    tiling: Tiling,
    first: usize,
    words: &'a mut [u32],
    source: Q,
}

impl<Q: Source> Kernel for Quantize<'_, Q> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let row_words = self.cols / BLOCK * WORDS;
        let (mut scratch, mut rows) = (Scratch::take(self.cols), Scratch::words(self.tiling.widest() * row_words));
        for (tile, words) in self.tiling.split(self.first, row_words, self.words) {
            for (row, words) in rows.chunks_exact_mut(row_words).take(tile.count).enumerate() {
                let x = &self.x[(tile.first + row) * self.cols..][..self.cols];
                quantize_row(simd, self.source.row(simd, x, &mut scratch), words);
            }
            lay_out(simd, tile, &mut rows, words);
        }
    }
}

/// Quantizes some blocks of the rows of some tiles, (rows, columns of these blocks).
pub(crate) struct QuantizeBlocks<'a> {
    pub(crate) x: &'a [f32],
    pub(crate) out: BlockTile<'a>,
}

impl Kernel for QuantizeBlocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let mut rest = self.x;
        for index in self.out.tiles() {
            let (tile, words) = self.out.tile(index);
            let row_words = words.len() / tile.width;
            let mut rows = Scratch::words(words.len());
            for words in rows.chunks_exact_mut(row_words).take(tile.count) {
                let (x, next) = rest.split_at(row_words / WORDS * BLOCK);
                rest = next;
                quantize_row(simd, x, words);
            }
            lay_out(simd, tile, &mut rows, words);
        }
    }
}

/// Puts the words of rows, one row after the other, where they belong in a tile. Rows that are missing count for nothing,
/// whatever they were before.
#[inline(always)]
fn lay_out<S: Simd>(simd: S, tile: RowTile, rows: &mut [u32], words: &mut [u32]) {
    let (width, row_words) = (tile.width, words.len() / tile.width);
    rows[tile.count * row_words..words.len()].fill(0);
    let rows = rows.as_chunks::<WORDS>().0;
    let per_row = row_words / WORDS;
    if width == 6 {
        for (block, words) in words.as_chunks_mut::<{ 6 * WORDS }>().0.iter_mut().enumerate() {
            let mut own = [&rows[block]; 6];
            for row in 1..6 {
                own[row] = &rows[row * per_row + block];
            }
            simd.six_rows(own, words);
        }
        return;
    }
    for (block, words) in words.chunks_exact_mut(WORDS * width).enumerate() {
        for (row, own) in rows[block..].iter().step_by(per_row).take(width).enumerate() {
            for (word, from) in own.iter().enumerate() {
                words[place(word, row, width)] = *from;
            }
        }
    }
}

/// Quantizes a row, sixteen blocks at a time: what is one number for each of them is a lane. Of each block it gives the words
/// one after the other.
#[inline(always)]
fn quantize_row<S: Simd>(simd: S, x: &[f32], words: &mut [u32]) {
    let (round, zero) = (simd.splat(ROUND), simd.splat(0.0));
    let mut spoilt = [zero; 4];
    for (x, words) in x.as_chunks::<BLOCK>().0.chunks(LANES).zip(words.chunks_mut(LANES * WORDS)) {
        // Of each block the largest value, and less the smallest one.
        let [mut above, mut below] = [[0.0; LANES]; 2];
        for ((x, above), below) in x.chunks(4).zip(above.as_chunks_mut().0).zip(below.as_chunks_mut().0) {
            let [mut largest, mut negated] = [[zero; 4]; 2];
            // Where there are less than four, the last one counts more than once: as many as ever stay in registers.
            for i in 0..4 {
                let (low, high) = halves(simd, &x[i.min(x.len() - 1)]);
                largest[i] = simd.max(low, high);
                negated[i] = simd.sub(zero, simd.min(low, high));
                spoilt[i] = simd.mul_add(high, zero, simd.mul_add(low, zero, spoilt[i]));
            }
            (*above, *below) = (simd.largest_each(largest), simd.largest_each(negated));
        }
        let (mut scales, mut inverses) = ([0.0; LANES], [0.0; LANES]);
        let (above, below) = (simd.load(&above), simd.load(&below));
        let (largest, other) = (simd.max(above, below), simd.max(simd.min(above, below), zero));
        let (highest, lowest) = (simd.splat(1.0 / HIGHEST as f32), simd.splat(-1.0 / LOWEST as f32));
        let scale = simd.max(simd.mul(largest, highest), simd.mul(other, lowest));
        // The value of the largest magnitude has the positive end of the range.
        let sign = simd.select_less(above, below, simd.splat(-1.0), simd.splat(1.0));
        let is_tiny = simd.splat(TINY);
        simd.store(simd.select_less(is_tiny, largest, simd.mul(sign, scale), zero), &mut scales);
        simd.store(simd.select_less(is_tiny, largest, simd.div(sign, scale), zero), &mut inverses);
        let mut bytes = [[0; 2 * BLOCK]; LANES / 2];
        // Of each block the sums of both halves.
        let mut sums = [[0_i32; 2]; LANES];
        for (pair, x) in x.chunks(2).enumerate() {
            let (first, second) = (halves(simd, &x[0]), halves(simd, &x[x.len() - 1]));
            let (one, other) = (simd.splat(inverses[2 * pair]), simd.splat(inverses[2 * pair + 1]));
            let line = simd.pack_bytes([
                simd.bits(simd.mul_add(first.0, one, round)),
                simd.bits(simd.mul_add(first.1, one, round)),
                simd.bits(simd.mul_add(second.0, other, round)),
                simd.bits(simd.mul_add(second.1, other, round)),
            ]);
            simd.store_int(line, &mut bytes[pair]);
            let quads = simd.sum_quads(simd.dot(simd.splat_int(0), simd.splat_int(0x0101_0101), line));
            (sums[2 * pair], sums[2 * pair + 1]) = ([quads[0], quads[1]], [quads[2], quads[3]]);
        }
        let bytes = bytes.as_flattened().as_chunks::<BLOCK>().0;
        for (block, words) in words.as_chunks_mut::<WORDS>().0.iter_mut().enumerate() {
            for (word, bytes) in words.iter_mut().zip(bytes[block].as_chunks().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            let ([low, high], scale) = (sums[block], scales[block]);
            words[SCALE] = scale.to_bits();
            words[SCALED_SUM] = (scale * (low + high) as f32).to_bits();
            words[NEGATED_SUM] = (-(low + high)).cast_unsigned();
            words[NEGATED_HALF] = (-low).cast_unsigned();
        }
    }
    // What is no number must not become one.
    if simd.sum(simd.add(simd.add(spoilt[0], spoilt[1]), simd.add(spoilt[2], spoilt[3]))).is_nan() {
        for words in words.as_chunks_mut::<WORDS>().0 {
            words[SCALE] = f32::NAN.to_bits();
            words[SCALED_SUM] = f32::NAN.to_bits();
        }
    }
}

#[inline(always)]
fn halves<S: Simd>(simd: S, block: &[f32; BLOCK]) -> (S::F, S::F) {
    let (halves, _) = block.as_chunks::<LANES>();
    (simd.load(&halves[0]), simd.load(&halves[1]))
}

/// Adding it rounds to an integer, ties to even, and leaves that in the lowest bits.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// Below it, the quotient of 127 and the largest magnitude would not be finite.
const TINY: f32 = 1e-36;

/// What signed bytes of values up to a magnitude are multiplied by, and what the values are.
#[inline(always)]
pub(crate) fn scale_of(largest: f32) -> (f32, f32) {
    if largest > TINY { (largest / 127.0, 127.0 / largest) } else { (0.0, 0.0) }
}

#[inline(always)]
pub(crate) fn magnitude<S: Simd>(simd: S, x: S::F) -> S::F {
    simd.bitcast(simd.and(simd.bits(x), simd.splat_int(0x7fff_ffff)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{every_isa, random};

    #[test]
    fn tiles_hold_every_row_once() {
        for widest in [2, 4, 6, WIDE] {
            for rows in 0..70 {
                let tiling = Tiling::of(rows, widest);
                let mut next = 0;
                for index in 0..tiling.tiles() {
                    let tile = tiling.tile(index);
                    assert_eq!(tile.first, next);
                    assert!(tile.count > 0 && tile.count <= tile.width && [1, 2, 4, 6, WIDE].contains(&tile.width));
                    assert_eq!(tiling.tile_of(next), index);
                    next += tile.count;
                }
                assert_eq!(next, rows);
            }
        }
    }

    #[test]
    fn quants_are_close_and_their_sums_exact() {
        for kernels in every_isa(2) {
            for (rows, cols) in [(0, 32), (1, 32), (3, 96), (13, 64), (37, 32)] {
                let x = random(9, rows * cols);
                let mut quantized = Quantized::default();
                kernels.quantize_rows(&x, cols, &mut quantized);
                for tile in (0..quantized.tiling().tiles()).map(|i| quantized.tiling().tile(i)) {
                    for (row, block) in (0..tile.count).flat_map(|row| (0..cols / BLOCK).map(move |block| (row, block)))
                    {
                        let words = &quantized.words(tile)[block * WORDS * tile.width..];
                        let word = |i: usize| words[place(i, row, tile.width)];
                        let quants: Vec<i8> =
                            (0..STEPS).flat_map(|i| word(i).to_le_bytes()).map(u8::cast_signed).collect();
                        let scale = f32::from_bits(word(SCALE));
                        let x = &x[(tile.first + row) * cols + block * BLOCK..][..BLOCK];
                        for (x, quant) in x.iter().zip(&quants) {
                            assert!((x - scale * f32::from(*quant)).abs() <= 0.5001 * scale.abs());
                            assert!(i32::from(*quant) >= LOWEST);
                        }
                        let sum = |n: usize| quants[..n].iter().map(|q| i32::from(*q)).sum::<i32>();
                        assert_eq!(word(NEGATED_SUM).cast_signed(), -sum(32));
                        assert_eq!(word(NEGATED_HALF).cast_signed(), -sum(16));
                        assert_eq!(f32::from_bits(word(SCALED_SUM)), scale * sum(32) as f32);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_none() {
        for kernels in every_isa(1) {
            for (bad, at) in [(f32::NAN, 0), (f32::INFINITY, 31), (f32::NEG_INFINITY, 17)] {
                let mut x = vec![1.0; 32];
                x[at] = bad;
                let mut quantized = Quantized::default();
                kernels.quantize_rows(&x, 32, &mut quantized);
                let words = quantized.words(quantized.tiling().tile(0));
                assert!(!f32::from_bits(words[SCALE]).is_finite(), "{bad} on {}", kernels.isa());
            }
            let mut x = [0.0; 32];
            (x[3], x[19]) = (-f32::MAX, f32::MAX);
            let mut quantized = Quantized::default();
            kernels.quantize_rows(&x, 32, &mut quantized);
            let words = quantized.words(quantized.tiling().tile(0));
            let quants = [words[0].to_le_bytes()[3], words[4].to_le_bytes()[3]].map(u8::cast_signed);
            assert!(
                f32::from_bits(words[SCALE]).is_finite() && quants == [-113, 113],
                "{quants:?} on {}",
                kernels.isa()
            );
            kernels.quantize_rows(&[1e-42; 32], 32, &mut quantized);
            assert!(quantized.words(quantized.tiling().tile(0)).iter().all(|word| *word == 0));
        }
    }
}
