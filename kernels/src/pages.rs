//! Memory in large pages, where the system has them: what every step reads from end to end takes few entries of the
//! processor's tables then.

#![allow(unsafe_code)]

use std::alloc::{Layout, handle_alloc_error};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use memmap2::{MmapMut, MmapOptions};

use crate::aligned::Plain;

/// Bytes of a large page.
const LARGE: usize = 2 << 20;

/// Bytes that are zero, and cost no memory until they are written.
pub(crate) struct Pages(MmapMut);

impl Pages {
    /// `len` bytes, the first `large` of which in large pages.
    pub(crate) fn zeroed(len: usize, large: usize) -> Self {
        let Ok(map) = MmapOptions::new().len(len.max(1)).map_anon() else {
            handle_alloc_error(Layout::array::<u8>(len).unwrap_or(Layout::new::<u8>()));
        };
        let large = large.min(len) / LARGE * LARGE;
        #[cfg(target_os = "linux")]
        if large > 0 {
            // A system that has no large pages gives small ones.
            let _ = map.advise_range(memmap2::Advice::HugePage, 0, large);
        }
        Pages(map)
    }
}

impl Deref for Pages {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl DerefMut for Pages {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Gives memory that was freed back to the system, where the allocator would keep it for later.
pub fn give_back_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the allocator's own function; it takes its locks and touches no memory that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Gives back the pages of this program's code that are in memory: most of it has read files and settings and is not needed again,
/// and what is needed comes back from the system's cache of files. Under a debugger, whose breakpoints are in these pages, nothing
/// happens.
pub fn give_back_code() {
    #[cfg(target_os = "linux")]
    {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
        let is_traced = read("status").lines().any(|line| {
            let tracer = line.strip_prefix("TracerPid:").map(str::trim);
            tracer.is_some_and(|tracer| tracer != "0")
        });
        let own = (give_back_code as *const ()).addr();
        let code = read("maps").lines().filter_map(code_of_file).find(|code| code.contains(&own));
        let Some(code) = code.filter(|_| !is_traced) else {
            return;
        };
        // SAFETY: pages of a file that are mapped for execution and not for writing hold what the file holds, and are read from it
        // again when they are needed.
        unsafe {
            libc::madvise(std::ptr::without_provenance_mut(code.start), code.len(), libc::MADV_DONTNEED);
        }
    }
}

/// The addresses of a line of `/proc/self/maps`, if they are of a file's code that cannot be written.
#[cfg(target_os = "linux")]
fn code_of_file(line: &str) -> Option<std::ops::Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let is_code = fields.next()? == "r-xp" && fields.nth(3)?.starts_with('/');
    let address = |text: &str| usize::from_str_radix(text, 16).ok();
    is_code.then_some(address(start)?..address(end)?)
}

/// Where the weights of a model lie, one after the other.
#[derive(Default)]
pub struct WeightMemory {
    open: Option<(Arc<Shared>, usize)>,
}

impl WeightMemory {
    /// Room for weights that take `bytes` in their file; what is packed may take a few percent more.
    pub fn new(bytes: usize) -> Self {
        let shared = Shared::new(bytes + bytes / 16, bytes);
        WeightMemory { open: Some((Arc::new(shared), 0)) }
    }

    /// The next `len` elements, which are zero. Where no room is left they lie by themselves.
    ///
    /// # Panics
    ///
    /// If so many elements do not fit an address.
    pub(crate) fn take<T: Plain>(&mut self, len: usize) -> Piece<T> {
        let bytes = len.checked_mul(size_of::<T>()).and_then(|bytes| bytes.checked_next_multiple_of(64));
        let bytes = bytes.unwrap_or_else(|| panic!("{len} elements exceed the address space"));
        if let Some((shared, used)) = &mut self.open
            && shared.len - *used >= bytes
        {
            *used += bytes;
            return Piece { shared: Arc::clone(shared), start: *used - bytes, len, element: PhantomData };
        }
        Piece { shared: Arc::new(Shared::new(bytes, bytes)), start: 0, len, element: PhantomData }
    }
}

/// Memory that pieces share.
struct Shared {
    first: *mut u8,
    len: usize,
    /// What `first` points to; it is reached by pieces only.
    _pages: Pages,
}

// SAFETY: pieces are disjoint, and each of them lends what it has like a slice.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn new(len: usize, large: usize) -> Self {
        let mut pages = Pages::zeroed(len, large);
        Shared { first: pages.as_mut_ptr(), len, _pages: pages }
    }
}

