//! The decoder in plain tensor operations, as simple as can be.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Result, Tensor};

use super::{cache::Cache, ops};
use crate::layers::{
    Linear,
    decoder::{DecoderConfig, DecoderLayer, DecoderWeights},
};

/// The low-rank updates of one adapter: by projection, A (rank, in) and B (out, rank) with the scale in B.
pub type LowRankTensors = BTreeMap<String, (Tensor, Tensor)>;

/// A decoder on dequantized weights in single precision.
#[derive(Debug)]
pub struct ReferenceDecoder {
    /// Its sizes.
    pub config: DecoderConfig,
    /// Its weights.
    pub weights: DecoderWeights<Tensor, Tensor>,
    device: Device,
}

impl ReferenceDecoder {
    pub(super) fn new(config: DecoderConfig, weights: DecoderWeights<Tensor, Tensor>, device: Device) -> Self {
        Self { config, weights, device }
    }

    /// The embeddings of `ids`: (ids, hidden).
    ///
    /// # Errors
    /// If an id is out of range.
    pub fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        self.weights.embedding.index_select(&Tensor::new(ids, &self.device)?, 0)
    }

    /// The last hidden states (rows, hidden), after the final norm, of the rows `x` (rows, hidden) of some sequences, one
    /// behind the other.
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn hidden(&self, x: &Tensor, sequences: &mut [Span<'_>], adapter: Option<&LowRankTensors>) -> Result<Tensor> {
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        let mut masks = Vec::with_capacity(sequences.len());
        for Span { rows, position, .. } in &*sequences {
            self.config.rope.tables(*position..*position + *rows as u32, &mut cos, &mut sin);
            masks.push(self.causal_mask(*rows, *position as usize)?);
        }
        let table = |values: Vec<f32>| Tensor::from_vec(values, (x.dim(0)?, 1, self.config.rope.half()), &self.device);
        let pass = Pass { config: &self.config, cos: table(cos)?, sin: table(sin)?, masks, adapter };
        let mut x = x.clone();
        for (index, layer) in self.weights.layers.iter().enumerate() {
            x = pass.layer(layer, index, &x, sequences)?;
        }
        ops::rms_norm(&x, &self.weights.norm, self.config.rms_eps)
    }

    /// The logits (rows, vocab) of last hidden states (rows, hidden).
    ///
    /// # Errors
    /// If a tensor operation fails.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        ops::linear(hidden, self.weights.head())
    }

    /// (rows, positions): zero for what a row may see, minus infinity for what comes after it.
    fn causal_mask(&self, rows: usize, start: usize) -> Result<Tensor> {
        let length = start + rows;
        let visible = |row: usize, column: usize| if column <= start + row { 0.0 } else { f32::NEG_INFINITY };
        let mask: Vec<f32> = (0..rows).flat_map(|row| (0..length).map(move |c| visible(row, c))).collect();
        Tensor::from_vec(mask, (rows, length), &self.device)?.to_dtype(DType::F32)
    }
}

/// Some rows of one sequence.
#[derive(Debug)]
pub struct Span<'a> {
    /// How many.
    pub rows: usize,
    /// Of the first one.
    pub position: u32,
    /// What the sequence keeps.
    pub cache: &'a mut dyn Cache,
}

/// What every layer of one pass shares.
struct Pass<'a> {
    config: &'a DecoderConfig,
    cos: Tensor,
    sin: Tensor,
    /// By sequence.
    masks: Vec<Tensor>,
    adapter: Option<&'a LowRankTensors>,
}

impl Pass<'_> {
    fn layer(
        &self,
        layer: &DecoderLayer<Tensor, Tensor>,
        index: usize,
        x: &Tensor,
        sequences: &mut [Span<'_>],
    ) -> Result<Tensor> {
        let config = self.config;
        let normed = ops::rms_norm(x, &layer.input_norm, config.rms_eps)?;
        let heads = |linear: &Linear<Tensor, Tensor>, heads: usize, norm: Option<&Tensor>| {
            let y = self.linear(linear, &normed)?.reshape((normed.dim(0)?, heads, config.head_dim))?;
            norm.map_or_else(|| Ok(y.clone()), |weight| ops::rms_norm(&y, weight, config.rms_eps))
        };
        let q = ops::rope(&heads(&layer.q, config.heads, layer.q_norm.as_ref())?, &self.cos, &self.sin)?;
        let k = ops::rope(&heads(&layer.k, config.kv_heads, layer.k_norm.as_ref())?, &self.cos, &self.sin)?;
        let v = heads(&layer.v, config.kv_heads, None)?;
        let (mut start, mut attended) = (0, Vec::with_capacity(sequences.len()));
        for (sequence, mask) in sequences.iter_mut().zip(&self.masks) {
            let own = |x: &Tensor| x.narrow(0, start, sequence.rows);
            let (q, (k, v)) = (own(&q)?, sequence.cache.extend(index, own(&k)?, own(&v)?)?);
            attended.push(ops::attention(&q, &k, &v, Some(mask))?);
            start += sequence.rows;
        }
        let x = (x + self.linear(&layer.o, &Tensor::cat(&attended, 0)?)?)?;
        let normed = ops::rms_norm(&x, &layer.post_norm, config.rms_eps)?;
        let gated = (self.linear(&layer.gate, &normed)?.silu()? * self.linear(&layer.up, &normed)?)?;
        &x + self.linear(&layer.down, &gated)?
    }

    fn linear(&self, linear: &Linear<Tensor, Tensor>, x: &Tensor) -> Result<Tensor> {
        let mut y = ops::linear(x, &linear.weight)?;
        if let Some(bias) = &linear.bias {
            y = y.broadcast_add(bias)?;
        }
        if let Some((a, b)) = self.adapter.and_then(|adapter| adapter.get(&linear.name)) {
            y = (y + x.matmul(&a.t()?)?.matmul(&b.t()?)?)?;
        }
        Ok(y)
    }
}
