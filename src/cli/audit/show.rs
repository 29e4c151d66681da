//! An audit as text.

use docent::recommend::{
    counted,
    evaluate::Estimate,
    fairness::{Counterfactual, ExposureParity, FairnessReport, Mitigation, PopularityBias, UserGaps},
};

use crate::cli::{columns, recommend::show::day};

/// Columns of a group's name.
const NAME: usize = 24;
/// Columns of an estimate.
const WIDE: usize = 26;

/// The whole report.
pub(super) fn table(title: &str, report: &FairnessReport) -> String {
    let mut text = format!(
        "Fairness of {title}: {}, {}, {}; lists of {}\n",
        counted(report.items, "item", "items"),
        counted(report.users, "user", "users"),
        counted(report.interactions, "interaction", "interactions"),
        report.k
    );
    if let Some(bias) = &report.popularity {
        text += &popularity(bias);
    }
    report.exposure.iter().for_each(|parity| text += &exposure(&format!("Exposure by {}", parity.attribute), parity));
    for gaps in &report.gaps {
        text += &quality(gaps, report);
    }
    if !report.masked.is_empty() {
        text += &format!("\nTold to no model: {}\n", report.masked.join(", "));
    }
    report.counterfactuals.iter().for_each(|checked| text += &counterfactual(checked));
    if let Some(found) = &report.mitigation {
        text += &mitigation(found);
    }
    if !report.feedback.is_empty() {
        text += "\nWhat users say\n";
        for remark in &report.feedback {
            let who = remark.user.as_deref().unwrap_or("somebody");
            text += &format!("  {}  {who}: {}\n", day(remark.at), remark.text);
        }
    }
    if !report.unsaid.is_empty() {
        text += "\nNot measured\n";
        report.unsaid.iter().for_each(|why| text += &format!("  {why}\n"));
    }
    text + "\nIntervals: 95 %, bootstrap over users.\n"
}

fn popularity(bias: &PopularityBias) -> String {
    let row = |name: &str, histories: String, lists: String, note: &str| {
        format!("  {}{histories:<WIDE$}{lists:<WIDE$}{note}", padded(name)).trim_end().to_owned() + "\n"
    };
    let added = format!("added {}", signed(&bias.percentile_added));
    let tail = format!("{} of the long tail", counted(bias.tail_items, "item", "items"));
    format!("\n{}{:<WIDE$}{}\n", padded_to("Popularity", NAME + 2), "histories", "lists")
        + &row("percentile", interval(&bias.percentile_of_histories), interval(&bias.percentile_of_lists), &added)
        + &row("share of the long tail", interval(&bias.tail_in_histories), interval(&bias.tail_in_lists), &tail)
        + &row("Gini", short(bias.gini_of_histories), short(bias.gini_of_lists), "")
        + &row("coverage", String::new(), short(bias.coverage), "")
}

fn exposure(title: &str, parity: &ExposureParity) -> String {
    let head = format!(
        "\n{}{:<11}{:<11}{:<WIDE$}{}\n",
        padded_to(title, NAME + 2),
        "catalogue",
        "liked",
        "exposure",
        "beyond liked"
    );
    let rows = parity.groups.iter().map(|group| {
        format!(
            "  {}{:<11}{:<11}{:<WIDE$}{}\n",
            padded(&group.group),
            short(group.catalogue),
            short(group.liked),
            interval(&group.exposure),
            signed(&group.beyond_liked)
        )
    });
    let rows: String = rows.collect();
    format!(
        "{head}{rows}  off by {} of what is liked, by {} of the catalogue\n",
        short(parity.off_liked),
        short(parity.off_catalogue)
    )
}

