//! Models in several files that do not fit together.

use docent_models::{
    Format,
    weights::gguf::{Array, Value},
};

use super::{
    Folder, assert_names, open_hostile,
    valid_gguf::shards,
    writer::{Gguf, TensorSpec, safetensors},
};

/// Name of the fault, how to make it in the shards `m-0000{1,2,3}-of-00003.gguf`, the shard that the error names, what it
/// must contain.
type Row = (&'static str, fn(&mut [Gguf; 3]), usize, &'static [&'static str]);

fn set(shard: &mut Gguf, key: &str, value: Value) {
    shard.metadata.iter_mut().find(|(k, _)| k == key).unwrap().1 = value;
}

const SPLIT: &[Row] = &[
    ("a wrong number", |s| set(&mut s[1], "split.no", Value::U16(0)), 2, &["\"split.no\": value: is 0, expected 1"]),
    (
        "a wrong count",
        |s| set(&mut s[2], "split.count", Value::U16(4)),
        3,
        &["\"split.count\": value: is 4, expected 3"],
    ),
    ("no count", |s| s[2].metadata.retain(|(k, _)| k != "split.count"), 3, &["`split.count` is missing"]),
    ("no count in the first", |s| s[0].metadata.clear(), 1, &["`split.count` is missing"]),
    (
        "a count of strings",
        |s| set(&mut s[1], "split.count", Value::Array(Array::String(Default::default()))),
        2,
        &["wanted u64"],
    ),
    ("a tensor less", |s| s[1].tensors.clear(), 1, &["\"split.tensors.count\": value: is 4, expected 3"]),
    (
        "a wrong total",
        |s| set(&mut s[2], "split.tensors.count", Value::I32(-1)),
        3,
        &["`split.tensors.count` is i32 -1, wanted u64"],
    ),
    (
        "a tensor in two shards",
        |s| s[2].tensors[0] = TensorSpec::new("second", Format::F32, &[8]),
        3,
        &["tensor \"second\": name: is also in", "m-00002-of-00003.gguf"],
    ),
    ("a version", |s| s[1].version = 1, 2, &["version: 1 is not one of"]),
];

#[test]
fn split_gguf_must_agree() {
    for (name, damage, shard, parts) in SPLIT {
        let folder = Folder::new();
        let mut files = shards();
        damage(&mut files);
        for (i, file) in files.iter().enumerate() {
            folder.write(&format!("m-{:05}-of-00003.gguf", i + 1), &file.write().bytes);
        }
        let named = folder.path().join(format!("m-{shard:05}-of-00003.gguf"));
        assert_names(name, &open_hostile(&folder.path().join("m-00001-of-00003.gguf")), &named, parts);
    }
}

#[test]
fn a_missing_gguf_shard_is_named() {
    let folder = Folder::new();
    for (i, file) in shards().iter().enumerate().filter(|(i, _)| *i != 1) {
        folder.write(&format!("m-{:05}-of-00003.gguf", i + 1), &file.write().bytes);
    }
    let error = open_hostile(&folder.path().join("m-00003-of-00003.gguf"));
    assert_names("missing", &error, &folder.path().join("m-00002-of-00003.gguf"), &["shard", "is missing"]);
    folder.write("m-00002-of-00003.gguf", b"<html>");
    let error = open_hostile(folder.path());
    assert_names("page", &error, &folder.path().join("m-00002-of-00003.gguf"), &["starts with \"<html>\""]);
}

#[test]
fn a_shard_under_another_name_is_told() {
    let folder = Folder::new();
    let path = folder.write("part.gguf", &shards()[1].write().bytes);
    let parts = ["metadata \"split.count\": value: is 3, but the file's name", "`-00001-of-00003.gguf`"];
    assert_names("renamed", &open_hostile(&path), &path, &parts);
    let path = folder.write("m-00002-of-00004.gguf", &shards()[1].write().bytes);
    assert_names("count", &open_hostile(&path), &path, &["\"split.count\": value: is 3, expected 4"]);
}

const INDEXES: &[(&str, &str, &[&str])] = &[
    ("not JSON", "weights", &["the index does not parse"]),
    ("a list", r#"[{"a":"1.safetensors"}]"#, &["the index does not parse"]),
    ("no weight map", "{}", &["missing field `weight_map`"]),
    ("an empty weight map", r#"{"weight_map":{}}"#, &["weight_map: is empty"]),
    ("a weight map of numbers", r#"{"weight_map":{"a":1}}"#, &["weight_map \"a\"", "a string"]),
    (
        "a name twice",
        r#"{"weight_map":{"a":"1.safetensors","a":"2.safetensors"}}"#,
        &["weight_map \"a\": appears twice"],
    ),
    (
        "a parent folder",
        r#"{"weight_map":{"a":"../1.safetensors"}}"#,
        &["weight_map \"a\": \"../1.safetensors\" is not a"],
    ),
    (
        "an absolute path",
        r#"{"weight_map":{"a":"/etc/passwd"}}"#,
        &["weight_map \"a\": \"/etc/passwd\" is not a plain"],
    ),
    ("a folder below", r#"{"weight_map":{"a":"x/1.safetensors"}}"#, &["is not a plain file name"]),
    ("a backslash", r#"{"weight_map":{"a":"..\\1.safetensors"}}"#, &["is not a plain file name"]),
    ("a drive", r#"{"weight_map":{"a":"C:1.safetensors"}}"#, &["is not a plain file name"]),
    ("a folder itself", r#"{"weight_map":{"a":".."}}"#, &["is not a plain file name"]),
    ("no name", r#"{"weight_map":{"a":""}}"#, &["is not a plain file name"]),
    ("a zero byte", r#"{"weight_map":{"a":"1\u0000"}}"#, &["is not a plain file name"]),
    ("a missing shard", r#"{"weight_map":{"a":"9.safetensors"}}"#, &["9.safetensors", "is missing"]),
    (
        "a tensor elsewhere",
        r#"{"weight_map":{"a":"1.safetensors","b":"1.safetensors"}}"#,
        &["weight_map \"b\": not in \"1.safetensors\""],
    ),
    ("a shard that is an index", r#"{"weight_map":{"a":"model.safetensors.index.json"}}"#, &["neither a GGUF nor"]),
];

#[test]
fn indexes_must_hold() {
    for (name, index, parts) in INDEXES {
        let folder = Folder::new();
        folder.write("1.safetensors", &safetensors(&[("a", "F32", &[1], vec![0; 4])]));
        folder.write("2.safetensors", &safetensors(&[("b", "F32", &[1], vec![0; 4])]));
        let path = folder.write("model.safetensors.index.json", index.as_bytes());
        assert_names(name, &open_hostile(&path), &path, parts);
    }
}

#[test]
fn a_tensor_in_two_safetensors_shards_is_named() {
    let folder = Folder::new();
    folder.write("1.safetensors", &safetensors(&[("a", "F32", &[1], vec![0; 4])]));
    let second: [(&str, &str, &[usize], Vec<u8>); 2] = [("a", "F32", &[1], vec![1; 4]), ("b", "F32", &[1], vec![0; 4])];
    let second = folder.write("2.safetensors", &safetensors(&second));
    let index = r#"{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}"#;
    let index = folder.write("model.safetensors.index.json", index.as_bytes());
    assert_names("twice", &open_hostile(&index), &second, &["tensor \"a\": name: is also in", "1.safetensors"]);
}
