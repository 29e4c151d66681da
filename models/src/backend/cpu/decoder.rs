//! The decoder's step on the CPU.

use std::mem::take;

use docent_kernels::{
    AttentionShape, AttentionSpan, Input, Kernels, KeyValues, KvCache, Matrix, Quantized, Queries, Rotation, Summary,
    Upcoming,
};

use super::{Results, adapters::Adapters, affine, emptied, fit, gather, input};
use crate::{
    backend::{Rows, Step},
    batch::{RaggedBatch, Row, SequenceRows},
    layers::{
        Linear,
        decoder::{DecoderConfig, DecoderLayer, DecoderWeights},
    },
};

type Weights = DecoderWeights<Matrix, Vec<f32>>;
type Layer = DecoderLayer<Matrix, Vec<f32>>;
type Projection = Linear<Matrix, Vec<f32>>;

/// A decoder's weights, its KV cache and the buffers of its steps.
#[derive(Debug)]
pub(super) struct DecoderRun {
    config: DecoderConfig,
    weights: Weights,
    pub(super) kv: KvCache,
    pub(super) results: Results,
    buffers: Buffers,
}

/// Each (rows, width), reused from step to step.
#[derive(Debug, Default)]
struct Buffers {
    hidden: Vec<f32>,
    normed: Vec<f32>,
    quantized: Quantized,
    /// What the gate lets through, as the last product takes it.
    gated: Quantized,
    /// Queries, keys and values side by side.
    qkv: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    positions: Vec<u32>,
    tables: Vec<u32>,
    /// Empty between steps.
    spans: Vec<AttentionSpan<'static>>,
    wanted: Wanted,
    upcoming: Upcoming,
}

/// The rows that somebody wants logits or hidden states of, ascending, and what the last layer needs of them.
#[derive(Debug, Default)]
struct Wanted {
    rows: Vec<usize>,
    hidden: Vec<f32>,
    cos: Vec<f32>,
    sin: Vec<f32>,
    positions: Vec<u32>,
    /// Empty between steps.
    spans: Vec<AttentionSpan<'static>>,
}

impl Wanted {
    /// Finds the rows of a batch, and says whether they are fewer than all.
    fn find(&mut self, batch: &RaggedBatch) -> bool {
        self.rows.clear();
        self.rows.extend(batch.hidden().iter().copied().chain(batch.logits().iter().map(|wanted| wanted.row)));
        self.rows.sort_unstable();
        self.rows.dedup();
        self.rows.len() < batch.rows().len()
    }
}

impl DecoderRun {
    pub(super) fn new(config: DecoderConfig, weights: Weights, kv: KvCache) -> Self {
        Self { config, weights, kv, results: Results::default(), buffers: Buffers::default() }
    }

    /// (out features, in features) of the projection `name`.
    pub(super) fn projection_sizes(&self, name: &str) -> Option<(usize, usize)> {
        let layers = self.weights.layers.iter();
        let mut linears = layers.flat_map(|l| [&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down]);
        linears.find(|l| l.name == name).map(|l| (l.weight.rows(), l.weight.cols()))
    }

    /// Runs a batch that was checked.
    pub(super) fn forward(&mut self, kernels: &Kernels, adapters: &Adapters, batch: &RaggedBatch) -> Step {
        self.prepare(kernels, batch);
        let (positions, tables) = (take(&mut self.buffers.positions), take(&mut self.buffers.tables));
        let mut spans = emptied(take(&mut self.buffers.spans));
        fill_spans(batch, &positions, &tables, &mut spans);
        let rows = batch.rows().len();
        let mut upcoming = take(&mut self.buffers.upcoming);
        kernels.look_ahead(&self.kv, &spans, &mut upcoming);
        upcoming.begin(0);
        let config = &self.config;
        let step = StepContext { kernels, adapters, batch, rows, config, spans: &spans, upcoming: &upcoming };
        let few = self.buffers.wanted.find(batch) && !adapters.are_in(batch);
        let (whole, last) = self.weights.layers.split_at(self.weights.layers.len() - usize::from(few));
        let head = [self.weights.head()];
        for (index, layer) in whole.iter().enumerate() {
            step.attention(layer, (&mut self.kv, index), &mut self.buffers);
            let next = self.weights.layers.get(index + 1).map(entries);
            match next {
                Some(_) => upcoming.begin(index + 1),
                None => upcoming.end(),
            }
            let next = next.as_ref().map_or(&head[..], |next| next);
            step.feed_forward(layer, next, &mut self.buffers);
        }
        if let [layer] = last {
            step.last_layer(layer, (&mut self.kv, whole.len()), &positions, &head, &mut self.buffers);
        }
        self.buffers.upcoming = upcoming;
        self.buffers.spans = emptied(spans);
        (self.buffers.positions, self.buffers.tables) = (positions, tables);
        self.output(kernels, batch, few)
    }

