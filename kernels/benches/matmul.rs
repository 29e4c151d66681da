//! Rates of the products of SmolLM2-135M, for each format and number of tokens, on all threads.
//!
//! `cargo bench -p docent-kernels -- [ISA] [THREADS] [models|products|attention|steps]`

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_kernels::{
    AttentionShape, AttentionSpan, Format, Input, Isa, KV_BLOCK, Kernels, KvCache, Matrix, Pool, Quantized, Queries,
    Rotation, quantize,
};

/// (N, K) of the products of one layer, and how many of each there are.
const LAYER: [(usize, usize, usize); 4] = [(576, 576, 2), (192, 576, 2), (1536, 576, 2), (576, 1536, 1)];
/// (N, K) of the output head.
const HEAD: (usize, usize) = (49_152, 576);
const LAYERS: usize = 30;

/// Times something and prints it.
type Part = fn(&Kernels);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let isa = words.iter().find_map(|word| word.parse().ok()).unwrap_or_else(Isa::detect);
    let threads = words.iter().find_map(|word| word.parse().ok()).unwrap_or_else(Pool::default_threads);
    let Some(kernels) = Kernels::new(isa, Arc::new(Pool::new(threads))) else {
        eprintln!("this processor lacks {isa}");
        return;
    };
    println!("{isa}, {threads} threads");
    let parts: [(&str, Part); 4] =
        [("models", models), ("products", products), ("attention", attention), ("steps", steps)];
    let is_named = |name: &str| words.iter().any(|word| word == name);
    let all = !parts.iter().any(|(name, _)| is_named(name));
    for (_, part) in parts.iter().filter(|(name, _)| all || is_named(name)) {
        part(&kernels);
    }
    let round = time(|| kernels.pool().run(2 * threads, &|i| _ = black_box(i)));
    println!("starting a loop: {:.2} us", round.as_secs_f64() * 1e6);
}

fn products(kernels: &Kernels) {
    println!("{:8} {:>4} {:>10} {:>14} {:>16}", "format", "m", "GFLOP/s", "ms, 30 layers", "ms, with head");
    for format in Format::ALL {
        for m in [1, 8, 32, 512] {
            let (mut layer, mut flops) = (0.0, 0.0);
            for (n, k, count) in LAYER {
                if k.is_multiple_of(format.block_len()) {
                    layer += count as f64 * product(kernels, format, m, n, k);
                    flops += (count * 2 * m * n * k) as f64;
                }
            }
            let layers = layer * LAYERS as f64 * 1e3;
            let head = if HEAD.1.is_multiple_of(format.block_len()) {
                format!("{:.2}", layers + product(kernels, format, 1, HEAD.0, HEAD.1) * 1e3)
            } else {
                "-".to_owned()
            };
            let rate = if layer > 0.0 { format!("{:.1}", flops / layer / 1e9) } else { "-".to_owned() };
            println!("{:8} {m:4} {rate:>10} {layers:>14.2} {head:>16}", format.name());
        }
    }
}

/// Seconds of one product.
fn product(kernels: &Kernels, format: Format, m: usize, n: usize, k: usize) -> f64 {
    let values: Vec<f32> = (0..n * k).map(|i| (i as f32 * 0.37).sin()).collect();
    let mut bytes = Vec::new();
    if quantize(format, &values, &mut bytes).is_err() {
        bytes = vec![0; format.bytes_of(n * k).expect("whole blocks")];
    }
    let matrix = Matrix::new(format, n, k, &bytes).expect("a matrix of that shape");
    let (x, mut out) = (vec![0.5; m * k], vec![0.0; m * n]);
    let mut quantized = Quantized::default();
    if matrix.takes_quantized() {
        kernels.quantize_rows(&x, k, &mut quantized);
    }
    let input = Input { floats: Some(&x), quantized: Some(&quantized) };
    time(|| kernels.multiply(input, &[(&matrix).into()], black_box(&mut out))).as_secs_f64()
}

/// The products of a whole model, each with weights of its own, so that they come from memory as they do in a step.
struct Model {
    /// Queries, keys and values; output; gate and up; down.
    layers: Vec<[Vec<Matrix>; 4]>,
    head: Matrix,
}

impl Model {
    fn new(format: Format) -> Self {
        let matrix = |n: usize, k: usize| {
            let bytes = vec![0x11; format.bytes_of(n * k).expect("whole blocks")];
            Matrix::new(format, n, k, &bytes).expect("a matrix of that shape")
        };
        let layer = |_| {
            [
                [576, 192, 192].map(|n| matrix(n, 576)).into(),
                vec![matrix(576, 576)],
                [1536, 1536].map(|n| matrix(n, 576)).into(),
                vec![matrix(576, 1536)],
            ]
        };
        Model { layers: (0..LAYERS).map(layer).collect(), head: matrix(HEAD.0, HEAD.1) }
    }

