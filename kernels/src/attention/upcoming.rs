//! Keys and values that attention reads next, fetched while products keep the processor busy.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::cache::KvCache;
use super::{AttentionSpan, ROWS, seen};
use crate::Kernels;
use crate::ahead::fetch;
use crate::pool::{first_of_share, this_thread};
use crate::simd::Line;

/// Sequences from which it is worth it: of fewer the products themselves wait for memory.
const WORTH: usize = 16;

/// Lines that are asked for before each tile of a product.
const AT_ONCE: usize = 32;

/// Bytes that are fetched at most for each thread: its second-level cache.
const MOST: usize = 1 << 20;

/// The keys and values of a layer that a batch of many short spans reads, each of them once.
#[derive(Debug, Default)]
pub struct Upcoming {
    /// Where some lines of layer 0 begin, and how many these are: first those of the first thread.
    pieces: Vec<(usize, usize)>,
    /// From a layer to the next one.
    layer_bytes: usize,
    /// From layer 0 to that which is fetched.
    offset: AtomicUsize,
    /// The pieces of each thread.
    threads: Vec<OfThread>,
}

/// What a thread fetches, because it attends to it: its first piece, the next one, and the end.
#[derive(Debug, Default)]
#[repr(align(128))]
struct OfThread {
    first: usize,
    next: AtomicUsize,
    end: usize,
}

impl Upcoming {
    /// From now on, those of a layer are fetched. Between products: one that runs would go on as it likes.
    pub fn begin(&self, layer: usize) {
        self.offset.store(layer.wrapping_mul(self.layer_bytes), Ordering::Relaxed);
        self.threads.iter().for_each(|thread| thread.next.store(thread.first, Ordering::Relaxed));
    }

    /// Nothing is fetched any more.
    pub fn end(&self) {
        self.threads.iter().for_each(|thread| thread.next.store(thread.end, Ordering::Relaxed));
    }

    /// Asks for a few lines. Addresses are no more than hints, which nothing reads through.
    #[inline(always)]
    pub(crate) fn fetch(&self) {
        let Some(OfThread { next, end, .. }) = self.threads.get(this_thread()) else { return };
        // A thread has its own, so that nobody takes the piece meanwhile.
        let piece = next.load(Ordering::Relaxed);
        if piece >= *end {
            return;
        }
        next.store(piece + 1, Ordering::Relaxed);
        let (first, lines) = self.pieces[piece];
        let first = first.wrapping_add(self.offset.load(Ordering::Relaxed));
        for line in 0..lines {
            fetch(std::ptr::without_provenance(first.wrapping_add(line * size_of::<Line>())));
        }
    }

    /// Lists some bytes, if `left` allows that many; whether it does.
    fn push(&mut self, bytes: &[u8], left: &mut usize) -> bool {
        let Some(rest) = left.checked_sub(bytes.len()) else { return false };
        *left = rest;
        let lines = bytes.as_chunks::<{ size_of::<Line>() }>().0;
        self.pieces.extend(lines.chunks(AT_ONCE).map(|lines| (lines.as_ptr().addr(), lines.len())));
        true
    }
}

