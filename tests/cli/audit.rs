//! `audit`: what it measures, what it says where there is nothing to measure, and that no prompt holds what is masked.

use docent::recommend::fixture::{Fixture, FixtureOptions};

use super::{Workplace, json, stdout};
use crate::support::smollm2;

/// What nobody but a masked record says.
const SECRET: &str = "zwickelfrau";

/// A store of invented films and people without vectors.
fn workplace() -> Workplace {
    let workplace = Workplace::new();
    let options = FixtureOptions { seed: 4, items: 80, users: 70, interactions: 14 };
    Fixture::generate(&options).write(&workplace.path("films")).expect("a writable folder");
    let arguments = ["index", "store", "--items", "films/items.jsonl", "--interactions", "films/interactions.csv"];
    let users = ["--users", "films/users.csv", "--no-embeddings", "--quiet"];
    assert!(workplace.run(&[&arguments[..], &users].concat()).status.success());
    workplace
}

#[test]
fn a_report_says_what_lists_do() {
    let workplace = workplace();
    let arguments = ["audit", "store", "--fair", "language=equal", "--fairness", "0.8", "--html", "report.html"];
    let report = json(workplace.run(&[&arguments[..], &["--json", "--quiet"]].concat()));
    assert_eq!((report["items"].as_u64(), report["users"].as_u64()), (Some(80), Some(70)));
    assert_eq!(report["masked"], serde_json::json!(["age_group", "country", "gender"]));
    let bias = &report["popularity"];
    assert!(bias["percentile_of_lists"]["value"].as_f64() > bias["percentile_of_histories"]["value"].as_f64());
    assert_eq!(bias["tail_items"], 64);
    let attributes: Vec<&str> = report["exposure"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|e| e["attribute"].as_str().expect("a name"))
        .collect();
    assert!(
        attributes.contains(&"genres") && attributes.contains(&"year") && !attributes.contains(&"director"),
        "{attributes:?}"
    );
    for parity in report["exposure"].as_array().expect("a list") {
        let groups = parity["groups"].as_array().expect("a list");
        for share in ["catalogue", "liked"] {
            let sum: f64 = groups.iter().map(|group| group[share].as_f64().expect("a number")).sum();
            assert!((sum - 1.0).abs() < 1e-6, "{parity}");
        }
    }
    let gaps: Vec<&str> = report["gaps"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|gap| gap["attribute"].as_str().expect("a name"))
        .collect();
    assert_eq!(gaps, ["age_group", "gender", "country"]);
    assert_eq!(report["protocol"]["split"], "leave-last-out");
    let changes = report["counterfactuals"][0]["changes"].as_array().expect("a list");
    assert_eq!(changes.len(), 9);
    assert!(changes.iter().all(|change| change["changed"] == 0 && change["users"].as_u64() > Some(0)), "{changes:?}");
    let [before, after] = [0, 1].map(|at| report["mitigation"]["off_target"][at]["value"].as_f64().expect("a number"));
    assert!(after < before / 2.0, "{before} to {after}");
    assert!(report["mitigation"]["ndcg@10_cost"]["value"].is_number());
    let page = workplace.read("report.html");
    assert!(
        page.starts_with("<!DOCTYPE html>")
            && page.matches("<svg").count() >= 10
            && page.contains("Mitigation by language")
    );
    let told =
        stdout(workplace.run(&["audit", "store", "--attribute", "language", "--sensitive", "gender", "--quiet"]));
    assert!(
        told.contains("Exposure by language")
            && !told.contains("Exposure by genres")
            && told.contains("Quality by gender")
    );
}

#[test]
fn remarks_are_kept_and_shown() {
    let workplace = workplace();
    let add = |arguments: &[&str]| workplace.run(&[&["audit", "store", "--quiet", "--feedback"], arguments].concat());
    assert!(add(&["Nothing but\nwar films.", "--user", "u7"]).status.success());
    let remark = json(add(&["Where are the women?", "--json"]));
    assert_eq!((remark["user"].as_str(), remark["text"].as_str()), (None, Some("Where are the women?")));
    let report = json(workplace.run(&["audit", "store", "--attribute", "language", "--json", "--quiet"]));
    let texts: Vec<_> =
        report["feedback"].as_array().expect("a list").iter().map(|r| (&r["user"], &r["text"])).collect();
    assert_eq!(
        texts,
        [(&"u7".into(), &"Nothing but war films.".into()), (&serde_json::Value::Null, &"Where are the women?".into())]
    );
}

