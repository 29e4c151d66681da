//! What is known of an item for somebody, as numbers: every signal scores the whole catalogue for a query.
//!
//! Signals are fitted on histories and read any other history, also of users that they have not seen. None of them
//! depends on the order of interactions in one second. Before they are weighed they are standardized over the items
//! that are open to the user.

mod collaborative;
mod file;
mod near;
mod order;
mod records;
mod structured;
#[cfg(test)]
mod tests;
mod times;

use std::{collections::HashSet, sync::Arc};

pub use collaborative::Collaborative;
pub use file::{COLLABORATIVE, Extent};
use near::Nearness;
use order::by_age;
pub use records::CATEGORIES;
use records::{Categories, Years};
use times::{Places, Recent, Span, YEAR};

use super::{Catalogue, Interaction, Query, Result, retrieve::Semantic};

/// Ratings that an item's mean is mixed with, so that few ratings mean little.
const RATING_PRIOR: f32 = 5.0;
/// The first year of the era in which seconds are counted.
const EPOCH: f64 = 1970.0;

/// Numbers that tell what else the records say of an item.
pub const STRUCTURED: usize = CATEGORIES + 2;

/// One signal; decays say what is left of a history item's weight with each item that came after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// The linear model, decay 0.8. As the two after it: [`Collaborative::linear`] says which one.
    EaseRecent,
    /// The linear model, decay 0.97.
    EaseLong,
    /// The linear model with a weak penalty, the whole history alike.
    EaseWhole,
    /// What is near in the order of histories, decay 0.5.
    NearLast,
    /// What is near in the order of histories, decay 0.8.
    NearRecent,
    /// What is near in the order of histories, decay 0.97.
    NearLong,
    /// What is near by the clock, decay 0.5.
    ClockLast,
    /// What is near by the clock, decay 0.8.
    ClockRecent,
    /// What comes next, decay 0.8.
    Next,
    /// What is near in the same years, decay 0.9.
    Era,
    /// The logarithm of how many users have an item.
    Popularity,
    /// How popular it was in the last weeks.
    PopularityWeeks,
    /// How popular it was in the last year.
    PopularityYear,
    /// How popular it was in the last years.
    PopularityYears,
    /// Its mean rating.
    Rating,
    /// Whether anybody has had it yet.
    Known,
    /// How old it is.
    Age,
    /// Whether it is new.
    NewRelease,
    /// Whether it is taken up at this place of histories.
    Place,
    /// Its year against those of the history, decay 0.8.
    YearRecent,
    /// Its year against those of the history, decay 0.97.
    YearLong,
    /// Its categories against those of the history, decay 0.8.
    CategoryRecent,
    /// Its categories against those of the history, decay 0.97.
    CategoryLong,
    /// Its text against those of the history, decay 0.5.
    TextLast,
    /// Its text against those of the history, decay 0.9.
    TextRecent,
}

impl Signal {
    /// All of them.
    pub const ALL: [Signal; 25] = [
        Signal::EaseRecent,
        Signal::EaseLong,
        Signal::EaseWhole,
        Signal::NearLast,
        Signal::NearRecent,
        Signal::NearLong,
        Signal::ClockLast,
        Signal::ClockRecent,
        Signal::Next,
        Signal::Era,
        Signal::Popularity,
        Signal::PopularityWeeks,
        Signal::PopularityYear,
        Signal::PopularityYears,
        Signal::Rating,
        Signal::Known,
        Signal::Age,
        Signal::NewRelease,
        Signal::Place,
        Signal::YearRecent,
        Signal::YearLong,
        Signal::CategoryRecent,
        Signal::CategoryLong,
        Signal::TextLast,
        Signal::TextRecent,
    ];

    /// Its name in every output.
    pub fn name(self) -> &'static str {
        NAMES[self.index()]
    }

    /// Its place among all.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Those that find items by themselves, instead of judging what others found.
    pub const RETRIEVAL: [Signal; 10] = [
        Signal::EaseRecent,
        Signal::EaseLong,
        Signal::NearLast,
        Signal::NearRecent,
        Signal::NearLong,
        Signal::ClockRecent,
        Signal::Next,
        Signal::Era,
        Signal::PopularityYear,
        Signal::TextRecent,
    ];
}

