//! The device backend: candle storage on CUDA, on Metal, or on the CPU.
//!
//! Linear layers run over all rows of a batch at once, attention sequence by sequence over paged keys and values.
//! Quantized matrices stay in the blocks of their file, and embedding rows are widened one by one. Activations are in
//! single precision everywhere; on a GPU the KV cache, and with it the products of attention, are in half precision.
//! Nothing here has a gradient, and results equal those of the other backends within tolerances, not bit for bit.

mod adapters;
mod decoder;
mod encoder;
mod kv;
mod loader;
mod ops;

use candle_core::{Device, DeviceLocation};

use super::{Backend, BackendError, Footprint, Rows, Step, sample, validate};
use crate::{
    Result,
    adapter::Adapter,
    batch::{AdapterId, RaggedBatch},
    checkpoint::{Architecture, Checkpoint},
    kv::BlockId,
    layers::{decoder::DecoderWeights, encoder::EncoderWeights},
};

use adapters::Adapters;
use decoder::DecoderRun;
use encoder::EncoderRun;
use kv::KvStore;
use loader::DeviceLoader;
pub(super) use loader::widens_on_cpu;

/// A model on one of candle's devices.
#[derive(Debug)]
pub struct DeviceBackend {
    architecture: Architecture,
    model: Model,
    adapters: Adapters,
    device: Device,
    footprint: Footprint,
    kv_blocks: usize,
}

#[derive(Debug)]
enum Model {
    Decoder(Box<DecoderRun>),
    Encoder(Box<EncoderRun>),
}

impl DeviceBackend {
    /// Loads a checkpoint onto `device`, with room for `kv_blocks` blocks of keys and values.
    ///
    /// # Errors
    /// If a tensor is missing or has another shape, or the device fails or lacks the memory.
    pub fn load(checkpoint: &Checkpoint, device: Device, kv_blocks: usize) -> Result<Self> {
        let architecture = checkpoint.architecture().clone();
        let mut loader = DeviceLoader::new(device.clone());
        let (model, kv_block) = match &architecture {
            Architecture::Decoder(config) => {
                let weights = DecoderWeights::load(checkpoint, config, &mut loader)?;
                let kv = KvStore::new(config, kv_blocks, &device).map_err(BackendError::from)?;
                let bytes = kv.block_bytes(config);
                let run = DecoderRun::new(config.clone(), weights, kv, device.clone());
                (Model::Decoder(Box::new(run)), bytes)
            }
            Architecture::Encoder(config) => {
                let weights = EncoderWeights::load(checkpoint, config, &mut loader)?;
                (Model::Encoder(Box::new(EncoderRun::new(config.clone(), weights, device.clone()))), 0)
            }
        };
        let footprint = Footprint { weights: loader.bytes, kv_block };
        Ok(Self { architecture, model, adapters: Adapters::default(), device, footprint, kv_blocks })
    }
}

impl Backend for DeviceBackend {
    fn name(&self) -> String {
        match self.device.location() {
            DeviceLocation::Cpu => "device (cpu)".into(),
            DeviceLocation::Cuda { gpu_id } => format!("device (cuda {gpu_id})"),
            DeviceLocation::Metal { gpu_id } => format!("device (metal {gpu_id})"),
        }
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
        if batch.rows().is_empty() {
            let (logits, hidden) = (self.architecture.logits_width(), self.architecture.hidden());
            return Ok(Step::new(Rows::none(logits), Rows::none(hidden)));
        }
        let step = match &self.model {
            Model::Decoder(run) => run.forward(&self.adapters, batch),
            Model::Encoder(run) => run.forward(batch),
        };
        Ok(step.map_err(BackendError::from)?)
    }

    fn copy_block(&mut self, from: BlockId, to: BlockId) -> Result<()> {
        validate::block(from, self.kv_blocks)?;
        validate::block(to, self.kv_blocks)?;
        if let Model::Decoder(run) = &self.model {
            run.kv.copy_block(from, to).map_err(BackendError::from)?;
        }
        Ok(())
    }

    fn add_adapter(&mut self, adapter: &Adapter) -> Result<AdapterId> {
        validate::adapter(adapter, |name| match &self.model {
            Model::Decoder(run) => run.projection_sizes(name),
            Model::Encoder(_) => None,
        })?;
        Ok(self.adapters.add(adapter, &self.device).map_err(BackendError::from)?)
    }

    /// Normalizes where the logits lie and fetches only the picked values.
    fn log_probs(&self, step: &Step, picks: &[(usize, u32)]) -> Result<Vec<f32>> {
        let Rows::Device(logits) = &step.logits else { return sample::log_probs(step, picks, sample::summarize) };
        let (rows, width) = logits.dims2().map_err(BackendError::from)?;
        for &(row, token) in picks {
            validate::below("row of results", row, rows)?;
            validate::below("token id", token as usize, width)?;
        }
        let log_probs = ops::log_probs(logits, picks).map_err(BackendError::from)?;
        // One that is not finite in a row leaves none of its sum.
        if log_probs.iter().any(|x| x.is_nan()) { Err(BackendError::NotFinite.into()) } else { Ok(log_probs) }
    }
}
