//! The encoder's step on a device.

use candle_core::{Device, Result, Tensor};
use candle_nn::ops::layer_norm;

use super::{loader::DeviceMatrix, ops};
use crate::{
    backend::{Rows, Step},
    batch::RaggedBatch,
    layers::encoder::{Activation, EncoderConfig, EncoderLayer, EncoderWeights, LayerNorm},
};

type Weights = EncoderWeights<DeviceMatrix, Tensor>;
type Layer = EncoderLayer<DeviceMatrix, Tensor>;

/// An encoder's weights.
#[derive(Debug)]
pub(super) struct EncoderRun {
    config: EncoderConfig,
    weights: Weights,
    device: Device,
}

/// Neighbouring texts of one length, which attend in one product.
struct Run {
    /// The first row in the batch.
    start: usize,
    texts: usize,
    tokens: usize,
}

impl EncoderRun {
    pub(super) fn new(config: EncoderConfig, weights: Weights, device: Device) -> Self {
        Self { config, weights, device }
    }

    /// Runs a batch that was checked and has rows.
    pub(super) fn forward(&self, batch: &RaggedBatch) -> Result<Step> {
        let runs = runs(batch);
        let mut x = self.embed(batch)?;
        for layer in &self.weights.layers {
            x = self.layer(layer, &x, &runs)?;
        }
        self.output(&x, batch)
    }

    /// The normalized sum of word, position and token type embeddings: (rows, hidden).
    fn embed(&self, batch: &RaggedBatch) -> Result<Tensor> {
        let weights = &self.weights;
        let ids = |ids: Vec<u32>| Tensor::new(ids, &self.device);
        let words = weights.words.rows(&ops::token_ids(batch, &self.device)?)?;
        let positions = weights.positions.rows(&ids(batch.positions().collect())?)?;
        let types = weights.types.rows(&ids(batch.token_types().to_vec())?)?;
        self.norm(&((ops::with_embeddings(words, batch)? + types)? + positions)?, &weights.norm)
    }

    fn layer(&self, layer: &Layer, x: &Tensor, runs: &[Run]) -> Result<Tensor> {
        let attended = self.attention(layer, x, runs)?;
        let x = self.norm(&(x + ops::affine(&layer.o, &attended)?)?, &layer.attention_norm)?;
        let inner = ops::affine(&layer.up, &x)?;
        let inner = match self.config.activation {
            Activation::Gelu => inner.gelu_erf()?,
            Activation::GeluTanh => inner.gelu()?,
        };
        self.norm(&(&x + ops::affine(&layer.down, &inner)?)?, &layer.output_norm)
    }

    /// Every row's attention over its own text: (rows, hidden).
    fn attention(&self, layer: &Layer, x: &Tensor, runs: &[Run]) -> Result<Tensor> {
        let (heads, hidden) = (self.config.heads, self.config.hidden);
        let head_dim = hidden / heads;
        let q = (ops::affine(&layer.q, x)? * (1.0 / (head_dim as f64).sqrt()))?;
        let k = ops::affine(&layer.k, x)?;
        let v = ops::affine(&layer.v, x)?;
        let attended = runs.iter().map(|&Run { start, texts, tokens }| {
            let split = |rows: &Tensor| {
                let rows = rows.narrow(0, start, texts * tokens)?.reshape((texts, tokens, heads, head_dim))?;
                rows.transpose(1, 2)?.contiguous()?.reshape((texts * heads, tokens, head_dim))
            };
            let attended = ops::attention(&split(&q)?, &split(&k)?, &split(&v)?, None)?;
            let joined = attended.reshape((texts, heads, tokens, head_dim))?.transpose(1, 2)?;
            joined.reshape((texts * tokens, hidden))
        });
        Tensor::cat(&attended.collect::<Result<Vec<_>>>()?, 0)
    }

    fn output(&self, x: &Tensor, batch: &RaggedBatch) -> Result<Step> {
        let hidden = match ops::pick(x, batch.hidden().iter().copied())? {
            Some(rows) => Rows::Device(rows),
            None => Rows::none(self.config.hidden),
        };
        let first = ops::pick(x, batch.logits().iter().map(|l| l.row))?;
        let logits = match (first, &self.weights.classifier) {
            (Some(first), Some(head)) => {
                let pooled = ops::affine(&head.pooler, &first)?.tanh()?;
                Rows::Device(ops::masked(ops::affine(&head.output, &pooled)?, batch)?)
            }
            _ => Rows::none(self.config.labels),
        };
        Ok(Step::new(logits, hidden))
    }

    fn norm(&self, x: &Tensor, norm: &LayerNorm<Tensor>) -> Result<Tensor> {
        layer_norm(x, &norm.weight, &norm.bias, self.config.norm_eps)
    }
}

fn runs(batch: &RaggedBatch) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for sequence in batch.sequences().iter().filter(|s| !s.rows.is_empty()) {
        match runs.last_mut() {
            Some(run) if run.tokens == sequence.rows.len() => run.texts += 1,
            _ => runs.push(Run { start: sequence.rows.start, texts: 1, tokens: sequence.rows.len() }),
        }
    }
    runs
}
