//! What the records of items say beside their texts: categories and years, against those of a history.

use std::collections::HashMap;

use crate::recommend::{Catalogue, Item, sparse::Sparse};

/// Years in which nearness falls to a third.
const NEAR: f32 = 2.0;
/// The share of everybody's years that is mixed into a history's, so that no year is impossible.
const MIXED: f32 = 0.02;
/// What every year has beside its users.
const PRIOR: f32 = 5.0;

/// Categories that are told apart one by one: a bit each.
pub const CATEGORIES: usize = 32;

/// The categories of items as vectors of length 1 whose rare categories count more.
#[derive(Clone, Debug)]
pub(super) struct Categories {
    /// (items, categories)
    items: Sparse,
    /// (categories, items)
    by_category: Sparse,
    /// All names, the most common first, equally common ones in the order of the alphabet, with their places.
    names: Vec<(String, u32)>,
    /// Which of the categories that are told apart each item has, by bits; (items)
    bits: Vec<u32>,
}

impl Categories {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        Self::of(catalogue.items().iter().map(|item| item.genres().iter().map(String::as_str)))
    }

    /// Of the names that each item has.
    pub(super) fn of<'n>(items: impl ExactSizeIterator<Item: Iterator<Item = &'n str>>) -> Self {
        let all = items.len();
        let mut ids = HashMap::new();
        let mut count = Vec::<f32>::new();
        let mut rows: Vec<Vec<(u32, f32)>> = Vec::with_capacity(all);
        for names in items {
            let mut row: Vec<u32> = Vec::new();
            for name in names {
                let next = ids.len() as u32;
                let id = *ids.entry(name).or_insert(next);
                if id as usize == count.len() {
                    count.push(0.0);
                }
                if !row.contains(&id) {
                    count[id as usize] += 1.0;
                    row.push(id);
                }
            }
            row.sort_unstable();
            rows.push(row.into_iter().map(|id| (id, 1.0)).collect());
        }
        for row in &mut rows {
            row.iter_mut().for_each(|(id, value)| *value = (all as f32 / (count[*id as usize] + 1.0)).ln());
            let length = row.iter().map(|(_, value)| value * value).sum::<f32>().sqrt().max(1e-9);
            row.iter_mut().for_each(|(_, value)| *value /= length);
        }
        let mut names: Vec<(&str, u32)> = ids.into_iter().collect();
        names.sort_by(|a, b| count[b.1 as usize].total_cmp(&count[a.1 as usize]).then(a.0.cmp(b.0)));
        let names: Vec<(String, u32)> = names.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
        let items = Sparse::from_rows(rows);
        let mut categories = Self { by_category: items.transposed(count.len()), items, names, bits: Vec::new() };
        categories.tell_apart(&categories.common());
        categories
    }

    /// The names of the most common categories, at most as many as are told apart.
    pub(super) fn common(&self) -> Vec<String> {
        self.names.iter().take(CATEGORIES).map(|(name, _)| name.clone()).collect()
    }

    /// Gives each of some names its bit, in their order.
    pub(super) fn tell_apart(&mut self, names: &[String]) {
        let mut bits = vec![0; self.by_category.rows()];
        for (bit, name) in names.iter().take(CATEGORIES).enumerate() {
            if let Some((_, id)) = self.names.iter().find(|(known, _)| known == name) {
                bits[*id as usize] = 1 << bit;
            }
        }
        let mask = |item: usize| self.items.row(item).fold(0, |mask, (id, _)| mask | bits[id as usize]);
        self.bits = (0..self.items.rows()).map(mask).collect();
    }

    /// Which of the categories that are told apart an item has.
    pub(super) fn bits(&self, item: usize) -> u32 {
        self.bits[item]
    }

    /// The cosine of each item's categories with the weighted ones of a history, (items).
    pub(super) fn scores(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        let mut profile = vec![0.0; self.by_category.rows()];
        self.items.add_rows(weights.iter().copied(), &mut profile);
        let length = profile.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-9);
        let mut scores = vec![0.0; self.items.rows()];
        self.by_category.add_rows(profile.iter().map(|value| value / length).enumerate(), &mut scores);
        scores
    }
}

/// The years in which items came out.
#[derive(Clone, Debug)]
pub(super) struct Years {
    first: i32,
    /// The place of each item's year; that of the median for items without one. (items)
    places: Vec<usize>,
    /// Everybody's share of each year, blurred; (years)
    usual: Vec<f32>,
}

impl Years {
    /// Takes the years from the records; `users` says how many users each item has, (items). None if no item has one.
    pub(super) fn new(catalogue: &Catalogue, users: &[f32]) -> Option<Self> {
        let mut known: Vec<i32> = catalogue.items().iter().filter_map(Item::year).collect();
        known.sort_unstable();
        // A year far away from all others is a slip of the record, and must not blow the table up.
        let (low, high) = (known.get(known.len() / 1000)?, known.get(known.len() - 1 - known.len() / 1000)?);
        let (median, first, last) = (known[known.len() / 2], *low, *high.min(&(low.saturating_add(2000))));
        let place = |year: i32| (year.clamp(first, last) - first) as usize;
        let places: Vec<usize> = catalogue.items().iter().map(|item| place(item.year().unwrap_or(median))).collect();
        let mut usual = vec![PRIOR; place(last) + 1];
        places.iter().zip(users).for_each(|(&place, users)| usual[place] += users);
        Some(Self { first, places, usual: blurred(&usual) })
    }

    /// The log-ratio of a history's share of each item's year, and those near it, to everybody's; (items).
    pub(super) fn scores(&self, weights: &[(usize, f32)]) -> Vec<f32> {
        let mut own = vec![0.0; self.usual.len()];
        weights.iter().for_each(|&(item, weight)| own[self.places[item]] += weight);
        let ratios: Vec<f32> =
            blurred(&own).iter().zip(&self.usual).map(|(own, usual)| ((own + MIXED * usual) / usual).ln()).collect();
        self.places.iter().map(|&place| ratios[place]).collect()
    }

    /// The logarithm of each item's age in the year `now` plus one, (items).
    pub(super) fn ages(&self, now: f64) -> Vec<f32> {
        let age = |&place: &usize| (now - f64::from(self.first) - place as f64).max(0.0).ln_1p() as f32;
        self.places.iter().map(age).collect()
    }

    /// Whether each item came out within two years before `now`, or later; (items).
    pub(super) fn new_releases(&self, now: f64) -> Vec<f32> {
        let is_new = |&place: &usize| f32::from(u8::from(now - f64::from(self.first) - (place as f64) < 2.0));
        self.places.iter().map(is_new).collect()
    }
}

/// Shares of a whole, each spread over the years near it; all 0 if there are none.
fn blurred(values: &[f32]) -> Vec<f32> {
    // Once forward and once backward: each year hands a part of all before it on to the next.
    let hand_on = (-1.0 / NEAR).exp();
    let mut blurred = values.to_vec();
    let mut before = 0.0;
    for (sum, value) in blurred.iter_mut().zip(values) {
        *sum += before;
        before = (before + value) * hand_on;
    }
    let mut after = 0.0;
    for (sum, value) in blurred.iter_mut().zip(values).rev() {
        *sum += after;
        after = (after + value) * hand_on;
    }
    let total = blurred.iter().sum::<f32>();
    if total > 0.0 {
        blurred.iter_mut().for_each(|value| *value /= total);
    }
    blurred
}
