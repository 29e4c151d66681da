//! Writes the rich fixture: films that do not exist, people with tastes, what they did, and facts.
//!
//!     cargo run --release --example rich_fixture -- FOLDER [SEED] [ITEMS] [USERS] [INTERACTIONS]
//!
//! FOLDER receives `items.jsonl`, `interactions.csv`, `users.csv`, `knowledge.csv`, as `docent index` reads them, and
//! `truth.json`. The same numbers give the same bytes.

use std::{error::Error, path::Path};

use docent::recommend::fixture::{Fixture, FixtureOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((folder, numbers)) = arguments.split_first() else {
        return Err("expected FOLDER [SEED] [ITEMS] [USERS] [INTERACTIONS]".into());
    };
    let number = |place: usize, default: usize| match numbers.get(place) {
        Some(text) => text.parse().map_err(|error| format!("`{text}` is no number: {error}")),
        None => Ok(default),
    };
    let FixtureOptions { seed, items, users, interactions } = FixtureOptions::default();
    let options = FixtureOptions {
        seed: number(0, seed as usize)? as u64,
        items: number(1, items)?,
        users: number(2, users)?,
        interactions: number(3, interactions)?,
    };
    let fixture = Fixture::generate(&options);
    fixture.write(Path::new(folder))?;
    let (items, events) = (fixture.items.len(), fixture.interactions.len());
    eprintln!("{folder}: {items} items, {events} interactions of {} users", fixture.users.len());
    Ok(())
}
