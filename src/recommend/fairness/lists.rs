//! Everybody's lists, and what an exposure target gains and costs in them.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rayon::prelude::*;

use super::{
    AuditOptions, Auditor, ExposureParity, ExposureTarget, FairReranker, Lister, Mitigation, POOL, PromptLister, Shown,
    heldout::{Case, Heldout, tell},
};
use crate::recommend::{
    Candidate, Query, Recommender, Result, User,
    draw::shuffle,
    evaluate::{Estimate, Metric, Telling},
};

/// Lists between two chances to break off.
const AT_ONCE: usize = 64;

/// What everybody is shown, and what it was picked from.
pub(super) struct Lists {
    pub(super) shown: Vec<Shown>,
    /// (users)
    pools: Vec<Vec<Candidate>>,
}

impl Lists {
    /// Makes everybody's list; `progress` is asked between some of them whether to go on.
    pub(super) fn make(recommender: &Recommender, k: usize, progress: &mut Telling<'_>) -> Result<Self> {
        let interactions = recommender.interactions();
        let pool = |user: usize| recommender.recommend(&Query::of(interactions.history(user)), POOL.max(k), None);
        let users: Vec<usize> =
            (0..interactions.users()).filter(|&user| !interactions.history(user).is_empty()).collect();
        let mut pools: Vec<Vec<Candidate>> = Vec::with_capacity(users.len());
        for users in users.chunks(AT_ONCE) {
            tell(progress, "")?;
            pools.extend(users.par_iter().map(|&user| pool(user)).collect::<Result<Vec<_>>>()?);
        }
        let list = |pool: &[Candidate]| pool.iter().take(k).map(|candidate| candidate.item).collect();
        let shown = users.iter().zip(&pools).map(|(&user, pool)| Shown { user, list: list(pool) }).collect();
        Ok(Self { shown, pools })
    }

    /// What lists by a target gain and cost.
    pub(super) fn mitigate(
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
    let value = |case: &Case| {
        let list = fair.pick(&case.pool, &case.worth, COUNTED);
        let rank = list.iter().position(|&place| case.pool[place] == case.target).unwrap_or(COUNTED);
        Metric::Ndcg10.at(rank)
    };
    let users: Vec<usize> = heldout.cases.iter().map(|case| case.user).collect();
    let before: Vec<f64> = heldout.cases.iter().map(|case| Metric::Ndcg10.of(case.rank)).collect();
    let after: Vec<f64> = heldout.cases.par_iter().map(value).collect();
    let ndcg = [Estimate::of(&before, &users), Estimate::of(&after, &users)];
    (ndcg, Estimate::of_difference(&after, &before, &users))
}

/// How far lists of a prompted model are off the target without and with it in the prompt.
pub(super) fn prompted(
    auditor: &Auditor<'_>,
    (target, fair): (&ExposureTarget, &FairReranker),
    options: &AuditOptions,
    progress: &mut Telling<'_>,
) -> Result<Option<[Estimate; 2]>> {
    let Some((engine, template)) = auditor.prompt else { return Ok(None) };
    let recommender = auditor.recommender;
    let interactions = recommender.interactions();
    let lister = || PromptLister::new(recommender, engine, template, auditor.mask);
    let mut listers = [lister(), lister().with_target(target.clone())];
    let (mut users, mut off) = (Vec::new(), [Vec::new(), Vec::new()]);
    let mut drawn: Vec<usize> = (0..interactions.users()).collect();
    if let Some(limit) = options.limit_users {
        shuffle(&mut drawn, &mut ChaCha8Rng::seed_from_u64(options.seed));
        drawn.truncate(limit);
        drawn.sort_unstable();
    }
    for (done, &user) in drawn.iter().enumerate() {
        if done % 20 == 0 {
            tell(progress, &format!("prompts with a target: user {} of {}", done + 1, drawn.len()))?;
        }
        let id = interactions.user_id(user);
        let record = recommender.users().get(id).cloned().unwrap_or_else(|| User { id: id.into(), ..User::default() });
        for (lister, off) in listers.iter_mut().zip(&mut off) {
            let list = lister.list(&record, interactions.history(user), options.k)?;
            off.push(fair.off_target(&list));
        }
        users.push(user);
    }
    Ok(Some(off.map(|off| Estimate::of(&off, &users))))
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::recommend::{
        Error,
        fixture::{Fixture, FixtureOptions},
    };

    #[test]
    fn lists_are_broken_off_between_users() {
        let options = FixtureOptions { items: 30, users: 200, interactions: 5, ..FixtureOptions::default() };
        let Fixture { items, interactions, .. } = Fixture::generate(&options);
        let recommender = Recommender::new(items, interactions, None).unwrap();
        let mut asked = 0;
        let mut twice = |_: &str| {
            asked += 1;
            if asked < 2 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let made = Lists::make(&recommender, 5, &mut twice);
        assert!(matches!(made, Err(Error::Interrupted)));
        assert_eq!(asked, 2, "there are 200 users, and nothing is asked after that");
        let whole = Lists::make(&recommender, 5, &mut |_| ControlFlow::Continue(())).unwrap();
        assert_eq!(whole.shown.len(), 200);
    }
}
