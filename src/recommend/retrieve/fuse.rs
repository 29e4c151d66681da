//! Several sources as one: each one's scores are standardized over the catalogue, weighted and summed.

use super::{Retriever, Source};
use crate::recommend::Interaction;

/// Keeps sources that score everything alike from dividing by zero.
const SMALLEST_DEVIATION: f32 = 1e-9;

/// One source's part in a candidate's score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SourceScore {
    /// Whose score.
    pub source: Source,
    /// The score as its source gave it.
    pub value: f32,
}

/// An item that was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its index in the catalogue.
    pub item: usize,
    /// What it was ranked by.
    pub score: f32,
    /// What each source said.
    pub sources: Vec<SourceScore>,
}

/// Weighted sources.
#[derive(Default)]
pub struct Fused {
    sources: Vec<(f32, Box<dyn Retriever>)>,
}

impl std::fmt::Debug for Fused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.weights()).finish()
    }
}

impl Fused {
    /// Adds a source with its weight.
    #[must_use]
    pub fn with(mut self, weight: f32, retriever: impl Retriever + 'static) -> Self {
        self.sources.push((weight, Box::new(retriever)));
        self
    }

    /// The weight of each source.
    pub fn weights(&self) -> impl Iterator<Item = (Source, f32)> {
        self.sources.iter().map(|(weight, retriever)| (retriever.source(), *weight))
    }

    /// The `k` best items that are not in the history, best first; of equal ones the first of the catalogue.
    pub fn retrieve(&self, history: &[Interaction], k: usize) -> Vec<Candidate> {
        let scores: Vec<(Source, f32, Vec<f32>)> =
            self.sources.iter().map(|(weight, r)| (r.source(), *weight, r.scores(history))).collect();
        let items = scores.first().map_or(0, |(_, _, scores)| scores.len());
        let mut fused = vec![0.0; items];
        for (_, weight, scores) in &scores {
            let mut standardized = scores.clone();
            standardize(&mut standardized);
            fused.iter_mut().zip(standardized).for_each(|(sum, score)| *sum += weight * score);
        }
        let mut open = vec![true; items];
        history.iter().for_each(|event| open[event.item] = false);
        let mut kept: Vec<usize> = (0..items).filter(|&item| open[item]).collect();
        let better = |&a: &usize, &b: &usize| fused[b].total_cmp(&fused[a]).then(a.cmp(&b));
        if k < kept.len() {
            kept.select_nth_unstable_by(k, better);
            kept.truncate(k);
        }
        kept.sort_unstable_by(better);
        let source =
            |item: usize| scores.iter().map(move |(source, _, s)| SourceScore { source: *source, value: s[item] });
        let candidate = |item| Candidate { item, score: fused[item], sources: source(item).collect() };
        kept.into_iter().map(candidate).collect()
    }
}

/// Moves scores to mean 0 and standard deviation 1; equal ones to 0.
pub fn standardize(scores: &mut [f32]) {
    let count = scores.len().max(1) as f32;
    let mean = scores.iter().sum::<f32>() / count;
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f32>() / count;
    let deviation = variance.sqrt() + SMALLEST_DEVIATION;
    scores.iter_mut().for_each(|score| *score = (*score - mean) / deviation);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    struct Fixed(Source, Vec<f32>);

    impl Retriever for Fixed {
        fn source(&self) -> Source {
            self.0
        }

        fn scores(&self, _: &[Interaction]) -> Vec<f32> {
            self.1.clone()
        }
    }

    fn history(items: &[usize]) -> Vec<Interaction> {
        items.iter().map(|&item| Interaction { user: 0, item, rating: None, timestamp: None }).collect()
    }

    #[test]
    fn sources_count_by_their_weight_whatever_their_scale() {
        let fused = Fused::default()
            .with(1.0, Fixed(Source::CoOccurrence, vec![0.0, 1000.0, 0.0, 0.0]))
            .with(2.0, Fixed(Source::Semantic, vec![0.0, 0.0, 0.0, 0.001]));
        let best = fused.retrieve(&history(&[0]), 2);
        assert_eq!(best.iter().map(|c| c.item).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(best[1].sources[0], SourceScore { source: Source::CoOccurrence, value: 1000.0 });
        assert_eq!(fused.weights().collect::<Vec<_>>(), [(Source::CoOccurrence, 1.0), (Source::Semantic, 2.0)]);
    }

    proptest! {
        #[test]
        fn the_best_unseen_items_come_in_order_each_once(
            scores in prop::collection::vec(-3i8..3, 1..30),
            seen in prop::collection::vec(0usize..30, 0..10),
            k in 0usize..40,
        ) {
            let seen: Vec<usize> = seen.into_iter().filter(|&item| item < scores.len()).collect();
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut expected: Vec<usize> = (0..scores.len()).filter(|item| !seen.contains(item)).collect();
            expected.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
            expected.truncate(k);
            let fused = Fused::default().with(1.0, Fixed(Source::Semantic, scores));
            let found: Vec<usize> = fused.retrieve(&history(&seen), k).into_iter().map(|c| c.item).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn standard_scores_have_mean_0_and_deviation_1(mut scores in prop::collection::vec(-9f32..9.0, 2..20)) {
            scores.push(20.0);
            standardize(&mut scores);
            let count = scores.len() as f32;
            prop_assert!((scores.iter().sum::<f32>() / count).abs() < 1e-4);
            prop_assert!((scores.iter().map(|s| s * s).sum::<f32>() / count - 1.0).abs() < 1e-3);
        }
    }
}
