//! The audit of a store: all measures over the lists that it makes, and what mitigation would cost.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::{
    Counterfactual, ExposureParity, ExposureTarget, FairReranker, Groups, Lister, Mask, POOL, PopularityBias,
    ProfileLister, PromptLister, Remark, Shown, StoreLister, UserGaps,
    counterfactual::counterfactuals,
    groups::MOST,
    heldout::{Heldout, hold_out, tell},
    mask::is_sensitive,
};
use crate::{
    engine::{Embedder, Engine},
    recommend::{
        Attribute, Candidate, Catalogue, Error, Query, Recommender, Result,
        evaluate::{Estimate, Metric, Protocol, RERANKED, Telling},
        prompt::{PromptRecommender, PromptTask, PromptTemplate},
    },
};

/// How an audit is made.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditOptions {
    /// Attributes of items whose exposure is measured; those with few values, if `None`.
    pub attributes: Option<Vec<String>>,
    /// Attributes of users that should make no difference; those that are sensitive by name, if `None`.
    pub sensitive: Option<Vec<String>>,
    /// Items of a list.
    pub k: usize,
    /// The most users whose lists are changed or who test; all, if `None`.
    pub limit_users: Option<usize>,
    /// Decides every draw.
    pub seed: u64,
    /// What mitigation is tried, and how much it counts, from 0 to 1.
    pub target: Option<(ExposureTarget, f32)>,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { attributes: None, sensitive: None, k: 10, limit_users: None, seed: 0, target: None }
    }
}

/// What an audit is made with.
#[derive(Debug)]
pub struct Auditor<'a> {
    /// The store.
    pub recommender: &'a Recommender,
    /// What no model is told of users.
    pub mask: &'a Mask,
    /// The encoder of the store's vectors, for users of whom there is nothing but a profile.
    pub encoder: Option<&'a mut Embedder>,
    /// A language model that is prompted, and how.
    pub prompt: Option<(&'a Engine, &'a PromptTemplate)>,
}

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

/// Audits a store.
///
/// # Errors
/// If an attribute is none of the store's, a model fails, or `progress` breaks it off.
pub fn audit(
    mut auditor: Auditor<'_>,
    options: &AuditOptions,
    feedback: Vec<Remark>,
    progress: &mut Telling<'_>,
) -> Result<FairnessReport> {
    let recommender = auditor.recommender;
    let (catalogue, interactions) = (recommender.catalogue(), recommender.interactions());
    let fair = match &options.target {
        Some((target, strength)) => Some((FairReranker::new(target, catalogue, interactions, *strength)?, *strength)),
        None => None,
    };
    let sensitive = sensitive(recommender, options)?;
    let item_groups = item_groups(catalogue, options)?;
    let mut report = FairnessReport {
        items: catalogue.len(),
        users: interactions.users(),
        interactions: interactions.len(),
        k: options.k,
        masked: auditor.mask.columns().map(str::to_owned).collect(),
        feedback,
        ..FairnessReport::default()
    };
    if interactions.is_empty() {
        report.unsaid.push("lists, exposure, gaps and mitigation: the store has no interactions".into());
    } else {
        tell(progress, "lists for everybody")?;
        let lists = Lists::make(recommender, options.k)?;
        report.popularity = Some(PopularityBias::measure(&lists.shown, interactions, catalogue.len()));
        report.exposure =
            item_groups.iter().map(|groups| ExposureParity::measure(groups, &lists.shown, interactions)).collect();
        if item_groups.is_empty() {
            report.unsaid.push("exposure by attribute: items have no attribute of few values; name one".into());
        }
        let heldout = (!sensitive.is_empty() || fair.is_some())
            .then(|| hold_out(recommender, options.limit_users, options.seed, progress));
        let heldout = match heldout.transpose() {
            Ok(heldout) => heldout,
            Err(error @ Error::NothingToEvaluate { .. }) => {
                report.unsaid.push(format!("gaps between users, and what mitigation costs: {error}"));
                None
            }
            Err(error) => return Err(error),
        };
        if let Some(heldout) = &heldout {
            report.protocol = Some(heldout.protocol.clone());
            report.method = Some(heldout.method.name());
            report.tested = heldout.users();
            report.gaps = gaps(recommender, heldout, &sensitive)?;
        }
        if let Some((fair, strength)) = &fair {
            let prompted = prompted(&auditor, fair, options, progress)?;
            report.mitigation =
                Some(Mitigation { prompted, ..lists.mitigate(fair, *strength, heldout.as_ref(), recommender) });
        }
    }
    check(&mut auditor, &sensitive, options, &mut report, progress)?;
    Ok(report)
}

