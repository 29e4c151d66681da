//! Random schedules on a tiny model: whatever company a job has, it gives what it gives alone.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, atomic::AtomicBool, atomic::Ordering},
};

use async_lock::Semaphore;
use docent_models::{
    Isa, Pool,
    adapter::Adapter,
    backend::{BackendError, BackendKind, Footprint, LoadOptions, Sampling, Step, load},
    batch::AdapterId,
    checkpoint::{Architecture, Checkpoint},
    kv::{BlockId, KV_BLOCK},
    tokenizer::Tokenizer,
};
use futures_channel::{mpsc::UnboundedReceiver, oneshot};
use proptest::prelude::*;

use super::*;
use crate::engine::{
    FinishReason, Generation, Priority, Request, Result as EngineResult, Scores, Scoring, Token,
    constraint::{Guide, Options},
    tiny,
};

const VOCAB: usize = 64;
/// The tiny model's context.
const CONTEXT: usize = 256;
const END: u32 = 2;

/// The tiny model's words.
static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer::from_folder(&tiny()).expect("a tokenizer"));

/// How the jobs of a schedule are run.
#[derive(Clone, Copy, Debug)]
struct Setting {
    blocks: usize,
    keeps: bool,
    limits: Limits,
}

/// Nothing is shared, kept or guessed, and a prompt is one chunk.
const ALONE: Setting =
    Setting { blocks: 8, keeps: false, limits: Limits { rows_per_step: 512, guessing: Guessing::Never } };

fn scheduler(setting: Setting) -> Scheduler {
    Scheduler::new(backend(setting), Cache::new(setting.blocks, setting.keeps, Arc::default()), setting.limits)
}

fn backend(setting: Setting) -> Box<dyn Backend> {
    let options = LoadOptions {
        backend: BackendKind::Cpu,
        isa: Isa::detect(),
        pool: Arc::new(Pool::new(1)),
        kv_positions: setting.blocks * KV_BLOCK,
        kv_format: Default::default(),
        memory: None,
    };
    load(&Checkpoint::open(&tiny()).expect("the tiny model"), &options).expect("a backend")
}

/// A backend that fails in one step.
struct Failing {
    backend: Box<dyn Backend>,
    /// Steps until then.
    left: Option<usize>,
}

impl Backend for Failing {
    fn name(&self) -> String {
        self.backend.name()
    }

    fn architecture(&self) -> &Architecture {
        self.backend.architecture()
    }

    fn kv_blocks(&self) -> usize {
        self.backend.kv_blocks()
    }

    fn footprint(&self) -> Footprint {
        self.backend.footprint()
    }

    fn forward(&mut self, batch: &RaggedBatch) -> docent_models::Result<Step> {
        self.left = match self.left {
            Some(0) => {
                self.left = None;
                return Err(BackendError::NothingAllowed.into());
            }
            left => left.map(|left| left - 1),
        };
        self.backend.forward(batch)
    }

    fn copy_block(&mut self, from: BlockId, to: BlockId) -> docent_models::Result<()> {
        self.backend.copy_block(from, to)
    }

    fn add_adapter(&mut self, adapter: &Adapter) -> docent_models::Result<AdapterId> {
        self.backend.add_adapter(adapter)
    }
}

/// Something to do.
#[derive(Clone, Debug)]
enum Task {
    Write(Request, Option<Vec<Vec<u32>>>),
    Score(Scoring),
    Read(Vec<u32>),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
enum Outcome {
    Written(Generation),
    Scored(Scores),
    Pooled(Vec<f32>),
}

/// A task in a scheduler.
enum Running {
    Write(oneshot::Receiver<EngineResult<Generation>>, UnboundedReceiver<Token>, Arc<AtomicBool>),
    Score(oneshot::Receiver<EngineResult<Scores>>, Arc<AtomicBool>),
    Read(oneshot::Receiver<EngineResult<Vec<f32>>>, Arc<AtomicBool>),
}

impl Running {
    fn cancel(&self) {
        let (Running::Write(_, _, cancelled) | Running::Score(_, cancelled) | Running::Read(_, cancelled)) = self;
        cancelled.store(true, Ordering::Relaxed);
    }

