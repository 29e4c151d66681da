//! The ragged batch: rows of many sequences, packed one after another without padding.
//!
//! A row is one token, or one embedding row (a soft prompt), at one absolute position of one sequence. Decoders and
//! encoders use the same packing. What a batch asks for is a list of rows whose logits or hidden states are wanted.

use std::{ops::Range, sync::Arc};

use crate::kv::BlockId;

/// A low-rank adapter that a backend has loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AdapterId(pub(crate) u32);

/// What one row feeds into the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A token id, looked up in the embedding table.
    Token(u32),
    /// Row `n` of the batch's own embedding rows.
    Embedding(u32),
}

/// The rows of one sequence in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceRows {
    /// Its rows in the batch.
    pub rows: Range<usize>,
    /// Position of its first row; the rows that follow take the positions that follow.
    pub position: u32,
    /// The KV blocks of positions 0..64, 64..128, ... up to its last row. Empty for encoders.
    pub blocks: Vec<BlockId>,
    /// The adapter that its rows run through, if any.
    pub adapter: Option<AdapterId>,
}

impl SequenceRows {
    /// The positions of its rows.
    pub fn positions(&self) -> Range<u32> {
        self.position..self.position + self.rows.len() as u32
    }
}

/// The tokens that may come next, one bit each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenMask {
    bits: Vec<u64>,
}

impl TokenMask {
    /// A mask over `vocab` tokens that allows none.
    pub fn none(vocab: usize) -> Self {
        Self { bits: vec![0; vocab.div_ceil(64)] }
    }

    /// A mask over `vocab` tokens from bits, 32 a word, the lowest token in the lowest bit; what is beyond them is not
    /// allowed.
    pub fn from_words(vocab: usize, words: &[u32]) -> Self {
        let mut mask = Self::none(vocab);
        for (bits, pair) in mask.bits.iter_mut().zip(words.chunks(2)) {
            *bits = u64::from(pair[0]) | u64::from(pair.get(1).copied().unwrap_or(0)) << 32;
        }
        if let Some(last) = mask.bits.last_mut().filter(|_| !vocab.is_multiple_of(64)) {
            *last &= (1 << (vocab % 64)) - 1;
        }
        mask
    }

    /// Allows `token`; ids beyond the vocabulary are ignored.
    pub fn allow(&mut self, token: u32) {
        if let Some(word) = self.bits.get_mut(token as usize / 64) {
            *word |= 1 << (token % 64);
        }
    }

    /// Whether `token` may come next.
    pub fn allows(&self, token: u32) -> bool {
        self.bits.get(token as usize / 64).is_some_and(|word| word >> (token % 64) & 1 == 1)
    }

    /// Sets the logits of every token that is not allowed to minus infinity.
    pub fn apply(&self, logits: &mut [f32]) {
        for (logits, bits) in logits.chunks_mut(64).zip(self.bits.iter().copied().chain(std::iter::repeat(0))) {
            match bits {
                u64::MAX => {}
                0 => logits.fill(f32::NEG_INFINITY),
                _ => logits.iter_mut().enumerate().filter(|(at, _)| bits >> at & 1 == 0).for_each(|(_, logit)| {
                    *logit = f32::NEG_INFINITY;
                }),
            }
        }
    }
}

/// A row whose logits are wanted.
#[derive(Clone, Debug)]
pub struct LogitsRow {
    /// The row in the batch.
    pub row: usize,
    /// The tokens that may come next; all, if `None`.
    pub mask: Option<Arc<TokenMask>>,
}

/// Rows of many sequences, and which of them want logits or hidden states.
///
/// ```
/// # use docent_models::{batch::RaggedBatch, kv::BlockId};
/// let mut batch = RaggedBatch::new();
/// let blocks: Vec<BlockId> = vec![];
/// let rows = batch.push_tokens(&[1, 2, 3], 0, &blocks, None);
/// batch.want_logits(rows.end - 1, None);
/// assert_eq!(batch.rows().len(), 3);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RaggedBatch {
    rows: Vec<Row>,
    token_types: Vec<u32>,
    embeddings: Vec<f32>,
    embedding_rows: u32,
    sequences: Vec<SequenceRows>,
    logits: Vec<LogitsRow>,
    hidden: Vec<usize>,
    /// Block tables of earlier sequences, for their memory.
    spare: Vec<Vec<BlockId>>,
}

