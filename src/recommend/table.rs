//! CSV with a header, read row by row; whatever is wrong with it is named by file, line and column.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::{Path, PathBuf},
};

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{Error, Result};

/// An open table.
pub(super) struct Table {
    path: PathBuf,
    columns: Vec<String>,
    reader: Reader<Box<dyn Read>>,
    record: ByteRecord,
}

/// One row, checked: as many cells as the header, all UTF-8.
pub(super) struct Row<'a> {
    /// Its line in the file, from 1.
    pub(super) line: u64,
    path: &'a Path,
    cells: Vec<&'a str>,
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|source| Error::Read { path: path.into(), source })?;
        Self::new(path, Box::new(BufReader::new(file)))
    }

    /// Reads the header of `source`; `path` is what errors call it.
    pub(super) fn new(path: &Path, source: Box<dyn Read>) -> Result<Self> {
        let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(source);
        let mut record = ByteRecord::new();
        if !reader.read_byte_record(&mut record).map_err(|e| read_error(path, e))? {
            return Err(Error::Empty { path: path.into(), missing: "a header is expected" });
        }
        let columns = header(path, &record)?;
        Ok(Self { path: path.into(), columns, reader, record })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The place of a column that may be missing.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    /// The place of a column that must be there.
    pub(super) fn require(&self, column: &'static str) -> Result<usize> {
        let missing = || Error::MissingColumn { path: self.path.clone(), column, found: self.columns.clone() };
        self.column(column).ok_or_else(missing)
    }

    /// The next row, or `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Row<'_>>> {
        if !self.reader.read_byte_record(&mut self.record).map_err(|e| read_error(&self.path, e))? {
            return Ok(None);
        }
        let line = self.record.position().map_or(0, csv::Position::line);
        let (found, expected) = (self.record.len(), self.columns.len());
        if found != expected {
            return Err(Error::Ragged { path: self.path.clone(), line, found, expected });
        }
        let cells = self.record.iter().zip(&self.columns).map(|(cell, column)| {
            let fault = |_| Error::NotUtf8 { path: self.path.clone(), line, column: column.clone() };
            std::str::from_utf8(cell).map(str::trim).map_err(fault)
        });
        Ok(Some(Row { line, path: &self.path, cells: cells.collect::<Result<_>>()? }))
    }
}

impl<'a> Row<'a> {
    pub(super) fn cell(&self, column: usize) -> &'a str {
        self.cells[column]
    }

    pub(super) fn cells(&self) -> impl ExactSizeIterator<Item = &'a str> {
        self.cells.iter().copied()
    }

    /// A cell that must hold something.
    pub(super) fn required(&self, column: usize, name: &'static str) -> Result<&'a str> {
        match self.cells[column] {
            "" => Err(Error::MissingValue { path: self.path.into(), line: self.line, column: name }),
            cell => Ok(cell),
        }
    }

    /// A cell that holds a finite number, or nothing.
    pub(super) fn number(&self, column: usize, name: &'static str, expected: &'static str) -> Result<Option<f64>> {
        let cell = self.cells[column];
        if cell.is_empty() {
            return Ok(None);
        }
        match cell.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(Error::BadNumber {
                path: self.path.into(),
                line: self.line,
                column: name,
                found: cell.chars().take(40).collect(),
                expected,
            }),
        }
    }
}

fn header(path: &Path, record: &ByteRecord) -> Result<Vec<String>> {
    let mut columns: Vec<String> = Vec::with_capacity(record.len());
    for (number, cell) in record.iter().enumerate() {
        let fault = |_| Error::NotUtf8 { path: path.into(), line: 1, column: (number + 1).to_string() };
        let name = std::str::from_utf8(cell).map_err(fault)?.trim();
        if columns.iter().any(|column| column == name) {
            let fault = "comes twice";
            return Err(Error::UnexpectedColumn { path: path.into(), column: name.into(), fault });
        }
        columns.push(name.into());
    }
    Ok(columns)
}

fn read_error(path: &Path, error: csv::Error) -> Error {
    let path = path.to_owned();
    match error.is_io_error() {
        true => Error::Read { path, source: error.into() },
        false => Error::Csv { path, source: error },
    }
}
