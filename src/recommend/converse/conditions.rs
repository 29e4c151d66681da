//! Conditions as a filter over the catalogue's own columns, so that none of them can be overlooked.

use super::{
    understand::{Constraints, LANGUAGE_COLUMNS, PEOPLE_COLUMNS, THEME_COLUMNS, key, other_words},
    vocabulary::Vocabulary,
    wish::one_of,
};
use crate::recommend::{Attribute, AttributeColumn, Catalogue, Filter, Kind, Knowledge, Result, catalogue::GENRES};

/// Columns of running times in minutes.
pub(super) const RUNTIMES: [&str; 5] = ["runtime", "duration", "length", "minutes", "runtime_minutes"];
/// The fewest letters of a word that titles are looked through for.
const TELLING: usize = 5;
/// Columns of mean ratings.
pub(super) const RATINGS: [&str; 6] =
    ["rating", "average_rating", "mean_rating", "imdb_rating", "vote_average", "score"];
/// Columns of who watches.
pub(super) const AUDIENCES: [&str; 3] = ["audience", "target_audience", "age_group"];
/// Who may watch what is asked for.
const ADMITTED: [(&str, &[&str]); 4] = [
    ("children", &["children", "kids", "families", "family", "everyone", "all ages"]),
    ("teenagers", &["teenagers", "teens", "families", "family", "everyone", "all ages"]),
    ("family", &["families", "family", "everyone", "children", "kids", "all ages"]),
    ("adults", &["adults", "everyone", "all ages"]),
];
/// Genres of what children may watch, where no column says who may.
const FOR_CHILDREN: [&str; 2] = ["Children", "Family"];

/// Conditions as a filter.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// What an item must meet; anything, if `None`.
    pub filter: Option<Filter>,
    /// The keys of conditions that the catalogue says nothing about.
    pub unknown: Vec<String>,
}

impl Conditions {
    /// Makes a filter of conditions. What no column tells is not guessed: its key is named. `vocabulary` is the catalogue's.
    ///
    /// # Errors
    /// If a filter does not parse, which a value's own text cannot cause.
    pub fn new(
        constraints: &Constraints,
        catalogue: &Catalogue,
        knowledge: &Knowledge,
        vocabulary: &Vocabulary,
    ) -> Result<Self> {
        let records = Records { catalogue, knowledge, vocabulary };
        let mut parts = Vec::new();
        let mut unknown = Vec::new();
        for key in constraints.0.keys() {
            match records.condition(key, constraints) {
                Some(text) => parts.push(format!("({text})")),
                None => unknown.push(key.clone()),
            }
            let untold = |value: &String| !vocabulary.tells_theme(value);
            if key == key::EXCLUDE_THEMES && constraints.values(key).iter().any(untold) && !unknown.contains(key) {
                unknown.push(key.clone());
            }
        }
        let filter = (!parts.is_empty()).then(|| Filter::parse(&parts.join(" and "), catalogue)).transpose()?;
        Ok(Self { filter, unknown })
    }
}

/// What is known of items.
#[derive(Clone, Copy)]
struct Records<'a> {
    catalogue: &'a Catalogue,
    knowledge: &'a Knowledge,
    vocabulary: &'a Vocabulary,
}

