//! How well messages are understood, against labels: the state, the preferences and the feedback of each.

use serde::{Deserialize, Serialize};

use super::{
    State,
    understand::{Context, Feedback, Opinions, Preferences, Understander},
};
use crate::recommend::Result;

/// A message with what it states.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Labelled {
    /// The titles that are shown.
    #[serde(default)]
    pub shown: Vec<String>,
    /// What is said.
    pub message: String,
    /// The state that it calls for.
    pub state: State,
    /// What is wanted.
    #[serde(default)]
    pub preferences: Preferences,
    /// What is thought of items.
    #[serde(default)]
    pub feedback: Feedback,
}

/// Figures over labelled messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Understanding {
    /// How many messages there are.
    pub messages: usize,
    /// The share of them whose state is right.
    pub state_accuracy: f64,
    /// F1 over the genres, and the conditions as key and value.
    pub preference_f1: f64,
    /// F1 over the titles that are liked, disliked and seen.
    pub feedback_f1: f64,
    /// F1 over the themes.
    pub theme_f1: f64,
    /// F1 over the ratings, as title and value.
    pub rating_f1: f64,
    /// What was understood otherwise than labelled, by the message's place from 0.
    #[serde(skip)]
    pub misunderstood: Vec<(usize, String)>,
}

/// Values that are right, invented and missing.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    right: usize,
    invented: usize,
    missing: usize,
}

impl Counts {
    fn add(&mut self, found: &[String], expected: &[String]) -> bool {
        let right = found.iter().filter(|value| expected.contains(value)).count();
        self.right += right;
        self.invented += found.len() - right;
        self.missing += expected.iter().filter(|value| !found.contains(value)).count();
        right == found.len() && right == expected.len()
    }

    /// The harmonic mean of precision and recall; 1 if there was nothing to find and nothing was found.
    fn f1(self) -> f64 {
        match 2 * self.right + self.invented + self.missing {
            0 => 1.0,
            all => 2.0 * self.right as f64 / all as f64,
        }
    }
}

/// Reads labelled messages, each by itself, and compares.
///
/// # Errors
/// If a model fails that is asked for an opinion.
pub fn understanding(
    understander: &Understander,
    messages: &[Labelled],
    opinions: &mut Opinions<'_>,
) -> Result<Understanding> {
    let mut states = 0;
    let [mut preferences, mut feedback, mut themes, mut ratings] = [Counts::default(); 4];
    let mut misunderstood = Vec::new();
    for (place, labelled) in messages.iter().enumerate() {
        let context = Context { shown: &labelled.shown, ..Context::default() };
        let found = understander.read_with(&labelled.message, &context, opinions)?;
        states += usize::from(found.state == labelled.state);
        let pairs = [
            (&mut preferences, wanted(&found.preferences), wanted(&labelled.preferences)),
            (&mut feedback, thought(&found.feedback), thought(&labelled.feedback)),
            (&mut themes, folded(&found.preferences.themes), folded(&labelled.preferences.themes)),
            (&mut ratings, rated(&found.feedback), rated(&labelled.feedback)),
        ];
        let mut same = found.state == labelled.state;
        let mut told = format!("{} for {}", found.state.name(), labelled.state.name());
        for (counts, found, expected) in pairs {
            if !counts.add(&found, &expected) {
                same = false;
                told += &format!("; {found:?} for {expected:?}");
            }
        }
        if !same {
            misunderstood.push((place, told));
        }
    }
    Ok(Understanding {
        messages: messages.len(),
        state_accuracy: states as f64 / messages.len().max(1) as f64,
        preference_f1: preferences.f1(),
        feedback_f1: feedback.f1(),
        theme_f1: themes.f1(),
        rating_f1: ratings.f1(),
        misunderstood,
    })
}

/// Genres and conditions, each value by itself.
fn wanted(preferences: &Preferences) -> Vec<String> {
    let genres = preferences.genres.iter().map(|genre| format!("genre {}", genre.to_lowercase()));
    let pairs = preferences.constraints.pairs();
    let limits = pairs.iter().map(|(key, value)| format!("{key} {}", value.to_lowercase()));
    genres.chain(limits).collect()
}

/// Judged titles, by how they are judged.
fn thought(feedback: &Feedback) -> Vec<String> {
    let kinds = [("liked", &feedback.liked), ("disliked", &feedback.disliked), ("seen", &feedback.seen)];
    let titles = kinds.into_iter().flat_map(|(kind, titles)| titles.iter().map(move |title| format!("{kind} {title}")));
    titles.map(|title| title.to_lowercase()).collect()
}

fn folded(values: &[String]) -> Vec<String> {
    values.iter().map(|value| value.to_lowercase()).collect()
}

fn rated(feedback: &Feedback) -> Vec<String> {
    feedback.ratings.iter().map(|(title, rating)| format!("{} {rating}", title.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_invented_values_both_count() {
        let read = |text: &str| serde_json::from_str::<Labelled>(text).unwrap();
        let messages = [
            read(r#"{"message": "no horror", "state": "greeting", "preferences": {"genres": ["War"]}}"#),
            read(
                r#"{"message": "a western", "state": "recommendation_presentation", "preferences": {"genres": ["Western"]}}"#,
            ),
        ];
        let figures = understanding(&Understander::without_catalogue(), &messages, &mut Opinions::default()).unwrap();
        assert_eq!((figures.state_accuracy, figures.preference_f1), (0.5, 0.5));
        assert_eq!((figures.feedback_f1, figures.misunderstood.len()), (1.0, 1));
    }
}
