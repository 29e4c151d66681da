//! The micro-kernel of quantized weights for processors with tile registers: sixteen rows of activations at a time.
//!
//! A tile register takes signed bytes, so the quants of a group are unpacked once for all rows that a task multiplies with it.
//! The products of a block's columns are the same integers that dot products give, and what follows is the same arithmetic.

// Loops over registers run over several arrays at once, by index.
#![allow(clippy::needless_range_loop)]

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::take;

use super::blocks::scaled_sum;
use crate::aligned::Aligned;
use crate::packed::{Block, Blocks, Group, STEPS};
use crate::quantized::{SCALE, WIDE, WORDS};
use crate::simd::{Chunk, Kernel, LANES, Simd, Tiles};

thread_local! {
    /// Kept to be used again.
    static UNPACKED: Cell<[Unpacked; 2]> = Cell::default();
}

/// The tile registers, and what a task keeps for them.
pub(super) struct Wide {
    pub(super) tiles: TilesOf,
    pub(super) groups: [Unpacked; 2],
}

impl Wide {
    #[inline(always)]
    pub(super) fn new<S: Simd, B: Blocks>(simd: S) -> Option<Self> {
        let tiles = if B::BY_HALF { simd.tiles().map(TilesOf::Half) } else { simd.tiles().map(TilesOf::Block) };
        tiles.map(|tiles| Wide { tiles, groups: UNPACKED.take() })
    }
}

impl Drop for Wide {
    fn drop(&mut self) {
        UNPACKED.set(take(&mut self.groups));
    }
}

/// The rows of a group as tile registers take them.
#[derive(Default)]
pub(super) struct Unpacked {
    /// For each four columns, four signed bytes in every lane.
    quants: Aligned<f32>,
    /// For each block or half a block, the scales and, where the format has them, the minima.
    factors: Aligned<f32>,
}

/// Unpacks a group of `blocks` blocks.
pub(super) struct Unpack<'a, B> {
    pub(super) group: Group<'a>,
    pub(super) blocks: usize,
    pub(super) out: &'a mut Unpacked,
    pub(super) format: PhantomData<B>,
}

impl<B: Blocks> Kernel for Unpack<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        const TOP_BITS: i32 = 0x8080_8080_u32.cast_signed();
        let Unpacked { quants, factors } = self.out;
        quants.resize(self.blocks * STEPS * LANES);
        factors.resize(self.blocks * halves::<B>() * per_half::<B>() * LANES);
        let mut factors = factors.as_chunks_mut::<LANES>().0.iter_mut();
        // Taken off without a borrow from the next byte: quants are below 64.
        let (top, offset) = (simd.splat_int(TOP_BITS), simd.splat_int(B::OFFSET.map_or(0, |bits| 0x0101_0101 << bits)));
        for (index, quants) in quants.as_chunks_mut::<LANES>().0.as_chunks_mut::<STEPS>().0.iter_mut().enumerate() {
            let block = Block::<B>::of(self.group, index);
            for step in 0..STEPS {
                let mut bytes = block.quants(simd, step);
                if B::OFFSET.is_some() {
                    bytes = simd.xor(simd.sub_int(simd.or(bytes, top), offset), top);
                }
                simd.store(simd.bitcast(bytes), &mut quants[step]);
            }
            for half in 0..halves::<B>() {
                factors.next().into_iter().for_each(|out| simd.store(block.scale(simd, half), out));
                if B::MINS {
                    factors.next().into_iter().for_each(|out| simd.store(block.min(simd, half), out));
                }
            }
        }
    }
}

const fn halves<B: Blocks>() -> usize {
    if B::BY_HALF { 2 } else { 1 }
}

const fn per_half<B: Blocks>() -> usize {
    if B::MINS { 2 } else { 1 }
}

/// Tile registers for the blocks, or halves of blocks, of a format.
pub(super) enum TilesOf {
    Block(Tiles<STEPS>),
    Half(Tiles<{ STEPS / 2 }>),
}

