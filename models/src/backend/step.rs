//! What a step returns.

use std::{borrow::Cow, ops::Range};

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
        self.rows(row..row.saturating_add(1))
    }

    /// Neighbouring rows, one after another, fetched from the device if they lie there.
    ///
    /// # Errors
    /// If there are no such rows, or the device fails.
    pub fn rows(&self, rows: Range<usize>) -> Result<Cow<'_, [f32]>, BackendError> {
        if rows.start > rows.end || rows.end > self.len() {
            let (found, limit) = (rows.end.saturating_sub(1), self.len());
            return Err(BackendError::Range { what: "row of results", found, limit });
        }
        Ok(match self {
            Rows::Host { data, width } => Cow::Borrowed(&data[rows.start * width..rows.end * width]),
            Rows::Device(tensor) => Cow::Owned(tensor.narrow(0, rows.start, rows.len())?.flatten_all()?.to_vec1()?),
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

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn rows_are_those_that_are_asked_for() {
        let data: Vec<f32> = (0..6).map(|x| x as f32).collect();
        let device = Rows::Device(Tensor::from_slice(&data, (3, 2), &Device::Cpu).unwrap());
        for rows in [Rows::Host { data, width: 2 }, device] {
            assert_eq!(*rows.rows(1..3).unwrap(), [2.0, 3.0, 4.0, 5.0]);
            assert_eq!(*rows.row(0).unwrap(), [0.0, 1.0]);
            assert!(rows.rows(3..3).unwrap().is_empty());
            for beyond in [2..4, 4..4] {
                assert!(matches!(rows.rows(beyond), Err(BackendError::Range { limit: 3, .. })));
            }
            assert!(rows.row(3).is_err() && rows.row(usize::MAX).is_err());
        }
    }
}
