//! Dates and times of ISO 8601, as data bases and spreadsheets write them.

/// Seconds since 1970 of `2001-12-31`, `2001-12-31 23:59:59.5`, `2001-12-31T23:59Z` or `2001-12-31T23:59:59+02:00`; without
/// an offset the time is UTC. `None` if the text is no such time.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (date, rest) = text.split_at_checked(10)?;
    let mut parts = date.split('-');
    let [year, month, day] = [digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?];
    let days = days(year, month, day)?;
    match rest.strip_prefix(['T', ' ']) {
        Some(time) => Some(days * 86_400 + clock(time)?),
        None => rest.is_empty().then_some(days * 86_400),
    }
}

/// Seconds since midnight, UTC.
fn clock(text: &str) -> Option<i64> {
    let (time, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(time) => (time, 0),
        None => match text.rfind(['+', '-']) {
            Some(at) => {
                let (hours, minutes) = text[at + 1..].split_once(':').unwrap_or((&text[at + 1..], "00"));
                let seconds = digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60;
                (&text[..at], if text[at..].starts_with('-') { -seconds } else { seconds })
            }
            None => (text, 0),
        },
    };
    let mut parts = time.splitn(3, ':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (seconds, fraction) = parts.next().map_or(("00", ""), |text| text.split_once('.').unwrap_or((text, "")));
    let seconds = digits(seconds, 2)?;
    let fits = hours < 24 && minutes < 60 && seconds <= 60 && fraction.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(hours * 3600 + minutes * 60 + seconds - offset)
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    let are_digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| text.parse().ok())?
}

/// Days since 1970 of a day of the calendar (Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*).
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds() {
        let cases = [
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(951_782_400)),
            ("1969-12-30", Some(-172_800)),
            ("2001-12-31 23:59:59", Some(1_009_843_199)),
            ("2001-12-31T23:59:59.987Z", Some(1_009_843_199)),
            ("2001-12-31T23:59", Some(1_009_843_140)),
            ("2002-01-01T01:59:59+02:00", Some(1_009_843_199)),
            ("2001-12-31T19:59:59-0400", None),
            ("2001-12-31T19:59:59-04", Some(1_009_843_199)),
            ("2001-02-29", None),
            ("2001-13-01", None),
            ("2001-1-01", None),
            ("2001-12-31T", None),
            ("2001-12-31T24:00", None),
            ("2001-12-31 23:59:59.x", None),
            ("2001-12-3é", None),
            ("1009843199", None),
            ("10098431990", None),
            ("noon", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
