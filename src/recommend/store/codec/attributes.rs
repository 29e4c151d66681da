//! The columns of attributes: numbers, texts, and lists of texts, by type.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Float64Array, StringArray,
    builder::{ListBuilder, StringBuilder},
    cast::AsArray,
};
use arrow_schema::{DataType, Field};

use super::table::{Batch, content, list_item, lists, texts};
use crate::recommend::{Attribute, AttributeColumn, Kind, store::StoreFault};

/// The attributes of a record.
type Attributes = Vec<(String, Attribute)>;

/// The columns of attributes, which stand behind the `fixed` ones.
///
/// # Errors
/// If a record has an attribute of another kind, twice, or by the name of a fixed column.
pub(super) fn fields<'a>(
    columns: &[AttributeColumn],
    fixed: &[&str],
    records: impl Iterator<Item = &'a Attributes>,
) -> Result<Vec<Field>, StoreFault> {
    if let Some(column) = columns.iter().find(|column| fixed.contains(&column.name.as_str())) {
        return Err(StoreFault::Records(format!("attribute `{}` has the name of a fixed column", column.name)));
    }
    for attributes in records {
        for (place, (name, attribute)) in attributes.iter().enumerate() {
            let is_column = |column: &AttributeColumn| column.name == *name && column.kind == attribute.kind();
            if !columns.iter().any(is_column) || attributes[..place].iter().any(|(other, _)| other == name) {
                return Err(StoreFault::Records(format!("attribute `{name}` is of several kinds")));
            }
        }
    }
    let field = |column: &AttributeColumn| match column.kind {
        Kind::Number => Field::new(&column.name, DataType::Float64, true),
        Kind::Text => texts(&column.name, true),
        Kind::Many => lists(&column.name),
    };
    Ok(columns.iter().map(field).collect())
}

/// A column of one attribute.
pub(super) fn array<'a>(column: &AttributeColumn, records: impl Iterator<Item = &'a Attributes>) -> ArrayRef {
    let values = records.map(|attributes| attributes.iter().find(|(name, _)| *name == column.name).map(|(_, a)| a));
    match column.kind {
        Kind::Number => Arc::new(Float64Array::from_iter(values.map(|value| match value {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        }))),
        Kind::Text => Arc::new(StringArray::from_iter(values.map(|value| match value {
            Some(Attribute::Text(text)) => Some(text),
            _ => None,
        }))),
        Kind::Many => {
            let mut lists = ListBuilder::new(StringBuilder::new()).with_field(list_item());
            for value in values {
                match value {
                    Some(Attribute::Many(values)) => lists.append_value(values.iter().map(Some)),
                    _ => lists.append_null(),
                }
            }
            Arc::new(lists.finish())
        }
    }
}

/// The attributes that the columns behind the `fixed` ones hold.
pub(super) fn columns(fields: &[Arc<Field>], fixed: &[&str]) -> Result<Vec<AttributeColumn>, StoreFault> {
    let attributes = fields.iter().filter(|field| !fixed.contains(&field.name().as_str()));
    let column = |field: &Arc<Field>| {
        let kind = match field.data_type() {
            DataType::Float64 => Kind::Number,
            DataType::Utf8 => Kind::Text,
            DataType::List(_) => Kind::Many,
            other => return Err(content(format!("a column `{}` of type {other}", field.name()))),
        };
        Ok(AttributeColumn { name: field.name().clone(), kind })
    };
    attributes.map(column).collect()
}

/// The attributes of every row.
pub(super) fn rows(batch: &Batch, columns: &[AttributeColumn]) -> Result<Vec<Attributes>, StoreFault> {
    let mut rows = vec![Attributes::new(); batch.len()];
    for AttributeColumn { name, kind } in columns {
        match kind {
            Kind::Number => {
                let numbers = batch.numbers(name)?;
                let value = |row| Attribute::Number(numbers.value(row));
                fill(&mut rows, name, numbers, value);
            }
            Kind::Text => {
                let texts = batch.texts(name)?;
                fill(&mut rows, name, texts, |row| Attribute::Text(texts.value(row).to_owned()));
            }
            Kind::Many => {
                let lists = batch.lists(name)?;
                let values = |row| match lists.value(row).as_string_opt::<i32>() {
                    Some(values) => values.iter().flatten().map(str::to_owned).collect(),
                    None => Vec::new(),
                };
                fill(&mut rows, name, lists, |row| Attribute::Many(values(row)));
            }
        }
    }
    Ok(rows)
}

fn fill(rows: &mut [Attributes], name: &str, array: &dyn Array, value: impl Fn(usize) -> Attribute) {
    for (row, attributes) in rows.iter_mut().enumerate().filter(|(row, _)| array.is_valid(*row)) {
        attributes.push((name.to_owned(), value(row)));
    }
}
