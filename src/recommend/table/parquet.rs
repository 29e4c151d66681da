//! Parquet: columns of texts, numbers, truth values, times, and lists of these.

use std::{
    borrow::Cow,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
};

use arrow_array::{
    Array, RecordBatch,
    cast::AsArray,
    types::{
        Date32Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType,
        TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::{DataType, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};

use super::{Cell, Column, Opened, Place, Source, TableFault};
use crate::recommend::{Result, attribute::Kind};

/// Rows that are decoded at once.
const ROWS_PER_BATCH: usize = 4096;

/// Rows of a Parquet file.
struct ParquetSource {
    reader: ParquetRecordBatchReader,
    batch: Option<RecordBatch>,
    /// The next row of `batch`.
    next: usize,
    /// Rows that were given.
    rows: u64,
}

/// Reads the schema.
pub(super) fn open(file: File) -> Opened {
    // Without the writer's own schema a text is a text, however its program held it in memory.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = guarded(|| ParquetRecordBatchReaderBuilder::try_new_with_options(file, options))?;
    let column = |field: &arrow_schema::FieldRef| Column {
        name: field.name().trim().into(),
        kind: kind(field.data_type()),
        ..Column::default()
    };
    let columns: Vec<Column> = builder.schema().fields().iter().map(column).collect();
    for (place, column) in columns.iter().enumerate() {
        if columns[..place].iter().any(|other| other.name == column.name) {
            return Err(TableFault::UnexpectedColumn { column: column.name.clone(), fault: "comes twice" });
        }
    }
    let reader = guarded(|| builder.with_batch_size(ROWS_PER_BATCH).build())?;
    Ok((columns, Box::new(ParquetSource { reader, batch: None, next: 0, rows: 0 })))
}

/// Runs the decoder, which panics on some damaged files.
fn guarded<T, E>(decode: impl FnOnce() -> Result<T, E>) -> Result<T, TableFault>
where
    E: std::error::Error + Send + Sync + 'static,
{
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(decoded) => decoded.map_err(|error| TableFault::Parquet(Box::new(error))),
        Err(_) => Err(TableFault::Parquet("its pages contradict each other".into())),
    }
}

fn kind(data_type: &DataType) -> Option<Kind> {
    match data_type {
        DataType::Utf8 => None,
        DataType::List(_) => Some(Kind::Many),
        data_type if data_type.is_numeric() || data_type.is_temporal() => Some(Kind::Number),
        _ => Some(Kind::Text),
    }
}

impl Source for ParquetSource {
    fn next(&mut self, cells: &mut [Cell]) -> Result<Option<Place>, TableFault> {
        let batch = loop {
            match &self.batch {
                Some(batch) if self.next < batch.num_rows() => break batch,
                _ => match guarded(|| self.reader.next().transpose())? {
                    Some(batch) => (self.batch, self.next) = (Some(batch), 0),
                    None => return Ok(None),
                },
            }
        };
        for (cell, array) in cells.iter_mut().zip(batch.columns()) {
            fill(cell, array.as_ref(), self.next);
        }
        self.next += 1;
        self.rows += 1;
        Ok(Some(Place::Row(self.rows)))
    }
}

fn fill(cell: &mut Cell, array: &dyn Array, row: usize) {
    if array.is_null(row) {
        return cell.set("");
    }
    if let Some(list) = array.as_list_opt::<i32>() {
        let values = list.value(row);
        let known = (0..values.len()).filter(|&value| !values.is_null(value));
        let texts: Option<Vec<String>> =
            known.map(|value| Some(scalar(values.as_ref(), value)?.trim().to_owned())).collect();
        *cell = texts.map_or(Cell::Nested("a list of more than texts"), |mut texts| {
            texts.retain(|text| !text.is_empty());
            Cell::Many(texts)
        });
        return;
    }
    match scalar(array, row) {
        Some(text) => cell.set(&text),
        None => *cell = Cell::Nested("a value of a type that is not read"),
    }
}

/// A value as a text; times are seconds since 1970.
fn scalar(array: &dyn Array, row: usize) -> Option<Cow<'_, str>> {
    macro_rules! number {
        ($kind:ty) => {
            array.as_primitive::<$kind>().value(row).to_string()
        };
    }
    macro_rules! seconds {
        ($kind:ty, $per_second:expr) => {
            (array.as_primitive::<$kind>().value(row) as f64 / $per_second).to_string()
        };
    }
    let text = match array.data_type() {
        DataType::Utf8 => return Some(Cow::Borrowed(array.as_string::<i32>().value(row))),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => number!(Float32Type),
        DataType::Float64 => number!(Float64Type),
        DataType::Timestamp(TimeUnit::Second, _) => number!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => seconds!(TimestampMillisecondType, 1e3),
        DataType::Timestamp(TimeUnit::Microsecond, _) => seconds!(TimestampMicrosecondType, 1e6),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => seconds!(TimestampNanosecondType, 1e9),
        DataType::Date32 => (i64::from(array.as_primitive::<Date32Type>().value(row)) * 86_400).to_string(),
        _ => return None,
    };
    Some(Cow::Owned(text))
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use arrow_array::{
        ArrayRef, Float64Array, Int64Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray,
        types::Int64Type,
    };
    use arrow_schema::{Field, Fields};
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::recommend::{Attribute, Catalogue, Roles, table::Table};

    fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        std::fs::read(path).unwrap()
    }

    fn items() -> Vec<(&'static str, ArrayRef)> {
        let shelves = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None, Some(2)]), None]);
        vec![
            ("item_id", Arc::new(Int64Array::from(vec![7, i64::MAX]))),
            ("title", Arc::new(StringArray::from(vec!["Heat", " Big "]))),
            ("price", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
            ("added", Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, 0]))),
            ("shelves", Arc::new(shelves)),
        ]
    }

    #[test]
    fn types_become_roles_and_numbers_keep_their_digits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.parquet");
        write(&path, items());
        let (catalogue, roles) = Catalogue::from_table(Table::open(&path).unwrap(), &Roles::default()).unwrap();
        let roles: Vec<&str> = roles.iter().map(|role| role.role.name()).collect();
        assert_eq!(roles, ["item_id", "title", "number", "number", "many"]);
        assert_eq!((catalogue[1].id.as_str(), catalogue[1].title.as_str()), ("9223372036854775807", "Big"));
        assert_eq!(catalogue[0].attribute("price"), Some(&Attribute::Number(0.1)));
        assert_eq!(catalogue[0].attribute("added"), Some(&Attribute::Number(1.5)));
        assert_eq!(catalogue[0].attribute("shelves"), Some(&Attribute::Many(vec!["1".into(), "2".into()])));
        assert_eq!(catalogue[1].attributes.len(), 1);
    }

    #[test]
    fn rows_at_fault_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.parquet");
        let with = |name: &'static str, array: ArrayRef| {
            let mut columns = items();
            columns.retain(|(column, _)| *column != name);
            columns.push((name, array));
            write(&path, columns);
            let error = Catalogue::read(&path, &Roles::default()).unwrap_err().to_string();
            error.replace(&path.display().to_string(), "items.parquet")
        };
        let inner: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let fields = Fields::from(vec![Field::new("a", DataType::Int64, false)]);
        let cases: [(&'static str, ArrayRef, &str); 3] = [
            (
                "price",
                Arc::new(Float64Array::from(vec![1.0, f64::NAN])),
                "row 2, column `price`: `NaN` is not a number",
            ),
            ("title", Arc::new(StringArray::from(vec![Some("a"), None])), "row 2, column `title`: empty"),
            (
                "more",
                Arc::new(StructArray::new(fields, vec![inner], None)),
                "row 1, column `more`: a value of a type that is not read, expected a text, a number or a list of texts",
            ),
        ];
        for (name, array, message) in cases {
            assert_eq!(with(name, array), format!("`items.parquet` {message}"));
        }
    }

    #[test]
    fn damaged_files_never_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("items.parquet");
        let whole = write(&path, items());
        let read = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            Catalogue::read(&path, &Roles::default())
        };
        for length in (0..whole.len()).step_by(61) {
            assert!(read(&whole[..length]).is_err(), "cut at {length}");
        }
        for at in (0..whole.len()).step_by(13) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x80;
            drop(read(&bytes));
        }
    }
}
