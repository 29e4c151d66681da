//! Generation of many sequences at once.
//!
//! Sequences join and leave between steps. What all prompts have in common is computed once. Each draws its random
//! numbers from its own seed, so that its output is the same whatever its company.

use std::{collections::VecDeque, ops::ControlFlow};

use docent_models::{
    backend::{Sampling, Step},
    batch::RaggedBatch,
    tokenizer::DecodeStream,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

use super::{
    Engine, Error, Result,
    stop::StopFilter,
    timeline::{Timeline, fork_blocks},
};

/// One text to generate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The prompt's tokens, at least one.
    pub prompt: Vec<u32>,
    /// The most tokens to generate; fewer if the context ends before.
    pub max_tokens: usize,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Decides every draw.
    pub seed: u64,
    /// Strings that end the text; they are not part of it.
    pub stop: Vec<String>,
    /// Whether to go on after the token that ends a text.
    pub ignore_eos: bool,
}

/// A token has been drawn.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Index of its request.
    pub request: usize,
    /// Its id.
    pub token: u32,
    /// The text that it completes; empty inside of a character or of what may become a stop string.
    pub text: &'a str,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model ended it, or a stop string came.
    Stop,
    /// The most tokens were reached, or the end of the context.
    Length,
    /// The caller cancelled it.
    Cancelled,
}

/// A generated text.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Its tokens, with the one that ended it.
    pub ids: Vec<u32>,
    /// The log-probability of each token under the model.
    pub log_probs: Vec<f32>,
    /// Its text, without special tokens and stop strings.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
}

