//! The paged KV cache: which block holds which positions, and who still uses it.
//!
//! A block holds the keys and values of [`KV_BLOCK`] consecutive positions of every layer. Sequences that share a
//! prefix hold the same blocks; a block returns to the pool when its last holder releases it. The memory behind the
//! blocks belongs to the backend; this module only counts.

pub use docent_kernels::KV_BLOCK;

/// One block of the KV cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockId(pub(crate) u32);

impl BlockId {
    /// Its place in the backend's storage.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How many blocks `positions` positions take.
pub fn blocks_for(positions: usize) -> usize {
    positions.div_ceil(KV_BLOCK)
}

/// The blocks of one backend, with the number of holders of each.
#[derive(Debug)]
pub struct BlockPool {
    holders: Vec<u32>,
    free: Vec<BlockId>,
}

impl BlockPool {
    /// A pool of `blocks` free blocks.
    pub fn new(blocks: usize) -> Self {
        let free = (0..blocks as u32).rev().map(BlockId).collect();
        Self { holders: vec![0; blocks], free }
    }

    /// How many blocks nobody holds.
    pub fn available(&self) -> usize {
        self.free.len()
    }

    /// How many blocks there are.
    pub fn capacity(&self) -> usize {
        self.holders.len()
    }

    /// How many hold a block; 0 if it is free.
    pub fn holders(&self, block: BlockId) -> u32 {
        self.holders[block.index()]
    }

    /// Takes a free block, with one holder.
    pub fn take(&mut self) -> Option<BlockId> {
        let block = self.free.pop()?;
        self.holders[block.index()] = 1;
        Some(block)
    }

    /// Adds a holder to a block that is held.
    pub fn share(&mut self, block: BlockId) {
        debug_assert!(self.holders[block.index()] > 0, "sharing a free block");
        self.holders[block.index()] += 1;
    }

    /// Drops one holder; the last one frees the block.
    pub fn release(&mut self, block: BlockId) {
        let holders = &mut self.holders[block.index()];
        debug_assert!(*holders > 0, "releasing a free block");
        *holders = holders.saturating_sub(1);
        if *holders == 0 {
            self.free.push(block);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_free_again_when_its_last_holder_leaves() {
        let mut pool = BlockPool::new(2);
        let a = pool.take().unwrap();
        let b = pool.take().unwrap();
        assert_ne!(a, b);
        assert_eq!(pool.take(), None);
        pool.share(a);
        assert_eq!(pool.holders(a), 2);
        pool.release(a);
        assert_eq!(pool.available(), 0);
        assert_eq!(pool.take(), None, "one holder is left");
        pool.release(a);
        assert_eq!(pool.available(), 1);
        assert_eq!(pool.take(), Some(a));
    }

    #[test]
    fn blocks_for_rounds_up() {
        assert_eq!([0, 1, 64, 65].map(blocks_for), [0, 1, 1, 2]);
    }
}
