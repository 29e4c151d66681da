//! JSON Lines: an object a line, whose fields are the columns.
//!
//! The input is read twice: once to check every line and learn which fields there are, and once for the rows.

use std::io::{BufRead, BufReader, SeekFrom};

use serde_json::{Map, Value};

use super::{Cell, Column, Input, LineFault, Opened, Place, Source, TableFault};
use crate::recommend::Result;

/// A line's place and fields.
type Object = (Place, Map<String, Value>);

/// Lines of an input.
struct Lines {
    input: BufReader<Box<dyn Input>>,
    line: u64,
    buffer: Vec<u8>,
}

/// Rows of the second reading.
struct JsonLines {
    lines: Lines,
    names: Vec<String>,
}

/// Reads all of the input, and starts over.
pub(super) fn open(input: Box<dyn Input>) -> Opened {
    let mut lines = Lines { input: BufReader::new(input), line: 0, buffer: Vec::new() };
    let mut names: Vec<String> = Vec::new();
    while let Some((_, fields)) = lines.next()? {
        let mut new: Vec<String> = fields.keys().filter(|name| !names.contains(name)).cloned().collect();
        names.append(&mut new);
    }
    if lines.line == 0 || names.is_empty() {
        return Err(TableFault::Empty("a JSON object a line is expected"));
    }
    std::io::Seek::seek(&mut lines.input, SeekFrom::Start(0)).map_err(TableFault::Read)?;
    lines.line = 0;
    let columns = names.iter().map(|name| Column { name: name.clone(), ..Column::default() }).collect();
    Ok((columns, Box::new(JsonLines { lines, names })))
}

impl Lines {
    /// The next line that is not blank.
    fn next(&mut self) -> Result<Option<Object>, TableFault> {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        loop {
            self.buffer.clear();
            if self.input.read_until(b'\n', &mut self.buffer).map_err(TableFault::Read)? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if self.line == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.drain(..BYTE_ORDER_MARK.len());
            }
            let place = Place::Line(self.line);
            let text = std::str::from_utf8(&self.buffer).map_err(|_| TableFault::LineNotUtf8 { place })?.trim();
            if text.is_empty() {
                continue;
            }
            return match serde_json::from_str(text)
                .map_err(|error| TableFault::Json { place, source: LineFault(error) })?
            {
                Value::Object(fields) => Ok(Some((place, fields))),
                other => Err(TableFault::NoObject { place, found: describe(&other) }),
            };
        }
    }
}

impl Source for JsonLines {
    fn next(&mut self, cells: &mut [Cell]) -> Result<Option<Place>, TableFault> {
        let Some((place, mut fields)) = self.lines.next()? else { return Ok(None) };
        for (cell, name) in cells.iter_mut().zip(&self.names) {
            fill(cell, fields.get_mut(name).map(Value::take).unwrap_or_default());
        }
        Ok(Some(place))
    }
}

fn fill(cell: &mut Cell, value: Value) {
    match value {
        Value::Null => cell.set(""),
        Value::Array(values) => {
            let texts: Option<Vec<String>> = values.iter().map(scalar).collect();
            *cell = texts.map_or(Cell::Nested("a list of more than texts"), |texts| Cell::Many(filled(texts)));
        }
        value => match scalar(&value) {
            Some(text) => cell.set(&text),
            None => *cell = Cell::Nested(describe(&value)),
        },
    }
}

fn filled(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
