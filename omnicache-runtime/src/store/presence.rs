//! Which processes have the store open: whoever comes in alone may clear away at once what a killed one left.
//!
//! Each process that may write holds a shared lock on the file `open` for as long as it has the store. The system
//! lets go of it when the process dies, however it dies.

use std::fs::{File, OpenOptions};

use super::layout::{Layout, private_file};
use crate::error::Fault;

/// This process's lock; let go when it is dropped.
pub(super) struct Presence {
    _file: File,
}

impl Presence {
    /// Comes in, and tells whether no other process is there. The caller holds the store's lock, so that nobody
    /// comes in meanwhile.
    pub(super) fn enter(layout: &Layout) -> Result<(Self, bool), Fault> {
        let path = layout.presence();
        let entered = private_file(OpenOptions::new().write(true).create(true).truncate(false), &path)
            .and_then(|file| {
                let alone = file.try_lock().is_ok();
                file.lock_shared()?;
                Ok((Self { _file: file }, alone))
            });
        entered.map_err(|e| Fault::io(format!("locking {}", path.display()), e))
    }
}
