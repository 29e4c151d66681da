//! `docent tokenize`: the text and the token ids that a language model sees.

use clap::Args;
use serde::Serialize;

use super::{CliError, Context, input::PromptArgs};

#[derive(Args, Debug)]
pub(crate) struct TokenizeArgs {
    #[command(flatten)]
    prompt: PromptArgs,
}

#[derive(Serialize)]
struct Output<'a> {
    text: &'a str,
    ids: &'a [u32],
}

/// Prints ids and text, or a line for each token.
///
/// # Errors
/// If the prompt cannot be read, or the model's files cannot, or it lacks a chat template.
pub(crate) fn run(args: &TokenizeArgs, context: &mut Context) -> Result<(), CliError> {
    let prompt = args.prompt.read()?;
    let prompts = context.prompts()?;
    let (text, ids) = prompts.render(&prompt)?;
    if context.json {
        return context.json_line(&Output { text: &text, ids: &ids });
    }
    for id in ids {
        context.line(format_args!("{id:>8}  {:?}", prompts.tokenizer().token(id).unwrap_or_default()))?;
    }
    Ok(())
}
