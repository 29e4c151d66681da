//! `docent features`: structured features of items, read out of their texts by the language model.
//!
//! Lines are written to a file beside the output that is kept if the work ends early: with `--resume` it goes on from there.
//! The output gets its name when it is whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use docent::recommend::{
    Catalogue, Item, Roles,
    features::{FeatureReader, StructuredFeatures},
};
use serde::{Deserialize, Serialize};

use super::{CliError, Context};

/// Items that are read at once: enough to fill the steps, few enough to lose little.
const AT_ONCE: usize = 64;

/// Arguments of `docent features`.
#[derive(Args, Clone, Debug)]
pub(crate) struct FeaturesArgs {
    /// Items: CSV, JSON Lines, Parquet, or RecBole's `.item`
    input: PathBuf,
    /// JSON Lines with `item_id`, `genres`, `themes`, `audience`, `mood` and `keywords`
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Go on where an earlier run with the same input and model ended
    #[arg(long)]
    resume: bool,
}

/// One item's line.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    item_id: String,
    #[serde(flatten)]
    features: StructuredFeatures,
}

#[derive(Serialize)]
struct Report<'a> {
    items: usize,
    /// Of those, items that an earlier run had read.
    resumed: usize,
    output: &'a Path,
}

/// Reads features and writes them.
///
/// # Errors
/// If the input is at fault, the model cannot be loaded or fails, the output cannot be written, what is there to resume is of
/// another input, or the user interrupts.
pub(crate) fn run(args: &FeaturesArgs, context: &mut Context) -> Result<(), CliError> {
    let catalogue = Catalogue::read(&args.input, &Roles::default())?;
    let partial = partial_of(&args.output)?;
    let (resumed, whole) = if args.resume { read_partial(&partial, &catalogue)? } else { (0, 0) };
    let file = OpenOptions::new().create(true).append(true).open(&partial).map_err(CliError::io("create", &partial))?;
    // What an interrupted write left of its last line goes, or all where nothing is resumed.
    file.set_len(whole).map_err(CliError::io("write", &partial))?;
    let engine = context.engine()?;
    let reader = FeatureReader::new(&engine, &catalogue);
    context.catch_interrupts();
    let mut counter = context.counter("reading items", catalogue.len() as u64);
    counter.advance(resumed as u64);
    let mut out = BufWriter::new(file);
    for items in catalogue.items()[resumed..].chunks(AT_ONCE) {
        if context.is_interrupted() {
            return Err(CliError::Interrupted);
        }
        write(&mut out, items, reader.read(items)?).map_err(CliError::io("write", &partial))?;
        counter.advance(items.len() as u64);
    }
    drop(counter);
    out.get_ref().sync_all().map_err(CliError::io("write", &partial))?;
    fs::rename(&partial, &args.output).map_err(CliError::io("write", &args.output))?;
    let report = Report { items: catalogue.len(), resumed, output: &args.output };
    match context.json {
        true => context.json_line(&report),
        false => {
            context.status(format_args!("Read {} items, {resumed} of them earlier", report.items));
            Ok(())
        }
    }
}

fn write(out: &mut BufWriter<File>, items: &[Item], features: Vec<StructuredFeatures>) -> std::io::Result<()> {
    for (item, features) in items.iter().zip(features) {
        serde_json::to_writer(&mut *out, &Line { item_id: item.id.clone(), features })?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Where lines are kept until all are there.
fn partial_of(output: &Path) -> Result<PathBuf, CliError> {
    let name = output.file_name().filter(|_| !output.is_dir());
    let name = name.ok_or_else(|| CliError::io("write", output)(std::io::ErrorKind::IsADirectory.into()))?;
    let mut partial = name.to_os_string();
    partial.push(".partial");
    Ok(output.with_file_name(partial))
}

/// How many items an earlier run has read, and the bytes of their lines; none if there is no such run.
fn read_partial(partial: &Path, catalogue: &Catalogue) -> Result<(usize, u64), CliError> {
    let file = match File::open(partial) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((0, 0)),
        opened => opened.map_err(CliError::io("open", partial))?,
    };
    let (mut items, mut bytes) = (0, 0);
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = reader.read_until(b'\n', &mut text).map_err(CliError::io("read", partial))?;
        // A line without an end was being written.
        let Some(line) = text.strip_suffix(b"\n") else { return Ok((items, bytes)) };
        let known = serde_json::from_slice::<Line>(line).ok();
        let expected = catalogue.items().get(items).map(|item| item.id.as_str());
        if known.is_none() || known.map(|line| line.item_id).as_deref() != expected {
            let problem = format!("{}, line {}: not of this input's item there", partial.display(), items + 1);
            return Err(CliError::usage(problem, "leave `--resume` out to begin anew"));
        }
        items += 1;
        bytes += read as u64;
    }
}