/// A part of some memory that begins at a cache line and belongs to one owner.
pub(crate) struct Piece<T> {
    shared: Arc<Shared>,
    /// In bytes.
    start: usize,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Plain> Deref for Piece<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `take` gave these bytes to this piece alone; they begin at a cache line, live as long as `shared`, and any
        // bytes are an element.
        unsafe { std::slice::from_raw_parts(self.shared.first.add(self.start).cast(), self.len) }
    }
}

impl<T: Plain> DerefMut for Piece<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above; the elements are borrowed as long as the piece.
        unsafe { std::slice::from_raw_parts_mut(self.shared.first.add(self.start).cast(), self.len) }
    }
}

impl<T: Plain> Clone for Piece<T> {
    fn clone(&self) -> Self {
        let mut copy = WeightMemory::default().take(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn only_code_of_files_is_given_back_and_runs_on() {
        for (line, expected) in [
            ("1000-3000 r-xp 00520000 fe:00 10013117     /usr/bin/docent", Some(0x1000..0x3000)),
            ("1000-3000 r--p 00520000 fe:00 10013117     /usr/bin/docent", None),
            ("1000-3000 rwxp 00520000 fe:00 10013117     /usr/bin/docent", None),
            ("7ffd1000-7ffd3000 r-xp 00000000 00:00 0    [vdso]", None),
            ("1000-3000 r-xp 00000000 00:00 0", None),
            ("", None),
        ] {
            assert_eq!(code_of_file(line), expected, "{line}");
        }
        give_back_code();
        assert_eq!((0..10).sum::<i32>(), 45);
    }

    #[test]
    fn pieces_lie_beside_each_other_and_outlive_what_they_were_taken_from() {
        let mut memory = WeightMemory::new(1000);
        let mut pieces: Vec<Piece<f32>> = [3, 40, 0, 7].map(|len| memory.take(len)).into();
        let mut beyond = memory.take::<u8>(1000);
        drop(memory);
        for (place, piece) in pieces.iter_mut().enumerate() {
            assert!(piece.as_ptr().addr().is_multiple_of(64) && piece.iter().all(|x| *x == 0.0));
            piece.fill(place as f32);
        }
        beyond.fill(9);
        let copy = pieces[1].clone();
        pieces[1].fill(5.0);
        assert_eq!((copy.len(), copy[39]), (40, 1.0));
        assert!(pieces[0].iter().all(|x| *x == 0.0) && pieces[3].iter().all(|x| *x == 3.0));
        assert_eq!((pieces[2].len(), &beyond[998..]), (0, &[9, 9][..]));
        let distance = pieces[1].as_ptr().addr() - pieces[0].as_ptr().addr();
        assert_eq!(distance, 64);
    }

    #[test]
    #[should_panic(expected = "exceed the address space")]
    fn no_piece_is_longer_than_its_memory() {
        WeightMemory::default().take::<f32>(usize::MAX / 2);
    }

    #[test]
    fn pages_are_zero_and_keep_what_they_hold() {
        for len in [0, 1, LARGE - 1, 2 * LARGE + 5] {
            let mut pages = Pages::zeroed(len, len);
            assert!(pages.len() == len.max(1) && pages.iter().all(|byte| *byte == 0));
            pages.fill(3);
            assert_eq!(pages.last(), Some(&3));
        }
    }
}
