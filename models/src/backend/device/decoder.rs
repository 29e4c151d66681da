//! The decoder's step on a device.

use std::ops::Range;

use candle_core::{Device, Result, Tensor};
use candle_nn::{ops::rms_norm, rotary_emb::rope};

use super::{
    adapters::{AdapterRun, Adapters},
    kv::{KvStore, Slots},
    loader::{DeviceLinear, DeviceMatrix},
    ops,
};
use crate::{
    backend::{Rows, Step},
    batch::{RaggedBatch, SequenceRows},
    layers::decoder::{DecoderConfig, DecoderLayer, DecoderWeights},
};

/// Rows of one sequence that attend at once: bounds the scores to (heads, QUERY_ROWS, length) and the keys of a long
/// prompt's first rows to those that they may see.
const QUERY_ROWS: usize = 256;

type Weights = DecoderWeights<DeviceMatrix, Tensor>;
type Layer = DecoderLayer<DeviceMatrix, Tensor>;

/// A decoder's weights and its KV cache.
#[derive(Debug)]
pub(super) struct DecoderRun {
    config: DecoderConfig,
    weights: Weights,
    pub(super) kv: KvStore,
    device: Device,
}

/// What every layer of one step shares.
struct Plan<'a> {
    adapters: &'a Adapters,
    adapter_runs: Vec<AdapterRun>,
    /// (rows, head_dim / 2)
    cos: Tensor,
    /// (rows, head_dim / 2)
    sin: Tensor,
    sequences: Vec<Sequence>,
}

/// One sequence's place in the cache, and its rows in parts of at most [`QUERY_ROWS`].
struct Sequence {
    slots: Slots,
    parts: Vec<Part>,
}

struct Part {
    /// In the batch.
    rows: Range<usize>,
    /// Positions that its last row sees.
    length: usize,
    /// (rows, length): zero for what a row may see, minus infinity for what comes after it; none for one row.
    mask: Option<Tensor>,
}

impl DecoderRun {
    pub(super) fn new(config: DecoderConfig, weights: Weights, kv: KvStore, device: Device) -> Self {
        Self { config, weights, kv, device }
    }

    /// (out features, in features) of the projection `name`.
    pub(super) fn projection_sizes(&self, name: &str) -> Option<(usize, usize)> {
        let layers = self.weights.layers.iter();
        let mut linears = layers.flat_map(|l| [&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down]);
        linears.find(|l| l.name == name).and_then(|l| l.weight.sizes().ok())
    }

    /// Runs a batch that was checked and has rows.
    pub(super) fn forward(&self, adapters: &Adapters, batch: &RaggedBatch) -> Result<Step> {
        let plan = self.plan(adapters, batch)?;
        let ids = ops::token_ids(batch, &self.device)?;
        let mut x = ops::with_embeddings(self.weights.embedding.rows(&ids)?, batch)?;
        for (index, layer) in self.weights.layers.iter().enumerate() {
            x = (&x + self.attention(layer, index, &x, &plan)?)?;
            x = (&x + self.feed_forward(layer, &x, &plan)?)?;
        }
        self.output(&x, batch)
    }

