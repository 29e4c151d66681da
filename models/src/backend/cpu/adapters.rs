//! Low-rank adapters beside the packed weights.

use std::{collections::BTreeMap, ops::Range};

use docent_kernels::{Format, Kernels, Matrix};

use crate::{
    adapter::{Adapter, LowRank},
    backend::BackendError,
    batch::{AdapterId, RaggedBatch},
};

/// The adapters that were added, by id.
#[derive(Debug, Default)]
pub(super) struct Adapters {
    loaded: Vec<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    modules: BTreeMap<String, [Matrix; 2]>,
    scale: f32,
}

impl Adapters {
    pub(super) fn len(&self) -> usize {
        self.loaded.len()
    }

    /// Takes over an adapter whose sizes were checked.
    pub(super) fn add(&mut self, adapter: &Adapter) -> Result<AdapterId, BackendError> {
        let mut modules = BTreeMap::new();
        for (name, LowRank { a, b, rank }) in &adapter.modules {
            let (cols, rows) = (a.len() / rank, b.len() / rank);
            let pack = |rows, cols, values: &[f32]| {
                let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
                Matrix::new(Format::F32, rows, cols, &bytes)
                    .map_err(|source| BackendError::Matrix { name: name.clone(), source })
            };
            modules.insert(name.clone(), [pack(*rank, cols, a)?, pack(rows, *rank, b)?]);
        }
        self.loaded.push(Loaded { modules, scale: adapter.scale });
        Ok(AdapterId(self.loaded.len() as u32 - 1))
    }

    /// Whether a sequence of the batch has an adapter.
    pub(super) fn are_in(&self, batch: &RaggedBatch) -> bool {
        batch.sequences().iter().any(|sequence| sequence.adapter.is_some())
    }

    /// Adds the update of the projection `name` to `columns` of `y` (rows, `row_len`) for every row whose sequence has an
    /// adapter for it.
    pub(super) fn apply(
        &self,
        kernels: &Kernels,
        batch: &RaggedBatch,
        name: &str,
        x: &[f32],
        (y, row_len): (&mut [f32], usize),
        columns: &Range<usize>,
    ) {
        for sequence in batch.sequences() {
            let Some(loaded) = sequence.adapter.map(|id| &self.loaded[id.0 as usize]) else { continue };
            let Some([a, b]) = loaded.modules.get(name) else { continue };
            let rows = &sequence.rows;
            let x = &x[rows.start * a.cols()..rows.end * a.cols()];
            let mut inner = vec![0.0; rows.len() * a.rows()];
            kernels.matmul(x, a, None, &mut inner);
            inner.iter_mut().for_each(|t| *t *= loaded.scale);
            let mut update = vec![0.0; rows.len() * b.rows()];
            kernels.matmul(&inner, b, None, &mut update);
            let y = y[rows.start * row_len..rows.end * row_len].chunks_exact_mut(row_len);
            for (y, update) in y.zip(update.chunks_exact(b.rows())) {
                y[columns.clone()].iter_mut().zip(update).for_each(|(y, update)| *y += update);
            }
        }
    }
}
