//! The CPU backend: slices, packed weights and our own kernels; no candle tensor inside a step.
//!
//! Buffers are kept between steps. Weights are packed once, activations are quantized for products with quantized weights,
//! and keys and values lie as integers with scales or in half precision; memory that no position has touched yet costs nothing.

mod adapters;
mod decoder;
mod encoder;

use std::sync::Arc;

use docent_kernels::{
    Affine, Format, Input, Isa, Kernels, KvCache, KvFormat, Matrix, Pool, Quantized, ShapeError, Summary, WeightMemory,
};

use super::{Backend, BackendError, Ceilings, Footprint, Step, load, validate};
use crate::{
    Result,
    adapter::Adapter,
    batch::{AdapterId, RaggedBatch},
    checkpoint::{Architecture, Checkpoint},
    kv::BlockId,
    layers::{Linear, Loader, MatrixSource, decoder::DecoderWeights, encoder::EncoderWeights},
};

use adapters::Adapters;
use decoder::DecoderRun;
use encoder::EncoderRun;

/// A model on the CPU.
#[derive(Debug)]
pub struct Cpu {
    architecture: Architecture,
    kernels: Kernels,
    model: Model,
    adapters: Adapters,
    footprint: Footprint,
    kv_blocks: usize,
    kv_format: KvFormat,
}

#[derive(Debug)]
enum Model {
    Decoder(Box<DecoderRun>),
    Encoder(Box<EncoderRun>),
}

impl Cpu {
    /// Loads a checkpoint for `isa` on the threads of `pool`, with room for so many blocks of keys and values in a format.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape, or the processor lacks `isa`.
    pub fn load(
        checkpoint: &Checkpoint,
        isa: Isa,
        pool: Arc<Pool>,
        (kv_format, kv_blocks): (KvFormat, usize),
    ) -> Result<Self> {
        let kernels = Kernels::new(isa, pool).ok_or(BackendError::MissingIsa(isa.name()))?;
        let size = usize::try_from(checkpoint.weights().bytes()).unwrap_or(usize::MAX / 2);
        let mut packer = Packer { memory: WeightMemory::new(size), bytes: 0 };
        let architecture = checkpoint.architecture().clone();
        let (model, kv_block) = match &architecture {
            Architecture::Decoder(config) => {
                let weights = DecoderWeights::load(checkpoint, config, &mut packer)?;
                let kv = KvCache::new(kv_format, config.layers, kv_blocks, config.kv_heads, config.head_dim);
                let bytes = kv.block_bytes();
                (Model::Decoder(Box::new(DecoderRun::new(config.clone(), weights, kv))), bytes)
            }
            Architecture::Encoder(config) => {
                let weights = EncoderWeights::load(checkpoint, config, &mut packer)?;
                (Model::Encoder(Box::new(EncoderRun::new(config.clone(), weights))), 0)
            }
        };
        let footprint = Footprint { weights: packer.bytes, kv_block };
        Ok(Self { architecture, kernels, model, adapters: Adapters::default(), footprint, kv_blocks, kv_format })
    }
}

impl Backend for Cpu {
    fn name(&self) -> String {
        let (isa, threads) = (self.kernels.isa().name(), self.kernels.pool().threads());
        match self.kv_format {
            KvFormat::Q16 => format!("cpu ({isa}, {threads} threads)"),
            other => format!("cpu ({isa}, {threads} threads, keys and values in {})", other.name()),
        }
    }

    fn arithmetic(&self) -> String {
        format!("cpu ({}, keys and values in {})", self.kernels.isa().name(), self.kv_format.name())
    }

    fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    fn kv_blocks(&self) -> usize {
        self.kv_blocks
    }

    fn footprint(&self) -> Footprint {
        self.footprint
    }

    fn ceilings(&self) -> Option<Ceilings> {
        Some(load::ceilings(&self.kernels, self.footprint.weights))
    }

    fn forward(&mut self, batch: &RaggedBatch) -> Result<Step> {
        validate::batch(batch, &self.architecture, self.kv_blocks, self.adapters.len())?;
        Ok(match &mut self.model {
            Model::Decoder(run) => run.forward(&self.kernels, &self.adapters, batch),
            Model::Encoder(run) => run.forward(&self.kernels, batch),
        })
    }

    fn recycle(&mut self, step: Step) {
        let results = match &mut self.model {
            Model::Decoder(run) => &mut run.results,
            Model::Encoder(run) => &mut run.results,
        };
        results.take(step);
    }

