//! Keys and values on a device, in paged blocks.
//!
//! Heads come first, so that the positions of one head lie together and a run of neighbouring blocks is read without
//! copying. On candle's CPU device a block costs memory only once it is written.

use std::ops::Range;

use candle_core::{DType, Device, Result, Tensor};

use crate::{
    batch::SequenceRows,
    kv::{BlockId, KV_BLOCK},
    layers::decoder::DecoderConfig,
};

/// By layer the keys and values, each (kv_heads, blocks * KV_BLOCK, head_dim).
#[derive(Debug)]
pub(super) struct KvStore {
    layers: Vec<[Tensor; 2]>,
    device: Device,
}

/// Where one sequence's keys and values lie.
#[derive(Debug)]
pub(super) struct Slots {
    /// Runs of the batch's rows, and the slot that each run starts at.
    writes: Vec<(Range<usize>, usize)>,
    /// Where positions 0 to the last row's are read from.
    read: Read,
    /// How many positions these are.
    length: usize,
}

#[derive(Debug)]
enum Read {
    /// One after another, from a slot on.
    Run(usize),
    /// The slots one by one: (length).
    Table(Tensor),
}

impl KvStore {
    /// Room for `blocks` blocks: in single precision on the CPU, in half precision on a GPU.
    pub(super) fn new(config: &DecoderConfig, blocks: usize, device: &Device) -> Result<Self> {
        let dtype = if device.is_cpu() { DType::F32 } else { DType::F16 };
        let shape = (config.kv_heads, blocks * KV_BLOCK, config.head_dim);
        let buffer = || Tensor::zeros(shape, dtype, device);
        let layers = (0..config.layers).map(|_| Ok([buffer()?, buffer()?])).collect::<Result<_>>()?;
        Ok(Self { layers, device: device.clone() })
    }

    /// Bytes of one block over all layers of `config`.
    pub(super) fn block_bytes(&self, config: &DecoderConfig) -> usize {
        let element = |buffer: &Tensor| buffer.dtype().size_in_bytes();
        let bytes: usize = self.layers.iter().flatten().map(element).sum();
        bytes * config.kv_heads * KV_BLOCK * config.head_dim
    }

    /// The slots of one sequence, for every layer of a step.
    pub(super) fn slots(&self, sequence: &SequenceRows) -> Result<Slots> {
        let slot = |position: usize| sequence.blocks[position / KV_BLOCK].index() * KV_BLOCK + position % KV_BLOCK;
        let start = sequence.position as usize;
        let length = start + sequence.rows.len();
        let mut writes: Vec<(Range<usize>, usize)> = Vec::new();
        for (row, position) in sequence.rows.clone().zip(start..) {
            match writes.last_mut() {
                Some((rows, first)) if *first + rows.len() == slot(position) => rows.end = row + 1,
                _ => writes.push((row..row + 1, slot(position))),
            }
        }
        let blocks = &sequence.blocks[..length.div_ceil(KV_BLOCK)];
        let read = match blocks.windows(2).all(|pair| pair[0].index() + 1 == pair[1].index()) {
            true => Read::Run(slot(0)),
            false => {
                let table: Vec<u32> = (0..length).map(|position| slot(position) as u32).collect();
                Read::Table(Tensor::from_vec(table, length, &self.device)?)
            }
        };
        Ok(Slots { writes, read, length })
    }

    /// Stores the keys and values of a sequence's rows out of those of the whole batch, each (kv_heads, rows, head_dim).
    pub(super) fn write(&self, layer: usize, slots: &Slots, keys: &Tensor, values: &Tensor) -> Result<()> {
        for (stored, new) in self.layers[layer].iter().zip([keys, values]) {
            for (rows, slot) in &slots.writes {
                let run = new.narrow(1, rows.start, rows.len())?.to_dtype(stored.dtype())?.contiguous()?;
                stored.slice_set(&run, 1, *slot)?;
            }
        }
        Ok(())
    }

    /// A sequence's keys and values, each (kv_heads, length, head_dim), in the store's precision.
    pub(super) fn read(&self, layer: usize, slots: &Slots) -> Result<[Tensor; 2]> {
        let [keys, values] = &self.layers[layer];
        let read = |stored: &Tensor| match &slots.read {
            Read::Run(first) => stored.narrow(1, *first, slots.length),
            Read::Table(table) => stored.index_select(table, 1),
        };
        Ok([read(keys)?, read(values)?])
    }

    /// Copies a block of every layer onto another.
    pub(super) fn copy_block(&self, from: BlockId, to: BlockId) -> Result<()> {
        for stored in self.layers.iter().flatten() {
            let block = stored.narrow(1, from.index() * KV_BLOCK, KV_BLOCK)?.force_contiguous()?;
            stored.slice_set(&block, 1, to.index() * KV_BLOCK)?;
        }
        Ok(())
    }
}
