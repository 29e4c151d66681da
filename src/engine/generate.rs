//! Generation: what is asked for, what comes back, and how it is watched while it comes.

use std::{
    ops::ControlFlow,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use docent_models::backend::Sampling;
use futures_channel::{
    mpsc::{UnboundedReceiver, unbounded},
    oneshot,
};
use futures_core::Stream;

use super::{
    Constraint, Engine, Error, Result,
    answers::Question,
    constraint::Guide,
    schedule::{Reply, Work, Writer},
};

/// Who goes first when not everybody can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Work that nobody waits for.
    Low,
    /// Most work.
    #[default]
    Normal,
    /// Work that somebody watches.
    High,
}

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
    /// What the text may be; anything, if `None`.
    pub constraint: Option<Constraint>,
    /// Who goes first.
    pub priority: Priority,
}

/// A token of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Its id.
    pub id: u32,
    /// As in [`Generation::log_probs`].
    pub log_prob: f32,
    /// The text that it completes; empty inside of a character or of what may become a stop string.
    pub text: String,
}

/// Why a text ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FinishReason {
    /// The model ended it, a stop string came, or the constraint lets nothing follow.
    Stop,
    /// The most tokens were reached, or the end of the context.
    Length,
    /// The caller cancelled it.
    Cancelled,
}

/// A generated text.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Generation {
    /// Its tokens, with the one that ended it.
    pub ids: Vec<u32>,
    /// The log-probability of each token under the model, among those that the constraint allows: 0 for one that it
    /// forces.
    pub log_probs: Vec<f32>,
    /// Its text, without special tokens and stop strings.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
}

/// A text that is being generated. As a [`Stream`] it gives the tokens as they come; [`wait`](Self::wait) and
/// [`finish`](Self::finish) give the whole. Tokens that are not read are kept, and hold nobody up. Dropping it cancels it.
#[derive(Debug)]
pub struct Generating {
    tokens: UnboundedReceiver<Token>,
    end: oneshot::Receiver<Result<Generation>>,
    cancelled: Arc<AtomicBool>,
}

impl Generating {
    /// The next token; `None` at the end.
    pub fn next_token(&mut self) -> Option<Token> {
        pollster::block_on(std::future::poll_fn(|cx| Pin::new(&mut self.tokens).poll_next(cx)))
    }

    /// Has the text end after the step that is being taken; [`wait`](Self::wait) then gives what there is.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Waits for the whole text.
    ///
    /// # Errors
    /// If a step fails, or the text cannot go on within its constraint.
    pub fn wait(self) -> Result<Generation> {
        pollster::block_on(self.finish())
    }

    /// The whole text, when it is there.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub async fn finish(self) -> Result<Generation> {
        let Self { tokens, end, cancelled: _cancelled } = self;
        drop(tokens);
        end.await.unwrap_or(Err(Error::Stopped))
    }
}

impl Stream for Generating {
    type Item = Token;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Token>> {
        Pin::new(&mut self.tokens).poll_next(cx)
    }
}

/// A token has been drawn.
#[derive(Clone, Debug)]
pub struct Event {
    /// Index of its request.
    pub request: usize,
    /// The token.
    pub token: Token,
}

/// A text that was found, or is being generated.
enum Begun {
    Found(Generation),
    /// With the question that it answers, and the prompt's tokens.
    Running(Generating, Option<Question>, usize),
}

impl Begun {
    fn wait(self) -> Result<Generation> {
        match self {
            Begun::Found(generation) => Ok(generation),
            Begun::Running(generating, question, prompt) => {
                let generation = generating.wait()?;
                Question::keep(question.as_ref(), &generation, prompt + generation.ids.len());
                Ok(generation)
            }
        }
    }
}

impl Engine {
    /// Starts a text. Waits while too many others do.
    ///
    /// # Errors
    /// If the prompt is empty, longer than context or cache, or has a token that the model lacks, a parameter is out of
    /// range, or the constraint cannot be met.
    pub fn submit(&self, request: Request) -> Result<Generating> {
        pollster::block_on(self.submit_async(request))
    }

    /// As [`submit`](Self::submit), for async code.
    ///
    /// # Errors
    /// As [`submit`](Self::submit).
    pub async fn submit_async(&self, request: Request) -> Result<Generating> {
        let (priority, work, generating) = self.writer(request)?;
        self.send(priority, work).await?;
        Ok(generating)
    }

