//! SentencePiece BPE from GGUF metadata, as Llama 2, TinyLlama and the first Mistral use it.
//!
//! SentencePiece merges the two neighbours whose joined piece has the best score. The file has the scores only; the
//! merges are rebuilt from them in the order that Hugging Face's converter gives them, which settles ties alike.

use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence as Decoders;
use tokenizers::decoders::strip::Strip;
use tokenizers::models::bpe::{BPE, Merges};
use tokenizers::normalizers::{Prepend, Replace, Sequence as Normalizers};
use tokenizers::{DecoderWrapper, Tokenizer as Base};

use super::gguf::{ADD_SPACE_PREFIX, SCORES, TOKENS, Vocabulary, build_error};
use super::{Roles, TokenizerError};
use crate::weights::gguf::Metadata;

/// What a space is in the vocabulary.
const SPACE: &str = "\u{2581}";
/// A vocabulary in which most pieces split into pieces in a few ways has two merges a piece; this is for 256k of
/// them, and bounds what a hostile one costs.
const MAX_MERGES: usize = 1 << 22;

/// A tokenizer without its added tokens, and whether prompts begin with BOS where the file does not say.
pub(super) fn build(
    metadata: &Metadata,
    vocabulary: &Vocabulary<'_>,
    roles: &Roles,
) -> Result<(Base, bool), TokenizerError> {
    let scores = metadata.f32s(SCORES)?;
    vocabulary.check_len(SCORES, scores.len())?;
    let mut model = BPE::builder()
        .vocab_and_merges(vocabulary.to_model(), merges(vocabulary, scores)?)
        .fuse_unk(true)
        .byte_fallback(true);
    if let Some(unk) = roles.unk.and_then(|id| vocabulary.tokens().get(id as usize)) {
        model = model.unk_token(unk.clone());
    }
    let mut base = Base::new(model.build().map_err(build_error)?);
    let prefix = metadata.optional(ADD_SPACE_PREFIX, Metadata::bool)?.unwrap_or(true);
    base.with_normalizer(Some(normalizer(prefix).map_err(build_error)?)).map_err(build_error)?;
    base.with_decoder(Some(decoder(prefix).map_err(build_error)?));
    Ok((base, true))
}

fn normalizer(space_prefix: bool) -> Result<Normalizers, tokenizers::Error> {
    let spaces = Replace::new(" ", SPACE)?.into();
    let prepend = space_prefix.then(|| Prepend::new(SPACE.to_owned()).into());
    Ok(Normalizers::new(prepend.into_iter().chain([spaces]).collect()))
}

fn decoder(space_prefix: bool) -> Result<Decoders, tokenizers::Error> {
    let mut steps: Vec<DecoderWrapper> =
        vec![Replace::new(SPACE, " ")?.into(), ByteFallback::new().into(), Fuse::new().into()];
    if space_prefix {
        steps.push(Strip::new(' ', 1, 0).into());
    }
    Ok(Decoders::new(steps))
}

/// One way to put a piece together.
struct Split<'a> {
    score: f32,
    left: &'a str,
    right: &'a str,
    left_chars: usize,
    right_chars: usize,
}

/// Every split of a piece into two pieces, best score first; among equals the one with the longer halves first,
/// then in the order of the pieces' ids.
fn merges(vocabulary: &Vocabulary<'_>, scores: &[f32]) -> Result<Merges, TokenizerError> {
    let mut splits: Vec<Split<'_>> = Vec::new();
    for (piece, &score) in vocabulary.tokens().iter().zip(scores) {
        let first = splits.len();
        let chars = piece.chars().count();
        for (left_chars, (at, _)) in piece.char_indices().enumerate().skip(1) {
            let (left, right) = piece.split_at(at);
            if vocabulary.contains(left) && vocabulary.contains(right) {
                splits.push(Split { score, left, right, left_chars, right_chars: chars - left_chars });
            }
        }
        if splits.len() > MAX_MERGES {
            let (what, value) = ("pieces that can be put together in", splits.len());
            return Err(TokenizerError::TooLarge { key: TOKENS, what, value, limit: MAX_MERGES });
        }
        splits[first..].sort_by_key(|split| (vocabulary.id(split.left), vocabulary.id(split.right)));
    }
    splits.sort_by(|a, b| {
        let rest = (b.left_chars, b.right_chars).cmp(&(a.left_chars, a.right_chars));
        b.score.total_cmp(&a.score).then(rest)
    });
    Ok(splits.into_iter().map(|split| (split.left.to_owned(), split.right.to_owned())).collect())
}

/// Whether `piece` is one byte, `<0x00>` to `<0xFF>`, that the decoder joins with its neighbours.
pub(super) fn is_byte_token(piece: &str) -> bool {
    let digits = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    digits.is_some_and(|digits| digits.len() == 2 && u8::from_str_radix(digits, 16).is_ok())
}
