//! Rates of the kernels, in operations (a product and a sum each) or bytes a second, on all threads.
//!
//! `cargo bench -p docent-kernels -- [FILTER]`, with `DOCENT_ISA` and `DOCENT_THREADS` in the environment to force an
//! instruction set and a number of threads. What binds the rates is measured in the same run: `ceilings`.

use std::array::from_fn;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use docent_kernels::{
    AttentionShape, AttentionSpan, Format, Input, Isa, KV_BLOCK, Kernels, KeyValues, KvCache, KvFormat, Matrix, Pool,
    Quantized, QuantizedRows, Queries, Rotation, Summary, WeightMemory,
};

/// SmolLM2-135M: layers, width, width of keys and values, width of the feed-forward network, vocabulary.
const LAYERS: usize = 30;
const WIDTH: usize = 576;
const KEYS: usize = 192;
const INNER: usize = 1536;
const VOCAB: usize = 49_152;

/// all-MiniLM-L6-v2: layers, width, width of the feed-forward network.
const ENCODER_LAYERS: usize = 6;
const ENCODER_WIDTH: usize = 384;
const ENCODER_INNER: usize = 1536;

fn kernels() -> Kernels {
    let variable = |name: &str| std::env::var(name).ok();
    let isa = variable("DOCENT_ISA").map_or_else(Isa::detect, |name| name.parse().expect("an instruction set"));
    let threads = variable("DOCENT_THREADS").map_or_else(Pool::default_threads, |text| text.parse().expect("a number"));
    Kernels::new(isa, Arc::new(Pool::new(threads))).expect("an instruction set that this processor has")
}

fn group<'a>(criterion: &'a mut Criterion, name: &str, kernels: &Kernels) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(format!("{name}/{}x{}", kernels.isa(), kernels.pool().threads()));
    group.sample_size(15).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    group
}

/// What binds everything else.
fn ceilings(criterion: &mut Criterion) {
    let kernels = kernels();
    let bytes = 96 << 20;
    let mut group = group(criterion, "ceilings", &kernels);
    group.sample_size(10);
    // The rates come out of the kernels themselves: a sample is as long as one element or byte takes at that rate.
    group.throughput(Throughput::Elements(1 << 30));
    let seconds = |amount: f64, rate: f64| Duration::from_secs_f64(amount / rate);
    group.bench_function("int8", |b| {
        b.iter_custom(|runs| seconds(runs as f64 * f64::from(1 << 30), kernels.int8_rate()));
    });
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("memory", |b| {
        b.iter_custom(|runs| seconds(runs as f64 * bytes as f64, kernels.read_rate(bytes)));
    });
    group.finish();
}

/// The products of a whole language model, each with weights of its own, so that they come from memory as in a step.
struct Model {
    /// Queries, keys and values; output; gate and up; down.
    layers: Vec<[Vec<Matrix>; 4]>,
    head: Matrix,
}

impl Model {
    fn new(format: Format) -> Self {
        let bytes_of = |elements: u64| format.bytes_of(elements as usize).expect("whole blocks");
        let mut memory = WeightMemory::new(bytes_of(Self::operations(1, 1) / 2));
        let mut matrix = |n: usize, k: usize| {
            let bytes = vec![0x11; bytes_of((n * k) as u64)];
            Matrix::new_in(&mut memory, format, n, k, &bytes).expect("a matrix of that shape")
        };
        let mut layer = |_| {
            [
                [WIDTH, KEYS, KEYS].map(|n| matrix(n, WIDTH)).into(),
                vec![matrix(WIDTH, WIDTH)],
                [INNER, INNER].map(|n| matrix(n, WIDTH)).into(),
                vec![matrix(WIDTH, INNER)],
            ]
        };
        let layers = (0..LAYERS).map(&mut layer).collect();
        Model { layers, head: matrix(VOCAB, WIDTH) }
    }

    fn operations(rows: usize, heads: usize) -> u64 {
        let layer = WIDTH * (2 * WIDTH + 2 * KEYS) + 3 * WIDTH * INNER;
        2 * (rows * LAYERS * layer + heads * WIDTH * VOCAB) as u64
    }

