//! Which interactions a model is fitted on, which one it is tuned on, and which ones test it.
//!
//! A user's interactions stand in the order of time. What tests comes after what validates, and that after what is fitted on;
//! models see nothing else of the users that test them.

use std::ops::Range;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use crate::recommend::{Interaction, Interactions, draw::shuffle};

/// One in so many users is cold.
const COLD_USERS: usize = 5;

/// Which interactions test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Holdout {
    /// The last ones of every user, each on everything before it. Models see what other users did later.
    Last(usize),
    /// Each user's first after a moment; models see nothing of what came after it. This share of all comes before.
    Temporal(f64),
    /// The last one of a fifth of the users, of whom models have seen nothing: of their histories so many are known.
    ColdUsers(usize),
    /// Each user's last with this share of the items, of which models have seen nothing, among these items alone.
    ColdItems(f64),
}

impl Holdout {
    /// Its name in outputs.
    pub fn name(self) -> String {
        match self {
            Holdout::Last(0 | 1) => "leave-last-out".into(),
            Holdout::Last(targets) => format!("last {targets} interactions, each in turn"),
            Holdout::Temporal(share) => format!("temporal, {:.0} % before", 100.0 * share),
            Holdout::ColdUsers(known) => format!("cold users, {known} known"),
            Holdout::ColdItems(share) => format!("cold items, {:.0} % hidden", 100.0 * share),
        }
    }
}

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
    plans: Vec<Plan>,
    /// The items that targets are looked for among, where that is not all.
    hidden: Option<Vec<bool>>,
    needed: usize,
}

/// How one user's interactions are parted, as places of the sequence.
#[derive(Clone, Debug, Default)]
struct Plan {
    /// How many are fitted on.
    fitted: usize,
    validation: Option<usize>,
    tests: Range<usize>,
    /// Where the history of a test begins.
    start: usize,
}

impl Plan {
    /// All is fitted on but the last before `tests`, which validates.
    fn tuned(tests: Range<usize>) -> Self {
        let validation = tests.start.checked_sub(1);
        Plan { fitted: validation.unwrap_or(0), validation, tests, start: 0 }
    }

    /// All of `len` is fitted on.
    fn whole(len: usize) -> Self {
        Plan { fitted: len, tests: len..len, ..Plan::default() }
    }
}

impl Split {
    /// Parts the interactions of all users with `items` items. `seed` draws who or what is cold.
    pub fn new(interactions: &Interactions, items: usize, holdout: Holdout, ties: Ties, seed: u64) -> Self {
        let mut sequences = interactions.histories().to_vec();
        if let Ties::Random(seed) = ties {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            for sequence in &mut sequences {
                sequence.chunk_by_mut(|a, b| a.timestamp == b.timestamp).for_each(|tied| shuffle(tied, &mut rng));
            }
        }
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        match holdout {
            Holdout::Last(targets) => Self::last(sequences, targets),
            Holdout::Temporal(share) => Self::temporal(sequences, share),
            Holdout::ColdUsers(known) => Self::cold_users(sequences, known, &mut rng),
            Holdout::ColdItems(share) => {
                let mut order: Vec<usize> = (0..items).collect();
                shuffle(&mut order, &mut rng);
                let mut hidden = vec![false; items];
                order[..(items as f64 * share) as usize].iter().for_each(|&item| hidden[item] = true);
                Self::cold_items(sequences, hidden)
            }
        }
    }

    fn last(sequences: Vec<Vec<Interaction>>, targets: usize) -> Self {
        let plan = |sequence: &Vec<Interaction>| match sequence.len().checked_sub(targets) {
            Some(first) if first >= 2 => Plan::tuned(first..sequence.len()),
            _ => Plan::whole(sequence.len()),
        };
        Self { plans: sequences.iter().map(plan).collect(), sequences, hidden: None, needed: targets + 2 }
    }

    fn temporal(sequences: Vec<Vec<Interaction>>, share: f64) -> Self {
        let time = |event: &Interaction| event.timestamp.unwrap_or(i64::MIN);
        let mut times: Vec<i64> = sequences.iter().flatten().map(time).collect();
        times.sort_unstable();
        let cut = times.get((times.len() as f64 * share) as usize).copied().unwrap_or(i64::MAX);
        let plan = |sequence: &Vec<Interaction>| {
            let before = sequence.partition_point(|event| time(event) < cut);
            match before {
                0 | 1 => Plan { tests: before..before, ..Plan::whole(before) },
                _ => Plan::tuned(before..sequence.len().min(before + 1)),
            }
        };
        Self { plans: sequences.iter().map(plan).collect(), sequences, hidden: None, needed: 3 }
    }

    fn cold_users(sequences: Vec<Vec<Interaction>>, known: usize, rng: &mut ChaCha8Rng) -> Self {
        let mut users: Vec<usize> = (0..sequences.len()).collect();
        shuffle(&mut users, rng);
        let mut plans: Vec<Plan> = sequences
            .iter()
            .map(|sequence| match sequence.len() {
                0 | 1 => Plan::whole(sequence.len()),
                len => Plan::tuned(len..len),
            })
            .collect();
        for &user in &users[..users.len() / COLD_USERS] {
            let len = sequences[user].len();
            plans[user] = match len.checked_sub(known + 1) {
                Some(start) => Plan { tests: len - 1..len, start, ..Plan::default() },
                None => Plan::default(),
            };
        }
        Self { plans, sequences, hidden: None, needed: known + 1 }
    }

