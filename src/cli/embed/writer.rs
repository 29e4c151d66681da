//! Vectors in JSON Lines, .npy and Parquet.

use std::{
    io::{self, Seek, SeekFrom, Write},
    sync::Arc,
};

use arrow_array::{ArrayRef, FixedSizeListArray, Float32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use docent::engine::Embeddings;
use parquet::{arrow::ArrowWriter, basic::Compression, file::properties::WriterProperties};
use serde::Serialize;

use super::records::IdKind;
use crate::cli::lines::Id;

/// Rows of a Parquet row group: the most that a reader, and this writer, hold at once.
const ROWS_PER_GROUP: usize = 16_384;

/// What takes vectors.
pub(super) trait VectorWriter {
    /// Takes the vectors of `ids`.
    ///
    /// # Errors
    /// If they cannot be written.
    fn write(&mut self, ids: &[Id], vectors: &Embeddings) -> io::Result<()>;

    /// Writes what a whole file still lacks.
    ///
    /// # Errors
    /// If it cannot be written.
    fn finish(&mut self) -> io::Result<()>;
}

/// A JSON object a line: `{"id", "embedding"}`.
pub(super) struct JsonLines<W> {
    out: W,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a Id,
    embedding: &'a [f32],
}

impl<W: Write> JsonLines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write> VectorWriter for JsonLines<W> {
    fn write(&mut self, ids: &[Id], vectors: &Embeddings) -> io::Result<()> {
        for (id, embedding) in ids.iter().zip(vectors.rows()) {
            serde_json::to_writer(&mut self.out, &Line { id, embedding })?;
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// NumPy's array file, version 1.0: (texts, width) in single precision, row after row.
pub(super) struct Npy<W> {
    out: W,
    rows: usize,
    width: usize,
}

impl<W: Write + Seek> Npy<W> {
    /// Bytes before the values: a multiple of 64, as the format wants, with room for any number of rows.
    const HEADER: usize = 128;

    pub(super) fn new(mut out: W, width: usize) -> io::Result<Self> {
        out.write_all(&Self::header(0, width))?;
        Ok(Self { out, rows: 0, width })
    }

    fn header(rows: usize, width: usize) -> Vec<u8> {
        const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
        let dictionary = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
        let len = Self::HEADER - MAGIC.len() - size_of::<u16>();
        let mut header = MAGIC.to_vec();
        header.extend((len as u16).to_le_bytes());
        header.extend(format!("{dictionary:<0$}\n", len - 1).into_bytes());
        header
    }
}

impl<W: Write + Seek> VectorWriter for Npy<W> {
    fn write(&mut self, ids: &[Id], vectors: &Embeddings) -> io::Result<()> {
        self.rows += ids.len();
        let bytes: Vec<u8> = vectors.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.out.write_all(&bytes)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&Self::header(self.rows, self.width))?;
        self.out.flush()
    }
}

/// Parquet: `id` (a 64-bit integer or a string) and `embedding` (a list of fixed size, in single precision).
pub(super) struct Parquet<W: Write + Send> {
    out: ArrowWriter<W>,
    schema: Arc<Schema>,
    ids: IdKind,
    width: i32,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(out: W, ids: IdKind, width: usize) -> io::Result<Self> {
        let width = i32::try_from(width).map_err(io::Error::other)?;
        let id = match ids {
            IdKind::Numbers => DataType::Int64,
            IdKind::Texts => DataType::Utf8,
        };
        let schema = Arc::new(Schema::new(vec![
            Field::new("id", id, false),
            Field::new("embedding", DataType::FixedSizeList(item(), width), false),
        ]));
        // Values of vectors hardly ever repeat: a dictionary of them would only be in the way.
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_dictionary_enabled(false)
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .build();
        let out = ArrowWriter::try_new(out, schema.clone(), Some(properties)).map_err(io::Error::other)?;
        Ok(Self { out, schema, ids, width })
    }

    fn batch(&self, ids: &[Id], vectors: &Embeddings) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let number = |id: &Id| match id {
            Id::Number(number) => Some(*number),
            Id::Text(_) => None,
        };
        let text = |id: &Id| match id {
            Id::Number(number) => number.to_string(),
            Id::Text(text) => text.clone(),
        };
        let ids: ArrayRef = match self.ids {
            IdKind::Numbers => Arc::new(ids.iter().map(number).collect::<Int64Array>()),
            IdKind::Texts => Arc::new(StringArray::from_iter_values(ids.iter().map(text))),
        };
        let values = Arc::new(Float32Array::from(vectors.values.clone()));
        let vectors = FixedSizeListArray::try_new(item(), self.width, values, None)?;
        RecordBatch::try_new(self.schema.clone(), vec![ids, Arc::new(vectors)])
    }
}

fn item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Float32, false))
}