fn quality(gaps: &UserGaps, report: &FairnessReport) -> String {
    let title = format!("Quality by {}", gaps.attribute);
    if gaps.groups.is_empty() {
        return format!("\n{title}: no group has five users who were tested\n");
    }
    let mut text = format!(
        "\n{}{:<7}{:<WIDE$}{:<WIDE$}{}\n",
        padded_to(&title, NAME + 2),
        "users",
        "NDCG@10",
        "recall@10",
        "NDCG@10 beyond others"
    );
    for group in &gaps.groups {
        text += &format!(
            "  {}{:<7}{:<WIDE$}{:<WIDE$}{}\n",
            padded(&group.group),
            group.users,
            interval(&group.ndcg),
            interval(&group.recall),
            signed(&group.beyond_others)
        );
    }
    let protocol = report.protocol.as_ref().map_or(String::new(), |protocol| {
        format!("; {}, candidates: {}, by {}", protocol.split, protocol.candidates, report.method.unwrap_or_default())
    });
    text += &format!(
        "  gap {}; {} of {} groups differ from all others, where one in twenty does by chance{protocol}\n",
        short(gaps.gap),
        gaps.differ,
        gaps.groups.len()
    );
    text
}

fn counterfactual(checked: &Counterfactual) -> String {
    let allowed = match checked.allowed.is_empty() {
        true => String::new(),
        false => format!(", where {} may be told", checked.allowed.join(", ")),
    };
    let mut text = format!(
        "\n{}{:<11}{:<7}{:<9}{:<19}{:<11}{}\n",
        padded_to(&format!("Lists by {}{allowed}", checked.lists), NAME + 2),
        "change",
        "users",
        "changed",
        "items replaced",
        "at most",
        "1 - RBO"
    );
    for lists in &checked.changes {
        text += &format!(
            "  {}{:<11}{:<7}{:<9}{:<19}{:<11}{}\n",
            padded(&lists.attribute),
            lists.change.name(),
            lists.users,
            lists.changed,
            percent(lists.replaced),
            percent(lists.most_replaced),
            short(lists.reordered)
        );
    }
    text
}

fn mitigation(found: &Mitigation) -> String {
    let wanted: Vec<String> = found.wanted.iter().map(|(group, share)| format!("{group} {}", short(*share))).collect();
    let [before, after] = &found.off_target;
    let mut text = format!(
        "\nMitigation by {}, strength {}\n  wanted: {}\n  off target: {} without, {} with\n",
        found.attribute,
        found.strength,
        wanted.join(", "),
        interval(before),
        interval(after)
    );
    if let (Some([before, after]), Some(cost)) = (&found.ndcg, &found.cost) {
        text += &format!(
            "  NDCG@10: {} without, {} with; difference {}\n",
            interval(before),
            interval(after),
            signed(cost)
        );
    }
    if let Some([without, with]) = &found.prompted {
        text += &format!(
            "  asked for in a prompt alone: off target {} without, {} with\n",
            interval(without),
            interval(with)
        );
    }
    text + &exposure("  Exposure with it", &found.exposure[1])
}

pub(super) fn interval(estimate: &Estimate) -> String {
    format!("{:.3} ({:.3} to {:.3})", estimate.value, estimate.low, estimate.high)
}

fn signed(estimate: &Estimate) -> String {
    format!("{:+.3} ({:+.3} to {:+.3})", estimate.value, estimate.low, estimate.high)
}

fn short(value: f64) -> String {
    format!("{value:.3}")
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// A name, cut where it is too long for its column.
fn padded(text: &str) -> String {
    format!("{} ", columns::padded(text, NAME - 1))
}

/// A title of so many columns; a longer one keeps a space behind it.
fn padded_to(text: &str, columns: usize) -> String {
    if columns::width(text) < columns { columns::padded(text, columns) } else { format!("{text} ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_columns() {
        for name in ["", "short", "exactly twenty-four chars", &"ü".repeat(80), &"花".repeat(30)] {
            let padded = padded(name);
            assert_eq!(columns::width(&padded), NAME, "{name}");
            assert!(padded.ends_with(' '));
        }
        assert_eq!(padded_to("ab", 4), "ab  ");
        assert_eq!(padded_to("abcd", 4), "abcd ");
    }
}
