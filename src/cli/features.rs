//! `docent features`: structured features of items, or of users, read out of texts by the language model.
//!
//! Lines are written to a file beside the output that is kept if the work ends early: with `--resume` it goes on from there.
//! The output gets its name when it is whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, BufWriter, Write},
    ops::{ControlFlow, Range},
    path::{Path, PathBuf},
};

use clap::Args;
use docent::{
    engine::Engine,
    recommend::{
        self, Catalogue, Interactions, Roles, Store, Users, counted,
        fairness::Mask,
        features::{FeatureReader, StructuredFeatures, TasteReader, User, UserFeatures},
    },
};
use serde::{Deserialize, Serialize};

use super::{CliError, Context, lines::is_json_lines, recommend::PrivacyArgs, staged::distinct};

/// Items or users that are read at once: enough to fill the steps, few enough to lose little.
const AT_ONCE: usize = 64;

/// Arguments of `docent features`.
#[derive(Args, Clone, Debug)]
pub(crate) struct FeaturesArgs {
    /// Items: CSV, JSON Lines, Parquet, or RecBole's `.item`; or a store
    input: PathBuf,
    /// JSON Lines, in a file `.jsonl`, with `item_id`, `genres`, `themes`, `audience`, `mood` and `keywords`; for users with `user_id`, `genres`,
    /// `avoided`, `themes`, `mood` and `keywords`
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Read the users of a store instead of its items: their profiles and last ten interactions
    #[arg(long)]
    users: bool,
    /// Go on where an earlier run with the same input and model ended
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    privacy: PrivacyArgs,
}

/// One line of the output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Item {
        item_id: String,
        #[serde(flatten)]
        features: StructuredFeatures,
    },
    User {
        user_id: String,
        #[serde(flatten)]
        features: UserFeatures,
    },
}

impl Line {
    fn id(&self) -> &str {
        let (Line::Item { item_id: id, .. } | Line::User { user_id: id, .. }) = self;
        id
    }
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<usize>,
    /// Of those, what an earlier run had read.
    resumed: usize,
    output: &'a Path,
}

/// Reads features and writes them.
///
/// # Errors
/// If the input is at fault or would be replaced, the model cannot be loaded or fails, the output cannot be written, what is there to resume is of
/// another input, or the user interrupts.
pub(crate) fn run(args: &FeaturesArgs, context: &mut Context) -> Result<(), CliError> {
    distinct(&args.input, &args.output)?;
    let partial = partial_of(&args.output)?;
    let input = Input::read(args)?;
    let mask = match &input {
        Input::Items(_) => {
            args.privacy.refuse("add `--users`: only what is told of users is masked")?;
            Mask::default()
        }
        Input::Users(known) => {
            args.privacy.settle(&known.2, context)?;
            context.mask(&known.2)?
        }
    };
    let ids = input.ids();
    if args.resume && !partial.exists() && args.output.exists() {
        let (read, _) = read_partial(&args.output, &ids)?;
        if read == ids.len() {
            return tell(args, ids.len(), read, context);
        }
        // What was read of fewer of them is read of these, too.
        fs::copy(&args.output, &partial).map_err(CliError::io("create", &partial))?;
    }
    let (resumed, whole) = if args.resume { read_partial(&partial, &ids)? } else { (0, 0) };
    let file = OpenOptions::new().create(true).append(true).open(&partial).map_err(CliError::io("create", &partial))?;
    // What an interrupted write left of its last line goes, or all where nothing is resumed.
    file.set_len(whole).map_err(CliError::io("write", &partial))?;
    let engine = context.engine()?;
    let reader = input.reader(&engine, &mask);
    context.catch_interrupts();
    let what = if args.users { "users" } else { "items" };
    let mut counter = context.counter(&format!("reading {what}"), ids.len() as u64);
    counter.advance(resumed as u64);
    let mut out = BufWriter::new(file);
    for begin in (resumed..ids.len()).step_by(AT_ONCE) {
        let range = begin..ids.len().min(begin + AT_ONCE);
        let lines = reader.lines(&ids, range, &mut || context.flow()).inspect_err(|error| {
            if matches!(error, recommend::Error::Interrupted) {
                let read = told(args.users, begin);
                let are = if begin == 1 { "is" } else { "are" };
                context.status(format_args!("note: {read} {are} read: `--resume` goes on from there"));
            }
        })?;
        write(&mut out, &lines).map_err(CliError::io("write", &partial))?;
        counter.advance(lines.len() as u64);
    }
    drop(counter);
    out.get_ref().sync_all().map_err(CliError::io("write", &partial))?;
    fs::rename(&partial, &args.output).map_err(CliError::io("write", &args.output))?;
    tell(args, ids.len(), resumed, context)
}

/// Tells what was read.
fn tell(args: &FeaturesArgs, all: usize, resumed: usize, context: &mut Context) -> Result<(), CliError> {
    let count = |wanted: bool| wanted.then_some(all);
    let report = Report { items: count(!args.users), users: count(args.users), resumed, output: &args.output };
    if context.json {
        return context.json_line(&report);
    }
    context.status(format_args!("Read {}, {resumed} of them earlier", told(args.users, all)));
    Ok(())
}

fn told(users: bool, count: usize) -> String {
    if users { counted(count, "user", "users") } else { counted(count, "item", "items") }
}

