//! Why an item is recommended, in one or two sentences that say nothing but what the records hold.
//!
//! Code plans the claims from the item's and the user's records, the language model phrases those of a whole list in one
//! batch, and a verifier checks every word of its texts against the plan. Where a text fails, a template says the same.

mod aspects;
mod kind;
mod lexicon;
mod plan;
mod planner;
mod prompt;
mod style;
mod template;
mod verify;

use std::collections::HashSet;

pub use aspects::{View, ViewText, Viewed, Views};
pub use plan::{Aspect, Plan, Titled};
pub use planner::Planner;
pub use verify::{Rejection, verify};

use serde::Serialize;

use super::Result;
use crate::engine::{Engine, Request, Sampling};
use verify::Said;

/// Tokens that an explanation may take.
const MAX_TOKENS: usize = 48;
/// How often the model may try, each time with other first words and other facts.
const ROUNDS: usize = 4;
/// What a turn adds to vary a plan's next try: it leads through all first words.
const TURNS_PER_ROUND: usize = 3;

/// A fact that an explanation rests on, and the record that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The fact in words.
    pub text: String,
    /// Which table holds it: `items` or `interactions`; `request` for what a new user says.
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
    engine: &'a Engine,
}

impl<'a> XRecExplainer<'a> {
    /// Uses a loaded language model.
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// Explains all plans of a list in one batch, whose prompts share their beginning. What fails the check, or says the
    /// same of another title as a text before it, is tried again in another batch, up to three times.
    ///
    /// # Errors
    /// If the model fails.
    pub fn explain(&mut self, plans: &[Plan]) -> Result<Vec<Explained>> {
        let mut list = List { plans, taken: HashSet::new(), explained: vec![None; plans.len()] };
        let mut last: Vec<(String, Option<Rejection>)> = vec![Default::default(); plans.len()];
        for round in 0..ROUNDS {
            let open: Vec<usize> = list.open().collect();
            let drafts = self.drafts(plans, &open, round)?;
            for (place, draft) in open.into_iter().zip(drafts) {
                last[place] = match list.take(place, &draft) {
                    Ok(()) => (draft, None),
                    Err(rejection) => (draft, Some(rejection)),
                };
            }
        }
        Ok(list.finish(last))
    }

    /// The model's texts for some plans of a list.
    fn drafts(&mut self, plans: &[Plan], open: &[usize], round: usize) -> Result<Vec<String>> {
        let chat = self.engine.has_chat_template();
        let mut requests = Vec::with_capacity(open.len());
        let mut openings = Vec::with_capacity(open.len());
        for &place in open {
            let (prompt, opening) = prompt::ask(&plans[place], place + round * TURNS_PER_ROUND, round > 0, chat);
            // Behind raw text the answer is a word that follows; a chat's answer starts with it.
            let lead = if chat { "" } else { " " };
            let mut prompt = self.engine.tokenize(&prompt)?;
            prompt.extend(self.engine.tokenize_continuation(&format!("{lead}{opening}"))?);
            let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
            let stop = vec!["\n".into()];
            requests.push(Request { prompt, max_tokens: MAX_TOKENS, sampling, stop, ..Request::default() });
            openings.push(opening);
        }
        let generated = self.engine.generate(&requests)?;
        Ok(openings.into_iter().zip(generated).map(|(opening, rest)| opening + rest.text.trim_end()).collect())
    }
}

/// A list whose explanations come one by one.
struct List<'a> {
    plans: &'a [Plan],
    /// The outlines of the texts so far.
    taken: HashSet<String>,
    explained: Vec<Option<Explanation>>,
}

impl List<'_> {
    /// The places without an explanation.
    fn open(&self) -> impl Iterator<Item = usize> {
        self.explained.iter().enumerate().filter(|(_, explained)| explained.is_none()).map(|(place, _)| place)
    }

    /// Takes a draft that passes the check.
    fn take(&mut self, place: usize, draft: &str) -> Result<(), Rejection> {
        let plan = &self.plans[place];
        let said = style::check(draft, plan)?;
        if !self.taken.insert(style::outline(draft, plan)) {
            return Err(Rejection::Same);
        }
        let claims = claims(plan, &said);
        self.explained[place] = Some(Explanation { text: draft.into(), claims, written_by: WrittenBy::Model });
        Ok(())
    }

    /// Fills what is still open with templates.
    fn finish(mut self, last: Vec<(String, Option<Rejection>)>) -> Vec<Explained> {
        let mut finished = Vec::with_capacity(self.plans.len());
        for (place, (draft, rejection)) in last.into_iter().enumerate() {
            let explanation = self.explained[place].take().unwrap_or_else(|| self.template(place));
            finished.push(Explained { explanation, draft, rejection });
        }
        finished
    }

    /// The template's text, in the first form that is not taken yet.
    fn template(&mut self, place: usize) -> Explanation {
        let plan = &self.plans[place];
        let texts = (0..template::FORMS).map(|turn| template::sentence(plan, place + turn));
        let mut texts = texts.map(|text| (style::outline(&text, plan), text)).collect::<Vec<_>>();
        let free = texts.iter().position(|(outline, _)| !self.taken.contains(outline)).unwrap_or(0);
        let (outline, text) = texts.swap_remove(free);
        self.taken.insert(outline);
        let claims = plan.claims.iter().map(|(_, claim)| claim.clone()).collect();
        Explanation { text, claims, written_by: WrittenBy::Template }
    }
}

/// The claims that a text rests on.
fn claims(plan: &Plan, said: &Said) -> Vec<Claim> {
    let used = |aspect: Aspect| match aspect {
        Aspect::Liked => true,
        Aspect::Genres => !said.genres.is_empty(),
        Aspect::Time => said.time,
        Aspect::Together => said.count,
    };
    plan.claims.iter().filter(|(aspect, _)| used(*aspect)).map(|(_, claim)| claim.clone()).collect()
}
