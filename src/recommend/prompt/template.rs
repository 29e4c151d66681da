//! Templates of prompts: Jinja files that people can replace.
//!
//! A template has a block `user`, what the model is asked, and may have a block `system`, what it is told first, and a block
//! `analysis`, what it is asked before: its answer to that is the variable `analysis` of `user`. Whatever records say is
//! data: it is put in as it is, on one line, and never read as a template.

use std::path::{Path, PathBuf};

use minijinja::{Environment, ErrorKind, value::Serde};
use serde::Serialize;

use crate::recommend::{Error, Result};

/// Steps that a template may take: enough for hundreds of items.
const FUEL: u64 = 1_000_000;

/// The templates that come with this crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prompting {
    /// The task and the list.
    ZeroShot,
    /// Requests with their answers before them.
    FewShot,
    /// First an analysis of the taste, then the choice by it.
    ChainOfThought,
    /// As one talks.
    Conversational,
}

impl Prompting {
    /// All of them.
    pub const ALL: [Prompting; 4] =
        [Prompting::ZeroShot, Prompting::FewShot, Prompting::ChainOfThought, Prompting::Conversational];

    /// Its name in inputs and outputs.
    pub fn name(self) -> &'static str {
        match self {
            Prompting::ZeroShot => "zero-shot",
            Prompting::FewShot => "few-shot",
            Prompting::ChainOfThought => "cot",
            Prompting::Conversational => "conversational",
        }
    }

    /// The one of this name, in which `_` is as good as `-`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|prompting| prompting.name() == name.replace('_', "-"))
    }

    fn source(self) -> &'static str {
        match self {
            Prompting::ZeroShot => include_str!("templates/zero-shot.jinja"),
            Prompting::FewShot => include_str!("templates/few-shot.jinja"),
            Prompting::ChainOfThought => include_str!("templates/cot.jinja"),
            Prompting::Conversational => include_str!("templates/conversational.jinja"),
        }
    }
}

/// What a template is given. Texts are single lines.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PromptTask {
    /// Who asks.
    pub user: Asker,
    /// What they ask for in words.
    pub query: Option<String>,
    /// What can be recommended.
    pub items: Vec<Offer>,
    /// Requests with their answers.
    pub examples: Vec<Example>,
    /// How many items are wanted.
    pub count: usize,
    /// What the model said of the user's taste.
    pub analysis: Option<String>,
    /// How the choice should be shared out among groups of items, in a sentence.
    pub fairness: Option<String>,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Asker {
    /// What they say of themselves.
    pub profile: Option<String>,
    /// What else may be told of them.
    pub attributes: Vec<Detail>,
    /// What they had, the latest last.
    pub history: Vec<Offer>,
}

/// One thing that is known of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// What it is: a column's name.
    pub name: String,
    /// How it is.
    pub value: String,
}

/// An item as a prompt knows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Offer {
    /// Its title, with the year.
    pub title: String,
    /// Its categories.
    pub genres: Vec<String>,
    /// The beginning of its description.
    pub description: Option<String>,
    /// How the user rated it.
    pub rating: Option<f32>,
    /// Its groups, where the choice should be shared out among groups.
    pub note: Option<String>,
    /// What the store's facts say of it, each as the end of a sentence: `was directed by Ada Quist`.
    pub facts: Vec<String>,
}

/// A request with its answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, serde::Deserialize)]
pub struct Example {
    /// What was asked for.
    pub request: String,
    /// Titles that were recommended.
    pub items: Vec<String>,
}

/// A template, parsed.
#[derive(Clone, Debug)]
pub struct PromptTemplate {
    environment: Environment<'static>,
    name: String,
    source: String,
}

impl PromptTemplate {
    /// One that comes with this crate.
    ///
    /// # Errors
    /// Never, as tests hold.
    pub fn built_in(prompting: Prompting) -> Result<Self> {
        Self::parse(prompting.name().to_owned(), prompting.source().to_owned())
    }

    /// One from a file.
    ///
    /// # Errors
    /// If the file cannot be read or is no template.
    pub fn from_file(path: &Path) -> Result<Self> {
        let read = |source| Error::Read { path: PathBuf::from(path), source };
        Self::parse(path.display().to_string(), std::fs::read_to_string(path).map_err(read)?)
    }

