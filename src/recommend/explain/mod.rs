//! Why an item is recommended, in one or two sentences that say nothing but what the records hold.
//!
//! Code plans the claims from the item's and the user's records, and names those items of the history that the score rests
//! on. The language model phrases a whole list in one batch, several drafts for each item if asked to; a verifier checks
//! every word of its texts against the plan, and a ranker picks one of those that pass. Where none does, a template says the
//! same.

mod aspects;
mod explainer;
mod influence;
mod kind;
mod lexicon;
mod plan;
mod planner;
mod prompt;
mod ranker;
mod style;
mod template;
mod verify;

pub use aspects::{View, ViewText, Viewed, Views};
pub use explainer::XRecExplainer;
pub use influence::Influence;
pub use plan::{Alternatives, Aspect, Plan, Titled};
pub use planner::Planner;
pub use ranker::{ExplanationRanker, Merits};
pub use style::outline;
pub use verify::{Rejection, verify};

use serde::Serialize;

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

/// What became of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// What is shown.
    pub explanation: Explanation,
    /// Which of the item's plans it phrases.
    pub option: usize,
    /// What spoke for it; none if a template wrote it.
    pub merits: Option<Merits>,
    /// What the language model made of the first words that it was given, also if it is not shown.
    pub draft: String,
    /// Why it is not shown.
    pub rejection: Option<Rejection>,
}

impl Explained {
    /// What is shown; the log hears what spoke for it, or against the draft.
    pub fn tell(self) -> Explanation {
        if let Some(rejection) = self.rejection {
            tracing::info!(%rejection, draft = self.draft, "an explanation was turned down");
        }
        if let Some(merits) = self.merits {
            tracing::debug!(?merits, text = self.explanation.text, "an explanation was picked");
        }
        self.explanation
    }
}
