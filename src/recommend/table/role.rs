//! What columns are for: guessed by their names, or said by the user.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Column, TableFault};
use crate::recommend::{
    Error, Result,
    attribute::Kind,
    catalogue::{GENRES, YEAR},
};

/// What a column is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The id of an item.
    ItemId,
    /// The title of an item.
    Title,
    /// What an item is about, in sentences.
    Description,
    /// The categories of an item, whatever the column is called.
    Genres,
    /// The year in which an item came out, whatever the column is called.
    Year,
    /// The id of a user.
    UserId,
    /// What a user says of themselves, in sentences.
    Profile,
    /// How much a user liked an item.
    Rating,
    /// When: seconds since 1970.
    Timestamp,
    /// What a user wrote about an item.
    Review,
    /// What a fact is about.
    Head,
    /// How head and tail of a fact are related.
    Relation,
    /// What a fact relates its head to.
    Tail,
    /// An attribute of several values.
    Many,
    /// An attribute that is a number.
    Number,
    /// An attribute that is a text.
    Text,
    /// Nothing: the column is left out.
    Ignore,
}

impl Role {
    /// All roles, in the order of their documentation.
    pub const ALL: [Role; 17] = [
        Role::ItemId,
        Role::Title,
        Role::Description,
        Role::Genres,
        Role::Year,
        Role::UserId,
        Role::Profile,
        Role::Rating,
        Role::Timestamp,
        Role::Review,
        Role::Head,
        Role::Relation,
        Role::Tail,
        Role::Many,
        Role::Number,
        Role::Text,
        Role::Ignore,
    ];

    /// Its name in every input and output.
    pub fn name(self) -> &'static str {
        match self {
            Role::ItemId => "item_id",
            Role::Title => "title",
            Role::Description => "description",
            Role::Genres => GENRES,
            Role::Year => YEAR,
            Role::UserId => "user_id",
            Role::Profile => "profile",
            Role::Rating => "rating",
            Role::Timestamp => "timestamp",
            Role::Review => "review",
            Role::Head => "head",
            Role::Relation => "relation",
            Role::Tail => "tail",
            Role::Many => "many",
            Role::Number => "number",
            Role::Text => "text",
            Role::Ignore => "ignore",
        }
    }

    /// The kind of attribute that it stands for.
    pub(in crate::recommend) fn kind(self) -> Option<Kind> {
        match self {
            Role::Many | Role::Genres => Some(Kind::Many),
            Role::Number | Role::Year => Some(Kind::Number),
            Role::Text => Some(Kind::Text),
            _ => None,
        }
    }

    /// The name of the attribute that a column of this role becomes, where it is not the column's own.
    pub(in crate::recommend) fn attribute(self) -> Option<&'static str> {
        matches!(self, Role::Genres | Role::Year).then(|| self.name())
    }

    /// Names of columns that have this role, the better ones first: in lower case, without what stands between words.
    fn names(self) -> &'static [&'static str] {
        match self {
            Role::ItemId => &["itemid", "id", "item"],
            Role::Title => &["title", "titles"],
            Role::Description => &["description", "descriptions"],
            Role::Genres => &["genres", "genre", "categories", "category"],
            Role::Year => &["year", "years", "releaseyear", "yearofrelease", "publicationyear", "yearofpublication"],
            Role::UserId => &["userid", "id", "user"],
            Role::Profile => &["profile", "profiles"],
            Role::Rating => &["rating", "ratings", "score", "stars"],
            Role::Timestamp => &["timestamp", "timestamps", "datetime", "date", "time"],
            Role::Review => &["review", "reviews", "reviewtext"],
            Role::Head => &["head", "headid"],
            Role::Relation => &["relation", "relationid"],
            Role::Tail => &["tail", "tailid"],
            Role::Many | Role::Number | Role::Text | Role::Ignore => &[],
        }
    }

    /// How well a column's name says that it has this role, the less the better; `None` if it does not.
    fn rank(self, column: &str) -> Option<usize> {
        if column == self.name() {
            return Some(0);
        }
        let is_between = |c: char| matches!(c, ' ' | '_' | '-');
        let folded: String = column.to_lowercase().split(is_between).collect();
        let place = self.names().iter().position(|name| *name == folded).map(|place| place + 1);
        let is_title = || column.to_lowercase().split(is_between).next_back() == Some("title");
        place.or_else(|| (self == Role::Title && is_title()).then_some(self.names().len() + 1))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Kind> for Role {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Many => Role::Many,
            Kind::Number => Role::Number,
            Kind::Text => Role::Text,
        }
    }
}

