//! What a list is worth beside the item that it was tested with: how varied, how surprising, how fitting as a whole.

use crate::recommend::{
    Catalogue, Interaction,
    diversify::{Likeness, divergence, of_history, of_list},
    retrieve::Semantic,
};

/// What is measured of every list, by its name in outputs.
pub(super) const LIST_METRICS: [&str; 3] = ["ild@10", "novelty@10", CALIBRATION];

/// The one of them that is about categories.
pub(super) const CALIBRATION: &str = "calibration_kl@10";

/// Measures lists of a catalogue's items.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListMeter<'a> {
    pub(super) catalogue: &'a Catalogue,
    pub(super) semantic: Option<&'a Semantic>,
    /// How many users have each item, (items).
    pub(super) users: &'a [f32],
    /// How many users there are.
    pub(super) all: f32,
}

impl ListMeter<'_> {
    /// For one list, in the order of [`LIST_METRICS`]: the mean unlikeness of two items (intra-list diversity, Ziegler et
    /// al. 2005), the mean self-information of an item in bits (Castells, Hurley and Vargas 2015), and the divergence from
    /// the history's categories to the list's in nats (Steck 2018).
    pub(super) fn measure(&self, history: &[Interaction], list: &[usize]) -> [f64; LIST_METRICS.len()] {
        let likeness = Likeness::new(self.catalogue, self.semantic);
        let pairs = || (0..list.len()).flat_map(|a| (0..a).map(move |b| (list[a], list[b])));
        let unlike: f64 = pairs().map(|(a, b)| 1.0 - f64::from(likeness.of(a, b))).sum();
        let bits = |&item: &usize| -f64::from((self.users[item] + 1.0) / (self.all + 1.0)).log2();
        let novelty = list.iter().map(bits).sum::<f64>() / list.len().max(1) as f64;
        let (wanted, found) = (of_history(self.catalogue, history), of_list(self.catalogue, list));
        let divergence = divergence(&wanted, |category| found.get(category).copied().unwrap_or(0.0));
        [unlike / pairs().count().max(1) as f64, novelty, f64::from(divergence)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, Item, catalogue::GENRES};

    #[test]
    fn figures_are_those_of_the_formulas() {
        let item = |genres: &[&str]| {
            let genres = genres.iter().map(|&genre| genre.to_owned()).collect();
            Item { attributes: vec![(GENRES.into(), Attribute::Many(genres))], ..Item::default() }
        };
        let catalogue = Catalogue::new(vec![item(&["War"]), item(&["War", "Drama"]), item(&["Comedy"])]);
        let meter = ListMeter { catalogue: &catalogue, semantic: None, users: &[3.0, 1.0, 0.0], all: 7.0 };
        let history = [Interaction { user: 0, item: 0, rating: None, timestamp: None }];
        let [unlike, novelty, divergence] = meter.measure(&history, &[0, 1, 2]);
        // The first two have one of two categories in common, the third none.
        assert!((unlike - (3.0 - 0.5f64.sqrt()) / 3.0).abs() < 1e-6);
        assert!((novelty - (1.0 + 2.0 + 3.0) / 3.0).abs() < 1e-6);
        // The list is half war, the history is all war.
        assert!((divergence - -(0.99f64 * 0.5 + 0.01).ln()).abs() < 1e-6);
        assert_eq!(meter.measure(&history, &[])[..2], [0.0, 0.0]);
    }
}
