//! What the language model adds to a ranking, by a weight that validation must justify.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;

use super::{Estimate, Metric, Split};
use crate::recommend::{
    CandidateScorer, Interaction, Result,
    draw::shuffle,
    retrieve::{Query, Retriever, best, standardize},
};

/// How many of the first stage's best the language model scores.
pub const RERANKED: usize = 20;
/// Users whose validation items decide: each costs a language model's step or two.
const ASKED: usize = 300;
/// The weights that are tried, beside a first stage of weight 1.
const WEIGHTS: [f32; 5] = [0.05, 0.1, 0.2, 0.5, 1.0];

/// How likelihoods enter a ranking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LanguagePart {
    /// They alone decide.
    Alone,
    /// Standardized, times this weight, they are added to the standardized scores of the first stage's best.
    Beside(f32),
}

impl LanguagePart {
    /// Puts the best open items into the order that the language model makes of them. They share out among them the
    /// scores that they had, so that all other items keep their places. Where the model decides alone, it scores all open
    /// items: the first stage's scores say nothing beside its own.
    ///
    /// # Errors
    /// If the model fails.
    pub(super) fn rerank(
        self,
        scores: &mut [f32],
        history: &[Interaction],
        open: &[bool],
        scorer: &mut dyn CandidateScorer,
    ) -> Result<()> {
        if self == LanguagePart::Beside(0.0) {
            return Ok(());
        }
        let count = match self {
            LanguagePart::Alone => scores.len(),
            LanguagePart::Beside(_) => RERANKED,
        };
        let candidates = best(scores, count, |item| open[item]);
        let likelihoods = scorer.score(history, None, &candidates)?;
        let first: Vec<f32> = candidates.iter().map(|&item| scores[item]).collect();
        let order = order(&first, &likelihoods, self);
        match self {
            LanguagePart::Alone => candidates.iter().zip(likelihoods).for_each(|(&item, value)| scores[item] = value),
            LanguagePart::Beside(_) => order.iter().zip(first).for_each(|(&at, score)| scores[candidates[at]] = score),
        }
        Ok(())
    }
}

/// The places of candidates, best first: by first-stage scores (descending) and likelihoods.
fn order(first: &[f32], likelihoods: &[f32], part: LanguagePart) -> Vec<usize> {
    let (mut first, mut second) = (first.to_vec(), likelihoods.to_vec());
    standardize(&mut first);
    standardize(&mut second);
    let joined: Vec<f32> = match part {
        LanguagePart::Alone => second,
        LanguagePart::Beside(weight) => first.iter().zip(&second).map(|(a, b)| a + weight * b).collect(),
    };
    let mut order: Vec<usize> = (0..joined.len()).collect();
    order.sort_by(|&a, &b| joined[b].total_cmp(&joined[a]));
    order
}

