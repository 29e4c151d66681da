//! People of whom nothing is recorded, and items that nobody has had yet.

use docent::{
    engine::Embeddings,
    recommend::{Filter, Interaction, Item, Query, Recommender, Source},
};

use super::{catalogue, noise};

const ITEMS: usize = 40;

/// Vectors on a circle: each item is nearest to those beside it.
fn vectors(items: usize) -> Embeddings {
    let angle = |item: usize| item as f32 / items as f32 * std::f32::consts::TAU;
    let values = (0..items).flat_map(|item| [angle(item).cos(), angle(item).sin()]).collect();
    Embeddings { values, width: 2, tokens: 0 }
}

fn recommender() -> Recommender {
    let interactions = noise(30, ITEMS - 2, 8);
    Recommender::new(catalogue(ITEMS), interactions, Some(vectors(ITEMS))).expect("a recommender")
}

#[test]
fn somebody_new_gets_what_is_near_to_what_they_name() {
    let recommender = recommender();
    let history = recommender.liked(&["10".into(), "11".into()]).expect("items of the catalogue");
    let list = recommender.recommend(&Query::of(&history), ITEMS, None).expect("a list");
    assert_eq!(list.len(), ITEMS - 2, "everything but what they have");
    assert!(list.iter().all(|candidate| ![10, 11].contains(&candidate.item)));
    assert!(list.is_sorted_by(|a, b| a.score >= b.score));
    let error = recommender.liked(&["99".into()]).expect_err("there is none");
    assert_eq!(error.to_string(), "there is no item `99` among 40 items");
    assert_eq!(error.hint().as_deref(), Some("there are `0`, `1`, `2`"));
}

#[test]
fn an_item_that_nobody_has_is_found_by_its_text() {
    let recommender = recommender();
    let vector = vectors(ITEMS);
    let text = &vector.values[2 * (ITEMS - 1)..];
    let found = recommender.search(text, 3, None).expect("a list");
    assert_eq!(found[0].item, ITEMS - 1);
    assert!(found[0].score > 0.99 && found[0].sources[0].source == Source::Semantic);
    let query = Query { history: &[], text: Some(text) };
    let list = recommender.recommend(&query, 8, None).expect("a list");
    assert!(list.iter().any(|candidate| candidate.item == ITEMS - 1), "{list:?}");
}

#[test]
fn nobody_at_all_gets_a_list_too() {
    let list = recommender().recommend(&Query::default(), 10, None).expect("a list");
    assert_eq!(list.len(), 10);
    assert!(list.iter().all(|candidate| candidate.score.is_finite()), "{list:?}");
}

#[test]
fn a_condition_holds_for_every_item_of_the_list() {
    let recommender = recommender();
    let filter = Filter::parse("title contains \"Title 1\"", recommender.catalogue()).expect("a condition");
    let history = recommender.interactions().history(0).to_vec();
    let list = recommender.recommend(&Query::of(&history), ITEMS, Some(&filter)).expect("a list");
    let title = |item: usize| &recommender.catalogue()[item].title;
    assert!(!list.is_empty() && list.iter().all(|candidate| title(candidate.item).contains("Title 1")));
}

#[test]
fn items_without_any_interaction_are_a_catalogue_too() {
    let interactions = docent::recommend::Interactions::default();
    let recommender = Recommender::new(catalogue(5), interactions, None).expect("a recommender");
    let history = [Interaction { user: 0, item: 2, rating: None, timestamp: None }];
    assert_eq!(recommender.recommend(&Query::of(&history), 10, None).expect("a list").len(), 4);
    let empty = Recommender::new(docent::recommend::Catalogue::new(Vec::<Item>::new()), Default::default(), None);
    assert!(empty.expect("a recommender").recommend(&Query::default(), 3, None).expect("a list").is_empty());
}
