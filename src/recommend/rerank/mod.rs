//! The second stage's judges of a few candidates. What comes out is a permutation of what came in: models score, choose or
//! order what is there, and can name nothing else.
//!
//! [`LLMReranker`] asks a language model, in one of several [`Mode`]s; [`CrossEncoderReranker`] asks a cross-encoder for
//! relevance. [`fuse`] adds either to what the first stage said.

mod bias;
mod cross_encoder;
mod fuse;
mod judge;
mod list;
mod llm;
mod mode;
mod pointwise;
mod scorer;
mod sort;
mod wish;

pub use bias::{BiasReport, probe_bias};
pub use cross_encoder::{CrossEncoderOptions, CrossEncoderReranker};
pub use fuse::fuse;
pub use judge::{Judge, identity};
pub use llm::{LLMReranker, RerankOptions};
pub use mode::{Asked, Mode};
pub(super) use pointwise::{mean_likelihoods, scored_tokens, title_prompt};
pub use scorer::{AlignedScorer, CandidateScorer, CrossEncoderScorer, Judges, LanguageModelScorer, NoJudge};
pub use wish::Wish;

use super::{Catalogue, Interaction, interactions::liked};

/// How many of the user's liked titles a model is told, the latest ones.
pub(super) const TOLD: usize = 10;

/// The titles of the last `count` liked items, oldest first.
pub(super) fn liked_titles(history: &[Interaction], count: usize, catalogue: &Catalogue) -> Vec<String> {
    let latest = liked(history).rev().take(count).map(|event| catalogue[event.item].short_title());
    let mut titles: Vec<String> = latest.collect();
    titles.reverse();
    titles
}
