//! Sparse matrices by row, in the one form that all item-item models share.

use std::ops::Range;

use rayon::prelude::*;

/// A matrix of which most elements are 0: for each row its columns, ascending, and their values.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::recommend) struct Sparse {
    /// Where each row starts; (rows + 1)
    pub(in crate::recommend) starts: Vec<usize>,
    /// (values)
    pub(in crate::recommend) columns: Vec<u32>,
    /// (values)
    pub(in crate::recommend) values: Vec<f32>,
}

impl Default for Sparse {
    /// No rows.
    fn default() -> Self {
        Self { starts: vec![0], columns: Vec::new(), values: Vec::new() }
    }
}

impl Sparse {
    /// Takes the rows in order, each with its columns ascending.
    pub(in crate::recommend) fn from_rows(rows: impl IntoIterator<Item = Vec<(u32, f32)>>) -> Self {
        let mut sparse = Self::default();
        rows.into_iter().for_each(|row| sparse.push(row));
        sparse
    }

    /// Adds a row, its columns ascending.
    pub(in crate::recommend) fn push(&mut self, row: impl IntoIterator<Item = (u32, f32)>) {
        for (column, value) in row {
            self.columns.push(column);
            self.values.push(value);
        }
        self.starts.push(self.columns.len());
    }

    /// Where the values of a row are among all; none of a row that there is not.
    pub(in crate::recommend) fn range(&self, row: usize) -> Option<Range<usize>> {
        Some(*self.starts.get(row)?..*self.starts.get(row + 1)?)
    }

    /// How many rows there are.
    pub(in crate::recommend) fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The columns and values of a row.
    pub(in crate::recommend) fn row(&self, row: usize) -> impl ExactSizeIterator<Item = (u32, f32)> {
        let range = self.starts[row]..self.starts[row + 1];
        self.columns[range.clone()].iter().copied().zip(self.values[range].iter().copied())
    }

    /// The transpose, (columns, rows).
    pub(in crate::recommend) fn transposed(&self, columns: usize) -> Self {
        let mut starts = vec![0; columns + 1];
        self.columns.iter().for_each(|&column| starts[column as usize + 1] += 1);
        for column in 0..columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut transposed =
            Self { starts, columns: vec![0; self.columns.len()], values: vec![0.0; self.columns.len()] };
        for row in 0..self.rows() {
            for (column, value) in self.row(row) {
                let place = &mut next[column as usize];
                transposed.columns[*place] = row as u32;
                transposed.values[*place] = value;
                *place += 1;
            }
        }
        transposed
    }

    /// Adds `weight` times each of some rows to `out`, (columns).
    pub(in crate::recommend) fn add_rows(&self, rows: impl Iterator<Item = (usize, f32)>, out: &mut [f32]) {
        for (row, weight) in rows {
            self.row(row).for_each(|(column, value)| out[column as usize] += weight * value);
        }
    }

    /// For every row of `self` (rows, inner) its product with `other` (inner, columns), handed to `finish` as the
    /// columns that are not 0, ascending; the results in order of the rows.
    pub(in crate::recommend) fn product_rows<R: Send>(
        &self,
        other: &Self,
        columns: usize,
        finish: impl Fn(usize, Vec<(u32, f32)>) -> R + Sync,
    ) -> Vec<R> {
        let work = |(sums, touched): &mut (Vec<f32>, Vec<u32>), row: usize| {
            for (inner, weight) in self.row(row) {
                for (column, value) in other.row(inner as usize) {
                    let sum = &mut sums[column as usize];
                    if *sum == 0.0 {
                        touched.push(column);
                    }
                    *sum += weight * value;
                }
            }
            touched.sort_unstable();
            touched.dedup();
            let found = touched.drain(..).map(|column| (column, std::mem::take(&mut sums[column as usize])));
            finish(row, found.collect())
        };
        (0..self.rows()).into_par_iter().map_init(|| (vec![0.0; columns], Vec::new()), work).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn dense(sparse: &Sparse, columns: usize) -> Vec<Vec<f32>> {
        let row = |row| {
            let mut dense = vec![0.0; columns];
            sparse.row(row).for_each(|(column, value)| dense[column as usize] += value);
            dense
        };
        (0..sparse.rows()).map(row).collect()
    }

    prop_compose! {
        fn matrix(columns: u32)(rows in prop::collection::vec(
            prop::collection::btree_map(0..columns, -4i8..5, 0..5), 1..7)) -> Sparse {
            Sparse::from_rows(rows.into_iter().map(|row| row.into_iter().map(|(c, v)| (c, f32::from(v))).collect()))
        }
    }

    proptest! {
        #[test]
        fn products_and_transposes_are_those_of_dense_matrices(a in matrix(6), b in matrix(9)) {
            let b = Sparse::from_rows((0..6).map(|row| if row < b.rows() { b.row(row).collect() } else { Vec::new() }));
            let (left, right) = (dense(&a, 6), dense(&b, 9));
            let product = a.product_rows(&b, 9, |_, row| row);
            let product = dense(&Sparse::from_rows(product), 9);
            for (i, row) in product.iter().enumerate() {
                for (j, &value) in row.iter().enumerate() {
                    prop_assert_eq!(value, (0..6).map(|k| left[i][k] * right[k][j]).sum::<f32>());
                }
            }
            let turned = dense(&a.transposed(6), a.rows());
            for (i, row) in left.iter().enumerate() {
                row.iter().enumerate().for_each(|(j, &value)| assert_eq!(turned[j][i], value));
            }
        }
    }
}