    /// All products of `rows` tokens, `heads` of which want logits.
    fn run(
        &self,
        kernels: &Kernels,
        rows: usize,
        heads: usize,
        buffers: &mut [Vec<f32>; 4],
        quantized: &mut Quantized,
    ) {
        let [x, hidden, wide, logits] = buffers;
        for [qkv, output, gated, down] in &self.layers {
            kernels.quantize_rows(&x[..rows * WIDTH], WIDTH, quantized);
            let narrow = Input { quantized: Some(quantized), ..Input::default() };
            let qkv: [_; 3] = from_fn(|i| (&qkv[i]).into());
            kernels.multiply(narrow, &qkv, &mut hidden[..rows * (WIDTH + 2 * KEYS)]);
            kernels.multiply_add(narrow, (&output[0]).into(), &mut hidden[..rows * WIDTH]);
            kernels.multiply_gated(narrow, (&gated[0]).into(), (&gated[1]).into(), &mut wide[..rows * INNER]);
            kernels.quantize_rows(&wide[..rows * INNER], INNER, quantized);
            let wide = Input { quantized: Some(quantized), ..Input::default() };
            kernels.multiply_add(wide, (&down[0]).into(), &mut hidden[..rows * WIDTH]);
        }
        kernels.matmul(&x[..heads * WIDTH], &self.head, None, black_box(&mut logits[..heads * VOCAB]));
    }
}

/// All products of a step of SmolLM2-135M, with the quantization of their inputs.
fn products(criterion: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(criterion, "products", &kernels);
    let mut buffers = [512 * INNER, 512 * (WIDTH + 2 * KEYS), 512 * INNER, 32 * VOCAB].map(|len| vec![0.5; len]);
    let mut quantized = Quantized::default();
    for format in [Format::Q4_0, Format::Q4_1, Format::Q5_0, Format::Q8_0] {
        let model = Model::new(format);
        for (rows, heads) in [(1, 1), (8, 8), (32, 32), (512, 1)] {
            group.throughput(Throughput::Elements(Model::operations(rows, heads)));
            group.bench_function(format!("{format}/{rows}"), |b| {
                b.iter(|| model.run(&kernels, rows, heads, &mut buffers, &mut quantized));
            });
        }
    }
    group.finish();
}

/// All products of all-MiniLM-L6-v2 for 2,048 tokens, in f32, bf16 and int8 with a scale for each channel.
fn encoder(criterion: &mut Criterion) {
    const TOKENS: usize = 2048;
    let kernels = kernels();
    let mut group = group(criterion, "encoder", &kernels);
    let shapes = [(3 * ENCODER_WIDTH, ENCODER_WIDTH), (ENCODER_WIDTH, ENCODER_WIDTH)];
    let shapes = [shapes[0], shapes[1], (ENCODER_INNER, ENCODER_WIDTH), (ENCODER_WIDTH, ENCODER_INNER)];
    let weights: usize = shapes.iter().map(|(n, k)| n * k).sum();
    group.throughput(Throughput::Elements(2 * (TOKENS * ENCODER_LAYERS * weights) as u64));
    let x = vec![0.5; TOKENS * ENCODER_INNER];
    let mut out = vec![0.0; TOKENS * ENCODER_INNER];
    let mut rows = QuantizedRows::default();
    for name in ["f32", "bf16", "int8"] {
        let matrix = |(n, k): (usize, usize)| match name {
            "f32" => Matrix::new(Format::F32, n, k, &0.25_f32.to_le_bytes().repeat(n * k)),
            "bf16" => Matrix::new(Format::BF16, n, k, &[0x80, 0x3e].repeat(n * k)),
            _ => Matrix::per_channel(n, k, &vec![0.25; n * k]),
        };
        let layer = || shapes.map(|shape| matrix(shape).expect("a matrix of that shape"));
        let layers: Vec<[Matrix; 4]> = (0..ENCODER_LAYERS).map(|_| layer()).collect();
        group.bench_function(name, |b| {
            b.iter(|| {
                for matrix in layers.iter().flatten() {
                    let x = &x[..TOKENS * matrix.cols()];
                    if matrix.takes_quantized_rows() {
                        kernels.quantize_by_row(x, matrix.cols(), &mut rows);
                    }
                    let input = Input { floats: Some(x), quantized_rows: Some(&rows), ..Input::default() };
                    kernels.multiply(input, &[matrix.into()], black_box(&mut out[..TOKENS * matrix.rows()]));
                }
            });
        });
    }
    group.finish();
}

