//! How much lists favour what is popular already, beside what their readers did.

use serde::Serialize;

use super::{Shown, exposure::discount};
use crate::recommend::{Interactions, evaluate::Estimate};

/// The share of the catalogue, by users, that is its head; all other items are its long tail (Abdollahpouri, Mansoury,
/// Burke and Mobasher 2019).
const HEAD: f64 = 0.2;
/// Parts of the catalogue by popularity, of equal size.
const PARTS: usize = 10;

/// The popularity bias of lists.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PopularityBias {
    /// The mean popularity percentile of what users did: the share of the catalogue that fewer users have, ties by half.
    pub percentile_of_histories: Estimate,
    /// The same of what they are shown.
    pub percentile_of_lists: Estimate,
    /// The paired difference: what lists add to their readers' own bias.
    pub percentile_added: Estimate,
    /// Items of the long tail.
    pub tail_items: usize,
    /// The share of long-tail items in histories.
    pub tail_in_histories: Estimate,
    /// The same in lists.
    pub tail_in_lists: Estimate,
    /// Gini's coefficient of interactions over the catalogue: 0 if all items have as many, near 1 if one has all.
    pub gini_of_histories: f64,
    /// Gini's coefficient of exposure.
    pub gini_of_lists: f64,
    /// The share of the catalogue that is in anybody's list.
    pub coverage: f64,
    /// The shares of interactions and of exposure that each tenth of the catalogue has, the least popular first.
    pub tenths: Vec<[f64; 2]>,
}

impl PopularityBias {
    /// Measures lists over a catalogue of `items` items.
    pub fn measure(shown: &[Shown], interactions: &Interactions, items: usize) -> Self {
        let mut users = vec![0.0; items];
        for history in interactions.histories() {
            distinct(history.iter().map(|event| event.item)).into_iter().for_each(|item| users[item] += 1.0);
        }
        let percentiles = percentiles(&users);
        let mut order: Vec<usize> = (0..items).collect();
        order.sort_by(|&a, &b| users[b].total_cmp(&users[a]));
        let mut is_tail = vec![true; items];
        let head = (items as f64 * HEAD).round() as usize;
        order.iter().take(head).for_each(|&item| is_tail[item] = false);

        let (mut exposure, mut events) = (vec![0.0; items], vec![0.0; items]);
        interactions.histories().iter().flatten().for_each(|event| events[event.item] += 1.0);
        for shown in shown {
            shown.list.iter().enumerate().for_each(|(rank, &item)| exposure[item] += discount(rank));
        }
        let ids: Vec<usize> = shown.iter().map(|shown| shown.user).collect();
        let mean = |list: &[usize], value: &dyn Fn(usize) -> f64| {
            list.iter().map(|&item| value(item)).sum::<f64>() / list.len().max(1) as f64
        };
        let of_lists =
            |value: &dyn Fn(usize) -> f64| -> Vec<f64> { shown.iter().map(|shown| mean(&shown.list, value)).collect() };
        let of_histories = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
            let items = |user| interactions.history(user).iter().map(|event| event.item).collect::<Vec<_>>();
            shown.iter().map(|shown| mean(&items(shown.user), value)).collect()
        };
        let percentile = |item: usize| percentiles[item];
        let tail = |item: usize| f64::from(u8::from(is_tail[item]));
        let (lists, histories) = (of_lists(&percentile), of_histories(&percentile));
        Self {
            percentile_of_histories: Estimate::of(&histories, &ids),
            percentile_of_lists: Estimate::of(&lists, &ids),
            percentile_added: Estimate::of_difference(&lists, &histories, &ids),
            tail_items: items - head,
            tail_in_histories: Estimate::of(&of_histories(&tail), &ids),
            tail_in_lists: Estimate::of(&of_lists(&tail), &ids),
            gini_of_histories: gini(&events),
            gini_of_lists: gini(&exposure),
            coverage: exposure.iter().filter(|exposure| **exposure > 0.0).count() as f64 / items.max(1) as f64,
            tenths: tenths(&order, &events, &exposure),
        }
    }
}

fn distinct(items: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut items: Vec<usize> = items.collect();
    items.sort_unstable();
    items.dedup();
    items
}

/// The share of all values that is smaller than each, and half of those that are equal, itself left out.
fn percentiles(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let others = values.len().saturating_sub(1).max(1) as f64;
    let percentile = |value: &f64| {
        let smaller = sorted.partition_point(|other| other < value);
        let equal = sorted.partition_point(|other| other <= value) - smaller;
        (smaller as f64 + (equal - 1) as f64 / 2.0) / others
    };
    values.iter().map(percentile).collect()
}