    fn cold_items(mut sequences: Vec<Vec<Interaction>>, hidden: Vec<bool>) -> Self {
        let mut plans = Vec::with_capacity(sequences.len());
        for sequence in &mut sequences {
            let target = sequence.iter().rposition(|event| hidden[event.item]).map(|place| (place, sequence[place]));
            if let Some((place, _)) = target {
                sequence.truncate(place);
            }
            sequence.retain(|event| !hidden[event.item]);
            let len = sequence.len();
            plans.push(match (target, len) {
                (Some((_, event)), 2..) => {
                    sequence.push(event);
                    Plan::tuned(len..len + 1)
                }
                (None, 2..) => Plan::tuned(len..len),
                _ => Plan::whole(len),
            });
        }
        Self { plans, sequences, hidden: Some(hidden), needed: 3 }
    }

    /// How many interactions a user needs to be tested.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// The items that targets are looked for among, (items); all, if `None`.
    pub fn hidden(&self) -> Option<&[bool]> {
        self.hidden.as_deref()
    }

    /// What models are fitted on, for each user.
    pub fn fitted(&self) -> Vec<&[Interaction]> {
        self.sequences.iter().zip(&self.plans).map(|(sequence, plan)| &sequence[..plan.fitted]).collect()
    }

    /// One case of each user who is known well enough, for tuning.
    pub fn validation(&self) -> Vec<Case> {
        let case =
            |(user, plan): (usize, &Plan)| Some(Case { user, before: plan.validation.filter(|place| *place > 0)? });
        self.plans.iter().enumerate().filter_map(case).collect()
    }

    /// The cases that test.
    pub fn test(&self) -> Vec<Case> {
        let cases = |(user, plan): (usize, &Plan)| plan.tests.clone().map(move |before| Case { user, before });
        self.plans.iter().enumerate().flat_map(cases).collect()
    }

    /// What comes before a case's target.
    pub fn history(&self, case: Case) -> &[Interaction] {
        &self.sequences[case.user][self.plans[case.user].start..case.before]
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
        let held = interactions(&[(0..6).collect(), (0..3).collect()]);
        let split = Split::new(&held, 6, Holdout::Last(2), Ties::Id, 0);
        assert_eq!(split.fitted().iter().map(|part| part.len()).collect::<Vec<_>>(), [3, 3]);
        assert_eq!(split.validation(), [Case { user: 0, before: 3 }]);
        assert_eq!(split.test(), [Case { user: 0, before: 4 }, Case { user: 0, before: 5 }]);
        assert_eq!((split.target(split.test()[1]), split.history(split.test()[1]).len()), (5, 5));
    }

    #[test]
    fn nothing_after_the_moment_is_fitted_on() {
        let held = interactions(&[(0..6).collect(), (4..10).collect(), (8..10).collect()]);
        // Half of fourteen come before 5.
        let split = Split::new(&held, 10, Holdout::Temporal(0.5), Ties::Id, 0);
        let latest = |part: &&[Interaction]| part.iter().filter_map(|event| event.timestamp).max();
        assert!(split.fitted().iter().filter_map(latest).all(|time| time < 5));
        assert_eq!(split.test(), [Case { user: 0, before: 5 }]);
        assert_eq!(split.validation(), [Case { user: 0, before: 4 }]);
    }

    #[test]
    fn models_see_nothing_of_cold_users() {
        let held = interactions(&vec![(0..9).collect::<Vec<i64>>(); 10]);
        let split = Split::new(&held, 9, Holdout::ColdUsers(2), Ties::Id, 1);
        let cold: Vec<usize> = split.test().iter().map(|case| case.user).collect();
        assert_eq!(cold.len(), 2);
        for (user, part) in split.fitted().iter().enumerate() {
            assert_eq!(part.len(), if cold.contains(&user) { 0 } else { 8 });
        }
        assert!(split.test().iter().all(|&case| split.history(case).len() == 2 && split.target(case) == 8));
        assert!(split.validation().iter().all(|case| !cold.contains(&case.user)));
    }

    #[test]
    fn models_see_nothing_of_cold_items() {
        let held = interactions(&vec![(0..20).collect::<Vec<i64>>(); 5]);
        let split = Split::new(&held, 20, Holdout::ColdItems(0.2), Ties::Id, 3);
        let hidden = split.hidden().expect("some are hidden");
        assert_eq!(hidden.iter().filter(|hidden| **hidden).count(), 4);
        assert!(split.fitted().iter().all(|part| part.iter().all(|event| !hidden[event.item])));
        assert_eq!(split.test().len(), 5);
        for case in split.test() {
            assert!(hidden[split.target(case)] && split.history(case).iter().all(|event| !hidden[event.item]));
        }
    }

    proptest! {
        #[test]
        fn random_ties_move_items_within_their_second_only(
            mut times in prop::collection::vec(0i64..4, 4..20),
            seed in 0u64..9,
        ) {
            times.sort_unstable();
            let sequence = |ties| {
                Split::new(&interactions(&[times.clone()]), 20, Holdout::Last(1), ties, 0).sequences[0].clone()
            };
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
