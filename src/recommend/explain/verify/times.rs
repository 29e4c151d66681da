//! What texts say of times, and of which title they say it.

use super::{
    Around, Rejection, numbers, roles,
    tokens::{Role, Token},
};
use crate::recommend::explain::{Plan, lexicon};

/// Words that say that what follows holds of both titles.
const PAIR: [&str; 12] =
    ["both", "two", "pair", "they", "them", "each", "share", "shared", "shares", "together", "alike", "duo"];
/// Words that begin a phrase about a title that is still to come.
const AHEAD: [&str; 12] =
    ["for", "from", "if", "looking", "want", "here", "released", "made", "out", "in", "another", "see"];

/// How a time between two titles is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gap {
    /// Words up to the one that tells the direction.
    len: usize,
    /// How many years one unit has.
    unit: f64,
}

impl Gap {
    /// Words that tell the gap, from the number to the direction.
    pub(super) fn words(self) -> usize {
        self.len + 1
    }

    /// Whether it is told which title is the later one, or that they are apart.
    pub(super) fn has_direction(self, last: Around<'_>) -> bool {
        direction(Around { place: last.place + self.len, ..last }).is_some()
    }
}

/// Whether years or decades are counted behind a number: `three years after`.
pub(super) fn gap_ahead(last: Around<'_>) -> Option<Gap> {
    let skip = usize::from(matches!(last.next(1), Some("short" | "full" | "whole" | "more" | "odd")));
    let unit = match last.next(1 + skip)? {
        "year" | "years" => 1.0,
        "decade" | "decades" => 10.0,
        _ => return None,
    };
    Some(Gap { len: 1 + skip, unit })
}

/// Whether the titles are `value` units apart, in the direction that is told.
pub(super) fn are_apart(last: Around<'_>, gap: Gap, value: f64, plan: &Plan) -> bool {
    let unit = Around { place: last.place + gap.len, ..last };
    let direction = direction(unit).unwrap_or(None);
    let (Some(item), Some(anchor)) = (plan.item.year, plan.anchor.as_ref().and_then(|anchor| anchor.year)) else {
        return false;
    };
    let years = f64::from(item - anchor);
    let same = if gap.unit == 1.0 { years.abs() == value } else { (years.abs() / gap.unit).round() == value };
    same && direction.is_none_or(|item_later| item_later == (years > 0.0))
}

/// Whether the item is said to be the later one: `Some(None)` if neither is, `None` if it is not told what is meant.
fn direction(unit: Around<'_>) -> Option<Option<bool>> {
    let (word, place) = match unit.next(1)? {
        "in" | "on" | "ahead" if unit.next(2).is_some() && unit.next(1) == Some("ahead") => ("before", unit.place + 2),
        word => (word, unit.place + 1),
    };
    let later = match word {
        "after" | "later" | "following" | "since" | "on" | "younger" => true,
        "before" | "earlier" | "prior" | "ahead" | "older" => false,
        "apart" | "between" | "separate" | "part" => return Some(None),
        _ => return None,
    };
    let rest = &unit.tokens[place + 1..];
    let skipped = rest.iter().take_while(|token| matches!(token.lower(), Some("than" | "to" | "of" | "from"))).count();
    // `four years on came Rear Window`: the title that follows is the other one.
    if let ([Token::Word { lower: verb, .. }, title, ..], "later" | "on") = (rest, word)
        && matches!(verb.as_str(), "came" | "comes" | "followed")
        && let Some(role) = title.role()
    {
        return Some(Some(role == Role::Item));
    }
    // `three years after Rear Window`: the title that follows is the one to start from.
    if let Some(role) = rest.get(skipped).and_then(Token::role) {
        return Some(Some(later == (role == Role::Anchor)));
    }
    // `It's horror, like A Quiet Place, and only a year older`, `here's one from three years earlier`: what the clause does
    // not name is what is recommended.
    let clause = unit.clause_before();
    let stands_in = |token: &Token| matches!(token.lower(), Some("one" | "here's" | "another" | "it" | "it's"));
    let unnamed = matches!(word, "older" | "younger") || clause.iter().any(stands_in);
    let near = if unnamed { clause } else { &unit.tokens[..unit.place] };
    let subject = near.iter().rev().find_map(Token::role).unwrap_or(Role::Item);
    Some(Some(later == (subject == Role::Item)))
}

