//! What tells one shown item from another: `the one with Tom Hanks`, `the French one`, `the western one`.

use std::collections::{HashMap, HashSet};

use super::{
    people::{LANGUAGE_COLUMNS, PEOPLE_COLUMNS, named_in},
    words::fold,
};
use crate::recommend::{Catalogue, Knowledge};

/// The people, genres and languages of each item of a catalogue, and what else its facts name, folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks(HashMap<String, HashSet<usize>>);

impl Marks {
    /// Those of a catalogue and its facts.
    pub(super) fn new(catalogue: Option<&Catalogue>, knowledge: Option<&Knowledge>) -> Self {
        let mut marks = Self::default();
        for (index, item) in catalogue.into_iter().flat_map(Catalogue::items).enumerate() {
            item.genres().iter().for_each(|genre| marks.add(genre, index));
            let tells = |column: &str| PEOPLE_COLUMNS.contains(&column) || LANGUAGE_COLUMNS.contains(&column);
            let columns = item.attributes.iter().filter(|(column, _)| tells(column));
            columns.flat_map(|(_, attribute)| named_in(attribute)).for_each(|value| marks.add(value, index));
            let facts = knowledge.into_iter().flat_map(|knowledge| knowledge.about(&item.id));
            facts.for_each(|fact| marks.add(&fact.tail, index));
        }
        marks
    }

    fn add(&mut self, value: &str, item: usize) {
        self.0.entry(fold(value)).or_default().insert(item);
    }

    /// Whether an item has a value: somebody, a genre, a language.
    pub(super) fn has(&self, value: &str, item: usize) -> bool {
        self.0.get(&fold(value)).is_some_and(|items| items.contains(&item))
    }
}
