//! What a file says of the system: the table `system` of `docent.toml`.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use serde::{Deserialize, Serialize};

use super::{Diversify, FairExposure, LLMRecommendationSystem, Prompted, Reranked, Sentences, wrong};
use crate::{
    engine::{Embedder, Engine},
    recommend::{
        Knowledge, Recommender, Result,
        answers::AnswerCache,
        budget::Selective,
        diversify::Diversity,
        fairness::{ExposureTarget, Mask},
        prompt::{PromptTemplate, Prompting},
        rerank::{Asked, Judge, Mode, RerankOptions},
    },
};

/// The most drafts of an explanation, and the most orders of a list: more would change little but the time.
const MOST: usize = 64;

/// The system that a file describes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct SystemConfig {
    /// The fewest candidates that are retrieved for each item of a list.
    pub candidates_per_item: usize,
    /// What happens to them, in this order.
    pub stages: Vec<StageConfig>,
    /// Whether items are explained.
    pub explain: bool,
    /// How many explanations are written for each item, of which the best that is true is shown.
    pub drafts: usize,
    /// Whether stages that ask a language model are passed through only where that is worth it.
    pub selective: bool,
}

/// The models that stages use.
#[derive(Clone, Debug, Default)]
pub struct SystemModels {
    /// The language model.
    pub engine: Option<Engine>,
    /// The store's encoder.
    pub encoder: Option<Arc<Mutex<Embedder>>>,
    /// Where answers to requests are kept.
    pub answers: Option<Arc<AnswerCache>>,
    /// The store's facts.
    pub knowledge: Option<Arc<Knowledge>>,
}

impl Default for SystemConfig {
    fn default() -> Self {
        Self { candidates_per_item: 2, stages: Vec::new(), explain: false, drafts: 3, selective: false }
    }
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "kebab-case", deny_unknown_fields)]
pub enum StageConfig {
    /// The language model's scores.
    Rerank {
        /// How it is asked: a mode's name, or `a_llmrec`.
        mode: String,
        /// What its scores count; what was learned for the store, if it is not said.
        weight: Option<f32>,
        /// In how many orders it is shown the list, where order matters to it; in one, if it is not said.
        permutations: Option<usize>,
    },
    /// The language model's choice by a prompt.
    Prompt {
        /// A template's name, or a file beside the configuration.
        template: String,
        /// The most tokens of a prompt, to which descriptions are compressed.
        budget: Option<usize>,
        /// How many of the store's facts about each item it tells at most; none, if it is not said.
        facts: Option<usize>,
    },
    /// A varied list.
    Diversify {
        /// Which way.
        way: String,
        /// How much variety counts, from 0 to 1.
        strength: f32,
    },
    /// A list whose exposure is shared out among groups.
    Fair {
        /// `ATTRIBUTE`, or `ATTRIBUTE=` and `catalogue`, `liked`, `equal`, or `GROUP:SHARE,..`
        target: String,
        /// How much that counts, from 0 to 1.
        strength: f32,
    },
}

