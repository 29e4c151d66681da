//! Structured features of users: what a language model reads out of a profile and the last interactions, as JSON within a
//! schema.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    LAST_INTERACTIONS, User,
    described::Describer,
    schema::{self, distinct, known_categories},
};
use crate::{
    engine::Engine,
    recommend::{Catalogue, Result, line::one_line},
};

/// Characters of a profile that are read.
const PROFILE: usize = 400;
/// Characters of a title that are read.
const TITLE: usize = 60;

const TASK: &str = "You describe the taste of a person as JSON. You say only what the text says or clearly implies.";

/// What is read out of what is known of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserFeatures {
    /// Categories that they like, of the catalogue's own where it has some.
    pub genres: Vec<String>,
    /// Categories that they do not like; may be empty.
    pub avoided: Vec<String>,
    /// What they like things to be about.
    pub themes: Vec<String>,
    /// How they like things to feel.
    pub mood: String,
    /// Words for their taste.
    pub keywords: Vec<String>,
}

/// Reads structured features of users.
#[derive(Debug)]
pub struct TasteReader<'a> {
    describer: Describer<'a>,
    catalogue: &'a Catalogue,
}

impl<'a> TasteReader<'a> {
    /// Uses a loaded language model; categories are those of the catalogue.
    pub fn new(engine: &'a Engine, catalogue: &'a Catalogue) -> Self {
        let schema = schema(&known_categories(catalogue));
        Self { describer: Describer { engine, task: TASK, schema }, catalogue }
    }

    /// The schema that every answer meets.
    pub fn schema(&self) -> &Value {
        &self.describer.schema
    }

    /// The features of some users, in their order; all are read together. Profiles are told as they are: what is sensitive is
    /// masked before. `progress` is asked with every token whether to go on.
    ///
    /// # Errors
    /// If the model fails, a text exceeds its context, or `progress` breaks it off.
    pub fn read(&self, users: &[User<'_>], progress: &mut dyn FnMut() -> ControlFlow<()>) -> Result<Vec<UserFeatures>> {
        let ask = |user: &User<'_>| {
            let text = told(user, self.catalogue);
            format!("Describe this person's taste as JSON with genres, avoided, themes, mood and keywords.\n\n{text}")
        };
        let read = self.describer.describe::<UserFeatures>(users.iter().map(ask), progress)?;
        Ok(read.into_iter().map(UserFeatures::tidy).collect())
    }
}

/// The profile, and the last interactions with their categories and ratings, the latest last.
fn told(user: &User<'_>, catalogue: &Catalogue) -> String {
    let profile: String = one_line(user.profile.unwrap_or_default()).chars().take(PROFILE).collect();
    let mut lines: Vec<String> = (!profile.is_empty()).then(|| format!("Profile: {profile}")).into_iter().collect();
    for event in &user.history[user.history.len().saturating_sub(LAST_INTERACTIONS)..] {
        let item = &catalogue[event.item];
        let title: String = one_line(&item.full_title()).chars().take(TITLE).collect();
        let genres = if item.genres().is_empty() { String::new() } else { format!(", {}", item.genres().join(", ")) };
        let rating = event.rating.map_or_else(String::new, |rating| format!(", rated {rating}"));
        lines.push(one_line(&format!("- {title}{genres}{rating}")));
    }
    lines.join("\n")
}

impl UserFeatures {
    /// Each word once.
    fn tidy(mut self) -> Self {
        [&mut self.genres, &mut self.avoided, &mut self.themes, &mut self.keywords].into_iter().for_each(distinct);
        // Nobody avoids what they like: of a contradiction the liking stays, which the histories are about.
        self.avoided.retain(|genre| !self.genres.contains(genre));
        self
    }
}

/// The schema of an answer; with categories to choose among, or any.
fn schema(categories: &[&str]) -> Value {
    schema::object([
        ("genres", schema::categories(categories, 1, 4)),
        ("avoided", schema::categories(categories, 0, 2)),
        ("themes", schema::words(3, 24)),
        ("mood", schema::mood()),
        ("keywords", schema::words(5, 20)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, Interaction, Item, catalogue::GENRES};

    #[test]
    fn profile_and_last_interactions_are_told_line_by_line() {
        let item = |i: usize| Item {
            title: format!("Title\n{i}"),
            attributes: vec![(GENRES.into(), Attribute::Many(vec!["Crime".into(), "Drama".into()]))],
            ..Item::default()
        };
        let catalogue = Catalogue::new((0..12).map(item).collect());
        let event = |item| Interaction { user: 0, item, rating: (item > 10).then_some(4.5), timestamp: None };
        let history: Vec<Interaction> = (0..12).map(event).collect();
        let text = told(&User { profile: Some("I like\nships."), history: &history }, &catalogue);
        assert!(text.starts_with("Profile: I like ships.\n- Title 2, Crime, Drama\n"), "{text}");
        assert!(text.ends_with("\n- Title 11, Crime, Drama, rated 4.5"), "{text}");
        assert_eq!(told(&User::default(), &catalogue), "");
    }

    #[test]
    fn nobody_avoids_what_they_like() {
        let text = r#"{"genres": ["War", "War"], "avoided": ["War", "Crime"], "themes": ["a"], "mood": "dark", "keywords": ["b"]}"#;
        let features = serde_json::from_str::<UserFeatures>(text).unwrap().tidy();
        assert_eq!((features.genres, features.avoided), (vec!["War".to_owned()], vec!["Crime".to_owned()]));
        assert_eq!(schema(&["War"])["properties"]["avoided"]["minItems"], 0);
    }
}
