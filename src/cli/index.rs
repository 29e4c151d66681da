//! `docent index`: from files of items, interactions, users and facts to a store.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use docent::{
    engine,
    recommend::{
        self, ColumnRole, Role, Roles, Source, Store, UnknownItems, counted,
        index::{Encoder, FindEncoder, IndexEvent, IndexOptions, IndexReport, index},
    },
};

use super::{CliError, Context, progress::Counter};

/// Arguments of `docent index`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("file").multiple(true).args(["items", "interactions", "users", "knowledge", "features", "user_features"]))]
pub(crate) struct IndexArgs {
    /// Folder of the store
    store: PathBuf,
    /// Items: `.csv`, `.jsonl`, `.parquet` or RecBole's `.item`, with an id and a title; a column
    /// `genres` holds their categories, and `year` says when they came out
    #[arg(long, value_name = "FILE", required_unless_present = "append")]
    items: Option<PathBuf>,
    /// Interactions, likewise or `.inter`: user_id, item_id and, if there, rating, timestamp
    /// (seconds since 1970, or a date), review
    #[arg(long, value_name = "FILE")]
    interactions: Option<PathBuf>,
    /// Users, likewise or `.user`: user_id and, if there, profile, and attributes
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Facts, likewise or `.kg`: head, relation, tail
    #[arg(long, value_name = "FILE")]
    knowledge: Option<PathBuf>,
    /// Features of items as `docent features` writes them: they become attributes `llm_genres`, `llm_mood` and so on
    #[arg(long, value_name = "FILE")]
    features: Option<PathBuf>,
    /// Features of users as `docent features --users` writes them, likewise
    #[arg(long, value_name = "FILE")]
    user_features: Option<PathBuf>,
    /// Embed features of items with their texts; kept for what is added to the store later
    #[arg(long)]
    features_in_text: bool,
    /// Add to the store; an item or user whose id is there is replaced
    #[arg(long, requires = "file")]
    append: bool,
    /// Make the store anew where one is: its data and what was learned go, and its sessions, feedback and answers are set aside
    #[arg(long, conflicts_with = "append")]
    replace: bool,
    /// What a column is for: item_id, title, description, genres, year, user_id, profile, rating, timestamp, review,
    /// head, relation, tail; many, number or text for an attribute; ignore
    #[arg(long = "role", value_name = "COLUMN=ROLE", value_parser = role)]
    roles: Vec<ColumnRole>,
    /// What happens to interactions with items that are not there
    #[arg(long, value_enum, value_name = "POLICY", default_value_t)]
    unknown_items: Policy,
    /// Make no vectors of the items; with `--append`, those that are there stay
    #[arg(long)]
    no_embeddings: bool,
}

/// A column's role; where it is none, what there is.
fn role(text: &str) -> Result<ColumnRole, String> {
    text.parse().map_err(|error: recommend::Error| format!("{error}: {}", error.hint().unwrap_or_default()))
}

/// What happens to interactions with unknown items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// They are left out and counted
    #[default]
    Skip,
    /// The first one is an error
    Refuse,
}