/// How many years are between the titles; 0 if that is not known.
fn years_between(plan: &Plan) -> f64 {
    let [item, anchor] = years(plan);
    item.zip(anchor).map_or(0.0, |(item, anchor)| f64::from((item - anchor).abs()))
}

/// Whether two digits are a year's, as in `from '84`.
pub(super) fn is_short_year(around: Around<'_>, value: i32, plan: &Plan) -> bool {
    let dated = matches!(around.previous(), Some("in" | "from" | "of" | "since"));
    dated && years(plan).into_iter().flatten().any(|year| year.rem_euclid(100) == value)
}

/// Whether a word may say something of times.
pub(super) fn is_time_word(word: &str) -> bool {
    matches!(
        word,
        "year"
            | "years"
            | "decade"
            | "decades"
            | "era"
            | "period"
            | "later"
            | "earlier"
            | "early"
            | "century"
            | "older"
            | "younger"
    )
}

/// Checks a word that says something of times; whether it says it of this plan.
pub(super) fn check_word(around: Around<'_>, word: &str, plan: &Plan) -> Result<bool, Rejection> {
    let wrong = || Rejection::Number(word.to_owned());
    let backed = |backed: bool| if backed { Ok(true) } else { Err(wrong()) };
    let same_year =
        || plan.anchor.as_ref().is_some_and(|anchor| anchor.year.is_some() && anchor.year == plan.item.year);
    let before = around.previous().unwrap_or_default();
    match word {
        "year" if matches!(around.next(1), Some("of" | "as")) || matches!(before, "same" | "very") => {
            backed(same_year())
        }
        "year" | "years" if direction(around).is_some() => {
            let one = matches!(before, "a" | "single" | "one" | "the") && word == "year";
            let gap = Gap { len: 0, unit: 1.0 };
            let any = plan.anchor.as_ref().and_then(|a| Some((plan.item.year? - a.year?).abs())).unwrap_or(0);
            let value = if one { 1 } else { any };
            backed((one || word == "years" && value > 1) && are_apart(around, gap, f64::from(value), plan))
        }
        "year" | "years" => Ok(false),
        "decade" | "decades" if direction(around).is_some() => {
            let gap = Gap { len: 0, unit: 10.0 };
            let value = if word == "decades" { (years_between(plan) / 10.0).round().max(2.0) } else { 1.0 };
            backed((before == "a" || word == "decades") && are_apart(around, gap, value, plan))
        }
        "decade" if matches!(before, "next" | "following" | "previous") => {
            backed((1.0..20.0).contains(&years_between(plan)))
        }
        "era" | "period" if numbers::parse(|ahead| (ahead == 0).then_some(before)).is_some() => Ok(true),
        "decade" | "era" | "period" => backed(plan.decade.is_some()),
        "decades" => Err(wrong()),
        "century" => {
            let parts = [("quarter", 25.0), ("half", 50.0)];
            let part = parts.into_iter().find(|(part, _)| around.back().take(3).any(|word| word == *part));
            backed(part.is_some_and(|(_, years)| (years_between(plan) - years).abs() <= 4.0))
        }
        // `a slightly older piece of science fiction`: only what is recommended is described in this way.
        "older" | "younger" | "earlier" if word != "earlier" || matches!(before, "an" | "slightly") => match before {
            "year" | "years" | "decade" | "decades" => Ok(false),
            _ => {
                let [item, anchor] = years(plan);
                // `for younger viewers`
                if word == "younger" && around.next(1).is_some_and(lexicon::is_people) {
                    return Ok(plan.genres.iter().any(|genre| genre == "Children"));
                }
                let later = item.zip(anchor).map(|(item, anchor)| item > anchor);
                let named = around.tokens.get(around.place + 1).is_some_and(|token| token.role().is_some());
                let than_item = around.tokens.get(around.place + 2).and_then(Token::role) == Some(Role::Item);
                backed(!named && !than_item && later == Some(word == "younger"))
            }
        },
        // These two compare, wherever no number stands before them.
        "later" | "earlier" => match around.previous() {
            Some("year" | "years" | "decade" | "decades") => Ok(false),
            _ if word == "later" && matches!(around.next(1), Some("tonight" | "on")) => Ok(false),
            _ => Err(wrong()),
        },
        _ => Ok(false),
    }
}

