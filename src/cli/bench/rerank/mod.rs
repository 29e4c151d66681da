//! `docent bench rerank`: how long ranking, explaining and describing take; for a server of llama.cpp, too, if one is
//! named: both do the same work by turns.

mod peer;
mod work;

use std::path::PathBuf;

use clap::Args;
use docent::engine::EngineOptions;
use serde::Serialize;

use super::{median, spread};
use crate::cli::{
    CliError, Context,
    plot::{self, Bar},
};
use peer::Peer;
use work::{Bench, Sample, Test};

#[derive(Args, Debug)]
pub(crate) struct BenchRerankArgs {
    /// Films that are ranked, and explained to each person
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    candidates: u16,
    /// Tokens of each explanation, and of a ranking that is written
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u16).range(2..=512))]
    tokens: u16,
    /// Explanations of one person that are asked for at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    in_flight: u16,
    /// People who ask for explanations at the same time
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=64))]
    clients: u16,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Measure only these; given once for each
    #[arg(long = "test", value_name = "TEST", value_enum)]
    tests: Vec<Test>,
    /// Do not guess tokens from what stands before: what guessing gains is the difference
    #[arg(long)]
    no_guessing: bool,
    /// A server of llama.cpp with the same model, such as `http://127.0.0.1:8080`, that is measured on the same work
    #[arg(long, value_name = "URL")]
    peer: Option<String>,
    /// Also draw the figures to this SVG file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// One test on one engine.
#[derive(Serialize)]
struct Line {
    test: Test,
    engine: &'static str,
    model: String,
    candidates: usize,
    tokens: usize,
    in_flight: usize,
    clients: usize,
    guessing: bool,
    /// Of each repetition.
    seconds: Vec<f64>,
    /// The 99th percentile of the time to the first token in each repetition; of tests that write texts only.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_p99: Option<Vec<f64>>,
    /// Seconds a token within a schema, over seconds a token without; of the test `json` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_of_schema: Option<f64>,
    /// How many times as long the peer took, by the medians.
    #[serde(skip_serializing_if = "Option::is_none")]
    times_peer: Option<f64>,
}

/// Measures and prints.
///
/// # Errors
/// If the model cannot be loaded, prompts exceed its context or cache, the peer does not answer, or the plot cannot be
/// written.
pub(crate) fn run(args: &BenchRerankArgs, context: &mut Context) -> Result<(), CliError> {
    let options = context.settings.engine_options();
    let engine = context.engine_with(&EngineOptions {
        kv_positions: options.kv_positions.max(16_384),
        speculate: !args.no_guessing,
        ..options
    })?;
    let peer = args.peer.as_deref().map(Peer::new);
    let tests = if args.tests.is_empty() { Test::ALL.to_vec() } else { args.tests.clone() };
    let mut counter = context.counter("measured", u64::from(args.repeat) * tests.len() as u64);
    let bench = Bench {
        engine: &engine,
        candidates: usize::from(args.candidates),
        tokens: usize::from(args.tokens),
        in_flight: usize::from(args.in_flight),
        clients: usize::from(args.clients),
        guessing: !args.no_guessing,
    };
    bench.warm_up(peer.as_ref())?;
    let mut lines = Vec::new();
    for test in tests {
        let mut ours = Vec::new();
        let mut theirs = Vec::new();
        for round in 0..args.repeat as usize {
            ours.push(bench.run(test, round)?);
            if let Some(peer) = &peer {
                theirs.extend(bench.run_peer(test, round, peer)?);
            }
            counter.advance(1);
        }
        let times_peer = (!theirs.is_empty()).then(|| middle(&theirs) / middle(&ours));
        lines.push(line(&bench, test, "docent", &ours, times_peer, context));
        if !theirs.is_empty() {
            lines.push(line(&bench, test, "peer", &theirs, None, context));
        }
    }
    drop(counter);
    for line in &lines {
        if context.json { context.json_line(line)? } else { context.line(told(line))? }
    }
    match &args.svg {
        Some(path) => plot::write(path, "seconds", &lines.iter().map(bar).collect::<Vec<_>>()),
        None => Ok(()),
    }
}

fn middle(samples: &[Sample]) -> f64 {
    median(samples.iter().map(|sample| sample.whole).collect())
}

fn line(
    bench: &Bench<'_>,
    test: Test,
    engine: &'static str,
    samples: &[Sample],
    times_peer: Option<f64>,
    context: &Context,
) -> Line {
    let costs: Vec<f64> = samples.iter().filter_map(|sample| sample.cost_of_schema).collect();
    Line {
        test,
        engine,
        model: context.settings.model.clone(),
        candidates: bench.candidates,
        tokens: bench.tokens,
        in_flight: bench.in_flight,
        clients: bench.clients,
        guessing: bench.guessing,
        seconds: samples.iter().map(|sample| sample.whole).collect(),
        first_token_p99: samples.iter().map(|sample| sample.first_token_p99).collect(),
        cost_of_schema: (!costs.is_empty()).then(|| median(costs)),
        times_peer,
    }
}

fn told(line: &Line) -> String {
    let (low, high) = spread(&line.seconds);
    let mut text = format!(
        "{:12} {:6} {:>8.3} s ({low:.3} to {high:.3})",
        line.test.name(),
        line.engine,
        median(line.seconds.clone())
    );
    if let Some(first) = &line.first_token_p99 {
        text += &format!(", first tokens within {:.3} s (99 %)", median(first.clone()));
    }
    if let Some(cost) = line.cost_of_schema {
        text += &format!(", a token within a schema costs {:+.0} %", 100.0 * (cost - 1.0));
    }
    if let Some(times) = line.times_peer {
        text += &format!(", the peer takes {times:.1} times as long");
    }
    text
}

fn bar(line: &Line) -> Bar {
    let (low, high) = spread(&line.seconds);
    Bar { name: format!("{}, {}", line.test.name(), line.engine), value: median(line.seconds.clone()), low, high }
}
