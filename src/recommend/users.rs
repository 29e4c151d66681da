//! The users: what each says of themselves, and what else is known of them.

use std::{collections::HashMap, path::Path};

use super::{
    ColumnRole, Result, Role, Roles,
    attribute::{Attribute, AttributeColumn, columns_of},
    table::{Record, Records, Shape, Table},
};

const SHAPE: Shape = Shape {
    what: "user",
    id: Role::UserId,
    texts: [Some((Role::Profile, false)), None],
    attributes: &[],
    empty: "there is no user in it",
};

/// One user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    /// Their id, unique among the users.
    pub id: String,
    /// What they like, in sentences.
    pub profile: Option<String>,
    /// What else is known of them, by column, in the file's order.
    pub attributes: Vec<(String, Attribute)>,
}

impl User {
    /// An attribute by its column's name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|(column, _)| column == name).map(|(_, attribute)| attribute)
    }
}

/// All users of whom more is known than what they did, in the file's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Users {
    users: Vec<User>,
    attributes: Vec<AttributeColumn>,
    by_id: HashMap<String, usize>,
}

impl Users {
    /// Users whose ids differ: of equal ones the first is found.
    pub fn new(users: Vec<User>) -> Self {
        let attributes = columns_of(users.iter().map(|user| user.attributes.as_slice()));
        Self::with_attributes(users, attributes)
    }

    /// Users who have no attributes but these.
    pub(super) fn with_attributes(users: Vec<User>, attributes: Vec<AttributeColumn>) -> Self {
        let mut by_id = HashMap::with_capacity(users.len());
        for (index, user) in users.iter().enumerate() {
            by_id.entry(user.id.clone()).or_insert(index);
        }
        Self { users, attributes, by_id }
    }

    /// Reads a file of users: CSV, JSON Lines, Parquet, or RecBole's `.user`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, not UTF-8 or ragged, or lacks an id, or has an id twice.
    pub fn read(path: &Path, roles: &Roles) -> Result<Self> {
        Ok(Self::from_table(Table::open(path)?, roles)?.0)
    }

    /// Reads a table, and says what its columns are.
    pub(super) fn from_table(table: Table, roles: &Roles) -> Result<(Self, Vec<ColumnRole>)> {
        let Records { records, attributes, roles } = Records::read(table, &SHAPE, roles)?;
        let user = |Record { id, texts: [profile, _], attributes }| User { id, profile, attributes };
        Ok((Self::with_attributes(records.into_iter().map(user).collect(), attributes), roles))
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }

    /// The users, in order.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The users alone.
    pub(super) fn into_users(self) -> Vec<User> {
        self.users
    }

    /// The attributes that users may have.
    pub fn attributes(&self) -> &[AttributeColumn] {
        &self.attributes
    }

    /// A user by id.
    pub fn get(&self, id: &str) -> Option<&User> {
        self.by_id.get(id).map(|&index| &self.users[index])
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(name: &str, file: &'static str) -> Result<Users> {
        let table = Table::read(Path::new(name), Box::new(Cursor::new(file)))?;
        Ok(Users::from_table(table, &Roles::default())?.0)
    }

    #[test]
    fn users_have_profiles_and_attributes() {
        let users = read("users.csv", "user_id,profile,age\nb,I like ships.,30\na,,\n").unwrap();
        assert_eq!((users.len(), users.attributes().len()), (2, 1));
        let user = users.get("b").unwrap();
        assert_eq!(user.profile.as_deref(), Some("I like ships."));
        assert_eq!(user.attribute("age"), Some(&Attribute::Number(30.0)));
        assert_eq!(users.get("a").map(|user| (&user.profile, user.attributes.len())), Some((&None, 0)));
        assert_eq!(read("u.user", "user_id:token\tage:float\n7\t3\n").unwrap().get("7").unwrap().attributes.len(), 1);
    }

    #[test]
    fn bad_files_are_refused() {
        let cases = [
            ("name\na\n", "`users.csv` has no column `user_id`; its columns are name"),
            ("user_id\na\nb\na\n", "`users.csv` line 4: user `a` is on line 2 already"),
            ("user_id,age\n", "`users.csv` is empty: there is no user in it"),
        ];
        for (file, message) in cases {
            assert_eq!(read("users.csv", file).unwrap_err().to_string(), message);
        }
    }
}