/// Which title a time is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    One(Role),
    Both,
    /// One of them, more likely this one.
    Likely(Role),
}

/// Whether a year stands alone in its clause, behind one that tells how far apart the titles are: `three years after
/// <title>, in 1994, ...`. Which of them it is said of is then left open.
fn is_aside(around: Around<'_>) -> bool {
    let alone = around.clause_before().iter().all(|token| token.lower() == Some("in"));
    let start = around.place - around.clause_before().len();
    let mut before = around.tokens[..start.saturating_sub(1)]
        .iter()
        .rev()
        .take_while(|token| **token != Token::Break && **token != Token::End);
    alone
        && !around.clause_before().is_empty()
        && before.any(|token| matches!(token.lower(), Some("year" | "years" | "decade" | "decades")))
}

/// Whether what a year is said of came out in it.
pub(super) fn in_year(around: Around<'_>, year: i32, plan: &Plan) -> bool {
    let years = years(plan);
    if is_aside(around) {
        return years.contains(&Some(year));
    }
    match owner(around, plan) {
        Owner::Both => years == [Some(year); 2],
        Owner::One(role) | Owner::Likely(role) => years[role as usize] == Some(year),
    }
}

/// Whether what a decade is said of came out in it. Decades below 100 leave the century open.
pub(super) fn in_decade(around: Around<'_>, decade: i32, plan: &Plan) -> bool {
    let part = around.previous().unwrap_or_default();
    let fits = |year: Option<i32>| {
        let Some(year) = year else { return false };
        let start = year.div_euclid(10) * 10;
        let same = if decade < 100 { start.rem_euclid(100) == decade } else { start == decade };
        let fits_part = match part {
            "early" => year - start <= 4,
            "mid" => (3..=7).contains(&(year - start)),
            "late" => year - start >= 6,
            _ => true,
        };
        same && fits_part
    };
    let years = years(plan);
    match owner(around, plan) {
        Owner::Both => years.into_iter().all(fits),
        Owner::One(role) => fits(years[role as usize]),
        Owner::Likely(_) => years.into_iter().any(fits),
    }
}

/// The years of item and anchor.
fn years(plan: &Plan) -> [Option<i32>; 2] {
    [plan.item.year, plan.anchor.as_ref().and_then(|anchor| anchor.year)]
}

