//! The facts: `head`, `relation`, `tail`.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};

use super::table::{self, Table, texts};
use crate::recommend::{Knowledge, Triple, store::StoreFault};

const COLUMNS: [&str; 3] = ["head", "relation", "tail"];

pub(in crate::recommend::store) fn encode(knowledge: &Knowledge) -> Result<Vec<u8>, StoreFault> {
    let fields = COLUMNS.map(|column| texts(column, false)).to_vec();
    let parts: [fn(&Triple) -> &String; 3] = [|triple| &triple.head, |triple| &triple.relation, |triple| &triple.tail];
    table::encode(fields, &[], knowledge.triples(), |triples| {
        let column = |part: fn(&Triple) -> &String| {
            Arc::new(StringArray::from_iter_values(triples.iter().map(part))) as ArrayRef
        };
        parts.map(column).to_vec()
    })
}

pub(in crate::recommend::store) fn decode(bytes: Vec<u8>) -> Result<Knowledge, StoreFault> {
    let triples = Table::open(bytes, &[])?.records(|batch| {
        let [heads, relations, tails] = [batch.texts(COLUMNS[0])?, batch.texts(COLUMNS[1])?, batch.texts(COLUMNS[2])?];
        let triple = |row| Triple {
            head: heads.value(row).to_owned(),
            relation: relations.value(row).to_owned(),
            tail: tails.value(row).to_owned(),
        };
        Ok((0..batch.len()).map(triple).collect())
    })?;
    Ok(Knowledge::new(triples))
}
