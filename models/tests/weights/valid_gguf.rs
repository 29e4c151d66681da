//! GGUF files that are right read back as they were written.

use std::path::PathBuf;

use docent_models::{
    Format,
    checkpoint::{Architecture, Checkpoint},
    weights::{
        Weights,
        gguf::{Array, Metadata, Value},
    },
};

use super::{
    Folder, full_message,
    writer::{Gguf, TensorSpec},
};

/// One value of every type.
fn values() -> Vec<(&'static str, Value)> {
    let nested = vec![Array::U8(vec![1, 2]), Array::String(["x"].into_iter().collect()), Array::Array(vec![])];
    vec![
        ("u8", Value::U8(255)),
        ("i8", Value::I8(-128)),
        ("u16", Value::U16(65535)),
        ("i16", Value::I16(-32768)),
        ("u32", Value::U32(u32::MAX)),
        ("i32", Value::I32(i32::MIN)),
        ("f32", Value::F32(-0.5)),
        ("bool", Value::Bool(true)),
        ("string", Value::String("größer\u{1f4a1}\0".into())),
        ("empty", Value::String(String::new())),
        ("u64", Value::U64(u64::MAX)),
        ("i64", Value::I64(i64::MIN)),
        ("f64", Value::F64(1e300)),
        ("u8s", Value::Array(Array::U8(vec![0, 255]))),
        ("i8s", Value::Array(Array::I8(vec![-1, 1]))),
        ("u16s", Value::Array(Array::U16(vec![1, 65535]))),
        ("i16s", Value::Array(Array::I16(vec![-1, 2]))),
        ("u32s", Value::Array(Array::U32(vec![1, u32::MAX]))),
        ("i32s", Value::Array(Array::I32(vec![-7, 7]))),
        ("f32s", Value::Array(Array::F32(vec![0.25, -1e30]))),
        ("bools", Value::Array(Array::Bool(vec![true, false]))),
        ("strings", Value::Array(Array::String(["a", "", "Ġthe"].into_iter().collect()))),
        ("arrays", Value::Array(Array::Array(nested))),
        ("u64s", Value::Array(Array::U64(vec![u64::MAX]))),
        ("i64s", Value::Array(Array::I64(vec![i64::MIN]))),
        ("f64s", Value::Array(Array::F64(vec![]))),
    ]
}

/// A model in three shards of four tensors.
pub(crate) fn shards() -> [Gguf; 3] {
    let shard = |number: u16| {
        Gguf::default()
            .with("split.no", Value::U16(number))
            .with("split.count", Value::U16(3))
            .with("split.tensors.count", Value::I32(4))
    };
    [
        shard(0)
            .with("general.architecture", Value::String("llama".into()))
            .tensor(TensorSpec::new("first", Format::F32, &[2, 3]))
            .tensor(TensorSpec::new("another", Format::Q8_0, &[1, 32])),
        shard(1).tensor(TensorSpec::new("second", Format::F16, &[5])),
        shard(2).tensor(TensorSpec::new("third", Format::BF16, &[2, 2, 2])),
    ]
}

fn assert_holds(weights: &Weights, tensors: &[TensorSpec]) {
    for spec in tensors {
        let tensor = weights.tensor(&spec.name).unwrap();
        assert_eq!(tensor.name(), spec.name);
        assert_eq!(tensor.format().ggml_type(), spec.kind);
        assert_eq!(tensor.shape(), spec.shape);
        assert_eq!(tensor.elements(), spec.shape.iter().product::<usize>());
        assert_eq!(tensor.data(), spec.data, "{}", spec.name);
    }
}

