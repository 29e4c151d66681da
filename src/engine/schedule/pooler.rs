//! A text whose last hidden states are averaged.

use docent_models::{backend::Step, batch::RaggedBatch};

use super::{Reply, Share};
use crate::engine::{Result, cache::Timeline};

/// A text that is being read. Nothing of it comes from the cache, which has no hidden states.
#[derive(Debug)]
pub(in crate::engine) struct Pooler {
    ids: Vec<u32>,
    /// The hidden states of the positions so far, added in their order: the sum does not depend on how they were cut.
    sum: Vec<f32>,
    added: usize,
    pub(super) reply: Reply<Vec<f32>>,
}

impl Pooler {
    /// Begins to read a text; of no tokens the mean is zero.
    pub(in crate::engine) fn new(ids: Vec<u32>, width: usize, mut reply: Reply<Vec<f32>>) -> Self {
        let sum = vec![0.0; width];
        if ids.is_empty() {
            reply.send(Ok(sum.clone()));
        }
        Self { ids, sum, added: 0, reply }
    }

    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// What `left` tokens take of a step.
    pub(super) fn ask(left: usize, most: Share) -> Option<Share> {
        let rows = left.min(most.rows);
        (rows > 0).then_some(Share { rows, logits: 0 })
    }

    /// Puts its rows into the batch.
    pub(super) fn push(&self, share: Share, timeline: &mut Timeline, batch: &mut RaggedBatch) {
        let first = timeline.computed();
        let rows = timeline.push(batch, &self.ids[first..first + share.rows]);
        rows.for_each(|row| batch.want_hidden(row));
    }

    /// Takes the hidden states that a step gives; its own begin at row `first`.
    pub(super) fn take(&mut self, timeline: &Timeline, (step, first): (&Step, usize)) -> Result<()> {
        let hidden = step.hidden.rows(first..first + timeline.computed() - self.added)?;
        for row in hidden.chunks_exact(self.sum.len()) {
            for (sum, x) in self.sum.iter_mut().zip(row) {
                *sum += x;
            }
        }
        self.added = timeline.computed();
        if self.added == self.ids.len() {
            let scale = 1.0 / self.added as f32;
            self.sum.iter_mut().for_each(|x| *x *= scale);
            self.reply.send(Ok(std::mem::take(&mut self.sum)));
        }
        Ok(())
    }

    /// Forgets what was read after the place in the cache was lost.
    pub(super) fn begin_again(&mut self) {
        self.sum.fill(0.0);
        self.added = 0;
    }
}
