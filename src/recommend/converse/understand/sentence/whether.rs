//! What a question asks whether it holds, read as it would be if it were wanted: `is it a comedy?`, `is it in French?`

use super::{
    super::{
        acts::Act,
        limits,
        words::{Gap, Sentence},
    },
    Mention, Reading, Whether, wishes,
};

/// Words that begin a question which yes or no answers.
const ASKING: [&str; 12] =
    ["is", "are", "was", "were", "does", "do", "did", "has", "have", "isn't", "wasn't", "aren't"];
/// Those that do only if something is asked that records can tell: `can my kids watch it?`, `which of these are comedies?`
const OFFERING: [&str; 8] = ["can", "could", "would", "should", "will", "may", "which", "any"];
/// Words before one of these.
const LEADING: [&str; 9] = ["and", "but", "so", "ok", "okay", "wait", "hey", "well", "hmm"];

impl Reading<'_> {
    /// What a sentence on items asks whether it holds of them.
    pub(super) fn whether(&self, sentence: &Sentence, mentions: &[Mention]) -> Option<Whether> {
        let first = (0..sentence.len()).find(|&place| !LEADING.contains(&sentence.at(place)))?;
        let is_begun = |place: usize| {
            let begins = place == first || sentence.words[place].gap == Gap::Pause;
            begins && (ASKING.contains(&sentence.at(place)) || OFFERING.contains(&sentence.at(place)))
        };
        // `What about the third one, is it scary?`
        let begin = (first..sentence.len()).find(|&place| is_begun(place))?;
        let asks = ASKING.contains(&sentence.at(begin));
        let offers = OFFERING.contains(&sentence.at(begin)) && sentence.at(begin + 1) != "you";
        if !(asks || offers) {
            return None;
        }
        // `Isn't it a comedy?` asks the same as `is it a comedy?`
        let mut asked = Sentence { words: sentence.words[begin + 1..].to_vec(), asks: false };
        let mut open = vec![true; asked.len()];
        for mention in mentions.iter().filter(|mention| mention.start > begin) {
            open[mention.start - begin - 1..mention.end - begin - 1].fill(false);
        }
        asked.words.iter_mut().take(1).for_each(|word| word.gap = Gap::Space);
        let mut other = Reading::new(self.understander, self.context, self.shown);
        limits::read(&asked, &mut open, self.understander.newest, &mut other.preferences.constraints);
        let spans = other.spans(&asked, &open);
        other.wishes(&asked, &open, &spans, Act::Request, false);
        let mut stated = other.preferences;
        let is_named = |genre: &String| {
            spans.iter().any(|span| span.is_genre && span.values.contains(genre) && wishes::names(&asked, span, genre))
        };
        let (genres, hinted) = stated.genres.into_iter().partition(is_named);
        stated.genres = genres;
        let whether = Whether { stated, hinted, either: asked.find("or").is_some() };
        (asks || whether != Whether::default()).then_some(whether)
    }
}
