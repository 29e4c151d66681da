//! The error of this layer: each module's own error, with its hint.

use crate::{
    backend::BackendError, chat_template::TemplateError, config::ConfigError, hub::HubError, tokenizer::TokenizerError,
    weights::WeightError,
};

/// What can go wrong between a model reference and the logits of a step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A weight file is damaged, hostile, or lacks what the model needs.
    #[error(transparent)]
    Weights(#[from] WeightError),
    /// A model's configuration is incomplete, contradicts itself, or is not supported.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A batch does not fit the model, or a step failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// A model reference could not be turned into files.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// A tokenizer could not be built or does not fit the model.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// A chat template does not parse, or refuses the messages.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl Error {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Weights(e) => e.hint(),
            Error::Config(e) => e.hint(),
            Error::Backend(e) => e.hint(),
            Error::Hub(e) => e.hint(),
            Error::Tokenizer(e) => e.hint(),
            Error::Template(e) => e.hint(),
        }
    }
}

/// The result of this layer's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;
