//! ChatREC: a dialogue becomes a reply.
//!
//! The parts of the article's system: what is stated is extracted by rules, what is known decides on a state, items are
//! retrieved within all conditions, and the answer is made of facts of the records. Nothing here writes free text.

use std::{fmt, ops::ControlFlow, sync::Arc};

use super::{
    State, answer,
    ask::{self, Slot},
    conditions::Conditions,
    described,
    dialogue::{Dialogue, FEW},
    facts::{Fact, Records, titled, told},
    manner,
    ra_rec::{RARec, RETRIEVED},
    relative,
    reply::{Turn, alternatives, listed},
    understand::{Constraints, Context, Opinions, Understander, Understood, key},
    vocabulary::Vocabulary,
    wish::Wishes,
};
use crate::{
    engine::Engine,
    recommend::{Catalogue, Interaction, Knowledge, Query, Recommender, Result, features::TextEncoder, line::one_line},
};

/// Items of one list.
pub const PRESENTED: usize = 5;
/// Items that retrieval orders among those that meet the wishes best.
const POOL: usize = 200;
/// What retrieval's order counts, beside wishes from 0 to 1.
const RETRIEVAL: f32 = 0.2;
/// What a rating from 1 to 5 must be for an item to count as liked by it.
const LIKED_FROM: f32 = 3.5;

/// The conversational recommender over one store.
pub struct ChatREC<'a> {
    recommender: &'a Recommender,
    knowledge: &'a Knowledge,
    understander: Arc<Understander>,
    vocabulary: Vocabulary,
    encoder: Option<Box<dyn TextEncoder + 'a>>,
    engine: Option<Engine>,
}

impl fmt::Debug for ChatREC<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatREC").field("items", &self.recommender.catalogue().len()).finish_non_exhaustive()
    }
}

impl<'a> ChatREC<'a> {
    /// Talks about what a recommender recommends, with the facts that are known of it.
    pub fn new(recommender: &'a Recommender, knowledge: &'a Knowledge) -> Self {
        let understander = Understander::new(recommender.catalogue(), knowledge, recommender.interactions());
        Self::with_understander(recommender, knowledge, Arc::new(understander))
    }

    /// The same with what reads messages, made before of the same catalogue and facts.
    pub fn with_understander(
        recommender: &'a Recommender,
        knowledge: &'a Knowledge,
        understander: Arc<Understander>,
    ) -> Self {
        let vocabulary = Vocabulary::new(recommender.catalogue());
        Self { recommender, knowledge, understander, vocabulary, encoder: None, engine: None }
    }

    /// Has requests also find items whose texts are near to their words, if the encoder is that of the store, and asks it what
    /// messages mean that rules make nothing of.
    #[must_use]
    pub fn with_encoder(mut self, encoder: impl TextEncoder + 'a) -> Self {
        self.encoder = Some(Box::new(encoder));
        self
    }

    /// Has a language model choose what messages mean of which rules and examples make nothing.
    #[must_use]
    pub fn with_engine(mut self, engine: Engine) -> Self {
        self.engine = Some(engine);
        self
    }

