//! What of users no model may see: sensitive attributes, and sentences of profiles that name one.

use std::collections::{BTreeSet, HashSet};

use super::groups::shown;
use crate::recommend::{
    Error, Result, User, Users,
    sentences::{sentences, words},
};

/// Words in the names of columns that are sensitive unless somebody says otherwise: what laws against discrimination
/// protect, and what stands for it.
const SENSITIVE: [&str; 37] = [
    "age",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "gender",
    "sex",
    "race",
    "ethnicity",
    "ethnic",
    "religion",
    "religious",
    "nationality",
    "nation",
    "country",
    "citizenship",
    "origin",
    "disability",
    "disabled",
    "health",
    "diagnosis",
    "orientation",
    "sexuality",
    "marital",
    "married",
    "pregnant",
    "pregnancy",
    "income",
    "salary",
    "wealth",
    "caste",
    "politics",
    "political",
    "party",
    "zip",
    "postcode",
    "address",
];

/// Whether a column is sensitive by its name: one of its words is.
pub fn is_sensitive(column: &str) -> bool {
    words(column).iter().any(|word| SENSITIVE.contains(&word.as_str()))
}

/// Hides sensitive attributes of users.
///
/// A sentence of a profile that holds a value of a hidden attribute as whole words, in any case, is left out: any value
/// that somebody in the store has, since people say of themselves what their records lack. What means the same in other
/// words is not found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask {
    columns: BTreeSet<String>,
    /// Words of each value.
    values: HashSet<Vec<String>>,
    /// Words of the longest value.
    longest: usize,
}

impl Mask {
    /// Hides the users' columns that are sensitive by name, and those of `more`, but none of `allowed`.
    ///
    /// # Errors
    /// If a column of `more` or `allowed` is none of the users'.
    pub fn new(users: &Users, more: &[String], allowed: &[String]) -> Result<Self> {
        for column in more.iter().chain(allowed) {
            known(users, column)?;
        }
        let named = users.attributes().iter().map(|column| &column.name).filter(|column| is_sensitive(column));
        let columns = named.chain(more).filter(|column| !allowed.contains(column)).cloned();
        Ok(Self::of(users, columns.collect()))
    }

    /// The same as settings say it, which may name columns that other stores have: those are left out.
    ///
    /// # Errors
    /// Never, as only columns of these users are named.
    pub fn of_settings(users: &Users, more: &[String], allowed: &[String]) -> Result<Self> {
        let known = |columns: &[String]| -> Vec<String> {
            columns.iter().filter(|column| known(users, column).is_ok()).cloned().collect()
        };
        Self::new(users, &known(more), &known(allowed))
    }

    /// Hides these columns of the users.
    pub fn of(users: &Users, columns: BTreeSet<String>) -> Self {
        let attributes = users.users().iter().flat_map(|user| &user.attributes);
        let hidden = attributes.filter(|(column, _)| columns.contains(column));
        let values: HashSet<Vec<String>> = hidden
            .flat_map(|(_, value)| shown(value))
            .map(|value| words(&value))
            .filter(|value| !value.is_empty())
            .collect();
        let longest = values.iter().map(Vec::len).max().unwrap_or(0);
        Self { columns, values, longest }
    }

    /// The columns that are hidden.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// Whether a column is hidden.
    pub fn hides(&self, column: &str) -> bool {
        self.columns.contains(column)
    }

    /// What may be told of a user's attributes: columns with their values.
    pub fn attributes(&self, user: &User) -> Vec<(String, String)> {
        let told = user.attributes.iter().filter(|(column, _)| !self.hides(column));
        told.map(|(column, value)| (column.clone(), shown(value).join(", ")))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }

    /// What may be told of a user's profile; none if nothing is left.
    pub fn profile(&self, user: &User) -> Option<String> {
        let profile = user.profile.as_deref()?;
        if self.values.is_empty() {
            return Some(profile.to_owned());
        }
        // The profile as it is where nothing is left out, white space and all.
        let all = sentences(profile);
        let told: Vec<&str> = all.iter().copied().filter(|sentence| !self.is_named_in(sentence)).collect();
        match told.len() {
            0 => None,
            count if count == all.len() => Some(profile.to_owned()),
            _ => Some(told.join(" ")),
        }
    }

    /// Whether a text holds a hidden value.
    pub fn is_named_in(&self, text: &str) -> bool {
        let words = words(text);
        let lengths = 1..=self.longest.min(words.len());
        lengths.flat_map(|length| words.windows(length)).any(|run| self.values.contains(run))
    }
}

/// A user's attribute that must be there.
pub(super) fn known(users: &Users, column: &str) -> Result<()> {
    match users.attributes().iter().any(|attribute| attribute.name == column) {
        true => Ok(()),
        false => {
            let known = users.attributes().iter().map(|attribute| attribute.name.clone()).collect();
            Err(Error::NoSuchAttribute { column: column.to_owned(), of: "users", known })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Attribute;

    fn user(id: &str, profile: &str, attributes: &[(&str, &str)]) -> User {
        let attribute = |(name, value): &(&str, &str)| ((*name).to_owned(), Attribute::Text((*value).to_owned()));
        User { id: id.into(), profile: Some(profile.into()), attributes: attributes.iter().map(attribute).collect() }
    }

    fn users() -> Users {
        let (gender, age) = ("gender", "age_group");
        Users::new(vec![
            user(
                "a",
                "I like ships. As a woman of 45, I love tales.",
                &[(gender, "woman"), (age, "45 to 54"), ("city", "Lyon")],
            ),
            user("b", "Manly things; I am 45 to 54.\nNon-binary films!", &[(gender, "non-binary"), (age, "18 to 24")]),
        ])
    }

    #[test]
    fn columns_are_sensitive_by_their_names() {
        for column in ["age", "Age_Group", "user.gender", "home-country", "marital status", "DOB"] {
            assert!(is_sensitive(column), "{column}");
        }
        for column in ["page", "city", "language", "essex", "plan", ""] {
            assert!(!is_sensitive(column), "{column}");
        }
    }

    #[test]
    fn hidden_values_are_in_nothing_that_is_told() {
        let users = users();
        let mask = Mask::new(&users, &[], &[]).unwrap();
        assert_eq!(mask.columns().collect::<Vec<_>>(), ["age_group", "gender"]);
        let [a, b] = [0, 1].map(|at| &users.users()[at]);
        assert_eq!(mask.profile(a).as_deref(), Some("I like ships."));
        assert_eq!(mask.attributes(a), [("city".to_owned(), "Lyon".to_owned())]);
        assert_eq!(mask.profile(b), None, "both sentences name a value of somebody");
        let allowed = Mask::new(&users, &["city".into()], &["gender".into()]).unwrap();
        assert_eq!(allowed.profile(a), a.profile, "45 alone is no value");
        assert_eq!(allowed.attributes(a), [("gender".to_owned(), "woman".to_owned())]);
        assert_eq!(allowed.profile(b).as_deref(), Some("Non-binary films!"));
        let elsewhere = Mask::of_settings(&users, &["city".into(), "sex".into()], &["gender".into(), "dob".into()]);
        assert_eq!(elsewhere.unwrap(), allowed);
        let error = Mask::new(&users, &["sex".into()], &[]).unwrap_err();
        assert_eq!(error.to_string(), "there is no attribute `sex` of the users");
        assert_eq!(error.hint().as_deref(), Some("there are `gender`, `age_group`, `city`"));
    }

    #[test]
    fn nothing_hidden_changes_nothing() {
        let users = users();
        for user in users.users() {
            assert_eq!(Mask::default().profile(user), user.profile);
            assert_eq!(Mask::default().attributes(user).len(), user.attributes.len());
        }
    }
}
