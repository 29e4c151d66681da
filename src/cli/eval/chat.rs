//! `docent eval chat`: how messages are understood, and how soon a simulated user finds what they look for.

use std::{fs::File, io::BufReader, path::PathBuf};

use clap::Args;
use docent::recommend::{
    LineFault,
    converse::{Labelled, Understander, Understanding, understanding},
};

use crate::cli::{
    CliError, Context,
    input::{InputError, Source},
    lines::Lines,
};

/// Arguments of `docent eval chat`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ChatArgs {
    /// Labelled messages: JSON Lines with `message`, `state` and, where they are not empty, `shown`, `preferences` and
    /// `feedback`
    #[arg(long, value_name = "FILE")]
    messages: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// If the messages cannot be read.
pub(crate) fn run(args: &ChatArgs, context: &mut Context) -> Result<(), CliError> {
    let messages = read(&args.messages)?;
    let figures = understanding(&Understander::without_catalogue(), &messages);
    for (place, told) in &figures.misunderstood {
        tracing::info!(message = messages[*place].message, told, "understood otherwise");
    }
    if context.json { context.json_line(&figures) } else { context.show(&table(&figures)) }
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
    format!("{} messages\n{}", figures.messages, rows.concat())
}
