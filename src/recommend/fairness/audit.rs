//! The audit of a store: all measures over the lists that it makes, and what mitigation would cost.

use std::collections::BTreeSet;

use super::{
    Counterfactual, ExposureParity, ExposureTarget, FairReranker, FairnessReport, Groups, Lister, Mask, Mitigation,
    PopularityBias, ProfileLister, PromptLister, Remark, StoreLister, UserGaps,
    counterfactual::counterfactuals,
    groups::MOST,
    heldout::{Heldout, hold_out, tell},
    lists::{Lists, prompted},
    mask::is_sensitive,
};
use crate::{
    engine::{Embedder, Engine},
    recommend::{Attribute, Catalogue, Error, Recommender, Result, evaluate::Telling, prompt::PromptTemplate},
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
        Some((target, strength)) => {
            Some((target, FairReranker::new(target, catalogue, interactions, *strength)?, *strength))
        }
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
        let lists = Lists::make(recommender, options.k, progress)?;
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
        if let Some((target, fair, strength)) = &fair {
            let prompted = prompted(&auditor, (target, fair), options, progress)?;
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
        listers.push(Box::new(PromptLister::new(recommender, engine, template, mask)));
    }
    let draw = (options.k, options.limit_users, options.seed);
    for mut lister in listers {
        let changes = counterfactuals(&mut *lister, (users, interactions), sensitive, draw, progress)?;
        let lists = lister.name();
        report.counterfactuals.push(Counterfactual { lists, allowed: allowed.clone(), changes });
    }
    Ok(())
}
