//! What is known of somebody in the course of a dialogue: what they said, and what they were shown.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ask::Slot,
    understand::{Asked, Constraints, Preferences, Understander, Understood, key, slot},
};

/// What a wish counts less with each later message that states one.
const FADING: f32 = 0.8;

/// The most items that are spoken of at once so that the last one is `it` from then on.
pub(super) const FEW: usize = 2;

/// A dialogue so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dialogue {
    /// Wanted genres with how much they count.
    pub(super) genres: Vec<(String, f32)>,
    /// Wanted themes with how much they count.
    pub(super) themes: Vec<(String, f32)>,
    /// What must hold.
    pub(super) constraints: Constraints,
    /// Liked items, the last one last.
    pub(super) liked: Vec<usize>,
    /// Items that are not wanted.
    pub(super) disliked: BTreeSet<usize>,
    /// Ratings from 1 to 5.
    pub(super) ratings: BTreeMap<usize, f32>,
    /// Items that were seen.
    pub(super) seen: BTreeSet<usize>,
    /// All items that were shown.
    pub(super) shown: BTreeSet<usize>,
    /// The items that were shown last.
    pub(super) last: Vec<usize>,
    /// The item that was spoken of last.
    pub(super) focus: Option<usize>,
    /// What was asked, and not to be asked again.
    pub(super) asked: Vec<Slot>,
    /// Whether the last message stated a wish of its own, so that earlier ones count no more.
    pub(super) anew: bool,
    /// What the last answer asked.
    pub(super) asking: Option<Slot>,
    /// The words of the last message that stated a wish.
    pub(super) words: String,
    /// How many messages came.
    pub(super) turns: usize,
}

impl Dialogue {
    /// Takes a message in.
    pub(super) fn hear(&mut self, message: &str, understood: &Understood, names: &Understander) {
        let Understood { preferences, feedback, asked_about, .. } = understood;
        self.turns += 1;
        preferences.withdrawn.iter().for_each(|what| self.withdraw(what));
        self.anew = self.begins_anew(message, understood, names);
        if self.anew {
            (self.genres, self.themes) = (Vec::new(), Vec::new());
            // Who takes part is a wish, too.
            self.constraints.0.remove(key::PEOPLE);
        }
        if !(preferences.genres.is_empty() && preferences.themes.is_empty()) {
            self.genres.iter_mut().chain(&mut self.themes).for_each(|(_, weight)| *weight *= FADING);
            self.words = message.to_owned();
        }
        // A subject in words of its own takes the place of an earlier one: `a film about chess`, `something set in Japan`.
        if preferences.themes.iter().any(|theme| !names.lists_theme(theme)) {
            self.themes.retain(|(theme, _)| names.lists_theme(theme));
        }
        for (known, said, denied) in [
            (&mut self.genres, &preferences.genres, key::EXCLUDE_GENRES),
            (&mut self.themes, &preferences.themes, key::EXCLUDE_THEMES),
        ] {
            for value in said {
                // `Horror is fine after all`: no more than that.
                let is_excluded = self.constraints.values(denied).contains(value);
                if is_excluded && preferences.allowed.contains(value) {
                    self.constraints.remove(denied, value);
                    continue;
                }
                known.retain(|(own, _)| own != value);
                known.push((value.clone(), 1.0));
                // Who asks for it has changed their mind.
                self.constraints.remove(denied, value);
            }
            let no_more = preferences.constraints.values(denied);
            known.retain(|(own, _)| !no_more.contains(own));
        }
        let mut later = preferences.constraints.clone();
        for language in &preferences.allowed {
            if self.constraints.values(key::EXCLUDE_LANGUAGES).contains(language) {
                self.constraints.remove(key::EXCLUDE_LANGUAGES, language);
                later.remove(key::LANGUAGE, language);
            }
        }
        // Other people are wanted now, unless somebody says that they come on top.
        if !later.values(key::PEOPLE).is_empty() && !names.adds(message) {
            self.constraints.0.remove(key::PEOPLE);
        }
        self.constraints.follow(&later);
        let items = |titles: &[String]| titles.iter().filter_map(|title| names.item(title)).collect::<Vec<_>>();
        for item in items(&feedback.liked) {
            self.disliked.remove(&item);
            self.liked.retain(|own| *own != item);
            self.liked.push(item);
        }
        for item in items(&feedback.disliked) {
            self.liked.retain(|own| *own != item);
            self.disliked.insert(item);
        }
        self.seen.extend(items(&feedback.seen));
        for (title, rating) in &feedback.ratings {
            self.ratings.extend(names.item(title).map(|item| (item, *rating as f32)));
        }
        let named = [asked_about, &feedback.liked, &feedback.disliked, &feedback.seen];
        // Of a whole list none is spoken of more than the others.
        let few = |titles: &&Vec<String>| titles.len() <= FEW;
        if let Some(item) = named.into_iter().filter(few).find_map(|titles| items(titles).last().copied()) {
            self.focus = Some(item);
        }
    }

