//! Many jobs at once: nothing is lost, nobody waits for ever, and what is not read holds nobody up.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use docent::engine::{Engine, EngineOptions, Error, FinishReason, Generation, Priority, Request, Sampling, Scoring};

use crate::support::reference;

/// A tiny model with a cache of `blocks` blocks.
fn tiny(blocks: usize, queue: usize) -> Engine {
    let options = EngineOptions { threads: Some(1), kv_positions: 64 * blocks, queue, ..EngineOptions::default() };
    Engine::load(&reference("tiny/llama-plain"), &options).unwrap()
}

/// One of 40 different requests.
fn request(which: usize) -> Request {
    let which = which % 40;
    let prompt = (0..4 + which as u32 % 9).map(|at| 3 + (7 * at + which as u32) % 60).collect();
    let sampling = Sampling { temperature: 0.9, ..Sampling::default() };
    Request { prompt, max_tokens: 5 + which % 30, sampling, seed: which as u64, ignore_eos: true, ..Request::default() }
}

#[test]
fn four_thousand_texts_through_room_for_thirty_two() {
    let engine = tiny(32, 64);
    let alone: HashMap<usize, Generation> =
        (0..40).map(|which| (which, engine.complete(&request(which)).unwrap())).collect();
    let next = AtomicUsize::new(0);
    let cancelled = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut running = Vec::new();
                loop {
                    let which = next.fetch_add(1, Ordering::Relaxed);
                    if which >= 4000 {
                        break;
                    }
                    let generating = engine.submit(request(which)).unwrap();
                    // Half of them are cancelled, before they begin or in the middle.
                    if which % 4 == 1 {
                        generating.cancel();
                    }
                    running.push((which, generating));
                    while running.len() >= 25 {
                        let (which, mut generating) = running.remove(0);
                        if which % 4 == 3 {
                            generating.next_token();
                            generating.cancel();
                        }
                        check(&alone, which, &generating.wait().unwrap(), &cancelled);
                    }
                }
                for (which, generating) in running {
                    check(&alone, which, &generating.wait().unwrap(), &cancelled);
                }
            });
        }
    });
    assert!(cancelled.into_inner() > 500);
    let stats = engine.stats().unwrap();
    assert_eq!((stats.waiting, stats.running, stats.blocks_in_use), (0, 0, 0), "{stats:?}");
    assert!(
        stats.jobs <= 4040 && stats.jobs > 3000,
        "one that is cancelled before it starts does not count: {stats:?}"
    );
}

fn check(alone: &HashMap<usize, Generation>, which: usize, got: &Generation, cancelled: &AtomicUsize) {
    let whole = &alone[&(which % 40)];
    if got.finish_reason == FinishReason::Cancelled {
        assert!(which % 2 == 1, "{which}");
        assert!(whole.ids.starts_with(&got.ids));
        cancelled.fetch_add(1, Ordering::Relaxed);
    } else {
        assert_eq!(got, whole, "{which}");
    }
}

#[test]
fn what_is_dropped_is_cancelled_and_what_is_not_read_goes_on() {
    let engine = tiny(16, 64);
    let long = Request { max_tokens: 200, ..request(3) };
    let unread = engine.submit(long.clone()).unwrap();
    drop(engine.submit(Request { seed: 99, ..long.clone() }).unwrap());
    // The unread one ends although nobody takes its tokens, and others end before and after it.
    let other = engine.complete(&request(5)).unwrap();
    assert_eq!(other.ids.len(), request(5).max_tokens);
    while engine.stats().unwrap().running > 0 {
        thread::yield_now();
    }
    let stats = engine.stats().unwrap();
    assert_eq!((stats.waiting, stats.blocks_in_use), (0, 0));
    assert_eq!(unread.wait().unwrap(), engine.complete(&long).unwrap());
}

#[test]
fn a_full_queue_refuses_or_makes_wait() {
    let engine = tiny(4, 2);
    let long = |seed| Request { max_tokens: 150, seed, prompt: vec![5; 100], ..request(0) };
    let mut running: Vec<_> = (0..2).map(|seed| engine.submit(long(seed)).unwrap()).collect();
    let mut refused = 0;
    for seed in 2..60 {
        match engine.try_submit(long(seed)) {
            Ok(generating) => running.push(generating),
            Err(Error::Busy) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 0);
    // This one waits for its place in the queue.
    running.push(engine.submit(Request { priority: Priority::High, ..long(99) }).unwrap());
    for generating in running {
        assert_eq!(generating.wait().unwrap().ids.len(), 150);
    }
}

#[test]
fn jobs_outlive_the_handle_that_sent_them() {
    let engine = tiny(8, 8);
    let whole = engine.complete(&request(7)).unwrap();
    let generating = engine.clone().submit(request(7)).unwrap();
    let scoring = Scoring { prefix: vec![4, 5, 6], continuations: vec![vec![7, 8]], ..Scoring::default() };
    let scored = engine.submit_scoring(scoring.clone()).unwrap();
    let scores = engine.score(&scoring).unwrap();
    drop(engine);
    assert_eq!(generating.wait().unwrap(), whole);
    assert_eq!(scored.wait().unwrap(), scores);
}

#[test]
fn a_token_that_the_model_lacks_is_refused_before_it_shares_a_step() {
    let engine = tiny(8, 8);
    let whole = engine.complete(&request(7)).unwrap();
    let beside = engine.submit(request(7)).unwrap();
    let wrong = Request { prompt: vec![5, 64], ..request(7) };
    assert!(matches!(engine.submit(wrong).unwrap_err(), Error::Token { token: 64, vocab: 64 }));
    let prefix = Scoring { prefix: vec![99], ..Scoring::default() };
    let continuation = Scoring { prefix: vec![5], continuations: vec![vec![6], vec![7, 70]], ..Scoring::default() };
    for (scoring, wrong) in [(prefix, 99), (continuation, 70)] {
        assert!(matches!(engine.score(&scoring).unwrap_err(), Error::Token { token, .. } if token == wrong));
    }
    assert_eq!(beside.wait().unwrap(), whole);
}
