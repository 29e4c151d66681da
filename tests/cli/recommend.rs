//! `recommend`, `explain`, `search`, `train` and `eval` on a small store: what they print, and what they refuse.

use std::{process::Stdio, time::Duration};

use docent::recommend::{
    Recommender, Source, Store, StoreWriter,
    hybrid::{HYBRID, RERANK, RerankWeight, RerankWeights},
    rerank::Mode,
};

use super::{Workplace, json};
use crate::support::smollm2;

/// A store of 40 items and 60 people who go through them in steps of their own, without vectors.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let mut items = String::from("item_id,title,year,genres\n");
    for item in 0..40 {
        let genres = ["Action", "Comedy", "Action|Comedy", "Drama"][item % 4];
        items += &format!("{item},Title {item},{},{genres}\n", 1980 + item);
    }
    let mut ratings = String::from("user_id,item_id,rating,timestamp\n");
    for user in 0..60 {
        for place in 0..8 {
            let item = (user * 7 + place * (1 + user % 3)) % 40;
            ratings += &format!("u{user},{item},{},{}\n", 3 + (user + place) % 3, 1_000_000 + user * 1000 + place * 60);
        }
    }
    workplace.write("items.csv", items);
    workplace.write("ratings.csv", ratings);
    let arguments =
        ["index", "store", "--items", "items.csv", "--interactions", "ratings.csv", "--no-embeddings", "--quiet"];
    assert!(workplace.run(&arguments).status.success());
    workplace
}

#[test]
fn a_list_is_printed_and_conditions_hold() {
    let workplace = workplace();
    let answer = json(workplace.run(&["recommend", "store", "--user", "u7", "--json", "--quiet"]));
    assert_eq!(answer["user"], "u7");
    assert_eq!(answer["history"].as_array().map(Vec::len), Some(8));
    let items = answer["items"].as_array().expect("a list");
    assert_eq!(items.len(), 10);
    let sources: Vec<&String> = items[0]["scores"].as_object().expect("scores").keys().collect();
    assert_eq!(sources, ["co_occurrence", "ease", "popularity", "fused"]);
    let seen: Vec<_> = answer["history"].as_array().expect("a list").iter().map(|item| &item["item_id"]).collect();
    assert!(items.iter().all(|item| !seen.contains(&&item["item_id"])));

    let condition = "year >= 2000 and not genres has \"Comedy\"";
    let arguments = ["recommend", "store", "--liked", "1,2", "-k", "3", "--where", condition, "--json", "--quiet"];
    let answer = json(workplace.run(&arguments));
    let items = answer["items"].as_array().expect("a list");
    let id = |item: &serde_json::Value| item["item_id"].as_str().and_then(|id| id.parse::<usize>().ok());
    assert_eq!(items.len(), 3);
    assert!(items.iter().filter_map(id).all(|item| item >= 20 && [0, 3].contains(&(item % 4))), "{items:?}");
    // Somebody who has said something and done nothing.
    workplace.write("users.csv", "user_id,profile\nnewcomer,Likes quiet comedies.\n");
    assert!(workplace.run(&["index", "store", "--append", "--users", "users.csv", "--no-embeddings"]).status.success());
    let answer = json(workplace.run(&["recommend", "store", "--user", "newcomer", "--json", "--quiet"]));
    assert_eq!(answer["items"].as_array().map(Vec::len), Some(10));
    let none = ["recommend", "store", "--user", "u7", "--where", "year > 3000", "--quiet"];
    insta::assert_snapshot!("recommend-nothing", workplace.transcript(&none));
}

fn ids(answer: &serde_json::Value) -> Vec<&str> {
    let items = answer["items"].as_array().expect("a list");
    items.iter().map(|item| item["item_id"].as_str().expect("an id")).collect()
}

