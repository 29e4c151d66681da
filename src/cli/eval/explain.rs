//! `docent eval explain`: what the explanations of a store's own recommendations are worth.

use std::path::PathBuf;

use clap::Args;
use docent::recommend::{
    Store, counted,
    evaluate::{ExplanationFigures, ExplanationOptions, evaluate_explanations},
};

use crate::cli::{
    CliError, Context,
    recommend::{DraftArgs, open},
};

/// Arguments of `docent eval explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArgs {
    /// Folder of the store
    store: PathBuf,
    /// How many users are explained to, drawn
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    users: u32,
    /// How many recommendations to each
    #[arg(short, long = "top", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    #[command(flatten)]
    drafts: DraftArgs,
    /// Seed of every draw
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
}

/// Runs the command.
///
/// # Errors
/// If the store is damaged, nobody has enough interactions, or a model cannot be loaded or fails.
pub(super) fn run(args: &ExplainArgs, context: &mut Context) -> Result<(), CliError> {
    let options = ExplanationOptions {
        users: args.users as usize,
        items: usize::from(args.k),
        candidates: args.drafts.count(),
        seed: args.seed,
    };
    context.catch_interrupts();
    let recommender = open(&Store::open(&args.store)?, context)?;
    let engine = context.engine()?;
    let figures = evaluate_explanations(&recommender, &engine, &options, &mut |what| {
        context.status(what);
        context.flow()
    })?;
    if context.json { context.json_line(&figures) } else { context.show(&table(&figures)) }
}

fn table(figures: &ExplanationFigures) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let faithful = figures.deletion_faithfulness;
    let faithful = format!(
        "{} ({} to {}) of {} that name something of the history",
        percent(faithful.value),
        percent(faithful.low),
        percent(faithful.high),
        figures.pairs
    );
    let protocol = figures.protocol;
    let rows = [
        ("written by the model", percent(figures.written_by_model)),
        ("claims backed", format!("{} of {}", percent(figures.claims_backed), figures.claims)),
        ("distinct-2", format!("{:.3}", figures.distinct_2)),
        ("distinct-2 without titles", format!("{:.3}", figures.distinct_2_without_titles)),
        ("unique first five words", percent(figures.unique_first_five)),
        ("deletion faithfulness", faithful),
        ("time for a list", format!("{:.2} s", figures.seconds_per_list)),
    ];
    let rows: String = rows.iter().map(|(name, value)| format!("{name:<27}{value}\n")).collect();
    format!(
        "{}: {}, {} each, the best of {}; seed {}\n\n{rows}",
        counted(figures.explanations, "explanation", "explanations"),
        counted(protocol.users, "user", "users"),
        counted(protocol.items, "item", "items"),
        counted(protocol.candidates, "draft", "drafts"),
        protocol.seed
    )
}