/// The attributes of users that should make no difference.
fn sensitive(recommender: &Recommender, options: &AuditOptions) -> Result<Vec<String>> {
    let users = recommender.users();
    match &options.sensitive {
        Some(columns) => {
            columns.iter().try_for_each(|column| super::mask::known(users, column))?;
            Ok(columns.clone())
        }
        None => {
            let names = users.attributes().iter().map(|column| &column.name);
            Ok(names.filter(|name| is_sensitive(name)).cloned().collect())
        }
    }
}

/// The items by each attribute that was named; by those of few values where none was.
fn item_groups(catalogue: &Catalogue, options: &AuditOptions) -> Result<Vec<Groups>> {
    let few = |column: &str| {
        let texts = catalogue.items().iter().filter_map(|item| match item.attribute(column) {
            Some(Attribute::Text(text)) => Some(text),
            _ => None,
        });
        texts.collect::<BTreeSet<_>>().len() <= MOST
    };
    let columns: Vec<String> = match &options.attributes {
        Some(columns) => columns.clone(),
        None => {
            let names = catalogue.attributes().iter().map(|column| column.name.clone());
            names.filter(|name| few(name)).collect()
        }
    };
    columns.iter().map(|column| Groups::of_items(catalogue, column)).collect()
}

fn gaps(recommender: &Recommender, heldout: &Heldout, sensitive: &[String]) -> Result<Vec<UserGaps>> {
    let interactions = recommender.interactions();
    let ids = || (0..interactions.users()).map(|user| interactions.user_id(user));
    let of = |column: &String| {
        let groups = Groups::of_users(recommender.users(), column, ids())?;
        Ok(UserGaps::measure(&groups, heldout))
    };
    sensitive.iter().map(of).collect()
}

/// Changes what should make no difference, for each kind of list that can be made.
fn check(
    auditor: &mut Auditor<'_>,
    sensitive: &[String],
    options: &AuditOptions,
    report: &mut FairnessReport,
    progress: &mut Telling<'_>,
) -> Result<()> {
    let recommender = auditor.recommender;
    let (users, interactions) = (recommender.users(), recommender.interactions());
    if sensitive.is_empty() {
        let why = match (users.is_empty(), users.attributes().is_empty()) {
            (true, _) => "the store has no users file",
            (_, true) => "users have no attributes",
            _ => "no attribute of users is sensitive by its name; name some",
        };
        report.unsaid.push(format!("gaps between users, and counterfactuals: {why}"));
        return Ok(());
    }
    let mask = auditor.mask;
    let allowed: Vec<String> = sensitive.iter().filter(|column| !mask.hides(column)).cloned().collect();
    let mut listers: Vec<Box<dyn Lister + '_>> = Vec::new();
    if !interactions.is_empty() {
        listers.push(Box::new(StoreLister { recommender }));
    }
    let has_profiles = users.users().iter().any(|user| user.profile.is_some());
    match auditor.encoder.as_deref_mut().filter(|_| has_profiles && recommender.semantic().is_some()) {
        Some(encoder) => listers.push(Box::new(ProfileLister::new(recommender, encoder, mask))),
        None => report.unsaid.push("counterfactuals of lists by profile: there are no profiles or no vectors".into()),
    }
    if let Some((engine, template)) = auditor.prompt {
        listers.push(Box::new(PromptLister { recommender, engine, template, mask }));
    }
    let draw = (options.k, options.limit_users, options.seed);
    for mut lister in listers {
        let changes = counterfactuals(&mut *lister, (users, interactions), sensitive, draw, progress)?;
        let lists = lister.name();
        report.counterfactuals.push(Counterfactual { lists, allowed: allowed.clone(), changes });
    }
    Ok(())
}

/// What everybody is shown, and what it was picked from.
struct Lists {
    shown: Vec<Shown>,
    /// (users)
    pools: Vec<Vec<Candidate>>,
}

impl Lists {
    fn make(recommender: &Recommender, k: usize) -> Result<Self> {
        let interactions = recommender.interactions();
        let pool = |user: usize| recommender.recommend(&Query::of(interactions.history(user)), POOL.max(k), None);
        let users: Vec<usize> =
            (0..interactions.users()).filter(|&user| !interactions.history(user).is_empty()).collect();
        let pools: Vec<Vec<Candidate>> = users.par_iter().map(|&user| pool(user)).collect::<Result<_>>()?;
        let list = |pool: &[Candidate]| pool.iter().take(k).map(|candidate| candidate.item).collect();
        let shown = users.iter().zip(&pools).map(|(&user, pool)| Shown { user, list: list(pool) }).collect();
        Ok(Self { shown, pools })
    }

