//! How the attention of a batch is cut into tasks.

use std::iter;
use std::ops::Range;

use super::{AttentionSpan, ROWS};
use crate::pool::first_of_share;

/// Rows of short spans from which they are left with the threads that other loops leave them with: of fewer, a block of keys and values
/// that they share is read for too few of them.
const HOME: usize = 4;

/// One block of positions, and the neighbouring short spans that have it in common.
#[derive(Debug)]
pub(super) struct Unit {
    /// Its number in the block tables.
    pub(super) block: usize,
    pub(super) spans: Range<usize>,
    /// The partial results of the first row.
    pub(super) entry: usize,
    /// Its first row, among those of all short spans.
    pub(super) row: usize,
}

/// How a batch is cut into tasks.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Rows of long spans.
    pub(super) tiles: Vec<Range<usize>>,
    /// The span of each tile.
    pub(super) owners: Vec<usize>,
    pub(super) units: Vec<Unit>,
    /// The partial results of each unit.
    pub(super) ranges: Vec<Range<usize>>,
    pub(super) entries: usize,
    /// The rows of each short span.
    pub(super) short: Vec<Range<usize>>,
    /// All of them.
    pub(super) rows: Vec<usize>,
    /// Which span that is, where its places begin, and its rows.
    pub(super) firsts: Vec<(usize, usize, usize)>,
    /// For each block of each short span, its unit.
    pub(super) places: Vec<usize>,
    /// What all of that was made from.
    made_from: Vec<usize>,
}

impl Plan {
    /// Plans for the spans of a batch, and for so many threads.
    ///
    /// One layer after the other asks for the same plan. It is left as it is then: what was written anew, other cores would have to get
    /// anew.
    pub(super) fn lay_out(&mut self, spans: &[AttentionSpan<'_>], threads: usize) {
        let made_from = || iter::once(threads).chain(spans.iter().flat_map(essence));
        if made_from().eq(self.made_from.iter().copied()) {
            return;
        }
        self.clear();
        self.made_from.extend(made_from());
        let mut deepest = 0;
        for (index, span) in spans.iter().enumerate().filter(|(_, span)| !span.rows.is_empty()) {
            if span.rows.len() < ROWS {
                self.short.push(span.rows.clone());
                self.firsts.push((index, self.places.len(), self.rows.len()));
                self.rows.extend(span.rows.clone());
                self.places.resize(self.places.len() + span.blocks_needed(), 0);
                deepest = deepest.max(span.blocks_needed());
                continue;
            }
            for start in span.rows.clone().step_by(ROWS) {
                self.tiles.push(start..span.rows.end.min(start + ROWS));
                self.owners.push(index);
            }
        }
        let homes = threads.min(self.rows.len() / HOME).max(1);
        let mut first = 0;
        for home in 1..=homes {
            let next = first_of_share(home, homes, self.rows.len());
            let end = self.firsts.partition_point(|(_, _, row)| *row < next);
            self.lay_out_units(spans, first..end, deepest);
            first = end;
        }
        let ends = self.units.iter().skip(1).map(|unit| unit.entry).chain([self.entries]);
        self.ranges.extend(self.units.iter().zip(ends).map(|(unit, end)| unit.entry..end));
    }

    /// The units of some short spans.
    fn lay_out_units(&mut self, spans: &[AttentionSpan<'_>], of: Range<usize>, deepest: usize) {
        let first = self.units.len();
        for block in 0..deepest {
            for &(span, place, row) in &self.firsts[of.clone()] {
                if block >= spans[span].blocks_needed() {
                    continue;
                }
                let rows = spans[span].rows.len();
                match self.units[first..].last_mut() {
                    Some(unit)
                        if unit.block == block
                            && unit.spans.end == span
                            && spans[unit.spans.start].blocks[block] == spans[span].blocks[block] =>
                    {
                        unit.spans.end += 1;
                    }
                    _ => self.units.push(Unit { block, spans: span..span + 1, entry: self.entries, row }),
                }
                self.places[place + block] = self.units.len() - 1;
                self.entries += rows;
            }
        }
    }

    fn clear(&mut self) {
        self.made_from.clear();
        self.tiles.clear();
        self.owners.clear();
        self.units.clear();
        self.ranges.clear();
        self.entries = 0;
        self.short.clear();
        self.rows.clear();
        self.firsts.clear();
        self.places.clear();
    }

    /// The span of short span `index`, and the units of its blocks.
    pub(super) fn places_of(&self, index: usize) -> (usize, &[usize]) {
        let (span, first, _) = self.firsts[index];
        let end = self.firsts.get(index + 1).map_or(self.places.len(), |(_, first, _)| *first);
        (span, &self.places[first..end])
    }
}

/// What a plan depends on of a span.
fn essence(span: &AttentionSpan<'_>) -> impl Iterator<Item = usize> {
    let blocks = &span.blocks[..span.blocks_needed()];
    [span.rows.start, span.rows.end, blocks.len()].into_iter().chain(blocks.iter().map(|block| *block as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sequences of one row each at position 100 that share their first block.
    fn plan(plan: &mut Plan, sequences: u32, threads: usize) {
        let tables: Vec<[u32; 2]> = (1..=sequences).map(|own| [0, own]).collect();
        let span = |(row, blocks)| AttentionSpan { rows: row..row + 1, positions: &[100], blocks };
        let spans: Vec<AttentionSpan<'_>> = tables.iter().map(<[u32; 2]>::as_slice).enumerate().map(span).collect();
        plan.lay_out(&spans, threads);
    }

    #[test]
    fn units_are_of_the_rows_of_one_thread() {
        let mut kept = Plan::default();
        for (sequences, threads, homes) in [(8, 2, 2), (7, 2, 1), (32, 2, 2), (32, 3, 3), (32, 1, 1), (8, 2, 2)] {
            plan(&mut kept, sequences, threads);
            let shared: Vec<Range<usize>> =
                kept.units.iter().filter(|unit| unit.block == 0).map(|unit| unit.spans.clone()).collect();
            assert_eq!(shared.len(), homes, "{sequences} sequences on {threads} threads");
            let bounds = (0..homes).map(|home| (home * sequences as usize).div_ceil(homes));
            assert!(shared.iter().map(|spans| spans.start).eq(bounds), "{shared:?}");
            assert_eq!(kept.units.len(), homes + sequences as usize, "a unit for each block of their own");
            assert!(kept.ranges.is_sorted_by_key(|range| range.start) && kept.entries == 2 * sequences as usize);
        }
    }
}
