//! What parts the cells of a CSV file, and whether all of its quotes are closed. The parser takes the end of the file for the
//! end of a cell, so that a quote which nobody closes swallows every row below it.

use std::io::{self, BufReader, Read, Seek};

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

/// What may part the cells, what usually does first. Spreadsheets write semicolons where a comma is part of numbers.
const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// Reads CSV through to its parser, and minds the quotes.
#[derive(Debug)]
pub struct Quotes<R> {
    inner: R,
    delimiter: u8,
    state: State,
    line: u64,
    /// The line of the last quote that was opened.
    opened: u64,
    is_over: bool,
}

impl<R> Quotes<R> {
    /// Minds the quotes of what is read from its beginning; cells are parted by `delimiter`.
    pub fn new(inner: R, delimiter: u8) -> Self {
        Self { inner, delimiter, state: State::default(), line: 1, opened: 0, is_over: false }
    }

    /// What parts the cells.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
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
            (_, b'\n' | b'\r') => State::Start,
            (_, byte) if byte == self.delimiter => State::Start,
            _ => State::Plain,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl<R: Read + Seek> Quotes<R> {
    /// Minds the quotes of a file, whose header tells what parts the cells: the one of comma, semicolon and tab that it has
    /// most often outside of quotes, a comma where it has none.
    ///
    /// # Errors
    /// If the system does not read the file from its beginning.
    pub fn open(mut file: R) -> io::Result<Self> {
        file.rewind()?;
        let mut counts = [0_usize; DELIMITERS.len()];
        let (mut before, mut is_quoted, mut has_begun) = (DELIMITERS[0], false, false);
        for byte in BufReader::new(&mut file).bytes() {
            let byte = byte?;
            match byte {
                0xef | 0xbb | 0xbf if !has_begun => continue,
                b'\n' | b'\r' if !is_quoted && has_begun => break,
                b'\n' | b'\r' if !is_quoted => continue,
                b'"' if is_quoted => is_quoted = false,
                b'"' => is_quoted = before == b'"' || DELIMITERS.contains(&before),
                _ if is_quoted => {}
                _ => DELIMITERS.iter().zip(&mut counts).for_each(|(mark, count)| *count += usize::from(byte == *mark)),
            }
            (before, has_begun) = (byte, true);
        }
        file.rewind()?;
        let most = counts.into_iter().max().unwrap_or_default();
        let delimiter = DELIMITERS.into_iter().zip(counts).find(|(_, count)| *count == most);
        Ok(Self::new(file, delimiter.map_or(DELIMITERS[0], |(mark, _)| mark)))
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
            let mut quotes = Quotes::new(text.as_bytes(), b',');
            io::copy(&mut quotes, &mut io::sink()).unwrap();
            assert_eq!(quotes.unclosed(), line, "{text}");
        }
        let mut quotes = Quotes::new(&b"a;b\n1;\"x\n"[..], b';');
        io::copy(&mut quotes, &mut io::sink()).unwrap();
        assert_eq!(quotes.unclosed(), Some(2));
    }

    #[test]
    fn the_header_tells_what_parts_the_cells() {
        let cases = [
            ("a,b\n1;2;3;4\n", b','),
            ("a;b\n1,2,3\n", b';'),
            ("\u{feff}\"a, b, c\";d\r\n", b';'),
            ("\r\n\na\tb\tc,d\n", b'\t'),
            ("\"a\"\"b;c\",d\n", b','),
            ("\"a;\n;b\",c\n", b','),
            // A quote within a cell that has none at its beginning is a character.
            ("5\" disk;a;b,c\n", b';'),
            ("a;b,c\n", b','),
            ("a\n1;2\n", b','),
            ("", b','),
        ];
        for (text, delimiter) in cases {
            let mut quotes = Quotes::open(io::Cursor::new(text)).unwrap();
            assert_eq!(quotes.delimiter(), delimiter, "{text}");
            let mut read = String::new();
            quotes.read_to_string(&mut read).unwrap();
            assert_eq!(read, text, "the header is read again");
        }
    }
}
