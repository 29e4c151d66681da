//! What an explanation may say of one recommended item.

use super::Claim;
use crate::recommend::{Item, line::one_line};

/// Characters of a title that texts name; longer ones are cut between words.
const TITLE_CHARS: usize = 80;

/// An item as texts name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Titled {
    /// Its title as people say it: one line, of at most 81 characters.
    pub title: String,
    /// When it came out.
    pub year: Option<i32>,
}

impl Titled {
    /// Names an item.
    pub fn new(item: &Item) -> Self {
        Self { title: short_line(&item.short_title()), year: item.year() }
    }

    /// The title with the year: `The Matrix (1999)`.
    pub fn full(&self) -> String {
        match self.year {
            Some(year) => format!("{} ({year})", self.title),
            None => self.title.clone(),
        }
    }
}

/// On one line, so that a title cannot break the prompt that it stands in, and cut between words.
fn short_line(title: &str) -> String {
    let title = one_line(title);
    let Some((cut, _)) = title.char_indices().nth(TITLE_CHARS) else { return title };
    let words = title[..cut].rfind(' ').filter(|&space| space > cut / 2).unwrap_or(cut);
    format!("{}…", title[..words].trim_end())
}

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// What the user liked.
    Liked,
    /// Genres.
    Genres,
    /// Years and decades.
    Time,
    /// How many users liked both.
    Together,
}

/// What may be said of one recommended item. All facts but the titles and their years are true of both items, so that no
/// phrasing can ascribe one to the wrong item.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The recommended item.
    pub item: Titled,
    /// The item that the user liked; none if nothing is known of the user.
    pub anchor: Option<Titled>,
    /// The genres of both; of the item alone if there is no anchor.
    pub genres: Vec<String>,
    /// The first year of the decade in which both came out.
    pub decade: Option<i32>,
    /// How many users liked both; 0 if they are too few to be mentioned.
    pub liked_by: usize,
    /// What the user rated the anchor.
    pub rating: Option<f32>,
    /// How much the liked item has to do with the recommended one, from 0 to 1.
    pub relevance: f32,
    /// All of this as claims, with their records.
    pub claims: Vec<(Aspect, Claim)>,
}

impl Plan {
    /// A plan of which nothing but the recommended item is known.
    pub fn of(item: Titled) -> Self {
        let (genres, claims) = (Vec::new(), Vec::new());
        Self { item, anchor: None, genres, decade: None, liked_by: 0, rating: None, relevance: 0.0, claims }
    }

    /// Whether anything is known that the items have in common, beside that one was liked.
    pub fn has_reason(&self) -> bool {
        !self.genres.is_empty() || self.decade.is_some() || self.liked_by > 0
    }
}

/// Plans of one item: each names another liked item.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternatives {
    /// The best one.
    pub first: Plan,
    /// The others, best first.
    pub others: Vec<Plan>,
}

impl Alternatives {
    /// How many there are, at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        1 + self.others.len()
    }

    /// One by its place, the best one's is 0; of a place that there is not, the best one.
    pub fn get(&self, place: usize) -> &Plan {
        place.checked_sub(1).and_then(|other| self.others.get(other)).unwrap_or(&self.first)
    }
}

impl From<Plan> for Alternatives {
    fn from(first: Plan) -> Self {
        Self { first, others: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_one_line_of_a_bounded_length() {
        assert_eq!(short_line(" The\tIron\n\nGiant\u{202e}\u{200b} "), "The Iron Giant");
        let long = short_line(&"word ".repeat(100));
        assert!(long.ends_with("word…") && long.chars().count() <= TITLE_CHARS + 1, "{long}");
        assert_eq!(short_line(&"あ".repeat(100)).chars().count(), TITLE_CHARS + 1);
        assert_eq!(short_line("千と千尋の神隠し"), "千と千尋の神隠し");
    }
}