impl Kernels {
    /// Lists what the attention of a batch reads of a layer of the cache, if that is much: blocks that neighbouring spans do not
    /// share, as far as caches hold them. Nothing but time depends on it.
    ///
    /// # Panics
    ///
    /// If positions do not ascend, or a block table is too short or names a block that the cache does not have.
    pub fn look_ahead(&self, cache: &KvCache, spans: &[AttentionSpan<'_>], into: &mut Upcoming) {
        into.pieces.clear();
        into.threads.clear();
        into.layer_bytes = cache.layer_bytes();
        spans.iter().for_each(|span| span.assert_valid(cache.blocks()));
        if spans.len() < WORTH || spans.iter().any(|span| span.rows.len() >= ROWS) {
            return;
        }
        let threads = self.pool().threads();
        // Once, and not whenever positions have grown.
        let parts = cache.parts() * (spans.len() + threads * MOST / into.layer_bytes.max(1));
        into.pieces.reserve(threads * MOST / size_of::<Line>() / AT_ONCE + parts);
        for thread in 0..threads {
            let (first, mut left) = (into.pieces.len(), MOST);
            let [start, end] = [thread, thread + 1].map(|thread| first_of_share(thread, threads, spans.len()));
            let unshared = |index: usize| unshared_blocks(spans, index).map(move |place| (&spans[index], place));
            for (span, place) in (start..end).flat_map(unshared) {
                let last = span.positions.last().map_or(0, |last| *last as usize);
                let (block, count) = (span.blocks[place] as usize, seen(last, place));
                if !(0..cache.parts()).all(|part| into.push(cache.first_bytes(block, part, count), &mut left)) {
                    break;
                }
            }
            let end = into.pieces.len();
            into.threads.push(OfThread { first, next: AtomicUsize::new(end), end });
        }
    }
}

/// The places in the table of span `index` of blocks that the spans beside it do not read.
fn unshared_blocks<'a>(spans: &'a [AttentionSpan<'a>], index: usize) -> impl Iterator<Item = usize> + 'a {
    let (span, neighbours) = (&spans[index], [index.wrapping_sub(1), index + 1]);
    let reads = |other: &AttentionSpan<'_>, place: usize, block: u32| {
        other.blocks[..other.blocks_needed()].get(place).is_some_and(|other| *other == block)
    };
    (0..span.blocks_needed()).filter(move |&place| {
        let block = span.blocks[place];
        !neighbours.iter().filter_map(|&other| spans.get(other)).any(|other| reads(other, place, block))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Isa, KvFormat, Pool};

    /// Sequences of one row each at `position` that share their first block.
    fn listed(sequences: usize, rows: usize, position: u32, cache: &KvCache) -> Upcoming {
        let kernels = Kernels::new(Isa::Scalar, Arc::new(Pool::new(1))).expect("what every processor has");
        let positions: Vec<u32> = (position..).take(rows).collect();
        let tables: Vec<[u32; 2]> = (0..sequences as u32).map(|index| [0, index + 1]).collect();
        let span = |index: usize| AttentionSpan {
            rows: index * rows..(index + 1) * rows,
            positions: &positions,
            blocks: &tables[index],
        };
        let spans: Vec<AttentionSpan<'_>> = (0..sequences).map(span).collect();
        let mut upcoming = Upcoming::default();
        kernels.look_ahead(cache, &spans, &mut upcoming);
        upcoming
    }

    fn lines(upcoming: &Upcoming) -> usize {
        upcoming.pieces.iter().map(|(_, lines)| lines).sum()
    }

    #[test]
    fn what_many_sequences_have_of_their_own_is_listed_up_to_their_position() {
        // Lines of scales before the keys, and the values, of a head.
        for (format, scales) in [(KvFormat::Q16, 4), (KvFormat::F16, 0), (KvFormat::Q8_0, 4)] {
            let cache = KvCache::new(format, 3, 40, 2, 64);
            let whole = cache.layer_bytes() / size_of::<Line>();
            assert_eq!(lines(&listed(WORTH, 1, 63, &cache)), 0, "{format:?}: all of it is shared");
            assert_eq!(lines(&listed(WORTH, 1, 127, &cache)), WORTH * whole, "{format:?}");
            let half = (whole + scales * cache.parts()) / 2;
            assert_eq!(lines(&listed(WORTH, 1, 64 + 31, &cache)), WORTH * half, "{format:?}: half of {whole}");
            assert_eq!(lines(&listed(WORTH - 1, 1, 127, &cache)), 0, "{format:?}: few sequences");
            assert_eq!(lines(&listed(WORTH, ROWS, 64, &cache)), 0, "{format:?}: long spans");
        }
        let cache = KvCache::new(KvFormat::F16, 1, 40, 64, 128);
        let found = lines(&listed(WORTH, 1, 127, &cache)) * size_of::<Line>();
        assert!(found <= MOST && found + cache.layer_bytes() > MOST, "{found} bytes of one thread");
    }

    #[test]
    fn a_layer_is_fetched_once() {
        let cache = KvCache::new(KvFormat::Q16, 3, 40, 2, 64);
        let upcoming = listed(WORTH, 1, 64, &cache);
        let next = || upcoming.threads[0].next.load(Ordering::Relaxed);
        upcoming.fetch();
        assert_eq!(next(), upcoming.pieces.len(), "nothing before a layer begins");
        for layer in 0..3 {
            upcoming.begin(layer);
            let block = cache.read_block(1).as_ptr().addr();
            let first = upcoming.pieces[0].0 + upcoming.offset.load(Ordering::Relaxed);
            assert_eq!(first, block + layer * cache.layer_bytes());
            (0..2 * upcoming.pieces.len()).for_each(|_| upcoming.fetch());
            assert_eq!(next(), upcoming.pieces.len());
        }
        upcoming.begin(0);
        assert_eq!(next(), 0);
        upcoming.end();
        upcoming.fetch();
        assert_eq!(next(), upcoming.pieces.len());
    }
}