    /// Fills in the embeddings, positions and rotary tables.
    fn prepare(&mut self, kernels: &Kernels, batch: &RaggedBatch) {
        let (width, buffers) = (self.config.hidden, &mut self.buffers);
        let hidden = fit(&mut buffers.hidden, batch.rows().len() * width);
        for (row, out) in batch.rows().iter().zip(hidden.chunks_exact_mut(width)) {
            match *row {
                Row::Token(id) => kernels.look_up(&self.weights.embedding, id as usize, out),
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

    /// The final norm of the rows that were asked for, and the head of those that want logits; `few` says that only the wanted
    /// rows are left.
    fn output(&mut self, kernels: &Kernels, batch: &RaggedBatch, few: bool) -> Step {
        let (width, eps) = (self.config.hidden, self.config.rms_eps);
        let Buffers { hidden: states, attended: gathered, normed, wanted, .. } = &mut self.buffers;
        let place = |row: usize| if few { wanted.rows.partition_point(|wanted| *wanted < row) } else { row };
        let norm = &self.weights.norm;
        let Results { mut logits, mut hidden, mut summaries } = take(&mut self.results);
        gather(states, width, batch.hidden().iter().map(|row| place(*row)), gathered);
        kernels.rms_norm(gathered, norm, eps, fit(&mut hidden, gathered.len()));
        gather(states, width, batch.logits().iter().map(|l| place(l.row)), gathered);
        kernels.rms_norm(gathered, norm, eps, fit(normed, gathered.len()));
        let head = self.weights.head();
        // The next step begins again.
        let first = self.weights.layers.first().map(entries);
        kernels.fetch_ahead(batch.logits().len(), first.as_ref().map_or(&[], |first| first), false);
        kernels.matmul(normed, head, None, fit(&mut logits, batch.logits().len() * head.rows()));
        for (wanted, row) in batch.logits().iter().zip(logits.chunks_exact_mut(head.rows())) {
            if let Some(mask) = &wanted.mask {
                mask.apply(row);
            }
        }
        // Now, on all threads: whoever scores a row or draws from it asks for this.
        summaries.resize(batch.logits().len(), Summary::default());
        kernels.summarize(&logits, head.rows(), &mut summaries);
        let [logits, hidden] = [(logits, head.rows()), (hidden, width)].map(|(data, width)| Rows::Host { data, width });
        Step { logits, hidden, summaries }
    }
}

/// The matrices that a layer begins with.
fn entries(layer: &Layer) -> [&Matrix; 3] {
    [&layer.q.weight, &layer.k.weight, &layer.v.weight]
}

/// The rows, positions and blocks of each sequence.
fn fill_spans<'a>(
    batch: &RaggedBatch,
    positions: &'a [u32],
    mut tables: &'a [u32],
    spans: &mut Vec<AttentionSpan<'a>>,
) {
    let span = |sequence: &SequenceRows| {
        let (blocks, rest) = tables.split_at(sequence.blocks.len());
        tables = rest;
        let rows = sequence.rows.clone();
        AttentionSpan { positions: &positions[rows.clone()], rows, blocks }
    };
    spans.extend(batch.sequences().iter().map(span));
}

#[derive(Clone, Copy)]
struct StepContext<'a> {
    kernels: &'a Kernels,
    adapters: &'a Adapters,
    batch: &'a RaggedBatch,
    /// How many rows there are: those of the batch, or some of them.
    rows: usize,
    config: &'a DecoderConfig,
    /// The rows of each sequence.
    spans: &'a [AttentionSpan<'a>],
    /// The keys and values of the layer to come.
    upcoming: &'a Upcoming,
}

