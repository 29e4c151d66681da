//! Which interactions a model is fitted on, which one it is tuned on, and which ones test it.
//!
//! A user's interactions stand in the order of time. The last `targets` of them test, each on everything before it; the
//! one before those validates; the rest is fitted on. Models see nothing else of the users that test them.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use crate::recommend::{Interaction, Interactions, draw::shuffle};

/// What decides between interactions of one user in the same second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// The item's id, as in published work.
    Id,
    /// Chance, by a seed.
    Random(u64),
}

/// Whose next item is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The user's index.
    pub user: usize,
    /// How many of the user's interactions come before the target.
    pub before: usize,
}

/// The interactions, parted.
#[derive(Clone, Debug)]
pub struct Split {
    /// Each user's interactions in order.
    sequences: Vec<Vec<Interaction>>,
    targets: usize,
}

impl Split {
    /// Parts the interactions of all users; `targets` of each user's test, which may be none: then all is tuned on.
    pub fn new(interactions: &Interactions, targets: usize, ties: Ties) -> Self {
        let mut sequences = interactions.histories().to_vec();
        if let Ties::Random(seed) = ties {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for sequence in &mut sequences {
                sequence.chunk_by_mut(|a, b| a.timestamp == b.timestamp).for_each(|tied| shuffle(tied, &mut rng));
            }
        }
        Self { sequences, targets }
    }

    /// How many interactions a user needs to be tested: one to fit on and one to validate with beside the targets.
    pub fn needed(&self) -> usize {
        self.targets + 2
    }

    /// Whether a user has enough interactions to be tested.
    fn is_tested(&self, user: usize) -> bool {
        self.sequences[user].len() >= self.needed()
    }

    /// What models are fitted on: for each user all before the validation item, and everything of users who are not
    /// tested.
    pub fn fitted(&self) -> Vec<&[Interaction]> {
        let part = |(user, sequence): (usize, &'_ Vec<Interaction>)| match self.is_tested(user) {
            true => sequence.len() - self.targets - 1,
            false => sequence.len(),
        };
        self.sequences.iter().enumerate().map(|at| &at.1[..part(at)]).collect()
    }

    /// One case of each tested user, for tuning.
    pub fn validation(&self) -> Vec<Case> {
        self.cases(|len| len - self.targets - 1..len - self.targets)
    }

    /// `targets` cases of each tested user.
    pub fn test(&self) -> Vec<Case> {
        self.cases(|len| len - self.targets..len)
    }

    fn cases(&self, places: impl Fn(usize) -> std::ops::Range<usize>) -> Vec<Case> {
        let tested = (0..self.sequences.len()).filter(|&user| self.is_tested(user));
        let cases = |user: usize| places(self.sequences[user].len()).map(move |before| Case { user, before });
        tested.flat_map(cases).collect()
    }

    /// What comes before a case's target.
    pub fn history(&self, case: Case) -> &[Interaction] {
        &self.sequences[case.user][..case.before]
    }

    /// The item that a case asks for.
    pub fn target(&self, case: Case) -> usize {
        self.sequences[case.user][case.before].item
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn interactions(histories: &[Vec<i64>]) -> Interactions {
        let event = |user, item, time| Interaction { user, item, rating: None, timestamp: Some(time) };
        let history = |(user, times): (usize, &Vec<i64>)| {
            let events = times.iter().enumerate().map(|(item, &time)| event(user, item, time));
            (user.to_string(), events.collect())
        };
        Interactions::from_histories(histories.iter().enumerate().map(history))
    }

    #[test]
    fn the_last_items_test_and_the_one_before_validates() {
        let split = Split::new(&interactions(&[(0..6).collect(), (0..3).collect()]), 2, Ties::Id);
        assert_eq!(split.fitted().iter().map(|part| part.len()).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(split.validation(), [Case { user: 0, before: 3 }]);
        assert_eq!(split.test(), [Case { user: 0, before: 4 }, Case { user: 0, before: 5 }]);
        assert_eq!((split.target(split.test()[1]), split.history(split.test()[1]).len()), (5, 5));
    }

    proptest! {
        #[test]
        fn random_ties_move_items_within_their_second_only(
            mut times in prop::collection::vec(0i64..4, 4..20),
            seed in 0u64..9,
        ) {
            times.sort_unstable();
            let sequence = |ties| Split::new(&interactions(&[times.clone()]), 1, ties).sequences[0].clone();
            let (shuffled, by_id) = (sequence(Ties::Random(seed)), sequence(Ties::Id));
            let stamps = |events: &[Interaction]| events.iter().map(|e| e.timestamp).collect::<Vec<_>>();
            prop_assert_eq!(stamps(&shuffled), stamps(&by_id));
            let mut items: Vec<usize> = shuffled.iter().map(|event| event.item).collect();
            items.sort_unstable();
            prop_assert_eq!(items, (0..times.len()).collect::<Vec<_>>());
            prop_assert_eq!(shuffled, sequence(Ties::Random(seed)));
        }
    }
}
