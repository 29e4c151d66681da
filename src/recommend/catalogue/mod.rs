//! The items that can be recommended: what is known of each, by id and by a dense index.
//!
//! Everything above the catalogue names an item by its index, so that scores over all items are plain slices.

mod read;
mod title;

use std::collections::HashMap;

use super::{
    Error, Result,
    attribute::{Attribute, AttributeColumn, READ_OUT, columns_of, is_derived},
};

pub use title::{natural_title, without_aside};

/// The attribute that holds an item's categories.
pub const GENRES: &str = "genres";
/// The attribute that holds the year in which an item came out.
pub const YEAR: &str = "year";

/// One item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item {
    /// Its id, unique in the catalogue.
    pub id: String,
    /// Its title, as the file has it.
    pub title: String,
    /// What it is about, in sentences.
    pub description: Option<String>,
    /// What else is known of it, by column, in the file's order.
    pub attributes: Vec<(String, Attribute)>,
}

impl Item {
    /// An attribute by its column's name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(column, _)| column == name).map(|(_, attribute)| attribute)
    }

    /// Its categories; none if they are not known.
    pub fn genres(&self) -> &[String] {
        match self.attribute(GENRES) {
            Some(Attribute::Many(genres)) => genres,
            _ => &[],
        }
    }

    /// The year in which it came out; none if that is not known, or no year of a calendar.
    pub fn year(&self) -> Option<i32> {
        match self.attribute(YEAR) {
            Some(&Attribute::Number(year)) if year.abs() < 10_000.0 => Some(year as i32),
            _ => None,
        }
    }

    /// The title as people say it, without what stands in brackets behind it: `The Matrix`.
    pub fn short_title(&self) -> String {
        without_aside(&natural_title(&self.title)).to_owned()
    }

    /// The title as people say it, with the year: `The Matrix (1999)`.
    pub fn full_title(&self) -> String {
        match self.year() {
            Some(year) => format!("{} ({year})", self.short_title()),
            None => self.short_title(),
        }
    }

    /// All that the records say of it, as a text for an encoder; what was read out of this text, or follows from facts, is
    /// left out.
    pub fn text(&self) -> String {
        self.text_with(|name| (!is_derived(name)).then_some(name))
    }

    /// The same, with what a language model read out of it.
    pub fn text_with_features(&self) -> String {
        self.text_with(|name| name.strip_prefix(READ_OUT).or_else(|| (!is_derived(name)).then_some(name)))
    }

    /// `shown` says under which name an attribute is told, if it is.
    fn text_with<'a>(&'a self, shown: impl Fn(&'a str) -> Option<&'a str>) -> String {
        let mut text = natural_title(&self.title);
        for (column, attribute) in &self.attributes {
            let Some(column) = shown(column) else { continue };
            let value = match attribute {
                Attribute::Number(number) => number.to_string(),
                Attribute::Many(values) if values.is_empty() => continue,
                Attribute::Many(values) => values.join(", "),
                Attribute::Text(value) => value.clone(),
            };
            text += &format!(". {column}: {value}");
        }
        if let Some(description) = &self.description {
            text += &format!(". {description}");
        }
        text
    }
}

/// All items, in the file's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    items: Vec<Item>,
    attributes: Vec<AttributeColumn>,
    by_id: HashMap<String, usize>,
}

impl Catalogue {
    /// A catalogue of items whose ids differ: of equal ones the first is found.
    pub fn new(items: Vec<Item>) -> Self {
        let attributes = columns_of(items.iter().map(|item| item.attributes.as_slice()));
        Self::with_attributes(items, attributes)
    }

    /// A catalogue whose items have no attributes but these.
    pub(super) fn with_attributes(items: Vec<Item>, attributes: Vec<AttributeColumn>) -> Self {
        let mut by_id = HashMap::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            by_id.entry(item.id.clone()).or_insert(index);
        }
        Self { items, attributes, by_id }
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items, by index.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The catalogue without some attributes, by their names.
    pub(super) fn without_attributes(mut self, dropped: impl Fn(&str) -> bool) -> Self {
        self.attributes.retain(|column| !dropped(&column.name));
        self.items.iter_mut().for_each(|item| item.attributes.retain(|(name, _)| !dropped(name)));
        self
    }

    /// The items alone.
    pub(super) fn into_items(self) -> Vec<Item> {
        self.items
    }

    /// The attributes that items may have.
    pub fn attributes(&self) -> &[AttributeColumn] {
        &self.attributes
    }

    /// The index of an item.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The index of an item that must be there.
    ///
    /// # Errors
    /// If there is no such item.
    pub fn require(&self, id: &str) -> Result<usize> {
        let unknown = || {
            let examples = self.items.iter().take(3).map(|item| item.id.clone()).collect();
            Error::NoSuchItem { id: id.to_owned(), items: self.len(), examples }
        };
        self.index(id).ok_or_else(unknown)
    }
}

impl std::ops::Index<usize> for Catalogue {
    type Output = Item;

    fn index(&self, index: usize) -> &Item {
        &self.items[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_item_says_all_that_is_known() {
        let item = Item {
            id: "2571".into(),
            title: "Matrix, The".into(),
            description: Some("A hacker wakes up.".into()),
            attributes: vec![
                (YEAR.into(), Attribute::Number(1999.0)),
                (GENRES.into(), Attribute::Many(vec!["Action".into(), "Sci-Fi".into()])),
                ("tags".into(), Attribute::Many(Vec::new())),
            ],
        };
        assert_eq!(item.text(), "The Matrix. year: 1999. genres: Action, Sci-Fi. A hacker wakes up.");
        let mut derived = item.clone();
        derived.attributes.push(("llm_mood".into(), Attribute::Text("dark".into())));
        derived.attributes.push(("kg_sequel_of".into(), Attribute::Many(vec!["1".into()])));
        assert_eq!(derived.text(), item.text());
        let told = "The Matrix. year: 1999. genres: Action, Sci-Fi. mood: dark. A hacker wakes up.";
        assert_eq!(derived.text_with_features(), told);
        assert_eq!(item.full_title(), "The Matrix (1999)");
        assert_eq!((item.year(), item.genres().len()), (Some(1999), 2));
        let of = |year: f64| Item { attributes: vec![(YEAR.into(), Attribute::Number(year))], ..item.clone() };
        let years = [-44.0, 1999.5, 20_200_101.0, -1e12].map(|year| (of(year).year(), of(year).full_title()));
        let told = ["The Matrix (-44)", "The Matrix (1999)", "The Matrix", "The Matrix"].map(str::to_owned);
        assert_eq!(years.clone().map(|(_, title)| title), told);
        assert_eq!(years.map(|(year, _)| year), [Some(-44), Some(1999), None, None]);
    }
}
