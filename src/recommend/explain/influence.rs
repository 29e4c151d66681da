//! What the interactions of a history count for the items of a list: how much an item's score falls without them.
//!
//! What an explanation names as its reason should be one: an item that the score hardly depends on is none, however
//! similar it is. So each liked item is dropped from the history in turn, and the list is scored again by the models as
//! they are (leave-one-out attribution; DeYoung et al. 2020 call what is then lost *comprehensiveness*).

use std::collections::HashMap;

use rayon::prelude::*;

use super::planner::ANCHORS;
use crate::recommend::{
    Query, Recommender, Result,
    interactions::{liked, without},
};

/// What liked items count for the items of one list.
#[derive(Clone, Debug, Default)]
pub struct Influence {
    /// What is lost without the first item, for the second one, as a share of the most that is lost without any.
    shares: HashMap<(usize, usize), f32>,
}

impl Influence {
    /// Drops each of the latest liked items of somebody in turn, and scores some items again.
    ///
    /// # Errors
    /// If a model fails.
    pub fn of(recommender: &Recommender, query: &Query<'_>, items: &[usize]) -> Result<Self> {
        let mut dropped: Vec<usize> = liked(query.history).rev().take(ANCHORS).map(|event| event.item).collect();
        dropped.sort_unstable();
        dropped.dedup();
        let open = recommender.open_items(query.history, None);
        let all = recommender.scores_of(query, items, &open)?;
        let lost = |&item: &usize| -> Result<Vec<f32>> {
            let history = without(query.history, &[item]);
            let rest = recommender.scores_of(&Query { history: &history, ..*query }, items, &open)?;
            Ok(all.iter().zip(rest).map(|(all, rest)| (all - rest).max(0.0)).collect())
        };
        let lost: Vec<Vec<f32>> = dropped.par_iter().map(lost).collect::<Result<_>>()?;
        let mut shares = HashMap::with_capacity(dropped.len() * items.len());
        for (place, &item) in items.iter().enumerate() {
            let most = lost.iter().map(|lost| lost[place]).fold(f32::MIN_POSITIVE, f32::max);
            shares.extend(dropped.iter().zip(&lost).map(|(&dropped, lost)| ((dropped, item), lost[place] / most)));
        }
        Ok(Self { shares })
    }

    /// What a liked item counts for an item of the list, from 0 to 1: 1 for the one that counts most.
    pub fn share(&self, liked: usize, item: usize) -> f32 {
        self.shares.get(&(liked, item)).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{
        Attribute, Catalogue, Interaction, Interactions, Item, catalogue::GENRES, explain::Planner,
    };

    #[test]
    fn what_a_score_rests_on_is_named_before_what_is_like_it() {
        let item = |id: usize| {
            let genre = if id == 1 || id == 2 { "War" } else { "Comedy" };
            let genres = Attribute::Many(vec![genre.into()]);
            let attributes = vec![(GENRES.to_owned(), genres)];
            Item { id: id.to_string(), title: format!("Title {id}"), attributes, ..Item::default() }
        };
        let event = |user, item, rating| Interaction { user, item, rating: Some(rating), timestamp: None };
        // Whoever has the first one has the second one, and likes neither.
        let history = |user: usize| {
            let pair = [event(user, user % 3 * 2, 1.0), event(user, user % 3 * 2 + 1, 1.0), event(user, 7, 5.0)];
            (user.to_string(), pair.to_vec())
        };
        let interactions = Interactions::from_histories((0..60).map(history));
        let recommender = Recommender::new(Catalogue::new((0..8).map(item).collect()), interactions, None).unwrap();
        let somebody = [event(0, 0, 5.0), event(0, 2, 5.0), event(0, 4, 5.0)];
        let influence = Influence::of(&recommender, &Query::of(&somebody), &[1]).unwrap();
        assert_eq!((influence.share(0, 1), influence.share(0, 3), influence.share(7, 1)), (1.0, 0.0, 0.0));
        assert!(influence.share(2, 1) < 1.0);
        let planner = || Planner::new(recommender.catalogue(), recommender.interactions());
        let anchor =
            |planner: Planner<'_>| planner.plan_new(&somebody, &[1])[0].anchor.clone().expect("an anchor").title;
        assert_eq!(anchor(planner()), "Title 2");
        assert_eq!(anchor(planner().with_influence(influence.clone())), "Title 0");
        let plans = planner().with_influence(influence).alternatives_new(&somebody, &[1], 3);
        assert!(plans[0].first.relevance > 0.5 && plans[0].get(9) == &plans[0].first);
    }
}
