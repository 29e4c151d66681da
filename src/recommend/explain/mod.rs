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
const MAX_TOKENS: usize = 48;

/// A fact that an explanation rests on, and the record that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The fact in words.
    pub text: String,
    /// Which table holds it: `items` or `interactions`.
    pub source: &'static str,
    /// Which record: an item's id, `user/item`, or for what two items have in common in all users' interactions
    /// `item+item`.
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
    /// What the language model made of the first words that it was given, also if it is not shown.
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
        let openings: Vec<String> = plans.iter().zip(0..).map(|(plan, place)| prompt::opening(plan, place)).collect();
        let requests = plans.iter().zip(&openings).map(|(plan, opening)| self.request(plan, opening));
        let requests: Vec<Request> = requests.collect::<Result<_>>()?;
        let generated = self.engine.generate(&requests, &mut |_| ControlFlow::Continue(()))?;
        let drafts = openings.into_iter().zip(generated).map(|(opening, rest)| opening + rest.text.trim_end());
        Ok(plans.iter().zip(drafts).zip(0..).map(|((plan, draft), place)| settle(plan, draft, place)).collect())
    }

    fn request(&self, plan: &Plan, opening: &str) -> Result<Request> {
        let chat = self.engine.has_chat_template();
        // Behind raw text the answer is a word that follows; a chat's answer starts with it.
        let lead = if chat { "" } else { " " };
        let mut prompt = self.engine.tokenize(&prompt::prompt(plan, chat))?;
        prompt.extend(self.engine.tokenize_continuation(&format!("{lead}{opening}"))?);
        let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
        Ok(Request { prompt, max_tokens: MAX_TOKENS, sampling, stop: vec!["\n".into()], ..Request::default() })
    }
}

/// Shows a draft that passes the check, and the template's text otherwise.
fn settle(plan: &Plan, draft: String, place: usize) -> Explained {
    let rejection = verify(&draft, plan).err();
    let (text, written_by) = match rejection {
        None => (draft.clone(), WrittenBy::Model),
        Some(_) => (template::sentence(plan, place), WrittenBy::Template),
    };
    let explanation = Explanation { text, claims: plan.claims.clone(), written_by };
    Explained { explanation, draft, rejection }
}