    /// The outcome; `None` for a scoring or reading that was cancelled.
    fn outcome(self) -> Option<Outcome> {
        match self {
            Running::Write(mut end, mut tokens, _) => {
                let written = end.try_recv().expect("a live job").expect("a finished job").expect("no error");
                let mut shown = String::new();
                while let Ok(token) = tokens.try_recv() {
                    shown += &token.text;
                }
                assert_eq!(shown, written.text, "the pieces join to the text");
                Some(Outcome::Written(written))
            }
            Running::Score(mut end, _) => unless_cancelled(end.try_recv()).map(Outcome::Scored),
            Running::Read(mut end, _) => unless_cancelled(end.try_recv()).map(Outcome::Pooled),
        }
    }
}

fn unless_cancelled<T>(end: Result<Option<EngineResult<T>>, oneshot::Canceled>) -> Option<T> {
    match end.expect("a live job").expect("a finished job") {
        Ok(result) => Some(result),
        Err(crate::engine::Error::Cancelled) => None,
        Err(error) => panic!("{error}"),
    }
}

fn add(scheduler: &mut Scheduler, arrival: u64, task: &Task, setting: Setting) -> Running {
    let limit = CONTEXT.min(setting.blocks * KV_BLOCK);
    let (priority, work, running) = match task.clone() {
        Task::Write(request, options) => {
            let (tokens, received) = futures_channel::mpsc::unbounded();
            let (reply, end, cancelled) = Reply::new();
            let guide = options
                .map(|options| Guide::options(Arc::new(Options::new(&options, Some(END), VOCAB).expect("options"))));
            let vocabulary = Vocabulary { tokenizer: TOKENIZER.clone(), limit };
            let priority = request.priority;
            let writer = Writer::new(request, &vocabulary, guide, tokens, reply).expect("a writer");
            (priority, Work::Write(Box::new(writer)), Running::Write(end, received, cancelled))
        }
        Task::Score(scoring) => {
            let (reply, end, cancelled) = Reply::new();
            (scoring.priority, Work::Score(Box::new(Scorer::new(scoring, None, reply))), Running::Score(end, cancelled))
        }
        Task::Read(ids) => {
            let (reply, end, cancelled) = Reply::new();
            let pooler = Pooler::new(ids, scheduler.backend.architecture().hidden(), reply);
            (Priority::Low, Work::Pool(Box::new(pooler)), Running::Read(end, cancelled))
        }
    };
    let permit = Arc::new(Semaphore::new(1)).try_acquire_arc().expect("a permit");
    scheduler.add(Job::new(Place { priority: Reverse(priority), arrival }, work, permit));
    running
}

/// Who runs tasks alone, and what they gave.
type Known = (Option<Scheduler>, HashMap<String, Outcome>);

/// What a task gives with nobody beside it. Tasks repeat, so outcomes are kept.
fn alone(task: &Task) -> Outcome {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().expect("no panic");
    let key = format!("{task:?}");
    if let Some(outcome) = known.1.get(&key) {
        return outcome.clone();
    }
    let scheduler = known.0.get_or_insert_with(|| scheduler(ALONE));
    let running = add(scheduler, 0, task, ALONE);
    while !scheduler.is_idle() {
        scheduler.step();
    }
    let outcome = running.outcome().expect("nobody cancelled it");
    known.1.insert(key, outcome.clone());
    outcome
}

/// Tokens that begin like those of other tasks: `family` decides them up to `shared`, `own` behind it.
fn prompt(family: u32, shared: usize, own: &[u32]) -> Vec<u32> {
    let common = (0..shared as u32).map(|at| 3 + (at * 7 + family * 13 + at * at % 11) % 60);
    common.chain(own.iter().copied()).collect()
}

fn tokens(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(3u32..VOCAB as u32, len)
}

fn task() -> impl Strategy<Value = Task> {
    let prompt = || {
        (0u32..3, prop::sample::select(vec![0usize, 5, 40, 64, 70, 128, 150]), tokens(1..30))
            .prop_map(|(family, shared, own)| prompt(family, shared, &own))
    };
    let sampling = prop::sample::select(vec![
        Sampling::default(),
        Sampling { temperature: 0.8, top_k: 12, ..Sampling::default() },
        Sampling { repetition_penalty: 1.3, ..Sampling::default() },
    ]);
    let priority = prop::sample::select(vec![Priority::Low, Priority::Normal, Priority::High]);
    // Short ones, and ones that leave no choice in their middle for longer than texts have room from the start.
    let forced = |middle: Vec<u32>| {
        let option = |(first, last): (u32, u32)| [&[first], &middle[..], &[last]].concat();
        [(3, 5), (3, 6), (4, 5), (4, 6)].map(option).to_vec()
    };
    let some = prop_oneof![
        3 => prop::collection::vec(tokens(1..6), 1..4),
        1 => tokens(60..130).prop_map(forced),
        1 => tokens(90..130).prop_map(|only| vec![only]),
    ];
    let options = prop::option::weighted(0.3, some);
    let writing = (
        prompt(),
        prop_oneof![4 => 0usize..70, 1 => 70usize..140],
        sampling,
        0u64..4,
        priority.clone(),
        any::<bool>(),
        options,
    )
        .prop_map(|(prompt, max_tokens, sampling, seed, priority, ignore_eos, options)| {
            let request = Request { prompt, max_tokens, sampling, seed, priority, ignore_eos, ..Request::default() };
            Task::Write(request, options)
        });
    let scoring = (prompt(), prop::collection::vec(tokens(0..40), 0..9), any::<bool>(), 0usize..4, priority).prop_map(
        |(prefix, continuations, score_prefix, top, priority)| {
            Task::Score(Scoring { prefix, continuations, score_prefix, top, priority })
        },
    );
    let reading = prompt().prop_map(Task::Read);
    prop_oneof![6 => writing, 2 => scoring, 1 => reading]
}

/// What happens, one after another.
#[derive(Clone, Debug)]
enum Move {
    Add(Task),
    Steps(usize),
    /// Cancels one of those that were added.
    Cancel(prop::sample::Index),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        5 => task().prop_map(Move::Add),
        4 => (1usize..12).prop_map(Move::Steps),
        1 => any::<prop::sample::Index>().prop_map(Move::Cancel),
    ];
    prop::collection::vec(one, 1..24)
}

