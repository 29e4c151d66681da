//! The bundled sample as it stands in its files, read without the library: what every claim is held against.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use docent::recommend::{Claim, explain::Plan};

/// Cells by column.
type Row = HashMap<String, String>;

pub(super) struct Records {
    items: HashMap<String, Row>,
    /// Ratings by user and item.
    ratings: HashMap<String, HashMap<String, f32>>,
}

impl Records {
    pub(super) fn read(folder: &Path) -> Self {
        let rows = |name: &str| {
            let mut reader = csv::Reader::from_path(folder.join(name)).expect("a file of the sample");
            reader.deserialize().map(|row| row.expect("a whole row")).collect::<Vec<Row>>()
        };
        let items = rows("items.csv").into_iter().map(|row| (row["item_id"].clone(), row)).collect();
        let mut ratings: HashMap<String, HashMap<String, f32>> = HashMap::new();
        for row in rows("ratings.csv") {
            let rating = row["rating"].parse().expect("a number");
            ratings.entry(row["user_id"].clone()).or_default().insert(row["item_id"].clone(), rating);
        }
        Self { items, ratings }
    }

    fn genres(&self, item: &str) -> HashSet<&str> {
        self.items[item]["genres"].split('|').collect()
    }

    /// How many users rated both items no lower than the mean of their ratings.
    fn liked_both(&self, a: &str, b: &str) -> usize {
        let liked = |ratings: &HashMap<String, f32>, item: &str| {
            let mean = ratings.values().sum::<f32>() / ratings.len() as f32;
            ratings.get(item).is_some_and(|rating| *rating >= mean)
        };
        self.ratings.values().filter(|ratings| liked(ratings, a) && liked(ratings, b)).count()
    }

    /// Fails unless the record that a claim names says what the claim says.
    pub(super) fn back(&self, claim: &Claim, user: &str) {
        let Claim { text: said, source, record, field } = claim;
        match (*source, field.as_str(), record.split_once(['/', '+'])) {
            ("items", "year", None) => {
                assert!(said.ends_with(&format!(" came out in {}", self.items[record]["year"])), "{said}");
            }
            ("items", "genres", None) => {
                let claimed = said.split_once(" is tagged ").expect("a list of genres").1;
                assert!(claimed.split(", ").all(|genre| self.genres(record).contains(genre)), "{said}");
            }
            ("interactions", "rating", Some((by, item))) if record.contains('/') => {
                let rating = self.ratings[by][item];
                assert!(by == user && said.ends_with(&format!(" {rating}")), "{said}: {rating} by {by}");
                let mean = self.ratings[by].values().sum::<f32>() / self.ratings[by].len() as f32;
                assert!(rating >= mean, "{said}: less than the mean, {mean}");
            }
            ("interactions", "rating", Some((a, b))) => {
                let claimed = said.split_once(" users liked both ").expect("a number of users").0;
                assert_eq!(claimed.parse(), Ok(self.liked_both(a, b)), "{said}");
            }
            other => panic!("no such record: {other:?}"),
        }
    }

    /// Fails if a text has a number or a genre's name that item and anchor, by id, do not share; its own decade may be said
    /// of an item, where the text does not say it of both.
    pub(super) fn back_text(&self, text: &str, plan: &Plan, item: &str, anchor: &str) {
        let mut rest = text.to_owned();
        let mut titles = vec![&plan.item.title];
        titles.extend(plan.anchor.as_ref().map(|anchor| &anchor.title));
        titles.sort_by_key(|title| std::cmp::Reverse(title.len()));
        titles.iter().for_each(|title| rest = rest.replace(title.as_str(), "T"));
        let years = [item, anchor].map(|id| self.items[id]["year"].as_str());
        let both = self.liked_both(item, anchor).to_string();
        let decades = years.map(|year| format!("{}0s", year.get(..3).unwrap_or_default()));
        for word in
            rest.split(|c: char| !c.is_alphanumeric()).filter(|word| word.contains(|c: char| c.is_ascii_digit()))
        {
            let decade = word == decades[0] && (decades[0] == decades[1] || !text.contains("both are"));
            assert!(years.contains(&word) || word == both || decade, "{text}: `{word}`");
        }
        let shared: HashSet<&str> = self.genres(item).intersection(&self.genres(anchor)).copied().collect();
        let lower = rest.to_lowercase();
        for (word, genre) in GENRE_WORDS {
            assert!(!lower.contains(word) || shared.contains(genre), "{text}: `{word}`, and {shared:?}");
        }
    }
}

/// Words that name genres, and the genres.
const GENRE_WORDS: [(&str, &str); 19] = [
    ("action", "Action"),
    ("adventure", "Adventure"),
    ("animat", "Animation"),
    ("children", "Children"),
    ("comed", "Comedy"),
    ("crime", "Crime"),
    ("documentar", "Documentary"),
    ("drama", "Drama"),
    ("fantas", "Fantasy"),
    ("noir", "Film-Noir"),
    ("horror", "Horror"),
    ("musical", "Musical"),
    ("myster", "Mystery"),
    ("romance", "Romance"),
    ("romantic", "Romance"),
    ("science fiction", "Sci-Fi"),
    ("thriller", "Thriller"),
    (" war ", "War"),
    ("western", "Western"),
];
