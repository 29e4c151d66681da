//! Items whose texts are near to those of the items that a user liked.
//!
//! The user's profile is the mean of the vectors of liked items, of which older ones count less; the score is its
//! cosine with an item's vector.

use rayon::prelude::*;

use super::{Query, Retriever, Source};
use crate::{
    engine::Embeddings,
    recommend::{Error, Result, dense::dot, interactions::liked},
};

/// How a profile is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SemanticOptions {
    /// What is left of a liked item's weight with each liked item that came after it.
    pub decay: f32,
    /// How many of the liked items count, the latest ones.
    pub last: usize,
}

impl Default for SemanticOptions {
    fn default() -> Self {
        Self { decay: 0.9, last: 50 }
    }
}

/// The vectors of a catalogue.
#[derive(Clone, Debug)]
pub struct Semantic {
    options: SemanticOptions,
    width: usize,
    /// Of length 1, or 0 where an item's text says nothing; (items, width)
    vectors: Vec<f32>,
}

impl Semantic {
    /// Takes a vector for each of `items` items, of any length.
    ///
    /// # Errors
    /// If there are more or fewer vectors than items.
    pub fn new(vectors: Embeddings, items: usize, options: SemanticOptions) -> Result<Self> {
        let found = vectors.rows().len();
        if found != items {
            return Err(Error::VectorCount { vectors: found, items });
        }
        let Embeddings { mut values, width, .. } = vectors;
        values.chunks_exact_mut(width.max(1)).for_each(to_unit);
        Ok(Self { options, width, vectors: values })
    }

    /// Elements of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vector of an item.
    pub fn vector(&self, item: usize) -> &[f32] {
        &self.vectors[item * self.width..][..self.width]
    }

    /// The profile of weighted items and of a text's vector, of length 1: the items', the text's, or the mean of both; all
    /// zeros if there is neither.
    pub fn profile(&self, weights: &[(usize, f32)], text: Option<&[f32]>) -> Vec<f32> {
        let mut profile = vec![0.0; self.width];
        for &(item, weight) in weights {
            profile.iter_mut().zip(self.vector(item)).for_each(|(sum, value)| *sum += weight * value);
        }
        to_unit(&mut profile);
        if let Some(text) = text {
            let mut text = text.to_vec();
            to_unit(&mut text);
            profile.iter_mut().zip(text).for_each(|(sum, value)| *sum += value);
            to_unit(&mut profile);
        }
        profile
    }

    /// The cosine of each item's vector with a profile of length 1, (items).
    pub fn near(&self, profile: &[f32]) -> Vec<f32> {
        let cosine = |vector: &[f32]| dot(vector, profile);
        self.vectors.par_chunks_exact(self.width.max(1)).with_min_len(256).map(cosine).collect()
    }
}

impl Retriever for Semantic {
    fn source(&self) -> Source {
        Source::Semantic
    }

    fn scores(&self, query: &Query<'_>) -> Result<Vec<f32>> {
        let weights = std::iter::successors(Some(1.0), |weight| Some(weight * self.options.decay));
        let latest = liked(query.history).rev().take(self.options.last).map(|event| event.item);
        let weights: Vec<(usize, f32)> = latest.zip(weights).collect();
        Ok(self.near(&self.profile(&weights, query.text)))
    }
}

/// Scales a vector to length 1, unless it is all zeros.
fn to_unit(vector: &mut [f32]) {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recommend::Interaction;

    fn vectors(values: &[f32]) -> Embeddings {
        Embeddings { values: values.to_vec(), width: 2, tokens: 0 }
    }

    fn event(item: usize, rating: f32) -> Interaction {
        Interaction { user: 0, item, rating: Some(rating), timestamp: None }
    }

    #[test]
    fn the_profile_leans_to_what_was_liked_last() {
        let options = SemanticOptions { decay: 0.5, last: 2 };
        let semantic = Semantic::new(vectors(&[2.0, 0.0, 0.0, 3.0, -1.0, 0.0, 0.0, 0.0]), 4, options).unwrap();
        let scores =
            semantic.scores(&Query::of(&[event(2, 5.0), event(2, 1.0), event(0, 5.0), event(1, 4.0)])).unwrap();
        let length = 1.25f32.sqrt();
        let expected = [0.5 / length, 1.0 / length, -0.5 / length, 0.0];
        for (score, expected) in scores.iter().zip(expected) {
            assert!((score - expected).abs() < 1e-6, "{scores:?}");
        }
    }

    #[test]
    fn nothing_liked_gives_equal_scores() {
        let semantic = Semantic::new(vectors(&[1.0, 0.0, 0.0, 1.0]), 2, SemanticOptions::default()).unwrap();
        assert_eq!(semantic.scores(&Query::default()).unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn vectors_of_another_catalogue_are_refused() {
        let error = Semantic::new(vectors(&[1.0, 0.0]), 2, SemanticOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "1 vector for 2 items");
    }
}