    fn plan<'a>(&self, adapters: &'a Adapters, batch: &RaggedBatch) -> Result<Plan<'a>> {
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        self.config.rope.tables(batch.positions(), &mut cos, &mut sin);
        let shape = (batch.rows().len(), self.config.rope.half());
        let sequences = batch.sequences().iter().filter(|s| !s.rows.is_empty());
        Ok(Plan {
            adapters,
            adapter_runs: Adapters::runs(batch),
            cos: Tensor::from_vec(cos, shape, &self.device)?,
            sin: Tensor::from_vec(sin, shape, &self.device)?,
            sequences: sequences.map(|s| self.sequence(s)).collect::<Result<_>>()?,
        })
    }

    fn sequence(&self, sequence: &SequenceRows) -> Result<Sequence> {
        let starts = sequence.rows.clone().step_by(QUERY_ROWS);
        let parts = starts.map(|start| {
            let rows = start..(start + QUERY_ROWS).min(sequence.rows.end);
            let before = sequence.position as usize + (start - sequence.rows.start);
            let length = before + rows.len();
            let mask = (rows.len() > 1).then(|| causal_mask(rows.len(), before, &self.device)).transpose()?;
            Ok(Part { rows, length, mask })
        });
        Ok(Sequence { parts: parts.collect::<Result<_>>()?, slots: self.kv.slots(sequence)? })
    }

    /// The update of the attention block: (rows, hidden).
    fn attention(&self, layer: &Layer, index: usize, x: &Tensor, plan: &Plan<'_>) -> Result<Tensor> {
        let config = &self.config;
        let x = rms_norm(x, &layer.input_norm, config.rms_eps)?;
        let q = plan.linear(&layer.q, &x)?;
        let k = plan.linear(&layer.k, &x)?;
        let v = plan.linear(&layer.v, &x)?;
        let q = self.rotated(&q, config.heads, layer.q_norm.as_ref(), plan)?;
        let k = self.rotated(&k, config.kv_heads, layer.k_norm.as_ref(), plan)?;
        let v = split_heads(&v, config.kv_heads)?;
        for sequence in &plan.sequences {
            self.kv.write(index, &sequence.slots, &k, &v)?;
        }
        let q = (q * (1.0 / (config.head_dim as f64).sqrt()))?;
        let mut attended = Vec::with_capacity(plan.sequences.len());
        for sequence in &plan.sequences {
            let [k, v] = self.kv.read(index, &sequence.slots)?;
            for Part { rows, length, mask } in &sequence.parts {
                let q = q.narrow(1, rows.start, rows.len())?;
                let seen = |stored: &Tensor| stored.narrow(1, 0, *length);
                attended.push(ops::attention(&q, &seen(&k)?, &seen(&v)?, mask.as_ref())?);
            }
        }
        let attended = Tensor::cat(&attended, 1)?.transpose(0, 1)?.flatten_from(1)?;
        plan.linear(&layer.o, &attended)
    }

    /// The update of the feed-forward block: (rows, hidden).
    fn feed_forward(&self, layer: &Layer, x: &Tensor, plan: &Plan<'_>) -> Result<Tensor> {
        let x = rms_norm(x, &layer.post_norm, self.config.rms_eps)?;
        let gated = (plan.linear(&layer.gate, &x)?.silu()? * plan.linear(&layer.up, &x)?)?;
        plan.linear(&layer.down, &gated)
    }

    /// Queries or keys (rows, heads * head_dim), normed if the model does so, at their positions: (heads, rows, head_dim).
    fn rotated(&self, x: &Tensor, heads: usize, norm: Option<&Tensor>, plan: &Plan<'_>) -> Result<Tensor> {
        let mut x = split_heads(x, heads)?.contiguous()?;
        if let Some(weight) = norm {
            x = rms_norm(&x, weight, self.config.rms_eps)?;
        }
        rope(&x.unsqueeze(0)?, &plan.cos, &plan.sin)?.squeeze(0)
    }

    /// The final norm of the rows that were asked for, and the head of those that want logits.
    fn output(&self, x: &Tensor, batch: &RaggedBatch) -> Result<Step> {
        let norm = |rows: Tensor| rms_norm(&rows, &self.weights.norm, self.config.rms_eps);
        let hidden = match ops::pick(x, batch.hidden().iter().copied())? {
            Some(rows) => Rows::Device(norm(rows)?),
            None => Rows::none(self.config.hidden),
        };
        let head = self.weights.head();
        let logits = match ops::pick(x, batch.logits().iter().map(|l| l.row))? {
            Some(rows) => Rows::Device(ops::masked(head.product(&norm(rows)?)?, batch)?),
            None => Rows::none(self.config.vocab),
        };
        Ok(Step::new(logits, hidden))
    }
}

impl Plan<'_> {
    /// An affine map with the updates of the sequences' adapters: (rows, in) to (rows, out).
    fn linear(&self, linear: &DeviceLinear, x: &Tensor) -> Result<Tensor> {
        let y = ops::affine(linear, x)?;
        self.adapters.apply(&self.adapter_runs, &linear.name, x, &y)?;
        Ok(y)
    }
}

/// (rows, heads * head_dim) as (heads, rows, head_dim), in place.
fn split_heads(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    x.reshape((rows, heads, width / heads))?.transpose(0, 1)
}

fn causal_mask(rows: usize, before: usize, device: &Device) -> Result<Tensor> {
    let length = before + rows;
    let visible = |row: usize, column: usize| if column <= before + row { 0.0 } else { f32::NEG_INFINITY };
    let mask: Vec<f32> = (0..rows).flat_map(|row| (0..length).map(move |column| visible(row, column))).collect();
    Tensor::from_vec(mask, (rows, length), device)
}
