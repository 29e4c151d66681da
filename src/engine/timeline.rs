//! One sequence's place in the KV cache, and how places are shared.

use docent_models::{
    backend::Backend,
    batch::RaggedBatch,
    kv::{BlockId, BlockPool, KV_BLOCK, blocks_for},
};

use super::{Error, Result};

/// The blocks of a sequence and how many positions of it are computed.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    blocks: Vec<BlockId>,
    computed: usize,
}

impl Timeline {
    /// How many positions have their keys and values in the cache.
    pub(super) fn computed(&self) -> usize {
        self.computed
    }

    /// Puts the next rows into a batch; room for them must have been made.
    pub(super) fn push(&mut self, batch: &mut RaggedBatch, tokens: &[u32]) -> std::ops::Range<usize> {
        let end = blocks_for(self.computed + tokens.len());
        let rows = batch.push_tokens(tokens, self.computed as u32, &self.blocks[..end], None);
        self.computed += tokens.len();
        rows
    }
}

/// The KV cache of one engine.
#[derive(Debug)]
pub(super) struct Cache {
    pool: BlockPool,
}

impl Cache {
    pub(super) fn new(blocks: usize) -> Self {
        Self { pool: BlockPool::new(blocks) }
    }

    /// Positions that the whole cache holds.
    pub(super) fn capacity(&self) -> usize {
        self.pool.capacity() * KV_BLOCK
    }

    /// Whether `blocks` more blocks are free.
    pub(super) fn has_room(&self, blocks: usize) -> bool {
        self.pool.available() >= blocks
    }

    /// Makes room for a timeline's positions up to `end`.
    pub(super) fn reserve(&mut self, timeline: &mut Timeline, end: usize) -> Result<()> {
        while timeline.blocks.len() * KV_BLOCK < end {
            let room = (timeline.blocks.len() + self.pool.available()) * KV_BLOCK;
            let block = self.pool.take().ok_or(Error::CacheExceeded { tokens: end, room })?;
            timeline.blocks.push(block);
        }
        Ok(())
    }

    /// A timeline that goes on from another's computed positions: whole blocks are shared, a part of one is copied.
    pub(super) fn fork(&mut self, backend: &mut dyn Backend, from: &Timeline) -> Result<Timeline> {
        let whole = from.computed / KV_BLOCK;
        let mut fork = Timeline { blocks: from.blocks[..whole].to_vec(), computed: from.computed };
        fork.blocks.iter().for_each(|&block| self.pool.share(block));
        if !from.computed.is_multiple_of(KV_BLOCK)
            && let Err(error) = self.copy_last(backend, from, &mut fork)
        {
            self.release(fork);
            return Err(error);
        }
        Ok(fork)
    }

    /// Gives a fork its own copy of the block that its parent has begun.
    fn copy_last(&mut self, backend: &mut dyn Backend, from: &Timeline, fork: &mut Timeline) -> Result<()> {
        let last = from.computed / KV_BLOCK;
        self.reserve(fork, from.computed)?;
        Ok(backend.copy_block(from.blocks[last], fork.blocks[last])?)
    }

    /// Gives a timeline's blocks back.
    pub(super) fn release(&mut self, timeline: Timeline) {
        timeline.blocks.into_iter().for_each(|block| self.pool.release(block));
    }
}

/// Blocks that a fork at `shared` positions takes to grow to `end`: its own blocks, shared ones not counted.
pub(super) fn fork_blocks(shared: usize, end: usize) -> usize {
    blocks_for(end.max(shared)) - shared / KV_BLOCK
}
