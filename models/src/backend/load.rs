//! Which backend runs a checkpoint, and whether it fits.

use std::sync::Arc;

use docent_kernels::{Isa, Kernels, KvCache, KvFormat, Pool};

use super::{
    Backend, BackendError, Ceilings, Footprint,
    cpu::Cpu,
    device::{self, DeviceBackend},
    reference::Reference,
    validate,
};
use crate::{
    Result,
    checkpoint::{Architecture, Checkpoint},
    kv::{KV_BLOCK, blocks_for},
    weights::Tensor,
};

/// Which backend runs the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendKind {
    /// Our own kernels on the CPU.
    #[default]
    Cpu,
    /// candle on its CPU device.
    DeviceCpu,
    /// candle on an NVIDIA GPU, by ordinal.
    Cuda(usize),
    /// candle on an Apple GPU, by ordinal.
    Metal(usize),
    /// Plain single-precision operations: slow, and the oracle of the others.
    Reference,
}

/// How a checkpoint is loaded.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Which backend.
    pub backend: BackendKind,
    /// The instruction set of the CPU backend.
    pub isa: Isa,
    /// The threads of the CPU backend.
    pub pool: Arc<Pool>,
    /// Positions that the KV cache has room for, over all sequences.
    pub kv_positions: usize,
    /// How keys and values are kept; only the CPU backend has a choice.
    pub kv_format: KvFormat,
    /// Bytes of the machine's memory that may be used; unlimited, if `None`. Not that of a GPU, which says so itself.
    pub memory: Option<u64>,
}

/// Loads a checkpoint into the backend that `options` name.
///
/// # Errors
/// If it does not fit into memory, this build or processor lacks what was asked for, or a tensor is missing.
pub fn load(checkpoint: &Checkpoint, options: &LoadOptions) -> Result<Box<dyn Backend>> {
    let kv_blocks = match checkpoint.architecture() {
        Architecture::Decoder(_) => blocks_for(options.kv_positions),
        Architecture::Encoder(_) => 0,
    };
    let (kind, format) = (options.backend, options.kv_format);
    if kind != BackendKind::Cpu && format != KvFormat::default() {
        return Err(BackendError::KvFormat(format.name()).into());
    }
    let memory = options.memory.filter(|_| !matches!(kind, BackendKind::Cuda(_) | BackendKind::Metal(_)));
    validate::memory(Footprint::estimate(checkpoint, kind, format), kv_blocks, memory)?;
    let backend: Box<dyn Backend> = match options.backend {
        BackendKind::Cpu => Box::new(Cpu::load(checkpoint, options.isa, options.pool.clone(), (format, kv_blocks))?),
        BackendKind::Reference => Box::new(Reference::load(checkpoint, kv_blocks)?),
        kind => Box::new(DeviceBackend::load(checkpoint, open_device(kind)?, kv_blocks)?),
    };
    docent_kernels::give_back_code();
    Ok(backend)
}

/// What the CPU does at most on the threads of `pool`, measured now, with weights of `weight_bytes` in memory. It takes as
/// much memory, and half a second.
///
/// # Errors
/// If the processor lacks `isa`.
pub fn cpu_ceilings(isa: Isa, pool: Arc<Pool>, weight_bytes: usize) -> Result<Ceilings, BackendError> {
    let kernels = Kernels::new(isa, pool).ok_or(BackendError::MissingIsa(isa.name()))?;
    Ok(ceilings(&kernels, weight_bytes))
}

pub(super) fn ceilings(kernels: &Kernels, weight_bytes: usize) -> Ceilings {
    Ceilings { int8_rate: kernels.int8_rate(), read_rate: kernels.read_rate(weight_bytes) }
}

fn open_device(kind: BackendKind) -> Result<candle_core::Device, BackendError> {
    let missing = |asked| {
        let built = if cfg!(feature = "cuda") {
            "`cuda`"
        } else if cfg!(feature = "metal") {
            "`metal`"
        } else {
            "the CPU only"
        };
        BackendError::MissingDevice { asked, built }
    };
    match kind {
        BackendKind::Cuda(_) if !cfg!(feature = "cuda") => Err(missing("cuda")),
        BackendKind::Metal(_) if !cfg!(feature = "metal") => Err(missing("metal")),
        BackendKind::Cuda(ordinal) => Ok(candle_core::Device::new_cuda(ordinal)?),
        BackendKind::Metal(ordinal) => Ok(candle_core::Device::new_metal(ordinal)?),
        _ => Ok(candle_core::Device::Cpu),
    }
}

