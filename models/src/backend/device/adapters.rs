//! Low-rank adapters on a device.

use std::{collections::BTreeMap, ops::Range};

use candle_core::{Device, Result, Tensor};

use crate::{
    adapter::{Adapter, LowRank},
    batch::{AdapterId, RaggedBatch},
};

/// The adapters that were added, by id.
#[derive(Debug, Default)]
pub(super) struct Adapters {
    loaded: Vec<BTreeMap<String, Factors>>,
}

/// The two factors of an update, transposed, with the adapter's scale in the second.
#[derive(Debug)]
struct Factors {
    /// (in features, rank)
    down: Tensor,
    /// (rank, out features)
    up: Tensor,
}

/// Neighbouring rows of a batch that run through one adapter.
#[derive(Debug)]
pub(super) struct AdapterRun {
    rows: Range<usize>,
    adapter: AdapterId,
}

impl Adapters {
    pub(super) fn len(&self) -> usize {
        self.loaded.len()
    }

    /// Takes over an adapter whose sizes were checked.
    pub(super) fn add(&mut self, adapter: &Adapter, device: &Device) -> Result<AdapterId> {
        let modules =
            adapter.modules.iter().map(|(name, module)| Ok((name.clone(), factors(module, adapter.scale, device)?)));
        self.loaded.push(modules.collect::<Result<_>>()?);
        Ok(AdapterId(self.loaded.len() as u32 - 1))
    }

    /// The runs of a batch that have an adapter.
    pub(super) fn runs(batch: &RaggedBatch) -> Vec<AdapterRun> {
        let mut runs: Vec<AdapterRun> = Vec::new();
        for sequence in batch.sequences().iter().filter(|s| !s.rows.is_empty()) {
            let Some(adapter) = sequence.adapter else { continue };
            match runs.last_mut() {
                Some(run) if run.adapter == adapter && run.rows.end == sequence.rows.start => {
                    run.rows.end = sequence.rows.end;
                }
                _ => runs.push(AdapterRun { rows: sequence.rows.clone(), adapter }),
            }
        }
        runs
    }

    /// Adds the updates of the projection `name`, whose inputs are `x` (rows, in), to its fresh outputs `y` (rows, out).
    pub(super) fn apply(&self, runs: &[AdapterRun], name: &str, x: &Tensor, y: &Tensor) -> Result<()> {
        for AdapterRun { rows, adapter } in runs {
            let Some(factors) = self.loaded[adapter.0 as usize].get(name) else { continue };
            let update = x.narrow(0, rows.start, rows.len())?.matmul(&factors.down)?.matmul(&factors.up)?;
            y.slice_set(&(y.narrow(0, rows.start, rows.len())? + update)?, 0, rows.start)?;
        }
        Ok(())
    }
}

fn factors(LowRank { a, b, rank }: &LowRank, scale: f32, device: &Device) -> Result<Factors> {
    let down = Tensor::from_slice(a, (*rank, a.len() / rank), device)?.t()?.contiguous()?;
    let up = Tensor::from_slice(b, (b.len() / rank, *rank), device)?.t()?.contiguous()?;
    Ok(Factors { down, up: (up * f64::from(scale))? })
}
