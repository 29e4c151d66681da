//! Regular expressions and JSON schemas, by `llguidance`.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use docent_models::{
    batch::TokenMask,
    tokenizer::{SpecialTokens, Tokenizer},
};
use llguidance::{
    Matcher, ParserFactory,
    api::{ParserLimits, TopLevelGrammar},
    panic_utils,
    toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv},
};

use crate::engine::{Error, Result};

/// The longest source of a constraint, in bytes: more than any schema that people write.
const LONGEST: usize = 1 << 18;

/// How deep a schema or an expression may nest: each level takes a part of the stack.
const DEEPEST: usize = 100;

/// Compiled grammars that are kept: texts of one kind come many at a time.
const KEPT: usize = 8;

/// What a grammar may cost, so that building one ends within a second, and the tokens after it come without a pause.
const LIMITS: ParserLimits = ParserLimits {
    max_items_in_row: 2000,
    initial_lexer_fuel: 1_000_000,
    step_lexer_fuel: 200_000,
    step_max_items: 50_000,
    max_lexer_states: 50_000,
    max_grammar_size: 200_000,
    precompute_large_lexemes: false,
    verbose_errors: false,
};

/// The vocabulary, as grammars walk through it.
struct Vocabulary {
    tokenizer: Tokenizer,
    trie: TokTrie,
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        let tokenize = |text: &str| self.tokenizer.encode(text, SpecialTokens::AsText).unwrap_or_default();
        self.trie.tokenize_with_greedy_fallback(bytes, tokenize)
    }

    /// Tokens can be forced where those of a text put together are the text.
    fn tokenize_is_canonical(&self) -> bool {
        self.tokenizer.is_byte_exact()
    }
}

/// Makes guides for one vocabulary; the vocabulary's trie is made when the first one is wanted.
pub(in crate::engine) struct Grammars {
    tokenizer: Tokenizer,
    /// Rows of the model's embedding: tokens beyond the vocabulary are never allowed.
    vocab: usize,
    factory: OnceLock<Result<ParserFactory, String>>,
    /// By their sources, the latest first.
    compiled: Mutex<VecDeque<(Source, Matcher)>>,
}

/// What a grammar was made from.
#[derive(Clone, Debug, PartialEq)]
enum Source {
    Regex(String),
    Json(serde_json::Value),
}

impl std::fmt::Debug for Grammars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grammars").field("vocab", &self.vocab).finish_non_exhaustive()
    }
}

impl Grammars {
    pub(in crate::engine) fn new(tokenizer: Tokenizer, vocab: usize) -> Self {
        Self { tokenizer, vocab, factory: OnceLock::new(), compiled: Mutex::default() }
    }

    /// A guide through what a regular expression describes.
    ///
    /// # Errors
    /// If it does not parse, costs too much, or the vocabulary is not made of bytes.
    pub(in crate::engine) fn regex(&self, pattern: &str) -> Result<GrammarGuide> {
        const WHAT: &str = "the regular expression";
        check_length(WHAT, pattern.len())?;
        let depth = pattern.chars().scan(0_usize, |open, c| {
            *open = match c {
                '(' | '[' => *open + 1,
                ')' | ']' => open.saturating_sub(1),
                _ => *open,
            };
            Some(*open)
        });
        check_depth(WHAT, depth.max().unwrap_or(0))?;
        self.guide(WHAT, Source::Regex(pattern.to_owned()), || TopLevelGrammar::from_regex(pattern))
    }

    /// A guide through JSON that a schema describes.
    ///
    /// # Errors
    /// If the schema is none, nothing meets it, it costs too much, or the vocabulary is not made of bytes.
    pub(in crate::engine) fn json(&self, schema: &serde_json::Value) -> Result<GrammarGuide> {
        const WHAT: &str = "the JSON schema";
        check_depth(WHAT, depth(schema))?;
        check_length(WHAT, schema.to_string().len())?;
        self.guide(WHAT, Source::Json(schema.clone()), || {
            let mut schema = schema.clone();
            if let Some(object) = schema.as_object_mut() {
                // Models that may write any space between tokens write it for ever.
                object.entry("x-guidance").or_insert_with(|| serde_json::json!({"whitespace_flexible": false}));
            }
            TopLevelGrammar::from_json_schema(schema)
        })
    }

