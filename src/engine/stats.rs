//! What an engine has done so far.

/// Counts since an engine was loaded, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stats {
    /// Texts and scorings that were started.
    pub jobs: u64,
    /// Steps that were taken.
    pub steps: u64,
    /// Rows of all steps: tokens that the model computed.
    pub rows: u64,
    /// Tokens of all prompts and prefixes.
    pub prompt_tokens: u64,
    /// Those of them that were found in the prefix cache when their job started.
    pub cached_tokens: u64,
    /// Tokens that were drawn.
    pub generated_tokens: u64,
    /// Tokens that a constraint left no choice about: no step was taken for them.
    pub forced_tokens: u64,
    /// Tokens that were guessed from what stands before.
    pub drafted_tokens: u64,
    /// Those of them that were right: no step was taken for them.
    pub accepted_tokens: u64,
    /// Tokens of continuations that were computed for their log-likelihoods.
    pub scored_tokens: u64,
    /// How often a job gave its room in the cache back to another.
    pub preempted: u64,
    /// Answers that were found kept, so that nothing was computed.
    pub answers_found: u64,
    /// Tokens of their prompts and texts.
    pub tokens_saved: u64,
    /// Jobs that wait for room.
    pub waiting: usize,
    /// Jobs that run.
    pub running: usize,
    /// Blocks of 64 positions that the cache has.
    pub blocks: usize,
    /// Blocks that jobs hold.
    pub blocks_in_use: usize,
    /// Blocks of kept prefixes that no job holds.
    pub blocks_kept: usize,
    /// Blocks of kept prefixes that were forgotten for want of room.
    pub blocks_evicted: u64,
}
