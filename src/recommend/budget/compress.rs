//! Descriptions by their most telling sentences: those nearest to the mean of all sentences' vectors (centroid-based
//! summarization, Radev, Jing, Styś and Tam 2004, with a sentence encoder's vectors) or to a request, in their old order.

use std::{collections::HashMap, ops::ControlFlow};

use crate::recommend::{
    Catalogue, Error, Item, Result, dense::dot, features::TextEncoder, line::one_line, sentences::sentences,
};

/// How much texts may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// So many tokens all together; no text gives way for a longer one.
    Tokens(usize),
    /// This share of its own tokens each, from 0 to 1.
    Share(f32),
}

/// Counts a text's tokens.
pub type Counting<'a> = dyn Fn(&str) -> Result<usize> + 'a;

/// Compresses texts. What was encoded once is kept.
pub struct Compressor<'a, E: TextEncoder> {
    encoder: &'a mut E,
    count: Box<Counting<'a>>,
    known: HashMap<String, Parts>,
}

/// The sentences of a text.
#[derive(Clone, Debug)]
struct Parts {
    sentences: Vec<String>,
    /// Vectors of length 1, (sentences)
    vectors: Vec<Vec<f32>>,
    /// Tokens of each, (sentences)
    tokens: Vec<usize>,
    /// Tokens of the whole text.
    total: usize,
}

impl<E: TextEncoder> std::fmt::Debug for Compressor<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl<'a, E: TextEncoder> Compressor<'a, E> {
    /// Uses a loaded encoder. `count` counts the tokens of a text, as the language model that will read it has them.
    pub fn new(encoder: &'a mut E, count: Box<Counting<'a>>) -> Self {
        Self { encoder, count, known: HashMap::new() }
    }

    /// Texts on one line each, within a budget: whole where they fit, otherwise as many of their sentences as do, the most
    /// telling first, in their old order. Where not even one does, its beginning. `request` is the vector of what is asked
    /// for, of length 1.
    ///
    /// # Errors
    /// If the encoder or the tokenizer fails.
    pub fn compress(&mut self, texts: &[&str], request: Option<&[f32]>, budget: Budget) -> Result<Vec<String>> {
        let texts: Vec<String> = texts.iter().map(|text| one_line(text)).collect();
        self.learn(&texts)?;
        let totals: Vec<usize> = texts.iter().map(|text| self.known.get(text).map_or(0, |parts| parts.total)).collect();
        let rooms: Vec<usize> = match budget {
            Budget::Tokens(all) => {
                let most = level(&totals, all);
                totals.iter().map(|total| *total.min(&most)).collect()
            }
            Budget::Share(share) => {
                totals.iter().map(|total| (*total as f32 * share.clamp(0.0, 1.0)).round() as usize).collect()
            }
        };
        let made = texts.iter().zip(rooms).map(|(text, room)| match self.known.get(text) {
            Some(parts) => self.within(text, parts, request, room),
            None => Ok(String::new()),
        });
        made.collect()
    }

    /// Encodes the sentences of texts that are new.
    fn learn(&mut self, texts: &[String]) -> Result<()> {
        let mut new: Vec<&String> = texts.iter().filter(|text| !self.known.contains_key(*text)).collect();
        new.sort_unstable();
        new.dedup();
        let parts: Vec<Vec<String>> =
            new.iter().map(|text| sentences(text).into_iter().map(str::to_owned).collect()).collect();
        let all: Vec<String> = parts.iter().flatten().cloned().collect();
        let encoded = self.encoder.encode(&all, &mut |_| ControlFlow::Continue(()))?;
        let mut rows = encoded.rows();
        for (text, sentences) in new.into_iter().zip(parts) {
            let vectors: Vec<Vec<f32>> = rows.by_ref().take(sentences.len()).map(unit).collect();
            let tokens = sentences.iter().map(|sentence| (self.count)(sentence)).collect::<Result<_>>()?;
            let total = (self.count)(text)?;
            self.known.insert(text.clone(), Parts { sentences, vectors, tokens, total });
        }
        Ok(())
    }

    /// A text of at most so many tokens.
    fn within(&self, text: &str, parts: &Parts, request: Option<&[f32]>, room: usize) -> Result<String> {
        if parts.total <= room {
            return Ok(text.to_owned());
        }
        let order = parts.by_salience(request);
        let (mut chosen, mut used): (Vec<usize>, usize) = (Vec::new(), 0);
        for &sentence in &order {
            if used + parts.tokens[sentence] <= room {
                used += parts.tokens[sentence];
                chosen.push(sentence);
            }
        }
        // Sentences may take a token more side by side than apart: the least telling ones go.
        while !chosen.is_empty() {
            let mut ordered = chosen.clone();
            ordered.sort_unstable();
            let joined =
                ordered.iter().map(|&sentence| parts.sentences[sentence].as_str()).collect::<Vec<_>>().join(" ");
            if (self.count)(&joined)? <= room {
                return Ok(joined);
            }
            chosen.pop();
        }
        let first = order.first().map(|&sentence| parts.sentences[sentence].as_str());
        self.beginning(first.unwrap_or_default(), room)
    }

    /// As many words of a sentence as fit.
    fn beginning(&self, sentence: &str, room: usize) -> Result<String> {
        let words: Vec<&str> = sentence.split(' ').collect();
        let (mut low, mut high) = (0, words.len());
        while low < high {
            let middle = (low + high).div_ceil(2);
            match (self.count)(&words[..middle].join(" "))? <= room {
                true => low = middle,
                false => high = middle - 1,
            }
        }
        Ok(words[..low].join(" "))
    }
}

