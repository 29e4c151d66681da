//! `docent eval chat`: how messages are understood, and how soon a simulated user finds what they look for.

use std::{fs::File, io::BufReader, path::PathBuf};

use clap::{Args, ValueEnum};
use docent::recommend::{
    self, LineFault, Recommender, Store,
    converse::{
        ChatREC, Labelled, Opinions, SimulateOptions, Simulation, Understander, Understanding, simulate, understanding,
    },
    counted,
    diversify::has_categories,
};

use crate::cli::{
    CliError, Context,
    input::{InputError, Source},
    lines::Lines,
};

/// Arguments of `docent eval chat`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChatArgs {
    /// Store in which simulated users look for items
    #[arg(required_unless_present = "messages")]
    store: Option<PathBuf>,
    /// Labelled messages: JSON Lines with `message`, `state` and, where they are not empty, `shown`, `preferences` and
    /// `feedback`
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    messages: Option<PathBuf>,
    /// Who is asked about messages of which rules make nothing
    #[arg(long, value_enum, value_name = "WHO,..", value_delimiter = ',', requires = "messages", default_values_t = [Opinion::Examples, Opinion::Model])]
    opinions: Vec<Opinion>,
    /// How many items are looked for
    #[arg(long, value_name = "N", default_value_t = 200, requires = "store", value_parser = clap::value_parser!(u32).range(1..))]
    targets: u32,
    /// How many messages a user sends at most
    #[arg(long, value_name = "N", default_value_t = 5, requires = "store", value_parser = clap::value_parser!(u8).range(1..))]
    turns: u8,
    /// Seed of every draw
    #[arg(long, value_name = "S", default_value_t = 0, requires = "store")]
    seed: u64,
}

/// Who is asked about messages of which rules make nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Opinion {
    /// Nobody
    Nobody,
    /// The encoder: what a classifier makes of it that learned from examples
    Examples,
    /// The language model: which of a few meanings it chooses
    Model,
}

/// Runs the command.
///
/// # Errors
/// If the messages or the store cannot be read, or a model fails.
pub(crate) fn run(args: &ChatArgs, context: &mut Context) -> Result<(), CliError> {
    if let Some(store) = &args.store {
        return run_simulation(args, &Store::open(store)?, context);
    }
    let Some(file) = &args.messages else {
        return Err(CliError::usage("nothing to evaluate on", "name a store, or `--messages`"));
    };
    let messages = read(file)?;
    let asks = |opinion: Opinion| args.opinions.contains(&opinion);
    let mut encoder = asks(Opinion::Examples).then(|| context.embedder()).transpose()?;
    let engine = asks(Opinion::Model).then(|| context.engine()).transpose()?;
    let mut opinions = Opinions { encoder: None, engine: engine.as_ref() };
    if let Some(encoder) = &mut encoder {
        opinions.encoder = Some(encoder);
    }
    let figures = understanding(&Understander::without_catalogue(), &messages, &mut opinions)?;
    for (place, told) in &figures.misunderstood {
        tracing::info!(message = messages[*place].message, told, "understood otherwise");
    }
    if context.json { context.json_line(&figures) } else { context.show(&table(&figures)) }
}

/// Lets simulated users look for items. Nothing is kept, and no language model is asked: it has no say in what is shown.
///
/// # Errors
/// If the store is damaged, its items have no categories, or a model fails.
fn run_simulation(args: &ChatArgs, store: &Store, context: &mut Context) -> Result<(), CliError> {
    context.catch_interrupts();
    let recommender = Recommender::open(store)?;
    if !has_categories(recommender.catalogue()) {
        return Err(recommend::Error::NoCategories { what: "what simulated users look for" }.into());
    }
    let knowledge = store.knowledge()?;
    let mut chat = ChatREC::new(&recommender, &knowledge);
    if recommender.semantic().is_some() {
        chat = chat.with_encoder(context.embedder_of(store)?);
    }
    let options = SimulateOptions { targets: args.targets as usize, seed: args.seed, turns: usize::from(args.turns) };
    let mut counter = context.counter("Talking", options.targets as u64);
    let figures = simulate(&mut chat, &options, &mut || {
        counter.advance(1);
        if context.is_interrupted() { Err(recommend::Error::Interrupted) } else { Ok(()) }
    })?;
    drop(counter);
    if context.json { context.json_line(&figures) } else { context.show(&simulated(&figures)) }
}

fn simulated(figures: &Simulation) -> String {
    let Simulation { targets, turns, shown, violations, repeated, .. } = figures;
    let gain = figures.gain.map(|gain| format!("{gain:.1} x"));
    let share = |name: &str, value: f64| format!("{name:<36}{:>6.1} %\n", 100.0 * value);
    [
        format!("{}, seed {}\n", counted(*targets, "target", "targets"), figures.seed),
        share(&format!("found within {}", counted(*turns, "message", "messages")), figures.success),
        share("on the one list of 5", figures.one_shot),
        share("on the one list of as many as shown", figures.one_shot_long),
        format!("{:<36}{:>8}\n", "found against the one list of 5", gain.unwrap_or_else(|| "-".into())),
        format!("{:<36}{:>6.2}\n", "messages needed", figures.turns_needed),
        format!("{:<36}{violations:>6} of {shown}\n", "shown against a condition"),
        format!("{:<36}{repeated:>6} of {shown}\n", "shown again"),
        format!("{:<36}{:>6.1} % of {}\n", "facts that the records hold", 100.0 * figures.facts_held, figures.facts),
    ]
    .concat()
}

fn read(path: &PathBuf) -> Result<Vec<Labelled>, CliError> {
    let file = File::open(path).map_err(CliError::io("read", path))?;
    let source = Source::File(path.clone());
    let mut lines = Lines::new(source.clone(), BufReader::new(file));
    let mut messages = Vec::new();
    loop {
        let line = lines.number() + 1;
        let Some(text) = lines.next()? else { break };
        let labelled = serde_json::from_str(text);
        let fault = |source_fault| InputError::JsonLine { file: source.clone(), line, source: LineFault(source_fault) };
        messages.push(labelled.map_err(fault)?);
    }
    if messages.is_empty() {
        let problem = format!("{} holds no messages", path.display());
        return Err(CliError::usage(
            problem,
            "write one as JSON a line: `{\"message\": \"Hello\", \"state\": \"greeting\"}`",
        ));
    }
    Ok(messages)
}

fn table(figures: &Understanding) -> String {
    let rows = [
        ("state accuracy", figures.state_accuracy),
        ("preference F1", figures.preference_f1),
        ("feedback F1", figures.feedback_f1),
        ("theme F1", figures.theme_f1),
        ("rating F1", figures.rating_f1),
    ];
    let rows = rows.map(|(name, value)| format!("{name:<16}{:>6.1} %\n", 100.0 * value));
    format!("{}\n{}", counted(figures.messages, "message", "messages"), rows.concat())
}
