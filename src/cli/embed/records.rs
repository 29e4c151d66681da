//! Ids and texts, read from CSV or JSON Lines, line by line; every fault with its line.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek},
};

use docent::recommend::Quotes;

use super::format::InputFormat;
use crate::cli::{
    CliError,
    input::{InputError, Source},
    lines::{Id, JsonLine, Lines},
};

/// The names under which ids are looked for, if none is given.
const ID_COLUMNS: [&str; 2] = ["id", "item_id"];

/// Which columns or fields to read.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Of the ids; one of [`ID_COLUMNS`], if `None`.
    pub(super) id: Option<String>,
    /// Of the texts.
    pub(super) text: String,
}

impl Columns {
    fn id(&self, is_there: impl Fn(&str) -> bool) -> &str {
        let given = self.id.as_deref();
        given.or_else(|| ID_COLUMNS.into_iter().find(|name| is_there(name))).unwrap_or(ID_COLUMNS[0])
    }
}

/// What all ids of a file have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdKind {
    /// They are whole numbers, written as such.
    Numbers,
    /// At least one is not.
    Texts,
}

/// One text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its name.
    pub(super) id: Id,
    /// Itself.
    pub(super) text: String,
}

/// What a first pass over the input finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    /// Texts, at least one.
    pub(super) texts: usize,
    /// What their ids are.
    pub(super) ids: IdKind,
}

/// An input that can be read more than once.
#[derive(Debug)]
pub(super) struct Records {
    source: Source,
    file: File,
    format: InputFormat,
    columns: Columns,
}

impl Records {
    /// Opens the input. What can be read only once is copied to a temporary file without a name.
    ///
    /// # Errors
    /// If it cannot be read, or the copy cannot be written.
    pub(super) fn open(source: Source, format: InputFormat, columns: Columns) -> Result<Self, CliError> {
        let file = match &source {
            Source::File(path) if path.is_file() => File::open(path).map_err(CliError::io("open", path))?,
            _ => spool(&source)?,
        };
        Ok(Self { source, file, format, columns })
    }

    /// Reads all of it: every fault is found here.
    ///
    /// # Errors
    /// If a line is faulty, or there is no text at all.
    pub(super) fn scan(&self) -> Result<Summary, CliError> {
        let mut summary = Summary { texts: 0, ids: IdKind::Numbers };
        for record in self.read(IdKind::Numbers)? {
            if matches!(record?.id, Id::Text(_)) {
                summary.ids = IdKind::Texts;
            }
            summary.texts += 1;
        }
        match summary.texts {
            0 => Err(InputError::NoTexts { file: self.source.clone() }.into()),
            _ => Ok(summary),
        }
    }

    /// Reads from the beginning. Ids of a CSV file, which has no types, are numbers only if `ids` says that all are.
    ///
    /// # Errors
    /// If the file cannot be read, or a CSV file's header lacks a column.
    pub(super) fn read(
        &self,
        ids: IdKind,
    ) -> Result<Box<dyn Iterator<Item = Result<Record, CliError>> + '_>, CliError> {
        (&self.file).rewind().map_err(|error| self.source.read_error(error))?;
        let reader = BufReader::with_capacity(1 << 16, &self.file);
        Ok(match self.format {
            InputFormat::Csv => Box::new(CsvRecords::new(self, reader, ids)?),
            InputFormat::Jsonl => Box::new(JsonRecords { input: self, lines: Lines::new(self.source.clone(), reader) }),
        })
    }

    /// The error for an input that was another one at its second reading.
    pub(super) fn changed(&self) -> CliError {
        InputError::Changed { file: self.source.clone() }.into()
    }

    fn wrong(&self, line: u64, field: &str, found: String, expected: &'static str) -> InputError {
        InputError::Value { file: self.source.clone(), line, field: field.to_owned(), found, expected }
    }
}

fn spool(source: &Source) -> Result<File, CliError> {
    let mut from = source.open()?;
    let temporary = std::env::temp_dir();
    let mut file = tempfile::tempfile().map_err(CliError::io("create a file in", &temporary))?;
    io::copy(&mut from, &mut file).map_err(|error| source.read_error(error))?;
    Ok(file)
}

struct CsvRecords<'a, R> {
    input: &'a Records,
    reader: csv::Reader<Quotes<R>>,
    row: csv::StringRecord,
    ids: IdKind,
    /// Names and places of the id's and the text's columns.
    id: (String, usize),
    text: usize,
}