/// A column and what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnRole {
    /// The column's name.
    pub column: String,
    /// Its role.
    pub role: Role,
}

impl FromStr for ColumnRole {
    type Err = Error;

    /// Parses `COLUMN=ROLE`.
    fn from_str(text: &str) -> Result<Self> {
        let (column, name) = text.rsplit_once('=').unwrap_or((text, ""));
        let role = Role::ALL.into_iter().find(|role| role.name() == name);
        let unknown = || match name {
            "" => Error::NoRole { column: column.to_owned() },
            _ => Error::UnknownRole { column: column.to_owned(), role: name.to_owned() },
        };
        Ok(Self { column: column.to_owned(), role: role.ok_or_else(unknown)? })
    }
}

/// What is said of columns beside their names. A role that a table does not know, such as `rating` in a table of items,
/// says nothing about its columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles(Vec<ColumnRole>);

impl Roles {
    /// What was said; of one column the last counts.
    pub fn new(said: impl IntoIterator<Item = ColumnRole>) -> Self {
        Self(said.into_iter().collect())
    }

    /// What was said, in order.
    pub fn iter(&self) -> impl Iterator<Item = &ColumnRole> {
        self.0.iter()
    }

    /// What was said of a column of a table whose columns may have the `known` roles.
    pub(super) fn of(&self, column: &str, known: &[Role]) -> Option<Role> {
        let said = self.0.iter().rev().find(|said| said.column == column && known.contains(&said.role));
        said.map(|said| said.role)
    }

    /// The role of each column of a table whose columns may have the `known` ones; `None` where nothing tells it.
    pub(in crate::recommend) fn assign(
        &self,
        columns: &[Column],
        known: &[Role],
    ) -> Result<Vec<Option<Role>>, TableFault> {
        let mut roles: Vec<Option<Role>> = columns.iter().map(|column| self.of(&column.name, known)).collect();
        for role in known.iter().copied().filter(|role| !role.names().is_empty()) {
            // An attribute that has its name already needs no role for it.
            let has_name = |(column, given): (&Column, &Option<Role>)| {
                role.attribute() == Some(column.name.as_str()) && *given != Some(Role::Ignore)
            };
            if roles.contains(&Some(role)) || columns.iter().zip(&roles).any(has_name) {
                continue;
            }
            let rank = |place: usize| role.rank(&columns[place].name).filter(|_| roles[place].is_none());
            let best = (0..columns.len()).filter_map(|place| Some((rank(place)?, place))).min();
            if let Some((_, place)) = best {
                roles[place] = Some(role);
            }
        }
        let is_single = |role: &Role| *role != Role::Ignore && (role.kind().is_none() || role.attribute().is_some());
        for role in known.iter().copied().filter(is_single) {
            let mut having = columns.iter().zip(&roles).filter(|(_, given)| **given == Some(role));
            if let (Some((first, _)), Some((second, _))) = (having.next(), having.next()) {
                let (first, second) = (first.name.clone(), second.name.clone());
                return Err(TableFault::RoleTwice { role, first, second });
            }
        }
        // What spreadsheets and data frames write before their first column.
        let unnamed = columns.iter().zip(&mut roles).filter(|(column, _)| column.name.is_empty());
        unnamed.for_each(|(_, role)| *role = Some(Role::Ignore));
        Ok(roles)
    }
}