impl<W: Write + Send> VectorWriter for Parquet<W> {
    fn write(&mut self, ids: &[Id], vectors: &Embeddings) -> io::Result<()> {
        let batch = self.batch(ids, vectors).map_err(io::Error::other)?;
        self.out.write(&batch).map_err(io::Error::other)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.out.finish().map_err(io::Error::other)?;
        self.out.inner_mut().flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn vectors() -> Embeddings {
        Embeddings { values: vec![1.0, -0.5, 0.0, f32::MIN_POSITIVE], width: 2, tokens: 4 }
    }

    fn ids() -> [Id; 2] {
        [Id::Number(7), Id::Text("é\"".into())]
    }

    #[test]
    fn json_lines_keep_the_ids_kinds_and_every_bit_of_the_values() {
        let mut bytes = Vec::new();
        let mut writer = JsonLines::new(&mut bytes);
        writer.write(&ids(), &vectors()).and_then(|()| writer.finish()).expect("written");
        let text = String::from_utf8(bytes).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], r#"{"id":7,"embedding":[1.0,-0.5]}"#);
        let second: serde_json::Value = serde_json::from_str(lines[1]).expect("JSON");
        assert_eq!(second["id"], "é\"");
        assert_eq!(second["embedding"][1].as_f64().map(|value| value as f32), Some(f32::MIN_POSITIVE));
    }

    #[test]
    fn npy_states_its_shape_in_an_aligned_header() {
        let mut bytes = Cursor::new(Vec::new());
        let mut writer = Npy::new(&mut bytes, 2).expect("a header");
        for _ in 0..2 {
            writer.write(&ids(), &vectors()).expect("written");
        }
        writer.finish().expect("written");
        let bytes = bytes.into_inner();
        assert_eq!(bytes[..10], *b"\x93NUMPY\x01\x00\x76\x00");
        let dictionary = std::str::from_utf8(&bytes[10..128]).expect("text");
        assert_eq!(dictionary.trim_end(), "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }");
        assert!(dictionary.ends_with(" \n"));
        let values: Vec<f32> = bytes[128..].chunks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        assert_eq!(values, [vectors().values, vectors().values].concat());
    }

    #[test]
    fn parquet_types_its_ids() {
        use parquet::record::RowAccessor;
        for (kind, ids) in [(IdKind::Texts, ids().to_vec()), (IdKind::Numbers, vec![Id::Number(7), Id::Number(-1)])] {
            let mut file = tempfile::tempfile().expect("a temporary file");
            let mut writer = Parquet::new(&file, kind, 2).expect("a schema");
            writer.write(&ids, &vectors()).and_then(|()| writer.finish()).expect("written");
            drop(writer);
            file.rewind().expect("a file");
            let reader = parquet::file::serialized_reader::SerializedFileReader::new(file).expect("parquet");
            let rows: Vec<_> = reader.into_iter().map(|row| row.expect("a row")).collect();
            match kind {
                IdKind::Numbers => assert_eq!(rows[1].get_long(0).ok(), Some(-1)),
                IdKind::Texts => assert_eq!(rows[0].get_string(0).ok().map(String::as_str), Some("7")),
            }
            let list = rows[0].get_list(1).expect("a list");
            assert_eq!(list.elements(), [parquet::record::Field::Float(1.0), parquet::record::Field::Float(-0.5)]);
        }
    }
}
