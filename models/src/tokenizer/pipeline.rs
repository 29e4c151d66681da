//! The steps of `tokenizers` from text to ids, with a say in which added tokens are recognized.
//!
//! The crate decides that for a whole tokenizer at once. The steps themselves are public, so that one vocabulary
//! serves three readings of a text:
//!
//! - as Hugging Face reads it: special tokens and other added tokens are recognized;
//! - as text: special tokens are letters like others, other added tokens are recognized;
//! - as a rendered chat: special tokens are recognized where the template wrote them, see [`Rendered`].

use tokenizers::{
    AddedVocabulary, Encoding, Model as _, NormalizedString, Normalizer, NormalizerWrapper, OffsetType,
    PreTokenizer as _, Tokenizer as Base,
};

use super::TokenizerError;
use crate::chat_template::Rendered;

/// A tokenizer and the added tokens of its readings.
pub(super) struct Pipeline {
    base: Base,
    as_text: AddedVocabulary,
    as_chat: AddedVocabulary,
}

impl Pipeline {
    /// Takes over `base`, without its padding and truncation: a caller says what length it wants.
    pub(super) fn new(mut base: Base) -> Result<Self, tokenizers::Error> {
        base.with_padding(None);
        base.with_truncation(None)?;
        let mut as_text = base.get_added_vocabulary().clone();
        as_text.set_encode_special_tokens(true);
        let as_chat = chat_vocabulary(&base)?;
        Ok(Pipeline { base, as_text, as_chat })
    }

    pub(super) fn base(&self) -> &Base {
        &self.base
    }

    /// Special and other added tokens are recognized.
    pub(super) fn parsed(&self, text: &str, type_id: u32) -> Result<Encoding, TokenizerError> {
        self.run(self.base.get_added_vocabulary(), self.base.get_normalizer(), text, type_id)
    }

    /// Special tokens are text.
    pub(super) fn as_text(&self, text: &str) -> Result<Encoding, TokenizerError> {
        self.run(&self.as_text, self.base.get_normalizer(), text, 0)
    }

    /// Special tokens are recognized where the template wrote them.
    pub(super) fn as_chat(&self, rendered: &Rendered) -> Result<Encoding, TokenizerError> {
        if !rendered.has_stand_ins() {
            return self.parsed(rendered.text(), 0);
        }
        let restore = Restore { rendered, then: self.base.get_normalizer() };
        self.run(&self.as_chat, Some(&restore), rendered.disguised(), 0)
    }

    fn run<N: Normalizer>(
        &self,
        added: &AddedVocabulary,
        normalizer: Option<&N>,
        text: &str,
        type_id: u32,
    ) -> Result<Encoding, TokenizerError> {
        let run = || {
            let mut pieces = added.extract_and_normalize(normalizer, text);
            if let Some(pre_tokenizer) = self.base.get_pre_tokenizer() {
                pre_tokenizer.pre_tokenize(&mut pieces)?;
            }
            pieces.tokenize(|piece| self.base.get_model().tokenize(piece.get()))?;
            pieces.into_encoding(None, type_id, OffsetType::None)
        };
        run().map_err(|source| TokenizerError::Encode { source })
    }
}

/// The added tokens for a disguised chat: special ones are looked for before normalization, since that is where the
/// disguise comes off.
fn chat_vocabulary(base: &Base) -> Result<AddedVocabulary, tokenizers::Error> {
    let mut tokens: Vec<_> = base.get_added_tokens_decoder().into_iter().collect();
    if !tokens.iter().any(|(_, token)| token.special && token.normalized) {
        return Ok(base.get_added_vocabulary().clone());
    }
    tokens.sort_unstable_by_key(|(id, _)| *id);
    let tokens = tokens.into_iter().map(|(_, token)| {
        let normalized = token.normalized && !token.special;
        token.normalized(normalized)
    });
    let mut vocabulary = AddedVocabulary::new();
    vocabulary.add_tokens(tokens, base.get_model(), base.get_normalizer())?;
    Ok(vocabulary)
}

/// Takes the disguise off, then normalizes as the tokenizer does.
struct Restore<'a> {
    rendered: &'a Rendered,
    then: Option<&'a NormalizerWrapper>,
}

impl Normalizer for Restore<'_> {
    fn normalize(&self, text: &mut NormalizedString) -> tokenizers::Result<()> {
        if text.get().chars().any(|c| self.rendered.restore(c) != c) {
            text.map(|c| self.rendered.restore(c));
        }
        self.then.map_or(Ok(()), |normalizer| normalizer.normalize(text))
    }
}
