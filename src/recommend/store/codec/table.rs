//! Tables as Parquet in memory.

use std::{fmt::Display, sync::Arc};

use arrow_array::{
    Array, ArrayRef, DictionaryArray, Float32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    types::Int32Type,
};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::{
    arrow::{
        ArrowWriter,
        arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder},
    },
    basic::Compression,
    file::properties::WriterProperties,
    schema::types::ColumnPath,
};
use rayon::prelude::*;

use crate::recommend::store::StoreFault;

/// Rows that are encoded at once: few enough that the texts of one column stay below the 2 GiB of an Arrow array.
const ROWS_PER_BATCH: usize = 1 << 14;
/// Rows of a part that is read by itself: few enough for all threads to have some.
const ROWS_PER_PART: usize = 1 << 17;
/// The same of a table that repeats its texts: enough for most of them to be in the same part more than once.
const ROWS_PER_SHARING_PART: usize = 1 << 22;
/// Bytes that the different texts of a part's column may have, so that each is written once.
const SHARED_TEXTS: usize = 1 << 26;

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

/// Writes rows, which `arrays` turns into columns. Of the columns that are `repeated` each text of a part is written once.
pub(super) fn encode<R>(
    fields: Vec<Field>,
    repeated: &[&str],
    rows: &[R],
    arrays: impl Fn(&[R]) -> Vec<ArrayRef>,
) -> Result<Vec<u8>, StoreFault> {
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(if repeated.is_empty() { ROWS_PER_PART } else { ROWS_PER_SHARING_PART }));
    let properties = repeated.iter().fold(properties, |properties, column| {
        properties.set_column_dictionary_page_size_limit(ColumnPath::from(*column), SHARED_TEXTS)
    });
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties.build())).map_err(unfit)?;
    for chunk in rows.chunks(ROWS_PER_BATCH) {
        let batch = RecordBatch::try_new(schema.clone(), arrays(chunk)).map_err(unfit)?;
        writer.write(&batch).map_err(unfit)?;
    }
    writer.into_inner().map_err(unfit)
}

/// A table in memory, of which parts can be read at the same time.
pub(super) struct Table {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
}

impl Table {
    /// Reads what it consists of. Columns of texts that are `repeated` come as [`Batch::repeated`], the others as they are.
    pub(super) fn open(bytes: Vec<u8>, repeated: &[&str]) -> Result<Self, StoreFault> {
        let bytes = Bytes::from(bytes);
        let options = ArrowReaderOptions::new();
        let plain = ArrowReaderMetadata::load(&bytes, options.clone()).map_err(content)?;
        let field = |field: &Arc<Field>| match repeated.contains(&field.name().as_str()) {
            true if *field.data_type() == DataType::Utf8 => {
                let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
                Arc::new(Field::new(field.name(), kind, field.is_nullable()))
            }
            _ => field.clone(),
        };
        let schema = Arc::new(Schema::new(plain.schema().fields().iter().map(field).collect::<Vec<_>>()));
        let metadata = ArrowReaderMetadata::try_new(plain.metadata().clone(), options.with_schema(schema));
        Ok(Self { bytes, metadata: metadata.map_err(content)? })
    }

    /// The columns.
    pub(super) fn fields(&self) -> &[Arc<Field>] {
        self.metadata.schema().fields()
    }

    /// What `read` makes of the batches of each part, on all threads; in the order of the parts.
    pub(super) fn parts<P: Send>(
        &self,
        read: impl Fn(&mut dyn Iterator<Item = Result<Batch, StoreFault>>) -> Result<P, StoreFault> + Sync,
    ) -> Result<Vec<P>, StoreFault> {
        let part = |number: usize| {
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes.clone(), self.metadata.clone());
            let builder = builder.with_row_groups(vec![number]).with_batch_size(ROWS_PER_BATCH);
            let batches = builder.build().map_err(content)?;
            read(&mut batches.map(|batch| batch.map(Batch).map_err(content)))
        };
        (0..self.metadata.metadata().num_row_groups()).into_par_iter().map(part).collect()
    }

    /// The records of all batches, in their order.
    pub(super) fn records<R: Send>(
        &self,
        read: impl Fn(&Batch) -> Result<Vec<R>, StoreFault> + Sync,
    ) -> Result<Vec<R>, StoreFault> {
        let parts = self.parts(|batches| {
            let mut records = Vec::new();
            for batch in batches {
                records.extend(read(&batch?)?);
            }
            Ok(records)
        })?;
        Ok(parts.into_iter().flatten().collect())
    }
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

    /// A column of texts of which many are the same, and none is missing.
    pub(super) fn repeated(&self, name: &str) -> Result<Repeated<'_>, StoreFault> {
        let column: &DictionaryArray<Int32Type> = self.column(name)?;
        let texts = column.values().as_any().downcast_ref().filter(|_| column.null_count() == 0);
        let texts = texts.ok_or_else(|| content(format!("no column `{name}` of texts that are all there")))?;
        Ok(Repeated { places: column.keys().values(), shared: column.values(), texts })
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

/// A column of texts of which many are the same.
pub(super) struct Repeated<'a> {
    /// The place of each row's text among all.
    pub(super) places: &'a [i32],
    /// All of them; batches of a part mostly have the very same ones.
    pub(super) shared: &'a ArrayRef,
    /// The same.
    pub(super) texts: &'a StringArray,
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
