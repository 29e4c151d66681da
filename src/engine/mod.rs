//! The loaded model in use: prompts, generation, likelihood scoring, choice and embedding.
//!
//! [`Engine`] is a language model that any number of threads and tasks share. What they ask for runs together: jobs join and
//! leave between steps, prompts that begin alike compute their beginning once, and what was computed is kept for prompts to
//! come. On the CPU a job's output does not depend on its company. [`Embedder`] is an encoder, [`CrossEncoder`] one that
//! reads two texts together.

mod answers;
mod bench;
mod cache;
mod choose;
mod constraint;
mod cross_encoder;
mod embed;
mod encoder;
mod error;
mod generate;
mod load;
mod packing;
mod pooled;
mod prompts;
mod schedule;
mod score;
mod soft;
mod stats;
mod stop;
mod teach;
mod worker;

pub use answers::{Answers, KeptAnswer};
pub use bench::{Measured, Workload};
pub use choose::{Choice, Ordering};
pub use constraint::Constraint;
pub use cross_encoder::{CrossEncoder, Relevance};
pub use embed::{EmbedProgress, Embedder, Embeddings};
pub use error::{Error, Result};
pub use generate::{Event, FinishReason, Generating, Generation, Priority, Request, Token};
pub use load::EngineOptions;
pub use pooled::POOLED_TOKENS;
pub use prompts::Prompts;
pub use score::{BeingScored, Scores, Scoring};
pub use soft::SoftTokens;
pub use stats::Stats;
pub use teach::{Reading, Taught, Teacher};

pub use docent_models::{
    backend::{BackendKind, Sampling},
    chat_template::Message,
};

use std::{
    cmp::Reverse,
    path::Path,
    sync::{
        Arc,
        atomic::{self, AtomicU64},
    },
};

use async_lock::Semaphore;
use docent_models::{Format, backend::Footprint, checkpoint::Architecture, tokenizer::Tokenizer};

use constraint::Grammars;
use schedule::{Job, Place, Scheduler, Vocabulary, Work};
use soft::SoftRows;
use worker::{Order, Worker};

/// Blocks of prefixes that a file holds at most: 2,048 positions, 47 MB of the default model.
const SAVED_BLOCKS: usize = 32;

/// Where the log tells every text that a language model is given.
const PROMPTS: &str = "docent::prompts";

/// What a language model is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// Raw text: the model's rule for a first token applies, special tokens in it are plain text.
    Text(String),
    /// Messages for the chat template, which opens the assistant's turn. A leading system message that it refuses becomes part
    /// of the user's.
    Messages(Vec<Message>),
}

/// A language model, loaded. Clones are the same model; it is given back when the last one is dropped.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    /// Where answers are looked up before they are computed.
    answers: Option<Arc<dyn Answers>>,
}

/// What all clones of an engine share.
#[derive(Debug)]
struct Shared {
    vocabulary: Vocabulary,
    prompts: Prompts,
    grammars: Grammars,
    architecture: Architecture,
    backend_name: String,
    /// What it runs on, as far as results depend on it.
    arithmetic: String,
    format: Option<Format>,
    footprint: Footprint,
    /// An identity of the model.
    hash: [u8; 32],
    /// Positions that the KV cache holds.
    room: usize,
    /// Places in the queue.
    queue: Arc<Semaphore>,
    arrivals: AtomicU64,
    /// Rows that prompts may name, which the worker reads.
    soft: Arc<SoftRows>,
    found: answers::Found,
    worker: Worker,
}

impl Engine {
    /// The tokens of a prompt, ready to be run.
    ///
    /// # Errors
    /// If the chat template is missing or refuses the messages, or nothing is left to run.
    pub fn tokenize(&self, prompt: &Prompt) -> Result<Vec<u32>> {
        Ok(self.render(prompt)?.1)
    }

    /// The text that the model sees for a prompt, and its tokens.
    ///
    /// # Errors
    /// If the chat template is missing or refuses the messages, or nothing is left to run.
    pub fn render(&self, prompt: &Prompt) -> Result<(String, Vec<u32>)> {
        self.shared.prompts.render(prompt)
    }

