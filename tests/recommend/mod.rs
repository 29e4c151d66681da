//! The recommender on real and on made-up data: the protocol against published figures, what is learned and what must
//! not be, and people and items that nothing is known of.

mod align;
mod chat;
mod cold;
mod learning;
mod protocol;
mod system;

use docent::recommend::{Catalogue, Interaction, Interactions, Item};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// Items without any record but a title.
fn catalogue(items: usize) -> Catalogue {
    let item = |item: usize| Item { id: item.to_string(), title: format!("Title {item}"), ..Item::default() };
    Catalogue::new((0..items).map(item).collect())
}

/// Histories whose items say nothing of each other: each drawn from the whole catalogue.
fn noise(users: usize, items: usize, length: usize) -> Interactions {
    tastes(users, items, length, 1)
}

/// Histories of people of some tastes: four of five items are drawn from those of the own taste, the others from all.
fn tastes(users: usize, items: usize, length: usize, tastes: usize) -> Interactions {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let history = |user: usize| {
        let mut open: Vec<usize> = (0..items).collect();
        let mut draw = || {
            let own: Vec<usize> = (0..open.len()).filter(|&at| open[at] % tastes == user % tastes).collect();
            let all = rng.next_u32() % 5 == 0 || own.is_empty();
            let at = rng.next_u32() as usize % if all { open.len() } else { own.len() };
            open.swap_remove(if all { at } else { own[at] })
        };
        let event = |place: usize| Interaction {
            user,
            item: draw(),
            rating: Some((place % 5) as f32 + 1.0),
            timestamp: Some(1_000_000_000 + (user * 1000 + place * 60) as i64),
        };
        (user.to_string(), (0..length).map(event).collect())
    };
    Interactions::from_histories((0..users).map(history).collect::<Vec<_>>())
}
