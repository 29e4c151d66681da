//! Files of rows under one interface: CSV, JSON Lines, Parquet and RecBole's atomic files.
//!
//! Whatever is wrong is named by file, line (or row) and column. A cell is a text or a list of texts, trimmed; an empty
//! text stands for what is not known, and numbers are texts until somebody asks for them.

mod fault;
mod json_lines;
mod parquet;
mod quotes;
mod records;
mod role;
mod separated;
mod time;

use std::{
    borrow::Cow,
    fs::File,
    io::{BufReader, Read, Seek},
    ops::Range,
    path::{Path, PathBuf},
};

pub use fault::{LineFault, Place, TableError, TableFault};
pub use quotes::Quotes;
pub(super) use records::{Record, Records, Shape};
pub use role::{ColumnRole, Role, Roles};
pub(super) use role::{place, require};

use super::{Result, attribute::Kind};
use separated::{Dialect, Separated};

/// What can be read from the beginning again.
pub(super) trait Input: Read + Seek {}

impl<T: Read + Seek> Input for T {}

/// A column of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    /// What the file says of its cells, if it says something.
    pub(super) kind: Option<Kind>,
    /// Whether a comma may stand for the point of a number, since something else parts the cells.
    has_decimal_commas: bool,
}

impl Column {
    /// The number that a text is, finite or not.
    fn number(&self, text: &str) -> Option<f64> {
        match text.split_once(',') {
            Some((whole, decimals)) if self.has_decimal_commas && !decimals.contains('.') => {
                format!("{whole}.{decimals}").parse().ok()
            }
            _ => text.parse().ok(),
        }
    }
}

/// What a row holds in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(String),
    Many(Vec<String>),
    /// Something that is no use here, in words.
    Nested(&'static str),
}

impl Default for Cell {
    fn default() -> Self {
        Cell::Text(String::new())
    }
}

impl Cell {
    /// Puts a text in, trimmed, into the room that is there.
    fn set(&mut self, text: &str) {
        let text = text.trim();
        match self {
            Cell::Text(held) => {
                held.clear();
                held.push_str(text);
            }
            _ => *self = Cell::Text(text.to_owned()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Cell::Text(text) => text.is_empty(),
            Cell::Many(values) => values.is_empty(),
            Cell::Nested(_) => false,
        }
    }
}

/// What yields rows.
trait Source {
    /// Fills `cells`, one for each column, with the next row; `None` at the end.
    fn next(&mut self, cells: &mut [Cell]) -> Result<Option<Place>, TableFault>;

    /// What parts the cells, if that was guessed and is not what usually does.
    fn parted_by(&self) -> Option<char> {
        None
    }
}

/// The columns of a file, and its rows.
type Opened = Result<(Vec<Column>, Box<dyn Source>), TableFault>;

/// An open table.
pub(super) struct Table {
    path: PathBuf,
    columns: Vec<Column>,
    source: Box<dyn Source>,
    cells: Vec<Cell>,
    separator: char,
}

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) place: Place,
    columns: &'a [Column],
    cells: &'a [Cell],
}

impl Table {
    /// Opens a file, whose extension tells its format.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| TableFault::Read(source).of(path))?;
        match extension(path).as_str() {
            "parquet" => Self::of(path, parquet::open(file), '|'),
            _ => Self::read(path, Box::new(BufReader::with_capacity(1 << 16, file))),
        }
    }

    /// Reads the columns of a text file; `path` tells its format and is what errors call it.
    pub(super) fn read(path: &Path, input: Box<dyn Input>) -> Result<Self> {
        match extension(path).as_str() {
            "csv" => Self::of(path, Separated::open(input, Dialect::Csv), '|'),
            "jsonl" | "ndjson" => Self::of(path, json_lines::open(input), '|'),
            "inter" | "item" | "user" | "kg" => Self::of(path, Separated::open(input, Dialect::Atomic), ' '),
            _ => Err(TableFault::Format.of(path).into()),
        }
    }

    fn of(path: &Path, opened: Opened, separator: char) -> Result<Self> {
        let (columns, source) = opened.map_err(|fault| fault.of(path))?;
        let cells = vec![Cell::default(); columns.len()];
        Ok(Self { path: path.into(), columns, source, cells, separator })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// What every column is for, of a table that has no room for columns of no role.
    pub(super) fn settle(&self, roles: Vec<Option<Role>>) -> Result<Vec<ColumnRole>> {
        let role = |(column, role): (&Column, Option<Role>)| {
            let column = column.name.clone();
            match role {
                Some(role) => Ok(ColumnRole { column, role }),
                None => {
                    let fault = "nothing is known about";
                    Err(TableFault::UnexpectedColumn { column, fault }.of(&self.path).into())
                }
            }
        };
        self.columns.iter().zip(roles).map(role).collect()
    }

    /// What stands between the values of a cell that holds several.
    pub(super) fn separator(&self) -> char {
        self.separator
    }

    /// What parts the cells of CSV, if that is no comma.
    pub(super) fn parted_by(&self) -> Option<char> {
        self.source.parted_by()
    }

    /// The next row, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>> {
        let place = self.source.next(&mut self.cells).map_err(|fault| fault.of(&self.path))?;
        Ok(place.map(|place| Row { place, columns: &self.columns, cells: &self.cells }))
    }
}

