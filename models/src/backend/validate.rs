//! Checks of a batch against the model, once per step, so that no backend has to fear an index.

use super::{BackendError, Footprint};
use crate::{
    adapter::Adapter,
    batch::{RaggedBatch, Row},
    checkpoint::Architecture,
    kv::{BlockId, KV_BLOCK},
};

pub(super) fn below(what: &'static str, found: usize, limit: usize) -> Result<(), BackendError> {
    if found < limit { Ok(()) } else { Err(BackendError::Range { what, found, limit }) }
}

fn equal(what: &str, found: usize, expected: usize) -> Result<(), BackendError> {
    if found == expected { Ok(()) } else { Err(BackendError::Size { what: what.into(), found, expected }) }
}

/// Every token, position, block, adapter and wanted row of the batch exists.
pub(super) fn batch(
    batch: &RaggedBatch,
    architecture: &Architecture,
    kv_blocks: usize,
    adapters: usize,
) -> Result<(), BackendError> {
    for row in batch.rows() {
        match *row {
            Row::Token(id) => below("token id", id as usize, architecture.vocab())?,
            Row::Embedding(index) => below("embedding row", index as usize, batch.embedding_rows())?,
        }
    }
    equal("the embedding rows", batch.embeddings().len(), batch.embedding_rows() * architecture.hidden())?;
    for sequence in batch.sequences() {
        let end = sequence.position as usize + sequence.rows.len();
        below("the last position", end.saturating_sub(1), architecture.context())?;
        if let Architecture::Decoder(_) = architecture {
            below("the number of KV blocks needed", end.div_ceil(KV_BLOCK), sequence.blocks.len() + 1)?;
        }
        for &block in &sequence.blocks {
            self::block(block, kv_blocks)?;
        }
        if let Some(adapter) = sequence.adapter {
            below("adapter", adapter.0 as usize, adapters)?;
        }
    }
    if let Architecture::Encoder(config) = architecture {
        for &kind in batch.token_types() {
            below("token type", kind as usize, config.token_types)?;
        }
        if !batch.logits().is_empty() {
            below("a classification head of 0 labels", 0, config.labels)?;
        }
    }
    let wanted = batch.logits().iter().map(|l| l.row).chain(batch.hidden().iter().copied());
    for row in wanted {
        below("wanted row", row, batch.rows().len())?;
    }
    Ok(())
}

/// The block exists.
pub(super) fn block(block: BlockId, kv_blocks: usize) -> Result<(), BackendError> {
    below("KV block", block.index(), kv_blocks)
}

/// Every projection that the adapter changes exists and has its sizes; `sizes` gives (out, in) by name.
pub(super) fn adapter(adapter: &Adapter, sizes: impl Fn(&str) -> Option<(usize, usize)>) -> Result<(), BackendError> {
    for (name, low_rank) in &adapter.modules {
        let (rows, cols) = sizes(name).ok_or_else(|| BackendError::UnknownProjection(name.clone()))?;
        let rank = low_rank.rank;
        equal(&format!("the rank of `{name}`"), rank.min(1), 1)?;
        equal(&format!("A of `{name}`"), low_rank.a.len(), rank.saturating_mul(cols))?;
        equal(&format!("B of `{name}`"), low_rank.b.len(), rank.saturating_mul(rows))?;
    }
    Ok(())
}

/// The model and its cache fit into what is available, or, if that is not known, into what can be addressed.
pub(super) fn memory(footprint: Footprint, kv_blocks: usize, available: Option<u64>) -> Result<(), BackendError> {
    let kv = (footprint.kv_block as u64).saturating_mul(kv_blocks as u64);
    let weights = footprint.weights as u64;
    let available = available.unwrap_or(isize::MAX as u64);
    if kv.saturating_add(weights) > available {
        return Err(BackendError::Memory { weights, kv, available });
    }
    Ok(())
}
