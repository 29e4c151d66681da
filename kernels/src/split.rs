//! Parallel loops that write: each task gets its own part of the output.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Range;
use std::slice;

use crate::pool::Pool;
use crate::quantized::{RowTile, Tiling, WORDS};

/// A rectangle of a row-major matrix: some rows, and of each the same columns.
pub(crate) struct Tile<'a, T = f32> {
    /// The first element of what there is of the matrix, and which row and column that is.
    matrix: *mut T,
    origin: [usize; 2],
    row_len: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    owner: PhantomData<&'a mut [T]>,
}

impl<'a, T> Tile<'a, T> {
    /// A tile that has memory of its own, (rows, columns).
    pub(crate) fn apart(memory: &'a mut [T], rows: Range<usize>, columns: Range<usize>) -> Self {
        assert!(
            memory.len() == rows.len() * columns.len(),
            "memory of a tile of rows {rows:?} and columns {columns:?}"
        );
        let (origin, row_len) = ([rows.start, columns.start], columns.len());
        Tile { matrix: memory.as_mut_ptr(), origin, row_len, rows, columns, owner: PhantomData }
    }

    /// The columns of this tile.
    pub(crate) fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// The rows of this tile.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// This tile's part of row `row` of the matrix.
    pub(crate) fn row(&mut self, row: usize) -> &mut [T] {
        assert!(self.rows.contains(&row), "row {row} outside of tile of rows {:?}", self.rows);
        let [first_row, first_column] = self.origin;
        // SAFETY: `for_tiles`, or `apart`, checked that the row and columns lie in the matrix, that no other tile
        // overlaps this one, and that the matrix outlives it; `&mut self` keeps a second slice away.
        unsafe {
            let first = self.matrix.add((row - first_row) * self.row_len + self.columns.start - first_column);
            slice::from_raw_parts_mut(first, self.columns.len())
        }
    }
}

/// A pointer that tasks on other threads may copy.
struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: it is dereferenced in disjoint parts only, whose elements may go to other threads.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

