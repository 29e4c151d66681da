//! The reference backend: plain differentiable candle operations on dequantized weights.
//!
//! It is the oracle of the other backends, and what training runs on. Sequences run one after another.

mod cache;
mod decoder;
mod encoder;
mod ops;

use candle_core::{Device, Tensor, Var};

pub use cache::{Cache, WholeSequence};
pub use decoder::{LowRankTensors, ReferenceDecoder, Span};
pub use encoder::ReferenceEncoder;

use super::{Backend, BackendError, BackendKind, Footprint, Rows, Step, validate};
use crate::{
    Result,
    adapter::Adapter,
    batch::{AdapterId, RaggedBatch, Row, SequenceRows},
    checkpoint::{Architecture, Checkpoint},
    kv::BlockId,
    layers::{Loader, MatrixSource, decoder::DecoderWeights, encoder::EncoderWeights},
};

/// A model in plain tensor operations.
#[derive(Debug)]
pub enum ReferenceModel {
    /// A causal language model.
    Decoder(ReferenceDecoder),
    /// A bidirectional encoder.
    Encoder(ReferenceEncoder),
}

impl ReferenceModel {
    /// Loads a checkpoint, every tensor dequantized to single precision.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn load(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        Ok(Self::build(checkpoint, device, false)?.0)
    }

    /// Loads a checkpoint with every tensor trainable, and gives the variables in the order of loading.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn load_trainable(checkpoint: &Checkpoint, device: &Device) -> Result<(Self, Vec<Var>)> {
        Self::build(checkpoint, device, true)
    }

    fn build(checkpoint: &Checkpoint, device: &Device, trainable: bool) -> Result<(Self, Vec<Var>)> {
        let mut loader = Dequantizer { device: device.clone(), trainable, vars: Vec::new() };
        let model = match checkpoint.architecture() {
            Architecture::Decoder(config) => {
                let weights = DecoderWeights::load(checkpoint, config, &mut loader)?;
                Self::Decoder(ReferenceDecoder::new(config.clone(), weights, device.clone()))
            }
            Architecture::Encoder(config) => {
                let weights = EncoderWeights::load(checkpoint, config, &mut loader)?;
                Self::Encoder(ReferenceEncoder::new(config.clone(), weights, device.clone()))
            }
        };
        Ok((model, loader.vars))
    }
}

/// The reference model behind the step interface.
#[derive(Debug)]
pub struct Reference {
    architecture: Architecture,
    model: ReferenceModel,
    blocks: cache::Blocks,
    kv_blocks: usize,
    adapters: Vec<LowRankTensors>,
    device: Device,
    footprint: Footprint,
}

impl Reference {
    /// Loads a checkpoint on the CPU with room for `kv_blocks` blocks of keys and values.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape.
    pub fn load(checkpoint: &Checkpoint, kv_blocks: usize) -> Result<Self> {
        let device = Device::Cpu;
        let architecture = checkpoint.architecture().clone();
        let layers = match &architecture {
            Architecture::Decoder(config) => config.layers,
            Architecture::Encoder(_) => 0,
        };
        let footprint = Footprint::estimate(checkpoint, BackendKind::Reference, docent_kernels::KvFormat::default());
        let model = ReferenceModel::load(checkpoint, &device)?;
        let blocks = cache::Blocks::new(layers, kv_blocks);
        Ok(Self { architecture, model, blocks, kv_blocks, adapters: Vec::new(), device, footprint })
    }

    /// The last hidden states of one sequence: (rows, hidden).
    fn run_sequence(&mut self, batch: &RaggedBatch, sequence: &SequenceRows) -> Result<Tensor, BackendError> {
        let rows = &batch.rows()[sequence.rows.clone()];
        let ids: Vec<u32> = rows.iter().map(|row| if let Row::Token(id) = row { *id } else { 0 }).collect();
        match &self.model {
            ReferenceModel::Decoder(model) => {
                let x = with_embeddings(model.embed(&ids)?, rows, batch, &self.device)?;
                let adapter = sequence.adapter.map(|id| &self.adapters[id.0 as usize]);
                let cache = &mut self.blocks.of(sequence);
                Ok(model.hidden(&x, &mut [Span { rows: rows.len(), position: sequence.position, cache }], adapter)?)
            }
            ReferenceModel::Encoder(model) => {
                let x = with_embeddings(model.embed(&ids)?, rows, batch, &self.device)?;
                Ok(model.hidden(&x, &batch.token_types()[sequence.rows.clone()])?)
            }
        }
    }

    fn logits(&self, rows: &Tensor, batch: &RaggedBatch) -> Result<Rows, BackendError> {
        let logits = match &self.model {
            ReferenceModel::Decoder(model) => model.logits(rows)?,
            ReferenceModel::Encoder(model) => match model.classify(rows)? {
                Some(logits) => logits,
                None => return Ok(Rows::none(0)),
            },
        };
        let width = logits.dim(1)?;
        let mut data: Vec<f32> = logits.flatten_all()?.to_vec1()?;
        for (wanted, row) in batch.logits().iter().zip(data.chunks_exact_mut(width)) {
            if let Some(mask) = &wanted.mask {
                mask.apply(row);
            }
        }
        Ok(Rows::Host { data, width })
    }
}

