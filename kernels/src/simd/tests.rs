//! Every path against the scalar one, operation by operation.

use super::*;
use crate::isa::Arch;
use crate::testing::{bits, every_isa, random_bits};

/// Applies every operation to some vectors; results are bits.
struct Everything<'a>(&'a [f32], &'a [u8]);

impl Kernel for Everything<'_> {
    type Output = Vec<Vec<u32>>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let [a, b, c] = [0, 1, 2].map(|i| *self.0.as_chunks::<LANES>().0[i].first_chunk::<LANES>().unwrap());
        let (a, b, c) = (simd.load(&a), simd.load(&b), simd.load(&c));
        let (i, j) = (simd.widen_u8(self.1.first_chunk().unwrap()), simd.widen_u16(self.1.first_chunk().unwrap()));
        let word = simd.splat_int(-0x1234_5678);
        let line: &Line = self.1.first_chunk().unwrap();
        // No activation is -128.
        let signed = simd.load_int(&line.map(|byte| if byte == 0x80 { 0x81 } else { byte }));
        // No number of 16 bits is -32,768, nor becomes that.
        let shorts = simd.or(
            simd.and(simd.load_int(line), simd.splat_int(0xbfff_bfff_u32.cast_signed())),
            simd.splat_int(0x0001_0001),
        );
        let ones = simd.splat_int(0x0101_0101);
        let bias =
            if S::SIGNED_BIAS { simd.shl(simd.dot(simd.splat_int(0), ones, signed), 7) } else { simd.splat_int(0) };
        // Eight products of weights of four bits are the most that fit.
        let nibbles = simd.and(simd.load_int(line), simd.splat_int(0x0f0f_0f0f));
        let turned = line.map(|byte| byte.rotate_left(3));
        let any_bytes = if simd.paired().is_some() {
            simd.dot(word, simd.load_int(line), simd.load_int(&turned))
        } else {
            dots(simd, line, &turned)
        };
        let mut pairs = simd.splat_int(0);
        for _ in 0..8 {
            pairs = simd.dot_pairs(pairs, nibbles, signed);
        }
        let ints = [
            i,
            j,
            simd.and(i, j),
            simd.or(i, j),
            simd.xor(i, word),
            simd.add_int(j, word),
            simd.sub_int(i, word),
            simd.add_bytes(simd.load_int(line), word),
            simd.shl(j, 19),
            simd.shr(word, 5),
            simd.sar(word, 7),
            simd.sar(simd.shl(i, 24), 24),
            simd.bits(a),
            simd.load_int(line),
            simd.dot(word, simd.and(simd.load_int(line), simd.splat_int(0x3f3f_3f3f)), signed),
            simd.sub_int(any_bytes, word),
            simd.fold_pairs(word, pairs),
            simd.dot_shorts(word, shorts, simd.shl(shorts, 1)),
            simd.sub_int(simd.dot_signed(word, simd.load_int(line), signed), bias),
            simd.look_up(line.first_chunk().unwrap(), simd.and(simd.load_int(line), simd.splat_int(0x0f0f_0f0f))),
        ];
        let numbers = [i, j, word, simd.sub_int(i, j)].map(|ints| simd.to_float(ints));
        let mut floats = vec![
            simd.add(a, b),
            simd.sub(a, b),
            simd.mul(a, b),
            simd.div(a, b),
            simd.mul_add(a, b, c),
            simd.min(a, b),
            simd.max(a, b),
            simd.select_less(a, b, c, a),
            simd.to_float(simd.sub_int(i, j)),
            simd.splat(-1.5),
            simd.splat(simd.sum(c)),
            simd.splat(simd.largest(numbers[3])),
            simd.load(&quarters(simd.largest_each(numbers))),
            simd.load(&quarters(
                simd.sum_quads(simd.and(simd.load_int(line), simd.splat_int(0xffff))).map(|sum| sum as f32),
            )),
        ];
        floats.extend(ints.map(|i| simd.bitcast(i)));
        let rows: [[u32; 12]; 6] = std::array::from_fn(|row| std::array::from_fn(|word| (100 * row + word) as u32));
        let mut words = [0; 72];
        simd.six_rows(rows.each_ref(), &mut words);
        let words = words.map(|word| word as f32);
        floats.extend(words.as_chunks::<LANES>().0.iter().map(|words| simd.load(words)));
        floats.push(load_partial(simd, words.as_chunks::<LANES>().1));
        let mut halves = [0; 2 * LANES];
        simd.store_half(b, &mut halves);
        floats.extend([simd.load_half(&halves), simd.load_half(line.first_chunk().unwrap())]);
        let mut stored = [0; 4 * LANES];
        simd.store_int(simd.pack_bytes([word, i, simd.load_int(line), j]), &mut stored);
        floats.extend(stored.as_chunks().0.iter().map(|bytes| simd.to_float(simd.widen_u8(bytes))));
        simd.store_int(j, &mut stored);
        floats.push(simd.to_float(simd.load_int(&stored)));
        simd.store_shorts(word, &mut halves);
        floats.push(simd.to_float(simd.widen_u16(&halves)));
        floats
            .into_iter()
            .map(|v| {
                let mut chunk = [0.0; LANES];
                simd.store(v, &mut chunk);
                bits(&chunk)
            })
            .collect()
    }
}

