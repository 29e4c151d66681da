//! A plan in words without a model: always true, since it says the plan and nothing else.

use super::{
    Plan,
    kind::{self, Kind},
    lexicon,
    prompt::fill,
};

/// How a sentence on two titles begins.
const BEGINNINGS: [&str; 10] = [
    "Because you liked {anchor}, {item} may be something for you",
    "{item} goes well with {anchor}, which you liked",
    "You liked {anchor}, and {item} is close to it",
    "If you want more like {anchor}, try {item}",
    "{item} is our suggestion for you as a fan of {anchor}",
    "Having liked {anchor}, you may well like {item}",
    "{item} has much in common with {anchor}, which you enjoyed",
    "We recommend {item}, since you enjoyed {anchor}",
    "Your liking for {anchor} makes {item} a natural choice",
    "After {anchor}, which you liked, {item} should fit",
];
/// How a sentence on one title begins.
const BEGINNINGS_ALONE: [&str; 4] =
    ["{item} may be something for you", "{item} is worth a look", "Try {item}", "{item} could suit you"];

/// How many forms a sentence has.
pub(super) const FORMS: usize = BEGINNINGS.len();

/// The sentence of a plan; `turn` varies how it begins.
pub(super) fn sentence(plan: &Plan, turn: usize) -> String {
    let item = plan.item.full();
    let Some(anchor) = &plan.anchor else {
        let beginning = fill(BEGINNINGS_ALONE[turn % BEGINNINGS_ALONE.len()], &item, "");
        return match Kind::of(&plan.genres) {
            Some(Kind { singular, .. }) => format!("{beginning}: it is {} {singular}.", kind::article(&singular)),
            None if plan.genres.is_empty() => format!("{beginning}."),
            None => format!("{beginning}: it is tagged {}.", lexicon::list(&plan.genres)),
        };
    };
    let beginning = fill(BEGINNINGS[turn % BEGINNINGS.len()], &item, &anchor.full());
    let what = match Kind::of(&plan.genres) {
        Some(kind) => Some(kind.plural),
        None => (!plan.genres.is_empty()).then(|| format!("tagged {}", lexicon::list(&plan.genres))),
    };
    let when = plan.decade.map(|decade| format!("from the {decade}s"));
    let are = [what, when].into_iter().flatten().collect::<Vec<_>>().join(" ");
    match (are.is_empty(), plan.liked_by) {
        (true, 0) => format!("{beginning}."),
        (true, people) => format!("{beginning}: {people} people liked both."),
        (false, 0) => format!("{beginning}: both are {are}."),
        (false, people) => format!("{beginning}: both are {are}, and {people} people liked both."),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::recommend::explain::{Titled, style::outline, verify};

    #[test]
    fn every_sentence_is_true_and_no_two_forms_are_alike() {
        let titled = |title: &str| Titled { title: title.into(), year: Some(1996) };
        let genres = [&["Comedy", "Romance"][..], &["Cozy Mystery", "Cats"], &[]];
        for (genres, decade) in genres.into_iter().flat_map(|genres| [(genres, Some(1990)), (genres, None)]) {
            for (anchor, liked_by) in [(Some(titled("Big")), 12), (Some(titled("Big")), 0), (None, 0)] {
                let genres = genres.iter().map(|&genre| genre.to_owned()).collect();
                let forms = if anchor.is_some() { FORMS } else { BEGINNINGS_ALONE.len() };
                let plan = Plan { anchor, genres, decade, liked_by, ..Plan::of(titled("The Iron Giant")) };
                let mut outlines = HashSet::new();
                for turn in 0..forms {
                    let text = sentence(&plan, turn);
                    // Without any fact the sentence is shorter than an explanation has to be.
                    if text.split_whitespace().count() > 6 {
                        assert_eq!(verify(&text, &plan), Ok(()), "{text}");
                    }
                    assert!(outlines.insert(outline(&text, &plan)), "{text}");
                }
            }
        }
    }
}