#[test]
fn both_versions_hold_every_format_and_every_value() {
    let folder = Folder::new();
    for version in [2, 3] {
        let mut file = Gguf { version, ..Gguf::default() };
        for (key, value) in values() {
            file = file.with(key, value);
        }
        for format in Format::ALL {
            file = file.tensor(TensorSpec::new(format.name(), format, &[3, 256]));
        }
        let path = folder.write("m.gguf", &file.write().bytes);
        let weights = Weights::open(&path).unwrap();
        assert_holds(&weights, &file.tensors);
        assert_eq!(weights.names().count(), Format::ALL.len());
        assert_eq!(weights.bytes(), file.tensors.iter().map(|t| t.data.len() as u64).sum::<u64>());
        assert_eq!(weights.files(), [path]);
        let metadata = weights.metadata().unwrap();
        for (key, value) in values() {
            assert_eq!(metadata.get(key), Some(&value), "{key}");
        }
        assert_eq!(metadata.iter().count(), metadata.len());
        assert_eq!(metadata.len(), values().len());
    }
}

#[test]
fn shapes_of_one_to_four_dimensions_are_outermost_first() {
    let shapes: [&[usize]; 4] = [&[7], &[2, 3], &[2, 3, 4], &[2, 3, 4, 5]];
    let file = shapes.iter().fold(Gguf::default(), |file, shape| {
        file.tensor(TensorSpec::new(&format!("rank {}", shape.len()), Format::F32, shape))
    });
    let folder = Folder::new();
    assert_holds(&Weights::open(&folder.write("m.gguf", &file.write().bytes)).unwrap(), &file.tensors);
}

#[test]
fn elements_read_as_floats() {
    let q8_0: Vec<u8> = 0x3800_u16.to_le_bytes().into_iter().chain(0..32).collect();
    let halves: Vec<f32> = (0..32).map(|i| i as f32 / 2.0).collect();
    let cases: [(Format, Vec<u8>, &[f32]); 4] = [
        (Format::F32, [1.5_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect(), &[1.5, -2.0]),
        (Format::F16, vec![0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00], &[1.0, -2.0, 2.0_f32.powi(-24)]),
        (Format::BF16, vec![0x80, 0x3f, 0x00, 0xc0], &[1.0, -2.0]),
        (Format::Q8_0, q8_0, &halves),
    ];
    let folder = Folder::new();
    for (format, data, expected) in cases {
        let spec = TensorSpec { data, ..TensorSpec::new("a", format, &[expected.len()]) };
        let path = folder.write("m.gguf", &Gguf::default().tensor(spec).write().bytes);
        assert_eq!(Weights::open(&path).unwrap().tensor("a").unwrap().to_f32(), expected, "{format}");
    }
}

#[test]
fn alignment_gaps_and_trailing_bytes_are_fine() {
    let folder = Folder::new();
    for alignment in [8, 32, 64, 4096] {
        let file = Gguf { alignment, ..Gguf::default() }
            .with("general.alignment", Value::U32(alignment as u32))
            .tensor(TensorSpec::new("a", Format::F32, &[3]))
            .tensor(TensorSpec::new("b", Format::F32, &[1]));
        let mut written = file.write();
        written.bytes.extend([1; 99]);
        assert_holds(&Weights::open(&folder.write("m.gguf", &written.bytes)).unwrap(), &file.tensors);
    }
    let file = Gguf::default().tensor(TensorSpec::new("a", Format::F32, &[3]));
    let mut written = file.write();
    written.put("a.offset", 0, [64]);
    written.bytes.splice(written.at("data")..written.at("data"), [0; 64]);
    assert_holds(&Weights::open(&folder.write("m.gguf", &written.bytes)).unwrap(), &file.tensors);
}

#[test]
fn a_file_without_tensors_may_end_with_its_header() {
    let folder = Folder::new();
    let mut written = Gguf::default().with("a", Value::U8(1)).write();
    written.cut("header end", 0);
    let weights = Weights::open(&folder.write("vocabulary.gguf", &written.bytes)).unwrap();
    assert_eq!((weights.names().count(), weights.bytes()), (0, 0));
    assert_eq!(weights.metadata().unwrap().u32("a").unwrap(), 1);
    assert_eq!(weights.tensor("a").unwrap_err().hint(), None);
}

#[test]
fn an_unsupported_type_fails_only_its_tensor() {
    let folder = Folder::new();
    let mut file = Gguf::default();
    for (name, kind) in [("known", 0), ("named", 23), ("unheard", 4_000_000_000)] {
        file = file.tensor(TensorSpec { kind, ..TensorSpec::new(name, Format::F32, &[4]) });
    }
    let path = folder.write("m.gguf", &file.write().bytes);
    let weights = Weights::open(&path).unwrap();
    assert_eq!(weights.names().collect::<Vec<_>>(), ["known"]);
    assert_eq!(weights.unsupported().map(|(name, _)| name).collect::<Vec<_>>(), ["named", "unheard"]);
    assert!(weights.get("named").is_none());
    for (name, part) in [("named", "ggml type 23 (IQ4_XS)"), ("unheard", "ggml type 4000000000")] {
        let error = weights.tensor(name).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(part) && message.contains(name), "{message}");
        assert!(message.contains(path.to_str().unwrap()), "{message}");
        assert!(error.hint().unwrap().contains("Q4_K"));
    }
}

