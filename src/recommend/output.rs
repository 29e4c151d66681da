//! What a recommendation looks like to other programs: the fields of `docent recommend --json`.

use serde::{Serialize, Serializer};

use super::{Candidate, Catalogue, Explanation, Interaction, SourceScore, budget::Decision};

/// Recommendations for one user.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendations {
    /// The user's id.
    pub user: String,
    /// What the user had last, oldest first.
    pub history: Vec<HistoryItem>,
    /// The recommended items, best first.
    pub items: Vec<RecommendedItem>,
    /// What a language model said of the user's taste, where it was asked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<String>,
    /// Whether a language model was asked for them, and why, if that is to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_model: Option<Decision>,
    /// Tokens that prompts did not take, since descriptions were compressed.
    #[serde(skip)]
    pub tokens_compressed: usize,
}

/// An item that the user has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HistoryItem {
    /// Its id.
    pub item_id: String,
    /// Its title, as the catalogue has it.
    pub title: String,
    /// How much it was liked.
    pub rating: Option<f32>,
    /// Seconds since 1970.
    pub timestamp: Option<i64>,
}

/// An item that the user may like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecommendedItem {
    /// Its id.
    pub item_id: String,
    /// Its title, as the catalogue has it.
    pub title: String,
    /// What it was ranked by; comparable within one list.
    pub score: f32,
    /// What each source said, by its name.
    #[serde(serialize_with = "by_name")]
    pub scores: Vec<SourceScore>,
    /// Why it is recommended, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

impl HistoryItem {
    /// Looks an interaction's item up.
    pub fn new(event: &Interaction, catalogue: &Catalogue) -> Self {
        let item = &catalogue[event.item];
        let (rating, timestamp) = (event.rating, event.timestamp);
        Self { item_id: item.id.clone(), title: item.title.clone(), rating, timestamp }
    }
}

impl RecommendedItem {
    /// Looks a candidate's item up; it is not explained yet.
    pub fn new(candidate: &Candidate, catalogue: &Catalogue) -> Self {
        let item = &catalogue[candidate.item];
        let (score, scores) = (candidate.score, candidate.sources.clone());
        Self { item_id: item.id.clone(), title: item.title.clone(), score, scores, explanation: None }
    }
}

fn by_name<S: Serializer>(scores: &[SourceScore], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(scores.iter().map(|score| (score.source.name(), score.value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Claim, Source, WrittenBy};

    #[test]
    fn the_fields_are_those_that_other_programs_rely_on() {
        let claim = Claim {
            text: "Big (1988) is tagged Comedy".into(),
            source: "items",
            record: "2".into(),
            field: "genres".into(),
        };
        let explanation =
            Explanation { text: "Big is a comedy.".into(), claims: vec![claim], written_by: WrittenBy::Template };
        let item = RecommendedItem {
            item_id: "2".into(),
            title: "Big".into(),
            score: 1.5,
            scores: vec![
                SourceScore { source: Source::CoOccurrence, value: 0.25 },
                SourceScore { source: Source::LanguageModel(crate::recommend::rerank::Mode::Likelihood), value: -2.0 },
            ],
            explanation: Some(explanation),
        };
        let had = HistoryItem { item_id: "1".into(), title: "Jaws".into(), rating: Some(4.5), timestamp: None };
        let (analysis, language_model, tokens_compressed) = (None, None, 3);
        let (user, history, items) = ("7".into(), vec![had], vec![item]);
        let all = Recommendations { user, history, items, analysis, language_model, tokens_compressed };
        assert_eq!(
            serde_json::to_string(&all).unwrap(),
            concat!(
                r#"{"user":"7","history":[{"item_id":"1","title":"Jaws","rating":4.5,"timestamp":null}],"#,
                r#""items":[{"item_id":"2","title":"Big","score":1.5,"#,
                r#""scores":{"co_occurrence":0.25,"likelihood":-2.0},"#,
                r#""explanation":{"text":"Big is a comedy.","claims":[{"text":"Big (1988) is tagged Comedy","#,
                r#""source":"items","record":"2","field":"genres"}],"written_by":"template"}}]}"#
            )
        );
    }
}
