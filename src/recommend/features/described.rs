//! Descriptions as JSON within a schema, by a language model.

use std::ops::ControlFlow;

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
    /// The answers to some questions, in their order; all are written together, and the task is read once. `progress` is
    /// asked with every token whether to go on.
    ///
    /// # Errors
    /// If the model fails, a question exceeds its context, or `progress` breaks it off.
    pub(super) fn describe<T: DeserializeOwned>(
        &self,
        asks: impl IntoIterator<Item = String>,
        progress: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Vec<T>> {
        let request = |ask: String| -> Result<Request> {
            let constraint = Some(Constraint::Json(self.schema.clone()));
            let prompt = self.engine.tokenize(&question(self.engine, Some(self.task), ask, "JSON: "))?;
            Ok(Request { prompt, max_tokens: TOKENS, constraint, ..Request::default() })
        };
        let requests = asks.into_iter().map(request).collect::<Result<Vec<_>>>()?;
        let mut flow = ControlFlow::Continue(());
        let written = self.engine.stream(&requests, &mut |_| {
            if flow.is_continue() {
                flow = progress();
            }
            flow
        })?;
        if flow.is_break() {
            return Err(Error::Interrupted);
        }
        let parsed =
            |text: &str| serde_json::from_str(text).map_err(|source| Error::Features { text: text.to_owned(), source });
        written.iter().map(|written| parsed(&written.text)).collect()
    }
}
