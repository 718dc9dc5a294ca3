//! Which payload files are on their way: written, but with no row yet.
//!
//! Whoever writes a payload file holds the file `writing` locked shared from before the first byte until the row
//! is committed (or the file is gone again). Whoever holds it alone therefore knows that a file without a row is
//! garbage, however young it is. The system drops the lock of a killed process.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use super::index::lock;
use super::layout::{Layout, private_file};

/// How long a check waits for a moment at which nothing is on its way, and a writer for the end of a check.
const PATIENCE: Duration = Duration::from_secs(5);

/// The payload files that this process has on their way.
pub(super) struct InFlight {
    path: PathBuf,
    writers: Mutex<Writers>,
}

/// One lock serves all writers of a process: the first takes it and the last gives it back.
#[derive(Default)]
struct Writers {
    count: usize,
    file: Option<File>,
}

/// Somebody has a payload file on its way, until this is dropped.
pub(super) struct Entered<'a>(&'a InFlight);

impl InFlight {
    pub(super) fn of(layout: &Layout) -> Self {
        Self { path: layout.writing(), writers: Mutex::default() }
    }

    /// Notes that a payload file is about to be written. Waits while somebody checks, which takes moments; one who
    /// checks and was stopped must not stop us for ever. Then the worst is that our file is taken for garbage: a miss.
    pub(super) fn enter(&self) -> io::Result<Entered<'_>> {
        let mut writers = lock(&self.writers);
        if writers.count == 0 {
            let file = match writers.file.take() {
                Some(file) => file,
                None => self.open()?,
            };
            share(&file)?;
            writers.file = Some(file);
        }
        writers.count += 1;
        Ok(Entered(self))
    }

    /// Makes sure that nothing is on its way in any process as long as the returned file is held; `None` if
    /// that moment did not come within a few seconds.
    ///
    /// Who may only read locks the file as well as any other, if it is there.
    pub(super) fn alone(&self, read_only: bool) -> io::Result<Option<File>> {
        let file = if read_only {
            match private_file(OpenOptions::new().read(true), &self.path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
                opened => opened?,
            }
        } else {
            self.open()?
        };
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(file)),
                Err(TryLockError::Error(e)) => return Err(e),
                Err(TryLockError::WouldBlock) if began.elapsed() > PATIENCE => return Ok(None),
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    fn open(&self) -> io::Result<File> {
        private_file(OpenOptions::new().write(true).create(true).truncate(false), &self.path)
    }
}

fn share(file: &File) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match file.try_lock_shared() {
            Err(TryLockError::Error(e)) => return Err(e),
            Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(()) | Err(TryLockError::WouldBlock) => return Ok(()),
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        let mut writers = lock(&self.0.writers);
        writers.count -= 1;
        if writers.count == 0 && writers.file.as_ref().is_some_and(|file| file.unlock().is_err()) {
            // Closing the file gives the lock back too.
            writers.file = None;
        }
    }
}
