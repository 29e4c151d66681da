//! The interactions: `user_id`, `item_id`, `rating`, `timestamp`, `review`, each user's in their order.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, Float32Array, Int64Array, StringArray};
use arrow_schema::{DataType, Field};

use super::table::{self, Repeated, Table, content, optional, texts};
use crate::recommend::{
    Catalogue, Interactions,
    interactions::{Event, Ordered},
    store::StoreFault,
};

const USER: &str = "user_id";
const ITEM: &str = "item_id";
const RATING: &str = "rating";
const TIMESTAMP: &str = "timestamp";
const REVIEW: &str = "review";
/// Those of which many rows have the same.
const REPEATED: [&str; 2] = [USER, ITEM];

pub(in crate::recommend::store) fn encode(
    interactions: &Interactions,
    catalogue: &Catalogue,
) -> Result<Vec<u8>, StoreFault> {
    let fields = vec![
        texts(USER, false),
        texts(ITEM, false),
        Field::new(RATING, DataType::Float32, true),
        Field::new(TIMESTAMP, DataType::Int64, true),
        texts(REVIEW, true),
    ];
    let places = |(user, history): (usize, &Vec<_>)| (0..history.len()).map(move |place| (user, place));
    let rows: Vec<(usize, usize)> = interactions.histories().iter().enumerate().flat_map(places).collect();
    let event = |&(user, place): &(usize, usize)| interactions.history(user)[place];
    table::encode(fields, &REPEATED, &rows, |rows| {
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
    let parts = Table::open(bytes, &REPEATED)?.parts(|batches| {
        let (mut ordered, mut items) = (Ordered::default(), Items::default());
        for batch in batches {
            let batch = batch?;
            let (users, ids) = (batch.repeated(USER)?, batch.repeated(ITEM)?);
            let (ratings, timestamps, reviews) =
                (batch.singles(RATING)?, batch.integers(TIMESTAMP)?, batch.texts(REVIEW)?);
            items.find(&ids, catalogue)?;
            let mut end = 0;
            for run in users.places.chunk_by(|a, b| a == b) {
                let rows = end..end + run.len();
                end = rows.end;
                let events = rows.map(|row| Event {
                    item: items.indices[ids.places[row] as usize],
                    rating: ratings.is_valid(row).then(|| ratings.value(row)),
                    timestamp: timestamps.is_valid(row).then(|| timestamps.value(row)),
                    review: optional(reviews, row),
                });
                ordered.extend(users.texts.value(run[0] as usize), events);
            }
        }
        Ok(ordered)
    })?;
    let all = parts.into_iter().reduce(Ordered::followed_by).unwrap_or_default();
    all.finish(skipped).map_err(|id| content(format!("the interactions of user `{id}` do not stand together")))
}

/// The items of a batch's texts. Batches of one part mostly share these, and then they are looked up once.
#[derive(Default)]
struct Items {
    of: Option<ArrayRef>,
    indices: Vec<usize>,
}

impl Items {
    fn find(&mut self, ids: &Repeated<'_>, catalogue: &Catalogue) -> Result<(), StoreFault> {
        if self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, ids.shared)) {
            return Ok(());
        }
        let index = |id: Option<&str>| {
            let id = id.unwrap_or_default();
            catalogue.index(id).ok_or_else(|| content(format!("item `{id}` is not in the catalogue")))
        };
        self.indices = ids.texts.iter().map(index).collect::<Result<_, _>>()?;
        self.of = Some(ids.shared.clone());
        Ok(())
    }
}
