//! Single-flight across processes: a lock per key, which the system frees when its holder is killed.
//!
//! One file is locked byte by byte: a key's byte is the number that its hash begins with. The locks belong to the
//! open file (Linux: "open file description locks"), so that two threads of one process exclude one another too, and
//! nothing is left behind by whoever is killed.

use std::fs::File;
use std::io;

use super::StoreKey;
use super::layout::private_file;
use super::open::DiskStore;
use crate::error::Fault;

/// A key's lock; freed when this is dropped.
#[derive(Debug)]
pub struct Held {
    /// Closing it frees the lock.
    _file: File,
}

impl DiskStore {
    /// Waits until nobody else, in any process, holds this key, and holds it. A read-only store holds nothing.
    ///
    /// # Errors
    /// The faults of the operating system; on systems other than Linux there are no such locks.
    pub fn hold(&self, key: &StoreKey) -> Result<Option<Held>, Fault> {
        if self.read_only {
            return Ok(None);
        }
        let path = self.layout.flights();
        let fault = |e| Fault::io(format!("locking a key in {}", path.display()), e);
        let mut options = std::fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = private_file(&mut options, &path).map_err(fault)?;
        let byte = u64::from_be_bytes(std::array::from_fn(|i| key.hash[i])) >> 2;
        lock(&file, byte.cast_signed()).map_err(fault)?;
        Ok(Some(Held { _file: file }))
    }
}

/// Locks one byte of the file, however long that takes.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(
    clippy::cast_possible_truncation,
    clippy::useless_conversion,
    reason = "types differ between systems"
)]
fn lock(file: &File, byte: i64) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // SAFETY: all-zero bytes are a valid `flock`, a struct of integers.
    let mut range: libc::flock = unsafe { std::mem::zeroed() };
    range.l_type = libc::F_WRLCK as _;
    range.l_whence = libc::SEEK_SET as _;
    range.l_start = byte as _;
    range.l_len = 1;
    loop {
        // SAFETY: the descriptor is open as long as `file` is borrowed, and the pointer is to a valid `flock` that
        // lives through the call.
        if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_OFD_SETLKW, &raw const range) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn lock(_: &File, _: i64) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no locks that belong to an open file"))
}
