//! From the user's files to a store: everything is read and checked before the first byte is written.
//!
//! A store is made, or files are added to it; one that is there is made anew only if that is said. Added items replace those of the same id; interactions
//! and facts that are there already are counted and change nothing, and an interaction that comes with another rating is
//! corrected. Items whose text and encoder are what they were keep
//! their vectors. What a language model read out of texts, and what facts say of items, become attributes whose names tell
//! where they come from.

mod join;
mod learn;
mod merge;
mod report;
mod sources;
mod vectors;

#[cfg(test)]
mod tests;

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

pub use report::{Embedded, Facts, IndexReport, Indexed};
pub use vectors::Encoder;

use super::{
    ColumnRole, Error, Result, Roles, Store, StoreWriter, UnknownItems, database::set_aside, features::item_texts,
};
use sources::Sources;

/// What is indexed, and how.
#[derive(Clone, Debug, Default)]
pub struct IndexOptions {
    /// Items; needed unless files are added to a store.
    pub items: Option<PathBuf>,
    /// Interactions.
    pub interactions: Option<PathBuf>,
    /// Users.
    pub users: Option<PathBuf>,
    /// Facts.
    pub knowledge: Option<PathBuf>,
    /// What a language model read out of items' texts: as `docent features` writes it.
    pub features: Option<PathBuf>,
    /// What it read out of users' profiles and histories.
    pub user_features: Option<PathBuf>,
    /// Whether features of items are part of the texts that are embedded; a store that has them there keeps them there.
    pub features_in_text: bool,
    /// Whether the files are added to the store that is there.
    pub append: bool,
    /// Whether a store that is there goes; without this and `append` it is an error.
    pub replace: bool,
    /// Whether what each signal counts in retrieval is left to be learned: training the hybrid model learns it, too.
    pub without_weights: bool,
    /// What is said of columns.
    pub roles: Roles,
    /// What happens to interactions with items that are not in the catalogue.
    pub unknown_items: UnknownItems,
}

/// What an index tells on the way.
#[derive(Clone, Copy, Debug)]
pub enum IndexEvent<'a> {
    /// A table was read and is sound.
    Read {
        /// `items`, `features`, `interactions`, `users`, `user_features` or `knowledge`.
        table: &'static str,
        /// Its records, with those of the store that they were added to.
        rows: usize,
        /// What its columns are for.
        roles: &'a [ColumnRole],
        /// What parts the cells of CSV, if that is no comma.
        parted_by: Option<char>,
    },
    /// A piece of work of so many parts begins.
    Begin {
        /// What is done.
        work: &'static str,
        /// Its parts.
        total: usize,
    },
    /// So many more parts of the work are done.
    Advance(usize),
}

/// Hears what happens, and may break it off.
pub type IndexProgress<'a> = dyn FnMut(IndexEvent<'_>) -> ControlFlow<()> + 'a;

/// Finds the encoder, and fetches it if need be.
pub type FindEncoder<'a> = dyn FnMut() -> Result<Encoder> + 'a;

/// Makes a store in a folder, in the place of the one that is there if `replace` says so, or adds to that. The `encoder` is asked for when all files are read and
/// sound; without one the items get no vectors, and those of a store that is added to stay if every item has one.
///
/// # Errors
/// If a store is there that is neither added to nor replaced, a file is at fault, a role fits no column, the encoder fails or is missing where only some items have vectors, the store cannot be written, or
/// `progress` breaks it off. Whatever fails, the store that was there stays as it was.
pub fn index(
    store: &Path,
    options: &IndexOptions,
    encoder: Option<&mut FindEncoder<'_>>,
    progress: &mut IndexProgress<'_>,
) -> Result<(Store, IndexReport)> {
    if options.items.is_none() && !options.append {
        return Err(Error::NoItems);
    }
    let mut writer = match (options.append, options.replace) {
        (true, _) => {
            Store::open(store)?;
            StoreWriter::create_or_update(store)?
        }
        (false, true) => StoreWriter::replace(store)?,
        (false, false) => StoreWriter::create(store)?,
    };
    let base = writer.current().filter(|_| options.append).cloned();
    let mut report = IndexReport::new(store);
    report.replaced = !options.append && writer.replaces();
    let sources = Sources::read(options, base.as_ref(), &mut report, progress)?;
    let features_in_text =
        options.features_in_text || base.as_ref().is_some_and(|store| store.manifest().features_in_text);
    let texts = item_texts(&sources.catalogue, features_in_text);
    let vectors = match encoder {
        Some(find) => Some(vectors::embed(&texts, &find()?, writer.current(), &mut report, progress)?),
        None => vectors::kept(&texts, base.as_ref(), &mut report)?,
    };
    sources.put(&mut writer)?;
    writer.put_features_in_text(features_in_text);
    if let Some((vectors, encoder)) = &vectors {
        writer.put_embeddings(vectors, encoder.clone())?;
    }
    // What is learned from these comes last: a source that is put takes what was learned from another one away.
    learn::keep(base.as_ref(), &mut writer)?;
    let vectors = vectors.as_ref().map(|(vectors, _)| vectors);
    let with_weights = !options.without_weights;
    report.linear = learn::learn(&sources, vectors, base.as_ref(), with_weights, &mut writer, progress)?;
    report.dropped = learn::dropped(base.as_ref(), &writer);
    if report.replaced {
        // Before the new store is there: what was said of other items must not be found beside it.
        report.set_aside = set_aside(store)?;
    }
    Ok((writer.commit()?, report))
}

/// Tells what happens.
fn tell(progress: &mut IndexProgress<'_>, event: IndexEvent<'_>) -> Result<()> {
    match progress(event) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Interrupted),
    }
}
