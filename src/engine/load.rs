//! Loading a language model or an encoder from its files.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
};

use async_lock::Semaphore;

use docent_models::{
    Format, Isa, KvFormat, Pool,
    backend::{self, Backend, BackendKind, LoadOptions},
    checkpoint::{Architecture, Checkpoint},
    layers::encoder::EncoderConfig,
    memory,
    tokenizer::Tokenizer,
};

use super::{
    CrossEncoder, Embedder, Engine, Error, Result, Shared,
    answers::Found,
    cache::Cache,
    constraint::Grammars,
    encoder::Encoder,
    prompts::Prompts,
    schedule::{Guessing, Limits, Scheduler, Vocabulary},
    soft::SoftRows,
    worker::Worker,
};

/// Rows that one step takes: enough to fill the matrix kernels, few enough to stay responsive.
const ROWS_PER_STEP: usize = 512;

/// How a model is loaded and run.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Which backend runs the model.
    pub backend: BackendKind,
    /// Threads of the CPU backend; as many as the process may use, if `None`.
    pub threads: Option<usize>,
    /// The CPU backend's instruction set; the best that the processor has, if `None`.
    pub isa: Option<Isa>,
    /// Positions that the KV cache holds, over all sequences.
    pub kv_positions: usize,
    /// How keys and values are kept; only the CPU backend has a choice.
    pub kv_format: KvFormat,
    /// Whether keys and values of prompts are kept for prompts that begin alike, as long as there is room.
    pub prefix_cache: bool,
    /// Whether texts guess their next tokens from what stands before where that saves steps: the output is the same.
    pub speculate: bool,
    /// Jobs that may wait for room; whoever brings more waits with theirs.
    pub queue: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            backend: BackendKind::Cpu,
            threads: None,
            isa: None,
            kv_positions: 8192,
            kv_format: KvFormat::default(),
            prefix_cache: true,
            speculate: true,
            queue: 1024,
        }
    }
}

impl EngineOptions {
    /// Loads the backend, for which the tokenizer must have been made.
    fn load(&self, checkpoint: &mut Checkpoint) -> Result<Box<dyn Backend>> {
        checkpoint.forget_vocabulary();
        let threads = self.threads.unwrap_or_else(Pool::default_threads);
        let options = LoadOptions {
            backend: self.backend,
            isa: self.isa.unwrap_or_else(Isa::detect),
            pool: Arc::new(Pool::new(threads)),
            kv_positions: self.kv_positions,
            kv_format: self.kv_format,
            memory: memory::available(),
        };
        Ok(backend::load(checkpoint, &options)?)
    }
}

impl Engine {
    /// Loads a language model from a weight file or a folder.
    ///
    /// # Errors
    /// If a file is damaged, the architecture is none that is supported or an encoder's, or memory does not suffice.
    pub fn load(path: &Path, options: &EngineOptions) -> Result<Self> {
        let mut checkpoint = language_model(path)?;
        let prompts = Prompts::of(&checkpoint)?;
        // Before the weights are packed and their file's memory is given back.
        let hash = checkpoint.hash().map_err(docent_models::Error::from)?;
        let format = checkpoint.weights().main_format();
        let backend = options.load(&mut checkpoint)?;
        Self::over(backend, prompts, options, (format, hash))
    }