fn owner(around: Around<'_>, plan: &Plan) -> Owner {
    let Around { tokens, place } = around;
    if plan.anchor.is_none() {
        return Owner::One(Role::Item);
    }
    if place >= 2
        && tokens[place - 1] == Token::Bracket
        && let Some(role) = tokens[place - 2].role()
    {
        return Owner::One(role);
    }
    // `1999's The Matrix`
    if let Some(role) = tokens.get(place + 1).and_then(Token::role) {
        return Owner::One(role);
    }
    // `this 1994 thriller`
    if let Some(role) = place.checked_sub(1).and_then(|before| tokens[before].role()) {
        return Owner::One(role);
    }
    let (before, after) = (around.clause_before(), around.clause_after());
    let has = |words: &[&str]| before.iter().filter_map(Token::lower).any(|word| words.contains(&word));
    // `two hundred others` are no pair.
    let counted = |pair: &[Token]| {
        pair[0].lower() == Some("two")
            && matches!(pair[1].lower(), Some("hundred" | "dozen" | "others" | "people" | "viewers"))
    };
    // `both are from the 1990s, and 1999`: what goes on with a list is said of the same titles.
    let goes_on = before.first().and_then(Token::lower) == Some("and")
        && before.iter().all(|token| matches!(token.lower(), Some("and" | "in" | "from" | "the")));
    let listed = if goes_on { Around { tokens, place: place - before.len() - 1 }.clause_before() } else { before };
    let is_pair = |token: &Token| token.lower().is_some_and(|word| PAIR.contains(&word));
    if listed.iter().any(is_pair) && !listed.windows(2).any(counted) {
        return Owner::Both;
    }
    // `<title> led us to this drama from 2000`
    let nearest = before.iter().rev().find(|token| token.role().is_some() || token.lower() == Some("this"));
    match nearest {
        Some(Token::Title(role, _)) => return Owner::One(*role),
        Some(_) => return Owner::One(Role::Item),
        None => {}
    }
    // `from a 1959 comedy to a 1980 one`, `after a seventies one`
    let near: Vec<&str> = before.iter().rev().filter_map(Token::lower).take(2).collect();
    let ahead_has = |word: &str| after.iter().any(|token| token.lower() == Some(word));
    if near.contains(&"after") || (near.contains(&"from") && ahead_has("to")) {
        return Owner::One(Role::Anchor);
    }
    if near.contains(&"to") && has(&["from"]) {
        return Owner::One(Role::Item);
    }
    let start = place - before.len();
    let sentence = tokens[..place].iter().rposition(|token| *token == Token::End).map_or(0, |end| end + 1);
    let first = before.first().and_then(Token::lower).unwrap_or_default();
    let behind_title = start >= 2 && tokens[start - 1] == Token::Break && tokens[start - 2].role().is_some();
    // `The Matrix, a 1999 thriller that goes with The Terminator`
    let apposed = matches!(first, "a" | "an" | "the" | "which" | "from" | "released" | "made" | "out" | "another");
    if let (true, true, Some(role)) = (behind_title, apposed, start.checked_sub(2).and_then(|at| tokens[at].role())) {
        return Owner::One(role);
    }
    if after.iter().any(|token| token.role().is_some()) {
        return Owner::Likely(ahead(tokens, place, place + 1 + after.len()).unwrap_or(Role::Item));
    }
    if has(&["you", "you've"]) && has(&["liked", "loved", "enjoyed", "watched", "rated", "appreciated", "saw"]) {
        return Owner::One(Role::Anchor);
    }
    if has(&["it"]) {
        return Owner::One(Role::Item);
    }
    let end = tokens[place..].iter().position(|token| *token == Token::End).map_or(tokens.len(), |end| place + end);
    let previous = tokens[sentence..place].iter().rev().find_map(Token::role);
    let next = ahead(tokens, place, end);
    let fronted = start == sentence || AHEAD.contains(&first);
    let near = if fronted && !behind_title { next.or(previous) } else { previous.or(next) };
    let earlier = || tokens[..place].iter().rev().find_map(Token::role);
    Owner::Likely(near.or_else(earlier).unwrap_or(Role::Item))
}

/// The title that a time is said of before it is named: the first one up to `end` that is not there to compare with.
fn ahead(tokens: &[Token], place: usize, end: usize) -> Option<Role> {
    let titles = (place..end).filter_map(|at| Some((at, tokens[at].role()?)));
    let mut compared = None;
    for (at, role) in titles {
        if roles::said(tokens, at) != Some(Role::Anchor) {
            return Some(role);
        }
        compared.get_or_insert(role);
    }
    compared.map(|role| if role == Role::Anchor { Role::Item } else { Role::Anchor })
}