    /// Whether a message states a wish of its own, so that earlier ones count no more.
    fn begins_anew(&self, message: &str, understood: &Understood, names: &Understander) -> bool {
        let Preferences { genres, themes, .. } = &understood.preferences;
        let asked = match self.asking {
            Some(Slot::Genre | Slot::Theme) if self.genres.is_empty() => Asked::First,
            Some(Slot::Genre | Slot::Theme) => Asked::More,
            _ => Asked::Nothing,
        };
        !(genres.is_empty() && themes.is_empty())
            && names.begins_anew(message, asked, &[genres.as_slice(), themes].concat())
    }

    /// What was asked for does not count any more.
    fn withdraw(&mut self, what: &str) {
        let keys: &[&str] = match what {
            slot::EVERYTHING => {
                (self.genres, self.themes, self.constraints) = Default::default();
                self.words.clear();
                &[]
            }
            slot::YEAR => &[key::YEAR_MIN, key::YEAR_MAX, key::EXCLUDE_YEARS],
            slot::RUNTIME => &[key::RUNTIME_MIN, key::RUNTIME_MAX],
            slot::LANGUAGE => &[key::LANGUAGE, key::EXCLUDE_LANGUAGES],
            slot::PEOPLE => &[key::PEOPLE, key::EXCLUDE_PEOPLE],
            slot::RATING => &[key::RATING_MIN],
            slot::PRICE => &[key::PRICE_MAX],
            slot::AUDIENCE => &[key::AUDIENCE],
            slot::GENRES => {
                self.genres.clear();
                &[key::EXCLUDE_GENRES]
            }
            slot::THEMES => {
                self.themes.clear();
                &[key::EXCLUDE_THEMES]
            }
            value => {
                for wishes in [&mut self.genres, &mut self.themes] {
                    wishes.retain(|(own, _)| !own.eq_ignore_ascii_case(value));
                }
                let lists = [key::EXCLUDE_GENRES, key::EXCLUDE_THEMES, key::PEOPLE, key::EXCLUDE_PEOPLE];
                lists.iter().for_each(|key| self.constraints.remove(key, value));
                &[]
            }
        };
        keys.iter().for_each(|key| {
            self.constraints.0.remove(*key);
        });
    }

    /// Takes in what is shown.
    pub(super) fn show(&mut self, items: &[usize]) {
        if !items.is_empty() {
            self.last = items.to_vec();
            self.focus = None;
            self.shown.extend(items);
        }
    }

    /// Takes in what is asked.
    pub(super) fn ask(&mut self, slot: Option<Slot>) {
        self.asking = slot;
        self.asked.extend(slot);
    }

    /// Whether a genre, a theme or a title is known.
    pub fn knows_a_wish(&self) -> bool {
        let wishes = [self.genres.is_empty(), self.themes.is_empty(), self.liked.is_empty()];
        wishes.contains(&false) || !self.constraints.values(key::PEOPLE).is_empty()
    }

    /// Whether an item is out of the question: it was shown, seen or turned down.
    pub fn is_spent(&self, item: usize) -> bool {
        self.shown.contains(&item) || self.is_turned_down(item) || self.liked.contains(&item)
    }

    /// Whether an item was seen or turned down.
    pub fn is_turned_down(&self, item: usize) -> bool {
        self.disliked.contains(&item) || self.seen.contains(&item)
    }

    /// What must hold.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// The items that were shown last.
    pub fn last(&self) -> &[usize] {
        &self.last
    }
}
