//! Tables as Parquet in memory.

use std::{fmt::Display, sync::Arc};

use arrow_array::{Array, ArrayRef, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::Compression,
    file::properties::WriterProperties,
};

use crate::recommend::store::StoreFault;

/// Rows that are encoded at once: few enough that the texts of one column stay below the 2 GiB of an Arrow array.
const ROWS_PER_BATCH: usize = 1 << 14;

/// A column of texts that may be missing where `nullable`.
pub(super) fn texts(name: &str, nullable: bool) -> Field {
    Field::new(name, DataType::Utf8, nullable)
}

/// A column of lists of texts, each of which may be missing.
pub(super) fn lists(name: &str) -> Field {
    Field::new(name, DataType::List(list_item()), true)
}

/// What lists are made of.
pub(super) fn list_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Utf8, false))
}

/// Writes rows, which `arrays` turns into columns.
pub(super) fn encode<R>(
    fields: Vec<Field>,
    rows: &[R],
    arrays: impl Fn(&[R]) -> Vec<ArrayRef>,
) -> Result<Vec<u8>, StoreFault> {
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties)).map_err(unfit)?;
    for chunk in rows.chunks(ROWS_PER_BATCH) {
        let batch = RecordBatch::try_new(schema.clone(), arrays(chunk)).map_err(unfit)?;
        writer.write(&batch).map_err(unfit)?;
    }
    writer.into_inner().map_err(unfit)
}

/// Reads rows batch by batch.
pub(super) fn decode(bytes: Vec<u8>, mut take: impl FnMut(&Batch) -> Result<(), StoreFault>) -> Result<(), StoreFault> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(content)?;
    for batch in builder.with_batch_size(ROWS_PER_BATCH).build().map_err(content)? {
        take(&Batch(batch.map_err(content)?))?;
    }
    Ok(())
}

/// The columns of a table, without its rows.
pub(super) fn fields(bytes: &[u8]) -> Result<Vec<Arc<Field>>, StoreFault> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::copy_from_slice(bytes)).map_err(content)?;
    Ok(builder.schema().fields().to_vec())
}

/// Some rows.
pub(super) struct Batch(RecordBatch);

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.0.num_rows()
    }

    pub(super) fn texts(&self, name: &str) -> Result<&StringArray, StoreFault> {
        self.column(name)
    }

    pub(super) fn numbers(&self, name: &str) -> Result<&Float64Array, StoreFault> {
        self.column(name)
    }

    pub(super) fn singles(&self, name: &str) -> Result<&Float32Array, StoreFault> {
        self.column(name)
    }

    pub(super) fn integers(&self, name: &str) -> Result<&Int64Array, StoreFault> {
        self.column(name)
    }

    pub(super) fn lists(&self, name: &str) -> Result<&ListArray, StoreFault> {
        self.column(name)
    }

    fn column<A: Array + 'static>(&self, name: &str) -> Result<&A, StoreFault> {
        let column = self.0.column_by_name(name).and_then(|column| column.as_any().downcast_ref());
        column.ok_or_else(|| content(format!("no column `{name}` of its type")))
    }
}

/// A text that may be missing.
pub(super) fn optional(array: &StringArray, row: usize) -> Option<String> {
    array.is_valid(row).then(|| array.value(row).to_owned())
}

pub(super) fn content(error: impl Display) -> StoreFault {
    StoreFault::Content(error.to_string())
}

fn unfit(error: impl Display) -> StoreFault {
    StoreFault::Records(error.to_string())
}
