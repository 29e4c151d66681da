//! What is on this machine already: used without a connection, checked on demand, never trusted over the registry.

use std::fs;
use std::path::Path;

use docent_models::hub::{FileState, HubError, ModelReference, Quiet, Resolver, Source};

use crate::fixtures::{
    ALIAS, CONFIG, REPO, WEIGHTS, alias, config, nobody, registry, resolver, settings, sha256, temporary, weights,
};
use crate::server::{COMMIT, Server};

/// Puts the registry's model into `cache` the way Python's client does: blobs named by ETag, relative links, a ref.
fn as_python_leaves_it(cache: &Path) {
    let root = cache.join("models--org--tiny");
    let snapshot = root.join("snapshots").join(COMMIT);
    for folder in [root.join("blobs"), root.join("refs"), snapshot.join("sub")] {
        fs::create_dir_all(folder).expect("a folder");
    }
    let (large, small) = (sha256(&weights()), sha256(&config())[..40].to_owned());
    fs::write(root.join("refs/main"), COMMIT).expect("a file");
    for (file, up, etag, bytes) in [(WEIGHTS, "../..", large, weights()), (CONFIG, "../../..", small, config())] {
        let blob = root.join("blobs").join(&etag);
        fs::write(&blob, bytes).expect("a file");
        #[cfg(unix)]
        std::os::unix::fs::symlink(format!("{up}/blobs/{etag}"), snapshot.join(file)).expect("a link");
        #[cfg(not(unix))]
        fs::copy(&blob, snapshot.join(file)).map(|_| up).expect("a copy");
    }
}

fn blob(cache: &Path, name: &str) -> std::path::PathBuf {
    cache.join("models--org--tiny/blobs").join(name)
}

