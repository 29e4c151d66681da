//! A simulated user who knows what an item is like, and not its title.
//!
//! The user opens with one genre of the target. Then they answer what is asked if they can, and otherwise tell what they
//! have not told yet, in a fixed order; when all is told they ask for more of what comes nearest. They are done when the
//! target is on a list.

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use super::{
    ask::Slot,
    chat_rec::{ChatREC, PRESENTED},
    dialogue::Dialogue,
    reply::Turn,
    understand::{Constraints, key},
};
use crate::recommend::{Attribute, Catalogue, Item, Result, draw};

/// Minutes to which a running time is rounded up.
const ROUNDED: f64 = 15.0;

/// What is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulateOptions {
    /// How many items are looked for.
    pub targets: usize,
    /// What draws them.
    pub seed: u64,
    /// How many messages the user sends at most.
    pub turns: usize,
}

impl Default for SimulateOptions {
    fn default() -> Self {
        Self { targets: 200, seed: 0, turns: 5 }
    }
}

/// Figures over all simulated users.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Simulation {
    /// How many items were looked for.
    pub targets: usize,
    /// The seed that drew them.
    pub seed: u64,
    /// How many messages a user sent at most.
    pub turns: usize,
    /// The share of users who found what they looked for.
    pub success: f64,
    /// The share whose target is on the one list of 5 for the same first message.
    pub one_shot: f64,
    /// The share whose target is on the one list of as many items as all turns together can show.
    pub one_shot_long: f64,
    /// Success against the one list of 5; none if that list never has the target.
    pub gain: Option<f64>,
    /// The mean number of messages of those who found it.
    pub turns_needed: f64,
    /// Items that were shown against a condition that had been stated.
    pub violations: usize,
    /// Items that were shown twice, or after they had been turned down.
    pub repeated: usize,
    /// Items that were shown.
    pub shown: usize,
    /// Facts that were stated of items.
    pub facts: usize,
    /// The share of them that the records hold.
    pub facts_held: f64,
}

/// Lets simulated users talk. `progress` hears after each.
///
/// # Errors
/// If a model fails, or `progress` does.
pub fn simulate(
    chat: &mut ChatREC<'_>,
    options: &SimulateOptions,
    progress: &mut dyn FnMut() -> Result<()>,
) -> Result<Simulation> {
    let catalogue = chat.catalogue();
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut targets: Vec<usize> = (0..catalogue.len()).filter(|&item| !catalogue[item].genres().is_empty()).collect();
    draw::shuffle(&mut targets, &mut rng);
    targets.truncate(options.targets);
    let mut all =
        Simulation { targets: targets.len(), seed: options.seed, turns: options.turns, ..Simulation::default() };
    let (mut found, mut short, mut long, mut messages, mut held) = (0, 0, 0, 0, 0);
    for target in targets {
        let genres = catalogue[target].genres();
        let opening = draw::below(&mut rng, genres.len());
        let first = format!("I'm looking for a {} film.", genres[opening]);
        let list = one_shot(chat, &first, PRESENTED * options.turns)?;
        short += usize::from(list.iter().take(PRESENTED).any(|&item| item == target));
        long += usize::from(list.contains(&target));
        let mut user = User::new(catalogue, target, opening);
        if let Some(turns) = user.talk(chat, &first, options.turns, &mut all, &mut held)? {
            found += 1;
            messages += turns;
        }
        progress()?;
    }
    let count = all.targets.max(1) as f64;
    all.success = f64::from(found) / count;
    all.one_shot = short as f64 / count;
    all.one_shot_long = long as f64 / count;
    all.gain = (short > 0).then(|| f64::from(found) / short as f64);
    all.turns_needed = messages as f64 / f64::from(found).max(1.0);
    all.facts_held = if all.facts > 0 { held as f64 / all.facts as f64 } else { 1.0 };
    Ok(all)
}

/// The list for one message by itself.
fn one_shot(chat: &mut ChatREC<'_>, message: &str, k: usize) -> Result<Vec<usize>> {
    let mut dialogue = Dialogue::default();
    let understood = chat.understand(&dialogue, message)?;
    dialogue.hear(message, &understood, chat.understander());
    chat.retrieve(&dialogue, &[], k)
}

/// What a user can tell of their target.
#[derive(Clone, Debug)]
struct User<'a> {
    catalogue: &'a Catalogue,
    target: usize,
    /// What is not told yet, with the question that it answers, in the order in which it is told.
    untold: Vec<(Slot, String)>,
}

