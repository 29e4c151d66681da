//! The interactions: `user_id`, `item_id`, `rating`, `timestamp`, `review`, each user's in their order.

use std::sync::Arc;

use arrow_array::{Array, Float32Array, Int64Array, StringArray};
use arrow_schema::{DataType, Field};

use super::table::{self, content, optional, texts};
use crate::recommend::{Catalogue, Interactions, interactions::Gathering, store::StoreFault};

const COLUMNS: [&str; 5] = ["user_id", "item_id", "rating", "timestamp", "review"];

pub(in crate::recommend::store) fn encode(
    interactions: &Interactions,
    catalogue: &Catalogue,
) -> Result<Vec<u8>, StoreFault> {
    let [user, item, rating, timestamp, review] = COLUMNS;
    let fields = vec![
        texts(user, false),
        texts(item, false),
        Field::new(rating, DataType::Float32, true),
        Field::new(timestamp, DataType::Int64, true),
        texts(review, true),
    ];
    let places = |(user, history): (usize, &Vec<_>)| (0..history.len()).map(move |place| (user, place));
    let rows: Vec<(usize, usize)> = interactions.histories().iter().enumerate().flat_map(places).collect();
    let event = |&(user, place): &(usize, usize)| interactions.history(user)[place];
    table::encode(fields, &rows, |rows| {
        let events = || rows.iter().map(event);
        vec![
            Arc::new(StringArray::from_iter_values(events().map(|event| interactions.user_id(event.user)))),
            Arc::new(StringArray::from_iter_values(events().map(|event| &catalogue[event.item].id))),
            Arc::new(Float32Array::from_iter(events().map(|event| event.rating))),
            Arc::new(Int64Array::from_iter(events().map(|event| event.timestamp))),
            Arc::new(StringArray::from_iter(rows.iter().map(|&(user, place)| interactions.review(user, place)))),
        ]
    })
}

pub(in crate::recommend::store) fn decode(
    bytes: Vec<u8>,
    catalogue: &Catalogue,
    skipped: usize,
) -> Result<Interactions, StoreFault> {
    let mut gathering = Gathering::new(skipped);
    table::decode(bytes, |batch| {
        let [users, items, reviews] = [batch.texts(COLUMNS[0])?, batch.texts(COLUMNS[1])?, batch.texts(COLUMNS[4])?];
        let (ratings, timestamps) = (batch.singles(COLUMNS[2])?, batch.integers(COLUMNS[3])?);
        for row in 0..batch.len() {
            let id = items.value(row);
            let unknown = || content(format!("item `{id}` is not in the catalogue"));
            let item = catalogue.index(id).ok_or_else(unknown)?;
            let rating = ratings.is_valid(row).then(|| ratings.value(row));
            let timestamp = timestamps.is_valid(row).then(|| timestamps.value(row));
            gathering.push(users.value(row), item, rating, timestamp, optional(reviews, row));
        }
        Ok(())
    })?;
    Ok(gathering.finish(catalogue))
}
