//! Tokenizers in the Hub's layout: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`.
//!
//! The `tokenizers` crate trusts `tokenizer.json`: a merge whose result is not in the vocabulary can panic, and an
//! added token that is not at its declared id silently gets another one. Both are checked here first.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::DeserializeOwned};
use tokenizers::{PostProcessor as _, Tokenizer as Base};

use super::{Roles, TokenizerError};

/// Reads and checks a tokenizer and what its configuration says about it.
pub(super) fn read(path: &Path, config: Option<&Path>) -> Result<(Base, Roles), TokenizerError> {
    let bytes = std::fs::read(path).map_err(|source| TokenizerError::Read { path: path.to_owned(), source })?;
    let file: File<'_> =
        serde_json::from_slice(&bytes).map_err(|source| TokenizerError::Json { path: path.to_owned(), source })?;
    file.model.check_merges()?;
    let build_error = |source| TokenizerError::Build { origin: path.display().to_string(), source };
    let base = Base::from_bytes(&bytes).map_err(build_error)?;
    for AddedToken { id, content } in &file.added_tokens {
        let actual = base.token_to_id(content).unwrap_or(*id);
        if actual != *id {
            return Err(TokenizerError::AddedTokenId { token: content.to_string(), declared: *id, actual });
        }
    }
    let config = config.map(parse_file::<Config>).transpose()?.flatten().unwrap_or_default();
    let roles = config.roles(&base, build_error)?;
    Ok((base, roles))
}

/// `eos_token_id` of a `generation_config.json`; nothing if there is no such file.
pub(super) fn generation_eos(path: &Path) -> Result<Vec<u32>, TokenizerError> {
    #[derive(Default, Deserialize)]
    struct GenerationConfig {
        eos_token_id: Option<Ids>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Ids {
        One(u32),
        Many(Vec<u32>),
    }
    let config: GenerationConfig = parse_file(path)?.unwrap_or_default();
    Ok(match config.eos_token_id {
        None => Vec::new(),
        Some(Ids::One(id)) => vec![id],
        Some(Ids::Many(ids)) => ids,
    })
}

/// None if there is no such file.
fn parse_file<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, TokenizerError> {
    match std::fs::read(path) {
        Ok(bytes) => {
            let json = |source| TokenizerError::Json { path: path.to_owned(), source };
            serde_json::from_slice(&bytes).map(Some).map_err(json)
        }
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TokenizerError::Read { path: path.to_owned(), source }),
    }
}

/// What is read of `tokenizer_config.json`.
#[derive(Default, Deserialize)]
struct Config {
    bos_token: Option<NamedToken>,
    eos_token: Option<NamedToken>,
    unk_token: Option<NamedToken>,
    pad_token: Option<NamedToken>,
    add_bos_token: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NamedToken {
    Text(String),
    Token { content: String },
}

impl Config {
    fn roles(
        &self,
        base: &Base,
        build_error: impl Fn(tokenizers::Error) -> TokenizerError,
    ) -> Result<Roles, TokenizerError> {
        let id = |role: &'static str, token: &Option<NamedToken>| match token {
            None => Ok(None),
            Some(NamedToken::Text(token) | NamedToken::Token { content: token }) => {
                let unknown = || TokenizerError::UnknownToken { role, token: token.clone() };
                base.token_to_id(token).ok_or_else(unknown).map(Some)
            }
        };
        let bos = id("bos_token", &self.bos_token)?;
        let frame = match base.get_post_processor() {
            Some(processor) => {
                processor.process(Default::default(), None, true).map_err(build_error)?.get_ids().to_vec()
            }
            None => Vec::new(),
        };
        let frame_has_bos = bos.is_some() && frame.first().copied() == bos;
        Ok(Roles {
            bos,
            eos: id("eos_token", &self.eos_token)?.into_iter().collect(),
            // A model may name tokens here that it never uses, and that its vocabulary lacks.
            unk: id("unk_token", &self.unk_token).unwrap_or(None),
            pad: id("pad_token", &self.pad_token).unwrap_or(None),
            adds_bos: bos.is_some() && self.add_bos_token.unwrap_or(frame_has_bos),
        })
    }
}

/// What is checked of `tokenizer.json`.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    model: Model<'a>,
    #[serde(borrow, default)]
    added_tokens: Vec<AddedToken<'a>>,
}

#[derive(Deserialize)]
struct AddedToken<'a> {
    id: u32,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Model<'a> {
    #[serde(borrow, default)]
    vocab: Vocabulary<'a>,
    #[serde(borrow, default)]
    merges: Vec<Merge<'a>>,
    #[serde(borrow)]
    continuing_subword_prefix: Option<Cow<'a, str>>,
}

impl Model<'_> {
    /// Both halves of every merge, and the two joined, must be in the vocabulary.
    fn check_merges(&self) -> Result<(), TokenizerError> {
        let prefix = self.continuing_subword_prefix.as_deref().unwrap_or_default();
        let mut joined = String::new();
        for (index, Merge(left, right)) in self.merges.iter().enumerate() {
            joined.clear();
            joined.push_str(left);
            joined.push_str(right.strip_prefix(prefix).unwrap_or(right));
            let has_prefix = right.starts_with(prefix);
            let missing = [left, right, joined.as_str()].into_iter().find(|token| !self.vocab.0.contains_key(*token));
            if let Some(missing) = missing.or((!has_prefix).then_some(prefix)) {
                let (left, right, missing) = (left.to_string(), right.to_string(), missing.to_owned());
                return Err(TokenizerError::Merge { index, left, right, missing });
            }
        }
        Ok(())
    }
}

/// A vocabulary by token; that of a unigram model, which is a list and has no merges, is left out.
#[derive(Default)]
struct Vocabulary<'a>(HashMap<Cow<'a, str>, u32>);

impl<'de: 'a, 'a> Deserialize<'de> for Vocabulary<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Vocabulary<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from token to id, or a list of tokens and scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = HashMap::new();
                while let Some((Text(token), id)) = map.next_entry()? {
                    entries.insert(token, id);
                }
                Ok(Vocabulary(entries))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Vocabulary::default())
            }
        }
        deserializer.deserialize_any(Entries)
    }
}

/// Text that is borrowed from the file where it has no escapes.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// `"left right"` or `["left", "right"]`.
struct Merge<'a>(Cow<'a, str>, Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Merge<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Halves;
        impl<'de> Visitor<'de> for Halves {
            type Value = Merge<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("two tokens, as a list or separated by a space")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let halves = text.split_once(' ').filter(|(_, right)| !right.contains(' '));
                let (left, right) = halves.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))?;
                Ok(Merge(left.to_owned().into(), right.to_owned().into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut half =
                    |n| seq.next_element::<Text<'de>>()?.ok_or_else(|| serde::de::Error::invalid_length(n, &"two"));
                let (Text(left), Text(right)) = (half(0)?, half(1)?);
                match seq.next_element::<IgnoredAny>()? {
                    None => Ok(Merge(left, right)),
                    Some(_) => Err(serde::de::Error::invalid_length(3, &self)),
                }
            }
        }
        deserializer.deserialize_any(Halves)
    }
}
