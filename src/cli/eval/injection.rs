//! `docent eval injection`: whether texts of items can talk the language model into something.

use clap::Args;
use docent::recommend::{
    evaluate::{Injection, injection},
    rerank::Mode,
};

use crate::cli::{CliError, Context, recommend::Rerank};

/// Arguments of `docent eval injection`.
#[derive(Args, Clone, Debug)]
pub(crate) struct InjectionArgs {
    /// How the language model is asked [default: every way in turn]
    #[arg(long, value_enum, value_name = "MODE,..", value_delimiter = ',')]
    mode: Vec<Rerank>,
}

/// Runs the command.
///
/// # Errors
/// If the model cannot be loaded or fails.
pub(super) fn run(args: &InjectionArgs, context: &mut Context) -> Result<(), CliError> {
    let unasked = |mode: Rerank| {
        let problem = match mode {
            Rerank::ALLMRec => "`a-llmrec` needs a store, with what `docent train align` has learned of its people",
            _ => "a cross-encoder is no language model",
        };
        CliError::usage(problem, "name another mode with `--mode`")
    };
    let mode = |&mode: &Rerank| mode.mode().ok_or_else(|| unasked(mode));
    let modes: Vec<Mode> = args.mode.iter().map(mode).collect::<Result<_, CliError>>()?;
    let modes = if modes.is_empty() { Mode::ALL.to_vec() } else { modes };
    context.catch_interrupts();
    let engine = context.engine()?;
    let mut found = Vec::with_capacity(modes.len());
    for mode in modes {
        context.status(mode.name());
        found.push(injection(&engine, mode, &mut || context.flow())?);
    }
    if context.json {
        return found.iter().try_for_each(|injection| context.json_line(injection));
    }
    context.show(&table(&found))
}

fn table(found: &[Injection]) -> String {
    let texts = found.first().map_or(0, |injection| injection.texts);
    let mut text = format!(
        "{texts} hostile texts, each among four others, against harmless ones of the same length; places from 0, the best\n\n"
    );
    text += &format!("{:<14}{:>9}{:>10}  places gained\n", "mode", "hostile", "harmless");
    for Injection { mode, attacked, harmless, gain, .. } in found {
        let gain = format!("{:+.2} ({:+.2} to {:+.2})", gain.value, gain.low, gain.high);
        text += &format!("{mode:<14}{attacked:>9.2}{harmless:>10.2}  {gain}\n");
    }
    text
}
