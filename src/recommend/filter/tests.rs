//! Filters against a naive evaluator, their exact errors, and texts of any kind.

use proptest::prelude::*;

use super::*;

/// How a value in a filter compares, in the test's own words.
#[derive(Clone, Debug)]
enum Naive {
    And(Box<Naive>, Box<Naive>),
    Or(Box<Naive>, Box<Naive>),
    Not(Box<Naive>),
    Year(&'static str, i32),
    Studio(&'static str, &'static str),
    Genre(&'static str),
    Title(&'static str),
    Id(&'static str),
}

impl Naive {
    fn text(&self) -> String {
        match self {
            Naive::And(a, b) => format!("({}) and ({})", a.text(), b.text()),
            Naive::Or(a, b) => format!("({} or {})", a.text(), b.text()),
            Naive::Not(a) => format!("not ({})", a.text()),
            Naive::Year(operator, year) => format!("year{operator}{year}"),
            Naive::Studio(operator, studio) => format!("`the studio` {operator} '{studio}'"),
            Naive::Genre(genre) => format!("genres has \"{genre}\""),
            Naive::Title(part) => format!("title contains \"{part}\""),
            Naive::Id(id) => format!("item_id == \"{id}\""),
        }
    }

    fn holds(&self, item: &Item) -> bool {
        match self {
            Naive::And(a, b) => a.holds(item) & b.holds(item),
            Naive::Or(a, b) => a.holds(item) | b.holds(item),
            Naive::Not(a) => !a.holds(item),
            Naive::Year(operator, wanted) => item.year().is_some_and(|year| match *operator {
                "=" | "==" => year == *wanted,
                "!=" => year != *wanted,
                "<" => year < *wanted,
                "<=" => year <= *wanted,
                ">" => year > *wanted,
                _ => year >= *wanted,
            }),
            Naive::Studio(operator, wanted) => match item.attribute("the studio") {
                Some(Attribute::Text(studio)) => (studio.to_lowercase() == wanted.to_lowercase()) == (*operator == "="),
                _ => false,
            },
            Naive::Genre(genre) => item.genres().iter().any(|own| own.to_lowercase() == genre.to_lowercase()),
            Naive::Title(part) => item.title.to_lowercase().contains(&part.to_lowercase()),
            Naive::Id(id) => item.id == *id,
        }
    }
}

fn naive() -> impl Strategy<Value = Naive> {
    const OPERATORS: [&str; 7] = ["=", "==", "!=", "<", "<=", ">", ">="];
    let leaf = prop_oneof![
        (prop::sample::select(&OPERATORS[..]), 1988i32..1993).prop_map(|(operator, year)| Naive::Year(operator, year)),
        (prop::sample::select(&["=", "!="][..]), prop::sample::select(&["a24", "UFA"][..]))
            .prop_map(|(operator, studio)| Naive::Studio(operator, studio)),
        prop::sample::select(&["horror", "Drama"][..]).prop_map(Naive::Genre),
        prop::sample::select(&["big", "T"][..]).prop_map(Naive::Title),
        prop::sample::select(&["x", "X"][..]).prop_map(Naive::Id),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            pair.clone().prop_map(|(a, b)| Naive::And(Box::new(a), Box::new(b))),
            pair.prop_map(|(a, b)| Naive::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|a| Naive::Not(Box::new(a))),
        ]
    })
}

fn items() -> Vec<Item> {
    let mut items = Vec::new();
    for (place, year) in [None, Some(1989.0), Some(1990.0), Some(1992.0)].into_iter().enumerate() {
        for (studio, genres) in
            [(None, None), (Some("A24"), Some(vec!["Horror"])), (Some("UFA"), Some(vec!["Drama", "War"]))]
        {
            let year = year.map(|year| ("year".to_owned(), Attribute::Number(year)));
            let studio = studio.map(|studio| ("the studio".to_owned(), Attribute::Text(studio.into())));
            let genres = genres
                .map(|genres| ("genres".to_owned(), Attribute::Many(genres.into_iter().map(str::to_owned).collect())));
            items.push(Item {
                id: ["x", "X", "7", "8"][place].into(),
                title: ["Big", "Heat", "Jaws", "Bigger"][place].into(),
                description: (place == 0).then(|| "A boy grows up.".to_owned()),
                attributes: year.into_iter().chain(studio).chain(genres).collect(),
            });
        }
    }
    items
}

fn catalogue() -> Catalogue {
    let mut items = items();
    // The first item that has all attributes names them.
    items.rotate_left(4);
    Catalogue::new(items)
}

proptest! {
    #[test]
    fn filters_mean_what_the_naive_evaluator_says(naive in naive()) {
        let catalogue = catalogue();
        let filter = Filter::parse(&naive.text(), &catalogue).unwrap();
        for item in catalogue.items() {
            prop_assert_eq!(filter.matches(item), naive.holds(item), "{} on {:?}", naive.text(), item);
        }
    }

    #[test]
    fn any_text_parses_or_is_refused(text in "\\PC{0,40}|[()a-z\"'`=<>!0-9. -]{0,40}") {
        if let Err(crate::recommend::Error::Filter(error)) = Filter::parse(&text, &catalogue()) {
            prop_assert!((1..=text.chars().count() + 1).contains(&error.at));
        }
    }
}

#[test]
fn words_bind_as_documented() {
    let catalogue = catalogue();
    let ids = |text: &str| {
        let filter = Filter::parse(text, &catalogue).unwrap();
        let mut ids: Vec<&str> =
            catalogue.items().iter().filter(|item| filter.matches(item)).map(|i| i.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.join(" ")
    };
    assert_eq!(ids("item_id = 'x' or item_id = '7' and year > 1990"), "x");
    assert_eq!(ids("(item_id = 'x' or item_id = '7') and year = 1990"), "7");
    assert_eq!(ids("not item_id = 'x' and not item_id = '7'"), "8 X");
    assert_eq!(ids("NOT year >= 1990 AND title contains \"BI\""), "x");
    assert_eq!(ids("year != 1990"), "8 X");
    assert_eq!(ids("description contains 'grows'"), "x");
    assert_eq!(ids("not description contains 'grows'"), "7 8 X");
    assert_eq!(ids(r#"title = "B\ig""#), "x");
    assert_eq!(ids("year > -1e3"), "7 8 X");
}

#[test]
fn faults_are_told_with_their_place_and_what_would_do() {
    let columns = "the columns are item_id, title, description, year, the studio, genres";
    let guess = format!("did you mean `year`? {columns}");
    let cases: [(&str, usize, &str, Option<&str>); 20] = [
        (
            "",
            1,
            "expected a column, found the end",
            Some("name a column and what it is compared with, as in `title contains \"..\"`"),
        ),
        (
            "year = 1 and",
            13,
            "expected a column, found the end",
            Some("name a column and what it is compared with, as in `title contains \"..\"`"),
        ),
        ("year >", 7, "expected a number, found the end", Some("go on with a number")),
        ("genres has", 11, "expected a text in quotes, found the end", Some("go on with a text in quotes")),
        ("year > and", 8, "expected a number, found `and`", None),
        ("title = Big", 9, "expected a text in quotes, found `Big`", Some("write texts in quotes")),
        ("year 1990", 6, "expected a comparison, found `1990`", None),
        ("yaer > 1990", 1, "there is no column `yaer`", Some(&guess)),
        ("not (`a b` = 1)", 6, "there is no column `a b`", Some(columns)),
        ("year > 1990 genres", 13, "expected `and`, `or` or the end, found `genres`", None),
        ("(year > 1990", 13, "expected `and`, `or` or `)`, found the end", Some("close each parenthesis")),
        ("year > 1990)", 12, "expected `and`, `or` or the end, found `)`", None),
        ("title = \"Bi", 9, "the text is never closed", Some("end it with the quote that it begins with")),
        ("`title = 1", 1, "the name is never closed", Some("end it with the quote that it begins with")),
        ("year > 19x", 8, "`19x` is not a number", None),
        ("year > 1 & year < 2", 10, "`&` has no meaning here", None),
        ("year > \"1990\"", 8, "`year` is a number, and \"1990\" is a text", Some("write numbers without quotes")),
        ("title = 7", 9, "`title` is a text, and `7` is a number", Some("write texts in quotes")),
        ("ä = 1 or genres = \"War\"", 1, "there is no column `ä`", Some(columns)),
        (
            "genres = \"War\"",
            8,
            "`genres` is a column of several values, which `=` does not compare",
            Some("ask for one of the values: `genres has \"..\"`"),
        ),
    ];
    for (text, at, message, hint) in cases {
        let error = Filter::parse(text, &catalogue()).unwrap_err();
        assert_eq!(error.to_string(), format!("the filter `{text}` at character {at}: {message}"));
        assert_eq!(error.hint().as_deref(), hint, "{text}");
    }
    let more = [
        ("year contains \"9\"", "numbers compare with =, !=, <, <=, > and >="),
        ("title >= \"a\"", "texts compare with =, != and contains"),
    ];
    for (text, hint) in more {
        assert_eq!(Filter::parse(text, &catalogue()).unwrap_err().hint().as_deref(), Some(hint));
    }
}

#[test]
fn values_that_no_item_has_are_told_with_the_nearest() {
    let told = |text: &str| {
        let catalogue = catalogue();
        let absent = Filter::parse(text, &catalogue).unwrap().absent(&catalogue);
        absent.iter().map(ToString::to_string).collect::<Vec<_>>().join(". ")
    };
    let drama = "no item has `Dramma` among its `genres`; the nearest: `Drama`, `War`, `Horror`";
    assert_eq!(told("genres has 'Dramma' or year = 3 and not genres has 'Dramma'"), drama);
    let studio = "no item has `a23` among its `the studio`; the nearest: `A24`, `UFA`";
    assert_eq!(
        told("`the studio` != 'a23' and genres has \"dramma\""),
        format!("{studio}. {}", drama.replace("Dramma", "dramma"))
    );
    for fine in
        ["genres has 'drama'", "`the studio` = 'ufa'", "title = 'Nothing'", "`the studio` contains 'x'", "year = 1"]
    {
        assert_eq!(told(fine), "");
    }
}

#[test]
fn nesting_is_bounded_and_chains_are_not() {
    let deep = |levels| format!("{}year = 1{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Filter::parse(&deep(64), &catalogue()).is_ok());
    for text in [deep(65), deep(100_000), "not ".repeat(100_000)] {
        let error = Filter::parse(&text, &catalogue()).unwrap_err().to_string();
        assert!(error.ends_with("more than 64 levels of parentheses and `not`"), "{}", error.len());
    }
    let chain = vec!["year = 1"; 10_000].join(" or ");
    assert!(!Filter::parse(&chain, &catalogue()).unwrap().matches(&items()[0]));
}
