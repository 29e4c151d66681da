//! A second opinion on what rules do not understand: by the nearest of labelled examples, and by a language model that can
//! answer with one of a few meanings only.
//!
//! Rules know words; people have others. What comes out is one of the meanings below, and never text.

use std::sync::OnceLock;

use super::cues::Judgement;
use crate::{
    engine::{Engine, Prompt, Scoring},
    recommend::{Result, dense::dot, features::TextEncoder},
};

/// The mean cosine with the nearest two examples from which these decide.
const NEAR: f32 = 0.45;
/// By how much it must be greater than that of every other meaning.
const MARGIN: f32 = 0.03;
/// Examples of a meaning that are counted, the nearest ones.
const COUNTED: usize = 2;
/// Examples of a meaning that a language model is shown.
const SHOWN: usize = 2;
/// Texts that say nothing.
const NOTHING: [&str; 3] = ["it", "...", "N/A"];

/// What a message, or what is said of an item in it, may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It was seen, and was good.
    LikedSeen,
    /// It would be watched.
    Wanted,
    /// It was seen, and was not good.
    DislikedSeen,
    /// It would not be watched.
    Unwanted,
    /// It was seen.
    Seen,
    /// Something is asked about an item.
    AsksItem,
    /// Something is asked about what was said.
    AsksAnswer,
    /// Other items are asked for.
    Requests,
    /// Hello or goodbye.
    Greets,
    /// Nothing of this.
    Other,
}

impl Meaning {
    const ALL: [Meaning; 10] = [
        Meaning::LikedSeen,
        Meaning::Wanted,
        Meaning::DislikedSeen,
        Meaning::Unwanted,
        Meaning::Seen,
        Meaning::AsksItem,
        Meaning::AsksAnswer,
        Meaning::Requests,
        Meaning::Greets,
        Meaning::Other,
    ];

    /// What is thought of an item then.
    pub(super) fn judgement(self) -> Option<Judgement> {
        let (sentiment, seen) = match self {
            Meaning::LikedSeen => (1, true),
            Meaning::Wanted => (1, false),
            Meaning::DislikedSeen => (-1, true),
            Meaning::Unwanted => (-1, false),
            Meaning::Seen => (0, true),
            _ => return None,
        };
        Some(Judgement { sentiment, seen, rating: None })
    }

    /// What a language model answers for it.
    fn answer(self) -> &'static str {
        match self {
            Meaning::LikedSeen => " saw it and liked it",
            Meaning::Wanted => " wants to watch it",
            Meaning::DislikedSeen => " saw it and disliked it",
            Meaning::Unwanted => " does not want to watch it",
            Meaning::Seen => " has seen it",
            Meaning::AsksItem => " asks about a film",
            Meaning::AsksAnswer => " asks about the answer",
            Meaning::Requests => " asks for other films",
            Meaning::Greets => " says hello or goodbye",
            Meaning::Other => " says something else",
        }
    }

    fn examples(self) -> &'static [&'static str] {
        match self {
            Meaning::LikedSeen => &[
                "it swept me off my feet",
                "it still gives me goosebumps",
                "I was glued to the screen the whole time",
                "ten thumbs up, I would watch it again tomorrow",
                "it blew everyone in the room away",
                "I could watch it every week",
            ],
            Meaning::Wanted => &[
                "that sounds like my evening sorted",
                "put it on my watchlist",
                "sign me up for it",
                "sold, it is on tonight",
                "that one has caught my eye",
                "it goes straight to the top of my list",
            ],
            Meaning::DislikedSeen => &[
                "I want those two hours of my life back",
                "it did not do anything for me at all",
                "I nodded off halfway through it",
                "it left a bad taste in my mouth",
                "I walked away unimpressed",
                "everyone raves about it and I do not see why",
            ],
            Meaning::Unwanted => &[
                "it can stay on the shelf",
                "throw it out",
                "leave it off from now on",
                "count me out",
                "I would rather watch paint dry",
                "that does not speak to me",
            ],
            Meaning::Seen => &[
                "been there, done that",
                "I have got that on disc at home",
                "we had that last weekend",
                "I know that one already",
                "old news, watched years ago",
                "that was on television last night and I had a look",
            ],
            Meaning::AsksItem => &[
                "who plays the lead in it",
                "is it suitable for children",
                "how does it end",
                "what is it about",
                "where was it shot",
                "does it have subtitles",
            ],
            Meaning::AsksAnswer => &[
                "why did you choose these",
                "how did you come up with that",
                "what does that word mean",
                "I do not follow your reasoning",
                "what is that number next to the title",
                "on what basis do you say so",
            ],
            Meaning::Requests => &[
                "got something else up your sleeve",
                "keep them coming",
                "I need a film for tonight",
                "what would you put on next",
                "let us see some others",
                "hit me with another batch",
            ],
            Meaning::Greets => &[
                "hello there, nice to meet you",
                "good evening to you",
                "hey, how is it going",
                "see you later, bye",
                "thanks a lot, that is all for today",
                "have a good night",
            ],
            Meaning::Other => &[
                "I am not sure what I feel like",
                "no idea, honestly",
                "the weather is awful today",
                "my sister is coming over",
                "hmm, let me think",
                "whatever you say",
            ],
        }
    }
}

