//! `docent explain`: why items suit a user.

use std::path::PathBuf;

use clap::Args;
use docent::recommend::{Candidate, Explanation, RecommendedItem};
use serde::Serialize;

use super::{Whom, WhomArgs, open, show};
use crate::cli::{CliError, Context};

/// Arguments of `docent explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArgs {
    /// Folder of the store
    store: PathBuf,
    #[command(flatten)]
    whom: WhomArgs,
    /// The items to explain
    #[arg(long = "item", value_name = "ID,..", value_delimiter = ',', required = true)]
    items: Vec<String>,
}

#[derive(Serialize)]
struct Explained<'a> {
    user: &'a str,
    items: Vec<ExplainedItem>,
}

#[derive(Serialize)]
struct ExplainedItem {
    item_id: String,
    title: String,
    explanation: Option<Explanation>,
}

/// Runs the command.
///
/// # Errors
/// If the store is damaged, there is no such user or item, or the language model cannot be fetched or fails.
pub(crate) fn run(args: &ExplainArgs, context: &mut Context) -> Result<(), CliError> {
    let recommender = open(&args.store, context)?;
    let catalogue = recommender.catalogue();
    let whom = Whom::find(&args.whom, &recommender, context)?;
    let candidate = |id: &String| Ok(Candidate { item: catalogue.require(id)?, score: 0.0, sources: Vec::new() });
    let named: Vec<Candidate> = args.items.iter().map(candidate).collect::<Result<_, CliError>>()?;
    let mut items: Vec<_> = named.iter().map(|candidate| RecommendedItem::new(candidate, catalogue)).collect();
    super::explain(&mut items, &named, &whom, &recommender, &context.engine()?)?;
    if !context.json {
        return context.show(&show::explanations(&items));
    }
    let item = |item: RecommendedItem| ExplainedItem {
        item_id: item.item_id,
        title: item.title,
        explanation: item.explanation,
    };
    context.json_line(&Explained { user: &whom.name, items: items.into_iter().map(item).collect() })
}
