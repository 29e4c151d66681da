//! Parts of the schemas that answers of the language model meet.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::recommend::Catalogue;

/// Categories that the model chooses among where the catalogue has some, at most.
const CATEGORIES: usize = 48;

/// An object that has exactly these fields, in this order.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let required = fields.each_ref().map(|(name, _)| *name).to_vec();
    let properties: Map<String, Value> = fields.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// One to `most` phrases of up to three words and `length` characters.
pub(super) fn words(most: usize, length: usize) -> Value {
    let item = json!({"type": "string", "pattern": "^[A-Za-z][a-z]*( [a-z]+){0,2}$", "maxLength": length});
    json!({"type": "array", "items": item, "minItems": 1, "maxItems": most})
}

/// Some of the categories, or any phrases where there are none to choose among.
pub(super) fn categories(known: &[&str], least: usize, most: usize) -> Value {
    let mut list = words(most, 20);
    list["minItems"] = least.into();
    if !known.is_empty() {
        list["items"] = json!({"enum": known});
    }
    list
}

/// How something feels.
pub(super) fn mood() -> Value {
    json!({"enum": ["cheerful", "dark", "exciting", "funny", "moving", "quiet", "romantic", "scary", "serious", "strange"]})
}

/// The categories of a catalogue, the first ones in the order of the alphabet.
pub(super) fn known_categories(catalogue: &Catalogue) -> Vec<&str> {
    let all = catalogue.items().iter().flat_map(|item| item.genres().iter().map(String::as_str));
    all.collect::<BTreeSet<&str>>().into_iter().take(CATEGORIES).collect()
}

/// Each word once, where it stands first.
pub(super) fn distinct(words: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
}
