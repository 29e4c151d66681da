//! What can go wrong between a tokenizer's file and the ids of a text.

use std::path::PathBuf;

use crate::weights::WeightError;

/// The error that the `tokenizers` crate gives.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A tokenizer could not be built, does not fit its model, or refused a text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is not the JSON that it should be.
    #[error("{} is not what the format asks for", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser refused.
        source: serde_json::Error,
    },
    /// The `tokenizers` crate refused a tokenizer.
    #[error("the tokenizer in {origin} could not be built")]
    Build {
        /// The file, or `GGUF metadata`.
        origin: String,
        /// What was refused.
        source: Cause,
    },
    /// A merge names a token that the vocabulary lacks.
    #[error("merge {index} joins {left:?} and {right:?}, but the vocabulary has no {missing:?}")]
    Merge {
        /// Zero-based rank of the merge.
        index: usize,
        /// Its left half.
        left: String,
        /// Its right half.
        right: String,
        /// What is missing: a half, or both joined.
        missing: String,
    },
    /// An added token stands at another id than the file says.
    #[error("added token {token:?} is declared as id {declared}, but its place is id {actual}")]
    AddedTokenId {
        /// The token.
        token: String,
        /// The id in the file.
        declared: u32,
        /// The id that it has by its place.
        actual: u32,
    },
    /// The configuration names a token that the vocabulary lacks.
    #[error("the tokenizer's configuration names {token:?} as {role}, but the vocabulary does not have it")]
    UnknownToken {
        /// `bos_token`, `eos_token` and so on.
        role: &'static str,
        /// The token.
        token: String,
    },
    /// GGUF metadata lacks a key, or has it in another type.
    #[error(transparent)]
    Metadata(#[from] WeightError),
    /// Two arrays that should run in parallel do not.
    #[error("metadata key `{key}` has {len} entries for {tokens} tokens")]
    KeyLength {
        /// The key.
        key: &'static str,
        /// How many entries it has.
        len: usize,
        /// How many it should have.
        tokens: usize,
    },
    /// The same token stands at two ids.
    #[error("metadata key `{key}` has {token:?} at ids {first} and {second}")]
    DuplicateToken {
        /// The key.
        key: &'static str,
        /// The token.
        token: String,
        /// Its lower id.
        first: usize,
        /// Its higher id.
        second: usize,
    },
    /// An id that no token has.
    #[error("metadata key `{key}` names token {id} of {tokens}")]
    IdOutOfRange {
        /// The key.
        key: &'static str,
        /// The id.
        id: u32,
        /// How many tokens there are.
        tokens: usize,
    },
    /// An entry of an array is not of the form that the key asks for.
    #[error("metadata key `{key}` has {value:?} at index {index}")]
    BadEntry {
        /// The key.
        key: &'static str,
        /// Zero-based index of the entry.
        index: usize,
        /// The entry.
        value: String,
    },
    /// A vocabulary beyond what any model has.
    #[error("metadata key `{key}`: {what} {value}, more than {limit}")]
    TooLarge {
        /// The key.
        key: &'static str,
        /// What is counted.
        what: &'static str,
        /// How many there are, at least.
        value: usize,
        /// How many are accepted.
        limit: usize,
    },
    /// A kind of tokenizer that is not supported.
    #[error("metadata key `{key}` is {value:?}; supported are {}", supported.join(", "))]
    Unsupported {
        /// `tokenizer.ggml.model` or `tokenizer.ggml.pre`.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it could say.
        supported: Vec<&'static str>,
    },
    /// The tokenizer has ids for which the model has no embedding.
    #[error("the tokenizer has {tokenizer} ids, but the model has embeddings for {model}")]
    Vocabulary {
        /// Largest id of the tokenizer, plus one.
        tokenizer: usize,
        /// Rows of the model's embedding.
        model: usize,
    },
    /// An empty prompt for a model that has no token to start from.
    #[error("the prompt is empty, and the model has no token to start a text with")]
    EmptyPrompt,
    /// No room for text beside the tokens that frame it.
    #[error("a sequence of {max_len} tokens has no room beside {special} special ones")]
    NoRoom {
        /// The length asked for.
        max_len: usize,
        /// How many tokens the model puts around a text or pair.
        special: usize,
    },
    /// A text could not be turned into ids.
    #[error("the text could not be tokenized")]
    Encode {
        /// Why not.
        source: Cause,
    },
    /// Ids could not be turned into text.
    #[error("the ids could not be decoded")]
    Decode {
        /// Why not.
        source: Cause,
    },
}

impl TokenizerError {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            TokenizerError::Vocabulary { .. } => Some("use the tokenizer that the model came with".into()),
            TokenizerError::Metadata(source) => source.hint(),
            TokenizerError::EmptyPrompt => Some("give the prompt some text".into()),
            TokenizerError::Unsupported { .. } => {
                Some("a folder with the model's own `tokenizer.json` may work where its GGUF file does not".into())
            }
            TokenizerError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("a model folder needs `tokenizer.json`".into())
            }
            _ => None,
        }
    }
}
