//! An item under several aspects, and items against each other: facts that are computed from the records, each in several
//! wordings that all say the same. Which wording is shown is the language model's choice, so that nothing it writes can be
//! untrue.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{Claim, Titled, XRecExplainer, lexicon};
use crate::{
    engine::Scoring,
    recommend::{
        Catalogue, Interaction, Interactions, Result,
        ask::question,
        catalogue::{GENRES, YEAR},
        diversify::{Likeness, of_history},
        retrieve::Semantic,
    },
};

/// The share of a history from which a category is one of its main ones.
const MAIN: f32 = 0.1;

/// Aspects of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// What it has in common with what the user had.
    Content,
    /// How many users have it.
    Popularity,
    /// How it differs from the rest of the list.
    Diversity,
    /// When it came out, and when the user's other items did.
    Time,
    /// When it is the better choice.
    Comparison,
}

/// A fact under one aspect.
#[derive(Clone, Debug, PartialEq)]
pub struct Viewed {
    /// The aspect.
    pub view: View,
    /// The same fact in other words.
    pub wordings: Vec<String>,
    /// What it rests on.
    pub claims: Vec<Claim>,
}

/// A fact in the words that were chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ViewText {
    /// The aspect.
    pub aspect: View,
    /// One sentence.
    pub text: String,
    /// What it rests on.
    pub claims: Vec<Claim>,
}

/// Computes what can be said of items.
#[derive(Debug)]
pub struct Views<'a> {
    catalogue: &'a Catalogue,
    semantic: Option<&'a Semantic>,
    /// How many users have each item.
    users: Vec<usize>,
}

impl<'a> Views<'a> {
    /// Counts who has what.
    pub fn new(catalogue: &'a Catalogue, interactions: &Interactions, semantic: Option<&'a Semantic>) -> Self {
        let mut users = vec![0; catalogue.len()];
        for history in interactions.histories() {
            let distinct: HashSet<usize> = history.iter().map(|event| event.item).collect();
            distinct.into_iter().for_each(|item| users[item] += 1);
        }
        Self { catalogue, semantic, users }
    }

    /// What can be said of one item of a list for somebody, under each aspect of which something is known.
    pub fn of(&self, history: &[Interaction], item: usize, list: &[usize]) -> Vec<Viewed> {
        let views = [
            self.content(history, item),
            Some(self.popularity(item)),
            self.diversity(item, list),
            self.time(history, item),
        ];
        views.into_iter().flatten().collect()
    }

    /// What the items are better at than each other: for each the reason to choose it, the best for this history first.
    /// Returns the places of `items` in that order, and what can be said of each.
    pub fn compare(&self, history: &[Interaction], items: &[usize]) -> Vec<(usize, Viewed)> {
        let wanted = of_history(self.catalogue, history);
        let fit = |item: usize| -> f32 {
            self.catalogue[item].genres().iter().filter_map(|genre| wanted.get(genre.as_str())).sum()
        };
        let mut order: Vec<usize> = (0..items.len()).collect();
        order.sort_by(|&a, &b| fit(items[b]).total_cmp(&fit(items[a])));
        let mut said = HashSet::new();
        let view = |(rank, &place): (usize, &usize)| {
            let others: Vec<usize> = items.iter().copied().filter(|&other| other != items[place]).collect();
            (place, self.choice(&wanted, items[place], &others, rank == 0, &mut said))
        };
        order.iter().enumerate().map(view).collect()
    }

    fn claim(&self, item: usize, field: &str, text: String) -> Claim {
        Claim { text, source: "items", record: self.catalogue[item].id.clone(), field: field.into() }
    }

    fn title(&self, item: usize) -> String {
        Titled::new(&self.catalogue[item]).full()
    }

    fn content(&self, history: &[Interaction], item: usize) -> Option<Viewed> {
        let wanted = of_history(self.catalogue, history);
        let share = |genre: &String| wanted.get(genre.as_str()).copied().unwrap_or(0.0);
        let mut common: Vec<&String> =
            self.catalogue[item].genres().iter().filter(|genre| share(genre) > 0.0).collect();
        common.sort_by(|a, b| share(b).total_cmp(&share(a)));
        common.truncate(2);
        let percent = (100.0 * common.iter().map(|genre| share(genre)).sum::<f32>()).round();
        if common.is_empty() || percent < 1.0 {
            return None;
        }
        let names: Vec<String> = common.into_iter().cloned().collect();
        let (title, genres) = (self.title(item), lexicon::list(&names));
        let claims = vec![self.claim(item, GENRES, format!("{title} is tagged {genres}"))];
        let wordings = vec![
            format!("{title} is tagged {genres}, which makes up {percent} % of what you had."),
            format!("Of what you had, {percent} % is {genres}, as {title} is."),
            format!("{genres} is {percent} % of your history, and {title} is more of it."),
        ];
        Some(Viewed { view: View::Content, wordings, claims })
    }

