//! What users did: ratings or plain interactions, for each user in the order of time.

mod gathering;
mod ordered;

use std::{collections::HashMap, path::Path};

pub(super) use gathering::{Gathering, Growth};
pub(super) use ordered::{Event, Ordered};

use super::{
    Catalogue, ColumnRole, Error, Result, Role, Roles,
    table::{Table, TableFault, place, require},
};

const KNOWN: [Role; 6] = [Role::UserId, Role::ItemId, Role::Rating, Role::Timestamp, Role::Review, Role::Ignore];

/// One user's contact with one item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interaction {
    /// The user's index.
    pub user: usize,
    /// The item's index in the catalogue.
    pub item: usize,
    /// How much it was liked, on the file's own scale.
    pub rating: Option<f32>,
    /// Seconds since 1970.
    pub timestamp: Option<i64>,
}

/// What happens to interactions with items that the catalogue lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownItems {
    /// They are left out and counted.
    #[default]
    Skip,
    /// The first one is an error.
    Refuse,
}

/// The interactions of all users; each user's by time, then by item id (as a number where both are). What a user did
/// with one item at one time (or at no known time) counts once, as the last record says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interactions {
    users: Vec<String>,
    by_id: HashMap<String, usize>,
    histories: Vec<Vec<Interaction>>,
    /// By user and place in the history.
    reviews: HashMap<(usize, usize), String>,
    skipped: usize,
    duplicates: usize,
    replaced: usize,
}

impl Interactions {
    /// Takes users with their histories, each in the order of time.
    pub fn from_histories(histories: impl IntoIterator<Item = (String, Vec<Interaction>)>) -> Self {
        let (users, histories): (Vec<String>, Vec<Vec<Interaction>>) = histories.into_iter().unzip();
        let by_id = users.iter().enumerate().map(|(user, id)| (id.clone(), user)).collect();
        Self { users, by_id, histories, ..Self::default() }
    }

    /// Reads a file with `user_id`, `item_id` and, if there, `rating`, `timestamp` and `review`: CSV, JSON Lines, Parquet,
    /// or RecBole's `.inter`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, not UTF-8 or ragged, lacks an id, has a column that nothing is known
    /// about, a rating or timestamp is no number that it can be, or an item is unknown and `policy` refuses that.
    pub fn read(path: &Path, catalogue: &Catalogue, policy: UnknownItems, roles: &Roles) -> Result<Self> {
        Ok(Self::from_table(Table::open(path)?, catalogue, policy, roles, Self::default())?.0)
    }

    /// Adds a table's interactions to `base`; says whose histories that changes, and what the table's columns are.
    pub(super) fn from_table(
        mut table: Table,
        catalogue: &Catalogue,
        policy: UnknownItems,
        said: &Roles,
        base: Self,
    ) -> Result<(Self, Growth, Vec<ColumnRole>)> {
        let path = table.path().to_owned();
        let named = |fault: TableFault| Error::from(fault.of(&path));
        let roles = said.assign(table.columns(), &KNOWN).map_err(named)?;
        let user = require(Role::UserId, &roles, table.columns()).map_err(named)?;
        let item = require(Role::ItemId, &roles, table.columns()).map_err(named)?;
        let [rating, timestamp, review] = [Role::Rating, Role::Timestamp, Role::Review].map(|role| place(role, &roles));
        let roles = table.settle(roles)?;
        let mut gathering = Gathering::from(base);
        let mut rows = 0;
        while let Some(row) = table.next()? {
            rows += 1;
            let (user, id) = (row.required(user).map_err(named)?, row.required(item).map_err(named)?);
            let rating = rating.map(|column| row.rating(column).map_err(named)).transpose()?.flatten();
            let timestamp = timestamp.map(|column| row.seconds(column).map_err(named)).transpose()?.flatten();
            let review = review.map(|column| row.text(column).map_err(named)).transpose()?;
            let review = review.filter(|review| !review.is_empty()).map(String::from);
            match catalogue.index(&id) {
                Some(item) => gathering.push(&user, item, rating, timestamp, review),
                None if policy == UnknownItems::Skip => gathering.skip(),
                None => return Err(named(TableFault::UnknownItem { place: row.place, id: id.into_owned() })),
            }
        }
        if rows == 0 {
            return Err(named(TableFault::Empty("there is no interaction in it")));
        }
        let (interactions, growth) = gathering.finish(catalogue);
        Ok((interactions, growth, roles))
    }

    /// How many users there are.
    pub fn users(&self) -> usize {
        self.users.len()
    }

    /// The id of a user.
    pub fn user_id(&self, user: usize) -> &str {
        &self.users[user]
    }

    /// The index of a user.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The index of a user who must be there.
    ///
    /// # Errors
    /// If there is no such user.
    pub fn user(&self, id: &str) -> Result<usize> {
        self.index(id).ok_or_else(|| Error::unknown_user(id, self.users.iter().map(String::as_str)))
    }

    /// What a user did, oldest first.
    pub fn history(&self, user: usize) -> &[Interaction] {
        &self.histories[user]
    }

