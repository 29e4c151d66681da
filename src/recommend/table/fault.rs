//! What can be wrong with a file of rows, and where.

use std::{
    error::Error,
    fmt,
    path::{Path, PathBuf},
};

use super::Role;
use crate::recommend::counted;

/// Where in a file something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line of a text file, from 1.
    Line(u64),
    /// A row of a Parquet file, from 1.
    Row(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Line(line) => write!(f, "line {line}"),
            Place::Row(row) => write!(f, "row {row}"),
        }
    }
}

/// A file that does not hold what it should.
#[derive(Debug)]
pub struct TableError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: TableFault,
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), self.fault)
    }
}

impl Error for TableError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

/// What is wrong with a line that is parsed by itself, so that the parser counts its lines from 1.
#[derive(Debug)]
pub struct LineFault(pub serde_json::Error);

impl Error for LineFault {}

impl fmt::Display for LineFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let fault = text.split(" at line ").next().unwrap_or_default();
        write!(f, "{fault} at column {}", self.0.column())
    }
}

/// What is wrong with a file; it reads on from the file's name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// The system does not read it.
    #[error("cannot be read")]
    Read(#[source] std::io::Error),
    /// Its name says nothing of its format.
    #[error("has a name that does not tell its format")]
    Format,
    /// It is not CSV, beyond a single cell.
    #[error("is not CSV")]
    Csv(#[source] csv::Error),
    /// A quote is opened and never closed, so that the rest of the file is one cell.
    #[error("{place}: a quote is opened and never closed")]
    OpenQuote {
        /// Where it is opened.
        place: Place,
    },
    /// A line is not JSON.
    #[error("{place}: not valid JSON")]
    Json {
        /// The line.
        place: Place,
        /// Where in the line and why.
        source: LineFault,
    },
    /// A line is JSON, but no object.
    #[error("{place}: {found}, expected an object")]
    NoObject {
        /// The line.
        place: Place,
        /// What it is.
        found: &'static str,
    },
    /// It is not Parquet, or damaged.
    #[error("is not a Parquet file that can be read")]
    Parquet(#[source] Box<dyn Error + Send + Sync>),
    /// It has no rows.
    #[error("is empty: {0}")]
    Empty(&'static str),
    /// A column's type is none of RecBole's.
    #[error("has a column `{column}` of type `{kind}`, expected token, token_seq, float or float_seq")]
    AtomicType {
        /// The column.
        column: String,
        /// The type that the header names.
        kind: String,
    },
    /// No column has a role that one must have.
    #[error("has no column `{role}`; its columns are {}", found.join(", "))]
    MissingColumn {
        /// The role.
        role: Role,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A column that nothing is known about, or whose name is taken.
    #[error("has a column `{column}` that {fault}")]
    UnexpectedColumn {
        /// The column.
        column: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Two columns claim one role.
    #[error("has two columns for `{role}`: `{first}` and `{second}`")]
    RoleTwice {
        /// The role.
        role: Role,
        /// One column.
        first: String,
        /// The other one.
        second: String,
    },
    /// A row has more or fewer cells than the header.
    #[error("{place}: {}, expected {expected}", counted(*found, "cell", "cells"))]
    Ragged {
        /// The row.
        place: Place,
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// A cell is not UTF-8.
    #[error("{place}, column `{column}`: not UTF-8")]
    NotUtf8 {
        /// The row.
        place: Place,
        /// The column's name; its number, if the header is at fault.
        column: String,
    },
    /// A line is not UTF-8.
    #[error("{place}: not UTF-8")]
    LineNotUtf8 {
        /// The line.
        place: Place,
    },
    /// A cell must not be empty.
    #[error("{place}, column `{column}`: empty")]
    MissingValue {
        /// The row.
        place: Place,
        /// The column.
        column: String,
    },
    /// A cell is not the number that it should be.
    #[error("{place}, column `{column}`: `{found}` is not {expected}")]
    BadNumber {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// The cell.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// A time is beyond the year 2200, since it counts milliseconds or something smaller, or before the year 1.
    #[error(
        "{place}, column `{column}`: {found} is {}, expected seconds since 1970",
        if *found > 0.0 { "beyond the year 2200" } else { "before the year 1" }
    )]
    NotSeconds {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// The cell.
        found: f64,
    },
    /// A cell is neither a text nor a number nor a list of these.
    #[error("{place}, column `{column}`: {found}, expected a text, a number or a list of texts")]
    Nested {
        /// The row.
        place: Place,
        /// The column.
        column: String,
        /// What it holds.
        found: &'static str,
    },
    /// An id comes twice.
    #[error("{place}: {what} `{id}` is on {first} already")]
    Duplicate {
        /// The row.
        place: Place,
        /// The row that has it, too.
        first: Place,
        /// `item` or `user`.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// An interaction names an item that is not in the catalogue.
    #[error("{place}: item `{id}` is not in the catalogue")]
    UnknownItem {
        /// The row.
        place: Place,
        /// The id.
        id: String,
    },
}

impl TableFault {
    /// Names the file.
    pub(in crate::recommend) fn of(self, path: &Path) -> TableError {
        TableError { path: path.to_owned(), fault: self }
    }

    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            TableFault::Format => {
                "end it in `.csv`, `.jsonl`, `.parquet`, or RecBole's `.inter`, `.item`, `.user` or `.kg`".into()
            }
            TableFault::MissingColumn { found, .. } if is_separated_otherwise(found) => {
                "cells of CSV are parted by commas, semicolons or tabs: save the file so".into()
            }
            TableFault::MissingColumn { role, .. } => {
                format!("name the column `{role}`, or say which one it is with `--role COLUMN={role}`")
            }
            TableFault::UnexpectedColumn { column, .. } => {
                format!("leave it out with `--role {column}=ignore`, or say what it is with `--role {column}=ROLE`")
            }
            TableFault::RoleTwice { second, .. } => format!("leave one out, as with `--role {second}=ignore`"),
            TableFault::Ragged { .. } => {
                "put cells that hold a line break, or what parts the cells, in double quotes".into()
            }
            TableFault::OpenQuote { .. } => {
                "close it, or put the whole cell in quotes and write each quote within it twice".into()
            }
            TableFault::Json { .. } | TableFault::NoObject { .. } => "write one JSON object a line".into(),
            TableFault::Parquet(_) => "write it anew, compressed by Snappy or not at all".into(),
            TableFault::Empty(_) => "check that it is the right file".into(),
            TableFault::AtomicType { .. } => "write the header of an atomic file as `name:type`, between tabs".into(),
            TableFault::MissingValue { .. } => "fill the cell, or leave out the row".into(),
            TableFault::NotUtf8 { .. } | TableFault::LineNotUtf8 { .. } => "save the file as UTF-8".into(),
            TableFault::BadNumber { .. } => "leave the cell empty if the number is not known".into(),
            TableFault::NotSeconds { found, .. } if *found < 0.0 => {
                "leave the cell empty if the time is not known".into()
            }
            TableFault::NotSeconds { .. } => "divide milliseconds by 1000".into(),
            TableFault::Nested { column, .. } => format!("leave the column out with `--role {column}=ignore`"),
            TableFault::Duplicate { .. } => "keep one line for each id".into(),
            TableFault::UnknownItem { .. } => {
                "add the item to the catalogue, or leave such interactions out with `--unknown-items skip`".into()
            }
            _ => return None,
        })
    }
}

/// Whether a header of one column looks like several that something else parts than a comma, a semicolon or a tab.
fn is_separated_otherwise(columns: &[String]) -> bool {
    let [only] = columns else { return false };
    only.contains('|')
}
