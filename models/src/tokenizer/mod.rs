//! Text to token ids and back.
//!
//! A [`Tokenizer`] is read from `tokenizer.json` or from GGUF metadata and gives the ids that
//! the reference gives: `tokenizers`, and SentencePiece for Llama 2. It knows which tokens begin and end a text,
//! and whether a special token's text in a prompt is that token or just text.

mod byte_level;
mod bytes;
mod error;
mod gguf;
mod json;
mod pipeline;
mod sentencepiece;
mod stream;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use tokenizers::{Decoder as _, PostProcessor as _, TruncationParams};

pub use error::TokenizerError;
pub use stream::DecodeStream;

use crate::chat_template::{Rendered, TemplateVariables};
use crate::weights::gguf::Metadata;
use pipeline::Pipeline;
use stream::Pending;

/// What a special token's text in a string to encode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpecialTokens {
    /// The special token.
    Parse,
    /// Text like any other.
    AsText,
}

/// A text or pair as an encoder takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoding {
    /// Token ids, special ones included.
    pub ids: Vec<u32>,
    /// For each id, 0 in the first text and 1 in the second.
    pub token_types: Vec<u32>,
}

/// Turns text into token ids and back. Clones share one vocabulary.
#[derive(Clone)]
pub struct Tokenizer {
    shared: Arc<Shared>,
    eos: Vec<u32>,
}

struct Shared {
    pipeline: Pipeline,
    roles: Roles,
    pending: Pending,
    vocab_size: usize,
    special: HashSet<u32>,
}

/// The tokens that have a part of their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Roles {
    bos: Option<u32>,
    /// Every id that ends a generation; the first is the one that the model calls EOS.
    eos: Vec<u32>,
    unk: Option<u32>,
    pad: Option<u32>,
    adds_bos: bool,
}

impl std::fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokenizer")
            .field("vocab_size", &self.shared.vocab_size)
            .field("roles", &self.shared.roles)
            .field("eos", &self.eos)
            .finish_non_exhaustive()
    }
}

impl Tokenizer {
    /// Reads `tokenizer.json`, and `tokenizer_config.json` where there is one.
    ///
    /// # Errors
    /// If a file cannot be read, contradicts itself, or is no tokenizer.
    pub fn from_file(tokenizer_json: &Path, config: Option<&Path>) -> Result<Self, TokenizerError> {
        let (base, roles) = json::read(tokenizer_json, config)?;
        let vocab_size = base.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
        Self::new(base, roles, vocab_size, &tokenizer_json.display().to_string())
    }

    /// Reads a model's folder: `tokenizer.json`, and where they are there `tokenizer_config.json` and the
    /// `eos_token_id` of `generation_config.json`.
    ///
    /// # Errors
    /// If a file cannot be read, contradicts itself, or is no tokenizer.
    pub fn from_folder(folder: &Path) -> Result<Self, TokenizerError> {
        let config = Some(folder.join("tokenizer_config.json")).filter(|path| path.exists());
        let tokenizer = Self::from_file(&folder.join("tokenizer.json"), config.as_deref())?;
        let eos = json::generation_eos(&folder.join("generation_config.json"))?;
        Ok(tokenizer.with_eos(&eos))
    }

    /// Builds the tokenizer that a GGUF file's metadata describes.
    ///
    /// # Errors
    /// If the metadata contradicts itself or describes a tokenizer that is not supported.
    pub fn from_gguf(metadata: &Metadata) -> Result<Self, TokenizerError> {
        let (base, roles, vocab_size) = gguf::build(metadata)?;
        Self::new(base, roles, vocab_size, "GGUF metadata")
    }

    fn new(base: tokenizers::Tokenizer, roles: Roles, vocab_size: usize, origin: &str) -> Result<Self, TokenizerError> {
        let added = base.get_added_tokens_decoder();
        let special = added.into_iter().filter(|(_, token)| token.special).map(|(id, _)| id).collect();
        let pending = Pending::of(base.get_decoder());
        let eos = roles.eos.clone();
        let pipeline =
            Pipeline::new(base).map_err(|source| TokenizerError::Build { origin: origin.to_owned(), source })?;
        Ok(Tokenizer { shared: Arc::new(Shared { pipeline, roles, pending, vocab_size, special }), eos })
    }

    /// The same tokenizer, with `ids` among those that end a generation.
    #[must_use]
    pub fn with_eos(mut self, ids: &[u32]) -> Self {
        for id in ids {
            if !self.eos.contains(id) {
                self.eos.push(*id);
            }
        }
        self
    }

    /// Ids of `text` alone, without BOS or EOS.
    ///
    /// # Errors
    /// If the tokenizer's rules fail on the text.
    pub fn encode(&self, text: &str, special: SpecialTokens) -> Result<Vec<u32>, TokenizerError> {
        let encoding = match special {
            SpecialTokens::Parse => self.shared.pipeline.parsed(text, 0)?,
            SpecialTokens::AsText => self.shared.pipeline.as_text(text)?,
        };
        Ok(encoding.get_ids().to_vec())
    }

    /// Ids of a raw prompt: BOS first if the model wants it; special tokens in the text are text. An empty prompt
    /// is BOS, or EOS for a model that has no BOS.
    ///
    /// # Errors
    /// If the prompt is empty and the model has neither, or the tokenizer's rules fail on the text.
    pub fn encode_prompt(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        if text.is_empty() {
            let start = self.bos().or(self.eos.first().copied());
            return start.map(|id| vec![id]).ok_or(TokenizerError::EmptyPrompt);
        }
        let mut ids: Vec<u32> = self.bos().filter(|_| self.adds_bos()).into_iter().collect();
        ids.extend(self.encode(text, SpecialTokens::AsText)?);
        Ok(ids)
    }

