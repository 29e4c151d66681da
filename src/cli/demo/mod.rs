//! `docent demo`: the whole way from a catalogue to explained recommendations, on the bundled sample.

mod sample;
mod show;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::Args;
use docent::{
    engine::Embeddings,
    recommend::{
        Candidate, Catalogue, HistoryItem, Interactions, LLMFeatureExtractor, LLMReranker, Recommendations,
        RecommendedItem, Roles, UnknownItems, XRecExplainer,
        explain::Planner,
        features::{VectorFile, fingerprint, item_texts},
        rerank::RerankOptions,
        retrieve::{CoOccurrence, CoOccurrenceOptions, Fused, Semantic, SemanticOptions},
    },
};

use super::{CliError, Context, progress::Counter};

/// Somebody who rated 62 films, liked some and others not.
const DEFAULT_USER: &str = "432";
/// The weight of co-occurrence: the measure of the other.
const CO_OCCURRENCE_WEIGHT: f32 = 1.0;
/// The weight of semantic similarity: on validation data anything from 0.1 to 0.4 does equally well.
const SEMANTIC_WEIGHT: f32 = 0.2;
/// How many candidates the language model scores.
const CANDIDATES: usize = 20;
/// How many items are recommended.
const RECOMMENDED: usize = 10;
/// How many of them are explained.
const EXPLAINED: usize = 3;
/// How much of the history is shown.
const SHOWN_HISTORY: usize = 10;

/// Arguments of `docent demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// User of the sample to recommend to
    #[arg(long, value_name = "ID", default_value = DEFAULT_USER)]
    user: String,
    /// Folder with the sample's `items.csv` and `ratings.csv`
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What each source counts, by its name.
type Weights = Vec<(&'static str, f32)>;

/// What a run works on.
struct Demo<'a> {
    context: &'a Context,
    catalogue: Catalogue,
    interactions: Interactions,
    user: usize,
}

/// Runs the command.
///
/// # Errors
/// If the sample is not found or damaged, there is no such user, or a model cannot be fetched or fails.
pub(crate) fn run(args: &DemoArgs, context: &mut Context) -> Result<(), CliError> {
    let demo = Demo::load(args, context)?;
    let vectors = demo.embed()?;
    let (candidates, weights) = demo.retrieve(vectors)?;
    let (best, items) = demo.rank_and_explain(candidates)?;
    let history = demo.interactions.history(demo.user);
    let shown = &history[history.len().saturating_sub(SHOWN_HISTORY)..];
    let answer = Recommendations {
        user: args.user.clone(),
        history: shown.iter().map(|event| HistoryItem::new(event, &demo.catalogue)).collect(),
        items,
    };
    if context.json {
        return context.json_line(&answer);
    }
    let text = show::page(&show::Page {
        answer: &answer,
        catalogue: &demo.catalogue,
        shown,
        best: &best,
        rated: history.len(),
        weights: &weights,
    });
    context.show(&text)
}

impl<'a> Demo<'a> {
    fn load(args: &DemoArgs, context: &'a Context) -> Result<Self, CliError> {
        let started = Instant::now();
        let folder = sample::find(args.data.as_deref())?;
        let catalogue = Catalogue::read(&folder.join(sample::ITEMS), &Roles::default())?;
        let interactions =
            Interactions::read(&folder.join(sample::RATINGS), &catalogue, UnknownItems::default(), &Roles::default())?;
        let user = interactions.user(&args.user)?;
        let (items, rows, users) = (catalogue.len(), interactions.len(), interactions.users());
        let demo = Self { context, catalogue, interactions, user };
        demo.done(&format!("Read {items} items and {rows} ratings by {users} people"), started.elapsed());
        match demo.interactions.skipped() {
            0 => {}
            skipped => context.status(format!("warning: left out {skipped} ratings of items that are not there")),
        }
        Ok(demo)
    }

