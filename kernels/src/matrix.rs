//! Weight matrices, packed for products.

use std::marker::PhantomData;

use crate::packed::{Blocks, Packed, with_blocks};
use crate::pages::{Piece, WeightMemory};
use crate::per_channel::Channels;
use crate::simd::{Kernel, LANES, Simd};
use crate::{Format, Kernels, dequantize};

/// The weights of a linear layer or an embedding: `rows` (N) vectors of `cols` (K) elements.
///
/// A product with it maps vectors of K to vectors of N. The weights are packed once, when it is made: sixteen rows side by
/// side, so that a vector register holds a column of them.
#[derive(Clone)]
pub struct Matrix {
    /// `None` for signed bytes with a scale for each row.
    format: Option<Format>,
    rows: usize,
    cols: usize,
    pub(crate) data: Data,
}

#[derive(Clone)]
pub(crate) enum Data {
    /// (groups, cols, 16) f32
    Floats(Piece<f32>),
    /// (groups, cols, 16) f16 or bf16
    Halves(Piece<u8>),
    Blocks(Packed),
    Channels(Channels),
    /// As in the file, for rows that are only looked up.
    Rows(Vec<u8>),
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
    /// The weights are more or fewer than the shape says.
    #[error("{rows} rows of {cols} are {expected} elements, found {found}")]
    Elements {
        /// Rows asked for.
        rows: usize,
        /// Elements of a row.
        cols: usize,
        /// Elements of that shape.
        expected: usize,
        /// Elements given.
        found: usize,
    },
    /// Sums of a row's products might overflow.
    #[error("rows of {cols} elements are too long for 8-bit products, which take {limit}")]
    LongRow {
        /// Elements of a row.
        cols: usize,
        /// The most that there may be.
        limit: usize,
    },
}

impl Matrix {
    /// Packs a (rows, cols) matrix, row-major, in the layout of `format`.
    ///
    /// # Errors
    ///
    /// If a row is no whole number of blocks, or `bytes` is not exactly as long as the shape takes.
    pub fn new(format: Format, rows: usize, cols: usize, bytes: &[u8]) -> Result<Self, ShapeError> {
        Self::new_in(&mut WeightMemory::default(), format, rows, cols, bytes)
    }

    /// The same, beside the other matrices of a model.
    ///
    /// # Errors
    ///
    /// As [`new`](Matrix::new).
    pub fn new_in(
        memory: &mut WeightMemory,
        format: Format,
        rows: usize,
        cols: usize,
        bytes: &[u8],
    ) -> Result<Self, ShapeError> {
        check(format, rows, cols, bytes)?;
        let data = match format {
            Format::F32 => {
                let mut floats = memory.take(rows.next_multiple_of(LANES) * cols);
                interleave(bytes, cols, &mut floats, |element: &[u8; 4]| f32::from_le_bytes(*element));
                Data::Floats(floats)
            }
            Format::F16 | Format::BF16 => {
                let mut halves = memory.take::<u8>(rows.next_multiple_of(LANES) * cols * 2);
                interleave(bytes, cols, halves.as_chunks_mut().0, |element: &[u8; 2]| *element);
                Data::Halves(halves)
            }
            _ => Data::Blocks(with_blocks!(format, B => Packed::new::<B>(memory, rows, cols, bytes))),
        };
        Ok(Matrix { format: Some(format), rows, cols, data })
    }

    pub(crate) fn of_channels(rows: usize, cols: usize, channels: Channels) -> Self {
        Matrix { format: None, rows, cols, data: Data::Channels(channels) }
    }

    /// Copies a (rows, cols) matrix as it is: for rows that are looked up and never multiplied with.
    ///
    /// # Errors
    ///
    /// As [`new`](Matrix::new).
    pub fn table(format: Format, rows: usize, cols: usize, bytes: &[u8]) -> Result<Self, ShapeError> {
        check(format, rows, cols, bytes)?;
        Ok(Matrix { format: Some(format), rows, cols, data: Data::Rows(bytes.to_vec()) })
    }

    /// Vectors: the outputs of a product (N).
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Elements of a vector: the inputs of a product (K).
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// How the elements are stored; `None` for signed bytes with a scale for each row.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The format of what was read from a file.
    pub(crate) fn file_format(&self) -> Format {
        self.format.unwrap_or_else(|| unreachable!("signed bytes are of no file format"))
    }

    /// Memory that the elements take.
    pub fn bytes(&self) -> usize {
        match &self.data {
            Data::Floats(floats) => size_of_val::<[f32]>(floats),
            Data::Halves(bytes) => bytes.len(),
            Data::Blocks(packed) => packed.bytes(),
            Data::Channels(channels) => channels.bytes(),
            Data::Rows(bytes) => bytes.len(),
        }
    }

