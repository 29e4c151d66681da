//! Conditions in numbers: years, minutes, ratings and prices, with what bounds them.

use super::{
    common::number,
    markers::{LASTING, SAW},
    spelling::slipped,
    stated::{Constraints, key},
    words::{Gap, Sentence},
};

/// The years that four digits may be.
const YEARS: std::ops::RangeInclusive<f64> = 1880.0..=2100.0;
/// The longest running time that is taken for one, in minutes.
const LONGEST: f64 = 1000.0;
/// What "not too long" means, in minutes.
const NOT_TOO_LONG: f64 = 120.0;
/// How many years "around" a year reaches.
const ABOUT: f64 = 2.0;
/// What "short" means, in minutes.
const SHORT: f64 = 90.0;

/// How a number bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Below,
    AtMost,
    Above,
    AtLeast,
}

impl Bound {
    fn turned(self) -> Self {
        match self {
            Bound::Below => Bound::AtLeast,
            Bound::AtMost => Bound::Above,
            Bound::Above => Bound::AtMost,
            Bound::AtLeast => Bound::Below,
        }
    }
}

/// Words before a number that bound it.
const BOUNDS: [(&str, Bound); 40] = [
    ("under", Bound::Below),
    ("below", Bound::Below),
    ("less than", Bound::Below),
    ("shorter than", Bound::Below),
    ("cheaper than", Bound::Below),
    ("fewer than", Bound::Below),
    ("before", Bound::Below),
    ("pre", Bound::Below),
    ("prior to", Bound::Below),
    ("older than", Bound::Below),
    ("earlier than", Bound::Below),
    ("at most", Bound::AtMost),
    ("at the most", Bound::AtMost),
    ("max", Bound::AtMost),
    ("maximum", Bound::AtMost),
    ("maximum of", Bound::AtMost),
    ("up to", Bound::AtMost),
    ("until", Bound::AtMost),
    ("till", Bound::AtMost),
    ("within", Bound::AtMost),
    ("only have", Bound::AtMost),
    ("only got", Bound::AtMost),
    ("over", Bound::Above),
    ("above", Bound::Above),
    ("more than", Bound::Above),
    ("longer than", Bound::Above),
    ("exceeds", Bound::Above),
    ("exceed", Bound::Above),
    ("exceeding", Bound::Above),
    ("past", Bound::Above),
    ("beyond", Bound::Above),
    ("after", Bound::Above),
    ("newer than", Bound::Above),
    ("later than", Bound::Above),
    ("more recent than", Bound::Above),
    ("younger than", Bound::Above),
    ("post", Bound::Above),
    ("at least", Bound::AtLeast),
    ("minimum", Bound::AtLeast),
    ("since", Bound::AtLeast),
];

/// Words between a bound and its number.
const FILLERS: [&str; 10] = ["the", "a", "an", "about", "around", "year", "from", "in", "made", "of"];

/// Reads the conditions of a sentence, and marks the words that they take.
///
/// `newest` is the year from which `the last ten years` are counted back.
pub(super) fn read(sentence: &Sentence, open: &mut [bool], newest: Option<f64>, into: &mut Constraints) {
    if let Some(newest) = newest {
        lately(sentence, open, newest, into);
    }
    ranges(sentence, open, into);
    let mut place = 0;
    while place < sentence.len() {
        let rest = Numbers { sentence, place };
        let taken = match open[place] {
            false => 1,
            true => rest
                .minutes()
                .and_then(|(minutes, length)| rest.runtime(minutes, length, into))
                .or_else(|| rest.decade().map(|(years, length)| rest.years(years, length, into)))
                .or_else(|| {
                    let (year, length) = rest.year().filter(|_| !rest.is_title())?;
                    Some(rest.years((year, year), length, into))
                })
                .or_else(|| rest.rating(into))
                .or_else(|| rest.price(into))
                .map_or(1, |length| {
                    open[place..place + length].iter_mut().for_each(|open| *open = false);
                    length
                }),
        };
        place += taken;
    }
    vague(sentence, open, into);
}

