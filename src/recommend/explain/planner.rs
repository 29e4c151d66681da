//! Chooses what to say: facts that the records hold, before a word is written.

use super::{
    Claim,
    plan::{Aspect, Plan, Titled},
};
use crate::recommend::{
    Catalogue, Interaction, Interactions, Item,
    catalogue::{GENRES, YEAR},
    interactions::liked,
};

/// How many of the latest liked items may be an anchor.
const ANCHORS: usize = 50;
/// What an anchor that explains another item of the list already is worth less: variety, where choices are close.
const USED_ANCHOR_PENALTY: f32 = 0.2;
/// The fewest users who liked both items that are worth a word.
const FEWEST_LIKERS: usize = 2;

/// Who a list is for.
#[derive(Clone, Copy)]
enum Reader<'a> {
    /// A user of the interactions, by id.
    Known(&'a str),
    /// Somebody who came with a request.
    New,
}

/// Plans explanations from the records. An item is explained by one that the user liked, its anchor.
#[derive(Debug)]
pub struct Planner<'a> {
    catalogue: &'a Catalogue,
    interactions: &'a Interactions,
    /// Who liked each item, ascending.
    likers: Vec<Vec<usize>>,
}

impl<'a> Planner<'a> {
    /// Looks who liked what.
    pub fn new(catalogue: &'a Catalogue, interactions: &'a Interactions) -> Self {
        let mut likers = vec![Vec::new(); catalogue.len()];
        for (user, history) in interactions.histories().iter().enumerate() {
            liked(history).for_each(|event| likers[event.item].push(user));
        }
        likers.iter_mut().for_each(Vec::dedup);
        Self { catalogue, interactions, likers }
    }

    /// Plans the explanations of a list for one user of the interactions.
    pub fn plan(&self, user: usize, items: &[usize]) -> Vec<Plan> {
        self.plan_list(Reader::Known(self.interactions.user_id(user)), self.interactions.history(user), items)
    }

    /// Plans the explanations of a list for somebody of whom nothing is recorded. `history` is what they say that they
    /// had, oldest first: the claims name the request as its record. With an empty history, items are explained by
    /// themselves.
    pub fn plan_new(&self, history: &[Interaction], items: &[usize]) -> Vec<Plan> {
        self.plan_list(Reader::New, history, items)
    }

    fn plan_list(&self, reader: Reader<'_>, history: &[Interaction], items: &[usize]) -> Vec<Plan> {
        let mut used = Vec::new();
        let plan = |&item: &usize| {
            let anchor = self.anchor(history, item, &used);
            used.extend(anchor.map(|event| event.item));
            match anchor {
                Some(event) => self.plan_with(reader, event, item),
                None => self.plan_alone(item),
            }
        };
        items.iter().map(plan).collect()
    }

    /// The liked item that explains another one best: by common genres, and by users who liked both.
    fn anchor<'h>(&self, history: &'h [Interaction], item: usize, used: &[usize]) -> Option<&'h Interaction> {
        let fit = |event: &Interaction| {
            let (a, b) = (self.catalogue[event.item].genres(), self.catalogue[item].genres());
            let common = a.iter().filter(|genre| b.contains(genre)).count() as f32;
            let genres = common / ((a.len() + b.len()) as f32).max(1.0) * 2.0;
            let (a, b) = (self.likers[event.item].len() as f32, self.likers[item].len() as f32);
            let together = self.liked_both(event.item, item) as f32 / (a * b).sqrt().max(1.0);
            let times = used.iter().filter(|&&used| used == event.item).count() as f32;
            genres + together - USED_ANCHOR_PENALTY * times
        };
        let title = |item: usize| Titled::new(&self.catalogue[item]).title.to_lowercase();
        let own = title(item);
        // An item of the same title could not be told from the recommended one.
        let others = liked(history).rev().filter(|event| title(event.item) != own).take(ANCHORS);
        others
            .map(|event| (fit(event), event))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|best| best.1)
    }

    fn liked_both(&self, a: usize, b: usize) -> usize {
        let b = &self.likers[b];
        self.likers[a].iter().filter(|user| b.binary_search(user).is_ok()).count()
    }

    fn plan_with(&self, reader: Reader<'_>, event: &Interaction, index: usize) -> Plan {
        let (anchor, item) = (&self.catalogue[event.item], &self.catalogue[index]);
        let genres: Vec<String> = item.genres().iter().filter(|g| anchor.genres().contains(g)).cloned().collect();
        let decade = |item: &Item| item.year().map(|year| year.div_euclid(10) * 10);
        let decade = decade(item).filter(|_| decade(item) == decade(anchor));
        let liked_by = Some(self.liked_both(event.item, index)).filter(|&users| users >= FEWEST_LIKERS).unwrap_or(0);
        let mut claims = vec![liked_claim(reader, event, anchor)];
        for item in [anchor, item] {
            claims.extend((!genres.is_empty()).then(|| genre_claim(item, &genres)));
            claims.extend(year_claim(item));
        }
        if liked_by > 0 {
            let text = format!("{liked_by} users liked both {} and {}", anchor.full_title(), item.full_title());
            let record = format!("{}+{}", anchor.id, item.id);
            claims.push((Aspect::Together, Claim { text, source: "interactions", record, field: "rating".into() }));
        }
        let (item, anchor) = (Titled::new(item), Some(Titled::new(anchor)));
        Plan { item, anchor, genres, decade, liked_by, rating: event.rating, claims }
    }

    fn plan_alone(&self, index: usize) -> Plan {
        let item = &self.catalogue[index];
        let genres = item.genres().to_vec();
        let claims = (!genres.is_empty()).then(|| genre_claim(item, &genres)).into_iter().chain(year_claim(item));
        Plan { claims: claims.collect(), genres, ..Plan::of(Titled::new(item)) }
    }
}

fn liked_claim(reader: Reader<'_>, event: &Interaction, item: &Item) -> (Aspect, Claim) {
    let title = item.full_title();
    let (text, field) = match event.rating {
        Some(rating) => (format!("you rated {title} {rating}"), "rating"),
        None => (format!("{title} is in your history"), "item_id"),
    };
    let (source, record) = match reader {
        Reader::Known(user) => ("interactions", format!("{user}/{}", item.id)),
        Reader::New => ("request", item.id.clone()),
    };
    (Aspect::Liked, Claim { text, source, record, field: field.into() })
}

fn genre_claim(item: &Item, genres: &[String]) -> (Aspect, Claim) {
    let text = format!("{} is tagged {}", item.full_title(), genres.join(", "));
    (Aspect::Genres, Claim { text, source: "items", record: item.id.clone(), field: GENRES.into() })
}

fn year_claim(item: &Item) -> Option<(Aspect, Claim)> {
    let text = format!("{} came out in {}", item.short_title(), item.year()?);
    Some((Aspect::Time, Claim { text, source: "items", record: item.id.clone(), field: YEAR.into() }))
}
