//! Phrases plans: the language model writes several drafts for each item of a list in one batch, those that fail the check
//! are dropped, and the ranker picks one of the rest. Where nothing is left, a template says the same.

use std::collections::HashSet;

use super::{
    Alternatives, Aspect, Claim, Explained, Explanation, ExplanationRanker, Merits, Plan, Rejection, WrittenBy, prompt,
    ranker::{Draft, Wording},
    style, template,
    verify::Said,
};
use crate::{
    engine::{Engine, Request, Sampling},
    recommend::Result,
};

/// Tokens that an explanation may take.
const MAX_TOKENS: usize = 48;
/// How often the model may try, each time with other first words and other facts.
const ROUNDS: usize = 4;
/// What a turn adds to vary a plan's next try: it leads through all first words.
const TURNS_PER_ROUND: usize = 3;

/// Phrases plans with a language model.
#[derive(Debug)]
pub struct XRecExplainer<'a> {
    pub(super) engine: &'a Engine,
    candidates: usize,
    ranker: ExplanationRanker,
}

impl<'a> XRecExplainer<'a> {
    /// Uses a loaded language model, which writes one draft for each item.
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine, candidates: 1, ranker: ExplanationRanker::default() }
    }

    /// Has the model write so many drafts for each item, at least one, of which the ranker picks one.
    #[must_use]
    pub fn with_candidates(self, candidates: usize) -> Self {
        Self { candidates: candidates.max(1), ..self }
    }

    /// Picks among drafts in another way.
    #[must_use]
    pub fn with_ranker(self, ranker: ExplanationRanker) -> Self {
        Self { ranker, ..self }
    }

    /// Explains all plans of a list in one batch, whose prompts share their beginning. What fails the check, or says the
    /// same of another title as a text before it, is tried again in another batch, up to three times.
    ///
    /// # Errors
    /// If the model fails.
    pub fn explain(&mut self, plans: &[Plan]) -> Result<Vec<Explained>> {
        let list: Vec<Alternatives> = plans.iter().cloned().map(Alternatives::from).collect();
        self.explain_alternatives(&list)
    }

    /// As [`explain`](Self::explain), with several plans for each item: its drafts take them by turns.
    ///
    /// # Errors
    /// If the model fails.
    pub fn explain_alternatives(&mut self, items: &[Alternatives]) -> Result<Vec<Explained>> {
        let mut list = List { items, taken: HashSet::new(), wordings: Vec::new(), explained: vec![None; items.len()] };
        let mut last: Vec<(String, Option<Rejection>)> = vec![Default::default(); items.len()];
        for round in 0..ROUNDS {
            let open: Vec<usize> = list.open().collect();
            let written = self.drafts(items, &open, round)?;
            for (place, drafts) in open.into_iter().zip(written) {
                let mut passed = Vec::with_capacity(drafts.len());
                for draft in drafts {
                    match list.check(place, &draft) {
                        Ok(said) => passed.push((draft, said)),
                        Err(rejection) => last[place] = (draft.text, Some(rejection)),
                    }
                }
                let merits: Vec<Merits> = passed
                    .iter()
                    .map(|(draft, said)| Merits::of(draft, said, list.plan(place, draft.option), &list.wordings))
                    .collect();
                if let Some(best) = self.ranker.best(&merits) {
                    let (draft, said) = passed.swap_remove(best);
                    last[place] = (draft.text.clone(), None);
                    list.take(place, draft, &said, merits[best]);
                }
            }
        }
        Ok(list.finish(last))
    }

    /// The model's texts for some items of a list: as many for each as there are candidates. The first one is the
    /// likeliest; the others start from other words, other facts and other plans.
    fn drafts(&self, items: &[Alternatives], open: &[usize], round: usize) -> Result<Vec<Vec<Draft>>> {
        let chat = self.engine.has_chat_template();
        let mut requests = Vec::with_capacity(open.len() * self.candidates);
        let mut begun = Vec::with_capacity(requests.capacity());
        for (place, candidate) in open.iter().flat_map(|&place| (0..self.candidates).map(move |at| (place, at))) {
            let turn = place + (round * self.candidates + candidate) * TURNS_PER_ROUND;
            let option = candidate % items[place].len();
            let (prompt, opening) = prompt::ask(items[place].get(option), turn, round > 0, chat);
            // Behind raw text the answer is a word that follows; a chat's answer starts with it.
            let lead = if chat { "" } else { " " };
            let mut prompt = self.engine.tokenize(&prompt)?;
            prompt.extend(self.engine.tokenize_continuation(&format!("{lead}{opening}"))?);
            let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
            let stop = vec!["\n".into()];
            requests.push(Request { prompt, max_tokens: MAX_TOKENS, sampling, stop, ..Request::default() });
            begun.push((option, opening));
        }
        let generated = self.engine.generate(&requests)?;
        let draft = |((option, opening), written): ((usize, String), crate::engine::Generation)| Draft {
            option,
            text: opening + written.text.trim_end(),
            log_prob: written.log_probs.iter().sum::<f32>() / written.log_probs.len().max(1) as f32,
        };
        let mut drafts = begun.into_iter().zip(generated).map(draft);
        Ok(open.iter().map(|_| drafts.by_ref().take(self.candidates).collect()).collect())
    }
}

