//! Sixteen logical f32 lanes, whatever the width of the registers.
//!
//! Every kernel is written once, generic over [`Simd`], and is compiled for each instruction set; [`Tiles`] and [`Paired`] products
//! exist for some of them alone.
//! All operations are exactly rounded or bitwise, so that a kernel gives the same bits on every path:
//! lane `i` of a vector holds element `i`, [`mul_add`](Simd::mul_add) is fused everywhere, and
//! [`sum`](Simd::sum) adds lanes in one fixed order.
//!
//! A value that implements [`Simd`] is a proof: it exists only where the processor has its instructions.
//! [`Arch`](crate::isa::Arch) makes it, inside a function that is compiled for them, and everything in
//! between is `#[inline(always)]`, without which the intrinsics would become calls.

mod scalar;

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod paired;

#[cfg(target_arch = "x86_64")]
pub(crate) use amx::{Tiles, is_available as tiles_are_available};
#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) use neon::Neon;
#[cfg(target_arch = "x86_64")]
pub(crate) use paired::Paired;
pub(crate) use scalar::Scalar;

/// Tile registers, which this architecture has not.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) enum Tiles<const N: usize> {}

#[cfg(not(target_arch = "x86_64"))]
impl<const N: usize> Tiles<N> {
    pub(crate) fn multiply_nothing(&mut self, _: usize) -> usize {
        match *self {}
    }

    pub(crate) fn begin<const SLOT: usize>(&mut self, _: &[Chunk; N], _: &[u32]) {
        match *self {}
    }

