//! `docent eval`: how good each way to rank is, on data that it has not seen.

mod chat;
mod explain;
mod injection;
mod show;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand, ValueEnum};
use docent::{
    engine::{Embedder, Embeddings},
    recommend::{
        Catalogue, Interactions, LLMFeatureExtractor, LLMReranker, NoJudge, Roles, Store, UnknownItems,
        align::ALLMRec,
        budget::{Compressor, compress_catalogue},
        evaluate::{Candidates, EvaluateData, EvaluateOptions, Evaluation, Holdout, Method, Ties, evaluate},
        rerank::{Asked, LanguageModelScorer, Mode},
        retrieve::{Semantic, SemanticOptions},
    },
};

use super::{
    CliError, Context,
    recommend::{OrderArgs, Rerank, share},
    staged::Staged,
};

/// What else than rankings is evaluated.
#[derive(Clone, Debug, Subcommand)]
enum Part {
    /// Explanations: who wrote them, whether claims are backed, how varied they are, and whether they name what scores rest on
    Explain(explain::ExplainArgs),
    /// Whether texts of items can talk the language model into something
    Injection(injection::InjectionArgs),
    /// Conversations: how messages are understood, and how soon a simulated user finds what they look for
    Chat(chat::ChatArgs),
}

/// Arguments of `docent eval`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub(crate) struct EvalArgs {
    #[command(subcommand)]
    part: Option<Part>,
    /// Store to evaluate on
    #[arg(required_unless_present = "items")]
    store: Option<PathBuf>,
    /// Items to evaluate on, without a store
    #[arg(long, value_name = "FILE", requires = "interactions", conflicts_with = "store")]
    items: Option<PathBuf>,
    /// Interactions to evaluate on, without a store
    #[arg(long, value_name = "FILE", requires = "items")]
    interactions: Option<PathBuf>,
    /// Methods to compare: pop, itemknn, ease, ease_decayed, implicit_als, cooccurrence, semantic, fused, hybrid, reranked,
    /// mmr, dpp, calibrated; with `--candidates` also the language model alone: likelihood, yes_no, first_token, listwise,
    /// setwise, pairwise, a_llmrec, zero-shot, few-shot, cot, conversational [default: all that need no language model]
    #[arg(long, value_name = "M,..", value_delimiter = ',')]
    methods: Vec<Method>,
    /// How the language model is asked that `reranked` adds to `hybrid` [default: likelihood]
    #[arg(long, value_enum, value_name = "MODE")]
    rerank: Option<Rerank>,
    #[command(flatten)]
    asked: OrderArgs,
    /// How much variety counts in mmr, dpp and calibrated, from 0 to 1 [default: 0.3]
    #[arg(long, value_name = "X", value_parser = share)]
    diversity: Option<f32>,
    /// Compress the items' descriptions to this share of their tokens first, for encoder and language model alike
    #[arg(long, value_name = "SHARE", value_parser = share)]
    compress: Option<f32>,
    /// Which interactions test
    #[arg(long, value_enum, value_name = "SPLIT", default_value_t = SplitBy::LastOut)]
    split: SplitBy,
    /// How many of each user's last interactions test, each in turn
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    targets: u16,
    /// How many interactions of cold users are known [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    known: Option<u16>,
    /// What orders a user's interactions in the same second
    #[arg(long, value_enum, default_value_t = TieOrder::Id)]
    ties: TieOrder,
    /// How many random orders every figure is over
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    orders: u16,
    /// Seed of every draw
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Look for each target among N items of its popularity, instead of the whole catalogue
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..))]
    candidates: Option<u16>,
    /// Also write the report as a page with a plot to this file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The most users that test
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit_users: Option<u32>,
}

/// How much variety counts unless somebody says otherwise.
const DIVERSITY: f32 = 0.3;

/// The share of all interactions that comes before the moment of a temporal split.
const BEFORE: f64 = 0.9;

/// The share of the items that is cold.
const HIDDEN: f64 = 0.1;

/// Which interactions test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SplitBy {
    /// The last ones of every user
    LastOut,
    /// Each user's first after a moment that nine tenths of all come before; models see nothing of what came after
    Temporal,
    /// The last one of a fifth of the users, of whom models have seen nothing and `--known` interactions are known
    ColdUsers,
    /// Each user's last with a tenth of the items, of which models have seen nothing, among these items
    ColdItems,
}

/// What orders interactions in the same second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TieOrder {
    /// The item's id, as in published work
    Id,
    /// Chance
    Random,
}