    /// Ids of a rendered chat, tokenized whole. Special tokens are those that the template wrote; those that the
    /// messages contain are text. Nothing is added: the template writes its own BOS.
    ///
    /// # Errors
    /// If the tokenizer's rules fail on the text.
    pub fn encode_rendered(&self, rendered: &Rendered) -> Result<Vec<u32>, TokenizerError> {
        Ok(self.shared.pipeline.as_chat(rendered)?.get_ids().to_vec())
    }

    /// A text, or a pair of texts, framed as the model was trained (`[CLS] a [SEP] b [SEP]`), of at most `max_len`
    /// ids: what is too long loses its end, the longer text of a pair first. Special tokens are parsed, as
    /// encoders' own code does; nothing is ever padded.
    ///
    /// # Errors
    /// If `max_len` is not more than the frame, or the tokenizer's rules fail on the text.
    pub fn encode_for_encoder(
        &self,
        text: &str,
        pair: Option<&str>,
        max_len: usize,
    ) -> Result<Encoding, TokenizerError> {
        let pipeline = &self.shared.pipeline;
        let special = pipeline.base().get_post_processor().map_or(0, |p| p.added_tokens(pair.is_some()));
        if max_len <= special {
            return Err(TokenizerError::NoRoom { max_len, special });
        }
        let first = pipeline.parsed(text, 0)?;
        let second = pair.map(|pair| pipeline.parsed(pair, 1)).transpose()?;
        let limit = TruncationParams { max_length: max_len - special, ..TruncationParams::default() };
        let encoding = tokenizers::truncate_encodings(first, second, &limit)
            .and_then(|(first, second)| pipeline.base().post_process(first, second, true))
            .map_err(|source| TokenizerError::Encode { source })?;
        Ok(Encoding { ids: encoding.get_ids().to_vec(), token_types: encoding.get_type_ids().to_vec() })
    }

    /// Text of `ids`; without the special ones if `skip_special`. Ids that the vocabulary lacks give nothing.
    ///
    /// # Errors
    /// If the tokenizer's decoder refuses the ids.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, TokenizerError> {
        self.base().decode(ids, skip_special).map_err(|source| TokenizerError::Decode { source })
    }

    /// Text of ids that come one by one, special ones left out.
    pub fn stream(&self) -> DecodeStream {
        DecodeStream::new(self.clone(), self.shared.pending)
    }

    /// Token `id` as it reads in the middle of a text, or None if there is no such token. Bytes that are no whole
    /// character read as replacement characters.
    pub fn token(&self, id: u32) -> Option<String> {
        // Decoders may strip a text's first space; so the token is decoded behind another one.
        const BEFORE: &str = "a";
        let piece = self.piece(id)?;
        let Some(decoder) = self.base().get_decoder() else { return Some(piece) };
        let text = decoder.decode(vec![BEFORE.into(), piece.clone()]).ok();
        Some(text.and_then(|text| text.strip_prefix(BEFORE).map(str::to_owned)).unwrap_or(piece))
    }

    /// The token that begins a text.
    pub fn bos(&self) -> Option<u32> {
        self.shared.roles.bos
    }

    /// Every id that ends a generation; the first is the one that the model calls EOS.
    pub fn eos(&self) -> &[u32] {
        &self.eos
    }

    /// Whether a prompt begins with BOS.
    pub fn adds_bos(&self) -> bool {
        self.shared.roles.adds_bos
    }

    /// Whether `id` is a special token.
    pub fn is_special(&self, id: u32) -> bool {
        self.shared.special.contains(&id)
    }

    /// Largest id plus one.
    pub fn vocab_size(&self) -> usize {
        self.shared.vocab_size
    }

    /// Refuses a model with fewer embedding rows than the tokenizer has ids. More rows are common: they are padding.
    ///
    /// # Errors
    /// If `model_vocab` is less than [`vocab_size`](Self::vocab_size).
    pub fn check_vocabulary(&self, model_vocab: usize) -> Result<(), TokenizerError> {
        let tokenizer = self.vocab_size();
        if tokenizer > model_vocab {
            return Err(TokenizerError::Vocabulary { tokenizer, model: model_vocab });
        }
        Ok(())
    }

    /// What this tokenizer's chat template may name, and the special tokens that messages must not write.
    pub fn template_variables(&self) -> TemplateVariables {
        let text = |id: u32| self.base().id_to_token(id);
        let Roles { bos, eos, unk, pad, .. } = &self.shared.roles;
        let mut special: Vec<u32> = self.shared.special.iter().copied().collect();
        special.sort_unstable();
        TemplateVariables {
            bos_token: bos.and_then(text),
            eos_token: eos.first().copied().and_then(text),
            unk_token: unk.and_then(text),
            pad_token: pad.and_then(text),
            special_tokens: special.into_iter().filter_map(text).collect(),
        }
    }

    fn base(&self) -> &tokenizers::Tokenizer {
        self.shared.pipeline.base()
    }

    /// Whether [`decode`](Self::decode) gives no text for `id` when it skips special tokens.
    fn is_left_out(&self, id: u32) -> bool {
        self.piece(id).is_none_or(|piece| self.base().get_added_vocabulary().is_special_token(&piece))
    }

    /// Token `id` as the decoder takes it.
    fn piece(&self, id: u32) -> Option<String> {
        self.base().get_added_vocabulary().simple_id_to_token(id).or_else(|| self.base().id_to_token(id))
    }

    /// Whether `id` is one byte of a character that the vocabulary lacks (`<0xE2>`).
    fn is_byte_token(&self, id: u32) -> bool {
        self.piece(id).is_some_and(|piece| sentencepiece::byte_of(&piece).is_some())
    }
}
