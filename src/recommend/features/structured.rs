//! Structured features: what a language model reads out of an item's text, as JSON within a schema, so that it always parses.

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    described::Describer,
    schema::{self, distinct, known_categories},
};
use crate::{
    engine::Engine,
    recommend::{Catalogue, Item, Result, line::one_line},
};

/// Characters of an item's text that are read.
const READ: usize = 600;

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
    describer: Describer<'a>,
}

impl<'a> FeatureReader<'a> {
    /// Uses a loaded language model; categories are those of the catalogue.
    pub fn new(engine: &'a Engine, catalogue: &Catalogue) -> Self {
        let schema = schema(&known_categories(catalogue));
        Self { describer: Describer { engine, task: TASK, schema } }
    }

    /// The schema that every answer meets.
    pub fn schema(&self) -> &Value {
        &self.describer.schema
    }

    /// The features of some items, in their order; all are read together. `progress` is asked with every token whether
    /// to go on.
    ///
    /// # Errors
    /// If the model fails, a text exceeds its context, or `progress` breaks it off.
    pub fn read(
        &self,
        items: &[Item],
        progress: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> Result<Vec<StructuredFeatures>> {
        // What the text calls its categories would be copied, and not read.
        let ask = |item: &Item| {
            let text = without_categories(item);
            format!("Describe this as JSON with genres, themes, audience, mood and keywords.\n\n{text}")
        };
        let read = self.describer.describe::<StructuredFeatures>(items.iter().map(ask), progress)?;
        Ok(read.into_iter().map(StructuredFeatures::tidy).collect())
    }
}

/// Title and description on one line, cut where they are long.
fn without_categories(item: &Item) -> String {
    let text = Item { attributes: Vec::new(), ..item.clone() }.text();
    one_line(&text).chars().take(READ).collect()
}

impl StructuredFeatures {
    /// Each word once.
    fn tidy(mut self) -> Self {
        [&mut self.genres, &mut self.themes, &mut self.keywords].into_iter().for_each(distinct);
        self
    }
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
    }
}
