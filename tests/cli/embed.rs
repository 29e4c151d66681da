//! `embed` on the default encoder: every format in and out, and what is on the disk when it fails.

use std::fs::{self, File};

use parquet::{
    file::serialized_reader::SerializedFileReader,
    record::{Field, RowAccessor},
};
use serde_json::Value;

use super::{Workplace, json, numbers, stdout};
use crate::support::reference_json;

const CSV: &str = "id,text\n1,a film about ships\n2,\"a play, in two acts\"\n3,\n";
const LINES: &str = r#"{"id": 1, "text": "a film about ships"}
{"id": 2, "text": "a play, in two acts"}
{"id": 3, "text": ""}
"#;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn vectors_are_those_of_the_reference() {
    let workplace = Workplace::with_models();
    let reference = reference_json("minilm-l6.json");
    let texts = reference["texts"].as_array().expect("texts");
    let input: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(index, case)| serde_json::json!({"id": format!("t{index}"), "text": case["text"]}).to_string())
        .collect();
    let output = stdout(workplace.run_with_input(&["embed", "-", "-o", "-"], &input.join("\n")));
    let ours = lines(&output);
    assert_eq!(ours.len(), texts.len());
    for (index, (ours, theirs)) in ours.iter().zip(texts).enumerate() {
        assert_eq!(ours["id"], format!("t{index}"));
        let (ours, theirs) = (numbers(&ours["embedding"]), numbers(&theirs["embedding"]));
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let cosine = dot(&ours, &theirs) / (dot(&ours, &ours) * dot(&theirs, &theirs)).sqrt();
        assert!(cosine >= 0.9999, "text {index}: {cosine}");
    }
}

#[test]
fn every_format_holds_the_same_vectors() {
    let workplace = Workplace::with_models();
    workplace.write("in.csv", CSV);
    workplace.write("in.jsonl", LINES);
    let expected = stdout(workplace.run(&["embed", "in.csv", "-o", "-"]));
    for arguments in [["in.jsonl", "a.jsonl"], ["in.csv", "b.ndjson"]] {
        stdout(workplace.run(&["embed", arguments[0], "-o", arguments[1]]));
        assert_eq!(workplace.read(arguments[1]), expected);
    }
    let vectors: Vec<f32> =
        lines(&expected).iter().flat_map(|line| numbers(&line["embedding"])).map(|value| value as f32).collect();

    let run = workplace.run(&["embed", "in.csv", "-o", "out.npy"]);
    insta::assert_snapshot!("embed-npy", workplace.told(&["embed", "in.csv", "-o", "out.npy"], &run));
    let npy = fs::read(workplace.path("out.npy")).expect("a file");
    assert!(npy[10..128].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 384), }"));
    let values: Vec<f32> = npy[128..].chunks(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    assert_eq!(values, vectors);

    let report = json(workplace.run(&["embed", "in.csv", "-o", "out.parquet", "--json"]));
    let expected =
        serde_json::json!({"texts": 3, "tokens": report["tokens"], "dimension": 384, "output": "out.parquet"});
    assert_eq!(report, expected);
    let file = File::open(workplace.path("out.parquet")).expect("a file");
    let rows: Vec<_> = SerializedFileReader::new(file).expect("parquet").into_iter().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|row| row.get_long(0).unwrap()).collect::<Vec<_>>(), [1, 2, 3]);
    let values = rows.iter().flat_map(|row| row.get_list(1).unwrap().elements().to_vec());
    assert_eq!(values.collect::<Vec<_>>(), vectors.into_iter().map(Field::Float).collect::<Vec<_>>());
}

#[test]
fn columns_are_what_the_flags_say() {
    let workplace = Workplace::with_models();
    workplace.write("items.csv", "item_id,title\nm1,Heat\n007,Jumanji\n");
    workplace.write("other.dat", "key,title\n5,Heat\n");
    let ids = |arguments: &[&str]| {
        let output = stdout(workplace.run(&[&["embed", "-o", "-"], arguments].concat()));
        lines(&output).into_iter().map(|line| line["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&["items.csv", "--text-column", "title"]), ["m1", "007"]);
    assert_eq!(ids(&["items.csv", "--text-column", "item_id", "--id-column", "title"]), ["Heat", "Jumanji"]);
    let flags = ["other.dat", "--input-format", "csv", "--id-column", "key", "--text-column", "title"];
    assert_eq!(ids(&flags), [5]);
}

#[test]
fn an_output_that_cannot_be_written_leaves_nothing() {
    let workplace = Workplace::with_models();
    workplace.write("in.csv", CSV);
    let arguments = ["embed", "in.csv", "-o", "no/such/folder/out.npy", "--quiet"];
    insta::assert_snapshot!("embed-no-folder", workplace.transcript(&arguments));
    fs::create_dir(workplace.path("folder.npy")).expect("a folder");
    insta::assert_snapshot!("embed-folder", workplace.transcript(&["embed", "in.csv", "-o", "folder.npy", "--quiet"]));
    assert_eq!(workplace.names(), ["folder.npy", "in.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_and_a_closed_pipe_is_not() {
    use std::process::Stdio;
    let workplace = Workplace::with_models();
    workplace.write("in.csv", CSV);
    let arguments = ["embed", "in.csv", "-o", "-"];
    let full = File::options().write(true).open("/dev/full").expect("a device");
    let output = workplace.command(&arguments).stdout(full).stderr(Stdio::piped()).output().expect("docent runs");
    insta::assert_snapshot!("embed-full", workplace.told(&arguments, &output));

    let mut child =
        workplace.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("docent runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("docent ends");
    assert_eq!(workplace.told(&arguments, &output), "$ docent embed in.csv -o -\n--- exit code 0\n");
}