/// What is read.
enum Input {
    Items(Catalogue),
    /// Those who did something, and then those of whom only more is known.
    Users(Box<(Catalogue, Interactions, Users)>),
}

impl Input {
    fn read(args: &FeaturesArgs) -> Result<Self, CliError> {
        if !args.input.is_dir() {
            if args.users {
                let problem = format!("{} is no store, and users are read out of one", args.input.display());
                return Err(CliError::usage(problem, "make a store with `docent index`"));
            }
            return Ok(Self::Items(Catalogue::read(&args.input, &Roles::default()).map_err(CliError::without_roles)?));
        }
        let store = Store::open(&args.input)?;
        let catalogue = store.catalogue()?;
        if !args.users {
            return Ok(Self::Items(catalogue));
        }
        let interactions = store.interactions(&catalogue)?;
        let input = Self::Users(Box::new((catalogue, interactions, store.users()?)));
        if input.ids().is_empty() {
            let problem = format!("{} has no users", args.input.display());
            return Err(CliError::usage(problem, "make it with `--interactions` or `--users`"));
        }
        Ok(input)
    }

    fn ids(&self) -> Vec<String> {
        match self {
            Self::Items(catalogue) => catalogue.items().iter().map(|item| item.id.clone()).collect(),
            Self::Users(known) => {
                let (_, interactions, users) = &**known;
                let active = (0..interactions.users()).map(|user| interactions.user_id(user).to_owned());
                let silent = users.users().iter().filter(|user| interactions.index(&user.id).is_none());
                active.chain(silent.map(|user| user.id.clone())).collect()
            }
        }
    }

    fn reader<'a>(&'a self, engine: &'a Engine, mask: &'a Mask) -> Reader<'a> {
        match self {
            Self::Items(catalogue) => Reader::Items(FeatureReader::new(engine, catalogue), catalogue),
            Self::Users(known) => {
                let (catalogue, interactions, users) = &**known;
                Reader::Users(TasteReader::new(engine, catalogue), interactions, users, mask)
            }
        }
    }
}

/// What reads it.
enum Reader<'a> {
    Items(FeatureReader<'a>, &'a Catalogue),
    Users(TasteReader<'a>, &'a Interactions, &'a Users, &'a Mask),
}

impl Reader<'_> {
    /// The lines of some of the ids; `progress` is asked on and on whether to go on.
    fn lines(
        &self,
        ids: &[String],
        range: Range<usize>,
        progress: &mut dyn FnMut() -> ControlFlow<()>,
    ) -> recommend::Result<Vec<Line>> {
        let ids = &ids[range.clone()];
        match self {
            Self::Items(reader, catalogue) => {
                let line = |(id, features): (&String, _)| Line::Item { item_id: id.clone(), features };
                Ok(ids.iter().zip(reader.read(&catalogue.items()[range], progress)?).map(line).collect())
            }
            Self::Users(reader, interactions, users, mask) => {
                let told = |id: &String| users.get(id).and_then(|user| mask.profile(user));
                let profiles: Vec<Option<String>> = ids.iter().map(told).collect();
                let history = |id: &String| interactions.index(id).map_or(&[][..], |user| interactions.history(user));
                let known = ids.iter().zip(&profiles);
                let known: Vec<User<'_>> =
                    known.map(|(id, profile)| User { profile: profile.as_deref(), history: history(id) }).collect();
                let line = |(id, features): (&String, _)| Line::User { user_id: id.clone(), features };
                Ok(ids.iter().zip(reader.read(&known, progress)?).map(line).collect())
            }
        }
    }
}

fn write(out: &mut BufWriter<File>, lines: &[Line]) -> std::io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// Where lines are kept until all are there.
///
/// # Errors
/// If the output is a folder, or its name promises another format.
fn partial_of(output: &Path) -> Result<PathBuf, CliError> {
    let name = output.file_name().filter(|_| !output.is_dir());
    let name = name.ok_or_else(|| CliError::io("write", output)(std::io::ErrorKind::IsADirectory.into()))?;
    if !is_json_lines(output) {
        let problem = format!("features are written as JSON Lines, which the name {} does not tell", output.display());
        return Err(CliError::usage(problem, "end it in `.jsonl`"));
    }
    let mut partial = name.to_os_string();
    partial.push(".partial");
    Ok(output.with_file_name(partial))
}

/// How many of the ids an earlier run has read, and the bytes of their lines; none if there is no such run.
fn read_partial(partial: &Path, ids: &[String]) -> Result<(usize, u64), CliError> {
    let file = match File::open(partial) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((0, 0)),
        opened => opened.map_err(CliError::io("open", partial))?,
    };
    let (mut read, mut bytes) = (0, 0);
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    loop {
        text.clear();
        let length = reader.read_until(b'\n', &mut text).map_err(CliError::io("read", partial))?;
        // A line without an end was being written.
        let Some(line) = text.strip_suffix(b"\n") else { return Ok((read, bytes)) };
        let known = serde_json::from_slice::<Line>(line).ok();
        let expected = ids.get(read).map(String::as_str);
        if known.is_none() || known.as_ref().map(Line::id) != expected {
            let problem = format!("{}, line {}: not of this input's item there", partial.display(), read + 1);
            return Err(CliError::usage(problem, "leave `--resume` out to begin anew"));
        }
        read += 1;
        bytes += length as u64;
    }
}
