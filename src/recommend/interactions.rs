//! What users did: ratings or plain interactions, for each user in the order of time.

use std::{collections::HashMap, path::Path};

use super::{Catalogue, Error, Result, table::Table};

/// The columns that a file of interactions may have. Reviews are not kept.
const COLUMNS: [&str; 5] = ["user_id", "item_id", "rating", "timestamp", "review"];

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

/// The interactions of all users; each user's by time, then by item id (as a number where both are).
#[derive(Clone, Debug, Default)]
pub struct Interactions {
    users: Vec<String>,
    by_id: HashMap<String, usize>,
    histories: Vec<Vec<Interaction>>,
    skipped: usize,
}

impl Interactions {
    /// Reads a CSV file with `user_id`, `item_id` and, if there, `rating` and `timestamp`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, not UTF-8 or ragged, lacks an id, has a column that nothing is known
    /// about, a rating or timestamp is not a number, or an item is unknown and `policy` refuses that.
    pub fn from_csv(path: &Path, catalogue: &Catalogue, policy: UnknownItems) -> Result<Self> {
        Self::read(Table::open(path)?, catalogue, policy)
    }

    fn read(mut table: Table, catalogue: &Catalogue, policy: UnknownItems) -> Result<Self> {
        let path = table.path().to_owned();
        if let Some(column) = table.columns().iter().find(|column| !COLUMNS.contains(&column.as_str())) {
            return Err(Error::UnexpectedColumn { path, column: column.clone(), fault: "nothing is known about" });
        }
        let (user, item) = (table.require("user_id")?, table.require("item_id")?);
        let (rating, timestamp) = (table.column("rating"), table.column("timestamp"));
        let mut interactions = Self::default();
        let mut rows = 0;
        while let Some(row) = table.next()? {
            rows += 1;
            let user = row.required(user, "user_id")?;
            let id = row.required(item, "item_id")?;
            let rating = rating.map(|column| row.number(column, "rating", "a number")).transpose()?.flatten();
            let timestamp = timestamp.map(|column| row.number(column, "timestamp", "a number of seconds"));
            let timestamp = timestamp.transpose()?.flatten();
            match catalogue.index(id) {
                Some(item) => {
                    interactions.push(user, item, rating.map(|r| r as f32), timestamp.map(|seconds| seconds as i64));
                }
                None if policy == UnknownItems::Skip => interactions.skipped += 1,
                None => return Err(Error::UnknownItem { path, line: row.line, id: id.to_owned() }),
            }
        }
        if rows == 0 {
            return Err(Error::Empty { path, missing: "there is no interaction after the header" });
        }
        interactions.order(catalogue);
        Ok(interactions)
    }

    /// Takes users with their histories, each in the order of time.
    pub fn from_histories(histories: impl IntoIterator<Item = (String, Vec<Interaction>)>) -> Self {
        let mut interactions = Self::default();
        for (user, (id, history)) in histories.into_iter().enumerate() {
            interactions.by_id.insert(id.clone(), user);
            interactions.users.push(id);
            interactions.histories.push(history);
        }
        interactions
    }

    fn push(&mut self, id: &str, item: usize, rating: Option<f32>, timestamp: Option<i64>) {
        let user = self.by_id.get(id).copied().unwrap_or_else(|| {
            self.by_id.insert(id.to_owned(), self.users.len());
            self.users.push(id.to_owned());
            self.histories.push(Vec::new());
            self.users.len() - 1
        });
        self.histories[user].push(Interaction { user, item, rating, timestamp });
    }

    fn order(&mut self, catalogue: &Catalogue) {
        for history in &mut self.histories {
            history.sort_by_cached_key(|event| {
                let id = catalogue[event.item].id.as_str();
                let number = id.parse::<u64>().ok();
                (event.timestamp, number.is_none(), number, id)
            });
        }
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
    ///
    /// # Errors
    /// If there is no such user.
    pub fn user(&self, id: &str) -> Result<usize> {
        let unknown = || {
            let examples = self.users.iter().take(3).cloned().collect();
            Error::UnknownUser { id: id.to_owned(), users: self.users.len(), examples }
        };
        self.by_id.get(id).copied().ok_or_else(unknown)
    }

    /// What a user did, oldest first.
    pub fn history(&self, user: usize) -> &[Interaction] {
        &self.histories[user]
    }

    /// All users' histories, by index.
    pub fn histories(&self) -> &[Vec<Interaction>] {
        &self.histories
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
}

/// The interactions that say a user liked the item: those rated no lower than the mean of the history's ratings, and
/// those without a rating. Oldest first.
pub fn liked(history: &[Interaction]) -> impl DoubleEndedIterator<Item = &Interaction> {
    let ratings = || history.iter().filter_map(|event| event.rating);
    let mean = ratings().sum::<f32>() / ratings().count().max(1) as f32;
    history.iter().filter(move |event| event.rating.is_none_or(|rating| rating >= mean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Item;

    fn catalogue() -> Catalogue {
        let item = |id: &str| Item { id: id.into(), title: format!("Title {id}"), ..Item::default() };
        Catalogue::new(["2", "10", "x"].map(item).to_vec())
    }

    fn read(file: &'static str, policy: UnknownItems) -> Result<Interactions> {
        Interactions::read(Table::new(Path::new("ratings.csv"), Box::new(file.as_bytes()))?, &catalogue(), policy)
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
    fn bad_files_are_refused_with_file_line_and_column() {
        let cases = [
            ("user_id,rating\n", "`ratings.csv` has no column `item_id`; its columns are user_id, rating"),
            ("user_id,item_id,when\n", "`ratings.csv` has a column `when` that nothing is known about"),
            ("user_id,item_id\n", "`ratings.csv` is empty: there is no interaction after the header"),
            ("user_id,item_id\n,2\n", "`ratings.csv` line 2, column `user_id`: empty"),
            ("user_id,item_id,rating\na,2,NaN\n", "`ratings.csv` line 2, column `rating`: `NaN` is not a number"),
            (
                "user_id,item_id,timestamp\na,2,1\na,2,noon\n",
                "`ratings.csv` line 3, column `timestamp`: `noon` is not a number of seconds",
            ),
            ("user_id,item_id\na,2\na,99\n", "`ratings.csv` line 3: item `99` is not in the catalogue"),
        ];
        for (file, message) in cases {
            assert_eq!(read(file, UnknownItems::Refuse).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn an_unknown_user_is_told_who_there_is() {
        let error = read("user_id,item_id\na,2\n", UnknownItems::Refuse).unwrap().user("z").unwrap_err();
        assert_eq!(error.to_string(), "there is no user `z` among 1 users");
        assert_eq!(error.hint().as_deref(), Some("there are `a`"));
    }

    #[test]
    fn what_is_rated_below_the_mean_is_not_liked() {
        let event = |item, rating| Interaction { user: 0, item, rating, timestamp: None };
        let history = [event(0, Some(5.0)), event(1, Some(1.0)), event(2, None), event(3, Some(3.0))];
        assert_eq!(liked(&history).map(|event| event.item).collect::<Vec<_>>(), [0, 2, 3]);
    }
}
