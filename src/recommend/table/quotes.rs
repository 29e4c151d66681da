//! Whether all quotes of a CSV file are closed. The parser takes the end of the file for the end of a cell, so that a quote
//! which nobody closes swallows every row below it.

use std::io::{self, Read};

/// Where the reading of CSV is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// A cell begins.
    #[default]
    Start,
    /// In a cell without quotes, or behind its closing one.
    Plain,
    /// Behind a quote that was opened.
    Quoted,
    /// Behind a quote within quotes: the closing one, or the first of two that stand for one.
    Closing,
}

/// Reads CSV through to its parser, and minds the quotes.
#[derive(Debug)]
pub struct Quotes<R> {
    inner: R,
    state: State,
    line: u64,
    /// The line of the last quote that was opened.
    opened: u64,
    is_over: bool,
}

impl<R> Quotes<R> {
    /// Minds the quotes of what is read from its beginning.
    pub fn new(inner: R) -> Self {
        Self { inner, state: State::default(), line: 1, opened: 0, is_over: false }
    }

    /// The line of a quote that is still open where the file has ended.
    pub fn unclosed(&self) -> Option<u64> {
        (self.is_over && self.state == State::Quoted).then_some(self.opened)
    }

    fn mind(&mut self, byte: u8) {
        self.state = match (self.state, byte) {
            // The mark of byte order is no part of the first cell.
            (State::Start, 0xef | 0xbb | 0xbf) if self.line == 1 => State::Start,
            (State::Start, b'"') => {
                self.opened = self.line;
                State::Quoted
            }
            (State::Quoted, b'"') => State::Closing,
            (State::Quoted, _) | (State::Closing, b'"') => State::Quoted,
            (_, b',' | b'\n' | b'\r') => State::Start,
            _ => State::Plain,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read> Read for Quotes<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.is_over = read == 0 && !buffer.is_empty();
        buffer[..read].iter().for_each(|&byte| self.mind(byte));
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_that_stays_open_is_found_where_it_was_opened() {
        let cases = [
            ("a,b\n1,\"x\n2,y\n", Some(2)),
            ("\u{feff}\"a\n", Some(1)),
            ("a\r\n\"x\ny\"\r\n\"z\"\"\r\n", Some(4)),
            ("a,b\n1,\"x\n2\"\n", None),
            ("a\n\"\"\n", None),
            ("a\n\"x \"\"y\"\"\"", None),
            // A quote within a cell that has none at its beginning is a character.
            ("a\n5\" disk\n", None),
            ("", None),
        ];
        for (text, line) in cases {
            let mut quotes = Quotes::new(text.as_bytes());
            io::copy(&mut quotes, &mut io::sink()).unwrap();
            assert_eq!(quotes.unclosed(), line, "{text}");
        }
    }
}
