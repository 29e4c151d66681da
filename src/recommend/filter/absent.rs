//! Values that a filter asks for, and that no item has.

use std::{cmp::Reverse, collections::BTreeSet, fmt};

use super::{Expression, Field, Filter, Test, equal, fault::similarity};
use crate::recommend::{Attribute, Catalogue};

/// How many values are named that an item has.
const NAMED: usize = 3;

/// A value that no item has in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// Values of the column that are the most like it, the nearest first.
    pub nearest: Vec<String>,
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no item has `{}` among its `{}`", self.value, self.column)?;
        let nearest: Vec<String> = self.nearest.iter().map(|value| format!("`{value}`")).collect();
        match nearest.is_empty() {
            true => Ok(()),
            false => write!(f, "; the nearest: {}", nearest.join(", ")),
        }
    }
}

impl Filter {
    /// The values that are asked for with `has`, `=` or `!=`, and that no item of the catalogue has in that attribute; each
    /// once, in the filter's order.
    pub fn absent(&self, catalogue: &Catalogue) -> Vec<Absent> {
        let mut absent = Vec::new();
        gather(&self.0, catalogue, &mut absent);
        absent
    }
}

fn gather(expression: &Expression, catalogue: &Catalogue, absent: &mut Vec<Absent>) {
    match expression {
        Expression::All(parts) | Expression::Any(parts) => {
            parts.iter().for_each(|part| gather(part, catalogue, absent));
        }
        Expression::Not(part) => gather(part, catalogue, absent),
        Expression::Comparison(Field::Attribute(column), Test::Has(value) | Test::Is(value) | Test::IsNot(value)) => {
            let is_told = |known: &Absent| known.column == *column && known.value == *value;
            if !absent.iter().any(is_told) {
                absent.extend(missing(column, value, catalogue));
            }
        }
        Expression::Comparison(..) => {}
    }
}

fn values(attribute: &Attribute) -> &[String] {
    match attribute {
        Attribute::Text(text) => std::slice::from_ref(text),
        Attribute::Many(values) => values,
        Attribute::Number(_) => &[],
    }
}

fn missing(column: &str, value: &str, catalogue: &Catalogue) -> Option<Absent> {
    let attributes = catalogue.items().iter().filter_map(|item| item.attribute(column));
    let known: BTreeSet<&String> = attributes.flat_map(values).collect();
    if known.iter().any(|known| equal(known, value)) {
        return None;
    }
    let mut nearest: Vec<&String> = known.into_iter().collect();
    // Equal ones stay in the order of the alphabet.
    nearest.sort_by_cached_key(|known| Reverse((similarity(known, value) * 1e6) as u32));
    nearest.truncate(NAMED);
    Some(Absent { column: column.into(), value: value.into(), nearest: nearest.into_iter().cloned().collect() })
}