    fn parse(name: String, source: String) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        let fault = |source| Error::Template { name: name.clone(), source: Box::new(source) };
        environment.add_template_owned(name.clone(), source.clone()).map_err(fault)?;
        Ok(Self { environment, name, source })
    }

    /// Its name, or its file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// A block's text; none if the template has no such block.
    ///
    /// # Errors
    /// If the template fails.
    pub(super) fn render(&self, block: &str, task: &PromptTask) -> Result<Option<String>> {
        let fault = |source: minijinja::Error| Error::Template { name: self.name.clone(), source: Box::new(source) };
        let template = self.environment.get_template(&self.name).map_err(fault)?;
        let mut rendered = template.render_captured(Serde(task)).map_err(fault)?;
        match rendered.with_state_mut(|state| state.render_block(block)) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == ErrorKind::UnknownBlock => Ok(None),
            Err(error) => Err(fault(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> PromptTask {
        let offer = |title: &str, rating| Offer { title: title.into(), rating, ..Offer::default() };
        PromptTask {
            user: Asker {
                profile: Some("I like quiet films".into()),
                history: vec![offer("Heat (1995)", Some(4.5))],
                ..Asker::default()
            },
            query: Some("something new".into()),
            items: vec![
                Offer { genres: vec!["War".into(), "Drama".into()], ..offer("Ran (1985)", None) },
                Offer { description: Some("{{ count }} {% raw %}".into()), ..offer("{{ items }}", None) },
            ],
            examples: vec![Example { request: "war".into(), items: vec!["Glory (1989)".into()] }],
            count: 2,
            analysis: Some("quiet".into()),
            fairness: None,
        }
    }

    #[test]
    fn prompts_say_what_is_known_and_take_records_as_they_are() {
        let user = |prompting| PromptTemplate::built_in(prompting).unwrap().render("user", &task()).unwrap().unwrap();
        assert_eq!(
            user(Prompting::ZeroShot),
            "About me: I like quiet films\n\nI know these, the latest last:\n- Heat (1995), rated 4.5\n\n\
             I am looking for this: something new\n\nChoose from these:\n- Ran (1985), War, Drama\n\
             - {{ items }}: {{ count }} {% raw %}\n\nRecommend 2 of them to me, the best first, one title a line."
        );
        assert!(user(Prompting::FewShot).starts_with("Example request: war\nExample answer:\n- Glory (1989)\n\n"));
        assert!(user(Prompting::ChainOfThought).starts_with("What is known of me: quiet\n"));
        assert!(user(Prompting::Conversational).contains("Lately I had Heat (1995) (4.5)."));
        for prompting in Prompting::ALL {
            let template = PromptTemplate::built_in(prompting).unwrap();
            let analysis = template.render("analysis", &task()).unwrap();
            assert_eq!(analysis.is_some(), prompting == Prompting::ChainOfThought);
            assert!(template.render("system", &PromptTask::default()).unwrap().is_some());
        }
    }

    #[test]
    fn prompts_say_what_may_be_told_and_how_to_share_out() {
        let mut task = PromptTask { fairness: Some("Be fair by side.".into()), ..task() };
        task.user.attributes = vec![Detail { name: "city".into(), value: "Lyon".into() }];
        task.items[0].note = Some("side: left".into());
        task.items[0].facts = vec!["was directed by Akira Kurosawa".into(), "is set in Japan".into()];
        for prompting in Prompting::ALL {
            let template = PromptTemplate::built_in(prompting).unwrap();
            let texts: Vec<String> =
                ["analysis", "user"].iter().filter_map(|block| template.render(block, &task).unwrap()).collect();
            let all = texts.join("\n");
            for told in
                ["city: Lyon", "Be fair by side.", "(side: left); was directed by Akira Kurosawa; is set in Japan"]
            {
                assert!(all.contains(told), "{}: {all}", prompting.name());
            }
        }
    }

    #[test]
    fn faults_name_the_template() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.jinja");
        std::fs::write(&path, "{% block user %}{{ items | unknown }}{% endblock %}").unwrap();
        let failed = PromptTemplate::from_file(&path).and_then(|template| template.render("user", &task()));
        assert!(failed.unwrap_err().to_string().contains("mine.jinja"));
        std::fs::write(&path, "{% block user %}{% for a in range(100000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}{% endblock %}").unwrap();
        assert!(PromptTemplate::from_file(&path).unwrap().render("user", &task()).is_err(), "it may not run for ever");
        assert!(PromptTemplate::from_file(&folder.path().join("none")).is_err());
    }
}
