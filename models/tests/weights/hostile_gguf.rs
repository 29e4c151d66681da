//! GGUF files with one fault each: the error names the field, and comes quickly.

use docent_models::{
    Format,
    weights::gguf::{Array, Value},
};

use super::{
    Folder, assert_names, open_hostile,
    writer::{Gguf, TensorSpec, Written},
};

/// The file that every row damages. Its metadata is in this order; `b` lies between `a` and `c`.
fn valid() -> Gguf {
    let tokens = ["one", "two", "three"].into_iter().collect();
    let nested = Array::Array(vec![Array::Array(vec![Array::Array(vec![Array::U8(vec![1, 2])])])]);
    Gguf::default()
        .with("arch", Value::String("llama".into()))
        .with("general.alignment", Value::U32(32))
        .with("flag", Value::Bool(true))
        .with("tokens", Value::Array(Array::String(tokens)))
        .with("flags", Value::Array(Array::Bool(vec![true, false])))
        .with("nested", Value::Array(nested))
        .tensor(TensorSpec::new("a", Format::F32, &[2, 4]))
        .tensor(TensorSpec::new("b", Format::Q4_1, &[2, 32]))
        .tensor(TensorSpec::new("c", Format::F16, &[8]))
}

/// Name of the fault, how to make it, what the error must contain.
type Row = (&'static str, fn(&mut Written), &'static [&'static str]);

const HUGE: [u8; 8] = u64::MAX.to_le_bytes();
const BILLIONS: [u8; 8] = (1_u64 << 60).to_le_bytes();

const HEADER: &[Row] = &[
    ("no bytes", |f| f.bytes.clear(), &["is empty"]),
    ("cut in the magic", |f| f.bytes.truncate(3), &["starts with \"GGU\""]),
    ("another magic", |f| f.bytes[..4].copy_from_slice(b"ggjt"), &["starts with \"ggjt"]),
    ("cut in the version", |f| f.cut("version", 2), &["version: needs 4 bytes"]),
    ("version 0", |f| f.put("version", 0, 0_u32.to_le_bytes()), &["version: 0 is not one of"]),
    ("version 1", |f| f.put("version", 0, 1_u32.to_le_bytes()), &["version: 1 is not one of"]),
    ("version 4", |f| f.put("version", 0, 4_u32.to_le_bytes()), &["version: 4 is not one of"]),
    ("big-endian", |f| f.put("version", 0, 3_u32.to_be_bytes()), &["version", "big-endian"]),
    ("cut in the tensor count", |f| f.cut("tensor count", 7), &["tensor count: needs 8 bytes where the file has 7"]),
    ("2^64 - 1 tensors", |f| f.put("tensor count", 0, HUGE), &["tensor count: needs 18446744073709551615 bytes"]),
    ("2^60 tensors", |f| f.put("tensor count", 0, BILLIONS), &["tensor count: needs"]),
    ("a tensor too many", |f| f.put("tensor count", 0, 4_u64.to_le_bytes()), &["tensor 3: name"]),
    (
        "cut in the metadata count",
        |f| {
            f.put("tensor count", 0, [0]);
            f.cut("metadata count", 1);
        },
        &["metadata count: needs 8 bytes where the file has 1"],
    ),
    ("2^64 - 1 metadata entries", |f| f.put("metadata count", 0, HUGE), &["metadata count: needs"]),
    ("2^60 metadata entries", |f| f.put("metadata count", 0, BILLIONS), &["metadata count: needs"]),
    ("a metadata entry too many", |f| f.put("metadata count", 0, 7_u64.to_le_bytes()), &["tensor 0: name"]),
    ("a metadata entry too few", |f| f.put("metadata count", 0, 5_u64.to_le_bytes()), &["\"nested\": dimensions"]),
];

const METADATA: &[Row] = &[
    ("a key of 2^64 - 1 bytes", |f| f.put("flag.key", 0, HUGE), &["metadata entry 2: key", "limit of 65535"]),
    ("a key beyond the file", |f| f.put("flag.key", 0, 60_000_u64.to_le_bytes()), &["metadata entry 2: key: needs"]),
    ("a key of no bytes", |f| f.put("flag.key", 0, [0; 8]), &["metadata entry 2: key: is empty"]),
    (
        "a key that is not UTF-8",
        |f| f.put("flag.key", 10, [0xff]),
        &["metadata entry 2: key: is not UTF-8 after byte 2"],
    ),
    ("a key twice", |f| f.put("arch.key", 8, b"flag"), &["metadata \"flag\": key: appears twice"]),
    ("cut in a key", |f| f.cut("tokens.key", 10), &["metadata entry 3: key: needs 6 bytes where the file has 2"]),
    ("cut in a type", |f| f.cut("tokens.type", 1), &["metadata \"tokens\": value: needs 4 bytes"]),
    (
        "cut in a value",
        |f| f.cut("flags.value", 13),
        &["metadata \"flags\": value: needs 2 bytes where the file has 1"],
    ),
    ("value type 13", |f| f.put("flag.type", 0, [13]), &["metadata \"flag\": value: 13 is not one of the value types"]),
    ("value type 2^32 - 1", |f| f.put("flag.type", 0, [0xff; 4]), &["metadata \"flag\"", "4294967295"]),
    (
        "a string of 2^64 - 1 bytes",
        |f| f.put("arch.value", 0, HUGE),
        &["metadata \"arch\": value: needs 1844674407370"],
    ),
    ("a string that is not UTF-8", |f| f.put("arch.value", 8, [0xc0]), &["metadata \"arch\": value: is not UTF-8"]),
    ("a bool of 2", |f| f.put("flag.value", 0, [2]), &["metadata \"flag\": value: 2 is neither 0 nor 1"]),
    ("element type 99", |f| f.put("tokens.value", 0, [99]), &["metadata \"tokens\": value: 99 is not one of"]),
    ("an array of 2^64 - 1 strings", |f| f.put("tokens.value", 4, HUGE), &["metadata \"tokens\": value: needs"]),
    ("an array of 2^60 bools", |f| f.put("flags.value", 4, BILLIONS), &["metadata \"flags\": value: needs"]),
    (
        "a token that is not UTF-8",
        |f| f.put("tokens.value", 32, [0xfe]),
        &["metadata \"tokens\": element 1: is not UTF-8"],
    ),
    ("a token of 2^64 - 1 bytes", |f| f.put("tokens.value", 34, HUGE), &["metadata \"tokens\": element 2: needs"]),
    (
        "a bool element of 7",
        |f| f.put("flags.value", 13, [7]),
        &["metadata \"flags\": element 1: 7 is neither 0 nor 1"],
    ),
    (
        "arrays nested too deep",
        |f| f.put("nested.value", 36, [9]),
        &["metadata \"nested\": element 0", "deeper than 4"],
    ),
    ("a nested array of 2^60", |f| f.put("nested.value", 40, BILLIONS), &["metadata \"nested\": element 0: needs"]),
    ("alignment 0", |f| f.put("general.alignment.value", 0, [0]), &["\"general.alignment\": value: 0 is not a power"]),
    ("alignment 24", |f| f.put("general.alignment.value", 0, [24]), &["general.alignment", "24 is not a power of two"]),
    ("alignment 2^31", |f| f.put("general.alignment.value", 3, [0x80]), &["general.alignment", "2147483680 is not"]),
    (
        "alignment -32",
        |f| f.put("general.alignment.type", 0, [5, 0, 0, 0, 0xe0, 0xff, 0xff, 0xff]),
        &["i32 -32, wanted u32"],
    ),
    ("alignment 32.0", |f| f.put("general.alignment.type", 0, [6]), &["general.alignment", "is f32", "wanted u32"]),
];

const TENSORS: &[Row] = &[
    ("a name of 2^64 - 1 bytes", |f| f.put("b.name", 0, HUGE), &["tensor 1: name", "limit of 256"]),
    ("a name beyond the file", |f| f.put("c.name", 0, [250]), &["tensor 2: name: needs 250 bytes"]),
    ("a name of no bytes", |f| f.put("b.name", 0, [0]), &["tensor 1: name: is empty"]),
    ("a name that is not UTF-8", |f| f.put("b.name", 8, [0x80]), &["tensor 1: name: is not UTF-8"]),
    ("a name twice", |f| f.put("b.name", 8, b"a"), &["tensor \"a\": name: appears twice"]),
    ("no dimensions", |f| f.put("b.dims", 0, [0]), &["tensor \"b\": dimensions: 0 dimensions are not 1 to 4"]),
    ("five dimensions", |f| f.put("b.dims", 0, [5]), &["tensor \"b\": dimensions: 5 dimensions"]),
    ("2^32 - 1 dimensions", |f| f.put("b.dims", 0, [0xff; 4]), &["tensor \"b\": dimensions: 4294967295 dimensions"]),
    ("a dimension of 0", |f| f.put("a.dims", 12, [0]), &["tensor \"a\": dimensions: [4, 0] has a dimension of 0"]),
    ("elements overflow", |f| f.put("a.dims", 4, BILLIONS.repeat(2)), &["tensor \"a\": dimensions", "overflows"]),
    ("bytes overflow", |f| f.put("a.dims", 4, (1_u64 << 61).to_le_bytes()), &["tensor \"a\": dimensions", "overflows"]),
    (
        "a dimension beyond the file",
        |f| f.put("c.dims", 4, [9]),
        &["tensor \"c\": offset: 18 bytes from 96 reach beyond"],
    ),
    ("2^58 rows", |f| f.put("a.dims", 12, (1_u64 << 58).to_le_bytes()), &["tensor \"a\": offset", "reach beyond"]),
    ("rows of broken blocks", |f| f.put("b.dims", 4, [48]), &["tensor \"b\": dimensions: rows of 48", "blocks of 32"]),
    (
        "cut in the dimensions",
        |f| f.cut("c.dims", 6),
        &["tensor \"c\": dimensions: needs 8 bytes where the file has 2"],
    ),
    ("cut in the type", |f| f.cut("c.type", 0), &["tensor \"c\": type: needs 4 bytes"]),
    ("cut in the offset", |f| f.cut("c.offset", 5), &["tensor \"c\": offset: needs 8 bytes where the file has 5"]),
    (
        "an offset off its alignment",
        |f| f.put("b.offset", 0, [33]),
        &["tensor \"b\": offset: 33 is not a multiple", "32"],
    ),
    ("an offset beyond the file", |f| f.put("b.offset", 2, [1]), &["tensor \"b\": offset", "from 65568 reach beyond"]),
    (
        "an offset near 2^64",
        |f| f.put("b.offset", 0, (u64::MAX - 31).to_le_bytes()),
        &["tensor \"b\": offset", "beyond"],
    ),
    ("tensors overlap", |f| f.put("c.offset", 0, [32]), &["tensor", "offset: shares bytes with tensor"]),
    ("tensors are the same bytes", |f| f.put("b.offset", 0, [0]), &["offset: shares bytes with tensor"]),
    ("a longer type", |f| f.put("c.type", 0, [0]), &["tensor \"c\": offset: 32 bytes from 96 reach beyond the 112"]),
    (
        "an unknown type in other data",
        |f| {
            f.put("c.type", 0, [99]);
            f.put("c.offset", 0, [64]);
        },
        &["tensor \"c\": offset: shares bytes with tensor \"b\""],
    ),
    ("cut before the data", |f| f.cut("header end", 0), &["tensor \"a\": offset: 32 bytes from 0 reach beyond the 0"]),
    ("cut in the data", |f| f.cut("b.data", 39), &["tensor \"b\": offset: 40 bytes from 32 reach beyond the 71 bytes"]),
    (
        "cut by one byte",
        |f| f.cut("c.data", 15),
        &["tensor \"c\": offset: 16 bytes from 96 reach beyond the 111 bytes"],
    ),
];

#[test]
fn the_undamaged_file_opens() {
    let folder = Folder::new();
    let path = folder.write("valid.gguf", &valid().write().bytes);
    let weights = docent_models::weights::Weights::open(&path).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn every_fault_is_named() {
    let (folder, valid) = (Folder::new(), valid().write());
    for (name, damage, parts) in [HEADER, METADATA, TENSORS].concat() {
        let mut file = valid.clone();
        damage(&mut file);
        let path = folder.write("hostile.gguf", &file.bytes);
        let error = open_hostile(&path);
        assert_names(name, &error, &path, parts);
    }
}

#[test]
fn arrays_have_a_limit_of_elements_together() {
    let half = Value::Array(Array::U8(vec![0; (1 << 22) + 1]));
    let folder = Folder::new();
    let path = folder.write("m.gguf", &Gguf::default().with("x", half.clone()).with("y", half).write().bytes);
    let parts = ["metadata \"y\": value: 8388610 is above the limit of 8388608"];
    assert_names("elements", &open_hostile(&path), &path, &parts);
}

#[test]
fn a_header_has_a_limit_of_bytes() {
    let mut file = valid().write();
    file.put("arch.value", 0, (300_u64 << 20).to_le_bytes());
    let folder = Folder::new();
    let path = folder.write("sparse.gguf", &file.bytes);
    std::fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let parts = ["metadata \"arch\": value: the header goes beyond the limit of 268435456 bytes"];
    assert_names("header", &open_hostile(&path), &path, &parts);
}

#[test]
fn counts_that_a_long_file_could_hold_have_limits() {
    for (mark, count, part) in [
        ("tensor count", 1_u64 << 30, "tensor count: 1073741824 is above the limit of 262144"),
        ("metadata count", 1_u64 << 30, "metadata count: 1073741824 is above the limit of 65536"),
        ("tokens.value", 1_u64 << 30, "metadata \"tokens\": value: 1073741824 is above the limit of 8388608"),
    ] {
        let mut file = valid().write();
        file.put(mark, if mark.ends_with("value") { 4 } else { 0 }, count.to_le_bytes());
        let folder = Folder::new();
        let path = folder.write("sparse.gguf", &file.bytes);
        std::fs::File::options().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
        assert_names(mark, &open_hostile(&path), &path, &[part]);
    }
}
