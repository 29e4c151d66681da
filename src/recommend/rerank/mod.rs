//! The second stage's judges of a few candidates. They score, and nothing is generated, so nothing can be invented; what
//! comes out is a permutation of what came in.
//!
//! [`LLMReranker`] asks a language model for likelihoods, [`CrossEncoderReranker`] a cross-encoder for relevance.
//! [`fuse`] adds either to what the first stage said.

mod cross_encoder;
mod fuse;
mod likelihood;
mod query;
mod scorer;

pub use cross_encoder::{CrossEncoderOptions, CrossEncoderReranker};
pub use fuse::fuse;
pub use likelihood::{LLMReranker, RerankOptions};
pub use query::QueryLikelihood;
pub use scorer::{CandidateScorer, CrossEncoderScorer, LikelihoodScorer, NoScorer};

use super::{Catalogue, Interaction, interactions::liked};

/// The titles of the last `count` liked items, oldest first.
fn liked_titles(history: &[Interaction], count: usize, catalogue: &Catalogue) -> Vec<String> {
    let latest = liked(history).rev().take(count).map(|event| catalogue[event.item].short_title());
    let mut titles: Vec<String> = latest.collect();
    titles.reverse();
    titles
}
