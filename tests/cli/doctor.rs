//! `doctor`: the same fields on every machine; what they hold is the machine's.

use super::{Workplace, json, numbers, stdout};

#[test]
fn the_report_has_every_field() {
    let workplace = Workplace::new();
    workplace.write("docent.toml", "threads = 2\n");
    let cache = workplace.path("empty");
    let run = |arguments: &[&str]| {
        let mut command = workplace.command(arguments);
        command.env_remove("HF_HOME").env("HF_HUB_CACHE", &cache).env("DOCENT_ISA", "scalar");
        command.output().expect("docent runs")
    };
    let report = json(run(&["doctor", "--json"]));
    let fields: Vec<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    insta::assert_snapshot!("doctor-fields", fields.join("\n"));
    assert_eq!(report["threads"], 2);
    assert_eq!((&report["instruction_set"], &report["device"]), (&"scalar".into(), &"cpu".into()));
    assert_eq!(report["instruction_sets"][0], "scalar");
    assert_eq!(report["variables"], serde_json::json!(["DOCENT_ISA", "HF_HUB_CACHE"]));
    assert_eq!(report["configuration"], serde_json::json!([workplace.path("docent.toml")]));
    for model in report["models"].as_array().expect("a list") {
        assert!(model["path"].is_null());
        assert!(model["missing"].as_str().is_some_and(|text| text.contains("Python package")), "{model}");
    }
    let names: Vec<String> = stdout(run(&["doctor"])).lines().map(|line| line[..15].trim_end().to_owned()).collect();
    insta::assert_snapshot!("doctor-rows", names.join("\n"));
    assert!(!cache.exists(), "nothing is written");
}

#[test]
fn the_bias_of_every_mode_is_measured() {
    let workplace = Workplace::with_models();
    let out = stdout(workplace.run(&["doctor", "--bias", "--lists", "2", "--json", "--quiet"]));
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let modes: Vec<&str> = lines.iter().map(|line| line["mode"].as_str().expect("a name")).collect();
    assert_eq!(modes, ["likelihood", "yes_no", "first_token", "listwise", "setwise", "pairwise"]);
    for line in &lines {
        assert!((numbers(&line["by_place"]).iter().sum::<f64>() - 1.0).abs() < 1e-9, "{line}");
        assert!(line["fit"].is_boolean() && line["chance"] == 0.2);
    }
    // What does not see the order cannot prefer a place: each list's best text comes by every place once.
    for line in &lines[..2] {
        assert_eq!(numbers(&line["by_place"]), [0.2; 5], "{line}");
    }
}
