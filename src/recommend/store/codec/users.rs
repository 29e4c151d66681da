//! The users: `user_id`, `profile`, and a column for each attribute.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};

use super::{
    attributes,
    table::{self, Table, optional, texts},
};
use crate::recommend::{User, Users, store::StoreFault};

const FIXED: [&str; 2] = ["user_id", "profile"];

pub(in crate::recommend::store) fn encode(users: &Users) -> Result<Vec<u8>, StoreFault> {
    let columns = users.attributes();
    let mut fields = vec![texts(FIXED[0], false), texts(FIXED[1], true)];
    fields.extend(attributes::fields(columns, &FIXED, users.users().iter().map(|user| &user.attributes))?);
    table::encode(fields, &[], users.users(), |users| {
        let fixed: [ArrayRef; 2] = [
            Arc::new(StringArray::from_iter_values(users.iter().map(|user| &user.id))),
            Arc::new(StringArray::from_iter(users.iter().map(|user| user.profile.as_ref()))),
        ];
        let more = columns.iter().map(|column| attributes::array(column, users.iter().map(|user| &user.attributes)));
        fixed.into_iter().chain(more).collect()
    })
}

pub(in crate::recommend::store) fn decode(bytes: Vec<u8>) -> Result<Users, StoreFault> {
    let table = Table::open(bytes, &[])?;
    let columns = attributes::columns(table.fields(), &FIXED)?;
    let users = table.records(|batch| {
        let [ids, profiles] = [batch.texts(FIXED[0])?, batch.texts(FIXED[1])?];
        let user =
            |(row, attributes)| User { id: ids.value(row).to_owned(), profile: optional(profiles, row), attributes };
        Ok(attributes::rows(batch, &columns)?.into_iter().enumerate().map(user).collect())
    })?;
    Ok(Users::with_attributes(users, columns))
}