impl SystemConfig {
    /// The table `system` of a file, if it has one.
    ///
    /// # Errors
    /// If the file is no TOML, or the table says what nothing reads.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        /// The rest of the file is read elsewhere.
        #[derive(Deserialize)]
        struct File {
            system: Option<SystemConfig>,
        }
        let file: File = toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end()))?;
        Ok(file.system)
    }

    /// Whether a language model is needed.
    pub fn needs_language_model(&self) -> bool {
        let asks = |stage: &StageConfig| matches!(stage, StageConfig::Rerank { .. } | StageConfig::Prompt { .. });
        self.explain || self.stages.iter().any(asks)
    }

    /// Whether the store's encoder is needed.
    pub fn needs_encoder(&self) -> bool {
        self.stages.iter().any(|stage| matches!(stage, StageConfig::Prompt { budget: Some(_), .. }))
    }

    /// Whether the store's facts are needed.
    pub fn needs_knowledge(&self) -> bool {
        self.stages.iter().any(|stage| matches!(stage, StageConfig::Prompt { facts: Some(_), .. }))
    }

    /// The system over a store. Files of templates lie in `folder`.
    ///
    /// # Errors
    /// If a number is out of range, or a stage names what there is not, or needs a model that is not given.
    pub fn build(
        &self,
        recommender: impl Into<Arc<Recommender>>,
        mask: Mask,
        models: &SystemModels,
        folder: &Path,
    ) -> Result<LLMRecommendationSystem> {
        let candidates = count("candidates-per-item", self.candidates_per_item, usize::MAX)?;
        let drafts = count("drafts", self.drafts, MOST)?;
        let mut system = LLMRecommendationSystem::new(recommender, mask).with_candidates_per_item(candidates);
        if self.selective {
            system = system.with_selection(Selective::default());
        }
        let model = || models.engine.clone().ok_or_else(|| wrong("a stage needs a language model"));
        for stage in &self.stages {
            system = match stage {
                StageConfig::Rerank { mode, weight, permutations } => {
                    let known = Mode::ALL.map(Asked::Mode).into_iter().chain([Asked::Aligned]);
                    let known: Vec<(&str, Asked)> = known.map(|asked| (asked.name(), asked)).collect();
                    let judge = match named(mode, &known)? {
                        Asked::Mode(mode) => {
                            let permutations = count("permutations", permutations.unwrap_or(1), MOST)?;
                            let options = RerankOptions { mode, permutations, ..RerankOptions::default() };
                            Judge::LanguageModel(model()?, options)
                        }
                        Asked::Aligned => {
                            let engine = model()?;
                            let aligned = system.recommender().aligned(&engine)?;
                            Judge::Aligned(engine, aligned)
                        }
                        Asked::Prompt(_) => return Err(wrong("a prompt is a stage `prompt`")),
                    };
                    system.with_stage(Reranked { judge, weight: *weight })
                }
                StageConfig::Prompt { template, budget, facts } => {
                    let mut prompted = Prompted::new(model()?, self.template(template, folder)?);
                    if let Some(budget) = budget {
                        let encoder = models.encoder.clone().ok_or_else(|| wrong("a budget needs an encoder"))?;
                        prompted = prompted.with_budget(count("budget", *budget, usize::MAX)?, encoder);
                    }
                    if let Some(most) = facts {
                        let knowledge =
                            models.knowledge.clone().ok_or_else(|| wrong("facts need the store's knowledge"))?;
                        prompted = prompted.with_facts(knowledge, *most);
                    }
                    if let Some(answers) = &models.answers {
                        prompted = prompted.with_answers(answers.clone());
                    }
                    system.with_stage(prompted)
                }
                StageConfig::Diversify { way, strength } => {
                    let way = named(way, &Diversity::ALL.map(|way| (way.name(), way)))?;
                    way.require(system.recommender().catalogue())?;
                    system.with_stage(Diversify { way, strength: share(*strength)? })
                }
                StageConfig::Fair { target, strength } => {
                    let target: ExposureTarget = target.parse().map_err(wrong)?;
                    // What the store lacks is said at once, and not with the first list.
                    target.resolve(system.recommender().catalogue(), system.recommender().interactions())?;
                    system.with_stage(FairExposure { target, strength: share(*strength)? })
                }
            };
        }
        if self.explain {
            system = system.explaining(Sentences::new(model()?, drafts));
        }
        Ok(system)
    }

    fn template(&self, name: &str, folder: &Path) -> Result<PromptTemplate> {
        match Prompting::named(name) {
            Some(prompting) => PromptTemplate::built_in(prompting),
            None => PromptTemplate::from_file(&PathBuf::from(folder).join(name)),
        }
    }
}

