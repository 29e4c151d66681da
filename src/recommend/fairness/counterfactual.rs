//! Whether lists change with attributes that should not matter: the same user with another value, without any, or saying
//! it in the profile (counterfactual fairness, Kusner, Loftus, Russell and Silva 2017, of a system as it is used).

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use super::{Change, change::Column, heldout::tell, mask::known, overlap::rank_biased_overlap};
use crate::recommend::{Interaction, Interactions, Result, User, Users, draw::shuffle, evaluate::Telling};

/// Makes a list for somebody, of all that is recorded of them.
pub trait Lister {
    /// What the list is made of, as reports call it.
    fn name(&self) -> &'static str;

    /// Whether the list is made of what a user did, and not of the profile alone.
    fn reads_history(&self) -> bool;

    /// At most `k` items, best first.
    ///
    /// # Errors
    /// If a model fails.
    fn list(&mut self, user: &User, history: &[Interaction], k: usize) -> Result<Vec<usize>>;
}

/// How much lists change with one attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedLists {
    /// The attribute.
    pub attribute: String,
    /// What is done to it.
    pub change: Change,
    /// Users to whom it was done.
    pub users: usize,
    /// Those of them whose list is another one, in its items or their order.
    pub changed: usize,
    /// The mean share of a list's items that are others than before.
    pub replaced: f64,
    /// The greatest such share.
    pub most_replaced: f64,
    /// The mean of 1 less rank-biased overlap, which counts the order, too.
    pub reordered: f64,
}

/// How much lists of one kind change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Counterfactual {
    /// What lists are made of.
    pub lists: &'static str,
    /// Sensitive attributes that were allowed to be told.
    pub allowed: Vec<String>,
    /// By attribute and change.
    pub changes: Vec<ChangedLists>,
}

/// Changes every sensitive attribute of at most `limit` users, drawn by `seed`, and compares their lists of `k` items.
///
/// # Errors
/// If users have no such attribute, a list cannot be made, or `progress` breaks it off.
pub fn counterfactuals(
    lister: &mut dyn Lister,
    (users, interactions): (&Users, &Interactions),
    sensitive: &[String],
    (k, limit, seed): (usize, Option<usize>, u64),
    progress: &mut Telling<'_>,
) -> Result<Vec<ChangedLists>> {
    sensitive.iter().try_for_each(|column| known(users, column))?;
    let history = |user: &User| {
        let index = interactions.index(&user.id)?;
        Some(interactions.history(index)).filter(|history| !history.is_empty())
    };
    let fits = |user: &&User| if lister.reads_history() { history(user).is_some() } else { user.profile.is_some() };
    let mut tested: Vec<&User> = users.users().iter().filter(fits).collect();
    shuffle(&mut tested, &mut ChaCha8Rng::seed_from_u64(seed));
    tested.truncate(limit.unwrap_or(usize::MAX));
    let columns: Vec<Column> = sensitive.iter().map(|column| Column::new(column, users)).collect();
    let mut seen: Vec<[Seen; 3]> = columns.iter().map(|_| Default::default()).collect();
    for (done, user) in tested.iter().enumerate() {
        if done % 20 == 0 {
            tell(progress, &format!("lists by {}: user {} of {}", lister.name(), done + 1, tested.len()))?;
        }
        let history = if lister.reads_history() { history(user).unwrap_or_default() } else { &[] };
        let before = lister.list(user, history, k)?;
        for (column, seen) in columns.iter().zip(&mut seen) {
            for (change, seen) in Change::ALL.into_iter().zip(seen) {
                let Some(other) = column.apply(change, user) else { continue };
                seen.compare(&before, &lister.list(&other, history, k)?);
            }
        }
    }
    let told = |(column, seen): (&Column, [Seen; 3])| {
        let of = |(change, seen): (Change, Seen)| seen.report(&column.name, change);
        Change::ALL.into_iter().zip(seen).map(of).collect::<Vec<_>>()
    };
    Ok(columns.iter().zip(seen).flat_map(told).collect())
}

/// What was seen of one change.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    users: usize,
    changed: usize,
    replaced: f64,
    most: f64,
    reordered: f64,
}

