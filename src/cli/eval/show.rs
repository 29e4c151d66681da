//! What an evaluation looks like to people: a table of the methods, their intervals, and what was learned.

use docent::recommend::evaluate::{Estimate, Evaluation, Metric};

/// The table, with the protocol above and the weights below.
pub(super) fn table(evaluations: &[Evaluation]) -> String {
    let Some(first) = evaluations.first() else { return String::new() };
    let protocol = &first.protocol;
    let mut text = format!(
        "{} users, {} targets: {}; candidates: {}; ties: {}; seen items {}; gain {}; seed {}\n\n",
        first.users,
        first.cases,
        protocol.split,
        protocol.candidates,
        protocol.ties,
        protocol.seen,
        protocol.gain,
        protocol.seed
    );
    text += &format!("{:<14}{:<27}", "method", "NDCG@10");
    let rest = [Metric::Mrr, Metric::Hr10, Metric::Hr20, Metric::Hr50];
    rest.iter().for_each(|metric| text += &format!("{:>8}", metric.name().to_uppercase()));
    text += &format!("{:>10}  {}\n", "coverage", "NDCG@10 against fused");
    for evaluation in evaluations {
        let metric = |metric: Metric| evaluation.metrics.get(metric.name()).copied();
        let value = |of: Metric| metric(of).map_or(0.0, |estimate| estimate.value);
        text +=
            &format!("{:<14}{:<27}", evaluation.method.name(), metric(Metric::Ndcg10).map_or(String::new(), interval));
        rest.iter().for_each(|&metric| text += &format!("{:>8.4}", value(metric)));
        let versus = evaluation.versus_fused.get(Metric::Ndcg10.name()).map_or(String::new(), signed);
        text += format!("{:>10.4}  {versus}", evaluation.coverage).trim_end();
        text.push('\n');
    }
    text += "\nIntervals: 95 %, bootstrap over users. Chosen and learned on validation items:\n";
    for evaluation in evaluations.iter().filter(|evaluation| !evaluation.weights.is_empty()) {
        let weights: Vec<String> =
            evaluation.weights.iter().map(|(name, value)| format!("{name} {}", short(*value))).collect();
        text += &format!("{:<14}{}\n", evaluation.method.name(), weights.join(", "));
    }
    text
}

fn interval(estimate: Estimate) -> String {
    format!("{:.4} ({:.4} to {:.4})", estimate.value, estimate.low, estimate.high)
}

fn signed(estimate: &Estimate) -> String {
    format!("{:+.4} ({:+.4} to {:+.4})", estimate.value, estimate.low, estimate.high)
}

/// At most three digits behind the point.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
