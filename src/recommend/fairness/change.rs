//! Users with another value of an attribute, without any, or saying it.

use std::{collections::BTreeSet, ops::Range};

use serde::Serialize;

use super::{Mask, groups::shown};
use crate::recommend::{Attribute, User, Users, sentences::words};

/// What is done to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// The attribute is taken away, and so are sentences of the profile that name its value.
    Removed,
    /// It has the next of all values that users have, in the profile, too.
    Swapped,
    /// The profile says it, in a sentence more.
    Said,
}

impl Change {
    /// All of them, in the order of outputs.
    pub const ALL: [Change; 3] = [Change::Removed, Change::Swapped, Change::Said];

    /// Its name in outputs.
    pub fn name(self) -> &'static str {
        match self {
            Change::Removed => "removed",
            Change::Swapped => "swapped",
            Change::Said => "said",
        }
    }
}

/// An attribute with the values that users have.
pub(super) struct Column {
    pub(super) name: String,
    values: Vec<String>,
}

impl Column {
    pub(super) fn new(name: &str, users: &Users) -> Self {
        let values = users.users().iter().filter_map(|user| user.attribute(name)).flat_map(shown);
        let values: BTreeSet<String> = values.filter(|value| !value.is_empty()).collect();
        Self { name: name.to_owned(), values: values.into_iter().collect() }
    }

    /// The user with this attribute changed; none where that changes nothing.
    pub(super) fn apply(&self, change: Change, user: &User) -> Option<User> {
        let own = shown(user.attribute(&self.name)?).into_iter().next()?;
        let place = self.values.iter().position(|value| *value == own)?;
        let next = self.values.get((place + 1) % self.values.len()).filter(|next| **next != own);
        let mut other = user.clone();
        match change {
            Change::Removed => {
                other.attributes.retain(|(column, _)| *column != self.name);
                let only = User { attributes: vec![(self.name.clone(), Attribute::Text(own))], ..User::default() };
                let mask = Mask::of(&Users::new(vec![only]), BTreeSet::from([self.name.clone()]));
                other.profile = mask.profile(user);
            }
            Change::Swapped => {
                let next = next?;
                let value = other.attributes.iter_mut().find(|(column, _)| *column == self.name);
                value?.1 = Attribute::Text(next.clone());
                other.profile = user.profile.as_deref().map(|profile| replaced(profile, &own, next));
            }
            Change::Said => {
                let name = words(&self.name).join(" ");
                let profile = user.profile.as_deref().unwrap_or_default();
                other.profile = Some(format!("{profile} My {name} is {own}.").trim().to_owned());
            }
        }
        Some(other)
    }
}

/// A text with a value in the place of another one, where that stands as whole words; letters in any case.
fn replaced(text: &str, value: &str, by: &str) -> String {
    let wanted = words(value);
    let places = word_places(text);
    let (mut made, mut copied, mut at) = (String::new(), 0, 0);
    while at < places.len() {
        let run = places.get(at..at + wanted.len()).unwrap_or_default();
        let is_it =
            !run.is_empty() && run.iter().zip(&wanted).all(|(place, word)| text[place.clone()].to_lowercase() == *word);
        let (Some(first), Some(last)) = (run.first(), run.last().filter(|_| is_it)) else {
            at += 1;
            continue;
        };
        made += &text[copied..first.start];
        made += by;
        copied = last.end;
        at += wanted.len();
    }
    made + &text[copied..]
}

/// Where the words of a text stand.
fn word_places(text: &str) -> Vec<Range<usize>> {
    let mut places: Vec<Range<usize>> = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        let end = at + c.len_utf8();
        match places.last_mut().filter(|place| place.end == at) {
            Some(place) => place.end = end,
            None => places.push(at..end),
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_replaced_as_whole_words() {
        assert_eq!(replaced("Man of man, woman. MAN", "man", "x"), "x of x, woman. x");
        assert_eq!(replaced("aged 45-54 here", "45-54", "18-24"), "aged 18-24 here");
        assert_eq!(replaced("nothing", "", "x"), "nothing");
    }
}
