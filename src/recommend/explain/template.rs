//! A plan in words without a model: always true, since it says the plan and nothing else.

use super::{Plan, Titled, lexicon};

/// The sentence of a plan; `place` in the list varies how it begins.
pub(super) fn sentence(plan: &Plan, place: usize) -> String {
    let item = full(&plan.item);
    let kind = kind(plan);
    let Some(anchor) = &plan.anchor else {
        return match kind.is_empty() {
            true => format!("{item} may be something for you."),
            false => format!("{item} may be something for you: it is {kind}."),
        };
    };
    let anchor = full(anchor);
    let mut text = match place % 3 {
        0 => format!("Because you liked {anchor}, {item} may be something for you"),
        1 => format!("{item} goes well with {anchor}, which you liked"),
        _ => format!("You liked {anchor}, and {item} is close to it"),
    };
    if !kind.is_empty() {
        text += &format!(": both are {kind}");
    }
    match plan.liked_by {
        0 => text += ".",
        people => text += &format!(", and {people} people liked both."),
    }
    text
}

/// `from the 1990s and tagged Comedy and Drama`; empty if nothing of it is known.
fn kind(plan: &Plan) -> String {
    let genres = lexicon::list(&plan.genres);
    match (plan.decade, genres.is_empty()) {
        (Some(decade), true) => format!("from the {decade}s"),
        (Some(decade), false) => format!("from the {decade}s and tagged {genres}"),
        (None, true) => genres,
        (None, false) => format!("tagged {genres}"),
    }
}

fn full(item: &Titled) -> String {
    match item.year {
        Some(year) => format!("{} ({year})", item.title),
        None => item.title.clone(),
    }
}
