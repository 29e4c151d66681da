//! Texts within a constraint, on the default model: always valid, and refused in time where they cannot be.

use std::time::{Duration, Instant};

use docent::engine::{Constraint, Error, FinishReason, Message, Prompt, Request, Sampling};
use serde_json::{Value, json};

use super::engine;

fn film_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "title": {"type": "string", "maxLength": 30},
            "genres": {"type": "array", "items": {"enum": ["comedy", "drama", "horror"]}, "minItems": 1, "maxItems": 3},
            "year": {"type": "integer", "minimum": 1900, "maximum": 2030},
        },
        "required": ["title", "genres", "year"],
        "additionalProperties": false,
    })
}

#[test]
fn json_meets_its_schema_whatever_is_drawn() {
    let engine = engine();
    let ask = Message::new("user", "Describe the film Alien (1979) as JSON: title, genres, year.");
    let prompt = engine.tokenize(&Prompt::Messages(vec![ask])).unwrap();
    let requests: Vec<Request> = (0..12)
        .map(|seed| Request {
            prompt: prompt.clone(),
            max_tokens: 200,
            sampling: Sampling { temperature: if seed == 0 { 0.0 } else { 1.5 }, ..Sampling::default() },
            seed,
            constraint: Some(Constraint::Json(film_schema())),
            ..Request::default()
        })
        .collect();
    let before = engine.stats().unwrap();
    let written = engine.generate(&requests).unwrap();
    for text in &written {
        assert_eq!(text.finish_reason, FinishReason::Stop, "{}", text.text);
        let film: Value = serde_json::from_str(&text.text).unwrap_or_else(|error| panic!("{error}: {}", text.text));
        assert!(film["title"].as_str().unwrap().chars().count() <= 30);
        let genres = film["genres"].as_array().unwrap();
        assert!((1..=3).contains(&genres.len()));
        assert!(genres.iter().all(|genre| ["comedy", "drama", "horror"].contains(&genre.as_str().unwrap())));
        assert!((1900..=2030).contains(&film["year"].as_i64().unwrap()));
        assert_eq!(text.ids.len(), text.log_probs.len());
    }
    let stats = engine.stats().unwrap();
    assert!(stats.forced_tokens - before.forced_tokens > 12 * 3, "names of fields are not drawn: {stats:?}");
    let drawn: u64 = written.iter().map(|text| text.ids.len() as u64).sum();
    assert_eq!(stats.generated_tokens + stats.forced_tokens - before.generated_tokens - before.forced_tokens, drawn);
    assert_eq!(engine.complete(&requests[5]).unwrap(), written[5], "alone as together");
}

#[test]
fn texts_match_their_regular_expression() {
    let engine = engine();
    let prompt = engine.tokenize(&Prompt::Text("Call me at".into())).unwrap();
    let constraint = Some(Constraint::Regex(r" \+[0-9]{2} [0-9]{3}-[0-9]{4}( or (later|never))?".into()));
    for seed in 0..6 {
        let sampling = Sampling { temperature: 1.0, ..Sampling::default() };
        let request = Request {
            prompt: prompt.clone(),
            max_tokens: 60,
            sampling,
            seed,
            constraint: constraint.clone(),
            ..Request::default()
        };
        let written = engine.complete(&request).unwrap();
        let text = written.text.strip_suffix(" or later").or(written.text.strip_suffix(" or never"));
        let digits = text.unwrap_or(&written.text).replace(|c: char| c.is_ascii_digit(), "9");
        assert_eq!((digits.as_str(), written.finish_reason), (" +99 999-9999", FinishReason::Stop));
    }
    let options = ["Heat", "Alien", "Aliens"].map(String::from).to_vec();
    let request =
        Request { prompt, max_tokens: 9, constraint: Some(Constraint::OneOf(options.clone())), ..Request::default() };
    let written = engine.complete(&request).unwrap();
    assert!(options.contains(&written.text), "{}", written.text);
}

#[test]
fn what_cannot_be_met_or_costs_too_much_is_told_in_time() {
    let engine = engine();
    let large: serde_json::Map<String, Value> = (0..20_000)
        .map(|field| (format!("a field with a long name, number {field:06}"), json!({"type": "string"})))
        .collect();
    let nested = (0..500).fold(json!({"type": "string"}), |inner, _| json!({"type": "array", "items": inner}));
    let cases = [
        ("never", Constraint::Json(json!(false))),
        ("contradiction", Constraint::Json(json!({"type": "integer", "minimum": 5, "maximum": 3}))),
        ("no schema", Constraint::Json(json!({"type": "starship"}))),
        ("itself", Constraint::Json(json!({"$ref": "#"}))),
        ("elsewhere", Constraint::Json(json!({"$ref": "https://example.invalid/schema.json"}))),
        ("a broken pattern", Constraint::Json(json!({"type": "string", "pattern": "(a"}))),
        ("an odd length", Constraint::Json(json!({"type": "string", "minLength": 9, "maxLength": -1}))),
        ("a number", Constraint::Json(json!(7))),
        ("a megabyte", Constraint::Json(json!({"type": "object", "properties": large}))),
        ("deep", Constraint::Json(nested)),
        ("exploding", Constraint::Regex("((a{1,500}){1,500}){1,500}b".into())),
        ("exponential", Constraint::Regex(format!("(.*a.{{{}}})", 400))),
        ("parentheses", Constraint::Regex(format!("{}a{}", "(".repeat(9000), ")".repeat(9000)))),
        ("unclosed", Constraint::Regex("(a|b".into())),
        ("nothing", Constraint::OneOf(Vec::new())),
        ("empty", Constraint::OneOf(vec!["a".into(), String::new()])),
    ];
    for (name, constraint) in cases {
        let request = Request { prompt: vec![300], max_tokens: 20, constraint: Some(constraint), ..Request::default() };
        let started = Instant::now();
        let result = engine.complete(&request);
        let time = started.elapsed();
        match result {
            Err(Error::Constraint { what }) => assert!(what.len() < 2000, "{name}: {what}"),
            Err(error) => panic!("{name}: {error}"),
            // What can be met after all is met.
            Ok(written) => assert!(["exponential", "exploding"].contains(&name), "{name}: {}", written.text),
        }
        assert!(time < Duration::from_secs(20), "{name}: {time:?}");
    }
}
