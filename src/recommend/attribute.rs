//! What is known of items and users beside their names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the names of attributes begin with that a language model read out of texts, and no file of records holds.
pub const READ_OUT: &str = "llm_";
/// What the names of attributes begin with that follow from facts: the relation comes behind it.
pub const FROM_FACTS: &str = "kg_";

/// Whether an attribute, by its name, is no part of the records themselves.
pub fn is_derived(name: &str) -> bool {
    name.starts_with(READ_OUT) || name.starts_with(FROM_FACTS)
}

/// One thing that is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Attribute {
    /// A number, finite.
    Number(f64),
    /// Several values.
    Many(Vec<String>),
    /// Anything else.
    Text(String),
}

impl Attribute {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Attribute::Number(_) => Kind::Number,
            Attribute::Many(_) => Kind::Many,
            Attribute::Text(_) => Kind::Text,
        }
    }
}

/// What all values of an attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A number.
    Number,
    /// Several values.
    Many,
    /// Anything else.
    Text,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Number => "a number",
            Kind::Many => "several values",
            Kind::Text => "a text",
        })
    }
}

/// An attribute that items or users may have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeColumn {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
}

/// The attributes that occur, in the order in which they first do.
pub(super) fn columns_of<'a>(records: impl IntoIterator<Item = &'a [(String, Attribute)]>) -> Vec<AttributeColumn> {
    let mut columns: Vec<AttributeColumn> = Vec::new();
    for (name, attribute) in records.into_iter().flatten() {
        if !columns.iter().any(|column| column.name == *name) {
            columns.push(AttributeColumn { name: name.clone(), kind: attribute.kind() });
        }
    }
    columns
}
