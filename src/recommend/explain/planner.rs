//! Chooses what to say: facts that the records hold, before a word is written.

use super::{
    Claim, Influence,
    plan::{Alternatives, Aspect, Plan, Titled},
};
use crate::recommend::{
    Catalogue, Interaction, Interactions, Item,
    catalogue::{GENRES, YEAR},
    dense::dot,
    interactions::liked,
    retrieve::Semantic,
};

/// How many of the latest liked items may be an anchor.
pub(super) const ANCHORS: usize = 50;
/// What an anchor that explains another item of the list already is worth less: variety, where choices are close.
const USED_ANCHOR_PENALTY: f32 = 0.2;
/// What it counts that the score rests on an anchor, beside what both items have in common.
const INFLUENCE: f32 = 3.0;
/// Of the best anchor's worth, what another one must have to be an alternative.
const ALTERNATIVE: f32 = 0.7;
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
    semantic: Option<&'a Semantic>,
    influence: Option<Influence>,
}

impl<'a> Planner<'a> {
    /// Looks who liked what.
    pub fn new(catalogue: &'a Catalogue, interactions: &'a Interactions) -> Self {
        let mut likers = vec![Vec::new(); catalogue.len()];
        for (user, history) in interactions.histories().iter().enumerate() {
            liked(history).for_each(|event| likers[event.item].push(user));
        }
        likers.iter_mut().for_each(Vec::dedup);
        Self { catalogue, interactions, likers, semantic: None, influence: None }
    }

    /// Has near texts count, too, where items have vectors.
    #[must_use]
    pub fn with_texts(self, semantic: Option<&'a Semantic>) -> Self {
        Self { semantic, ..self }
    }

    /// Has lists explained by what their scores rest on. It is one list's: the next list needs its own.
    #[must_use]
    pub fn with_influence(self, influence: Influence) -> Self {
        Self { influence: Some(influence), ..self }
    }

    /// Plans the explanations of a list for one user of the interactions.
    pub fn plan(&self, user: usize, items: &[usize]) -> Vec<Plan> {
        self.alternatives(user, items, 1).into_iter().map(|plans| plans.first).collect()
    }

    /// Plans the explanations of a list for somebody of whom nothing is recorded. `history` is what they say that they
    /// had, oldest first: the claims name the request as its record. With an empty history, items are explained by
    /// themselves.
    pub fn plan_new(&self, history: &[Interaction], items: &[usize]) -> Vec<Plan> {
        self.alternatives_new(history, items, 1).into_iter().map(|plans| plans.first).collect()
    }

    /// As [`plan`](Self::plan), with up to `most` plans for each item, which name different items as its reason.
    pub fn alternatives(&self, user: usize, items: &[usize], most: usize) -> Vec<Alternatives> {
        let reader = Reader::Known(self.interactions.user_id(user));
        self.plan_list(reader, self.interactions.history(user), items, most)
    }

    /// As [`plan_new`](Self::plan_new), with up to `most` plans for each item.
    pub fn alternatives_new(&self, history: &[Interaction], items: &[usize], most: usize) -> Vec<Alternatives> {
        self.plan_list(Reader::New, history, items, most)
    }

    fn plan_list(
        &self,
        reader: Reader<'_>,
        history: &[Interaction],
        items: &[usize],
        most: usize,
    ) -> Vec<Alternatives> {
        let mut used = Vec::new();
        let plan = |&item: &usize| {
            let anchors = self.anchors(history, item, &used);
            used.extend(anchors.first().map(|anchor| anchor.event.item));
            let Some(best) = anchors.first() else { return self.plan_alone(item).into() };
            let plan = |anchor: &Anchor<'_>| self.plan_with(reader, anchor, item);
            let others = anchors.iter().skip(1).take_while(|other| other.worth >= ALTERNATIVE * best.worth);
            // What two titles have nothing in common of gives a sentence without a reason.
            let others = others.map(plan).filter(Plan::has_reason).take(most.saturating_sub(1)).collect();
            Alternatives { first: plan(best), others }
        };
        items.iter().map(plan).collect()
    }

    /// The liked items that explain another one, best first: by common genres, by users who liked both, by near texts, and
    /// by what they count for its score.
    fn anchors<'h>(&self, history: &'h [Interaction], item: usize, used: &[usize]) -> Vec<Anchor<'h>> {
        let title = |item: usize| Titled::new(&self.catalogue[item]).title.to_lowercase();
        let own = title(item);
        // An item of the same title could not be told from the recommended one.
        let others = liked(history).rev().filter(|event| title(event.item) != own).take(ANCHORS);
        let anchor = |event: &'h Interaction| {
            let (nearness, most) = self.nearness(event.item, item);
            let influence = self.influence.as_ref().map(|influence| INFLUENCE * influence.share(event.item, item));
            let (sum, most) = (nearness + influence.unwrap_or(0.0), most + influence.map_or(0.0, |_| INFLUENCE));
            let times = used.iter().filter(|&&used| used == event.item).count() as f32;
            Anchor { event, worth: sum - USED_ANCHOR_PENALTY * times, relevance: sum / most }
        };
        let mut anchors: Vec<Anchor<'h>> = others.map(anchor).collect();
        // Stable: of equal ones the latest stays first.
        anchors.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        anchors
    }

    /// What two items have in common, and the most that could be.
    fn nearness(&self, anchor: usize, item: usize) -> (f32, f32) {
        let (a, b) = (self.catalogue[anchor].genres(), self.catalogue[item].genres());
        let common = a.iter().filter(|genre| b.contains(genre)).count() as f32;
        let genres = common / ((a.len() + b.len()) as f32).max(1.0) * 2.0;
        let (a, b) = (self.likers[anchor].len() as f32, self.likers[item].len() as f32);
        let together = self.liked_both(anchor, item) as f32 / (a * b).sqrt().max(1.0);
        match self.semantic {
            Some(semantic) => {
                let near = dot(semantic.vector(anchor), semantic.vector(item)).clamp(0.0, 1.0);
                (genres + together + near, 3.0)
            }
            None => (genres + together, 2.0),
        }
    }

    fn liked_both(&self, a: usize, b: usize) -> usize {
        let b = &self.likers[b];
        self.likers[a].iter().filter(|user| b.binary_search(user).is_ok()).count()
    }

    fn plan_with(&self, reader: Reader<'_>, &Anchor { event, relevance, .. }: &Anchor<'_>, index: usize) -> Plan {
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
        Plan { item, anchor, genres, decade, liked_by, rating: event.rating, relevance, claims }
    }

    fn plan_alone(&self, index: usize) -> Plan {
        let item = &self.catalogue[index];
        let genres = item.genres().to_vec();
        let claims = (!genres.is_empty()).then(|| genre_claim(item, &genres)).into_iter().chain(year_claim(item));
        Plan { claims: claims.collect(), genres, ..Plan::of(Titled::new(item)) }
    }
}

/// A liked item that may explain another one.
struct Anchor<'h> {
    event: &'h Interaction,
    /// What it is ordered by.
    worth: f32,
    /// How much it has to do with the other one, from 0 to 1.
    relevance: f32,
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