fn named<T: Copy>(name: &str, known: &[(&str, T)]) -> Result<T> {
    // The command line writes some of these names with `-`, outputs with `_`.
    let found = known.iter().find(|(known, _)| *known == name.replace('-', "_")).map(|(_, value)| *value);
    let names = || known.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    found.ok_or_else(|| wrong(format!("`{name}` is none of {}", names())))
}

fn count(name: &str, number: usize, most: usize) -> Result<usize> {
    match (number, most) {
        (1.., _) if number <= most => Ok(number),
        (_, usize::MAX) => Err(wrong(format!("`{name}` is {number}, expected at least 1"))),
        _ => Err(wrong(format!("`{name}` is {number}, expected 1 to {most}"))),
    }
}

fn share(strength: f32) -> Result<f32> {
    match (0.0..=1.0).contains(&strength) {
        true => Ok(strength),
        false => Err(wrong(format!("a strength of {strength} is not from 0 to 1"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{
        Candidate, Filter,
        fixture::{Fixture, FixtureOptions},
        system::{Person, Retrieve, Serving, Stage},
    };

    fn recommender() -> Recommender {
        let fixture = Fixture::generate(&FixtureOptions { seed: 2, items: 60, users: 20, interactions: 8 });
        Recommender::new(fixture.items, fixture.interactions, None).unwrap().with_users(fixture.users)
    }

    fn build(text: &str) -> Result<LLMRecommendationSystem> {
        let config = SystemConfig::parse(text)?.unwrap_or_default();
        config.build(recommender(), Mask::default(), &SystemModels::default(), Path::new("."))
    }

    #[test]
    fn a_file_describes_a_system() {
        let text = "model = 'x'\n[system]\ncandidates-per-item = 4\n\
                    [[system.stages]]\nstage = 'diversify'\nway = 'mmr'\nstrength = 0.2\n\
                    [[system.stages]]\nstage = 'fair'\ntarget = 'language=equal'\nstrength = 0.9\n";
        let mut system = build(text).unwrap();
        assert_eq!(system.names(), ["store", "mmr", "fair"]);
        let answer = system.recommend("u3", 5, None).unwrap();
        assert_eq!((answer.items.len(), answer.user.as_str()), (5, "u3"));
        let mut plain = build("").unwrap();
        assert_eq!(plain.names(), ["store"]);
        assert_ne!(plain.recommend("u3", 5, None).unwrap().items, answer.items);
        assert!(plain.recommend("nobody", 5, None).is_err());
    }

    /// Turns a list around, as if a model had said so.
    struct Asks;

    impl Stage for Asks {
        fn name(&self) -> &str {
            "asks"
        }

        fn wants(&self, k: usize) -> usize {
            k
        }

        fn asks_a_model(&self) -> bool {
            true
        }

        fn apply(&mut self, serving: &mut Serving<'_>, mut candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
            serving.analysis = Some("likes the end first".into());
            candidates.reverse();
            Ok(candidates)
        }
    }

    #[test]
    fn stages_that_ask_a_model_are_left_out_where_enough_is_known() {
        let system = || LLMRecommendationSystem::new(recommender(), Mask::default()).with_candidates_per_item(1);
        let plain = system().recommend("u3", 4, None).unwrap();
        assert_eq!(plain.language_model.map(|decision| decision.used), Some(false));
        let asked = system().with_stage(Asks).recommend("u3", 4, None).unwrap();
        let mut turned = plain.items.clone();
        turned.reverse();
        assert_eq!((&asked.items, asked.analysis.as_deref()), (&turned, Some("likes the end first")));
        let known = recommender();
        let known = known.interactions().history(known.interactions().user("u3").unwrap()).len();
        for (enough, used) in [(known, false), (known + 1, true)] {
            let rule = Selective { enough, words: 8 };
            let answer = system().with_stage(Asks).with_selection(rule).recommend("u3", 4, None).unwrap();
            assert_eq!(answer.items == turned, used, "{enough}");
            assert_eq!(answer.analysis.is_some(), used, "{enough}");
            assert_eq!(answer.language_model.map(|decision| decision.used), Some(used), "{enough}");
        }
        assert!(matches!(
            system().chat("s", "hello", &mut |_| std::ops::ControlFlow::Continue(())),
            Err(crate::recommend::Error::NoConversation)
        ));
    }

    #[test]
    fn what_a_file_says_wrongly_is_named() {
        let stage = |text: &str| format!("[[system.stages]]\n{text}\n");
        let cases = [
            ("[system]\ncandidate = 3".to_owned(), "candidate"),
            ("system.candidates-per-item = 0".into(), "`candidates-per-item` is 0, expected at least 1"),
            ("[ system ]\ndrafts = 65".into(), "`drafts` is 65, expected 1 to 64"),
            (stage("stage = 'guess'"), "guess"),
            (stage("stage = 'diversify'\nway = 'mmr'\nstrength = 2.0"), "a strength of 2 is not from 0 to 1"),
            (
                stage("stage = 'diversify'\nway = 'best'\nstrength = 0.1"),
                "`best` is none of `mmr`, `dpp`, `calibrated`",
            ),
            (stage("stage = 'fair'\ntarget = 'colour'\nstrength = 0.1"), "there is no attribute `colour`"),
            (stage("stage = 'fair'\ntarget = 'language=most'\nstrength = 0.1"), "expected `catalogue`"),
            (stage("stage = 'rerank'\nmode = 'likelihood'"), "a stage needs a language model"),
            (stage("stage = 'rerank'\nmode = 'likelihood'\nweigth = 1.0"), "weigth"),
        ];
        for (text, expected) in cases {
            let error = build(&text).map(|system| system.names()).unwrap_err();
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn parts_of_people_can_invent_and_repeat_nothing() {
        /// Offers everything twice, what is there and what is not.
        struct Everything;
        impl Retrieve for Everything {
            fn name(&self) -> &str {
                "everything"
            }
            fn retrieve(
                &mut self,
                _: &Recommender,
                _: &Person<'_>,
                _: usize,
                _: Option<&Filter>,
            ) -> Result<Vec<Candidate>> {
                let candidate = |item| Candidate { item, score: 1.0, sources: Vec::new() };
                Ok((0..90).chain(0..90).map(candidate).collect())
            }
        }
        /// Adds an item that did not come in.
        struct Inventor;
        impl Stage for Inventor {
            fn name(&self) -> &str {
                "inventor"
            }
            fn wants(&self, k: usize) -> usize {
                k
            }
            fn apply(&mut self, serving: &mut Serving<'_>, candidates: Vec<Candidate>) -> Result<Vec<Candidate>> {
                let had = serving.person.history.iter().map(|event| event.item).chain([1_000_000]);
                let candidate = |item| Candidate { item, score: 9.0, sources: Vec::new() };
                Ok(had.map(candidate).chain(candidates.iter().cloned()).chain(candidates.iter().cloned()).collect())
            }
        }
        let recommender = recommender();
        let user = recommender.interactions().user("u5").unwrap();
        let had: Vec<usize> = recommender.interactions().history(user).iter().map(|event| event.item).collect();
        let filter = Filter::parse("year >= 1990", recommender.catalogue()).unwrap();
        let open = |item: usize| filter.matches(&recommender.catalogue()[item]) && !had.contains(&item);
        let expected: Vec<String> =
            (0..60).filter(|&item| open(item)).map(|item| recommender.catalogue()[item].id.clone()).collect();
        let system = LLMRecommendationSystem::new(recommender.clone(), Mask::default());
        let mut system = system.retrieving(Everything).with_stage(Inventor);
        let answer = system.recommend("u5", 100, Some(&filter)).unwrap();
        assert_eq!(answer.items.iter().map(|item| item.item_id.clone()).collect::<Vec<_>>(), expected);
    }
}
