//! Who takes part in the next step.
//!
//! Jobs wait, in the order of their priority and arrival, until the cache has room for them; then they run, all together,
//! one step after another. A step computes the next token of every text that is being written, and with the rows that are
//! left pieces of the prompts and continuations that are not computed yet. What a job computes is kept for jobs to come;
//! one whose prompt begins like one that is being computed waits for that instead of computing it, too. If a text grows
//! and the cache is full, whoever came last gives its room back and waits again: its tokens stay, and on the CPU the bits
//! are the same when they are computed again.

mod draft;
mod job;
mod pooler;
mod scorer;
#[cfg(test)]
mod tests;
mod writer;

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
    sync::Arc,
    time::Instant,
};

use docent_models::{backend::Backend, batch::RaggedBatch, kv::KV_BLOCK};

use super::{cache::Cache, stats::Stats};
use draft::Costs;
use job::First;
pub(super) use job::{Job, Place, Reply, Work};
pub(super) use pooler::Pooler;
pub(super) use scorer::Scorer;
pub(super) use writer::{Vocabulary, Writer};

/// Rows of logits that one step returns: bounds the memory of a large vocabulary's rows.
const LOGITS_PER_STEP: usize = 128;

/// Rows of a step in which texts are being written: prompts that join do not hold these up for longer.
const ROWS_WHILE_WRITING: usize = 256;

/// Leading tokens in common with a prompt that is being computed that are worth waiting for.
const WORTH_WAITING: usize = 16;

/// One in so many starts goes to whoever has waited longest, whatever the priorities: nobody starves.
const STARTS_PER_OLDEST: u64 = 8;

/// How jobs are run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Rows of one step: enough to fill the matrix kernels, few enough to stay responsive.
    pub(super) rows_per_step: usize,
    /// Whether texts guess their next tokens from what stands before.
    pub(super) guessing: Guessing,
}

/// When texts guess their next tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guessing {
    Never,
    /// Where a guess is likely enough to be right for what its row costs.
    IfWorth,
    /// As if rows cost next to nothing.
    #[cfg(test)]
    Always,
}

/// Rows of a step, and rows of logits among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) rows: usize,
    pub(super) logits: usize,
}

/// The jobs of one engine, and what runs them.
pub(super) struct Scheduler {
    backend: Box<dyn Backend>,
    cache: Cache,
    limits: Limits,
    waiting: BTreeMap<Place, Job>,
    /// In the order of their places.
    running: Vec<Job>,
    batch: RaggedBatch,
    starts: u64,
    /// What steps cost in which texts are written.
    costs: Costs,
    stats: Stats,
}

impl Scheduler {
    pub(super) fn new(backend: Box<dyn Backend>, cache: Cache, limits: Limits) -> Self {
        let (waiting, running, batch) = (BTreeMap::new(), Vec::new(), RaggedBatch::new());
        Self {
            backend,
            cache,
            limits,
            waiting,
            running,
            batch,
            starts: 0,
            costs: Costs::default(),
            stats: Stats::default(),
        }
    }

    /// The model and its cache, for work that is no job.
    pub(super) fn parts(&mut self) -> (&mut dyn Backend, &mut Cache) {
        (self.backend.as_mut(), &mut self.cache)
    }

    /// Rows of one step.
    pub(super) fn rows_per_step(&self) -> usize {
        self.limits.rows_per_step
    }

    /// Takes a job in. One that was done when it was made, of which a constraint has forced every token, takes no step.
    pub(super) fn add(&mut self, job: Job) {
        match job.work.is_finished() {
            true => self.count(&job),
            false => drop(self.waiting.insert(job.place, job)),
        }
    }

    /// Counts a job that begins.
    fn count(&mut self, job: &Job) {
        self.stats.jobs += 1;
        self.stats.prompt_tokens += job.work.prompt_len() as u64;
        // A constraint may have begun the text already.
        self.stats.forced_tokens += (job.work.ids().len() - job.work.prompt_len()) as u64;
        self.stats.cached_tokens += job.timeline.computed() as u64;
    }

