//! Vectors on disk: a NumPy array file (`.npy`, version 1.0, little-endian 32-bit floats, row by row).
//!
//! A file's name holds the fingerprint of what it was made from, so that another encoder or another catalogue never
//! finds it. It is written aside and renamed: under its name it is whole.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    engine::Embeddings,
    recommend::{Error, Result},
};

/// What every `.npy` file of version 1.0 starts with.
const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
/// The format wants the data to start at a multiple of this.
const ALIGNMENT: usize = 64;

/// Where the vectors of one catalogue are kept.
#[derive(Clone, Debug)]
pub struct VectorFile {
    path: PathBuf,
    items: usize,
}

impl VectorFile {
    /// The file in `folder` for what `fingerprint` stands for.
    pub fn new(folder: &Path, fingerprint: u64, items: usize) -> Self {
        Self { path: folder.join(format!("items-{fingerprint:016x}.npy")), items }
    }

    /// Reads the vectors; `None` if they were never written.
    ///
    /// # Errors
    /// If the file cannot be read, or is not what was written.
    pub fn read(&self) -> Result<Option<Embeddings>> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::Read { path: self.path.clone(), source }),
        };
        let damaged = || Error::VectorFile { path: self.path.clone(), items: self.items };
        self.parse(&bytes).map(Some).ok_or_else(damaged)
    }

    /// The length of the data gives the width, and rows and width give the one header that fits.
    fn parse(&self, bytes: &[u8]) -> Option<Embeddings> {
        let length = bytes.get(MAGIC.len()..MAGIC.len() + 2)?;
        let start = MAGIC.len() + 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
        let data = bytes.get(start..)?;
        let width = data.len().checked_div(self.items * size_of::<f32>())?;
        let (floats, rest) = data.as_chunks::<4>();
        if !rest.is_empty() || floats.len() != width * self.items || bytes[..start] != header(self.items, width) {
            return None;
        }
        let values: Vec<f32> = floats.iter().map(|&float| f32::from_le_bytes(float)).collect();
        values.iter().all(|value| value.is_finite()).then_some(Embeddings { values, width, tokens: 0 })
    }

    /// Writes vectors, and makes the folder if it is not there.
    ///
    /// # Errors
    /// If the file cannot be written; nothing is left under its name then.
    pub fn write(&self, vectors: &Embeddings) -> Result<()> {
        let written = self.try_write(vectors);
        written.map_err(|source| Error::Write { path: self.path.clone(), source })
    }

    fn try_write(&self, vectors: &Embeddings) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut bytes = header(vectors.rows().len(), vectors.width);
        bytes.extend(vectors.values.iter().flat_map(|value| value.to_le_bytes()));
        file.write_all(&bytes)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

/// What stands before the data.
fn header(rows: usize, width: usize) -> Vec<u8> {
    let mut text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}");
    let unpadded = MAGIC.len() + 2 + text.len() + 1;
    text.push_str(&" ".repeat(unpadded.next_multiple_of(ALIGNMENT) - unpadded));
    text.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend((text.len() as u16).to_le_bytes());
    bytes.extend(text.as_bytes());
    bytes
}

/// The 64-bit FNV-1a hash of texts, in order: the same on every machine and in every version.
pub fn fingerprint<'a>(texts: impl IntoIterator<Item = &'a str>) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    // No text holds the byte 0xff, so it keeps neighbours apart.
    texts.into_iter().flat_map(|text| text.bytes().chain([0xff])).fold(OFFSET_BASIS, add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = VectorFile::new(&folder.path().join("a/b"), 7, 2);
        assert_eq!(file.read().unwrap(), None);
        let vectors = Embeddings { values: vec![1.0, -2.5, 0.0, 1e-9, 3.0, 4.0], width: 3, tokens: 0 };
        file.write(&vectors).unwrap();
        file.write(&vectors).unwrap();
        assert_eq!(file.read().unwrap(), Some(vectors));
        assert_eq!(fs::read_dir(folder.path().join("a/b")).unwrap().count(), 1);
    }

    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = VectorFile::new(folder.path(), 7, 2);
        file.write(&Embeddings { values: vec![1.0, 2.0, 3.0, 4.0], width: 2, tokens: 0 }).unwrap();
        let whole = fs::read(&file.path).unwrap();
        let with = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            bytes
        };
        let nan = [&whole[..whole.len() - 4], &f32::NAN.to_le_bytes()].concat();
        let cases = [whole[..whole.len() - 1].to_vec(), whole[..4].to_vec(), Vec::new(), with(0, 0), with(9, 9), nan];
        for bytes in cases {
            fs::write(&file.path, bytes).unwrap();
            assert!(matches!(file.read(), Err(Error::VectorFile { .. })));
        }
        let more_items = VectorFile { items: 3, ..file.clone() };
        fs::write(&file.path, &whole).unwrap();
        assert!(more_items.read().is_err());
        assert!(VectorFile { items: 0, ..file }.read().is_err());
    }

    #[test]
    fn fingerprints_follow_the_published_hash_and_keep_texts_apart() {
        assert_eq!(fingerprint([]), 0xcbf2_9ce4_8422_2325);
        assert_ne!(fingerprint(["ab", "c"]), fingerprint(["a", "bc"]));
    }
}
