//! The error of this layer.

use std::path::PathBuf;

use crate::engine;

/// What can go wrong between files of items and explained recommendations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be opened or read.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("`{}` cannot be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what its name says, beyond a single cell.
    #[error("`{}` is not CSV", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: csv::Error,
    },
    /// A file has no rows.
    #[error("`{}` is empty: {missing}", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
        /// What it lacks.
        missing: &'static str,
    },
    /// The header lacks a column.
    #[error("`{}` has no column `{column}`; its columns are {}", path.display(), found.join(", "))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// The header names a column that nothing is known about, or one twice.
    #[error("`{}` has a column `{column}` that {fault}", path.display())]
    UnexpectedColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A row has more or fewer cells than the header.
    #[error("`{}` line {line}: {found} cells, expected {expected}", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// A cell is not UTF-8.
    #[error("`{}` line {line}, column `{column}`: not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column's name; its number, if the header is at fault.
        column: String,
    },
    /// A cell must not be empty.
    #[error("`{}` line {line}, column `{column}`: empty", path.display())]
    MissingValue {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
    },
    /// A cell is not the number that it should be.
    #[error("`{}` line {line}, column `{column}`: `{found}` is not {expected}", path.display())]
    BadNumber {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// The cell.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// Two items have one id.
    #[error("`{}` line {line}: item `{id}` is on line {first} already", path.display())]
    DuplicateItem {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The line that has it, too.
        first: u64,
        /// The id.
        id: String,
    },
    /// An interaction names an item that is not in the catalogue.
    #[error("`{}` line {line}: item `{id}` is not in the catalogue", path.display())]
    UnknownItem {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The id.
        id: String,
    },
    /// Nobody with this id has interacted with anything.
    #[error("there is no user `{id}` among {users} users")]
    UnknownUser {
        /// The id.
        id: String,
        /// How many users there are.
        users: usize,
        /// Some ids that would do.
        examples: Vec<String>,
    },
    /// Vectors and catalogue do not belong together.
    #[error("{vectors} vectors for {items} items")]
    VectorCount {
        /// Vectors that there are.
        vectors: usize,
        /// Items that there are.
        items: usize,
    },
    /// A file of vectors is damaged.
    #[error("`{}` is not a whole matrix of 32-bit floats for {items} items", path.display())]
    VectorFile {
        /// The file.
        path: PathBuf,
        /// Rows that it should have.
        items: usize,
    },
    /// Nobody has enough interactions to be tested.
    #[error("no user has the {needed} interactions that a test needs")]
    NothingToEvaluate {
        /// How many are needed.
        needed: usize,
    },
    /// A method needs a language model.
    #[error("no language model is given to score with")]
    NoLanguageModel,
    /// A method needs the items' vectors.
    #[error("`{method}` needs vectors of the items")]
    NoVectors {
        /// The method.
        method: &'static str,
    },
    /// There are too many users and items for a dense model.
    #[error("{users} users and {items} items: the smaller number exceeds {most}, the most that a dense model takes")]
    TooLarge {
        /// Users that there are.
        users: usize,
        /// Items that there are.
        items: usize,
        /// The most of the smaller number.
        most: usize,
    },
    /// A ridge penalty does not do its work.
    #[error("a penalty of {penalty} leaves the matrix without an inverse")]
    Penalty {
        /// The penalty.
        penalty: f64,
    },
    /// A file of tensors is damaged.
    #[error("the tensors cannot be read")]
    Tensors {
        /// What the reader said.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is not what it should be.
    #[error("tensor `{name}` {fault}")]
    Tensor {
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// A computation of the hybrid model failed.
    #[error("the hybrid model failed")]
    Hybrid(#[from] candle_core::Error),
    /// A model failed.
    #[error(transparent)]
    Engine(#[from] engine::Error),
}

impl Error {
    /// What the user can do about it, where something is known to help.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Error::MissingColumn { column, .. } => format!("name the column `{column}` in the first line"),
            Error::UnexpectedColumn { .. } => {
                "interactions have the columns `user_id,item_id[,rating][,timestamp][,review]`".into()
            }
            Error::Ragged { .. } => "put cells that hold a comma or a line break in double quotes".into(),
            Error::NotUtf8 { .. } => "save the file as UTF-8".into(),
            Error::DuplicateItem { .. } => "keep one line for each id".into(),
            Error::UnknownItem { .. } => "add the item to the catalogue, or skip such interactions".into(),
            Error::UnknownUser { examples, .. } if !examples.is_empty() => {
                let examples: Vec<String> = examples.iter().map(|id| format!("`{id}`")).collect();
                format!("there are {}", examples.join(", "))
            }
            Error::VectorFile { path, .. } => format!("remove `{}`, and the items are embedded anew", path.display()),
            Error::Penalty { .. } => "take a larger penalty".into(),
            Error::Engine(error) => return error.hint(),
            _ => return None,
        })
    }
}

/// The result of this layer's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;
