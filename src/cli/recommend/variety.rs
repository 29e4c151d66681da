//! How varied a list should be.

use clap::{Args, ValueEnum};
use docent::recommend::diversify::Diversity;

/// How varied a list should be.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct VarietyArgs {
    /// How much the variety of the list counts, from 0 (not at all) to 1 (alone)
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = share, conflicts_with = "fair")]
    pub(crate) diversity: f32,
    /// What makes a list varied
    #[arg(long, value_enum, value_name = "WAY", default_value_t = Way::Mmr, requires = "diversity")]
    pub(crate) diversify: Way,
}

/// What makes a list varied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// Maximal marginal relevance: no item is like one before it
    #[default]
    Mmr,
    /// A determinantal point process: the items together span much
    Dpp,
    /// Categories in the proportions of the history's
    Calibrated,
}

impl From<Way> for Diversity {
    fn from(way: Way) -> Self {
        match way {
            Way::Mmr => Diversity::Mmr,
            Way::Dpp => Diversity::Dpp,
            Way::Calibrated => Diversity::Calibrated,
        }
    }
}

/// A number from 0 to 1.
///
/// # Errors
/// If it is none.
pub(crate) fn share(text: &str) -> Result<f32, String> {
    let number = text.parse::<f32>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| "expected a number from 0 to 1".into())
}