/// `the last ten years`, `this decade`, `older than thirty years`.
fn lately(sentence: &Sentence, open: &mut [bool], newest: f64, into: &mut Constraints) {
    for place in 0..sentence.len() {
        let is_years = |place: usize| ["years", "decades"].contains(&sentence.at(place));
        let span = |place: usize| {
            let (value, length) = match sentence.at(place) {
                "few" => (5.0, 1),
                "couple" if sentence.at(place + 1) == "of" => (2.0, 2),
                word => (number(word)?, 1),
            };
            let unit = if sentence.at(place + length) == "decades" { 10.0 } else { 1.0 };
            is_years(place + length).then_some((value * unit, length + 1))
        };
        let taken = match (sentence.at(place), sentence.at(place + 1)) {
            ("this", "century") => {
                into.set_number(key::YEAR_MIN, 100.0 * (newest / 100.0).floor());
                2
            }
            ("this", "decade") => {
                into.set_number(key::YEAR_MIN, 10.0 * (newest / 10.0).floor());
                2
            }
            ("last" | "past", _) => match span(place + 1) {
                Some((years, length)) => {
                    into.set_number(key::YEAR_MIN, newest - years);
                    1 + length
                }
                None => continue,
            },
            ("older" | "newer", "than") => match span(place + 2) {
                Some((years, length)) => {
                    let bound = if sentence.at(place) == "older" { key::YEAR_MAX } else { key::YEAR_MIN };
                    into.set_number(bound, newest - years);
                    2 + length
                }
                None => continue,
            },
            _ => continue,
        };
        open[place..place + taken].iter_mut().for_each(|open| *open = false);
    }
}

/// `between 1990 and 1999`, `from 1990 to 1999`, `1990-1999`.
fn ranges(sentence: &Sentence, open: &mut [bool], into: &mut Constraints) {
    for place in 0..sentence.len() {
        let from = |place: usize| Numbers { sentence, place };
        let year = |place: usize| {
            from(place).year().or_else(|| from(place).decade().map(|((first, _), words)| (first, words)))
        };
        let Some((first, length)) = year(place).filter(|_| open[place]) else { continue };
        let joint = sentence.at(place + length);
        // `the sixties or seventies`
        let are_next = || {
            let [first, second] = [place, place + length + 1].map(|place| from(place).decade());
            joint == "or" && first.zip(second).is_some_and(|(((_, last), _), ((next, _), _))| last + 1.0 == next)
        };
        let behind = place + length + usize::from(["to", "and", "until", "through"].contains(&joint) || are_next());
        let second = match from(behind).decade() {
            Some(((_, last), length)) => Some((last, length)),
            None => year(behind),
        };
        let Some((second, more)) = second.filter(|(second, _)| *second > first) else { continue };
        // `1990 and 1999` without `between` are two years.
        if joint == "and" && sentence.before(place, 1) != "between" && sentence.before(place, 2) != "between" {
            continue;
        }
        into.set_number(key::YEAR_MIN, first);
        into.set_number(key::YEAR_MAX, second);
        open[place..behind + more].iter_mut().for_each(|open| *open = false);
    }
}

/// Lengths without a number.
fn vague(sentence: &Sentence, open: &mut [bool], into: &mut Constraints) {
    let long = [
        "not too long",
        "isn't too long",
        "nothing too long",
        "not very long",
        "nothing long",
        "not long",
        "not be too long",
    ];
    let short = ["something short", "a short film", "a short movie", "short movie", "short film", "something shorter"];
    let bounds = [(&long[..], NOT_TOO_LONG), (&short[..], SHORT)];
    for (phrases, minutes) in bounds {
        for phrase in phrases {
            let length = phrase.split(' ').count();
            match sentence.find(phrase) {
                Some(place) if into.number(key::RUNTIME_MAX).is_none() => {
                    into.set_number(key::RUNTIME_MAX, minutes);
                    open[place..place + length].iter_mut().for_each(|open| *open = false);
                }
                _ => {}
            }
        }
    }
}

/// A sentence from one of its words on.
#[derive(Clone, Copy)]
struct Numbers<'a> {
    sentence: &'a Sentence,
    place: usize,
}

