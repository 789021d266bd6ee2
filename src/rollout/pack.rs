//! New objects, written together as one pack: a loose object takes a file each, and mostly a folder, which costs more than
//! all that is in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::AtomicBool;

use gix_error::ErrorExt;
use gix_hash::{ObjectId, oid};
use gix_object::{Data, Find, Kind, Tree, WriteTo, compute_hash};
use gix_pack::Bundle;
use gix_pack::bundle::write::Options;
use gix_pack::data::Version;
use gix_pack::data::output::bytes::FromEntriesIter;
use gix_pack::data::output::{Entry, entry};
use gix_utils::progress::Discard;
use gix_zlib::Status;
use gix_zlib::stream::deflate::{Compress, FlushCompress};

use super::outcome::Fault;
use super::scratch::unwritten;

/// Objects beside those of a store, which are in memory until they are written.
pub(super) struct NewObjects<'s> {
    store: &'s gix_odb::Handle,
    hash: gix_hash::Kind,
    new: RefCell<BTreeMap<ObjectId, (Kind, Vec<u8>)>>,
}

impl<'s> NewObjects<'s> {
    pub fn beside(store: &'s gix_odb::Handle, hash: gix_hash::Kind) -> NewObjects<'s> {
        NewObjects { store, hash, new: RefCell::default() }
    }

    pub fn put(&self, kind: Kind, bytes: Vec<u8>) -> Result<ObjectId, Fault> {
        let id = compute_hash(self.hash, kind, &bytes).map_err(|_| unwritten())?;
        self.new.borrow_mut().insert(id, (kind, bytes));
        Ok(id)
    }

    pub fn put_tree(&self, tree: &Tree) -> Result<ObjectId, Fault> {
        let mut bytes = Vec::new();
        tree.write_to(&mut bytes).map_err(|_| unwritten())?;
        self.put(Kind::Tree, bytes)
    }

    /// Writes the objects where the store reads.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn write(self) -> Result<(), Fault> {
        let new = self.new.into_inner();
        let (Ok(count), false) = (u32::try_from(new.len()), new.is_empty()) else { return Ok(()) };
        let options = Options { thread_limit: Some(1), ..Options::default() };
        let mut compress = Compress::new(options.compression);
        let entries = new.iter().map(|(id, (kind, data))| {
            let (kind, compressed_data) = (entry::Kind::Base(*kind), compressed(&mut compress, data)?);
            Ok(vec![Entry { id: *id, kind, decompressed_size: data.len(), compressed_data }])
        });
        let mut pack = FromEntriesIter::new(entries, Vec::new(), count, Version::V2, self.hash);
        pack.try_for_each(|written| written.map(drop)).map_err(|_| unwritten())?;
        let mut pack = pack.into_write();
        pack.flush().map_err(|_| unwritten())?;
        let folder = self.store.store_ref().path().join("pack");
        std::fs::create_dir_all(&folder).map_err(|_| unwritten())?;
        let none = None::<gix_object::find::Never>;
        let (progress, goes_on) = (&mut Discard, AtomicBool::new(false));
        Bundle::write_to_directory(&mut &*pack, Some(&folder), progress, &goes_on, none, self.hash, options)
            .map_err(|_| unwritten())?;
        Ok(())
    }
}

/// A zlib stream of its own. The compressor is used again: making one costs more than most objects do.
fn compressed(compress: &mut Compress, data: &[u8]) -> gix_error::Result<Vec<u8>> {
    compress.reset();
    // A byte takes nine bits at most by the fixed code (RFC 1951, 3.2.6); then there is the stream's head and end.
    let mut out = vec![0; data.len() + data.len() / 8 + 64];
    match compress.compress(data, &mut out, FlushCompress::Finish)? {
        Status::StreamEnd => {
            out.truncate(usize::try_from(compress.total_out()).unwrap_or(out.len()));
            Ok(out)
        }
        _ => Err(gix_error::message("an object does not fit").raise()),
    }
}

impl Find for NewObjects<'_> {
    fn try_find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> gix_error::Result<Option<Data<'a>>> {
        let new = self.new.borrow();
        let Some((kind, bytes)) = new.get(id) else { return self.store.try_find(id, buffer) };
        buffer.clear();
        buffer.extend_from_slice(bytes);
        Ok(Some(Data { kind: *kind, object_hash: self.hash, data: buffer }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_compressed_fits_too() {
        let mut compress = Compress::new(Options::default().compression);
        let mut seed = 1u64;
        let mut noise = || {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) as u8
        };
        for length in [0, 1, 63, 64, 5_000, 300_000] {
            let data: Vec<u8> = (0..length).map(|_| noise()).collect();
            let packed = compressed(&mut compress, &data).unwrap_or_else(|error| panic!("{length}: {error}"));
            let mut out = vec![0; length + 1];
            let (_, read, written) = gix_zlib::Inflate::default().once(&packed, &mut out).unwrap();
            assert_eq!((read, &out[..written]), (packed.len(), &data[..]), "{length}");
        }
    }
}
