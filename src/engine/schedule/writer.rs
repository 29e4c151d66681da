//! A text that is being written.

use docent_models::{
    backend::{Backend, Step},
    batch::RaggedBatch,
    tokenizer::{DecodeStream, Tokenizer},
};
use futures_channel::mpsc::UnboundedSender;
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    Reply, Share,
    draft::{Rate, look_up},
};
use crate::engine::{
    FinishReason, Generation, Request, Result, Token, cache::Timeline, constraint::Guide, stats::Stats,
    stop::StopFilter,
};

/// Positions that a text gets room for before they are needed: more than most explanations take.
const ROOM_TO_GROW: usize = 64;

/// What turns tokens into text, and ends it.
#[derive(Clone, Debug)]
pub(in crate::engine) struct Vocabulary {
    pub(in crate::engine) tokenizer: Tokenizer,
    /// The first position that cannot be computed: the end of context or cache.
    pub(in crate::engine) limit: usize,
}

/// A request that is being generated.
#[derive(Debug)]
pub(in crate::engine) struct Writer {
    request: Request,
    /// The prompt and what was generated.
    ids: Vec<u32>,
    prompt_len: usize,
    limit: usize,
    eos: Vec<u32>,
    rng: ChaCha8Rng,
    guide: Option<Guide>,
    rate: Rate,
    /// What the next token is taken to be, and those of the guesses that are acted upon.
    guess: Option<u32>,
    draft: Vec<u32>,
    stream: DecodeStream,
    filter: StopFilter,
    written: Generation,
    finished: Option<FinishReason>,
    tokens: UnboundedSender<Token>,
    pub(super) reply: Reply<Generation>,
}

impl Writer {
    /// Begins a text. What a constraint leaves no choice about is written at once.
    ///
    /// # Errors
    /// If the tokenizer fails, or nothing meets the constraint.
    pub(in crate::engine) fn new(
        mut request: Request,
        vocabulary: &Vocabulary,
        guide: Option<Guide>,
        tokens: UnboundedSender<Token>,
        reply: Reply<Generation>,
    ) -> Result<Self> {
        let mut writer = Self {
            prompt_len: request.prompt.len(),
            ids: std::mem::take(&mut request.prompt),
            limit: vocabulary.limit,
            eos: vocabulary.tokenizer.eos().to_vec(),
            rng: ChaCha8Rng::seed_from_u64(request.seed),
            guide,
            rate: Rate::default(),
            guess: None,
            draft: Vec::new(),
            stream: vocabulary.tokenizer.stream(),
            filter: StopFilter::new(&request.stop),
            written: Generation {
                ids: Vec::new(),
                log_probs: Vec::new(),
                text: String::new(),
                finish_reason: FinishReason::Length,
            },
            finished: (request.max_tokens == 0).then_some(FinishReason::Length),
            tokens,
            reply,
            request,
        };
        // Whoever starts the job counts them.
        writer.write_forced(&mut Stats::default())?;
        writer.send_if_finished();
        Ok(writer)
    }

    pub(super) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// How many tokens the prompt has.
    pub(super) fn prompt_len(&self) -> usize {
        self.prompt_len
    }

    /// The positions that it starts with room for.
    pub(super) fn end(&self) -> usize {
        let to_come = self.request.max_tokens - self.written.ids.len().min(self.request.max_tokens);
        (self.ids.len() + to_come.min(ROOM_TO_GROW)).min(self.limit)
    }

    /// Guesses its next tokens, where each must be right with more than probability `worth`; returns how many.
    pub(super) fn draft(&mut self, worth: f64) -> usize {
        self.draft.clear();
        // A constraint would have to be asked about each.
        let found = if self.guide.is_none() { look_up(&self.ids) } else { &[] };
        self.guess = found.first().copied();
        // The last of the rows gives a token, too.
        let to_come = (self.request.max_tokens - self.written.ids.len()).min(self.limit - self.ids.len() + 1);
        let most = self.rate.worth_guessing(worth).min(to_come.saturating_sub(1));
        self.draft.extend_from_slice(&found[..found.len().min(most)]);
        self.draft.len()
    }

    /// Takes its guesses back.
    pub(super) fn forget_draft(&mut self) {
        self.draft.clear();
    }

