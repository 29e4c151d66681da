//! Recommending by a prompt: the task, the user, a part of the catalogue and examples as a text, and an answer that can only
//! name what is offered.

mod scorer;
mod template;

use std::collections::HashSet;

pub use scorer::PromptScorer;
pub use template::{Asker, Detail, Example, Offer, PromptTask, PromptTemplate, Prompting};

use super::{
    Catalogue, Error, Interaction, Item, Knowledge, Result, Triple, User,
    ask::question,
    converse::Fact,
    fairness::{FairReranker, Mask},
    interactions::liked,
    line::one_line,
};
use crate::engine::{Engine, Ordering, Prompt, Request};

/// Tokens of an analysis at most: a few sentences.
const ANALYSIS_TOKENS: usize = 128;

/// Interactions of a history that a prompt tells, the latest ones.
const HISTORY: usize = 10;

/// Characters of a description that a prompt tells.
const DESCRIBED: usize = 100;

/// Examples that are taken from the histories of others: more of them crowd out what is asked.
const MINED: usize = 2;

/// Titles of an example's answer, and those of its request.
const ANSWERED: usize = 3;
const ASKED: usize = 5;

/// What a model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The items that it named, as places of what was offered, the best first.
    pub order: Vec<usize>,
    /// What it said of the user's taste, where the template asks for that.
    pub analysis: Option<String>,
}

impl Answer {
    /// All of `count` places that were offered: those that were named, then the others in their old order.
    pub fn whole(&self, count: usize) -> Vec<usize> {
        let rest = (0..count).filter(|place| !self.order.contains(place));
        self.order.iter().copied().chain(rest).collect()
    }
}

/// Asks a language model for recommendations by a template.
#[derive(Debug)]
pub struct PromptRecommender<'a> {
    engine: &'a Engine,
    template: &'a PromptTemplate,
}

impl<'a> PromptRecommender<'a> {
    /// Uses a loaded language model.
    pub fn new(engine: &'a Engine, template: &'a PromptTemplate) -> Self {
        Self { engine, template }
    }

    /// Has the model choose among what a task offers: as many as it wants, each once.
    ///
    /// # Errors
    /// If the template fails or has no block `user`, the model fails, or the prompt exceeds its context.
    pub fn recommend(&self, task: &PromptTask) -> Result<Answer> {
        if task.items.is_empty() || task.count == 0 {
            return Ok(Answer { order: Vec::new(), analysis: None });
        }
        let mut task = task.clone();
        if let Some(question) = self.template.render("analysis", &task)? {
            let prompt = self.engine.tokenize(&self.prompt(question, &task)?)?;
            let request = Request { prompt, max_tokens: ANALYSIS_TOKENS, ..Request::default() };
            task.analysis = Some(one_line(&self.engine.complete(&request)?.text));
        }
        let missing = || Error::TemplateBlock { name: self.template.name().to_owned(), block: "user" };
        let question = self.template.render("user", &task)?.ok_or_else(missing)?;
        let mut prompt = self.engine.tokenize(&self.prompt(question, &task)?)?;
        prompt.extend(self.engine.tokenize_continuation("- ")?);
        let ordering = Ordering {
            prompt,
            options: task.items.iter().map(|item| item.title.clone()).collect(),
            separator: "\n- ".into(),
            count: task.count,
            ..Ordering::default()
        };
        let order = self.engine.order(&[ordering])?.pop().unwrap_or_default();
        Ok(Answer { order, analysis: task.analysis })
    }

    /// Tokens of the prompts that [`recommend`](Self::recommend) asks by, the answers left out: those of an analysis are not
    /// known before it is made.
    ///
    /// # Errors
    /// If the template fails or the tokenizer does.
    pub fn count(&self, task: &PromptTask) -> Result<usize> {
        let mut tokens = 0;
        for block in ["analysis", "user"] {
            if let Some(question) = self.template.render(block, task)? {
                tokens += self.engine.tokenize(&self.prompt(question, task)?)?.len();
            }
        }
        Ok(tokens)
    }

    fn prompt(&self, text: String, task: &PromptTask) -> Result<Prompt> {
        let system = self.template.render("system", task)?.filter(|text| !text.is_empty());
        Ok(question(self.engine, system.as_deref(), text, ""))
    }
}

impl PromptTask {
    /// What somebody with a history is offered. Texts of records become single lines, and descriptions are cut.
    pub fn new(history: &[Interaction], items: &[usize], count: usize, catalogue: &Catalogue) -> Self {
        let told = &history[history.len().saturating_sub(HISTORY)..];
        let offer = |item: usize, rating| {
            let item = &catalogue[item];
            Offer {
                title: title(item),
                genres: item.genres().iter().map(|genre| cut(genre, DESCRIBED)).collect(),
                description: item.description.as_deref().map(|text| cut(text, DESCRIBED)),
                rating,
                note: None,
                facts: Vec::new(),
            }
        };
        Self {
            user: Asker {
                profile: None,
                attributes: Vec::new(),
                history: told
                    .iter()
                    .map(|event| Offer { description: None, ..offer(event.item, event.rating) })
                    .collect(),
            },
            items: items.iter().map(|&item| offer(item, None)).collect(),
            count,
            ..Self::default()
        }
    }