impl<'a> Row<'a> {
    pub(super) fn cells(&self) -> &'a [Cell] {
        self.cells
    }

    /// A cell as a text: the values of a list with a space between them. Empty if nothing is known.
    pub(super) fn text(&self, column: usize) -> Result<Cow<'a, str>, TableFault> {
        text(&self.cells[column], &self.columns[column], self.place)
    }

    /// A cell that must hold something.
    pub(super) fn required(&self, column: usize) -> Result<Cow<'a, str>, TableFault> {
        let text = self.text(column)?;
        let missing = || TableFault::MissingValue { place: self.place, column: self.columns[column].name.clone() };
        Some(text).filter(|text| !text.is_empty()).ok_or_else(missing)
    }

    /// A cell that holds a time, in seconds since 1970 or as a date, or nothing.
    pub(super) fn seconds(&self, column: usize) -> Result<Option<i64>, TableFault> {
        let text = self.text(column)?;
        if let Some(seconds) = time::parse(&text) {
            if TIMES.contains(&(seconds as f64)) {
                return Ok(Some(seconds));
            }
            let (column, found) = (self.columns[column].name.clone(), text.into_owned());
            let expected = "a time from the year 1 to the year 2199";
            return Err(TableFault::BadNumber { place: self.place, column, found, expected });
        }
        let number = self.number(column, "seconds since 1970 or a date such as 2001-12-31")?;
        number.map(|number| seconds(number, &self.columns[column], self.place)).transpose()
    }

    /// A cell that holds a rating, or nothing.
    pub(super) fn rating(&self, column: usize) -> Result<Option<f32>, TableFault> {
        /// Sums and squares of greater ones would not be finite.
        const MOST: f64 = 1e15;
        let fault = || {
            let found = self.text(column)?.chars().take(40).collect();
            let (column, expected) = (self.columns[column].name.clone(), "between -1e15 and 1e15");
            Err(TableFault::BadNumber { place: self.place, column, found, expected })
        };
        match self.number(column, "a number")? {
            Some(rating) if rating.abs() > MOST => fault(),
            rating => Ok(rating.map(|rating| rating as f32)),
        }
    }

    /// A cell that holds a finite number, or nothing.
    pub(super) fn number(&self, column: usize, expected: &'static str) -> Result<Option<f64>, TableFault> {
        number(&self.cells[column], &self.columns[column], self.place, expected)
    }
}

/// Times that somebody may have, in seconds: from the beginning of the year 1 to that of 2200. Milliseconds of today are none,
/// and differences of all times must be numbers.
const TIMES: Range<f64> = -62_135_596_800.0..7_258_118_400.0;

/// What must be a time in seconds.
fn seconds(number: f64, column: &Column, place: Place) -> Result<i64, TableFault> {
    match TIMES.contains(&number) {
        true => Ok(number as i64),
        false => Err(TableFault::NotSeconds { place, column: column.name.clone(), found: number }),
    }
}

/// Whether a text among numbers says that there is none.
fn is_missing(text: &str) -> bool {
    ["n/a", "na", "null", "none", "-", "unknown"].iter().any(|mark| text.eq_ignore_ascii_case(mark))
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn text<'a>(cell: &'a Cell, column: &Column, place: Place) -> Result<Cow<'a, str>, TableFault> {
    match cell {
        Cell::Text(text) => Ok(Cow::Borrowed(text)),
        Cell::Many(values) => Ok(Cow::Owned(values.join(" "))),
        Cell::Nested(found) => Err(TableFault::Nested { place, column: column.name.clone(), found }),
    }
}

fn number(cell: &Cell, column: &Column, place: Place, expected: &'static str) -> Result<Option<f64>, TableFault> {
    let text = text(cell, column, place)?;
    if text.is_empty() || is_missing(&text) {
        return Ok(None);
    }
    match column.number(&text) {
        Some(number) if number.is_finite() => Ok(Some(number)),
        _ => {
            let (column, found) = (column.name.clone(), text.chars().take(40).collect());
            Err(TableFault::BadNumber { place, column, found, expected })
        }
    }
}
