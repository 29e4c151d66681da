//! `bench`: what it prints, draws and refuses. How fast anything is, is no matter of a test.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
};

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

/// A server that answers like llama.cpp's, with an event and nothing to say.
fn peer(requests: usize) -> (String, std::thread::JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let serve = move || {
        let mut asked = Vec::new();
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.expect("a connection");
            let mut reader = BufReader::new(stream.try_clone().expect("a reader"));
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).expect("a header");
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().expect("a length");
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("a body");
            asked.push(serde_json::from_slice(&body).expect("JSON"));
            let answer = "data: {\"content\":\"a\"}\n\ndata: {\"stop\":true}\n\n";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n";
            write!(stream, "{head}content-length: {}\r\n\r\n{answer}", answer.len()).expect("an answer");
        }
        asked
    };
    (url, std::thread::spawn(serve))
}

#[test]
fn both_engines_do_the_same_work() {
    let workplace = Workplace::with_models();
    // One to warm up, one to rank, two to rank what is cached, twice two to score, two to explain, four of two clients.
    let (url, server) = peer(1 + 1 + 2 + 4 + 2 + 4);
    let sizes = ["--candidates", "2", "--tokens", "3", "--in-flight", "2", "--clients", "2", "--repeat", "1"];
    let flags = ["bench", "rerank", "--json", "--svg", "plot.svg", "--peer", &url];
    let out = stdout(workplace.run(&[&flags[..], &sizes].concat()));
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let tests = ["rank", "rank-cached", "score", "explain", "clients"];
    let expected = tests.iter().flat_map(|test| [(*test, "docent"), (*test, "peer")]).chain([("json", "docent")]);
    let found = lines.iter().map(|line| (line["test"].as_str().unwrap(), line["engine"].as_str().unwrap()));
    assert_eq!(found.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    for line in &lines {
        assert!(line["seconds"].as_array().is_some_and(|seconds| seconds.len() == 1), "{line}");
        assert_eq!(line["times_peer"].is_number(), line["engine"] == "docent" && line["test"] != "json", "{line}");
        assert_eq!(line["cost_of_schema"].is_number(), line["test"] == "json", "{line}");
    }
    assert_eq!(std::fs::read_to_string(workplace.path("plot.svg")).expect("a drawing").matches("#4878a8").count(), 11);
    let asked = server.join().expect("a server that was asked");
    assert!(asked.iter().all(|request| request["stream"] == true && request["prompt"].is_array()));
    assert_eq!(asked.iter().filter(|request| request["grammar"].is_string()).count(), 4);

    let (url, server) = peer(1);
    let output = workplace.run(&["bench", "rerank", "--test", "rank", "--candidates", "2", "--peer", &url]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "the server leaves after the first request: {message}");
    assert!(message.contains(&format!("the peer at {url} fails")) && message.contains("hint: start it"), "{message}");
    server.join().expect("a server that was asked");
}

#[test]
fn a_store_of_invented_items_is_made_opened_asked_and_added_to() {
    let workplace = Workplace::with_models();
    let sizes = ["--items", "300", "--interactions", "3000", "--users", "60", "--add", "5"];
    let out = stdout(workplace.run(&[&["bench", "index", "--json", "--keep", "bench"], &sizes[..]].concat()));
    insta::assert_snapshot!("bench-index-there", workplace.transcript(&["bench", "index", "--keep", "bench"]));
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let tests: Vec<&str> = lines.iter().map(|line| line["test"].as_str().unwrap()).collect();
    assert_eq!(tests, ["index", "open", "recommend", "append"]);
    for line in &lines {
        assert!(line["seconds"].as_f64().unwrap() > 0.0 && line["store_bytes"].as_u64().unwrap() > 0);
        assert_eq!((&line["items"], &line["linear"]), (&300.into(), &"ease".into()));
    }
    assert!(lines[0]["seconds_per_million"].as_f64().unwrap() > 0.0);
    // What was added is what the files say, whether it comes at once or later.
    let all = std::fs::read_to_string(workplace.path("bench/interactions.csv")).expect("interactions");
    let more = std::fs::read_to_string(workplace.path("bench/more.csv")).expect("more interactions");
    std::fs::write(workplace.path("both.csv"), all + more.split_once('\n').expect("a header").1).expect("written");
    let flags = ["--items", "bench/items.csv", "--interactions", "both.csv", "--no-embeddings", "--quiet"];
    workplace.run(&[&["index", "anew"], &flags[..]].concat());
    let lists = ["bench/store", "anew"].map(|store| {
        let out = stdout(workplace.run(&["recommend", store, "--user", "62", "--json"]));
        let list: Value = serde_json::from_str(&out).expect("JSON");
        list["items"].as_array().expect("items").iter().map(|item| item["scores"].clone()).collect::<Vec<_>>()
    });
    for (added, anew) in lists[0].iter().zip(&lists[1]) {
        assert_eq!((&added["co_occurrence"], &added["ease"]), (&anew["co_occurrence"], &anew["ease"]));
    }
}
