//! Items and users have a form in common: an id, a few texts, and attributes of any name.
//!
//! Where neither the user nor the file says what an attribute is, all of its cells tell: several values if it is called
//! `genres`, or any cell is a list or has a `|`; a number if every cell that is not empty is one, or says that there is none
//! as `n/a` does; a text otherwise. What stands between several values is a `|`; where no cell of the column has one, a `;`,
//! or else a comma.

use std::collections::HashMap;

use super::{
    Cell, Column, ColumnRole, Place, Role, Roles, Table, TableFault, is_missing, number, place, require, text,
};
use crate::recommend::{
    Error, Result,
    attribute::{Attribute, AttributeColumn, Kind},
    catalogue::{GENRES, YEAR},
};

/// What MovieLens writes for no genres at all.
const NO_GENRES: &str = "(no genres listed)";

/// What the records of a table are.
pub(in crate::recommend) struct Shape {
    /// `item` or `user`.
    pub(in crate::recommend) what: &'static str,
    pub(in crate::recommend) id: Role,
    /// The texts, and whether a record must have each.
    pub(in crate::recommend) texts: [Option<(Role, bool)>; 2],
    /// Roles of attributes that have a name of their own.
    pub(in crate::recommend) attributes: &'static [Role],
    /// What is said of a table without rows.
    pub(in crate::recommend) empty: &'static str,
}

/// One item or user.
pub(in crate::recommend) struct Record {
    pub(in crate::recommend) id: String,
    /// As the shape has them.
    pub(in crate::recommend) texts: [Option<String>; 2],
    pub(in crate::recommend) attributes: Vec<(String, Attribute)>,
}

/// All records of a table, whose ids differ.
pub(in crate::recommend) struct Records {
    pub(in crate::recommend) records: Vec<Record>,
    /// The attributes that they may have, in the file's order.
    pub(in crate::recommend) attributes: Vec<AttributeColumn>,
    /// What every column is for, in the file's order.
    pub(in crate::recommend) roles: Vec<ColumnRole>,
}

impl Records {
    /// Reads a table to its end.
    pub(in crate::recommend) fn read(mut table: Table, shape: &Shape, said: &Roles) -> Result<Self> {
        let path = table.path().to_owned();
        let named = |fault: TableFault| Error::from(fault.of(&path));
        let layout = Layout::new(table.columns(), shape, said).map_err(named)?;
        let mut columns: Vec<Vec<Cell>> = vec![Vec::new(); layout.attributes.len()];
        let mut places: Vec<Place> = Vec::new();
        let mut first: HashMap<String, Place> = HashMap::new();
        let mut records = Vec::new();
        while let Some(row) = table.next()? {
            let record = layout.record(&row).map_err(named)?;
            if let Some(&first) = first.get(&record.id) {
                return Err(named(TableFault::Duplicate { place: row.place, first, what: shape.what, id: record.id }));
            }
            first.insert(record.id.clone(), row.place);
            columns.iter_mut().zip(&layout.attributes).for_each(|(cells, &at)| cells.push(row.cells()[at].clone()));
            places.push(row.place);
            records.push(record);
        }
        if records.is_empty() {
            return Err(named(TableFault::Empty(shape.empty)));
        }
        layout.finish(&table, &columns, &places, records).map_err(named)
    }
}

/// Which column is what.
struct Layout {
    roles: Vec<Option<Role>>,
    id: usize,
    texts: [Option<(usize, bool)>; 2],
    /// The places of the attributes.
    attributes: Vec<usize>,
    /// The place of what is the year by its name, if it holds numbers.
    maybe_year: Option<usize>,
}

impl Layout {
    fn new(columns: &[Column], shape: &Shape, said: &Roles) -> Result<Self, TableFault> {
        let texts = shape.texts.iter().flatten().map(|(role, _)| *role);
        let names: Vec<Role> = std::iter::once(shape.id).chain(texts).collect();
        let known = [&names[..], shape.attributes, &[Role::Many, Role::Number, Role::Text, Role::Ignore]].concat();
        let roles = said.assign(columns, &known)?;
        let id = require(shape.id, &roles, columns)?;
        let mut texts = [None; 2];
        for (found, wanted) in texts.iter_mut().zip(shape.texts) {
            *found = match wanted {
                Some((role, true)) => Some((require(role, &roles, columns)?, true)),
                Some((role, false)) => place(role, &roles).map(|place| (place, false)),
                None => None,
            };
        }
        let is_said = |place: usize| said.of(&columns[place].name, &known).is_some();
        let maybe_year = place(Role::Year, &roles).filter(|&place| !is_said(place));
        let is_attribute = |place: &usize| roles[*place].is_none_or(|role| role.kind().is_some());
        let attributes: Vec<usize> = (0..columns.len()).filter(is_attribute).collect();
        let name = |place: usize| roles[place].and_then(Role::attribute).unwrap_or(&columns[place].name);
        let is_taken = |place: usize| {
            let mut others = attributes.iter().filter(|&&other| other != place);
            names.iter().any(|role| role.name() == name(place)) || others.any(|&other| name(other) == name(place))
        };
        let is_own = |place: usize| name(place) == columns[place].name;
        if let Some(&place) = attributes.iter().find(|&&place| is_own(place) && is_taken(place)) {
            let fault = "has the name of another column's role";
            return Err(TableFault::UnexpectedColumn { column: columns[place].name.clone(), fault });
        }
        Ok(Self { roles, id, texts, attributes, maybe_year })
    }

