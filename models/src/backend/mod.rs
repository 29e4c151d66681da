//! The step: a ragged batch in, logits and hidden states out.
//!
//! Everything above stands on [`Backend`], everything below is behind it. Three backends run the same model
//! description: `cpu` (slices, packed weights, our kernels), `device` (candle storage on CUDA, Metal or the CPU) and
//! `reference` (plain differentiable candle operations, the oracle of the others).

pub mod cpu;
pub mod device;
mod load;
pub mod reference;
mod sample;
mod step;
mod validate;

pub use docent_kernels::Summary;
pub use load::{BackendKind, LoadOptions, cpu_ceilings, load};
pub use sample::{Sampled, Sampling};
pub use step::{Rows, Step};

use crate::{
    Result,
    adapter::Adapter,
    batch::{AdapterId, RaggedBatch},
    checkpoint::Architecture,
    kv::BlockId,
};

/// A loaded model that takes steps.
///
/// On backend `cpu`, and for one instruction set, the numbers that belong to a row depend on its sequence's tokens alone:
/// never on the other sequences of the batch, on how a prompt was cut into steps, on whether its prefix is shared, or on
/// the number of threads.
pub trait Backend: Send {
    /// `cpu`, `device` or `reference`, with what it runs on.
    fn name(&self) -> String;

    /// What its numbers depend on beside the model: the name without what changes no bit of them.
    fn arithmetic(&self) -> String {
        self.name()
    }

    /// The model's sizes.
    fn architecture(&self) -> &Architecture;

    /// How many KV blocks it can hold.
    fn kv_blocks(&self) -> usize;

    /// Bytes of weights and of one KV block, as this backend keeps them.
    fn footprint(&self) -> Footprint;

    /// The rates that bind this backend, measured now: on the CPU only.
    fn ceilings(&self) -> Option<Ceilings> {
        None
    }

    /// Runs every row of the batch through the model, writing keys and values into the sequences' blocks.
    ///
    /// # Errors
    /// If the batch refers to tokens, blocks, rows or adapters that do not exist, or the device fails.
    fn forward(&mut self, batch: &RaggedBatch) -> Result<Step>;

    /// Takes back the memory of a step's results, so that later steps need none of their own.
    fn recycle(&mut self, _step: Step) {}

    /// Copies one KV block, for a sequence that goes on from the middle of a shared block.
    ///
    /// # Errors
    /// If a block does not exist, or the device fails.
    fn copy_block(&mut self, from: BlockId, to: BlockId) -> Result<()>;

    /// The keys and values of a block as bytes, which [`write_block`](Self::write_block) of the same model understands;
    /// `None` where the block does not exist, or the cache is not in main memory.
    fn read_block(&self, _block: BlockId) -> Option<Vec<u8>> {
        None
    }

    /// Fills a block with what [`read_block`](Self::read_block) gave.
    ///
    /// # Errors
    /// If the block does not exist, the bytes are not as many as a block has, or the cache is not in main memory.
    fn write_block(&mut self, _block: BlockId, bytes: &[u8]) -> Result<()> {
        let what = "what a block on this device takes".into();
        Err(BackendError::Size { what, found: bytes.len(), expected: 0 }.into())
    }

    /// Makes an adapter available to sequences.
    ///
    /// # Errors
    /// If it names a projection that the model lacks, or has other sizes.
    fn add_adapter(&mut self, adapter: &Adapter) -> Result<AdapterId>;

    /// Where the largest of a row of logits is, and the logarithm of the sum of their exponentials, which turns logits into
    /// log-probabilities.
    fn summarize(&self, logits: &[f32]) -> Summary {
        sample::summarize(logits)
    }

    /// The log-probability of token `pick.1` under row `pick.0` of the step's logits, for every pick.
    ///
    /// # Errors
    /// If a row or token is out of range, logits are not finite, or the device fails.
    fn log_probs(&self, step: &Step, picks: &[(usize, u32)]) -> Result<Vec<f32>> {
        sample::log_probs(step, picks, |logits| self.summarize(logits))
    }