impl Numbers<'_> {
    fn at(&self, ahead: usize) -> &str {
        self.sentence.at(self.place + ahead)
    }

    fn before(&self, back: usize) -> &str {
        self.sentence.before(self.place, back)
    }

    /// Whether a number is denied that nothing bounds: `nothing from the 80s`, but not `no horror from the 80s`.
    fn is_denied(&self) -> bool {
        let mut back = 1;
        while FILLERS.contains(&self.before(back))
            || ["any", "anything", "film", "films", "movie", "movies"].contains(&self.before(back))
        {
            if self.is_pause(self.place + 1 - back) {
                return false;
            }
            back += 1;
        }
        is_denial(self.before(back)) && !self.is_pause(self.place + 1 - back)
    }

    /// Whether a year is spoken of as a film is.
    fn is_title(&self) -> bool {
        const SAYING: [&str; 8] = ["is", "was", "on", "blew", "made", "bored", "left", "has"];
        SAW.contains(&self.before(1)) || self.place == 0 && SAYING.contains(&self.at(1))
    }

    fn is_pause(&self, place: usize) -> bool {
        self.sentence.words.get(place).is_some_and(|word| word.gap == Gap::Pause)
    }

    /// What bounds a number that begins here; `length` words are the number.
    fn bound(&self, length: usize) -> Option<Bound> {
        let after = |ahead: usize| self.at(length + ahead);
        let behind = match (after(0), after(1)) {
            ("or", "less" | "shorter" | "under" | "earlier" | "older" | "cheaper" | "below") => Some(Bound::AtMost),
            ("or", "more" | "longer" | "over" | "later" | "newer" | "higher" | "above" | "better" | "up") => {
                Some(Bound::AtLeast)
            }
            ("and", "later" | "newer" | "above" | "up" | "after") => Some(Bound::AtLeast),
            ("and", "earlier" | "older" | "before" | "below") => Some(Bound::AtMost),
            ("max" | "maximum" | "tops", _) | ("at", "most") => Some(Bound::AtMost),
            ("at", "the") if after(2) == "latest" => Some(Bound::AtMost),
            ("at", "the") if after(2) == "earliest" => Some(Bound::AtLeast),
            ("onwards" | "onward" | "plus" | "min" | "minimum", _) | ("on", "" | "please") | ("at", "least") => {
                Some(Bound::AtLeast)
            }
            _ => None,
        };
        if behind.is_some() {
            return behind;
        }
        // `before I was born in 1984`
        if self.before(1) == "born" || self.before(1) == "in" && self.before(2) == "born" {
            let said = |word: &str| (3..8).any(|back| self.before(back) == word);
            let bounds =
                [("before", Bound::Below), ("older", Bound::Below), ("after", Bound::Above), ("since", Bound::AtLeast)];
            return bounds.iter().find(|(word, _)| said(word)).map(|(_, bound)| *bound);
        }
        let mut end = self.place;
        while end > 0 && FILLERS.contains(&self.sentence.at(end - 1)) {
            end -= 1;
        }
        let stands = |words: &str| {
            let length = words.split(' ').count();
            end.checked_sub(length).filter(|&start| self.sentence.has_at(start, words))
        };
        // Where several fit, the longest is meant: `more than`, not `than`.
        let found = BOUNDS.iter().filter_map(|(words, bound)| Some((stands(words)?, *bound)));
        let (start, bound) = found.min_by_key(|(start, _)| *start)?;
        // `not American, under 100 minutes`: a pause ends what is denied.
        let reach = (1..=5).take_while(|back| start + 1 >= *back && !self.is_pause(start + 1 - back));
        let denied = reach.map(|back| self.sentence.before(start, back)).any(is_denial);
        Some(if denied { bound.turned() } else { bound })
    }

    /// Minutes: `two hours`, `90 min`, `1h30`, `an hour and a half`.
    fn minutes(&self) -> Option<(f64, usize)> {
        if let Some(minutes) = compact(self.at(0)) {
            return Some((minutes, 1));
        }
        let is_hour = |word: &str| ["hour", "hours", "hr", "hrs", "h"].contains(&word);
        let is_minute = |word: &str| ["minute", "minutes", "min", "mins", "minutes'"].contains(&word);
        let count = |ahead: usize| match self.at(ahead) {
            "a" | "an" => Some(1.0),
            word => number(word),
        };
        // `two and a half hours`
        if let (Some(whole), true) = (count(0), self.sentence.has_at(self.place + 1, "and a half")) {
            return is_hour(self.at(4)).then_some(((whole + 0.5) * 60.0, 5));
        }
        let value = count(0)?;
        if is_minute(self.at(1)) {
            return Some((value, 2));
        }
        if !is_hour(self.at(1)) {
            return None;
        }
        let hours = value * 60.0;
        if self.sentence.has_at(self.place + 2, "and a half") {
            return Some((hours + 30.0, 5));
        }
        let and = usize::from(self.at(2) == "and");
        match number(self.at(2 + and)) {
            Some(more) if is_minute(self.at(3 + and)) => Some((hours + more, 4 + and)),
            // `1 hour 45 max`
            Some(more)
                if more < 60.0 && ["", "max", "maximum", "tops", "at", "or", "please"].contains(&self.at(3 + and)) =>
            {
                Some((hours + more, 3 + and))
            }
            _ => Some((hours, 2)),
        }
    }

    fn runtime(&self, minutes: f64, length: usize, into: &mut Constraints) -> Option<usize> {
        if !(1.0..=LONGEST).contains(&minutes) {
            return None;
        }
        match self.bound(length).unwrap_or(Bound::AtMost) {
            Bound::Below | Bound::AtMost => into.set_number(key::RUNTIME_MAX, minutes),
            Bound::Above | Bound::AtLeast => into.set_number(key::RUNTIME_MIN, minutes),
        }
        Some(length)
    }

    /// A year in four digits, of no age, price or count.
    fn year(&self) -> Option<(f64, usize)> {
        let word = self.at(0);
        let is_year = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
        Some((number(word).filter(|year| is_year && YEARS.contains(year))?, 1))
    }

    /// A decade: `80s`, `1980s`, `eighties`, `early nineties`.
    fn decade(&self) -> Option<((f64, f64), usize)> {
        let names = ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"];
        let part = ["early", "mid", "late"].iter().position(|part| *part == self.at(0));
        let skipped = usize::from(part.is_some());
        let word = self.at(skipped);
        let named = names
            .iter()
            .position(|name| *name == word || slipped(name, word))
            .map(|place| 1920.0 + 10.0 * place as f64);
        let digits = || {
            let digits = word.strip_suffix("'s").or_else(|| word.strip_suffix('s'))?;
            let value: f64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
            match digits.len() {
                4 if YEARS.contains(&value) => Some(value),
                // `00s` to `20s` are of this century.
                2 if value % 10.0 == 0.0 => Some(if value < 30.0 { 2000.0 + value } else { 1900.0 + value }),
                _ => None,
            }
        };
        let first = named.or_else(digits)?;
        let years = match part {
            Some(0) => (first, first + 3.0),
            Some(1) => (first + 4.0, first + 6.0),
            Some(_) => (first + 7.0, first + 9.0),
            None => (first, first + 9.0),
        };
        Some((years, 1 + skipped))
    }

    /// Bounds years by a span of them. Returns the words that are taken.
    fn years(&self, (first, last): (f64, f64), length: usize, into: &mut Constraints) -> usize {
        match self.bound(length) {
            Some(Bound::Below) => into.set_number(key::YEAR_MAX, first - 1.0),
            Some(Bound::AtMost) => into.set_number(key::YEAR_MAX, last),
            Some(Bound::Above) => into.set_number(key::YEAR_MIN, last + 1.0),
            Some(Bound::AtLeast) => into.set_number(key::YEAR_MIN, first),
            None if self.is_denied() => into.add(key::EXCLUDE_YEARS, format!("{first}-{last}")),
            None => {
                // `around 2005`
                let is_about = first == last && ["around", "about", "circa", "roughly"].contains(&self.before(1));
                let (first, last) = if is_about { (first - ABOUT, last + ABOUT) } else { (first, last) };
                into.set_number(key::YEAR_MIN, first);
                into.set_number(key::YEAR_MAX, last);
            }
        }
        length
    }

    /// `at least 4 stars`, `rated above 8`: a lowest rating. What has no bound is a judgement.
    fn rating(&self, into: &mut Constraints) -> Option<usize> {
        let word = self.at(0);
        let value = number(word)?;
        let stars = ["star", "stars", "out"].contains(&self.at(1));
        let near = |word: &str| (1..=6).any(|back| self.sentence.before(self.place, back) == word);
        let rated = ["rated", "rating", "ratings", "score", "scored", "imdb"].iter().any(|word| near(word))
            || self.at(1) == "rating"
            || (1..=3).any(|ahead| self.at(ahead) == "imdb");
        let bound = self.bound(1 + usize::from(stars)).or(word.ends_with('+').then_some(Bound::AtLeast));
        let lowest = matches!(bound, Some(Bound::AtLeast | Bound::Above));
        (lowest && (stars || rated) && (0.0..=100.0).contains(&value)).then(|| {
            into.set_number(key::RATING_MIN, value);
            1 + usize::from(stars)
        })
    }

    /// `under $10`, `less than ten euros`: a highest price.
    fn price(&self, into: &mut Constraints) -> Option<usize> {
        let is_sign = |word: &str| ["$", "€", "£"].contains(&word);
        let is_coin = |word: &str| {
            ["dollar", "dollars", "euro", "euros", "pound", "pounds", "bucks", "usd", "eur"].contains(&word)
        };
        let sign = is_sign(self.at(0));
        let value = number(self.at(usize::from(sign)))?;
        let length = if sign || is_coin(self.at(1)) || is_sign(self.at(1)) { 2 } else { return None };
        let highest = self.bound(length).is_none_or(|bound| matches!(bound, Bound::Below | Bound::AtMost));
        highest.then(|| {
            into.set_number(key::PRICE_MAX, value);
            length
        })
    }
}

