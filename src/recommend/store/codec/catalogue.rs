//! The items: `item_id`, `title`, `description`, and a column for each attribute.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringArray};

use super::{
    attributes,
    table::{self, Table, optional, texts},
};
use crate::recommend::{Catalogue, Item, store::StoreFault};

const FIXED: [&str; 3] = ["item_id", "title", "description"];

pub(in crate::recommend::store) fn encode(catalogue: &Catalogue) -> Result<Vec<u8>, StoreFault> {
    let columns = catalogue.attributes();
    let [id, title, description] = FIXED;
    let mut fields = vec![texts(id, false), texts(title, false), texts(description, true)];
    fields.extend(attributes::fields(columns, &FIXED, catalogue.items().iter().map(|item| &item.attributes))?);
    table::encode(fields, &[], catalogue.items(), |items| {
        let fixed: [ArrayRef; 3] = [
            Arc::new(StringArray::from_iter_values(items.iter().map(|item| &item.id))),
            Arc::new(StringArray::from_iter_values(items.iter().map(|item| &item.title))),
            Arc::new(StringArray::from_iter(items.iter().map(|item| item.description.as_ref()))),
        ];
        let more = columns.iter().map(|column| attributes::array(column, items.iter().map(|item| &item.attributes)));
        fixed.into_iter().chain(more).collect()
    })
}

pub(in crate::recommend::store) fn decode(bytes: Vec<u8>) -> Result<Catalogue, StoreFault> {
    let table = Table::open(bytes, &[])?;
    let columns = attributes::columns(table.fields(), &FIXED)?;
    let items = table.records(|batch| {
        let [ids, titles, descriptions] = [batch.texts(FIXED[0])?, batch.texts(FIXED[1])?, batch.texts(FIXED[2])?];
        let item = |(row, attributes)| {
            let (id, title) = (ids.value(row).to_owned(), titles.value(row).to_owned());
            Item { id, title, description: optional(descriptions, row), attributes }
        };
        Ok(attributes::rows(batch, &columns)?.into_iter().enumerate().map(item).collect())
    })?;
    Ok(Catalogue::with_attributes(items, columns))
}
