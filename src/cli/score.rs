//! `docent score`: exact log-likelihoods of a prompt, of what may come next, and of continuations.

use clap::Args;
use docent::engine::{Engine, Scores, Scoring};
use serde::Serialize;

use super::{CliError, Context, input::PromptArgs};

#[derive(Args, Debug)]
pub(crate) struct ScoreArgs {
    #[command(flatten)]
    prompt: PromptArgs,
    /// A text that may follow the prompt; may be given several times
    #[arg(long = "continuation", value_name = "TEXT", allow_hyphen_values = true)]
    continuations: Vec<String>,
    /// How many of the likeliest next tokens to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
}

#[derive(Serialize)]
struct Output {
    prompt_ids: Vec<u32>,
    prompt_logprobs: Vec<f32>,
    next_top: Vec<Next>,
    continuations: Vec<Continuation>,
}

#[derive(Serialize)]
struct Next {
    id: u32,
    token: String,
    logprob: f32,
}

#[derive(Serialize)]
struct Continuation {
    text: String,
    ids: Vec<u32>,
    logprobs: Vec<f32>,
    sum: f64,
}

/// Prints the log-likelihoods, in nats.
///
/// # Errors
/// If the prompt cannot be read, the model cannot be loaded, or its context or cache is exceeded.
pub(crate) fn run(args: &ScoreArgs, context: &mut Context) -> Result<(), CliError> {
    let prompt = args.prompt.read()?;
    let engine = context.engine()?;
    let tokenized = args.continuations.iter().map(|text| engine.tokenize_continuation(text));
    let scoring = Scoring {
        continuations: tokenized.collect::<Result<_, _>>()?,
        prefix: engine.tokenize(&prompt)?,
        score_prefix: true,
        top: args.top,
        ..Scoring::default()
    };
    let scores = engine.score(&scoring)?;
    let output = output(&engine, args, scoring, scores);
    if context.json { context.json_line(&output) } else { print(&engine, &output, context) }
}

fn output(engine: &Engine, args: &ScoreArgs, scoring: Scoring, scores: Scores) -> Output {
    let next = |(id, logprob)| Next { id, token: piece(engine, id), logprob };
    let scored = args.continuations.iter().zip(scoring.continuations).zip(scores.continuations);
    let continuation = |((text, ids), logprobs): ((&String, _), Vec<f32>)| Continuation {
        text: text.clone(),
        ids,
        // From 0: an empty sum of floats is -0.
        sum: logprobs.iter().copied().map(f64::from).fold(0.0, |sum, logprob| sum + logprob),
        logprobs,
    };
    Output {
        prompt_ids: scoring.prefix,
        prompt_logprobs: scores.prefix,
        next_top: scores.next_top.into_iter().map(next).collect(),
        continuations: scored.map(continuation).collect(),
    }
}

fn piece(engine: &Engine, id: u32) -> String {
    engine.tokenizer().token(id).unwrap_or_default()
}

fn print(engine: &Engine, output: &Output, context: &mut Context) -> Result<(), CliError> {
    let mut rows = |title: &str, ids: &[u32], logprobs: &[f32]| {
        context.line(title)?;
        for (&id, logprob) in ids.iter().zip(logprobs) {
            context.line(format_args!("{id:>8} {logprob:>10.4}  {:?}", piece(engine, id)))?;
        }
        Ok::<_, CliError>(())
    };
    rows("prompt", &output.prompt_ids, &output.prompt_logprobs)?;
    let (ids, logprobs): (Vec<u32>, Vec<f32>) = output.next_top.iter().map(|next| (next.id, next.logprob)).unzip();
    rows("next", &ids, &logprobs)?;
    for Continuation { text, ids, logprobs, sum } in &output.continuations {
        rows(&format!("continuation {text:?}: {sum:.4}"), ids, logprobs)?;
    }
    Ok(())
}