    fn guide(&self, what: &str, source: Source, grammar: impl FnOnce() -> TopLevelGrammar) -> Result<GrammarGuide> {
        let guide = |matcher: &Matcher| GrammarGuide { matcher: matcher.deep_clone(), vocab: self.vocab };
        let kept = || self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, matcher)) = kept().iter().find(|(of, _)| *of == source) {
            return Ok(guide(matcher));
        }
        let compiled = self.compile(grammar());
        let matcher =
            compiled.map_err(|fault| Error::Constraint { what: format!("{what} cannot be used: {}", fault.trim()) })?;
        let compiled = guide(&matcher);
        let mut kept = kept();
        kept.push_front((source, matcher));
        kept.truncate(KEPT);
        Ok(compiled)
    }

    fn compile(&self, grammar: TopLevelGrammar) -> Result<Matcher, String> {
        let factory = self.factory.get_or_init(|| self.factory()).as_ref().map_err(String::clone)?;
        // A grammar that it did not foresee may make it panic: that is told as an error, without the backtrace.
        let parser = panic_utils::catch_unwind(AssertUnwindSafe(|| factory.create_parser(grammar)));
        let told = |error| format!("{error:#}").split("\n<backtrace>").next().unwrap_or_default().to_owned();
        let mut matcher = Matcher::new(Ok(parser.map_err(told)?));
        // What nothing meets shows in the first mask.
        match matcher.compute_mask_or_eos() {
            Ok(mask) if mask.is_zero() => Err("nothing meets it".into()),
            Ok(_) => Ok(matcher),
            Err(error) => Err(format!("{error:#}")),
        }
    }

    fn factory(&self) -> Result<ParserFactory, String> {
        let tokenizer = &self.tokenizer;
        let size = tokenizer.vocab_size() as u32;
        let ends: Vec<u32> = tokenizer.eos().iter().copied().filter(|&id| id < size).collect();
        let end = *ends.first().ok_or("the model has no token that ends a text")?;
        let bytes = |id| match tokenizer.token_bytes(id) {
            Some(bytes) => bytes,
            // Special tokens are told apart from texts that look like them by a first byte that no text has.
            None if tokenizer.is_special(id) => {
                [&[TokTrie::SPECIAL_TOKEN_MARKER], tokenizer.token(id).unwrap_or_default().as_bytes()].concat()
            }
            None => Vec::new(),
        };
        let words: Vec<Vec<u8>> = (0..size).map(bytes).collect();
        if words.iter().all(Vec::is_empty) {
            return Err("the tokens of this model's vocabulary are not made of bytes".into());
        }
        let trie = TokTrie::from(&TokRxInfo::new(size, end), &words).with_eos_tokens(&ends);
        let env: TokEnv = Arc::new(Vocabulary { tokenizer: tokenizer.clone(), trie });
        let capabilities = InferenceCapabilities { ff_tokens: true, ..InferenceCapabilities::default() };
        let slices = llguidance::earley::SlicedBiasComputer::general_slices();
        let mut factory = ParserFactory::new(&env, capabilities, &slices).map_err(|error| format!("{error:#}"))?;
        factory.quiet();
        *factory.limits_mut() = LIMITS;
        Ok(factory)
    }
}

fn check_depth(what: &str, depth: usize) -> Result<()> {
    if depth > DEEPEST {
        return Err(Error::Constraint { what: format!("{what} nests {depth} levels deep, the most are {DEEPEST}") });
    }
    Ok(())
}

/// How deep a value nests.
fn depth(value: &serde_json::Value) -> usize {
    // Level by level, since a recursion would use up the stack that is being guarded.
    let (mut level, mut depth) = (vec![value], 0);
    while !level.is_empty() {
        depth += 1;
        level = level
            .into_iter()
            .flat_map(|value| match value {
                serde_json::Value::Array(values) => values.iter().collect(),
                serde_json::Value::Object(fields) => fields.values().collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    depth
}

fn check_length(what: &str, len: usize) -> Result<()> {
    if len > LONGEST {
        return Err(Error::Constraint { what: format!("{what} has {len} bytes, the most are {LONGEST}") });
    }
    Ok(())
}

/// How far a text has come in a grammar.
pub(in crate::engine) struct GrammarGuide {
    matcher: Matcher,
    vocab: usize,
}

impl std::fmt::Debug for GrammarGuide {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrammarGuide").field("stopped", &self.matcher.stop_reason()).finish_non_exhaustive()
    }
}

impl GrammarGuide {
    pub(super) fn mask(&mut self) -> Result<Arc<TokenMask>> {
        let mask = self.matcher.compute_mask_or_eos().map_err(fault)?;
        Ok(Arc::new(TokenMask::from_words(self.vocab, mask.as_slice())))
    }

    pub(super) fn forced(&mut self) -> Vec<u32> {
        self.matcher.compute_ff_tokens()
    }

    pub(super) fn accept(&mut self, token: u32) -> Result<()> {
        self.matcher.consume_token(token).map_err(fault)
    }

    pub(super) fn is_complete(&self) -> bool {
        self.matcher.is_stopped()
    }
}

/// What went wrong while a text was written.
fn fault(error: impl std::fmt::Display) -> Error {
    Error::Constraint { what: format!("the text cannot go on: {error:#}") }
}
