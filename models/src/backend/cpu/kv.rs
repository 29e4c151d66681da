//! The keys and values of every layer, in paged blocks.

use docent_kernels::{KvCache, KvFormat};

use crate::{kv::BlockId, layers::decoder::DecoderConfig};

/// A cache for each layer.
#[derive(Debug)]
pub(super) struct KvStore {
    layers: Vec<KvCache>,
}

impl KvStore {
    pub(super) fn new(config: &DecoderConfig, format: KvFormat, blocks: usize) -> Self {
        let layer = |_| KvCache::new(format, blocks, config.kv_heads, config.head_dim);
        Self { layers: (0..config.layers).map(layer).collect() }
    }

    /// Bytes of one block over all layers.
    pub(super) fn block_bytes(&self) -> usize {
        self.layers.iter().map(KvCache::block_bytes).sum()
    }

    pub(super) fn layer(&mut self, index: usize) -> &mut KvCache {
        &mut self.layers[index]
    }

    pub(super) fn read_block(&self, block: BlockId) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.block_bytes());
        self.layers.iter().for_each(|layer| layer.read_block(block.index(), &mut bytes));
        bytes
    }

    /// Takes bytes of the right length.
    pub(super) fn write_block(&mut self, block: BlockId, bytes: &[u8]) {
        let mut rest = bytes;
        for layer in &mut self.layers {
            let (part, left) = rest.split_at(layer.block_bytes());
            layer.write_block(block.index(), part);
            rest = left;
        }
    }

    pub(super) fn copy_block(&mut self, from: BlockId, to: BlockId) {
        for layer in &mut self.layers {
            layer.copy_block(from.index(), to.index());
        }
    }
}
