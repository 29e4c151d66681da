//! Where the reference decoder keeps keys and values.

use candle_core::{Result, Tensor};

use crate::{
    batch::SequenceRows,
    kv::{BlockId, KV_BLOCK},
};

/// Takes the keys and values of new rows and gives back all that those rows attend to.
pub trait Cache: std::fmt::Debug {
    /// Both sides are (rows, kv_heads, head_dim); what comes back covers positions 0 to the last new one.
    ///
    /// # Errors
    /// If a tensor operation fails.
    fn extend(&mut self, layer: usize, keys: Tensor, values: Tensor) -> Result<(Tensor, Tensor)>;
}

/// No memory: the rows are the whole sequence. What training uses.
#[derive(Debug)]
pub struct WholeSequence;

impl Cache for WholeSequence {
    fn extend(&mut self, _layer: usize, keys: Tensor, values: Tensor) -> Result<(Tensor, Tensor)> {
        Ok((keys, values))
    }
}

/// Blocks of keys and values, each (filled positions, kv_heads, head_dim), by layer and block.
#[derive(Debug)]
pub(super) struct Blocks {
    layers: Vec<Vec<Option<(Tensor, Tensor)>>>,
}

impl Blocks {
    pub(super) fn new(layers: usize, blocks: usize) -> Self {
        Self { layers: vec![vec![None; blocks]; layers] }
    }

    pub(super) fn copy(&mut self, from: BlockId, to: BlockId) {
        for layer in &mut self.layers {
            layer[to.index()] = layer[from.index()].clone();
        }
    }

    /// The cache of one sequence.
    pub(super) fn of<'a>(&'a mut self, sequence: &'a SequenceRows) -> SequenceCache<'a> {
        SequenceCache { blocks: self, sequence }
    }
}

#[derive(Debug)]
pub(super) struct SequenceCache<'a> {
    blocks: &'a mut Blocks,
    sequence: &'a SequenceRows,
}

impl Cache for SequenceCache<'_> {
    fn extend(&mut self, layer: usize, keys: Tensor, values: Tensor) -> Result<(Tensor, Tensor)> {
        let layer = &mut self.blocks.layers[layer];
        let (start, rows) = (self.sequence.position as usize, self.sequence.rows.len());
        let mut row = 0;
        while row < rows {
            let position = start + row;
            let kept = position % KV_BLOCK;
            let count = (KV_BLOCK - kept).min(rows - row);
            let slot = &mut layer[self.sequence.blocks[position / KV_BLOCK].index()];
            let mut block = (keys.narrow(0, row, count)?, values.narrow(0, row, count)?);
            if let (Some((k, v)), true) = (slot.as_ref(), kept > 0) {
                block.0 = Tensor::cat(&[&k.narrow(0, 0, kept)?, &block.0], 0)?;
                block.1 = Tensor::cat(&[&v.narrow(0, 0, kept)?, &block.1], 0)?;
            }
            *slot = Some(block);
            row += count;
        }
        let end = start + rows;
        let used = self.sequence.blocks[..end.div_ceil(KV_BLOCK)].iter().map(|b| layer[b.index()].as_ref());
        let (keys, values): (Vec<&Tensor>, Vec<&Tensor>) = used.flatten().map(|(k, v)| (k, v)).unzip();
        Ok((Tensor::cat(&keys, 0)?.narrow(0, 0, end)?, Tensor::cat(&values, 0)?.narrow(0, 0, end)?))
    }
}
