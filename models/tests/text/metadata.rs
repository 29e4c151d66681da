//! GGUF metadata for tests: out of a file, or made up, and then damaged.

use std::collections::HashMap;
use std::path::Path;

use docent_models::tokenizer::GgufSource;

#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Text(String),
    Flag(bool),
    Id(u32),
    Texts(Vec<String>),
    Numbers(Vec<f32>),
    Integers(Vec<i32>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata(pub(crate) HashMap<String, Entry>);

impl Metadata {
    /// The `tokenizer.*` keys of a well-formed file.
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let mut file = Reader(&bytes[16..]);
        let keys = file.number::<8>(u64::from_le_bytes);
        let entries = (0..keys).map(|_| (file.text(), file.value()));
        Metadata(entries.filter_map(|(key, value)| Some((key, value?))).collect())
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn number<const N: usize>(&mut self, from: impl Fn([u8; N]) -> u64) -> u64 {
        let (bytes, rest) = self.0.split_first_chunk().unwrap();
        self.0 = rest;
        from(*bytes)
    }

    fn text(&mut self) -> String {
        let len = self.number::<8>(u64::from_le_bytes) as usize;
        let (text, rest) = self.0.split_at(len);
        self.0 = rest;
        String::from_utf8(text.to_vec()).unwrap()
    }

    fn scalar(&mut self, kind: u64) -> u64 {
        match kind {
            0 | 1 | 7 => self.number::<1>(|b| b[0].into()),
            2 | 3 => self.number::<2>(|b| u16::from_le_bytes(b).into()),
            4..=6 => self.number::<4>(|b| u32::from_le_bytes(b).into()),
            _ => self.number::<8>(u64::from_le_bytes),
        }
    }

    fn value(&mut self) -> Option<Entry> {
        let u32 = |b| u32::from_le_bytes(b).into();
        match self.number::<4>(u32) {
            7 => Some(Entry::Flag(self.scalar(7) != 0)),
            8 => Some(Entry::Text(self.text())),
            9 => {
                let kind = self.number::<4>(u32);
                let len = self.number::<8>(u64::from_le_bytes);
                match kind {
                    8 => Some(Entry::Texts((0..len).map(|_| self.text()).collect())),
                    6 => Some(Entry::Numbers((0..len).map(|_| f32::from_bits(self.scalar(6) as u32)).collect())),
                    _ => Some(Entry::Integers((0..len).map(|_| self.scalar(kind) as i32).collect())),
                }
            }
            kind @ (4 | 5) => Some(Entry::Id(self.scalar(kind) as u32)),
            kind => {
                self.scalar(kind);
                None
            }
        }
    }
}

impl GgufSource for Metadata {
    fn str(&self, key: &str) -> Option<&str> {
        if let Entry::Text(text) = self.0.get(key)? { Some(text) } else { None }
    }

    fn bool(&self, key: &str) -> Option<bool> {
        if let Entry::Flag(flag) = self.0.get(key)? { Some(*flag) } else { None }
    }

    fn u32(&self, key: &str) -> Option<u32> {
        if let Entry::Id(id) = self.0.get(key)? { Some(*id) } else { None }
    }

    fn strings(&self, key: &str) -> Option<Vec<&str>> {
        if let Entry::Texts(texts) = self.0.get(key)? { Some(texts.iter().map(String::as_str).collect()) } else { None }
    }

    fn floats(&self, key: &str) -> Option<Vec<f32>> {
        if let Entry::Numbers(numbers) = self.0.get(key)? { Some(numbers.clone()) } else { None }
    }

    fn ints(&self, key: &str) -> Option<Vec<i32>> {
        if let Entry::Integers(integers) = self.0.get(key)? { Some(integers.clone()) } else { None }
    }
}
