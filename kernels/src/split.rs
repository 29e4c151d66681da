//! Parallel loops that write: each task gets its own part of the output.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::ops::Range;
use std::slice;

use crate::pool::Pool;

/// A rectangle of a row-major matrix: some rows, and of each the same columns.
pub(crate) struct Tile<'a> {
    /// The first element of the matrix.
    matrix: *mut f32,
    row_len: usize,
    rows: Range<usize>,
    columns: Range<usize>,
    owner: PhantomData<&'a mut [f32]>,
}

impl Tile<'_> {
    /// The columns of this tile.
    pub(crate) fn columns(&self) -> Range<usize> {
        self.columns.clone()
    }

    /// This tile's part of row `row` of the matrix.
    pub(crate) fn row(&mut self, row: usize) -> &mut [f32] {
        assert!(self.rows.contains(&row), "row {row} outside of tile of rows {:?}", self.rows);
        // SAFETY: `for_tiles` checked that the row and columns lie in the matrix, that no other tile
        // overlaps this one, and that the matrix outlives it; `&mut self` keeps a second slice away.
        unsafe {
            let first = self.matrix.add(row * self.row_len + self.columns.start);
            slice::from_raw_parts_mut(first, self.columns.len())
        }
    }
}

/// A pointer that tasks on other threads may copy.
#[derive(Clone, Copy)]
struct Matrix(*mut f32);

// SAFETY: it is dereferenced through disjoint tiles only.
unsafe impl Send for Matrix {}
// SAFETY: as above.
unsafe impl Sync for Matrix {}

/// Calls `task` for each tile of `out` (rows, `row_len`): `row_ranges` by columns in steps of `width`.
///
/// `task` also gets the index of its row range. `row_ranges` must be ascending and disjoint.
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
    let rows = out.len() / row_len;
    let mut end = 0;
    for range in row_ranges {
        assert!(
            end <= range.start && range.start <= range.end && range.end <= rows,
            "rows {range:?} of {rows} overlap others or are out of bounds"
        );
        end = range.end;
    }
    let across = row_len.div_ceil(width);
    let matrix = Matrix(out.as_mut_ptr());
    pool.run(row_ranges.len() * across, &|i| {
        // Use the whole wrapper, not its field, in this closure: the field alone is not `Sync`.
        let Matrix(matrix) = { matrix };
        // Row ranges vary fastest: concurrent tasks share their columns' weights.
        let (column, range) = (i / row_ranges.len(), i % row_ranges.len());
        let columns = column * width..((column + 1) * width).min(row_len);
        task(range, Tile { matrix, row_len, rows: row_ranges[range].clone(), columns, owner: PhantomData });
    });
}

/// Calls `task` for consecutive parts of `out` of `part` elements, the last of which may be shorter, with
/// the index of their first element.
pub(crate) fn for_parts(pool: &Pool, out: &mut [f32], part: usize, task: &(dyn Fn(usize, &mut [f32]) + Sync)) {
    let (len, row) = (out.len(), 0..1);
    for_tiles(pool, out, len, slice::from_ref(&row), part, &|_, mut tile| task(tile.columns().start, tile.row(0)));
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
    #[should_panic(expected = "overlap")]
    fn overlapping_rows_are_refused() {
        for_tiles(&Pool::new(1), &mut [0.0; 4], 1, &[0..2, 1..3], 1, &|_, _| {});
    }

    #[test]
    fn parts_cover_everything() {
        let mut out = [0.0; 10];
        for_parts(&Pool::new(2), &mut out, 4, &|start, part| part.iter_mut().for_each(|x| *x = start as f32));
        assert_eq!(out, [0.0, 0.0, 0.0, 0.0, 4.0, 4.0, 4.0, 4.0, 8.0, 8.0]);
    }
}
