//! What is known of a user, as a text.

use crate::recommend::{Catalogue, Interaction};

/// How many of the latest interactions the text tells.
pub const LAST_INTERACTIONS: usize = 10;
/// Words of a profile that count: with ten titles the text stays within the 256 tokens of common sentence encoders, which
/// cut the end, where the latest interaction stands.
const PROFILE_WORDS: usize = 100;
/// Characters of a title that count.
const TITLE_CHARS: usize = 60;

/// A user to describe.
#[derive(Clone, Copy, Debug, Default)]
pub struct User<'a> {
    /// What the user says, or others say, of their taste.
    pub profile: Option<&'a str>,
    /// What the user did, oldest first.
    pub history: &'a [Interaction],
}

impl User<'_> {
    /// The profile, then the last interactions with their ratings, the latest last; empty if nothing is known.
    pub fn text(&self, catalogue: &Catalogue) -> String {
        let words = self.profile.unwrap_or_default().split_whitespace().take(PROFILE_WORDS);
        let profile = words.collect::<Vec<_>>().join(" ");
        let last = &self.history[self.history.len().saturating_sub(LAST_INTERACTIONS)..];
        let told = last.iter().map(|event| {
            let title: String = catalogue[event.item].full_title().chars().take(TITLE_CHARS).collect();
            event.rating.map_or_else(|| title.clone(), |rating| format!("{title}, rated {rating}"))
        });
        let told = told.collect::<Vec<_>>().join("; ");
        [profile, told].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(". ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;

    #[test]
    fn the_latest_interaction_comes_last_and_old_ones_are_left_out() {
        let items: Vec<Item> = (0..12).map(|i| Item { title: format!("Title {i}, The"), ..Item::default() }).collect();
        let catalogue = Catalogue::new(items);
        let event = |item, rating| Interaction { user: 0, item, rating, timestamp: None };
        let history = [event(3, Some(4.5)), event(1, None)];
        let user = User { profile: Some("Likes\n quiet films"), history: &history };
        assert_eq!(user.text(&catalogue), "Likes quiet films. The Title 3, rated 4.5; The Title 1");
        assert_eq!(User { profile: None, ..user }.text(&catalogue), "The Title 3, rated 4.5; The Title 1");
        assert_eq!(User::default().text(&catalogue), "");
        let long: Vec<Interaction> = (0..12).map(|item| event(item, None)).collect();
        let profile = "word ".repeat(500);
        let text = User { profile: Some(&profile), history: &long }.text(&catalogue);
        assert!(text.ends_with("; The Title 11") && text.contains("The Title 2;") && !text.contains("The Title 1;"));
        assert_eq!(text.matches("word").count(), PROFILE_WORDS);
    }
}