    /// The catalogue's vectors: those of the last run, or new ones.
    fn embed(&self) -> Result<Embeddings, CliError> {
        let started = Instant::now();
        let texts = item_texts(&self.catalogue);
        let encoder = self.context.resolve(&self.context.settings.encoder)?.path;
        let key = fingerprint(std::iter::once(&*encoder.to_string_lossy()).chain(texts.iter().map(String::as_str)));
        let file = self.context.settings.cache.as_ref().map(|folder| VectorFile::new(folder, key, texts.len()));
        match file.as_ref().map(VectorFile::read) {
            Some(Ok(Some(vectors))) => {
                self.done("Took the items' vectors from the last run", started.elapsed());
                return Ok(vectors);
            }
            Some(Err(error)) => tracing::warn!(%error, "the items are embedded anew"),
            Some(Ok(None)) | None => {}
        }
        let mut embedder = self.context.embedder()?;
        let started = Instant::now();
        let mut counter = Counter::new("Embedding the items", texts.len() as u64, self.context.quiet);
        let mut extractor = LLMFeatureExtractor::new(&mut embedder);
        let vectors = extractor.items(&self.catalogue, &mut |done| counter.advance(done as u64))?;
        drop(counter);
        let (items, width) = (vectors.rows().len(), vectors.width);
        self.done(&format!("Embedded {items} items in {width} dimensions"), started.elapsed());
        // Without the file the next run takes longer, and nothing else is lost.
        if let Some(Err(error)) = file.map(|file| file.write(&vectors)) {
            tracing::warn!(%error, "the vectors are not kept for the next run");
        }
        Ok(vectors)
    }

    /// The best of the whole catalogue, and what each source counts.
    fn retrieve(&self, vectors: Embeddings) -> Result<(Vec<Candidate>, Weights), CliError> {
        let started = Instant::now();
        let items = self.catalogue.len();
        let neighbours = CoOccurrence::new(self.interactions.histories(), items, CoOccurrenceOptions::default());
        let semantic = Semantic::new(vectors, items, SemanticOptions::default())?;
        let fused = Fused::default().with(CO_OCCURRENCE_WEIGHT, neighbours).with(SEMANTIC_WEIGHT, semantic);
        let candidates = fused.retrieve(self.interactions.history(self.user), CANDIDATES);
        let mut weights: Weights = fused.weights().map(|(source, weight)| (source.name(), weight)).collect();
        weights.push((docent::recommend::Source::Likelihood.name(), RerankOptions::default().weight));
        self.done(&format!("Retrieved the best {} of {items} items", candidates.len()), started.elapsed());
        Ok((candidates, weights))
    }

    /// The language model's part: likelihoods of all candidates, and an explanation of the first of them.
    fn rank_and_explain(&self, candidates: Vec<Candidate>) -> Result<(Vec<Candidate>, Vec<RecommendedItem>), CliError> {
        let mut engine = self.context.engine()?;
        let started = Instant::now();
        let scored = candidates.len();
        let history = self.interactions.history(self.user);
        let mut best =
            LLMReranker::new(&mut engine, RerankOptions::default()).rerank(history, candidates, &self.catalogue)?;
        best.truncate(RECOMMENDED);
        self.done(&format!("Scored the likelihood of {scored} titles"), started.elapsed());
        let started = Instant::now();
        let first: Vec<usize> = best.iter().take(EXPLAINED).map(|candidate| candidate.item).collect();
        let plans = Planner::new(&self.catalogue, &self.interactions).plan(self.user, &first);
        let explained = XRecExplainer::new(&mut engine).explain(&plans)?;
        self.done(&format!("Explained {} of them", explained.len()), started.elapsed());
        let mut items: Vec<_> = best.iter().map(|candidate| RecommendedItem::new(candidate, &self.catalogue)).collect();
        for (item, explained) in items.iter_mut().zip(explained) {
            if let Some(rejection) = explained.rejection {
                tracing::info!(%rejection, draft = explained.draft, "an explanation was turned down");
            }
            item.explanation = Some(explained.explanation);
        }
        Ok((best, items))
    }

    /// Tells what was done and how long it took.
    fn done(&self, what: &str, took: Duration) {
        self.context.status(format_args!("{what:<56} {:>8.2} s", took.as_secs_f64()));
    }
}