impl Parts {
    /// The sentences, the most telling first; of equal ones the first.
    fn by_salience(&self, request: Option<&[f32]>) -> Vec<usize> {
        let width = self.vectors.first().map_or(0, Vec::len);
        let mut mean = vec![0.0; width];
        self.vectors.iter().for_each(|vector| mean.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value));
        let mean = unit(&mean);
        let request = request.filter(|request| request.len() == width);
        let salience = |vector: &Vec<f32>| dot(vector, &mean) + request.map_or(0.0, |request| dot(vector, request));
        let scores: Vec<f32> = self.vectors.iter().map(salience).collect();
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        order
    }
}

/// The most that each may take so that all together take no more than `all`.
fn level(totals: &[usize], all: usize) -> usize {
    let mut sorted = totals.to_vec();
    sorted.sort_unstable();
    let mut left = all;
    for (place, total) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - place);
        if *total > share {
            return share;
        }
        left -= total;
    }
    usize::MAX
}

fn unit(vector: &[f32]) -> Vec<f32> {
    let length = dot(vector, vector).sqrt().max(f32::MIN_POSITIVE);
    vector.iter().map(|value| value / length).collect()
}

/// A catalogue whose descriptions are compressed to a share of their tokens; what else is known of items stays.
///
/// # Errors
/// If the encoder or the tokenizer fails.
pub fn compress_catalogue<E: TextEncoder>(
    catalogue: &Catalogue,
    compressor: &mut Compressor<'_, E>,
    share: f32,
) -> Result<Catalogue, Error> {
    let described: Vec<&str> = catalogue.items().iter().filter_map(|item| item.description.as_deref()).collect();
    let mut compressed = compressor.compress(&described, None, Budget::Share(share))?.into_iter();
    let item = |item: &Item| Item {
        description: item.description.as_ref().and_then(|_| compressed.next()).filter(|text| !text.is_empty()),
        ..item.clone()
    };
    Ok(Catalogue::with_attributes(catalogue.items().iter().map(item).collect(), catalogue.attributes().to_vec()))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        engine::{EmbedProgress, Embeddings},
        recommend::sentences::words,
    };

    /// Encodes the letters of a text.
    pub(in crate::recommend::budget) struct Letters;

    impl TextEncoder for Letters {
        fn encode(&mut self, texts: &[String], _: &mut EmbedProgress<'_>) -> Result<Embeddings> {
            let vector = |text: &String| {
                let mut counts = vec![0.1; 26];
                text.bytes()
                    .filter(u8::is_ascii_lowercase)
                    .for_each(|letter| counts[usize::from(letter - b'a')] += 1.0);
                counts
            };
            Ok(Embeddings { values: texts.iter().flat_map(vector).collect(), width: 26, tokens: 0 })
        }
    }

    fn compress(texts: &[&str], request: Option<&[f32]>, budget: Budget) -> Vec<String> {
        let count = |text: &str| Ok(words(text).len());
        Compressor::new(&mut Letters, Box::new(count)).compress(texts, request, budget).unwrap()
    }

    const TEXT: &str = "Ships and ships sail. A ship sails on. Queens buzz.";

    #[test]
    fn the_most_telling_sentences_stay_in_order() {
        assert_eq!(compress(&[TEXT], None, Budget::Share(1.0)), [TEXT]);
        assert_eq!(compress(&[TEXT], None, Budget::Tokens(8)), ["Ships and ships sail. A ship sails on."]);
        // What is asked for counts: letters that only the last sentence has.
        let mut request = vec![0.0; 26];
        [b'q', b'u', b'z'].iter().for_each(|letter| request[usize::from(letter - b'a')] = 0.577);
        assert_eq!(compress(&[TEXT], Some(&request), Budget::Tokens(6)), ["A ship sails on. Queens buzz."]);
        assert_eq!(compress(&[TEXT], None, Budget::Tokens(2)), ["Queens buzz."], "what fits is better than a part");
        assert_eq!(compress(&["One two three four"], None, Budget::Tokens(2)), ["One two"]);
        assert_eq!(compress(&["", "a b"], None, Budget::Tokens(0)), ["", ""]);
    }

    #[test]
    fn short_texts_leave_their_room_to_long_ones() {
        assert_eq!(level(&[2, 10, 10], 12), 5);
        assert_eq!(level(&[2, 3], 12), usize::MAX);
        assert_eq!(level(&[], 0), usize::MAX);
        let long = ["one. two. three. four. five. six.", "a. b."];
        let made = compress(&long, None, Budget::Tokens(6));
        assert_eq!(words(&made[0]).len(), 4);
        assert_eq!(made[1], "a. b.");
    }

    proptest! {
        #[test]
        fn budgets_are_kept_and_sentences_are_the_texts_own(
            texts in prop::collection::vec("([a-e]{1,3} ?){1,4}(\\. ([a-e]{1,3} ?){1,4}){0,5}\\.", 1..5),
            budget in 0usize..40,
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let made = compress(&texts, None, Budget::Tokens(budget));
            let total: usize = made.iter().map(|text| words(text).len()).sum();
            let all: usize = texts.iter().map(|text| words(text).len()).sum();
            prop_assert!(total <= budget);
            prop_assert!(all > budget || total == all, "nothing is lost where all fits");
            for (text, made) in texts.iter().zip(&made) {
                let own = sentences(text);
                let kept = sentences(made);
                let whole = kept.iter().all(|sentence| own.contains(sentence));
                prop_assert!(whole || kept.len() == 1 && own.iter().any(|sentence| sentence.starts_with(kept[0])));
            }
        }
    }
}