#[test]
fn lists_are_varied_where_that_is_asked_for() {
    let workplace = workplace();
    let recommend = |more: &[&str]| {
        json(workplace.run(&[&["recommend", "store", "--user", "u7", "-k", "6", "--json", "--quiet"], more].concat()))
    };
    let plain = recommend(&[]);
    assert_eq!(ids(&recommend(&["--diversity", "0", "--diversify", "dpp"])), ids(&plain));
    // The best four are of four kinds already, which leaves nothing to do for likeness; the history is not.
    for (way, changes) in [("mmr", false), ("dpp", false), ("calibrated", true)] {
        let varied = recommend(&["--diversity", "0.9", "--diversify", way]);
        let mut distinct = ids(&varied);
        assert_eq!(distinct[..4] != ids(&plain)[..4], changes, "{way}");
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), 6, "{way}");
    }
}

#[test]
fn a_prompt_chooses_among_what_there_is() {
    smollm2();
    let workplace = workplace();
    let recommend = |more: &[&str]| {
        let arguments = ["recommend", "store", "--user", "u7", "-k", "5", "--json", "--quiet", "--prompt"];
        json(workplace.run(&[&arguments, more].concat()))
    };
    let offered = json(workplace.run(&["recommend", "store", "--user", "u7", "-k", "20", "--json", "--quiet"]));
    workplace
        .write("mine.jinja", "{% block user %}{% for item in items %}{{ item.title }}\n{% endfor %}{% endblock %}");
    workplace.write("examples.jsonl", "{\"request\": \"funny\", \"items\": [\"Big\"]}\n");
    let prompts: [&[&str]; 5] =
        [&["zero-shot"], &["few-shot"], &["few-shot", "--examples", "examples.jsonl"], &["cot"], &["mine.jinja"]];
    for prompt in prompts {
        let answer = recommend(prompt);
        let chosen = ids(&answer);
        assert_eq!(chosen.len(), 5, "{prompt:?}");
        assert!(chosen.iter().all(|id| ids(&offered).contains(id)), "{prompt:?} names what is not offered: {chosen:?}");
        assert!(answer["items"][0]["scores"]["prompt"].as_f64() == Some(0.0), "{answer}");
    }
    let failed: [(&str, &[&str]); 3] = [
        ("prompt-missing", &["recommend", "store", "--user", "u7", "--quiet", "--prompt", "nothing.jinja"]),
        ("prompt-broken", &["recommend", "store", "--user", "u7", "--quiet", "--prompt", "broken.jinja"]),
        ("prompt-no-block", &["recommend", "store", "--user", "u7", "--quiet", "--prompt", "blockless.jinja"]),
    ];
    workplace.write("broken.jinja", "{% block user %}{{ items | nothing }}{% endblock %}");
    workplace.write("blockless.jinja", "{{ items }}");
    for (name, arguments) in failed {
        insta::assert_snapshot!(format!("recommend-{name}"), workplace.transcript(arguments));
    }
}

#[test]
fn items_are_explained_under_aspects_and_against_each_other() {
    smollm2();
    let workplace = workplace();
    let explain = |mode: &str| {
        json(
            workplace
                .run(&["explain", "store", "--user", "u7", "--item", "1,4,6", "--mode", mode, "--json", "--quiet"]),
        )
    };
    let aspects = explain("aspects");
    let items = aspects["items"].as_array().expect("a list");
    assert_eq!(items.len(), 3);
    for item in items {
        let texts = item["aspects"].as_array().expect("a list");
        let kinds: Vec<&str> = texts.iter().map(|text| text["aspect"].as_str().expect("a name")).collect();
        assert!(kinds.ends_with(&["popularity", "diversity", "time"]), "{item}");
        assert!(texts.iter().all(|text| text["claims"].as_array().is_some_and(|claims| !claims.is_empty())));
    }
    // Somebody who had comedies is told so of a comedy.
    assert!(items.iter().any(|item| item["aspects"][0]["aspect"] == "content"), "{aspects}");
    let compared = explain("compare");
    let texts = compared["items"].as_array().expect("a list").iter().map(|item| item["aspects"][0]["text"].clone());
    let texts: Vec<String> = texts.map(|text| text.as_str().expect("a text").to_owned()).collect();
    assert_eq!(texts.len(), 3);
    assert!(texts[1..].iter().all(|text| text.contains(" if ") || text.starts_with("If ")), "{texts:?}");
}

