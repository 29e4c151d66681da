//! What an evaluation looks like to people: a table of the methods, their intervals, and what was learned.

use docent::recommend::{
    counted,
    evaluate::{Estimate, Evaluation, Lift, Metric, Segment},
};

use crate::cli::plot::{Bar, draw, escape};

/// What lists are worth as a whole, by its name and as the table titles it.
const LISTS: [(&str, &str); 3] = [("ild@10", "ILD"), ("novelty@10", "novelty"), ("calibration_kl@10", "KL")];

/// The table, with the protocol above and the weights below.
pub(super) fn table(evaluations: &[Evaluation]) -> String {
    let Some(first) = evaluations.first() else { return String::new() };
    let protocol = &first.protocol;
    let mut text = format!(
        "{}, {}: {}; candidates: {}; ties: {}; seen items {}; gain {}; seed {}\n\n",
        counted(first.users, "user", "users"),
        counted(first.cases, "target", "targets"),
        protocol.split,
        protocol.candidates,
        protocol.ties,
        protocol.seen,
        protocol.gain,
        protocol.seed
    );
    text += &format!("{:<15}{:<27}", "method", "NDCG@10");
    let rest = [Metric::Mrr, Metric::Hr10, Metric::Hr20, Metric::Hr50];
    rest.iter().for_each(|metric| text += &format!("{:>8}", metric.name().to_uppercase()));
    LISTS.iter().for_each(|(_, title)| text += &format!("{title:>10}"));
    text += &format!("{:>10}  {}\n", "coverage", "NDCG@10 against fused");
    for evaluation in evaluations {
        let metric = |metric: Metric| evaluation.metrics.get(metric.name()).copied();
        let value = |of: Metric| metric(of).map_or(0.0, |estimate| estimate.value);
        text +=
            &format!("{:<15}{:<27}", evaluation.method.name(), metric(Metric::Ndcg10).map_or(String::new(), interval));
        rest.iter().for_each(|&metric| text += &format!("{:>8.4}", value(metric)));
        let list = |name: &str| {
            evaluation.metrics.get(name).map_or_else(|| "-".into(), |estimate| format!("{:.4}", estimate.value))
        };
        LISTS.iter().for_each(|(name, _)| text += &format!("{:>10}", list(name)));
        let versus = evaluation.versus_fused.get(Metric::Ndcg10.name()).map_or(String::new(), signed);
        text += format!("{:>10.4}  {versus}", evaluation.coverage).trim_end();
        text.push('\n');
    }
    for evaluation in evaluations.iter().filter(|evaluation| !evaluation.lift.is_empty()) {
        text += &format!("\n{}: what it adds, NDCG@10\n", evaluation.method.name());
        for Lift { segment, cases, without, difference } in &evaluation.lift {
            let difference = signed(difference);
            let noun = if *cases == 1 { "case" } else { "cases" };
            text += &format!("  {:<17}{cases:>6} {noun:<5}  {without:.4}  {difference}\n", of_segment(*segment));
        }
    }
    text += "\nIntervals: 95 %, bootstrap over users. Chosen and learned on validation items:\n";
    for (place, evaluation) in evaluations.iter().enumerate().filter(|(_, evaluation)| !evaluation.weights.is_empty()) {
        let weight = |(name, value): (&String, &f64)| format!("{name} {}", short(*value));
        let told = match evaluations[..place].iter().find(|other| other.weights == evaluation.weights) {
            Some(other) => format!("as {}", other.method),
            None => evaluation.weights.iter().map(weight).collect::<Vec<_>>().join(", "),
        };
        text += &format!("{:<15}{told}\n", evaluation.method.name());
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

fn of_segment(segment: Segment) -> &'static str {
    match segment {
        Segment::ShortHistory => "short history",
        Segment::MiddlingHistory => "middling history",
        Segment::LongHistory => "long history",
        Segment::PopularTarget => "popular target",
        Segment::RareTarget => "rare target",
    }
}

/// The report as one page: the bars of all methods, and the table.
pub(super) fn page(evaluations: &[Evaluation]) -> String {
    let bar = |evaluation: &Evaluation| {
        let Estimate { value, low, high } = evaluation
            .metrics
            .get(Metric::Ndcg10.name())
            .copied()
            .unwrap_or(Estimate { value: 0.0, low: 0.0, high: 0.0 });
        Bar { name: evaluation.method.name().into(), value, low, high }
    };
    let plot = draw("NDCG@10", &evaluations.iter().map(bar).collect::<Vec<_>>());
    let table = escape(&table(evaluations));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>docent eval</title>\n<h1>docent eval</h1>\n\
         {plot}<pre>{table}</pre>\n</html>\n"
    )
}