impl Records<'_> {
    /// The columns of these names, in this order.
    fn columns<'b>(&'b self, names: &'b [&str]) -> impl Iterator<Item = &'b AttributeColumn> {
        names.iter().filter_map(|name| self.catalogue.attributes().iter().find(|column| column.name == **name))
    }

    fn number(&self, names: &[&str]) -> Option<String> {
        self.columns(names).find(|column| column.kind == Kind::Number).map(|column| column.name.clone())
    }

    /// One condition as an expression, if the catalogue can tell.
    fn condition(&self, key: &str, constraints: &Constraints) -> Option<String> {
        let bound = |names: &[&str], comparison: &str| {
            let number = constraints.number(key)?;
            Some(format!("`{}` {comparison} {number}", self.number(names)?))
        };
        let values = constraints.values(key);
        match key {
            key::YEAR_MIN => bound(&["year"], ">="),
            key::YEAR_MAX => bound(&["year"], "<="),
            key::RUNTIME_MIN => bound(&RUNTIMES, ">="),
            key::RUNTIME_MAX => bound(&RUNTIMES, "<="),
            key::PRICE_MAX => bound(&["price"], "<="),
            key::RATING_MIN => self.rating(constraints.number(key)?),
            key::AUDIENCE => self.audience(values.first()?),
            key::LANGUAGE => self.any(values, &LANGUAGE_COLUMNS, false),
            key::EXCLUDE_LANGUAGES => self.none(values, &LANGUAGE_COLUMNS, false),
            key::PEOPLE => {
                let all: Option<Vec<String>> = values.iter().map(|name| self.person(name)).collect();
                Some(all?.join(if constraints.is_any(key) { " or " } else { " and " }))
            }
            key::EXCLUDE_PEOPLE => {
                let all: Option<Vec<String>> = values.iter().map(|name| self.person(name)).collect();
                Some(format!("not ({})", all?.join(" or ")))
            }
            key::EXCLUDE_YEARS => {
                let year = self.number(&["year"])?;
                let spans = values.iter().filter_map(|span| span.split_once('-'));
                let spans = spans.map(|(first, last)| format!("(`{year}` >= {first} and `{year}` <= {last})"));
                Some(format!("not ({})", spans.collect::<Vec<_>>().join(" or ")))
            }
            key::EXCLUDE_GENRES => self.none(values, &[GENRES], false),
            key::EXCLUDE_THEMES => {
                let values: Vec<String> = values.iter().flat_map(|value| self.vocabulary.spellings(value)).collect();
                let columns = self.none(&values, &[&THEME_COLUMNS[..], &[GENRES]].concat(), true)?;
                // A title that says it is left out even where no record does; a short word is a part of others: `sea` of `search`.
                let others = values.iter().flat_map(|value| other_words(value)).copied();
                let stems = values.iter().map(|value| one_of(value)).chain(others);
                let stems = stems.filter(|stem| stem.chars().count() >= TELLING);
                let ways: Vec<String> = stems.map(|stem| format!("title contains {}", quoted(stem))).collect();
                Some(if ways.is_empty() { columns } else { format!("{columns} and not ({})", ways.join(" or ")) })
            }
            _ => None,
        }
    }

    /// At least a rating, on the scale that the column has.
    fn rating(&self, lowest: f64) -> Option<String> {
        let column = self.number(&RATINGS)?;
        let ratings = self.catalogue.items().iter().filter_map(|item| match item.attribute(&column) {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        });
        let highest = ratings.fold(0.0, f64::max);
        let scale = |number: f64| {
            if number <= 5.0 {
                5.0
            } else if number <= 10.0 {
                10.0
            } else {
                100.0
            }
        };
        Some(format!("`{column}` >= {}", lowest / scale(lowest) * scale(highest)))
    }

    fn audience(&self, who: &str) -> Option<String> {
        let admitted = ADMITTED.iter().find(|(name, _)| *name == who).map(|(_, admitted)| *admitted)?;
        let admitted: Vec<String> = admitted.iter().map(|name| (*name).to_owned()).collect();
        if let Some(text) = self.any(&admitted, &AUDIENCES, false) {
            return Some(text);
        }
        let genres = self.genres_for_children();
        match who {
            _ if genres.is_empty() => None,
            "children" | "family" => self.any(&genres, &[GENRES], false),
            "adults" => self.none(&["Children".to_owned()], &[GENRES], false),
            _ => None,
        }
    }

    /// The genres of what children may watch. Animation is for grown people, too, so it tells only where no genre of their own
    /// does.
    fn genres_for_children(&self) -> Vec<String> {
        let own = |genres: &[&str]| -> Vec<String> {
            let known = genres.iter().filter(|genre| self.vocabulary.has_genre(genre));
            known.map(|genre| (*genre).to_owned()).collect()
        };
        match own(&FOR_CHILDREN) {
            none if none.is_empty() => own(&["Animation"]),
            genres => genres,
        }
    }

    /// Whether somebody takes part, by the columns and by the facts.
    fn person(&self, name: &str) -> Option<String> {
        let mut ways: Vec<String> =
            self.columns(&PEOPLE_COLUMNS).map(|column| comparison(column, name, true)).collect();
        let facts = self.knowledge.triples().iter().filter(|fact| fact.tail.eq_ignore_ascii_case(name));
        let items = facts.filter(|fact| self.catalogue.index(&fact.head).is_some());
        let told_by_facts = self.knowledge.triples().iter().any(|fact| fact.relation.ends_with("_by"));
        ways.extend(items.map(|fact| format!("item_id = {}", quoted(&fact.head))));
        if ways.is_empty() && told_by_facts {
            // Nobody knows them: nothing is theirs.
            ways.push("item_id = '' and not item_id = ''".into());
        }
        (!ways.is_empty()).then(|| format!("({})", ways.join(" or ")))
    }

    fn any(&self, values: &[String], names: &[&str], in_texts: bool) -> Option<String> {
        let ways: Vec<String> = self
            .columns(names)
            .filter(|column| column.kind != Kind::Number)
            .flat_map(|column| values.iter().map(move |value| comparison(column, value, in_texts)))
            .collect();
        (!ways.is_empty()).then(|| ways.join(" or "))
    }

    /// None of some values in any of the columns, and for themes nor in the texts.
    fn none(&self, values: &[String], names: &[&str], in_texts: bool) -> Option<String> {
        let columns = self.any(values, names, in_texts);
        let described = in_texts && self.vocabulary.described;
        let texts = values.iter().filter(|_| described).map(|value| format!("description contains {}", quoted(value)));
        let ways: Vec<String> = columns.into_iter().chain(texts).collect();
        (!ways.is_empty()).then(|| format!("not ({})", ways.join(" or ")))
    }
}