/// The dot products of unsigned and of signed bytes, less -0x1234_5678.
fn dots<S: Simd>(simd: S, w: &Line, x: &Line) -> S::I {
    let mut sums = [0; 4 * LANES];
    for ((sum, w), x) in sums.as_chunks_mut::<4>().0.iter_mut().zip(w.as_chunks::<4>().0).zip(x.as_chunks::<4>().0) {
        let products = w.iter().zip(x).map(|(w, x)| i32::from(*w) * i32::from(x.cast_signed()));
        *sum = (products.sum::<i32>() - 0x1234_5678).to_le_bytes();
    }
    simd.load_int(&sums)
}

/// Four numbers, four times.
fn quarters(x: [f32; 4]) -> Chunk {
    [x; 4].as_flattened().try_into().unwrap()
}

#[test]
fn every_path_gives_the_bits_of_the_scalar_one() {
    for seed in 0..200 {
        let random: Vec<u64> = random_bits(seed).take(4 * LANES).collect();
        let mut floats: Vec<f32> =
            random.iter().map(|r| (*r as i32 as f32) * 2.0_f32.powi(-(*r as i32 >> 27))).collect();
        if seed % 2 == 1 {
            // Every bit pattern, infinities and NaN among them; no sums, whose NaN would hide the rest.
            floats[..LANES].iter_mut().zip(&random).for_each(|(x, r)| *x = f32::from_bits((*r >> 32) as u32));
            floats[LANES] = f32::NAN;
            floats[1] = f32::INFINITY;
            floats[2] = floats[LANES + 2];
        }
        let bytes: Vec<u8> = random.iter().map(|r| *r as u8).collect();
        let want = Arch::new(crate::Isa::Scalar).unwrap().run(Everything(&floats, &bytes));
        for kernels in every_isa(1) {
            assert_eq!(kernels.arch.run(Everything(&floats, &bytes)), want, "{} seed {seed}", kernels.isa());
        }
    }
}

struct Double;

impl Kernel for (Double, &mut [f32]) {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        #[derive(Clone, Copy)]
        struct Twice;
        impl Map for Twice {
            #[inline(always)]
            fn map<S: Simd>(self, simd: S, x: S::F) -> S::F {
                simd.add(x, x)
            }
        }
        map_in_place(simd, self.1, Twice);
    }
}

#[test]
fn maps_reach_every_element_of_ragged_lengths() {
    for kernels in every_isa(1) {
        for len in 0..50 {
            let mut x: Vec<f32> = (0..len).map(|i| i as f32).collect();
            kernels.arch.run((Double, x.as_mut_slice()));
            assert_eq!(x, (0..len).map(|i| 2.0 * i as f32).collect::<Vec<_>>());
        }
    }
}

