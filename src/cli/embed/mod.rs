//! `docent embed`: texts from CSV or JSON Lines to vectors in JSON Lines, Parquet or .npy.
//!
//! The input is read twice: once to check every line, count the texts and see what their ids are, and once in chunks, so
//! that memory stays flat and a fault in the last line is found before the first text is embedded. A file gets its name
//! only when it is whole.

mod format;
mod records;
mod writer;

use std::{
    io::{self, BufWriter},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use clap::Args;
use docent::engine::{self, Embedder};
use serde::Serialize;

use super::{
    CliError, Context,
    input::Source,
    lines::Id,
    progress::Counter,
    staged::{Staged, distinct},
};
use format::{FileFormat, InputFormat, Output};
use records::{Columns, Records, Summary};
use writer::{JsonLines, Npy, Parquet, VectorWriter};

/// Texts that are held in memory at once: enough for batches of equal length.
const TEXTS_PER_CHUNK: usize = 1024;

#[derive(Args, Debug)]
pub(crate) struct EmbedArgs {
    /// Texts: `.csv`, `.jsonl` or `.ndjson`; `-` is standard input
    input: Source,
    /// Vectors: `.jsonl` or `.ndjson`, `.parquet`, or `.npy` (without ids); `-` is JSON Lines on standard output
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Format of the input [default: by its extension; `jsonl` for standard input]
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// Column or field of the ids [default: `id`, or else `item_id`]
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,
    /// Column or field of the texts
    #[arg(long, value_name = "NAME", default_value = "text")]
    text_column: String,
}

#[derive(Serialize)]
struct Report<'a> {
    texts: usize,
    tokens: usize,
    dimension: usize,
    output: &'a Path,
}

/// Embeds every text, in the order of the input.
///
/// # Errors
/// If the input cannot be read, is faulty or would be replaced, the model cannot be loaded, the output cannot be written, or the user
/// interrupts.
pub(crate) fn run(args: &EmbedArgs, context: &mut Context) -> Result<(), CliError> {
    let output = Output::of(&args.output)?;
    if let Source::File(input) = &args.input {
        distinct(input, &args.output)?;
    }
    let format = InputFormat::of(&args.input, args.input_format)?;
    let columns = Columns { id: args.id_column.clone(), text: args.text_column.clone() };
    let records = Records::open(args.input.clone(), format, columns)?;
    let summary = records.scan()?;
    let embedder = context.embedder()?;
    context.catch_interrupts();
    let interrupted = context.interrupted.clone();
    let counter = context.counter("embedding", summary.texts as u64);
    let mut job = Job { records: &records, summary: &summary, embedder, interrupted: &interrupted, counter };
    let Output::File(format) = output else {
        job.run(&mut JsonLines::new(context.out()), CliError::Output)?;
        return Ok(());
    };
    if format == FileFormat::Npy {
        context.status(format_args!("{} has no ids: row i is text i of {}", args.output.display(), args.input));
    }
    let tokens = job.run_to_file(&args.output, format)?;
    if context.json {
        let (texts, dimension) = (summary.texts, job.embedder.width());
        context.json_line(&Report { texts, tokens, dimension, output: &args.output })?;
    }
    Ok(())
}

/// Everything that the loop over the texts needs.
struct Job<'a> {
    records: &'a Records,
    summary: &'a Summary,
    embedder: Embedder,
    interrupted: &'a AtomicBool,
    counter: Counter,
}

impl Job<'_> {
    /// Embeds into a file that has its name only when it is whole. Returns the number of tokens.
    fn run_to_file(&mut self, path: &Path, format: FileFormat) -> Result<usize, CliError> {
        let staged = Staged::new(path)?;
        let out = BufWriter::new(staged.file());
        let width = self.embedder.width();
        let writer: io::Result<Box<dyn VectorWriter + '_>> = match format {
            FileFormat::JsonLines => Ok(Box::new(JsonLines::new(out))),
            FileFormat::Npy => Npy::new(out, width).map(|writer| Box::new(writer) as _),
            FileFormat::Parquet => Parquet::new(out, self.summary.ids, width).map(|writer| Box::new(writer) as _),
        };
        let mut writer = writer.map_err(CliError::io("write", path))?;
        let tokens = self.run(writer.as_mut(), CliError::io("write", path))?;
        drop(writer);
        staged.publish()?;
        Ok(tokens)
    }

    /// Embeds chunk by chunk; `write_error` says where writing failed. Returns the number of tokens.
    fn run(
        &mut self,
        writer: &mut dyn VectorWriter,
        write_error: impl FnOnce(io::Error) -> CliError,
    ) -> Result<usize, CliError> {
        let mut records = self.records.read(self.summary.ids)?;
        let (mut texts, mut tokens) = (0, 0);
        loop {
            let (ids, chunk) = next_chunk(&mut records)?;
            if ids.is_empty() {
                break;
            }
            let vectors = self.embedder.embed(&chunk, &mut |done| {
                self.counter.advance(done as u64);
                if self.interrupted.load(Ordering::Relaxed) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            let vectors = match vectors {
                Err(engine::Error::Cancelled) => return Err(CliError::Interrupted),
                vectors => vectors?,
            };
            texts += ids.len();
            tokens += vectors.tokens;
            if let Err(error) = writer.write(&ids, &vectors) {
                return Err(write_error(error));
            }
        }
        if texts != self.summary.texts {
            return Err(self.records.changed());
        }
        writer.finish().map_err(write_error)?;
        Ok(tokens)
    }
}

fn next_chunk(
    records: &mut impl Iterator<Item = Result<records::Record, CliError>>,
) -> Result<(Vec<Id>, Vec<String>), CliError> {
    let chunk: Result<Vec<_>, _> = records.take(TEXTS_PER_CHUNK).collect();
    Ok(chunk?.into_iter().map(|record| (record.id, record.text)).unzip())
}
