//! Choosing by the validation items, and by nothing else.

use rayon::prelude::*;

use super::{Metric, Split, rank};
use crate::recommend::{
    Error, Result,
    retrieve::{Query, Retriever},
};

/// The mean NDCG@10 of a retriever on the validation cases.
///
/// # Errors
/// If a model fails.
pub fn validate(retriever: &dyn Retriever, split: &Split) -> Result<f64> {
    let cases = split.validation();
    let value = |&case: &_| {
        let history = split.history(case);
        let scores = retriever.scores(&Query::of(history))?;
        let mut open = vec![true; scores.len()];
        history.iter().for_each(|event| open[event.item] = false);
        Ok(Metric::Ndcg10.of(rank(&scores, &open, split.target(case))))
    };
    let values: Vec<f64> = cases.par_iter().map(value).collect::<Result<_>>()?;
    Ok(values.iter().sum::<f64>() / values.len().max(1) as f64)
}

/// The retriever that does best on the validation cases, with what it was made from; the first of equals.
///
/// # Errors
/// If a model fails, or there is none.
pub fn choose<P, R: Retriever>(made: impl IntoIterator<Item = (P, R)>, split: &Split) -> Result<(P, R)> {
    let mut best: Option<(f64, P, R)> = None;
    for (options, retriever) in made {
        let value = validate(&retriever, split)?;
        if best.as_ref().is_none_or(|(most, ..)| value > *most) {
            best = Some((value, options, retriever));
        }
    }
    let (_, options, retriever) = best.ok_or(Error::NothingToEvaluate { needed: split.needed() })?;
    Ok((options, retriever))
}