/// A standardized value with its tail drawn in: sign(z) log(1 + |z|). What is far above all others is far above them,
/// but not by how much.
pub fn drawn_in(z: f32) -> f32 {
    z.signum() * z.abs().ln_1p()
}

/// The names of all signals.
const NAMES: [&str; Signal::ALL.len()] = [
    "ease_recent",
    "ease_long",
    "ease_whole",
    "near_last",
    "near_recent",
    "near_long",
    "clock_last",
    "clock_recent",
    "next",
    "era",
    "popularity",
    "popularity_weeks",
    "popularity_year",
    "popularity_years",
    "rating",
    "known",
    "age",
    "new_release",
    "place",
    "year_recent",
    "year_long",
    "category_recent",
    "category_long",
    "text_last",
    "text_recent",
];

/// All signals, fitted.
#[derive(Clone, Debug)]
pub struct Signals {
    items: usize,
    collaborative: Arc<Collaborative>,
    ratings: Vec<f32>,
    recent: Recent,
    position: Places,
    years: Option<Years>,
    categories: Categories,
    /// What else the records say; none if they say nothing else.
    structured: Option<Categories>,
    semantic: Option<Arc<Semantic>>,
}

impl Signals {
    /// Fits on histories, each oldest first. Without vectors of the items their texts say nothing.
    ///
    /// # Errors
    /// If a linear model cannot be fitted.
    pub fn fit(histories: &[&[Interaction]], catalogue: &Catalogue, semantic: Option<Arc<Semantic>>) -> Result<Self> {
        let collaborative = Arc::new(Collaborative::fit(histories, catalogue.len())?);
        Ok(Self::with(collaborative, histories, catalogue, semantic))
    }

    /// Takes models that were fitted on the same histories.
    pub fn with(
        collaborative: Arc<Collaborative>,
        histories: &[&[Interaction]],
        catalogue: &Catalogue,
        semantic: Option<Arc<Semantic>>,
    ) -> Self {
        let items = catalogue.len();
        // Each goes through all interactions or all items.
        let of_times = || rayon::join(|| Recent::fit(histories, items), || Places::fit(histories, items));
        let of_records = || rayon::join(|| Categories::new(catalogue), || structured::structured(catalogue));
        let (((recent, position), ratings), ((categories, structured), years)) = rayon::join(
            || rayon::join(of_times, || mean_ratings(histories, items)),
            || rayon::join(of_records, || Years::new(catalogue, &collaborative.users)),
        );
        Self { items, collaborative, ratings, recent, position, years, categories, structured, semantic }
    }

    /// The same signals from other histories and what was fitted on these.
    #[must_use]
    pub fn fitted_on(
        &self,
        collaborative: Arc<Collaborative>,
        histories: &[&[Interaction]],
        catalogue: &Catalogue,
    ) -> Self {
        Self::with(collaborative, histories, catalogue, self.semantic.clone())
    }

    /// The models of who has which.
    pub fn collaborative(&self) -> &Arc<Collaborative> {
        &self.collaborative
    }

    /// How many items there are.
    pub fn items(&self) -> usize {
        self.items
    }

    /// The names of the catalogue's most common categories, at most [`CATEGORIES`].
    pub fn common_categories(&self) -> Vec<String> {
        self.categories.common()
    }

    /// Tells some categories apart, in their order, instead of the most common ones.
    pub fn tell_apart(&mut self, categories: &[String]) {
        self.categories.tell_apart(categories);
    }

    /// Which of the categories that are told apart an item has, as ones and zeros; ([`CATEGORIES`])
    pub fn multi_hot(&self, item: usize) -> impl Iterator<Item = f32> {
        bits(self.categories.bits(item))
    }

    /// The most common words of what else the records say, at most [`CATEGORIES`]; none if they say nothing else.
    pub fn common_words(&self) -> Vec<String> {
        self.structured.as_ref().map(Categories::common).unwrap_or_default()
    }

