//! The texts to rank: lines of text or JSON Lines, all in memory, since the best may come last.

use std::io::BufReader;

use clap::ValueEnum;

use crate::cli::{
    CliError,
    input::{InputError, Source},
    lines::{Id, JsonLine, Lines, is_json_lines},
};

/// Fields that hold a text, the best first.
const TEXT_FIELDS: [&str; 2] = ["text", "title"];

/// A format that texts are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A text a line
    Lines,
    /// A JSON object a line
    Jsonl,
}

/// A text to rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// Its own id, or else the number of its line.
    pub(super) id: Id,
    /// Itself.
    pub(super) text: String,
}

/// Reads all texts; blank lines are passed over.
///
/// # Errors
/// If the file cannot be read, a line is not UTF-8 or faulty, or there is no text at all.
pub(super) fn read(source: &Source, format: Option<Format>) -> Result<Vec<Candidate>, CliError> {
    let by_name = matches!(source, Source::File(path) if is_json_lines(path));
    let mut format = format.or(by_name.then_some(Format::Jsonl));
    let mut lines = Lines::new(source.clone(), BufReader::new(source.open()?));
    let mut candidates = Vec::new();
    while let Some(text) = lines.next()? {
        let text = text.to_owned();
        let first = if text.trim_start().starts_with('{') { Format::Jsonl } else { Format::Lines };
        let line = lines.number();
        candidates.push(match *format.get_or_insert(first) {
            Format::Lines => Candidate { id: Id::Number(line as i64), text: text.trim().to_owned() },
            Format::Jsonl => parse(JsonLine { source, line }, &text)?,
        });
    }
    if candidates.is_empty() { Err(InputError::NoTexts { file: source.clone() }.into()) } else { Ok(candidates) }
}

fn parse(here: JsonLine<'_>, text: &str) -> Result<Candidate, InputError> {
    let fields = here.fields(text)?;
    let id = fields.get("id").map(|id| here.id("id", id)).transpose()?;
    let Some(field) = TEXT_FIELDS.into_iter().find(|field| fields.contains_key(*field)) else {
        let [best, other] = TEXT_FIELDS;
        return Err(here.wrong(best, format!("missing, as is `{other}`"), "a string in one of both"));
    };
    let text = here.text(field, &fields[field])?;
    if text.trim().is_empty() {
        return Err(here.wrong(field, "empty".into(), "a text"));
    }
    Ok(Candidate { id: id.unwrap_or(Id::Number(here.line as i64)), text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(name: &str, bytes: &[u8]) -> Result<Vec<Candidate>, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a writable folder");
        let name = path.display().to_string();
        read(&Source::File(path), None).map_err(|error| error.to_string().replace(&name, "FILE"))
    }

    #[test]
    fn lines_and_json_lines_are_told_apart() {
        let of = |id: Id, text: &str| Candidate { id, text: text.into() };
        let plain = read_bytes("a.txt", "\u{feff}one\r\n\n  two {\n".as_bytes()).expect("texts");
        assert_eq!(plain, [of(Id::Number(1), "one"), of(Id::Number(3), "two {")]);
        let json = "{\"id\": \"a\", \"title\": \"no\", \"text\": \"one\"}\n\n{\"title\": \"two\"}";
        let expected = [of(Id::Text("a".into()), "one"), of(Id::Number(3), "two")];
        assert_eq!(read_bytes("a.txt", json.as_bytes()).expect("texts"), expected);
    }

    #[test]
    fn faults_name_their_line() {
        let cases: [(&str, &[u8], &str); 8] = [
            ("a.txt", b"", "FILE holds no texts"),
            ("a.txt", b"\n \n", "FILE holds no texts"),
            ("a.txt", b"one\ncaf\xe9\n", "FILE, line 2: not UTF-8"),
            ("a.jsonl", b"one\n", "FILE, line 1: not valid JSON"),
            ("a.txt", b"{\"text\": \"a\"}\n{", "FILE, line 2: not valid JSON"),
            (
                "a.jsonl",
                b"{\"id\": 1}\n",
                "FILE, line 1: `text` is missing, as is `title`, expected a string in one of both",
            ),
            ("a.jsonl", b"{\"text\": \" \"}\n", "FILE, line 1: `text` is empty, expected a text"),
            (
                "a.jsonl",
                b"{\"id\": 1.5, \"text\": \"a\"}\n",
                "FILE, line 1: `id` is `1.5`, expected a string or a whole number",
            ),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(read_bytes(name, bytes).expect_err("a fault"), expected);
        }
    }
}
