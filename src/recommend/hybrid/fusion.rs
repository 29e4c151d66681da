//! Signals as one score: standardized, each as it is and with its tail drawn in, weighted and summed.

use super::{lists::Moment, listwise};
use crate::recommend::{
    Query,
    signals::{Signal, Signals, drawn_in},
};

/// The strength of the penalty on squared weights, beside the loss of the average moment: weak, for thousands of moments.
const PENALTY: f64 = 2e-4;

/// Weights of signals.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fusion {
    /// The signals, each once.
    pub signals: Vec<Signal>,
    /// What each counts, as it is and with its tail drawn in; (signals)
    pub weights: Vec<[f32; 2]>,
}

/// Before anything is learned: what MovieLens taught, rounded.
impl Default for Fusion {
    fn default() -> Self {
        let (signals, weights) = [
            (Signal::EaseLong, [0.4, 0.4]),
            (Signal::NearRecent, [0.1, 0.3]),
            (Signal::NearLong, [0.1, 0.3]),
            (Signal::Era, [0.2, 0.6]),
            (Signal::PopularityYear, [0.1, 0.2]),
            (Signal::TextRecent, [0.1, 0.3]),
        ]
        .into_iter()
        .unzip();
        Self { signals, weights }
    }
}

impl Fusion {
    /// Learns what the signals that find items count.
    pub(super) fn retrieval(moments: &[Moment<'_>]) -> Self {
        Self::learn(moments, Signal::RETRIEVAL.to_vec())
    }

    /// Learns what makes the items that were taken likeliest, of signals that the moments have.
    pub(super) fn learn(moments: &[Moment<'_>], signals: Vec<Signal>) -> Self {
        let lists: Vec<listwise::List> = moments.iter().map(|moment| moment.list(&signals)).collect();
        let weights = listwise::fit(&lists, 2 * signals.len(), PENALTY);
        Self { weights: weights.as_chunks().0.to_vec(), signals }
    }

    /// A score for each item, (items). `open` says which items the user has not; the others' scores mean nothing.
    pub fn scores(&self, signals: &Signals, query: &Query<'_>, open: &[bool]) -> Vec<f32> {
        self.weigh(signals.standard(&self.signals, query, open).iter().map(Vec::as_slice))
    }

    /// The weighted sum of standardized signals, each (items).
    pub(super) fn weigh<'a>(&self, values: impl Iterator<Item = &'a [f32]>) -> Vec<f32> {
        let mut scores = Vec::new();
        for (values, [straight, tail]) in values.zip(&self.weights) {
            scores.resize(values.len(), 0.0);
            scores.iter_mut().zip(values).for_each(|(score, &z)| *score += straight * z + tail * drawn_in(z));
        }
        scores
    }
}
