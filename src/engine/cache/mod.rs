//! The KV cache of one engine: which sequence holds which blocks, and which prefixes are kept for sequences to come.
//!
//! A kept prefix is found by the tokens at its positions; model and KV type are those of the engine. On the CPU what is
//! found has the very bits that computing it anew would give.

mod disk;
mod tree;

use std::sync::Arc;

use docent_models::{
    backend::Backend,
    batch::{RaggedBatch, Row},
    kv::{BlockId, BlockPool, KV_BLOCK, blocks_for},
};

use super::{Error, Result, soft, soft::SoftRows};
pub(super) use disk::{KeptBlock, may_replace, read, write};
use tree::{Found, NodeId, PrefixTree};

/// Positions of a begun block that are worth the copy of the block.
const WORTH_COPYING: usize = 4;

/// The blocks of a sequence and how many positions of it are computed.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    blocks: Vec<BlockId>,
    computed: usize,
    /// Leading blocks that the tree keeps, and the node of the last of them.
    kept: usize,
    node: Option<NodeId>,
    /// The rows of soft tokens.
    soft: Arc<SoftRows>,
}

impl Timeline {
    /// How many positions have their keys and values in the cache.
    pub(super) fn computed(&self) -> usize {
        self.computed
    }

    /// Its blocks: sequences that share a prefix have the same first ones.
    pub(super) fn blocks(&self) -> &[BlockId] {
        &self.blocks
    }

    /// Puts the next rows into a batch; room for them must have been made.
    pub(super) fn push(&mut self, batch: &mut RaggedBatch, tokens: &[u32]) -> std::ops::Range<usize> {
        let end = blocks_for(self.computed + tokens.len());
        let (position, blocks) = (self.computed as u32, &self.blocks[..end]);
        let rows = match tokens.iter().any(|&token| token >= soft::FIRST) {
            true => {
                let add = |&token: &u32| match self.soft.get(token) {
                    Some(row) => batch.add_embedding(&row),
                    None => Row::Token(token),
                };
                let own: Vec<Row> = tokens.iter().map(add).collect();
                batch.push_rows(own, position, blocks, None)
            }
            false => batch.push_tokens(tokens, position, blocks, None),
        };
        self.computed += tokens.len();
        rows
    }

    /// Forgets what was computed from `position` on.
    pub(super) fn rewind(&mut self, position: usize) {
        self.computed = self.computed.min(position);
    }
}

/// The KV cache of one engine.
#[derive(Debug)]
pub(super) struct Cache {
    pool: BlockPool,
    tree: PrefixTree,
    keeps: bool,
    evicted: u64,
    soft: Arc<SoftRows>,
}

impl Cache {
    /// A cache of `blocks` blocks, which keeps prefixes if `keeps`.
    pub(super) fn new(blocks: usize, keeps: bool, soft: Arc<SoftRows>) -> Self {
        Self { pool: BlockPool::new(blocks), tree: PrefixTree::default(), keeps, evicted: 0, soft }
    }

    /// Whether it keeps what sequences compute for those to come.
    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    /// Positions that the whole cache holds.
    pub(super) fn capacity(&self) -> usize {
        self.pool.capacity() * KV_BLOCK
    }

    /// Blocks that a sequence can still get: free ones, and those of prefixes that can be forgotten.
    pub(super) fn available(&self) -> usize {
        self.pool.available() + self.tree.evictable(&self.pool)
    }

    /// Blocks that sequences hold, and those that only kept prefixes do.
    pub(super) fn usage(&self) -> (usize, usize) {
        let kept = self.tree.evictable(&self.pool);
        (self.pool.capacity() - self.pool.available() - kept, kept)
    }

