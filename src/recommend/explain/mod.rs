//! Why an item is recommended, in one or two sentences that say nothing but what the records hold.
//!
//! Code plans the claims from the item's and the user's records, the language model phrases those of a whole list in one
//! batch, and a verifier checks every word of its texts against the plan. Where a text fails, a template says the same.

mod lexicon;
mod plan;
mod prompt;
mod template;
mod verify;

use std::ops::ControlFlow;

pub use plan::{Plan, Planner, Titled};
pub use verify::{Rejection, verify};

use serde::Serialize;

use super::Result;
use crate::engine::{Engine, Request, Sampling};

/// Tokens that an explanation may take.
const MAX_TOKENS: usize = 56;

/// A fact that an explanation rests on, and the record that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The fact in words.
    pub text: String,
    /// Which table holds it: `items` or `interactions`.
    pub source: &'static str,
    /// Which record: an item's id, `user/item`, or for what two items have in common in all users' interactions
    /// `item/item`.
    pub record: String,
    /// Which column.
    pub field: String,
}

/// Who wrote an explanation's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WrittenBy {
    /// The language model, and the text passed the check.
    Model,
    /// Code.
    Template,
}

/// Why an item is recommended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// One or two sentences.
    pub text: String,
    /// What they rest on.
    pub claims: Vec<Claim>,
    /// Who wrote them.
    pub written_by: WrittenBy,
}

/// What became of one plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// What is shown.
    pub explanation: Explanation,
    /// What the language model wrote, also if it is not shown.
    pub draft: String,
    /// Why it is not shown.
    pub rejection: Option<Rejection>,
}

/// Phrases plans with a language model.
#[derive(Debug)]
pub struct XRecExplainer<'a> {
    engine: &'a mut Engine,
}

impl<'a> XRecExplainer<'a> {
    /// Uses a loaded language model.
    pub fn new(engine: &'a mut Engine) -> Self {
        Self { engine }
    }

    /// Explains all plans of a list in one batch, whose prompts share their beginning.
    ///
    /// # Errors
    /// If the model fails.
    pub fn explain(&mut self, plans: &[Plan]) -> Result<Vec<Explained>> {
        let chat = self.engine.has_chat_template();
        let requests = plans.iter().map(|plan| {
            let prompt = self.engine.tokenize(&prompt::prompt(plan, chat))?;
            let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
            let stop = vec!["\n".to_owned()];
            Ok(Request { prompt, max_tokens: MAX_TOKENS, sampling, stop, ..Request::default() })
        });
        let requests: Vec<Request> = requests.collect::<Result<_>>()?;
        let drafts = self.engine.generate(&requests, &mut |_| ControlFlow::Continue(()))?;
        let drafted = plans.iter().zip(drafts).enumerate();
        Ok(drafted.map(|(place, (plan, draft))| settle(plan, draft.text.trim(), place)).collect())
    }
}

/// Shows a draft that passes the check, and the template's text otherwise.
fn settle(plan: &Plan, draft: &str, place: usize) -> Explained {
    let rejection = verify(draft, plan).err();
    let (text, written_by) = match rejection {
        None => (draft.to_owned(), WrittenBy::Model),
        Some(_) => (template::sentence(plan, place), WrittenBy::Template),
    };
    let explanation = Explanation { text, claims: plan.claims.clone(), written_by };
    Explained { explanation, draft: draft.to_owned(), rejection }
}
