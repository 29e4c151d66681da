//! Answers that are kept: what was computed once for the same model, tokens and settings need not be computed again.
//!
//! On one backend an answer follows from model, tokens and settings alone, so that one that was kept is the one that would be
//! computed. Where they are kept is the caller's business.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{Engine, Stats, soft};

/// A store of answers. What cannot be read or written is no fault of whoever asks: it is computed.
pub trait Answers: Debug + Send + Sync {
    /// The answer to a question, if it was kept. `kind` says what is asked for.
    fn find(&self, key: &[u8; 32], kind: &'static str) -> Option<KeptAnswer>;

    /// Keeps the answer to a question.
    fn keep(&self, key: &[u8; 32], kind: &'static str, answer: KeptAnswer);
}

/// An answer as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The answer, in the engine's own form.
    pub bytes: Vec<u8>,
    /// Tokens of prompt and text: what computing it anew may cost.
    pub tokens: u64,
}

/// What was found kept.
#[derive(Debug, Default)]
pub(super) struct Found {
    answers: AtomicU64,
    tokens: AtomicU64,
}

impl Found {
    fn count(&self, tokens: u64) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.tokens.fetch_add(tokens, Ordering::Relaxed);
    }

    /// Statistics with what was found.
    pub(super) fn add_to(&self, stats: Stats) -> Stats {
        let (answers_found, tokens_saved) = (self.answers.load(Ordering::Relaxed), self.tokens.load(Ordering::Relaxed));
        Stats { answers_found, tokens_saved, ..stats }
    }
}

/// What is asked of an engine; nothing where no answers are kept.
#[derive(Clone, Debug)]
pub(super) struct Question {
    engine: Engine,
    key: [u8; 32],
    kind: &'static str,
}

impl Question {
    /// The answer that was kept. One that this program cannot read counts as none.
    pub(super) fn find<T: DeserializeOwned>(this: Option<&Self>) -> Option<T> {
        let question = this?;
        let kept = question.engine.answers.as_ref()?.find(&question.key, question.kind)?;
        let answer = serde_json::from_slice(&kept.bytes).ok()?;
        question.engine.shared.found.count(kept.tokens);
        Some(answer)
    }

    /// Keeps an answer of so many tokens.
    pub(super) fn keep<T: Serialize>(this: Option<&Self>, answer: &T, tokens: usize) {
        if let Some((question, answers)) = this.and_then(|question| Some((question, question.engine.answers.as_ref()?)))
            && let Ok(bytes) = serde_json::to_vec(answer)
        {
            answers.keep(&question.key, question.kind, KeptAnswer { bytes, tokens: tokens as u64 });
        }
    }
}

impl Engine {
    /// The same model, which looks answers up before it computes them, and keeps those that it computes. Texts that are
    /// streamed token by token are neither.
    #[must_use]
    pub fn with_answers(&self, answers: Arc<dyn Answers>) -> Self {
        Self { answers: Some(answers), ..self.clone() }
    }

    /// SHA-256 of what the model is: of its files, and of what it runs on as far as results depend on it.
    pub fn identity(&self) -> [u8; 32] {
        let hash = Sha256::new().chain_update(self.shared.hash).chain_update(&self.shared.arithmetic);
        hash.finalize().into()
    }

    /// A question of a kind, by the tokens it is about and its settings, if answers are kept. About soft tokens there is
    /// none: their ids mean something else to each engine, and answers outlive engines.
    pub(super) fn question(&self, kind: &'static str, tokens: &[&[u32]], settings: &dyn Debug) -> Option<Question> {
        self.answers.as_ref()?;
        if tokens.iter().any(|tokens| tokens.iter().any(|&token| token >= soft::FIRST)) {
            return None;
        }
        let mut hash = Sha256::new().chain_update(self.identity()).chain_update(kind);
        for tokens in tokens {
            hash.update((tokens.len() as u64).to_le_bytes());
            tokens.iter().for_each(|token| hash.update(token.to_le_bytes()));
        }
        hash.update(format!("{settings:?}"));
        Some(Question { engine: self.clone(), key: hash.finalize().into(), kind })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, sync::Mutex};

    use super::*;
    use crate::engine::{EngineOptions, Request, Scores, Scoring, tiny};

    /// Answers that several engines share.
    #[derive(Debug, Default)]
    struct Shared(Mutex<HashMap<[u8; 32], KeptAnswer>>);

    impl Answers for Shared {
        fn find(&self, key: &[u8; 32], _kind: &'static str) -> Option<KeptAnswer> {
            self.0.lock().unwrap().get(key).cloned()
        }

        fn keep(&self, key: &[u8; 32], _kind: &'static str, answer: KeptAnswer) {
            self.0.lock().unwrap().insert(*key, answer);
        }
    }

    fn engine(answers: &Arc<Shared>, options: &EngineOptions) -> Engine {
        Engine::load(&tiny(), options).unwrap().with_answers(answers.clone())
    }

    #[test]
    fn soft_tokens_of_one_engine_are_not_taken_for_another_s() {
        let answers = Arc::new(Shared::default());
        let score = |value: f32| -> (u32, Scores) {
            let engine = engine(&answers, &EngineOptions::default());
            let soft = engine.soft_tokens(&vec![value; engine.architecture().hidden()]).unwrap();
            let scoring = Scoring { prefix: vec![5, soft[0]], continuations: vec![vec![7, 9]], ..Scoring::default() };
            (soft[0], engine.score(&scoring).unwrap())
        };
        let ((first, low), (second, high)) = (score(-0.5), score(0.5));
        assert_eq!(first, second, "both engines count from the same id");
        assert_ne!(low, high);
        assert!(answers.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_text_is_found_again_where_it_would_be_the_same() {
        let answers = Arc::new(Shared::default());
        let complete = |threads: usize, kv_positions: usize, max_tokens: usize| -> (usize, u64) {
            let options = EngineOptions { threads: Some(threads), kv_positions, ..EngineOptions::default() };
            let engine = engine(&answers, &options);
            let request = Request { prompt: vec![5; 50], max_tokens, ignore_eos: true, ..Request::default() };
            (engine.complete(&request).unwrap().ids.len(), engine.stats().unwrap().answers_found)
        };
        let cases = [
            ("the end of the cache cuts it", 1, 64, 40, (15, 0)),
            ("room for all of it", 1, 128, 40, (40, 0)),
            ("more threads", 2, 128, 40, (40, 1)),
            ("more room", 1, 256, 40, (40, 1)),
            ("cut where it was before", 1, 64, 60, (15, 1)),
        ];
        for (name, threads, kv_positions, max_tokens, expected) in cases {
            assert_eq!(complete(threads, kv_positions, max_tokens), expected, "{name}");
        }
    }
}
