//! The tables that a store is made from, read and joined to those that are in it.

use std::{borrow::Cow, path::Path};

use super::{
    Facts, IndexEvent, IndexOptions, IndexProgress, IndexReport,
    join::{Counts, Joined},
    merge, tell,
};
use crate::recommend::{
    Catalogue, ColumnRole, Error, FROM_FACTS, Interactions, Knowledge, Result, Role, Store, StoreWriter, Users,
    interactions::Growth, store::Rows, table::Table,
};

/// What was read; what was not is as the store has it.
pub(super) struct Sources {
    pub(super) catalogue: Catalogue,
    interactions: Option<(Interactions, Growth)>,
    users: Option<Users>,
    knowledge: Option<Knowledge>,
    roles: Vec<(&'static str, Vec<ColumnRole>)>,
}

impl Sources {
    /// Reads all files.
    pub(super) fn read(
        options: &IndexOptions,
        base: Option<&Store>,
        report: &mut IndexReport,
        progress: &mut IndexProgress<'_>,
    ) -> Result<Self> {
        let mut reader = Reader { options, base, report, progress, parted_by: None };
        let catalogue = reader.items()?;
        let catalogue = reader.features(catalogue)?;
        let interactions = reader.interactions(&catalogue)?;
        let users = reader.users()?;
        let users = reader.user_features(users)?;
        let knowledge = reader.knowledge()?;
        let catalogue = reader.facts(catalogue, knowledge.as_ref())?;
        let roles: Vec<_> = report.roles.iter().map(|(table, roles)| (*table, roles.clone())).collect();
        let is_used = |said: &ColumnRole| roles.iter().any(|(_, roles)| roles.contains(said));
        match options.roles.iter().find(|said| !is_used(said)) {
            Some(ColumnRole { column, role }) => Err(Error::UnusedRole { column: column.clone(), role: *role }),
            None => Ok(Self { catalogue, interactions, users, knowledge, roles }),
        }
    }

    /// All interactions: those that were read with those that the store has, or the latter alone; none if there are none.
    /// Whose histories were changed is told with them.
    pub(super) fn all_interactions(&self, base: Option<&Store>) -> Result<Option<(Cow<'_, Interactions>, Growth)>> {
        match (&self.interactions, base) {
            (Some((interactions, growth)), _) => Ok(Some((Cow::Borrowed(interactions), growth.clone()))),
            (None, Some(store)) => {
                let interactions = store.interactions(&self.catalogue)?;
                let growth = Growth { users: interactions.users(), changed: Vec::new() };
                Ok(Some((Cow::Owned(interactions), growth)))
            }
            (None, None) => Ok(None),
        }
    }

    /// Puts what was read into a store.
    pub(super) fn put(&self, writer: &mut StoreWriter) -> Result<()> {
        writer.put_catalogue(&self.catalogue)?;
        if let Some((interactions, _)) = &self.interactions {
            writer.put_interactions(interactions, &self.catalogue)?;
        }
        if let Some(users) = &self.users {
            writer.put_users(users)?;
        }
        if let Some(knowledge) = &self.knowledge {
            writer.put_knowledge(knowledge)?;
        }
        self.roles.iter().for_each(|(table, roles)| writer.put_roles(table, roles.clone()));
        Ok(())
    }
}

/// What reading goes by, and tells.
struct Reader<'a, 'p> {
    options: &'a IndexOptions,
    base: Option<&'a Store>,
    report: &'a mut IndexReport,
    progress: &'a mut IndexProgress<'p>,
    /// What parts the cells of the file that was opened last, if that must be told.
    parted_by: Option<char>,
}

impl Reader<'_, '_> {
    fn items(&mut self) -> Result<Catalogue> {
        let old = self.base.map(Store::catalogue).transpose()?.unwrap_or_default();
        let Some(path) = &self.options.items else {
            self.report.items.total = old.len();
            return Ok(old);
        };
        let said = merge::roles(&self.options.roles, self.stored("items"), old.attributes())?;
        let (new, roles) = Catalogue::from_table(self.open(path)?, &said)?;
        let attributes = merge::attributes(old.attributes(), new.attributes());
        let (old, new) = (old.into_items(), new.into_items());
        let (items, counts) = merge::records(old, new, |item| &item.id, |item| &mut item.attributes);
        self.report.items = counts;
        self.done("items", counts.total, roles)?;
        Ok(Catalogue::with_attributes(items, attributes))
    }

