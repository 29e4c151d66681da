//! Who and what gets less than its due, and what can be done about it.
//!
//! [`audit()`] measures a store's lists: how much they favour popular items, whose items get which exposure, for which
//! users they are better, and whether they change with attributes that should not matter. [`FairReranker`] makes lists that
//! meet an exposure target, [`Mask`] keeps sensitive attributes out of prompts, and [`FairnessFeedback`] keeps what users
//! say.

mod audit;
mod change;
mod counterfactual;
mod exposure;
mod feedback;
mod gaps;
mod groups;
mod heldout;
mod listers;
mod lists;
mod mask;
mod mitigate;
mod overlap;
mod popularity;
mod report;
mod target;

pub use audit::{AuditOptions, Auditor, audit};
pub use change::Change;
pub use counterfactual::{ChangedLists, Counterfactual, Lister, counterfactuals};
pub use exposure::{ExposureParity, GroupExposure, discount};
pub use feedback::{FairnessFeedback, Remark};
pub use gaps::{GroupQuality, UserGaps};
pub use groups::Groups;
pub use listers::{ProfileLister, PromptLister, StoreLister};
pub use mask::{Mask, is_sensitive};
pub use mitigate::{FairReranker, POOL};
pub use overlap::rank_biased_overlap;
pub use popularity::PopularityBias;
pub use report::{FairnessReport, Mitigation};
pub use target::{ExposureTarget, TargetShares};

/// What somebody is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The user's index in the interactions.
    pub user: usize,
    /// The items, best first.
    pub list: Vec<usize>,
}