fn comparison(column: &AttributeColumn, value: &str, in_texts: bool) -> String {
    let operator = match column.kind {
        Kind::Many => "has",
        _ if in_texts => "contains",
        _ => "=",
    };
    format!("`{}` {operator} {}", column.name.replace('\\', "\\\\").replace('`', "\\`"), quoted(value))
}

/// A text of a filter.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Item, Triple};

    fn catalogue() -> Catalogue {
        let item = |id: &str, year: f64, genre: &str, director: &str, audience: &str| Item {
            id: id.into(),
            title: id.into(),
            description: Some(format!("A {genre} tale.")),
            attributes: vec![
                ("year".into(), Attribute::Number(year)),
                (GENRES.into(), Attribute::Many(vec![genre.into()])),
                ("director".into(), Attribute::Text(director.into())),
                ("audience".into(), Attribute::Text(audience.into())),
            ],
        };
        Catalogue::new(vec![
            item("a", 1980.0, "War", "Ada Quist", "adults"),
            item("b", 1990.0, "Comedy", "Bo \"The\" Lee", "families"),
            item("c", 2000.0, "Horror", "Ada Quist", "everyone"),
        ])
    }

    #[test]
    fn conditions_keep_what_meets_them() {
        let catalogue = catalogue();
        let knowledge =
            Knowledge::new([Triple { head: "b".into(), relation: "filmed_by".into(), tail: "Cy Dee".into() }]);
        let vocabulary = Vocabulary::new(&catalogue);
        type Set = fn(&mut Constraints);
        let cases: [(Set, &str, &[&str]); 11] = [
            (|c| c.set_any(key::PEOPLE, ["Ada Quist".to_owned(), "Cy Dee".to_owned()]), "a b c", &[]),
            (|c| c.set_number(key::YEAR_MAX, 1990.0), "a b", &[]),
            (|c| c.add(key::EXCLUDE_GENRES, "horror"), "a b", &[]),
            (|c| c.add(key::EXCLUDE_PEOPLE, "ada quist"), "b", &[]),
            (|c| c.add(key::PEOPLE, "Cy Dee"), "b", &[]),
            (|c| c.add(key::EXCLUDE_PEOPLE, "Bo \"The\" Lee"), "a c", &[]),
            (|c| c.set_text(key::AUDIENCE, "children"), "b c", &[]),
            (|c| c.add(key::EXCLUDE_THEMES, "war"), "b c", &[]),
            (|c| c.set_number(key::RUNTIME_MAX, 90.0), "a b c", &["runtime_max"]),
            (|c| c.set_text(key::LANGUAGE, "French"), "a b c", &["language"]),
            (|c| c.add(key::PEOPLE, "Nobody \\ Known"), "", &[]),
        ];
        for (set, expected, unknown) in cases {
            let mut constraints = Constraints::default();
            set(&mut constraints);
            let conditions = Conditions::new(&constraints, &catalogue, &knowledge, &vocabulary).unwrap();
            let kept =
                catalogue.items().iter().filter(|item| conditions.filter.as_ref().is_none_or(|f| f.matches(item)));
            let kept: Vec<&str> = kept.map(|item| item.id.as_str()).collect();
            assert_eq!(kept.join(" "), expected, "{constraints:?}");
            assert_eq!(conditions.unknown, unknown);
        }
    }

    #[test]
    fn titles_tell_a_theme_by_all_of_its_names_and_animation_tells_nothing_of_children() {
        let item = |title: &str, genre: &str| Item {
            id: title.into(),
            title: title.into(),
            attributes: vec![(GENRES.into(), Attribute::Many(vec![genre.into()]))],
            ..Item::default()
        };
        let all = [("A Most Violent Year", "Drama"), ("Search", "Animation"), ("Pirates Ahoy", "Children")];
        let animated = [("A Most Violent Year", "Drama"), ("Search", "Animation")];
        type Set = fn(&mut Constraints);
        let violence: Set = |c| c.add(key::EXCLUDE_THEMES, "violence");
        let sea: Set = |c| c.add(key::EXCLUDE_THEMES, "sea");
        let children: Set = |c| c.set_text(key::AUDIENCE, "children");
        for (items, set, expected) in [
            (&all[..], violence, "Search, Pirates Ahoy"),
            (&all, sea, "A Most Violent Year, Search, Pirates Ahoy"),
            (&all, children, "Pirates Ahoy"),
            (&animated, children, "Search"),
        ] {
            let catalogue = Catalogue::new(items.iter().map(|(title, genre)| item(title, genre)).collect());
            let mut constraints = Constraints::default();
            set(&mut constraints);
            let vocabulary = Vocabulary::new(&catalogue);
            let made = Conditions::new(&constraints, &catalogue, &Knowledge::default(), &vocabulary).unwrap();
            let is_kept = |item: &&Item| made.filter.as_ref().is_none_or(|filter| filter.matches(item));
            let kept: Vec<&str> = catalogue.items().iter().filter(is_kept).map(|item| item.title.as_str()).collect();
            assert_eq!(kept.join(", "), expected, "{constraints:?}");
        }
    }
}