fn is_denial(word: &str) -> bool {
    [
        "no",
        "not",
        "nothing",
        "don't",
        "dont",
        "never",
        "none",
        "without",
        "can't",
        "isn't",
        "aren't",
        "shouldn't",
        "avoid",
    ]
    .contains(&word)
}

/// `90min`, `2h`, `1h30`, `1h30m`.
fn compact(word: &str) -> Option<f64> {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let value: f64 = word[..digits].parse().ok()?;
    let unit = &word[digits..];
    if ["min", "mins", "m"].contains(&unit) {
        return Some(value);
    }
    let rest = ["hours", "hour", "hrs", "hr", "h"].iter().find_map(|hours| unit.strip_prefix(hours))?;
    let rest = rest.trim_end_matches("min").trim_end_matches('m');
    match rest.is_empty() {
        true => Some(value * 60.0),
        false => rest.parse::<f64>().ok().filter(|more| more.is_finite()).map(|more| value * 60.0 + more),
    }
}

/// How many words name a year or a decade at a place.
pub(super) fn years_at(sentence: &Sentence, place: usize) -> Option<usize> {
    let here = Numbers { sentence, place };
    here.decade().map(|(_, length)| length).or_else(|| here.year().map(|(_, length)| length))
}

/// Whether somebody says in which year they saw something.
pub(super) fn saw_in_a_year(sentence: &Sentence) -> bool {
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    sentence.has_any(SAW)
        && (0..sentence.len()).any(|place| is_year(sentence.at(place)) && sentence.before(place, 1) == "in")
}

