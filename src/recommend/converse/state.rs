//! What a message calls for, as one of six states: decided by rules, of what rules, examples or a language model found in it.

use serde::{Deserialize, Serialize};

/// The states of a dialogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody says hello.
    Greeting,
    /// No genre, theme or title is known yet: they are asked.
    #[default]
    PreferenceElicitation,
    /// Enough is known, or more is asked for: items are shown.
    RecommendationPresentation,
    /// They ask about what was said, or why.
    Clarification,
    /// They ask about an item.
    Exploration,
    /// They judge items.
    Feedback,
}

impl State {
    /// All of them.
    pub const ALL: [State; 6] = [
        State::Greeting,
        State::PreferenceElicitation,
        State::RecommendationPresentation,
        State::Clarification,
        State::Exploration,
        State::Feedback,
    ];

    /// Its name in every output.
    pub fn name(self) -> &'static str {
        match self {
            State::Greeting => "greeting",
            State::PreferenceElicitation => "preference_elicitation",
            State::RecommendationPresentation => "recommendation_presentation",
            State::Clarification => "clarification",
            State::Exploration => "exploration",
            State::Feedback => "feedback",
        }
    }
}

/// What a message does, in short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// It says hello or goodbye.
    pub(super) greets: bool,
    /// It says goodbye.
    pub(super) takes_leave: bool,
    /// It asks for items.
    pub(super) requests: bool,
    /// It asks about an item.
    pub(super) asks_item: bool,
    /// It asks about what was said.
    pub(super) asks_answer: bool,
    /// It judges items.
    pub(super) judges: bool,
    /// It names a genre, a theme or a title that is wanted.
    pub(super) wishes: bool,
    /// It names items.
    pub(super) names: bool,
    /// It sets conditions.
    pub(super) limits: bool,
    /// Whether a genre, a theme or a title was known before.
    pub(super) known: bool,
    /// Whether items were shown before.
    pub(super) shown: bool,
}

/// The state that a message calls for. A question goes before all else, and a request before a judgement.
pub(super) fn decide(message: Summary) -> State {
    let Summary { greets, requests, asks_item, asks_answer, judges, wishes, limits, known, shown, .. } = message;
    match () {
        () if asks_answer && shown => State::Clarification,
        () if asks_item => State::Exploration,
        () if asks_answer && !wishes => State::Clarification,
        () if requests && (wishes || known) => State::RecommendationPresentation,
        () if requests => State::PreferenceElicitation,
        // A condition or a wish beside a judgement calls for another list.
        () if judges && shown && !wishes && !limits => State::Feedback,
        () if judges && limits => State::RecommendationPresentation,
        () if wishes || limits && known => State::RecommendationPresentation,
        () if judges => State::Feedback,
        () if greets && !limits => State::Greeting,
        () => State::PreferenceElicitation,
    }
}
