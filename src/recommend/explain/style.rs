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
    let outline = outline(draft, plan);
    let words: Vec<String> = outline.split_whitespace().map(str::to_owned).collect();
    check_repetition(&words)?;
    check_articles(&words)?;
    if words.len() > MOST_WORDS {
        return Err(Rejection::Form);
    }
    check_kind(&outline, plan, &said)?;
    check_count(&outline, &said)?;
    check_rest(&outline)?;
    if plan.has_reason() && said.is_empty() { Err(Rejection::NoReason) } else { Ok(said) }
}

/// A text in lower case with signs for its titles: equal for texts that differ in nothing else.
pub fn outline(text: &str, plan: &Plan) -> String {
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

/// Words must be plain, and genres make one noun, as the prompt has it: small models string them together otherwise.
fn check_kind(outline: &str, plan: &Plan, said: &Said) -> Result<(), Rejection> {
    let Some(kind) = Kind::of(&plan.genres).filter(|_| said.genre_mentions > 0) else {
        return if said.idiomatic { Err(Rejection::Style) } else { Ok(()) };
    };
    let of_one = |before: &str| matches!(before, "a" | "an" | "another");
    let fits = match (before_end(outline, &kind.plural), before_end(outline, &kind.singular)) {
        (Some(before), _) => !of_one(before),
        (None, Some(before)) => of_one(before),
        (None, None) => false,
    };
    if fits && !said.idiomatic && said.genre_mentions <= kind.genres { Ok(()) } else { Err(Rejection::Style) }
}

/// The word before the end of a noun phrase, as much of it as the text has.
fn before_end<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let ends = std::iter::successors(Some(phrase), |phrase| phrase.split_once(' ').map(|(_, end)| end));
    let (before, _) = ends.into_iter().find_map(|end| text.split_once(end))?;
    Some(before.split_whitespace().next_back().unwrap_or_default())
}

/// Those who are counted liked both; that they loved them is more than the records say.
fn check_count(outline: &str, said: &Said) -> Result<(), Rejection> {
    let words: Vec<&str> = outline.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let both = ["both", "pair", "two", "also", "too", "them", "together"].iter().any(|word| words.contains(word));
    let since_who = outline.split_once("people who").map(|(_, since)| since);
    // `people who enjoyed one enjoyed the other`
    let liking = |since: &str| ["liked", "enjoyed"].iter().map(|verb| since.matches(verb).count()).sum::<usize>();
    let is_whole = since_who.is_none_or(|since| liking(since) > 1 && since.contains("ed one "));
    let is_both = both || outline.contains("as well");
    let is_said_so = !said.count || (is_both && is_whole && !words.contains(&"loved"));
    let mut numbers: Vec<&str> =
        words.into_iter().filter(|word| word.starts_with(|c: char| c.is_ascii_digit())).collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    if is_said_so && numbers.len() == all { Ok(()) } else { Err(Rejection::Style) }
}

/// What follows a colon is a sentence.
fn check_rest(outline: &str) -> Result<(), Rejection> {
    let Some((_, rest)) = outline.split_once(':') else { return Ok(()) };
    let verb = |word: &str| matches!(word, "is" | "are" | "it's" | "liked" | "enjoyed" | "share" | "came" | "loved");
    if rest.split_whitespace().any(verb) { Ok(()) } else { Err(Rejection::Style) }
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
    let same_liking =
        |verb: &str| words.windows(2).filter(|pair| pair[0] == verb && pair[1].starts_with("it")).count() > 1;
    let twice = words.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
    let twice = twice.or(["liked", "enjoyed"].into_iter().find(|verb| same_liking(verb)).map(str::to_owned));
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
            before => is_decade(&pair[1]) && before != "the",
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

/// `1990s`, with or without what ends a sentence.
fn is_decade(word: &str) -> bool {
    word.trim_end_matches(['.', ',', '!']).strip_suffix('s').is_some_and(|digits| digits.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::explain::Titled;

    fn plan() -> Plan {
        let titled = |title: &str| Titled { title: title.into(), year: Some(1999) };
        let genres = ["Action", "Animation", "Children"].map(str::to_owned).to_vec();
        let anchor = Some(titled("Toy Story"));
        Plan { anchor, genres, decade: Some(1990), liked_by: 23, ..Plan::of(titled("The Iron Giant")) }
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
            "both are animated children's action stories, and 1990s.",
            "both are from the 1990s, and 23 people who enjoyed it enjoyed it, too.",
            "both are from the 1990s, and 1990s.",
            "both are from the 1990s, and 23 people who liked both.",
            "both are from the 1990s, and 23 people loved both.",
            "both are from the 1990s, and 23 people who enjoyed the pair enjoyed the other.",
            "it hits the spot from the 1990s.",
            "it is an animated action.",
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
