//! `docent train`: learns from a store's interactions, and keeps what it has learned in the store.

mod align;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::{Args, Subcommand};
use docent::recommend::{
    self, Recommender, Store, StoreWriter,
    evaluate::{Holdout, Split, Ties, learn_weight},
    hybrid::{HYBRID, Hybrid, Progress, RERANK, Ranker, RerankWeight, learn_hybrid},
    signals::Signals,
    store::{CATALOGUE, EMBEDDINGS, INTERACTIONS},
};
use serde::Serialize;

use super::{
    CliError, Context,
    progress::Counter,
    recommend::{JudgeArgs, judge},
};

/// Arguments of `docent train`.
#[derive(Args, Clone, Debug)]
pub(crate) struct TrainArgs {
    #[command(subcommand)]
    model: Model,
}

#[derive(Clone, Debug, Subcommand)]
enum Model {
    /// The HybridFeatureModel and the weights of retrieval
    Hybrid {
        /// Folder of the store
        store: PathBuf,
        #[command(flatten)]
        judge: JudgeArgs,
        /// Decides every draw
        #[arg(long, value_name = "S", default_value_t = 0)]
        seed: u64,
    },
    /// The soft prompts of A-LLMRec, that tell a language model what behaviour says of users and items
    Align(align::AlignArgs),
}

#[derive(Serialize)]
struct Report<'a> {
    store: &'a Path,
    /// How much of the HybridFeatureModel counts beside the linear score; 0 if it does not help on validation items.
    hybrid_feature_model: f32,
    /// Elements of the items' vectors that the model sees.
    llm_features: usize,
    /// How much the reranker's scores count; `None` if none was named.
    rerank: Option<f32>,
}

/// Runs the command.
///
/// # Errors
/// If an argument says nothing about the reranker, the store is missing, damaged or being written, there are too few
/// interactions, or a model fails.
pub(crate) fn run(args: &TrainArgs, context: &mut Context) -> Result<(), CliError> {
    context.catch_interrupts();
    let (store, judge, seed) = match &args.model {
        Model::Hybrid { store, judge, seed } => (store, judge, seed),
        Model::Align(args) => return align::run(args, context),
    };
    judge.check()?;
    let (trained, hybrid) = train(store, *seed, context)?;
    let rerank = weigh(&trained, judge, hybrid.clone(), *seed, context)?;
    let residual = hybrid.residual.as_ref();
    let (share, llm) = residual.map_or((0.0, 0), |(model, share)| (*share, model.config().llm));
    if context.json {
        return context.json_line(&Report { store, hybrid_feature_model: share, llm_features: llm, rerank });
    }
    let found = match (share, llm) {
        (0.0, _) => "the model does not help on validation items: the linear weights rank alone".into(),
        (share, 0) => format!("the model counts {share} beside the linear weights, without the items' vectors"),
        (share, llm) => format!("the model counts {share} beside the linear weights, with {llm} vector elements"),
    };
    context.status(format_args!("Trained {}: {found}", store.display()));
    if let Some(weight) = rerank {
        context.status(format_args!("The reranker's scores count {weight}"));
    }
    Ok(())
}

/// Learns on everybody's last interaction what a reranker may count, and keeps it; nothing if none is named.
fn weigh(
    store: &Store,
    args: &JudgeArgs,
    hybrid: Hybrid,
    seed: u64,
    context: &Context,
) -> Result<Option<f32>, CliError> {
    let Some(mode) = args.mode else { return Ok(None) };
    let known = Recommender::open(store)?;
    let Some(mut judge) = judge::load(args, &known, context)? else { return Ok(None) };
    let mut writer = StoreWriter::update_with(store, &[CATALOGUE, INTERACTIONS, EMBEDDINGS, HYBRID])?;
    let identity = judge.identity();
    let split = Split::new(known.interactions(), known.catalogue().len(), Holdout::Last(0), Ties::Id, seed);
    let signals = Signals::fit(&split.fitted(), known.catalogue(), known.semantic().cloned())?;
    let ranker = Ranker { signals: Arc::new(signals), hybrid: Arc::new(hybrid), second_stage: true };
    let mut scorer = judge.scorer(known.catalogue());
    let mut counter = None;
    let weight = learn_weight(&ranker, &split, &mut *scorer, seed, &mut |done, all| {
        let counter = counter.get_or_insert_with(|| context.counter("scoring validation lists", all as u64));
        if done > 0 {
            counter.advance(1);
        }
        if context.is_interrupted() { Err(recommend::Error::Interrupted) } else { Ok(()) }
    })?;
    let model = args.reranker.clone().unwrap_or_else(|| context.settings.model.clone());
    let mut weights = known.rerank_weights().clone();
    weights.0.insert(mode.source().name().to_owned(), RerankWeight { model, identity, weight });
    writer.put(RERANK, &weights.to_bytes()?)?;
    writer.commit()?;
    Ok(Some(weight))
}

/// Trains and keeps what was learned; the store as it is then.
///
/// # Errors
/// If the store is missing, damaged or being written, there are too few interactions, or a model fails.
pub(crate) fn train(path: &Path, seed: u64, context: &Context) -> Result<(Store, Hybrid), CliError> {
    Store::open(path)?;
    let mut writer = StoreWriter::create_or_update(path)?;
    let store = writer.current().cloned().map_or_else(|| Store::open(path), Ok)?;
    let known = Recommender::untrained(&store)?;
    let mut bar = Bar { context, counter: None, what: "" };
    let learned = learn_hybrid(known.catalogue(), known.interactions(), known.semantic(), seed, &mut |state| {
        bar.show(state);
        context.flow()
    });
    drop(bar);
    let hybrid = learned?;
    let before = writer.manifest().components.get(HYBRID).cloned();
    writer.put(HYBRID, &hybrid.to_bytes()?)?;
    if writer.manifest().components.get(HYBRID) != before.as_ref() || store.component(RERANK).is_err() {
        // What rerankers count was learned beside the model that was there; what is damaged counts nothing.
        writer.remove(RERANK);
    }
    Ok((writer.commit()?, hybrid))
}

/// What training shows.
struct Bar<'a> {
    context: &'a Context,
    counter: Option<Counter>,
    what: &'static str,
}

impl Bar<'_> {
    fn show(&mut self, state: Progress) {
        let (what, done, all) = match state {
            Progress::Moments(done, all) => ("gathering moments", done, all),
            Progress::Steps(done, all) => ("training", done, all),
            Progress::Validated(value) => return tracing::info!(value, "log-likelihood of the validation items"),
        };
        if self.what != what || done == 0 {
            self.counter = Some(self.context.counter(what, all as u64));
            self.what = what;
        }
        if let (Some(counter), true) = (&mut self.counter, done > 0) {
            counter.advance(1);
        }
    }
}