    /// Puts its rows into the batch.
    pub(super) fn push(&mut self, share: Share, timeline: &mut Timeline, batch: &mut RaggedBatch) -> Result<()> {
        let own = share.rows - self.draft.len();
        let first = timeline.computed();
        let rows = if self.draft.is_empty() {
            timeline.push(batch, &self.ids[first..first + own])
        } else {
            timeline.push(batch, &[&self.ids[first..first + own], &self.draft].concat())
        };
        if share.logits > 0 {
            let mask = self.guide.as_mut().map(Guide::mask).transpose()?;
            for row in rows.end - share.logits..rows.end {
                batch.want_logits(row, mask.clone());
            }
        }
        Ok(())
    }

    /// Takes the tokens that a step gives: one, and those that were guessed right.
    pub(super) fn take(
        &mut self,
        timeline: &mut Timeline,
        backend: &dyn Backend,
        (step, first): (&Step, usize),
        stats: &mut Stats,
    ) -> Result<()> {
        let draft = std::mem::take(&mut self.draft);
        if timeline.computed() < self.ids.len() || self.reply.is_sent() {
            return Ok(());
        }
        for row in 0..=draft.len() {
            let seen = if self.request.sampling.repetition_penalty == 1.0 { &[][..] } else { &self.ids };
            let uniform = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
            let sampled = backend.sample(step, first + row, &self.request.sampling, seen, uniform)?;
            stats.generated_tokens += 1;
            self.write(sampled.token, sampled.log_prob)?;
            if let Some(guess) = draft.get(row).copied().or(self.guess.take_if(|_| row == 0)) {
                self.rate.learn(guess == sampled.token);
            }
            if self.finished.is_some() || draft.get(row) != Some(&sampled.token) {
                break;
            }
            stats.accepted_tokens += 1;
        }
        self.draft = draft;
        self.draft.clear();
        // What was guessed wrong is computed anew.
        timeline.rewind(self.ids.len() - 1);
        if self.finished.is_none() {
            self.write_forced(stats)?;
        }
        self.send_if_finished();
        Ok(())
    }

    /// Writes what the constraint leaves no choice about: no step is taken for it.
    fn write_forced(&mut self, stats: &mut Stats) -> Result<()> {
        while self.finished.is_none() {
            let forced = self.guide.as_mut().map(Guide::forced).unwrap_or_default();
            if forced.is_empty() {
                return Ok(());
            }
            for token in forced {
                if self.finished.is_some() {
                    break;
                }
                stats.forced_tokens += 1;
                self.write(token, 0.0)?;
            }
        }
        Ok(())
    }

    /// Appends a token.
    fn write(&mut self, token: u32, log_prob: f32) -> Result<()> {
        self.ids.push(token);
        self.written.ids.push(token);
        self.written.log_probs.push(log_prob);
        let ends = !self.request.ignore_eos && self.eos.contains(&token);
        let mut complete = false;
        if let Some(guide) = self.guide.as_mut().filter(|_| !ends) {
            guide.accept(token)?;
            complete = guide.is_complete();
        }
        let shown = self.written.text.len();
        let mut stopped = false;
        if !ends {
            let piece = self.stream.push(token).map_err(docent_models::Error::from)?;
            let (text, found) = self.filter.push(&piece.unwrap_or_default());
            self.written.text += &text;
            stopped = found;
        }
        if ends || stopped || complete {
            self.finish(FinishReason::Stop, !stopped)?;
        } else if self.written.ids.len() >= self.request.max_tokens || self.ids.len() > self.limit {
            self.finish(FinishReason::Length, true)?;
        }
        let text = self.written.text[shown..].to_owned();
        // Whoever dropped the stream wants the whole only, or nothing.
        let _ = self.tokens.unbounded_send(Token { id: token, log_prob, text });
        Ok(())
    }

    /// Ends the text; with what was held back in case of a stop string, unless one has come.
    fn finish(&mut self, reason: FinishReason, held: bool) -> Result<()> {
        self.finished = Some(reason);
        self.written.finish_reason = reason;
        if held {
            let rest = self.stream.flush().map_err(docent_models::Error::from)?;
            self.written.text += &self.filter.push(&rest.unwrap_or_default()).0;
            self.written.text += &self.filter.finish();
        }
        Ok(())
    }

    fn send_if_finished(&mut self) {
        if self.finished.is_some() {
            let written = std::mem::replace(
                &mut self.written,
                Generation {
                    ids: Vec::new(),
                    log_probs: Vec::new(),
                    text: String::new(),
                    finish_reason: FinishReason::Stop,
                },
            );
            self.reply.send(Ok(written));
        }
    }

    /// Ends the text where it is.
    pub(super) fn cancel(&mut self) {
        self.written.finish_reason = FinishReason::Cancelled;
        self.finished = Some(FinishReason::Cancelled);
        self.send_if_finished();
    }
}
