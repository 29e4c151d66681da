//! Reads little-endian numbers and strings from a GGUF header, within its bounds.
//!
//! Nothing is allocated for a count that the rest of the file could not hold, so that the memory of a parse is
//! bounded by the file's length and by the limits below, whatever the counts claim.

use super::super::fault::Fault;

/// Longest header, in bytes. The largest published vocabularies make headers of about 30 MB.
const MAX_HEADER_BYTES: u64 = 256 << 20;

/// Most elements in all arrays of the metadata together, nested ones included.
///
/// A vocabulary of 262,144 tokens with scores, types and merges has about 1.3 million.
const MAX_ELEMENTS: u64 = 1 << 23;

/// A position in a header that only moves forward.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    elements: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, elements: 0 }
    }

    /// How many bytes have been read.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], Fault> {
        let rest = &self.bytes[self.position..];
        let left = rest.len() as u64;
        let truncated = Fault::Truncated { needed: count, left };
        let taken = usize::try_from(count).ok().and_then(|n| rest.get(..n)).ok_or(truncated)?;
        if self.position as u64 + count > MAX_HEADER_BYTES {
            return Err(Fault::HeaderTooLong { limit: MAX_HEADER_BYTES });
        }
        self.position += taken.len();
        Ok(taken)
    }

    /// `count` numbers of `N` bytes each.
    pub(super) fn numbers<T, const N: usize>(
        &mut self,
        count: usize,
        convert: fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Fault> {
        let bytes = self.take((count as u64).saturating_mul(N as u64))?;
        let (chunks, _) = bytes.as_chunks::<N>();
        Ok(chunks.iter().map(|&chunk| convert(chunk)).collect())
    }

    /// One number of `N` bytes.
    pub(super) fn number<T, const N: usize>(&mut self, convert: fn([u8; N]) -> T) -> Result<T, Fault> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N as u64)?);
        Ok(convert(bytes))
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.number(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        self.number(u64::from_le_bytes)
    }

    /// One byte that must be 0 or 1.
    pub(super) fn bool(&mut self) -> Result<bool, Fault> {
        match self.number(u8::from_le_bytes)? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(Fault::NotBool { found }),
        }
    }

    /// A count of things that take at least `smallest` bytes each and of which `limit` are accepted.
    pub(super) fn count(&mut self, smallest: u64, limit: u64) -> Result<usize, Fault> {
        let found = self.u64()?;
        let (needed, left) = (found.saturating_mul(smallest), (self.bytes.len() - self.position) as u64);
        if needed > left {
            return Err(Fault::Truncated { needed, left });
        }
        if found > limit {
            return Err(Fault::AboveLimit { found, limit });
        }
        usize::try_from(found).map_err(|_| Fault::AboveLimit { found, limit })
    }

    /// The count of an array whose elements take at least `smallest` bytes each.
    pub(super) fn array_count(&mut self, smallest: u64) -> Result<usize, Fault> {
        let count = self.count(smallest, MAX_ELEMENTS)?;
        self.elements += count as u64;
        if self.elements > MAX_ELEMENTS {
            return Err(Fault::AboveLimit { found: self.elements, limit: MAX_ELEMENTS });
        }
        Ok(count)
    }

    /// A string of at most `limit` bytes, its length before it.
    pub(super) fn string(&mut self, limit: u64) -> Result<String, Fault> {
        let length = self.u64()?;
        if length > limit {
            return Err(Fault::AboveLimit { found: length, limit });
        }
        self.string_of(length)
    }

    /// A string as long as the header allows, its length before it.
    pub(super) fn text(&mut self) -> Result<String, Fault> {
        let length = self.u64()?;
        self.string_of(length)
    }

    /// Copies before it validates, so that a file that changes meanwhile cannot yield an invalid string.
    fn string_of(&mut self, length: u64) -> Result<String, Fault> {
        let copy = self.take(length)?.to_vec();
        String::from_utf8(copy).map_err(|e| Fault::NotUtf8 { valid_up_to: e.utf8_error().valid_up_to() })
    }
}