impl From<Policy> for UnknownItems {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Skip => UnknownItems::Skip,
            Policy::Refuse => UnknownItems::Refuse,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If a store is there that is neither added to nor replaced, a file is at fault, the encoder cannot be fetched or fails,
/// the store cannot be written, or the user interrupts.
pub(crate) fn run(args: &IndexArgs, context: &mut Context) -> Result<(), CliError> {
    let options = IndexOptions {
        items: args.items.clone(),
        interactions: args.interactions.clone(),
        users: args.users.clone(),
        knowledge: args.knowledge.clone(),
        features: args.features.clone(),
        user_features: args.user_features.clone(),
        features_in_text: args.features_in_text,
        append: args.append,
        replace: args.replace,
        without_weights: false,
        roles: Roles::new(args.roles.iter().cloned()),
        unknown_items: args.unknown_items.into(),
    };
    context.catch_interrupts();
    let report = make(&args.store, &options, !args.no_embeddings, context)?;
    if report.interactions.skipped > 0 {
        let skipped = counted(report.interactions.skipped, "interaction", "interactions");
        context.status(format_args!("warning: left out {skipped} with items that are not in the catalogue"));
    }
    if report.features.skipped > 0 {
        let skipped = counted(report.features.skipped, "row", "rows");
        context.status(format_args!("warning: left out {skipped} of features of items that are not in the catalogue"));
    }
    if !report.dropped.is_empty() {
        let dropped: Vec<String> = report.dropped.iter().map(|name| format!("`{name}`")).collect();
        context.status(format_args!(
            "warning: dropped {}, learned with the vectors of another encoder: train anew",
            dropped.join(", ")
        ));
    }
    if !report.set_aside.is_empty() {
        let names = report.set_aside.iter().filter_map(|path| path.file_name());
        let names: Vec<String> = names.map(|name| format!("`{}`", name.display())).collect();
        context.status(format_args!("set aside what was kept beside the old store: {}", names.join(", ")));
    }
    context.status(summary(&report, args.append));
    if context.json { context.json_line(&report) } else { Ok(()) }
}

/// Makes a store, or adds to one, and shows how that advances.
///
/// # Errors
/// If a store is there that is neither added to nor replaced, a file is at fault, the encoder cannot be fetched or fails,
/// the store cannot be written, or the user interrupts.
pub(crate) fn make(
    store: &Path,
    options: &IndexOptions,
    embeddings: bool,
    context: &Context,
) -> Result<IndexReport, CliError> {
    let mut find = || {
        let base = options.append.then(|| Store::open(store)).transpose()?;
        find_encoder(base.as_ref(), context)
    };
    let find: Option<&mut FindEncoder<'_>> = if embeddings { Some(&mut find) } else { None };
    let mut counter = None;
    let indexed = index(store, options, find, &mut |event| {
        show(event, context, &mut counter);
        context.flow()
    });
    drop(counter);
    Ok(indexed?.1)
}

/// The encoder that is set, fetched if need be; for a store that is added to its own, unless a flag names another.
///
/// # Errors
/// If it cannot be fetched.
pub(crate) fn find_encoder(base: Option<&Store>, context: &Context) -> recommend::Result<Encoder> {
    let settings = &context.settings;
    let stored = base.filter(|_| !settings.encoder_is_flag).and_then(|store| store.manifest().encoder());
    let reference = stored.map_or_else(|| settings.encoder().to_owned(), |model| model.reference.clone());
    let resolved = context.resolve(&reference).map_err(engine::Error::from)?;
    Ok(Encoder { reference, path: resolved.path, files: resolved.files, options: context.settings.engine_options() })
}

fn show(event: IndexEvent<'_>, context: &Context, counter: &mut Option<Counter>) {
    match event {
        IndexEvent::Read { table, roles, parted_by, .. } => {
            let columns: Vec<String> = roles.iter().map(column).collect();
            let parted_by = match parted_by {
                Some(';') => " (parted by semicolons)",
                Some(_) => " (parted by tabs)",
                None => "",
            };
            context.status(format_args!("{table}{parted_by}: {}", columns.join(", ")));
        }
        IndexEvent::Begin { work, total } => *counter = Some(context.counter(work, total as u64)),
        IndexEvent::Advance(parts) => {
            if let Some(counter) = counter {
                counter.advance(parts as u64);
            }
        }
    }
}

/// A column, with its role where its name is not the role's.
fn column(ColumnRole { column, role }: &ColumnRole) -> String {
    match role {
        Role::Ignore => format!("{column} (left out)"),
        role if role.name() == column => column.clone(),
        role => format!("{column} ({role})"),
    }
}

/// What became of the store, a line for each table that was read.
fn summary(report: &IndexReport, append: bool) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, total: usize, parts: &[(usize, &str)]| {
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        lines.push(format!("  {name:<12} {total}{parts}"));
    };
    for (name, counts) in [("items", report.items), ("users", report.users)] {
        if report.roles.contains_key(name) {
            let added = if append { counts.added } else { 0 };
            line(name, counts.total, &[(added, "added"), (counts.replaced, "replaced")]);
        }
    }
    for (name, counts) in [("interactions", report.interactions), ("knowledge", report.knowledge)] {
        if report.roles.contains_key(name) {
            let added = if append { counts.added } else { 0 };
            let known = [(counts.duplicates, "there already"), (counts.replaced, "replaced")];
            line(name, counts.total, &[&[(added, "added")], &known[..], &[(counts.skipped, "left out")]].concat());
        }
    }
    if report.roles.contains_key("features") {
        line("features", report.features.total, &[(report.features.skipped, "left out")]);
    }
    if let Some(vectors) = report.embeddings {
        let total = vectors.computed + vectors.reused;
        line("embeddings", total, &[(vectors.computed, "computed"), (vectors.reused, "kept")]);
    }
    if let Some(linear) = report.linear {
        let why = match linear {
            Source::ImplicitAls => "a factorization, for so many users and items",
            _ => "a dense model, for a small catalogue",
        };
        lines.push(format!("  {:<12} {} ({why})", "linear model", linear.name()));
    }
    let done = match (append, report.replaced) {
        (true, _) => "Added to",
        (false, true) => "Replaced",
        (false, false) => "Made",
    };
    format!("{done} {}\n{}", report.store.display(), lines.join("\n"))
}
