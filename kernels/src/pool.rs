//! The compute pool: a few threads that wait for work by spinning briefly, then sleep.
//!
//! A step of a model is hundreds of short parallel loops, so that starting one must cost well under a
//! microsecond, and an idle pool nothing.
//!
//! Every thread has a *share* of a loop's tasks, a range that it begins with; one that is done with its own helps the
//! others. So loops whose tasks are in the order of the same rows leave these with the same threads, and what one loop
//! wrote the next one finds in the caches of its own core: it takes several times as long to come from another one, all the
//! more if that is on another die. Which thread runs which task is left to chance even so, and tasks must not depend on it.
//!
//! The state of the loop in progress is one word, the *gate*: its number, whether it is open, and how many
//! workers are inside. A worker may touch the loop only between entering and leaving an open gate, and
//! [`Pool::run`] returns only after it has closed the gate and seen the last worker leave.

#![allow(unsafe_code)]

use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::ahead::Ahead;

/// How long a thread spins before it sleeps: longer than the gaps between the loops of one step, shorter
/// than a scheduler's time slice.
const SPIN: Duration = Duration::from_micros(40);

/// One loop in the number part of the gate.
const NEXT_LOOP: u64 = 1 << 32;
/// Set while workers may enter.
const OPEN: u64 = 1 << 31;
/// Set once the pool is dropped.
const SHUT_DOWN: u64 = 1 << 30;
/// The workers inside.
const INSIDE: u64 = SHUT_DOWN - 1;

thread_local! {
    /// While this thread runs tasks, of whichever pool: which of its threads it is.
    static RUNNING: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The first of `tasks` tasks, or rows, that are in the share of `thread` of so many threads, where shares are equal.
pub(crate) fn first_of_share(thread: usize, threads: usize, tasks: usize) -> usize {
    (thread * tasks).div_ceil(threads)
}

/// Which thread of a pool runs this task; the caller of a loop is the first one.
pub(crate) fn this_thread() -> usize {
    RUNNING.get().unwrap_or_default()
}

/// The threads that compute. One pool serves a whole process.
pub struct Pool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
    /// Held by the thread whose loop is in progress.
    turn: Mutex<()>,
}

struct Shared {
    gate: AtomicU64,
    /// Written while the gate is closed and nobody is inside, read inside only.
    task: UnsafeCell<&'static (dyn Fn(usize) + Sync)>,
    /// The tasks of each thread; the caller's come first.
    shares: Box<[Share]>,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// Workers that sleep or are about to.
    asleep: AtomicUsize,
    sleep: Mutex<()>,
    opened: Condvar,
    left: Condvar,
    /// What each thread fetches while it waits; the caller's comes first.
    ahead: Box<[Ahead]>,
}

/// Tasks that a thread begins with: those from `next` on that have not begun, up to `end`.
#[derive(Default)]
#[repr(align(128))]
struct Share {
    next: AtomicUsize,
    end: AtomicUsize,
}

impl Share {
    /// Takes the next task.
    fn take(&self) -> Option<usize> {
        let end = self.end.load(Ordering::Relaxed);
        // Looking first keeps the counter where it is once nothing is left, and from running over.
        let begun = self.next.load(Ordering::Relaxed) >= end;
        let task = || self.next.fetch_add(1, Ordering::Relaxed);
        (!begun).then(task).filter(|task| *task < end)
    }
}

// SAFETY: all fields but `task` are `Sync`, and `task` is only accessed as its comment says: the opening
// and the leaving of the gate order its writes and reads.
unsafe impl Sync for Shared {}

// SAFETY: `task` refers to something `Sync`; nothing else is bound to a thread.
unsafe impl Send for Shared {}

impl Pool {
    /// A pool of `threads` threads: the one that calls [`run`](Pool::run) and workers beside it.
    ///
    /// At least one; fewer than asked for if the system refuses to start more.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Shared {
            gate: AtomicU64::new(0),
            task: UnsafeCell::new(&|_| {}),
            shares: (0..threads.max(1)).map(|_| Share::default()).collect(),
            panic: Mutex::new(None),
            asleep: AtomicUsize::new(0),
            sleep: Mutex::new(()),
            opened: Condvar::new(),
            left: Condvar::new(),
            ahead: (0..threads.max(1)).map(|_| Ahead::default()).collect(),
        });
        let workers = (1..threads)
            .map_while(|i| {
                let shared = Arc::clone(&shared);
                thread::Builder::new().name(format!("compute-{i}")).spawn(move || shared.work(i)).ok()
            })
            .collect();
        Pool { shared, workers, turn: Mutex::new(()) }
    }

    /// Threads that compute, the caller's included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// How many threads this process may keep busy: the processors that it may run on, or the CPU quota of
    /// its control group where that is less.
    pub fn default_threads() -> usize {
        thread::available_parallelism().map_or(1, NonZero::get)
    }

    /// Says what a thread reads next: task `thread` of the next loop reads these bytes first. Threads that wait fetch them.
    pub(crate) fn fetch_ahead(&self, thread: usize, bytes: [&[u8]; 2]) {
        if let Some(ahead) = self.shared.ahead.get(thread) {
            ahead.take(bytes);
        }
    }

    /// Calls `task` with each of `0..tasks`, on all threads, and returns when all calls have returned. Each thread begins with
    /// an equal share of them, in their order.
    ///
    /// Calls from several threads take turns; a call from inside a task runs on that thread alone.
    ///
    /// # Panics
    ///
    /// If a task panics: with the first panic's payload, after the tasks that had begun are done. The
    /// others are not begun. The pool stays usable.
    pub fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let threads = self.threads();
        self.run_from(tasks, &|thread| first_of_share(thread, threads, tasks), task);
    }

    /// The same, where the share of a thread begins with the task that `first` has for it, ascending from 0 on; threads that it has none
    /// for begin with helping others.
    pub(crate) fn run_shares(&self, tasks: usize, first: &[usize], task: &(dyn Fn(usize) + Sync)) {
        self.run_from(tasks, &|thread| first.get(thread).copied().unwrap_or(tasks), task);
    }

    fn run_from(&self, tasks: usize, first: &dyn Fn(usize) -> usize, task: &(dyn Fn(usize) + Sync)) {
        if tasks <= 1 || self.workers.is_empty() || RUNNING.get().is_some() {
            (0..tasks).for_each(task);
            return;
        }
        let turn = lock(&self.turn);
        // SAFETY: only the lifetime changes. The reference is used inside the gate only, and this function
        // does not return, not even by unwinding, before the gate is closed and everyone has left.
        let task = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task) };
        self.shared.open(tasks, first, task);
        self.shared.take_tasks(task, 0);
        self.shared.close();
        let panic = lock(&self.shared.panic).take();
        drop(turn);
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.gate.fetch_or(SHUT_DOWN, Ordering::SeqCst);
        self.shared.wake();
        for worker in self.workers.drain(..) {
            // A worker catches the panics of its tasks, so there is none to pass on.
            let _ = worker.join();
        }
    }
}