impl Footprint {
    /// What `kind` will keep in memory of the checkpoint, with keys and values in a format.
    pub fn estimate(checkpoint: &Checkpoint, kind: BackendKind, kv_format: KvFormat) -> Self {
        let weights = checkpoint.weights();
        let is_widened = |format| match kind {
            BackendKind::Reference => true,
            BackendKind::DeviceCpu => device::widens_on_cpu(format),
            _ => false,
        };
        let kept = |tensor: Tensor| match is_widened(tensor.format()) {
            true => tensor.elements().saturating_mul(size_of::<f32>()),
            false => tensor.data().len(),
        };
        let kv_block = match checkpoint.architecture() {
            Architecture::Decoder(c) if kind == BackendKind::Cpu => {
                KvCache::block_bytes_of(kv_format, c.layers, c.kv_heads, c.head_dim)
            }
            Architecture::Decoder(c) => {
                let of_one_element = 2 * KV_BLOCK * size_of::<f32>();
                [c.layers, c.kv_heads, c.head_dim].into_iter().fold(of_one_element, usize::saturating_mul)
            }
            Architecture::Encoder(_) => 0,
        };
        let weights = weights.names().filter_map(|name| weights.get(name)).map(kept).fold(0, usize::saturating_add);
        Self { weights, kv_block }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Error;

    #[test]
    fn the_memory_of_the_machine_bounds_what_runs_in_it() {
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/tiny/llama-plain");
        let checkpoint = Checkpoint::open(&tiny).unwrap();
        let kinds = [BackendKind::Cpu, BackendKind::DeviceCpu, BackendKind::Reference];
        // No machine has a GPU of this number.
        let gpus = [BackendKind::Cuda(1 << 20), BackendKind::Metal(1 << 20)];
        for (backend, bounded) in kinds.map(|kind| (kind, true)).into_iter().chain(gpus.map(|kind| (kind, false))) {
            let (isa, pool, kv_format) = (Isa::detect(), Arc::new(Pool::new(1)), KvFormat::default());
            let options = LoadOptions { backend, isa, pool, kv_positions: 64, kv_format, memory: Some(1) };
            let error = load(&checkpoint, &options).err();
            let refused = matches!(error, Some(Error::Backend(BackendError::Memory { .. })));
            assert_eq!(refused, bounded, "{backend:?}: {error:?}");
        }
    }

    #[test]
    fn what_a_device_widens_counts_as_it_is_kept() {
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/tiny/llama-plain");
        let weights = Checkpoint::open(&tiny).unwrap();
        let halved = |name: &str| {
            let tensor = weights.weights().get(name).unwrap();
            let bytes = tensor.to_f32().iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
            (name.to_owned(), tensor.shape().to_vec(), bytes)
        };
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = weights.weights().names().map(halved).collect();
        let views = tensors.iter().map(|(name, shape, bytes)| {
            (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F16, shape.clone(), bytes).unwrap())
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(tiny.join("config.json"), folder.path().join("config.json")).unwrap();
        safetensors::serialize_to_file(views, None, &folder.path().join("model.safetensors")).unwrap();
        let halves = Checkpoint::open(folder.path()).unwrap();
        for checkpoint in [&weights, &halves] {
            for backend in [BackendKind::DeviceCpu, BackendKind::Reference] {
                let (isa, pool, kv_format) = (Isa::detect(), Arc::new(Pool::new(1)), KvFormat::default());
                let options = LoadOptions { backend, isa, pool, kv_positions: 64, kv_format, memory: None };
                let kept = load(checkpoint, &options).unwrap().footprint();
                assert_eq!(Footprint::estimate(checkpoint, backend, kv_format), kept, "{backend:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_told_by_what_would_help() {
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/reference/tiny/llama-plain");
        let checkpoint = Checkpoint::open(&tiny).unwrap();
        let cases = [
            (1 << 40, Some(1 << 30), "`--kv-positions`"),
            (usize::MAX, None, "`--kv-positions`"),
            (64, Some(1), "smaller quantization"),
        ];
        for (kv_positions, memory, flag) in cases {
            let (isa, pool, kv_format) = (Isa::detect(), Arc::new(Pool::new(1)), KvFormat::default());
            let backend = BackendKind::Cpu;
            let options = LoadOptions { backend, isa, pool, kv_positions, kv_format, memory };
            let error = load(&checkpoint, &options).err().expect("an error");
            assert!(error.hint().is_some_and(|hint| hint.contains(flag)), "{error}: {:?}", error.hint());
        }
    }
}
