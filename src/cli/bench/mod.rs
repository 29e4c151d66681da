//! `docent bench`: how fast this machine runs a model.

pub(crate) mod generate;
mod index;
mod rerank;

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
    /// Making a store of invented items and interactions, adding to it, and recommending from it
    Index(index::BenchIndexArgs),
    /// Ranking, explaining and describing for made-up people, as the recommender does it
    Rerank(rerank::BenchRerankArgs),
}

/// Measures and prints.
///
/// # Errors
/// If a model cannot be loaded, its context or cache is exceeded, a peer does not answer, or the plot cannot be written.
pub(crate) fn run(args: &BenchArgs, context: &mut Context) -> Result<(), CliError> {
    match &args.what {
        What::Generate(args) => generate::run(args, context),
        What::Index(args) => index::run(args, context),
        What::Rerank(args) => rerank::run(args, context),
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// The smallest and the largest.
fn spread(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, 0.0), |(low, high), value| (low.min(*value), high.max(*value)))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(super::median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(super::median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
