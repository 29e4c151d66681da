//! Exact log-likelihoods of continuations after one prefix.

use docent_models::{backend::Step, batch::RaggedBatch};

use super::{Engine, Result, timeline::Timeline, timeline::fork_blocks};

/// Rows of logits that one step returns: bounds the memory of a large vocabulary's rows.
const LOGITS_PER_STEP: usize = 128;

/// What is scored after one prefix.
#[derive(Clone, Debug, Default)]
pub struct Scoring {
    /// The prefix, at least one token.
    pub prefix: Vec<u32>,
    /// Texts that may follow it.
    pub continuations: Vec<Vec<u32>>,
    /// Whether the prefix's own tokens are scored, too.
    pub score_prefix: bool,
    /// How many of the likeliest next tokens are wanted.
    pub top: usize,
}

/// Log-likelihoods in nats.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scores {
    /// Of each token of the prefix, given those before it; the first is 0. Empty if not asked for.
    pub prefix: Vec<f32>,
    /// The likeliest next tokens after the prefix, likeliest first.
    pub next_top: Vec<(u32, f32)>,
    /// Of each token of each continuation, given the prefix and the tokens before it.
    pub continuations: Vec<Vec<f32>>,
}

impl Engine {
    /// Scores continuations after a shared prefix, which is computed once.
    ///
    /// # Errors
    /// If the prefix is empty, it does not fit into context or cache with its longest continuation, or a step fails.
    pub fn score(&mut self, scoring: &Scoring) -> Result<Scores> {
        let longest = scoring.continuations.iter().map(Vec::len).max().unwrap_or(0);
        self.check_length(scoring.prefix.len() + longest)?;
        if scoring.prefix.is_empty() {
            return Err(super::Error::EmptyPrompt);
        }
        let mut prefix = Timeline::default();
        let scores = self.score_on(scoring, &mut prefix);
        self.cache.release(prefix);
        scores
    }

    fn score_on(&mut self, scoring: &Scoring, prefix: &mut Timeline) -> Result<Scores> {
        let mut scores = Scores { continuations: vec![Vec::new(); scoring.continuations.len()], ..Scores::default() };
        let last = self.prefill(prefix, &scoring.prefix, scoring.score_prefix.then_some(&mut scores.prefix))?;
        scores.next_top = self.backend.top_n(&last, 0, scoring.top)?;
        let started = scoring.continuations.iter().enumerate().filter(|(_, c)| !c.is_empty());
        let first: Vec<(usize, u32)> = started.clone().map(|(_, c)| (0, c[0])).collect();
        for ((index, _), log_prob) in started.zip(self.backend.log_probs(&last, &first)?) {
            scores.continuations[index].push(log_prob);
        }
        self.backend.recycle(last);
        let mut open: Vec<usize> =
            (0..scoring.continuations.len()).filter(|&i| scoring.continuations[i].len() > 1).collect();
        while !open.is_empty() {
            let taken = self.continuations_that_fit(scoring, &open);
            self.score_group(scoring, prefix, &open[..taken], &mut scores.continuations)?;
            open.drain(..taken);
        }
        Ok(scores)
    }

    /// Runs a prefix in chunks. Returns the step whose only row of logits follows the prefix's last token.
    fn prefill(
        &mut self,
        timeline: &mut Timeline,
        tokens: &[u32],
        mut log_probs: Option<&mut Vec<f32>>,
    ) -> Result<Step> {
        self.cache.reserve(timeline, tokens.len())?;
        let chunk_len = if log_probs.is_some() { LOGITS_PER_STEP } else { self.rows_per_step };
        if let Some(log_probs) = log_probs.as_deref_mut() {
            log_probs.push(0.0);
        }
        let (all_but_last, last) = tokens.split_at(tokens.len() - 1);
        for (index, chunk) in all_but_last.chunks(chunk_len).enumerate() {
            let mut batch = RaggedBatch::new();
            let rows = timeline.push(&mut batch, chunk);
            if log_probs.is_some() {
                rows.for_each(|row| batch.want_logits(row, None));
            }
            let step = self.backend.forward(&batch)?;
            if let Some(log_probs) = log_probs.as_deref_mut() {
                let followers = &tokens[index * chunk_len + 1..][..chunk.len()];
                let picks: Vec<(usize, u32)> = followers.iter().copied().enumerate().collect();
                log_probs.extend(self.backend.log_probs(&step, &picks)?);
            }
            self.backend.recycle(step);
        }
        let mut batch = RaggedBatch::new();
        let row = timeline.push(&mut batch, last).start;
        batch.want_logits(row, None);
        Ok(self.backend.forward(&batch)?)
    }

    /// How many of the open continuations go into the next step: as many as rows and cache allow, at least one.
    fn continuations_that_fit(&self, scoring: &Scoring, open: &[usize]) -> usize {
        let (mut rows, mut blocks) = (0, 0);
        let fits = open.iter().take_while(|&&index| {
            let len = scoring.continuations[index].len() - 1;
            rows += len;
            blocks += fork_blocks(scoring.prefix.len(), scoring.prefix.len() + len);
            rows <= LOGITS_PER_STEP && self.cache.has_room(blocks)
        });
        fits.count().max(1)
    }

    fn score_group(
        &mut self,
        scoring: &Scoring,
        prefix: &Timeline,
        group: &[usize],
        out: &mut [Vec<f32>],
    ) -> Result<()> {
        let mut forks = Vec::with_capacity(group.len());
        let result = self.run_group(scoring, prefix, group, &mut forks, out);
        forks.into_iter().for_each(|fork| self.cache.release(fork));
        result
    }

    fn run_group(
        &mut self,
        scoring: &Scoring,
        prefix: &Timeline,
        group: &[usize],
        forks: &mut Vec<Timeline>,
        out: &mut [Vec<f32>],
    ) -> Result<()> {
        let mut batch = RaggedBatch::new();
        let mut picks = Vec::new();
        for &index in group {
            let tokens = &scoring.continuations[index];
            let mut fork = self.cache.fork(self.backend.as_mut(), prefix)?;
            let reserved = self.cache.reserve(&mut fork, prefix.computed() + tokens.len() - 1);
            let rows = reserved.map(|()| fork.push(&mut batch, &tokens[..tokens.len() - 1]));
            forks.push(fork);
            for (row, &next) in rows?.zip(&tokens[1..]) {
                picks.push((picks.len(), next));
                batch.want_logits(row, None);
            }
        }
        let step = self.backend.forward(&batch)?;
        let mut log_probs = self.backend.log_probs(&step, &picks)?.into_iter();
        self.backend.recycle(step);
        for &index in group {
            out[index].extend(log_probs.by_ref().take(scoring.continuations[index].len() - 1));
        }
        Ok(())
    }
}
