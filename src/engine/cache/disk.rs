//! Kept prefixes as a file, so that a program that starts anew need not compute them again.
//!
//! Little-endian: the magic bytes, the version (u32), the model's hash (32 bytes), the bytes of a block (u64), the number
//! of blocks (u32); of each block its parent's number (u32, `u32::MAX` for none), the number of its tokens (u32), these
//! (u32 each) and its keys and values; at the end SHA-256 of all before. Parents come first.

use std::{
    fs,
    io::{self, Read, Write},
    path::Path,
};

use docent_models::kv::KV_BLOCK;
use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"DOCENTKV";
/// Another one for each way to compute: a prefix goes on as it began.
const VERSION: u32 = 2;
const HASH: usize = 32;
const NO_PARENT: u32 = u32::MAX;
/// What is said of a file that is something else.
const FOREIGN: &str = "it holds no prefixes";

/// One block of a kept prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct KeptBlock {
    /// Its place in the list, which is before its own.
    pub(in crate::engine) parent: Option<usize>,
    /// The tokens of its positions.
    pub(in crate::engine) ids: Vec<u32>,
    /// Its keys and values.
    pub(in crate::engine) bytes: Vec<u8>,
}

/// Whether a file may be written to `path`: there is none, an empty one, or one of prefixes.
///
/// # Errors
/// If the system refuses to read what is there.
pub(in crate::engine) fn may_replace(path: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    match fs::File::open(path) {
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut start)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    Ok(start.is_empty() || start == MAGIC)
}

/// Writes blocks aside and gives the file its name when it is whole.
///
/// # Errors
/// If the system refuses, or something else is there.
pub(in crate::engine) fn write(path: &Path, model: &[u8; HASH], blocks: &[KeptBlock]) -> io::Result<()> {
    if !may_replace(path)? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, FOREIGN));
    }
    let block_bytes = blocks.first().map_or(0, |block| block.bytes.len());
    let mut out = Vec::with_capacity(128 + blocks.len() * (block_bytes + 4 * KV_BLOCK + 8));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(model);
    out.extend_from_slice(&(block_bytes as u64).to_le_bytes());
    out.extend_from_slice(&(blocks.len() as u32).to_le_bytes());
    for block in blocks {
        out.extend_from_slice(&block.parent.map_or(NO_PARENT, |parent| parent as u32).to_le_bytes());
        out.extend_from_slice(&(block.ids.len() as u32).to_le_bytes());
        block.ids.iter().for_each(|id| out.extend_from_slice(&id.to_le_bytes()));
        out.extend_from_slice(&block.bytes);
    }
    let sum = Sha256::digest(&out);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    aside.write_all(&out)?;
    aside.write_all(&sum)?;
    aside.persist(path)?;
    Ok(())
}

/// Reads what [`write`] wrote for the same model and blocks of the same size.
///
/// # Errors
/// In words what is wrong with the file, or that the system refuses to read it.
pub(in crate::engine) fn read(path: &Path, model: &[u8; HASH], block_bytes: usize) -> Result<Vec<KeptBlock>, String> {
    let bytes = read_own(path).map_err(|error| error.to_string())?;
    let (body, sum) = bytes.split_at_checked(bytes.len().saturating_sub(HASH)).unwrap_or_default();
    let mut rest = body.strip_prefix(MAGIC).ok_or(FOREIGN)?;
    let version = number(&mut rest)?;
    if version != VERSION {
        return Err(format!("it has version {version}, expected {VERSION}"));
    }
    if Sha256::digest(body)[..] != *sum {
        return Err("its checksum is wrong: it is damaged".into());
    }
    if take(&mut rest, HASH)? != model {
        return Err("its prefixes are another model's".into());
    }
    let found = u64::from(number(&mut rest)?) | u64::from(number(&mut rest)?) << 32;
    let count = number(&mut rest)? as usize;
    if count > 0 && found != block_bytes as u64 {
        return Err(format!("its blocks have {found} bytes, expected {block_bytes}"));
    }
    let mut blocks = Vec::new();
    for index in 0..count {
        let parent = number(&mut rest)?;
        let parent = (parent != NO_PARENT).then_some(parent as usize);
        let len = number(&mut rest)? as usize;
        let parent_is_whole = parent
            .is_none_or(|parent| blocks.get(parent).is_some_and(|parent: &KeptBlock| parent.ids.len() == KV_BLOCK));
        if !(1..=KV_BLOCK).contains(&len) || !parent_is_whole {
            return Err(format!("block {index} of {count} makes no sense"));
        }
        let ids = (0..len).map(|_| number(&mut rest)).collect::<Result<_, _>>()?;
        blocks.push(KeptBlock { parent, ids, bytes: take(&mut rest, block_bytes)?.to_vec() });
    }
    if !rest.is_empty() {
        return Err(format!("{} bytes follow its last block", rest.len()));
    }
    Ok(blocks)
}

/// All bytes of a file; of one that is something else, which may be of any length, the first.
fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    let (file, mut bytes) = (fs::File::open(path)?, Vec::new());
    (&file).take(MAGIC.len() as u64).read_to_end(&mut bytes)?;
    if bytes == MAGIC {
        (&file).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], String> {
    let (taken, left) = rest.split_at_checked(len).ok_or("it ends too early")?;
    *rest = left;
    Ok(taken)
}

fn number(rest: &mut &[u8]) -> Result<u32, String> {
    let bytes = take(rest, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<KeptBlock> {
        let block = |parent, len: u32, byte| KeptBlock { parent, ids: (0..len).collect(), bytes: vec![byte; 24] };
        vec![block(None, 64, 1), block(Some(0), 64, 2), block(None, 5, 3), block(Some(1), 1, 4)]
    }

    #[test]
    fn what_was_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prefixes");
        for blocks in [blocks(), Vec::new()] {
            write(&path, &[7; HASH], &blocks).unwrap();
            assert_eq!(read(&path, &[7; HASH], 24).unwrap(), blocks);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_file_of_something_else_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("films.csv");
        fs::write(&path, "item_id,title").unwrap();
        assert_eq!(write(&path, &[7; HASH], &blocks()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "item_id,title");
        fs::write(&path, "").unwrap();
        write(&path, &[7; HASH], &blocks()).unwrap();
        write(&path, &[8; HASH], &blocks()).unwrap();
        assert!(read(&path, &[8; HASH], 24).is_ok());
    }

    #[test]
    fn what_is_damaged_or_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prefixes");
        write(&path, &[7; HASH], &blocks()).unwrap();
        assert!(read(&path, &[8; HASH], 24).unwrap_err().contains("another model"));
        assert!(read(&path, &[7; HASH], 32).unwrap_err().contains("24 bytes, expected 32"));
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            fs::write(&path, &whole[..at]).unwrap();
            assert!(read(&path, &[7; HASH], 24).is_err(), "cut at {at}");
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            assert!(read(&path, &[7; HASH], 24).is_err(), "changed at {at}");
        }
        assert!(read(&folder.path().join("missing"), &[7; HASH], 24).is_err());
        // Nobody has the memory to read all of it.
        fs::File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read(&path, &[7; HASH], 24).unwrap_err(), FOREIGN);
    }
}