/// Who is asked.
#[derive(Default)]
pub struct Opinions<'a> {
    /// Compares with examples.
    pub encoder: Option<&'a mut dyn TextEncoder>,
    /// Chooses a meaning where no example is near.
    pub engine: Option<&'a Engine>,
}

impl std::fmt::Debug for Opinions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (encoder, engine) = (self.encoder.is_some(), self.engine.is_some());
        f.debug_struct("Opinions").field("encoder", &encoder).field("engine", &engine).finish()
    }
}

/// The vectors of all examples, in their order, once an encoder has made them.
#[derive(Clone, Debug, Default)]
pub(super) struct ExampleVectors(OnceLock<Vec<Vec<f32>>>);

impl Opinions<'_> {
    /// What a text means, if anybody is asked and has an opinion: `wanted` says which meanings are possible.
    ///
    /// # Errors
    /// If a model fails.
    pub(super) fn meaning(
        &mut self,
        text: &str,
        vectors: &ExampleVectors,
        wanted: &dyn Fn(Meaning) -> bool,
    ) -> Result<Option<Meaning>> {
        if let Some(encoder) = &mut self.encoder
            && let Some(meaning) = by_examples(text, *encoder, vectors, wanted)?
        {
            return Ok(Some(meaning));
        }
        match self.engine {
            Some(engine) => by_choice(text, engine, wanted),
            None => Ok(None),
        }
    }
}

/// The meaning whose examples are nearest, if they are near enough and nearer than all others.
fn by_examples(
    text: &str,
    encoder: &mut dyn TextEncoder,
    vectors: &ExampleVectors,
    wanted: &dyn Fn(Meaning) -> bool,
) -> Result<Option<Meaning>> {
    if vectors.0.get().is_none() {
        let texts: Vec<String> =
            Meaning::ALL.iter().flat_map(|meaning| meaning.examples()).map(|text| (*text).to_owned()).collect();
        let made = unit(encoder, &texts)?;
        vectors.0.get_or_init(|| made);
    }
    let Some(vectors) = vectors.0.get() else { return Ok(None) };
    let Some(own) = unit(encoder, &[text.to_owned()])?.pop() else { return Ok(None) };
    let mut rest = vectors.iter();
    let mut scored: Vec<(f32, Meaning)> = Vec::new();
    for meaning in Meaning::ALL {
        let mut cosines: Vec<f32> =
            rest.by_ref().take(meaning.examples().len()).map(|vector| dot(vector, &own)).collect();
        cosines.sort_by(|a, b| b.total_cmp(a));
        if wanted(meaning) {
            scored.push((cosines.iter().take(COUNTED).sum::<f32>() / COUNTED as f32, meaning));
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (Some(first), second) = (scored.first(), scored.get(1)) else { return Ok(None) };
    let is_clear = first.0 >= NEAR && second.is_none_or(|second| first.0 - second.0 >= MARGIN);
    Ok(is_clear.then_some(first.1))
}

/// Vectors of length 1.
fn unit(encoder: &mut dyn TextEncoder, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    let embeddings = encoder.encode(texts, &mut |_| {})?;
    let scaled = |vector: &[f32]| {
        let length = dot(vector, vector).sqrt().max(1e-9);
        vector.iter().map(|value| value / length).collect()
    };
    Ok(embeddings.values.chunks_exact(embeddings.width.max(1)).map(scaled).collect())
}

/// The meaning that a language model finds likelier after a text than it would after one that says nothing: models prefer
/// some answers to others whatever is asked (Zhao et al., *Calibrate Before Use*, 2021).
fn by_choice(text: &str, engine: &Engine, wanted: &dyn Fn(Meaning) -> bool) -> Result<Option<Meaning>> {
    let meanings: Vec<Meaning> = Meaning::ALL.into_iter().filter(|meaning| wanted(*meaning)).collect();
    let mut examples = String::from("What does somebody say about films?\n\n");
    for place in 0..SHOWN {
        for meaning in &meanings {
            examples += &format!("\"{}\"\nThe speaker{}.\n\n", meaning.examples()[place], meaning.answer());
        }
    }
    let answers: Vec<Vec<u32>> = meanings
        .iter()
        .map(|meaning| engine.tokenize_continuation(&format!("{}.", meaning.answer())))
        .collect::<Result<_, _>>()?;
    let likelihoods = |text: &str| -> Result<Vec<f32>> {
        let prompt = format!("{examples}\"{text}\"\nThe speaker");
        let prefix = engine.tokenize(&Prompt::Text(prompt))?;
        let scores = engine.score(&Scoring { prefix, continuations: answers.clone(), ..Scoring::default() })?;
        Ok(scores.continuations.iter().map(|tokens| tokens.iter().sum()).collect())
    };
    let mut gains = likelihoods(text.trim())?;
    for nothing in NOTHING {
        let share = 1.0 / NOTHING.len() as f32;
        gains.iter_mut().zip(likelihoods(nothing)?).for_each(|(gain, without)| *gain -= share * without);
    }
    let best = gains.iter().zip(&meanings).max_by(|a, b| a.0.total_cmp(b.0));
    Ok(best.map(|(_, meaning)| *meaning))
}
