//! What the loopback hub refuses or lacks: each case has an error of its own, with its values and its hint.

use docent_models::hub::{ModelReference, Quiet};

use crate::fixtures::{REPO, WEIGHTS, chain, files_below, nobody, resolver, settings, temporary, weights};
use crate::server::{Fault, Server, State};

struct Case {
    reference: &'static str,
    token: Option<&'static str>,
    prepare: fn(&mut State),
    /// What the message says.
    message: &'static str,
    /// What the hint says.
    hint: &'static str,
}

const CASES: &[Case] = &[
    Case {
        reference: "hf:org/tiny/none.gguf",
        token: None,
        prepare: |_| {},
        message: "repository `org/tiny` has no file `none.gguf` at revision `main`",
        hint: "",
    },
    Case {
        reference: "hf:org/tiny@v9/model.safetensors",
        token: None,
        prepare: |_| {},
        message: "repository `org/tiny` has no revision `v9`",
        hint: "",
    },
    Case {
        reference: "hf:org/none",
        token: None,
        prepare: |_| {},
        message: "the hub has no repository `org/none`",
        hint: "`HF_TOKEN`",
    },
    Case {
        reference: "hf:org/tiny",
        token: None,
        prepare: |state| state.token = Some("right".to_owned()),
        message: "refused access with status 401: Invalid credentials",
        hint: "set `HF_TOKEN` to an access token",
    },
    Case {
        reference: "hf:org/tiny/model.safetensors",
        token: Some("wrong"),
        prepare: |state| state.token = Some("right".to_owned()),
        message: "refused access with status 401: Invalid credentials",
        hint: "check that the token in `HF_TOKEN` is valid",
    },
    Case {
        reference: "hf:org/tiny/model.safetensors",
        token: Some("right"),
        prepare: |state| state.gated = vec![REPO.to_owned()],
        message: "refused access with status 403: Access to this model is restricted",
        hint: "has access to the repository",
    },
    Case {
        reference: "hf:org/tiny/model.safetensors",
        token: Some("two\nlines"),
        prepare: |_| {},
        message: "the access token holds characters that no token has",
        hint: "without quotes or line breaks",
    },
    Case {
        reference: "hf:org/several",
        token: None,
        prepare: |_| {},
        message: "repository `org/several` holds several GGUF files: a.gguf, b.gguf",
        hint: "a.gguf",
    },
    Case {
        reference: "hf:org/weightless",
        token: None,
        prepare: |_| {},
        message: "repository `org/weightless` holds neither safetensors nor GGUF weights",
        hint: "model.safetensors",
    },
    Case {
        reference: "hf:org/tiny/model.safetensors",
        token: None,
        prepare: |state| state.faults.extend([Fault::Status(503); 4]),
        message: "answered with status 503",
        hint: "",
    },
    Case {
        reference: "hf:org/tiny/model.safetensors",
        token: None,
        // Nobody would wait for the second answer, which would be the file.
        prepare: |state| state.faults.extend([Fault::Busy(3600)]),
        message: "answered with status 429",
        hint: "left alone for 3600 seconds",
    },
    Case {
        reference: "hf:org/tiny/model.safetensors",
        token: None,
        prepare: |state| state.faults.extend([Fault::Cut(9); 4]),
        message: "broke off after 36 bytes",
        hint: "resumes",
    },
    Case {
        reference: "hf:org/weightless/README.md",
        token: None,
        prepare: |state| state.lacks = Some("X-Repo-Commit"),
        message: "header `X-Repo-Commit` is missing or malformed",
        hint: "",
    },
    Case {
        reference: "hf:circle/tiny/model.safetensors",
        token: None,
        prepare: |_| {},
        message: "redirects to nowhere or in a circle",
        hint: "",
    },
];

fn hub() -> Server {
    let server = Server::start();
    server.add(REPO, WEIGHTS, &weights(), true);
    server.add("org/several", "a.gguf", b"a", true).add("org/several", "b.gguf", b"b", true);
    server.add("org/weightless", "README.md", b"", false);
    server
}

#[test]
fn every_refusal_says_what_and_what_to_do() {
    for case in CASES {
        let (server, cache) = (hub(), temporary());
        (case.prepare)(&mut server.state());
        let mut settings = settings(cache.path(), &server.endpoint());
        settings.token = case.token.map(str::to_owned);
        let resolver = docent_models::hub::Resolver::new(settings);
        let reference: ModelReference = case.reference.parse().expect("a reference");
        let error = resolver.resolve(&reference, &Quiet).expect_err(case.reference);
        assert!(error.to_string().contains(case.message), "{}: {error}", case.message);
        assert!(error.hint().unwrap_or_default().contains(case.hint), "{}: {:?}", case.message, error.hint());
        let published: Vec<_> = files_below(cache.path()).into_iter().filter(|f| !f.ends_with(".incomplete")).collect();
        assert_eq!(published, Vec::<String>::new(), "{}", case.message);
    }
}

#[test]
fn no_network_and_nothing_cached_says_what_would_come_from_where() {
    let cache = temporary();
    let endpoint = nobody();
    let reference: ModelReference = "hf:org/tiny/model.safetensors".parse().expect("a reference");
    let error = resolver(cache.path(), &endpoint).resolve(&reference, &Quiet).expect_err("nobody listens");
    let text = chain(&error);
    assert!(text.starts_with(&format!(
        "`hf:org/tiny/model.safetensors` is not cached and could not be fetched from {endpoint}/org/tiny/resolve/main/model.safetensors\n\
         cannot connect to {endpoint}/"
    )), "{text}");
    assert!(error.hint().is_some_and(|hint| hint.contains("HF_ENDPOINT")));
}

#[cfg(unix)]
#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let (server, cache) = (hub(), temporary());
    let file = cache.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let reference: ModelReference = "hf:org/tiny/model.safetensors".parse().expect("a reference");
    let error = resolver(&file, &server.endpoint()).resolve(&reference, &Quiet).expect_err("a file is no folder");
    assert!(error.to_string().contains(&file.display().to_string()), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("HF_HUB_CACHE")));
    assert_eq!(server.requests().len(), 0);
}
