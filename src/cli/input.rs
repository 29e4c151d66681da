//! What a user brings as text: prompts, chat messages, and the files that they lie in.
//!
//! Every fault names its place: the file, the line or message, the field, and what was expected there.

use std::{
    ffi::OsString,
    fmt,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use clap::Args;
use docent::{
    engine::{Message, Prompt},
    recommend::{LineFault, counted},
};
use serde_json::Value;

use super::CliError;

/// Who may speak in a chat.
const ROLES: [&str; 4] = ["system", "user", "assistant", "tool"];

/// Something to read: a file, or standard input, which is written `-`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl From<OsString> for Source {
    fn from(name: OsString) -> Self {
        if name == "-" { Source::Stdin } else { Source::File(name.into()) }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Stdin => f.write_str("standard input"),
            Source::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Source {
    /// Opens it for reading.
    ///
    /// # Errors
    /// If the file cannot be opened, or is a folder.
    pub(crate) fn open(&self) -> Result<Box<dyn Read>, CliError> {
        match self {
            Source::Stdin => Ok(Box::new(io::stdin())),
            Source::File(path) => Ok(Box::new(File::open(path).map_err(CliError::io("open", path))?)),
        }
    }

    /// Wraps what the system said while it was being read.
    pub(crate) fn read_error(&self, source: io::Error) -> CliError {
        let path = match self {
            Source::Stdin => PathBuf::from("standard input"),
            Source::File(path) => path.clone(),
        };
        CliError::Io { action: "read", path, source }
    }

    /// All of its text.
    ///
    /// # Errors
    /// If it cannot be read, or is not UTF-8.
    pub(crate) fn text(&self) -> Result<String, CliError> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes).map_err(|source| self.read_error(source))?;
        String::from_utf8(bytes).map_err(|error| {
            let (valid, _) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
            let line = 1 + valid.iter().filter(|&&byte| byte == b'\n').count() as u64;
            InputError::NotUtf8 { file: self.clone(), line }.into()
        })
    }
}

/// What is wrong with a file that the user gave.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// Bytes that are no text.
    #[error("{file}, line {line}: not UTF-8")]
    NotUtf8 {
        /// The file.
        file: Source,
        /// The line, from 1.
        line: u64,
    },
    /// Text that is no JSON.
    #[error("{file}: not valid JSON")]
    Json {
        /// The file.
        file: Source,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A line that is no JSON.
    #[error("{file}, line {line}: not valid JSON")]
    JsonLine {
        /// The file.
        file: Source,
        /// The line, from 1.
        line: u64,
        /// Where in the line and why.
        source: LineFault,
    },
    /// Messages that are not a list.
    #[error("{file}: the messages are {found}, expected a list of objects")]
    NoList {
        /// The file.
        file: Source,
        /// What is there.
        found: String,
    },
    /// A message that is not as it should be.
    #[error("{file}, message {index}: {field} is {found}, expected {expected}")]
    Message {
        /// The file.
        file: Source,
        /// Which message, from 0.
        index: usize,
        /// Which part of it.
        field: &'static str,
        /// What is there.
        found: String,
        /// What would do.
        expected: String,
    },
    /// A row of a table that is longer or shorter than its header.
    #[error("{file}, line {line}: {}, and the header has {expected}", counted(*found as usize, "field", "fields"))]
    Ragged {
        /// The file.
        file: Source,
        /// The line, from 1.
        line: u64,
        /// Fields in the row.
        found: u64,
        /// Fields in the header.
        expected: u64,
    },
    /// A quote that nobody closes, so that the rest of the file is one field.
    #[error("{file}, line {line}: a quote is opened and never closed")]
    OpenQuote {
        /// The file.
        file: Source,
        /// The line, from 1, where it is opened.
        line: u64,
    },
    /// A column that is not there.
    #[error("{file}{}: no {kind} `{column}`; there are {}", Place(line), Quoted(columns))]
    NoColumn {
        /// The file.
        file: Source,
        /// The line, where each has columns of its own.
        line: Option<u64>,
        /// `column` or `field`.
        kind: &'static str,
        /// What was looked for.
        column: String,
        /// Those that are there.
        columns: Vec<String>,
        /// How to name another one.
        flag: &'static str,
    },
    /// A value that makes no sense.
    #[error("{file}, line {line}: `{field}` is {found}, expected {expected}")]
    Value {
        /// The file.
        file: Source,
        /// The line, from 1.
        line: u64,
        /// Its field or column.
        field: String,
        /// What is there.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// A file without a single text.
    #[error("{file} holds no texts")]
    NoTexts {
        /// The file.
        file: Source,
    },
    /// A file that is another one when it is read again.
    #[error("{file} changed while it was being read")]
    Changed {
        /// The file.
        file: Source,
    },
}

impl InputError {
    /// What the user can do about it, where something is known to help.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            InputError::NotUtf8 { .. } => Some("convert the file to UTF-8, with `iconv` for instance".into()),
            InputError::NoList { .. } => Some(r#"write messages like `[{"role": "user", "content": "Hello"}]`"#.into()),
            InputError::NoColumn { flag, .. } => Some(format!("name another one with `{flag}`")),
            InputError::OpenQuote { .. } => {
                Some("close it, or put the whole field in quotes and write each quote within it twice".into())
            }
            InputError::Ragged { .. } => {
                Some("put fields that hold a line break, or what parts the fields, in quotes".into())
            }
            _ => None,
        }
    }
}

