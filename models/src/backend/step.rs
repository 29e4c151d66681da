//! What a step returns.

use std::borrow::Cow;

use candle_core::Tensor;
use docent_kernels::Summary;

use super::BackendError;

/// The rows that a batch asked for, in the order of asking.
#[derive(Debug)]
pub struct Step {
    /// (logits rows, vocabulary), masked tokens at minus infinity
    pub logits: Rows,
    /// (hidden rows, hidden)
    pub hidden: Rows,
    /// Of each row of logits, where the backend has summed them up.
    pub(crate) summaries: Vec<Summary>,
}

impl Step {
    /// A step whose logits nobody has summed up.
    pub fn new(logits: Rows, hidden: Rows) -> Self {
        Step { logits, hidden, summaries: Vec::new() }
    }

    /// What a row of logits comes to, if the backend has summed it up.
    pub(super) fn summary(&self, row: usize) -> Option<Summary> {
        self.summaries.get(row).copied()
    }
}

/// A matrix of results, on the host or where it was computed.
#[derive(Debug)]
pub enum Rows {
    /// Row by row in host memory.
    Host {
        /// (rows, width)
        data: Vec<f32>,
        /// Elements of a row.
        width: usize,
    },
    /// (rows, width) in single precision on a device.
    Device(Tensor),
}

impl Rows {
    /// No rows.
    pub(crate) fn none(width: usize) -> Self {
        Rows::Host { data: Vec::new(), width }
    }

    /// The memory of results on the host.
    pub(super) fn into_buffer(self) -> Option<Vec<f32>> {
        match self {
            Rows::Host { data, .. } => Some(data),
            Rows::Device(_) => None,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self {
            Rows::Host { data, width } => data.len() / (*width).max(1),
            Rows::Device(tensor) => tensor.dims().first().copied().unwrap_or(0),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One row, fetched from the device if it lies there.
    ///
    /// # Errors
    /// If there is no such row, or the device fails.
    pub fn row(&self, row: usize) -> Result<Cow<'_, [f32]>, BackendError> {
        if row >= self.len() {
            return Err(BackendError::Range { what: "row of results", found: row, limit: self.len() });
        }
        Ok(match self {
            Rows::Host { data, width } => Cow::Borrowed(&data[row * width..(row + 1) * width]),
            Rows::Device(tensor) => Cow::Owned(tensor.get(row)?.to_vec1()?),
        })
    }

    /// All rows, one after another, fetched from the device if they lie there.
    ///
    /// # Errors
    /// If the device fails.
    pub fn to_host(&self) -> Result<Cow<'_, [f32]>, BackendError> {
        Ok(match self {
            Rows::Host { data, .. } => Cow::Borrowed(data),
            Rows::Device(tensor) => Cow::Owned(tensor.flatten_all()?.to_vec1()?),
        })
    }
}
