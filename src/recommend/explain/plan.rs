//! What an explanation may say: facts that the records hold, chosen before a word is written.
//!
//! A recommended item is explained by one item that the user liked, its anchor. All facts but the titles are true of
//! both, so that no phrasing can ascribe one to the wrong item.

use super::Claim;
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

/// An item as texts name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Titled {
    /// Its title as people say it.
    pub title: String,
    /// When it came out.
    pub year: Option<i32>,
}

impl Titled {
    fn new(item: &Item) -> Self {
        Self { title: item.short_title(), year: item.year() }
    }
}

/// What may be said of one recommended item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The recommended item.
    pub item: Titled,
    /// The item that the user liked; none if nothing is known of the user.
    pub anchor: Option<Titled>,
    /// The genres of both; of the item alone if there is no anchor.
    pub genres: Vec<String>,
    /// The first year of the decade in which both came out.
    pub decade: Option<i32>,
    /// How many users liked both; 0 if they are too few to be mentioned.
    pub liked_by: usize,
    /// All of this as claims, with their records.
    pub claims: Vec<Claim>,
}

/// Plans explanations from the records.
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

    /// Plans the explanations of a list for one user.
    pub fn plan(&self, user: usize, items: &[usize]) -> Vec<Plan> {
        let mut used = Vec::new();
        let plan = |&item: &usize| {
            let anchor = self.anchor(self.interactions.history(user), item, &used);
            used.extend(anchor.map(|event| event.item));
            match anchor {
                Some(event) => self.plan_with(event, item),
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
            let genres = common / (a.len() + b.len()) as f32 * 2.0;
            let (a, b) = (self.likers[event.item].len() as f32, self.likers[item].len() as f32);
            let together = self.liked_both(event.item, item) as f32 / (a * b).sqrt().max(1.0);
            let penalty = if used.contains(&event.item) { USED_ANCHOR_PENALTY } else { 0.0 };
            if genres.is_nan() { together - penalty } else { genres + together - penalty }
        };
        let title = |item: usize| &self.catalogue[item].title;
        // An item of the same title could not be told from the recommended one.
        let others = liked(history).rev().filter(|event| title(event.item) != title(item)).take(ANCHORS);
        others
            .map(|event| (fit(event), event))
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|b| b.1)
    }

    fn liked_both(&self, a: usize, b: usize) -> usize {
        let b = &self.likers[b];
        self.likers[a].iter().filter(|user| b.binary_search(user).is_ok()).count()
    }

    fn plan_with(&self, event: &Interaction, index: usize) -> Plan {
        let (anchor, item) = (&self.catalogue[event.item], &self.catalogue[index]);
        let genres: Vec<String> = item.genres().iter().filter(|g| anchor.genres().contains(g)).cloned().collect();
        let decade = |item: &Item| item.year().map(|year| year.div_euclid(10) * 10);
        let decade = decade(item).filter(|_| decade(item) == decade(anchor));
        let liked_by = Some(self.liked_both(event.item, index)).filter(|&users| users >= FEWEST_LIKERS).unwrap_or(0);
        let mut claims = vec![self.liked_claim(event)];
        for item in [anchor, item] {
            claims.extend((!genres.is_empty()).then(|| genre_claim(item, &genres)));
            claims.extend(year_claim(item));
        }
        if liked_by > 0 {
            claims.push(Claim {
                text: format!("{liked_by} users liked both {} and {}", anchor.full_title(), item.full_title()),
                source: "interactions",
                record: format!("{}+{}", anchor.id, item.id),
                field: "rating".into(),
            });
        }
        Plan { item: Titled::new(item), anchor: Some(Titled::new(anchor)), genres, decade, liked_by, claims }
    }

    fn plan_alone(&self, index: usize) -> Plan {
        let item = &self.catalogue[index];
        let genres = item.genres().to_vec();
        let claims = (!genres.is_empty()).then(|| genre_claim(item, &genres)).into_iter().chain(year_claim(item));
        Plan { claims: claims.collect(), item: Titled::new(item), anchor: None, genres, decade: None, liked_by: 0 }
    }

    fn liked_claim(&self, event: &Interaction) -> Claim {
        let item = &self.catalogue[event.item];
        let (text, field) = match event.rating {
            Some(rating) => (format!("you rated {} {rating}", item.full_title()), "rating"),
            None => (format!("{} is in your history", item.full_title()), "item_id"),
        };
        let record = format!("{}/{}", self.interactions.user_id(event.user), item.id);
        Claim { text, source: "interactions", record, field: field.into() }
    }
}

fn genre_claim(item: &Item, genres: &[String]) -> Claim {
    let text = format!("{} is tagged {}", item.full_title(), genres.join(", "));
    Claim { text, source: "items", record: item.id.clone(), field: GENRES.into() }
}

fn year_claim(item: &Item) -> Option<Claim> {
    let text = format!("{} came out in {}", item.short_title(), item.year()?);
    Some(Claim { text, source: "items", record: item.id.clone(), field: YEAR.into() })
}