fn setting() -> impl Strategy<Value = Setting> {
    let rows = prop::sample::select(vec![1usize, 3, 40, 64, 512]);
    let guessing = prop::sample::select(vec![Guessing::Never, Guessing::IfWorth, Guessing::Always]);
    // Room for the longest task by itself, and little more.
    (4usize..14, any::<bool>(), rows, guessing).prop_map(|(blocks, keeps, rows_per_step, guessing)| Setting {
        blocks,
        keeps,
        limits: Limits { rows_per_step, guessing },
    })
}

/// Runs a schedule to its end and compares every outcome.
fn check(setting: Setting, moves: &[Move]) {
    let mut scheduler = scheduler(setting);
    let mut running: Vec<(Task, Running, bool)> = Vec::new();
    for (arrival, action) in moves.iter().enumerate() {
        match action {
            Move::Add(task) => {
                let added = add(&mut scheduler, arrival as u64, task, setting);
                running.push((task.clone(), added, false));
            }
            Move::Steps(steps) => (0..*steps).for_each(|_| scheduler.step()),
            Move::Cancel(which) if !running.is_empty() => {
                let which = which.index(running.len());
                running[which].1.cancel();
                running[which].2 = true;
            }
            Move::Cancel(_) => {}
        }
    }
    let mut steps = 0;
    while !scheduler.is_idle() {
        scheduler.step();
        steps += 1;
        assert!(steps < 200_000, "somebody starves: {:?}", scheduler.stats());
    }
    let stats = scheduler.stats();
    assert_eq!((stats.blocks_in_use, stats.waiting, stats.running), (0, 0, 0), "everything is given back");
    if !setting.keeps {
        assert_eq!(stats.blocks_kept, 0);
    }
    for (task, running, cancelled) in running {
        match (running.outcome(), alone(&task)) {
            (Some(Outcome::Written(got)), Outcome::Written(whole)) if got.finish_reason == FinishReason::Cancelled => {
                assert!(cancelled && whole.ids.starts_with(&got.ids) && whole.text.starts_with(&got.text), "{task:?}");
            }
            (None, _) => assert!(cancelled),
            (Some(got), whole) => assert_eq!(got, whole, "{task:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_job_gives_what_it_gives_alone(setting in setting(), moves in moves()) {
        check(setting, &moves);
    }
}

/// A text of `max_tokens` tokens behind a prompt.
fn text(prompt: Vec<u32>, max_tokens: usize) -> Task {
    Task::Write(Request { prompt, max_tokens, ignore_eos: true, ..Request::default() }, None)
}

#[test]
fn what_prompts_have_in_common_is_computed_once() {
    let setting = Setting { blocks: 32, keeps: true, limits: Limits { rows_per_step: 512, guessing: Guessing::Never } };
    let mut scheduler = scheduler(setting);
    let tasks: Vec<Task> = (0..8).map(|own| text(prompt(0, 150, &[3 + own, 9]), 4)).collect();
    let running: Vec<Running> =
        tasks.iter().enumerate().map(|(i, task)| add(&mut scheduler, i as u64, task, setting)).collect();
    while !scheduler.is_idle() {
        scheduler.step();
    }
    let stats = scheduler.stats();
    assert_eq!(stats.prompt_tokens, 8 * 152);
    assert_eq!(stats.cached_tokens, 7 * 150, "all but the first find what they share");
    assert_eq!(stats.rows, 152 + 7 * 2 + 8 * 3, "the last token of a text is not computed");
    for (task, running) in tasks.iter().zip(running) {
        assert_eq!(running.outcome().expect("an outcome"), alone(task));
    }
    // Once more: all but the last token of the prompt is found.
    let again = add(&mut scheduler, 9, &tasks[3], setting);
    while !scheduler.is_idle() {
        scheduler.step();
    }
    assert_eq!(scheduler.stats().cached_tokens - stats.cached_tokens, 151);
    assert_eq!(again.outcome().expect("an outcome"), alone(&tasks[3]));
}

#[test]
fn nobody_waits_for_what_is_not_kept() {
    for (keeps, together) in [(true, 1), (false, 3)] {
        let setting = Setting { blocks: 16, keeps, limits: Limits { rows_per_step: 64, guessing: Guessing::Never } };
        let mut scheduler = scheduler(setting);
        let tasks: Vec<Task> = (0..3).map(|own| text(prompt(0, 150, &[3 + own, 9]), 4)).collect();
        let running: Vec<Running> =
            tasks.iter().enumerate().map(|(i, task)| add(&mut scheduler, i as u64, task, setting)).collect();
        scheduler.step();
        assert_eq!(scheduler.stats().running, together);
        drop(running);
    }
}

#[test]
fn the_least_recently_used_prefix_goes_first() {
    let setting = Setting { blocks: 8, keeps: true, limits: Limits { rows_per_step: 512, guessing: Guessing::Never } };
    let mut scheduler = scheduler(setting);
    let mut cached = |family: u32| {
        let before = scheduler.stats().cached_tokens;
        let running = add(&mut scheduler, 0, &text(prompt(family, 128, &[5]), 1), setting);
        while !scheduler.is_idle() {
            scheduler.step();
        }
        drop(running);
        scheduler.stats().cached_tokens - before
    };
    // Each takes three blocks: two whole ones, and one that is begun.
    assert_eq!([0, 1, 0].map(&mut cached), [0, 0, 128]);
    assert_eq!([2, 0, 1].map(&mut cached), [0, 128, 64], "1 was used before 0, so what was needed of it is gone");
}

#[test]
fn texts_make_way_for_those_that_came_before() {
    let setting = Setting { blocks: 4, keeps: true, limits: Limits { rows_per_step: 64, guessing: Guessing::Never } };
    let mut scheduler = scheduler(setting);
    // Each grows to three blocks of four, and none knows so at the start.
    let tasks: Vec<Task> = (0..4).map(|own| text(vec![3 + own; 20], 150)).collect();
    let running: Vec<Running> =
        tasks.iter().enumerate().map(|(i, task)| add(&mut scheduler, i as u64, task, setting)).collect();
    while !scheduler.is_idle() {
        scheduler.step();
    }
    assert!(scheduler.stats().preempted > 0);
    for (task, running) in tasks.iter().zip(running) {
        assert_eq!(running.outcome().expect("an outcome"), alone(task));
    }
}

#[test]
fn what_a_failed_step_did_not_compute_is_not_kept() {
    let setting = Setting { blocks: 16, keeps: true, limits: Limits { rows_per_step: 64, guessing: Guessing::Never } };
    // In the first piece of the prompt, in a later one, and in the text.
    for (left, kept) in [(0, 0), (1, 64), (4, 151)] {
        let backend = Box::new(Failing { backend: backend(setting), left: Some(left) });
        let cache = Cache::new(setting.blocks, setting.keeps, Arc::default());
        let mut scheduler = Scheduler::new(backend, cache, setting.limits);
        let task = text(prompt(0, 150, &[3, 9]), 8);
        let outcomes = [0, 1].map(|arrival| {
            let running = add(&mut scheduler, arrival, &task, setting);
            while !scheduler.is_idle() {
                scheduler.step();
            }
            running
        });
        let [Running::Write(mut failed, ..), again] = outcomes else { panic!("texts") };
        assert!(matches!(failed.try_recv(), Ok(Some(Err(crate::engine::Error::Step(_))))), "{left}");
        assert_eq!(scheduler.stats().cached_tokens, kept, "{left}");
        assert_eq!(again.outcome().expect("an outcome"), alone(&task), "{left}");
    }
}

#[test]
fn nobody_guesses_while_a_prompt_is_read() {
    let setting =
        Setting { blocks: 5, keeps: false, limits: Limits { rows_per_step: 512, guessing: Guessing::Always } };
    let mut scheduler = scheduler(setting);
    let task = |prompt: Vec<u32>, max_tokens, priority, options| {
        let request = Request { prompt, max_tokens, priority, ignore_eos: true, ..Request::default() };
        Task::Write(request, options)
    };
    // How it begins and ends is open, and what lies between takes two blocks more than it has room for.
    let ends = [(3, 5), (3, 6), (4, 5), (4, 6)];
    let forced = ends.map(|(first, last)| [&[first][..], &[9; 200], &[last]].concat()).to_vec();
    let tasks = [
        task(vec![5; 20], 40, Priority::Low, None),
        task(vec![6; 20], 40, Priority::Low, None),
        task(vec![7; 20], 210, Priority::Normal, Some(forced)),
        task([5, 6, 7, 8].repeat(5), 40, Priority::High, None),
    ];
    let mut running = Vec::new();
    for (arrival, task) in tasks.iter().enumerate() {
        running.push(add(&mut scheduler, arrival as u64, task, setting));
        if arrival > 0 {
            scheduler.step();
        }
    }
    assert_eq!(scheduler.stats().preempted, 2, "as many made way as joined");
    while !scheduler.is_idle() {
        scheduler.step();
    }
    for (task, running) in tasks.iter().zip(running) {
        assert_eq!(running.outcome().expect("an outcome"), alone(task));
    }
}

#[test]
fn low_priorities_wait_and_do_not_starve() {
    let setting = Setting { blocks: 4, keeps: false, limits: Limits { rows_per_step: 64, guessing: Guessing::Never } };
    let mut scheduler = scheduler(setting);
    let request = |own: u32, priority| {
        Task::Write(
            Request { prompt: vec![own; 150], max_tokens: 2, priority, ignore_eos: true, ..Request::default() },
            None,
        )
    };
    let low = add(&mut scheduler, 0, &request(3, Priority::Low), setting);
    let mut low = Some(low);
    let mut done_after = None;
    for arrival in 1..40 {
        // There is always somebody who goes first.
        let high = add(&mut scheduler, arrival, &request(4 + arrival as u32, Priority::High), setting);
        while !scheduler.running.is_empty() || scheduler.waiting.len() > 1 {
            scheduler.step();
        }
        drop(high);
        if let Some(Running::Write(mut end, ..)) = low.take() {
            match end.try_recv() {
                Ok(Some(_)) => done_after = Some(arrival),
                _ => low = Some(Running::Write(end, futures_channel::mpsc::unbounded().1, Arc::default())),
            }
        }
        if done_after.is_some() {
            break;
        }
    }
    assert!(done_after.is_some_and(|after| after > 1), "{done_after:?}");
}

#[test]
fn guesses_save_steps_and_change_nothing() {
    let run = |guessing| {
        let setting = Setting { blocks: 8, keeps: false, limits: Limits { rows_per_step: 64, guessing } };
        let mut scheduler = scheduler(setting);
        // A prompt that repeats itself; a model this small soon does so, too.
        let task = text([5, 6, 7, 8].repeat(12), 120);
        let running = add(&mut scheduler, 0, &task, setting);
        while !scheduler.is_idle() {
            scheduler.step();
        }
        (running.outcome().expect("an outcome"), scheduler.stats())
    };
    let ((plain, without), (guessed, with)) = (run(Guessing::Never), run(Guessing::Always));
    assert_eq!(plain, guessed);
    assert!(with.accepted_tokens > 0 && with.steps < without.steps, "{with:?}");
    assert_eq!(with.steps + with.accepted_tokens, without.steps);
}
