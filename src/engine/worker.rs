//! The thread that an engine's model runs on.

use std::{
    sync::mpsc::{Receiver, Sender, channel},
    thread::{self, JoinHandle},
};

use super::{
    Error, Result,
    schedule::{Job, Scheduler},
};

/// What the thread is told.
pub(super) enum Order {
    Job(Job),
    Call(Box<dyn FnOnce(&mut Scheduler) + Send>),
}

/// The thread. It ends when the value is dropped and all jobs are done.
#[derive(Debug)]
pub(super) struct Worker {
    inbox: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub(super) fn start(mut scheduler: Scheduler) -> Result<Self> {
        let (inbox, messages) = channel();
        let thread = thread::Builder::new().name("docent-engine".into());
        let thread = thread.spawn(move || run(&mut scheduler, &messages)).map_err(Error::Thread)?;
        Ok(Self { inbox: Some(inbox), thread: Some(thread) })
    }

    /// # Errors
    /// If the thread is gone.
    pub(super) fn send(&self, message: Order) -> Result<()> {
        let inbox = self.inbox.as_ref().ok_or(Error::Stopped)?;
        inbox.send(message).map_err(|_| Error::Stopped)
    }

    /// Does work between two steps and waits for what it gives.
    ///
    /// # Errors
    /// If the thread is gone.
    pub(super) fn call<T: Send + 'static>(&self, work: impl FnOnce(&mut Scheduler) -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = channel();
        self.send(Order::Call(Box::new(move |scheduler| {
            // Whoever asked waits below.
            let _ = answer.send(work(scheduler));
        })))?;
        answered.recv().map_err(|_| Error::Stopped)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.inbox.take());
        // A result may wake a task that drops the last handle of the engine, on the engine's own thread: it ends by itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            // A panic of the thread has reached those who waited for it.
            let _ = thread.join();
        }
    }
}

/// Takes steps as long as there are jobs, and listens between them.
fn run(scheduler: &mut Scheduler, messages: &Receiver<Order>) {
    loop {
        if scheduler.is_idle() {
            match messages.recv() {
                Ok(message) => take(scheduler, message),
                Err(_) => return,
            }
        }
        while let Ok(message) = messages.try_recv() {
            take(scheduler, message);
        }
        scheduler.step();
    }
}

fn take(scheduler: &mut Scheduler, message: Order) {
    match message {
        Order::Job(job) => scheduler.add(job),
        Order::Call(work) => work(scheduler),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, time::Duration};

    use super::*;
    use crate::engine::{Engine, EngineOptions, tiny};

    #[test]
    fn the_last_handle_may_go_on_the_engine_s_own_thread() {
        let engine = Engine::load(&tiny(), &EngineOptions::default()).expect("the tiny model");
        let (last, (go, went), (done, ended)) = (engine.clone(), channel::<()>(), channel());
        let work = move |_: &mut Scheduler| {
            let _ = went.recv();
            drop(last);
            let _ = done.send(());
        };
        engine.shared.worker.send(Order::Call(Box::new(work))).expect("a live thread");
        drop(engine);
        drop(go);
        ended.recv_timeout(Duration::from_secs(60)).expect("the thread goes on");
    }
}