/// `, line N`, or nothing.
struct Place<'a>(&'a Option<u64>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}

/// Names in backticks, or `none`.
struct Quoted<'a>(&'a [String]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(|name| format!("`{name}`")).collect();
        f.write_str(if names.is_empty() { "none".to_owned() } else { names.join(", ") }.as_str())
    }
}

/// What the model is given: exactly one of these.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct PromptArgs {
    /// Raw text: special tokens in it are plain text
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    prompt: Option<String>,
    /// A file with raw text, every byte of it; `-` is standard input
    #[arg(long, value_name = "FILE")]
    prompt_file: Option<Source>,
    /// A JSON list of `{"role", "content"}` for the model's chat template; `-` is standard input
    #[arg(long, value_name = "FILE")]
    messages: Option<Source>,
}

impl PromptArgs {
    /// Reads the prompt.
    ///
    /// # Errors
    /// If a file cannot be read, is not UTF-8, or holds no messages.
    pub(crate) fn read(&self) -> Result<Prompt, CliError> {
        match (&self.prompt, &self.prompt_file, &self.messages) {
            (_, Some(file), _) => Ok(Prompt::Text(file.text()?)),
            (_, _, Some(file)) => Ok(Prompt::Messages(messages(file, &file.text()?)?)),
            (text, None, None) => Ok(Prompt::Text(text.clone().unwrap_or_default())),
        }
    }
}

fn messages(file: &Source, text: &str) -> Result<Vec<Message>, InputError> {
    let value = serde_json::from_str(text).map_err(|source| InputError::Json { file: file.clone(), source })?;
    match value {
        Value::Array(list) if list.is_empty() => {
            Err(InputError::NoList { file: file.clone(), found: "an empty list".into() })
        }
        Value::Array(list) => list.iter().enumerate().map(|(index, value)| message(file, index, value)).collect(),
        other => Err(InputError::NoList { file: file.clone(), found: describe(Some(&other)) }),
    }
}

fn message(file: &Source, index: usize, value: &Value) -> Result<Message, InputError> {
    let wrong = |field, found, expected: &str| InputError::Message {
        file: file.clone(),
        index,
        field,
        found,
        expected: expected.to_owned(),
    };
    let Value::Object(fields) = value else {
        return Err(wrong("the message", describe(Some(value)), "an object with `role` and `content`"));
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let role = text("role").filter(|role| ROLES.contains(role)).ok_or_else(|| {
        let roles = ROLES.map(|role| format!("`{role}`")).join(", ");
        wrong("`role`", describe(fields.get("role")), &format!("one of {roles}"))
    })?;
    let content = text("content").ok_or_else(|| wrong("`content`", describe(fields.get("content")), "a string"))?;
    Ok(Message::new(role, content))
}

/// A JSON value in words: what a message about it shows.
pub(crate) fn describe(value: Option<&Value>) -> String {
    match value {
        None => "missing".to_owned(),
        Some(Value::Null) => "null".to_owned(),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::Object(_)) => "an object".to_owned(),
        Some(Value::String(text)) if text.chars().count() > 40 => "another string".to_owned(),
        Some(value) => format!("`{value}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faulty_messages_are_named_by_index_and_field() {
        let file = Source::File("chat.json".into());
        let cases = [
            ("[]", "chat.json: the messages are an empty list, expected a list of objects"),
            ("{}", "chat.json: the messages are an object, expected a list of objects"),
            ("[1]", "chat.json, message 0: the message is `1`, expected an object with `role` and `content`"),
            (
                r#"[{"role": "user", "content": "a"}, {"role": "robot", "content": "b"}]"#,
                "chat.json, message 1: `role` is `\"robot\"`, expected one of `system`, `user`, `assistant`, `tool`",
            ),
            (
                r#"[{"content": "a"}]"#,
                "chat.json, message 0: `role` is missing, expected one of `system`, `user`, `assistant`, `tool`",
            ),
            (r#"[{"role": "user", "content": null}]"#, "chat.json, message 0: `content` is null, expected a string"),
            (r#"[{"role": "user", "content": ["a"]}]"#, "chat.json, message 0: `content` is a list, expected a string"),
            ("[", "chat.json: not valid JSON"),
        ];
        for (text, expected) in cases {
            assert_eq!(messages(&file, text).expect_err(text).to_string(), expected);
        }
        let good = messages(&file, r#"[{"role": "user", "content": "a", "name": "x"}]"#).expect("messages");
        assert_eq!(good, [Message::new("user", "a")]);
    }
}