#[test]
fn what_cannot_be_measured_is_said() {
    let workplace = workplace();
    let index = |store: &str, more: &[&str]| {
        let arguments =
            [&["index", store, "--items", "films/items.jsonl", "--no-embeddings", "--quiet"], more].concat();
        assert!(workplace.run(&arguments).status.success());
    };
    index("bare", &[]);
    index("nobody", &["--interactions", "films/interactions.csv"]);
    workplace.write("few.csv", "user_id,item_id\nu1,1\nu2,2\n");
    index("few", &["--interactions", "few.csv", "--users", "films/users.csv"]);
    let unsaid = |store: &str| {
        let report = json(workplace.run(&["audit", store, "--attribute", "language", "--json", "--quiet"]));
        let told =
            report["unsaid"].as_array().expect("a list").iter().map(|why| why.as_str().expect("a text").to_owned());
        (report["exposure"].as_array().map(Vec::len), told.collect::<Vec<String>>())
    };
    assert_eq!(
        unsaid("nobody"),
        (Some(1), vec!["gaps between users, and counterfactuals: the store has no users file".into()])
    );
    let (exposure, told) = unsaid("few");
    assert_eq!(exposure, Some(1));
    assert!(told[0].ends_with("no user has the 3 interactions that a test needs"), "{told:?}");
    let cases: [(&str, &[&str]); 7] = [
        ("bare", &["audit", "bare", "--quiet"]),
        ("no-store", &["audit", "nowhere"]),
        ("no-attribute", &["audit", "store", "--attribute", "colour", "--quiet"]),
        ("no-sensitive", &["audit", "nobody", "--sensitive", "gender", "--quiet"]),
        ("no-group", &["audit", "store", "--fair", "language=Klingon:0.5", "--quiet"]),
        ("no-target", &["audit", "store", "--fair", "language=most", "--quiet"]),
        ("no-user", &["audit", "store", "--feedback", "hello", "--user", "zoe"]),
    ];
    for (name, arguments) in cases {
        insta::assert_snapshot!(format!("audit-{name}"), workplace.transcript(arguments));
    }
}

#[test]
fn lists_are_shared_out_where_that_is_asked_for() {
    let workplace = workplace();
    let recommend = |more: &[&str]| {
        let answer = json(
            workplace.run(&[&["recommend", "store", "--user", "u7", "-k", "6", "--json", "--quiet"], more].concat()),
        );
        let items = answer["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item["item_id"].as_str().expect("an id").to_owned());
        items.collect::<Vec<String>>()
    };
    let plain = recommend(&[]);
    assert_eq!(recommend(&["--fair", "language", "--fairness", "0"]), plain);
    let items = workplace.read("films/items.jsonl");
    let language = |id: &String| {
        let of = items.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        of.into_iter().find(|item| item["item_id"] == id.as_str()).expect("an item")["language"]
            .as_str()
            .expect("a text")
            .to_owned()
    };
    let all = recommend(&["--fair", "language=English:0", "--fairness", "0.95"]);
    assert!(all.iter().all(|id| language(id) != "English"), "{all:?}");
    assert!(plain.iter().any(|id| language(id) == "English"), "{plain:?}");
}

#[test]
fn prompts_with_a_target_show_examples_as_those_without_do() {
    smollm2();
    let workplace = workplace();
    let arguments = ["audit", "store", "--prompt", "few-shot", "--fair", "language", "--limit-users", "2"];
    let mut command = workplace.command(&arguments);
    let output = command.env("DOCENT_LOG", "docent::prompts=trace").output().expect("docent runs");
    let texts = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{texts}");
    let count = |what| texts.matches(what).count();
    assert!(count("Be fair by language") > 0, "{texts}");
    assert_eq!(count("Example request: "), 2 * count("Choose from these:"), "{texts}");
}

#[test]
fn no_prompt_holds_what_is_masked() {
    smollm2();
    let workplace = workplace();
    // Somebody whose records and profile say what no model may know, and what it may.
    workplace.write(
        "more.csv",
        format!("user_id,profile,gender,city\nu7,I like the sea. As a {SECRET} I love tales.,{SECRET},Quxhaven\n"),
    );
    assert!(
        workplace
            .run(&["index", "store", "--append", "--users", "more.csv", "--no-embeddings", "--quiet"])
            .status
            .success()
    );
    workplace
        .write("all.jinja", "{% block user %}{{ user }} {% for item in items %}{{ item }}\n{% endfor %}{% endblock %}");
    let prompts = |more: &[&str]| {
        let mut command = workplace.command(&[more, &["--quiet", "--no-cache"]].concat());
        let output = command.env("DOCENT_LOG", "docent::prompts=trace").output().expect("docent runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let recommend = |more: &[&str]| prompts(&[&["recommend", "store", "--user", "u7", "-k", "3"], more].concat());
    let asked: [&[&str]; 8] = [
        &["--prompt", "zero-shot"],
        &["--prompt", "few-shot", "--fair", "language"],
        &["--prompt", "cot"],
        &["--prompt", "conversational"],
        &["--prompt", "all.jinja"],
        &["--rerank", "yes-no"],
        &["--rerank", "first-token"],
        &["--explain"],
    ];
    for more in asked {
        let texts = recommend(more);
        assert!(texts.contains("prompt="), "{more:?}: nothing was asked: {texts}");
        assert!(!texts.contains(SECRET), "{more:?}: {texts}");
        assert_eq!(texts.contains("Quxhaven"), more[0] == "--prompt", "{more:?}");
    }
    let explained = prompts(&["explain", "store", "--user", "u7", "--item", "1,2", "--mode", "compare"]);
    assert!(explained.contains("prompt=") && !explained.contains(SECRET));
    // The test would find it if it were there.
    for template in ["zero-shot", "all.jinja"] {
        let texts = recommend(&["--prompt", template, "--allow", "gender"]);
        assert!(texts.contains(&format!("As a {SECRET}")) && texts.matches(SECRET).count() >= 2, "{template}: {texts}");
    }
    let hidden = recommend(&["--prompt", "zero-shot", "--sensitive", "city"]);
    assert!(!hidden.contains("Quxhaven"));
}
