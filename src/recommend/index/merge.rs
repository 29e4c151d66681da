//! Adding records that have ids and attributes to others: of one id the new one stays, in the old one's place.

use std::collections::HashMap;

use crate::recommend::{Attribute, AttributeColumn, ColumnRole, Error, READ_OUT, Result, Roles, index::Indexed};

/// Puts new records to the old ones. What a language model read out of a record stays with the one that replaces it, unless
/// that one brings its own.
pub(super) fn records<R>(
    old: Vec<R>,
    new: Vec<R>,
    id: impl Fn(&R) -> &str,
    attributes: impl Fn(&mut R) -> &mut Vec<(String, Attribute)>,
) -> (Vec<R>, Indexed) {
    let places: HashMap<String, usize> = old.iter().enumerate().map(|(place, r)| (id(r).to_owned(), place)).collect();
    let mut records = old;
    let mut counts = Indexed::default();
    for record in new {
        match places.get(id(&record)) {
            Some(&place) => {
                let mut before = std::mem::replace(&mut records[place], record);
                let now = attributes(&mut records[place]);
                let read_out = std::mem::take(attributes(&mut before)).into_iter();
                for (name, value) in read_out.filter(|(name, _)| name.starts_with(READ_OUT)) {
                    if now.iter().all(|(known, _)| *known != name) {
                        now.push((name, value));
                    }
                }
                counts.replaced += 1;
            }
            None => {
                records.push(record);
                counts.added += 1;
            }
        }
    }
    counts.total = records.len();
    (records, counts)
}

/// The attributes of both.
pub(super) fn attributes(old: &[AttributeColumn], new: &[AttributeColumn]) -> Vec<AttributeColumn> {
    let is_new = |column: &&AttributeColumn| !old.iter().any(|known| known.name == column.name);
    old.iter().chain(new.iter().filter(is_new)).cloned().collect()
}

/// What is said of the columns of a table that is added: what the store knows, then what the user says.
///
/// # Errors
/// If the user says of an attribute that it is of another kind than in the store.
pub(super) fn roles(said: &Roles, stored: &[ColumnRole], attributes: &[AttributeColumn]) -> Result<Roles> {
    for ColumnRole { column, role } in said.iter() {
        let stored = attributes.iter().find(|known| known.name == *column).map(|known| known.kind);
        if let (Some(stored), Some(kind)) = (stored, role.kind())
            && stored != kind
        {
            return Err(Error::KindChange { column: column.clone(), stored, said: kind });
        }
    }
    let kinds = attributes.iter().map(|known| ColumnRole { column: known.name.clone(), role: known.kind.into() });
    Ok(Roles::new(stored.iter().cloned().chain(kinds).chain(said.iter().cloned())))
}