    /// Seconds of all products of `m` tokens, `heads` of which want logits.
    fn time(&self, kernels: &Kernels, m: usize, heads: usize) -> f64 {
        let (x, mut hidden) = (vec![0.5; m * 1536], vec![0.0; m * 960]);
        let (mut wide, mut logits) = (vec![0.0; m * 1536], vec![0.0; heads * HEAD.0]);
        let mut quantized = Quantized::default();
        let once = time(|| {
            for [qkv, output, gated, down] in &self.layers {
                kernels.quantize_rows(&x[..m * 576], 576, &mut quantized);
                let narrow = Input { floats: Some(&x[..m * 576]), quantized: Some(&quantized) };
                let qkv: [_; 3] = std::array::from_fn(|i| (&qkv[i]).into());
                kernels.multiply(narrow, &qkv, &mut hidden);
                kernels.multiply_add(narrow, (&output[0]).into(), &mut hidden[..m * 576]);
                kernels.multiply_gated(narrow, (&gated[0]).into(), (&gated[1]).into(), &mut wide);
                kernels.quantize_rows(&wide, 1536, &mut quantized);
                let wide = Input { floats: Some(&wide), quantized: Some(&quantized) };
                kernels.multiply_add(wide, (&down[0]).into(), &mut hidden[..m * 576]);
            }
            kernels.matmul(&x[..heads * 576], &self.head, None, black_box(&mut logits));
        });
        once.as_secs_f64()
    }
}

fn models(kernels: &Kernels) {
    println!("all products of SmolLM2-135M, ms: {:>8} {:>8} {:>8} {:>8}", "m = 1", "8", "32", "512");
    for format in [Format::Q4_0, Format::Q4_1, Format::Q5_0, Format::Q8_0] {
        let model = Model::new(format);
        let times = [(1, 1), (8, 8), (32, 32), (512, 1)].map(|(m, heads)| 1e3 * model.time(kernels, m, heads));
        println!("{:33} {:8.2} {:8.2} {:8.2} {:8.2}", format.name(), times[0], times[1], times[2], times[3]);
        println!(
            "    {:.0} GOP/s of int8, {:.1} GB/s of memory",
            kernels.int8_rate() / 1e9,
            kernels.read_rate(96 << 20) / 1e9
        );
    }
}

fn attention(kernels: &Kernels) {
    let shape = AttentionShape { heads: 9, kv_heads: 3, head_dim: 64, scale: 0.125 };
    for (rows, depth) in [(512, 0), (1, 512), (1, 1024)] {
        let positions: Vec<u32> = (depth..depth + rows as u32).collect();
        let blocks: Vec<u32> = (0..(depth + rows as u32).div_ceil(KV_BLOCK as u32)).collect();
        let cache = KvCache::new(blocks.len(), shape.kv_heads, shape.head_dim);
        let q = vec![0.5; rows * shape.heads * shape.head_dim];
        let mut out = vec![0.0; q.len()];
        let span = AttentionSpan { rows: 0..rows, positions: &positions, blocks: &blocks };
        let q = Queries { data: &q, row_len: q.len() / rows, rotation: Rotation::default() };
        let once = time(|| kernels.attention(q, &cache, std::slice::from_ref(&span), shape, black_box(&mut out)));
        println!("attention of {rows} rows from {depth}: {:.2} ms, 30 layers", once.as_secs_f64() * 30e3);
    }
}

fn steps(kernels: &Kernels) {
    let (gate, weight) = (vec![0.5; 512 * 1536], vec![1.0; 576]);
    let mut out = vec![0.0; 512 * 1536];
    let silu = time(|| kernels.silu_mul(&gate, black_box(&mut out)));
    let norm = time(|| kernels.rms_norm(&gate[..512 * 576], &weight, 1e-5, black_box(&mut out[..512 * 576])));
    let logits = time(|| _ = black_box(kernels.log_sum_exp(&gate[..49_152])));
    let [silu, norm, logits] = [silu, norm, logits].map(|t| t.as_secs_f64() * 1e3);
    println!("512 tokens, 30 layers: gate {:.2} ms, norms {:.2} ms", 30.0 * silu, 60.0 * norm);
    println!("log-sum-exp of 49,152: {logits:.3} ms");
}

/// The median of the times of `work`, over about a fifth of a second.
fn time(mut work: impl FnMut()) -> Duration {
    work();
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 3 || start.elapsed() < Duration::from_millis(150) {
        let begin = Instant::now();
        work();
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}