/// The place of the column of a role that one must have.
pub(in crate::recommend) fn require(
    role: Role,
    roles: &[Option<Role>],
    columns: &[Column],
) -> Result<usize, TableFault> {
    let missing =
        || TableFault::MissingColumn { role, found: columns.iter().map(|column| column.name.clone()).collect() };
    place(role, roles).ok_or_else(missing)
}

/// The place of the column of a role.
pub(in crate::recommend) fn place(role: Role, roles: &[Option<Role>]) -> Option<usize> {
    roles.iter().position(|given| *given == Some(role))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Role; 6] = [Role::ItemId, Role::Title, Role::Genres, Role::Year, Role::Many, Role::Ignore];

    fn assign(columns: &[&str], said: &[&str]) -> Result<Vec<&'static str>, String> {
        let columns: Vec<Column> =
            columns.iter().map(|name| Column { name: (*name).into(), ..Column::default() }).collect();
        let roles = Roles::new(said.iter().map(|said| said.parse().expect("a role")));
        let assigned = roles.assign(&columns, &KNOWN).map_err(|fault| fault.to_string())?;
        Ok(assigned.into_iter().map(|role| role.map_or("-", Role::name)).collect())
    }

    #[test]
    fn names_tell_roles_and_the_user_tells_better() {
        let cases: [(&[&str], &[&str], &[&str]); 15] = [
            (&["item_id", "title", "year"], &[], &["item_id", "title", "-"]),
            (&["id", "movie_title", "item_id"], &[], &["-", "title", "item_id"]),
            (&["", "id", "title", "movie_title"], &[], &["ignore", "item_id", "title", "-"]),
            (&["asin", "name"], &["name=title", "asin=item_id"], &["item_id", "title"]),
            (&["item_id", "title", "tags"], &["tags=many", "tags=rating"], &["item_id", "title", "many"]),
            (&["item_id", "title", "name"], &["name=title"], &["item_id", "-", "title"]),
            (&["item_id", "title", "genres"], &[], &["item_id", "title", "-"]),
            (&["item_id", "title", "kinds"], &["kinds=genres"], &["item_id", "title", "genres"]),
            (&["Item ID", "TITLE", "Genre", "Release Year"], &[], &["item_id", "title", "genres", "year"]),
            (&["id", "Movie-Title", "Subtitle", "Category"], &[], &["item_id", "title", "-", "genres"]),
            (&["Id", "ItemId", "Titles", "Genre", "genres"], &[], &["-", "item_id", "title", "-", "-"]),
            (&["id", "title", "Genre", "genres"], &["genres=many"], &["item_id", "title", "-", "many"]),
            (&["id", "title", "Genre", "genres"], &["genres=ignore"], &["item_id", "title", "genres", "ignore"]),
            (&["Year", "Title", "title", "id"], &[], &["year", "-", "title", "item_id"]),
            (&["Item_ID", "Title", "Genre", "Kind"], &["Kind=genres"], &["item_id", "title", "-", "genres"]),
        ];
        for (columns, said, expected) in cases {
            assert_eq!(assign(columns, said).unwrap(), expected);
        }
        let twice = assign(&["a", "b"], &["a=title", "b=title"]).unwrap_err();
        assert_eq!(twice, "has two columns for `title`: `a` and `b`");
        let twice = assign(&["item_id", "title", "a", "b"], &["a=genres", "b=genres"]).unwrap_err();
        assert_eq!(twice, "has two columns for `genres`: `a` and `b`");
    }

    #[test]
    fn roles_parse_from_the_last_equals_sign() {
        let said: ColumnRole = "a=b=many".parse().unwrap();
        assert_eq!((said.column.as_str(), said.role), ("a=b", Role::Many));
        for (text, message) in
            [("tags=lots", "`lots` is no role for column `tags`"), ("tags", "no role for column `tags`")]
        {
            assert_eq!(text.parse::<ColumnRole>().unwrap_err().to_string(), message);
        }
    }
}
