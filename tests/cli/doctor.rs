//! `doctor`: the same fields on every machine; what they hold is the machine's.

use super::{Workplace, json, stdout};

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