impl Engine {
    /// Generates all requests together. `on_event` sees every token as it comes; breaking cancels that request only.
    ///
    /// # Errors
    /// If a prompt is empty or longer than context or cache, a parameter is out of range, or a step fails.
    pub fn generate(
        &mut self,
        requests: &[Request],
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>> {
        for request in requests {
            self.check_request(request)?;
        }
        let mut prefix = Timeline::default();
        let result = self.generate_on(requests, &mut prefix, on_event);
        self.cache.release(prefix);
        result
    }

    /// Generates one request without watching it.
    ///
    /// # Errors
    /// As [`generate`](Engine::generate).
    pub fn complete(&mut self, request: &Request) -> Result<Generation> {
        let done = self.generate(std::slice::from_ref(request), &mut |_| ControlFlow::Continue(()))?;
        done.into_iter().next().ok_or(Error::EmptyPrompt)
    }

    fn check_request(&self, request: &Request) -> Result<()> {
        if request.prompt.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        self.check_length(request.prompt.len() + 1)?;
        let Sampling { temperature, top_p, min_p, repetition_penalty, .. } = request.sampling;
        let checks = [
            ("temperature", temperature, temperature >= 0.0, "a number from 0"),
            ("top-p", top_p, (0.0..=1.0).contains(&top_p), "a number from 0 to 1"),
            ("min-p", min_p, (0.0..=1.0).contains(&min_p), "a number from 0 to 1"),
            ("repetition-penalty", repetition_penalty, repetition_penalty > 0.0, "a number above 0"),
        ];
        match checks.into_iter().find(|(_, value, good, _)| !good || !value.is_finite()) {
            Some((name, found, _, expected)) => Err(Error::Parameter { name, found: f64::from(found), expected }),
            None => Ok(()),
        }
    }

    fn generate_on(
        &mut self,
        requests: &[Request],
        prefix: &mut Timeline,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>> {
        let shared = common_prefix(requests);
        self.cache.reserve(prefix, shared)?;
        let shared_tokens = requests.first().map_or(&[][..], |r| &r.prompt[..shared]);
        let mut batch = RaggedBatch::new();
        for chunk in shared_tokens.chunks(self.rows_per_step) {
            batch.clear();
            prefix.push(&mut batch, chunk);
            let step = self.backend.forward(&batch)?;
            self.backend.recycle(step);
        }
        let mut waiting: VecDeque<usize> = (0..requests.len()).collect();
        let mut running: Vec<Sequence> = Vec::new();
        let mut done: Vec<Option<Generation>> = requests.iter().map(|_| None).collect();
        let result = loop {
            if let Err(error) = self.admit(requests, prefix, &mut waiting, &mut running) {
                break Err(error);
            }
            if running.is_empty() {
                break Ok(());
            }
            if let Err(error) = self.step(requests, &mut running, &mut batch, on_event) {
                break Err(error);
            }
            for ended in running.extract_if(.., |s| s.finished.is_some()) {
                let Sequence { index, timeline, generation, .. } = ended;
                self.cache.release(timeline);
                done[index] = Some(generation);
            }
        };
        running.into_iter().for_each(|s| self.cache.release(s.timeline));
        result.map(|()| done.into_iter().flatten().collect())
    }

    /// Starts waiting requests, first come first served, as long as the cache has room for the whole of them.
    fn admit(
        &mut self,
        requests: &[Request],
        prefix: &Timeline,
        waiting: &mut VecDeque<usize>,
        running: &mut Vec<Sequence>,
    ) -> Result<()> {
        while let Some(&index) = waiting.front() {
            let request = &requests[index];
            let end = request.prompt.len() + request.max_tokens.max(1) - 1;
            let end = end.min(self.backend.architecture().context()).min(self.cache.capacity());
            if running.len() >= self.rows_per_step {
                return Ok(());
            }
            if !running.is_empty() && !self.cache.has_room(fork_blocks(prefix.computed(), end)) {
                return Ok(());
            }
            waiting.pop_front();
            let mut timeline = self.cache.fork(self.backend.as_mut(), prefix)?;
            if let Err(error) = self.cache.reserve(&mut timeline, end) {
                self.cache.release(timeline);
                return Err(error);
            }
            running.push(Sequence::new(index, request, timeline, end, self.tokenizer.stream()));
        }
        Ok(())
    }

    /// Takes one step: a token for every sequence whose prompt is computed, and a piece of the prompts that are not.
    fn step(
        &mut self,
        requests: &[Request],
        running: &mut [Sequence],
        batch: &mut RaggedBatch,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        batch.clear();
        let mut wanted = Vec::new();
        for (place, sequence) in running.iter_mut().enumerate() {
            let budget = self.rows_per_step - batch.rows().len();
            if budget == 0 {
                break;
            }
            if sequence.push_rows(&requests[sequence.index], batch, budget) {
                wanted.push(place);
            }
        }
        let step = self.backend.forward(batch)?;
        for (row, place) in wanted.into_iter().enumerate() {
            self.take_token(&requests[running[place].index], &mut running[place], &step, row, on_event)?;
        }
        self.backend.recycle(step);
        Ok(())
    }

    fn take_token(
        &mut self,
        request: &Request,
        sequence: &mut Sequence,
        step: &Step,
        row: usize,
        on_event: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        let seen: Vec<u32> = match request.sampling.repetition_penalty == 1.0 {
            true => Vec::new(),
            false => request.prompt.iter().chain(&sequence.generation.ids).copied().collect(),
        };
        let sampled = self.backend.sample(step, row, &request.sampling, &seen, sequence.uniform())?;
        let generation = &mut sequence.generation;
        generation.ids.push(sampled.token);
        generation.log_probs.push(sampled.log_prob);
        let ends = !request.ignore_eos && self.tokenizer.eos().contains(&sampled.token);
        let mut text = String::new();
        if !ends {
            let piece = sequence.stream.push(sampled.token).map_err(docent_models::Error::from)?;
            let (shown, stopped) = sequence.filter.push(&piece.unwrap_or_default());
            text = shown;
            if stopped {
                sequence.finished = Some(FinishReason::Stop);
            }
        }
        if ends {
            sequence.finished = Some(FinishReason::Stop);
        } else if sequence.finished.is_none()
            && (generation.ids.len() >= request.max_tokens || sequence.timeline.computed() >= sequence.end)
        {
            sequence.finished = Some(FinishReason::Length);
        }
        if sequence.finished.is_some() {
            let rest = sequence.stream.flush().map_err(docent_models::Error::from)?;
            if !matches!(sequence.finished, Some(FinishReason::Stop)) || ends {
                text += &sequence.filter.push(&rest.unwrap_or_default()).0;
                text += &sequence.filter.finish();
            }
        }
        generation.text += &text;
        let flow = on_event(Event { request: sequence.index, token: sampled.token, text: &text });
        if flow.is_break() && sequence.finished.is_none() {
            sequence.finished = Some(FinishReason::Cancelled);
        }
        if let Some(reason) = sequence.finished {
            generation.finish_reason = reason;
        }
        Ok(())
    }
}

/// A request that is being generated.
struct Sequence {
    index: usize,
    timeline: Timeline,
    /// The first position that it may not compute.
    end: usize,
    rng: ChaCha8Rng,
    stream: DecodeStream,
    filter: StopFilter,
    generation: Generation,
    finished: Option<FinishReason>,
}

impl Sequence {
    fn new(index: usize, request: &Request, timeline: Timeline, end: usize, stream: DecodeStream) -> Self {
        Self {
            index,
            timeline,
            end,
            rng: ChaCha8Rng::seed_from_u64(request.seed),
            stream,
            filter: StopFilter::new(&request.stop),
            generation: Generation {
                ids: Vec::new(),
                log_probs: Vec::new(),
                text: String::new(),
                finish_reason: FinishReason::Length,
            },
            finished: (request.max_tokens == 0).then_some(FinishReason::Length),
        }
    }

    /// Adds the next rows, at most `budget`; whether the last of them wants logits.
    fn push_rows(&mut self, request: &Request, batch: &mut RaggedBatch, budget: usize) -> bool {
        if self.finished.is_some() {
            return false;
        }
        let computed = self.timeline.computed();
        let left = &request.prompt[computed.min(request.prompt.len())..];
        let rows = match self.generation.ids.last() {
            Some(&last) => self.timeline.push(batch, &[last]),
            None => self.timeline.push(batch, &left[..left.len().min(budget)]),
        };
        let ready = self.timeline.computed() >= request.prompt.len();
        if ready {
            batch.want_logits(rows.end - 1, None);
        }
        ready
    }

    /// A random number in [0, 1) with 53 bits.
    fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How many leading tokens all prompts share, leaving each at least one of its own; 0 for a single request.
fn common_prefix(requests: &[Request]) -> usize {
    let [first, rest @ ..] = requests else { return 0 };
    if rest.is_empty() {
        return 0;
    }
    let shortest = requests.iter().map(|r| r.prompt.len()).min().unwrap_or(0);
    let shared = |other: &Request| first.prompt.iter().zip(&other.prompt).take_while(|(a, b)| a == b).count();
    rest.iter().map(shared).min().unwrap_or(0).min(shortest.saturating_sub(1))
}
