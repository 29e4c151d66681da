//! Kept answers, budgets and the rule that saves a language model: what they save, and that answers stay what they were.

use super::{Workplace, json};
use crate::support::smollm2;

/// A store of 30 described items and 40 people, without vectors.
fn workplace() -> Workplace {
    smollm2();
    let workplace = Workplace::new();
    let mut items = String::from("item_id,title,year,genres,description\n");
    for item in 0..30 {
        let genres = ["Action", "Comedy", "Drama"][item % 3];
        let story = "A clerk finds a letter. The letter is old. Nobody answers it. The sea is near.";
        items += &format!("{item},Title {item},{},{genres},{story}\n", 1980 + item);
    }
    let mut ratings = String::from("user_id,item_id,rating,timestamp\n");
    for user in 0..40 {
        for place in 0..6 {
            let item = (user * 7 + place * (1 + user % 3)) % 30;
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

/// A list with what the language model did for it.
fn asked(workplace: &Workplace, more: &[&str]) -> (serde_json::Value, serde_json::Value) {
    let arguments = ["recommend", "store", "--user", "u7", "-k", "3", "--json", "--quiet", "--stats"];
    let output = workplace.run(&[&arguments, more].concat());
    let stats = String::from_utf8_lossy(&output.stderr).into_owned();
    let stats =
        stats.lines().last().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {stats}")));
    (json(output), stats.expect("statistics"))
}

#[test]
fn what_was_computed_once_is_not_computed_again() {
    let workplace = workplace();
    let ways: [(&[&str], &str); 4] = [
        (&["--explain"], "text"),
        (&["--rerank", "yes-no"], "scores"),
        (&["--rerank", "likelihood"], "scores"),
        (&["--prompt", "cot"], "order"),
    ];
    for (way, kind) in ways {
        let (first, computed) = asked(&workplace, way);
        let (second, found) = asked(&workplace, way);
        assert_eq!(first, second, "{way:?}");
        assert!(computed["rows"].as_u64() > Some(100), "{way:?}: {computed}");
        assert_eq!(found["rows"], 0, "{way:?}: {found}");
        assert!(found["answers_found"].as_u64() > Some(0) && found["tokens_saved"].as_u64() > Some(100), "{found}");
        let (anew, again) = asked(&workplace, &[way, &["--no-cache"]].concat());
        assert_eq!(anew, first, "{way:?}");
        assert!(again["rows"].as_u64() > Some(100), "{way:?}: {again}");
        let figures = json(workplace.run(&["cache", "store", "--json"]));
        let of = &figures["kinds"][kind];
        assert!(of["found"].as_u64() > Some(0) && of["answers"].as_u64() > Some(0), "{way:?}: {figures}");
    }
    // Something else is asked: nothing is found.
    let (_, other) = asked(&workplace, &["--rerank", "yes-no", "--where", "year < 1995"]);
    assert!(other["rows"].as_u64() > Some(100), "{other}");
    let cleared = workplace.run(&["cache", "store", "--clear", "--json", "--quiet"]);
    assert_eq!(json(cleared)["answers"], 0);
    assert!(asked(&workplace, &["--rerank", "yes-no"]).1["rows"].as_u64() > Some(100));
    insta::assert_snapshot!("cache-nowhere", workplace.transcript(&["cache", "nowhere"]));
    insta::assert_snapshot!("cache-empty", {
        workplace.write("one.csv", "item_id,title\n1,One\n");
        assert!(workplace.run(&["index", "one", "--items", "one.csv", "--no-embeddings", "--quiet"]).status.success());
        workplace.transcript(&["cache", "one"])
    });
    // A file that is none is said to be one, and answers are computed.
    workplace.write("store/answers.sqlite", "no database".repeat(100));
    let broken = workplace.run(&["cache", "store"]);
    assert_eq!(broken.status.code(), Some(1));
    let output = workplace.run(&["recommend", "store", "--user", "u7", "--rerank", "yes-no", "--json"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("answers are neither looked up nor kept"));
    json(output);
}

#[test]
fn the_language_model_is_asked_where_the_rule_says_so() {
    let workplace = workplace();
    let recommend = |who: &[&str]| {
        let arguments =
            ["recommend", "store", "-k", "3", "--json", "--quiet", "--why", "--selective", "--rerank", "yes-no"];
        json(workplace.run(&[&arguments, who].concat()))
    };
    let known = recommend(&["--user", "u7"]);
    assert_eq!(known["language_model"]["used"], false);
    assert!(known["items"][0]["scores"].get("yes_no").is_none());
    let stranger = recommend(&["--liked", "1,2"]);
    assert_eq!(stranger["language_model"]["used"], true);
    assert!(stranger["items"][0]["scores"]["yes_no"].is_number());
    let arguments =
        ["recommend", "store", "--user", "u7", "-k", "1", "--quiet", "--why", "--selective", "--prompt", "zero-shot"];
    insta::assert_snapshot!("recommend-why", workplace.transcript(&arguments));
    insta::assert_snapshot!(
        "recommend-selective-alone",
        workplace.transcript(&["recommend", "store", "--user", "u7", "--selective"])
    );
}

#[test]
fn a_request_in_other_words_has_the_answer_of_the_first() {
    let workplace = Workplace::with_models();
    let mut items = String::from("item_id,title,description\n");
    for (item, about) in
        ["a bank robbery that goes wrong", "a quiet family by the sea", "a war in the mountains"].iter().enumerate()
    {
        items += &format!("{item},Title {item},\"This is {about}. It was made long ago. Nobody has seen it since.\"\n");
    }
    workplace.write("items.csv", items);
    assert!(workplace.run(&["index", "store", "--items", "items.csv", "--quiet"]).status.success());
    let ask = |query: &str, more: &[&str]| {
        let arguments =
            ["recommend", "store", "--query", query, "--prompt", "zero-shot", "--json", "--quiet", "--stats"];
        let output = workplace.run(&[&arguments[..], more].concat());
        let stats = String::from_utf8_lossy(&output.stderr).into_owned();
        let stats: serde_json::Value =
            serde_json::from_str(stats.lines().last().unwrap_or_default()).expect("statistics");
        (json(output)["items"].clone(), stats)
    };
    let order = |items: &serde_json::Value| {
        let ids =
            items.as_array().expect("a list").iter().map(|item| item["item_id"].as_str().expect("an id").to_owned());
        ids.collect::<Vec<String>>()
    };
    let (first, computed) = ask("a film about a bank robbery", &[]);
    let (similar, found) = ask("film about a bank robbery", &[]);
    assert_eq!(order(&first), order(&similar));
    assert!(computed["rows"].as_u64() > Some(50) && found["rows"] == 0, "{computed} {found}");
    let (_, other) = ask("something quiet", &[]);
    assert!(other["rows"].as_u64() > Some(0), "{other}");
    let (_, more) = ask("film about a bank robbery", &["-k", "1"]);
    assert!(more["rows"].as_u64() > Some(0), "another number is another question: {more}");
    let similar = &json(workplace.run(&["cache", "store", "--json"]))["kinds"]["similar"];
    assert_eq!((&similar["asked"], &similar["found"]), (&4.into(), &1.into()));

    let (_, whole) = ask("war", &["--no-cache", "--budget", "2000"]);
    assert_eq!(whole["tokens_compressed"], 0);
    let budget = whole["prompt_tokens"].as_u64().expect("a number") - 12;
    let (_, fitted) = ask("war", &["--no-cache", "--budget", &budget.to_string()]);
    assert!(
        fitted["prompt_tokens"].as_u64() <= Some(budget) && fitted["tokens_compressed"].as_u64() >= Some(12),
        "{fitted}"
    );
    let refused = ["recommend", "store", "--query", "war", "--prompt", "zero-shot", "--budget", "20", "--quiet"];
    insta::assert_snapshot!("recommend-budget", workplace.transcript(&refused));
}