    /// As [`submit`](Self::submit), but fails with [`Error::Busy`] where that would wait.
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and if too many others wait.
    pub fn try_submit(&self, request: Request) -> Result<Generating> {
        let (priority, work, generating) = self.writer(request)?;
        self.try_send(priority, work)?;
        Ok(generating)
    }

    /// Generates all requests, together with whatever else runs.
    ///
    /// # Errors
    /// As [`submit`](Self::submit) and [`Generating::wait`]; the first error ends the rest.
    pub fn generate(&self, requests: &[Request]) -> Result<Vec<Generation>> {
        let running = requests.iter().map(|request| self.begin(request)).collect::<Result<Vec<_>>>()?;
        running.into_iter().map(Begun::wait).collect()
    }

    /// Looks a text up, or starts it.
    fn begin(&self, request: &Request) -> Result<Begun> {
        let Request { prompt, max_tokens, sampling, seed, stop, ignore_eos, constraint, priority: _ } = request;
        self.check_request(request)?;
        // As many as context and cache leave, so that a text that these cut is not taken for a whole one.
        let most = (*max_tokens).min(self.vocabulary().limit + 1 - prompt.len());
        let settings = (most, sampling, seed, stop, ignore_eos, constraint);
        let question = self.question("text", &[prompt], &settings);
        match Question::find(question.as_ref()) {
            Some(generation) => Ok(Begun::Found(generation)),
            None => Ok(Begun::Running(self.submit(request.clone())?, question, prompt.len())),
        }
    }

    /// Generates all requests. `on_event` sees every token as it comes; breaking cancels that request only, which ends
    /// with the token that was seen last or a few later.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn stream(
        &self,
        requests: &[Request],
        on_event: &mut dyn FnMut(Event) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>> {
        let mut running: Vec<Generating> =
            requests.iter().map(|request| self.submit(request.clone())).collect::<Result<_>>()?;
        pollster::block_on(std::future::poll_fn(|cx| {
            let mut open = false;
            for (request, generating) in running.iter_mut().enumerate() {
                loop {
                    match Pin::new(&mut generating.tokens).poll_next(cx) {
                        Poll::Ready(Some(token)) => {
                            let cancelled = generating.cancelled.load(Ordering::Relaxed);
                            if !cancelled && on_event(Event { request, token }).is_break() {
                                generating.cancel();
                            }
                        }
                        Poll::Ready(None) => break,
                        Poll::Pending => {
                            open = true;
                            break;
                        }
                    }
                }
            }
            if open { Poll::Pending } else { Poll::Ready(()) }
        }));
        running.into_iter().map(Generating::wait).collect()
    }

    /// Generates one request.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    pub fn complete(&self, request: &Request) -> Result<Generation> {
        self.begin(request)?.wait()
    }

    fn writer(&self, request: Request) -> Result<(Priority, Work, Generating)> {
        self.check_request(&request)?;
        let guide = request.constraint.as_ref().map(|constraint| self.guide(constraint)).transpose()?;
        self.guided_writer(request, guide)
    }

    pub(super) fn guided_writer(&self, request: Request, guide: Option<Guide>) -> Result<(Priority, Work, Generating)> {
        let (sender, tokens) = unbounded();
        let (reply, end, cancelled) = Reply::new();
        let priority = request.priority;
        let writer = Writer::new(request, self.vocabulary(), guide, sender, reply)?;
        Ok((priority, Work::Write(Box::new(writer)), Generating { tokens, end, cancelled }))
    }

    pub(super) fn check_request(&self, request: &Request) -> Result<()> {
        if request.prompt.is_empty() {
            return Err(Error::EmptyPrompt);
        }
        self.check_length(request.prompt.len() + 1)?;
        self.check_tokens(&request.prompt)?;
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

    fn guide(&self, constraint: &Constraint) -> Result<Guide> {
        match constraint {
            Constraint::OneOf(options) => Ok(Guide::options(self.options(options)?)),
            Constraint::Regex(pattern) => Ok(Guide::grammar(self.grammars().regex(pattern)?)),
            Constraint::Json(schema) => Ok(Guide::grammar(self.grammars().json(schema)?)),
        }
    }
}