    /// Tells some words apart, in their order, instead of the most common ones.
    pub fn tell_words_apart(&mut self, words: &[String]) {
        if let Some(structured) = &mut self.structured {
            structured.tell_apart(words);
        }
    }

    /// What else the records say of some items, and how near that is to a history: for each item its words that are told
    /// apart as ones and zeros, and the cosine of all its words with those of the history, decays 0.8 and 0.97;
    /// (items, [`STRUCTURED`])
    pub fn structured(&self, query: &Query<'_>, items: &[usize]) -> Vec<[f32; STRUCTURED]> {
        let Some(structured) = &self.structured else { return vec![[0.0; STRUCTURED]; items.len()] };
        let near = [0.8, 0.97].map(|decay| structured.scores(&weights(query.history, decay)));
        let row = |&item: &usize| {
            let mut row = [0.0; STRUCTURED];
            let values = bits(structured.bits(item)).chain(near.iter().map(|near| near[item]));
            row.iter_mut().zip(values).for_each(|(cell, value)| *cell = value);
            row
        };
        items.iter().map(row).collect()
    }

    /// A signal as it is, (items); all 0 where nothing is known.
    pub fn raw(&self, signal: Signal, query: &Query<'_>) -> Vec<f32> {
        let weights = |decay: f32| weights(query.history, decay);
        let now = query.history.last().and_then(|event| event.timestamp).unwrap_or_else(|| self.recent.latest());
        let year = year_of(now);
        let of_years = |scores: &dyn Fn(&Years) -> Vec<f32>| self.years.as_ref().map_or_else(|| self.nothing(), scores);
        match signal {
            Signal::EaseRecent => self.collaborative.strict(&weights(0.8)),
            Signal::EaseLong => self.collaborative.strict(&weights(0.97)),
            Signal::EaseWhole => self.collaborative.lenient(&weights(1.0)),
            Signal::NearLast => self.collaborative.near(Nearness::Places, &weights(0.5)),
            Signal::NearRecent => self.collaborative.near(Nearness::Places, &weights(0.8)),
            Signal::NearLong => self.collaborative.near(Nearness::Places, &weights(0.97)),
            Signal::ClockLast => self.collaborative.near(Nearness::Clock, &weights(0.5)),
            Signal::ClockRecent => self.collaborative.near(Nearness::Clock, &weights(0.8)),
            Signal::Next => self.collaborative.near(Nearness::Next, &weights(0.8)),
            Signal::Era => self.collaborative.near_in_time(&weights(0.9), now, 2.0),
            Signal::Popularity => self.collaborative.users.iter().map(|users| users.ln_1p()).collect(),
            Signal::PopularityWeeks => log(self.recent.popularity(now, Span::Weeks), 3.0),
            Signal::PopularityYear => log(self.recent.popularity(now, Span::Year), 1.0),
            Signal::PopularityYears => log(self.recent.popularity(now, Span::Years), 1.0),
            Signal::Rating => self.ratings.clone(),
            Signal::Known => self.recent.known(now),
            Signal::Age => of_years(&|years| years.ages(year)),
            Signal::NewRelease => of_years(&|years| years.new_releases(year)),
            Signal::Place => self.position.scores(query.history),
            Signal::YearRecent => of_years(&|years| years.scores(&weights(0.8))),
            Signal::YearLong => of_years(&|years| years.scores(&weights(0.97))),
            Signal::CategoryRecent => self.categories.scores(&weights(0.8)),
            Signal::CategoryLong => self.categories.scores(&weights(0.97)),
            Signal::TextLast => self.text(query, 0.5),
            Signal::TextRecent => self.text(query, 0.9),
        }
    }

    /// Signals, standardized over the items that are open; (signals, items)
    pub fn standard(&self, signals: &[Signal], query: &Query<'_>, open: &[bool]) -> Vec<Vec<f32>> {
        let standard = |&signal: &Signal| {
            let mut values = self.raw(signal, query);
            standardize_open(&mut values, open);
            values
        };
        signals.iter().map(standard).collect()
    }

