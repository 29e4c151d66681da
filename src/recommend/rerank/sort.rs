//! Sorting by opinions on a few texts at a time: what is asked, and how answers become an order. Who answers is a function,
//! so that everything here can be tried without a model.

use super::list::Subset;
use crate::recommend::Result;

/// Orders several subsets, best first, all at once.
pub(super) type Judge<'a> = dyn FnMut(&[Subset]) -> Result<Vec<Subset>> + 'a;

/// Windows from the end of the list to its beginning, each half over the one before it: what is good rises to the top
/// (RankGPT, Sun et al. 2023).
pub(super) fn windows(mut order: Subset, window: usize, judge: &mut Judge<'_>) -> Result<Subset> {
    let window = window.max(2);
    let mut end = order.len();
    loop {
        let start = end.saturating_sub(window);
        let judged = judge(&[order[start..end].to_vec()])?;
        if let [judged] = &judged[..] {
            order[start..end].copy_from_slice(judged);
        }
        if start == 0 {
            return Ok(order);
        }
        end -= window / 2;
    }
}

/// A tournament of groups of `size`: the winners of the groups play on, and whoever wins leaves, until all have left.
pub(super) fn tournament(order: &[usize], size: usize, judge: &mut Judge<'_>) -> Result<Subset> {
    let size = size.max(2);
    let mut groups: Vec<Subset> = order.chunks(size).map(<[usize]>::to_vec).collect();
    let mut stale: Vec<usize> = (0..groups.len()).filter(|&group| groups[group].len() > 1).collect();
    let mut sorted = Vec::with_capacity(order.len());
    while !groups.is_empty() {
        // Only groups that have lost a member are asked about again.
        let asked: Vec<Subset> = stale.iter().map(|&group| groups[group].clone()).collect();
        for (group, judged) in stale.drain(..).zip(judge(&asked)?) {
            groups[group] = judged;
        }
        let winner = final_of(groups.iter().map(|group| group[0]).collect(), size, judge)?;
        sorted.push(winner);
        let Some(group) = groups.iter().position(|group| group[0] == winner) else { break };
        groups[group].remove(0);
        match groups[group].len() {
            0 => drop(groups.remove(group)),
            1 => {}
            _ => stale.push(group),
        }
    }
    Ok(sorted)
}

/// The best of some texts, by rounds of groups.
fn final_of(mut left: Subset, size: usize, judge: &mut Judge<'_>) -> Result<usize> {
    while left.len() > 1 {
        let groups: Vec<Subset> = left.chunks(size).map(<[usize]>::to_vec).collect();
        let (single, asked): (Vec<Subset>, Vec<Subset>) = groups.into_iter().partition(|group| group.len() == 1);
        left = judge(&asked)?.into_iter().chain(single).map(|group| group[0]).collect();
    }
    Ok(left[0])
}

/// A merge sort by pairs: all merges of a level go on side by side, so that their pairs are judged together.
pub(super) fn merge_sort(order: Subset, judge: &mut Judge<'_>) -> Result<Subset> {
    let mut runs: Vec<Subset> = order.into_iter().map(|text| vec![text]).collect();
    while runs.len() > 1 {
        let mut merges: Vec<Merge> = runs.chunks(2).map(Merge::new).collect();
        loop {
            let open: Vec<usize> = (0..merges.len()).filter(|&merge| merges[merge].pair().is_some()).collect();
            if open.is_empty() {
                break;
            }
            let pairs: Vec<Subset> = open.iter().filter_map(|&merge| merges[merge].pair()).collect();
            for (merge, judged) in open.into_iter().zip(judge(&pairs)?) {
                merges[merge].take(judged[0]);
            }
        }
        runs = merges.into_iter().map(Merge::finish).collect();
    }
    Ok(runs.pop().unwrap_or_default())
}

/// Two sorted runs that become one.
struct Merge {
    left: std::collections::VecDeque<usize>,
    right: std::collections::VecDeque<usize>,
    merged: Subset,
}

impl Merge {
    /// Of two runs, or of one that stays as it is.
    fn new(runs: &[Subset]) -> Self {
        let run = |index: usize| runs.get(index).cloned().unwrap_or_default().into();
        Merge { left: run(0), right: run(1), merged: Vec::new() }
    }

    fn pair(&self) -> Option<Subset> {
        Some(vec![*self.left.front()?, *self.right.front()?])
    }

    fn take(&mut self, better: usize) {
        let run = if self.left.front() == Some(&better) { &mut self.left } else { &mut self.right };
        self.merged.extend(run.pop_front());
    }

    fn finish(mut self) -> Subset {
        self.merged.extend(self.left);
        self.merged.extend(self.right);
        self.merged
    }
}

/// One order from several of the same texts, by their mean ranks (permutation self-consistency, Tang et al. 2024): a score
/// for each of `count` texts, the higher, the better, from 0 to -`count` + 1.
pub(super) fn consensus(orders: &[Subset], count: usize) -> Vec<f32> {
    let mut ranks = vec![0.0; count];
    for order in orders {
        order.iter().enumerate().for_each(|(rank, &text)| ranks[text] += rank as f32);
    }
    // Taken from zero, so that the best has 0 and not -0.
    ranks.into_iter().map(|sum| 0.0 - sum / orders.len().max(1) as f32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Judges by numbers, the largest first, and counts what it is asked.
    fn by<'a>(worth: &'a [usize], asked: &'a mut Vec<Subset>) -> impl FnMut(&[Subset]) -> Result<Vec<Subset>> + 'a {
        move |subsets| {
            asked.extend(subsets.iter().cloned());
            let sorted = |subset: &Subset| {
                let mut subset = subset.clone();
                subset.sort_by_key(|&text| std::cmp::Reverse(worth[text]));
                subset
            };
            Ok(subsets.iter().map(sorted).collect())
        }
    }

    proptest! {
        #[test]
        fn consistent_judges_lead_to_their_order(len in 0usize..40, seed in any::<u64>(), size in 2usize..6) {
            let mut worth: Vec<usize> = (0..len).collect();
            let mut rng = <rand_chacha::ChaCha8Rng as rand_chacha::rand_core::SeedableRng>::seed_from_u64(seed);
            crate::recommend::draw::shuffle(&mut worth, &mut rng);
            let mut best: Subset = (0..len).collect();
            best.sort_by_key(|&text| std::cmp::Reverse(worth[text]));
            let all: Subset = (0..len).collect();

            let mut asked = Vec::new();
            prop_assert_eq!(&merge_sort(all.clone(), &mut by(&worth, &mut asked)).unwrap(), &best);
            prop_assert!(asked.iter().all(|pair| pair.len() == 2));
            asked.clear();
            prop_assert_eq!(&tournament(&all, size, &mut by(&worth, &mut asked)).unwrap(), &best);
            prop_assert!(asked.iter().all(|group| (2..=size).contains(&group.len())));
            asked.clear();
            let swept = windows(all.clone(), 8, &mut by(&worth, &mut asked)).unwrap();
            // One sweep carries half a window to the top, in order.
            prop_assert_eq!(&swept[..len.min(4)], &best[..len.min(4)]);
            let mut sorted = swept.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, all);
        }
    }

    #[test]
    fn orders_are_averaged() {
        assert_eq!(consensus(&[vec![2, 0, 1], vec![2, 1, 0]], 3), [-1.5, -1.5, 0.0]);
        assert!(consensus(&[], 0).is_empty());
    }
}
