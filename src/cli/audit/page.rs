//! An audit as a page with plots.

use docent::recommend::{
    evaluate::Estimate,
    fairness::{ExposureParity, FairnessReport, PopularityBias, UserGaps},
};

use super::show;
use crate::cli::plot::{Bar, draw, escape};

/// The report as one page.
pub(super) fn page(title: &str, report: &FairnessReport) -> String {
    let title = format!("docent audit {}", escape(title));
    let mut plots = String::new();
    let mut plot = |heading: &str, unit: &str, bars: &[Bar]| {
        plots += &format!("<h2>{}</h2>\n{}", escape(heading), draw(unit, bars));
    };
    if let Some(bias) = &report.popularity {
        plot("Popularity", "share of exposure and of interactions, by tenths of the catalogue", &tenths(bias));
    }
    for parity in &report.exposure {
        plot(&format!("Exposure by {}", parity.attribute), "share", &shares(parity));
    }
    for gaps in report.gaps.iter().filter(|gaps| !gaps.groups.is_empty()) {
        plot(&format!("Quality by {}", gaps.attribute), "NDCG@10", &quality(gaps));
    }
    for checked in &report.counterfactuals {
        let bar = |lists: &docent::recommend::fairness::ChangedLists| Bar {
            name: format!("{}, {}", lists.attribute, lists.change.name()),
            value: lists.replaced,
            low: 0.0,
            high: lists.most_replaced,
        };
        let bars: Vec<Bar> = checked.changes.iter().map(bar).collect();
        plot(&format!("Lists by {}", checked.lists), "share of items replaced, mean and greatest", &bars);
    }
    if let Some(found) = &report.mitigation {
        let heading = format!("Exposure by {} with mitigation", found.attribute);
        plot(&heading, "share", &shares(&found.exposure[1]));
    }
    let table = escape(&show::table(&title, report));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<h1>{title}</h1>\n{plots}\
         <h2>Figures</h2>\n<pre>{table}</pre>\n</html>\n"
    )
}

fn plain(name: String, value: f64) -> Bar {
    Bar { name, value, low: value, high: value }
}

fn tenths(bias: &PopularityBias) -> Vec<Bar> {
    let bars = |(place, [events, exposure]): (usize, &[f64; 2])| {
        let name = match place {
            0 => "least popular".to_owned(),
            9 => "most popular".to_owned(),
            _ => format!("tenth {}", place + 1),
        };
        [plain(format!("{name}, exposure"), *exposure), plain(format!("{name}, interactions"), *events)]
    };
    bias.tenths.iter().enumerate().flat_map(bars).collect()
}

fn shares(parity: &ExposureParity) -> Vec<Bar> {
    let bars = |group: &docent::recommend::fairness::GroupExposure| {
        let name = &group.group;
        [
            of(format!("{name}, exposure"), &group.exposure),
            plain(format!("{name}, liked"), group.liked),
            plain(format!("{name}, catalogue"), group.catalogue),
        ]
    };
    parity.groups.iter().flat_map(bars).collect()
}

fn quality(gaps: &UserGaps) -> Vec<Bar> {
    gaps.groups.iter().map(|group| of(group.group.clone(), &group.ndcg)).collect()
}

fn of(name: String, estimate: &Estimate) -> Bar {
    Bar { name, value: estimate.value, low: estimate.low, high: estimate.high }
}
