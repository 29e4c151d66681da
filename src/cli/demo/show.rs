//! What the demo shows to people: the history, the list with its scores, and the explanations, at most 100 columns wide.

use docent::recommend::{
    Candidate, Catalogue, Interaction, Item, Recommendations, RecommendedItem, SourceScore, WrittenBy,
};

/// The most columns of a line.
const COLUMNS: usize = 96;
/// Columns of a title in the history.
const TITLE: usize = 46;
/// The fewest columns of a source's score.
const SCORE: usize = 9;

/// All that is shown.
pub(super) struct Page<'a> {
    /// The answer, as other programs get it.
    pub(super) answer: &'a Recommendations,
    pub(super) catalogue: &'a Catalogue,
    /// The interactions of the answer's history.
    pub(super) shown: &'a [Interaction],
    /// The candidates of the answer's items.
    pub(super) best: &'a [Candidate],
    /// How many items the user has.
    pub(super) rated: usize,
    /// What each source counts.
    pub(super) weights: &'a [(&'static str, f32)],
}

/// The page as text.
pub(super) fn page(page: &Page<'_>) -> String {
    let Page { answer, rated, .. } = page;
    let mut text = format!("\nUser {} rated {rated} items. The last {}:\n\n", answer.user, page.shown.len());
    page.shown.iter().for_each(|event| text += &history_line(event, &page.catalogue[event.item]));
    text += &format!("\nRecommended, out of {}:\n\n", page.catalogue.len());
    text += &list_head(page);
    for (place, (item, candidate)) in answer.items.iter().zip(page.best).enumerate() {
        text += &list_line(place + 1, item, &page.catalogue[candidate.item]);
    }
    text += &weights_line(page.weights);
    text += "\nWhy:\n";
    for (place, (item, candidate)) in answer.items.iter().zip(page.best).enumerate() {
        text += &explanation(place + 1, item, &page.catalogue[candidate.item]);
    }
    text
}

fn history_line(event: &Interaction, item: &Item) -> String {
    let rating = event.rating.map_or_else(|| "-".into(), |rating| format!("{rating:.1}"));
    let line = format!("  {rating:>4}  {}  {}", padded(&item.full_title(), TITLE), item.genres().join(", "));
    format!("{}\n", cut(&line, COLUMNS).trim_end())
}

fn list_head(page: &Page<'_>) -> String {
    let sources: String = page.weights.iter().map(|(name, _)| format!("  {name:>0$}", width(name))).collect();
    format!("      {:>6}{sources}  title\n", "score")
}

fn list_line(place: usize, item: &RecommendedItem, record: &Item) -> String {
    let column = |score: &SourceScore| format!("  {:>1$.3}", score.value, width(score.source.name()));
    let scores: String = item.scores.iter().map(column).collect();
    let line = format!("  {place:>2}  {:>6.2}{scores}  {}", item.score, record.full_title());
    cut(&line, COLUMNS) + "\n"
}

/// Columns of a source's score.
fn width(name: &str) -> usize {
    name.len().max(SCORE)
}

/// How the score comes about.
fn weights_line(weights: &[(&'static str, f32)]) -> String {
    let parts: Vec<String> = weights.iter().map(|(name, weight)| format!("{weight} x {name}")).collect();
    let line = format!("score = {}, each standardized; the weights are fixed, not learned", parts.join(" + "));
    format!("\n{}", wrapped(&line, 2))
}

fn explanation(place: usize, item: &RecommendedItem, record: &Item) -> String {
    let Some(explanation) = &item.explanation else { return String::new() };
    let writer = match explanation.written_by {
        WrittenBy::Model => "written by the model, checked against the records",
        WrittenBy::Template => "written by a template, since the model's text did not pass the check",
    };
    let head = format!("  {place:>2}  {}\n", cut(&record.full_title(), COLUMNS - 6));
    format!("\n{head}{}{}", wrapped(&explanation.text, 6), wrapped(&format!("({writer})"), 6))
}

/// Breaks a text between words, each line behind `indent` spaces.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > COLUMNS {
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

/// Cuts what is too long, and says so.
fn cut(text: &str, columns: usize) -> String {
    match text.char_indices().nth(columns) {
        Some(_) => text.chars().take(columns - 1).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

fn padded(text: &str, columns: usize) -> String {
    format!("{:columns$}", cut(text, columns))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_and_wrapped_at_their_columns() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("äbcdefg", 6), "äbcde…");
        assert_eq!(padded("ab", 4), "ab  ");
        let text = "word ".repeat(60);
        assert!(wrapped(&text, 6).lines().all(|line| line.chars().count() <= COLUMNS && line.starts_with("      w")));
        assert_eq!(wrapped(&text, 6).split_whitespace().count(), 60);
    }
}
