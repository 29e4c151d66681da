//! For whom lists are better: quality by groups of users.

use serde::Serialize;

use super::{Groups, heldout::Heldout};
use crate::recommend::evaluate::{Estimate, Metric};

/// The fewest users of a group that a gap is said of: the interval of fewer says nothing.
const FEWEST: usize = 5;

/// How good lists are for one group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupQuality {
    /// The group.
    pub group: String,
    /// Its users who were tested.
    pub users: usize,
    /// Their mean NDCG@10.
    #[serde(rename = "ndcg@10")]
    pub ndcg: Estimate,
    /// Their mean recall@10.
    #[serde(rename = "recall@10")]
    pub recall: Estimate,
    /// Their mean NDCG@10 less that of all other users.
    pub beyond_others: Estimate,
}

/// How good lists are for each group of an attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UserGaps {
    /// The attribute.
    pub attribute: String,
    /// Its groups of at least five users.
    pub groups: Vec<GroupQuality>,
    /// The greatest difference in NDCG@10 between two of them.
    pub gap: f64,
    /// How many of them differ from all others by an interval that excludes 0. One in twenty does by chance.
    pub differ: usize,
}

impl UserGaps {
    /// Compares groups of the users that were tested; `groups` has a record for each user of the interactions.
    pub(super) fn measure(groups: &Groups, heldout: &Heldout) -> Self {
        let values = |metric: Metric, wanted: &dyn Fn(usize) -> bool| -> (Vec<f64>, Vec<usize>) {
            let cases = heldout.cases.iter().filter(|case| wanted(case.user));
            cases.map(|case| (metric.of(case.rank), case.user)).unzip()
        };
        let quality = |(at, name): (usize, &String)| {
            // Users have one value of most attributes; of several, they are in each group.
            let is_in = |user: usize| groups.of(user).iter().any(|(group, _)| *group == at);
            let (ndcg, users) = values(Metric::Ndcg10, &is_in);
            let (recall, _) = values(Metric::Recall10, &is_in);
            let (others, other_users) = values(Metric::Ndcg10, &|user| !is_in(user));
            (users.len() >= FEWEST).then(|| GroupQuality {
                group: name.clone(),
                users: users.len(),
                ndcg: Estimate::of(&ndcg, &users),
                recall: Estimate::of(&recall, &users),
                beyond_others: Estimate::of_gap((&ndcg, &users), (&others, &other_users)),
            })
        };
        let measured: Vec<GroupQuality> = groups.names.iter().enumerate().filter_map(quality).collect();
        let means = || measured.iter().map(|group| group.ndcg.value);
        let gap = means().fold(f64::NEG_INFINITY, f64::max) - means().fold(f64::INFINITY, f64::min);
        let differs = |group: &&GroupQuality| group.beyond_others.low > 0.0 || group.beyond_others.high < 0.0;
        let differ = measured.iter().filter(differs).count();
        Self { attribute: groups.attribute.clone(), groups: measured, gap: gap.max(0.0), differ }
    }
}