    /// All users' histories, by index.
    pub fn histories(&self) -> &[Vec<Interaction>] {
        &self.histories
    }

    /// All users' histories, by index, as models are fitted on them.
    pub fn slices(&self) -> Vec<&[Interaction]> {
        self.histories.iter().map(Vec::as_slice).collect()
    }

    /// What a user wrote about the item at a place of their history.
    pub fn review(&self, user: usize, place: usize) -> Option<&str> {
        self.reviews.get(&(user, place)).map(String::as_str)
    }

    /// How many interactions there are.
    pub fn len(&self) -> usize {
        self.histories.iter().map(Vec::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.histories.is_empty()
    }

    /// How many interactions were left out, since the catalogue lacks their item.
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// How many interactions were left out, since they were there already.
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }

    /// How many interactions a later record of the same user, item and time has given another rating or review.
    pub fn replaced(&self) -> usize {
        self.replaced
    }
}

/// The interactions that say a user liked the item: those rated no lower than the mean of the history's ratings, and
/// those without a rating. Oldest first.
pub fn liked(history: &[Interaction]) -> impl DoubleEndedIterator<Item = &Interaction> {
    /// What rounding may take from a rating that is the mean itself, as a share of it.
    const ROUNDING: f64 = 1e-9;
    let ratings = || history.iter().filter_map(|event| event.rating.map(f64::from));
    let mean = ratings().sum::<f64>() / ratings().count().max(1) as f64;
    let least = mean - mean.abs() * ROUNDING;
    history.iter().filter(move |event| event.rating.is_none_or(|rating| f64::from(rating) >= least))
}