    /// Whether there is nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// What happened so far.
    pub(super) fn stats(&self) -> Stats {
        let (blocks_in_use, blocks_kept) = self.cache.usage();
        Stats {
            waiting: self.waiting.len(),
            running: self.running.len(),
            blocks: self.cache.capacity() / KV_BLOCK,
            blocks_in_use,
            blocks_kept,
            blocks_evicted: self.cache.evicted(),
            ..self.stats
        }
    }

    /// Takes one step with whoever can take part. What fails is told to those whom it concerns.
    pub(super) fn step(&mut self) {
        self.drop_cancelled();
        self.admit();
        let shares = self.share_out();
        if !shares.is_empty() {
            self.run(&shares);
        }
        self.remove_finished();
    }

    fn drop_cancelled(&mut self) {
        self.waiting.retain(|_, job| {
            let cancelled = job.work.is_cancelled();
            if cancelled {
                job.work.cancel();
            }
            !cancelled
        });
        self.running.iter_mut().filter(|job| job.work.is_cancelled()).for_each(|job| job.work.cancel());
        self.remove_finished();
    }

    /// Starts waiting jobs as long as there is room.
    fn admit(&mut self) {
        let mut after: Option<Place> = None;
        while self.running.len() < LOGITS_PER_STEP {
            let Some(place) = self.next_waiting(after) else { return };
            let Some(job) = self.waiting.get(&place) else { return };
            let (found, need) = self.cache.ask(job.work.reusable(), job.work.end());
            if self.is_being_computed(job, found) {
                after = Some(place);
                continue;
            }
            if need > self.cache.available() && !self.running.is_empty() {
                return;
            }
            if let Some(job) = self.waiting.remove(&place) {
                self.start(job);
            }
        }
    }

    /// The next job to start, behind `after`: the first in order, or now and then the one that has waited longest.
    fn next_waiting(&self, after: Option<Place>) -> Option<Place> {
        if after.is_none() && self.starts % STARTS_PER_OLDEST == STARTS_PER_OLDEST - 1 {
            return self.waiting.keys().min_by_key(|place| place.arrival).copied();
        }
        self.waiting.range((after.map_or(Unbounded, Excluded), Unbounded)).next().map(|(place, _)| *place)
    }

    /// Whether a running job is about to compute more of a job's prompt than is kept of it, and that will be kept.
    fn is_being_computed(&self, job: &Job, found: usize) -> bool {
        if !self.cache.keeps() {
            return false;
        }
        let ids = job.work.reusable();
        self.running.iter().filter(|other| other.left() > 1).any(|other| {
            let common = ids.iter().zip(other.work.lasting()).take_while(|(a, b)| a == b).count();
            common >= found + WORTH_WAITING && common > other.timeline.computed()
        })
    }

    fn start(&mut self, mut job: Job) {
        self.starts += 1;
        let started = self.cache.start(self.backend.as_mut(), job.work.reusable()).and_then(|timeline| {
            job.timeline = timeline;
            self.cache.reserve(&mut job.timeline, job.work.end())
        });
        if job.permit.take().is_some() {
            self.count(&job);
        }
        if let Err(error) = started {
            job.work.fail(error);
            job.end(&mut self.cache);
            return;
        }
        let at = self.running.partition_point(|other| other.place < job.place);
        self.running.insert(at, job);
    }

