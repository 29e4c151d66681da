//! Lists that meet an exposure target.

use super::{ExposureTarget, Groups, exposure::discount};
use crate::recommend::{
    Candidate, Catalogue, Interactions, Result,
    diversify::{divergence_of, greedily, within_one},
};

/// Candidates that a list is picked from: enough that a rare group is among them.
pub const POOL: usize = 200;

/// Picks lists whose exposure is shared out among groups as a target says, as far as their worth allows.
///
/// Place by place, the candidate of the greatest `(1 - strength) worth - strength divergence` comes next, where worth is
/// scaled to 0 to 1 and divergence is Kullback and Leibler's from the target to the exposure of the list with the
/// candidate: the objective of calibrated lists (Steck 2018) over exposure that places discount (Singh and Joachims 2018).
#[derive(Clone, Debug)]
pub struct FairReranker {
    groups: Groups,
    /// (groups), together 1.
    wanted: Vec<f64>,
    strength: f32,
}

impl FairReranker {
    /// Prepares for the items of a catalogue. `strength` is from 0 (nothing changes) to 1 (worth counts nothing).
    ///
    /// # Errors
    /// If items have no such attribute, or it has no such group.
    pub fn new(
        target: &ExposureTarget,
        catalogue: &Catalogue,
        interactions: &Interactions,
        strength: f32,
    ) -> Result<Self> {
        let (groups, wanted) = target.resolve(catalogue, interactions)?;
        Ok(Self { groups, wanted, strength: strength.clamp(0.0, 1.0) })
    }

    /// The groups.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The share of exposure that is wanted for each group, (groups).
    pub fn wanted(&self) -> &[f64] {
        &self.wanted
    }

    /// The list of `k` items that `pool` gives, in its order, as places of the pool. `worth` is what each of the pool is
    /// ranked by, best first.
    pub fn pick(&self, pool: &[usize], worth: &[f32], k: usize) -> Vec<usize> {
        let k = k.min(pool.len());
        if self.strength == 0.0 {
            return (0..k).collect();
        }
        let worth = within_one(worth);
        let (mut sums, mut total, mut seen) = (vec![0.0; self.groups.len()], 0.0, 0);
        greedily(pool.len(), k, |picked, place| {
            for (rank, &last) in picked.iter().enumerate().skip(seen) {
                total += discount(rank);
                self.add(&mut sums, pool[last], discount(rank));
            }
            seen = picked.len();
            let more = discount(picked.len());
            let mut with = sums.clone();
            self.add(&mut with, pool[place], more);
            let shares =
                self.wanted.iter().zip(&with).map(|(&wanted, sum)| (wanted as f32, (sum / (total + more)) as f32));
            (1.0 - self.strength) * worth[place] - self.strength * divergence_of(shares)
        })
    }

    fn add(&self, sums: &mut [f64], item: usize, exposure: f64) {
        self.groups.of(item).iter().for_each(|(group, share)| sums[*group] += exposure * f64::from(*share));
    }

    /// A list of at most `k` candidates out of more, the first of which is the best. What they are ranked by is their place
    /// from now on.
    pub fn list(&self, candidates: &[Candidate], k: usize) -> Vec<Candidate> {
        let pool: Vec<usize> = candidates.iter().map(|candidate| candidate.item).collect();
        let worth: Vec<f32> = candidates.iter().map(|candidate| candidate.score).collect();
        let picked = self.pick(&pool, &worth, k).into_iter().enumerate();
        picked.map(|(rank, place)| Candidate { score: -(rank as f32), ..candidates[place].clone() }).collect()
    }

    /// How much of a list's exposure would have to move to another group to meet the target (total variation).
    pub fn off_target(&self, list: &[usize]) -> f64 {
        let found = super::exposure::of_list(&self.groups, list);
        found.iter().zip(&self.wanted).map(|(found, wanted)| (found - wanted).abs()).sum::<f64>() / 2.0
    }

