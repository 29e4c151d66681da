//! What the records of a catalogue can tell at all, found once for all the conditions of a conversation.

use std::collections::{BTreeMap, BTreeSet};

use super::{understand::THEME_COLUMNS, wish::one_of};
use crate::recommend::{Attribute, Catalogue, catalogue::GENRES};

/// The genres and themes of all items.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// How the records spell a theme or genre, by its bare form.
    spellings: BTreeMap<String, BTreeSet<String>>,
    /// All genres, in lower case.
    genres: BTreeSet<String>,
    /// Whether any item has a description.
    pub(super) described: bool,
}

impl Vocabulary {
    /// That of a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut made = Self::default();
        for item in catalogue.items() {
            made.described |= item.description.is_some();
            made.genres.extend(item.genres().iter().map(|genre| genre.to_lowercase()));
            let columns = THEME_COLUMNS.iter().chain([&GENRES]);
            for value in columns.filter_map(|column| item.attribute(column)).flat_map(texts) {
                let spelled = made.spellings.entry(bare(value)).or_default();
                if !spelled.contains(value) {
                    spelled.insert(value.to_owned());
                }
            }
        }
        made
    }

    /// A theme as it is said, and as the records spell it, too: `sea`, and `the sea`.
    pub(super) fn spellings(&self, theme: &str) -> Vec<String> {
        let own = self.spellings.get(&bare(theme)).into_iter().flatten();
        let others = own.filter(|value| !value.eq_ignore_ascii_case(theme));
        std::iter::once(theme.to_owned()).chain(others.cloned()).collect()
    }

    /// Whether records say which items are of a theme: by a column, or by texts.
    pub(super) fn tells_theme(&self, theme: &str) -> bool {
        self.described || self.spellings.contains_key(&bare(theme))
    }

    /// Whether any item has a genre.
    pub(super) fn has_genre(&self, genre: &str) -> bool {
        self.genres.contains(&genre.to_lowercase())
    }
}

/// The texts of an attribute.
fn texts(attribute: &Attribute) -> &[String] {
    match attribute {
        Attribute::Many(values) => values,
        Attribute::Text(value) => std::slice::from_ref(value),
        Attribute::Number(_) => &[],
    }
}

/// A theme without its article and its plural, in lower case.
pub(super) fn bare(theme: &str) -> String {
    let lower = theme.to_lowercase();
    let word = ["the ", "a ", "an "].iter().find_map(|article| lower.strip_prefix(article)).unwrap_or(&lower);
    one_of(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;

    #[test]
    fn a_theme_is_known_however_it_is_spelled() {
        let item = |themes: &[&str], description: Option<&str>| Item {
            description: description.map(str::to_owned),
            attributes: vec![(
                "themes".into(),
                Attribute::Many(themes.iter().map(|theme| (*theme).to_owned()).collect()),
            )],
            ..Item::default()
        };
        let told = Vocabulary::new(&Catalogue::new(vec![item(&["The Sea", "robots"], None), item(&["sea"], None)]));
        for (theme, spellings, tells) in [
            ("sea", &["sea", "The Sea"][..], true),
            ("the sea", &["the sea", "sea"], true),
            ("robot", &["robot", "robots"], true),
            ("chess", &["chess"], false),
        ] {
            assert_eq!(told.spellings(theme), spellings, "{theme}");
            assert_eq!(told.tells_theme(theme), tells, "{theme}");
        }
        assert!(Vocabulary::new(&Catalogue::new(vec![item(&[], Some("A game."))])).tells_theme("chess"));
    }
}