    /// The `n` likeliest tokens of a row of the step's logits with their log-probabilities, likeliest first.
    ///
    /// # Errors
    /// If the row is out of range, its logits are not finite, or the device fails.
    fn top_n(&self, step: &Step, row: usize, n: usize) -> Result<Vec<(u32, f32)>> {
        let logits = step.logits.row(row)?;
        let summary = step.summary(row).unwrap_or_else(|| self.summarize(&logits));
        sample::top_n(&logits, n, summary)
    }

    /// Draws a token from a row of the step's logits. `seen` are the tokens that the repetition penalty applies to,
    /// `uniform` is the random number in [0, 1) that decides.
    ///
    /// # Errors
    /// If the row is out of range, its logits are not finite, no token is allowed, or the device fails.
    fn sample(&self, step: &Step, row: usize, sampling: &Sampling, seen: &[u32], uniform: f64) -> Result<Sampled> {
        let logits = step.logits.row(row)?;
        let summary = step.summary(row).unwrap_or_else(|| self.summarize(&logits));
        sample::sample((&logits, summary), sampling, seen, uniform, |logits| self.summarize(logits))
    }
}

/// What a backend keeps in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Bytes of weights.
    pub weights: usize,
    /// Bytes of one KV block, all layers.
    pub kv_block: usize,
}

/// What a device can do at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceilings {
    /// Operations a second of 8-bit dot products: a product and a sum each.
    pub int8_rate: f64,
    /// Bytes a second that are read from memory of the weights' size.
    pub read_rate: f64,
}

/// What is wrong with a batch, or went wrong in a step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// Something in the batch lies outside of its range.
    #[error("{what} is {found}, the limit is {limit}")]
    Range {
        /// What.
        what: &'static str,
        /// Its value.
        found: usize,
        /// The first value that is too large.
        limit: usize,
    },
    /// Two sizes that must agree do not.
    #[error("{what} has {found} elements, expected {expected}")]
    Size {
        /// What.
        what: String,
        /// Its size.
        found: usize,
        /// The size that it must have.
        expected: usize,
    },
    /// A matrix cannot be stored.
    #[error("`{name}` cannot be stored")]
    Matrix {
        /// Its name in the checkpoint or adapter.
        name: String,
        /// What does not fit.
        source: docent_kernels::ShapeError,
    },
    /// An adapter names a projection that the model lacks.
    #[error("the model has no projection `{0}` for the adapter to change")]
    UnknownProjection(String),
    /// The mask of a row allows no token.
    #[error("no token is allowed to come next")]
    NothingAllowed,
    /// A row of logits has NaN or infinity in it.
    #[error("the model's logits are no finite numbers")]
    NotFinite,
    /// Weights, keys and values do not fit into memory.
    #[error("the model takes {weights} bytes of memory and its KV cache {kv}, and {available} are available")]
    Memory {
        /// Bytes that the weights take.
        weights: u64,
        /// Bytes that keys and values may take.
        kv: u64,
        /// Bytes that the machine, or its limit, has left.
        available: u64,
    },
    /// The processor lacks an instruction set.
    #[error("this processor lacks the instruction set `{0}`")]
    MissingIsa(&'static str),
    /// A format of keys and values that only the CPU backend has.
    #[error("keys and values in `{0}` are kept on the CPU only")]
    KvFormat(&'static str),
    /// This build has no such device.
    #[error("this build runs on {built}, not on `{asked}`")]
    MissingDevice {
        /// What was asked for.
        asked: &'static str,
        /// What there is.
        built: &'static str,
    },
    /// candle failed.
    #[error("the tensor library failed")]
    Candle(#[from] candle_core::Error),
}

impl BackendError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            BackendError::Memory { weights, available, .. } if weights <= available => {
                Some("make room for fewer positions with `--kv-positions`, or keep them in `--kv-format q8_0`".into())
            }
            BackendError::Memory { .. } => Some("take a smaller model or a smaller quantization".into()),
            BackendError::NotFinite => {
                Some("see with `docent models verify` whether the model's files are whole".into())
            }
            BackendError::KvFormat(_) => Some("leave `--kv-format` out, or `--device`".into()),
            BackendError::MissingIsa(_) => Some("leave `DOCENT_ISA` unset to take the best that there is".into()),
            BackendError::MissingDevice { asked, .. } => Some(format!("build with `--features {asked}`")),
            _ => None,
        }
    }
}
