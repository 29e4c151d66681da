//! Why a filter does not parse.

use std::fmt;

/// The least Jaro-Winkler similarity at which a name is taken for a slip of another one.
const SIMILAR: f64 = 0.8;

/// What stands behind the last word.
pub(super) const END: &str = "the end";

/// A filter that does not parse, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the filter `{filter}` at character {at}: {fault}")]
pub struct FilterError {
    /// The whole filter.
    pub filter: String,
    /// The character at fault, from 1; one more than there are if the end is.
    pub at: usize,
    /// What is wrong there.
    pub fault: FilterFault,
}

/// What is wrong with a filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterFault {
    /// Something else should stand there.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What would do.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A character that begins nothing.
    #[error("`{0}` has no meaning here")]
    Character(char),
    /// A quote that is not closed.
    #[error("the {0} is never closed")]
    Unclosed(&'static str),
    /// Something that begins like a number and is none.
    #[error("`{0}` is not a number")]
    Number(String),
    /// A column that there is none of.
    #[error("there is no column `{name}`")]
    UnknownColumn {
        /// The name.
        name: String,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A comparison that a column's values do not have.
    #[error("`{column}` is {kind}, which `{operator}` does not compare")]
    Operator {
        /// The column.
        column: String,
        /// What its values are.
        kind: Compared,
        /// The comparison.
        operator: &'static str,
    },
    /// A value of the wrong type.
    #[error("`{column}` is {kind}, and {found} is {wrong}")]
    Operand {
        /// The column.
        column: String,
        /// What its values are.
        kind: Compared,
        /// The value.
        found: String,
        /// What it is.
        wrong: &'static str,
    },
    /// Parentheses and `not` in each other, too many of them.
    #[error("more than {0} levels of parentheses and `not`")]
    TooDeep(usize),
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Numbers.
    Number,
    /// Texts.
    Text,
    /// Several values each.
    Many,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Compared::Number => "a number",
            Compared::Text => "a text",
            Compared::Many => "a column of several values",
        })
    }
}

impl FilterFault {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        match self {
            FilterFault::UnknownColumn { name, columns } => Some(known(name, columns)),
            FilterFault::Operator { column, kind, .. } => Some(match kind {
                Compared::Number => "numbers compare with =, !=, <, <=, > and >=".into(),
                Compared::Text => "texts compare with =, != and contains".into(),
                Compared::Many => format!("ask for one of the values: `{column} has \"..\"`"),
            }),
            FilterFault::Operand { kind: Compared::Number, .. } => Some("write numbers without quotes".into()),
            FilterFault::Expected { expected, found } if found == END => Some(match *expected {
                "a column" => "name a column and what it is compared with, as in `title contains \"..\"`".into(),
                "a comparison" => "compare the column with something, as in `title contains \"..\"`".into(),
                "a number" | "a text in quotes" => format!("go on with {expected}"),
                _ => "close each parenthesis".into(),
            }),
            FilterFault::Operand { .. } | FilterFault::Expected { expected: "a text in quotes", .. } => {
                Some("write texts in quotes".into())
            }
            FilterFault::Unclosed(_) => Some("end it with the quote that it begins with".into()),
            _ => None,
        }
    }
}

/// How much two names are alike but for case: 1 if they are equal.
pub(super) fn similarity(a: &str, b: &str) -> f64 {
    strsim::jaro_winkler(&a.to_lowercase(), &b.to_lowercase())
}

fn known(name: &str, columns: &[String]) -> String {
    let scored = columns.iter().map(|column| (similarity(name, column), column));
    let nearest = scored.filter(|(score, _)| *score >= SIMILAR).max_by(|a, b| a.0.total_cmp(&b.0));
    let guess = nearest.map(|(_, column)| format!("did you mean `{column}`? ")).unwrap_or_default();
    format!("{guess}the columns are {}", columns.join(", "))
}
