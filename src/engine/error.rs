//! The error of this layer.

use std::{path::PathBuf, sync::Arc};

/// What can go wrong while a loaded model is in use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Loading failed, or a step did.
    #[error(transparent)]
    Model(#[from] docent_models::Error),
    /// The weights are those of an encoder.
    #[error("`{model}` is a `{architecture}` encoder, not a language model")]
    NotALanguageModel {
        /// Where the weights are.
        model: String,
        /// Their architecture.
        architecture: &'static str,
    },
    /// The weights are those of a language model.
    #[error("`{model}` is a `{architecture}` language model, not an encoder")]
    NotAnEncoder {
        /// Where the weights are.
        model: String,
        /// Their architecture.
        architecture: &'static str,
    },
    /// The encoder makes vectors only.
    #[error("`{model}` has no classification head")]
    NoHead {
        /// Where the weights are.
        model: String,
    },
    /// The classification head sorts texts into classes.
    #[error("the classification head of `{model}` has {labels} labels, expected 1 or 2")]
    ManyLabels {
        /// Where the weights are.
        model: String,
        /// Outputs of the head.
        labels: usize,
    },
    /// Messages cannot be rendered.
    #[error("the model has no chat template")]
    NoChatTemplate,
    /// More positions than the model was made for.
    #[error("{tokens} tokens are asked for, and the model's context ends at {context}")]
    ContextExceeded {
        /// Prompt and continuation together.
        tokens: usize,
        /// The model's limit.
        context: usize,
    },
    /// One request needs more of the KV cache than there is.
    #[error("{tokens} tokens are asked for, and the KV cache has room for {room}")]
    CacheExceeded {
        /// Prompt and continuation together.
        tokens: usize,
        /// The room left.
        room: usize,
    },
    /// A token id is beyond the vocabulary.
    #[error("token {token} is beyond the model's vocabulary of {vocab}")]
    Token {
        /// The id.
        token: u32,
        /// The first id that is beyond.
        vocab: usize,
    },
    /// Soft tokens cannot be made of these values.
    #[error("{values} values are no finite rows of {width}")]
    SoftRows {
        /// How many there are.
        values: usize,
        /// The width of the model's embedding.
        width: usize,
    },
    /// There are too many soft tokens.
    #[error("{most} soft tokens are in use, as many as an engine can have")]
    SoftTokensFull {
        /// The most.
        most: usize,
    },
    /// There is nothing to start from.
    #[error("the prompt is empty, and the model has no token that starts a text")]
    EmptyPrompt,
    /// A constraint cannot be used, or the text cannot go on within it.
    #[error("{what}")]
    Constraint {
        /// What is wrong.
        what: String,
    },
    /// A file of kept prefixes cannot be used.
    #[error("{}: {what}", path.display())]
    Prefixes {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A step failed that several jobs took part in.
    #[error(transparent)]
    Step(Arc<docent_models::Error>),
    /// Too many jobs wait already.
    #[error("too many requests are waiting")]
    Busy,
    /// The caller cancelled the job.
    #[error("the request was cancelled")]
    Cancelled,
    /// The engine is gone.
    #[error("the engine has stopped")]
    Stopped,
    /// The engine's thread cannot be started.
    #[error("the engine's thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// A sampling parameter is out of its range.
    #[error("`{name}` is {found}, expected {expected}")]
    Parameter {
        /// Its name.
        name: &'static str,
        /// Its value.
        found: f64,
        /// What would do.
        expected: &'static str,
    },
}

impl Error {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Model(e) => e.hint(),
            Error::NotALanguageModel { .. } => Some("name a language model with `--model`".into()),
            Error::NotAnEncoder { .. } => Some("name a sentence encoder with `--encoder`".into()),
            Error::NoHead { .. } | Error::ManyLabels { .. } => {
                Some("name a cross-encoder with `--encoder`, such as `ms-marco-minilm-l6`".into())
            }
            Error::NoChatTemplate => Some("give the text itself with `--prompt`".into()),
            Error::ContextExceeded { .. } => Some("shorten the prompt, or ask for fewer tokens".into()),
            Error::CacheExceeded { .. } => Some("raise `--kv-positions`, or ask for fewer tokens".into()),
            Error::Step(e) => e.hint(),
            Error::Prefixes { .. } => Some("name another file: one is written where there is none".into()),
            Error::Busy => Some("try again when some have ended".into()),
            Error::EmptyPrompt
            | Error::Token { .. }
            | Error::SoftRows { .. }
            | Error::SoftTokensFull { .. }
            | Error::Constraint { .. }
            | Error::Parameter { .. }
            | Error::Cancelled
            | Error::Stopped
            | Error::Thread(_) => None,
        }
    }
}

impl From<docent_models::backend::BackendError> for Error {
    fn from(error: docent_models::backend::BackendError) -> Self {
        Error::Model(error.into())
    }
}

/// The result of this layer's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;
