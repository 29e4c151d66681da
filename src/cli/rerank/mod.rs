//! `docent rerank`: lines or JSON Lines in, ranked by how well they answer a query.

mod candidates;

use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use docent::{
    engine::{CrossEncoder, Relevance},
    recommend::{
        LLMReranker,
        rerank::{RerankOptions, Wish},
    },
};
use serde::Serialize;

use super::{
    CliError, Context,
    input::Source,
    lines::Id,
    recommend::{OrderArgs, Rerank},
};
use candidates::{Candidate, Format};

/// Who judges the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Cosine of the query's and the text's vectors, by `--encoder`; ranks best with the default models
    Embedding,
    /// Mean log-likelihood of a text's tokens after a prompt with the query, less that without the query, by `--model`
    Likelihood,
    /// How much likelier "yes" is than "no" when `--model` is asked about each text, in nats
    #[value(alias = "yes_no")]
    YesNo,
    /// The log-likelihood of each text's letter when `--model` is asked which one is the best; the rank, where the list is
    /// longer than what it sees at once
    #[value(alias = "first_token")]
    FirstToken,
    /// The rank in the order that `--model` writes, 20 at a time
    Listwise,
    /// The rank in a tournament in which `--model` picks the best of four
    Setwise,
    /// The rank in a merge sort in which `--model` picks the better of two
    Pairwise,
    /// Relevance from 0 to 1, by an `--encoder` with a classification head that reads query and text together
    #[value(alias = "cross_encoder")]
    CrossEncoder,
}

impl Mode {
    /// A way that is the same for a user's history; none for embeddings.
    fn rerank(self) -> Option<Rerank> {
        match self {
            Mode::Embedding => None,
            Mode::Likelihood => Some(Rerank::Likelihood),
            Mode::YesNo => Some(Rerank::YesNo),
            Mode::FirstToken => Some(Rerank::FirstToken),
            Mode::Listwise => Some(Rerank::Listwise),
            Mode::Setwise => Some(Rerank::Setwise),
            Mode::Pairwise => Some(Rerank::Pairwise),
            Mode::CrossEncoder => Some(Rerank::CrossEncoder),
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct RerankArgs {
    /// Texts, one a line, or JSON Lines with `text` (or else `title`) and, if there, `id`; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: Source,
    /// What is looked for
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    query: String,
    /// Who judges
    #[arg(long, value_enum, value_name = "MODE", default_value_t = Mode::Embedding)]
    mode: Mode,
    #[command(flatten)]
    orders: OrderArgs,
    /// How many of the best to print [default: all]
    #[arg(short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    k: Option<u32>,
    /// Format of the input [default: `jsonl` if the name ends so or the first line begins with `{`, or else `lines`]
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<Format>,
}

#[derive(Serialize)]
struct Ranked<'a> {
    index: usize,
    id: &'a Id,
    relevance_score: f32,
}

/// Prints the texts, best first, equal ones in their old order.
///
/// # Errors
/// If the query is empty, the input cannot be read or is faulty, or the model cannot be loaded or fails.
pub(crate) fn run(args: &RerankArgs, context: &mut Context) -> Result<(), CliError> {
    if args.query.trim().is_empty() {
        return Err(CliError::usage("the query is empty", "say what is looked for with `--query`"));
    }
    args.orders.check(args.mode.rerank().and_then(Rerank::mode))?;
    let candidates = candidates::read(&args.file, args.input_format)?;
    let texts: Vec<String> = candidates.iter().map(|candidate| candidate.text.clone()).collect();
    let scores = score(args, &texts, context)?;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order.truncate(args.k.map_or(usize::MAX, |k| k as usize));
    for index in order {
        let (Candidate { id, text }, relevance_score) = (&candidates[index], scores[index]);
        match context.json {
            true => context.json_line(&Ranked { index, id, relevance_score })?,
            false => context.line(format_args!("{relevance_score:>8.4}  {text}"))?,
        }
    }
    Ok(())
}

/// A score for each text, in their order; the user is told if texts are too long to be read whole.
fn score(args: &RerankArgs, texts: &[String], context: &Context) -> Result<Vec<f32>, CliError> {
    let query = args.query.as_str();
    let (scores, longer, read) = match args.mode.rerank().map(Rerank::mode) {
        None => {
            let mut embedder = context.embedder()?;
            let all: Vec<&str> = std::iter::once(query).chain(texts.iter().map(String::as_str)).collect();
            let vectors = embedder.embed(&all, &mut |_| ControlFlow::Continue(()))?;
            let mut rows = vectors.rows();
            let query = rows.next().unwrap_or_default();
            let scores = rows.map(|text| cosine(query, text)).collect();
            (scores, embedder.count_longer(texts)?, format!("{} tokens", embedder.max_length()))
        }
        Some(Some(mode)) => {
            let engine = context.engine()?;
            // Likelihoods of texts of any kind say little before what is likely anyway is taken off.
            let options = RerankOptions { calibrate: true, ..args.orders.options(mode) };
            let mut reranker = LLMReranker::new(&engine, options);
            let scores = reranker.judge(Wish::Query(query), texts)?;
            (scores, reranker.count_longer(texts)?, reranker.read_of_a_text())
        }
        Some(None) => {
            let resolved = context.resolve(context.settings.encoder())?;
            let mut encoder = CrossEncoder::load(&resolved.path, &context.settings.engine_options())?;
            let scores = encoder.score_pairs(query, texts, Relevance::Probability)?;
            (scores, encoder.count_longer(query, texts)?, format!("{} tokens", encoder.max_length()))
        }
    };
    match longer {
        0 => {}
        1 => context.status(format_args!("warning: 1 text is longer than {read}, and its end is not read")),
        _ => {
            context.status(format_args!("warning: {longer} texts are longer than {read}, and their ends are not read"));
        }
    }
    Ok(scores)
}

/// 0 if either vector is all zeros.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let norms = (dot(a, a) * dot(b, b)).sqrt();
    if norms > 0.0 { (dot(a, b) / norms) as f32 } else { 0.0 }
}
