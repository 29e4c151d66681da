//! The keys and values of every layer, in paged blocks.

use docent_kernels::KvView;

use crate::{
    batch::SequenceRows,
    kv::{BlockId, KV_BLOCK},
    layers::decoder::DecoderConfig,
};

/// (layers) of keys and values, each (blocks, kv_heads, KV_BLOCK, head_dim).
#[derive(Debug)]
pub(super) struct KvStore {
    layers: Vec<[Vec<f32>; 2]>,
    kv_heads: usize,
    head_dim: usize,
}

impl KvStore {
    pub(super) fn new(config: &DecoderConfig, blocks: usize) -> Self {
        let (kv_heads, head_dim) = (config.kv_heads, config.head_dim);
        let elements = blocks * kv_heads * KV_BLOCK * head_dim;
        // Zeroed memory comes untouched from the system: a block costs memory only once it is written.
        let layers = (0..config.layers).map(|_| [vec![0.0; elements], vec![0.0; elements]]).collect();
        Self { layers, kv_heads, head_dim }
    }

    /// Bytes of one block over all layers.
    pub(super) fn block_bytes(&self) -> usize {
        2 * self.layers.len() * self.block_elements() * size_of::<f32>()
    }

    /// One layer's keys and values.
    pub(super) fn view(&self, layer: usize) -> KvView<'_> {
        let [keys, values] = &self.layers[layer];
        KvView { keys, values }
    }

    /// Stores the keys and values, each (rows, kv_heads * head_dim), of one sequence's rows.
    pub(super) fn store(&mut self, layer: usize, sequence: &SequenceRows, keys: &[f32], values: &[f32]) {
        let (kv_heads, head_dim) = (self.kv_heads, self.head_dim);
        let [stored_keys, stored_values] = &mut self.layers[layer];
        for (row, position) in sequence.rows.clone().zip(sequence.positions()) {
            let block = sequence.blocks[position as usize / KV_BLOCK].index();
            for head in 0..kv_heads {
                let to = ((block * kv_heads + head) * KV_BLOCK + position as usize % KV_BLOCK) * head_dim;
                let from = (row * kv_heads + head) * head_dim;
                stored_keys[to..to + head_dim].copy_from_slice(&keys[from..from + head_dim]);
                stored_values[to..to + head_dim].copy_from_slice(&values[from..from + head_dim]);
            }
        }
    }

    pub(super) fn copy_block(&mut self, from: BlockId, to: BlockId) {
        let elements = self.block_elements();
        let from = from.index() * elements;
        for buffer in self.layers.iter_mut().flatten() {
            buffer.copy_within(from..from + elements, to.index() * elements);
        }
    }

    fn block_elements(&self) -> usize {
        self.kv_heads * KV_BLOCK * self.head_dim
    }
}
