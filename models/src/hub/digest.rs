//! SHA-256 of streams and files, in lower-case hexadecimal.

use std::fmt::Write as _;
use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Enough to make the cost of a system call vanish, small enough for the stack of any thread to do without.
pub(super) const CHUNK: usize = 128 * 1024;

/// Whether `text` is a SHA-256 in lower-case hexadecimal.
pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The digest of everything that was fed into `hasher`.
pub(super) fn hexadecimal(hasher: Sha256) -> String {
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Hands `reader` to `sink` chunk by chunk, to its end.
pub(super) fn pump<E: From<io::Error>>(
    mut reader: impl Read,
    mut sink: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => sink(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The SHA-256 and the length of what `reader` yields; `advance` hears of every chunk.
pub(super) fn of_reader(reader: impl Read, mut advance: impl FnMut(u64)) -> io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut length = 0;
    pump(reader, |chunk| {
        hasher.update(chunk);
        length += chunk.len() as u64;
        advance(chunk.len() as u64);
        io::Result::Ok(())
    })?;
    Ok((hexadecimal(hasher), length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_agree_with_the_standard() {
        let cases = [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ];
        for (text, expected) in cases {
            let (sum, length) = of_reader(text.as_bytes(), |_| {}).expect("memory can be read");
            assert_eq!((sum.as_str(), length), (expected, text.len() as u64));
            assert!(is_sha256(&sum));
        }
        assert!(!is_sha256("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"));
    }
}