#[test]
fn explanations_are_measured_and_the_best_of_several_drafts_is_shown() {
    smollm2();
    let workplace = workplace();
    let measure = |more: &[&str]| {
        let arguments = ["eval", "explain", "store", "--users", "4", "-k", "3", "--json", "--quiet"];
        json(workplace.run(&[&arguments, more].concat()))
    };
    for candidates in ["1", "3"] {
        let figures = measure(&["--candidates", candidates]);
        let number = |name: &str| figures[name].as_f64().expect("a number");
        assert_eq!((&figures["explanations"], &figures["protocol"]["users"]), (&12.into(), &4.into()));
        assert_eq!((number("claims_backed"), figures["pairs"].as_u64()), (1.0, Some(12)), "{figures}");
        for name in ["written_by_model", "distinct_2", "distinct_2_without_titles", "unique_first_five"] {
            assert!((0.0..=1.0).contains(&number(name)), "{name}: {figures}");
        }
        let faithful = &figures["deletion_faithfulness"];
        assert!(faithful["low"].as_f64() <= faithful["value"].as_f64(), "{figures}");
    }
    let explain = |candidates: &str| {
        let arguments = ["explain", "store", "--user", "u7", "--item", "1,4,6", "--json", "--quiet", "--candidates"];
        json(workplace.run(&[&arguments, &[candidates][..]].concat()))
    };
    assert_eq!(explain("1"), explain("1"));
    let several = explain("4");
    assert_eq!(several, explain("4"));
    let texts = several["items"].as_array().expect("a list").iter().map(|item| item["explanation"]["text"].to_string());
    let mut texts: Vec<String> = texts.collect();
    texts.dedup();
    assert_eq!(texts.len(), 3);
    let refused = ["explain", "store", "--user", "u7", "--item", "1", "--candidates", "0"];
    assert_eq!(workplace.run(&refused).status.code(), Some(2));
}

#[test]
fn hostile_texts_are_measured_in_every_mode_that_is_named() {
    smollm2();
    let workplace = Workplace::new();
    let found = json(workplace.run(&["eval", "injection", "--mode", "first-token", "--json", "--quiet"]));
    assert_eq!((&found["mode"], &found["texts"]), (&"first_token".into(), &30.into()));
    let gain = found["harmless"].as_f64().expect("a place") - found["attacked"].as_f64().expect("a place");
    assert!((found["gain"]["value"].as_f64().expect("a number") - gain).abs() < 1e-9, "{found}");
    let refused = ["eval", "injection", "--mode", "cross-encoder"];
    insta::assert_snapshot!("eval-injection-cross-encoder", workplace.transcript(&refused));
    let refused = ["eval", "injection", "--mode", "a_llmrec"];
    insta::assert_snapshot!("eval-injection-a-llmrec", workplace.transcript(&refused));
    workplace.write("items.csv", "asin,title\n1,Heat\n");
    let refused = ["features", "items.csv", "-o", "out.jsonl"];
    insta::assert_snapshot!("features-columns", workplace.transcript(&refused));
}

#[test]
fn a_language_model_reranks_in_every_mode() {
    smollm2();
    let workplace = workplace();
    let plain = json(workplace.run(&["recommend", "store", "--user", "u7", "-k", "20", "--json", "--quiet"]));
    for (mode, source) in [("yes-no", "yes_no"), ("first-token", "first_token"), ("listwise", "listwise")] {
        let arguments = ["recommend", "store", "--user", "u7", "-k", "20", "--json", "--quiet", "--rerank", mode];
        let answer = json(workplace.run(&arguments));
        assert!(answer["items"].as_array().expect("a list").iter().all(|item| item["scores"][source].is_number()));
        // Nothing was learned about it, so it does not count.
        assert_eq!(ids(&answer), ids(&plain), "{mode}");
    }
}

