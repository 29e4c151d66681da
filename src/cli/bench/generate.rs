//! `docent bench generate`: tokens a second of prefill and decoding.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use docent::{
    engine::{Engine, EngineOptions, Measured, Workload},
    models::{Pool, memory},
    recommend::counted,
};
use indicatif::HumanBytes;
use serde::Serialize;

use super::{median, spread};
use crate::cli::{
    CliError, Context,
    plot::{self, Bar},
};

#[derive(Args, Debug)]
pub(crate) struct BenchGenerateArgs {
    /// Tokens of each prompt
    #[arg(long, value_name = "N", default_value_t = 512)]
    prompt: u32,
    /// Tokens that each sequence generates
    #[arg(long, value_name = "N", default_value_t = 128)]
    generate: u32,
    /// Sequences that run together
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Tokens at the beginning of the prompts that all sequences share
    #[arg(long, value_name = "N", default_value_t = 0)]
    shared_prefix: u32,
    /// Position from which tokens are generated, if it is beyond the prompt
    #[arg(long, value_name = "N", default_value_t = 0)]
    depth: u32,
    /// How often everything is measured
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Also draw the figures to this SVG file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// One test.
#[derive(Serialize)]
struct Line {
    test: &'static str,
    model: String,
    format: String,
    prompt: usize,
    generate: usize,
    batch: usize,
    shared_prefix: usize,
    depth: usize,
    threads: usize,
    /// One for each repetition, over all sequences.
    tokens_per_second: Vec<f64>,
    /// The median as a part of what the machine's ceilings allow.
    ceiling_fraction: Option<f64>,
    /// Of the process, up to the end of the last repetition.
    peak_memory_bytes: Option<u64>,
    /// Seconds from the start to the first token's logits, of the median; prefill only.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_seconds: Option<f64>,
}

/// Measures and prints.
///
/// # Errors
/// If the model cannot be loaded, its context or cache is exceeded, or the plot cannot be written.
pub(crate) fn run(args: &BenchGenerateArgs, context: &mut Context) -> Result<(), CliError> {
    let work = Workload {
        prompt: args.prompt as usize,
        generate: args.generate as usize,
        batch: args.batch as usize,
        shared_prefix: args.shared_prefix as usize,
        depth: args.depth as usize,
    };
    if work.shared_prefix > work.prompt {
        let message = format!("--shared-prefix {} is longer than --prompt {}", work.shared_prefix, work.prompt);
        return Err(CliError::usage(message, "share at most the whole prompt"));
    }
    if work.prompt == 0 && work.generate == 0 {
        return Err(CliError::usage("--prompt 0 and --generate 0 leave nothing to measure", "set one of them above 0"));
    }
    let path = context.resolve(&context.settings.model)?.path;
    let options = EngineOptions { kv_positions: work.positions(), ..context.settings.engine_options() };
    let engine = Engine::load(&path, &options)?;
    let mut counter = context.counter("measured", u64::from(args.repeat) + 1);
    // The first run warms up caches, clocks and threads.
    engine.measure(&work)?;
    counter.advance(1);
    let mut runs = Vec::new();
    for _ in 0..args.repeat {
        runs.push(engine.measure(&work)?);
        counter.advance(1);
    }
    drop(counter);
    // Measuring the ceilings takes memory of its own.
    let peak = memory::peak();
    let lines = lines(&engine, &work, &runs, peak, context);
    for line in &lines {
        if context.json { context.json_line(line)? } else { print(line, context)? }
    }
    match &args.svg {
        Some(path) => plot::write(path, "tokens per second", &lines.iter().map(bar).collect::<Vec<_>>()),
        None => Ok(()),
    }
}

fn lines(engine: &Engine, work: &Workload, runs: &[Measured], peak: Option<u64>, context: &Context) -> Vec<Line> {
    let ceilings = engine.ceilings();
    let line = |test, tokens: usize, times: Vec<Duration>, floor: Option<f64>| {
        let median = median(times.iter().map(Duration::as_secs_f64).collect());
        Line {
            test,
            model: context.settings.model.clone(),
            format: engine.format().map_or_else(String::new, |format| format.to_string()),
            prompt: work.prompt,
            generate: work.generate,
            batch: work.batch,
            shared_prefix: work.shared_prefix,
            depth: work.depth,
            threads: context.settings.threads.unwrap_or_else(Pool::default_threads),
            tokens_per_second: times.iter().map(|time| tokens as f64 / time.as_secs_f64()).collect(),
            ceiling_fraction: floor.map(|floor| floor / median),
            peak_memory_bytes: peak,
            first_token_seconds: (test == "prefill").then_some(median),
        }
    };
    let mut lines = Vec::new();
    if work.prompt > 0 {
        let floor = ceilings.map(|ceilings| work.prefill_floor(engine, ceilings));
        lines.push(line("prefill", work.prefill_tokens(), runs.iter().map(|run| run.prefill).collect(), floor));
    }
    if work.generate > 0 {
        let floor = ceilings.map(|ceilings| work.decode_floor(engine, ceilings));
        lines.push(line("decode", work.decode_tokens(), runs.iter().map(|run| run.decode).collect(), floor));
    }
    lines
}

fn print(line: &Line, context: &mut Context) -> Result<(), CliError> {
    let rates = &line.tokens_per_second;
    let (low, high) = spread(rates);
    context.line(format_args!(
        "{:8} {:>9.1} tokens/s ({low:.1} to {high:.1}){}{}",
        line.test,
        median(rates.clone()),
        line.ceiling_fraction.map_or_else(String::new, |part| format!(", {:.0} % of the ceiling", 100.0 * part)),
        line.first_token_seconds.map_or_else(String::new, |time| format!(", first token after {:.1} ms", 1e3 * time)),
    ))?;
    context.line(format_args!(
        "         {} {}, {}, {} of {} shared, {} generated from depth {}, {}{}",
        line.model,
        line.format,
        counted(line.batch, "sequence", "sequences"),
        line.shared_prefix,
        counted(line.prompt, "prompt token", "prompt tokens"),
        line.generate,
        line.prompt.max(line.depth),
        counted(line.threads, "thread", "threads"),
        line.peak_memory_bytes.map_or_else(String::new, |bytes| format!(", {} at most", HumanBytes(bytes))),
    ))
}

fn bar(line: &Line) -> Bar {
    let rates = &line.tokens_per_second;
    let (low, high) = spread(rates);
    let name = format!("{} {}, {} x {}", line.test, line.format, line.batch, line.prompt.max(line.depth));
    Bar { name, value: median(rates.clone()), low, high }
}