    /// Whether products with it take inputs that are quantized by block.
    pub fn takes_quantized(&self) -> bool {
        self.format.is_some_and(|format| format.block_len() > 1)
    }

    /// Whether products with it take inputs that are quantized by row.
    pub fn takes_quantized_rows(&self) -> bool {
        matches!(self.data, Data::Channels(_))
    }
}

impl Kernels {
    /// Dequantizes row `row` of `w` to `out`, of as many elements: an embedding.
    ///
    /// # Panics
    ///
    /// If there is no such row, or `out` has another length.
    pub fn look_up(&self, w: &Matrix, row: usize, out: &mut [f32]) {
        assert!(row < w.rows, "row {row} of {}", w.rows);
        assert_eq!(out.len(), w.cols, "elements of a row");
        let first = row / LANES * w.cols * LANES + row % LANES;
        match &w.data {
            Data::Channels(channels) => channels.row_to_f32(row, out),
            Data::Floats(floats) => {
                out.iter_mut().zip(floats[first..].iter().step_by(LANES)).for_each(|(x, y)| *x = *y);
            }
            Data::Halves(bytes) => {
                let elements = bytes.as_chunks::<2>().0[first..].iter().step_by(LANES);
                out.iter_mut().zip(elements).for_each(|(x, y)| dequantize(w.file_format(), y, std::slice::from_mut(x)));
            }
            Data::Blocks(packed) => {
                with_blocks!(w.file_format(), B => self.arch.run(Row::<B> { packed, row, out, format: PhantomData }));
            }
            Data::Rows(bytes) => {
                let len = bytes.len() / w.rows;
                dequantize(w.file_format(), &bytes[row * len..(row + 1) * len], out);
            }
        }
    }
}

/// One row of packed weights.
struct Row<'a, B> {
    packed: &'a Packed,
    row: usize,
    out: &'a mut [f32],
    format: PhantomData<B>,
}

impl<B: Blocks> Kernel for Row<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        self.packed.row_to_f32::<S, B>(simd, self.row, self.out);
    }
}

fn check(format: Format, rows: usize, cols: usize, bytes: &[u8]) -> Result<(), ShapeError> {
    if !cols.is_multiple_of(format.block_len()) {
        return Err(ShapeError::PartialBlock { format, cols });
    }
    let expected = rows.checked_mul(cols).and_then(|elements| format.bytes_of(elements));
    let expected = expected.ok_or(ShapeError::TooLarge { format, rows, cols })?;
    if bytes.len() != expected {
        return Err(ShapeError::Length { format, rows, cols, expected, found: bytes.len() });
    }
    Ok(())
}

/// Puts sixteen rows side by side.
fn interleave<const N: usize, T>(bytes: &[u8], cols: usize, out: &mut [T], element: impl Fn(&[u8; N]) -> T) {
    if cols == 0 {
        return;
    }
    for (row, elements) in bytes.as_chunks::<N>().0.chunks_exact(cols).enumerate() {
        let first = row / LANES * cols * LANES + row % LANES;
        out[first..].iter_mut().step_by(LANES).zip(elements).for_each(|(out, bytes)| *out = element(bytes));
    }
}

impl std::fmt::Debug for Matrix {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = self.format.map_or_else(|| "int8".to_owned(), |format| format.to_string());
        write!(f, "Matrix({} x {} {format})", self.rows, self.cols)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{bits, every_isa, random_blocks};
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
    fn rows_are_read_back_however_they_are_kept() {
        for format in Format::ALL {
            let (rows, cols) = (21, 2 * format.block_len().max(3));
            let stored = random_blocks(format, 3, rows * cols);
            let mut want = vec![0.0; rows * cols];
            dequantize(format, &stored, &mut want);
            for make in [Matrix::new, Matrix::table] {
                let matrix = make(format, rows, cols, &stored).unwrap();
                assert_eq!((matrix.rows(), matrix.cols(), matrix.format()), (rows, cols, Some(format)));
                assert!(matrix.bytes() >= stored.len() && matrix.bytes() <= 2 * stored.len());
                let mut row = vec![f32::NAN; cols];
                for kernels in every_isa(1) {
                    for (index, want) in want.chunks(cols).enumerate() {
                        kernels.look_up(&matrix, index, &mut row);
                        assert_eq!(bits(&row), bits(want), "{format}, row {index} on {}", kernels.isa());
                    }
                }
            }
        }
    }
}
