//! Read-only memory maps of files: the one place of `unsafe` in this crate.
//!
//! A [`Mapping`] owns its bytes for as long as any tensor borrows from it. Bounds taken from it stay right whatever
//! happens to the file, because everything that is validated (offsets, shapes, names) is copied out of the map first.

use std::{fs, fs::File, io, ops::Deref, path::Path};

use memmap2::{Mmap, MmapOptions};

/// The bytes of one regular file.
pub(crate) struct Mapping {
    /// `None` for a file of no bytes, which some systems refuse to map.
    map: Option<Mmap>,
}

impl Mapping {
    /// Maps all of `path` for reading.
    ///
    /// # Errors
    ///
    /// What the system reports, and [`io::ErrorKind::InvalidInput`] for anything but a regular file: opening a pipe
    /// would wait for its writer.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        require_file(&fs::metadata(path)?)?;
        let file = File::open(path)?;
        require_file(&file.metadata()?)?;
        if file.metadata()?.len() == 0 {
            return Ok(Self { map: None });
        }
        Ok(Self { map: Some(map(&file)?) })
    }

    /// Gives back the memory of all pages; reading them again reads the file again. All, since systems that map a file by
    /// large pieces bring pages back whose neighbours are read.
    #[allow(unsafe_code)]
    pub(crate) fn release(&self) {
        #[cfg(unix)]
        if let Some(map) = &self.map {
            // SAFETY: nothing is ever written to the map, so that its pages are those of the file.
            let released = unsafe { map.unchecked_advise(memmap2::UncheckedAdvice::DontNeed) };
            if let Err(error) = released {
                tracing::debug!(%error, "the system keeps mapped pages");
            }
        }
    }
}

#[allow(unsafe_code)]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is private to this process and never written through. Another process can still change the
    // file underneath. Docent itself replaces weight files only by renaming over them, which leaves the mapped inode
    // as it is. If someone else rewrites the file in place, weights change their values and nothing else: every bit
    // pattern is a valid `u8`, and no offset, length or string is read from the map a second time after validation.
    // If someone truncates it, touching a lost page ends the process by a signal instead of reading other memory.
    unsafe { MmapOptions::new().map(file) }
}

fn require_file(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_dir() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is a folder, not a file"));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "is not a regular file"));
    }
    Ok(())
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_bytes_maps_to_an_empty_slice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("empty");
        fs::write(&path, b"").unwrap();
        assert_eq!(&*Mapping::open(&path).unwrap(), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_leaves_the_map_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("weights"), folder.path().join("newer"));
        fs::write(&path, b"old").unwrap();
        let mapping = Mapping::open(&path).unwrap();
        fs::write(&other, b"new bytes").unwrap();
        fs::rename(&other, &path).unwrap();
        assert_eq!(&*mapping, b"old");
    }

    #[test]
    fn released_pages_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i / 7) as u8).collect();
        fs::write(&path, &bytes).unwrap();
        let mapping = Mapping::open(&path).unwrap();
        assert_eq!(&*mapping, bytes);
        mapping.release();
        assert_eq!(&*mapping, bytes);
    }

    #[test]
    fn a_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Mapping::open(folder.path()).err().unwrap().kind(), io::ErrorKind::InvalidInput);
    }
}