    /// The tokens of a text that continues a prompt: tokenized apart, without a first token of its own.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn tokenize_continuation(&self, text: &str) -> Result<Vec<u32>> {
        tracing::trace!(target: PROMPTS, continuation = text);
        let ids = self.tokenizer().encode(text, docent_models::tokenizer::SpecialTokens::AsText);
        Ok(ids.map_err(docent_models::Error::from)?)
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        self.shared.prompts.tokenizer()
    }

    /// Whether messages can be rendered.
    pub fn has_chat_template(&self) -> bool {
        self.shared.prompts.has_chat_template()
    }

    /// The model's sizes.
    pub fn architecture(&self) -> &Architecture {
        &self.shared.architecture
    }

    /// The format that most of its weights are stored in.
    pub fn format(&self) -> Option<Format> {
        self.shared.format
    }

    /// The identity of the model: of its weights and the files beside them.
    pub fn hash(&self) -> &[u8; 32] {
        &self.shared.hash
    }

    /// What the model runs on.
    pub fn backend_name(&self) -> &str {
        &self.shared.backend_name
    }

    /// What it has done so far, and what it holds now. Waits for the step that is being taken.
    ///
    /// # Errors
    /// If the engine has stopped.
    pub fn stats(&self) -> Result<Stats> {
        let stats = self.call(|scheduler| scheduler.stats())?;
        Ok(self.shared.found.add_to(stats))
    }

    /// Writes the prefixes that are likeliest to be asked for again to a file: those that were, before those that were
    /// not. Returns how many blocks of 64 positions these are. A device's are not written, and without any what is there
    /// stays.
    ///
    /// # Errors
    /// If the engine has stopped, the file cannot be written, or something else is there.
    pub fn save_prefixes(&self, path: &Path) -> Result<usize> {
        let blocks = self.call(|scheduler| {
            let (backend, cache) = scheduler.parts();
            cache.take_out(backend, SAVED_BLOCKS)
        })?;
        if blocks.is_empty() {
            return Ok(0);
        }
        let fault = |error: std::io::Error| Error::Prefixes { path: path.to_owned(), what: error.to_string() };
        cache::write(path, &self.shared.hash, &blocks).map_err(fault)?;
        Ok(blocks.len())
    }

    /// Whether [`save_prefixes`](Self::save_prefixes) may write to `path`: nothing is there, or a file of prefixes. What is
    /// something else is never replaced.
    ///
    /// # Errors
    /// If what is there cannot be read.
    pub fn may_save_prefixes(path: &Path) -> Result<bool> {
        cache::may_replace(path).map_err(|error| Error::Prefixes { path: path.to_owned(), what: error.to_string() })
    }

    /// Keeps the prefixes of a file that an engine with the same model wrote. Returns how many blocks they are.
    ///
    /// # Errors
    /// If the engine has stopped, the file cannot be read, is damaged, or another model's.
    pub fn load_prefixes(&self, path: &Path) -> Result<usize> {
        let blocks = cache::read(path, &self.shared.hash, self.shared.footprint.kv_block);
        let blocks = blocks.map_err(|what| Error::Prefixes { path: path.to_owned(), what })?;
        self.call(move |scheduler| {
            let (backend, cache) = scheduler.parts();
            cache.put_in(backend, &blocks)
        })?
    }

    /// Forgets all kept prefixes: what comes next is computed as if it came first.
    ///
    /// # Errors
    /// If the engine has stopped.
    pub fn forget_prefixes(&self) -> Result<()> {
        self.call(|scheduler| scheduler.parts().1.forget())
    }

    fn vocabulary(&self) -> &Vocabulary {
        &self.shared.vocabulary
    }

    fn grammars(&self) -> &Grammars {
        &self.shared.grammars
    }

    /// Sends a job off when there is a place in the queue.
    async fn send(&self, priority: Priority, work: Work) -> Result<()> {
        let permit = self.shared.queue.acquire_arc().await;
        self.shared.worker.send(Order::Job(Job::new(self.place(priority), work, permit)))
    }

    /// Sends a job off if there is a place in the queue.
    fn try_send(&self, priority: Priority, work: Work) -> Result<()> {
        let permit = self.shared.queue.try_acquire_arc().ok_or(Error::Busy)?;
        self.shared.worker.send(Order::Job(Job::new(self.place(priority), work, permit)))
    }

    fn place(&self, priority: Priority) -> Place {
        let arrival = self.shared.arrivals.fetch_add(1, atomic::Ordering::Relaxed);
        Place { priority: Reverse(priority), arrival }
    }

    /// Does work between two steps that is no job.
    fn call<T: Send + 'static>(&self, work: impl FnOnce(&mut Scheduler) -> T + Send + 'static) -> Result<T> {
        self.shared.worker.call(work)
    }

    /// Fails if a token is none of the model's: in a step it would fail all that take part.
    fn check_tokens(&self, tokens: &[u32]) -> Result<()> {
        let vocab = self.shared.architecture.vocab();
        match tokens.iter().find(|token| **token as usize >= vocab) {
            Some(&token) => Err(Error::Token { token, vocab }),
            None => Ok(()),
        }
    }

    /// Fails if `tokens` positions are more than the model or the cache can hold.
    fn check_length(&self, tokens: usize) -> Result<()> {
        let context = self.shared.architecture.context();
        if tokens > context {
            return Err(Error::ContextExceeded { tokens, context });
        }
        let room = self.shared.room;
        if tokens > room {
            return Err(Error::CacheExceeded { tokens, room });
        }
        Ok(())
    }
}

/// The tiny model of the tests.
#[cfg(test)]
fn tiny() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/tiny/llama-plain")
}
