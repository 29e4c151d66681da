//! Ratings in words and figures: `5/5`, `three and a half stars`, `Heat gets an 8`.

use super::{
    common::{NUMBERS, number},
    cues::{Cue, Judgement, Side, ends_at},
    words::{STAR, Sentence},
};

/// `5/5`, `4 out of 5`, `three stars`, `is a 4`: a rating from 1 to 5.
pub(super) fn at(sentence: &Sentence, place: usize) -> Option<Cue> {
    let word = sentence.at(place);
    // `★★★★`
    let stars = word.chars().count();
    if stars > 0 && stars <= 5 && word.chars().all(|c| c == STAR) {
        let sentiment = if stars >= 4 { 1 } else { -i8::from(stars <= 2) };
        let judgement = Judgement { sentiment, seen: true, rating: Some(stars as f64) };
        return Some(Cue { start: place, end: place + 1, side: Side::Behind, judgement });
    }
    let (value, scale, length) = if sentence.has_at(place, "half a star") {
        (0.5, 5.0, 3)
    } else if let Some((value, scale)) = word.split_once('/') {
        (number(value)?, number(scale)?, 1)
    } else {
        // `a single star`
        let whole = if sentence.has_at(place, "single star") { 1.0 } else { number(word)? };
        // `four and a half stars`
        let (half, words) = if sentence.has_at(place + 1, "and a half") { (0.5, 4) } else { (0.0, 1) };
        let (value, behind) = (whole + half, place + words);
        match (sentence.at(behind), sentence.at(behind + 1), sentence.at(behind + 2)) {
            ("out", "of", scale) => (value, number(scale)?, words + 3),
            // `80% for Heat`, `Heat gets 80%`, but not `100% agree`
            ("percent", next, _)
                if ["for", "to", "on"].contains(&next) || ends_at(sentence, behind + 1) && place > 0 =>
            {
                (value, 100.0, words + 1)
            }
            ("star" | "stars", "out", "of") => (value, number(sentence.at(behind + 3))?, words + 4),
            // `five stars for Heat, one for Zodiac`
            ("for", ..)
                if sentence.words[..place].iter().any(|word| ["star", "stars"].contains(&word.text.as_str())) =>
            {
                (value, 5.0, words)
            }
            ("star" | "stars", ..) => (value, if value <= 5.0 { 5.0 } else { 10.0 }, words + 1),
            (next, ..) => {
                let before = sentence.before(place, 1);
                let introduced = [
                    "a", "an", "is", "gets", "get", "deserves", "earns", "rate", "rated", "solid", "at", "only", "gave",
                ];
                let counts = [
                    "thumbs", "hour", "hours", "minutes", "minute", "films", "film", "movies", "movie", "year",
                    "years", "more", "of", "out", "one", "or", "am", "pm",
                ];
                // `four stars for Heat and two for Zodiac`, `Heat four stars and Zodiac two`
                let goes_on = word != "one"
                    && ends_at(sentence, place + 1)
                    && sentence.words[..place].iter().any(|word| ["star", "stars"].contains(&word.text.as_str()))
                    && !["other", "first", "last", "these", "those", "all", "the", "or", "and"].contains(&before);
                let behind_item = goes_on || sentence.words[place].raw.starts_with(|c: char| c.is_ascii_digit());
                // `4 was terrible`: a number of the list.
                let is_place = ["was", "is", "were"].contains(&next);
                let is_time = before == "at" && NUMBERS.contains(&word);
                let is_half = value >= 0.5 && (value * 2.0).fract() == 0.0;
                if !introduced.contains(&before) && !behind_item
                    || counts.contains(&next)
                    || before.is_empty()
                    || !is_half
                    || is_time
                    || is_place
                {
                    return None;
                }
                let is_of_ten = value > 5.0 || (0..sentence.len()).any(|place| is_above_five(sentence, place));
                (value, if is_of_ten { 10.0 } else { 5.0 }, words)
            }
        }
    };
    if !(0.0..=scale).contains(&value) || ![5.0, 10.0, 100.0].contains(&scale) {
        return None;
    }
    let end = place + length;
    // `5 stars for Heat`
    let of_item = ["for", "to"].contains(&sentence.at(end)) && !["me", "us"].contains(&sentence.at(end + 1));
    let side = if of_item { Side::Before } else { Side::Behind };
    Some(Cue { start: place, end, side, judgement: rated(value * 5.0 / scale) })
}

/// `Heat: 8, Zodiac: 4`: whoever counts to ten once does so in the whole sentence.
fn is_above_five(sentence: &Sentence, place: usize) -> bool {
    let ends = ends_at(sentence, place + 1) || ["and", "but"].contains(&sentence.at(place + 1));
    ends && number(sentence.at(place)).is_some_and(|value| value > 5.0 && value <= 10.0)
}

/// `Two, no more.`, said of a title that was named before: a number of stars.
pub(super) fn bare(sentence: &Sentence) -> Option<Judgement> {
    let value = number(sentence.at(0)).filter(|value| (0.5..=5.0).contains(value) && ends_at(sentence, 1));
    value.map(rated)
}

/// What a rating from 0 to 5 says.
fn rated(rating: f64) -> Judgement {
    let sentiment = if rating >= 3.5 { 1 } else { -i8::from(rating <= 2.5) };
    Judgement { sentiment, seen: true, rating: Some(rating) }
}

/// `4, 5 and 2 stars`: the ratings of a list in its order, if a sentence says nothing else and has as many.
pub(super) fn in_order(sentence: &Sentence, count: usize) -> Option<Vec<Judgement>> {
    const MARKING: [&str; 9] = ["stars", "star", "respectively", "ratings", "rating", "rate", "order", "give", "gave"];
    const FILLING: [&str; 12] = ["and", "i", "i'd", "i'll", "would", "them", "my", "are", "in", "that", "the", "from"];
    let is_marked = (0..sentence.len()).any(|place| MARKING.contains(&sentence.at(place)));
    let mut values = Vec::new();
    for place in 0..sentence.len() {
        let word = sentence.at(place);
        match number(word).filter(|value| (0.5..=10.0).contains(value)) {
            Some(value) => values.push(value),
            None if MARKING.contains(&word) || FILLING.contains(&word) => {}
            None => return None,
        }
    }
    let scale = if values.iter().any(|value| *value > 5.0) { 10.0 } else { 5.0 };
    // `4, 3 and 5`, and not `1, 2 and 3`, which may be numbers of the list.
    let are_places =
        values.iter().enumerate().all(|(place, value)| *value <= count as f64 && !values[..place].contains(value));
    ((is_marked || !are_places) && count > 1 && values.len() == count)
        .then(|| values.into_iter().map(|value| rated(value * 5.0 / scale)).collect())
}
