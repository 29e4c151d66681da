//! What can go wrong between a template's source and a rendered chat.

use std::path::PathBuf;

use crate::weights::WeightError;

/// A chat template does not parse, or did not render.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A file that should hold the template could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// `tokenizer_config.json` is not what the format asks for.
    #[error("{} is not a valid tokenizer configuration", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What the parser refused.
        source: serde_json::Error,
    },
    /// GGUF metadata has the template in another type.
    #[error(transparent)]
    Metadata(#[from] WeightError),
    /// Several templates, none of them the default one.
    #[error("{} names the chat templates {names:?}, and none of them is `default`", path.display())]
    NoDefault {
        /// The file.
        path: PathBuf,
        /// The names that it has.
        names: Vec<String>,
    },
    /// The source is not a template.
    #[error("the chat template does not parse (line {line})")]
    Syntax {
        /// One-based line of the source; 0 where unknown.
        line: usize,
        /// What the parser says.
        source: minijinja::Error,
    },
    /// The template itself refused the messages, by `raise_exception`.
    #[error("{message}")]
    Raised {
        /// Its words, as they are.
        message: String,
    },
    /// The template failed while it ran.
    #[error("the chat template failed (line {line})")]
    Failed {
        /// One-based line of the source; 0 where unknown.
        line: usize,
        /// What failed.
        source: minijinja::Error,
    },
    /// The template did more work than a chat needs.
    #[error("the chat template did not end within {limit} steps")]
    OutOfFuel {
        /// The budget, in instructions and 64-byte pieces of data.
        limit: u64,
    },
    /// The template wrote more than a chat can be.
    #[error("the chat template wrote more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// A message holds the text of a special token, and the template computes with that text, so that
    /// it cannot be told apart from the template's own special tokens.
    #[error("a message contains the text of a special token, and the chat template takes that text apart")]
    Entangled,
    /// Messages that leave no character free to stand in for another one.
    #[error("the messages use every private-use character of Unicode")]
    NoStandIn,
}

impl TemplateError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            TemplateError::Entangled => Some("remove special tokens such as `<|im_end|>` from the messages".into()),
            TemplateError::Raised { .. } => {
                Some("the model's own template refused these messages: check their roles and order".into())
            }
            TemplateError::Syntax { .. }
            | TemplateError::Failed { .. }
            | TemplateError::OutOfFuel { .. }
            | TemplateError::TooLong { .. } => Some("use `--prompt` to write the prompt yourself".into()),
            TemplateError::Metadata(source) => source.hint(),
            _ => None,
        }
    }
}