impl RaggedBatch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a sequence's next tokens, the first of them at `position`, and returns their rows.
    pub fn push_tokens(
        &mut self,
        tokens: &[u32],
        position: u32,
        blocks: &[BlockId],
        adapter: Option<AdapterId>,
    ) -> Range<usize> {
        self.push_rows(tokens.iter().map(|&t| Row::Token(t)), position, blocks, adapter)
    }

    /// Appends a sequence's next rows, tokens and embedding rows in any order, and returns their place in the batch.
    pub fn push_rows(
        &mut self,
        rows: impl IntoIterator<Item = Row>,
        position: u32,
        blocks: &[BlockId],
        adapter: Option<AdapterId>,
    ) -> Range<usize> {
        let start = self.rows.len();
        self.rows.extend(rows);
        self.token_types.resize(self.rows.len(), 0);
        let rows = start..self.rows.len();
        let mut table = self.spare.pop().unwrap_or_default();
        table.extend_from_slice(blocks);
        self.sequences.push(SequenceRows { rows: rows.clone(), position, blocks: table, adapter });
        rows
    }

    /// Appends a whole text for an encoder: ids and token types (segment 0 or 1) of equal length.
    pub fn push_encoder(&mut self, ids: &[u32], token_types: &[u32]) -> Range<usize> {
        let rows = self.push_tokens(ids, 0, &[], None);
        for (to, &from) in self.token_types[rows.clone()].iter_mut().zip(token_types) {
            *to = from;
        }
        rows
    }

    /// Adds one embedding row (hidden size) and returns the [`Row`] that feeds it.
    pub fn add_embedding(&mut self, values: &[f32]) -> Row {
        self.embeddings.extend_from_slice(values);
        self.embedding_rows += 1;
        Row::Embedding(self.embedding_rows - 1)
    }

    /// Asks for the logits of `row`; the step returns them in the order of asking.
    pub fn want_logits(&mut self, row: usize, mask: Option<Arc<TokenMask>>) {
        self.logits.push(LogitsRow { row, mask });
    }

    /// Asks for the last hidden state of `row` (after the final norm); returned in the order of asking.
    pub fn want_hidden(&mut self, row: usize) {
        self.hidden.push(row);
    }

    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.rows.clear();
        self.token_types.clear();
        self.embeddings.clear();
        self.embedding_rows = 0;
        self.spare.extend(self.sequences.drain(..).rev().map(|mut sequence| {
            sequence.blocks.clear();
            sequence.blocks
        }));
        self.logits.clear();
        self.hidden.clear();
    }

    /// Every row, packed by sequence.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Segment ids of encoders, one a row; zeros for decoders.
    pub fn token_types(&self) -> &[u32] {
        &self.token_types
    }

    /// The batch's own embedding rows: (n, hidden).
    pub fn embeddings(&self) -> &[f32] {
        &self.embeddings
    }

    /// How many embedding rows were added.
    pub fn embedding_rows(&self) -> usize {
        self.embedding_rows as usize
    }

    /// The sequences, in the order of their rows.
    pub fn sequences(&self) -> &[SequenceRows] {
        &self.sequences
    }

    /// The rows whose logits are wanted.
    pub fn logits(&self) -> &[LogitsRow] {
        &self.logits
    }

    /// The rows whose hidden states are wanted.
    pub fn hidden(&self) -> &[usize] {
        &self.hidden
    }

    /// The position of every row.
    pub fn positions(&self) -> impl Iterator<Item = u32> + '_ {
        self.sequences.iter().flat_map(SequenceRows::positions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_allow_only_what_they_were_told() {
        let mut mask = TokenMask::none(70);
        mask.allow(3);
        mask.allow(69);
        mask.allow(4000);
        let mut logits = vec![1.0; 70];
        mask.apply(&mut logits);
        let left: Vec<usize> = (0..70).filter(|&i| logits[i] == 1.0).collect();
        assert_eq!(left, [3, 69]);
        assert!(!mask.allows(4000));
        assert_eq!(TokenMask::from_words(70, &[1 << 3, 0, 1 << 5 | 1 << 6]), mask, "bit 70 is beyond the vocabulary");
        assert_eq!(TokenMask::from_words(70, &[1 << 3]).bits, [1 << 3, 0]);
    }
}
