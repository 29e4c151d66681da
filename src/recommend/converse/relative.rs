//! What is asked for by what was spoken of: `newer`, `something shorter`, `anything else by him`.

use super::{
    State,
    conditions::RUNTIMES,
    described::ORDINALS,
    dialogue::Dialogue,
    facts::Records,
    understand::{Understander, Understood, key},
};
use crate::recommend::{Attribute, Catalogue, Item};

/// Who made what was spoken of, as messages call them, and what takes the place of the words.
const MAKERS: [(&str, &str); 16] = [
    ("what else did he make", "something by "),
    ("what else did she make", "something by "),
    ("what else did they make", "something by "),
    ("what else did he direct", "something by "),
    ("what else did she direct", "something by "),
    ("what else has he made", "something by "),
    ("what else has she made", "something by "),
    ("by him", "by "),
    ("by her", "by "),
    ("by them", "by "),
    ("by the same director", "by "),
    ("by that director", "by "),
    ("by this director", "by "),
    ("from the same director", "by "),
    ("from him", "by "),
    ("from her", "by "),
];

/// Which way a comparison bounds, and what it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Than {
    Newer,
    Older,
    Shorter,
    Longer,
}

/// Words that compare.
const COMPARING: [(&str, Than); 7] = [
    ("newer", Than::Newer),
    ("more recent", Than::Newer),
    ("later", Than::Newer),
    ("older", Than::Older),
    ("earlier", Than::Older),
    ("shorter", Than::Shorter),
    ("longer", Than::Longer),
];

/// Words between `by` and a title whose director is meant: `more by the director of Heat`.
const OF_TITLES: [&str; 14] = [
    "the director of ",
    "the directors of ",
    "the maker of ",
    "the makers of ",
    "the same director as ",
    "the same directors as ",
    "whoever directed ",
    "whoever made ",
    "the one who directed ",
    "the one who made ",
    "the person who directed ",
    "the person who made ",
    "the guy who directed ",
    "the guy who made ",
];

/// The message with the name of whoever directed what was spoken of, or what it names: `anything else by him`, `more by the
/// director of Heat`. Where no record tells who that is, it is asked instead: nothing else can be found by it.
pub(super) fn by_name(
    message: &str,
    dialogue: &Dialogue,
    records: &Records<'_>,
    names: &Understander,
) -> Option<String> {
    let lower = message.to_ascii_lowercase();
    let of_title = || {
        let by =
            ["by ", "from "].iter().flat_map(|by| OF_TITLES.iter().map(move |words| (*by, format!("{by}{words}"))));
        by.into_iter().find_map(|(by, words)| {
            let start = lower.find(&words)?;
            let rest = start + words.len();
            let (item, length) = names.title_at(&message[rest..]).or_else(|| shown_at(&lower[rest..], dialogue))?;
            Some((start, start + words.len() + length, by, item))
        })
    };
    let of_focus = || {
        let ends = |end: usize| !lower[end..].starts_with(|c: char| c.is_alphanumeric() || c == '\'');
        MAKERS.iter().find_map(|(words, with)| {
            let start = lower.find(words).filter(|start| ends(start + words.len()))?;
            Some((start, start + words.len(), *with, dialogue.focus?))
        })
    };
    let (start, end, with, item) = of_title().or_else(of_focus)?;
    let people = records.people(item);
    let maker = people.iter().find(|fact| ["directed_by", "director", "directors"].contains(&fact.relation.as_str()));
    Some(match maker {
        Some(maker) => format!("{}{with}{}{}", &message[..start], maker.tail, &message[end..]),
        None => format!("Who directed \"{}\"?", names.name(item)),
    })
}

/// The shown item, or the one that is spoken of, at which a text begins to point, and in how many bytes: `the first one`, `it`.
fn shown_at(lower: &str, dialogue: &Dialogue) -> Option<(usize, usize)> {
    let at = |words: &str| {
        let parted = !lower.get(words.len()..)?.starts_with(|c: char| c.is_alphanumeric());
        (lower.starts_with(words) && parted).then_some(words.len())
    };
    let places = dialogue.last.iter().zip(ORDINALS);
    let mut listed = places.filter_map(|(&item, ordinal)| Some((item, at(&format!("the {ordinal} one"))?)));
    let of_focus = || ["it", "that one", "this one", "that film", "that movie"].into_iter().find_map(at);
    listed.next().or_else(|| Some((dialogue.focus?, of_focus()?)))
}

/// Bounds what is asked for by what was spoken of, or by most of what was shown last: `more like the third one but newer`.
pub(super) fn bound(
    message: &str,
    understood: &mut Understood,
    dialogue: &Dialogue,
    names: &Understander,
    catalogue: &Catalogue,
) {
    if ![State::RecommendationPresentation, State::PreferenceElicitation].contains(&understood.state) {
        return;
    }
    let lower = message.to_lowercase();
    let words = |text: &str| format!(" {} ", text.split(|c: char| !c.is_alphanumeric()).collect::<Vec<_>>().join(" "));
    let padded = words(&lower);
    let said = |word: &str| padded.contains(&format!(" {word} ")) && !padded.contains(&format!(" the {word} "));
    let liked = understood.preferences.explicit_preferences.iter().filter_map(|wish| wish.strip_prefix("like "));
    let named: Vec<usize> = liked.filter_map(|title| names.item(title)).collect();
    let base: Vec<usize> = match (named.is_empty(), dialogue.focus) {
        (false, _) => named,
        (true, Some(focus)) => vec![focus],
        (true, None) => dialogue.last.clone(),
    };
    for (_, than) in COMPARING.iter().filter(|(word, _)| said(word)) {
        let of_years = matches!(than, Than::Newer | Than::Older);
        let value = |item: usize| {
            let item = &catalogue[item];
            if of_years { item.year().map(f64::from) } else { runtime(item) }
        };
        let mut values: Vec<f64> = base.iter().filter_map(|&item| value(item)).collect();
        values.sort_by(f64::total_cmp);
        let Some(middle) = values.get(values.len() / 2).copied() else { continue };
        let (key, number) = match than {
            Than::Newer => (key::YEAR_MIN, middle + 1.0),
            Than::Older => (key::YEAR_MAX, middle - 1.0),
            Than::Shorter => (key::RUNTIME_MAX, middle - 1.0),
            Than::Longer => (key::RUNTIME_MIN, middle + 1.0),
        };
        let constraints = &mut understood.preferences.constraints;
        let is_said = [key::YEAR_MIN, key::YEAR_MAX].iter().any(|key| of_years && constraints.number(key).is_some())
            || [key::RUNTIME_MIN, key::RUNTIME_MAX].iter().any(|key| !of_years && constraints.number(key).is_some());
        // `older than 1980` says which.
        if !is_said {
            constraints.set_number(key, number);
            understood.state = State::RecommendationPresentation;
        }
    }
}

/// The running time of an item in minutes.
fn runtime(item: &Item) -> Option<f64> {
    RUNTIMES.iter().find_map(|column| match item.attribute(column) {
        Some(Attribute::Number(minutes)) => Some(*minutes),
        _ => None,
    })
}