impl<'a> User<'a> {
    fn new(catalogue: &'a Catalogue, target: usize, opening: usize) -> Self {
        let item = &catalogue[target];
        let mut untold = Vec::new();
        let themes = match item.attribute("themes") {
            Some(Attribute::Many(themes)) => themes.as_slice(),
            _ => &[],
        };
        untold.extend(themes.iter().map(|theme| (Slot::Theme, format!("It should be about {theme}."))));
        let others = item.genres().iter().enumerate().filter(|(place, _)| *place != opening);
        untold.extend(others.map(|(_, genre)| (Slot::Genre, format!("A {genre} film, too."))));
        if let Some(year) = item.year() {
            untold.push((Slot::Decade, format!("From the {}s, please.", year.div_euclid(10) * 10)));
        }
        if let Some(minutes) = number(item, "runtime") {
            let bound = (minutes / ROUNDED).ceil() * ROUNDED;
            untold.push((Slot::Runtime, format!("At most {bound} minutes.")));
        }
        if let Some(Attribute::Text(language)) = item.attribute("language") {
            untold.push((Slot::Language, format!("A film in {language}.")));
        }
        Self { catalogue, target, untold }
    }

    /// Talks until the target is shown; how many messages it took.
    fn talk(
        &mut self,
        chat: &mut ChatREC<'_>,
        first: &str,
        turns: usize,
        all: &mut Simulation,
        held: &mut usize,
    ) -> Result<Option<usize>> {
        let mut dialogue = Dialogue::default();
        let mut message = first.to_owned();
        for turn in 1..=turns {
            let spent: Vec<bool> = (0..self.catalogue.len()).map(|item| dialogue.is_spent(item)).collect();
            let answer = chat.turn(&mut dialogue, &message, &[])?;
            let records = chat.records();
            all.shown += answer.items.len();
            all.repeated += answer.items.iter().filter(|&&item| spent[item]).count();
            let breaks = |item: &&usize| !meets(&self.catalogue[**item], &dialogue.constraints);
            all.violations += answer.items.iter().filter(breaks).count();
            all.facts += answer.facts().count();
            *held += answer.facts().filter(|fact| fact.holds(&records)).count();
            if answer.items.contains(&self.target) {
                return Ok(Some(turn));
            }
            message = self.react(&answer);
        }
        Ok(None)
    }

    /// What the user says to an answer.
    fn react(&mut self, answer: &Turn) -> String {
        let asked = self.untold.iter().position(|(slot, _)| Some(*slot) == answer.asks);
        match asked.or((!self.untold.is_empty()).then_some(0)) {
            Some(place) => self.untold.remove(place).1,
            None => match self.nearest(&answer.items) {
                Some(place) => format!("More like number {}.", place + 1),
                None => "Show me more.".to_owned(),
            },
        }
    }

    /// The shown item that has most in common with the target.
    fn nearest(&self, items: &[usize]) -> Option<usize> {
        let own = self.catalogue[self.target].genres();
        let common = |item: usize| self.catalogue[item].genres().iter().filter(|genre| own.contains(genre)).count();
        (0..items.len())
            .filter(|&place| common(items[place]) > 0)
            .max_by_key(|&place| (common(items[place]), std::cmp::Reverse(place)))
    }
}

fn number(item: &Item, column: &str) -> Option<f64> {
    match item.attribute(column) {
        Some(Attribute::Number(number)) => Some(*number),
        _ => None,
    }
}

/// Whether an item meets conditions, read off its record without the filter that enforces them.
pub(super) fn meets(item: &Item, constraints: &Constraints) -> bool {
    let texts = |column: &str| match item.attribute(column) {
        Some(Attribute::Many(values)) => values.clone(),
        Some(Attribute::Text(value)) => vec![value.clone()],
        _ => Vec::new(),
    };
    let has = |column: &str, value: &String| texts(column).iter().any(|own| own.eq_ignore_ascii_case(value));
    let within =
        |column: &str, key: &str, holds: fn(f64, f64) -> bool| match (number(item, column), constraints.number(key)) {
            (Some(own), Some(bound)) => holds(own, bound),
            (_, None) => true,
            (None, Some(_)) => false,
        };
    let none_of = |column: &str, key: &str| !constraints.values(key).iter().any(|value| has(column, value));
    within("year", key::YEAR_MIN, |own, bound| own >= bound)
        && within("year", key::YEAR_MAX, |own, bound| own <= bound)
        && within("runtime", key::RUNTIME_MIN, |own, bound| own >= bound)
        && within("runtime", key::RUNTIME_MAX, |own, bound| own <= bound)
        && within("price", key::PRICE_MAX, |own, bound| own <= bound)
        && none_of("genres", key::EXCLUDE_GENRES)
        && none_of("themes", key::EXCLUDE_THEMES)
        && none_of("director", key::EXCLUDE_PEOPLE)
        && none_of("language", key::EXCLUDE_LANGUAGES)
        && constraints.values(key::LANGUAGE).iter().all(|language| has("language", language))
        && constraints.values(key::PEOPLE).iter().all(|name| has("director", name))
}
