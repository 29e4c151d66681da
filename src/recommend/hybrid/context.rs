//! What sets one moment apart from another: how long the history is, how fast, when, and how kind.

use crate::recommend::{Interaction, signals::year_of};

/// How many numbers a context has.
pub(super) const CONTEXT: usize = 4;
/// How many of the latest interactions tell pace and kindness.
const LATEST: usize = 10;

/// The context after a history: the logarithms of its length and of the median seconds between its latest interactions,
/// the year, and the mean of its latest ratings, each moved and scaled to about 1. (4)
pub(super) fn context(history: &[Interaction]) -> Vec<f32> {
    let latest = &history[history.len().saturating_sub(LATEST)..];
    let mut gaps: Vec<i64> =
        latest.windows(2).filter_map(|pair| Some(pair[1].timestamp? - pair[0].timestamp?)).collect();
    gaps.sort_unstable();
    let gap = gaps.get(gaps.len() / 2).copied().unwrap_or(60).max(0);
    let year = history.last().and_then(|event| event.timestamp).map_or(0.0, |time| (year_of(time) - 2005.0) / 5.0);
    let ratings: Vec<f32> = latest.iter().filter_map(|event| event.rating).collect();
    let kindness = if ratings.is_empty() { 0.0 } else { ratings.iter().sum::<f32>() / ratings.len() as f32 - 3.5 };
    vec![((history.len() as f32 + 1.0).ln() - 4.0) / 1.5, ((gap as f32).ln_1p() - 3.0) / 2.0, year as f32, kindness]
}