    /// Tells what may be told of a user: the profile and attributes that no mask hides, each on one line.
    pub fn tell(&mut self, user: &User, mask: &Mask) {
        self.user.profile = mask.profile(user).map(|profile| one_line(&profile)).filter(|profile| !profile.is_empty());
        let detail =
            |(name, value): (String, String)| Detail { name: cut(&name, DESCRIBED), value: cut(&value, DESCRIBED) };
        self.user.attributes = mask.attributes(user).into_iter().map(detail).collect();
    }

    /// Asks for a choice that is shared out among groups of items: says how, and which group each item is of. `items` are
    /// what is offered, by index.
    pub fn share_out(&mut self, fair: &FairReranker, items: &[usize]) {
        self.fairness = Some(one_line(&fair.in_words(self.count.min(self.items.len()))));
        let attribute = &fair.groups().attribute;
        for (offer, &item) in self.items.iter_mut().zip(items) {
            offer.note = Some(cut(&format!("{attribute}: {}", fair.names_of(item).join(", ")), DESCRIBED));
        }
    }

    /// Tells facts about what is offered, at most so many of each item: first those that it has in common with what the user
    /// liked. `items` are what is offered, by index.
    pub fn tell_facts(
        &mut self,
        knowledge: &Knowledge,
        most: usize,
        items: &[usize],
        history: &[Interaction],
        catalogue: &Catalogue,
    ) {
        let about = |item: usize| {
            let id = &catalogue[item].id;
            knowledge.about(id).filter(move |fact| fact.head == *id)
        };
        let known = liked(history).flat_map(|event| about(event.item)).map(|fact| (&fact.relation, &fact.tail));
        let known: HashSet<_> = known.collect();
        for (offer, &item) in self.items.iter_mut().zip(items) {
            let mut facts: Vec<&Triple> = about(item).collect();
            facts.sort_by_key(|fact| !known.contains(&(&fact.relation, &fact.tail)));
            offer.facts = facts.into_iter().take(most).map(|fact| Fact::of(fact).said(catalogue)).collect();
        }
    }

    /// Adds two examples out of the histories of others, each oldest first: of those who have most in common with a history, what
    /// they liked before, and what they had last.
    pub fn mine_examples(&mut self, history: &[Interaction], histories: &[&[Interaction]], catalogue: &Catalogue) {
        let own: HashSet<usize> = history.iter().map(|event| event.item).collect();
        let who = |history: &[Interaction]| history.first().map(|event| event.user);
        let common = |other: &[Interaction]| other.iter().filter(|event| own.contains(&event.item)).count();
        let others = histories.iter().filter(|other| other.len() > ANSWERED && who(other) != who(history));
        let mut others: Vec<(usize, &[Interaction])> = others.map(|other| (common(other), *other)).collect();
        // Stable, so that the first of equals stay first.
        others.sort_by_key(|(common, _)| std::cmp::Reverse(*common));
        let title = |event: &Interaction| title(&catalogue[event.item]);
        for (_, other) in others.into_iter().take(MINED) {
            let (before, last) = other.split_at(other.len() - ANSWERED);
            let mut liked: Vec<String> = liked(before).rev().take(ASKED).map(title).collect();
            liked.reverse();
            let request = format!("I liked {}", liked.join(", "));
            self.examples.push(Example { request, items: last.iter().map(title).collect() });
        }
    }
}

/// An item's title with the year, as one line; its id where the title says nothing.
fn title(item: &Item) -> String {
    let title = cut(&item.full_title(), DESCRIBED);
    if title.is_empty() { cut(&item.id, DESCRIBED) } else { title }
}

/// A text as one line, and not longer than it may be.
fn cut(text: &str, most: usize) -> String {
    one_line(text).chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_in_common_with_liked_items_come_first() {
        let item = |id: &str| Item { id: id.into(), title: format!("Film {id}"), ..Item::default() };
        let catalogue = Catalogue::new(["a", "b", "c"].map(item).into());
        let facts = [
            ("a", "directed_by", "Ada Quist"),
            ("b", "has_theme", "trains"),
            ("b", "directed_by", "Ada Quist"),
            ("b", "sequel_of", "c"),
            ("c", "set_in", "Oslo"),
        ];
        let triple = |(head, relation, tail): (&str, &str, &str)| Triple {
            head: head.into(),
            relation: relation.into(),
            tail: tail.into(),
        };
        let knowledge = Knowledge::new(facts.map(triple));
        let history = [Interaction { user: 0, item: 0, rating: Some(5.0), timestamp: None }];
        let told = |most| {
            let mut task = PromptTask::new(&history, &[1, 2], 1, &catalogue);
            task.tell_facts(&knowledge, most, &[1, 2], &history, &catalogue);
            task.items.into_iter().map(|item| item.facts).collect::<Vec<_>>()
        };
        let director = "was directed by Ada Quist";
        assert_eq!(told(1), [[director], ["is set in Oslo"]]);
        assert_eq!(told(9)[0], [director, "has the theme trains", "is a sequel of Film c"]);
        assert_eq!(told(0), [Vec::<String>::new(), Vec::new()]);
    }
}
