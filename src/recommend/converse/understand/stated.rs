//! What a message states: preferences and judgements, in a form that filters, retrieval and other programs can use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

/// What somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Wanted genres, as the catalogue spells them.
    pub genres: Vec<String>,
    /// What it should be about, or be like.
    pub themes: Vec<String>,
    /// What must hold of every item.
    pub constraints: Constraints,
    /// Wishes in words: `like Heat`.
    pub explicit_preferences: Vec<String>,
    /// What does not count any more: a kind of condition (`everything`, `year`, `runtime`, `language`, `people`, `rating`, `price`,
    /// `genres`, `themes`, `audience`), or one genre, theme or person.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<String>,
    /// Genres, themes and languages that may be shown again if they were excluded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

/// What somebody thinks of items, by title.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Feedback {
    /// Titles that they like, or want more of.
    pub liked: Vec<String>,
    /// Titles that they do not want.
    pub disliked: Vec<String>,
    /// Ratings, from 1 to 5.
    pub ratings: BTreeMap<String, f64>,
    /// Titles that they have seen.
    pub seen: Vec<String>,
}

/// Conditions by key. What one key bounds from above or below ends in `_max` or `_min`, and holds with equality;
/// what begins with `exclude_` must not hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Constraints(pub BTreeMap<String, Limit>);

/// What a condition compares with.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Limit {
    /// A number.
    Number(f64),
    /// One value.
    Text(String),
    /// Several values, each of which counts.
    Many(Vec<String>),
    /// Several values, of which one is enough.
    Any {
        /// The values.
        any: Vec<String>,
    },
}

/// The keys of conditions.
pub mod key {
    /// The first year in which an item may have come out.
    pub const YEAR_MIN: &str = "year_min";
    /// The last year in which an item may have come out.
    pub const YEAR_MAX: &str = "year_max";
    /// The fewest minutes.
    pub const RUNTIME_MIN: &str = "runtime_min";
    /// The most minutes.
    pub const RUNTIME_MAX: &str = "runtime_max";
    /// The lowest mean rating.
    pub const RATING_MIN: &str = "rating_min";
    /// The highest price.
    pub const PRICE_MAX: &str = "price_max";
    /// Who watches.
    pub const AUDIENCE: &str = "audience";
    /// The language that is spoken.
    pub const LANGUAGE: &str = "language";
    /// People who must take part.
    pub const PEOPLE: &str = "people";
    /// Genres that are not wanted.
    pub const EXCLUDE_GENRES: &str = "exclude_genres";
    /// Themes that are not wanted.
    pub const EXCLUDE_THEMES: &str = "exclude_themes";
    /// People who must not take part.
    pub const EXCLUDE_PEOPLE: &str = "exclude_people";
    /// Languages that are not wanted.
    pub const EXCLUDE_LANGUAGES: &str = "exclude_languages";
    /// Years that are not wanted, from the first to the last: `1980-1989`.
    pub const EXCLUDE_YEARS: &str = "exclude_years";
}

impl Constraints {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of a key.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.0.get(key) {
            Some(Limit::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The values of a key.
    pub fn values(&self, key: &str) -> &[String] {
        match self.0.get(key) {
            Some(Limit::Text(value)) => std::slice::from_ref(value),
            Some(Limit::Many(values) | Limit::Any { any: values }) => values,
            _ => &[],
        }
    }

    /// Whether one of the values of a key is enough.
    pub fn is_any(&self, key: &str) -> bool {
        matches!(self.0.get(key), Some(Limit::Any { .. }))
    }

    /// Sets several values of which one is enough.
    pub fn set_any(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        self.0.insert(key.to_owned(), Limit::Any { any: values.into_iter().collect() });
    }

    /// Sets a number.
    pub fn set_number(&mut self, key: &str, number: f64) {
        self.0.insert(key.to_owned(), Limit::Number(number));
    }

    /// Sets a value.
    pub fn set_text(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_owned(), Limit::Text(value.into()));
    }

    /// Adds a value to those of a key.
    pub fn add(&mut self, key: &str, value: impl Into<String>) {
        let value = value.into();
        match self.0.entry(key.to_owned()).or_insert_with(|| Limit::Many(Vec::new())) {
            Limit::Many(values) if values.contains(&value) => {}
            Limit::Many(values) => values.push(value),
            other => *other = Limit::Many(vec![value]),
        }
    }

    /// Takes a value of a key back; a key without values goes.
    pub fn remove(&mut self, key: &str, value: &str) {
        let is_gone = match self.0.get_mut(key) {
            Some(Limit::Many(values) | Limit::Any { any: values }) => {
                values.retain(|own| !own.eq_ignore_ascii_case(value));
                values.is_empty()
            }
            Some(Limit::Text(own)) => own.eq_ignore_ascii_case(value),
            _ => false,
        };
        if is_gone {
            self.0.remove(key);
        }
    }

