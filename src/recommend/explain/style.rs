//! What a draft of the language model must be beside true: plain, whole, and not like the others of its list.

use std::collections::HashSet;

use super::{
    Plan, Rejection,
    kind::Kind,
    verify::{Said, read},
};

/// The most words of a draft, beside titles.
const MOST_WORDS: usize = 40;

/// Checks a draft: true, in plain words, without the slips that small models make, and with a reason where one is
/// known.
pub(super) fn check(draft: &str, plan: &Plan) -> Result<Said, Rejection> {
    let said = read(draft, plan)?;
    let words: Vec<String> = outline(draft, plan).split_whitespace().map(str::to_owned).collect();
    check_repetition(&words)?;
    check_articles(&words)?;
    if words.len() > MOST_WORDS {
        return Err(Rejection::Form);
    }
    check_kind(draft, plan, &said)?;
    check_count(&words, &said)?;
    let reasons = !plan.genres.is_empty() || plan.decade.is_some() || plan.liked_by > 0;
    if reasons && said.is_empty() { Err(Rejection::NoReason) } else { Ok(said) }
}

/// A text in lower case with signs for its titles: equal for texts that differ in nothing else.
pub(super) fn outline(text: &str, plan: &Plan) -> String {
    let mut names = vec![(plan.item.title.as_str(), "<item>")];
    names.extend(plan.anchor.iter().map(|anchor| (anchor.title.as_str(), "<anchor>")));
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let mut rest = text;
    let mut outline = String::new();
    while let Some(next) = rest.chars().next() {
        let found = names.iter().find(|(name, _)| !name.is_empty() && rest.starts_with(name));
        let (len, shown) = found.map_or((next.len_utf8(), None), |(name, sign)| (name.len(), Some(*sign)));
        match shown {
            Some(sign) => outline += sign,
            None => outline.extend(next.to_lowercase()),
        }
        rest = &rest[len..];
    }
    outline
}

/// Words must be plain, and genres make a noun as the prompt has it: small models string them together otherwise.
fn check_kind(draft: &str, plan: &Plan, said: &Said) -> Result<(), Rejection> {
    let kind = Kind::of(&plan.genres).filter(|_| !said.genres.is_empty());
    let whole = kind.is_none_or(|kind| [kind.singular, kind.plural].iter().any(|kind| draft.contains(kind.as_str())));
    match whole && !said.idiomatic {
        true => Ok(()),
        false => Err(Rejection::Style),
    }
}

/// Those who are counted liked both.
fn check_count(words: &[String], said: &Said) -> Result<(), Rejection> {
    const BOTH: [&str; 9] = ["both", "pair", "two", "also", "well", "too", "other", "them", "together"];
    let word = |word: &String| BOTH.contains(&word.trim_end_matches(['.', ',', '!']));
    if said.count && !words.iter().any(word) { Err(Rejection::Style) } else { Ok(()) }
}

/// Three words may not come twice, nor one word twice in a row.
fn check_repetition(words: &[String]) -> Result<(), Rejection> {
    let mut seen = HashSet::new();
    for phrase in words.windows(3) {
        if !seen.insert(phrase) {
            return Err(Rejection::Repetition(phrase.join(" ")));
        }
    }
    let both = words.iter().filter(|word| word.as_str() == "both").count();
    let twice = words.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
    match twice.or((both > 2).then(|| "both".to_owned())) {
        Some(word) => Err(Rejection::Repetition(word)),
        None => Ok(()),
    }
}

/// An article must fit what follows.
fn check_articles(words: &[String]) -> Result<(), Rejection> {
    for pair in words.windows(2) {
        let vowel = pair[1].starts_with(['a', 'e', 'i', 'o']);
        let year = |word: &str| word.trim_end_matches(['.', ',']).parse::<u32>().is_ok();
        let slip = match pair[0].as_str() {
            "a" => vowel,
            "an" => !vowel,
            "the" => year(&pair[1]),
            _ => false,
        };
        if slip {
            return Err(Rejection::Grammar(pair.join(" ")));
        }
    }
    check_numbers(words)
}

/// What follows `a` or `an` must be one thing: its last word before the phrase ends is no plural.
fn check_numbers(words: &[String]) -> Result<(), Rejection> {
    const ENDS: [&str; 12] = ["from", "of", "that", "which", "and", "with", "for", "like", "in", "about", "you", "as"];
    const PLURALS: [&str; 20] = [
        "films",
        "movies",
        "stories",
        "titles",
        "works",
        "pictures",
        "thrillers",
        "comedies",
        "dramas",
        "adventures",
        "mysteries",
        "romances",
        "musicals",
        "westerns",
        "animations",
        "documentaries",
        "fantasies",
        "noirs",
        "wars",
        "crimes",
    ];
    for (place, _) in words.iter().enumerate().filter(|(_, word)| matches!(word.as_str(), "a" | "an")) {
        let phrase = words[place + 1..].iter();
        let inside = phrase.take_while(|word| !ENDS.contains(&word.as_str()));
        let end = inside.clone().position(|word| word.ends_with([',', '.', '!', ':', ';']));
        let last = inside.take(end.map_or(usize::MAX, |end| end + 1)).last();
        let last = last.map(|word| word.trim_end_matches([',', '.', '!', ':', ';']));
        if let Some(last) = last.filter(|last| PLURALS.contains(last)) {
            return Err(Rejection::Grammar(format!("{} .. {last}", words[place])));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::explain::Titled;

    fn plan() -> Plan {
        let titled = |title: &str| Titled { title: title.into(), year: Some(1999) };
        let genres = ["Action", "Animation", "Children"].map(str::to_owned).to_vec();
        Plan { anchor: Some(titled("Toy Story")), genres, decade: Some(1990), ..Plan::of(titled("The Iron Giant")) }
    }

    #[test]
    fn drafts_with_slips_are_turned_down() {
        let begin = "Since you liked Toy Story, The Iron Giant should suit you:";
        assert!(
            check(&format!("{begin} both are animated children's action stories from the 1990s."), &plan()).is_ok()
        );
        let slips = [
            "both are animated children's action stories of the 1999.",
            "it is a animated children's action story.",
            "it is a children's action stories from the 1990s.",
            "it is an animated children's adventures.",
            "it is an animated children's action story, and it is an animated children's action story.",
            "both are both from the 1990s, and both are good.",
            "it hits the spot from the 1990s.",
            "it is an action story.",
            "it is a good choice.",
            "both are",
        ];
        for slip in slips {
            assert!(check(&format!("{begin} {slip}"), &plan()).is_err(), "{slip}");
        }
    }

    #[test]
    fn texts_that_differ_in_titles_have_one_outline() {
        let other = Plan { anchor: None, ..Plan::of(Titled { title: "Big".into(), year: None }) };
        assert_eq!(outline("Try The Iron Giant.", &plan()), outline("try Big.", &other));
    }
}
