//! Writes small GGUF and safetensors files for tests, and remembers where each field lies, so that a test can damage
//! exactly one.

use std::collections::BTreeMap;

use docent_models::{
    Format,
    weights::gguf::{Array, Value},
};

/// The bytes of a file and the positions of its fields.
#[derive(Clone, Default)]
pub(crate) struct Written {
    pub(crate) bytes: Vec<u8>,
    marks: BTreeMap<String, usize>,
}

impl Written {
    /// Position of a field: `version`, `tensor count`, `metadata count`, `header end`, `data`, of metadata
    /// `KEY.key`, `KEY.type` and `KEY.value`, of tensors `NAME.name`, `NAME.dims`, `NAME.type`, `NAME.offset` and
    /// `NAME.data`.
    pub(crate) fn at(&self, mark: &str) -> usize {
        *self.marks.get(mark).unwrap_or_else(|| panic!("no field {mark:?} in {:?}", self.marks.keys()))
    }

    /// Overwrites the bytes `skip` after the start of a field.
    pub(crate) fn put(&mut self, mark: &str, skip: usize, bytes: impl AsRef<[u8]>) {
        let (start, bytes) = (self.at(mark) + skip, bytes.as_ref());
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
    }

    /// Drops everything from `keep` bytes after the start of a field.
    pub(crate) fn cut(&mut self, mark: &str, keep: usize) {
        self.bytes.truncate(self.at(mark) + keep);
    }

    fn mark(&mut self, mark: impl Into<String>) {
        self.marks.insert(mark.into(), self.bytes.len());
    }

    fn u32(&mut self, v: u32) {
        self.bytes.extend(v.to_le_bytes());
    }

    fn u64(&mut self, v: u64) {
        self.bytes.extend(v.to_le_bytes());
    }

    fn string(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    fn pad(&mut self, alignment: usize) {
        self.bytes.resize(self.bytes.len().next_multiple_of(alignment), 0);
    }
}

/// A tensor to be written.
#[derive(Clone)]
pub(crate) struct TensorSpec {
    pub(crate) name: String,
    /// `ggml_type`.
    pub(crate) kind: u32,
    /// Outermost dimension first.
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<u8>,
}

impl TensorSpec {
    /// A tensor whose bytes are a pattern of its own name.
    pub(crate) fn new(name: &str, format: Format, shape: &[usize]) -> Self {
        let length = format.bytes_of(shape.iter().product()).unwrap();
        let seed = name.bytes().fold(7_u8, |sum, b| sum.wrapping_mul(31).wrapping_add(b));
        let data = (0..length).map(|i| seed.wrapping_add((i * 13) as u8)).collect();
        Self { name: name.into(), kind: format.ggml_type(), shape: shape.to_vec(), data }
    }
}

/// A GGUF file to be written.
#[derive(Clone)]
pub(crate) struct Gguf {
    pub(crate) version: u32,
    pub(crate) metadata: Vec<(String, Value)>,
    pub(crate) tensors: Vec<TensorSpec>,
    /// Written as it is; `general.alignment` is up to `metadata`.
    pub(crate) alignment: usize,
}

impl Default for Gguf {
    fn default() -> Self {
        Self { version: 3, metadata: Vec::new(), tensors: Vec::new(), alignment: 32 }
    }
}

impl Gguf {
    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.metadata.push((key.into(), value));
        self
    }

    pub(crate) fn tensor(mut self, tensor: TensorSpec) -> Self {
        self.tensors.push(tensor);
        self
    }

    pub(crate) fn write(&self) -> Written {
        let mut file = Written::default();
        file.bytes.extend(b"GGUF");
        file.mark("version");
        file.u32(self.version);
        file.mark("tensor count");
        file.u64(self.tensors.len() as u64);
        file.mark("metadata count");
        file.u64(self.metadata.len() as u64);
        for (key, value) in &self.metadata {
            file.mark(format!("{key}.key"));
            file.string(key);
            file.mark(format!("{key}.type"));
            file.u32(type_of(value));
            file.mark(format!("{key}.value"));
            write_value(&mut file, value);
        }
        self.write_descriptions(&mut file);
        file.mark("header end");
        file.pad(self.alignment);
        file.mark("data");
        for tensor in &self.tensors {
            file.pad(self.alignment);
            file.mark(format!("{}.data", tensor.name));
            file.bytes.extend(&tensor.data);
        }
        file
    }

