//! The thirteen types of GGUF metadata values, and how they are read.

use std::fmt;

use super::{super::fault::Fault, Texts, reader::Reader};

/// Deepest nesting of arrays that is accepted. No published model nests them at all.
const MAX_DEPTH: u32 = 4;

/// A metadata value.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Type 0.
    U8(u8),
    /// Type 1.
    I8(i8),
    /// Type 2.
    U16(u16),
    /// Type 3.
    I16(i16),
    /// Type 4.
    U32(u32),
    /// Type 5.
    I32(i32),
    /// Type 6.
    F32(f32),
    /// Type 7.
    Bool(bool),
    /// Type 8.
    String(String),
    /// Type 9.
    Array(Array),
    /// Type 10.
    U64(u64),
    /// Type 11.
    I64(i64),
    /// Type 12.
    F64(f64),
}

/// A metadata array: all elements are of one type.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Array {
    /// Elements of type 0.
    U8(Vec<u8>),
    /// Elements of type 1.
    I8(Vec<i8>),
    /// Elements of type 2.
    U16(Vec<u16>),
    /// Elements of type 3.
    I16(Vec<i16>),
    /// Elements of type 4.
    U32(Vec<u32>),
    /// Elements of type 5.
    I32(Vec<i32>),
    /// Elements of type 6.
    F32(Vec<f32>),
    /// Elements of type 7.
    Bool(Vec<bool>),
    /// Elements of type 8.
    String(Texts),
    /// Elements of type 9: arrays, each with its own element type.
    Array(Vec<Array>),
    /// Elements of type 10.
    U64(Vec<u64>),
    /// Elements of type 11.
    I64(Vec<i64>),
    /// Elements of type 12.
    F64(Vec<f64>),
}

impl Value {
    /// The value as an integer, if it is one of any width.
    pub fn to_integer(&self) -> Option<i128> {
        Some(match *self {
            Value::U8(v) => v.into(),
            Value::I8(v) => v.into(),
            Value::U16(v) => v.into(),
            Value::I16(v) => v.into(),
            Value::U32(v) => v.into(),
            Value::I32(v) => v.into(),
            Value::U64(v) => v.into(),
            Value::I64(v) => v.into(),
            _ => return None,
        })
    }
}

impl Array {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Array::U8(v) => v.len(),
            Array::I8(v) => v.len(),
            Array::U16(v) => v.len(),
            Array::I16(v) => v.len(),
            Array::U32(v) => v.len(),
            Array::I32(v) => v.len(),
            Array::F32(v) => v.len(),
            Array::Bool(v) => v.len(),
            Array::String(v) => v.len(),
            Array::Array(v) => v.len(),
            Array::U64(v) => v.len(),
            Array::I64(v) => v.len(),
            Array::F64(v) => v.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as integers, if they are integers of any width.
    pub fn to_integers(&self) -> Option<Vec<i128>> {
        fn widen<T: Copy + Into<i128>>(values: &[T]) -> Vec<i128> {
            values.iter().map(|&v| v.into()).collect()
        }
        Some(match self {
            Array::U8(v) => widen(v),
            Array::I8(v) => widen(v),
            Array::U16(v) => widen(v),
            Array::I16(v) => widen(v),
            Array::U32(v) => widen(v),
            Array::I32(v) => widen(v),
            Array::U64(v) => widen(v),
            Array::I64(v) => widen(v),
            _ => return None,
        })
    }

    fn element_type(&self) -> &'static str {
        match self {
            Array::U8(_) => "u8",
            Array::I8(_) => "i8",
            Array::U16(_) => "u16",
            Array::I16(_) => "i16",
            Array::U32(_) => "u32",
            Array::I32(_) => "i32",
            Array::F32(_) => "f32",
            Array::Bool(_) => "bool",
            Array::String(_) => "string",
            Array::Array(_) => "array",
            Array::U64(_) => "u64",
            Array::I64(_) => "i64",
            Array::F64(_) => "f64",
        }
    }
}