    /// What each running job does in the next step, by its index. Texts that are being written come first.
    fn share_out(&mut self) -> Vec<(usize, Share)> {
        let mut shares = Vec::with_capacity(self.running.len());
        let mut left = Share { rows: self.limits.rows_per_step, logits: LOGITS_PER_STEP };
        let mut index = 0;
        while index < self.running.len() {
            if self.running[index].left() == 1 && left.rows > 0 && self.make_room(index, 1) {
                shares.push((index, Share { rows: 1, logits: 1 }));
                left = Share { rows: left.rows - 1, logits: left.logits - 1 };
            }
            index += 1;
        }
        if !shares.is_empty() {
            left.rows = left.rows.min(ROWS_WHILE_WRITING);
        }
        let mut index = 0;
        while index < self.running.len() {
            let job = &self.running[index];
            if job.left() != 1
                && let Some(share) = job.ask(left, &self.cache)
                // A constraint may have forced more tokens than there is room for.
                && self.make_room(index, self.running[index].grows_by(share))
            {
                left = Share { rows: left.rows - share.rows, logits: left.logits - share.logits };
                shares.push((index, share));
            }
            index += 1;
        }
        // Whoever made way takes no part.
        shares.retain(|(index, _)| *index < self.running.len());
        // Rows of guesses would take the place of those of a prompt.
        if shares.iter().all(|(index, _)| self.running[*index].left() == 1) {
            self.add_drafts(&mut shares);
        }
        // Those that share blocks stand side by side, so that attention reads these once.
        shares.sort_by_key(|(index, _)| self.running[*index].timeline.blocks());
        shares
    }

    /// Makes room for more positions of a job: whoever came last makes way. False if that is the job itself.
    fn make_room(&mut self, index: usize, rows: usize) -> bool {
        loop {
            let timeline = &mut self.running[index].timeline;
            let end = timeline.computed() + rows;
            let Err(error) = self.cache.reserve(timeline, end) else { return true };
            let Some(mut last) = self.running.pop() else { return false };
            if index == 0 && self.running.is_empty() {
                last.work.fail(error);
                last.end(&mut self.cache);
                return false;
            }
            self.stats.preempted += 1;
            last.make_way(&mut self.cache);
            self.waiting.insert(last.place, last);
            if self.running.len() == index {
                return false;
            }
        }
    }

    /// Lets texts guess, as far as that is worth the time.
    fn add_drafts(&mut self, shares: &mut [(usize, Share)]) {
        let worth = match self.limits.guessing {
            Guessing::Never => return,
            Guessing::IfWorth => self.costs.worth(shares.len()),
            #[cfg(test)]
            Guessing::Always => 0.05,
        };
        let mut logits = LOGITS_PER_STEP - shares.len();
        for (index, share) in shares {
            let Job { work: Work::Write(writer), timeline, .. } = &mut self.running[*index] else { continue };
            let drafted = writer.draft(worth);
            if drafted == 0 {
                continue;
            }
            if drafted > logits || self.cache.reserve(timeline, timeline.computed() + 1 + drafted).is_err() {
                writer.forget_draft();
                continue;
            }
            logits -= drafted;
            self.stats.drafted_tokens += drafted as u64;
            *share = Share { rows: 1 + drafted, logits: 1 + drafted };
        }
    }

    fn run(&mut self, shares: &[(usize, Share)]) {
        self.batch.clear();
        let mut firsts = Vec::with_capacity(shares.len());
        for (index, share) in shares {
            let first = First { logits: self.batch.logits().len(), hidden: self.batch.hidden().len() };
            let job = &mut self.running[*index];
            firsts.push((*index, first, job.timeline.computed()));
            if let Err(error) = job.push(*share, &mut self.batch, &mut self.cache, self.backend.as_mut()) {
                job.work.fail(error);
            }
        }
        self.stats.steps += 1;
        self.stats.rows += self.batch.rows().len() as u64;
        let started = Instant::now();
        match self.backend.forward(&self.batch) {
            Ok(step) => {
                if self.batch.rows().len() == self.batch.logits().len() {
                    self.costs.learn(self.batch.rows().len(), started.elapsed().as_secs_f64());
                }
                for (index, first, _) in firsts {
                    let job = &mut self.running[index];
                    job.take(self.backend.as_ref(), &mut self.cache, (&step, first), &mut self.stats);
                }
                self.backend.recycle(step);
            }
            Err(error) => {
                let error = Arc::new(error);
                for (index, _, computed) in firsts {
                    let job = &mut self.running[index];
                    // The rest was not computed: it must not be kept.
                    job.timeline.rewind(computed);
                    job.work.fail(super::Error::Step(error.clone()));
                }
            }
        }
    }

    fn remove_finished(&mut self) {
        for mut job in self.running.extract_if(.., |job| job.work.is_finished()) {
            job.end(&mut self.cache);
        }
    }
}