    /// The items.
    pub fn catalogue(&self) -> &'a Catalogue {
        self.recommender.catalogue()
    }

    /// How messages name items.
    pub fn understander(&self) -> &Understander {
        &self.understander
    }

    /// Everything that facts come from.
    pub fn records(&self) -> Records<'a> {
        Records {
            catalogue: self.recommender.catalogue(),
            knowledge: self.knowledge,
            interactions: self.recommender.interactions(),
        }
    }

    /// What a message states in a dialogue. Items may be named, pointed at, or described.
    ///
    /// # Errors
    /// If the encoder fails.
    pub fn understand(&mut self, dialogue: &Dialogue, message: &str) -> Result<Understood> {
        let shown: Vec<String> = dialogue.last.iter().map(|&item| self.understander.name(item).to_owned()).collect();
        let named = relative::by_name(message, dialogue, &self.records(), &self.understander);
        let message = named.as_deref().unwrap_or(message);
        let semantic = self.recommender.semantic().map(|semantic| &**semantic);
        let resolved =
            described::resolve(message, &dialogue.last, self.recommender.catalogue(), semantic, &mut |text| {
                encode(&mut self.encoder, self.recommender, text)
            })?;
        let focus = dialogue.focus.map(|item| self.understander.name(item));
        let context = Context { shown: &shown, focus, known: dialogue.knows_a_wish() };
        let mut opinions = Opinions { encoder: None, engine: self.engine.as_ref() };
        if let Some(encoder) = &mut self.encoder {
            opinions.encoder = Some(&mut **encoder);
        }
        let message = resolved.as_deref().unwrap_or(message);
        let mut understood = self.understander.read_with(message, &context, &mut opinions)?;
        relative::bound(message, &mut understood, dialogue, &self.understander, self.recommender.catalogue());
        Ok(understood)
    }

    /// Answers the next message of a dialogue, and takes both in. `history` is what is known of whoever speaks.
    ///
    /// # Errors
    /// If a model fails.
    pub fn turn(&mut self, dialogue: &mut Dialogue, message: &str, history: &[Interaction]) -> Result<Turn> {
        let understood = self.understand(dialogue, message)?;
        dialogue.hear(message, &understood, &self.understander);
        let turn = self.answer(dialogue, message, understood, history)?;
        answered(dialogue, &turn);
        Ok(turn)
    }

    /// Answers a whole dialogue: everything that somebody said, oldest first. The reply is that to the last message.
    ///
    /// # Errors
    /// If a model fails.
    pub fn reply(&mut self, messages: &[&str], history: &[Interaction]) -> Result<Turn> {
        let mut dialogue = Dialogue::default();
        let mut last = Turn::default();
        for message in messages {
            last = self.turn(&mut dialogue, message, history)?;
        }
        Ok(last)
    }

    /// RARec's answer to a request by itself: what is retrieved for it, explained by facts.
    ///
    /// # Errors
    /// If a model fails.
    pub fn look_up(&mut self, query: &str, history: &[Interaction]) -> Result<Turn> {
        let mut dialogue = Dialogue::default();
        let mut understood = self.understand(&dialogue, query)?;
        dialogue.hear(query, &understood, &self.understander);
        query.clone_into(&mut dialogue.words);
        understood.state = State::RecommendationPresentation;
        self.answer(&dialogue, query, understood, history)
    }

    /// Answers a message that the dialogue has taken in.
    pub(super) fn answer(
        &mut self,
        dialogue: &Dialogue,
        message: &str,
        understood: Understood,
        history: &[Interaction],
    ) -> Result<Turn> {
        let takes_leave = understood.takes_leave();
        let Understood { preferences, feedback, asked_about, unlisted, state, whether, foreign, .. } = understood;
        let mut turn = Turn { state, preferences, feedback, ..Turn::default() };
        if foreign && turn.preferences.genres.is_empty() {
            turn.say(["I am sorry, I understand English only.", "I am afraid that I only understand English."]);
            return Ok(turn);
        }
        if foreign {
            let genres = listed(&turn.preferences.genres);
            turn.say([format!("I am sorry, I understand English only, and made out no more than {genres}.")]);
        }
        if dialogue.anew {
            self.recall(dialogue, &mut turn)?;
        }
        if !unlisted.is_empty() {
            let titles = listed(&unlisted);
            turn.say([format!("I do not know {titles}."), format!("My catalogue lacks {titles}.")]);
        }
        match state {
            State::Greeting => self.greet(dialogue, takes_leave, &mut turn),
            // Whoever leaves it open was asked before, or is known.
            State::PreferenceElicitation
                if manner::leaves_open(message) && !(history.is_empty() && dialogue.asked.is_empty())
                    || dialogue.knows_a_wish() && !turn.preferences.is_empty() =>
            {
                turn.state = State::RecommendationPresentation;
                self.present(dialogue, message, &mut turn, history)?;
            }
            State::PreferenceElicitation => self.elicit(dialogue, &mut turn)?,
            State::Feedback if manner::chooses(message, &turn.feedback) => self.see_off(&mut turn),
            State::RecommendationPresentation => self.present(dialogue, message, &mut turn, history)?,
            State::Feedback => {
                self.acknowledge(&mut turn);
                self.present(dialogue, message, &mut turn, history)?;
            }
            // Asked about what is not known, and told that.
            State::Exploration if !unlisted.is_empty() && asked_about.iter().all(|title| unlisted.contains(title)) => {}
            State::Clarification | State::Exploration => {
                let mut items: Vec<usize> =
                    asked_about.iter().filter_map(|title| self.understander.item(title)).collect();
                if items.is_empty() && state == State::Exploration {
                    items.extend(dialogue.focus.or(dialogue.last.first().copied()));
                }
                turn.focus = items.last().copied().filter(|_| items.len() <= FEW).or(dialogue.focus);
                let (records, vocabulary, whether) = (self.records(), &self.vocabulary, whether.as_ref());
                let talk = answer::Talk { records, dialogue, message, items: &items, whether, vocabulary, history };
                match state {
                    State::Exploration => talk.explore(&mut turn, self.recommender)?,
                    _ => talk.clarify(&mut turn, self.recommender),
                }
            }
        }
        turn.context = self.context(&turn);
        Ok(turn)
    }

    /// Ends well: somebody has chosen.
    fn see_off(&self, turn: &mut Turn) {
        let chosen: Vec<usize> = turn.feedback.liked.iter().filter_map(|title| self.understander.item(title)).collect();
        let titles = listed(&chosen.iter().map(|&item| titled(&self.catalogue()[item])).collect::<Vec<_>>());
        turn.focus = chosen.last().copied();
        turn.say([format!("Enjoy {titles}!"), format!("{titles} it is. Have a good time!")]);
        turn.say(["Tell me later how you liked it.", "Come back and tell me what you thought of it."]);
    }

    fn greet(&self, dialogue: &Dialogue, takes_leave: bool, turn: &mut Turn) {
        if takes_leave {
            turn.say(["Goodbye!", "See you!"]);
        } else if dialogue.shown.is_empty() {
            turn.say([
                "Hello! I can help you find something that you will like.",
                "Hi there! Let us find something for you.",
            ]);
            turn.asks = Some(Slot::Genre);
            turn.say(["Which genre, theme or title do you like?", "What do you like: a genre, a theme, a title?"]);
        } else {
            turn.say(["You are welcome. Just say so when you want more.", "Any time. I will remember what you said."]);
        }
    }

    fn elicit(&self, dialogue: &Dialogue, turn: &mut Turn) -> Result<()> {
        self.repeat(dialogue, turn)?;
        if dialogue.knows_a_wish() {
            turn.say(["I did not understand that.", "I am not sure what you mean."]);
            turn.say(["You can ask for more, ask about a title, or tell me what you like."]);
            return Ok(());
        }
        let slot = [Slot::Genre, Slot::Theme].into_iter().find(|slot| !dialogue.asked.contains(slot));
        turn.asks = slot.or(Some(Slot::Genre));
        match slot {
            Some(slot) => turn.say(slot.question(dialogue).iter().copied()),
            None => turn.say(["Name a title that you like, and I look for more of its kind."]),
        }
        Ok(())
    }

    /// Conditions as a filter of the catalogue.
    pub(super) fn conditions(&self, constraints: &Constraints) -> Result<Conditions> {
        Conditions::new(constraints, self.catalogue(), self.knowledge, &self.vocabulary)
    }

    /// Says which conditions of earlier messages hold for a wish that has nothing else to do with them.
    fn recall(&self, dialogue: &Dialogue, turn: &mut Turn) -> Result<()> {
        let Conditions { unknown, .. } = self.conditions(&dialogue.constraints)?;
        let is_kept = |key: &&String| !unknown.contains(key) && !turn.preferences.constraints.0.contains_key(*key);
        let kept = dialogue.constraints.0.keys().filter(is_kept);
        let kept = listed(&kept.map(|key| answer::condition(key, &dialogue.constraints)).collect::<Vec<_>>());
        if !kept.is_empty() {
            turn.say([format!("I still keep to what you said before: {kept}."), format!("Still to be met: {kept}.")]);
        }
        Ok(())
    }

    /// Says what does not count any more, which conditions are taken over, and which cannot be checked.
    fn repeat(&self, dialogue: &Dialogue, turn: &mut Turn) -> Result<()> {
        if !turn.preferences.withdrawn.is_empty() {
            let dropped: Vec<&str> = turn.preferences.withdrawn.iter().map(|what| answer::withdrawn(what)).collect();
            let dropped = listed(&dropped);
            turn.say([format!("I no longer look at {dropped}."), format!("From now on {dropped} does not matter.")]);
        }
        let Conditions { unknown, .. } = self.conditions(&dialogue.constraints)?;
        let said: Vec<String> = turn
            .preferences
            .constraints
            .0
            .keys()
            .filter(|key| !unknown.contains(key))
            .map(|key| answer::condition(key, &turn.preferences.constraints))
            .collect();
        if !said.is_empty() {
            let said = listed(&said);
            turn.say([format!("I keep to that: {said}."), format!("Noted: {said}.")]);
        }
        let stated = turn.preferences.constraints.clone();
        for key in unknown.iter().filter(|key| stated.0.contains_key(*key)) {
            let what = answer::condition(key, &stated);
            turn.say([match key.as_str() {
                key::EXCLUDE_THEMES => {
                    format!("Of \"{what}\" I can see no more than titles tell: the records do not say it.")
                }
                _ => format!("I cannot check \"{what}\": nothing here tells."),
            }]);
        }
        turn.unknown = unknown;
        Ok(())
    }

    fn acknowledge(&self, turn: &mut Turn) {
        let names = |titles: &[String]| {
            let items = titles.iter().filter_map(|title| self.understander.item(title));
            listed(&items.map(|item| titled(&self.catalogue()[item])).collect::<Vec<_>>())
        };
        let (liked, disliked) = (names(&turn.feedback.liked), names(&turn.feedback.disliked));
        let seen: Vec<String> = turn
            .feedback
            .seen
            .iter()
            .filter(|title| !turn.feedback.liked.contains(title) && !turn.feedback.disliked.contains(title))
            .cloned()
            .collect();
        let (count, seen) = (seen.len(), names(&seen));
        if !liked.is_empty() {
            turn.say([format!("Good to know that you like {liked}."), format!("I note that you like {liked}.")]);
        }
        if !disliked.is_empty() {
            turn.say([format!("I leave {disliked} out from now on."), format!("No more {disliked}, then.")]);
        }
        if !seen.is_empty() {
            let them = if count > 1 { "them" } else { "it" };
            turn.say([format!("You have seen {seen}, so I leave {them} out.")]);
        }
        if liked.is_empty() && disliked.is_empty() && seen.is_empty() {
            turn.say(["Thanks for telling me.", "Noted."]);
        }
    }

    fn present(&mut self, dialogue: &Dialogue, message: &str, turn: &mut Turn, history: &[Interaction]) -> Result<()> {
        self.repeat(dialogue, turn)?;
        let again = asks_again(message) && !dialogue.last.is_empty();
        let mut found = if again { self.again(dialogue)? } else { self.retrieve(dialogue, history, RETRIEVED)? };
        let pool = found.clone();
        found.truncate(PRESENTED);
        if found.is_empty() && dialogue.constraints.is_empty() {
            turn.say([
                "There is nothing left: you have had all titles, or I have shown them.",
                "I have no title left that you have not had and that I have not shown.",
            ]);
            return Ok(());
        }
        if found.is_empty() {
            turn.say([
                "Nothing that I have not shown meets all of your conditions.",
                "There is nothing left that meets everything you asked for.",
            ]);
            turn.say([format!("They are: {}.", answer::conditions(&dialogue.constraints))]);
            turn.say(["Which of them could I drop?"]);
            return Ok(());
        }
        let wishes = self.wishes(dialogue);
        let facts = RARec::new(self.records()).facts(&found, &wishes);
        turn.say(opening(&wishes, &found));
        for (place, &item) in found.iter().enumerate() {
            let record = &self.catalogue()[item];
            let own: Vec<Fact> = facts.iter().filter(|fact| fact.head == record.id).cloned().collect();
            let line = match told(&own, self.catalogue()) {
                said if said.is_empty() => format!("{}. {}", place + 1, titled(record)),
                said => format!("{}. {}: it {said}.", place + 1, titled(record)),
            };
            turn.list(&line, own);
        }
        turn.asks = ask::next(dialogue, self.catalogue(), &pool);
        match turn.asks {
            Some(slot) => turn.say(slot.question(dialogue).iter().copied()),
            None => turn.say(["Does one of them suit you?", "What do you think of them?"]),
        }
        turn.items = found;
        Ok(())
    }

    /// The last list once more, without what was turned down or breaks a condition since.
    fn again(&self, dialogue: &Dialogue) -> Result<Vec<usize>> {
        let conditions = self.conditions(&dialogue.constraints)?;
        let kept = |item: &usize| {
            !dialogue.is_turned_down(*item)
                && conditions.filter.as_ref().is_none_or(|filter| filter.matches(&self.catalogue()[*item]))
        };
        Ok(dialogue.last.iter().copied().filter(kept).collect())
    }

    fn wishes<'d>(&self, dialogue: &'d Dialogue) -> Wishes<'d>
    where
        'a: 'd,
    {
        Wishes { dialogue, catalogue: self.recommender.catalogue(), knowledge: self.knowledge }
    }

    /// The `k` best items for a dialogue, best first: within all conditions, and none that was shown, seen or turned down.
    /// Wishes come first; among what meets them equally, retrieval decides by history, likes and words.
    ///
    /// # Errors
    /// If a model fails.
    pub fn retrieve(&mut self, dialogue: &Dialogue, history: &[Interaction], k: usize) -> Result<Vec<usize>> {
        let conditions = self.conditions(&dialogue.constraints)?;
        let allows = |item: &usize| {
            !dialogue.is_spent(*item)
                && conditions.filter.as_ref().is_none_or(|filter| filter.matches(&self.catalogue()[*item]))
        };
        let wishes = self.wishes(dialogue);
        let mut met: Vec<(f32, usize)> =
            (0..self.catalogue().len()).filter(allows).map(|item| (wishes.met(item), item)).collect();
        met.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // All that meet the wishes as well as the last of the pool do.
        let last = met.get(POOL.max(k) - 1).map(|(value, _)| *value);
        met.retain(|(value, _)| last.is_none_or(|last| *value >= last));
        let mut wanted = vec![None; self.catalogue().len()];
        met.iter().for_each(|(value, item)| wanted[*item] = Some(*value));
        let vector = self.vector(dialogue)?;
        let history = with_likes(history, dialogue);
        let query = Query { history: &history, text: vector.as_deref() };
        let ranked = self.recommender.recommend_where(&query, met.len(), &|item| wanted[item].is_some())?;
        let count = ranked.len().max(1) as f32;
        let order = ranked.iter().enumerate();
        let mut scored: Vec<(f32, usize)> = order
            .filter_map(|(rank, candidate)| {
                Some((wanted[candidate.item]? + RETRIEVAL * (1.0 - rank as f32 / count), candidate.item))
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        Ok(scored.into_iter().take(k).map(|(_, item)| item).collect())
    }

    /// The vector of what is asked for in words.
    fn vector(&mut self, dialogue: &Dialogue) -> Result<Option<Vec<f32>>> {
        if dialogue.words.is_empty() {
            return Ok(None);
        }
        let wishes = dialogue.genres.iter().chain(&dialogue.themes).map(|(name, _)| name.as_str());
        let text = wishes.chain([dialogue.words.as_str()]).collect::<Vec<_>>().join(" ");
        encode(&mut self.encoder, self.recommender, &text)
    }

    /// What a language model is told beside the message: the state, and the items with the facts about them.
    fn context(&self, turn: &Turn) -> String {
        let catalogue = self.catalogue();
        let told = |&item: &usize| {
            let about = turn.facts().filter(|fact| fact.head == catalogue[item].id);
            let facts: Vec<String> = about.map(|fact| fact.said(catalogue)).collect();
            one_line(&format!("{} {}", titled(&catalogue[item]), listed(&facts)))
        };
        let items: Vec<String> = turn.items.iter().map(told).collect();
        let state = turn.state.name().replace('_', " ");
        if items.is_empty() { format!("State: {state}.") } else { format!("State: {state}. {}.", items.join(". ")) }
    }
}

/// The vector of a text, where there are an encoder and vectors of its width.
fn encode(
    encoder: &mut Option<Box<dyn TextEncoder + '_>>,
    recommender: &Recommender,
    text: &str,
) -> Result<Option<Vec<f32>>> {
    let width = recommender.semantic().map(|semantic| semantic.width());
    let (Some(encoder), Some(width)) = (encoder, width) else { return Ok(None) };
    let vector = encoder.encode(&[text.to_owned()], &mut |_| ControlFlow::Continue(()))?.values;
    Ok((vector.len() == width).then_some(vector))
}

/// Takes an answer into the dialogue.
pub(super) fn answered(dialogue: &mut Dialogue, turn: &Turn) {
    dialogue.show(&turn.items);
    if let Some(item) = turn.focus {
        dialogue.focus = Some(item);
    }
    dialogue.ask(turn.asks);
}

/// Whether the same list is wanted once more.
fn asks_again(message: &str) -> bool {
    let message = message.to_lowercase();
    ["show me those again", "show them again", "same list", "list again", "those again", "these again", "them again"]
        .iter()
        .any(|words| message.contains(words))
}

/// The history with what the dialogue adds: liked items, with their ratings where some were given.
pub(super) fn with_likes(history: &[Interaction], dialogue: &Dialogue) -> Vec<Interaction> {
    let mut all = history.to_vec();
    let (user, timestamp) = history.last().map_or((usize::MAX, None), |event| (event.user, event.timestamp));
    let rated = |item: &usize| dialogue.ratings.get(item).copied().filter(|rating| *rating >= LIKED_FROM);
    all.extend(dialogue.liked.iter().map(|item| Interaction { user, item: *item, rating: rated(item), timestamp }));
    all
}

/// How a list begins: with those wishes that something in it meets.
fn opening(wishes: &Wishes<'_>, found: &[usize]) -> Vec<String> {
    let count = found.len();
    let is_met = |wish: &String| found.iter().any(|&item| wishes.names(item, wish));
    let names = wishes.dialogue.genres.iter().chain(&wishes.dialogue.themes).map(|(name, _)| name);
    // Whom it is for, no record says; and who watches is a condition.
    let watched = !wishes.dialogue.constraints.values(key::AUDIENCE).is_empty();
    let tells_who = |name: &str| name.starts_with("for ") || watched && name == "family";
    let (met, unmet): (Vec<&String>, Vec<&String>) =
        names.filter(|name| !tells_who(name)).partition(|name| is_met(name));
    let titles = if count == 1 { "title" } else { "titles" };
    let are = if count == 1 { "is" } else { "are" };
    let lacking = match unmet.is_empty() {
        true => String::new(),
        false => format!(", but none that the records call {}", alternatives(&unmet)),
    };
    if met.is_empty() {
        return vec![
            format!("Here {are} {count} {titles} for you{lacking}:"),
            format!("Perhaps one of these {count} {titles}{lacking}:"),
        ];
    }
    let met = listed(&met);
    vec![
        format!("For {met} I found {count} {titles}{lacking}:"),
        format!("You asked for {met}; here {are} {count} {titles}{lacking}:"),
        format!("Looking for {met}? Here {are} {count} {titles}{lacking}:"),
    ]
}
