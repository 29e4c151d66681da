//! Safetensors files with one fault each: the error names the field, and comes quickly.

use super::{Folder, assert_names, open_hostile, writer::safetensors_raw};

/// Name of the fault, header, bytes of data, what the error must contain.
type Row = (&'static str, &'static str, usize, &'static [&'static str]);

const HEADERS: &[Row] = &[
    ("not JSON", "{nonsense}", 0, &["the JSON header does not parse", "line 1 column 2"]),
    ("JSON cut off", r#"{"a":{"dtype":"F32""#, 0, &["JSON header", "EOF"]),
    ("JSON and more", "{} {}", 0, &["JSON header", "trailing characters"]),
    ("a tensor is a number", r#"{"a":1}"#, 0, &["tensor \"a\": invalid type: integer"]),
    ("no dtype", r#"{"a":{"shape":[1],"data_offsets":[0,4]}}"#, 4, &["tensor \"a\": missing field `dtype`"]),
    ("no shape", r#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, &["tensor \"a\": missing field `shape`"]),
    ("no offsets", r#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, &["tensor \"a\": missing field `data_offsets`"]),
    ("dtype twice", r#"{"a":{"dtype":"F32","dtype":"F16"}}"#, 4, &["tensor \"a\": duplicate field `dtype`"]),
    ("dtype is a number", r#"{"a":{"dtype":3,"shape":[1],"data_offsets":[0,4]}}"#, 4, &["tensor \"a\"", "a string"]),
    (
        "a negative dimension",
        r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
        4,
        &["tensor \"a\"", "`-1`"],
    ),
    ("half a dimension", r#"{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}}"#, 4, &["tensor \"a\"", "`0.5`"]),
    (
        "nine dimensions",
        r#"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
        4,
        &["tensor \"a\": shape: more than 8 dimensions"],
    ),
    ("one offset", r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, 4, &["tensor \"a\"", "length 1"]),
    (
        "offsets reversed",
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
        4,
        &["tensor \"a\": data_offsets: ends at 0, before its start at 4"],
    ),
    (
        "offsets beyond the file",
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
        7,
        &["tensor \"a\": data_offsets: 8 bytes from 0 reach beyond the 7 bytes"],
    ),
    (
        "offsets of 2^64 - 1",
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551611,18446744073709551615]}}"#,
        4,
        &["tensor \"a\": data_offsets: 4 bytes from 18446744073709551611"],
    ),
    (
        "an unknown dtype beyond the file",
        r#"{"a":{"dtype":"X9","shape":[1],"data_offsets":[0,40]}}"#,
        4,
        &["tensor \"a\": data_offsets: 40 bytes from 0"],
    ),
    (
        "too few bytes",
        r#"{"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,4]}}"#,
        4,
        &["tensor \"a\": data_offsets: spans 4 bytes where shape and type need 6"],
    ),
    (
        "too many bytes of integers",
        r#"{"a":{"dtype":"I64","shape":[],"data_offsets":[0,16]}}"#,
        16,
        &["tensor \"a\": data_offsets: spans 16 bytes where shape and type need 8"],
    ),
    (
        "elements overflow",
        r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}"#,
        4,
        &["tensor \"a\": shape: the product of [4294967296, 4294967296] overflows"],
    ),
    (
        "bytes overflow",
        r#"{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}}"#,
        4,
        &["tensor \"a\": shape: the product"],
    ),
    ("half a byte", r#"{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}"#, 2, &["tensor \"a\": shape"]),
    (
        "tensors overlap",
        r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        8,
        &["tensor \"b\": data_offsets: shares bytes with tensor \"a\""],
    ),
    (
        "a gap",
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#,
        12,
        &["tensor \"b\": data_offsets: bytes 4..8 of the data belong to no tensor"],
    ),
    (
        "bytes after the last tensor",
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        5,
        &["data_offsets: bytes 4..5 of the data belong to no tensor"],
    ),
    (
        "a name twice",
        r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        8,
        &["tensor \"a\": name: appears twice"],
    ),
    (
        "a name of no bytes",
        r#"{"":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        4,
        &["tensor 0: name: is empty"],
    ),
    ("metadata of numbers", r#"{"__metadata__":{"format":1}}"#, 0, &["__metadata__", "a string"]),
    ("metadata is a list", r#"{"__metadata__":[]}"#, 0, &["__metadata__", "an object of strings"]),
];

#[test]
fn every_fault_is_named() {
    let folder = Folder::new();
    for &(name, header, bytes, parts) in HEADERS {
        let path = folder.write("hostile.safetensors", &safetensors_raw(header, &vec![0; bytes]));
        assert_names(name, &open_hostile(&path), &path, parts);
    }
}

#[test]
fn every_damaged_length_is_named() {
    let folder = Folder::new();
    for (name, length, parts) in [
        ("2^64 - 1", u64::MAX, ["header length: 18446744073709551615 is above the limit of 100000000"]),
        ("above the limit", 100_000_001, ["header length: 100000001 is above the limit of 100000000"]),
        ("beyond the file", 3, ["header length: needs 3 bytes where the file has 2 left"]),
        ("nothing", 0, ["EOF while parsing"]),
        ("one byte", 1, ["EOF while parsing"]),
    ] {
        let mut bytes = safetensors_raw("{}", &[]);
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        let path = folder.write("hostile.safetensors", &bytes);
        assert_names(name, &open_hostile(&path), &path, &parts);
    }
}

#[test]
fn a_header_cut_before_its_text_is_named() {
    let folder = Folder::new();
    let path = folder.write("hostile.safetensors", &[2, 0, 0, 0, 0]);
    let parts = ["header length: needs 8 bytes where the file has 5 left"];
    assert_names("cut", &open_hostile(&path), &path, &parts);
}

#[test]
fn long_names_are_refused_without_being_shown() {
    let name = "n".repeat(257);
    let header = format!(r#"{{"{name}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
    let folder = Folder::new();
    let path = folder.write("hostile.safetensors", &safetensors_raw(&header, &[0; 4]));
    let parts = ["tensor 0: name: 257 is above the limit of 256"];
    assert_names("long name", &open_hostile(&path), &path, &parts);
}

#[test]
fn deep_and_endless_json_is_refused() {
    let folder = Folder::new();
    for (name, header, part) in [
        ("nested", format!(r#"{{"a":{{"x":{}"#, "[".repeat(1 << 20)), "EOF while parsing a list"),
        ("long shape", format!(r#"{{"a":{{"shape":[{}1]}}}}"#, "0,".repeat(1 << 20)), "shape: more than 8 dimensions"),
    ] {
        let path = folder.write("hostile.safetensors", &safetensors_raw(&header, &[]));
        assert_names(name, &open_hostile(&path), &path, &["tensor \"a\"", part]);
    }
}

#[test]
fn the_number_of_tensors_is_bounded() {
    let entry = |i: usize| format!(r#""{i}":{{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#);
    let header = format!("{{{}}}", (0..=1 << 18).map(entry).collect::<Vec<_>>().join(","));
    let folder = Folder::new();
    let path = folder.write("hostile.safetensors", &safetensors_raw(&header, &[]));
    assert_names("tensors", &open_hostile(&path), &path, &["more than 262144 tensors"]);
}
