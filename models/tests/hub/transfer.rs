//! Files from the loopback hub: what is fetched, how a transfer survives faults, and where the bytes end up.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use docent_models::hub::{HubError, ModelReference, Quiet, Resolver, Source};

use crate::fixtures::{
    ALIAS, CONFIG, REPO, Task, Told, WEIGHTS, alias, config, files_below, registry_of, resolver, settings, sha256,
    temporary, weights,
};
use crate::server::{COMMIT, Fault, Server};

/// A hub with the model of the registry.
fn hub() -> Server {
    let server = Server::start();
    server.add(REPO, WEIGHTS, &weights(), true).add(REPO, CONFIG, &config(), false);
    server.add(REPO, "README.md", b"read me", false);
    server
}

fn reference(text: &str) -> ModelReference {
    text.parse().expect("a reference")
}

#[test]
fn an_alias_lands_in_the_layout_of_the_hub() {
    let (server, cache) = (hub(), temporary());
    let resolver = resolver(cache.path(), &server.endpoint());
    let told = Told::default();
    let resolved = resolver.resolve(&alias(), &told).expect("served");

    let root = cache.path().join("models--org--tiny");
    let snapshot = root.join("snapshots").join(COMMIT);
    assert_eq!(resolved.source, Source::Hub);
    assert_eq!(resolved.path, snapshot);
    assert_eq!(resolved.files, [snapshot.join(CONFIG), snapshot.join(WEIGHTS)]);
    assert_eq!(fs::read(snapshot.join(WEIGHTS)).expect("a file"), weights());
    let (large, small) = (sha256(&weights()), sha256(&config())[..40].to_owned());
    let mut expected = vec![
        format!("blobs/{large}"),
        format!("blobs/{small}"),
        "refs/main".to_owned(),
        format!("snapshots/{COMMIT}/{CONFIG}"),
        format!("snapshots/{COMMIT}/{WEIGHTS}"),
    ];
    expected.sort();
    assert_eq!(files_below(&root), expected);
    assert_eq!(fs::read_to_string(root.join("refs/main")).expect("a ref"), COMMIT);
    #[cfg(unix)]
    {
        let target = |file: &str| fs::read_link(snapshot.join(file)).expect("a link");
        assert_eq!(target(WEIGHTS), Path::new("../../blobs").join(&large));
        assert_eq!(target(CONFIG), Path::new("../../../blobs").join(&small));
    }
    let whole = |what: &str, bytes: Vec<u8>| {
        let size = bytes.len() as u64;
        Task { what: what.to_owned(), total: Some(size), advanced: size, finished: true }
    };
    let told = told.0.into_inner().expect("no panic");
    assert_eq!(told, [whole(CONFIG, config()), whole(WEIGHTS, weights())]);
}

#[test]
fn a_reference_fetches_what_its_model_needs() {
    let server = hub();
    let index =
        br#"{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}"#;
    for file in ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] {
        server.add("org/sharded", file, file.as_bytes(), true);
    }
    server.add("org/sharded", "model.safetensors.index.json", index, false);
    server.add("org/sharded", "tokenizer.json", b"{}", false).add("org/sharded", "pytorch_model.bin", b"no", true);
    for file in ["q-00001-of-00002.gguf", "q-00002-of-00002.gguf", "other.gguf"] {
        server.add("org/gguf", file, file.as_bytes(), true);
    }
    server.add("org/one", "only one.gguf", b"GGUF", true).add("org/one", "config.json", b"{}", false);
    server.state().renamed.insert("org/former".to_owned(), "org/one".to_owned());

    let cases: [(&str, &str, &[&str]); 9] = [
        ("hf:org/tiny", "", &[CONFIG, WEIGHTS]),
        ("hf:org/tiny@v1", "", &[WEIGHTS]),
        ("hf:org/tiny/README.md", "README.md", &["README.md"]),
        ("hf:org/tiny@refs%2Fpr%2F1/sub/config.json", CONFIG, &[CONFIG]),
        (
            "hf:org/sharded",
            "",
            &[
                "tokenizer.json",
                "model.safetensors.index.json",
                "model-00001-of-00002.safetensors",
                "model-00002-of-00002.safetensors",
            ],
        ),
        ("hf:org/gguf/other.gguf", "other.gguf", &["other.gguf"]),
        (
            "hf:org/gguf/q-00002-of-00002.gguf",
            "q-00001-of-00002.gguf",
            &["q-00001-of-00002.gguf", "q-00002-of-00002.gguf"],
        ),
        ("hf:org/former", "only one.gguf", &["only one.gguf"]),
        ("hf:org/one@c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00", "only one.gguf", &["only one.gguf"]),
    ];
    for (text, path, files) in cases {
        let cache = temporary();
        let resolver = resolver(cache.path(), &server.endpoint());
        let resolved = resolver.resolve(&reference(text), &Quiet).unwrap_or_else(|error| panic!("{text}: {error}"));
        let repository: Vec<&str> = text[3..].split(['/', '@']).take(2).collect();
        let folder = cache.path().join(format!("models--{}", repository.join("--")));
        let snapshot = folder.join("snapshots").join(COMMIT);
        let expected: Vec<_> = files.iter().map(|file| snapshot.join(file)).collect();
        assert_eq!(resolved.files, expected, "{text}");
        let path = if path.is_empty() { snapshot } else { snapshot.join(path) };
        assert_eq!(resolved.path, path, "{text}");
        let again = resolver.resolve(&reference(text), &Quiet).expect("cached");
        assert_eq!((again.files, again.path, again.source), (resolved.files, resolved.path, Source::Cache), "{text}");
    }
}