    fn popularity(&self, item: usize) -> Viewed {
        let below = self.users.iter().filter(|users| **users < self.users[item]).count();
        let percentile = 100 * below / self.users.len().max(1);
        let (title, people) = (self.title(item), self.users[item]);
        let who = if people == 1 { "1 person has".to_owned() } else { format!("{people} people have") };
        let claims = vec![Claim {
            text: format!("{who} {title}"),
            source: "interactions",
            record: self.catalogue[item].id.clone(),
            field: "item_id".into(),
        }];
        let wordings = vec![
            format!("{who} had {title}, more than {percentile} % of all titles can say."),
            format!("{title} is more popular than {percentile} % of all titles: {who} had it."),
            format!(
                "With {title} you would not be alone: {who} had it, and {percentile} % of all titles are less known."
            ),
        ];
        // The last one is for what many know.
        let wordings = if percentile >= 50 { wordings } else { wordings[..2].to_vec() };
        Viewed { view: View::Popularity, wordings, claims }
    }

    fn diversity(&self, item: usize, list: &[usize]) -> Option<Viewed> {
        let likeness = Likeness::new(self.catalogue, self.semantic);
        let others: Vec<usize> = list.iter().copied().filter(|&other| other != item).collect();
        let nearest = others.iter().copied().max_by(|&a, &b| likeness.of(item, a).total_cmp(&likeness.of(item, b)))?;
        let known: HashSet<&String> = others.iter().flat_map(|&other| self.catalogue[other].genres()).collect();
        let new: Vec<String> =
            self.catalogue[item].genres().iter().filter(|genre| !known.contains(genre)).cloned().collect();
        let (title, near) = (self.title(item), self.title(nearest));
        if new.is_empty() {
            let claims =
                vec![self.claim(item, GENRES, format!("nothing on the list is nearer to {title} than {near}"))];
            let wordings = vec![
                format!("On this list {title} is nearest to {near}."),
                format!("Of all titles on this list, {near} is most like {title}."),
            ];
            return Some(Viewed { view: View::Diversity, wordings, claims });
        }
        let genres = lexicon::list(&new);
        let claims =
            vec![self.claim(item, GENRES, format!("{title} is tagged {genres}, and nothing else on the list is"))];
        let wordings = vec![
            format!("{title} is the only title on this list that is tagged {genres}."),
            format!("Nothing else on this list is tagged {genres}, as {title} is."),
            format!("{title} adds {genres} to this list."),
        ];
        Some(Viewed { view: View::Diversity, wordings, claims })
    }

    fn time(&self, history: &[Interaction], item: usize) -> Option<Viewed> {
        let year = self.catalogue[item].year()?;
        let mut years: Vec<i32> = history.iter().filter_map(|event| self.catalogue[event.item].year()).collect();
        years.sort_unstable();
        let title = Titled::new(&self.catalogue[item]).title;
        let claims = vec![self.claim(item, YEAR, format!("{title} came out in {year}"))];
        let wordings = match years.get(years.len() / 2) {
            None => vec![format!("{title} came out in {year}."), format!("{title} is from {year}.")],
            Some(median) => {
                let distance = year - median;
                let against = match distance {
                    0 => "in the middle of".to_owned(),
                    1.. => format!("{distance} {} after the middle of", years_of(distance)),
                    _ => format!("{} {} before the middle of", -distance, years_of(-distance)),
                };
                vec![
                    format!("{title} came out in {year}, {against} what you had."),
                    format!("{title} is from {year}: {against} your history, which is {median}."),
                ]
            }
        };
        Some(Viewed { view: View::Time, wordings, claims })
    }

