//! Writes the logits of every position of every context, for comparison with another program's.
//!
//!     cargo run --release --example logits -- BACKEND MODEL CONTEXTS.json FOLDER
//!
//! BACKEND is `cpu` or `reference`; CONTEXTS.json holds `contexts`, each with `ids`; FOLDER receives `context-0.npy`,
//! `context-1.npy`, ..: single precision, a row per position, the whole vocabulary.

use std::{
    error::Error,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use docent::models::{
    Isa, Pool,
    backend::{Backend, BackendKind, LoadOptions, load},
    batch::RaggedBatch,
    checkpoint::Checkpoint,
    kv::{BlockPool, blocks_for},
};

const ROWS_PER_STEP: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [backend, model, contexts, folder] = arguments.as_slice() else {
        return Err("expected BACKEND MODEL CONTEXTS.json FOLDER".into());
    };
    let backend = match backend.as_str() {
        "cpu" => BackendKind::Cpu,
        "reference" => BackendKind::Reference,
        other => return Err(format!("no backend `{other}`: expected `cpu` or `reference`").into()),
    };
    let contexts: serde_json::Value = serde_json::from_reader(File::open(contexts)?)?;
    let contexts = contexts["contexts"].as_array().ok_or("no list `contexts`")?;
    let contexts: Vec<Vec<u32>> =
        contexts.iter().map(|c| serde_json::from_value(c["ids"].clone())).collect::<Result<_, _>>()?;
    let options = LoadOptions {
        backend,
        isa: Isa::detect(),
        pool: Arc::new(Pool::new(Pool::default_threads())),
        kv_positions: contexts.iter().map(Vec::len).max().unwrap_or(0),
        kv_format: Default::default(),
        memory: None,
    };
    let mut model = load(&Checkpoint::open(Path::new(model))?, &options)?;
    for (index, ids) in contexts.iter().enumerate() {
        let path = PathBuf::from(folder).join(format!("context-{index}.npy"));
        write_logits(model.as_mut(), ids, &path)?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

fn write_logits(model: &mut dyn Backend, ids: &[u32], path: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    write_npy_header(&mut file, ids.len(), model.architecture().vocab())?;
    let mut pool = BlockPool::new(model.kv_blocks());
    let blocks: Vec<_> = (0..blocks_for(ids.len())).map_while(|_| pool.take()).collect();
    for (index, chunk) in ids.chunks(ROWS_PER_STEP).enumerate() {
        let position = index * ROWS_PER_STEP;
        let mut batch = RaggedBatch::new();
        let held = &blocks[..blocks_for(position + chunk.len())];
        batch.push_tokens(chunk, position as u32, held, None).for_each(|row| batch.want_logits(row, None));
        for value in model.forward(&batch)?.logits.to_host()?.iter() {
            file.write_all(&value.to_le_bytes())?;
        }
    }
    Ok(file.flush()?)
}

/// The header of NumPy's format, version 1.0, padded so that the data starts at a multiple of 64 bytes.
fn write_npy_header(file: &mut impl Write, rows: usize, columns: usize) -> std::io::Result<()> {
    const PREFIX: usize = 10;
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let padding = (PREFIX + header.len() + 1).next_multiple_of(64) - PREFIX - header.len() - 1;
    header.push_str(&" ".repeat(padding));
    header.push('\n');
    file.write_all(b"\x93NUMPY\x01\x00")?;
    file.write_all(&(header.len() as u16).to_le_bytes())?;
    file.write_all(header.as_bytes())
}