#[test]
fn any_shard_and_the_folder_open_the_whole_set() {
    let folder = Folder::new();
    let files = shards();
    let paths: Vec<_> =
        (1..=3).map(|i| folder.write(&format!("m-{i:05}-of-00003.gguf"), &files[i - 1].write().bytes)).collect();
    let hash = Weights::open(&paths[0]).unwrap().hash();
    for path in paths.iter().map(PathBuf::as_path).chain([folder.path()]) {
        let weights = Weights::open(path).unwrap();
        for file in &files {
            assert_holds(&weights, &file.tensors);
        }
        assert_eq!(weights.files(), paths);
        assert_eq!(weights.metadata().unwrap().str("general.architecture").unwrap(), "llama");
        assert_eq!(weights.metadata().unwrap().u32("split.no").unwrap(), 0);
        assert_eq!(weights.hash(), hash);
    }
}

#[test]
fn a_set_of_one_file_is_a_model() {
    let folder = Folder::new();
    let file = Gguf::default().tensor(TensorSpec::new("a", Format::F32, &[3]));
    for count in [None, Some(0), Some(1)] {
        let file = count.into_iter().fold(file.clone(), |file, n| file.with("split.count", Value::U16(n)));
        let path = folder.write("m-00001-of-00001.gguf", &file.write().bytes);
        assert_holds(&Weights::open(&path).unwrap(), &file.tensors);
    }
}

#[test]
fn a_missing_tensor_suggests_the_nearest() {
    let folder = Folder::new();
    let names = ["blk.0.attn_q.weight", "blk.0.attn_k.weight", "token_embd.weight"];
    let file = names.iter().fold(Gguf::default(), |f, name| f.tensor(TensorSpec::new(name, Format::F32, &[3])));
    let path = folder.write("m.gguf", &file.write().bytes);
    let weights = Weights::open(&path).unwrap();
    let error = weights.tensor("token_embed.weight").unwrap_err();
    assert_eq!(error.to_string(), format!("no tensor `token_embed.weight` in `{}`", path.display()));
    assert_eq!(error.hint().unwrap(), "the nearest name is `token_embd.weight`");
    assert_eq!(weights.tensor("lm_head").unwrap_err().hint(), None);
}

/// Asks a getter for a key and gives the error's text.
type Ask = fn(&Metadata, &str) -> String;

