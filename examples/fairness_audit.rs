//! Fairness: an audit of lists for invented people, what an exposure target gains and costs, and prompts that are told what
//! they may not know and what they may.
//!
//! ```text
//! cargo run --release --example fairness_audit [SEED]
//! ```
//!
//! The people's tastes do not depend on their groups, so that whatever differs between groups is chance or the
//! recommender's doing. With the language model's lists of 20 people this takes about a minute.

use std::{collections::BTreeSet, error::Error, ops::ControlFlow};

use docent::{
    engine::{Engine, EngineOptions},
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Recommender,
        fairness::{
            AuditOptions, Auditor, Counterfactual, Mask, PromptLister, StoreLister, audit, counterfactuals,
            is_sensitive,
        },
        fixture::{Fixture, FixtureOptions},
        prompt::{PromptTemplate, Prompting},
    },
};

/// Users whose lists a language model makes.
const PROMPTED: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    let Fixture { items, interactions, users, .. } =
        Fixture::generate(&FixtureOptions { seed, ..FixtureOptions::default() });
    let recommender = Recommender::new(items, interactions, None)?.with_users(users);
    let users = recommender.users();
    let mask = Mask::new(users, &[], &[])?;
    println!("Told to no model: {}", mask.columns().collect::<Vec<_>>().join(", "));

    let target = "language=equal".parse()?;
    let attributes = Some(vec!["language".to_owned()]);
    let options = AuditOptions { attributes, target: Some((target, 0.5)), ..AuditOptions::default() };
    let auditor = Auditor { recommender: &recommender, mask: &mask, encoder: None, prompt: None };
    let report = audit(auditor, &options, Vec::new(), &mut |_| ControlFlow::Continue(()))?;
    if let Some(bias) = &report.popularity {
        let [lists, histories] = [bias.percentile_of_lists.value, bias.percentile_of_histories.value];
        println!(
            "Popularity percentile: {lists:.3} of lists, {histories:.3} of histories; coverage {:.3}",
            bias.coverage
        );
    }
    for gaps in &report.gaps {
        println!(
            "NDCG@10 by {}: gap {:.3}, {} of {} groups differ",
            gaps.attribute,
            gaps.gap,
            gaps.differ,
            gaps.groups.len()
        );
    }
    if let Some(found) = &report.mitigation {
        let [before, after] = found.off_target.map(|estimate| estimate.value);
        println!("Exposure by language off an equal share: {before:.3}, mitigated {after:.3}");
        if let (Some([before, after]), Some(cost)) = (&found.ndcg, &found.cost) {
            println!(
                "NDCG@10 {:.3}, mitigated {:.3} ({:+.3} to {:+.3})",
                before.value, after.value, cost.low, cost.high
            );
        }
    }

    let resolver = Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()));
    let path = resolver.resolve(&"smollm2-135m".parse()?, &Quiet)?.path;
    let engine = Engine::load(&path, &EngineOptions::default())?;
    let template = PromptTemplate::built_in(Prompting::ZeroShot)?;
    let names = users.attributes().iter().map(|column| column.name.clone());
    let sensitive: Vec<String> = names.filter(|name| is_sensitive(name)).collect();
    let open = Mask::of(users, BTreeSet::new());
    println!("\nItems that change when an attribute does:");
    for (what, mask) in [("masked", &mask), ("told", &open)] {
        let data = (users, recommender.interactions());
        let draw = (10, Some(PROMPTED), 0);
        let mut go_on = |_: &str| ControlFlow::Continue(());
        let mut prompted = PromptLister::new(&recommender, &engine, &template, mask);
        let mut stored = StoreLister { recommender: &recommender };
        for changes in [
            counterfactuals(&mut stored, data, &sensitive, draw, &mut go_on)?,
            counterfactuals(&mut prompted, data, &sensitive, draw, &mut go_on)?,
        ]
        .into_iter()
        .zip(["history", "prompt"])
        .map(|(changes, lists)| Counterfactual { lists, allowed: Vec::new(), changes })
        {
            for lists in changes.changes {
                let share = 100.0 * lists.replaced;
                println!(
                    "  {what:<7}{:<9}{:<11}{:<9}{share:5.1} %",
                    changes.lists,
                    lists.attribute,
                    lists.change.name()
                );
            }
        }
    }
    Ok(())
}