    fn over(
        backend: Box<dyn Backend>,
        prompts: Prompts,
        options: &EngineOptions,
        (format, hash): (Option<Format>, [u8; 32]),
    ) -> Result<Self> {
        let (architecture, backend_name) = (backend.architecture().clone(), backend.name());
        let arithmetic = backend.arithmetic();
        let footprint = backend.footprint();
        let soft = Arc::new(SoftRows::default());
        let cache = Cache::new(backend.kv_blocks(), options.prefix_cache, soft.clone());
        let room = cache.capacity();
        let guessing = if options.speculate { Guessing::IfWorth } else { Guessing::Never };
        let limits = Limits { rows_per_step: ROWS_PER_STEP, guessing };
        let tokenizer = prompts.tokenizer();
        let grammars = Grammars::new(tokenizer.clone(), architecture.vocab());
        let vocabulary = Vocabulary { tokenizer: tokenizer.clone(), limit: architecture.context().min(room) };
        let worker = Worker::start(Scheduler::new(backend, cache, limits))?;
        let queue = Arc::new(Semaphore::new(options.queue.max(1)));
        let arrivals = AtomicU64::new(0);
        let shared = Shared {
            vocabulary,
            prompts,
            grammars,
            architecture,
            backend_name,
            arithmetic,
            format,
            footprint,
            hash,
            room,
            queue,
            arrivals,
            soft,
            found: Found::default(),
            worker,
        };
        Ok(Self { shared: Arc::new(shared), answers: None })
    }
}

impl Embedder {
    /// Loads a sentence encoder from a folder.
    ///
    /// # Errors
    /// If a file is damaged, the architecture is none that is supported or a language model's, or memory does not
    /// suffice.
    pub fn load(path: &Path, options: &EngineOptions) -> Result<Self> {
        let mut checkpoint = Checkpoint::open(path)?;
        let config = encoder(&checkpoint, path)?;
        let tokenizer = tokenizer(&checkpoint)?;
        Ok(Self::new(Encoder::new(options.load(&mut checkpoint)?, tokenizer, config)))
    }
}

impl CrossEncoder {
    /// Loads an encoder with a classification head from a folder.
    ///
    /// # Errors
    /// If a file is damaged, the architecture is none that is supported or a language model's, there is no head or one
    /// of more than two labels, or memory does not suffice.
    pub fn load(path: &Path, options: &EngineOptions) -> Result<Self> {
        let mut checkpoint = Checkpoint::open(path)?;
        let config = encoder(&checkpoint, path)?;
        let model = || path.display().to_string();
        match config.labels {
            0 => return Err(Error::NoHead { model: model() }),
            1 | 2 => {}
            labels => return Err(Error::ManyLabels { model: model(), labels }),
        }
        let tokenizer = tokenizer(&checkpoint)?;
        Ok(Self::new(Encoder::new(options.load(&mut checkpoint)?, tokenizer, config)))
    }
}

/// The files of a language model; an error for an encoder's.
pub(super) fn language_model(path: &Path) -> Result<Checkpoint> {
    let checkpoint = Checkpoint::open(path)?;
    match checkpoint.architecture() {
        Architecture::Decoder(_) => Ok(checkpoint),
        Architecture::Encoder(config) => {
            let model = path.display().to_string();
            Err(Error::NotALanguageModel { model, architecture: config.model_type })
        }
    }
}

/// The sizes of an encoder; an error for a language model.
fn encoder(checkpoint: &Checkpoint, path: &Path) -> Result<EncoderConfig> {
    match checkpoint.architecture() {
        Architecture::Encoder(config) => Ok(config.clone()),
        Architecture::Decoder(config) => {
            Err(Error::NotAnEncoder { model: path.display().to_string(), architecture: config.model_type })
        }
    }
}

/// The tokenizer beside the weights, or else the one inside of a GGUF file.
pub(super) fn tokenizer(checkpoint: &Checkpoint) -> Result<Tokenizer> {
    let inside = checkpoint.weights().metadata().filter(|_| !checkpoint.folder().join("tokenizer.json").exists());
    let tokenizer = match inside {
        Some(metadata) => Tokenizer::from_gguf(metadata),
        None => Tokenizer::from_folder(checkpoint.folder()),
    };
    let tokenizer = tokenizer.map_err(docent_models::Error::from)?;
    tokenizer.check_vocabulary(checkpoint.architecture().vocab()).map_err(docent_models::Error::from)?;
    Ok(tokenizer)
}
