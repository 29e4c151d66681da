//! Whose items are seen: exposure by place, shared out among groups, beside what is due to them.

use serde::Serialize;

use super::{Groups, Shown};
use crate::recommend::{Interactions, evaluate::Estimate, interactions::liked};

/// How much a place is seen, 0 the first: by the logarithm of its rank, as NDCG discounts it (Singh and Joachims 2018).
pub fn discount(rank: usize) -> f64 {
    1.0 / (rank as f64 + 2.0).log2()
}

/// What one group of items gets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupExposure {
    /// The group.
    pub group: String,
    /// Its share of the catalogue: what is due to it if all items are worth the same.
    pub catalogue: f64,
    /// Its mean share of what users liked: what is due to it by merit.
    pub liked: f64,
    /// Its mean share of the exposure of a list.
    pub exposure: Estimate,
    /// The paired difference between its exposure and its share of what is liked.
    pub beyond_liked: Estimate,
    /// Exposure over the share that is liked: the ratio whose equality over groups Singh and Joachims (2018) call
    /// disparate treatment's absence; none for a group that nobody liked.
    pub treatment: Option<f64>,
}

/// The exposure of all groups of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExposureParity {
    /// The attribute.
    pub attribute: String,
    /// Its groups.
    pub groups: Vec<GroupExposure>,
    /// The share of exposure that would have to move to another group to be as what is liked (total variation).
    pub off_liked: f64,
    /// The same to be as the catalogue.
    pub off_catalogue: f64,
}

impl ExposureParity {
    /// Measures lists.
    pub fn measure(groups: &Groups, shown: &[Shown], interactions: &Interactions) -> Self {
        let users: Vec<usize> = shown.iter().map(|shown| shown.user).collect();
        let catalogue = groups.shares((0..groups.records()).map(|item| (item, 1.0)));
        let of_list = |shown: &Shown| of_list(groups, &shown.list);
        let of_liked =
            |shown: &Shown| groups.shares(liked(interactions.history(shown.user)).map(|event| (event.item, 1.0)));
        let (exposed, merits): (Vec<_>, Vec<_>) = shown.iter().map(|shown| (of_list(shown), of_liked(shown))).unzip();
        let column = |rows: &[Vec<f64>], group: usize| rows.iter().map(|row| row[group]).collect::<Vec<f64>>();
        let group = |(at, name): (usize, &String)| {
            let (exposure, merit) = (column(&exposed, at), column(&merits, at));
            let (seen, due) = (Estimate::of(&exposure, &users), merit.iter().sum::<f64>() / merit.len().max(1) as f64);
            GroupExposure {
                group: name.clone(),
                catalogue: catalogue[at],
                liked: due,
                exposure: seen,
                beyond_liked: Estimate::of_difference(&exposure, &merit, &users),
                treatment: (due > 0.0).then(|| seen.value / due),
            }
        };
        let measured: Vec<GroupExposure> = groups.names.iter().enumerate().map(group).collect();
        let off = |due: &dyn Fn(&GroupExposure) -> f64| {
            measured.iter().map(|group| (group.exposure.value - due(group)).abs()).sum::<f64>() / 2.0
        };
        let (off_liked, off_catalogue) = (off(&|group| group.liked), off(&|group| group.catalogue));
        Self { attribute: groups.attribute.clone(), groups: measured, off_liked, off_catalogue }
    }
}

/// The share of a list's exposure that each group gets, (groups).
pub(super) fn of_list(groups: &Groups, list: &[usize]) -> Vec<f64> {
    groups.shares(list.iter().enumerate().map(|(rank, &item)| (item, discount(rank))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, Catalogue, Interaction, Item};

    #[test]
    fn exposure_is_discounted_and_compared_with_what_is_liked() {
        let item =
            |group: &str| Item { attributes: vec![("side".into(), Attribute::Text(group.into()))], ..Item::default() };
        let catalogue = Catalogue::new(["left", "left", "left", "right"].map(item).to_vec());
        let groups = Groups::of_items(&catalogue, "side").unwrap();
        let event = |item, rating| Interaction { user: 0, item, rating: Some(rating), timestamp: None };
        // The mean rating is 3: items 0 and 3 are liked.
        let history = vec![event(0, 5.0), event(1, 1.0), event(3, 3.0)];
        let known = Interactions::from_histories([("a".to_owned(), history)]);
        let shown = [Shown { user: 0, list: vec![2, 3] }];
        let parity = ExposureParity::measure(&groups, &shown, &known);
        let first = 1.0 / (1.0 + 1.0 / 3.0f64.log2());
        let left = &parity.groups[0];
        assert_eq!((left.group.as_str(), left.catalogue, left.liked), ("left", 0.75, 0.5));
        assert!((left.exposure.value - first).abs() < 1e-6);
        assert!((left.treatment.unwrap() - first / 0.5).abs() < 1e-6);
        assert!((parity.off_liked - (first - 0.5)).abs() < 1e-6);
        assert!((parity.off_catalogue - (0.75 - first)).abs() < 1e-6);
        assert_eq!((discount(0), discount(2)), (1.0, 0.5));
    }
}