#[test]
fn a_file_may_describe_all_stages() {
    let workplace = workplace();
    let list = |more: &[&str]| {
        workplace.run(&[&["recommend", "store", "--user", "u7", "-k", "6", "--json", "--quiet"], more].concat())
    };
    insta::assert_snapshot!(
        "recommend-system-missing",
        workplace.transcript(&["recommend", "store", "--user", "u7", "--system", "--quiet"])
    );
    let stages = "[[system.stages]]\nstage = \"diversify\"\nway = \"calibrated\"\nstrength = 0.9\n";
    workplace.write("docent.toml", format!("threads = 1\n{stages}"));
    let described = json(list(&["--system"]));
    assert_eq!(ids(&described), ids(&json(list(&["--diversity", "0.9", "--diversify", "calibrated"]))));
    assert_ne!(ids(&described), ids(&json(list(&[]))));
    let filtered = json(list(&["--system", "--where", "year >= 2000"]));
    assert!(ids(&filtered).iter().all(|id| id.parse::<usize>().is_ok_and(|id| id >= 20)), "{filtered}");
    workplace.write("docent.toml", "[[system.stages]]\nstage = \"fair\"\ntarget = \"colour\"\nstrength = 0.5\n");
    let wrong = ["recommend", "store", "--user", "u7", "--system", "--quiet"];
    insta::assert_snapshot!("recommend-system-wrong", workplace.transcript(&wrong));
    // However TOML is written.
    workplace.write("docent.toml", "system.candidates-per-item = 0\n");
    insta::assert_snapshot!("recommend-system-none", workplace.transcript(&wrong));
    workplace.write("docent.toml", "[ system ]\ncandidate = 2\n");
    insta::assert_snapshot!("recommend-system-key", workplace.transcript(&wrong));
    workplace.write("docent.toml", "# Not [system] yet.\nthreads = 1\n");
    insta::assert_snapshot!("recommend-system-remark", workplace.transcript(&wrong));
}