    /// The target of a list of `k` items in words, for a prompt: how many of them should be of which group, by the largest
    /// remainders. Groups of which there should be none are not named.
    pub fn in_words(&self, k: usize) -> String {
        let exact: Vec<f64> = self.wanted.iter().map(|share| share * k as f64).collect();
        let mut counts: Vec<usize> = exact.iter().map(|count| count.floor() as usize).collect();
        let mut order: Vec<usize> = (0..exact.len()).collect();
        order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())));
        let missing = k.saturating_sub(counts.iter().sum());
        order.into_iter().take(missing).for_each(|group| counts[group] += 1);
        let named = self.groups.names.iter().zip(counts).filter(|(_, count)| *count > 0);
        let named: Vec<String> = named.map(|(name, count)| format!("{count} of {name}")).collect();
        format!("Be fair by {}: of the {k}, choose {}.", self.groups.attribute, named.join(", "))
    }

    /// The names of an item's groups.
    pub fn names_of(&self, item: usize) -> Vec<&str> {
        self.groups.of(item).iter().map(|(group, _)| self.groups.names[*group].as_str()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recommend::{Attribute, Item};

    fn catalogue(groups: &[&str]) -> Catalogue {
        let item = |group: &&str| Item {
            attributes: vec![("side".into(), Attribute::Text((*group).to_owned()))],
            ..Item::default()
        };
        Catalogue::new(groups.iter().map(item).collect())
    }

    fn fair(groups: &[&str], target: &str, strength: f32) -> FairReranker {
        let target = target.parse().unwrap();
        FairReranker::new(&target, &catalogue(groups), &Interactions::default(), strength).unwrap()
    }

    #[test]
    fn lists_meet_their_target_as_their_strength_says() {
        let mut groups = vec!["left"; 12];
        groups.extend(["right"; 4]);
        let pool: Vec<usize> = (0..16).collect();
        let worth: Vec<f32> = (0..16).map(|place| 1.0 - place as f32 / 16.0).collect();
        let off = |strength| {
            let fair = fair(&groups, "side=equal", strength);
            let list: Vec<usize> = fair.pick(&pool, &worth, 6).into_iter().map(|place| pool[place]).collect();
            (fair.off_target(&list), list)
        };
        assert_eq!(off(0.0).1, [0, 1, 2, 3, 4, 5]);
        assert_eq!(off(0.0).0, 0.5);
        assert!(off(0.9).0 < 0.2 && off(1.0).0 < 0.1, "{:?} and {:?}", off(0.9), off(1.0));
        // Within a group worth decides.
        let (_, list) = off(0.9);
        let lefts: Vec<usize> = list.iter().copied().filter(|item| *item < 12).collect();
        assert_eq!(lefts, (0..lefts.len()).collect::<Vec<_>>());
    }

    #[test]
    fn targets_are_told_by_largest_remainders() {
        let fair = fair(&["left", "left", "right", "up"], "side=left:0.5,right:0.3", 0.5);
        assert_eq!(fair.in_words(5), "Be fair by side: of the 5, choose 3 of left, 1 of right, 1 of up.");
        assert_eq!(fair.in_words(1), "Be fair by side: of the 1, choose 1 of left.");
        assert_eq!(fair.names_of(3), ["up"]);
    }

    proptest! {
        #[test]
        fn of_two_groups_no_list_is_further_off_than_one_place(
            sides in prop::collection::vec(any::<bool>(), 40),
            share in 0.1f64..0.9,
            k in 2usize..11,
        ) {
            // Ten of each at least, so that any target can be met.
            let mut names: Vec<&str> = sides.iter().map(|side| if *side { "left" } else { "right" }).collect();
            names[..10].fill("left");
            names[10..20].fill("right");
            let fair = fair(&names, &format!("side=left:{share}"), 1.0);
            let pool: Vec<usize> = (0..40).collect();
            let worth: Vec<f32> = (0..40).map(|place| 1.0 - place as f32).collect();
            let mut list = fair.pick(&pool, &worth, k);
            // The greatest single share of exposure: what one place can be off.
            let most = discount(0) / (0..k).map(discount).sum::<f64>();
            prop_assert!(fair.off_target(&list) <= most + 1e-9, "{} of {most}", fair.off_target(&list));
            list.sort_unstable();
            list.dedup();
            prop_assert_eq!(list.len(), k);
        }
    }
}