    pub(crate) fn end<const SLOT: usize>(&mut self, _: &mut [Chunk; LANES]) {
        match *self {}
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Tiles<16> {
    pub(crate) fn dot_pair(&mut self, _: [&[Line]; 2], _: &[u32], _: &mut [[Chunk; LANES]; 2]) {
        match *self {}
    }
}

/// Products of bytes that take additions for some of the multiplications, for which this architecture has no micro-kernel.
#[cfg(not(target_arch = "x86_64"))]
#[derive(Clone, Copy)]
pub(crate) enum Paired {}

#[cfg(not(target_arch = "x86_64"))]
impl Paired {
    pub(crate) fn tile<const MINS: bool, const N: usize>(
        self,
        _: [&[Panel]; 2],
        _: &[PanelWords],
        _: &[[f32; PAIRED_ROWS]],
        _: impl Fn(usize),
        _: &mut [[Chunk; N]; 2],
    ) {
        match self {}
    }
}

/// Lanes of a vector.
pub(crate) const LANES: usize = 16;

/// One vector in memory.
pub(crate) type Chunk = [f32; LANES];

/// Sixteen little-endian 16-bit numbers.
pub(crate) type Halves = [u8; 2 * LANES];

/// A cache line: a vector of bytes, four to a lane.
pub(crate) type Line = [u8; 4 * LANES];

/// Rows of a tile of [`Paired`] products.
pub(crate) const PAIRED_ROWS: usize = 6;

/// Sixteen weights' rows and 32 columns, in eight steps of four columns, as [`Paired`] products take them: `U` of three pairs of steps
/// and a plain step, `V` of the pairs and a plain step, what integers begin with, scales, and minima.
pub(crate) type Panel = [Chunk; 11];

/// Words of six rows and 32 columns, as [`Quantized`](crate::quantized) has them: for each word, those of the rows side by side.
pub(crate) type PanelWords = [u32; 12 * PAIRED_ROWS];

/// A computation that can be compiled for every instruction set.
///
/// `run` must be `#[inline(always)]`, and so must every function it calls that takes a [`Simd`].
pub(crate) trait Kernel {
    type Output;

    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Arithmetic on vectors of sixteen lanes.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// Sixteen f32.
    type F: Copy;
    /// Sixteen 32-bit integers, signed or not as the operation says.
    type I: Copy;

    /// Whether 24 vectors of accumulators fit the registers; otherwise 6 do.
    const MANY_REGISTERS: bool;
    /// Rows of activations that are computed side by side at most where few registers are.
    const FEW_ROWS: usize = 2;

    /// Runs a kernel as a function of its own, whose registers nothing else needs.
    fn apart<K: Kernel>(self, kernel: K) -> K::Output;

    fn splat(self, x: f32) -> Self::F;
    fn load(self, from: &Chunk) -> Self::F;
    fn store(self, a: Self::F, to: &mut Chunk);

    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// `if a < b { a } else { b }`: `b` where either is NaN.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a > b { a } else { b }`: `b` where either is NaN.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// `if a < b { yes } else { no }`: `no` where either is NaN.
    fn select_less(self, a: Self::F, b: Self::F, yes: Self::F, no: Self::F) -> Self::F;

    /// The sum of the lanes: lane `i` and `i + 8`, then `i` and `i + 4`, `i + 2`, `i + 1`.
    fn sum(self, a: Self::F) -> f32;

    /// The largest lane, if all are numbers.
    fn largest(self, a: Self::F) -> f32;

    /// The largest lanes of four vectors, if all are numbers.
    #[inline(always)]
    fn largest_each(self, a: [Self::F; 4]) -> [f32; 4] {
        [self.largest(a[0]), self.largest(a[1]), self.largest(a[2]), self.largest(a[3])]
    }

    fn splat_int(self, x: i32) -> Self::I;
    /// Bytes, zero-extended.
    fn widen_u8(self, from: &[u8; LANES]) -> Self::I;
    /// Zero-extended.
    fn widen_u16(self, from: &Halves) -> Self::I;
    fn and(self, a: Self::I, b: Self::I) -> Self::I;
    fn or(self, a: Self::I, b: Self::I) -> Self::I;
    fn xor(self, a: Self::I, b: Self::I) -> Self::I;
    /// Wrapping sum.
    fn add_int(self, a: Self::I, b: Self::I) -> Self::I;
    /// Wrapping difference.
    fn sub_int(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shift left by `n < 32`.
    fn shl(self, a: Self::I, n: i32) -> Self::I;
    /// Logical shift right by `n < 32`.
    fn shr(self, a: Self::I, n: i32) -> Self::I;
    /// Arithmetic shift right by `n < 32`.
    fn sar(self, a: Self::I, n: i32) -> Self::I;
    /// Signed integers to the nearest f32.
    fn to_float(self, a: Self::I) -> Self::F;
    /// The bits of floats as integers.
    fn bits(self, a: Self::F) -> Self::I;
    /// Integers as the bits of floats.
    fn bitcast(self, a: Self::I) -> Self::F;

    /// Whether [`dot_signed`](Simd::dot_signed) adds 128 times the sum of the activations.
    const SIGNED_BIAS: bool;
    /// Sixteen integers of four bytes each.
    fn load_int(self, from: &Line) -> Self::I;
    /// The same way back.
    fn store_int(self, a: Self::I, to: &mut Line);
    /// The wrapping sums of the first four lanes, of the next four, and so on.
    #[inline(always)]
    fn sum_quads(self, a: Self::I) -> [i32; 4] {
        let mut line = [0; 4 * LANES];
        self.store_int(a, &mut line);
        let (mut sums, lanes) = ([0_i32; 4], line.as_chunks::<4>().0);
        for (i, sum) in sums.iter_mut().enumerate() {
            for lane in &lanes[4 * i..4 * i + 4] {
                *sum = sum.wrapping_add(i32::from_le_bytes(*lane));
            }
        }
        sums
    }
    /// The low byte of each lane, of the first integers and then of the others.
    fn pack_bytes(self, a: [Self::I; 4]) -> Self::I;
    /// Of rows of twelve words the first word of each, then the second word of each, and so on.
    #[inline(always)]
    fn six_rows(self, rows: [&[u32; 12]; 6], to: &mut [u32; 72]) {
        for (word, to) in to.as_chunks_mut::<6>().0.iter_mut().enumerate() {
            for (to, row) in to.iter_mut().zip(rows) {
                *to = row[word];
            }
        }
    }
    /// The wrapping sums of each lane's four bytes.
    #[inline(always)]
    fn add_bytes(self, a: Self::I, b: Self::I) -> Self::I {
        let (low, high) = (self.splat_int(0x7f7f_7f7f), self.splat_int(0x8080_8080_u32.cast_signed()));
        self.xor(self.add_int(self.and(a, low), self.and(b, low)), self.and(self.xor(a, b), high))
    }
    /// The low 16 bits of each lane.
    fn store_shorts(self, a: Self::I, to: &mut Halves);
    /// To each lane of `sums`, the sum of the products of its two signed 16-bit numbers of `w` and of `x`, all above
    /// -32,768.
    fn dot_shorts(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I;
    /// To each lane of `sums`, the sum of the products of its four bytes of `w`, unsigned, and of `x`, signed: below 64 and
    /// above -128, unless there are [`paired`](Simd::paired) products: then any bytes.
    fn dot(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I;
    /// Whether [`dot`](Simd::dot) takes more instructions than [`dot_pairs`](Simd::dot_pairs) does.
    const PAIRS: bool = false;
    /// As [`dot`](Simd::dot), with sums of another kind, which [`fold_pairs`](Simd::fold_pairs) turns into proper ones: of
    /// weights below 2ⁿ, 4 ≤ n ≤ 6, up to 2⁷⁻ⁿ products may be added up before.
    #[inline(always)]
    fn dot_pairs(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I {
        self.dot(sums, w, x)
    }
    /// Adds the sums of [`dot_pairs`](Simd::dot_pairs).
    #[inline(always)]
    fn fold_pairs(self, sums: Self::I, pairs: Self::I) -> Self::I {
        self.add_int(sums, pairs)
    }
    /// As [`dot`](Simd::dot), with signed bytes of `w`; and see [`SIGNED_BIAS`](Simd::SIGNED_BIAS).
    fn dot_signed(self, sums: Self::I, w: Self::I, x: Self::I) -> Self::I;
    /// The bytes of `table` whose numbers are the bytes of `indices`, each below 16.
    fn look_up(self, table: &[u8; LANES], indices: Self::I) -> Self::I;
    /// Sixteen f16.
    fn load_half(self, from: &Halves) -> Self::F;
    /// Rounded to the nearest f16, ties to even.
    fn store_half(self, a: Self::F, to: &mut Halves);
    /// Products that take additions for some of the multiplications, where the instruction set has them: there
    /// [`dot`](Simd::dot) takes any bytes, too.
    #[inline(always)]
    fn paired(self) -> Option<Paired> {
        None
    }
    /// Whether [`tiles`](Simd::tiles) gives some.
    const TILES: bool = false;
    /// Sets up this thread's tile registers, where the processor has them.
    #[inline(always)]
    fn tiles<const N: usize>(self) -> Option<Tiles<N>> {
        None
    }
}

/// Loads up to sixteen values; the missing lanes are zero.
#[inline(always)]
pub(crate) fn load_partial<S: Simd>(simd: S, from: &[f32]) -> S::F {
    let mut padded = [0.0; LANES];
    padded[..from.len()].copy_from_slice(from);
    simd.load(&padded)
}

/// Stores the first lanes of `a`, as many as `to` holds.
#[inline(always)]
pub(crate) fn store_partial<S: Simd>(simd: S, a: S::F, to: &mut [f32]) {
    let mut padded = [0.0; LANES];
    simd.store(a, &mut padded);
    to.copy_from_slice(&padded[..to.len()]);
}

/// A function of one value, applied lane by lane.
///
/// A trait and not a closure: closures cannot be `#[inline(always)]`, and without it the intrinsics
/// inside would become calls.
pub(crate) trait Map: Copy + Sync {
    fn map<S: Simd>(self, simd: S, x: S::F) -> S::F;
}

/// Replaces each value of `x` by `map` of it. Lanes past the end of `x` hold zero while `map` sees them.
#[inline(always)]
pub(crate) fn map_in_place<S: Simd>(simd: S, x: &mut [f32], map: impl Map) {
    let (chunks, tail) = x.as_chunks_mut::<LANES>();
    for chunk in chunks {
        let y = map.map(simd, simd.load(chunk));
        simd.store(y, chunk);
    }
    if !tail.is_empty() {
        let y = map.map(simd, load_partial(simd, tail));
        store_partial(simd, y, tail);
    }
}

#[cfg(test)]
mod tests;