#[test]
fn what_cannot_be_recommended_is_an_error_with_a_hint() {
    let workplace = workplace();
    let cases: [(&str, &[&str]); 19] = [
        ("no-store", &["recommend", "nowhere", "--user", "u7"]),
        ("nobody", &["recommend", "store"]),
        ("two", &["recommend", "store", "--user", "u7", "--liked", "1"]),
        ("no-user", &["recommend", "store", "--user", "zoe"]),
        ("no-item", &["recommend", "store", "--liked", "1,nothing"]),
        ("where", &["recommend", "store", "--user", "u7", "--where", "yeer > 1990"]),
        ("where-broken", &["recommend", "store", "--user", "u7", "--where", "year >"]),
        ("where-unclosed", &["recommend", "store", "--user", "u7", "--where", "genres has \"Dra"]),
        ("where-absent", &["recommend", "store", "--user", "u7", "--where", "genres has \"Dramma\""]),
        ("query", &["recommend", "store", "--query", "a heist"]),
        ("search", &["search", "store", "--query", "a heist"]),
        ("query-empty", &["recommend", "store", "--query", " "]),
        ("search-empty", &["search", "store", "--query", ""]),
        ("liked-nothing", &["recommend", "store", "--liked", " ,"]),
        ("explain-nothing", &["explain", "store", "--user", "u7", "--item", ","]),
        ("explain-item", &["explain", "store", "--user", "u7", "--item", "nothing"]),
        ("top", &["recommend", "store", "--user", "u7", "-k", "0"]),
        ("rerank-mode", &["recommend", "store", "--user", "u7", "--rerank", "writing"]),
        ("html", &["eval", "store", "--html", "nowhere/report.html"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("recommend-{name}"), workplace.transcript(arguments));
    }
}

#[test]
fn ids_may_have_spaces_around_them_and_a_comma_too_many() {
    let workplace = workplace();
    let liked = |ids: &str| super::stdout(workplace.run(&["recommend", "store", "--liked", ids, "--json", "--quiet"]));
    assert_eq!(liked("1, 4,"), liked("1,4"));
    assert_eq!(liked("4,1,4"), liked("1,4"), "what is named twice counts once");
}

#[test]
fn an_evaluation_may_hold_users_or_items_back() {
    let workplace = workplace();
    let splits: [(&[&str], &str); 3] = [
        (&["--split", "cold-users", "--known", "2"], "cold users, 2 known"),
        (&["--split", "cold-items"], "cold items, 10 % hidden"),
        (&["--split", "last-out", "--html", "report.html"], "leave-last-out"),
    ];
    for (split, name) in splits {
        let arguments = ["eval", "store", "--methods", "pop,fused,hybrid,calibrated", "--json", "--quiet"];
        let text = super::stdout(workplace.run(&[&arguments, split].concat()));
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 4);
        for line in &lines {
            assert_eq!(line["protocol"]["split"], name);
            assert!(line["metrics"]["ild@10"]["value"].is_number() && line["metrics"]["map"]["value"].is_number());
            assert_eq!(line.get("lift").is_some(), line["method"] != "hybrid", "{line}");
        }
    }
    // These people came one after the other: nobody was there before and after a moment.
    let temporal = workplace.run(&["eval", "store", "--split", "temporal", "--methods", "pop", "--quiet"]);
    assert!(String::from_utf8_lossy(&temporal.stderr).contains("no user has the 3 interactions"), "{temporal:?}");
    let page = workplace.read("report.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<svg") && page.contains("leave-last-out"));
    let refused = ["eval", "store", "--split", "cold-items", "--targets", "2"];
    assert_eq!(workplace.run(&refused).status.code(), Some(2));
}

#[test]
fn a_language_models_choice_by_a_prompt_is_evaluated_like_any_other_way_to_rank() {
    let workplace = workplace();
    let model = smollm2().display().to_string();
    let methods = ["pop", "zero-shot", "few-shot", "cot", "conversational"];
    let all = methods.join(",");
    let what = ["eval", "store", "--candidates", "5", "--limit-users", "3", "--methods", &all];
    let run = || super::stdout(workplace.run(&[&what[..], &["--model", &model, "--json", "--quiet"]].concat()));
    let text = run();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.iter().map(|line| &line["method"]).collect::<Vec<_>>(), methods);
    // Five of five are found, whatever the order.
    assert!(lines.iter().all(|line| line["metrics"]["hr@10"]["value"] == 1.0), "{text}");
    assert_eq!(run(), text);
}

#[test]
fn an_evaluation_is_stamped_with_its_protocol() {
    let workplace = workplace();
    let arguments = ["eval", "store", "--methods", "pop,cooccurrence,fused", "--targets", "2", "--json", "--quiet"];
    let output = workplace.run(&arguments);
    let text = super::stdout(output);
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    assert_eq!(lines.iter().map(|line| &line["method"]).collect::<Vec<_>>(), ["pop", "cooccurrence", "fused"]);
    let protocol = serde_json::json!({
        "split": "last 2 interactions, each in turn", "candidates": "full", "ties": "id", "seen": "excluded",
        "gain": "binary", "seed": 0,
    });
    for line in &lines {
        assert_eq!(line["protocol"], protocol);
        assert_eq!((&line["users"], &line["cases"]), (&60.into(), &120.into()));
        let ndcg = &line["metrics"]["ndcg@10"];
        assert!(ndcg["low"].as_f64() <= ndcg["value"].as_f64() && ndcg["value"].as_f64() <= ndcg["high"].as_f64());
    }
    assert!(lines[0]["versus_fused"]["ndcg@10"]["value"].is_number() && lines[2].get("versus_fused").is_none());
    assert!(lines[1]["weights"]["window"].is_number());
    let again = ["eval", "--items", "items.csv", "--interactions", "ratings.csv"];
    let again =
        [&again[..], &["--methods", "pop", "--targets", "2", "--limit-users", "9", "--json", "--quiet"]].concat();
    assert_eq!(json(workplace.run(&again))["users"], 9);
}

