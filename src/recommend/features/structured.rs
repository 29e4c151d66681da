//! Structured features: what a language model reads out of an item's text, as JSON within a schema, so that it always parses.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema::{self, distinct, known_categories};
use crate::{
    engine::{Constraint, Engine, Message, Prompt, Request},
    recommend::{Catalogue, Error, Item, Result, line::one_line},
};

/// Characters of an item's text that are read.
const READ: usize = 600;

/// Tokens of an answer at most: more than all characters that the schema lets through, so that no answer is cut.
const TOKENS: usize = 512;

const TASK: &str = "You describe items of a catalogue as JSON. You say only what the text says or clearly implies.";

/// What is read out of an item's text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StructuredFeatures {
    /// Categories, of the catalogue's own where it has some.
    pub genres: Vec<String>,
    /// What it is about.
    pub themes: Vec<String>,
    /// Whom it is for.
    pub audience: String,
    /// How it feels.
    pub mood: String,
    /// Words to find it by.
    pub keywords: Vec<String>,
}

/// Reads structured features.
#[derive(Debug)]
pub struct FeatureReader<'a> {
    engine: &'a Engine,
    schema: Value,
}

impl<'a> FeatureReader<'a> {
    /// Uses a loaded language model; categories are those of the catalogue.
    pub fn new(engine: &'a Engine, catalogue: &Catalogue) -> Self {
        Self { engine, schema: schema(&known_categories(catalogue)) }
    }

    /// The schema that every answer meets.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// The features of some items, in their order; all are read together.
    ///
    /// # Errors
    /// If the model fails, or a text exceeds its context.
    pub fn read(&self, items: &[Item]) -> Result<Vec<StructuredFeatures>> {
        let requests = items.iter().map(|item| self.request(item)).collect::<Result<Vec<_>>>()?;
        let written = self.engine.generate(&requests)?;
        written.iter().map(|text| parse(&text.text)).collect()
    }

    /// The request of one item. All begin with the same task, which is read once.
    fn request(&self, item: &Item) -> Result<Request> {
        // What the text calls its categories would be copied, and not read.
        let text = without_categories(item);
        let ask = format!("Describe this as JSON with genres, themes, audience, mood and keywords.\n\n{text}");
        let prompt = match self.engine.has_chat_template() {
            true => Prompt::Messages(vec![Message::new("system", TASK), Message::new("user", ask)]),
            false => Prompt::Text(format!("{TASK}\n{ask}\n\nJSON: ")),
        };
        let constraint = Some(Constraint::Json(self.schema.clone()));
        let prompt = self.engine.tokenize(&prompt)?;
        Ok(Request { prompt, max_tokens: TOKENS, constraint, ..Request::default() })
    }
}

/// Title and description on one line, cut where they are long.
fn without_categories(item: &Item) -> String {
    let text = Item { attributes: Vec::new(), ..item.clone() }.text();
    one_line(&text).chars().take(READ).collect()
}

fn parse(text: &str) -> Result<StructuredFeatures> {
    let parsed = serde_json::from_str(text).map_err(|source| Error::Features { text: text.to_owned(), source });
    let mut features: StructuredFeatures = parsed?;
    [&mut features.genres, &mut features.themes, &mut features.keywords].into_iter().for_each(distinct);
    Ok(features)
}

/// The schema of an answer; with categories to choose among, or any.
fn schema(categories: &[&str]) -> Value {
    schema::object([
        ("genres", schema::categories(categories, 1, 3)),
        ("themes", schema::words(3, 24)),
        ("audience", json!({"enum": ["children", "teenagers", "adults", "everybody"]})),
        ("mood", schema::mood()),
        ("keywords", schema::words(5, 20)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, catalogue::GENRES};

    #[test]
    fn categories_are_chosen_and_not_copied() {
        let item = Item {
            title: "Heat".into(),
            description: Some("A robbery\ngoes wrong.".into()),
            attributes: vec![(GENRES.into(), Attribute::Many(vec!["Crime".into()]))],
            ..Item::default()
        };
        assert_eq!(without_categories(&item), "Heat. A robbery goes wrong.");
        assert_eq!(schema(&["Crime"])["properties"]["genres"]["items"], json!({"enum": ["Crime"]}));
        assert!(schema(&[])["properties"]["genres"]["items"]["pattern"].is_string());
        assert!(parse("{\"genres\": []").unwrap_err().to_string().contains("genres"));
    }
}
