//! SHA-256, in lower-case hexadecimal.

use std::{
    fmt::Write as _,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::recommend::{Error, Result};

/// Bytes that are read at once.
const CHUNK: usize = 1 << 17;

/// The digest of bytes.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// One digest for all files of a model: that of a line with the name and the digest of each, in their order.
///
/// # Errors
/// If a file cannot be read.
pub fn fingerprint(files: &[PathBuf]) -> Result<String> {
    let mut lines = String::new();
    for path in files {
        let sum = of_file(path).map_err(|source| Error::Read { path: path.clone(), source })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        lines += &format!("{name} {sum}\n");
    }
    Ok(sha256(lines.as_bytes()))
}

fn of_file(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; CHUNK]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hasher.finalize())),
            read => hasher.update(&buffer[..read]),
        }
    }
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_depends_on_names_and_contents() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let of = |files: &[PathBuf]| fingerprint(files).unwrap();
        let files = [file("a", "1"), file("b", "1")];
        assert_eq!(of(&files[..1]), of(&files[..1]));
        assert_ne!(of(&files[..1]), of(&files[1..]));
        let both = of(&files);
        file("b", "2");
        assert_ne!(of(&files), both);
        assert!(fingerprint(&[folder.path().join("c")]).is_err());
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