    /// Prefix blocks that had to be forgotten so far.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted
    }

    /// What [`start`](Self::start) would find for a sequence that begins with `ids`: positions, and how many of
    /// `available` blocks it would take to hold all up to `end`.
    pub(super) fn ask(&self, ids: &[u32], end: usize) -> (usize, usize) {
        let found = self.tree.find(ids);
        let pinned = found.whole.iter().filter(|node| self.tree.is_evictable(**node, &self.pool)).count();
        (found.positions(), blocks_for(end) - found.whole.len() + pinned)
    }

    /// A timeline that goes on from what is kept of `ids`: whole blocks are shared, a part of one is copied if there is
    /// room for it.
    pub(super) fn start(&mut self, backend: &mut dyn Backend, ids: &[u32]) -> Result<Timeline> {
        let found = self.tree.find(ids);
        self.tree.touch(&found);
        let mut timeline = self.share(&found);
        if let Some((node, positions)) = found.part.filter(|(_, positions)| *positions >= WORTH_COPYING)
            && let Some(from) = self.tree.block(node)
        {
            // Held, so that making room does not free it.
            self.pool.share(from);
            let copied = self.copy(backend, from);
            self.pool.release(from);
            match copied {
                Ok(None) => {}
                Ok(Some(block)) => {
                    timeline.blocks.push(block);
                    timeline.computed += positions;
                }
                Err(error) => {
                    self.release(timeline);
                    return Err(error);
                }
            }
        }
        Ok(timeline)
    }

    fn share(&mut self, found: &Found) -> Timeline {
        let mut timeline = Timeline {
            kept: found.whole.len(),
            node: found.whole.last().copied(),
            soft: self.soft.clone(),
            ..Timeline::default()
        };
        for block in found.whole.iter().filter_map(|&node| self.tree.block(node)) {
            self.pool.share(block);
            timeline.blocks.push(block);
        }
        timeline.computed = timeline.blocks.len() * KV_BLOCK;
        timeline
    }

    /// A copy of a block, if there is room for it.
    fn copy(&mut self, backend: &mut dyn Backend, from: BlockId) -> Result<Option<BlockId>> {
        let Some(block) = self.take() else { return Ok(None) };
        match backend.copy_block(from, block) {
            Ok(()) => Ok(Some(block)),
            Err(error) => {
                self.pool.release(block);
                Err(error.into())
            }
        }
    }

    /// A free block; kept prefixes are forgotten for it.
    fn take(&mut self) -> Option<BlockId> {
        if self.pool.available() == 0 && self.tree.evict(&mut self.pool) {
            self.evicted += 1;
        }
        self.pool.take()
    }

    /// Keeps what is computed of a sequence, whose tokens are `ids`, for sequences to come.
    pub(super) fn keep(&mut self, timeline: &mut Timeline, ids: &[u32]) {
        let ids = &ids[..timeline.computed.min(ids.len())];
        if !self.keeps {
            return;
        }
        for (chunk, block) in ids.chunks(KV_BLOCK).zip(&mut timeline.blocks).skip(timeline.kept) {
            let Some(node) = self.tree.keep(timeline.node, chunk, block, &mut self.pool) else { return };
            timeline.node = Some(node);
            timeline.kept += 1;
        }
    }

    /// What is worth keeping beyond the life of this cache, at most `most` blocks; nothing where a device holds them.
    pub(super) fn take_out(&self, backend: &dyn Backend, most: usize) -> Vec<KeptBlock> {
        let kept = self.tree.worth_keeping(most).into_iter();
        let block = |(parent, ids, block): (_, &[u32], _)| {
            Some(KeptBlock { parent, ids: ids.to_vec(), bytes: backend.read_block(block)? })
        };
        // All blocks can be read, or none.
        kept.map(block).collect::<Option<_>>().unwrap_or_default()
    }

    /// Keeps what another cache of the same model has taken out, as long as blocks are free. Returns how many.
    ///
    /// # Errors
    /// If a block is none of this model's.
    pub(super) fn put_in(&mut self, backend: &mut dyn Backend, blocks: &[KeptBlock]) -> Result<usize> {
        let mut nodes: Vec<Option<NodeId>> = Vec::with_capacity(blocks.len());
        for KeptBlock { parent, ids, bytes } in blocks {
            let node = match parent {
                Some(parent) => nodes.get(*parent).copied().flatten(),
                None => None,
            };
            if !self.keeps || parent.is_some() && node.is_none() {
                break;
            }
            let Some(mut block) = self.pool.take() else { break };
            let written = backend.write_block(block, bytes);
            if written.is_ok() {
                nodes.push(self.tree.keep(node, ids, &mut block, &mut self.pool));
            }
            self.pool.release(block);
            written?;
        }
        Ok(nodes.len())
    }

    /// Forgets all kept prefixes that no sequence holds.
    pub(super) fn forget(&mut self) {
        while self.tree.evict(&mut self.pool) {}
    }

    /// Makes room for a timeline's positions up to `end`.
    pub(super) fn reserve(&mut self, timeline: &mut Timeline, end: usize) -> Result<()> {
        while timeline.blocks.len() * KV_BLOCK < end {
            let Some(block) = self.take() else {
                // Nothing is left to forget, either.
                return Err(Error::CacheExceeded { tokens: end, room: timeline.blocks.len() * KV_BLOCK });
            };
            timeline.blocks.push(block);
        }
        Ok(())
    }

    /// A timeline that goes on from another's computed positions: whole blocks are shared, a part of one is copied.
    pub(super) fn fork(&mut self, backend: &mut dyn Backend, from: &Timeline) -> Result<Timeline> {
        let whole = from.computed / KV_BLOCK;
        let kept = from.kept.min(whole);
        let mut fork = Timeline {
            blocks: from.blocks[..whole].to_vec(),
            computed: from.computed,
            kept,
            node: from.node,
            soft: from.soft.clone(),
        };
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
