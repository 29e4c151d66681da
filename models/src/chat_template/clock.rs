//! `strftime` in UTC, for templates that write today's date.
//!
//! The caller passes the time in, so that rendering depends on nothing else. Days become dates by the proleptic
//! Gregorian calendar; the names are English, as in the C locale.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const SECONDS_PER_DAY: i64 = 86_400;
/// The Gregorian calendar repeats after 400 years.
const DAYS_PER_ERA: i64 = 146_097;
/// From 0000-03-01, where the computation starts its years, to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 719_468;

/// A moment as a calendar has it, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DateTime {
    year: i64,
    /// 1 to 12.
    month: usize,
    /// 1 to 31.
    day: i64,
    /// 1 to 366.
    day_of_year: i64,
    /// 0 is Sunday.
    weekday: usize,
    hour: i64,
    minute: i64,
    second: i64,
    micros: u32,
}

impl From<SystemTime> for DateTime {
    fn from(time: SystemTime) -> Self {
        let (seconds, micros) = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => (i64::try_from(after.as_secs()).unwrap_or(i64::MAX), after.subsec_micros()),
            Err(before) => (-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX), 0),
        };
        let days = seconds.div_euclid(SECONDS_PER_DAY);
        let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
        let (year, month, day) = civil(days);
        DateTime {
            year,
            month,
            day,
            day_of_year: days - days_before_year(year) + 1,
            weekday: (days + 4).rem_euclid(7) as usize,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            micros,
        }
    }
}

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01.
///
/// Years are taken to begin in March, so that the leap day is the last one and month lengths follow one line.
fn civil(days: i64) -> (i64, usize, i64) {
    let shifted = days + DAYS_TO_EPOCH;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month as usize, day)
}

/// Days from 1970-01-01 to January 1 of `year`.
fn days_before_year(year: i64) -> i64 {
    let before = year - 1;
    before * 365 + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 719_162
}

/// `time` as `format` asks for; a code that is not known stays as it is, as in glibc.
pub(super) fn strftime(time: DateTime, format: &str) -> String {
    let mut out = String::with_capacity(format.len() + 16);
    let mut rest = format.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let unpadded = rest.next_if_eq(&'-').is_some();
        match rest.next() {
            Some(code) if write_code(&mut out, time, code, unpadded) => {}
            code => {
                out.push('%');
                out.extend(unpadded.then_some('-'));
                out.extend(code);
            }
        }
    }
    out
}

/// Writes what `%code` stands for; false if it stands for nothing.
fn write_code(out: &mut String, t: DateTime, code: char, unpadded: bool) -> bool {
    let hour_12 = (t.hour + 11) % 12 + 1;
    let composed = match code {
        'D' | 'x' => "%m/%d/%y",
        'F' => "%Y-%m-%d",
        'T' | 'X' => "%H:%M:%S",
        'R' => "%H:%M",
        'r' => "%I:%M:%S %p",
        'c' => "%a %b %e %H:%M:%S %Y",
        _ => "",
    };
    if !composed.is_empty() {
        out.push_str(&strftime(t, composed));
        return true;
    }
    let (value, width, fill) = match code {
        'Y' => (t.year, 1, '0'),
        'C' => (t.year.div_euclid(100), 2, '0'),
        'y' => (t.year.rem_euclid(100), 2, '0'),
        'm' => (t.month as i64, 2, '0'),
        'd' => (t.day, 2, '0'),
        'e' => (t.day, 2, ' '),
        'j' => (t.day_of_year, 3, '0'),
        'H' => (t.hour, 2, '0'),
        'k' => (t.hour, 2, ' '),
        'I' => (hour_12, 2, '0'),
        'l' => (hour_12, 2, ' '),
        'M' => (t.minute, 2, '0'),
        'S' => (t.second, 2, '0'),
        'f' => (i64::from(t.micros), 6, '0'),
        'w' => (t.weekday as i64, 1, '0'),
        'u' => ((t.weekday as i64 + 6) % 7 + 1, 1, '0'),
        _ => return write_name(out, t, code),
    };
    let width = if unpadded { 1 } else { width };
    // Writing to a string cannot fail.
    let _ = if fill == '0' { write!(out, "{value:0width$}") } else { write!(out, "{value:width$}") };
    true
}

fn write_name(out: &mut String, t: DateTime, code: char) -> bool {
    let name = match code {
        'A' => DAYS[t.weekday],
        'a' => &DAYS[t.weekday][..3],
        'B' => MONTHS[t.month - 1],
        'b' | 'h' => &MONTHS[t.month - 1][..3],
        'p' => ["AM", "PM"][usize::from(t.hour >= 12)],
        // A time without a zone, as the reference passes it, has no name and no offset for one.
        'Z' | 'z' => "",
        'n' => "\n",
        't' => "\t",
        '%' => "%",
        _ => return false,
    };
    out.push_str(name);
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(seconds: i64) -> DateTime {
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }.into()
    }

    #[test]
    fn formats_as_python_does() {
        // (seconds, format, what `datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)` gives)
        let cases = [
            (0, "%Y-%m-%d %H:%M:%S", "1970-01-01 00:00:00"),
            (1_709_164_800, "%d %b %Y", "29 Feb 2024"),
            (1_709_251_199, "%A, %B %d, %Y %I:%M %p", "Thursday, February 29, 2024 11:59 PM"),
            (1_735_603_200, "%j|%u|%w|%a|%y|%e|%-d|%-m", "366|2|2|Tue|24|31|31|12"),
            (951_782_400, "%F %T %D %R", "2000-02-29 00:00:00 02/29/00 00:00"),
            (4_107_542_400, "%c", "Mon Mar  1 00:00:00 2100"),
            (-1, "%Y-%m-%dT%H:%M:%S.%f", "1969-12-31T23:59:59.000000"),
            (946_684_800, "100%% %q %", "100% %q %"),
            (43_200, "%I %p %l %-I", "12 PM 12 12"),
            (3_600, "%-H:%M|%k|%Z%z|", "1:00| 1||"),
        ];
        for (seconds, format, expected) in cases {
            assert_eq!(strftime(at(seconds), format), expected, "{seconds} {format}");
        }
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut last = at(-SECONDS_PER_DAY * 200_000);
        for day in -199_999..200_000 {
            let next = at(SECONDS_PER_DAY * day);
            let new_year = next.day_of_year == 1;
            assert_eq!(next.weekday, (last.weekday + 1) % 7);
            assert_eq!(next.year, last.year + i64::from(new_year));
            assert!(new_year == (next.month == 1 && next.day == 1));
            assert!(new_year || next.day_of_year == last.day_of_year + 1);
            assert!(next.day == last.day + 1 || (next.day == 1 && next.month == last.month % 12 + 1));
            last = next;
        }
    }
}
