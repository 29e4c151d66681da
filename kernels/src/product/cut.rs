//! How a product is shared out: ranges of activations and of weights, each pair of which is a task.

use std::cell::Cell;
use std::ops::Range;

use crate::matrix::Data;
use crate::packed::BLOCK;
use crate::quantized::{Tiling, WORDS};
use crate::simd::LANES;
use crate::{Kernels, Matrix};

/// Rows of activations from which they are shared out to tasks, and not the weights alone.
const MANY_ROWS: usize = 64;

/// Bytes of activations that a task reads again and again: somewhat more than half of a second-level cache.
const ROWS_BYTES: usize = 5 << 17;

/// Tasks per thread where all read the same weights: enough to even out what other processes take of a core.
const TASKS_PER_THREAD: usize = 4;

/// Where each task reads weights of its own, every thread first gets one long piece, so that it reads one stream of memory;
/// the rest is in pieces of this part of it, which even out what other processes take of a core.
const REST: usize = 8;

/// The ranges of a product's tasks.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Tiles of activations.
    pub(super) tiles: Vec<Range<usize>>,
    /// Their rows.
    pub(super) rows: Vec<Range<usize>>,
    pub(super) pieces: Vec<Piece>,
    /// How many pieces are long: three quarters of all columns together.
    long: usize,
}

/// Some columns of one matrix of a product.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Which matrix.
    pub(super) part: usize,
    /// Where its columns begin.
    pub(super) offset: usize,
    pub(super) columns: Range<usize>,
}

thread_local! {
    /// The ranges of a call, kept to be used again.
    pub(super) static CUT: Cell<Cut> = Cell::default();
}

impl Kernels {
    /// Says which matrices the next product of `rows` rows is of, side by side or, if `gated`, the first gating the second.
    /// Nothing but time depends on it: threads that wait fetch the weights that they begin with.
    pub fn fetch_ahead(&self, rows: usize, by: &[&Matrix], gated: bool) {
        let threads = self.pool().threads();
        if threads == 1 {
            return;
        }
        let mut cut = CUT.take();
        let parts = if gated { &by[..by.len().min(1)] } else { by };
        let k = by.first().map_or(0, |matrix| matrix.cols());
        self.cut(Tiling::of(rows, self.widest()), k, parts.iter().map(|matrix| matrix.rows()), &mut cut);
        for thread in 0..threads {
            let bytes = match cut.pieces[..cut.long].get(thread) {
                Some(Piece { part, offset, columns }) => {
                    let columns = columns.start - offset..columns.end - offset;
                    let second = by.get(1).filter(|_| gated);
                    [bytes_of(by[*part], &columns), second.map_or(&[], |second| bytes_of(second, &columns))]
                }
                None => [&[][..]; 2],
            };
            self.pool().fetch_ahead(thread, bytes);
        }
        CUT.set(cut);
    }

    /// Cuts a product of activations of `k` columns and matrices of so many rows.
    pub(super) fn cut(&self, tiling: Tiling, k: usize, rows: impl Iterator<Item = usize> + Clone, into: &mut Cut) {
        let (threads, tiles, n) = (self.pool().threads(), tiling.tiles(), rows.clone().sum::<usize>());
        let m = tiling.rows();
        let (per_task, long, piece) = if threads == 1 && m * k * 4 <= ROWS_BYTES {
            (tiles, 0, n)
        } else if m < MANY_ROWS {
            (tiles, threads, n / (threads * REST))
        } else {
            // Of quantized activations; floats take more.
            let fits =
                (ROWS_BYTES / (tiling.tile(0).width * k.div_ceil(BLOCK).max(1) * size_of::<[u32; WORDS]>())).max(1);
            (tiles.div_ceil(tiles.div_ceil(fits).next_multiple_of(threads)), 0, n.div_ceil(TASKS_PER_THREAD))
        };
        let Cut { tiles: of_tiles, rows: of_rows, pieces, .. } = into;
        of_tiles.clear();
        of_tiles.extend((0..tiles).step_by(per_task.max(1)).map(|tile| tile..tiles.min(tile + per_task)));
        of_rows.clear();
        of_rows.extend(of_tiles.iter().map(|tiles| tiling.rows_of(tiles.clone())));
        pieces.clear();
        let mut offset = 0;
        for (part, rows) in rows.enumerate() {
            let (end, mut first) = (offset + rows, offset);
            while first < end {
                let len = if pieces.len() < long { 6 * n / (8 * long) } else { piece };
                // Whole pairs of groups.
                let next = end.min(first + len.max(1).next_multiple_of(2 * LANES));
                pieces.push(Piece { part, offset, columns: first..next });
                first = next;
            }
            offset = end;
        }
        into.long = long.min(into.pieces.len());
    }
}

/// What a product reads for some columns of its output, where the matrix is quantized by block.
fn bytes_of<'a>(matrix: &'a Matrix, columns: &Range<usize>) -> &'a [u8] {
    match &matrix.data {
        Data::Blocks(packed) => packed.groups(columns.start / LANES..columns.end.div_ceil(LANES)),
        _ => &[],
    }
}