/// A list whose explanations come one by one.
struct List<'a> {
    items: &'a [Alternatives],
    /// The outlines of the texts so far.
    taken: HashSet<String>,
    /// The texts so far, as those to come are compared with them.
    wordings: Vec<Wording>,
    explained: Vec<Option<(Explanation, usize, Merits)>>,
}

impl List<'_> {
    /// The places without an explanation.
    fn open(&self) -> impl Iterator<Item = usize> {
        self.explained.iter().enumerate().filter(|(_, explained)| explained.is_none()).map(|(place, _)| place)
    }

    fn plan(&self, place: usize, option: usize) -> &Plan {
        self.items[place].get(option)
    }

    /// Whether a draft may be shown: it passes the check, and no text so far says the same.
    fn check(&self, place: usize, draft: &Draft) -> Result<Said, Rejection> {
        let plan = self.plan(place, draft.option);
        let said = style::check(&draft.text, plan)?;
        if self.taken.contains(&style::outline(&draft.text, plan)) { Err(Rejection::Same) } else { Ok(said) }
    }

    /// Shows a draft that may be.
    fn take(&mut self, place: usize, draft: Draft, said: &Said, merits: Merits) {
        let plan = self.items[place].get(draft.option);
        let outline = style::outline(&draft.text, plan);
        self.wordings.push(Wording::new(&draft.text, &outline));
        self.taken.insert(outline);
        let claims = claims(plan, said);
        let explanation = Explanation { text: draft.text, claims, written_by: WrittenBy::Model };
        self.explained[place] = Some((explanation, draft.option, merits));
    }

    /// Fills what is still open with templates.
    fn finish(mut self, last: Vec<(String, Option<Rejection>)>) -> Vec<Explained> {
        let mut finished = Vec::with_capacity(self.items.len());
        for (place, (draft, rejection)) in last.into_iter().enumerate() {
            let (explanation, option, merits) = match self.explained[place].take() {
                Some((explanation, option, merits)) => (explanation, option, Some(merits)),
                None => (self.template(place), 0, None),
            };
            finished.push(Explained { explanation, option, merits, draft, rejection });
        }
        finished
    }

    /// The template's text, in the first form that is not taken yet.
    fn template(&mut self, place: usize) -> Explanation {
        let plan = &self.items[place].first;
        let texts = (0..template::FORMS).map(|turn| template::sentence(plan, place + turn));
        let mut texts = texts.map(|text| (style::outline(&text, plan), text)).collect::<Vec<_>>();
        let free = texts.iter().position(|(outline, _)| !self.taken.contains(outline)).unwrap_or(0);
        let (outline, text) = texts.swap_remove(free);
        self.taken.insert(outline);
        let claims = plan.claims.iter().map(|(_, claim)| claim.clone()).collect();
        Explanation { text, claims, written_by: WrittenBy::Template }
    }
}

/// The claims that a text rests on.
fn claims(plan: &Plan, said: &Said) -> Vec<Claim> {
    let used = |aspect: Aspect| match aspect {
        Aspect::Liked => true,
        Aspect::Genres => !said.genres.is_empty(),
        Aspect::Time => said.time,
        Aspect::Together => said.count,
    };
    plan.claims.iter().filter(|(aspect, _)| used(*aspect)).map(|(_, claim)| claim.clone()).collect()
}
