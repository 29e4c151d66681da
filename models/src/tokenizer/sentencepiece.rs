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
pub(super) const SPACE: &str = "\u{2581}";
/// Most ways to put pieces together. Published vocabularies have about two a piece, of which there
/// are up to 256k.
const MAX_MERGES: usize = 1 << 21;
/// Most bytes to look at for them, which is the squared length of every piece: about a second's worth, and ten times
/// what a vocabulary of 256k pieces takes.
const MAX_WORK: usize = 1 << 28;

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
        model = model.unk_token(unk.to_owned());
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
    halves: [&'a str; 2],
    ids: [u32; 2],
    chars: [usize; 2],
}

/// Every split of a piece into two pieces, best score first; among equals the one with the longer halves first,
/// then in the order of the pieces' ids.
fn merges(vocabulary: &Vocabulary<'_>, scores: &[f32]) -> Result<Merges, TokenizerError> {
    let too_large = |what, value, limit| TokenizerError::TooLarge { key: TOKENS, what, value, limit };
    let work = vocabulary.tokens().iter().map(|piece| piece.len() * piece.len()).sum();
    if work > MAX_WORK {
        return Err(too_large("squared lengths of tokens add up to", work, MAX_WORK));
    }
    let mut splits: Vec<Split<'_>> = Vec::new();
    for (piece, &score) in vocabulary.tokens().iter().zip(scores) {
        let first = splits.len();
        splits.extend(splits_of(piece, score, vocabulary));
        if splits.len() > MAX_MERGES {
            return Err(too_large("ways to put tokens together number", splits.len(), MAX_MERGES));
        }
        splits[first..].sort_unstable_by_key(|split| split.ids);
    }
    splits.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.chars.cmp(&a.chars)));
    Ok(splits.into_iter().map(|Split { halves: [left, right], .. }| (left.to_owned(), right.to_owned())).collect())
}

fn splits_of<'a>(piece: &'a str, score: f32, vocabulary: &Vocabulary<'_>) -> impl Iterator<Item = Split<'a>> {
    let chars = piece.chars().count();
    piece.char_indices().enumerate().skip(1).filter_map(move |(before, (at, _))| {
        let (left, right) = piece.split_at(at);
        let ids = [vocabulary.id(left)?, vocabulary.id(right)?];
        Some(Split { score, halves: [left, right], ids, chars: [before, chars - before] })
    })
}

/// The byte that `piece` is, `<0x00>` to `<0xFF>`, which the decoder joins with its neighbours.
pub(super) fn byte_of(piece: &str) -> Option<u8> {
    let digits = piece.strip_prefix("<0x").and_then(|rest| rest.strip_suffix('>'));
    u8::from_str_radix(digits.filter(|digits| digits.len() == 2)?, 16).ok()
}
