//! What a person sees while bytes arrive or work advances: a bar on a terminal, a line every few seconds elsewhere.
//!
//! Everything goes to stderr; stdout belongs to results.

use std::io::{IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use docent::models::hub::Progress;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Seldom enough not to fill a log, often enough to see that something moves.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

const KNOWN_TOTAL: &str = "{msg:32!} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN_TOTAL: &str = "{msg:32!} {spinner} {bytes} {bytes_per_sec}";
const COUNTED: &str = "{msg} {wide_bar} {pos}/{len} {per_sec} {eta}";

/// Counts the parts of a piece of work on stderr.
pub(crate) struct Counter(Option<Task>);

impl Counter {
    /// Announces `what`, of `total` parts; nothing is shown if `quiet`.
    pub(crate) fn new(what: &str, total: u64, quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Counter((!quiet).then(|| match is_terminal {
            true => Task::Bar(styled(COUNTED, what, Some(total))),
            false => Task::Lines(Lines::new(what, Some(total), |parts| parts.to_string(), Instant::now())),
        }))
    }

    /// Counts `parts` more.
    pub(crate) fn advance(&mut self, parts: u64) {
        if let Some(task) = &mut self.0 {
            task.advance(parts);
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        if let Some(Task::Bar(bar)) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Shows the progress of fetches on stderr.
#[derive(Debug)]
pub(crate) struct StderrProgress {
    is_terminal: bool,
    task: Mutex<Option<Task>>,
}

#[derive(Debug)]
enum Task {
    Bar(ProgressBar),
    Lines(Lines),
}

/// The progress of one task, told in lines.
#[derive(Debug)]
struct Lines {
    what: String,
    total: Option<u64>,
    done: u64,
    /// How a number of parts is written.
    show: fn(u64) -> String,
    due: Instant,
}

impl Task {
    fn advance(&mut self, parts: u64) {
        match self {
            Task::Bar(bar) => bar.inc(parts),
            Task::Lines(lines) => {
                if let Some(line) = lines.advance(parts, Instant::now()) {
                    // Progress that cannot be shown is no reason to fail.
                    let _ = writeln!(std::io::stderr(), "{line}");
                }
            }
        }
    }
}

impl StderrProgress {
    /// Bars if stderr is a terminal, lines otherwise.
    pub(crate) fn new() -> Self {
        StderrProgress { is_terminal: std::io::stderr().is_terminal(), task: Mutex::new(None) }
    }

    fn with_task(&self, change: impl FnOnce(&mut Option<Task>)) {
        change(&mut self.task.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Default for StderrProgress {
    fn default() -> Self {
        StderrProgress::new()
    }
}

impl Progress for StderrProgress {
    fn start(&self, what: &str, total: Option<u64>) {
        self.with_task(|task| {
            if let Some(Task::Bar(bar)) = task.take() {
                bar.finish_and_clear();
            }
            *task = Some(if self.is_terminal {
                Task::Bar(bar(what, total))
            } else {
                Task::Lines(Lines::new(what, total, bytes, Instant::now()))
            });
        });
    }

    fn advance(&self, bytes: u64) {
        self.with_task(|task| {
            if let Some(task) = task {
                task.advance(bytes);
            }
        });
    }

    fn finish(&self) {
        self.with_task(|task| {
            if let Some(Task::Bar(bar)) = task.take() {
                bar.finish_and_clear();
            }
        });
    }
}

impl Lines {
    fn new(what: &str, total: Option<u64>, show: fn(u64) -> String, now: Instant) -> Self {
        Lines { what: what.to_owned(), total, done: 0, show, due: now + BETWEEN_LINES }
    }

    /// Counts `parts`, and gives the line that is due, if one is.
    fn advance(&mut self, parts: u64, now: Instant) -> Option<String> {
        self.done += parts;
        if now < self.due {
            return None;
        }
        self.due = now + BETWEEN_LINES;
        let total = self.total.map(|total| format!(" of {}", (self.show)(total))).unwrap_or_default();
        Some(format!("{}: {}{total}", self.what, (self.show)(self.done)))
    }
}

fn bytes(bytes: u64) -> String {
    HumanBytes(bytes).to_string()
}

fn bar(what: &str, total: Option<u64>) -> ProgressBar {
    styled(if total.is_some() { KNOWN_TOTAL } else { UNKNOWN_TOTAL }, what, total)
}

fn styled(template: &str, what: &str, total: Option<u64>) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.set_message(what.to_owned());
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_every_few_seconds_at_most() {
        let start = Instant::now();
        let mut lines = Lines::new("model.gguf", Some(4096), bytes, start);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(lines.advance(1024, at(1)), None);
        assert_eq!(lines.advance(1024, at(5)).as_deref(), Some("model.gguf: 2.00 KiB of 4.00 KiB"));
        assert_eq!(lines.advance(1024, at(9)), None);
        assert_eq!(lines.advance(1024, at(10)).as_deref(), Some("model.gguf: 4.00 KiB of 4.00 KiB"));
        let mut unknown = Lines::new("package", None, bytes, start);
        assert_eq!(unknown.advance(512, at(6)).as_deref(), Some("package: 512 B"));
        let mut counted = Lines::new("embedding", Some(9), |parts| parts.to_string(), start);
        assert_eq!(counted.advance(7, at(6)).as_deref(), Some("embedding: 7 of 9"));
    }

    #[test]
    fn the_templates_are_valid() {
        for template in [KNOWN_TOTAL, UNKNOWN_TOTAL, COUNTED] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