    fn write_descriptions(&self, file: &mut Written) {
        let mut offset = 0_usize;
        for tensor in &self.tensors {
            file.mark(format!("{}.name", tensor.name));
            file.string(&tensor.name);
            file.mark(format!("{}.dims", tensor.name));
            file.u32(tensor.shape.len() as u32);
            for &dimension in tensor.shape.iter().rev() {
                file.u64(dimension as u64);
            }
            file.mark(format!("{}.type", tensor.name));
            file.u32(tensor.kind);
            file.mark(format!("{}.offset", tensor.name));
            file.u64(offset as u64);
            offset = (offset + tensor.data.len()).next_multiple_of(self.alignment);
        }
    }
}

fn type_of(value: &Value) -> u32 {
    match value {
        Value::U8(_) => 0,
        Value::I8(_) => 1,
        Value::U16(_) => 2,
        Value::I16(_) => 3,
        Value::U32(_) => 4,
        Value::I32(_) => 5,
        Value::F32(_) => 6,
        Value::Bool(_) => 7,
        Value::String(_) => 8,
        Value::Array(_) => 9,
        Value::U64(_) => 10,
        Value::I64(_) => 11,
        Value::F64(_) => 12,
        other => panic!("a new value type: {other}"),
    }
}

fn write_value(file: &mut Written, value: &Value) {
    match value {
        Value::U8(v) => file.bytes.push(*v),
        Value::I8(v) => file.bytes.extend(v.to_le_bytes()),
        Value::U16(v) => file.bytes.extend(v.to_le_bytes()),
        Value::I16(v) => file.bytes.extend(v.to_le_bytes()),
        Value::U32(v) => file.u32(*v),
        Value::I32(v) => file.bytes.extend(v.to_le_bytes()),
        Value::F32(v) => file.bytes.extend(v.to_le_bytes()),
        Value::Bool(v) => file.bytes.push((*v).into()),
        Value::String(v) => file.string(v),
        Value::Array(v) => write_array(file, v),
        Value::U64(v) => file.u64(*v),
        Value::I64(v) => file.bytes.extend(v.to_le_bytes()),
        Value::F64(v) => file.bytes.extend(v.to_le_bytes()),
        other => panic!("a new value type: {other}"),
    }
}

fn write_array(file: &mut Written, array: &Array) {
    let values: (u32, Vec<Value>) = match array {
        Array::U8(v) => (0, v.iter().copied().map(Value::U8).collect()),
        Array::I8(v) => (1, v.iter().copied().map(Value::I8).collect()),
        Array::U16(v) => (2, v.iter().copied().map(Value::U16).collect()),
        Array::I16(v) => (3, v.iter().copied().map(Value::I16).collect()),
        Array::U32(v) => (4, v.iter().copied().map(Value::U32).collect()),
        Array::I32(v) => (5, v.iter().copied().map(Value::I32).collect()),
        Array::F32(v) => (6, v.iter().copied().map(Value::F32).collect()),
        Array::Bool(v) => (7, v.iter().copied().map(Value::Bool).collect()),
        Array::String(v) => (8, v.iter().map(|text| Value::String(text.to_owned())).collect()),
        Array::Array(v) => (9, v.iter().cloned().map(Value::Array).collect()),
        Array::U64(v) => (10, v.iter().copied().map(Value::U64).collect()),
        Array::I64(v) => (11, v.iter().copied().map(Value::I64).collect()),
        Array::F64(v) => (12, v.iter().copied().map(Value::F64).collect()),
        other => panic!("a new array type: {other:?}"),
    };
    file.u32(values.0);
    file.u64(values.1.len() as u64);
    for value in &values.1 {
        write_value(file, value);
    }
}

/// A safetensors file of this header and data, whatever they say.
pub(crate) fn safetensors_raw(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

/// A valid safetensors file of `(name, dtype, shape, data)`.
pub(crate) fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let mut data = Vec::new();
    let mut entries = vec![r#""__metadata__":{"format":"pt"}"#.to_owned()];
    for (name, dtype, shape, bytes) in tensors {
        let start = data.len();
        data.extend(bytes);
        entries.push(format!(
            r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{}]}}"#,
            data.len()
        ));
    }
    safetensors_raw(&format!("{{{}}}", entries.join(",")), &data)
}