#[test]
fn the_token_is_for_the_hub_alone() {
    let (server, cache) = (hub(), temporary());
    server.state().token = Some("secret".to_owned());
    let mut settings = settings(cache.path(), &server.endpoint());
    settings.token = Some("secret".to_owned());
    Resolver::new(settings).resolve(&reference("hf:org/tiny"), &Quiet).expect("served");

    let (content, hub): (Vec<_>, Vec<_>) = server.requests().into_iter().partition(|r| r.on_content_server);
    assert!(hub.iter().all(|request| request.authorization.as_deref() == Some("Bearer secret")));
    assert_eq!(content.len(), 1, "the content server is asked once, for the bytes");
    assert_eq!(content[0].authorization, None);
}

#[test]
fn a_broken_transfer_is_resumed_where_it_broke() {
    let size = weights().len();
    // (faults of the answers that carry bytes, offsets asked for, bytes sent)
    let cases: [(&[Fault], &[usize], usize); 6] = [
        (&[], &[0], size),
        (&[Fault::Cut(1_000_000)], &[0, 1_000_000], size),
        (&[Fault::Cut(1_000_000), Fault::Cut(500_000)], &[0, 1_000_000, 1_500_000], size),
        (&[Fault::Stall(2_000_000)], &[0, 2_000_000], size),
        (&[Fault::Cut(1_000_000), Fault::Status(503)], &[0, 1_000_000, 1_000_000], size),
        (&[Fault::Cut(1_000_000), Fault::NoRange], &[0, 1_000_000], size + 1_000_000),
    ];
    for (faults, offsets, sent) in cases {
        let (server, cache) = (hub(), temporary());
        server.fail(faults.iter().copied());
        let resolver = resolver(cache.path(), &server.endpoint());
        let resolved = resolver.resolve(&reference("hf:org/tiny/model.safetensors"), &Quiet);
        let resolved = resolved.unwrap_or_else(|error| panic!("{faults:?}: {error}"));
        assert_eq!(fs::read(&resolved.path).expect("a file"), weights(), "{faults:?}");
        let transfers = server.transfers();
        assert_eq!(transfers.iter().map(|t| t.from.unwrap_or(0)).collect::<Vec<_>>(), offsets, "{faults:?}");
        assert_eq!(transfers.iter().map(|t| t.sent).sum::<usize>(), sent, "{faults:?}");
    }
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_asks() {
    let (server, cache) = (hub(), temporary());
    server.fail([Fault::Busy(1)]);
    let begun = Instant::now();
    let resolver = resolver(cache.path(), &server.endpoint());
    resolver.resolve(&reference("hf:org/tiny/model.safetensors"), &Quiet).expect("served at last");
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(server.transfers().len(), 2);
}

#[test]
fn a_transfer_that_breaks_too_often_keeps_what_it_has() {
    let (server, cache) = (hub(), temporary());
    // The small file takes the first fault, and is shorter than it.
    server.fail([Fault::Cut(100_000); 5]);
    let resolver = resolver(cache.path(), &server.endpoint());
    let error = resolver.resolve(&alias(), &Quiet).expect_err("four cuts");
    assert!(matches!(error, HubError::Cut { received: 400_000, .. }), "{error:?}");
    let files = files_below(&cache.path().join("models--org--tiny"));
    assert!(files.iter().all(|file| !file.contains(&format!("snapshots/{COMMIT}/{WEIGHTS}"))), "{files:?}");
    assert!(!files.contains(&"refs/main".to_owned()), "{files:?}");

    server.state().faults.clear();
    let before = server.transfers().len();
    resolver.resolve(&alias(), &Quiet).expect("served");
    assert_eq!(server.transfers()[before].from, Some(400_000));
}

#[test]
fn what_a_killed_process_left_is_continued() {
    let all = weights();
    let longer = [&all[..], b"more"].concat();
    // (bytes left behind, offsets asked for next)
    let cases: [(&[u8], &[usize]); 5] = [
        (&all[..1_000_000], &[1_000_000]),
        (&all[..], &[]),
        (b"of another file", &[15, 0]),
        (&longer, &[0]),
        (b"", &[0]),
    ];
    for (left, offsets) in cases {
        let (server, cache) = (hub(), temporary());
        let blobs = cache.path().join("models--org--tiny/blobs");
        fs::create_dir_all(&blobs).expect("a folder");
        let sum = sha256(&all);
        fs::write(blobs.join(format!("{sum}.incomplete")), left).expect("a file");
        fs::write(blobs.join("0123.incomplete"), "of an older version").expect("a file");

        let resolver = resolver(cache.path(), &server.endpoint());
        assert_eq!(resolver.cached(&alias()), None, "a partial file is no file");
        let resolved = resolver.resolve(&alias(), &Quiet).expect("served");
        assert_eq!(fs::read(resolved.path.join(WEIGHTS)).expect("a file"), all);
        let asked: Vec<_> = server.transfers().iter().map(|t| t.from.unwrap_or(0)).collect();
        assert_eq!(asked, offsets, "{} bytes left", left.len());
        assert!(!blobs.join(format!("{sum}.incomplete")).exists());
    }
}

#[test]
fn processes_that_want_the_same_model_fetch_it_once() {
    let (server, cache) = (hub(), temporary());
    thread::scope(|scope| {
        let resolve = || {
            let resolver = resolver(cache.path(), &server.endpoint());
            resolver.resolve(&alias(), &Quiet).expect("served").source
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(resolve)).collect();
        let mut sources: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        sources.sort_by_key(|source| *source == Source::Cache);
        assert_eq!(sources, [Source::Hub, Source::Cache, Source::Cache, Source::Cache]);
    });
    assert_eq!(server.transfers().len(), 1);
}

#[test]
fn wrong_bytes_are_refused_and_nothing_of_them_stays() {
    let (server, cache) = (hub(), temporary());
    let resolver = resolver(cache.path(), &server.endpoint());
    server.fail([Fault::WrongByte]);
    let error = resolver.resolve(&reference("hf:org/tiny/model.safetensors"), &Quiet).expect_err("a wrong byte");
    let mut wrong = weights();
    wrong[0] ^= 1;
    let HubError::WrongSum { expected, found, .. } = &error else { panic!("{error:?}") };
    assert_eq!((expected, found), (&sha256(&weights()), &sha256(&wrong)));
    assert!(error.to_string().contains(expected) && error.to_string().contains(found));
    assert_eq!(files_below(cache.path()), Vec::<String>::new());
}

#[test]
fn a_file_that_contradicts_the_registry_is_refused_unless_pinned() {
    let (server, cache) = (hub(), temporary());
    let registry = registry_of(&[(WEIGHTS, Some(b"what the registry expects".to_vec()))]);
    let resolver = Resolver::with_registry(settings(cache.path(), &server.endpoint()), registry);
    for text in [ALIAS, "hf:org/tiny/model.safetensors", "hf:org/tiny"] {
        let reference = if text == ALIAS { alias() } else { reference(text) };
        let error = resolver.resolve(&reference, &Quiet).expect_err(text);
        let HubError::WrongSum { expected, found, .. } = &error else { panic!("{text}: {error:?}") };
        assert_eq!((expected, found), (&sha256(b"what the registry expects"), &sha256(&weights())), "{text}");
        assert!(error.hint().is_some_and(|hint| hint.contains("hf:ORG/NAME@REVISION/FILE")));
    }
    assert_eq!(server.transfers().len(), 0, "the Hub's own sum settles it before a byte is sent");
    let pinned = resolver.resolve(&reference("hf:org/tiny@main/model.safetensors"), &Quiet).expect("pinned");
    assert_eq!(fs::read(pinned.path).expect("a file"), weights());
}

#[test]
fn a_small_file_that_contradicts_the_registry_is_refused() {
    let (server, cache) = (hub(), temporary());
    let other = br#"{"model_type": "gpt2"}"#;
    server.add(REPO, CONFIG, other, false);
    let resolver = resolver(cache.path(), &server.endpoint());
    let error = resolver.resolve(&alias(), &Quiet).expect_err("another config");
    assert!(matches!(&error, HubError::WrongSum { found, .. } if *found == sha256(other)), "{error:?}");
    assert_eq!(files_below(cache.path()), Vec::<String>::new());
}

#[test]
fn a_registered_file_without_a_sum_is_checked_against_the_hubs() {
    let (server, cache) = (hub(), temporary());
    let registry = registry_of(&[(WEIGHTS, None)]);
    let resolver = Resolver::with_registry(settings(cache.path(), &server.endpoint()), registry);
    server.fail([Fault::WrongByte]);
    assert!(matches!(resolver.resolve(&alias(), &Quiet), Err(HubError::WrongSum { .. })));
    assert!(resolver.resolve(&alias(), &Quiet).is_ok());
}
