//! `docent recommend`: the best items for a user of a store, for somebody who names what they liked, or for a request in
//! words.

pub(crate) mod explain;
mod fair;
mod judge;
mod prompted;
pub(crate) mod search;
pub(crate) mod show;
mod system;
mod tokens;
mod variety;
mod whom;

use std::path::PathBuf;

use clap::Args;
use docent::recommend::{
    Candidate, Catalogue, Filter, HistoryItem, Recommendations, RecommendedItem, Recommender, Store, XRecExplainer,
    diversify::{Diversifier, POOL_PER_PLACE},
    evaluate::RERANKED,
    explain::{Influence, Planner},
    fairness::{self, FairReranker},
    rerank::fuse,
};

use super::{CliError, Context};
pub(crate) use fair::{FairArgs, PrivacyArgs};
pub(crate) use judge::{Judge, JudgeArgs, OrderArgs, Rerank};
pub(crate) use prompted::{PromptArgs, Prompted, template};
pub(crate) use tokens::AnswerArgs;
use tokens::SelectArgs;
pub(crate) use variety::{VarietyArgs, share};
pub(crate) use whom::{Whom, WhomArgs};

/// How much of the history is shown.
const SHOWN_HISTORY: usize = 10;

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
    judge: JudgeArgs,
    #[command(flatten)]
    prompt: PromptArgs,
    #[command(flatten)]
    variety: VarietyArgs,
    #[command(flatten)]
    fair: FairArgs,
    #[command(flatten)]
    privacy: PrivacyArgs,
    #[command(flatten)]
    select: SelectArgs,
    /// Make the list by the stages that the table `system` of `docent.toml` describes
    #[arg(long, conflicts_with_all = ["asked", "diversity", "fair", "selective", "why", "explain"])]
    system: bool,
    #[command(flatten)]
    answers: AnswerArgs,
    /// Say why each item is recommended
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    drafts: DraftArgs,
}

/// How explanations are written.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct DraftArgs {
    /// How many explanations the language model writes for each item, of which the best that is true is shown
    #[arg(long, value_name = "N", default_value_t = CANDIDATES, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) candidates: u16,
}

impl Default for DraftArgs {
    fn default() -> Self {
        Self { candidates: CANDIDATES }
    }
}

/// Runs the command.
///
/// # Errors
/// If the store is damaged, there is no such user or item, the condition does not parse, or a model cannot be fetched or
/// fails.
pub(crate) fn run(args: &RecommendArgs, context: &mut Context) -> Result<(), CliError> {
    let recommender = open(&args.store, context)?;
    args.answers.settle(&args.store, context);
    args.privacy.settle(recommender.users(), context)?;
    let filter = filter(args.filter.as_deref(), recommender.catalogue())?;
    let whom = Whom::find(&args.whom, &recommender, context)?;
    let k = usize::from(args.k);
    if args.system {
        let answer = system::make(recommender, &whom, k, filter.as_ref(), context)?;
        return print(&answer, context);
    }
    let explained = if args.explain { k } else { 0 };
    let named = args.judge.mode.is_some() || args.prompt.prompt.is_some();
    let (asks, decision) = args.select.decide(named, &whom);
    let (nobody, nothing) = (JudgeArgs::default(), PromptArgs::default());
    let (judge, prompt) = if asks { (&args.judge, &args.prompt) } else { (&nobody, &nothing) };
    let filter = filter.as_ref();
    let wanted =
        List { k, filter, judge, prompt, variety: args.variety, fair: &args.fair, explained, drafts: args.drafts };
    let answer = Recommendations { language_model: decision, ..wanted.make(&recommender, &whom, context)? };
    print(&answer, context)
}

/// What a list should be.
pub(crate) struct List<'a> {
    pub(crate) k: usize,
    pub(crate) filter: Option<&'a Filter>,
    pub(crate) judge: &'a JudgeArgs,
    pub(crate) prompt: &'a PromptArgs,
    pub(crate) variety: VarietyArgs,
    pub(crate) fair: &'a FairArgs,
    /// How many of the items are explained.
    pub(crate) explained: usize,
    pub(crate) drafts: DraftArgs,
}

