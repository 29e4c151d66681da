//! Continuations that are being scored: the prefix first, then as many of them at once as rows and cache allow.

use std::collections::VecDeque;

use docent_models::{
    backend::{Backend, Step},
    batch::RaggedBatch,
};

use super::{Reply, Share, job::prompt_share};
use crate::engine::{
    Error, Result, Scores, Scoring,
    cache::{Cache, Timeline, fork_blocks},
    soft::SoftTokens,
    stats::Stats,
};

/// A continuation in a step.
#[derive(Debug)]
struct Part {
    index: usize,
    rows: usize,
    /// Its own place behind the prefix; none if it runs in the prefix's.
    fork: Option<Timeline>,
}

/// A request that is being scored.
#[derive(Debug)]
pub(in crate::engine) struct Scorer {
    scoring: Scoring,
    scores: Scores,
    /// Whether what follows the prefix has been seen.
    read: bool,
    /// Continuations with tokens that are not scored.
    open: VecDeque<usize>,
    /// Rows of the first of them that were computed in the prefix's place.
    begun: usize,
    parts: Vec<Part>,
    /// The soft tokens of the prefix.
    _held: Option<SoftTokens>,
    pub(super) reply: Reply<Scores>,
}

impl Scorer {
    /// Begins a scoring, with what holds the soft tokens of its prefix.
    pub(in crate::engine) fn new(scoring: Scoring, held: Option<SoftTokens>, reply: Reply<Scores>) -> Self {
        let scores = Scores { continuations: vec![Vec::new(); scoring.continuations.len()], ..Scores::default() };
        let lens = scoring.continuations.iter().map(Vec::len).enumerate();
        let open = lens.filter(|(_, len)| *len > 1).map(|(index, _)| index).collect();
        Self { scoring, scores, read: false, open, begun: 0, parts: Vec::new(), _held: held, reply }
    }

    pub(super) fn ids(&self) -> &[u32] {
        &self.scoring.prefix
    }

    /// The tokens that may come from the cache: not those whose logits are wanted.
    pub(super) fn reusable(&self) -> &[u32] {
        match (self.read, self.scoring.score_prefix) {
            (true, _) => self.ids(),
            (false, false) => &self.ids()[..self.ids().len() - 1],
            (false, true) => &[],
        }
    }

    /// The positions that it takes at least: the prefix and the longest continuation.
    pub(super) fn end(&self) -> usize {
        let longest = self.scoring.continuations.iter().map(Vec::len).max().unwrap_or(0);
        self.ids().len() + longest.saturating_sub(1)
    }

    /// What it wants to do in a step, of what is left of it.
    pub(super) fn ask(&self, left: usize, most: Share, cache: &Cache) -> Option<Share> {
        if left > 0 && self.scoring.score_prefix && !self.read {
            let rows = left.min(most.rows).min(most.logits);
            return (rows > 0).then_some(Share { rows, logits: rows });
        }
        if left > 0 {
            return prompt_share(left, most);
        }
        let first = self.rows_of(*self.open.front()?) - self.begun;
        let most = most.rows.min(most.logits);
        let mut rows = first.min(most);
        if rows == first && self.begun == 0 {
            let mut blocks = 0;
            for &index in self.open.iter().skip(1) {
                blocks += fork_blocks(self.ids().len(), self.ids().len() + self.rows_of(index));
                if rows + self.rows_of(index) > most || blocks > cache.available() {
                    break;
                }
                rows += self.rows_of(index);
            }
        }
        (rows > 0).then_some(Share { rows, logits: rows })
    }

    /// Rows that a continuation takes: its last token predicts nothing.
    fn rows_of(&self, index: usize) -> usize {
        self.scoring.continuations[index].len() - 1
    }

    /// Puts its rows into the batch.
    pub(super) fn push(
        &mut self,
        share: Share,
        timeline: &mut Timeline,
        batch: &mut RaggedBatch,
        (cache, backend): (&mut Cache, &mut dyn Backend),
    ) -> Result<()> {
        self.parts.clear();
        let first = timeline.computed();
        if first < self.ids().len() {
            let rows = timeline.push(batch, &self.scoring.prefix[first..first + share.rows]);
            (rows.end - share.logits..rows.end).for_each(|row| batch.want_logits(row, None));
            return Ok(());
        }
        let Some(&in_place) = self.open.front() else { return Ok(()) };
        let mut left = share.rows - (self.rows_of(in_place) - self.begun).min(share.rows);
        for &index in self.open.iter().skip(1) {
            let rows = self.scoring.continuations[index].len() - 1;
            if rows > left {
                break;
            }
            left -= rows;
            let mut fork = match cache.fork(backend, timeline) {
                Ok(fork) => fork,
                Err(Error::CacheExceeded { .. }) => break,
                Err(error) => return Err(error),
            };
            if cache.reserve(&mut fork, first + rows).is_err() {
                cache.release(fork);
                break;
            }
            want_all(batch, &mut fork, &self.scoring.continuations[index][..rows]);
            self.parts.push(Part { index, rows, fork: Some(fork) });
        }
        let rows = (self.rows_of(in_place) - self.begun).min(share.rows);
        cache.reserve(timeline, first + rows)?;
        want_all(batch, timeline, &self.scoring.continuations[in_place][self.begun..self.begun + rows]);
        self.parts.push(Part { index: in_place, rows, fork: None });
        Ok(())
    }

