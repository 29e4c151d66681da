//! The decoder's step on the CPU.

use docent_kernels::{AttentionShape, AttentionSpan, Kernels, Matrix};

use super::{adapters::Adapters, fit, kv::KvStore};
use crate::{
    backend::{Rows, Step},
    batch::{RaggedBatch, Row},
    layers::{
        Linear,
        decoder::{DecoderConfig, DecoderLayer, DecoderWeights},
    },
};

type Weights = DecoderWeights<Matrix, Vec<f32>>;
type Layer = DecoderLayer<Matrix, Vec<f32>>;

/// A decoder's weights, its KV cache and the buffers of its steps.
#[derive(Debug)]
pub(super) struct DecoderRun {
    config: DecoderConfig,
    weights: Weights,
    pub(super) kv: KvStore,
    buffers: Buffers,
}

/// Each (rows, width), reused from step to step.
#[derive(Debug, Default)]
struct Buffers {
    hidden: Vec<f32>,
    normed: Vec<f32>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    update: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    positions: Vec<u32>,
    tables: Vec<u32>,
}

impl DecoderRun {
    pub(super) fn new(config: DecoderConfig, weights: Weights, kv: KvStore) -> Self {
        Self { config, weights, kv, buffers: Buffers::default() }
    }

    /// (out features, in features) of the projection `name`.
    pub(super) fn projection_sizes(&self, name: &str) -> Option<(usize, usize)> {
        let layers = self.weights.layers.iter();
        let mut linears = layers.flat_map(|l| [&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down]);
        linears.find(|l| l.name == name).map(|l| (l.weight.rows(), l.weight.cols()))
    }

    /// Runs a batch that was checked.
    pub(super) fn forward(&mut self, kernels: &Kernels, adapters: &Adapters, batch: &RaggedBatch) -> Step {
        self.prepare(batch);
        let step = StepContext { kernels, adapters, batch, config: &self.config };
        for (index, layer) in self.weights.layers.iter().enumerate() {
            step.attention(layer, index, &mut self.kv, &mut self.buffers);
            step.feed_forward(layer, &mut self.buffers);
        }
        self.output(kernels, batch)
    }

    /// Fills in the embeddings, positions and rotary tables.
    fn prepare(&mut self, batch: &RaggedBatch) {
        let (width, buffers) = (self.config.hidden, &mut self.buffers);
        let hidden = fit(&mut buffers.hidden, batch.rows().len() * width);
        for (row, out) in batch.rows().iter().zip(hidden.chunks_exact_mut(width)) {
            match *row {
                Row::Token(id) => self.weights.embedding.row_to_f32(id as usize, out),
                Row::Embedding(i) => out.copy_from_slice(&batch.embeddings()[i as usize * width..][..width]),
            }
        }
        buffers.positions.clear();
        buffers.positions.extend(batch.positions());
        buffers.cos.clear();
        buffers.sin.clear();
        self.config.rope.tables(buffers.positions.iter().copied(), &mut buffers.cos, &mut buffers.sin);
        buffers.tables.clear();
        let ids = batch.sequences().iter().flat_map(|s| s.blocks.iter().map(|b| b.index() as u32));
        buffers.tables.extend(ids);
    }

    /// The final norm of the rows that were asked for, and the head of those that want logits.
    fn output(&mut self, kernels: &Kernels, batch: &RaggedBatch) -> Step {
        let (width, eps) = (self.config.hidden, self.config.rms_eps);
        let states = &self.buffers.hidden;
        let norm = &self.weights.norm;
        let normed = |rows: &mut dyn Iterator<Item = usize>| {
            let gathered: Vec<f32> = rows.flat_map(|row| &states[row * width..(row + 1) * width]).copied().collect();
            let mut out = vec![0.0; gathered.len()];
            kernels.rms_norm(&gathered, norm, eps, &mut out);
            out
        };
        let hidden = normed(&mut batch.hidden().iter().copied());
        let last = normed(&mut batch.logits().iter().map(|l| l.row));
        let head = self.weights.head.as_ref().unwrap_or(&self.weights.embedding);
        let mut logits = vec![0.0; batch.logits().len() * head.rows()];
        kernels.matmul(&last, head, None, &mut logits);
        for (wanted, row) in batch.logits().iter().zip(logits.chunks_exact_mut(head.rows())) {
            if let Some(mask) = &wanted.mask {
                mask.apply(row);
            }
        }
        Step { logits: Rows::Host { data: logits, width: head.rows() }, hidden: Rows::Host { data: hidden, width } }
    }
}

struct StepContext<'a> {
    kernels: &'a Kernels,
    adapters: &'a Adapters,
    batch: &'a RaggedBatch,
    config: &'a DecoderConfig,
}

impl StepContext<'_> {
    fn linear(&self, linear: &Linear<Matrix, Vec<f32>>, x: &[f32], out: &mut Vec<f32>) {
        let out = fit(out, self.batch.rows().len() * linear.weight.rows());
        self.kernels.matmul(x, &linear.weight, linear.bias.as_deref(), out);
        self.adapters.apply(self.kernels, self.batch, &linear.name, x, out);
    }

    fn attention(&self, layer: &Layer, index: usize, kv: &mut KvStore, buffers: &mut Buffers) {
        let Buffers { hidden, normed, q, k, v, attended, update, cos, sin, positions, tables, .. } = buffers;
        let (config, eps) = (self.config, self.config.rms_eps);
        self.kernels.rms_norm(hidden, &layer.input_norm, eps, fit(normed, hidden.len()));
        self.linear(&layer.q, normed, q);
        self.linear(&layer.k, normed, k);
        self.linear(&layer.v, normed, v);
        for (heads, norm) in [(&mut *q, &layer.q_norm), (&mut *k, &layer.k_norm)] {
            if let Some(norm) = norm {
                self.kernels.rms_norm(heads, norm, eps, fit(update, heads.len()));
                heads.copy_from_slice(update);
            }
        }
        self.kernels.rope(q, config.heads, config.head_dim, cos, sin);
        self.kernels.rope(k, config.kv_heads, config.head_dim, cos, sin);
        for sequence in self.batch.sequences() {
            kv.store(index, sequence, k, v);
        }
        let mut tables = tables.as_slice();
        let spans: Vec<AttentionSpan<'_>> = self
            .batch
            .sequences()
            .iter()
            .map(|sequence| {
                let (blocks, rest) = tables.split_at(sequence.blocks.len());
                tables = rest;
                let rows = sequence.rows.clone();
                AttentionSpan { positions: &positions[rows.clone()], rows, blocks }
            })
            .collect();
        let shape = AttentionShape {
            heads: config.heads,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            scale: 1.0 / (config.head_dim as f32).sqrt(),
        };
        self.kernels.attention(q, kv.view(index), &spans, shape, fit(attended, q.len()));
        self.linear(&layer.o, attended, update);
        self.kernels.add(hidden, update);
    }

    fn feed_forward(&self, layer: &Layer, buffers: &mut Buffers) {
        let Buffers { hidden, normed, gate, up, update, attended, .. } = buffers;
        self.kernels.rms_norm(hidden, &layer.post_norm, self.config.rms_eps, fit(normed, hidden.len()));
        self.linear(&layer.gate, normed, gate);
        self.linear(&layer.up, normed, up);
        let gated = fit(attended, gate.len());
        self.kernels.silu_mul(gate, up, gated);
        self.linear(&layer.down, gated, update);
        self.kernels.add(hidden, update);
    }
}
