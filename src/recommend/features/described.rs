//! Descriptions as JSON within a schema, by a language model.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    engine::{Constraint, Engine, Request},
    recommend::{Error, Result, ask::question},
};

/// Tokens of an answer at most: more than all characters that the schemas let through, so that no answer is cut.
const TOKENS: usize = 512;

/// Has a language model describe things as JSON within a schema, so that every answer parses.
#[derive(Debug)]
pub(super) struct Describer<'a> {
    pub(super) engine: &'a Engine,
    /// What it is told first.
    pub(super) task: &'static str,
    pub(super) schema: Value,
}

impl Describer<'_> {
    /// The answers to some questions, in their order; all are written together, and the task is read once.
    ///
    /// # Errors
    /// If the model fails, or a question exceeds its context.
    pub(super) fn describe<T: DeserializeOwned>(&self, asks: impl IntoIterator<Item = String>) -> Result<Vec<T>> {
        let request = |ask: String| -> Result<Request> {
            let constraint = Some(Constraint::Json(self.schema.clone()));
            let prompt = self.engine.tokenize(&question(self.engine, Some(self.task), ask, "JSON: "))?;
            Ok(Request { prompt, max_tokens: TOKENS, constraint, ..Request::default() })
        };
        let requests = asks.into_iter().map(request).collect::<Result<Vec<_>>>()?;
        let written = self.engine.generate(&requests)?;
        let parsed =
            |text: &str| serde_json::from_str(text).map_err(|source| Error::Features { text: text.to_owned(), source });
        written.iter().map(|written| parsed(&written.text)).collect()
    }
}