    /// Why to choose one of several.
    fn choice(
        &self,
        wanted: &BTreeMap<&str, f32>,
        item: usize,
        others: &[usize],
        best: bool,
        said: &mut HashSet<String>,
    ) -> Viewed {
        let title = self.title(item);
        let genres = self.catalogue[item].genres();
        let share = |genre: &String| wanted.get(genre.as_str()).copied().unwrap_or(0.0);
        let of_share = |least: f32| genres.iter().filter(|genre| share(genre) >= least).cloned().collect::<Vec<_>>();
        let (main, most) = (of_share(MAIN), of_share(wanted.values().copied().fold(MAIN, f32::max)));
        if best && !main.is_empty() {
            let named = lexicon::list(if most.is_empty() { &main } else { &most });
            let claims = vec![self.claim(item, GENRES, format!("{title} is tagged {named}"))];
            let wordings = if most.is_empty() {
                let percent = (100.0 * main.iter().map(share).sum::<f32>()).round();
                vec![
                    format!("{title} fits you best: it is tagged {named}, which makes up {percent} % of what you had."),
                    format!("Of these, {title} is nearest to your taste: {percent} % of what you had is {named}."),
                ]
            } else {
                vec![
                    format!("{title} fits you best: it is tagged {named}, which you have most."),
                    format!("Of these, {title} is nearest to your taste, which is mostly {named}."),
                ]
            };
            return Viewed { view: View::Comparison, wordings, claims };
        }
        let own: Vec<String> = genres
            .iter()
            .filter(|genre| others.iter().all(|&other| !self.catalogue[other].genres().contains(genre)))
            .cloned()
            .collect();
        let years = |item: usize| self.catalogue[item].year();
        // Of one whose year is not known nobody can say that it came out before or after.
        let is_first = |by: fn(&i32, &i32) -> bool| {
            let before = |year: i32| move |&other: &usize| years(other).is_some_and(|other| by(&year, &other));
            years(item).is_some_and(|year| others.iter().all(before(year)))
        };
        let (newest, oldest) = (is_first(i32::gt), is_first(i32::lt));
        let best_known = others.iter().all(|&other| self.users[other] < self.users[item]);
        let least_known = others.iter().all(|&other| self.users[other] > self.users[item]);
        let reasons = [
            (!own.is_empty(), GENRES, format!("you want {}", lexicon::list(&own))),
            (newest, YEAR, "you want the newest of them".to_owned()),
            (oldest, YEAR, "you want the oldest of them".to_owned()),
            (best_known, "item_id", "you want what most people know".to_owned()),
            (least_known, "item_id", "you want what few people know".to_owned()),
        ];
        let reason = reasons.into_iter().find(|(holds, _, reason)| *holds && !said.contains(reason));
        let (field, reason) =
            reason.map_or((GENRES, "the others do not tempt you".to_owned()), |(_, field, reason)| (field, reason));
        said.insert(reason.clone());
        let claims = vec![self.claim(item, field, format!("{title}: {reason}"))];
        let wordings = vec![
            format!("Choose {title} if {reason}."),
            format!("{title} is the better choice if {reason}."),
            format!("If {reason}, take {title}."),
        ];
        Viewed { view: View::Comparison, wordings, claims }
    }
}

fn years_of(count: i32) -> &'static str {
    if count == 1 { "year" } else { "years" }
}