/// Puts the batch's own embedding rows in the place of their placeholders.
fn with_embeddings(x: Tensor, rows: &[Row], batch: &RaggedBatch, device: &Device) -> Result<Tensor, BackendError> {
    if rows.iter().all(|row| matches!(row, Row::Token(_))) {
        return Ok(x);
    }
    let width = x.dim(1)?;
    let own = |index: u32| {
        let values = &batch.embeddings()[index as usize * width..][..width];
        Tensor::from_slice(values, (1, width), device)
    };
    let parts = rows.iter().enumerate().map(|(i, row)| match *row {
        Row::Token(_) => x.narrow(0, i, 1),
        Row::Embedding(index) => own(index),
    });
    Ok(Tensor::cat(&parts.collect::<Result<Vec<_>, _>>()?, 0)?)
}

impl Backend for Reference {
    fn name(&self) -> String {
        "reference".into()
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

    fn forward(&mut self, batch: &RaggedBatch) -> Result<Step> {
        validate::batch(batch, &self.architecture, self.kv_blocks, self.adapters.len())?;
        let width = self.architecture.hidden();
        let mut states = Vec::with_capacity(batch.sequences().len());
        for sequence in batch.sequences().iter().filter(|s| !s.rows.is_empty()) {
            states.push(self.run_sequence(batch, sequence)?);
        }
        let pick = |rows: Vec<u32>| -> Result<Option<Tensor>, BackendError> {
            if rows.is_empty() {
                return Ok(None);
            }
            Ok(Some(Tensor::cat(&states, 0)?.index_select(&Tensor::new(rows, &self.device)?, 0)?))
        };
        let hidden = match pick(batch.hidden().iter().map(|&row| row as u32).collect())? {
            Some(rows) => {
                let data = rows.flatten_all().and_then(|r| r.to_vec1()).map_err(BackendError::from)?;
                Rows::Host { data, width }
            }
            None => Rows::none(width),
        };
        let logits = match pick(batch.logits().iter().map(|l| l.row as u32).collect())? {
            Some(rows) => self.logits(&rows, batch)?,
            None => Rows::none(self.architecture.logits_width()),
        };
        Ok(Step::new(logits, hidden))
    }

    fn copy_block(&mut self, from: BlockId, to: BlockId) -> Result<()> {
        validate::block(from, self.kv_blocks)?;
        validate::block(to, self.kv_blocks)?;
        self.blocks.copy(from, to);
        Ok(())
    }

    fn add_adapter(&mut self, adapter: &Adapter) -> Result<AdapterId> {
        let sizes = |name: &str| {
            let ReferenceModel::Decoder(model) = &self.model else { return None };
            let layers = model.weights.layers.iter();
            let mut linears = layers.flat_map(|l| [&l.q, &l.k, &l.v, &l.o, &l.gate, &l.up, &l.down]);
            linears.find(|l| l.name == name).and_then(|l| l.weight.dims2().ok())
        };
        validate::adapter(adapter, sizes)?;
        self.adapters.push(low_rank_tensors(adapter, &self.device).map_err(BackendError::from)?);
        Ok(AdapterId(self.adapters.len() as u32 - 1))
    }
}

/// An adapter as tensors, its scale multiplied into B.
fn low_rank_tensors(adapter: &Adapter, device: &Device) -> candle_core::Result<LowRankTensors> {
    let tensors = adapter.modules.iter().map(|(name, m)| {
        let a = Tensor::from_slice(&m.a, (m.rank, m.a.len() / m.rank), device)?;
        let b = Tensor::from_slice(&m.b, (m.b.len() / m.rank, m.rank), device)?;
        Ok((name.clone(), (a, (b * f64::from(adapter.scale))?)))
    });
    tensors.collect()
}

/// Widens everything to single precision.
struct Dequantizer {
    device: Device,
    trainable: bool,
    vars: Vec<Var>,
}

impl Dequantizer {
    fn keep(&mut self, tensor: Tensor) -> Result<Tensor, BackendError> {
        if !self.trainable {
            return Ok(tensor);
        }
        let var = Var::from_tensor(&tensor)?;
        self.vars.push(var.clone());
        Ok(var.as_tensor().clone())
    }
}

impl Loader for Dequantizer {
    type Matrix = Tensor;
    type Vector = Tensor;

    fn matrix(&mut self, source: MatrixSource) -> Result<Tensor> {
        let mut values = vec![0.0; source.rows * source.cols];
        docent_kernels::dequantize(source.format(), source.data(), &mut values);
        let tensor = Tensor::from_vec(values, (source.rows, source.cols), &self.device).map_err(BackendError::from)?;
        Ok(self.keep(tensor)?)
    }

    fn vector(&mut self, values: Vec<f32>) -> Result<Tensor> {
        let len = values.len();
        let tensor = Tensor::from_vec(values, len, &self.device).map_err(BackendError::from)?;
        Ok(self.keep(tensor)?)
    }
}
