//! Tokenizers from GGUF metadata: what all kinds of them share.
//!
//! The keys are those of the GGUF specification (`tokenizer.ggml.*`). All of them are checked against the number of
//! tokens, and the vocabulary against what any model has, before anything is built from them.

use std::collections::HashMap;

use tokenizers::models::bpe::Vocab;
use tokenizers::{AddedToken, Tokenizer as Base};

use super::{Roles, TokenizerError, byte_level, sentencepiece};

/// Typed access to GGUF metadata; a getter returns None if the key is missing or of another type.
pub trait GgufSource {
    /// A string.
    fn str(&self, key: &str) -> Option<&str>;
    /// A boolean.
    fn bool(&self, key: &str) -> Option<bool>;
    /// An unsigned integer that fits.
    fn u32(&self, key: &str) -> Option<u32>;
    /// An array of strings.
    fn strings(&self, key: &str) -> Option<Vec<&str>>;
    /// An array of numbers.
    fn floats(&self, key: &str) -> Option<Vec<f32>>;
    /// An array of integers that fit.
    fn ints(&self, key: &str) -> Option<Vec<i32>>;
}

const MODEL: &str = "tokenizer.ggml.model";
pub(super) const PRE: &str = "tokenizer.ggml.pre";
pub(super) const TOKENS: &str = "tokenizer.ggml.tokens";
pub(super) const SCORES: &str = "tokenizer.ggml.scores";
pub(super) const MERGES: &str = "tokenizer.ggml.merges";
const TOKEN_TYPES: &str = "tokenizer.ggml.token_type";
pub(super) const ADD_SPACE_PREFIX: &str = "tokenizer.ggml.add_space_prefix";
const ADD_BOS: &str = "tokenizer.ggml.add_bos_token";
const BOS: &str = "tokenizer.ggml.bos_token_id";
const UNK: &str = "tokenizer.ggml.unknown_token_id";
const PAD: &str = "tokenizer.ggml.padding_token_id";
/// The ids that end a text, a turn or a message.
const ENDS: [&str; 3] = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

/// Four times the largest vocabulary of any model.
const MAX_TOKENS: usize = 1 << 20;
/// Real tokens stay below 300; rebuilding merges takes time in the square of it.
const MAX_TOKEN_BYTES: usize = 1024;
/// Added tokens are searched for in every text.
const MAX_ADDED_TOKENS: usize = 1 << 16;

/// Values of `tokenizer.ggml.token_type`.
const UNKNOWN: i32 = 2;
const CONTROL: i32 = 3;
const USER_DEFINED: i32 = 4;

/// The tokenizer that `metadata` describes.
pub(super) fn build(metadata: &impl GgufSource) -> Result<(Base, Roles), TokenizerError> {
    let kind = metadata.str(MODEL).ok_or(TokenizerError::MissingKey { key: MODEL, expected: "a string" })?;
    let vocabulary = Vocabulary::read(metadata)?;
    let mut roles = read_roles(metadata, &vocabulary)?;
    let (mut base, adds_bos) = match kind {
        "gpt2" => byte_level::build(metadata, &vocabulary)?,
        "llama" => sentencepiece::build(metadata, &vocabulary, &roles)?,
        _ => {
            let supported = vec!["gpt2", "llama"];
            return Err(TokenizerError::Unsupported { key: MODEL, value: kind.to_owned(), supported });
        }
    };
    roles.adds_bos = roles.bos.is_some() && metadata.bool(ADD_BOS).unwrap_or(adds_bos);
    base.add_tokens(added_tokens(metadata, &vocabulary, &roles)?).map_err(build_error)?;
    Ok((base, roles))
}

pub(super) fn build_error(source: tokenizers::Error) -> TokenizerError {
    TokenizerError::Build { origin: "GGUF metadata".into(), source }
}

fn read_roles(metadata: &impl GgufSource, vocabulary: &Vocabulary) -> Result<Roles, TokenizerError> {
    let id = |key| match metadata.u32(key) {
        Some(id) if id as usize >= vocabulary.tokens.len() => {
            Err(TokenizerError::IdOutOfRange { key, id, tokens: vocabulary.tokens.len() })
        }
        id => Ok(id),
    };
    let mut eos = Vec::new();
    for key in ENDS {
        eos.extend(id(key)?.filter(|id| !eos.contains(id)));
    }
    Ok(Roles { bos: id(BOS)?, eos, unk: id(UNK)?, pad: id(PAD)?, adds_bos: false })
}

/// Control tokens and those that begin and end texts are special; user-defined tokens are only looked for first.
fn added_tokens(
    metadata: &impl GgufSource,
    vocabulary: &Vocabulary,
    roles: &Roles,
) -> Result<Vec<AddedToken>, TokenizerError> {
    let types = metadata.ints(TOKEN_TYPES).unwrap_or_else(|| vec![0; vocabulary.tokens.len()]);
    vocabulary.check_len(TOKEN_TYPES, types.len())?;
    let mut added = Vec::new();
    for ((id, token), kind) in (0u32..).zip(vocabulary.tokens()).zip(types) {
        let has_role = roles.bos == Some(id) || roles.eos.contains(&id);
        let special = has_role || matches!(kind, UNKNOWN | CONTROL);
        if special || kind == USER_DEFINED {
            added.push(AddedToken::from(token, special).normalized(false));
        }
    }
    if added.len() > MAX_ADDED_TOKENS {
        let (what, value) = ("special and user-defined tokens number", added.len());
        return Err(TokenizerError::TooLarge { key: TOKEN_TYPES, what, value, limit: MAX_ADDED_TOKENS });
    }
    Ok(added)
}

/// `tokenizer.ggml.tokens`, without duplicates.
pub(super) struct Vocabulary {
    tokens: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    fn read(metadata: &impl GgufSource) -> Result<Self, TokenizerError> {
        let expected = "an array of strings";
        let tokens = metadata.strings(TOKENS).ok_or(TokenizerError::MissingKey { key: TOKENS, expected })?;
        let too_large = |what, value, limit| TokenizerError::TooLarge { key: TOKENS, what, value, limit };
        if tokens.len() > MAX_TOKENS {
            return Err(too_large("number of tokens is", tokens.len(), MAX_TOKENS));
        }
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in (0u32..).zip(&tokens) {
            if token.len() > MAX_TOKEN_BYTES {
                return Err(too_large("bytes of a token number", token.len(), MAX_TOKEN_BYTES));
            }
            if let Some(first) = ids.insert((*token).to_owned(), id) {
                let (token, first, second) = ((*token).to_owned(), first as usize, id as usize);
                return Err(TokenizerError::DuplicateToken { key: TOKENS, token, first, second });
            }
        }
        Ok(Vocabulary { tokens: tokens.into_iter().map(str::to_owned).collect(), ids })
    }

    /// In the order of their ids.
    pub(super) fn tokens(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(String::as_str)
    }

    pub(super) fn token(&self, id: u32) -> Option<&str> {
        self.tokens.get(id as usize).map(String::as_str)
    }

    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    pub(super) fn contains(&self, token: &str) -> bool {
        self.ids.contains_key(token)
    }

    /// What the model takes it as.
    pub(super) fn to_model(&self) -> Vocab {
        self.ids.iter().map(|(token, id)| (token.clone(), *id)).collect()
    }

    /// Refuses an array that should run in parallel with the tokens and is longer or shorter.
    pub(super) fn check_len(&self, key: &'static str, len: usize) -> Result<(), TokenizerError> {
        let tokens = self.tokens.len();
        if len == tokens { Ok(()) } else { Err(TokenizerError::KeyLength { key, len, tokens }) }
    }
}
