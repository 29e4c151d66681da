//! Paths that lead to no weights, and files that are something else.

use docent_models::weights::WeightError;

use super::{Folder, assert_names, open_hostile, writer::Gguf};

#[test]
fn other_files_are_told_by_their_start_with_a_hint() {
    let folder = Folder::new();
    for (name, bytes, part, hint) in [
        (
            "pointer.gguf",
            &b"version https://git-lfs.github.com/spec/v1\n"[..],
            "starts with \"version https://\"",
            "Git LFS",
        ),
        ("pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "starts with", "Git LFS"),
        ("checkpoint.bin", b"PK\x03\x04\x00\x00\x08\x08\x00\x00", "starts with \"PK\\x03\\x04", "PyTorch"),
        ("page.safetensors", b"<!DOCTYPE html><html>", "starts with \"<!DOCTYPE html><\"", "web page"),
        ("short.bin", b"G", "starts with \"G\"", "incomplete"),
        ("empty.safetensors", b"", "is empty", "incomplete"),
    ] {
        let path = folder.write(name, bytes);
        let error = open_hostile(&path);
        assert_names(name, &error, &path, &["neither a GGUF nor a safetensors file", part]);
        assert!(error.hint().unwrap().contains(hint), "{name}: {:?}", error.hint());
    }
}

#[test]
fn paths_that_lead_nowhere_are_named() {
    let folder = Folder::new();
    let missing = folder.path().join("missing.gguf");
    assert_names("missing", &open_hostile(&missing), &missing, &["cannot read"]);
    let error = open_hostile(folder.path());
    assert!(matches!(error, WeightError::NoWeights { .. }), "{error:?}");
    assert_names("empty folder", &error, folder.path(), &["no `model.safetensors`"]);
    std::fs::create_dir(folder.path().join("model.safetensors")).unwrap();
    let inner = folder.path().join("model.safetensors");
    assert_names("folder", &open_hostile(folder.path()), &inner, &["cannot read", "is a folder"]);
}

#[test]
fn a_folder_of_several_models_lists_them() {
    let folder = Folder::new();
    for name in ["b.gguf", "a-00001-of-00002.gguf", "a-00002-of-00002.gguf"] {
        folder.write(name, &Gguf::default().write().bytes);
    }
    let error = open_hostile(folder.path());
    assert_names("several", &error, folder.path(), &["holds 2 GGUF models: a-00001-of-00002.gguf, b.gguf"]);
    assert_eq!(error.hint().unwrap(), "name one of the files instead of the folder");
}

#[cfg(unix)]
#[test]
fn a_device_is_not_read() {
    let path = std::path::Path::new("/dev/zero");
    assert_names("device", &open_hostile(path), path, &["cannot read", "is not a regular file"]);
}
