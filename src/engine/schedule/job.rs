//! One piece of work: a text to write, continuations to score, or a text to read.

use std::{
    cmp::Reverse,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use async_lock::SemaphoreGuardArc;
use docent_models::{
    backend::{Backend, Step},
    batch::RaggedBatch,
};
use futures_channel::oneshot;

use super::{Pooler, Scorer, Share, Writer};
use crate::engine::{
    Error, Priority, Result,
    cache::{Cache, Timeline},
    stats::Stats,
};

/// A job's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct Place {
    pub(in crate::engine) priority: Reverse<Priority>,
    /// Counts up.
    pub(in crate::engine) arrival: u64,
}

/// Whom a job's result goes to.
#[derive(Debug)]
pub(in crate::engine) struct Reply<T> {
    to: Option<oneshot::Sender<Result<T>>>,
    cancelled: Arc<AtomicBool>,
}

impl<T> Reply<T> {
    /// A reply, where it arrives, and what cancels it.
    pub(in crate::engine) fn new() -> (Self, oneshot::Receiver<Result<T>>, Arc<AtomicBool>) {
        let (to, from) = oneshot::channel();
        let cancelled = Arc::new(AtomicBool::new(false));
        (Self { to: Some(to), cancelled: cancelled.clone() }, from, cancelled)
    }

    /// Whether it was cancelled, or nobody waits for it any more.
    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.to.as_ref().is_some_and(oneshot::Sender::is_canceled)
    }

    /// Whether the result has been sent.
    pub(super) fn is_sent(&self) -> bool {
        self.to.is_none()
    }

    /// Sends the result, once.
    pub(super) fn send(&mut self, result: Result<T>) {
        if let Some(to) = self.to.take() {
            // Whoever stopped waiting does not want to know.
            let _ = to.send(result);
        }
    }
}

/// What is to be done.
#[derive(Debug)]
pub(in crate::engine) enum Work {
    Write(Box<Writer>),
    Score(Box<Scorer>),
    Pool(Box<Pooler>),
}

/// Where a job's rows begin in what a step gives.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    pub(super) logits: usize,
    pub(super) hidden: usize,
}

impl Work {
    /// The tokens whose keys and values it needs to go on.
    pub(super) fn ids(&self) -> &[u32] {
        match self {
            Work::Write(writer) => writer.ids(),
            Work::Score(scorer) => scorer.ids(),
            Work::Pool(pooler) => pooler.ids(),
        }
    }

    /// Those of them that are kept for jobs to come. Texts that are read in bulk do not come again.
    pub(super) fn lasting(&self) -> &[u32] {
        match self {
            Work::Pool(_) => &[],
            _ => self.ids(),
        }
    }

    /// Those of them that may come from the cache.
    pub(super) fn reusable(&self) -> &[u32] {
        match self {
            Work::Write(writer) => &writer.ids()[..writer.ids().len() - 1],
            Work::Score(scorer) => scorer.reusable(),
            Work::Pool(_) => &[],
        }
    }

    /// How many tokens it was given to begin with.
    pub(super) fn prompt_len(&self) -> usize {
        match self {
            Work::Write(writer) => writer.prompt_len(),
            _ => self.ids().len(),
        }
    }

    /// The positions that it starts with room for.
    pub(super) fn end(&self) -> usize {
        match self {
            Work::Write(writer) => writer.end(),
            Work::Score(scorer) => scorer.end(),
            Work::Pool(pooler) => pooler.ids().len(),
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        match self {
            Work::Write(writer) => writer.reply.is_cancelled(),
            Work::Score(scorer) => scorer.reply.is_cancelled(),
            Work::Pool(pooler) => pooler.reply.is_cancelled(),
        }
    }

    /// Ends it with what there is.
    pub(super) fn cancel(&mut self) {
        match self {
            Work::Write(writer) => writer.cancel(),
            Work::Score(scorer) => scorer.reply.send(Err(Error::Cancelled)),
            Work::Pool(pooler) => pooler.reply.send(Err(Error::Cancelled)),
        }
    }

    pub(super) fn fail(&mut self, error: Error) {
        match self {
            Work::Write(writer) => writer.reply.send(Err(error)),
            Work::Score(scorer) => scorer.reply.send(Err(error)),
            Work::Pool(pooler) => pooler.reply.send(Err(error)),
        }
    }

    /// Whether its result has been sent.
    pub(super) fn is_finished(&self) -> bool {
        match self {
            Work::Write(writer) => writer.reply.is_sent(),
            Work::Score(scorer) => scorer.reply.is_sent(),
            Work::Pool(pooler) => pooler.reply.is_sent(),
        }
    }
}

/// Work with its place in the queue and in the cache.
#[derive(Debug)]
pub(in crate::engine) struct Job {
    pub(in crate::engine) place: Place,
    pub(in crate::engine) work: Work,
    pub(super) timeline: Timeline,
    /// The right to wait, until it starts for the first time.
    pub(super) permit: Option<SemaphoreGuardArc>,
}

impl Job {
    pub(in crate::engine) fn new(place: Place, work: Work, permit: SemaphoreGuardArc) -> Self {
        Self { place, work, timeline: Timeline::default(), permit: Some(permit) }
    }