/// Results of a tile register.
#[repr(align(64))]
struct Dots([Chunk; LANES]);

/// The products of a group and of the rows of a tile.
pub(super) struct WideTile<'a, B> {
    pub(super) tiles: &'a mut TilesOf,
    pub(super) group: &'a Unpacked,
    /// The words of the activations.
    pub(super) x: &'a [u32],
    pub(super) sums: &'a mut [Chunk; WIDE],
    pub(super) format: PhantomData<B>,
}

impl<B: Blocks> WideTile<'_, B> {
    /// Begins the dot products of a block, or of half of one.
    #[inline(always)]
    fn begin<const SLOT: usize>(&mut self, unit: usize) {
        let quants = self.group.quants.as_chunks::<LANES>().0;
        let (block, half) = (unit / halves::<B>(), unit % halves::<B>());
        let words = &self.x[block * WORDS * WIDE..][..STEPS * WIDE];
        match self.tiles {
            TilesOf::Block(tiles) => tiles.begin::<SLOT>(&quants.as_chunks().0[unit], words),
            TilesOf::Half(tiles) => tiles.begin::<SLOT>(&quants.as_chunks().0[unit], &words[half * STEPS / 2..]),
        }
    }

    #[inline(always)]
    fn end<const SLOT: usize>(&mut self, dots: &mut Dots) {
        match self.tiles {
            TilesOf::Block(tiles) => tiles.end::<SLOT>(&mut dots.0),
            TilesOf::Half(tiles) => tiles.end::<SLOT>(&mut dots.0),
        }
    }

    /// Adds what a block's dot products are worth, while the tile registers are at the next two.
    #[inline(always)]
    fn add<S: Simd, const SLOT: usize, const NEXT: usize>(
        &mut self,
        simd: S,
        unit: usize,
        dots: &mut [Dots; 2],
        sums: &mut [S::F; WIDE],
    ) {
        let factors = self.group.factors.as_chunks::<LANES>().0;
        let units = factors.len() / per_half::<B>();
        if unit + 1 < units {
            self.end::<NEXT>(&mut dots[NEXT]);
        }
        if unit + 2 < units {
            self.begin::<SLOT>(unit + 2);
        }
        let words = &self.x[unit / halves::<B>() * WORDS * WIDE..][..WORDS * WIDE];
        let factors = &factors[unit * per_half::<B>()..][..per_half::<B>()];
        let scale = simd.load(&factors[0]);
        for t in 0..WIDE {
            let x_scale = simd.splat(f32::from_bits(words[SCALE * WIDE + t]));
            let dot = simd.to_float(simd.bits(simd.load(&dots[SLOT].0[t])));
            sums[t] = simd.mul_add(simd.mul(dot, x_scale), scale, sums[t]);
        }
        if B::MINS {
            let min = simd.load(&factors[1]);
            for t in 0..WIDE {
                let x_sum = scaled_sum::<B, WIDE>(words, unit % halves::<B>(), t);
                sums[t] = simd.mul_add(min, simd.splat(x_sum), sums[t]);
            }
        }
    }
}

impl<B: Blocks> Kernel for WideTile<'_, B> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let mut sums = [simd.splat(0.0); WIDE];
        let mut dots = [const { Dots([[0.0; LANES]; LANES]) }; 2];
        let units = self.group.factors.len() / LANES / per_half::<B>();
        self.begin::<0>(0);
        if units > 1 {
            self.begin::<1>(1);
        }
        self.end::<0>(&mut dots[0]);
        for unit in (0..units).step_by(2) {
            self.add::<S, 0, 1>(simd, unit, &mut dots, &mut sums);
            if unit + 1 < units {
                self.add::<S, 1, 0>(simd, unit + 1, &mut dots, &mut sums);
            }
        }
        for t in 0..WIDE {
            simd.store(sums[t], &mut self.sums[t]);
        }
    }
}
