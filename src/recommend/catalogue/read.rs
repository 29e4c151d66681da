//! Items from CSV: `item_id` and `title` must be there, `description` may be, every other column is an attribute.
//!
//! A column's kind is guessed from all of its cells: several values if it is called `genres` or any cell has a `|`, a
//! number if every cell that is not empty is one, text otherwise.

use std::{collections::HashMap, path::Path};

use super::{Attribute, Catalogue, GENRES, Item};
use crate::recommend::{Error, Result, table::Table};

/// What MovieLens writes for no genres at all.
const NO_GENRES: &str = "(no genres listed)";

impl Catalogue {
    /// Reads a CSV file.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, not UTF-8 or ragged, or lacks an id or a title, or has an id twice.
    pub fn from_csv(path: &Path) -> Result<Self> {
        Self::read(Table::open(path)?)
    }

    fn read(mut table: Table) -> Result<Self> {
        let (id, title) = (table.require("item_id")?, table.require("title")?);
        let description = table.column("description");
        let path = table.path().to_owned();
        let columns = table.columns().to_vec();
        let mut lines: HashMap<String, u64> = HashMap::new();
        let mut items = Vec::new();
        let mut rows: Vec<Vec<String>> = Vec::new();
        while let Some(row) = table.next()? {
            let item = Item {
                id: row.required(id, "item_id")?.to_owned(),
                title: row.required(title, "title")?.to_owned(),
                description: description.map(|c| row.cell(c).to_owned()).filter(|text| !text.is_empty()),
                attributes: Vec::new(),
            };
            if let Some(&first) = lines.get(&item.id) {
                return Err(Error::DuplicateItem { path, line: row.line, first, id: item.id });
            }
            lines.insert(item.id.clone(), row.line);
            rows.push(row.cells().map(str::to_owned).collect());
            items.push(item);
        }
        if items.is_empty() {
            return Err(Error::Empty { path, missing: "there is no item after the header" });
        }
        for (column, name) in columns.iter().enumerate() {
            if column == id || column == title || Some(column) == description {
                continue;
            }
            let kind = Kind::guess(name, rows.iter().map(|row| row[column].as_str()));
            for (item, row) in items.iter_mut().zip(&rows) {
                item.attributes.extend(kind.read(&row[column]).map(|attribute| (name.clone(), attribute)));
            }
        }
        Ok(Self::new(items))
    }
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Many,
    Text,
}

impl Kind {
    fn guess<'a>(name: &str, cells: impl Iterator<Item = &'a str> + Clone) -> Self {
        if name == GENRES || cells.clone().any(|cell| cell.contains('|')) {
            return Kind::Many;
        }
        let mut filled = cells.filter(|cell| !cell.is_empty()).peekable();
        let numbers = filled.peek().is_some() && filled.all(|cell| finite(cell).is_some());
        if numbers { Kind::Number } else { Kind::Text }
    }

    /// The attribute that a cell holds; none if it is empty.
    fn read(self, cell: &str) -> Option<Attribute> {
        if cell.is_empty() || cell == NO_GENRES {
            return None;
        }
        Some(match self {
            Kind::Number => Attribute::Number(finite(cell)?),
            Kind::Many => {
                let values = cell.split('|').map(str::trim).filter(|value| !value.is_empty());
                Attribute::Many(values.map(str::to_owned).collect())
            }
            Kind::Text => Attribute::Text(cell.to_owned()),
        })
    }
}

fn finite(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &'static [u8]) -> Result<Catalogue> {
        Table::new(Path::new("items.csv"), Box::new(bytes)).and_then(Catalogue::read)
    }

    #[test]
    fn columns_become_attributes_of_their_kind() {
        let file = "item_id,title,year,genres,studio\n7,\"Matrix, The\",1999,Action|Sci-Fi,Warner\n8,Big,,Comedy,20\n";
        let catalogue = read(file.as_bytes()).unwrap();
        assert_eq!(catalogue.len(), 2);
        let matrix = &catalogue[catalogue.index("7").unwrap()];
        assert_eq!((matrix.title.as_str(), matrix.year()), ("Matrix, The", Some(1999)));
        assert_eq!(matrix.genres(), ["Action", "Sci-Fi"]);
        let big = &catalogue[1];
        assert_eq!((big.year(), big.genres()), (None, &["Comedy".to_owned()][..]));
        assert_eq!(big.attribute("studio"), Some(&Attribute::Text("20".into())));
        assert_eq!(catalogue.index("9"), None);
    }

    #[test]
    fn bad_files_are_refused_with_file_line_and_column() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "`items.csv` is empty: a header is expected"),
            (b"item_id,title\n", "`items.csv` is empty: there is no item after the header"),
            (b"item_id,name\n1,a\n", "`items.csv` has no column `title`; its columns are item_id, name"),
            (b"item_id,title\n1,a\n2,b,c\n", "`items.csv` line 3: 3 cells, expected 2"),
            (b"item_id,title\n1,\xff\n", "`items.csv` line 2, column `title`: not UTF-8"),
            (b"item_id,title\n,a\n", "`items.csv` line 2, column `item_id`: empty"),
            (b"item_id,title\n1,a\n2,  \n", "`items.csv` line 3, column `title`: empty"),
            (b"item_id,title\n1,a\n2,b\n1,c\n", "`items.csv` line 4: item `1` is on line 2 already"),
            (b"item_id,title,title\n1,a,b\n", "`items.csv` has a column `title` that comes twice"),
        ];
        for (file, message) in cases {
            assert_eq!(read(file).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Catalogue::from_csv(Path::new("nowhere/items.csv")).unwrap_err();
        assert_eq!(error.to_string(), "`nowhere/items.csv` cannot be read");
        assert!(std::error::Error::source(&error).is_some());
    }
}
