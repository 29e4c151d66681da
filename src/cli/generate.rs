//! `docent generate`: continues a prompt, streamed as it comes.

use std::ops::ControlFlow;

use clap::Args;
use docent::engine::{FinishReason, Request, Sampling};
use serde::Serialize;

use super::{CliError, Context, input::PromptArgs};

#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    prompt: PromptArgs,
    /// The most tokens to generate
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_tokens: usize,
    /// Divides the logits; 0 takes the likeliest token
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Sampling::default().temperature)]
    temperature: f32,
    /// Draws among the K likeliest tokens; 0 draws among all
    #[arg(long, value_name = "K", default_value_t = Sampling::default().top_k)]
    top_k: usize,
    /// Draws among the likeliest tokens that reach probability P together
    #[arg(long, value_name = "P", allow_negative_numbers = true, default_value_t = Sampling::default().top_p)]
    top_p: f32,
    /// Draws among the tokens at least P times as likely as the likeliest
    #[arg(long, value_name = "P", allow_negative_numbers = true, default_value_t = Sampling::default().min_p)]
    min_p: f32,
    /// Makes tokens that were seen less likely, if more than 1
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Sampling::default().repetition_penalty)]
    repetition_penalty: f32,
    /// Decides what is drawn: same seed, same text
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// A text that ends the generation and is not part of it; may be given several times
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    stop: Vec<String>,
    /// Go on after the token that ends a text
    #[arg(long)]
    ignore_eos: bool,
}

impl GenerateArgs {
    fn request(&self, prompt: Vec<u32>) -> Request {
        Request {
            prompt,
            max_tokens: self.max_tokens,
            sampling: Sampling {
                temperature: self.temperature,
                top_k: self.top_k,
                top_p: self.top_p,
                min_p: self.min_p,
                repetition_penalty: self.repetition_penalty,
            },
            seed: self.seed,
            stop: self.stop.clone(),
            ignore_eos: self.ignore_eos,
        }
    }
}

#[derive(Serialize)]
struct Output {
    prompt_ids: Vec<u32>,
    ids: Vec<u32>,
    text: String,
    finish_reason: FinishReason,
}

/// Streams the text, or prints all of it as JSON. An interrupt ends it after the current token.
///
/// # Errors
/// If the prompt cannot be read, the model cannot be loaded, a parameter is out of range, or context or cache is
/// exceeded.
pub(crate) fn run(args: &GenerateArgs, context: &mut Context) -> Result<(), CliError> {
    let prompt = args.prompt.read()?;
    let mut engine = context.engine()?;
    let request = args.request(engine.tokenize(&prompt)?);
    context.catch_interrupts();
    let mut shown = Ok(());
    let generations = engine.generate(std::slice::from_ref(&request), &mut |event| {
        if !context.json && !event.text.is_empty() {
            shown = context.show(event.text);
        }
        if shown.is_err() || context.is_interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    shown?;
    if context.json {
        for generation in generations {
            context.json_line(&Output {
                prompt_ids: request.prompt.clone(),
                ids: generation.ids,
                text: generation.text,
                finish_reason: generation.finish_reason,
            })?;
        }
    } else {
        context.line("")?;
    }
    if context.is_interrupted() { Err(CliError::Interrupted) } else { Ok(()) }
}
