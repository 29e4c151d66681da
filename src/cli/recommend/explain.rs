//! `docent explain`: why items suit a user.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use docent::recommend::{
    Candidate, Explanation, RecommendedItem, Recommender, Store, XRecExplainer,
    explain::{ViewText, Views},
    one_line,
    system::{Explain, Sentences},
};
use serde::Serialize;

use super::{AnswerArgs, DraftArgs, Whom, WhomArgs, open, show, whom::ids};
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
    #[command(flatten)]
    answers: AnswerArgs,
    /// How they are explained
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Mode::Sentence)]
    mode: Mode,
    #[command(flatten)]
    drafts: DraftArgs,
}

/// How items are explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// One sentence each, written by the language model and checked against the records
    Sentence,
    /// Content, popularity, diversity and time, each from facts of the records; the model chooses the wording
    Aspects,
    /// Against each other: which fits best, and when another would
    Compare,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aspects: Vec<ViewText>,
}

/// Runs the command.
///
/// # Errors
/// If the store is damaged, there is no such user or item, or the language model cannot be fetched or fails.
pub(crate) fn run(args: &ExplainArgs, context: &mut Context) -> Result<(), CliError> {
    if args.mode != Mode::Sentence {
        args.drafts.refuse("leave it out, or explain by `--mode sentence`")?;
    }
    if args.mode == Mode::Compare && ids(&args.items).len() < 2 {
        let hint = "name them with `--item`, or explain by `--mode aspects`";
        return Err(CliError::usage("`--mode compare` takes two items or more", hint));
    }
    let recommender = open(&Store::open(&args.store)?, context)?;
    args.answers.settle(&args.store, context);
    let catalogue = recommender.catalogue();
    let whom = Whom::find(&args.whom, &recommender, context)?;
    let named = ids(&args.items).iter().map(|id| Ok(catalogue.require(id)?)).collect::<Result<Vec<_>, CliError>>()?;
    if named.is_empty() {
        return Err(CliError::usage("`--item` names no item", "name items by their ids, as in `--item 1,2`"));
    }
    tell_known(&named, &recommender, &whom, context);
    if args.mode != Mode::Sentence {
        return views(args.mode, &named, &recommender, &whom, context);
    }
    let mut writer = Sentences::new(context.engine()?, args.drafts.count());
    let explanations = writer.explain(&recommender, &whom.person(), &named)?;
    let item = |(&item, explanation): (&usize, Explanation)| RecommendedItem {
        explanation: Some(explanation),
        ..RecommendedItem::new(&Candidate { item, score: 0.0, sources: Vec::new() }, catalogue)
    };
    let items: Vec<RecommendedItem> = named.iter().zip(explanations).map(item).collect();
    if !context.json {
        return context.show(&show::explanations(&items));
    }
    let item = |item: RecommendedItem| ExplainedItem {
        item_id: item.item_id,
        title: item.title,
        explanation: item.explanation,
        aspects: Vec::new(),
    };
    context.json_line(&Explained { user: &whom.name, items: items.into_iter().map(item).collect() })
}

/// Says which of the items somebody has already: reasons for these are no reasons to take them.
fn tell_known(items: &[usize], recommender: &Recommender, whom: &Whom, context: &Context) {
    for &item in items {
        let Some(event) = whom.history.iter().rev().find(|event| event.item == item) else { continue };
        let title = show::title(&recommender.catalogue()[item].title);
        let rated = event.rating.map_or_else(|| "without a rating".into(), |rating| format!("rated {rating}"));
        context.status(format_args!("note: {title} is in the history already, {rated}"));
    }
}

/// Explains by facts, under several aspects or against each other.
fn views(
    mode: Mode,
    items: &[usize],
    recommender: &Recommender,
    whom: &Whom,
    context: &mut Context,
) -> Result<(), CliError> {
    let catalogue = recommender.catalogue();
    let semantic = recommender.semantic().map(|semantic| &**semantic);
    let views = Views::new(catalogue, recommender.interactions(), semantic);
    let facts: Vec<(usize, _)> = match mode {
        Mode::Compare => views.compare(&whom.history, items),
        _ => {
            let of = |(place, &item): (usize, &usize)| {
                views.of(&whom.history, item, items).into_iter().map(move |viewed| (place, viewed))
            };
            items.iter().enumerate().flat_map(of).collect()
        }
    };
    let (places, facts): (Vec<usize>, Vec<_>) = facts.into_iter().unzip();
    let engine = context.engine()?;
    let texts = XRecExplainer::new(&engine).word(&facts)?;
    let mut explained: Vec<ExplainedItem> = Vec::new();
    for (place, text) in places.into_iter().zip(texts) {
        let item = &catalogue[items[place]];
        match explained.last_mut().filter(|last| last.item_id == item.id) {
            Some(last) => last.aspects.push(text),
            None => explained.push(ExplainedItem {
                item_id: item.id.clone(),
                title: item.title.clone(),
                explanation: None,
                aspects: vec![text],
            }),
        }
    }
    if context.json {
        return context.json_line(&Explained { user: &whom.name, items: explained });
    }
    let lines = explained.iter().map(|item| {
        let texts: String = item.aspects.iter().map(|aspect| format!("  {}\n", one_line(&aspect.text))).collect();
        format!("{}\n{texts}", one_line(&item.title))
    });
    context.show(&lines.collect::<String>())
}
