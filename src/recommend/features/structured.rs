//! Structured features: what a language model reads out of an item's text, as JSON within a schema, so that it always parses.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    engine::{Constraint, Engine, Message, Prompt, Request},
    recommend::{Catalogue, Error, Item, Result, line::one_line},
};

/// Characters of an item's text that are read.
const READ: usize = 600;

/// Tokens of an answer at most: more than all characters that the schema lets through, so that no answer is cut.
const TOKENS: usize = 512;

/// Categories that the model chooses among where the catalogue has some, at most.
const CATEGORIES: usize = 48;

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
        let known: BTreeSet<&str> =
            catalogue.items().iter().flat_map(|item| item.genres().iter().map(String::as_str)).collect();
        Self { engine, schema: schema(&known.into_iter().take(CATEGORIES).collect::<Vec<_>>()) }
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
    for words in [&mut features.genres, &mut features.themes, &mut features.keywords] {
        let mut seen = BTreeSet::new();
        words.retain(|word| seen.insert(word.clone()));
    }
    Ok(features)
}

/// The schema of an answer; with categories to choose among, or any.
fn schema(categories: &[&str]) -> Value {
    let words = |most: usize, length: usize| {
        let item =
            json!({"type": "string", "pattern": format!("^[A-Za-z][a-z]*( [a-z]+){{0,2}}$"), "maxLength": length});
        json!({"type": "array", "items": item, "minItems": 1, "maxItems": most})
    };
    let mut genres = words(3, 20);
    if !categories.is_empty() {
        genres["items"] = json!({"enum": categories});
    }
    json!({
        "type": "object",
        "properties": {
            "genres": genres,
            "themes": words(3, 24),
            "audience": {"enum": ["children", "teenagers", "adults", "everybody"]},
            "mood": {"enum": ["cheerful", "dark", "exciting", "funny", "moving", "quiet", "romantic", "scary", "serious", "strange"]},
            "keywords": words(5, 20),
        },
        "required": ["genres", "themes", "audience", "mood", "keywords"],
        "additionalProperties": false,
    })
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
