//! Entries as one stream, for another directory or another machine. `docs/format.md` gives the bytes.

mod export;
mod import;
mod stream;

pub use export::Exported;
pub use import::Imported;
