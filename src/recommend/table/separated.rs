//! CSV with a header, parted by commas, semicolons or tabs, and RecBole's atomic files: parted by tabs, `name:type` in the
//! header, no quotes.

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{Cell, Column, Input, Opened, Place, Quotes, Source, TableFault};
use crate::recommend::{Result, attribute::Kind};

/// How cells are separated, and what the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Csv,
    Atomic,
}

/// Rows of a separated file.
pub(super) struct Separated {
    reader: Reader<Quotes<Box<dyn Input>>>,
    dialect: Dialect,
    record: ByteRecord,
    names: Vec<String>,
}

impl Separated {
    /// Reads the header.
    pub(super) fn open(input: Box<dyn Input>, dialect: Dialect) -> Opened {
        let input = match dialect {
            Dialect::Csv => Quotes::open(input).map_err(TableFault::Read)?,
            Dialect::Atomic => Quotes::new(input, b'\t'),
        };
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(input.delimiter()).quoting(dialect == Dialect::Csv);
        let mut reader = builder.from_reader(input);
        let mut record = ByteRecord::new();
        if !read(&mut reader, &mut record, dialect)? {
            return Err(TableFault::Empty("a header is expected"));
        }
        let mut columns = header(&record, dialect)?;
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let source = Self { reader, dialect, record, names };
        let has_decimal_commas = source.parted_by().is_some();
        columns.iter_mut().for_each(|column| column.has_decimal_commas = has_decimal_commas);
        Ok((columns, Box::new(source)))
    }
}

impl Source for Separated {
    fn next(&mut self, cells: &mut [Cell]) -> Result<Option<Place>, TableFault> {
        if !read(&mut self.reader, &mut self.record, self.dialect)? {
            return Ok(None);
        }
        let place = Place::Line(self.record.position().map_or(0, csv::Position::line));
        let (found, expected) = (self.record.len(), cells.len());
        if found != expected {
            return Err(TableFault::Ragged { place, found, expected });
        }
        for ((bytes, cell), column) in self.record.iter().zip(cells).zip(&self.names) {
            let fault = |_| TableFault::NotUtf8 { place, column: column.clone() };
            cell.set(std::str::from_utf8(bytes).map_err(fault)?);
        }
        Ok(Some(place))
    }

    fn parted_by(&self) -> Option<char> {
        let delimiter = char::from(self.reader.get_ref().delimiter());
        (self.dialect == Dialect::Csv && delimiter != ',').then_some(delimiter)
    }
}

/// Reads a record; whether there is one.
fn read(
    reader: &mut Reader<Quotes<Box<dyn Input>>>,
    record: &mut ByteRecord,
    dialect: Dialect,
) -> Result<bool, TableFault> {
    let is_there = reader.read_byte_record(record).map_err(read_error)?;
    match reader.get_ref().unclosed().filter(|_| dialect == Dialect::Csv) {
        Some(line) => Err(TableFault::OpenQuote { place: Place::Line(line) }),
        None => Ok(is_there),
    }
}

fn header(record: &ByteRecord, dialect: Dialect) -> Result<Vec<Column>, TableFault> {
    let mut columns: Vec<Column> = Vec::with_capacity(record.len());
    for (number, cell) in record.iter().enumerate() {
        let fault = |_| TableFault::NotUtf8 { place: Place::Line(1), column: (number + 1).to_string() };
        let name = std::str::from_utf8(cell).map_err(fault)?.trim();
        let column = match dialect {
            Dialect::Csv => Column { name: name.into(), ..Column::default() },
            Dialect::Atomic => typed(name)?,
        };
        if columns.iter().any(|other| other.name == column.name) {
            return Err(TableFault::UnexpectedColumn { column: column.name, fault: "comes twice" });
        }
        columns.push(column);
    }
    Ok(columns)
}

/// Parts `name:type`.
fn typed(header: &str) -> Result<Column, TableFault> {
    let (name, kind) = header.rsplit_once(':').unwrap_or((header, ""));
    let known = match kind {
        "token" => Kind::Text,
        "token_seq" | "float_seq" => Kind::Many,
        "float" => Kind::Number,
        _ => return Err(TableFault::AtomicType { column: name.into(), kind: kind.into() }),
    };
    Ok(Column { name: name.into(), kind: Some(known), ..Column::default() })
}

fn read_error(error: csv::Error) -> TableFault {
    match error.is_io_error() {
        true => TableFault::Read(error.into()),
        false => TableFault::Csv(error),
    }
}