/// How long something is, or how far somebody came: `three hours long`, `after twenty minutes`.
pub(super) fn lasts(sentence: &Sentence) -> bool {
    let is_time = |word: &str| ["minutes", "minute", "hours", "hour"].contains(&word);
    let after = |place: usize| {
        sentence.at(place) == "after"
            && (number(sentence.at(place + 1)).is_some() && is_time(sentence.at(place + 2))
                || ["a", "an"].contains(&sentence.at(place + 1)))
    };
    // `It would have been better an hour shorter`
    let regrets = sentence.has_any(&["would have", "had been", "could have been"]);
    regrets || sentence.has_any(LASTING) || (0..sentence.len()).any(after)
}

#[cfg(test)]
mod tests {
    use super::{super::words::sentences, *};

    #[test]
    fn conditions_are_read_from_words() {
        let cases: [(&str, &[(&str, f64)]); 53] = [
            ("from the ninties", &[("year_max", 1999.0), ("year_min", 1990.0)]),
            ("from the last ten years", &[("year_min", 2009.0)]),
            ("a film of this century", &[("year_min", 2000.0)]),
            ("older than thirty years", &[("year_max", 1989.0)]),
            ("made before I was born in 1984", &[("year_max", 1983.0)]),
            ("from the sixties or seventies", &[("year_max", 1979.0), ("year_min", 1960.0)]),
            ("around 2005", &[("year_max", 2007.0), ("year_min", 2003.0)]),
            ("I loved 1917", &[]),
            ("1984 is a great film", &[]),
            ("1 hour 45 max", &[("runtime_max", 105.0)]),
            ("shorter than an hour and 20", &[("runtime_max", 80.0)]),
            ("no horror from the 80s", &[("year_max", 1989.0), ("year_min", 1980.0)]),
            ("under two hours", &[("runtime_max", 120.0)]),
            ("it must not exceed 100 minutes", &[("runtime_max", 100.0)]),
            ("no longer than 90 minutes", &[("runtime_max", 90.0)]),
            ("at most 2h", &[("runtime_max", 120.0)]),
            ("an hour and a half max", &[("runtime_max", 90.0)]),
            ("two and a half hours or less", &[("runtime_max", 150.0)]),
            ("less than 1h45", &[("runtime_max", 105.0)]),
            ("1 hour 40 minutes tops", &[("runtime_max", 100.0)]),
            ("longer than three hours", &[("runtime_min", 180.0)]),
            ("at least 2 hours", &[("runtime_min", 120.0)]),
            ("I only have 90 minutes", &[("runtime_max", 90.0)]),
            ("a 90-minute film", &[("runtime_max", 90.0)]),
            ("not too long", &[("runtime_max", 120.0)]),
            ("before 1990", &[("year_max", 1989.0)]),
            ("made before the year 1990", &[("year_max", 1989.0)]),
            ("nothing before 1990", &[("year_min", 1990.0)]),
            ("nothing older than 2000", &[("year_min", 2000.0)]),
            ("not newer than 2000", &[("year_max", 2000.0)]),
            ("after 2010", &[("year_min", 2011.0)]),
            ("since 2010", &[("year_min", 2010.0)]),
            ("from 2010 onwards", &[("year_min", 2010.0)]),
            ("2010 or later", &[("year_min", 2010.0)]),
            ("from the 80s", &[("year_max", 1989.0), ("year_min", 1980.0)]),
            ("80's movies", &[("year_max", 1989.0), ("year_min", 1980.0)]),
            ("the nineties", &[("year_max", 1999.0), ("year_min", 1990.0)]),
            ("late 1990s", &[("year_max", 1999.0), ("year_min", 1997.0)]),
            ("before the 80s", &[("year_max", 1979.0)]),
            ("no films from before 1980", &[("year_min", 1980.0)]),
            ("between 1990 and 2005", &[("year_max", 2005.0), ("year_min", 1990.0)]),
            ("1990-1999", &[("year_max", 1999.0), ("year_min", 1990.0)]),
            ("60s to 70s", &[("year_max", 1979.0), ("year_min", 1960.0)]),
            ("from 1994", &[("year_max", 1994.0), ("year_min", 1994.0)]),
            ("at least 4 stars", &[("rating_min", 4.0)]),
            ("rated 8 or higher", &[("rating_min", 8.0)]),
            ("4+ stars", &[("rating_min", 4.0)]),
            ("rated above 7.5 on IMDb", &[("rating_min", 7.5)]),
            ("under $10", &[("price_max", 10.0)]),
            ("less than ten euros", &[("price_max", 10.0)]),
            ("my kids are 6 and 8", &[]),
            ("give it 5/5, two stars", &[]),
            ("not American, under 100 minutes", &[("runtime_max", 100.0)]),
        ];
        for (text, expected) in cases {
            let mut said = Constraints::default();
            let sentence = &sentences(text)[0];
            read(sentence, &mut vec![true; sentence.len()], Some(2019.0), &mut said);
            let found: Vec<(&str, f64)> =
                said.0.keys().map(|key| (key.as_str(), said.number(key).unwrap_or(f64::NAN))).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
