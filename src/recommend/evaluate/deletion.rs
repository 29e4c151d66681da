//! Whether an explanation names what the score rests on: the items of the history that it names are dropped, and as many
//! others, drawn; the score should fall further without those that were named.
//!
//! This is the *comprehensiveness* of a rationale (DeYoung et al., *ERASER*, 2020), against chance. No model is trained
//! anew: the one that recommended scores again, of the same items.

use std::collections::BTreeSet;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::recommend::{
    Interaction, Query, Recommender, Result,
    draw::{below, shuffle},
    interactions::without,
};

/// How often as many others are drawn, for each explanation.
pub const DRAWS: usize = 10;

/// How often, from 0 to 1, the score of an item falls further without the named items of a history than without as many
/// others; none if none is named, or there are not as many others.
///
/// # Errors
/// If a model fails.
pub fn deletion_faithfulness(
    recommender: &Recommender,
    history: &[Interaction],
    item: usize,
    named: &[usize],
    seed: u64,
) -> Result<Option<f64>> {
    let all: BTreeSet<usize> = history.iter().map(|event| event.item).collect();
    let named: Vec<usize> = named.iter().copied().filter(|item| all.contains(item)).collect();
    let mut others: Vec<usize> = all.into_iter().filter(|item| !named.contains(item)).collect();
    if named.is_empty() || others.len() < named.len() {
        return Ok(None);
    }
    let open = recommender.open_items(history, None);
    let score = |dropped: &[usize]| -> Result<f32> {
        let rest = without(history, dropped);
        let scores = recommender.scores_of(&Query::of(&rest), &[item], &open)?;
        Ok(scores.first().copied().unwrap_or_default())
    };
    let without_named = score(&named)?;
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ (item as u64) << 32);
    let mut further = 0;
    for _ in 0..DRAWS {
        let drawn = draw(&mut others, named.len(), &mut rng);
        further += usize::from(without_named < score(drawn)?);
    }
    Ok(Some(further as f64 / DRAWS as f64))
}

/// So many different ones of some items, which change their order.
fn draw<'a>(items: &'a mut [usize], count: usize, rng: &mut ChaCha8Rng) -> &'a [usize] {
    match count {
        1 => {
            let at = below(rng, items.len());
            &items[at..=at]
        }
        _ => {
            shuffle(items, rng);
            &items[..count]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Catalogue, Interactions, Item};

    #[test]
    fn naming_what_a_score_rests_on_is_faithful_and_naming_the_rest_is_not() {
        let item = |id: usize| Item { id: id.to_string(), title: format!("Title {id}"), ..Item::default() };
        let event = |user, item| Interaction { user, item, rating: None, timestamp: None };
        // Two items each that everybody has together: the first, the third and the fifth with the one behind it.
        let history = |user: usize| (user.to_string(), [0, 1].map(|at| event(user, user % 3 * 2 + at)).to_vec());
        let interactions = Interactions::from_histories((0..60).map(history));
        let recommender = Recommender::new(Catalogue::new((0..8).map(item).collect()), interactions, None).unwrap();
        let somebody: Vec<Interaction> = [2, 0, 4, 6].map(|item| event(0, item)).to_vec();
        let faithful = |named: &[usize]| deletion_faithfulness(&recommender, &somebody, 1, named, 7).unwrap();
        assert_eq!(faithful(&[0]), Some(1.0));
        assert!(faithful(&[6]).is_some_and(|share| share < 1.0));
        assert_eq!(faithful(&[0, 6]), Some(1.0), "as many as are named are drawn");
        assert_eq!((faithful(&[]), faithful(&[5]), faithful(&[0, 2, 4])), (None, None, None));
    }
}
