//! Safetensors that are right read back as they were written.

use docent_models::{Format, weights::Weights};

use super::{
    Folder, full_message,
    writer::{Gguf, TensorSpec, safetensors, safetensors_raw},
};

#[test]
fn formats_and_shapes_are_read_and_other_types_only_reported() {
    let folder = Folder::new();
    let bytes = |n: u8| (0..n).collect::<Vec<u8>>();
    let path = folder.write(
        "model.safetensors",
        &safetensors(&[
            ("embeddings.position_ids", "I64", &[1, 2], bytes(16)),
            ("single", "F32", &[2, 3], bytes(24)),
            ("half", "F16", &[5], bytes(10)),
            ("brain", "BF16", &[1, 1, 1, 1, 3], bytes(6)),
            ("scalar", "F32", &[], bytes(4)),
            ("none", "F32", &[0, 7], vec![]),
            ("later", "F2_E9", &[7], bytes(3)),
        ]),
    );
    let weights = Weights::open(&path).unwrap();
    let shape = |name: &str| {
        let tensor = weights.tensor(name).unwrap();
        (tensor.format(), tensor.shape().to_vec(), tensor.data().to_vec())
    };
    assert_eq!(shape("single"), (Format::F32, vec![2, 3], bytes(24)));
    assert_eq!(shape("half"), (Format::F16, vec![5], bytes(10)));
    assert_eq!(shape("brain"), (Format::BF16, vec![1, 1, 1, 1, 3], bytes(6)));
    assert_eq!(shape("scalar"), (Format::F32, vec![], bytes(4)));
    assert_eq!(shape("none"), (Format::F32, vec![0, 7], vec![]));
    assert!(weights.tensor("none").unwrap().to_f32().is_empty());
    assert_eq!(weights.names().collect::<Vec<_>>(), ["brain", "half", "none", "scalar", "single"]);
    assert_eq!(weights.bytes(), 24 + 10 + 6 + 4);
    assert!(weights.metadata().is_none());
    for (name, dtype) in [("embeddings.position_ids", "I64"), ("later", "F2_E9")] {
        let message = full_message(&weights.tensor(name).unwrap_err());
        assert!(message.contains(&format!("tensor `{name}` is stored as safetensors dtype \"{dtype}\"")), "{message}");
    }
}

#[test]
fn files_are_told_by_content_and_padded_headers_are_fine() {
    let folder = Folder::new();
    let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":[1,{}]}}      "#;
    let path = folder.write("blob", &safetensors_raw(header, &[1, 2, 3, 4]));
    assert_eq!(Weights::open(&path).unwrap().tensor("a").unwrap().data(), [1, 2, 3, 4]);
    let path = folder.write("gguf", &Gguf::default().tensor(TensorSpec::new("a", Format::F16, &[2])).write().bytes);
    assert_eq!(Weights::open(&path).unwrap().tensor("a").unwrap().format(), Format::F16);
    let path = folder.write("empty.safetensors", &safetensors_raw("{}", &[]));
    assert_eq!(Weights::open(&path).unwrap().names().count(), 0);
}

#[test]
fn the_index_and_its_folder_open_every_shard() {
    let folder = Folder::new();
    let first: [(&str, &str, &[usize], Vec<u8>); 2] = [("b", "F16", &[1], vec![1; 2]), ("c", "F32", &[1], vec![2; 4])];
    let one = folder.write("model-00001-of-00002.safetensors", &safetensors(&first));
    let two = folder.write("model-00002-of-00002.safetensors", &safetensors(&[("a", "F32", &[2], vec![3; 8])]));
    let index = r#"{"metadata":{"total_size":14},"weight_map":{
        "a":"model-00002-of-00002.safetensors",
        "b":"model-00001-of-00002.safetensors",
        "c":"model-00001-of-00002.safetensors"}}"#;
    let index = folder.write("model.safetensors.index.json", index.as_bytes());
    for path in [index.as_path(), folder.path()] {
        let weights = Weights::open(path).unwrap();
        assert_eq!(weights.names().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(weights.tensor("a").unwrap().data(), [3; 8]);
        assert_eq!(weights.tensor("c").unwrap().data(), [2; 4]);
        assert_eq!(weights.files(), [one.clone(), two.clone()]);
    }
}

#[test]
fn a_folder_prefers_one_safetensors_file_then_an_index_then_gguf() {
    let folder = Folder::new();
    let tensor = |weights: Weights| weights.names().next().unwrap().to_owned();
    folder.write("any.gguf", &Gguf::default().tensor(TensorSpec::new("in gguf", Format::F32, &[1])).write().bytes);
    folder.write("README.md", b"not weights");
    assert_eq!(tensor(Weights::open(folder.path()).unwrap()), "in gguf");
    folder.write("s.safetensors", &safetensors(&[("in shard", "F32", &[1], vec![0; 4])]));
    folder.write("model.safetensors.index.json", br#"{"weight_map":{"in shard":"s.safetensors"}}"#);
    assert_eq!(tensor(Weights::open(folder.path()).unwrap()), "in shard");
    folder.write("model.safetensors", &safetensors(&[("in one", "F32", &[1], vec![0; 4])]));
    assert_eq!(tensor(Weights::open(folder.path()).unwrap()), "in one");
}

#[test]
fn a_tensor_outlives_its_weights() {
    let folder = Folder::new();
    let path = folder.write("m.safetensors", &safetensors(&[("a", "F32", &[1], vec![9; 4])]));
    let tensor = Weights::open(&path).unwrap().tensor("a").unwrap();
    assert_eq!(tensor.clone().data(), [9; 4]);
    assert_eq!(format!("{tensor:?}"), "Tensor(\"a\", F32 [1])");
}
