//! Columns that are joined to records by their ids: what a language model read out of texts, and what facts say of items.

use std::collections::{HashMap, HashSet};

use super::merge;
use crate::recommend::{
    Attribute, AttributeColumn, Catalogue, ColumnRole, FROM_FACTS, Item, Kind, Knowledge, READ_OUT, Result, Role,
    Roles, User, Users,
    table::{Records, Shape, Table},
};

/// Attributes of some records.
pub(super) struct Joined {
    columns: Vec<AttributeColumn>,
    /// By the record's id.
    values: HashMap<String, Vec<(String, Attribute)>>,
}

/// What became of joined rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Rows whose record is there.
    pub(super) joined: usize,
    /// Rows whose record is not.
    pub(super) skipped: usize,
}

impl Joined {
    /// Reads a file of features: an id, and columns of any kind. `stored` are the attributes that records have already.
    pub(super) fn features(
        table: Table,
        id: Role,
        said: &Roles,
        stored: &[AttributeColumn],
    ) -> Result<(Self, Vec<ColumnRole>)> {
        let plain = |column: &AttributeColumn| {
            let name = column.name.strip_prefix(READ_OUT)?.to_owned();
            Some(AttributeColumn { name, kind: column.kind })
        };
        let known: Vec<AttributeColumn> = stored.iter().filter_map(plain).collect();
        let said = merge::roles(said, &[], &known)?;
        let (what, empty) = match id {
            Role::UserId => ("user", "there is no user in it"),
            _ => ("item", "there is no item in it"),
        };
        let shape = Shape { what, id, texts: [None, None], attributes: &[], empty };
        let Records { records, attributes, roles } = Records::read(table, &shape, &said)?;
        let named = |name: &str| format!("{READ_OUT}{name}");
        let columns =
            attributes.iter().map(|column| AttributeColumn { name: named(&column.name), kind: column.kind }).collect();
        let values = records.into_iter().map(|record| {
            let attributes = record.attributes.into_iter().map(|(name, value)| (named(&name), value)).collect();
            (record.id, attributes)
        });
        Ok((Self { columns, values: values.collect() }, roles))
    }

    /// What facts say of items: for each relation a column with all that an item is so related to.
    pub(super) fn facts(knowledge: &Knowledge, catalogue: &Catalogue) -> Self {
        let mut columns: Vec<AttributeColumn> = Vec::new();
        let mut known = HashSet::new();
        let mut values: HashMap<String, Vec<(String, Attribute)>> = HashMap::new();
        for fact in knowledge.triples().iter().filter(|fact| catalogue.index(&fact.head).is_some()) {
            let name = format!("{FROM_FACTS}{}", fact.relation);
            if known.insert(name.clone()) {
                columns.push(AttributeColumn { name: name.clone(), kind: Kind::Many });
            }
            let attributes = values.entry(fact.head.clone()).or_default();
            match attributes.iter_mut().find(|(column, _)| *column == name) {
                Some((_, Attribute::Many(tails))) => tails.push(fact.tail.clone()),
                _ => attributes.push((name, Attribute::Many(vec![fact.tail.clone()]))),
            }
        }
        Self { columns, values }
    }

    /// Joins the columns to items, in place of their columns of the same names.
    pub(super) fn into_items_of(self, catalogue: Catalogue) -> (Catalogue, Counts) {
        let attributes = merge::attributes(catalogue.attributes(), &self.columns);
        let mut items = catalogue.into_items();
        let counts = self.put(&mut items, |item: &mut Item| (&item.id, &mut item.attributes));
        (Catalogue::with_attributes(items, attributes), counts)
    }

    /// Joins the columns to users; those of whom nothing else is known are added.
    pub(super) fn into_users_of(mut self, users: Users) -> Users {
        let attributes = merge::attributes(users.attributes(), &self.columns);
        let mut users = users.into_users();
        let known: HashSet<String> = users.iter().map(|user| user.id.clone()).collect();
        let mut new: Vec<String> = self.values.keys().filter(|id| !known.contains(*id)).cloned().collect();
        new.sort_unstable();
        users.extend(new.into_iter().map(|id| User { id, ..User::default() }));
        self.put_all(&mut users, |user: &mut User| (&user.id, &mut user.attributes));
        Users::with_attributes(users, attributes)
    }

    fn put<R>(
        mut self,
        records: &mut [R],
        parts: impl Fn(&mut R) -> (&String, &mut Vec<(String, Attribute)>),
    ) -> Counts {
        let joined = self.put_all(records, parts);
        Counts { joined, skipped: self.values.len() }
    }

    /// Takes the values out that find their record; returns how many do.
    fn put_all<R>(
        &mut self,
        records: &mut [R],
        parts: impl Fn(&mut R) -> (&String, &mut Vec<(String, Attribute)>),
    ) -> usize {
        let mut joined = 0;
        for record in records {
            let (id, attributes) = parts(record);
            let Some(values) = self.values.remove(id) else { continue };
            attributes.retain(|(name, _)| !self.columns.iter().any(|column| column.name == *name));
            attributes.extend(values);
            joined += 1;
        }
        joined
    }
}