impl<'a, R: io::Read + Seek> CsvRecords<'a, R> {
    fn new(input: &'a Records, reader: R, ids: IdKind) -> Result<Self, CliError> {
        let reader = Quotes::open(reader).map_err(|error| input.source.read_error(error))?;
        let mut reader = csv::ReaderBuilder::new().delimiter(reader.delimiter()).from_reader(reader);
        let header = reader.headers().map_err(|error| csv_error(&input.source, error))?.clone();
        if let Some(line) = reader.get_ref().unclosed() {
            return Err(InputError::OpenQuote { file: input.source.clone(), line }.into());
        }
        if header.is_empty() {
            return Err(InputError::NoTexts { file: input.source.clone() }.into());
        }
        let place = |name: &str| header.iter().position(|column| column == name);
        let find = |name: &str, flag| {
            place(name).ok_or_else(|| InputError::NoColumn {
                file: input.source.clone(),
                line: None,
                kind: "column",
                column: name.to_owned(),
                columns: header.iter().map(str::to_owned).collect(),
                flag,
            })
        };
        let name = input.columns.id(|name| place(name).is_some()).to_owned();
        let id = find(&name, "--id-column")?;
        let text = find(&input.columns.text, "--text-column")?;
        Ok(Self { input, reader, row: csv::StringRecord::new(), ids, id: (name, id), text })
    }

    fn record(&self) -> Result<Record, CliError> {
        let (name, place) = &self.id;
        let id = self.row.get(*place).unwrap_or_default();
        if id.is_empty() {
            let line = self.row.position().map_or(0, csv::Position::line);
            return Err(self.input.wrong(line, name, "empty".into(), "an id").into());
        }
        let number = id.parse().ok().filter(|number: &i64| self.ids == IdKind::Numbers && number.to_string() == id);
        let id = number.map_or_else(|| Id::Text(id.to_owned()), Id::Number);
        Ok(Record { id, text: self.row.get(self.text).unwrap_or_default().to_owned() })
    }
}

impl<R: io::Read + Seek> Iterator for CsvRecords<'_, R> {
    type Item = Result<Record, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        let read = self.reader.read_record(&mut self.row);
        if let Some(line) = self.reader.get_ref().unclosed() {
            return Some(Err(InputError::OpenQuote { file: self.input.source.clone(), line }.into()));
        }
        match read {
            Ok(false) => None,
            Ok(true) => Some(self.record()),
            Err(error) => Some(Err(csv_error(&self.input.source, error))),
        }
    }
}

fn csv_error(source: &Source, error: csv::Error) -> CliError {
    let (file, line) = (source.clone(), error.position().map_or(1, csv::Position::line));
    match error.into_kind() {
        csv::ErrorKind::Utf8 { .. } => InputError::NotUtf8 { file, line }.into(),
        csv::ErrorKind::UnequalLengths { expected_len: expected, len: found, .. } => {
            InputError::Ragged { file, line, found, expected }.into()
        }
        csv::ErrorKind::Io(error) => source.read_error(error),
        other => source.read_error(io::Error::other(format!("{other:?}"))),
    }
}

struct JsonRecords<'a, R> {
    input: &'a Records,
    lines: Lines<R>,
}

impl<R: BufRead> JsonRecords<'_, R> {
    fn next_record(&mut self) -> Result<Option<Record>, CliError> {
        let Some(text) = self.lines.next()? else { return Ok(None) };
        let text = text.to_owned();
        Ok(Some(record(self.input, self.lines.number(), &text)?))
    }
}

fn record(input: &Records, line: u64, text: &str) -> Result<Record, InputError> {
    let here = JsonLine { source: &input.source, line };
    let fields = here.fields(text)?;
    let find = |name: &str, flag| {
        fields.get(name).ok_or_else(|| InputError::NoColumn {
            file: input.source.clone(),
            line: Some(line),
            kind: "field",
            column: name.to_owned(),
            columns: fields.keys().cloned().collect(),
            flag,
        })
    };
    let columns = &input.columns;
    let id_field = columns.id(|name| fields.contains_key(name));
    let id = here.id(id_field, find(id_field, "--id-column")?)?;
    Ok(Record { id, text: here.text(&columns.text, find(&columns.text, "--text-column")?)? })
}

