//! What lists look like to people: the history, the items with their scores, and the explanations.

use docent::recommend::{
    HistoryItem, Recommendations, RecommendedItem, SourceScore, WrittenBy, catalogue::natural_title, one_line,
};

use crate::cli::columns::{cut, padded, width};

/// The most columns of a line.
const COLUMNS: usize = 100;
/// Columns of a title.
const TITLE: usize = 40;
/// The fewest columns of a source's score.
const SCORE: usize = 6;

/// History, items and explanations.
pub(crate) fn page(answer: &Recommendations) -> String {
    let mut text = String::new();
    if !answer.history.is_empty() {
        text += &format!("History of {}, the last {}:\n\n", one_line(&answer.user), answer.history.len());
        answer.history.iter().for_each(|item| text += &history_line(item));
        text.push('\n');
    }
    if answer.items.is_empty() {
        return text + "Nothing to recommend: no item is left that the user has not and that meets the condition.\n";
    }
    text += &format!("Recommended to {}:\n\n{}", one_line(&answer.user), items(&answer.items));
    if answer.items.iter().any(|item| item.explanation.is_some()) {
        text += &format!("\nWhy:\n{}", explanations(&answer.items));
    }
    if let Some(analysis) = &answer.analysis {
        text += &format!("\nThe language model on this taste:\n{}", wrapped(analysis, 2));
    }
    if let Some(decision) = &answer.language_model {
        let used = if decision.used { "asked" } else { "not asked" };
        text += &format!("\nThe language model was {used}: {}.\n", decision.why);
    }
    text
}

/// The items with what each source says.
pub(crate) fn items(items: &[RecommendedItem]) -> String {
    let Some(first) = items.first() else { return "Nothing found.\n".into() };
    let sources: String =
        first.scores.iter().map(|score| format!("  {:>1$}", score.source.name(), score_width(score))).collect();
    let mut text = format!("      {}{sources}\n", padded("title", TITLE));
    for (place, item) in items.iter().enumerate() {
        let column = |score: &SourceScore| format!("  {:>1$.2}", rounded(score.value), score_width(score));
        let scores: String = item.scores.iter().map(column).collect();
        text += &format!("  {:>2}  {}{scores}\n", place + 1, padded(&title(&item.title), TITLE));
    }
    text
}

/// The explanations, each below its title.
pub(crate) fn explanations(items: &[RecommendedItem]) -> String {
    let mut text = String::new();
    for (place, item) in items.iter().enumerate() {
        let Some(explanation) = &item.explanation else { continue };
        let writer = match explanation.written_by {
            WrittenBy::Model => "written by the model, checked against the records",
            WrittenBy::Template => "written by a template: the model's text did not pass the check",
        };
        text += &format!("\n  {:>2}  {}\n", place + 1, cut(&title(&item.title), COLUMNS - 6));
        text += &wrapped(&explanation.text, 6);
        text += &wrapped(&format!("({writer})"), 6);
    }
    text
}

/// A title for people: it must not steer their terminal, or break its line.
pub(crate) fn title(title: &str) -> String {
    one_line(&natural_title(title))
}

fn history_line(item: &HistoryItem) -> String {
    let rating = item.rating.map_or_else(|| "-".into(), |rating| format!("{rating:.1}"));
    let day = item.timestamp.map_or_else(String::new, day);
    format!("{}\n", format!("  {rating:>4}  {}  {day}", padded(&title(&item.title), TITLE)).trim_end())
}

/// The day of a time in seconds since 1970, as `2000-01-31` (Howard Hinnant, *chrono-Compatible Low-Level Date
/// Algorithms*).
pub(crate) fn day(seconds: i64) -> String {
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year_of_era + era * 400 + carry)
}

/// A score as two digits show it: none is -0.00.
fn rounded(score: f32) -> f32 {
    if score.abs() < 0.005 { 0.0 } else { score }
}

/// Columns of a source's score.
fn score_width(score: &SourceScore) -> usize {
    score.source.name().len().max(SCORE)
}

/// Breaks a text between words, each line behind `indent` spaces.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in one_line(text).split_whitespace() {
        if !line.is_empty() && indent + width(&line) + 1 + width(word) > COLUMNS {
            lines += &format!("{:indent$}{line}\n", "");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines + &format!("{:indent$}{line}\n", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_wrapped_at_their_columns() {
        let text = "word ".repeat(60);
        assert!(wrapped(&text, 6).lines().all(|line| line.chars().count() <= COLUMNS && line.starts_with("      w")));
        assert_eq!(wrapped(&text, 6).split_whitespace().count(), 60);
        let text = "花样年华 ".repeat(30);
        assert!(
            wrapped(&text, 6).lines().all(|line| (91..=COLUMNS).contains(&width(line)) || line.ends_with("花样年华"))
        );
    }

    #[test]
    fn titles_steer_no_terminal_and_break_no_line() {
        assert_eq!(title("\u{1b}[31mRed\n\u{7}Desert\u{1b}[0m"), "[31mRed Desert [0m");
        assert_eq!(wrapped("a \u{1b}]0;b\u{7}", 2), "  a ]0;b\n");
    }

    #[test]
    fn scores_stand_below_their_names_whatever_the_title() {
        let titles = ["Heat", "千と千尋の神隠し", &"花".repeat(40), "Сталкер"];
        let item = |title: &&str| RecommendedItem {
            item_id: "1".into(),
            title: (*title).to_owned(),
            score: 0.5,
            scores: vec![SourceScore { source: docent::recommend::Source::Semantic, value: 0.5 }],
            explanation: None,
        };
        let table = items(&titles.iter().map(item).collect::<Vec<_>>());
        let widths: Vec<usize> = table.lines().map(width).collect();
        assert_eq!(widths, [widths[0]; 5], "{table}");
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let cases =
            [(0, "1970-01-01"), (951_782_400, "2000-02-29"), (949_778_714, "2000-02-05"), (-86_401, "1969-12-30")];
        for (seconds, expected) in cases {
            assert_eq!(day(seconds), expected);
        }
    }
}