/// A tile of paired products, of blocks of any bits but ordinary scales.
struct PairedTile<const MINS: bool> {
    panels: [Vec<Panel>; 2],
    words: Vec<PanelWords>,
    starts: Vec<[f32; PAIRED_ROWS]>,
}

type Sums = [[Chunk; PAIRED_ROWS]; 2];

impl<const MINS: bool> Kernel for &PairedTile<MINS> {
    type Output = Option<Sums>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let mut sums = Sums::default();
        let [first, second] = &self.panels;
        simd.paired()?.tile::<MINS, PAIRED_ROWS>([first, second], &self.words, &self.starts, |_| {}, &mut sums);
        Some(sums)
    }
}

impl<const MINS: bool> PairedTile<MINS> {
    fn new(seed: u64, blocks: usize) -> Self {
        let mut random = random_bits(seed).map(|bits| (bits >> 32) as u32);
        let mut next = || random.next().unwrap();
        let scale = |bits: u32| bits as f32 / 2.0_f32.powi(40);
        let panels = [0; 2].map(|_| {
            let mut line = |line: usize| -> Chunk {
                [0; LANES].map(|_| if line < 9 { f32::from_bits(next()) } else { scale(next()) - 0.001 })
            };
            (0..blocks).map(|_| std::array::from_fn(&mut line)).collect()
        });
        let words = (0..blocks).map(|_| {
            let mut words: PanelWords = std::array::from_fn(|_| next());
            words[8 * PAIRED_ROWS..].iter_mut().for_each(|word| *word = scale(*word).to_bits());
            words
        });
        let words = words.collect();
        let starts = (0..blocks).map(|_| [0; PAIRED_ROWS].map(|_| f32::from_bits(next() >> 12))).collect();
        PairedTile { panels, words, starts }
    }

    /// Lane by lane.
    fn want(&self) -> Sums {
        let bytes = |w: u32, x: u32| w.to_le_bytes().into_iter().zip(x.to_le_bytes());
        let products =
            |w: u32, x: u32| bytes(w, x).map(|(w, x)| i32::from(w) * i32::from(x.cast_signed())).sum::<i32>();
        let added = |a: u32, b: u32| {
            let (a, b) = (a.to_le_bytes(), b.to_le_bytes());
            u32::from_le_bytes(std::array::from_fn(|i| a[i].wrapping_add(b[i])))
        };
        let mut sums = Sums::default();
        for (block, (words, starts)) in self.words.iter().zip(&self.starts).enumerate() {
            for i in 0..2 * PAIRED_ROWS * LANES {
                let (group, t, lane) = (i / LANES / PAIRED_ROWS, i / LANES % PAIRED_ROWS, i % LANES);
                let line = |line: usize| self.panels[group][block][line][lane].to_bits();
                let word = |word: usize| words[word * PAIRED_ROWS + t];
                let mut dot = line(8).wrapping_add(starts[t].to_bits()).cast_signed();
                for i in 0..3 {
                    dot = dot.wrapping_add(products(added(line(i), word(4 + i)), added(line(4 + i), word(i))));
                }
                for i in [3, 7] {
                    dot = dot.wrapping_add(products(line(i), word(i)));
                }
                let (float, sum) = (f32::from_bits, &mut sums[group][t][lane]);
                *sum = (dot as f32 * float(word(8))).mul_add(float(line(9)), *sum);
                if MINS {
                    *sum = float(line(10)).mul_add(float(word(9)), *sum);
                }
            }
        }
        sums
    }
}

#[test]
fn paired_products_are_those_of_plain_numbers() {
    fn check<const MINS: bool>(seed: u64, blocks: usize) {
        let tile = PairedTile::<MINS>::new(seed, blocks);
        let flat = |sums: Sums| bits(sums.as_flattened().as_flattened());
        for kernels in every_isa(1) {
            if let Some(sums) = kernels.arch.run(&tile) {
                assert_eq!(flat(sums), flat(tile.want()), "{blocks} blocks on {}", kernels.isa());
            }
        }
    }
    for (seed, blocks) in [(1, 0), (2, 1), (3, 7)] {
        check::<true>(seed, blocks);
        check::<false>(seed, blocks);
    }
}