#[test]
fn getters_convert_widths_and_name_what_they_found() {
    let folder = Folder::new();
    let file = values().into_iter().fold(Gguf::default(), |file, (key, value)| file.with(key, value));
    let path = folder.write("m.gguf", &file.write().bytes);
    let weights = Weights::open(&path).unwrap();
    let metadata = weights.metadata().unwrap();
    assert_eq!(metadata.u32("u8").unwrap(), 255);
    assert_eq!(metadata.u64("u32").unwrap(), u64::from(u32::MAX));
    assert_eq!(metadata.f32("f32").unwrap(), -0.5);
    assert!(metadata.bool("bool").unwrap());
    assert_eq!(metadata.str("empty").unwrap(), "");
    assert!(metadata.strings("strings").unwrap().iter().eq(["a", "", "Ġthe"]));
    assert_eq!(metadata.f32s("f32s").unwrap(), [0.25, -1e30]);
    assert_eq!(metadata.u32s("u16s").unwrap(), [1, 65535]);
    assert_eq!(metadata.array("i32s").unwrap().to_integers().unwrap(), [-7, 7]);
    assert_eq!(metadata.optional("absent", Metadata::u32).unwrap(), None);
    assert_eq!(metadata.optional("empty", Metadata::str).unwrap(), Some(""));
    let asks: [(&str, Ask, &str); 8] = [
        ("absent", |m, k| full_message(&m.u32(k).unwrap_err()), "`absent` is missing"),
        ("i32", |m, k| full_message(&m.u32(k).unwrap_err()), "`i32` is i32 -2147483648, wanted u32"),
        ("u64", |m, k| full_message(&m.u32(k).unwrap_err()), "`u64` is u64 18446744073709551615, wanted u32"),
        ("string", |m, k| full_message(&m.f32(k).unwrap_err()), "`string` is string, wanted f32"),
        ("u8", |m, k| full_message(&m.bool(k).unwrap_err()), "`u8` is u8 255, wanted bool"),
        ("f32s", |m, k| full_message(&m.strings(k).unwrap_err()), "`f32s` is array of 2 f32, wanted array of string"),
        ("i32s", |m, k| full_message(&m.u32s(k).unwrap_err()), "`i32s` is array of 2 i32, wanted array of u32"),
        ("bool", |m, k| full_message(&m.optional(k, Metadata::str).unwrap_err()), "`bool` is bool true, wanted string"),
    ];
    for (key, ask, expected) in asks {
        assert_eq!(ask(metadata, key), format!("`{}`: metadata key {expected}", path.display()));
    }
}

#[test]
fn the_hash_is_the_models_and_not_the_paths() {
    let file = Gguf::default()
        .with("name", Value::String("m".into()))
        .tensor(TensorSpec::new("a", Format::F32, &[5000]))
        .tensor(TensorSpec::new("b", Format::F32, &[3]));
    let written = file.write();
    let folder = Folder::new();
    let hash = |name: &str, bytes: &[u8]| Weights::open(&folder.write(name, bytes)).unwrap().hash();
    let original = hash("m.gguf", &written.bytes);
    assert_eq!(hash("copy.gguf", &written.bytes), original);
    for (mark, skip, byte) in [("name.value", 8, b'x'), ("a.data", 0, 99), ("a.data", 19_999, 99), ("b.data", 11, 99)] {
        let mut changed = written.clone();
        changed.put(mark, skip, [byte]);
        assert_ne!(changed.bytes, written.bytes, "{mark}");
        assert_ne!(hash("changed.gguf", &changed.bytes), original, "{mark} {skip}");
    }
}

#[test]
fn biases_are_those_that_the_file_holds() {
    let folder = Folder::new();
    let cases = [
        ("llama", "attn_q", [true, false, false]),
        ("llama", "attn_output", [false, true, false]),
        ("llama", "ffn_down", [false, false, true]),
        ("llama", "attn_norm", [false, false, false]),
        ("qwen2", "attn_output", [true, true, false]),
        ("qwen3", "attn_v", [true, false, false]),
    ];
    for (architecture, module, expected) in cases {
        let key = |field: &str| format!("{architecture}.{field}");
        let mut file = Gguf::default().with("general.architecture", Value::String(architecture.into()));
        let fields =
            ["embedding_length", "attention.head_count", "block_count", "feed_forward_length", "context_length"];
        for field in fields.into_iter().chain(["vocab_size"]) {
            file = file.with(&key(field), Value::U32(if field == "block_count" { 2 } else { 64 }));
        }
        let file = file
            .with(&key("attention.layer_norm_rms_epsilon"), Value::F32(1e-5))
            .with(&key("attention.key_length"), Value::U32(2))
            .tensor(TensorSpec::new(&format!("blk.1.{module}.bias"), Format::F32, &[64]));
        let path = folder.write("m.gguf", &file.write().bytes);
        let checkpoint = Checkpoint::open(&path).unwrap();
        let Architecture::Decoder(config) = checkpoint.architecture() else { panic!("{architecture}") };
        assert_eq!([config.qkv_bias, config.output_bias, config.mlp_bias], expected, "{architecture}, {module}");
    }
}
