//! Numbers in texts: years, decades, years between, people, ratings, and the two or three of something.

/// What a number says by its form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// `23`, `twenty three`, `a dozen`, `4.5`.
    Plain(f64),
    /// `1990s`, `90s`, `nineties`: the decade's first year, where only its last two digits are said below 100.
    Decade(i32),
}

const UNITS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const DECADES: [&str; 8] =
    ["twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties"];

/// The number that a text goes on with, and how many words it takes. `word` gives the text's words in lower case, by
/// their place from here.
pub(super) fn parse<'a>(word: impl Fn(usize) -> Option<&'a str>) -> Option<(Number, usize)> {
    let first = word(0)?;
    if first.starts_with(|c: char| c.is_ascii_digit()) {
        return Some((digits(first), 1));
    }
    if let Some(place) = DECADES.iter().position(|decade| *decade == first) {
        return Some((Number::Decade(20 + 10 * place as i32), 1));
    }
    if matches!(first, "noughties" | "aughts") {
        return Some((Number::Decade(2000), 1));
    }
    if first == "two" && word(1) == Some("thousands") {
        return Some((Number::Decade(2000), 2));
    }
    match first {
        "dozen" => return Some((Number::Plain(12.0), 1)),
        "thousand" => return Some((Number::Plain(1000.0), 1)),
        // `a hundred and forty`
        "hundred" => return Some(hundreds(1, 1, &word)),
        _ => {}
    }
    let dozens = [(&["half", "a", "dozen"][..], 6.0), (&["half", "dozen"], 6.0), (&["baker's", "dozen"], 13.0)];
    let spelled = |words: &[&str]| words.iter().enumerate().all(|(place, part)| word(place) == Some(part));
    if let Some((words, value)) = dozens.into_iter().find(|(words, _)| spelled(words)) {
        return Some((Number::Plain(value), words.len()));
    }
    let (value, len) = below_hundred(&word)?;
    if word(len) == Some("dozen") {
        return Some((Number::Plain(f64::from(value * 12)), len + 1));
    }
    if word(len) != Some("hundred") {
        return Some((Number::Plain(f64::from(value)), len));
    }
    Some(hundreds(value, len + 1, &word))
}

/// So many hundreds, told in `len` words, and what follows them.
fn hundreds<'a>(value: u32, len: usize, word: &impl Fn(usize) -> Option<&'a str>) -> (Number, usize) {
    let and = usize::from(word(len) == Some("and"));
    match below_hundred(&|place| word(len + and + place)) {
        Some((rest, rest_len)) => (Number::Plain(f64::from(value * 100 + rest)), len + and + rest_len),
        None => (Number::Plain(f64::from(value * 100)), len),
    }
}

/// A small number in words for one in digits, and the other way round: `Twelve` for `12`.
pub(super) fn other_form(number: &str) -> Option<String> {
    if let Ok(value) = number.parse::<usize>() {
        let word = UNITS.get(value)?;
        return Some(word[..1].to_uppercase() + &word[1..]);
    }
    UNITS.iter().position(|unit| unit.eq_ignore_ascii_case(number)).map(|value| value.to_string())
}

fn below_hundred<'a>(word: &impl Fn(usize) -> Option<&'a str>) -> Option<(u32, usize)> {
    let first = word(0)?;
    if let Some(value) = UNITS.iter().position(|unit| *unit == first) {
        return Some((value as u32, 1));
    }
    let tens = 20 + 10 * TENS.iter().position(|ten| *ten == first)? as u32;
    let unit = word(1).and_then(|next| UNITS[..10].iter().position(|unit| *unit == next)).filter(|&unit| unit > 0);
    Some(unit.map_or((tens, 1), |unit| (tens + unit as u32, 2)))
}

/// Whether `told` says the number `real`, as the words before it, nearest first, have it: `over fifty` says 52.
pub(super) fn is_about<'a>(before: impl Iterator<Item = &'a str>, told: f64, real: f64) -> bool {
    // `more than a dozen`
    let before: Vec<&str> = before.skip_while(|word| *word == "a").take(2).collect();
    let share = real / told;
    told == real
        || match before.as_slice() {
            ["over", ..] | ["than", "more"] => share > 1.0 && share <= 1.25,
            ["least", "at"] => (1.0..=1.25).contains(&share),
            ["nearly" | "almost", ..] | ["to", "close"] | ["of", "short"] => (0.8..1.0).contains(&share),
            ["about" | "around" | "roughly" | "some", ..] => (0.85..=1.15).contains(&share),
            _ => false,
        }
}

/// A word that begins with a digit; what is no number is none that can be backed. `1999's` is a year, `1990s` a decade,
/// and so is `1990's`.
fn digits(word: &str) -> Number {
    let whole = |digits: &str| digits.parse::<i32>().ok();
    let owned = word.strip_suffix("'s").and_then(whole);
    match owned.or(word.strip_suffix('s').and_then(whole)) {
        Some(year) if year % 10 != 0 && owned.is_some() => Number::Plain(f64::from(year)),
        Some(decade) => Number::Decade(decade),
        None => Number::Plain(word.replace(',', "").parse().unwrap_or(f64::NAN)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_numbers_are_as_round_as_they_are_said_to_be() {
        let about = |words: &str, told: f64, real: f64| is_about(words.split(' ').rev(), told, real);
        assert!(about("more than", 50.0, 52.0) && !about("more than", 50.0, 90.0));
        assert!(about("nearly", 50.0, 48.0) && !about("nearly", 50.0, 52.0) && about("about", 50.0, 52.0));
        assert!(about("more than a", 12.0, 14.0) && !about("a", 12.0, 14.0));
        assert!(about("liked by", 50.0, 50.0) && !about("liked by", 50.0, 51.0));
    }

    #[test]
    fn numbers_are_read_in_digits_and_in_words() {
        let cases = [
            ("23 people", Some((Number::Plain(23.0), 1))),
            ("twenty three people", Some((Number::Plain(23.0), 2))),
            ("twenty people", Some((Number::Plain(20.0), 1))),
            ("twelve", Some((Number::Plain(12.0), 1))),
            ("dozen fans", Some((Number::Plain(12.0), 1))),
            ("two dozen", Some((Number::Plain(24.0), 2))),
            ("hundred others", Some((Number::Plain(100.0), 1))),
            ("hundred and forty others", Some((Number::Plain(140.0), 3))),
            ("1,120 others", Some((Number::Plain(1120.0), 1))),
            ("two thousands", Some((Number::Decade(2000), 2))),
            ("half a dozen", Some((Number::Plain(6.0), 3))),
            ("one hundred and four of", Some((Number::Plain(104.0), 4))),
            ("two hundred and", Some((Number::Plain(200.0), 2))),
            ("4.5 stars", Some((Number::Plain(4.5), 1))),
            ("1990s film", Some((Number::Decade(1990), 1))),
            ("90's film", Some((Number::Decade(90), 1))),
            ("1999's film", Some((Number::Plain(1999.0), 1))),
            ("nineties", Some((Number::Decade(90), 1))),
            ("people", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let words: Vec<&str> = text.split(' ').collect();
            assert_eq!(parse(|place| words.get(place).copied()), expected, "{text}");
        }
        assert!(matches!(digits("23rd"), Number::Plain(x) if x.is_nan()));
    }
}