    /// The profile of a query among the items' vectors; none without vectors.
    pub fn profile(&self, query: &Query<'_>) -> Option<(Arc<Semantic>, Vec<f32>)> {
        let semantic = self.semantic.clone()?;
        let profile = Self::profile_with(&semantic, query);
        Some((semantic, profile))
    }

    /// The profile of a query among vectors: its history's, of which older items count less, and its text's.
    pub fn profile_with(semantic: &Semantic, query: &Query<'_>) -> Vec<f32> {
        semantic.profile(&weights(query.history, 0.9), query.text)
    }

    fn text(&self, query: &Query<'_>, decay: f32) -> Vec<f32> {
        match &self.semantic {
            Some(semantic) => semantic.near(&semantic.profile(&weights(query.history, decay), query.text)),
            None => self.nothing(),
        }
    }

    fn nothing(&self) -> Vec<f32> {
        vec![0.0; self.items]
    }
}

/// The year of a time in seconds since 1970, with its fraction.
pub fn year_of(time: i64) -> f64 {
    EPOCH + time as f64 / YEAR
}

/// Bits as ones and zeros; ([`CATEGORIES`])
fn bits(bits: u32) -> impl Iterator<Item = f32> {
    (0..CATEGORIES).map(move |bit| (bits >> bit & 1) as f32)
}

/// The weight of each item of a history, by the number of items after it; of an item that comes twice that of the last.
fn weights(history: &[Interaction], decay: f32) -> Vec<(usize, f32)> {
    let weights = by_age(history, |age| decay.powi(age as i32));
    let mut seen = HashSet::new();
    let latest = history.iter().zip(weights).rev().take_while(|&(_, weight)| weight > 1e-4);
    latest.filter(|(event, _)| seen.insert(event.item)).map(|(event, weight)| (event.item, weight)).collect()
}

fn log(mut values: Vec<f32>, scale: f32) -> Vec<f32> {
    values.iter_mut().for_each(|value| *value = (*value * scale).ln_1p());
    values
}

/// Mean 0 and deviation 1 over the open items; equal values become 0.
pub(super) fn standardize_open(values: &mut [f32], open: &[bool]) {
    let count = open.iter().filter(|open| **open).count().max(1) as f64;
    let mean = sum_open(values, open, |value| value) / count;
    let deviation = (sum_open(values, open, |value| (value - mean).powi(2)) / count).sqrt();
    let scale = if deviation > 1e-9 { 1.0 / deviation } else { 0.0 };
    values.iter_mut().for_each(|value| *value = ((f64::from(*value) - mean) * scale) as f32);
}

/// The sum of what becomes of the open values: in eight sums side by side, which run through a large catalogue several times
/// as fast as one.
fn sum_open(values: &[f32], open: &[bool], of: impl Fn(f64) -> f64) -> f64 {
    let one = |(&value, &open): (&f32, &bool)| if open { of(f64::from(value)) } else { 0.0 };
    let ((values, rest), (open, open_rest)) = (values.as_chunks::<8>(), open.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (values, open) in values.iter().zip(open) {
        for (sum, pair) in sums.iter_mut().zip(values.iter().zip(open)) {
            *sum += one(pair);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().zip(open_rest).map(one).sum::<f64>()
}

/// How far each item's ratings lie above the mean of all, (items).
fn mean_ratings(histories: &[&[Interaction]], items: usize) -> Vec<f32> {
    let rated =
        || histories.iter().flat_map(|history| history.iter()).filter_map(|event| Some((event.item, event.rating?)));
    let mean = rated().map(|(_, rating)| f64::from(rating)).sum::<f64>() / rated().count().max(1) as f64;
    let (mut sums, mut counts) = (vec![0.0; items], vec![RATING_PRIOR; items]);
    for (item, rating) in rated() {
        sums[item] += rating - mean as f32;
        counts[item] += 1.0;
    }
    sums.iter().zip(counts).map(|(sum, count)| sum / count).collect()
}