/// Calls `task` for each tile of `out` (rows, `row_len`): `row_ranges` by columns in steps of `width`.
///
/// `task` also gets the index of its row range. `row_ranges` must be ascending and disjoint. Tasks are in the order of the ranges, so
/// that [shares](crate::Pool) are of neighbouring rows.
pub(crate) fn for_tiles(
    pool: &Pool,
    out: &mut [f32],
    row_len: usize,
    row_ranges: &[Range<usize>],
    width: usize,
    task: &(dyn Fn(usize, Tile<'_>) + Sync),
) {
    if row_len == 0 || width == 0 {
        return;
    }
    let range = |i: usize| i * width..((i + 1) * width).min(row_len);
    let columns = Columns { count: row_len.div_ceil(width), range: &range, shares: &[] };
    for_grid(pool, out, row_len, row_ranges, columns, task);
}

/// How the columns of a matrix are cut. Together with how its rows are, this makes cells, which are numbered row by row.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) count: usize,
    /// The ranges: ascending and disjoint.
    pub(crate) range: &'a dyn Fn(usize) -> Range<usize>,
    /// With which cell the share of each thread begins, as far as threads have one; if there is nothing here, shares are equal.
    pub(crate) shares: &'a [usize],
}

/// As [`for_tiles`], by `columns`.
pub(crate) fn for_grid<T: Send>(
    pool: &Pool,
    out: &mut [T],
    row_len: usize,
    row_ranges: &[Range<usize>],
    columns: Columns<'_>,
    task: &(dyn Fn(usize, Tile<'_, T>) + Sync),
) {
    let rows = out.len().checked_div(row_len).unwrap_or_default();
    assert_ascending(row_ranges.iter().cloned(), rows, "rows");
    let matrix = Shared(out.as_mut_ptr());
    for_cells(pool, row_ranges.len(), columns, row_len, &|range, columns| {
        // Use the whole wrapper, not its field, in this closure: the field alone is not `Sync`.
        let Shared(matrix) = { matrix };
        let rows = row_ranges[range].clone();
        task(range, Tile { matrix, origin: [0, 0], row_len, rows, columns, owner: PhantomData });
    });
}

/// Calls `task` for each cell of `down` by `columns`, which are checked to be ascending, disjoint and below `limit`.
fn for_cells(
    pool: &Pool,
    down: usize,
    columns: Columns<'_>,
    limit: usize,
    task: &(dyn Fn(usize, Range<usize>) + Sync),
) {
    let Columns { count, range, shares } = columns;
    // The caller's function is asked once for each range, so that it cannot change its mind after the check.
    let mut ranges = RANGES.take();
    ranges.clear();
    ranges.extend((0..count).map(range));
    assert_ascending(ranges.iter().cloned(), limit, "columns");
    let columns = ranges.as_slice();
    let cell = |i: usize| task(i / count, columns[i % count].clone());
    if shares.is_empty() {
        pool.run(down * count, &cell);
    } else {
        pool.run_shares(down * count, shares, &cell);
    }
    RANGES.set(ranges);
}

/// Some rows of a matrix, which one task owns, and of each the same columns.
pub(crate) struct Owned<'a, T> {
    /// The first element of the matrix.
    matrix: *mut T,
    row_len: usize,
    columns: Range<usize>,
    /// The owner of each row, and whose rows these are.
    owners: &'a [u32],
    owner: u32,
    of: PhantomData<&'a mut [T]>,
}

impl<T> Owned<'_, T> {
    /// The columns of these rows.
    pub(crate) fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// Its part of row `row` of the matrix, if that is one of its own.
    pub(crate) fn row(&mut self, row: usize) -> Option<&mut [T]> {
        if self.owners[row] != self.owner {
            return None;
        }
        // SAFETY: `for_owned` checked that rows that have owners and the columns lie in the matrix, which outlives it; a row has
        // one owner, whose other tasks have other columns, and `&mut self` keeps a second slice away.
        unsafe {
            let first = self.matrix.add(row * self.row_len + self.columns.start);
            Some(slice::from_raw_parts_mut(first, self.columns.len()))
        }
    }
}

/// Calls `task` for each of `count` owners of rows of `out` (rows, `row_len`), by `columns`; `owners` names that of each row.
pub(crate) fn for_owned<T: Send>(
    pool: &Pool,
    out: &mut [T],
    row_len: usize,
    (owners, count): (&[u32], usize),
    columns: Columns<'_>,
    task: &(dyn Fn(Owned<'_, T>) + Sync),
) {
    let fits = owners.len().checked_mul(row_len).is_some_and(|needed| needed <= out.len());
    assert!(fits, "owners of {} rows of {row_len} elements", owners.len());
    let matrix = Shared(out.as_mut_ptr());
    for_cells(pool, count, columns, row_len, &|owner, columns| {
        let Shared(matrix) = { matrix };
        task(Owned { matrix, row_len, columns, owners, owner: owner as u32, of: PhantomData });
    });
}

/// Some tiles of quantized activations, and of each the same blocks of columns.
pub(crate) struct BlockTile<'a> {
    /// The first word of all tiles.
    words: *mut u32,
    tiling: Tiling,
    /// Words of a row.
    row_words: usize,
    tiles: Range<usize>,
    blocks: Range<usize>,
    owner: PhantomData<&'a mut [u32]>,
}

impl BlockTile<'_> {
    /// The tiles, by number.
    pub(crate) fn tiles(&self) -> Range<usize> {
        self.tiles.clone()
    }

    /// The blocks, by number.
    pub(crate) fn blocks(&self) -> Range<usize> {
        self.blocks.clone()
    }

    /// The words of the blocks in tile `index`.
    pub(crate) fn tile(&mut self, index: usize) -> (RowTile, &mut [u32]) {
        assert!(self.tiles.contains(&index), "tile {index} outside of tiles {:?}", self.tiles);
        let tile = self.tiling.tile(index);
        let block_words = WORDS * tile.width;
        // SAFETY: `for_blocks` checked that all tiles have room, that the blocks lie in their rows, that nobody else has some
        // of them in these tiles, and that the words outlive it; `&mut self` keeps a second slice away.
        let words = unsafe {
            let first = self.words.add(tile.first * self.row_words + self.blocks.start * block_words);
            slice::from_raw_parts_mut(first, self.blocks.len() * block_words)
        };
        (tile, words)
    }
}

/// Calls `task` for ranges of the tiles of quantized activations in `words`, of which a row takes `row_words`, by columns that are
/// ranges of blocks. `tile_ranges` must be ascending and disjoint.
pub(crate) fn for_blocks(
    pool: &Pool,
    (words, row_words, tiling): (&mut [u32], usize, Tiling),
    tile_ranges: &[Range<usize>],
    columns: Columns<'_>,
    task: &(dyn Fn(BlockTile<'_>) + Sync),
) {
    assert_eq!(words.len(), tiling.room() * row_words, "words of all tiles");
    assert_ascending(tile_ranges.iter().cloned(), tiling.tiles(), "tiles");
    let words = Shared(words.as_mut_ptr());
    for_cells(pool, tile_ranges.len(), columns, row_words / WORDS, &|range, blocks| {
        let Shared(words) = { words };
        let tiles = tile_ranges[range].clone();
        task(BlockTile { words, tiling, row_words, tiles, blocks, owner: PhantomData });
    });
}

thread_local! {
    /// The ranges of a call, kept to be used again.
    static RANGES: Cell<Vec<Range<usize>>> = const { Cell::new(Vec::new()) };
}

fn assert_ascending(ranges: impl Iterator<Item = Range<usize>>, limit: usize, what: &str) {
    let mut end = 0;
    for range in ranges {
        assert!(
            end <= range.start && range.start <= range.end && range.end <= limit,
            "{what} {range:?} of {limit} overlap others or are out of bounds"
        );
        end = range.end;
    }
}

/// Calls `task` for consecutive parts of `out` of `part` elements, the last of which may be shorter, with
/// the index of their first element.
pub(crate) fn for_parts<T: Send>(pool: &Pool, out: &mut [T], part: usize, task: &(dyn Fn(usize, &mut [T]) + Sync)) {
    let (len, part) = (out.len(), part.max(1));
    let first = Shared(out.as_mut_ptr());
    pool.run(len.div_ceil(part), &|i| {
        let Shared(first) = { first };
        let start = i * part;
        // SAFETY: parts lie within `out`, which outlives the call, and do not overlap.
        let part = unsafe { slice::from_raw_parts_mut(first.add(start), part.min(len - start)) };
        task(start, part);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_their_rows_and_columns_once() {
        let pool = Pool::new(3);
        for (rows, row_len, width) in [(1, 1, 1), (4, 7, 3), (5, 8, 8), (6, 5, 9)] {
            let mut out = vec![0.0; rows * row_len];
            let ranges = [0..1, 1..1, 1..rows.div_ceil(2), rows.div_ceil(2)..rows];
            for_tiles(&pool, &mut out, row_len, &ranges, width, &|range, mut tile| {
                for row in ranges[range].clone() {
                    let columns = tile.columns();
                    for (x, column) in tile.row(row).iter_mut().zip(columns) {
                        *x += (row * row_len + column + 1) as f32;
                    }
                }
            });
            let want: Vec<f32> = (1..=rows * row_len).map(|i| i as f32).collect();
            assert_eq!(out, want);
        }
    }

    #[test]
    fn blocks_of_tiles_are_covered_once() {
        let pool = Pool::new(2);
        for rows in [1, 7, 15] {
            let (tiling, row_words) = (Tiling::of(rows, 6), 5 * WORDS);
            let mut words = vec![0_u32; tiling.room() * row_words];
            let half = tiling.tiles().div_ceil(2);
            let (ranges, blocks) = ([0..half, half..tiling.tiles()], [0..2, 2..5]);
            let columns = Columns { count: 2, range: &|i| blocks[i].clone(), shares: &[] };
            for_blocks(&pool, (&mut words, row_words, tiling), &ranges, columns, &|mut cell| {
                for index in cell.tiles() {
                    let (tile, words) = cell.tile(index);
                    words.iter_mut().for_each(|word| *word += 1 + tile.first as u32);
                }
            });
            let tiles = (0..tiling.tiles()).map(|index| tiling.tile(index));
            let want: Vec<u32> = tiles.flat_map(|tile| vec![1 + tile.first as u32; tile.width * row_words]).collect();
            assert_eq!(words, want);
        }
    }

    #[test]
    fn every_row_is_its_owners_alone() {
        let owners = [1, 0, 2, 1, 0];
        for threads in [1, 2, 4] {
            let mut out = [0; 5 * 7 + 3];
            for shares in [&[][..], &[0, 5], &[0, 0, 3]] {
                let columns = Columns { count: 2, range: &|i| [0..3, 3..7][i].clone(), shares };
                for_owned(&Pool::new(threads), &mut out, 7, (&owners, 3), columns, &|mut owned| {
                    for row in (0..owners.len()).rev() {
                        let first = owned.columns().start;
                        for x in owned.row(row).into_iter().flatten() {
                            *x += 1 + first;
                        }
                    }
                });
            }
            let row = [3, 3, 3, 12, 12, 12, 12];
            assert_eq!(out[..35], [row; 5].concat());
            assert_eq!(out[35..], [0; 3], "rows without an owner");
        }
    }

    #[test]
    #[should_panic(expected = "overlap")]
    fn overlapping_rows_are_refused() {
        for_tiles(&Pool::new(1), &mut [0.0; 4], 1, &[0..2, 1..3], 1, &|_, _| {});
    }

    #[test]
    #[should_panic(expected = "owners of 4 rows")]
    fn rows_beyond_the_matrix_are_refused_however_long() {
        let columns = Columns { count: 1, range: &|_| 0..1, shares: &[] };
        for_owned(&Pool::new(1), &mut [0.0_f32; 4], 1 << 62, (&[0; 4], 1), columns, &|_| {});
    }

    #[test]
    fn parts_cover_everything() {
        let mut out = [0.0; 10];
        for_parts(&Pool::new(2), &mut out, 4, &|start, part| part.iter_mut().for_each(|x| *x = start as f32));
        assert_eq!(out, [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0, 8.0, 8.0]);
    }
}
