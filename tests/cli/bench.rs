//! `bench generate`: what it prints, draws and refuses. How fast anything is, is no matter of a test.

use serde_json::Value;

use super::{Workplace, stdout};

#[test]
fn every_test_has_its_line_and_the_drawing_its_bars() {
    let workplace = Workplace::with_models();
    let sizes = ["--prompt", "70", "--shared-prefix", "66", "--batch", "3", "--generate", "2", "--depth", "130"];
    let out = stdout(
        workplace.run(&[&["bench", "generate", "--json", "--repeat", "2", "--svg", "plot.svg"], &sizes[..]].concat()),
    );
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.iter().map(|line| line["test"].as_str().unwrap()).collect::<Vec<_>>(), ["prefill", "decode"]);
    for line in &lines {
        assert_eq!(line["format"], "Q4_1");
        for (field, value) in [("prompt", 70), ("shared_prefix", 66), ("batch", 3), ("generate", 2), ("depth", 130)] {
            assert_eq!(line[field], value, "{field}");
        }
        let rates = line["tokens_per_second"].as_array().expect("a list");
        assert!(rates.len() == 2 && rates.iter().all(|rate| rate.as_f64().unwrap() > 0.0));
        assert!(line["ceiling_fraction"].as_f64().unwrap() > 0.0);
    }
    let plot = std::fs::read_to_string(workplace.path("plot.svg")).expect("a drawing");
    assert_eq!(plot.matches("#4878a8").count(), 2);
    let table = stdout(workplace.run(&["bench", "generate", "--repeat", "1", "--prompt", "8", "--generate", "0"]));
    assert!(table.starts_with("prefill ") && table.contains("% of the ceiling") && !table.contains("decode"));
}

#[test]
fn work_that_makes_no_sense_is_wrong_usage() {
    let workplace = Workplace::with_models();
    let cases: [(&[&str], &str); 3] = [
        (&["--prompt", "4", "--shared-prefix", "5"], "--shared-prefix 5 is longer than --prompt 4"),
        (&["--prompt", "0", "--generate", "0"], "nothing to measure"),
        (&["--batch", "0"], "--batch"),
    ];
    for (flags, expected) in cases {
        let output = workplace.run(&[&["bench", "generate"], flags].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(expected) && output.stdout.is_empty(), "{message}");
    }
    let too_much: [(&[&str], &str); 4] = [
        (&["--prompt", "9000"], "context"),
        (&["--depth", "4294967295"], "bytes of memory"),
        (&["--batch", "4294967295", "--prompt", "4294967295"], "bytes of memory"),
        (&["--generate", "18446744073709551615"], "--generate"),
    ];
    for (flags, expected) in too_much {
        let output = workplace.run(&[&["bench", "generate"], flags].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains(expected) && !message.contains("panicked"), "{message}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn weights_are_kept_once() {
    let workplace = Workplace::with_models();
    let path = stdout(workplace.run(&["models", "path", "smollm2-135m"]));
    let file = std::fs::metadata(path.trim()).expect("the default model").len();
    let out =
        stdout(workplace.run(&["bench", "generate", "--json", "--repeat", "1", "--prompt", "8", "--generate", "1"]));
    let line: Value = serde_json::from_str(out.lines().next().expect("a line")).expect("JSON");
    let peak = line["peak_memory_bytes"].as_u64().expect("what Linux says");
    // A release build stays below 1.25 times the file; the code of a test build is larger.
    assert!(peak * 10 <= file * 13, "{peak} bytes for a file of {file}");
}
