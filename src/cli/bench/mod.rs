//! `docent bench`: how fast this machine runs a model.

pub(crate) mod generate;
mod plot;

use clap::{Args, Subcommand};

use super::{CliError, Context};

#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Prefill and decoding of a language model
    Generate(generate::BenchGenerateArgs),
}

/// Measures and prints.
///
/// # Errors
/// If a model cannot be loaded, its context or cache is exceeded, or the plot cannot be written.
pub(crate) fn run(args: &BenchArgs, context: &mut Context) -> Result<(), CliError> {
    match &args.what {
        What::Generate(args) => generate::run(args, context),
    }
}
