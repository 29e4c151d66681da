//! Facts that relate items and other things: `The Long Tide` `directed_by` `Ada Quist`.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use super::{
    ColumnRole, Error, Result, Role, Roles,
    table::{Table, TableFault, require},
};

const KNOWN: [Role; 4] = [Role::Head, Role::Relation, Role::Tail, Role::Ignore];

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Triple {
    /// What it is about: an item's id, or a name.
    pub head: String,
    /// How both are related.
    pub relation: String,
    /// What it is related to: an item's id, or a name.
    pub tail: String,
}

/// All facts, each once, in the file's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Knowledge {
    triples: Vec<Triple>,
    /// The facts that a thing is head or tail of, ascending.
    by_entity: HashMap<String, Vec<usize>>,
    duplicates: usize,
}

impl Knowledge {
    /// Facts of which equal ones count once.
    pub fn new(triples: impl IntoIterator<Item = Triple>) -> Self {
        let mut knowledge = Self::default();
        let mut known = HashSet::new();
        for triple in triples {
            match known.insert(triple.clone()) {
                true => knowledge.push(triple),
                false => knowledge.duplicates += 1,
            }
        }
        knowledge
    }

    fn push(&mut self, triple: Triple) {
        let index = self.triples.len();
        self.by_entity.entry(triple.head.clone()).or_default().push(index);
        if triple.tail != triple.head {
            self.by_entity.entry(triple.tail.clone()).or_default().push(index);
        }
        self.triples.push(triple);
    }

    /// Reads a file with `head`, `relation` and `tail`: CSV, JSON Lines, Parquet, or RecBole's `.kg`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, not UTF-8 or ragged, lacks a part of a fact, or has a column that nothing
    /// is known about.
    pub fn read(path: &Path, roles: &Roles) -> Result<Self> {
        Ok(Self::from_table(Table::open(path)?, roles, Self::default())?.0)
    }

    /// Adds a table's facts to `base`, and says what its columns are.
    pub(super) fn from_table(mut table: Table, said: &Roles, base: Self) -> Result<(Self, Vec<ColumnRole>)> {
        let path = table.path().to_owned();
        let named = |fault: TableFault| Error::from(fault.of(&path));
        let roles = said.assign(table.columns(), &KNOWN).map_err(named)?;
        let place = |role| require(role, &roles, table.columns()).map_err(named);
        let (head, relation, tail) = (place(Role::Head)?, place(Role::Relation)?, place(Role::Tail)?);
        let roles = table.settle(roles)?;
        let mut triples = base.triples;
        let before = triples.len();
        while let Some(row) = table.next()? {
            let cell = |column| row.required(column).map(String::from).map_err(named);
            triples.push(Triple { head: cell(head)?, relation: cell(relation)?, tail: cell(tail)? });
        }
        if triples.len() == before {
            return Err(named(TableFault::Empty("there is no fact in it")));
        }
        Ok((Self::new(triples), roles))
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.triples.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.triples.is_empty()
    }

    /// The facts, in order.
    pub fn triples(&self) -> &[Triple] {
        &self.triples
    }

    /// The facts that a thing is head or tail of, in order.
    pub fn about(&self, entity: &str) -> impl Iterator<Item = &Triple> {
        self.by_entity.get(entity).into_iter().flatten().map(|&index| &self.triples[index])
    }

    /// How many facts were left out, since they were there already.
    pub fn duplicates(&self) -> usize {
        self.duplicates
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(name: &str, file: &'static str) -> Result<Knowledge> {
        let table = Table::read(Path::new(name), Box::new(Cursor::new(file)))?;
        Ok(Knowledge::from_table(table, &Roles::default(), Knowledge::default())?.0)
    }

    #[test]
    fn facts_are_found_by_both_ends_and_kept_once() {
        let file = "head,relation,tail\n1,directed_by,Ada\n2,sequel_of,1\n1,directed_by,Ada\n3,similar_to,3\n";
        let knowledge = read("facts.csv", file).unwrap();
        assert_eq!((knowledge.len(), knowledge.duplicates()), (3, 1));
        let relations = |entity| knowledge.about(entity).map(|t| t.relation.as_str()).collect::<Vec<_>>();
        assert_eq!(relations("1"), ["directed_by", "sequel_of"]);
        assert_eq!(relations("Ada"), ["directed_by"]);
        assert_eq!(relations("3"), ["similar_to"]);
        assert!(relations("4").is_empty());
        let atomic = read("a.kg", "head_id:token\trelation_id:token\ttail_id:token\n1\tdirected_by\tAda\n").unwrap();
        assert_eq!(atomic.triples(), &knowledge.triples()[..1]);
    }

    #[test]
    fn bad_files_are_refused() {
        let cases = [
            ("head,tail\n", "`facts.csv` has no column `relation`; its columns are head, tail"),
            ("head,relation,tail,when\n", "`facts.csv` has a column `when` that nothing is known about"),
            ("head,relation,tail\na,,b\n", "`facts.csv` line 2, column `relation`: empty"),
            ("head,relation,tail\n", "`facts.csv` is empty: there is no fact in it"),
        ];
        for (file, message) in cases {
            assert_eq!(read("facts.csv", file).unwrap_err().to_string(), message);
        }
    }
}