impl List<'_> {
    /// Recommends, reranks and explains.
    ///
    /// # Errors
    /// If a model cannot be fetched or fails.
    pub(crate) fn make(
        &self,
        recommender: &Recommender,
        whom: &Whom,
        context: &Context,
    ) -> Result<Recommendations, CliError> {
        let catalogue = recommender.catalogue();
        let varied = self.variety.diversity > 0.0;
        // What a judge has not seen cannot be compared with what it has.
        let asked = self.judge.mode.is_some() || self.prompt.prompt.is_some();
        let interactions = recommender.interactions();
        let fair = self.fair.target();
        let fair =
            fair.map(|target| FairReranker::new(&target, catalogue, interactions, self.fair.fairness)).transpose()?;
        let count = match (asked, varied, &fair) {
            (true, ..) => self.k.max(RERANKED),
            (false, true, _) => self.k * POOL_PER_PLACE,
            (false, false, Some(_)) => self.k.max(fairness::POOL),
            (false, false, None) => self.k,
        };
        let mut best = recommender.recommend(&whom.query(), count, self.filter)?;
        let mut judge = if best.is_empty() { None } else { Judge::load(self.judge, recommender, context)? };
        if let (Some(judge), Some(mode)) = (&mut judge, self.judge.mode) {
            let items: Vec<usize> = best.iter().map(|candidate| candidate.item).collect();
            let judged = judge.scorer(catalogue).score(&whom.history, &items)?;
            best = fuse(best, mode.source(), &judged, recommender.rerank_weight(mode.source()));
        }
        let prompted = if best.is_empty() { None } else { Prompted::load(self.prompt, context)? };
        if let Some(prompted) = &prompted {
            best = prompted.rank(&best, self.k, whom, recommender, fair.as_ref(), context)?;
        }
        if varied {
            let VarietyArgs { diversity: strength, diversify } = self.variety;
            let semantic = recommender.semantic().map(|semantic| &**semantic);
            let diversifier = Diversifier { catalogue, semantic, diversity: diversify.into(), strength };
            best = diversifier.list(&whom.history, &best, self.k);
        }
        if let Some(fair) = &fair {
            best = fair.list(&best, self.k);
        }
        best.truncate(self.k);
        let mut items: Vec<_> = best.iter().map(|candidate| RecommendedItem::new(candidate, catalogue)).collect();
        let explained = &best[..self.explained.min(best.len())];
        if !explained.is_empty() {
            let loaded = prompted.as_ref().map(|prompted| &prompted.engine);
            match loaded.or(judge.as_ref().and_then(Judge::engine)) {
                Some(engine) => explain(&mut items, explained, whom, recommender, engine, self.drafts)?,
                None => explain(&mut items, explained, whom, recommender, &context.engine()?, self.drafts)?,
            }
        }
        let shown = &whom.history[whom.history.len().saturating_sub(SHOWN_HISTORY)..];
        let history = shown.iter().map(|event| HistoryItem::new(event, catalogue)).collect();
        Ok(Recommendations { user: whom.name.clone(), history, items, language_model: None })
    }
}

/// Explains the first items of a list.
fn explain(
    items: &mut [RecommendedItem],
    best: &[Candidate],
    whom: &Whom,
    recommender: &Recommender,
    engine: &docent::engine::Engine,
    drafts: DraftArgs,
) -> Result<(), CliError> {
    let indices: Vec<usize> = best.iter().map(|candidate| candidate.item).collect();
    let candidates = usize::from(drafts.candidates);
    let planner = Planner::new(recommender.catalogue(), recommender.interactions())
        .with_texts(recommender.semantic().map(|semantic| &**semantic))
        .with_influence(Influence::of(recommender, &whom.query(), &indices)?);
    let plans = match whom.user {
        Some(user) => planner.alternatives(user, &indices, candidates),
        None => planner.alternatives_new(&whom.history, &indices, candidates),
    };
    let mut explainer = XRecExplainer::new(engine).with_candidates(candidates);
    for (item, explained) in items.iter_mut().zip(explainer.explain_alternatives(&plans)?) {
        if let Some(rejection) = explained.rejection {
            tracing::info!(%rejection, draft = explained.draft, "an explanation was turned down");
        }
        if let Some(merits) = explained.merits {
            tracing::debug!(?merits, text = explained.explanation.text, "an explanation was picked");
        }
        item.explanation = Some(explained.explanation);
    }
    Ok(())
}

/// Opens a store for recommending.
///
/// # Errors
/// If it is missing or damaged.
pub(crate) fn open(store: &std::path::Path, context: &Context) -> Result<Recommender, CliError> {
    let recommender = Recommender::open(&Store::open(store)?)?;
    if recommender.hybrid().is_none() {
        context.status(format_args!("note: no hybrid model: `docent train hybrid {}` makes one", store.display()));
    }
    Ok(recommender)
}

/// Parses a condition.
///
/// # Errors
/// If it does not parse.
pub(crate) fn filter(text: Option<&str>, catalogue: &Catalogue) -> Result<Option<Filter>, CliError> {
    Ok(text.map(|text| Filter::parse(text, catalogue)).transpose()?)
}

/// Shows a list, as JSON or to people.
///
/// # Errors
/// If standard output cannot be written.
pub(crate) fn print(answer: &Recommendations, context: &mut Context) -> Result<(), CliError> {
    if context.json { context.json_line(answer) } else { context.show(&show::page(answer)) }
}
