//! A tensor of an opened model: a validated view of mapped bytes.

use std::{fmt, ops::Range, sync::Arc};

use docent_kernels::Format;

use crate::mmap::Mapping;

/// A named tensor whose bytes stay in the mapped file. Cloning copies no data.
#[derive(Clone)]
pub struct Tensor {
    name: Arc<str>,
    format: Format,
    shape: Arc<[usize]>,
    map: Arc<Mapping>,
    range: Range<usize>,
}

impl Tensor {
    /// `range` must lie in `map` and be as long as `format` and `shape` say; the parsers hold that.
    pub(super) fn new(name: Arc<str>, format: Format, shape: &[usize], map: Arc<Mapping>, range: Range<usize>) -> Self {
        debug_assert_eq!(format.bytes_of(shape.iter().product()), Some(range.len()));
        debug_assert!(range.end <= map.len());
        Self { name, format, shape: shape.into(), map, range }
    }

    /// The name in the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the elements are stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Row-major, outermost dimension first: a linear layer is `[out, in]` from either kind of file.
    ///
    /// Safetensors may hold scalars, whose shape is empty, and tensors with a dimension of 0.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// All elements as single-precision numbers, row-major: a copy, four bytes an element.
    pub fn to_f32(&self) -> Vec<f32> {
        let mut values = vec![0.0; self.elements()];
        docent_kernels::dequantize(self.format, self.data(), &mut values);
        values
    }

    /// The elements as the file stores them, in rows of whole blocks. Not aligned to anything.
    pub fn data(&self) -> &[u8] {
        &self.map[self.range.clone()]
    }

    /// Lets go of the memory that holds this file's tensors; they are read from the file again when they are wanted again.
    pub(crate) fn release(&self) {
        self.map.release();
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({:?}, {} {:?})", self.name, self.format, self.shape)
    }
}