/// Gini's coefficient: half the mean difference of two values, as a share of their mean.
fn gini(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let (count, total) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    let weighted: f64 = sorted.iter().enumerate().map(|(place, value)| (place + 1) as f64 * value).sum();
    if total > 0.0 { 2.0 * weighted / (count * total) - (count + 1.0) / count } else { 0.0 }
}

/// The shares of both in each tenth; `order` is the most popular first.
fn tenths(order: &[usize], events: &[f64], exposure: &[f64]) -> Vec<[f64; 2]> {
    let totals = [events, exposure].map(|values| values.iter().sum::<f64>().max(f64::MIN_POSITIVE));
    let ascending: Vec<usize> = order.iter().rev().copied().collect();
    let part = |part: usize| {
        let of = &ascending[ascending.len() * part / PARTS..ascending.len() * (part + 1) / PARTS];
        [(events, totals[0]), (exposure, totals[1])]
            .map(|(values, total)| of.iter().map(|&item| values[item]).sum::<f64>() / total)
    };
    (0..PARTS).map(part).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::recommend::Interaction;

    fn interactions(histories: &[&[usize]]) -> Interactions {
        let event = |user: usize, item: usize| Interaction { user, item, rating: None, timestamp: None };
        let history = |(user, items): (usize, &&[usize])| {
            (user.to_string(), items.iter().map(|&item| event(user, item)).collect::<Vec<_>>())
        };
        Interactions::from_histories(histories.iter().enumerate().map(history).collect::<Vec<_>>())
    }

    #[test]
    fn figures_are_those_of_their_definitions() {
        // Ten items: the first two are the head.
        let known = interactions(&[&[0, 1, 2], &[0, 1], &[0, 9]]);
        let shown = [Shown { user: 0, list: vec![0, 1] }, Shown { user: 2, list: vec![3, 1] }];
        let bias = PopularityBias::measure(&shown, &known, 10);
        assert_eq!((bias.tail_items, bias.coverage), (8, 0.3));
        // Item 0 has more users than the nine others, item 1 than eight, items 2 and 9 tie above six, six tie at the end.
        let percentile = [1.0, 8.0 / 9.0, 6.5 / 9.0, 2.5 / 9.0];
        let lists = ((percentile[0] + percentile[1]) / 2.0 + (percentile[3] + percentile[1]) / 2.0) / 2.0;
        let histories =
            ((percentile[0] + percentile[1] + percentile[2]) / 3.0 + (percentile[0] + percentile[2]) / 2.0) / 2.0;
        assert!((bias.percentile_of_lists.value - lists).abs() < 1e-12);
        assert!((bias.percentile_of_histories.value - histories).abs() < 1e-12);
        assert!((bias.percentile_added.value - (lists - histories)).abs() < 1e-12);
        assert!((bias.tail_in_lists.value - 0.25).abs() < 1e-12);
        assert!((bias.tail_in_histories.value - (1.0 / 3.0 + 0.5) / 2.0).abs() < 1e-12);
        assert!((bias.tenths[9][0] - 3.0 / 7.0).abs() < 1e-12, "{:?}", bias.tenths);
    }

    #[test]
    fn nothing_shown_is_no_bias() {
        let bias = PopularityBias::measure(&[], &Interactions::default(), 0);
        assert_eq!((bias.gini_of_lists, bias.coverage, bias.percentile_of_lists.value), (0.0, 0.0, 0.0));
    }

    proptest! {
        #[test]
        fn gini_is_half_the_relative_mean_difference(values in prop::collection::vec(0.0f64..9.0, 1..30)) {
            let (count, total) = (values.len() as f64, values.iter().sum::<f64>());
            let differences: f64 = values.iter().flat_map(|a| values.iter().map(move |b| (a - b).abs())).sum();
            let expected = if total > 0.0 { differences / (2.0 * count * total) } else { 0.0 };
            prop_assert!((gini(&values) - expected).abs() < 1e-9);
        }

        #[test]
        fn tenths_share_everything_out(users in prop::collection::vec(0usize..40, 0..40)) {
            let events: Vec<usize> = users.clone();
            let known = interactions(&[&events]);
            let list: Vec<usize> = distinct(events.iter().copied());
            let bias = PopularityBias::measure(&[Shown { user: 0, list }], &known, 40);
            for side in 0..2 {
                let sum: f64 = bias.tenths.iter().map(|part| part[side]).sum();
                prop_assert!(users.is_empty() && sum == 0.0 || (sum - 1.0).abs() < 1e-9);
            }
        }
    }
}