/// Attention of one layer of SmolLM2-135M.
fn attention(criterion: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(criterion, "attention", &kernels);
    let shape = AttentionShape { heads: 9, kv_heads: 3, head_dim: 64, scale: 0.125 };
    for (format, (rows, depth)) in
        KvFormat::ALL.into_iter().flat_map(|f| [(512, 0), (1, 512), (1, 1024)].map(|at| (f, at)))
    {
        let positions: Vec<u32> = (depth..depth + rows as u32).collect();
        let blocks: Vec<u32> = (0..(depth + rows as u32).div_ceil(KV_BLOCK as u32)).collect();
        let mut cache = KvCache::new(format, 1, blocks.len(), shape.kv_heads, shape.head_dim);
        // Memory that was never written is read faster than any other.
        let kept: Vec<u32> = (0..depth + rows as u32).collect();
        let (width, all) =
            (shape.kv_heads * shape.head_dim, AttentionSpan { rows: 0..kept.len(), positions: &kept, blocks: &blocks });
        let stored = vec![0.5; kept.len() * 2 * width];
        let from =
            KeyValues { data: &stored, row_len: 2 * width, keys: 0, values: width, rotation: Rotation::default() };
        kernels.store_kv(&mut cache, 0, from, &[all]);
        let data = vec![0.5; rows * shape.heads * shape.head_dim];
        let mut out = vec![0.0; data.len()];
        let span = AttentionSpan { rows: 0..rows, positions: &positions, blocks: &blocks };
        let q = Queries { data: &data, row_len: data.len() / rows, rotation: Rotation::default() };
        let seen: usize = positions.iter().map(|at| *at as usize + 1).sum();
        group.throughput(Throughput::Elements((4 * seen * shape.heads * shape.head_dim) as u64));
        group.bench_function(format!("{}/{rows} from {depth}", format.name()), |b| {
            b.iter(|| kernels.attention(q, &cache, 0, std::slice::from_ref(&span), shape, black_box(&mut out)));
        });
    }
    group.finish();
}

/// What lies between the products, for 512 tokens of one layer, and what follows the head.
fn steps(criterion: &mut Criterion) {
    let kernels = kernels();
    let mut group = group(criterion, "steps", &kernels);
    let (x, weight) = (vec![0.5; 512 * INNER], vec![1.0; WIDTH]);
    let (mut out, mut quantized, mut rows) = (vec![0.0; 512 * INNER], Quantized::default(), QuantizedRows::default());
    let mut bench = |name: &str, elements: usize, step: &mut dyn FnMut()| {
        group.throughput(Throughput::Bytes(4 * elements as u64));
        group.bench_function(name, |b| b.iter(&mut *step));
    };
    let narrow = &x[..512 * WIDTH];
    bench("rms norm", narrow.len(), &mut || {
        kernels.rms_norm(narrow, &weight, 1e-5, black_box(&mut out[..512 * WIDTH]));
    });
    bench("rms norm, quantized", narrow.len(), &mut || {
        kernels.rms_norm_quantized(narrow, &weight, 1e-5, black_box(&mut quantized));
    });
    bench("quantize by block", x.len(), &mut || kernels.quantize_rows(&x, INNER, black_box(&mut quantized)));
    bench("quantize by row", x.len(), &mut || kernels.quantize_by_row(&x, INNER, black_box(&mut rows)));
    bench("gate", x.len(), &mut || kernels.silu_mul(&x, black_box(&mut out)));
    bench("gelu", x.len(), &mut || kernels.gelu(black_box(&mut out)));
    let mut summary = [Summary::default()];
    bench("largest and log-sum-exp", VOCAB, &mut || kernels.summarize(&x[..VOCAB], VOCAB, black_box(&mut summary)));
    bench("start of a loop", 1, &mut || kernels.pool().run(2 * kernels.pool().threads(), &|i| _ = black_box(i)));
    group.finish();
}

criterion_group!(benches, ceilings, products, encoder, attention, steps);
criterion_main!(benches);
