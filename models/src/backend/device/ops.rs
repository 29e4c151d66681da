//! What decoders and encoders on a device share: affine maps, attention, and rows picked out of a batch.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::loader::DeviceLinear;
use crate::batch::{RaggedBatch, Row};

/// x W^T + b over every row of the batch: (rows, in) to (rows, out).
pub(super) fn affine(linear: &DeviceLinear, x: &Tensor) -> Result<Tensor> {
    let y = linear.weight.product(x)?;
    linear.bias.as_ref().map_or_else(|| Ok(y.clone()), |bias| y.broadcast_add(bias))
}

/// The ids of the batch's tokens (rows), 0 where an embedding row stands.
pub(super) fn token_ids(batch: &RaggedBatch, device: &Device) -> Result<Tensor> {
    let id = |row: &Row| if let Row::Token(id) = row { *id } else { 0 };
    let ids: Vec<u32> = batch.rows().iter().map(id).collect();
    Tensor::new(ids, device)
}

/// Puts the batch's own embedding rows in the place of what `x` (rows, hidden) holds there.
pub(super) fn with_embeddings(x: Tensor, batch: &RaggedBatch) -> Result<Tensor> {
    if batch.rows().iter().all(|row| matches!(row, Row::Token(_))) {
        return Ok(x);
    }
    let (rows, hidden) = x.dims2()?;
    let own = Tensor::from_slice(batch.embeddings(), (batch.embedding_rows(), hidden), x.device())?;
    let source = |(index, row): (usize, &Row)| match *row {
        Row::Token(_) => index as u32,
        Row::Embedding(own) => rows as u32 + own,
    };
    let sources: Vec<u32> = batch.rows().iter().enumerate().map(source).collect();
    Tensor::cat(&[&x, &own], 0)?.index_select(&Tensor::new(sources, x.device())?, 0)
}

/// The rows `wanted` of `x` (rows, width), in that order; nothing if none are wanted.
pub(super) fn pick(x: &Tensor, wanted: impl Iterator<Item = usize>) -> Result<Option<Tensor>> {
    let wanted: Vec<u32> = wanted.map(|row| row as u32).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    x.index_select(&Tensor::new(wanted, x.device())?, 0).map(Some)
}

/// Attention of scaled queries q (heads, rows, head_dim) over k and v (kv_heads, length, head_dim), with `mask`
/// (rows, length) added to the scores: (heads, rows, head_dim).
///
/// Neighbouring query heads share a key head; their rows are stacked, so that keys and values are read in place. The
/// products run in the precision of k and v, the softmax in single precision.
pub(super) fn attention(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (heads, rows, head_dim) = q.dims3()?;
    let (kv_heads, length, _) = k.dims3()?;
    let stacked = (heads / kv_heads) * rows;
    let q = q.to_dtype(k.dtype())?.reshape((kv_heads, stacked, head_dim))?;
    let mut scores = q.matmul(&k.t()?)?.to_dtype(DType::F32)?;
    if let Some(mask) = mask {
        scores = scores.reshape((heads, rows, length))?.broadcast_add(mask)?.reshape((kv_heads, stacked, length))?;
    }
    softmax_last_dim(&scores)?.to_dtype(v.dtype())?.matmul(v)?.to_dtype(DType::F32)?.reshape((heads, rows, head_dim))
}

/// Sets the logits (rows, width) that the batch's masks forbid to minus infinity.
pub(super) fn masked(logits: Tensor, batch: &RaggedBatch) -> Result<Tensor> {
    if batch.logits().iter().all(|wanted| wanted.mask.is_none()) {
        return Ok(logits);
    }
    let (rows, width) = logits.dims2()?;
    let mut bias = vec![0.0; rows * width];
    for (wanted, row) in batch.logits().iter().zip(bias.chunks_exact_mut(width)) {
        if let Some(mask) = &wanted.mask {
            mask.apply(row);
        }
    }
    let bias = Tensor::from_vec(bias, (rows, width), logits.device())?;
    logits + bias
}

/// The log-probabilities of the picked (row, token) pairs under `logits` (rows, width), all of which exist.
pub(super) fn log_probs(logits: &Tensor, picks: &[(usize, u32)]) -> Result<Vec<f32>> {
    if picks.is_empty() {
        return Ok(Vec::new());
    }
    let width = logits.dim(1)?;
    let rows: Vec<u32> = picks.iter().map(|&(row, _)| row as u32).collect();
    let places: Vec<i64> = picks.iter().map(|&(row, token)| (row * width + token as usize) as i64).collect();
    let picked = logits.flatten_all()?.index_select(&Tensor::new(places, logits.device())?, 0)?;
    let normalizers = logits.log_sum_exp(1)?.index_select(&Tensor::new(rows, logits.device())?, 0)?;
    (picked - normalizers)?.to_vec1()
}
