//! Items from files: an id and a title must be there, a description may be, every other column is an attribute.

use std::path::Path;

use super::{Catalogue, Item};
use crate::recommend::{
    ColumnRole, Result, Role, Roles,
    table::{Record, Records, Shape, Table},
};

const SHAPE: Shape = Shape {
    what: "item",
    id: Role::ItemId,
    texts: [Some((Role::Title, true)), Some((Role::Description, false))],
    attributes: &[Role::Genres, Role::Year],
    empty: "there is no item in it",
};

impl Catalogue {
    /// Reads a file of items: CSV, JSON Lines, Parquet, or RecBole's `.item`.
    ///
    /// # Errors
    /// If the file cannot be read, is empty, not UTF-8 or ragged, or lacks an id or a title, or has an id twice.
    pub fn read(path: &Path, roles: &Roles) -> Result<Self> {
        Ok(Self::from_table(Table::open(path)?, roles)?.0)
    }

    /// Reads a table, and says what its columns are.
    pub(in crate::recommend) fn from_table(table: Table, roles: &Roles) -> Result<(Self, Vec<ColumnRole>)> {
        let Records { records, attributes, roles } = Records::read(table, &SHAPE, roles)?;
        let item = |Record { id, texts: [title, description], attributes }| Item {
            id,
            title: title.unwrap_or_default(),
            description,
            attributes,
        };
        Ok((Self::with_attributes(records.into_iter().map(item).collect(), attributes), roles))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::recommend::{Attribute, Error};

    fn read_as(name: &str, bytes: &'static [u8], roles: &[&str]) -> Result<(Catalogue, Vec<ColumnRole>)> {
        let roles = Roles::new(roles.iter().map(|role| role.parse().expect("a role")));
        Catalogue::from_table(Table::read(Path::new(name), Box::new(Cursor::new(bytes)))?, &roles)
    }

    fn read(name: &str, file: &'static str) -> Catalogue {
        read_as(name, file.as_bytes(), &[]).unwrap().0
    }

    #[test]
    fn columns_become_attributes_of_their_kind() {
        let file = "item_id,title,year,genres,studio\n7,\"Matrix, The\",1999,Action|Sci-Fi,Warner\n8,Big,,Comedy,20\n";
        let catalogue = read("items.csv", file);
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
    fn several_values_stand_between_the_marks_that_a_column_has() {
        let cases: [(&'static str, &[&str]); 4] = [
            ("item_id,title,genres\n1,Heat,Action|Crime; true\n", &["Action", "Crime; true"]),
            ("item_id,title,genres\n1,Heat,\"Action; Crime, true\"\n", &["Action", "Crime, true"]),
            ("item_id,title,genres\n1,Heat,\"Action, Crime\"\n2,Big,Comedy\n", &["Action", "Crime"]),
            ("item_id,title,genres\n1,Heat,\"Action, true\"\n2,Big,Comedy|Drama\n", &["Action, true"]),
        ];
        for (file, genres) in cases {
            assert_eq!(read("items.csv", file)[0].genres(), genres, "{file}");
        }
        let lines = "{\"item_id\": 1, \"title\": \"Heat\", \"genres\": [\"Action, true\", \"Crime\"]}\n";
        assert_eq!(read("items.jsonl", lines)[0].genres(), ["Action, true", "Crime"]);
    }

    #[test]
    fn marks_of_what_is_missing_are_none_among_numbers_only() {
        for mark in ["n/a", "N/A", "NA", "null", "None", "-", "unknown", ""] {
            let file = format!("item_id,title,year,shelf\n1,{mark}x,1995,{mark}\n2,b,{mark},low\n");
            let (catalogue, _) = read_as("items.csv", file.leak().as_bytes(), &[]).unwrap();
            assert_eq!((catalogue[0].year(), catalogue[1].year()), (Some(1995), None), "{mark}");
            let shelf = Some(Attribute::Text(mark.to_owned())).filter(|_| !mark.is_empty());
            assert_eq!(catalogue[0].attribute("shelf"), shelf.as_ref(), "{mark}");
        }
        let titles = read("items.csv", "item_id,title,score\n1,Unknown,n/a\n2,None,-\n3,-,-\n");
        let titles: Vec<&str> = titles.items().iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["Unknown", "None", "-"]);
        let said = read_as("items.csv", b"item_id,title,code\n1,a,n/a\n2,b,7\n", &["code=text"]).unwrap().0;
        assert_eq!(said[0].attribute("code"), Some(&Attribute::Text("n/a".into())));
    }

    #[test]
    fn names_in_another_case_or_number_tell_roles_and_a_year_is_a_number() {
        let file = "Item ID,Title,Genre,Release Year\n1,Heat,\"Action, Crime\",1995\n2,Big,Comedy,unknown\n";
        let (catalogue, roles) = read_as("items.csv", file.as_bytes(), &[]).unwrap();
        assert_eq!((catalogue[0].genres().join("|"), catalogue[0].year()), ("Action|Crime".into(), Some(1995)));
        assert_eq!(catalogue[1].year(), None);
        assert_eq!(roles[3], "Release Year=year".parse().unwrap());
        let (catalogue, roles) = read_as("items.csv", b"id,title,Year\n1,Heat,in 1995\n", &[]).unwrap();
        assert_eq!(catalogue[0].attribute("Year"), Some(&Attribute::Text("in 1995".into())));
        assert_eq!(roles[2], "Year=text".parse().unwrap());
        let atomic = read("a.item", "item_id:token\tmovie_title:token_seq\trelease_year:token\n1\tHeat\t1995\n");
        assert_eq!(atomic[0].year(), Some(1995));
    }

    #[test]
    fn cells_that_semicolons_or_tabs_part_may_have_decimal_commas() {
        let csv =
            "item_id,title,genres,score,seats\n7,\"Matrix, The; 2,5\",Action|Crime,4.5,\"1,2,3\"\n8,Big,Comedy,-3,4\n";
        let semicolons =
            "item_id;title;genres;score;seats\n7;\"Matrix, The; 2,5\";Action|Crime;4,5;1,2,3\n8;Big;Comedy;-3,0;4\n";
        let tabs = "item_id\ttitle\tgenres\tscore\tseats\n7\tMatrix, The; 2,5\tAction|Crime\t4,5\t1,2,3\n8\tBig\tComedy\t-3\t4\n";
        let expected = read("a.csv", csv);
        assert_eq!(expected[0].attribute("score"), Some(&Attribute::Number(4.5)));
        assert_eq!((read("a.csv", semicolons), read("a.csv", tabs)), (expected.clone(), expected));
        // Where commas part cells they are no part of numbers.
        let error = read_as("a.csv", b"item_id,title,year\n1,a,\"4,5\"\n", &["year=number"]).unwrap_err();
        assert_eq!(error.to_string(), "`a.csv` line 2, column `year`: `4,5` is not a number");
    }

    #[test]
    fn every_text_format_gives_the_same_items() {
        let csv = read("a.csv", "\u{feff}item_id,title,year,genres\n7,Heat,1995,Action|Crime\n8, Big ,,\n");
        let lines = "\u{feff}{\"item_id\": 7, \"title\": \"Heat\", \"year\": 1995, \"genres\": [\"Action\", \"Crime\"]}\n\n\
                     {\"item_id\": \"8\", \"title\": \" Big\", \"year\": null}\r\n";
        let atomic = "item_id:token\tmovie_title:token_seq\tyear:float\tgenres:token_seq\n7\tHeat\t1995\tAction Crime\n8\tBig\t\t\n";
        assert_eq!(read("a.jsonl", lines), csv);
        assert_eq!(read("a.item", atomic), csv);
    }

    #[test]
    fn roles_are_guessed_told_and_changed() {
        let file = "asin,name,tags,year,note\n1,Heat,a|b,1995,x\n";
        let error = read_as("items.csv", file.as_bytes(), &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`items.csv` has no column `item_id`; its columns are asin, name, tags, year, note"
        );
        let hint = "name the column `item_id`, or say which one it is with `--role COLUMN=item_id`";
        assert_eq!(error.hint().as_deref(), Some(hint));
        let said = ["asin=item_id", "name=title", "year=text", "note=ignore"];
        let (catalogue, roles) = read_as("items.csv", file.as_bytes(), &said).unwrap();
        let roles: Vec<String> = roles.iter().map(|role| format!("{}={}", role.column, role.role)).collect();
        assert_eq!(roles, ["asin=item_id", "name=title", "tags=many", "year=text", "note=ignore"]);
        assert_eq!(catalogue[0].attribute("year"), Some(&Attribute::Text("1995".into())));
        assert_eq!(catalogue[0].attributes.len(), 2);
        let said = ["asin=item_id", "name=title", "tags=genres", "year=text"];
        let (catalogue, roles) = read_as("items.csv", file.as_bytes(), &said).unwrap();
        assert_eq!(catalogue[0].genres(), ["a", "b"]);
        assert_eq!(
            catalogue.attributes().iter().map(|column| column.name.as_str()).collect::<Vec<_>>(),
            ["genres", "year", "note"]
        );
        assert_eq!(roles[2], "tags=genres".parse().unwrap());
    }

    #[test]
    fn bad_files_are_refused_with_file_line_and_column() {
        let cases: [(&str, &[u8], &str); 21] = [
            ("items.csv", b"", "is empty: a header is expected"),
            ("items.csv", b"item_id,title\n", "is empty: there is no item in it"),
            ("items.csv", b"item_id,name\n1,a\n", "has no column `title`; its columns are item_id, name"),
            ("items.csv", b"item_id,title\n1,a\n2,b,c\n", "line 3: 3 cells, expected 2"),
            ("items.csv", b"item_id,title\n1,\xff\n", "line 2, column `title`: not UTF-8"),
            ("items.csv", b"item_id,\xff\n1,a\n", "line 1, column `2`: not UTF-8"),
            ("items.csv", b"item_id,title\n,a\n", "line 2, column `item_id`: empty"),
            ("items.csv", b"item_id,title\n1,a\n2,  \n", "line 3, column `title`: empty"),
            ("items.csv", b"item_id,title\n1,a\n2,b\n1,c\n", "line 4: item `1` is on line 2 already"),
            ("items.csv", b"item_id,title,title\n1,a,b\n", "has a column `title` that comes twice"),
            ("items.csv", b"item_id,title,year\n1,a,1\n2,b,NaN\n", "line 3, column `year`: `NaN` is not a number"),
            ("items.txt", b"item_id,title\n1,a\n", "has a name that does not tell its format"),
            ("items.jsonl", b"\n", "is empty: a JSON object a line is expected"),
            ("items.jsonl", b"{\"item_id\": 1}\n{\n", "line 2: not valid JSON"),
            ("items.jsonl", b"{\"item_id\": 1, \"title\": \"a\"}\n[]\n", "line 2: a list, expected an object"),
            ("items.jsonl", b"{\"item_id\": 1, \"title\": \"\xff\"}\n", "line 1: not UTF-8"),
            ("items.jsonl", b"{\"item_id\": 1, \"title\": \"a\"}\n{\"item_id\": 2}\n", "line 2, column `title`: empty"),
            (
                "items.jsonl",
                b"{\"item_id\": 1, \"title\": \"a\", \"more\": {}}\n",
                "line 1, column `more`: an object, expected a text, a number or a list of texts",
            ),
            (
                "items.item",
                b"item_id:token\ttitle:text\n",
                "has a column `title` of type `text`, expected token, token_seq, float or float_seq",
            ),
            (
                "items.item",
                b"item_id:token\ttitle:token\tyear:float\n1\ta\tlong ago\n",
                "line 2, column `year`: `long ago` is not a number",
            ),
            ("items.parquet.csv", b"PAR1\x00", "has no column `item_id`; its columns are PAR1\0"),
        ];
        for (name, file, message) in cases {
            let error = read_as(name, file, &[]).unwrap_err();
            assert_eq!(error.to_string(), format!("`{name}` {message}"));
        }
        let error = read_as("a.csv", b"item_id,title,name\n1,a,b\n", &["name=title"]).unwrap_err();
        assert_eq!(error.to_string(), "`a.csv` has a column `title` that has the name of another column's role");
        let error = read_as("a.csv", b"item_id,title,genres,kinds\n1,a,b,c\n", &["kinds=genres"]).unwrap_err();
        assert_eq!(error.to_string(), "`a.csv` has a column `genres` that has the name of another column's role");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Catalogue::read(Path::new("nowhere/items.csv"), &Roles::default()).unwrap_err();
        assert_eq!(error.to_string(), "`nowhere/items.csv` cannot be read");
        assert!(std::error::Error::source(&error).is_some());
        assert!(matches!(error, Error::Table(_)));
    }
}
