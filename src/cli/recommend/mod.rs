//! `docent recommend`: the best items for a user of a store, for somebody who names what they liked, or for a request in
//! words.

pub(crate) mod explain;
mod fair;
pub(crate) mod judge;
mod prompted;
pub(crate) mod search;
pub(crate) mod show;
pub(crate) mod system;
mod tokens;
mod variety;
mod whom;

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use docent::recommend::{Catalogue, Filter, Recommendations, Recommender, Store, hybrid::can_learn_hybrid};

use super::{CliError, Context};
pub(crate) use fair::{FairArgs, PrivacyArgs};
pub(crate) use judge::{JudgeArgs, OrderArgs, Rerank};
pub(crate) use prompted::{PromptArgs, template};
pub(crate) use system::Wanted;
pub(crate) use tokens::AnswerArgs;
pub(crate) use variety::{VarietyArgs, share};
pub(crate) use whom::{Whom, WhomArgs};

/// How many explanations are written for each item unless somebody says otherwise.
const CANDIDATES: u16 = 3;

/// Arguments of `docent recommend`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecommendArgs {
    /// Folder of the store
    store: PathBuf,
    #[command(flatten)]
    whom: WhomArgs,
    /// How many items
    #[arg(short, long = "top", value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    k: u16,
    /// Only items that meet a condition, such as `year >= 1990 and not genres has "Horror"`
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
    #[command(flatten)]
    wanted: Wanted,
    #[command(flatten)]
    privacy: PrivacyArgs,
    /// Make the list by the stages that the table `system` of `docent.toml` describes
    #[arg(long, conflicts_with_all = ["asked", "diversity", "fair", "selective", "why", "explain"])]
    system: bool,
    #[command(flatten)]
    answers: AnswerArgs,
}

/// How explanations are written.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct DraftArgs {
    /// How many explanations the language model writes for each item, of which the best that is true is shown [default: 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    candidates: Option<u16>,
}

impl DraftArgs {
    /// How many are written for each item.
    pub(crate) fn count(self) -> usize {
        usize::from(self.candidates.unwrap_or(CANDIDATES))
    }

    /// Refuses a number of drafts where none is written; `hint` says what would write some.
    ///
    /// # Errors
    /// If somebody named a number.
    pub(crate) fn refuse(self, hint: &str) -> Result<(), CliError> {
        match self.candidates {
            Some(_) => Err(CliError::usage("`--candidates` where the language model writes no sentences", hint)),
            None => Ok(()),
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If an argument says nothing about the list that others ask for, the store is damaged, there is no such user or item, the
/// condition does not parse, or a model cannot be fetched or fails.
pub(crate) fn run(args: &RecommendArgs, context: &mut Context) -> Result<(), CliError> {
    args.wanted.check()?;
    let store = Store::open(&args.store)?;
    let recommender = Arc::new(open(&store, context)?);
    args.answers.settle(&args.store, context);
    args.privacy.settle(recommender.users(), context)?;
    let filter = filter(args.filter.as_deref(), recommender.catalogue(), context)?;
    let whom = Whom::find(&args.whom, &recommender, context)?;
    let mut system = match args.system {
        true => system::described(&store, &recommender, context)?,
        false => args.wanted.system(&store, &recommender, context)?,
    };
    let answer = system::serve(&mut system, &whom, usize::from(args.k), filter.as_ref(), context)?;
    print(&args.wanted.select.tell(answer), context)
}

/// Opens a store for recommending; where a hybrid model is missing that could be learned, that is said.
///
/// # Errors
/// If it is damaged.
pub(crate) fn open(store: &Store, context: &Context) -> Result<Recommender, CliError> {
    let recommender = Recommender::open(store)?;
    if recommender.hybrid().is_none() && can_learn_hybrid(recommender.interactions()) {
        context
            .status(format_args!("note: no hybrid model: `docent train hybrid {}` makes one", store.path().display()));
    }
    Ok(recommender)
}

/// Parses a condition; values in it that no item has are told.
///
/// # Errors
/// If it does not parse.
pub(crate) fn filter(text: Option<&str>, catalogue: &Catalogue, context: &Context) -> Result<Option<Filter>, CliError> {
    let filter = text.map(|text| Filter::parse(text, catalogue)).transpose()?;
    for absent in filter.iter().flat_map(|filter| filter.absent(catalogue)) {
        context.status(format_args!("warning: {absent}"));
    }
    Ok(filter)
}

/// Shows a list, as JSON or to people.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn print(answer: &Recommendations, context: &mut Context) -> Result<(), CliError> {
    if context.json { context.json_line(answer) } else { context.show(&show::page(answer)) }
}