    fn interactions(&mut self, catalogue: &Catalogue) -> Result<Option<(Interactions, Growth)>> {
        let Some(path) = &self.options.interactions else {
            self.report.interactions.total = self.rows().interactions;
            return Ok(None);
        };
        let old = self.base.map(|store| store.interactions(catalogue)).transpose()?.unwrap_or_default();
        let (before, skipped) = (old.len(), old.skipped());
        let said = merge::roles(&self.options.roles, self.stored("interactions"), &[])?;
        let policy = self.options.unknown_items;
        let (all, growth, roles) = Interactions::from_table(self.open(path)?, catalogue, policy, &said, old)?;
        let total = all.len();
        let (duplicates, replaced, skipped) = (all.duplicates(), all.replaced(), all.skipped() - skipped);
        self.report.interactions = Facts { total, added: total - before, duplicates, replaced, skipped };
        self.done("interactions", total, roles)?;
        Ok(Some((all, growth)))
    }

    fn users(&mut self) -> Result<Option<Users>> {
        let Some(path) = &self.options.users else {
            self.report.users.total = self.rows().users;
            return Ok(None);
        };
        let old = self.base.map(Store::users).transpose()?.unwrap_or_default();
        let said = merge::roles(&self.options.roles, self.stored("users"), old.attributes())?;
        let (new, roles) = Users::from_table(self.open(path)?, &said)?;
        let attributes = merge::attributes(old.attributes(), new.attributes());
        let (old, new) = (old.into_users(), new.into_users());
        let (users, counts) = merge::records(old, new, |user| &user.id, |user| &mut user.attributes);
        self.report.users = counts;
        self.done("users", counts.total, roles)?;
        Ok(Some(Users::with_attributes(users, attributes)))
    }

    fn knowledge(&mut self) -> Result<Option<Knowledge>> {
        let Some(path) = &self.options.knowledge else {
            self.report.knowledge.total = self.rows().knowledge;
            return Ok(None);
        };
        let old = self.base.map(Store::knowledge).transpose()?.unwrap_or_default();
        let before = old.len();
        let said = merge::roles(&self.options.roles, self.stored("knowledge"), &[])?;
        let (all, roles) = Knowledge::from_table(self.open(path)?, &said, old)?;
        let total = all.len();
        let (added, duplicates) = (total - before, all.duplicates());
        self.report.knowledge = Facts { total, added, duplicates, ..Facts::default() };
        self.done("knowledge", total, roles)?;
        Ok(Some(all))
    }

    fn features(&mut self, catalogue: Catalogue) -> Result<Catalogue> {
        let Some(path) = &self.options.features else { return Ok(catalogue) };
        let said = &self.options.roles;
        let (joined, roles) = Joined::features(self.open(path)?, Role::ItemId, said, catalogue.attributes())?;
        let (catalogue, Counts { joined, skipped }) = joined.into_items_of(catalogue);
        self.report.features = Facts { total: joined, added: joined, skipped, ..Facts::default() };
        self.done("features", joined, roles)?;
        Ok(catalogue)
    }

    fn user_features(&mut self, users: Option<Users>) -> Result<Option<Users>> {
        let Some(path) = &self.options.user_features else { return Ok(users) };
        let users = match users {
            Some(users) => users,
            None => self.base.map(Store::users).transpose()?.unwrap_or_default(),
        };
        let (joined, roles) =
            Joined::features(self.open(path)?, Role::UserId, &self.options.roles, users.attributes())?;
        let before = users.len();
        let users = joined.into_users_of(users);
        self.report.users.added += users.len() - before;
        self.report.users.total = users.len();
        self.done("user_features", users.len(), roles)?;
        Ok(Some(users))
    }

    /// Facts as attributes of items, behind all others, wherever one of both is new.
    fn facts(&self, catalogue: Catalogue, new: Option<&Knowledge>) -> Result<Catalogue> {
        let are_items_new = self.options.items.is_some() || self.options.features.is_some();
        let stored = match (new, self.base) {
            (None, Some(store)) if are_items_new => Some(store.knowledge()?),
            _ => None,
        };
        let Some(knowledge) = new.or(stored.as_ref()) else { return Ok(catalogue) };
        let catalogue = catalogue.without_attributes(|name| name.starts_with(FROM_FACTS));
        Ok(Joined::facts(knowledge, &catalogue).into_items_of(catalogue).0)
    }

    fn rows(&self) -> Rows {
        self.base.map(|store| store.manifest().rows).unwrap_or_default()
    }

    /// What the columns of a table's last file were for.
    fn stored(&self, table: &str) -> &[ColumnRole] {
        let roles = self.base.and_then(|store| store.manifest().roles.get(table));
        roles.map(Vec::as_slice).unwrap_or_default()
    }

    fn open(&mut self, path: &Path) -> Result<Table> {
        let table = Table::open(path)?;
        self.parted_by = table.parted_by();
        Ok(table)
    }

    fn done(&mut self, table: &'static str, rows: usize, roles: Vec<ColumnRole>) -> Result<()> {
        tell(self.progress, IndexEvent::Read { table, rows, roles: &roles, parted_by: self.parted_by })?;
        self.report.roles.insert(table, roles);
        Ok(())
    }
}
