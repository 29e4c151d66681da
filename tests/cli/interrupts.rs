//! What is left when a run is interrupted or killed.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use super::Workplace;

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args(["-s", name, &child.id().to_string()]).status();
    assert!(status.expect("kill runs").success());
}

/// Starts a run that embeds more texts than it can before it is stopped, and waits until it writes.
fn embedding(workplace: &Workplace) -> Child {
    let lines: Vec<String> =
        (0..200_000).map(|id| format!("{{\"id\": {id}, \"text\": \"a film about ships and harbours\"}}")).collect();
    workplace.write("in.jsonl", lines.join("\n"));
    let mut command = workplace.command(&["embed", "in.jsonl", "-o", "out.jsonl", "--quiet"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("docent runs");
    let partial = || {
        let name = workplace.names().into_iter().find(|name| name.ends_with(".partial"))?;
        fs::metadata(workplace.path(&name)).ok().filter(|metadata| metadata.len() > 0)
    };
    let deadline = Instant::now() + Duration::from_secs(120);
    while partial().is_none() {
        assert!(Instant::now() < deadline, "nothing was written");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn a_killed_embed_leaves_nothing_under_the_final_name() {
    let workplace = Workplace::with_models();
    let child = embedding(&workplace);
    signal(&child, "KILL");
    child.wait_with_output().expect("docent ends");
    assert!(!workplace.path("out.jsonl").exists());
}

#[test]
fn an_interrupted_embed_cleans_up_and_exits_with_130() {
    for name in ["INT", "TERM"] {
        let workplace = Workplace::with_models();
        let child = embedding(&workplace);
        signal(&child, name);
        let output = child.wait_with_output().expect("docent ends");
        assert_eq!(output.status.code(), Some(130), "{name}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "error: interrupted\n");
        assert_eq!(workplace.names(), ["in.jsonl"]);
    }
}

/// Nothing waits for the texts that are read together: they would take half a minute.
#[test]
fn an_embed_is_interrupted_between_steps() {
    let workplace = Workplace::with_models();
    let text = "a film about ships and harbours ".repeat(40);
    let lines: Vec<String> = (0..1000).map(|id| format!("{{\"id\": {id}, \"text\": \"{text}\"}}")).collect();
    workplace.write("in.jsonl", lines.join("\n"));
    let mut command = workplace.command(&["embed", "in.jsonl", "-o", "out.jsonl", "--quiet"]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("docent runs");
    let deadline = Instant::now() + Duration::from_secs(120);
    while !workplace.names().iter().any(|name| name.ends_with(".partial")) {
        assert!(Instant::now() < deadline, "nothing was begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    signal(&child, "INT");
    let output = child.wait_with_output().expect("docent ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(workplace.names(), ["in.jsonl"]);
}

#[test]
fn an_interrupted_index_exits_with_130_and_leaves_no_store() {
    let workplace = Workplace::with_models();
    let items: Vec<String> = (0..20_000).map(|id| format!("{id},A film about ships and harbours")).collect();
    workplace.write("items.csv", format!("item_id,title\n{}\n", items.join("\n")));
    let mut command = workplace.command(&["index", "store", "--items", "items.csv"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("docent runs");
    let mut told = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    // The last thing before the items are embedded.
    told.read_line(&mut line).expect("a line is told");
    assert_eq!(line, "items: item_id, title\n");
    signal(&child, "INT");
    let mut rest = String::new();
    told.read_to_string(&mut rest).expect("text");
    assert!(rest.ends_with("error: interrupted\n"), "{rest}");
    assert_eq!(child.wait().expect("docent ends").code(), Some(130));
    assert_eq!(workplace.names(), ["items.csv"]);
}

#[test]
fn an_interrupted_generation_ends_its_line_and_exits_with_130() {
    let workplace = Workplace::with_models();
    let arguments = ["generate", "--prompt", "Once upon a time", "--max-tokens", "2000", "--ignore-eos", "--quiet"];
    let mut command = workplace.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("docent runs");
    let mut first = [0];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("text is streamed");
    signal(&child, "INT");
    let output = child.wait_with_output().expect("docent ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(output.stdout.ends_with(b"\n"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "error: interrupted\n");
}

#[test]
fn a_reader_that_leaves_ends_a_generation_quietly() {
    let workplace = Workplace::with_models();
    let arguments = ["generate", "--prompt", "Once upon a time", "--max-tokens", "2000", "--ignore-eos", "--quiet"];
    let mut command = workplace.command(&arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("docent runs");
    let mut first = [0];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut first).expect("text is streamed");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("docent ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