#[test]
fn evaluations_that_make_no_sense_are_refused() {
    let workplace = workplace();
    workplace.write("untimed.csv", "user_id,item_id\nu1,1\nu1,2\nu1,3\n");
    let untimed = ["eval", "--items", "items.csv", "--interactions", "untimed.csv", "--methods", "pop", "--quiet"];
    let cases: [(&str, &[&str]); 8] = [
        ("nothing", &["eval"]),
        ("method", &["eval", "store", "--methods", "pop,best"]),
        ("twice", &["eval", "store", "--methods", "pop,pop"]),
        ("orders", &["eval", "store", "--orders", "5"]),
        ("alone", &["eval", "store", "--methods", "likelihood"]),
        ("aligned", &["eval", "store", "--methods", "reranked", "--rerank", "a-llmrec", "--ties", "random"]),
        ("targets", &["eval", "store", "--methods", "pop", "--targets", "40", "--quiet"]),
        ("untimed", &[&untimed[..], &["--split", "temporal"]].concat()),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("eval-{name}"), workplace.transcript(arguments));
    }
}

#[test]
fn what_a_reranker_counts_is_for_its_model_and_the_hybrid_model_beside_it() {
    let workplace = workplace();
    let path = workplace.path("store");
    let train = |seed: &str| json(workplace.run(&["train", "hybrid", "store", "--seed", seed, "--json", "--quiet"]));
    train("0");
    let weight = RerankWeight { model: "a".into(), identity: "0".into(), weight: 0.5 };
    let weights = RerankWeights([("likelihood".to_owned(), weight)].into());
    let mut writer = StoreWriter::create_or_update(&path).expect("a store");
    writer.put(RERANK, &weights.to_bytes().expect("bytes")).expect("a component");
    writer.commit().expect("a store");
    let counts = |identity: &str| {
        let known = Recommender::open(&Store::open(&path).expect("a store")).expect("a recommender");
        known.rerank_weight(Source::LanguageModel(Mode::Likelihood), identity)
    };
    train("0");
    assert_eq!((counts("0"), counts("1")), (0.5, 0.0));
    train("1");
    assert_eq!(counts("0"), 0.0, "it was learned beside another model");
}