impl EvalArgs {
    fn options(&self) -> Result<EvaluateOptions, CliError> {
        let mut methods = self.methods.clone();
        if methods.is_empty() {
            methods.extend(Method::ALL.into_iter().filter(|method| !method.needs_language_model()));
        }
        let mut distinct = methods.clone();
        distinct.sort_unstable();
        distinct.dedup();
        if distinct.len() < methods.len() {
            return Err(CliError::usage("a method is named twice", "name each method once"));
        }
        let orders = match self.ties {
            TieOrder::Id if self.orders > 1 => {
                return Err(CliError::usage("`--orders` without random ties", "add `--ties random`"));
            }
            TieOrder::Id => vec![Ties::Id],
            TieOrder::Random => (0..u64::from(self.orders)).map(|order| Ties::Random(self.seed + order)).collect(),
        };
        let candidates = match self.candidates {
            None => Candidates::Full,
            Some(count) => Candidates::Matched { count: usize::from(count), seed: self.seed },
        };
        self.check(&methods)?;
        let aligned = methods.contains(&Method::ALLMRec)
            || (methods.contains(&Method::Reranked) && self.rerank == Some(Rerank::ALLMRec));
        if aligned && (self.split, self.targets, self.ties) != (SplitBy::LastOut, 1, TieOrder::Id) {
            return Err(CliError::usage(
                "`docent train align` has learned from what other splits and orders test",
                "leave `--split`, `--targets` and `--ties` out",
            ));
        }
        if candidates == Candidates::Full && methods.iter().any(|method| method.needs_candidates()) {
            return Err(CliError::usage(
                "a language model alone ranks a few candidates, not the whole catalogue",
                "add `--candidates 20`",
            ));
        }
        Ok(EvaluateOptions {
            methods,
            holdout: self.holdout()?,
            orders,
            candidates,
            limit_users: self.limit_users.map(|limit| limit as usize),
            rerank: self.asked()?,
            diversity: self.diversity.unwrap_or(DIVERSITY),
            seed: self.seed,
        })
    }

    /// Refuses arguments that say how something is done which none of the methods does, nor the split.
    fn check(&self, methods: &[Method]) -> Result<(), CliError> {
        if self.known.is_some() && self.split != SplitBy::ColdUsers {
            return Err(CliError::usage("`--known` without cold users", "add `--split cold-users`"));
        }
        if self.rerank.is_some() && !methods.contains(&Method::Reranked) {
            return Err(CliError::usage("`--rerank` without a method that reranks", "add `reranked` to `--methods`"));
        }
        let is_diverse = |method: &Method| matches!(method, Method::Diverse(_));
        if self.diversity.is_some() && !methods.iter().any(is_diverse) {
            return Err(CliError::usage(
                "`--diversity` without a method that varies lists",
                "add `mmr`, `dpp` or `calibrated` to `--methods`",
            ));
        }
        let beside = self.rerank.and_then(Rerank::mode);
        let alone = methods.iter().filter_map(|method| match method {
            Method::Alone(mode) => Some(*mode),
            _ => None,
        });
        self.asked.check(alone.chain(beside))
    }

    fn holdout(&self) -> Result<Holdout, CliError> {
        if self.targets > 1 && self.split != SplitBy::LastOut {
            return Err(CliError::usage("several targets of a user are the last ones", "leave `--split` out"));
        }
        Ok(match self.split {
            SplitBy::LastOut => Holdout::Last(usize::from(self.targets)),
            SplitBy::Temporal => Holdout::Temporal(BEFORE),
            SplitBy::ColdUsers => Holdout::ColdUsers(self.known.map_or(1, usize::from)),
            SplitBy::ColdItems => Holdout::ColdItems(HIDDEN),
        })
    }

    fn asked(&self) -> Result<Asked, CliError> {
        let no_model = || CliError::usage("a cross-encoder is no language model", "name another mode with `--rerank`");
        self.rerank.unwrap_or(Rerank::Likelihood).asked().ok_or_else(no_model)
    }
}

