//! `docent search`: the items whose texts are nearest to a query.

use std::path::PathBuf;

use clap::Args;
use docent::recommend::{RecommendedItem, Recommender, Store};
use serde::Serialize;

use super::{
    filter, show,
    whom::{asked, embed},
};
use crate::cli::{CliError, Context};

/// Arguments of `docent search`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SearchArgs {
    /// Folder of the store
    store: PathBuf,
    /// What is looked for
    #[arg(long, value_name = "TEXT")]
    query: String,
    /// How many items
    #[arg(short, long = "top", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// Only items that meet a condition, such as `year >= 1990 and not genres has "Horror"`
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
}

#[derive(Serialize)]
struct Found<'a> {
    query: &'a str,
    items: Vec<RecommendedItem>,
}

/// Runs the command.
///
/// # Errors
/// If the query is empty, the store is damaged or has no vectors, the condition does not parse, or the encoder cannot be fetched or fails.
pub(crate) fn run(args: &SearchArgs, context: &mut Context) -> Result<(), CliError> {
    asked(&args.query)?;
    let recommender = Recommender::open(&Store::open(&args.store)?)?;
    let filter = filter(args.filter.as_deref(), recommender.catalogue(), context)?;
    let vector = embed(&args.query, &recommender, context)?;
    let best = recommender.search(&vector, usize::from(args.k), filter.as_ref())?;
    let items = best.iter().map(|candidate| RecommendedItem::new(candidate, recommender.catalogue())).collect();
    let found = Found { query: &args.query, items };
    if context.json { context.json_line(&found) } else { context.show(&show::items(&found.items)) }
}