#[test]
fn a_killed_training_leaves_the_store_as_it_was() {
    let workplace = workplace();
    let path = workplace.path("store");
    let before = Store::open(&path).expect("a store").manifest().clone();
    for moment in [0, 30, 100, 300, 900] {
        let mut command = workplace.command(&["train", "hybrid", "store"]);
        let mut child = command.stderr(Stdio::null()).spawn().expect("docent runs");
        std::thread::sleep(Duration::from_millis(moment));
        child.kill().expect("a child");
        child.wait().expect("docent ends");
        let store = Store::open(&path).expect("a whole store");
        let trained = store.component(HYBRID).expect("a sound component");
        assert!(trained.is_some() || store.manifest().components == before.components);
    }
    let output = workplace.run(&["train", "hybrid", "store", "--json", "--quiet"]);
    let report = json(output);
    assert_eq!(report["llm_features"], 0);
    let store = Store::open(&path).expect("a store");
    assert!(store.component(HYBRID).expect("a sound component").is_some());
    let answer = json(workplace.run(&["recommend", "store", "--user", "u7", "--json", "--quiet"]));
    assert!(answer["items"][0]["scores"]["hybrid"].is_number(), "{answer}");
    // A new item needs no training, and what was learned is kept.
    workplace.write("new.csv", "item_id,title,year,genres\nnew,Brand New,2021,Action\n");
    assert!(workplace.run(&["index", "store", "--append", "--items", "new.csv", "--no-embeddings"]).status.success());
    let answer = json(workplace.run(&["recommend", "store", "--user", "u7", "-k", "50", "--json", "--quiet"]));
    let items = answer["items"].as_array().expect("a list");
    assert!(items.iter().any(|item| item["item_id"] == "new"), "{answer}");
    assert!(items[0]["scores"]["hybrid"].is_number(), "{answer}");
    let small = ["index", "small", "--items", "items.csv", "--no-embeddings", "--quiet"];
    assert!(workplace.run(&small).status.success());
    insta::assert_snapshot!("train-nobody", workplace.transcript(&["train", "hybrid", "small", "--quiet"]));
    insta::assert_snapshot!("recommend-no-interactions", workplace.transcript(&["recommend", "small", "--user", "a"]));
    // Where nothing can be learned, nobody is told to.
    let liked = workplace.run(&["recommend", "small", "--liked", "1"]);
    assert_eq!((liked.status.code(), String::from_utf8_lossy(&liked.stderr).as_ref()), (Some(0), ""));
    insta::assert_snapshot!("train-nowhere", workplace.transcript(&["train", "hybrid", "nowhere", "--quiet"]));
}

#[test]
fn a_damaged_hybrid_model_is_learned_anew() {
    let workplace = workplace();
    let train = ["train", "hybrid", "store", "--quiet"];
    assert!(workplace.run(&train).status.success());
    let store = workplace.path("store");
    let names = std::fs::read_dir(&store).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let name = names.map(|name| name.to_string_lossy().into_owned()).find(|name| name.starts_with("hybrid-"));
    std::fs::write(store.join(name.expect("a hybrid model")), "damaged").expect("a writable folder");
    let recommend = ["recommend", "store", "--user", "u7", "--quiet"];
    let told = workplace.transcript(&recommend);
    let hint = "is damaged: its checksum is not the one in the store's manifest\n\
                hint: learn it anew: `docent train hybrid store`\n--- exit code 1\n";
    assert!(told.ends_with(hint), "{told}");
    assert!(workplace.run(&train).status.success());
    assert!(workplace.run(&recommend).status.success());
}

#[test]
fn nothing_is_calibrated_without_categories() {
    let workplace = Workplace::new();
    let items: String = (0..40).map(|item| format!("{item},Title {item},Fiction\n")).collect();
    workplace.write("items.csv", format!("item_id,title,shelf\n{items}"));
    let event = |(user, place): (usize, usize)| format!("u{user},{},{place}\n", (user * 7 + place * 3) % 40);
    let events: String = (0..60).flat_map(|user| (0..5).map(move |place| (user, place))).map(event).collect();
    workplace.write("ratings.csv", format!("user_id,item_id,timestamp\n{events}"));
    let files = ["--items", "items.csv", "--interactions", "ratings.csv", "--no-embeddings", "--quiet"];
    assert!(workplace.run(&[&["index", "store"][..], &files].concat()).status.success());
    let list = ["recommend", "store", "--user", "u7", "--quiet", "--diversity", "0.5", "--diversify", "calibrated"];
    insta::assert_snapshot!("recommend-no-categories", workplace.transcript(&list));
    let eval = ["eval", "store", "--methods", "pop,calibrated", "--quiet"];
    insta::assert_snapshot!("eval-no-categories", workplace.transcript(&eval));
    insta::assert_snapshot!("eval-chat-no-categories", workplace.transcript(&["eval", "chat", "store"]));
    let line = json(workplace.run(&["eval", "store", "--methods", "pop", "--json", "--quiet"]));
    assert!(line["metrics"]["ild@10"].is_object() && line["metrics"].get("calibration_kl@10").is_none(), "{line}");
}
