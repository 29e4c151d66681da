//! Weight matrices in the format of their file.

use crate::{Format, dequantize};

/// The weights of a linear layer or an embedding: `rows` (N) vectors of `cols` (K) elements.
///
/// A product with it maps vectors of K to vectors of N.
#[derive(Clone)]
pub struct Matrix {
    format: Format,
    rows: usize,
    cols: usize,
    data: Data,
}

#[derive(Clone)]
enum Data {
    Floats(Vec<f32>),
    /// Any format but F32.
    Blocks(Vec<u8>),
}

/// What a [`Matrix`] cannot be made of.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// A row would end inside a block.
    #[error("rows of {cols} elements are no whole number of {format} blocks of {}", format.block_len())]
    PartialBlock {
        /// The format of the weights.
        format: Format,
        /// Elements of a row.
        cols: usize,
    },
    /// The size of the matrix does not fit an address.
    #[error("{rows} rows of {cols} {format} elements exceed the address space")]
    TooLarge {
        /// The format of the weights.
        format: Format,
        /// Rows asked for.
        rows: usize,
        /// Elements of a row.
        cols: usize,
    },
    /// The bytes are more or fewer than the shape takes.
    #[error("{rows} rows of {cols} {format} elements take {expected} bytes, found {found}")]
    Length {
        /// The format of the weights.
        format: Format,
        /// Rows asked for.
        rows: usize,
        /// Elements of a row.
        cols: usize,
        /// Bytes of that shape.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
}

impl Matrix {
    /// Copies a (rows, cols) matrix, row-major, in the layout of `format`.
    ///
    /// # Errors
    ///
    /// If a row is no whole number of blocks, or `bytes` is not exactly as long as the shape takes.
    pub fn new(format: Format, rows: usize, cols: usize, bytes: &[u8]) -> Result<Self, ShapeError> {
        if !cols.is_multiple_of(format.block_len()) {
            return Err(ShapeError::PartialBlock { format, cols });
        }
        let expected = rows
            .checked_mul(cols)
            .and_then(|elements| format.bytes_of(elements))
            .ok_or(ShapeError::TooLarge { format, rows, cols })?;
        if bytes.len() != expected {
            return Err(ShapeError::Length { format, rows, cols, expected, found: bytes.len() });
        }
        let data = if format == Format::F32 {
            let mut floats = vec![0.0; rows * cols];
            dequantize(format, bytes, &mut floats);
            Data::Floats(floats)
        } else {
            Data::Blocks(bytes.to_vec())
        };
        Ok(Matrix { format, rows, cols, data })
    }

    /// Vectors: the outputs of a product (N).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a vector: the inputs of a product (K).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// How the elements are stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Memory that the elements take.
    pub fn bytes(&self) -> usize {
        match &self.data {
            Data::Floats(floats) => size_of_val(floats.as_slice()),
            Data::Blocks(bytes) => bytes.len(),
        }
    }

    /// Dequantizes row `row` to `out`, of `cols` elements: an embedding.
    ///
    /// # Panics
    ///
    /// If there is no such row, or `out` has another length.
    pub fn row_to_f32(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row} of {}", self.rows);
        assert_eq!(out.len(), self.cols, "elements of a row");
        match self.stored_rows(row, 1) {
            StoredRows::Floats(floats) => out.copy_from_slice(floats),
            StoredRows::Blocks(bytes) => dequantize(self.format, bytes, out),
        }
    }

    /// `count` rows from `first`, as they are stored.
    pub(crate) fn stored_rows(&self, first: usize, count: usize) -> StoredRows<'_> {
        let part = |row_len: usize| first * row_len..(first + count) * row_len;
        match &self.data {
            Data::Floats(floats) => StoredRows::Floats(&floats[part(self.cols)]),
            Data::Blocks(bytes) => {
                StoredRows::Blocks(&bytes[part(self.cols / self.format.block_len() * self.format.block_bytes())])
            }
        }
    }
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Matrix({} x {} {})", self.rows, self.cols, self.format)
    }
}

/// Rows of a [`Matrix`].
pub(crate) enum StoredRows<'a> {
    Floats(&'a [f32]),
    Blocks(&'a [u8]),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_do_not_fit_are_errors() {
        let cases = [
            (Matrix::new(Format::Q4_0, 2, 33, &[]), "rows of 33 elements are no whole number of Q4_0 blocks of 32"),
            (Matrix::new(Format::Q4_0, 2, 32, &[0; 35]), "2 rows of 32 Q4_0 elements take 36 bytes, found 35"),
            (Matrix::new(Format::F32, 1, 3, &[0; 13]), "1 rows of 3 F32 elements take 12 bytes, found 13"),
            (Matrix::new(Format::F16, 2, usize::MAX, &[]), "exceed the address space"),
            (Matrix::new(Format::F32, 1, usize::MAX / 2, &[]), "exceed the address space"),
        ];
        for (result, want) in cases {
            let message = result.unwrap_err().to_string();
            assert!(message.contains(want), "{message}");
        }
    }

    #[test]
    fn rows_are_read_back() {
        let bytes: Vec<u8> = (0..12).flat_map(|i| (i as f32).to_le_bytes()).collect();
        let matrix = Matrix::new(Format::F32, 4, 3, &bytes).unwrap();
        let mut row = [0.0; 3];
        matrix.row_to_f32(2, &mut row);
        assert_eq!(row, [6.0, 7.0, 8.0]);
        assert_eq!((matrix.rows(), matrix.cols(), matrix.bytes(), matrix.format()), (4, 3, 48, Format::F32));

        let bytes: Vec<u8> = (0..2).flat_map(|row| [0x00, 0x3c].into_iter().chain([row; 32])).collect();
        let matrix = Matrix::new(Format::Q8_0, 2, 32, &bytes).unwrap();
        let mut row = [0.0; 32];
        matrix.row_to_f32(1, &mut row);
        assert_eq!(row, [1.0; 32]);
        assert_eq!(matrix.bytes(), 68);
    }
}