/// Type and value of numbers, type alone of what may be long: `i32 -1`, `string`, `array of 7 f32`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::U8(v) => write!(f, "u8 {v}"),
            Value::I8(v) => write!(f, "i8 {v}"),
            Value::U16(v) => write!(f, "u16 {v}"),
            Value::I16(v) => write!(f, "i16 {v}"),
            Value::U32(v) => write!(f, "u32 {v}"),
            Value::I32(v) => write!(f, "i32 {v}"),
            Value::F32(v) => write!(f, "f32 {v}"),
            Value::Bool(v) => write!(f, "bool {v}"),
            Value::String(_) => f.write_str("string"),
            Value::Array(v) => write!(f, "array of {} {}", v.len(), v.element_type()),
            Value::U64(v) => write!(f, "u64 {v}"),
            Value::I64(v) => write!(f, "i64 {v}"),
            Value::F64(v) => write!(f, "f64 {v}"),
        }
    }
}

/// A fault in a value, and in which element of the outermost array, if in one.
pub(super) struct ValueFault {
    pub(super) element: Option<usize>,
    pub(super) fault: Fault,
}

impl From<Fault> for ValueFault {
    fn from(fault: Fault) -> Self {
        Self { element: None, fault }
    }
}

/// Reads the type of a value and the value.
pub(super) fn read_value(reader: &mut Reader<'_>) -> Result<Value, ValueFault> {
    Ok(match reader.u32()? {
        0 => Value::U8(reader.number(u8::from_le_bytes)?),
        1 => Value::I8(reader.number(i8::from_le_bytes)?),
        2 => Value::U16(reader.number(u16::from_le_bytes)?),
        3 => Value::I16(reader.number(i16::from_le_bytes)?),
        4 => Value::U32(reader.u32()?),
        5 => Value::I32(reader.number(i32::from_le_bytes)?),
        6 => Value::F32(reader.number(f32::from_le_bytes)?),
        7 => Value::Bool(reader.bool()?),
        8 => Value::String(reader.text()?),
        9 => Value::Array(read_array(reader, 1)?),
        10 => Value::U64(reader.u64()?),
        11 => Value::I64(reader.number(i64::from_le_bytes)?),
        12 => Value::F64(reader.number(f64::from_le_bytes)?),
        found => return Err(Fault::ValueType { found }.into()),
    })
}

fn read_array(reader: &mut Reader<'_>, depth: u32) -> Result<Array, ValueFault> {
    let element_type = reader.u32()?;
    if element_type == 9 && depth == MAX_DEPTH {
        return Err(Fault::TooDeep { limit: MAX_DEPTH }.into());
    }
    let count = reader.array_count(smallest_bytes(element_type)?)?;
    Ok(match element_type {
        0 => Array::U8(reader.numbers(count, u8::from_le_bytes)?),
        1 => Array::I8(reader.numbers(count, i8::from_le_bytes)?),
        2 => Array::U16(reader.numbers(count, u16::from_le_bytes)?),
        3 => Array::I16(reader.numbers(count, i16::from_le_bytes)?),
        4 => Array::U32(reader.numbers(count, u32::from_le_bytes)?),
        5 => Array::I32(reader.numbers(count, i32::from_le_bytes)?),
        6 => Array::F32(reader.numbers(count, f32::from_le_bytes)?),
        7 => Array::Bool(elements(count, || Ok(reader.bool()?))?),
        8 => Array::String(texts(count, reader)?),
        9 => Array::Array(elements(count, || read_array(reader, depth + 1))?),
        10 => Array::U64(reader.numbers(count, u64::from_le_bytes)?),
        11 => Array::I64(reader.numbers(count, i64::from_le_bytes)?),
        12 => Array::F64(reader.numbers(count, f64::from_le_bytes)?),
        found => return Err(Fault::ValueType { found }.into()),
    })
}

/// Fewest bytes that one element of this type takes in the file.
fn smallest_bytes(element_type: u32) -> Result<u64, Fault> {
    match element_type {
        0 | 1 | 7 => Ok(1),
        2 | 3 => Ok(2),
        4..=6 => Ok(4),
        8 | 10..=12 => Ok(8),
        9 => Ok(12),
        found => Err(Fault::ValueType { found }),
    }
}

/// Reads `count` texts, and says in which one reading failed.
fn texts(count: usize, reader: &mut Reader<'_>) -> Result<Texts, ValueFault> {
    let mut texts = Texts::default();
    for i in 0..count {
        texts.push(&reader.text().map_err(|fault| ValueFault { element: Some(i), fault })?);
    }
    Ok(texts)
}

/// Reads `count` elements, and says in which one reading failed.
fn elements<T>(count: usize, mut read: impl FnMut() -> Result<T, ValueFault>) -> Result<Vec<T>, ValueFault> {
    (0..count).map(|i| read().map_err(|e| ValueFault { element: Some(i), ..e })).collect()
}