#[test]
fn a_cached_model_needs_no_connection() {
    let (server, cache) = (Server::start(), temporary());
    as_python_leaves_it(cache.path());
    let commit = format!("hf:{REPO}@{COMMIT}/{WEIGHTS}");
    for (text, offline) in [(ALIAS, false), (ALIAS, true), ("hf:org/tiny/model.safetensors", false), (&commit, true)] {
        let mut settings = settings(cache.path(), &server.endpoint());
        settings.offline = offline;
        let resolver = Resolver::with_registry(settings, registry());
        let reference = if text == ALIAS { alias() } else { text.parse().expect("a reference") };
        let resolved = resolver.resolve(&reference, &Quiet).expect(text);
        assert_eq!(resolved.source, Source::Cache, "{text}");
        assert_eq!(resolver.cached(&reference), Some(resolved), "{text}");
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn offline_makes_no_connection_and_runs_no_pip() {
    let (server, cache) = (Server::start(), temporary());
    server.add(REPO, WEIGHTS, &weights(), true).add(REPO, CONFIG, &config(), false);
    let trace = cache.path().join("trace");
    let mut settings = settings(&cache.path().join("cache"), &server.endpoint());
    settings.offline = true;
    settings.mirror = true;
    settings.pip = vec!["sh".into(), "-c".into(), format!("touch {}", trace.display())];
    let resolver = Resolver::with_registry(settings, registry());
    let error = resolver.resolve(&alias(), &Quiet).expect_err("nothing is cached");
    let url = format!("{}/org/tiny/resolve/main/model.safetensors", server.endpoint());
    assert_eq!(
        error.to_string(),
        format!(
            "`tiny` is not cached and the network is forbidden; it would be fetched from {url} or from the Python \
             package `docent-tiny-model==0.1.0`"
        )
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("HF_HUB_OFFLINE")));
    assert_eq!(server.requests().len(), 0);
    assert!(!trace.exists());
    assert!(!cache.path().join("cache").exists(), "nothing is written either");
}

#[test]
fn a_cached_file_that_contradicts_the_registry_is_not_used() {
    type Damage = fn(&Path);
    let cases: [(&str, Damage); 4] = [
        ("a truncated blob", |cache| fs::write(blob(cache, &sha256(&weights())), b"short").expect("a file")),
        ("a missing blob", |cache| fs::remove_file(blob(cache, &sha256(&weights()))).expect("a file")),
        ("a small file with other bytes", |cache| {
            let other: Vec<u8> = config().iter().rev().copied().collect();
            fs::write(blob(cache, &sha256(&config())[..40]), other).expect("a file");
        }),
        ("a missing link", |cache| {
            let snapshot = cache.join("models--org--tiny/snapshots").join(COMMIT);
            fs::remove_file(snapshot.join(CONFIG)).expect("a link");
        }),
    ];
    for (name, damage) in cases {
        let (server, cache) = (Server::start(), temporary());
        server.add(REPO, WEIGHTS, &weights(), true).add(REPO, CONFIG, &config(), false);
        as_python_leaves_it(cache.path());
        damage(cache.path());
        let resolver = resolver(cache.path(), &server.endpoint());
        assert_eq!(resolver.cached(&alias()), None, "{name}");
        let resolved = resolver.resolve(&alias(), &Quiet).expect(name);
        assert_eq!(resolved.source, Source::Hub, "{name}");
        assert_eq!(fs::read(resolved.path.join(WEIGHTS)).expect("a file"), weights(), "{name}");
        assert_eq!(fs::read(resolved.path.join(CONFIG)).expect("a file"), config(), "{name}");
    }
}

#[test]
fn verify_reads_every_byte() {
    let cache = temporary();
    let resolver = resolver(cache.path(), &nobody());
    let states = |resolver: &Resolver| {
        let report = resolver.verify(&alias(), &Quiet).expect("a report");
        let states: Vec<_> = report.files.iter().map(|file| (file.name.clone(), file.state.clone())).collect();
        (report.is_sound(), states)
    };
    let missing = |name: &str| (name.to_owned(), FileState::Missing);
    assert_eq!(states(&resolver), (false, vec![missing(CONFIG), missing(WEIGHTS)]));

    as_python_leaves_it(cache.path());
    let sound = |name: &str, bytes: &[u8]| (name.to_owned(), FileState::Sound { sha256: sha256(bytes) });
    assert_eq!(states(&resolver), (true, vec![sound(CONFIG, &config()), sound(WEIGHTS, &weights())]));

    let mut wrong = weights();
    *wrong.last_mut().expect("bytes") ^= 1;
    fs::write(blob(cache.path(), &sha256(&weights())), &wrong).expect("a file");
    fs::write(blob(cache.path(), &sha256(&config())[..40]), b"{}").expect("a file");
    let wrong = FileState::WrongSum { expected: sha256(&weights()), found: sha256(&wrong) };
    let short = FileState::WrongSize { expected: config().len() as u64, found: 2 };
    assert_eq!(states(&resolver), (false, vec![(CONFIG.to_owned(), short), (WEIGHTS.to_owned(), wrong)]));
}

#[test]
fn verify_knows_what_it_cannot_know() {
    let cache = temporary();
    as_python_leaves_it(cache.path());
    let resolver = resolver(cache.path(), &nobody());
    let snapshot = cache.path().join("models--org--tiny/snapshots").join(COMMIT);
    let pinned: ModelReference = format!("hf:{REPO}@main/{CONFIG}").parse().expect("a reference");
    for reference in [pinned, ModelReference::Path(snapshot.join(CONFIG))] {
        let report = resolver.verify(&reference, &Quiet).expect("a report");
        assert_eq!(report.files[0].state, FileState::Unknown { sha256: sha256(&config()) }, "{reference}");
        assert!(report.is_sound());
    }
    let absent: ModelReference = "hf:org/none".parse().expect("a reference");
    assert!(matches!(resolver.verify(&absent, &Quiet), Err(HubError::NotCached { .. })));
    let unknown = ModelReference::Alias("tinny".to_owned());
    assert!(matches!(resolver.verify(&unknown, &Quiet), Err(HubError::UnknownAlias { nearest: Some(ALIAS), .. })));
}

#[test]
fn a_snapshot_is_whole_when_it_is_known_to_be() {
    const FILES: [&str; 4] = ["config.json", "modules.json", "tokenizer.json", "model.safetensors"];
    // Which files are here already, and whether the hub and offline use find a model then.
    let cases: [(&[&str], bool); 3] = [
        (&["model.safetensors"], false),
        (&["model.safetensors", "config.json"], false),
        (&["model.safetensors", "config.json", "tokenizer.json"], true),
    ];
    let model: ModelReference = "hf:org/other".parse().expect("a reference");
    for (here, is_likely) in cases {
        let (server, cache) = (Server::start(), temporary());
        for file in FILES {
            server.add("org/other", file, file.as_bytes(), false);
        }
        let online = resolver(cache.path(), &server.endpoint());
        for file in here {
            let file = format!("hf:org/other/{file}").parse().expect("a reference");
            online.resolve(&file, &Quiet).expect("served");
        }
        for gone in [true, false] {
            let mut settings = settings(cache.path(), &nobody());
            settings.offline = gone;
            let alone = Resolver::with_registry(settings, registry());
            assert_eq!(alone.resolve(&model, &Quiet).is_ok(), is_likely, "{here:?}");
            assert_eq!(alone.cached(&model).is_some(), is_likely, "{here:?}");
        }

        let whole = online.resolve(&model, &Quiet).expect("served");
        assert_eq!((whole.files.len(), whole.source), (4, Source::Hub), "{here:?}");
        let requests = server.requests().len();
        let again = online.resolve(&model, &Quiet).expect("cached");
        assert_eq!((again.files, again.source), (whole.files.clone(), Source::Cache));
        assert_eq!(server.requests().len(), requests, "it is asked for once");
        fs::remove_file(whole.path.join("modules.json")).expect("a file");
        assert_eq!(online.cached(&model), None, "what is missing is known now");
    }
}