    fn copy_block(&mut self, from: BlockId, to: BlockId) -> Result<()> {
        validate::block(from, self.kv_blocks)?;
        validate::block(to, self.kv_blocks)?;
        if let Model::Decoder(run) = &mut self.model {
            run.kv.copy_block(from.index(), to.index());
        }
        Ok(())
    }

    fn read_block(&self, block: BlockId) -> Option<Vec<u8>> {
        validate::block(block, self.kv_blocks).ok()?;
        match &self.model {
            Model::Decoder(run) => Some(run.kv.read_block(block.index()).to_vec()),
            Model::Encoder(_) => None,
        }
    }

    fn write_block(&mut self, block: BlockId, bytes: &[u8]) -> Result<()> {
        validate::block(block, self.kv_blocks)?;
        let expected = self.footprint.kv_block;
        if bytes.len() != expected {
            let what = "what a block is filled with".into();
            return Err(BackendError::Size { what, found: bytes.len(), expected }.into());
        }
        if let Model::Decoder(run) = &mut self.model {
            run.kv.write_block(block.index(), bytes);
        }
        Ok(())
    }

    fn summarize(&self, logits: &[f32]) -> Summary {
        let mut summary = [Summary::default()];
        self.kernels.summarize(logits, logits.len(), &mut summary);
        summary[0]
    }

    fn add_adapter(&mut self, adapter: &Adapter) -> Result<AdapterId> {
        validate::adapter(adapter, |name| match &self.model {
            Model::Decoder(run) => run.projection_sizes(name),
            Model::Encoder(_) => None,
        })?;
        Ok(self.adapters.add(adapter)?)
    }
}

/// Keeps matrices in their own format and vectors in single precision.
struct Packer {
    memory: WeightMemory,
    bytes: usize,
}

impl Packer {
    fn keep(
        &mut self,
        source: MatrixSource,
        keep: impl Fn(&mut WeightMemory, Format, usize, usize, &[u8]) -> Result<Matrix, ShapeError>,
    ) -> Result<Matrix> {
        let matrix = keep(&mut self.memory, source.format(), source.rows, source.cols, source.data());
        source.release();
        let matrix = matrix.map_err(|error| BackendError::Matrix { name: source.name, source: error })?;
        self.bytes += matrix.bytes();
        Ok(matrix)
    }
}

impl Loader for Packer {
    type Matrix = Matrix;
    type Vector = Vec<f32>;

    fn matrix(&mut self, source: MatrixSource) -> Result<Matrix> {
        self.keep(source, Matrix::new_in)
    }

    fn table(&mut self, source: MatrixSource) -> Result<Matrix> {
        self.keep(source, |_, format, rows, cols, bytes| Matrix::table(format, rows, cols, bytes))
    }

    fn vector(&mut self, values: Vec<f32>) -> Result<Vec<f32>> {
        self.bytes += size_of_val(values.as_slice());
        Ok(values)
    }
}

/// What a product with some matrices takes: the activations themselves, or their quants in `quantized`.
fn input<'a>(kernels: &Kernels, x: &'a [f32], by: &[&Matrix], quantized: &'a mut Quantized) -> Input<'a> {
    if by.iter().any(|matrix| matrix.takes_quantized()) {
        kernels.quantize_rows(x, by[0].cols(), quantized);
    }
    Input { floats: Some(x), quantized: Some(quantized), ..Input::default() }
}

fn affine(linear: &Linear<Matrix, Vec<f32>>) -> Affine<'_> {
    Affine { weight: &linear.weight, bias: linear.bias.as_deref() }
}

/// The memory of results that were given back.
#[derive(Debug, Default)]
struct Results {
    logits: Vec<f32>,
    hidden: Vec<f32>,
    summaries: Vec<Summary>,
}

impl Results {
    fn take(&mut self, step: Step) {
        if let (Some(logits), Some(hidden)) = (step.logits.into_buffer(), step.hidden.into_buffer()) {
            *self = Results { logits, hidden, summaries: step.summaries };
        }
    }
}

/// Copies some rows of `states` (rows, width).
fn gather(states: &[f32], width: usize, rows: impl Iterator<Item = usize>, out: &mut Vec<f32>) {
    out.clear();
    rows.for_each(|row| out.extend_from_slice(&states[row * width..(row + 1) * width]));
}

/// The memory of a list whose elements borrow from what is gone by now.
fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    const { assert!(size_of::<T>() == size_of::<U>() && align_of::<T>() == align_of::<U>()) };
    list.clear();
    // Collecting in place keeps the memory: of no element here.
    list.into_iter().filter_map(|_| None).collect()
}

/// Gives a buffer `len` elements without clearing those that it has.
fn fit(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    buffer.resize(len, 0.0);
    buffer
}
