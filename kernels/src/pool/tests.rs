//! The pool under panics, nesting, many callers and many runs.

use std::collections::HashSet;

use super::*;

fn counts(pool: &Pool, tasks: usize) -> Vec<usize> {
    let calls: Vec<_> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
    pool.run(tasks, &|i| {
        calls[i].fetch_add(1, Ordering::Relaxed);
    });
    calls.into_iter().map(AtomicUsize::into_inner).collect()
}

#[test]
fn every_task_runs_once() {
    for threads in 0..5 {
        let pool = Pool::new(threads);
        assert_eq!(pool.threads(), threads.max(1));
        for tasks in [0, 1, 2, 3, 7, 100, 1000] {
            assert_eq!(counts(&pool, tasks), vec![1; tasks]);
        }
    }
}

#[test]
fn many_runs_with_and_without_pauses() {
    let pool = Pool::new(3);
    let total = AtomicUsize::new(0);
    for i in 0..20_000 {
        pool.run(4, &|_| {
            total.fetch_add(1, Ordering::Relaxed);
        });
        if i % 2_000 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!(total.into_inner(), 80_000);
}

#[test]
fn several_threads_take_part() {
    let pool = Pool::new(2);
    let seen = Mutex::new(HashSet::new());
    let both = std::sync::Barrier::new(2);
    pool.run(2, &|_| {
        both.wait();
        lock(&seen).insert(thread::current().id());
    });
    assert_eq!(lock(&seen).len(), 2);
}

#[test]
fn a_thread_begins_with_its_share_and_then_helps() {
    let pool = Pool::new(2);
    let caller = thread::current().id();
    for (shares, callers) in [(&[0, 2][..], 2), (&[0, 3], 3), (&[0], 4)] {
        // While a thread is in a task of its own share, the other one is in one of its own, or helps.
        let (both, ran) = (std::sync::Barrier::new(2), Mutex::new([None; 4]));
        pool.run_shares(4, shares, &|task| {
            if callers == 2 {
                both.wait();
            }
            lock(&ran)[task] = Some(thread::current().id());
        });
        let ran = ran.into_inner().unwrap_or_else(PoisonError::into_inner);
        assert!(ran.iter().all(Option::is_some), "{shares:?}");
        if callers == 2 {
            assert!(ran[0] == Some(caller) && ran[1] == ran[0] && ran[2] != ran[0] && ran[3] == ran[2], "{ran:?}");
        }
    }
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_stays_usable() {
    let pool = Pool::new(3);
    for round in 0..50 {
        let payload = catch_unwind(AssertUnwindSafe(|| {
            pool.run(20, &|i| {
                if i == 13 {
                    resume_unwind(Box::new(round));
                }
            });
        }))
        .unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&round));
        assert_eq!(counts(&pool, 20), vec![1; 20]);
    }
}

#[test]
fn a_nested_run_stays_on_its_thread() {
    let pool = Pool::new(3);
    let total = AtomicUsize::new(0);
    pool.run(8, &|_| {
        let here = thread::current().id();
        pool.run(8, &|_| {
            assert_eq!(thread::current().id(), here);
            total.fetch_add(1, Ordering::Relaxed);
        });
    });
    assert_eq!(total.into_inner(), 64);
}

#[test]
fn concurrent_callers_take_turns() {
    let pool = Pool::new(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert_eq!(counts(&pool, 9), vec![1; 9]);
                }
            });
        }
    });
}

#[test]
fn drop_joins_sleeping_and_spinning_workers() {
    for pause in [Duration::ZERO, Duration::from_millis(2)] {
        let pool = Pool::new(4);
        counts(&pool, 10);
        thread::sleep(pause);
        let shared = Arc::downgrade(&pool.shared);
        drop(pool);
        assert_eq!(shared.strong_count(), 0);
    }
}

#[test]
fn the_default_is_at_least_one_thread() {
    assert!(Pool::default_threads() >= 1);
}