/// Runs the command.
///
/// # Errors
/// If the data cannot be read, the page cannot be written, nobody has enough interactions, or a model cannot be loaded or fails.
pub(crate) fn run(args: &EvalArgs, context: &mut Context) -> Result<(), CliError> {
    match &args.part {
        Some(Part::Explain(args)) => return explain::run(args, context),
        Some(Part::Injection(args)) => return injection::run(args, context),
        Some(Part::Chat(args)) => return chat::run(args, context),
        None => {}
    }
    let mut options = args.options()?;
    // What cannot be written is said before hours of computing.
    let page = args.html.as_deref().map(Staged::new).transpose()?;
    context.catch_interrupts();
    let Data { catalogue, interactions, semantic } = Data::read(args, &options, context)?;
    if args.methods.is_empty() {
        let can = |method: &Method| match method {
            Method::Semantic => semantic.is_some(),
            Method::Diverse(diversity) => diversity.require(&catalogue).is_ok(),
            _ => true,
        };
        options.methods.retain(can);
    }
    let data = EvaluateData { catalogue: &catalogue, interactions: &interactions, semantic: semantic.as_ref() };
    let mut tell = |what: &str| {
        context.status(what);
        context.flow()
    };
    let evaluated = if options.methods.iter().any(|method| method.needs_language_model()) {
        let engine = context.engine()?;
        let mode = match options.rerank {
            Asked::Mode(mode) => mode,
            Asked::Aligned | Asked::Prompt(_) => Mode::default(),
        };
        let reranker = LLMReranker::new(&engine, args.asked.options(mode));
        let mut scorer = LanguageModelScorer::new(reranker, &catalogue);
        if let Some(store) = &args.store
            && let Some(semantic) = &semantic
            && let Some(aligned) = ALLMRec::open(&Store::open(store)?, semantic.clone(), &engine)?
        {
            scorer = scorer.with_alignment(aligned);
        }
        evaluate(data, &options, &mut scorer, &mut tell)
    } else {
        evaluate(data, &options, &mut NoJudge, &mut tell)
    };
    let evaluated = evaluated?;
    if let Some(page) = page {
        page.publish_text(&show::page(&evaluated))?;
    }
    show(&evaluated, context)
}

/// What is evaluated on.
struct Data {
    catalogue: Catalogue,
    interactions: Interactions,
    semantic: Option<Arc<Semantic>>,
}

impl Data {
    fn read(args: &EvalArgs, options: &EvaluateOptions, context: &Context) -> Result<Self, CliError> {
        let (catalogue, interactions, vectors) = match (&args.store, &args.items, &args.interactions) {
            (Some(store), ..) => {
                let store = Store::open(store)?;
                let catalogue = store.catalogue()?;
                let interactions = store.interactions(&catalogue)?;
                (catalogue, interactions, store.embeddings()?)
            }
            (None, Some(items), Some(interactions)) => {
                let roles = Roles::default();
                let catalogue = Catalogue::read(items, &roles).map_err(CliError::without_roles)?;
                let interactions = Interactions::read(interactions, &catalogue, UnknownItems::default(), &roles)
                    .map_err(CliError::without_roles)?;
                let wanted = options.methods.iter().any(|method| method.uses_vectors());
                let vectors = wanted.then(|| embed(&catalogue, None, context)).transpose()?;
                (catalogue, interactions, vectors)
            }
            _ => {
                return Err(CliError::usage(
                    "nothing to evaluate on",
                    "name a store, or `--items` and `--interactions`",
                ));
            }
        };
        let (catalogue, vectors) = match args.compress {
            None => (catalogue, vectors),
            Some(share) => {
                let store = args.store.as_deref();
                let (compressed, encoder) = (compress(&catalogue, share, store, context)?, vectors.is_some());
                let vectors = encoder.then(|| embed(&compressed, store, context)).transpose()?;
                (compressed, vectors)
            }
        };
        let semantic = vectors.map(|vectors| Semantic::new(vectors, catalogue.len(), SemanticOptions::default()));
        Ok(Self { semantic: semantic.transpose()?.map(Arc::new), catalogue, interactions })
    }
}

/// A catalogue with shorter descriptions, by the language model's tokens.
fn compress(catalogue: &Catalogue, share: f32, store: Option<&Path>, context: &Context) -> Result<Catalogue, CliError> {
    let (engine, mut encoder) = (context.engine()?, embedder(store, context)?);
    let count = |text: &str| Ok(engine.tokenize_continuation(text)?.len());
    let mut compressor = Compressor::new(&mut encoder, Box::new(count));
    Ok(compress_catalogue(catalogue, &mut compressor, share)?)
}

/// The store's encoder, or without a store the one that is set.
fn embedder(store: Option<&Path>, context: &Context) -> Result<Embedder, CliError> {
    match store {
        Some(store) => context.embedder_of(&Store::open(store)?),
        None => context.embedder(),
    }
}

fn embed(catalogue: &Catalogue, store: Option<&Path>, context: &Context) -> Result<Embeddings, CliError> {
    let mut embedder = embedder(store, context)?;
    let mut counter = context.counter("Embedding the items", catalogue.len() as u64);
    let vectors = LLMFeatureExtractor::new(&mut embedder).items(catalogue, &mut |more| {
        counter.advance(more as u64);
        context.flow()
    })?;
    Ok(vectors)
}

fn show(evaluations: &[Evaluation], context: &mut Context) -> Result<(), CliError> {
    if context.json {
        return evaluations.iter().try_for_each(|evaluation| context.json_line(evaluation));
    }
    context.show(&show::table(evaluations))
}
