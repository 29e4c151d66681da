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

/// The eighths of a thread's share with which its tasks end where each reads weights of its own: first a long piece, because it is one
/// stream of memory, then pieces that even out what other processes take of a core.
const ENDS: [usize; 3] = [6, 7, 8];

/// The ranges of a product's tasks.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Tiles of activations.
    pub(super) tiles: Vec<Range<usize>>,
    /// Their rows.
    pub(super) rows: Vec<Range<usize>>,
    pub(super) pieces: Vec<Piece>,
    /// With which piece the share of each thread begins; nothing where rows are shared out.
    pub(super) shares: Vec<usize>,
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
            let bytes = match cut.shares.get(thread).and_then(|piece| cut.pieces.get(*piece)) {
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
        let (threads, tiles, m) = (self.pool().threads(), tiling.tiles(), tiling.rows());
        // Of quantized activations; floats take more.
        let tile_bytes = tiling.tile(0).width * k.div_ceil(BLOCK).max(1) * size_of::<[u32; WORDS]>();
        let per_task = if m < MANY_ROWS || threads == 1 && m * k * 4 <= ROWS_BYTES {
            tiles
        } else {
            tiles.div_ceil(tiles.div_ceil((ROWS_BYTES / tile_bytes).max(1)).next_multiple_of(threads))
        };
        into.tiles.clear();
        into.tiles.extend((0..tiles).step_by(per_task.max(1)).map(|tile| tile..tiles.min(tile + per_task)));
        into.rows.clear();
        into.rows.extend(into.tiles.iter().map(|tiles| tiling.rows_of(tiles.clone())));
        into.cut_columns(
            rows,
            match threads {
                1 => Division::Pieces(1),
                _ if per_task < tiles => Division::Pieces(TASKS_PER_THREAD),
                _ => Division::Shares(threads),
            },
        );
    }
}

/// How columns are cut.
#[derive(Clone, Copy)]
enum Division {
    /// Into so many equal pieces.
    Pieces(usize),
    /// Into the shares of so many threads.
    Shares(usize),
}

impl Cut {
    /// Cuts the columns of matrices of so many rows: into whole pairs of groups.
    fn cut_columns(&mut self, rows: impl Iterator<Item = usize> + Clone, into: Division) {
        let n: usize = rows.clone().sum();
        let end_of = |index: usize| match into {
            Division::Pieces(count) => n * (index + 1) / count,
            Division::Shares(threads) => n * (8 * (index / ENDS.len()) + ENDS[index % ENDS.len()]) / (8 * threads),
        };
        self.pieces.clear();
        self.shares.clear();
        let (mut index, mut offset) = (0, 0);
        for (part, rows) in rows.enumerate() {
            let (end, mut first) = (offset + rows, offset);
            while first < end {
                while end_of(index) <= first {
                    index += 1;
                }
                if let Division::Shares(_) = into {
                    let thread = index / ENDS.len();
                    self.shares.resize(self.shares.len().max(thread + 1), self.pieces.len());
                }
                let next = end.min(offset + (end_of(index) - offset).next_multiple_of(2 * LANES));
                self.pieces.push(Piece { part, offset, columns: first..next });
                first = next;
            }
            offset = end;
        }
    }
}

/// What a product reads for some columns of its output, where the matrix is quantized by block.
fn bytes_of<'a>(matrix: &'a Matrix, columns: &Range<usize>) -> &'a [u8] {
    match &matrix.data {
        Data::Blocks(packed) => packed.groups(columns.start / LANES..columns.end.div_ceil(LANES)),
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_whole_pairs_of_groups_and_shares_are_equal() {
        let matrices = [vec![960], vec![576, 192, 192], vec![1], vec![31, 64, 7], vec![49_152], vec![40; 9]];
        for (rows, threads) in matrices.iter().flat_map(|rows| (1..6).map(move |threads| (rows, threads))) {
            let n: usize = rows.iter().sum();
            for into in [Division::Pieces(threads), Division::Shares(threads)] {
                let mut cut = Cut::default();
                cut.cut_columns(rows.iter().copied(), into);
                let mut next = 0;
                for Piece { part, offset, columns } in &cut.pieces {
                    assert_eq!(*offset, rows[..*part].iter().sum::<usize>());
                    assert_eq!(columns.start, next);
                    assert!((columns.start - offset).is_multiple_of(2 * LANES), "{columns:?} of {rows:?}");
                    assert!(columns.end > columns.start && columns.end <= offset + rows[*part]);
                    next = columns.end;
                }
                assert_eq!(next, n, "all columns of {rows:?}");
                for (thread, piece) in cut.shares.iter().enumerate() {
                    let first = cut.pieces[*piece].columns.start;
                    // Pieces begin with whole pairs of groups.
                    assert!(
                        first >= n * thread / threads
                            && first < n * thread / threads + 2 * LANES + rows.len() * 2 * LANES
                    );
                }
            }
        }
    }
}