    /// Takes over what somebody says later: numbers and single values take the place of earlier ones, lists grow, and what
    /// contradicts it goes.
    pub fn follow(&mut self, later: &Constraints) {
        for (lowest, highest) in [(key::YEAR_MIN, key::YEAR_MAX), (key::RUNTIME_MIN, key::RUNTIME_MAX)] {
            let bound = |key| later.number(key).or_else(|| self.number(key));
            if bound(lowest).zip(bound(highest)).is_some_and(|(lowest, highest)| lowest > highest) {
                [lowest, highest].into_iter().filter(|key| later.number(key).is_none()).for_each(|key| {
                    self.0.remove(key);
                });
            }
        }
        for (one, other) in [(key::PEOPLE, key::EXCLUDE_PEOPLE), (key::LANGUAGE, key::EXCLUDE_LANGUAGES)] {
            for (said, contrary) in [(one, other), (other, one)] {
                later.values(said).iter().for_each(|value| self.remove(contrary, value));
            }
        }
        for (key, limit) in &later.0 {
            match limit {
                Limit::Many(values) => values.iter().for_each(|value| self.add(key, value)),
                single => {
                    self.0.insert(key.clone(), single.clone());
                }
            }
        }
    }

    /// Every key with each of its values, as texts.
    pub fn pairs(&self) -> Vec<(&str, String)> {
        let values = |limit: &Limit| match limit {
            Limit::Number(number) => vec![number.to_string()],
            Limit::Text(value) => vec![value.clone()],
            Limit::Many(values) | Limit::Any { any: values } => values.clone(),
        };
        self.0.iter().flat_map(|(key, limit)| values(limit).into_iter().map(|value| (key.as_str(), value))).collect()
    }
}

impl Serialize for Limit {
    /// A whole number is written without a point.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Limit::Number(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
                serializer.serialize_i64(*number as i64)
            }
            Limit::Number(number) => serializer.serialize_f64(*number),
            Limit::Text(value) => serializer.serialize_str(value),
            Limit::Many(values) => values.serialize(serializer),
            Limit::Any { any } => BTreeMap::from([("any", any)]).serialize(serializer),
        }
    }
}

impl Preferences {
    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Feedback {
    /// Whether nothing is stated.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Adds a value that is not there yet.
pub(super) fn add(values: &mut Vec<String>, value: &str) {
    if !values.iter().any(|own| own == value) {
        values.push(value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_later_counts() {
        let mut said = Constraints::default();
        said.set_number(key::YEAR_MAX, 1989.0);
        said.add(key::EXCLUDE_GENRES, "Horror");
        let mut later = Constraints::default();
        later.set_number(key::YEAR_MAX, 1999.0);
        later.add(key::EXCLUDE_GENRES, "War");
        later.add(key::EXCLUDE_GENRES, "Horror");
        said.follow(&later);
        assert_eq!(serde_json::to_string(&said).unwrap(), r#"{"exclude_genres":["Horror","War"],"year_max":1999}"#);
        said.remove(key::EXCLUDE_GENRES, "horror");
        assert_eq!(said.pairs(), [("exclude_genres", "War".to_owned()), ("year_max", "1999".to_owned())]);
        for (first, second, expected) in [
            (vec![(key::YEAR_MAX, 1989.0)], vec![(key::YEAR_MIN, 1990.0)], "[(\"year_min\", \"1990\")]"),
            (vec![(key::RUNTIME_MIN, 100.0)], vec![(key::RUNTIME_MAX, 90.0)], "[(\"runtime_max\", \"90\")]"),
        ] {
            let of = |numbers: Vec<(&str, f64)>| {
                let mut said = Constraints::default();
                numbers.into_iter().for_each(|(key, number)| said.set_number(key, number));
                said
            };
            let mut both = of(first);
            both.follow(&of(second));
            assert_eq!(format!("{:?}", both.pairs()), expected);
        }
        let mut english = Constraints::default();
        english.set_text(key::LANGUAGE, "English");
        let mut none = Constraints::default();
        none.add(key::EXCLUDE_LANGUAGES, "English");
        english.follow(&none);
        assert_eq!(english, none);
        let mut either = Constraints::default();
        either.set_any(key::PEOPLE, ["Ada Quist".to_owned(), "Bo Lee".to_owned()]);
        let text = serde_json::to_string(&either).unwrap();
        assert_eq!(text, r#"{"people":{"any":["Ada Quist","Bo Lee"]}}"#);
        assert_eq!(serde_json::from_str::<Constraints>(&text).unwrap(), either);
        let read: Constraints = serde_json::from_str(r#"{"exclude_genres": ["War"], "year_max": 1999}"#).unwrap();
        assert_eq!(read, said);
    }
}
