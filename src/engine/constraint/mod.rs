//! What a text may be: one of some strings, a regular expression's, or JSON by a schema.
//!
//! A constraint is compiled against the vocabulary when a request is made, so that one that cannot be met, or costs too
//! much, is an error at once. While the text is written, a [`Guide`] says which tokens may come next.

mod grammar;
mod options;
mod ranking;

use std::sync::Arc;

use docent_models::batch::TokenMask;

use super::Result;
use grammar::GrammarGuide;
pub(super) use grammar::Grammars;
pub(super) use options::Options;
use options::OptionsGuide;
pub(super) use ranking::RankingGuide;

/// What a text may be.
#[derive(Clone, Debug, PartialEq)]
pub enum Constraint {
    /// One of these strings. Each is tokenized apart, like a continuation that is scored; where one begins another, ending
    /// there is the token that ends a text.
    OneOf(Vec<String>),
    /// JSON that a schema describes (JSON Schema, draft 2020-12, as far as `llguidance` supports it).
    Json(serde_json::Value),
    /// What a regular expression (the syntax of the crate `regex`) describes from its first character to its last.
    Regex(String),
}

/// Where a text stands in its constraint.
#[derive(Debug)]
pub(super) enum Guide {
    Options(OptionsGuide),
    Ranking(RankingGuide),
    Grammar(Box<GrammarGuide>),
}

impl Guide {
    pub(super) fn options(options: Arc<Options>) -> Self {
        Guide::Options(OptionsGuide::new(options))
    }

    pub(super) fn grammar(guide: GrammarGuide) -> Self {
        Guide::Grammar(Box::new(guide))
    }

    /// The tokens that may come next.
    ///
    /// # Errors
    /// If the grammar's limits are exceeded.
    pub(super) fn mask(&mut self) -> Result<Arc<TokenMask>> {
        match self {
            Guide::Options(guide) => Ok(guide.mask()),
            Guide::Ranking(guide) => Ok(guide.mask()),
            Guide::Grammar(guide) => guide.mask(),
        }
    }

    /// Tokens that must come next, if there is no choice about them. They are not taken yet.
    pub(super) fn forced(&mut self) -> Vec<u32> {
        match self {
            Guide::Options(guide) => guide.forced(),
            Guide::Ranking(guide) => guide.forced(),
            Guide::Grammar(guide) => guide.forced(),
        }
    }

    /// Takes the next token.
    ///
    /// # Errors
    /// If it may not come, or the grammar's limits are exceeded.
    pub(super) fn accept(&mut self, token: u32) -> Result<()> {
        match self {
            Guide::Options(guide) => guide.accept(token),
            Guide::Ranking(guide) => guide.accept(token),
            Guide::Grammar(guide) => guide.accept(token),
        }
    }

    /// Whether nothing may follow.
    pub(super) fn is_complete(&self) -> bool {
        match self {
            Guide::Options(guide) => guide.is_complete(),
            Guide::Ranking(guide) => guide.is_complete(),
            Guide::Grammar(guide) => guide.is_complete(),
        }
    }
}
