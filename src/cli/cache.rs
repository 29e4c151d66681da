//! `docent cache`: what a store keeps of models' answers, and what that saved.

use std::path::PathBuf;

use clap::Args;
use docent::recommend::{
    Store,
    answers::{AnswerCache, CacheFigures, CacheLimits},
    counted,
};

use super::{CliError, Context};

/// Seconds of a day and of an hour.
const DAY: u64 = 86_400;
const HOUR: u64 = 3600;

/// Arguments of `docent cache`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CacheArgs {
    /// Folder of the store
    store: PathBuf,
    /// Forget all answers, and what was counted of them
    #[arg(long)]
    clear: bool,
}

/// Runs the command.
///
/// # Errors
/// If there is no store, or its answers cannot be read and written.
pub(crate) fn run(args: &CacheArgs, context: &mut Context) -> Result<(), CliError> {
    Store::open(&args.store)?;
    let limits = context.settings.answers;
    if args.clear && AnswerCache::exists(&args.store) {
        AnswerCache::open(&args.store, limits)?.clear()?;
        context.status("Forgot all answers");
    }
    let figures = AnswerCache::figures_of(&args.store, limits)?;
    if context.json { context.json_line(&figures) } else { context.show(&table(&figures)) }
}

fn table(figures: &CacheFigures) -> String {
    let CacheLimits { seconds, bytes } = figures.limits;
    let age = figures.oldest_seconds.map_or(String::new(), |seconds| format!(", the oldest {} old", duration(seconds)));
    let mut text = format!(
        "{}, {} of at most {}{age}; kept for {}\n",
        counted(figures.answers as usize, "answer", "answers"),
        size(figures.bytes),
        size(bytes),
        duration(seconds)
    );
    if !figures.kinds.is_empty() {
        text += &format!(
            "\n  {:<10}{:>9}{:>11}{:>9}{:>9}{:>8}{:>17}{:>14}\n",
            "kind", "answers", "size", "asked", "found", "hits", "tokens computed", "tokens saved"
        );
    }
    for (kind, of) in &figures.kinds {
        let hits = if of.asked > 0 { 100.0 * of.found as f64 / of.asked as f64 } else { 0.0 };
        text += &format!(
            "  {kind:<10}{:>9}{:>11}{:>9}{:>9}{:>8}{:>17}{:>14}\n",
            of.answers,
            size(of.bytes),
            of.asked,
            of.found,
            format!("{hits:.0} %"),
            of.tokens_computed,
            of.tokens_saved
        );
    }
    text
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_told_in_their_units() {
        assert_eq!([1023, 1024, 5 << 20].map(size), ["1023 B", "1.0 KiB", "5.0 MiB"]);
        assert_eq!([119, 120, 7200, 30 * DAY].map(duration), ["119 s", "2 min", "2 h", "30 days"]);
    }
}
