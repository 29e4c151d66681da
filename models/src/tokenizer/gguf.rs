//! Tokenizers from GGUF metadata: what all kinds of them share.
//!
//! The keys are those of the GGUF specification (`tokenizer.ggml.*`). All of them are checked against the number of
//! tokens, and the vocabulary against what any model has, before anything is built from them.

use std::collections::HashMap;

use tokenizers::models::bpe::Vocab;
use tokenizers::{AddedToken, Tokenizer as Base};

use super::{Roles, TokenizerError, byte_level, sentencepiece};
use crate::weights::gguf::{Metadata, Texts};

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
const UNKNOWN: u32 = 2;
const CONTROL: u32 = 3;
const USER_DEFINED: u32 = 4;

/// The tokenizer that `metadata` describes.
pub(super) fn build(metadata: &Metadata) -> Result<(Base, Roles, usize), TokenizerError> {
    let kind = metadata.str(MODEL)?;
    let vocabulary = Vocabulary::read(metadata)?;
    let mut roles = vocabulary.roles(metadata)?;
    let (mut base, adds_bos) = match kind {
        "gpt2" => byte_level::build(metadata, &vocabulary)?,
        "llama" => sentencepiece::build(metadata, &vocabulary, &roles)?,
        _ => {
            let supported = vec!["gpt2", "llama"];
            return Err(TokenizerError::Unsupported { key: MODEL, value: kind.to_owned(), supported });
        }
    };
    roles.adds_bos = roles.bos.is_some() && metadata.optional(ADD_BOS, Metadata::bool)?.unwrap_or(adds_bos);
    base.add_tokens(vocabulary.added_tokens(&roles)?).map_err(build_error)?;
    // Each token's id is its place: added ones are among them.
    Ok((base, roles, vocabulary.tokens.len()))
}

pub(super) fn build_error(source: tokenizers::Error) -> TokenizerError {
    TokenizerError::Build { origin: "GGUF metadata".into(), source }
}

/// `tokenizer.ggml.tokens`, without duplicates, and what kind each is.
pub(super) struct Vocabulary<'a> {
    tokens: &'a Texts,
    ids: HashMap<&'a str, u32>,
    /// As many as tokens; empty if the file does not say.
    kinds: Vec<u32>,
}

impl<'a> Vocabulary<'a> {
    fn read(metadata: &'a Metadata) -> Result<Self, TokenizerError> {
        let tokens = metadata.strings(TOKENS)?;
        let too_large = |what, value, limit| TokenizerError::TooLarge { key: TOKENS, what, value, limit };
        if tokens.len() > MAX_TOKENS {
            return Err(too_large("number of tokens is", tokens.len(), MAX_TOKENS));
        }
        let mut ids = HashMap::with_capacity(tokens.len());
        for (id, token) in (0u32..).zip(tokens.iter()) {
            if token.len() > MAX_TOKEN_BYTES {
                return Err(too_large("bytes of a token number", token.len(), MAX_TOKEN_BYTES));
            }
            if let Some(first) = ids.insert(token, id) {
                let (token, first, second) = (token.to_owned(), first as usize, id as usize);
                return Err(TokenizerError::DuplicateToken { key: TOKENS, token, first, second });
            }
        }
        let mut vocabulary = Vocabulary { tokens, ids, kinds: Vec::new() };
        if let Some(kinds) = metadata.optional(TOKEN_TYPES, Metadata::u32s)? {
            vocabulary.check_len(TOKEN_TYPES, kinds.len())?;
            vocabulary.kinds = kinds;
        }
        Ok(vocabulary)
    }

    fn roles(&self, metadata: &Metadata) -> Result<Roles, TokenizerError> {
        let tokens = self.tokens.len();
        let id = |key| match metadata.optional(key, Metadata::u32)? {
            Some(id) if id as usize >= tokens => Err(TokenizerError::IdOutOfRange { key, id, tokens }),
            id => Ok(id),
        };
        let mut eos = Vec::new();
        for key in ENDS {
            eos.extend(id(key)?.filter(|id| !eos.contains(id)));
        }
        let unknown = (0u32..).zip(&self.kinds).find(|(_, kind)| **kind == UNKNOWN).map(|(id, _)| id);
        Ok(Roles { bos: id(BOS)?, eos, unk: id(UNK)?.or(unknown), pad: id(PAD)?, adds_bos: false })
    }

    /// Control tokens and those that begin and end texts are special; user-defined tokens are only looked for first.
    fn added_tokens(&self, roles: &Roles) -> Result<Vec<AddedToken>, TokenizerError> {
        let kinds = self.kinds.iter().copied().chain(std::iter::repeat(0));
        let mut added = Vec::new();
        for ((id, token), kind) in (0u32..).zip(self.tokens.iter()).zip(kinds) {
            let has_role = roles.bos == Some(id) || roles.eos.contains(&id);
            let special = has_role || matches!(kind, UNKNOWN | CONTROL);
            if special || kind == USER_DEFINED {
                added.push(AddedToken::from(token.to_owned(), special).normalized(false));
            }
        }
        if added.len() > MAX_ADDED_TOKENS {
            let (what, value) = ("special and user-defined tokens number", added.len());
            return Err(TokenizerError::TooLarge { key: TOKEN_TYPES, what, value, limit: MAX_ADDED_TOKENS });
        }
        Ok(added)
    }

    /// In the order of their ids.
    pub(super) fn tokens(&self) -> &'a Texts {
        self.tokens
    }

    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    pub(super) fn contains(&self, token: &str) -> bool {
        self.ids.contains_key(token)
    }

    /// What the model takes it as.
    pub(super) fn to_model(&self) -> Vocab {
        self.ids.iter().map(|(token, id)| ((*token).to_owned(), *id)).collect()
    }

    /// Refuses an array that should run in parallel with the tokens and is longer or shorter.
    pub(super) fn check_len(&self, key: &'static str, len: usize) -> Result<(), TokenizerError> {
        let tokens = self.tokens.len();
        if len == tokens { Ok(()) } else { Err(TokenizerError::KeyLength { key, len, tokens }) }
    }
}
