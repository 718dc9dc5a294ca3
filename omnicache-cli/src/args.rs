//! What can be asked for on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Looks into the results that omnicache keeps on disk, verifies, cleans, saves and restores them.
#[derive(Debug, Parser)]
#[command(
    name = "omnicache",
    version,
    after_help = "Exit codes: 0 fine; 1 problems were found, or the command failed on its way; 2 wrong usage; \
                  3 the store cannot be opened."
)]
pub(crate) struct Arguments {
    /// The directory of results, in which `omnicache.v1` lies [default: `OMNICACHE_DIR`, or the library's]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Print JSON, whose field names are stable
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How much the store holds, in all and by namespace
    Stats,
    /// List entries, oldest first
    Ls(List),
    /// One entry: the arguments it was made from, its sizes, its ages
    Show {
        /// The beginning of the key's hash, in hexadecimal
        hash: String,
    },
    /// Check everything; exits with 1 if something is wrong and stays so
    Verify {
        /// Mend what is wrong: damaged entries go, all others stay
        #[arg(long)]
        repair: bool,
    },
    /// Remove expired entries, entries of old versions, and files without an entry; shrink the index
    Gc {
        /// Versions of each function to keep
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        keep: u32,
    },
    /// Remove all entries, or those of one namespace
    Clear {
        /// This namespace alone
        #[arg(long)]
        namespace: Option<String>,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Write entries into one file, for another directory or machine
    Export {
        /// The file to write; it must not exist yet
        file: PathBuf,
        /// This namespace alone
        #[arg(long)]
        namespace: Option<String>,
    },
    /// Read entries from a file that `export` wrote
    Import {
        /// The file to read
        file: PathBuf,
        /// How many bytes the directory may hold afterwards [default: 1 GiB, or what it holds if that is more]
        #[arg(long, value_name = "BYTES")]
        limit: Option<u64>,
    },
    /// Copy the store as it is now into another directory, while others may go on writing
    Snapshot {
        /// The directory to make it in
        to: PathBuf,
    },
    /// Make a store in `--dir` from a snapshot
    Restore {
        /// The directory that was given to `snapshot`
        from: PathBuf,
    },
    /// Look for what may be wrong around the store: owner, permissions, file system, room, index
    Doctor,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// This namespace alone
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
}