    /// Takes the log-likelihoods that a step gives.
    pub(super) fn take(
        &mut self,
        timeline: &mut Timeline,
        (backend, cache): (&dyn Backend, &mut Cache),
        (step, first): (&Step, usize),
        stats: &mut Stats,
    ) -> Result<()> {
        let taken = match (self.parts.is_empty(), self.read) {
            (false, _) => self.take_parts(backend, (step, first)),
            (true, false) => self.take_prefix(timeline.computed(), backend, (step, first)),
            (true, true) => Ok(()),
        };
        // Those with a place of their own are the first behind the one in the prefix's.
        let forked = self.parts.iter().filter(|part| part.fork.is_some()).count();
        if forked > 0 {
            self.open.drain(1..=forked);
        }
        for part in self.parts.drain(..) {
            stats.scored_tokens += part.rows as u64;
            match part.fork {
                Some(fork) => cache.release(fork),
                None if self.begun + part.rows == self.scoring.continuations[part.index].len() - 1 => {
                    timeline.rewind(self.scoring.prefix.len());
                    self.begun = 0;
                    self.open.pop_front();
                }
                None => self.begun += part.rows,
            }
        }
        taken?;
        if self.read && self.open.is_empty() {
            self.reply.send(Ok(std::mem::take(&mut self.scores)));
        }
        Ok(())
    }

    fn take_parts(&mut self, backend: &dyn Backend, (step, mut row): (&Step, usize)) -> Result<()> {
        let mut picks = Vec::new();
        for part in &self.parts {
            let begun = if part.fork.is_some() { 0 } else { self.begun };
            let next = &self.scoring.continuations[part.index][begun + 1..][..part.rows];
            picks.extend((row..).zip(next.iter().copied()));
            row += part.rows;
        }
        let mut log_probs = backend.log_probs(step, &picks)?.into_iter();
        for part in &self.parts {
            self.scores.continuations[part.index].extend(log_probs.by_ref().take(part.rows));
        }
        Ok(())
    }

    /// Takes what a piece of the prefix gives, of which `computed` tokens are computed now.
    fn take_prefix(&mut self, computed: usize, backend: &dyn Backend, (step, row): (&Step, usize)) -> Result<()> {
        let prefix = &self.scoring.prefix;
        let mut last = row;
        if self.scoring.score_prefix {
            if self.scores.prefix.is_empty() {
                self.scores.prefix.push(0.0);
            }
            // Its tokens so far are scored but for those whose logits came just now.
            let scored = self.scores.prefix.len();
            let next = &prefix[scored..(computed + 1).min(prefix.len())];
            let picks: Vec<(usize, u32)> = (row..).zip(next.iter().copied()).collect();
            self.scores.prefix.extend(backend.log_probs(step, &picks)?);
            last = row + picks.len();
        }
        if computed < prefix.len() {
            return Ok(());
        }
        self.scores.next_top = backend.top_n(step, last, self.scoring.top)?;
        let starts = self.scoring.continuations.iter().filter_map(|tokens| tokens.first());
        let picks: Vec<(usize, u32)> = starts.map(|&token| (last, token)).collect();
        let started = self.scores.continuations.iter_mut().zip(&self.scoring.continuations);
        let started = started.filter(|(_, tokens)| !tokens.is_empty());
        for ((scores, _), log_prob) in started.zip(backend.log_probs(step, &picks)?) {
            scores.push(log_prob);
        }
        self.read = true;
        Ok(())
    }

    /// Gives back the places of continuations that a step was to compute, and did not.
    pub(super) fn release_forks(&mut self, cache: &mut Cache) {
        self.parts.drain(..).filter_map(|part| part.fork).for_each(|fork| cache.release(fork));
    }

    /// Forgets what cannot be gone on with after the place in the cache was lost.
    pub(super) fn begin_again(&mut self) {
        if !self.read {
            self.scores.prefix.clear();
        }
        if let Some(&first) = self.open.front().filter(|_| self.begun > 0) {
            self.scores.continuations[first].truncate(1);
        }
        self.begun = 0;
    }
}

/// Runs tokens and asks for the logits behind each.
fn want_all(batch: &mut RaggedBatch, timeline: &mut Timeline, tokens: &[u32]) {
    timeline.push(batch, tokens).for_each(|row| batch.want_logits(row, None));
}
