//! New objects, written together as one pack: a loose object takes a file each, and mostly a folder, which costs more than
//! all that is in it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::AtomicBool;

use gix_hash::{ObjectId, oid};
use gix_object::{Data, Find, Kind, Tree, WriteTo, compute_hash};
use gix_pack::Bundle;
use gix_pack::bundle::write::Options;
use gix_pack::data::Version;
use gix_pack::data::output::bytes::FromEntriesIter;
use gix_pack::data::output::{Count, Entry};
use gix_utils::progress::Discard;

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
        let entries = new.iter().map(|(id, (kind, data))| {
            let data = Data { kind: *kind, object_hash: self.hash, data };
            Entry::from_data(&Count::from_data(*id, None), &data, options.compression).map(|entry| vec![entry])
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

impl Find for NewObjects<'_> {
    fn try_find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> gix_error::Result<Option<Data<'a>>> {
        let new = self.new.borrow();
        let Some((kind, bytes)) = new.get(id) else { return self.store.try_find(id, buffer) };
        buffer.clear();
        buffer.extend_from_slice(bytes);
        Ok(Some(Data { kind: *kind, object_hash: self.hash, data: buffer }))
    }
}
