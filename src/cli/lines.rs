//! Files line by line, and what a line of JSON holds; every fault with its line.

use std::{
    io::{self, BufRead},
    path::Path,
};

use docent::recommend::LineFault;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    CliError,
    input::{InputError, Source, describe},
};

/// Whether a file's name says that it holds JSON Lines.
pub(crate) fn is_json_lines(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ["jsonl", "ndjson"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// What names a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Id {
    /// A whole number.
    Number(i64),
    /// Anything else.
    Text(String),
}

/// Reads the lines that are not blank.
pub(crate) struct Lines<R> {
    source: Source,
    reader: R,
    line: u64,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Reads from `reader`; faults name `source`.
    pub(crate) fn new(source: Source, reader: R) -> Self {
        Self { source, reader, line: 0, buffer: Vec::new() }
    }

    /// The number of the line that was read last, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.line
    }

    /// The next line that is not blank, without a byte order mark and without its end.
    ///
    /// # Errors
    /// If the file cannot be read, or the line is not UTF-8.
    pub(crate) fn next(&mut self) -> Result<Option<&str>, CliError> {
        if !self.read().map_err(|error| self.source.read_error(error))? {
            return Ok(None);
        }
        let text = std::str::from_utf8(&self.buffer);
        let text = text.map_err(|_| InputError::NotUtf8 { file: self.source.clone(), line: self.line })?;
        Ok(Some(text.trim_end_matches(['\n', '\r'])))
    }

    fn read(&mut self) -> io::Result<bool> {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        loop {
            self.buffer.clear();
            if self.reader.read_until(b'\n', &mut self.buffer)? == 0 {
                return Ok(false);
            }
            self.line += 1;
            if self.line == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.drain(..BYTE_ORDER_MARK.len());
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }
}

/// A line of JSON Lines, for faults that name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonLine<'a> {
    /// The file.
    pub(crate) source: &'a Source,
    /// The line, from 1.
    pub(crate) line: u64,
}

impl JsonLine<'_> {
    /// The fields of the object that a line is.
    ///
    /// # Errors
    /// If it is no JSON, or no object.
    pub(crate) fn fields(self, text: &str) -> Result<Map<String, Value>, InputError> {
        let (file, line) = (self.source.clone(), self.line);
        let value = serde_json::from_str(text.trim_end());
        match value.map_err(|error| InputError::JsonLine { file, line, source: LineFault(error) })? {
            Value::Object(fields) => Ok(fields),
            other => Err(self.wrong("the line", describe(Some(&other)), "an object")),
        }
    }

    /// The id that a field holds.
    ///
    /// # Errors
    /// If it is neither a string nor a whole number.
    pub(crate) fn id(self, field: &str, value: &Value) -> Result<Id, InputError> {
        match value {
            Value::String(text) => Ok(Id::Text(text.clone())),
            value => match value.as_i64() {
                Some(number) => Ok(Id::Number(number)),
                None => Err(self.wrong(field, describe(Some(value)), "a string or a whole number")),
            },
        }
    }

    /// The text that a field holds.
    ///
    /// # Errors
    /// If it is no string.
    pub(crate) fn text(self, field: &str, value: &Value) -> Result<String, InputError> {
        match value {
            Value::String(text) => Ok(text.clone()),
            value => Err(self.wrong(field, describe(Some(value)), "a string")),
        }
    }

    /// The error for a field that holds something else.
    pub(crate) fn wrong(self, field: &str, found: String, expected: &'static str) -> InputError {
        InputError::Value { file: self.source.clone(), line: self.line, field: field.to_owned(), found, expected }
    }
}
