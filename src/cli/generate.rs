//! `docent generate`: continues a prompt, streamed as it comes; freely, or within a constraint.

use std::{ffi::OsString, ops::ControlFlow};

use clap::{Args, builder::NonEmptyStringValueParser};
use docent::{
    engine::{Constraint, FinishReason, Generation, Priority, Request, Sampling},
    recommend::counted,
};
use serde::Serialize;
use serde_json::Value;

use super::{
    CliError, Context,
    input::{PromptArgs, Source, describe},
    recommend::share,
};

#[derive(Args, Debug)]
pub(crate) struct GenerateArgs {
    #[command(flatten)]
    prompt: PromptArgs,
    /// The most tokens to generate
    #[arg(long, value_name = "N", default_value_t = 128)]
    max_tokens: usize,
    /// Divides the logits; 0 takes the likeliest token
    #[arg(long, value_name = "X", default_value_t = Sampling::default().temperature, value_parser = temperature)]
    temperature: f32,
    /// Draws among the K likeliest tokens; 0 draws among all
    #[arg(long, value_name = "K", default_value_t = Sampling::default().top_k)]
    top_k: usize,
    /// Draws among the likeliest tokens that reach probability P together
    #[arg(long, value_name = "P", default_value_t = Sampling::default().top_p, value_parser = share)]
    top_p: f32,
    /// Draws among the tokens at least P times as likely as the likeliest
    #[arg(long, value_name = "P", default_value_t = Sampling::default().min_p, value_parser = share)]
    min_p: f32,
    /// Makes tokens that were seen less likely, if more than 1
    #[arg(long, value_name = "X", default_value_t = Sampling::default().repetition_penalty, value_parser = penalty)]
    repetition_penalty: f32,
    /// Decides what is drawn: same seed, same text
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// A text that ends the generation and is not part of it; may be given several times
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    stop: Vec<String>,
    /// Go on after the token that ends a text
    #[arg(long)]
    ignore_eos: bool,
    #[command(flatten)]
    constraint: ConstraintArgs,
}

/// A finite number, of which more is asked.
fn number(text: &str, fits: impl Fn(f32) -> bool, expected: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|number| number.is_finite() && fits(*number));
    number.ok_or_else(|| format!("expected {expected}"))
}

fn temperature(text: &str) -> Result<f32, String> {
    number(text, |number| number >= 0.0, "a number from 0")
}

fn penalty(text: &str) -> Result<f32, String> {
    number(text, |number| number > 0.0, "a number above 0")
}

/// What the text may be.
#[derive(Args, Debug)]
#[group(multiple = false)]
struct ConstraintArgs {
    /// Write JSON by the JSON Schema in this file; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    schema: Option<OsString>,
    /// Write what this regular expression describes from beginning to end
    #[arg(long, value_name = "PATTERN", allow_hyphen_values = true)]
    regex: Option<String>,
    /// Write one of these texts; given once for each
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    choice: Vec<String>,
}

impl ConstraintArgs {
    fn read(&self) -> Result<Option<Constraint>, CliError> {
        if let Some(file) = &self.schema {
            let source = Source::from(file.clone());
            let unfit = |fault: String| {
                let problem = format!("{source} holds no JSON schema: {fault}");
                CliError::usage(problem, "write it as JSON, such as `{\"type\": \"object\"}`")
            };
            let schema: Value = serde_json::from_str(&source.text()?).map_err(|error| unfit(error.to_string()))?;
            // True and false are schemas, too: of anything and of nothing.
            return match schema.is_object() || schema.is_boolean() {
                true => Ok(Some(Constraint::Json(schema))),
                false => Err(unfit(format!("it is {}, expected an object", describe(Some(&schema))))),
            };
        }
        let choices = || (!self.choice.is_empty()).then(|| Constraint::OneOf(self.choice.clone()));
        Ok(self.regex.clone().map(Constraint::Regex).or_else(choices))
    }
}

impl GenerateArgs {
    fn request(&self, prompt: Vec<u32>) -> Result<Request, CliError> {
        Ok(Request {
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
            constraint: self.constraint.read()?,
            priority: Priority::High,
        })
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
    let engine = context.engine()?;
    let request = args.request(engine.tokenize(&prompt)?)?;
    context.catch_interrupts();
    let mut shown = Ok(());
    let generations = engine.stream(std::slice::from_ref(&request), &mut |event| {
        if !context.json && !event.token.text.is_empty() {
            shown = context.show(&event.token.text);
        }
        if shown.is_err() || context.is_interrupted() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    shown?;
    let warning = generations.iter().find_map(|generation| cut(generation, &request, context.json));
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
    if let Some(warning) = warning {
        context.status(format_args!("warning: cut short {warning}"));
    }
    if context.is_interrupted() { Err(CliError::Interrupted) } else { Ok(()) }
}

/// Where a text was cut, if that must be told: what a constraint may miss, and the end of the context, which JSON tells by
/// its numbers.
fn cut(generation: &Generation, request: &Request, json: bool) -> Option<String> {
    let written = generation.ids.len();
    let constraint = match request.constraint {
        Some(_) => " before the end of the constraint, which the text may not fulfil",
        None => "",
    };
    match generation.finish_reason {
        FinishReason::Length if written < request.max_tokens && !(json && constraint.is_empty()) => {
            let whole = request.prompt.len() + written;
            Some(format!("at the end of the context, with {}{constraint}", counted(whole, "token", "tokens")))
        }
        FinishReason::Length if written >= request.max_tokens && !constraint.is_empty() => {
            Some(format!("by `--max-tokens {}`{constraint}", request.max_tokens))
        }
        _ => None,
    }
}