impl<'s> StepContext<'s> {
    /// The RMS norm of the hidden states as the input of some products. The floats are there where one of these, or an
    /// adapter, wants them.
    fn normed<'a>(
        &self,
        hidden: &[f32],
        norm: &[f32],
        by: &[&Projection],
        normed: &'a mut Vec<f32>,
        quantized: &'a mut Quantized,
    ) -> Input<'a>
    where
        's: 'a,
    {
        let eps = self.config.rms_eps;
        let wanted = |quantized: bool| by.iter().any(|linear| linear.weight.takes_quantized() == quantized);
        let floats = wanted(false) || self.adapters.are_in(self.batch);
        if wanted(true) {
            self.kernels.rms_norm_quantized(hidden, norm, eps, quantized);
        }
        if floats {
            self.kernels.rms_norm(hidden, norm, eps, fit(normed, hidden.len()));
        }
        let (floats, quantized) = (floats.then_some(&**normed), wanted(true).then_some(&*quantized));
        Input { floats, quantized, upcoming: Some(self.upcoming), ..Input::default() }
    }

    /// Adds what adapters change of some projections, whose outputs stand side by side in `out`.
    fn adapt(&self, of: &[&Projection], x: Input<'_>, out: &mut [f32]) {
        let (row_len, mut first) = (of.iter().map(|linear| linear.weight.rows()).sum(), 0);
        for linear in of {
            let columns = first..first + linear.weight.rows();
            first = columns.end;
            let x = x.floats.unwrap_or_default();
            self.adapters.apply(self.kernels, self.batch, &linear.name, x, (&mut *out, row_len), &columns);
        }
    }

    /// Adds a projection of `x` to the hidden states.
    fn add(&self, linear: &Projection, x: &[f32], quantized: &mut Quantized, hidden: &mut [f32]) {
        let x = input(self.kernels, x, &[&linear.weight], quantized);
        self.kernels.multiply_add(x, affine(linear), hidden);
        self.adapt(&[linear], x, hidden);
    }

    fn attention(&self, layer: &Layer, (cache, index): (&mut KvCache, usize), buffers: &mut Buffers) {
        let Buffers { hidden, normed, quantized, qkv, attended, cos, sin, .. } = buffers;
        let (width, keys) = self.widths();
        let row_len = width + 2 * keys;
        let projections = [&layer.q, &layer.k, &layer.v];
        let qkv = fit(qkv, self.rows * row_len);
        let x = self.normed(hidden, &layer.input_norm, &projections, normed, quantized);
        self.kernels.fetch_ahead(self.rows, &[&layer.o.weight], false);
        self.kernels.multiply(x, &projections.map(affine), qkv);
        self.adapt(&projections, x, qkv);

        let [for_queries, for_keys] = [&layer.q_norm, &layer.k_norm].map(|norm| self.rotation(norm, cos, sin));
        let stored = KeyValues { data: qkv, row_len, keys: width, values: width + keys, rotation: for_keys };
        self.kernels.store_kv(cache, index, stored, self.spans);
        let queries = Queries { data: qkv, row_len, rotation: for_queries };
        let attended = fit(attended, self.rows * width);
        self.kernels.attention(queries, cache, index, self.spans, self.shape(), attended);
        self.kernels.fetch_ahead(self.rows, &[&layer.gate.weight, &layer.up.weight], true);
        self.add(&layer.o, attended, quantized, hidden);
    }

    /// The last layer of a step that has no adapters: of rows of which nobody wants anything only keys and values are of use.
    /// The hidden states that are left are those of the wanted rows.
    fn last_layer(
        &self,
        layer: &Layer,
        (cache, index): (&mut KvCache, usize),
        positions: &[u32],
        next: &[&Matrix],
        buffers: &mut Buffers,
    ) {
        let Buffers { hidden, normed, quantized, qkv, attended, cos, sin, wanted, .. } = buffers;
        let (width, keys) = self.widths();
        let projections = [&layer.k, &layer.v];
        let kv = fit(qkv, self.rows * 2 * keys);
        let x = self.normed(hidden, &layer.input_norm, &projections, normed, quantized);
        self.kernels.multiply(x, &projections.map(affine), kv);
        let rotation = self.rotation(&layer.k_norm, cos, sin);
        let stored = KeyValues { data: kv, row_len: 2 * keys, keys: 0, values: keys, rotation };
        self.kernels.store_kv(cache, index, stored, self.spans);

        let rows = || wanted.rows.iter().copied();
        gather(hidden, self.config.hidden, rows(), &mut wanted.hidden);
        gather(cos, self.config.head_dim / 2, rows(), &mut wanted.cos);
        gather(sin, self.config.head_dim / 2, rows(), &mut wanted.sin);
        wanted.positions.clear();
        wanted.positions.extend(rows().map(|row| positions[row]));
        let mut spans = emptied(take(&mut wanted.spans));
        spans.extend(self.spans.iter().map(|span| {
            let [start, end] =
                [span.rows.start, span.rows.end].map(|end| wanted.rows.partition_point(|row| *row < end));
            AttentionSpan { rows: start..end, positions: &wanted.positions[start..end], blocks: span.blocks }
        }));
        let few = StepContext { rows: wanted.rows.len(), spans: &spans, ..*self };
        let x = few.normed(&wanted.hidden, &layer.input_norm, &[&layer.q], normed, quantized);
        let queries = fit(qkv, few.rows * width);
        few.kernels.multiply(x, &[affine(&layer.q)], queries);
        let rotation = few.rotation(&layer.q_norm, &wanted.cos, &wanted.sin);
        let queries = Queries { data: queries, row_len: width, rotation };
        let attended = fit(attended, few.rows * width);
        few.kernels.attention(queries, cache, index, few.spans, few.shape(), attended);
        self.upcoming.end();
        few.add(&layer.o, attended, quantized, &mut wanted.hidden);
        wanted.spans = emptied(spans);
        std::mem::swap(hidden, &mut wanted.hidden);
        let rows = wanted.rows.len();
        StepContext { rows, spans: &[], ..*self }.feed_forward(layer, next, buffers);
    }

    /// Columns of all queries, and of all keys.
    fn widths(&self) -> (usize, usize) {
        (self.config.heads * self.config.head_dim, self.config.kv_heads * self.config.head_dim)
    }

    fn shape(&self) -> AttentionShape {
        let DecoderConfig { heads, kv_heads, head_dim, .. } = *self.config;
        AttentionShape { heads, kv_heads, head_dim, scale: 1.0 / (head_dim as f32).sqrt() }
    }

    fn rotation<'r>(&self, norm: &'r Option<Vec<f32>>, cos: &'r [f32], sin: &'r [f32]) -> Rotation<'r> {
        let norm = norm.as_deref().map(|norm| (norm, self.config.rms_eps));
        Rotation { norm, tables: Some((cos, sin)) }
    }

    /// `next` are the matrices that the result is multiplied by.
    fn feed_forward(&self, layer: &Layer, next: &[&Matrix], buffers: &mut Buffers) {
        let Buffers { hidden, normed, quantized, gated, gate, attended, .. } = buffers;
        let x = self.normed(hidden, &layer.post_norm, &[&layer.gate, &layer.up], normed, quantized);
        if layer.down.weight.takes_quantized() && !self.adapters.are_in(self.batch) {
            self.kernels.fetch_ahead(self.rows, &[&layer.down.weight], false);
            self.kernels.multiply_gated_quantized(x, affine(&layer.gate), affine(&layer.up), gated);
            let x = Input { quantized: Some(gated), upcoming: x.upcoming, ..Input::default() };
            self.kernels.fetch_ahead(self.rows, next, false);
            return self.kernels.multiply_add(x, affine(&layer.down), hidden);
        }
        let gated = fit(attended, self.rows * layer.up.weight.rows());
        if self.adapters.are_in(self.batch) {
            let gate = fit(gate, gated.len());
            self.kernels.multiply(x, &[affine(&layer.gate)], gate);
            self.adapt(&[&layer.gate], x, gate);
            self.kernels.multiply(x, &[affine(&layer.up)], gated);
            self.adapt(&[&layer.up], x, gated);
            self.kernels.silu_mul(gate, gated);
        } else {
            self.kernels.multiply_gated(x, affine(&layer.gate), affine(&layer.up), gated);
        }
        self.add(&layer.down, gated, quantized, hidden);
    }
}