impl XRecExplainer<'_> {
    /// Says each fact in the likeliest of its wordings that no fact before it was said in, so that a list does not repeat
    /// itself. All are scored in one batch, whose prompts share their beginning.
    ///
    /// # Errors
    /// If the model fails.
    pub fn word(&mut self, facts: &[Viewed]) -> Result<Vec<ViewText>> {
        let engine = self.engine;
        let ask = "Tell me one thing about this recommendation, in one sentence.";
        let prompt = question(engine, None, ask.to_owned(), "");
        let prefix = engine.tokenize(&prompt)?;
        let mut running = Vec::with_capacity(facts.len());
        for fact in facts {
            let continuations = fact.wordings.iter().map(|wording| engine.tokenize_continuation(wording));
            let continuations = continuations.collect::<crate::engine::Result<_>>()?;
            running.push(engine.submit_scoring(Scoring {
                prefix: prefix.clone(),
                continuations,
                ..Scoring::default()
            })?);
        }
        let mut used: BTreeMap<(View, usize), usize> = BTreeMap::new();
        let mut texts = Vec::with_capacity(facts.len());
        for (fact, scoring) in facts.iter().zip(running) {
            let scores = scoring.wait()?.continuations;
            let mean = |index: usize| scores[index].iter().sum::<f32>() / scores[index].len().max(1) as f32;
            let times = |index: usize| used.get(&(fact.view, index)).copied().unwrap_or(0);
            let better = |a: &usize, b: &usize| times(*b).cmp(&times(*a)).then(mean(*a).total_cmp(&mean(*b)));
            let Some(chosen) = (0..fact.wordings.len()).max_by(better) else { continue };
            *used.entry((fact.view, chosen)).or_default() += 1;
            let (text, claims) = (fact.wordings[chosen].clone(), fact.claims.clone());
            texts.push(ViewText { aspect: fact.view, text, claims });
        }
        Ok(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::{Attribute, Item};

    fn catalogue() -> Catalogue {
        let item = |id: &str, title: &str, year: i32, genres: &[&str]| Item {
            id: id.into(),
            title: title.into(),
            attributes: vec![
                (YEAR.into(), Attribute::Number(f64::from(year))),
                (GENRES.into(), Attribute::Many(genres.iter().map(|&genre| genre.to_owned()).collect())),
            ],
            ..Item::default()
        };
        Catalogue::new(vec![
            item("a", "Heat", 1995, &["Crime", "Drama"]),
            item("b", "Big", 1988, &["Comedy"]),
            item("c", "Ran", 1985, &["War", "Drama"]),
            item("d", "Fargo", 1996, &["Crime"]),
        ])
    }

    fn event(user: usize, item: usize) -> Interaction {
        Interaction { user, item, rating: None, timestamp: None }
    }

    #[test]
    fn facts_are_those_of_the_records() {
        let catalogue = catalogue();
        let histories = [vec![event(0, 0), event(0, 3)], vec![event(1, 0), event(1, 2)], vec![event(2, 0)]];
        let named = histories.into_iter().enumerate().map(|(user, history)| (user.to_string(), history));
        let interactions = Interactions::from_histories(named);
        let views = Views::new(&catalogue, &interactions, None);
        let history = [event(0, 0), event(0, 3)];
        let found = views.of(&history, 2, &[2, 1]);
        let text =
            |view: View| found.iter().find(|viewed| viewed.view == view).map(|viewed| viewed.wordings[0].as_str());
        // Half of Heat is drama, and Heat is half of the history.
        assert_eq!(text(View::Content), Some("Ran (1985) is tagged Drama, which makes up 25 % of what you had."));
        assert_eq!(text(View::Popularity), Some("1 person has had Ran (1985), more than 25 % of all titles can say."));
        assert_eq!(
            text(View::Diversity),
            Some("Ran (1985) is the only title on this list that is tagged War and Drama.")
        );
        assert_eq!(text(View::Time), Some("Ran came out in 1985, 11 years before the middle of what you had."));
        assert!(found.iter().all(|viewed| viewed.wordings.len() > 1 && !viewed.claims.is_empty()));
        assert!(views.of(&[], 1, &[1]).iter().all(|viewed| viewed.view != View::Content));
    }

    #[test]
    fn a_comparison_says_when_each_is_the_better_choice() {
        let catalogue = catalogue();
        let interactions = Interactions::from_histories([("0".to_owned(), vec![event(0, 0)])]);
        let views = Views::new(&catalogue, &interactions, None);
        let compared = views.compare(&[event(0, 0)], &[1, 3, 2]);
        let texts: Vec<&str> = compared.iter().map(|(_, viewed)| viewed.wordings[0].as_str()).collect();
        assert_eq!(
            texts,
            [
                "Fargo (1996) fits you best: it is tagged Crime, which you have most.",
                "Choose Ran (1985) if you want War and Drama.",
                "Choose Big (1988) if you want Comedy."
            ]
        );
        assert_eq!(compared.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [1, 2, 0]);
        // Nobody knows whether what has no year is older.
        let unknown = Item { id: "e".into(), title: "Ikiru".into(), ..Item::default() };
        let items = catalogue.items().iter().cloned().chain([unknown]).collect();
        let wider = Catalogue::new(items);
        let views_of_wider = Views::new(&wider, &interactions, None);
        let compared = views_of_wider.compare(&[], &[0, 3, 4]);
        let texts: Vec<&str> = compared.iter().map(|(_, viewed)| viewed.wordings[0].as_str()).collect();
        assert_eq!(
            texts,
            [
                "Choose Heat (1995) if you want Drama.",
                "Choose Fargo (1996) if the others do not tempt you.",
                "Choose Ikiru if the others do not tempt you."
            ]
        );
        // Three quarters of this history are crime.
        let compared = views.compare(&[event(0, 0), event(0, 3)], &[1, 2]);
        assert_eq!(
            compared[0].1.wordings,
            [
                "Ran (1985) fits you best: it is tagged Drama, which makes up 25 % of what you had.",
                "Of these, Ran (1985) is nearest to your taste: 25 % of what you had is Drama."
            ]
        );
    }
}
