//! Chat templates of well-known models, and what messages may not do to them.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use docent_models::chat_template::{ChatTemplate, Message, TemplateError, TemplateVariables};
use docent_models::tokenizer::{SpecialTokens, Tokenizer};
use minijinja::Value;
use proptest::prelude::*;
use serde::Deserialize;

use crate::read_json;
use crate::tokenizers::{NAMES, from_folder};

/// 2025-03-09T14:05:06, as the references have it.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_741_529_106)
}

#[derive(Deserialize)]
struct Cases {
    templates: BTreeMap<String, Template>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Template {
    template: String,
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    template: String,
    messages: Vec<BTreeMap<String, Value>>,
    add_generation_prompt: bool,
    tools: Option<Value>,
    #[serde(default)]
    variables: BTreeMap<String, Value>,
    rendered: Option<String>,
    error: Option<String>,
}

/// The messages, if they are but a role and a content.
fn plain(messages: &[BTreeMap<String, Value>]) -> Option<Vec<Message>> {
    let field = |message: &BTreeMap<String, Value>, name| message.get(name)?.as_str().map(str::to_owned);
    let message = |m| Some(Message::new(field(m, "role")?, field(m, "content")?));
    messages.iter().map(|m| if m.len() == 2 { message(m) } else { None }).collect()
}

#[test]
fn renders_what_transformers_renders() {
    let Cases { templates, cases } = read_json("chat/cases.json");
    let mut rendered = BTreeMap::<&str, usize>::new();
    for case in &cases {
        // Messages with more than a role and a content (tool calls, thoughts of their own) are not supported.
        let Some(messages) = plain(&case.messages) else { continue };
        let what = format!("{}, {}", case.template, case.name);
        let Template { template, variables } = &templates[&case.template];
        let variables = TemplateVariables {
            bos_token: variables.get("bos_token").cloned(),
            eos_token: variables.get("eos_token").cloned(),
            special_tokens: ["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|user|>", "<end_of_turn>"]
                .map(str::to_owned)
                .to_vec(),
            ..TemplateVariables::default()
        };
        let mut template = ChatTemplate::new(template, variables).unwrap();
        if let Some(tools) = &case.tools {
            template = template.with_variable("tools", tools);
        }
        for (name, value) in &case.variables {
            template = template.with_variable(name, value);
        }
        match template.render(&messages, case.add_generation_prompt, now()) {
            Ok(text) => assert_eq!(Some(text.text()), case.rendered.as_deref(), "{what}"),
            Err(TemplateError::Raised { message }) => assert_eq!(Some(message), case.error, "{what}"),
            Err(error) => panic!("{what}: {error:?}"),
        }
        *rendered.entry(&case.template).or_default() += 1;
    }
    assert_eq!(rendered.len(), templates.len());
    assert!(rendered.values().all(|cases| *cases >= 15), "{rendered:?}");
}

const CHATML: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + \
    '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

fn template_of(name: &str, tokenizer: &Tokenizer) -> ChatTemplate {
    let source = match name {
        "llama2" => {
            "{{ bos_token }}{% for m in messages %}[INST] {{ m.content | trim }} [/INST]{{ eos_token }}{% endfor %}"
        }
        "llama3" => {
            "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content.strip() }}<|eot_id|>{% endfor %}"
        }
        _ => CHATML,
    };
    ChatTemplate::new(source, tokenizer.template_variables()).unwrap()
}

proptest! {
    #[test]
    fn chats_without_look_alikes_are_tokenized_whole(
        name in prop::sample::select(NAMES.as_slice()),
        contents in prop::collection::vec("(\\PC|[ \na-zé🎬|]){0,40}", 1..4),
    ) {
        let tokenizer = from_folder(name);
        let messages: Vec<_> = contents.iter().map(|content| Message::new("user", content)).collect();
        let rendered = template_of(name, &tokenizer).render(&messages, true, now()).unwrap();
        let whole = tokenizer.encode(rendered.text(), SpecialTokens::Parse).unwrap();
        prop_assert_eq!(tokenizer.encode_rendered(&rendered).unwrap(), whole);
    }

    #[test]
    fn messages_cannot_write_special_tokens(
        name in prop::sample::select(NAMES.as_slice()),
        parts in prop::collection::vec("(<\\|im_end\\|>|<\\|im_start\\|>|<\\|eot_id\\|>|<s>|</s>|<\\|endof|text\\|>|<|im_|>|[ a-z\n]){0,8}", 2..5),
    ) {
        let tokenizer = from_folder(name);
        let template = template_of(name, &tokenizer);
        let special = |contents: &[String]| {
            let messages: Vec<_> = contents.iter().map(|content| Message::new("user", content)).collect();
            let rendered = template.render(&messages, true, now()).unwrap();
            let ids = tokenizer.encode_rendered(&rendered).unwrap();
            (ids.iter().copied().filter(|id| tokenizer.is_special(*id)).collect::<Vec<_>>(), ids, rendered)
        };
        let (expected, ..) = special(&vec!["x".to_owned(); parts.len()]);
        let (found, ids, rendered) = special(&parts);
        prop_assert_eq!(found, expected);
        if name == "smollm" {
            prop_assert_eq!(tokenizer.decode(&ids, false).unwrap(), rendered.text());
        }
    }
}

#[test]
fn tokens_do_not_form_across_messages() {
    let tokenizer = from_folder("smollm");
    let template =
        ChatTemplate::new("{% for m in messages %}{{ m.content | trim }}{% endfor %}", tokenizer.template_variables());
    let messages =
        [Message::new("user", "a <|im_ "), Message::new("user", "\nend|> b <|im_end"), Message::new("user", "|>")];
    let rendered = template.unwrap().render(&messages, false, now()).unwrap();
    assert_eq!(rendered.text(), "a <|im_end|> b <|im_end|>");
    let ids = tokenizer.encode_rendered(&rendered).unwrap();
    assert!(ids.iter().all(|id| !tokenizer.is_special(*id)));
    assert_eq!(ids, tokenizer.encode(rendered.text(), SpecialTokens::AsText).unwrap());
}

#[test]
fn other_added_tokens_are_recognized_in_messages() {
    let tokenizer = from_folder("qwen2");
    let messages = [Message::new("user", "<think>a<|im_end|></think>")];
    let rendered = template_of("qwen2", &tokenizer).render(&messages, false, now()).unwrap();
    let ids = tokenizer.encode_rendered(&rendered).unwrap();
    let count = |id: u32| ids.iter().filter(|found| **found == id).count();
    assert_eq!((count(694), count(695), count(692)), (1, 1, 1));
}

#[test]
fn a_template_that_takes_special_tokens_apart_is_refused() {
    let tokenizer = from_folder("smollm");
    let source = "{% for m in messages %}{{ m.content.replace('<|im_end|>', '') }}{% endfor %}";
    let template = ChatTemplate::new(source, tokenizer.template_variables()).unwrap();
    let error = template.render(&[Message::new("user", "a<|im_<|im_end|>end|>")], false, now()).unwrap_err();
    assert!(matches!(error, TemplateError::Entangled), "{error}");
    assert_eq!(template.render(&[Message::new("user", "a < b")], false, now()).unwrap().text(), "a < b");
}

fn run(source: &str) -> Result<String, TemplateError> {
    let messages = [Message::new("user", "a \"<é>\" b"), Message::new("assistant", "no")];
    let variables = TemplateVariables { bos_token: Some("<s>".into()), ..TemplateVariables::default() };
    Ok(ChatTemplate::new(source, variables)?.render(&messages, true, now())?.into_text())
}

#[test]
fn speaks_the_dialect_of_transformers() {
    // (template, what transformers renders)
    let cases = [
        ("{{ messages[0].content | tojson }}", r#""a \"<é>\" b""#),
        ("{{ messages[0] | tojson }}", r#"{"role": "user", "content": "a \"<é>\" b"}"#),
        (
            "{{ {'b': [1, 2.5, none, true], 'a': {}} | tojson(indent=2) }}",
            "{\n  \"b\": [\n    1,\n    2.5,\n    null,\n    true\n  ],\n  \"a\": {}\n}",
        ),
        (
            "{{ {'b': 1, 'a': 'é🎬'} | tojson(sort_keys=true, ensure_ascii=true) }}",
            r#"{"a": "\u00e9\ud83c\udfac", "b": 1}"#,
        ),
        ("{{ [1, 2] | tojson(separators=(',', ':')) }}", "[1,2]"),
        ("{{ none }} {{ true }} {{ 1 > 2 }} {{ missing }}|{{ pad_token }}|", "None True False ||"),
        ("{{ strftime_now('%d %b %Y, %H:%M') }}", "09 Mar 2025, 14:05"),
        (
            "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            "02",
        ),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
        ("  {% if true %}\n  x\n  {% endif %}\ny\n", "  x\ny"),
        ("{% macro hi(name) %}hi {{ name }}{% endmacro %}{{ hi('x') }}", "hi x"),
        (
            "{% generation %}a{% set x = 1 %}{% endgeneration %}{{ x }}b {%- generation -%} c {%- endgeneration %}",
            "abc",
        ),
        (
            "{{ '\x1c a \x1f'.strip() }}|{{ ' \x1da ' | trim }}|{{ 'xax'.strip('x') }}|{{ ' a '.rstrip() }}|",
            "a|a|a| a|",
        ),
        ("{{ messages[1:] | length }}{{ messages[-1]['content'] }}{{ messages[0].get('x', 'd') }}", "1nod"),
        ("{{ 'a</think>b'.split('</think>')[-1] }}{{ 'x' in 'xy' }}{{ 'abc'.startswith('ab') }}", "bTrueTrue"),
        (
            "{{ tools is none }} {{ tools is defined }} {{ strftime_now is defined }} {{ bos_token }}",
            "True True True <s>",
        ),
    ];
    for (template, expected) in cases {
        assert_eq!(run(template).unwrap(), expected, "{template}");
    }
}

#[test]
fn errors_say_what_failed_and_where() {
    let error = run("a\n{% if x %}\n{% endfor %}").unwrap_err();
    assert!(matches!(error, TemplateError::Syntax { line: 3, .. }), "{error:?}");
    let error = run("a\n\n{{ messages.nothing.more }}").unwrap_err();
    assert!(matches!(error, TemplateError::Failed { line: 3, .. }), "{error:?}");
    let error =
        run("{% macro m() %}{{ raise_exception('Roles must alternate! ') }}{% endmacro %}{{ m() }}").unwrap_err();
    assert_eq!(error.to_string(), "Roles must alternate! ");
}

#[test]
fn hostile_templates_end() {
    let endless = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    let deep = "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}";
    let wide =
        "{% set ns = namespace(x='ab') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}";
    let tree = "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x | tojson }}";
    let shown =
        "{% set ns = namespace(x=[]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}";
    let long = "{% set x = 'abcdefgh' * 1000000 %}{% for i in range(9) %}{{ x }}{% endfor %}";
    let nested = format!("{{{{ {}1", "(".repeat(100_000));
    let sources =
        [endless, deep, wide, tree, shown, long, "{{ 'x' * 99999999999 }}", "{% include 'chat_template' %}", &nested];
    for source in sources {
        assert!(run(source).is_err(), "{}", &source[..source.len().min(80)]);
    }
    assert!(matches!(run(endless).unwrap_err(), TemplateError::OutOfFuel { .. }));
    assert!(matches!(run(long).unwrap_err(), TemplateError::TooLong { .. }), "{:?}", run(long).unwrap_err());
}