/// The weight that raises NDCG@10 on the validation cases most, if its interval excludes 0; otherwise none. Asks at most
/// 300 users, drawn by `seed`; `progress` hears how many are done, of how many.
///
/// # Errors
/// If the model or `progress` fails.
pub fn learn_weight(
    ranker: &dyn Retriever,
    split: &Split,
    scorer: &mut dyn CandidateScorer,
    seed: u64,
    progress: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<f32> {
    let mut cases = split.validation();
    shuffle(&mut cases, &mut ChaCha8Rng::seed_from_u64(seed));
    cases.truncate(ASKED);
    let list = |&case: &_| {
        let history = split.history(case);
        let scores = ranker.scores(&Query::of(history))?;
        let mut open = vec![true; scores.len()];
        history.iter().for_each(|event| open[event.item] = false);
        let candidates = best(&scores, RERANKED, |item| open[item]);
        let first: Vec<f32> = candidates.iter().map(|&item| scores[item]).collect();
        let target = candidates.iter().position(|&item| item == split.target(case));
        Ok((case, candidates, first, target))
    };
    let lists: Vec<_> = cases.par_iter().map(list).collect::<Result<_>>()?;
    // Where the target is not among the candidates no order of theirs matters.
    let (mut gains, mut users) = (vec![Vec::new(); WEIGHTS.len()], Vec::new());
    for (done, (case, candidates, first, target)) in lists.iter().enumerate() {
        progress(done, lists.len())?;
        users.push(case.user);
        let Some(target) = *target else {
            gains.iter_mut().for_each(|gains| gains.push(0.0));
            continue;
        };
        let likelihoods = scorer.score(split.history(*case), None, candidates)?;
        let value = |weight: f32| {
            let order = order(first, &likelihoods, LanguagePart::Beside(weight));
            let rank = order.iter().position(|&at| at == target).unwrap_or(RERANKED);
            Metric::Ndcg10.at(rank)
        };
        let without = value(0.0);
        gains.iter_mut().zip(WEIGHTS).for_each(|(gains, weight)| gains.push(value(weight) - without));
    }
    let judged = WEIGHTS.into_iter().zip(&gains).map(|(weight, gains)| (weight, Estimate::of(gains, &users)));
    let best = judged.reduce(|best, next| if next.1.value > best.1.value { next } else { best });
    Ok(best.filter(|(_, gain)| gain.low > 0.0).map_or(0.0, |(weight, _)| weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{
        Interactions,
        evaluate::{Holdout, Ties},
        retrieve::Source,
    };

    /// Likes items by a fixed opinion, whatever the history.
    struct Opinion(Vec<f32>);

    impl CandidateScorer for Opinion {
        fn score(&mut self, _: &[Interaction], _: Option<&str>, candidates: &[usize]) -> Result<Vec<f32>> {
            Ok(candidates.iter().map(|&item| self.0[item]).collect())
        }
    }

    struct Flat(usize);

    impl Retriever for Flat {
        fn source(&self) -> Source {
            Source::Popularity
        }

        fn scores(&self, _: &Query<'_>) -> Result<Vec<f32>> {
            Ok((0..self.0).map(|item| 1.0 - item as f32 / 100.0).collect())
        }
    }

    #[test]
    fn only_the_best_are_put_into_another_order() {
        let mut scores: Vec<f32> = (0..30).map(|item| 30.0 - item as f32).collect();
        let before = scores.clone();
        let open: Vec<bool> = (0..30).map(|item| item != 0).collect();
        let mut opinion = Opinion((0..30).map(|item| item as f32).collect());
        LanguagePart::Beside(0.0).rerank(&mut scores, &[], &open, &mut opinion).unwrap();
        assert_eq!(scores, before);
        LanguagePart::Beside(9.0).rerank(&mut scores, &[], &open, &mut opinion).unwrap();
        assert_eq!(best(&scores, 3, |item| open[item]), [20, 19, 18]);
        assert_eq!((scores[0], &scores[21..]), (before[0], &before[21..]));
        let mut sorted = scores.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        assert_eq!(sorted, before);
    }

    #[test]
    fn alone_it_scores_every_open_item() {
        let mut scores: Vec<f32> = (0..30).map(|item| 30.0 - item as f32).collect();
        let open: Vec<bool> = (0..30).map(|item| item != 0).collect();
        let mut opinion = Opinion((0..30).map(|item| item as f32 / 100.0).collect());
        LanguagePart::Alone.rerank(&mut scores, &[], &open, &mut opinion).unwrap();
        let expected: Vec<usize> = (1..30).rev().collect();
        assert_eq!(best(&scores, 30, |item| open[item]), expected);
    }

    #[test]
    fn a_weight_is_learned_only_from_an_opinion_that_helps() {
        let event = |user, item| Interaction { user, item, rating: None, timestamp: None };
        // Everybody's last item is the seventh: the first stage has it in the middle.
        let history = |user: usize| (user.to_string(), vec![event(user, 20), event(user, 21), event(user, 7)]);
        let split = Split::new(&Interactions::from_histories((0..60).map(history)), 25, Holdout::Last(0), Ties::Id, 0);
        let learn = |opinion: fn(usize) -> f32| {
            let mut scorer = Opinion((0..25).map(opinion).collect());
            learn_weight(&Flat(25), &split, &mut scorer, 1, &mut |_, _| Ok(())).unwrap()
        };
        assert!(learn(|item| f32::from(u8::from(item == 7))) > 0.0);
        assert_eq!(learn(|item| f32::from(u8::from(item == 9))), 0.0);
        assert_eq!(learn(|_| 0.0), 0.0);
    }
}
