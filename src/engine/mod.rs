//! The loaded model in use: prompts, generation, likelihood scoring, choice and embedding.
//!
//! [`Engine`] is a language model, [`Embedder`] an encoder, [`CrossEncoder`] one that reads two texts together. Sequences
//! that share the beginning of their prompts compute it once and keep one copy of its keys and values. On the CPU a
//! sequence's output does not depend on its company.

mod bench;
mod choose;
mod cross_encoder;
mod embed;
mod error;
mod generate;
mod load;
mod packing;
mod pooled;
mod score;
mod stop;
mod timeline;

pub use bench::{Measured, Workload};
pub use choose::Choice;
pub use cross_encoder::{CrossEncoder, Relevance};
pub use embed::{Embedder, Embeddings};
pub use error::{Error, Result};
pub use generate::{Event, FinishReason, Generation, Request};
pub use load::EngineOptions;
pub use pooled::POOLED_TOKENS;
pub use score::{Scores, Scoring};

pub use docent_models::{
    backend::{BackendKind, Sampling},
    chat_template::Message,
};

use std::time::SystemTime;

use docent_models::{
    Format, backend::Backend, chat_template::ChatTemplate, checkpoint::Architecture, tokenizer::Tokenizer,
};

use timeline::Cache;

/// What a language model is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Prompt {
    /// Raw text: the model's rule for a first token applies, special tokens in it are plain text.
    Text(String),
    /// Messages for the chat template, which opens the assistant's turn.
    Messages(Vec<Message>),
}

/// A language model, loaded.
pub struct Engine {
    backend: Box<dyn Backend>,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    cache: Cache,
    rows_per_step: usize,
    format: Option<Format>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("backend", &self.backend.name()).finish_non_exhaustive()
    }
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
        let model_error = docent_models::Error::from;
        let (text, ids) = match prompt {
            Prompt::Text(text) => (text.clone(), self.tokenizer.encode_prompt(text).map_err(model_error)?),
            Prompt::Messages(messages) => {
                let template = self.template.as_ref().ok_or(Error::NoChatTemplate)?;
                let rendered =
                    template.render(messages, true, SystemTime::now()).map_err(docent_models::Error::from)?;
                let ids = self.tokenizer.encode_rendered(&rendered).map_err(docent_models::Error::from)?;
                (rendered.into_text(), ids)
            }
        };
        if ids.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        Ok((text, ids))
    }

    /// The tokens of a text that continues a prompt: tokenized apart, without a first token of its own.
    ///
    /// # Errors
    /// If the tokenizer fails.
    pub fn tokenize_continuation(&self, text: &str) -> Result<Vec<u32>> {
        let ids = self.tokenizer.encode(text, docent_models::tokenizer::SpecialTokens::AsText);
        Ok(ids.map_err(docent_models::Error::from)?)
    }

    /// The model's tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether messages can be rendered.
    pub fn has_chat_template(&self) -> bool {
        self.template.is_some()
    }

    /// The model's sizes.
    pub fn architecture(&self) -> &Architecture {
        self.backend.architecture()
    }

    /// The format that most of its weights are stored in.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// What the model runs on.
    pub fn backend_name(&self) -> String {
        self.backend.name()
    }

    /// Fails if `tokens` positions are more than the model or the cache can hold.
    fn check_length(&self, tokens: usize) -> Result<()> {
        let context = self.backend.architecture().context();
        if tokens > context {
            return Err(Error::ContextExceeded { tokens, context });
        }
        let room = self.cache.capacity();
        if tokens > room {
            return Err(Error::CacheExceeded { tokens, room });
        }
        Ok(())
    }
}