    fn record(&self, row: &super::Row<'_>) -> Result<Record, TableFault> {
        let mut texts = [None, None];
        for (text, found) in texts.iter_mut().zip(self.texts) {
            *text = match found {
                Some((place, true)) => Some(row.required(place)?.into_owned()),
                Some((place, false)) => Some(row.text(place)?.into_owned()).filter(|text| !text.is_empty()),
                None => None,
            };
        }
        Ok(Record { id: row.required(self.id)?.into_owned(), texts, attributes: Vec::new() })
    }

    fn finish(
        &self,
        table: &Table,
        cells: &[Vec<Cell>],
        places: &[Place],
        mut records: Vec<Record>,
    ) -> Result<Records, TableFault> {
        let columns = table.columns();
        let mut roles = self.roles.clone();
        let mut attributes = Vec::with_capacity(cells.len());
        for (&place, cells) in self.attributes.iter().zip(cells) {
            let column = &columns[place];
            if self.maybe_year == Some(place) && guess(YEAR, column, cells) != Kind::Number {
                roles[place] = None;
            }
            let named = roles[place].filter(|role| role.attribute().is_some());
            let name = named.and_then(Role::attribute).unwrap_or(&column.name);
            let said = roles[place].and_then(Role::kind).or(column.kind);
            let kind = said.unwrap_or_else(|| guess(name, column, cells));
            let separator = separator(table.separator(), cells);
            for ((record, cell), &place) in records.iter_mut().zip(cells).zip(places) {
                let attribute = attribute(cell, kind, separator, column, place)?;
                record.attributes.extend(attribute.map(|attribute| (name.to_owned(), attribute)));
            }
            roles[place] = named.or(Some(kind.into()));
            attributes.push(AttributeColumn { name: name.to_owned(), kind });
        }
        let role = |(column, role): (&Column, Option<Role>)| ColumnRole {
            column: column.name.clone(),
            role: role.unwrap_or(Role::Ignore),
        };
        let roles = columns.iter().zip(roles).map(role).collect();
        Ok(Records { records, attributes, roles })
    }
}

fn guess(name: &str, column: &Column, cells: &[Cell]) -> Kind {
    let is_many = |cell: &Cell| match cell {
        Cell::Text(text) => text.contains('|'),
        Cell::Many(_) => true,
        Cell::Nested(_) => false,
    };
    if name == GENRES || cells.iter().any(is_many) {
        return Kind::Many;
    }
    // Not a number is no number, but a column of numbers that has it is still one, and the cell is at fault.
    let number = |cell: &Cell| match cell {
        Cell::Text(text) => column.number(text),
        _ => None,
    };
    let is_missing = |cell: &Cell| matches!(cell, Cell::Text(text) if is_missing(text));
    let filled = || cells.iter().filter(|cell| !cell.is_empty() && !is_missing(cell));
    let is_number =
        filled().all(|cell| number(cell).is_some()) && filled().any(|cell| number(cell).is_some_and(f64::is_finite));
    if is_number { Kind::Number } else { Kind::Text }
}

/// What stands between several values of a cell: what usually does, if a cell has it, or what spreadsheets have instead.
fn separator(usual: char, cells: &[Cell]) -> char {
    let is_used = |mark: &char| cells.iter().any(|cell| matches!(cell, Cell::Text(text) if text.contains(*mark)));
    match usual {
        '|' => ['|', ';', ','].into_iter().find(is_used).unwrap_or(usual),
        _ => usual,
    }
}

/// What a cell says; nothing if it is empty.
fn attribute(
    cell: &Cell,
    kind: Kind,
    separator: char,
    column: &Column,
    at: Place,
) -> Result<Option<Attribute>, TableFault> {
    if cell.is_empty() || matches!(cell, Cell::Text(text) if text == NO_GENRES) {
        return Ok(None);
    }
    Ok(match (kind, cell) {
        (Kind::Number, cell) => number(cell, column, at, "a number")?.map(Attribute::Number),
        (Kind::Many, Cell::Many(values)) => Some(Attribute::Many(values.clone())),
        (Kind::Many, cell) => {
            let text = text(cell, column, at)?;
            let values: Vec<String> =
                text.split(separator).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect();
            Some(Attribute::Many(values))
        }
        (Kind::Text, cell) => Some(Attribute::Text(text(cell, column, at)?.into_owned())),
    })
}