/// A history without some items.
pub fn without(history: &[Interaction], items: &[usize]) -> Vec<Interaction> {
    history.iter().filter(|event| !items.contains(&event.item)).copied().collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::recommend::Item;

    fn catalogue() -> Catalogue {
        let item = |id: &str| Item { id: id.into(), title: format!("Title {id}"), ..Item::default() };
        Catalogue::new(["2", "10", "x"].map(item).to_vec())
    }

    fn read_as(name: &str, file: &'static str, policy: UnknownItems, base: Interactions) -> Result<Interactions> {
        let table = Table::read(Path::new(name), Box::new(Cursor::new(file)))?;
        Ok(Interactions::from_table(table, &catalogue(), policy, &Roles::default(), base)?.0)
    }

    fn read(file: &'static str, policy: UnknownItems) -> Result<Interactions> {
        read_as("ratings.csv", file, policy, Interactions::default())
    }

    #[test]
    fn histories_are_ordered_by_time_and_then_by_id_as_a_number() {
        let file = "user_id,item_id,rating,timestamp\nb,10,4,7\na,2,3.5,1\nb,2,5,7\nb,x,,3\nb,99,1,1\n";
        let interactions = read(file, UnknownItems::Skip).unwrap();
        assert_eq!((interactions.users(), interactions.len(), interactions.skipped()), (2, 4, 1));
        let b = interactions.user("b").unwrap();
        let items: Vec<usize> = interactions.history(b).iter().map(|event| event.item).collect();
        assert_eq!(items, [2, 0, 1]);
        assert_eq!(interactions.history(b)[0].rating, None);
        assert_eq!(interactions.user_id(b), "b");
    }

    #[test]
    fn reviews_stay_with_their_interaction_and_what_comes_twice_counts_once() {
        let file = "user_id,item_id,timestamp,review\na,10,7,\"Long, and good.\"\na,2,3,\na,10,7,Again.\na,10,9,\n";
        let interactions = read(file, UnknownItems::Refuse).unwrap();
        assert_eq!((interactions.len(), interactions.duplicates(), interactions.replaced()), (3, 0, 1));
        let reviews: Vec<Option<&str>> = (0..3).map(|place| interactions.review(0, place)).collect();
        assert_eq!(reviews, [None, Some("Again."), None]);
    }

    #[test]
    fn a_later_record_of_the_same_user_item_and_time_corrects_the_earlier_one() {
        let cases = [
            ("user_id,item_id,rating,timestamp\na,2,5,7\na,2,1,7\n", Some(1.0), 0, 1),
            ("user_id,item_id,rating\na,2,5\na,2,1\na,2,1\n", Some(1.0), 1, 1),
            ("user_id,item_id,rating\na,2,5\na,2,\n", Some(5.0), 1, 0),
            ("user_id,item_id,rating\na,2,\na,2,5\n", Some(5.0), 0, 1),
        ];
        for (file, rating, duplicates, replaced) in cases {
            let interactions = read(file, UnknownItems::Refuse).unwrap();
            let found: Vec<Option<f32>> = interactions.history(0).iter().map(|event| event.rating).collect();
            assert_eq!(found, [rating], "{file}");
            assert_eq!((interactions.duplicates(), interactions.replaced()), (duplicates, replaced), "{file}");
        }
        let first = read("user_id,item_id,rating\na,2,5\n", UnknownItems::Refuse).unwrap();
        let added = read_as("b.csv", "user_id,item_id,rating\na,2,1\n", UnknownItems::Refuse, first).unwrap();
        assert_eq!((added.history(0)[0].rating, added.replaced()), (Some(1.0), 1));
    }

    #[test]
    fn adding_a_file_gives_what_both_files_at_once_do() {
        let (first, second) =
            ("user_id,item_id,review\na,10,x\nb,2,\n", "user_id,item_id,review\nc,2,y\na,2,z\na,10,w\n");
        let both = "user_id,item_id,review\na,10,x\nb,2,\nc,2,y\na,2,z\na,10,w\n";
        let added = read_as("b.csv", second, UnknownItems::Skip, read(first, UnknownItems::Skip).unwrap()).unwrap();
        assert_eq!(added, read(both, UnknownItems::Skip).unwrap());
        assert_eq!((added.duplicates(), added.replaced()), (0, 1));
    }

    #[test]
    fn times_are_seconds_or_dates() {
        let dates = "user_id,item_id,timestamp\na,2,1997-12-04 15:55:49\na,10,1997-12-05\n";
        let seconds = "user_id,item_id,timestamp\na,2,881250949\na,10,881280000\n";
        assert_eq!(read(dates, UnknownItems::Refuse).unwrap(), read(seconds, UnknownItems::Refuse).unwrap());
    }

    #[test]
    fn atomic_files_are_read_as_they_are() {
        let atomic = "user_id:token\titem_id:token\trating:float\ttimestamp:float\na\t2\t4.5\t881250949\n";
        let table = "user_id,item_id,rating,timestamp\na,2,4.5,881250949\n";
        let read_atomic = read_as("a.inter", atomic, UnknownItems::Refuse, Interactions::default()).unwrap();
        assert_eq!(read_atomic, read(table, UnknownItems::Refuse).unwrap());
    }

    #[test]
    fn bad_files_are_refused_with_file_line_and_column() {
        let cases = [
            ("user_id,rating\n", "`ratings.csv` has no column `item_id`; its columns are user_id, rating"),
            ("user_id,item_id,when\n", "`ratings.csv` has a column `when` that nothing is known about"),
            ("user_id,item_id\n", "`ratings.csv` is empty: there is no interaction in it"),
            ("user_id,item_id\n,2\n", "`ratings.csv` line 2, column `user_id`: empty"),
            ("user_id,item_id,rating\na,2,NaN\n", "`ratings.csv` line 2, column `rating`: `NaN` is not a number"),
            (
                "user_id,item_id,timestamp\na,2,1\na,2,noon\n",
                "`ratings.csv` line 3, column `timestamp`: `noon` is not seconds since 1970 or a date such as 2001-12-31",
            ),
            (
                "user_id,item_id,timestamp\na,2,9999-12-31\n",
                "`ratings.csv` line 2, column `timestamp`: `9999-12-31` is not a time from the year 1 to the year 2199",
            ),
            (
                "user_id,item_id,timestamp\na,2,0000-01-01\n",
                "`ratings.csv` line 2, column `timestamp`: `0000-01-01` is not a time from the year 1 to the year 2199",
            ),
            (
                "user_id,item_id,timestamp\na,2,949778714000\n",
                "`ratings.csv` line 2, column `timestamp`: 949778714000 is beyond the year 2200, expected seconds since 1970",
            ),
            (
                "user_id,item_id,rating\na,2,1e300\n",
                "`ratings.csv` line 2, column `rating`: `1e300` is not between -1e15 and 1e15",
            ),
            (
                "user_id,item_id,timestamp\na,2,-9e18\n",
                "`ratings.csv` line 2, column `timestamp`: -9000000000000000000 is before the year 1, expected seconds since 1970",
            ),
            ("user_id,item_id,review\na,2,\"x\nb,2,y\n", "`ratings.csv` line 2: a quote is opened and never closed"),
            ("user_id,item_id\na,2\na,99\n", "`ratings.csv` line 3: item `99` is not in the catalogue"),
        ];
        for (file, message) in cases {
            assert_eq!(read(file, UnknownItems::Refuse).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn an_unknown_user_is_told_who_there_is() {
        let error = read("user_id,item_id\na,2\n", UnknownItems::Refuse).unwrap().user("z").unwrap_err();
        assert_eq!(error.to_string(), "there is no user `z` among 1 user");
        assert_eq!(error.hint().as_deref(), Some("there are `a`"));
    }

    #[test]
    fn equal_ratings_are_all_liked() {
        let event = |item, rating| Interaction { user: 0, item, rating: Some(rating), timestamp: None };
        for rating in [7.3, 0.1, 3.3, -1.7, 0.0, 1e30, 4.0] {
            for count in 1..40 {
                let history: Vec<Interaction> = (0..count).map(|item| event(item, rating)).collect();
                assert_eq!(liked(&history).count(), count, "{count} ratings of {rating}");
            }
        }
    }

    #[test]
    fn what_is_rated_below_the_mean_is_not_liked() {
        let event = |item, rating| Interaction { user: 0, item, rating, timestamp: None };
        let history = [event(0, Some(5.0)), event(1, Some(1.0)), event(2, None), event(3, Some(3.0))];
        assert_eq!(liked(&history).map(|event| event.item).collect::<Vec<_>>(), [0, 2, 3]);
    }
}
