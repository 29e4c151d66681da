//! Shown items that are described and not named: `the one with the lighthouse`, found by the words of their records, or
//! by meaning where no word fits.

use std::ops::Range;

use crate::recommend::{Catalogue, Result, retrieve::Semantic};

/// How a description begins.
const BEGINNINGS: [&str; 7] = [
    "the one with ",
    "the one about ",
    "the one where ",
    "the one set in ",
    "the one from ",
    "the one by ",
    "the one that has ",
];
/// What ends one, beside a mark.
const ENDS: [&str; 9] =
    [" was ", " is ", " sounds ", " looks ", " seems ", " and the ", " but ", " please", " instead"];
/// Words that describe nothing.
const EMPTY: [&str; 12] =
    ["the", "and", "one", "with", "that", "this", "about", "where", "from", "film", "movie", "has"];
/// The cosine from which a text means an item.
const NEAR: f32 = 0.25;
/// Words for the places of a list.
pub(super) const ORDINALS: [&str; 10] =
    ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

/// What tells the vector of a text, where there is an encoder.
pub(super) type Vectors<'a> = dyn FnMut(&str) -> Result<Option<Vec<f32>>> + 'a;

/// The message with a described item as a place in the list: `the third one`.
///
/// # Errors
/// If the encoder fails.
pub(super) fn resolve(
    message: &str,
    shown: &[usize],
    catalogue: &Catalogue,
    semantic: Option<&Semantic>,
    vectors: &mut Vectors<'_>,
) -> Result<Option<String>> {
    let Some((whole, words)) = description(message) else { return Ok(None) };
    let text = &message[words];
    let place = match by_words(text, shown, catalogue) {
        Some(place) => Some(place),
        None => by_meaning(text, shown, semantic, vectors)?,
    };
    let ordinal = place.and_then(|place| ORDINALS.get(place));
    Ok(ordinal.map(|ordinal| format!("{}the {ordinal} one{}", &message[..whole.start], &message[whole.end..])))
}

/// Where a description stands, with its beginning and without.
fn description(message: &str) -> Option<(Range<usize>, Range<usize>)> {
    let lower = message.to_ascii_lowercase();
    let (start, begin) = BEGINNINGS.iter().find_map(|words| lower.find(words).map(|at| (at, at + words.len())))?;
    let rest = &lower[begin..];
    let mark = rest.find(['.', ',', '!', '?', ';']).unwrap_or(rest.len());
    let end = ENDS.iter().filter_map(|words| rest.find(words)).fold(mark, usize::min);
    (end > 0).then_some((start..begin + end, begin..begin + end))
}

/// The only item whose record has most of the words.
fn by_words(text: &str, shown: &[usize], catalogue: &Catalogue) -> Option<usize> {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase);
        words.filter(|word| word.chars().count() > 2 && !EMPTY.contains(&word.as_str())).collect()
    };
    let wanted = words(text);
    let count = |item: usize| {
        let own = words(&catalogue[item].text());
        wanted.iter().filter(|word| own.contains(word)).count()
    };
    let counts: Vec<usize> = shown.iter().map(|&item| count(item)).collect();
    let most = counts.iter().copied().max().filter(|most| *most > 0)?;
    let mut best = counts.iter().enumerate().filter(|(_, count)| **count == most).map(|(place, _)| place);
    best.next().filter(|_| best.next().is_none())
}

fn by_meaning(
    text: &str,
    shown: &[usize],
    semantic: Option<&Semantic>,
    vectors: &mut Vectors<'_>,
) -> Result<Option<usize>> {
    let Some(semantic) = semantic else { return Ok(None) };
    let Some(vector) = vectors(text)? else { return Ok(None) };
    let near = semantic.near(&semantic.profile(&[], Some(&vector)));
    let best = shown.iter().enumerate().filter_map(|(place, &item)| Some((place, *near.get(item)?)));
    let best = best.reduce(|best, next| if next.1 > best.1 { next } else { best });
    Ok(best.filter(|(_, cosine)| *cosine >= NEAR).map(|(place, _)| place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;

    #[test]
    fn a_description_becomes_a_place() {
        let item =
            |text: &str| Item { id: text.into(), title: "T".into(), description: Some(text.into()), ..Item::default() };
        let catalogue =
            Catalogue::new(vec![item("A shark hunts."), item("Two lovers meet."), item("A shark and lovers.")]);
        let cases = [
            ("I liked the one with the shark, really", &[0, 1][..], Some("I liked the first one, really")),
            ("The one about lovers is dull", &[0, 1], Some("the second one is dull")),
            ("the one with the shark", &[0, 2], None),
            ("the one with the dragon", &[0, 1], None),
            ("the one with ", &[0, 1], None),
            ("a film with a shark", &[0, 1], None),
        ];
        for (message, shown, expected) in cases {
            let resolved = resolve(message, shown, &catalogue, None, &mut |_| Ok(None)).unwrap();
            assert_eq!(resolved.as_deref(), expected, "{message}");
        }
    }
}