impl Seen {
    fn compare(&mut self, before: &[usize], after: &[usize]) {
        let kept = before.iter().filter(|item| after.contains(item)).count();
        let longest = before.len().max(after.len());
        let replaced = if longest > 0 { 1.0 - kept as f64 / longest as f64 } else { 0.0 };
        self.users += 1;
        self.changed += usize::from(before != after);
        self.replaced += replaced;
        self.most = self.most.max(replaced);
        self.reordered += 1.0 - rank_biased_overlap(before, after);
    }

    fn report(self, attribute: &str, change: Change) -> ChangedLists {
        let users = self.users.max(1) as f64;
        ChangedLists {
            attribute: attribute.to_owned(),
            change,
            users: self.users,
            changed: self.changed,
            replaced: self.replaced / users,
            most_replaced: self.most,
            reordered: self.reordered / users,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::recommend::{Attribute, fairness::Mask, sentences::words};

    /// Shows women other items, but only if it may know who is one, from the records or from what they say.
    struct Biased {
        mask: Mask,
    }

    impl Lister for Biased {
        fn name(&self) -> &'static str {
            "bias"
        }

        fn reads_history(&self) -> bool {
            false
        }

        fn list(&mut self, user: &User, _: &[Interaction], k: usize) -> Result<Vec<usize>> {
            let told = self.mask.attributes(user).into_iter().map(|(_, value)| value);
            let all = told.chain(self.mask.profile(user)).collect::<Vec<_>>().join(". ");
            let first = if words(&all).iter().any(|word| word == "woman") { 0 } else { k };
            Ok((first..first + k).collect())
        }
    }

    fn users() -> Users {
        let user = |(id, gender, profile): (&str, &str, &str)| User {
            id: id.into(),
            profile: Some(profile.into()),
            attributes: vec![("gender".into(), Attribute::Text(gender.into()))],
        };
        let all = [("a", "woman", "Tales."), ("b", "man", "As a man I like ships. Tales."), ("c", "man", "Ships.")];
        Users::new(all.map(user).to_vec())
    }

    fn changes(mask: Mask) -> Vec<(Change, usize, usize, f64)> {
        let found = counterfactuals(
            &mut Biased { mask },
            (&users(), &Interactions::default()),
            &["gender".to_owned()],
            (10, None, 0),
            &mut |_| ControlFlow::Continue(()),
        );
        let told = |lists: ChangedLists| (lists.change, lists.users, lists.changed, lists.replaced);
        found.unwrap().into_iter().map(told).collect()
    }

    #[test]
    fn a_bias_is_found_and_a_mask_ends_it() {
        let third = 1.0 / 3.0;
        let open = changes(Mask::default());
        assert_eq!(open[0], (Change::Removed, 3, 1, third));
        assert_eq!(open[1], (Change::Swapped, 3, 3, 1.0));
        assert_eq!(open[2], (Change::Said, 3, 0, 0.0), "whoever is known to be one may say so");
        let masked = changes(Mask::new(&users(), &[], &[]).unwrap());
        assert!(masked.iter().all(|change| (change.1, change.2, change.3) == (3, 0, 0.0)), "{masked:?}");
    }

    #[test]
    fn what_is_said_is_seen_where_records_are_hidden_and_profiles_are_not() {
        struct OnlyProfiles;
        impl Lister for OnlyProfiles {
            fn name(&self) -> &'static str {
                "profiles"
            }
            fn reads_history(&self) -> bool {
                false
            }
            fn list(&mut self, user: &User, _: &[Interaction], _: usize) -> Result<Vec<usize>> {
                Ok(vec![user.profile.as_deref().unwrap_or_default().len()])
            }
        }
        let found = counterfactuals(
            &mut OnlyProfiles,
            (&users(), &Interactions::default()),
            &["gender".to_owned()],
            (10, None, 0),
            &mut |_| ControlFlow::Continue(()),
        );
        let changed: Vec<usize> = found.unwrap().iter().map(|lists| lists.changed).collect();
        assert_eq!(changed, [1, 1, 3]);
    }
}