impl<R: BufRead> Iterator for JsonRecords<'_, R> {
    type Item = Result<Record, CliError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_record().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(format: InputFormat, bytes: &[u8]) -> (tempfile::TempDir, Records) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("texts");
        std::fs::write(&path, bytes).expect("a writable folder");
        let columns = Columns { id: None, text: "text".into() };
        let records = Records::open(Source::File(path), format, columns).expect("a readable file");
        (folder, records)
    }

    fn read(format: InputFormat, bytes: &[u8]) -> Result<(Summary, Vec<Record>), String> {
        let (folder, records) = records(format, bytes);
        let name = folder.path().join("texts").display().to_string();
        let read = || {
            let summary = records.scan()?;
            Ok((summary, records.read(summary.ids)?.collect::<Result<_, _>>()?))
        };
        read().map_err(|error: CliError| error.to_string().replace(&name, "FILE"))
    }

    #[test]
    fn ids_are_numbers_where_all_of_a_table_are() {
        let number = |id, text: &str| Record { id: Id::Number(id), text: text.into() };
        let text = |id: &str, text: &str| Record { id: Id::Text(id.into()), text: text.into() };
        let cases: [(InputFormat, &str, IdKind, [Record; 2]); 5] = [
            (InputFormat::Csv, "id;text\n1;a, b\n2;\"c;\"\n", IdKind::Numbers, [number(1, "a, b"), number(2, "c;")]),
            (InputFormat::Csv, "id,text\n1,a\n-2,\n", IdKind::Numbers, [number(1, "a"), number(-2, "")]),
            (
                InputFormat::Csv,
                "\u{feff}text,item_id\r\n\"a,\nb\",1\r\nc,007\r\n",
                IdKind::Texts,
                [text("1", "a,\nb"), text("007", "c")],
            ),
            (
                InputFormat::Jsonl,
                "\u{feff}{\"id\": 1, \"text\": \"a\"}\n\n{\"id\": \"x\", \"text\": \"\"}",
                IdKind::Texts,
                [number(1, "a"), text("x", "")],
            ),
            (
                InputFormat::Jsonl,
                "{\"item_id\": 1, \"text\": \"a\", \"more\": []}\r\n{\"id\": 2, \"item_id\": 3, \"text\": \"b\"}\n",
                IdKind::Numbers,
                [number(1, "a"), number(2, "b")],
            ),
        ];
        for (format, input, ids, expected) in cases {
            let (summary, records) = read(format, input.as_bytes()).expect(input);
            assert_eq!(summary, Summary { texts: 2, ids }, "{input}");
            assert_eq!(records, expected, "{input}");
        }
    }

    #[test]
    fn faults_name_their_line() {
        let cases: [(InputFormat, &[u8], &str); 16] = [
            (InputFormat::Csv, b"", "FILE holds no texts"),
            (InputFormat::Csv, b"id,text\n", "FILE holds no texts"),
            (InputFormat::Csv, b"id,title\n1,a\n", "FILE: no column `text`; there are `id`, `title`"),
            (InputFormat::Csv, b"key,text\n1,a\n", "FILE: no column `id`; there are `key`, `text`"),
            (InputFormat::Csv, b"id,text\n1,a\n2\n", "FILE, line 3: 1 field, and the header has 2"),
            (InputFormat::Csv, b"id,text\n1,a\n2,b,c\n", "FILE, line 3: 3 fields, and the header has 2"),
            (InputFormat::Csv, b"id,text\n1,\"a\n2,b\n", "FILE, line 2: a quote is opened and never closed"),
            (InputFormat::Csv, b"id,text\n1,a\n2,\xff\n", "FILE, line 3: not UTF-8"),
            (InputFormat::Csv, b"id,text\n,a\n", "FILE, line 2: `id` is empty, expected an id"),
            (InputFormat::Jsonl, b"\n\n", "FILE holds no texts"),
            (InputFormat::Jsonl, b"{\"id\": 1, \"text\": \"a\"}\n{", "FILE, line 2: not valid JSON"),
            (InputFormat::Jsonl, b"[]", "FILE, line 1: `the line` is a list, expected an object"),
            (InputFormat::Jsonl, b"{\"id\": 1}", "FILE, line 1: no field `text`; there are `id`"),
            (InputFormat::Jsonl, b"{\"id\": 1, \"text\": null}", "FILE, line 1: `text` is null, expected a string"),
            (
                InputFormat::Jsonl,
                b"{\"id\": 1.5, \"text\": \"a\"}",
                "FILE, line 1: `id` is `1.5`, expected a string or a whole number",
            ),
            (InputFormat::Jsonl, b"{\"id\": 1, \"text\": \"\xff\"}", "FILE, line 1: not UTF-8"),
        ];
        for (format, input, expected) in cases {
            assert_eq!(read(format, input).expect_err("a fault"), expected);
        }
    }
}