impl std::fmt::Debug for Pool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool").field("threads", &self.threads()).finish()
    }
}

impl Shared {
    /// Opens the gate to a new loop. The caller holds the turn, and the gate is closed and empty.
    fn open(&self, tasks: usize, first: &dyn Fn(usize) -> usize, task: &'static (dyn Fn(usize) + Sync)) {
        // SAFETY: the gate is closed and nobody is inside, so nobody reads.
        unsafe { *self.task.get() = task };
        let mut next = 0;
        for (thread, share) in self.shares.iter().enumerate() {
            let end = if thread + 1 < self.shares.len() { first(thread + 1).clamp(next, tasks) } else { tasks };
            share.next.store(next, Ordering::Relaxed);
            share.end.store(end, Ordering::Relaxed);
            next = end;
        }
        let gate = self.gate.load(Ordering::Relaxed);
        // `SeqCst` here and in `sleep_until`: either this thread sees the sleeper, or the sleeper sees
        // the open gate.
        self.gate.store((gate & !INSIDE).wrapping_add(NEXT_LOOP) | OPEN, Ordering::SeqCst);
        if self.asleep.load(Ordering::SeqCst) > 0 {
            self.wake();
        }
    }

    /// Closes the gate and waits until everyone has left.
    fn close(&self) {
        self.gate.fetch_and(!OPEN, Ordering::SeqCst);
        if spin_until(&self.ahead[0], || self.gate.load(Ordering::Acquire) & INSIDE == 0) {
            return;
        }
        let mut guard = lock(&self.sleep);
        while self.gate.load(Ordering::SeqCst) & INSIDE != 0 {
            guard = self.left.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wakes the workers that sleep. The lock makes sure that none is between its last look and its sleep.
    fn wake(&self) {
        drop(lock(&self.sleep));
        self.opened.notify_all();
    }

    /// The life of worker `index`.
    fn work(&self, index: usize) {
        let mut last = 0;
        loop {
            let ready = |gate: u64| gate & SHUT_DOWN != 0 || (gate & OPEN != 0 && gate / NEXT_LOOP != last);
            if !spin_until(&self.ahead[index], || ready(self.gate.load(Ordering::Acquire))) {
                self.sleep_until(ready);
            }
            let gate = self.gate.load(Ordering::Acquire);
            if gate & SHUT_DOWN != 0 {
                return;
            }
            if !ready(gate) || self.gate.compare_exchange(gate, gate + 1, Ordering::AcqRel, Ordering::Relaxed).is_err()
            {
                continue;
            }
            last = gate / NEXT_LOOP;
            // SAFETY: this thread is inside, so nobody writes.
            let task = unsafe { *self.task.get() };
            self.take_tasks(task, index);
            let before = self.gate.fetch_sub(1, Ordering::AcqRel);
            if before & OPEN == 0 && before & INSIDE == 1 {
                drop(lock(&self.sleep));
                self.left.notify_all();
            }
        }
    }

    fn sleep_until(&self, ready: impl Fn(u64) -> bool) {
        let mut guard = lock(&self.sleep);
        self.asleep.fetch_add(1, Ordering::SeqCst);
        while !ready(self.gate.load(Ordering::SeqCst)) {
            guard = self.opened.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.asleep.fetch_sub(1, Ordering::SeqCst);
    }

    /// Runs tasks until none is left, those of `thread` first; keeps the first panic and abandons the tasks that have not begun.
    fn take_tasks(&self, task: &(dyn Fn(usize) + Sync), thread: usize) {
        RUNNING.set(Some(thread));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let (others, own) = self.shares.split_at(thread);
            for share in own.iter().chain(others) {
                while let Some(i) = share.take() {
                    task(i);
                }
            }
        }));
        RUNNING.set(None);
        if let Err(payload) = outcome {
            self.shares.iter().for_each(|share| share.end.store(0, Ordering::Relaxed));
            lock(&self.panic).get_or_insert(payload);
        }
    }
}

/// Fetches what comes next, or spins, until `done` or until [`SPIN`] has passed; whether it was done.
fn spin_until(ahead: &Ahead, done: impl Fn() -> bool) -> bool {
    let mut start = None;
    loop {
        for _ in 0..32 {
            if done() {
                return true;
            }
            if !ahead.fetch() {
                std::hint::spin_loop();
            }
        }
        if start.get_or_insert_with(Instant::now).elapsed() > SPIN {
            return false;
        }
    }
}

/// A lock whose data no panic can leave inconsistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
