//! How a fetch reports that it advances. The library itself prints nothing.

/// Hears how a fetch advances: one file at a time, always on the thread that called the resolver.
pub trait Progress: Send + Sync {
    /// Work on `what` begins, of `total` bytes if that is known. Called again for the same file when it has to start
    /// over; bytes that an interrupted fetch left behind are reported at once by [`advance`](Progress::advance).
    fn start(&self, what: &str, total: Option<u64>);
    /// `bytes` more are here.
    fn advance(&self, bytes: u64);
    /// The work that [`start`](Progress::start) announced ended, well or not.
    fn finish(&self);
}

/// Hears and says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn start(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn finish(&self) {}
}

/// Announces one piece of work and says that it ended when dropped, so that an early return cannot forget to.
pub(super) struct Task<'a>(&'a dyn Progress);

impl<'a> Task<'a> {
    pub(super) fn start(progress: &'a dyn Progress, what: &str, total: Option<u64>) -> Self {
        progress.start(what, total);
        Task(progress)
    }

    pub(super) fn advance(&self, bytes: u64) {
        self.0.advance(bytes);
    }

    pub(super) fn restart(&self, what: &str, total: Option<u64>) {
        self.0.start(what, total);
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}
