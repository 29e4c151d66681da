//! The encoder's step on the CPU.

use std::ops::Range;

use docent_kernels::{AttentionShape, Kernels, Matrix, Quantized};

use super::{Results, affine, fit, gather, input};
use crate::{
    backend::{Rows, Step},
    batch::{RaggedBatch, Row},
    layers::{
        Linear,
        encoder::{Activation, EncoderConfig, EncoderLayer, EncoderWeights, LayerNorm},
    },
};

type Weights = EncoderWeights<Matrix, Vec<f32>>;

/// An encoder's weights and the buffers of its steps.
#[derive(Debug)]
pub(super) struct EncoderRun {
    config: EncoderConfig,
    weights: Weights,
    pub(super) results: Results,
    buffers: Buffers,
}

/// Each (rows, width), reused from step to step.
#[derive(Debug, Default)]
struct Buffers {
    hidden: Vec<f32>,
    quantized: Quantized,
    /// Queries, keys and values side by side.
    qkv: Vec<f32>,
    attended: Vec<f32>,
    inner: Vec<f32>,
    update: Vec<f32>,
    /// A row of a table of embeddings.
    looked_up: Vec<f32>,
    spans: Vec<Range<usize>>,
}

impl EncoderRun {
    pub(super) fn new(config: EncoderConfig, weights: Weights) -> Self {
        Self { config, weights, results: Results::default(), buffers: Buffers::default() }
    }

    /// Runs a batch that was checked.
    pub(super) fn forward(&mut self, kernels: &Kernels, batch: &RaggedBatch) -> Step {
        self.embed(kernels, batch);
        self.buffers.spans.clear();
        self.buffers.spans.extend(batch.sequences().iter().map(|s| s.rows.clone()));
        for layer in &self.weights.layers {
            run_layer(kernels, &self.config, layer, &mut self.buffers);
        }
        self.output(kernels, batch)
    }

    /// The normalized sum of word, position and token type embeddings.
    fn embed(&mut self, kernels: &Kernels, batch: &RaggedBatch) {
        let (width, weights) = (self.config.hidden, &self.weights);
        let Buffers { hidden, update, looked_up, .. } = &mut self.buffers;
        let sum = fit(update, batch.rows().len() * width);
        let looked_up = fit(looked_up, width);
        let rows = batch.rows().iter().zip(batch.positions()).zip(batch.token_types());
        for (((row, position), kind), out) in rows.zip(sum.chunks_exact_mut(width)) {
            match *row {
                Row::Token(id) => kernels.look_up(&weights.words, id as usize, out),
                Row::Embedding(i) => out.copy_from_slice(&batch.embeddings()[i as usize * width..][..width]),
            }
            for (table, index) in [(&weights.types, *kind as usize), (&weights.positions, position as usize)] {
                kernels.look_up(table, index, looked_up);
                out.iter_mut().zip(&*looked_up).for_each(|(x, y)| *x += y);
            }
        }
        norm(kernels, &self.config, &weights.norm, sum, hidden);
    }

    fn output(&mut self, kernels: &Kernels, batch: &RaggedBatch) -> Step {
        let width = self.config.hidden;
        let Buffers { hidden: states, attended: first, update: pooled, .. } = &mut self.buffers;
        let Results { mut logits, mut hidden, mut summaries } = std::mem::take(&mut self.results);
        summaries.clear();
        gather(states, width, batch.hidden().iter().copied(), &mut hidden);
        let hidden = Rows::Host { data: hidden, width };
        let Some(head) = &self.weights.classifier else {
            logits.clear();
            return Step { logits: Rows::Host { data: logits, width: 0 }, hidden, summaries };
        };
        gather(states, width, batch.logits().iter().map(|l| l.row), first);
        let pooled = fit(pooled, first.len());
        kernels.matmul(first, &head.pooler.weight, head.pooler.bias.as_deref(), pooled);
        kernels.tanh(pooled);
        let out = fit(&mut logits, batch.logits().len() * self.config.labels);
        kernels.matmul(pooled, &head.output.weight, head.output.bias.as_deref(), out);
        Step { logits: Rows::Host { data: logits, width: self.config.labels }, hidden, summaries }
    }
}

fn run_layer(kernels: &Kernels, config: &EncoderConfig, layer: &EncoderLayer<Matrix, Vec<f32>>, buffers: &mut Buffers) {
    let Buffers { hidden, quantized, qkv, attended, inner, update, spans, .. } = buffers;
    let width = config.hidden;
    let qkv = fit(qkv, 3 * hidden.len());
    let projections = [&layer.q, &layer.k, &layer.v];
    let x = input(kernels, hidden, &projections.map(|linear| &linear.weight), quantized);
    kernels.multiply(x, &projections.map(affine), qkv);
    let head_dim = width / config.heads;
    let scale = 1.0 / (head_dim as f32).sqrt();
    let shape = AttentionShape { heads: config.heads, kv_heads: config.heads, head_dim, scale };
    let attended = fit(attended, hidden.len());
    kernels.attention_full(qkv, 3 * width, spans, shape, attended);
    add(kernels, &layer.o, attended, quantized, hidden);
    norm(kernels, config, &layer.attention_norm, hidden, update);
    std::mem::swap(hidden, update);

    let inner = fit(inner, hidden.len() / width * config.intermediate);
    let x = input(kernels, hidden, &[&layer.up.weight], quantized);
    kernels.multiply(x, &[affine(&layer.up)], inner);
    match config.activation {
        Activation::Gelu => kernels.gelu(inner),
        Activation::GeluTanh => kernels.gelu_tanh(inner),
    }
    add(kernels, &layer.down, inner, quantized, hidden);
    norm(kernels, config, &layer.output_norm, hidden, update);
    std::mem::swap(hidden, update);
}

/// Adds a projection of `x` to the hidden states.
fn add(kernels: &Kernels, linear: &Linear<Matrix, Vec<f32>>, x: &[f32], quantized: &mut Quantized, hidden: &mut [f32]) {
    let x = input(kernels, x, &[&linear.weight], quantized);
    kernels.multiply_add(x, affine(linear), hidden);
}

fn norm(kernels: &Kernels, config: &EncoderConfig, norm: &LayerNorm<Vec<f32>>, x: &[f32], out: &mut Vec<f32>) {
    kernels.layer_norm(x, &norm.weight, &norm.bias, config.norm_eps, fit(out, x.len()));
}