    /// How many tokens must be computed before it can go on.
    pub(super) fn left(&self) -> usize {
        self.work.ids().len().saturating_sub(self.timeline.computed())
    }

    /// What it wants to do in a step, of what is left of it.
    pub(super) fn ask(&self, most: Share, cache: &Cache) -> Option<Share> {
        match &self.work {
            Work::Write(_) => prompt_share(self.left(), most),
            Work::Score(scorer) => scorer.ask(self.left(), most, cache),
            Work::Pool(_) => Pooler::ask(self.left(), most),
        }
    }

    /// By how many positions its own timeline grows with a share of a step.
    pub(super) fn grows_by(&self, share: Share) -> usize {
        match &self.work {
            Work::Write(_) | Work::Pool(_) => share.rows,
            // Its prefix, for which it has room; continuations make room themselves.
            Work::Score(_) => 0,
        }
    }

    /// Puts its rows into the batch.
    ///
    /// # Errors
    /// If the device fails.
    pub(super) fn push(
        &mut self,
        share: Share,
        batch: &mut RaggedBatch,
        cache: &mut Cache,
        backend: &mut dyn Backend,
    ) -> Result<()> {
        match &mut self.work {
            Work::Write(writer) => writer.push(share, &mut self.timeline, batch),
            Work::Score(scorer) => scorer.push(share, &mut self.timeline, batch, (cache, backend)),
            Work::Pool(pooler) => {
                pooler.push(share, &mut self.timeline, batch);
                Ok(())
            }
        }
    }

    /// Takes what the step made of its rows.
    pub(super) fn take(
        &mut self,
        backend: &dyn Backend,
        cache: &mut Cache,
        (step, first): (&Step, First),
        stats: &mut Stats,
    ) {
        let read = self.timeline.computed();
        let taken = match &mut self.work {
            Work::Write(writer) => writer.take(&mut self.timeline, backend, (step, first.logits), stats),
            Work::Score(scorer) => scorer.take(&mut self.timeline, (backend, cache), (step, first.logits), stats),
            Work::Pool(pooler) => pooler.take(&self.timeline, (step, first.hidden)),
        };
        match taken {
            Ok(()) if read <= self.work.prompt_len() => cache.keep(&mut self.timeline, self.work.lasting()),
            Ok(()) => {}
            Err(error) => self.work.fail(error),
        }
    }

    /// Gives its room back to come again later. What it has computed stays as long as nobody needs the room.
    pub(super) fn make_way(&mut self, cache: &mut Cache) {
        self.end(cache);
        match &mut self.work {
            Work::Write(_) => {}
            Work::Score(scorer) => scorer.begin_again(),
            Work::Pool(pooler) => pooler.begin_again(),
        }
    }

    /// Leaves the cache, where its tokens are kept for jobs to come.
    pub(super) fn end(&mut self, cache: &mut Cache) {
        if let Work::Score(scorer) = &mut self.work {
            scorer.release_forks(cache);
        }
        cache.keep(&mut self.timeline, self.work.lasting());
        cache.release(std::mem::take(&mut self.timeline));
    }
}

/// What `left` tokens of a prompt take of a step: logits behind the last of them.
pub(super) fn prompt_share(left: usize, most: Share) -> Option<Share> {
    let rows = left.min(if most.logits > 0 { most.rows } else { most.rows.min(left.saturating_sub(1)) });
    (rows > 0).then_some(Share { rows, logits: usize::from(rows == left) })
}
