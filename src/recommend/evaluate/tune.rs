//! Choosing by the validation items, and by nothing else.

use rayon::prelude::*;

use super::{Metric, Split, rank};
use crate::recommend::retrieve::{Query, Retriever};

/// The mean NDCG@10 of a retriever on the validation cases.
pub fn validate(retriever: &dyn Retriever, split: &Split) -> f64 {
    let cases = split.validation();
    let value = |&case: &_| {
        let history = split.history(case);
        let scores = retriever.scores(&Query::of(history));
        let mut open = vec![true; scores.len()];
        history.iter().for_each(|event| open[event.item] = false);
        Metric::Ndcg10.at(rank(&scores, &open, split.target(case)))
    };
    let values: Vec<f64> = cases.par_iter().map(value).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The retriever that does best on the validation cases, with what it was made from; the first of equals.
pub fn choose<P, R: Retriever>(made: impl IntoIterator<Item = (P, R)>, split: &Split) -> Option<(P, R)> {
    let judged = made.into_iter().map(|(options, retriever)| (validate(&retriever, split), options, retriever));
    let best = judged.reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, options, retriever)| (options, retriever))
}
