//! A judge's scores beside those of the stages before it.

use crate::recommend::{Candidate, Source, SourceScore, retrieve::standardize};

/// Standardizes the candidates' scores and the judge's within the list, adds `weight` times the judge's, and sorts: best
/// first, equal ones in their old order. Each candidate also keeps what the judge said, under the name of `source`.
/// Candidates without a judge's score count as if it were 0.
pub fn fuse(mut candidates: Vec<Candidate>, source: Source, judged: &[f32], weight: f32) -> Vec<Candidate> {
    let mut first: Vec<f32> = candidates.iter().map(|candidate| candidate.score).collect();
    let mut judged = judged.to_vec();
    judged.resize(candidates.len(), 0.0);
    let mut second = judged.clone();
    standardize(&mut first);
    standardize(&mut second);
    for (place, candidate) in candidates.iter_mut().enumerate() {
        candidate.score = first[place] + weight * second[place];
        candidate.sources.push(SourceScore { source, value: judged[place] });
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::rerank::Mode;

    fn candidates() -> Vec<Candidate> {
        let of = |(item, score)| Candidate { item, score, sources: Vec::new() };
        [(5, 9.0), (6, 8.9), (7, 1.0)].map(of).to_vec()
    }

    fn order(candidates: &[Candidate]) -> Vec<usize> {
        candidates.iter().map(|candidate| candidate.item).collect()
    }

    #[test]
    fn scores_move_candidates_by_their_weight() {
        let judged = [-9.0, -1.0, -5.0];
        assert_eq!(order(&fuse(candidates(), Source::LanguageModel(Mode::Likelihood), &judged, 0.0)), [5, 6, 7]);
        let reranked = fuse(candidates(), Source::LanguageModel(Mode::Likelihood), &judged, 0.1);
        assert_eq!(reranked[0].sources, [SourceScore { source: Source::LanguageModel(Mode::Likelihood), value: -1.0 }]);
        assert_eq!(order(&reranked), [6, 5, 7]);
    }

    #[test]
    fn equal_or_missing_scores_leave_the_order_as_it_was() {
        for judged in [&[2.0, 2.0, 2.0][..], &[]] {
            let fused = fuse(candidates(), Source::CrossEncoder, judged, 5.0);
            assert_eq!(order(&fused), [5, 6, 7]);
            assert!(fused.iter().all(|candidate| candidate.score.is_finite()));
        }
        assert!(fuse(Vec::new(), Source::CrossEncoder, &[], 1.0).is_empty());
    }
}
