//! The whole system of a store and the file that describes it.

use std::{ops::ControlFlow, path::Path};

use docent::{
    engine::EngineOptions,
    models::hub::{HubSettings, Quiet, Resolver},
    recommend::{
        Error, Source,
        fixture::{Fixture, FixtureOptions},
        index::{Encoder, IndexOptions, index},
        rerank::Mode,
        system::LLMRecommendationSystem,
    },
};

use crate::support::{minilm, smollm2};

const DESCRIBED: &str = r#"
sensitive = "gender, no column of this store"

[system]
explain = true

[[system.stages]]
stage = "rerank"
mode = "likelihood"
weight = 0.1
"#;

fn resolver() -> Resolver {
    Resolver::new(HubSettings::from_env(|name| std::env::var(name).ok()))
}

/// A store of the fixture, with the vectors of its texts.
fn store(folder: &Path) {
    let fixture = Fixture::generate(&FixtureOptions { items: 60, users: 30, ..FixtureOptions::default() });
    fixture.write(folder).expect("the fixture's files");
    let file = |name: &str| Some(folder.join(name));
    let options = IndexOptions {
        items: file("items.jsonl"),
        interactions: file("interactions.csv"),
        users: file("users.csv"),
        without_weights: true,
        ..IndexOptions::default()
    };
    let mut encoder = || {
        let found = resolver().resolve(&"minilm-l6".parse().expect("a reference"), &Quiet).expect("the encoder");
        let (path, files) = (found.path, found.files);
        Ok(Encoder { reference: "minilm-l6".into(), path, files, options: EngineOptions::default() })
    };
    let made = index(&folder.join("store"), &options, Some(&mut encoder), &mut |_| ControlFlow::Continue(()));
    made.expect("a store");
}

#[test]
fn a_store_and_a_file_are_a_system_that_recommends_and_talks() {
    let (_, _) = (smollm2(), minilm());
    let folder = tempfile::tempdir().expect("a folder");
    store(folder.path());
    let (store, file) = (folder.path().join("store"), folder.path().join("docent.toml"));
    let resolver = resolver();
    let open = |described: &str| {
        std::fs::write(&file, described).expect("a file");
        LLMRecommendationSystem::open(&store, &file, &resolver, &EngineOptions::default(), &Quiet)
    };
    let mut system = open(DESCRIBED).expect("a system");
    let list = system.recommend("u7", 4, None).expect("recommendations");
    assert_eq!(list.items.len(), 4);
    for item in &list.items {
        let likelihood = item.scores.iter().find(|score| score.source == Source::LanguageModel(Mode::Likelihood));
        assert!(item.explanation.is_some() && likelihood.is_some_and(|score| score.value < 0.0), "{item:?}");
    }

    let old = |year: Option<i32>| year.is_some_and(|year| year < 2000);
    let catalogue = system.recommender().catalogue();
    let genre = catalogue.items().iter().find(|item| old(item.year())).and_then(|item| item.genres().first());
    let message = format!("Show me a {} from before 2000, please.", genre.expect("an old film with a genre"));
    let mut heard = String::new();
    let mut hear = |text: &str| {
        heard += text;
        ControlFlow::Continue(())
    };
    system.begin("evening", Some("u7")).expect("a session");
    let reply = system.chat("evening", &message, &mut hear).expect("an answer");
    assert!(!reply.items.is_empty());
    let catalogue = system.recommender().catalogue();
    for item in &reply.items {
        assert!(old(catalogue[catalogue.require(&item.item_id).expect("an item")].year()), "{reply:?}");
    }
    assert!(reply.items.iter().all(|item| heard.contains(&item.title)), "{heard}");

    let wrong = open("[system]\n[[system.stages]]\nstage = \"sort\"\n").expect_err("no such stage");
    assert!(matches!(wrong, Error::Config { .. }), "{wrong}");
    let other = open("encoder = \"smollm2-135m\"\n").expect_err("another encoder");
    assert!(matches!(other, Error::OtherEncoder { .. }), "{other}");
    let nowhere = open("model = \"./nowhere\"\n").expect_err("no such model");
    assert!(matches!(nowhere, Error::Engine(_)), "{nowhere}");
}
