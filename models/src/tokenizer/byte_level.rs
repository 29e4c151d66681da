//! Byte-level BPE from GGUF metadata, as GPT-2 introduced it and SmolLM2, Llama 3 and Qwen use it.
//!
//! The file names its pre-tokenizer (`tokenizer.ggml.pre`), which it does not contain: how the text is cut into the
//! words that merges stay within. Those of the models that Docent runs are here, taken from their `tokenizer.json`.

use tokenizers::models::bpe::{BPE, Merges};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer as Base};

use super::TokenizerError;
use super::gguf::{MERGES, PRE, Vocabulary, build_error};
use crate::weights::gguf::Metadata;

/// How a text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Words {
    /// GPT-2's expression.
    Gpt2,
    /// Each digit by itself, then GPT-2's expression.
    Smollm,
    /// Digits in groups of up to three; a word that is in the vocabulary is one token whatever the merges say.
    Llama3,
    /// Each digit by itself, in text normalized to NFC.
    Qwen2,
}

/// Values of `tokenizer.ggml.pre`, as converters write them.
const NAMES: [(&str, Words); 8] = [
    ("default", Words::Gpt2),
    ("gpt-2", Words::Gpt2),
    ("smollm", Words::Smollm),
    ("llama-bpe", Words::Llama3),
    ("llama3", Words::Llama3),
    ("llama-v3", Words::Llama3),
    ("qwen2", Words::Qwen2),
    ("deepseek-r1-qwen", Words::Qwen2),
];

const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str =
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A tokenizer without its added tokens, and whether prompts begin with BOS where the file does not say.
pub(super) fn build(metadata: &Metadata, vocabulary: &Vocabulary<'_>) -> Result<(Base, bool), TokenizerError> {
    let name = metadata.optional(PRE, Metadata::str)?.unwrap_or("default");
    let words = NAMES.iter().find(|(known, _)| *known == name).map(|(_, words)| *words);
    let words = words.ok_or_else(|| TokenizerError::Unsupported {
        key: PRE,
        value: name.to_owned(),
        supported: NAMES.iter().map(|(name, _)| *name).collect(),
    })?;
    let model = BPE::builder()
        .vocab_and_merges(vocabulary.to_model(), merges(metadata, vocabulary)?)
        .ignore_merges(words == Words::Llama3)
        .build()
        .map_err(build_error)?;
    let mut base = Base::new(model);
    if words == Words::Qwen2 {
        base.with_normalizer(Some(NormalizerWrapper::NFC(NFC))).map_err(build_error)?;
    }
    base.with_pre_tokenizer(Some(words.pre_tokenizer().map_err(build_error)?));
    base.with_decoder(Some(ByteLevel::default()));
    Ok((base, words == Words::Llama3))
}

impl Words {
    fn pre_tokenizer(self) -> Result<PreTokenizerWrapper, tokenizers::Error> {
        let bytes = |use_regex| PreTokenizerWrapper::from(ByteLevel::new(false, true, use_regex));
        let split = |regex: &str| -> Result<PreTokenizerWrapper, tokenizers::Error> {
            let pattern = SplitPattern::Regex(regex.to_owned());
            Ok(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into())
        };
        let steps = match self {
            Words::Gpt2 => vec![bytes(true)],
            Words::Smollm => vec![Digits::new(true).into(), bytes(true)],
            Words::Llama3 => vec![split(LLAMA3)?, bytes(false)],
            Words::Qwen2 => vec![split(QWEN2)?, bytes(false)],
        };
        Ok(Sequence::new(steps).into())
    }
}

/// `tokenizer.ggml.merges`: `"left right"`, best first.
fn merges(metadata: &Metadata, vocabulary: &Vocabulary<'_>) -> Result<Merges, TokenizerError> {
    let entries = metadata.strings(MERGES)?;
    let mut merges = Merges::with_capacity(entries.len());
    let mut joined = String::new();
    for (index, entry) in entries.iter().enumerate() {
        // A token is at least one character, which may itself be a space.
        let at = entry.char_indices().skip(1).find(|(_, c)| *c == ' ').map(|(at, _)| at);
        let halves = at.map(|at| (&entry[..at], &entry[at + 1..])).filter(|(_, right)| !right.is_empty());
        let (left, right) =
            halves.ok_or_else(|| TokenizerError::BadEntry { key: MERGES, index, value: entry.to_owned() })?;
        joined.clear();
        joined.extend([left, right]);
        if let Some(missing) = [left, right, &joined].into_iter().find(|token| !vocabulary.contains(token)) {
            let (left, right, missing) = (left.to_owned(), right.to_owned(), missing.to_owned());
            return Err(TokenizerError::Merge { index, left, right, missing });
        }
        merges.push((left.to_owned(), right.to_owned()));
    }
    Ok(merges)
}