    /// What lists by a target gain and cost.
    fn mitigate(
        &self,
        fair: &FairReranker,
        strength: f32,
        heldout: Option<&Heldout>,
        recommender: &Recommender,
    ) -> Mitigation {
        let interactions = recommender.interactions();
        let fairly = |(shown, pool): (&Shown, &Vec<Candidate>)| {
            let list = fair.list(pool, shown.list.len());
            Shown { user: shown.user, list: list.into_iter().map(|candidate| candidate.item).collect() }
        };
        let after: Vec<Shown> = self.shown.par_iter().zip(&self.pools).map(fairly).collect();
        let of = |lists: &[Shown]| {
            let (off, users): (Vec<f64>, Vec<usize>) =
                lists.iter().map(|shown| (fair.off_target(&shown.list), shown.user)).unzip();
            (Estimate::of(&off, &users), ExposureParity::measure(fair.groups(), lists, interactions))
        };
        let [(off_before, before), (off_after, after)] = [of(&self.shown), of(&after)];
        let quality = heldout.map(|heldout| cost(fair, heldout));
        Mitigation {
            attribute: fair.groups().attribute.clone(),
            strength,
            wanted: fair.groups().names.iter().cloned().zip(fair.wanted().iter().copied()).collect(),
            off_target: [off_before, off_after],
            exposure: [before, after],
            ndcg: quality.map(|(ndcg, _)| ndcg),
            cost: quality.map(|(_, cost)| cost),
            prompted: None,
        }
    }
}

/// NDCG@10 of held-out items without and with a target, and the paired difference.
fn cost(fair: &FairReranker, heldout: &Heldout) -> ([Estimate; 2], Estimate) {
    /// The places that NDCG@10 counts.
    const COUNTED: usize = 10;
    let value = |case: &super::heldout::Case| {
        let list = fair.pick(&case.pool, &case.worth, COUNTED);
        let rank = list.iter().position(|&place| case.pool[place] == case.target).unwrap_or(COUNTED);
        Metric::Ndcg10.at(rank as f64)
    };
    let users: Vec<usize> = heldout.cases.iter().map(|case| case.user).collect();
    let before: Vec<f64> = heldout.cases.iter().map(|case| Metric::Ndcg10.at(case.rank)).collect();
    let after: Vec<f64> = heldout.cases.par_iter().map(value).collect();
    let ndcg = [Estimate::of(&before, &users), Estimate::of(&after, &users)];
    (ndcg, Estimate::of_difference(&after, &before, &users))
}

/// How far lists of a prompted model are off the target without and with it in the prompt.
fn prompted(
    auditor: &Auditor<'_>,
    fair: &FairReranker,
    options: &AuditOptions,
    progress: &mut Telling<'_>,
) -> Result<Option<[Estimate; 2]>> {
    let Some((engine, template)) = auditor.prompt else { return Ok(None) };
    let (catalogue, interactions) = (auditor.recommender.catalogue(), auditor.recommender.interactions());
    let (mut users, mut off) = (Vec::new(), [Vec::new(), Vec::new()]);
    let all = interactions.users().min(options.limit_users.unwrap_or(usize::MAX));
    for user in (0..interactions.users()).take(all) {
        if user % 20 == 0 {
            tell(progress, &format!("prompts with a target: user {} of {all}", user + 1))?;
        }
        let history = interactions.history(user);
        let offered = auditor.recommender.recommend(&Query::of(history), options.k.max(RERANKED), None)?;
        let items: Vec<usize> = offered.iter().map(|candidate| candidate.item).collect();
        let mut task = PromptTask::new(history, &items, options.k, catalogue);
        if let Some(record) = auditor.recommender.users().get(interactions.user_id(user)) {
            task.tell(record, auditor.mask);
        }
        for (with, off) in off.iter_mut().enumerate() {
            if with == 1 {
                task.share_out(fair, &items);
            }
            let answer = PromptRecommender::new(engine, template).recommend(&task)?;
            let list: Vec<usize> =
                answer.whole(items.len()).into_iter().take(options.k).map(|place| items[place]).collect();
            off.push(fair.off_target(&list));
        }
        users.push(user);
    }
    Ok(Some(off.map(|off| Estimate::of(&off, &users))))
}
