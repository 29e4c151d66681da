//! Which items are wanted, as an expression: `year >= 1990 and not genres has "Horror"`.
//!
//! Comparisons are joined by `and`, `or`, `not` and parentheses; `not` binds closer than `and`, and `and` closer than
//! `or`. A comparison names a column first: `item_id`, `title`, `description` or an attribute; a name that is no word is
//! written in backticks.
//!
//! | column | comparisons |
//! |---|---|
//! | number | `=` `==` `!=` `<` `<=` `>` `>=` |
//! | text | `=` `==` `!=`, and `contains` a text |
//! | several values | `has` a value |
//!
//! Texts stand in double or single quotes, where a backslash takes the next character as it is. They compare without
//! regard to case, but for `item_id`. An item that lacks the attribute fails every comparison on it, also `!=`; so it
//! passes what `not` says of one.

mod absent;
mod fault;
mod parse;
mod token;

#[cfg(test)]
mod tests;

pub use absent::Absent;
pub use fault::{FilterError, FilterFault};

use super::{Attribute, Catalogue, Item, Result};

/// A condition on items, checked against a catalogue's columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter(Expression);

impl Filter {
    /// Parses an expression over the columns of a catalogue.
    ///
    /// # Errors
    /// If the expression is none, or compares what cannot be compared; the error says where.
    pub fn parse(text: &str, catalogue: &Catalogue) -> Result<Self> {
        Ok(Self(parse::parse(text, catalogue.attributes())?))
    }

    /// Whether an item is wanted.
    pub fn matches(&self, item: &Item) -> bool {
        self.0.matches(item)
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Comparison(Field, Test),
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Id,
    Title,
    Description,
    Attribute(String),
}

/// With what it is compared, and how.
#[derive(Clone, Debug, PartialEq)]
enum Test {
    Number(Order, f64),
    Is(String),
    IsNot(String),
    /// The text in lower case.
    Contains(String),
    Has(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expression {
    fn matches(&self, item: &Item) -> bool {
        match self {
            Expression::All(parts) => parts.iter().all(|part| part.matches(item)),
            Expression::Any(parts) => parts.iter().any(|part| part.matches(item)),
            Expression::Not(part) => !part.matches(item),
            Expression::Comparison(Field::Id, test) => test.of_id(&item.id),
            Expression::Comparison(Field::Title, test) => test.of_text(&item.title),
            Expression::Comparison(Field::Description, test) => {
                item.description.as_ref().is_some_and(|text| test.of_text(text))
            }
            Expression::Comparison(Field::Attribute(name), test) => {
                item.attribute(name).is_some_and(|attribute| test.of_attribute(attribute))
            }
        }
    }
}

impl Test {
    fn of_id(&self, id: &str) -> bool {
        match self {
            Test::Is(text) => id == text,
            Test::IsNot(text) => id != text,
            other => other.of_text(id),
        }
    }

    fn of_text(&self, value: &str) -> bool {
        match self {
            Test::Is(text) => equal(value, text),
            Test::IsNot(text) => !equal(value, text),
            Test::Contains(text) => value.to_lowercase().contains(text),
            Test::Number(..) | Test::Has(_) => false,
        }
    }

    fn of_attribute(&self, attribute: &Attribute) -> bool {
        match (attribute, self) {
            (Attribute::Number(value), Test::Number(order, number)) => order.holds(*value, *number),
            (Attribute::Many(values), Test::Has(text)) => values.iter().any(|value| equal(value, text)),
            (Attribute::Text(value), test) => test.of_text(value),
            _ => false,
        }
    }
}

impl Order {
    fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Order::Equal => a == b,
            Order::Unequal => a != b,
            Order::Less => a < b,
            Order::LessOrEqual => a <= b,
            Order::Greater => a > b,
            Order::GreaterOrEqual => a >= b,
        }
    }
}

/// Whether two texts are equal but for case.
fn equal(a: &str, b: &str) -> bool {
    a.chars().flat_map(char::to_lowercase).eq(b.chars().flat_map(char::to_lowercase))
}
