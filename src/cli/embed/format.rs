//! Which format a file has, by its extension.

use std::path::Path;

use clap::ValueEnum;

use crate::cli::{CliError, input::Source};

/// A format that texts are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    /// Cells parted by commas, semicolons or tabs, with a header
    Csv,
    /// A JSON object a line
    Jsonl,
}

impl InputFormat {
    /// The format of `source`: `given`, or what its extension says.
    ///
    /// # Errors
    /// If it is not given and the extension says nothing.
    pub(super) fn of(source: &Source, given: Option<Self>) -> Result<Self, CliError> {
        let by_name = || match source {
            Source::Stdin => Some(InputFormat::Jsonl),
            Source::File(path) => match extension(path).as_str() {
                "csv" => Some(InputFormat::Csv),
                "jsonl" | "ndjson" => Some(InputFormat::Jsonl),
                _ => None,
            },
        };
        given.or_else(by_name).ok_or_else(|| {
            CliError::usage(
                format!("the name {source} does not tell its format"),
                "name it with `--input-format csv` or `--input-format jsonl`",
            )
        })
    }
}

/// Where vectors go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// JSON Lines on standard output.
    Standard,
    /// A file.
    File(FileFormat),
}

/// A format that vectors are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileFormat {
    /// A JSON object a line.
    JsonLines,
    /// Parquet.
    Parquet,
    /// NumPy's array file.
    Npy,
}

impl Output {
    /// What `path` asks for.
    ///
    /// # Errors
    /// If its extension is none that can be written.
    pub(super) fn of(path: &Path) -> Result<Self, CliError> {
        if path == Path::new("-") {
            return Ok(Output::Standard);
        }
        match extension(path).as_str() {
            "jsonl" | "ndjson" => Ok(Output::File(FileFormat::JsonLines)),
            "parquet" => Ok(Output::File(FileFormat::Parquet)),
            "npy" => Ok(Output::File(FileFormat::Npy)),
            _ => Err(CliError::usage(
                format!("the name {} does not tell the format to write", path.display()),
                "end it in `.jsonl`, `.parquet` or `.npy`, or write JSON Lines to standard output with `-`",
            )),
        }
    }
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}
