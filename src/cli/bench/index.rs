//! `docent bench index`: how long a store takes to make, to add to and to recommend from, and how much memory.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Args;
use docent::{
    models::memory,
    recommend::{
        Query, Recommender, Source, Store, counted,
        fixture::{CrowdOptions, write_interactions, write_items},
        index::IndexOptions,
    },
};
use indicatif::HumanBytes;
use serde::Serialize;

use crate::cli::{CliError, Context, index::make};

/// Interactions that one user has on average, if the users are not given.
const USUAL: usize = 50;

#[derive(Args, Debug)]
pub(crate) struct BenchIndexArgs {
    /// Items
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    items: u32,
    /// Interactions
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    interactions: u32,
    /// Users; one for each fifty interactions if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    users: Option<u32>,
    /// Users that are added afterwards, with as many interactions each
    #[arg(long, value_name = "N", default_value_t = 100)]
    add: u32,
    /// Decides what is invented
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Keep the files and the store in this folder, which is empty or not there yet; otherwise they are removed afterwards
    #[arg(long, value_name = "FOLDER")]
    keep: Option<PathBuf>,
}

/// One test.
#[derive(Serialize)]
struct Line {
    /// `index`, `open`, `recommend` or `append`.
    test: &'static str,
    items: usize,
    users: usize,
    interactions: usize,
    seconds: f64,
    /// Of tests that read interactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_per_million: Option<f64>,
    /// Which linear model the size has asked for.
    linear: Option<Source>,
    store_bytes: u64,
    /// Of the process, so far.
    peak_memory_bytes: Option<u64>,
}

/// Measures and prints.
///
/// # Errors
/// If a file cannot be written, or the store cannot be made.
pub(crate) fn run(args: &BenchIndexArgs, context: &mut Context) -> Result<(), CliError> {
    context.catch_interrupts();
    let temporary;
    let folder = match &args.keep {
        Some(folder) => {
            std::fs::create_dir_all(folder).map_err(CliError::io("write", folder))?;
            if std::fs::read_dir(folder).map_err(CliError::io("read", folder))?.next().is_some() {
                return Err(CliError::usage(
                    format!(
                        "{} is not empty, and the files of the benchmark would replace what is there",
                        folder.display()
                    ),
                    "name a folder that is empty or not there yet",
                ));
            }
            folder.as_path()
        }
        None => {
            temporary = tempfile::tempdir().map_err(CliError::io("write", &std::env::temp_dir()))?;
            temporary.path()
        }
    };
    let interactions = args.interactions as usize;
    let users = args.users.map_or(interactions.div_ceil(USUAL), |users| users as usize);
    let crowd = CrowdOptions { seed: args.seed, items: args.items as usize, users, interactions };
    let [items, all, more] = ["items.csv", "interactions.csv", "more.csv"].map(|name| folder.join(name));
    write(&items, |out| write_items(crowd, out))?;
    write(&all, |out| write_interactions(crowd, 0..users, out))?;
    let store = folder.join("store");
    let options = IndexOptions { items: Some(items), interactions: Some(all), ..IndexOptions::default() };
    measure("index", interactions, crowd, &store, context, |context| {
        Ok(make(&store, &options, false, context)?.linear)
    })?;
    let mut known = None;
    measure("open", 0, crowd, &store, context, |_| {
        let recommender = known.insert(Recommender::open(&Store::open(&store)?)?);
        Ok(Some(recommender.signals().collaborative().linear()))
    })?;
    if let Some(known) = known {
        measure("recommend", 0, crowd, &store, context, |_| {
            known.recommend(&Query::of(known.interactions().history(0)), 10, None)?;
            Ok(Some(known.signals().collaborative().linear()))
        })?;
    }
    if args.add > 0 {
        write(&more, |out| write_interactions(crowd, users..users + args.add as usize, out))?;
        let options = IndexOptions { interactions: Some(more), append: true, ..IndexOptions::default() };
        measure("append", 0, crowd, &store, context, |context| Ok(make(&store, &options, false, context)?.linear))?;
    }
    Ok(())
}

fn write(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> std::io::Result<()>) -> Result<(), CliError> {
    let attempt = || {
        let mut out = BufWriter::new(File::create(path)?);
        write(&mut out)?;
        out.flush()
    };
    attempt().map_err(CliError::io("write", path))
}

/// Times one piece of work that reads so many interactions, and prints the line.
fn measure(
    test: &'static str,
    read: usize,
    crowd: CrowdOptions,
    store: &Path,
    context: &mut Context,
    work: impl FnOnce(&Context) -> Result<Option<Source>, CliError>,
) -> Result<(), CliError> {
    let start = Instant::now();
    let linear = work(context)?;
    let seconds = start.elapsed().as_secs_f64();
    let CrowdOptions { items, users, interactions, .. } = crowd;
    let line = Line {
        test,
        items,
        users,
        interactions,
        seconds,
        seconds_per_million: (read > 0).then(|| seconds / (read as f64 / 1e6)),
        linear,
        store_bytes: size(store),
        peak_memory_bytes: memory::peak(),
    };
    if context.json { context.json_line(&line) } else { print(&line, context) }
}

/// The bytes of a folder's files.
fn size(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}

fn print(line: &Line, context: &mut Context) -> Result<(), CliError> {
    let each = line.seconds_per_million.map(|seconds| format!(", {seconds:.1} s for each million interactions"));
    let memory = line.peak_memory_bytes.map(|bytes| format!(", {} at most so far", HumanBytes(bytes)));
    context.line(format_args!(
        "{:10} {:>9.3} s{}; {}, {} of {}, a store of {}{}",
        line.test,
        line.seconds,
        each.unwrap_or_default(),
        counted(line.items, "item", "items"),
        counted(line.interactions, "interaction", "interactions"),
        counted(line.users, "user", "users"),
        HumanBytes(line.store_bytes),
        memory.unwrap_or_default(),
    ))
}
