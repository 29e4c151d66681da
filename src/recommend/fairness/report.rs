//! What an audit found.

use serde::Serialize;

use super::{Counterfactual, ExposureParity, PopularityBias, Remark, UserGaps};
use crate::recommend::evaluate::{Estimate, Protocol};

/// What an audit found. Parts that cannot be said of a store are absent, and `unsaid` says why.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FairnessReport {
    /// Items of the catalogue.
    pub items: usize,
    /// Users with interactions.
    pub users: usize,
    /// Interactions.
    pub interactions: usize,
    /// Items of a list.
    pub k: usize,
    /// How much lists favour what is popular.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub popularity: Option<PopularityBias>,
    /// Whose items are seen.
    pub exposure: Vec<ExposureParity>,
    /// How the quality of lists was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// How many users were tested for that.
    pub tested: usize,
    /// What ranked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    /// For whom lists are better.
    pub gaps: Vec<UserGaps>,
    /// Attributes of users that are told to no model.
    pub masked: Vec<String>,
    /// Whether lists change with what should make no difference.
    pub counterfactuals: Vec<Counterfactual>,
    /// What an exposure target costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mitigation: Option<Mitigation>,
    /// What users said.
    pub feedback: Vec<Remark>,
    /// What could not be measured, and why.
    pub unsaid: Vec<String>,
}

/// What lists that meet an exposure target gain and cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mitigation {
    /// The attribute.
    pub attribute: String,
    /// How much the target counts.
    pub strength: f32,
    /// The wanted share of each group.
    pub wanted: Vec<(String, f64)>,
    /// The share of a list's exposure that is off the target, mean over lists, before and after.
    pub off_target: [Estimate; 2],
    /// The exposure of all groups before and after.
    pub exposure: [ExposureParity; 2],
    /// NDCG@10 of the held-out items before and after; none where nobody could be tested.
    #[serde(rename = "ndcg@10", skip_serializing_if = "Option::is_none")]
    pub ndcg: Option<[Estimate; 2]>,
    /// The paired difference.
    #[serde(rename = "ndcg@10_cost", skip_serializing_if = "Option::is_none")]
    pub cost: Option<Estimate>,
    /// The same share off target of lists that a prompted model chose, without and with the target in its prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompted: Option<[Estimate; 2]>,
}
