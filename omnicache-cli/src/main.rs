//! The command line of omnicache.

mod args;
mod care;
mod carry;
mod doctor;
mod look;
mod report;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use omnicache_runtime::store::{DiskStore, StoreOptions};
use omnicache_runtime::{Clock, SystemClock};
use serde_json::json;

use args::{Arguments, Command};
use report::{Failure, Report};

fn main() -> ExitCode {
    let Arguments { dir, json, command } = Arguments::parse();
    let place = Place { dir: dir.unwrap_or_else(omnicache_runtime::default_dir) };
    match run(&place, command) {
        Ok(report) => {
            let text = if json { format!("{:#}\n", report.json) } else { report.text };
            print(&text);
            ExitCode::from(u8::from(report.problems))
        }
        Err(failure) => {
            if json {
                print(&format!("{:#}\n", json!({ "error": failure.message(), "code": failure.code() })));
            }
            // If there is nobody to hear it, the exit code says it.
            let _ = writeln!(io::stderr(), "omnicache: {}", failure.message());
            ExitCode::from(failure.code())
        }
    }
}

fn run(place: &Place, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Stats => look::stats(place),
        Command::Ls(list) => look::list(place, &list),
        Command::Show { hash } => look::show(place, &hash),
        Command::Verify { repair } => care::verify(place, repair),
        Command::Gc { keep } => care::collect(place, keep),
        Command::Clear { namespace, yes } => care::clear(place, namespace.as_deref(), yes),
        Command::Export { file, namespace } => carry::export(place, &file, namespace.as_deref()),
        Command::Import { file, limit } => carry::import(place, &file, limit),
        Command::Snapshot { to } => carry::snapshot(place, &to),
        Command::Restore { from } => carry::restore(place, &from),
        Command::Doctor => Ok(doctor::examine(place)),
    }
}

/// Writes to the standard output; a reader that went away (`| head`) is no trouble of ours.
fn print(text: &str) {
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// The directory that was asked for.
struct Place {
    dir: PathBuf,
}

impl Place {
    /// The store that is there, to be read.
    fn look(&self) -> Result<Arc<DiskStore>, Failure> {
        self.existing()?;
        self.open(true)
    }

    /// The store that is there, to be changed.
    fn change(&self) -> Result<Arc<DiskStore>, Failure> {
        self.existing()?;
        self.open(false)
    }

    /// The store, made if there is none.
    fn make(&self) -> Result<Arc<DiskStore>, Failure> {
        self.open(false)
    }

    fn existing(&self) -> Result<(), Failure> {
        if self.dir.join("omnicache.v1").is_dir() {
            return Ok(());
        }
        Err(Failure::Open(format!(
            "there is no store in {}: give its directory by --dir or OMNICACHE_DIR",
            self.dir.display()
        )))
    }

    fn open(&self, read_only: bool) -> Result<Arc<DiskStore>, Failure> {
        let options =
            StoreOptions { read_only, allow_network: allows_network(), ..StoreOptions::new(&self.dir) };
        DiskStore::open(&options).map_err(|fault| Failure::Open(fault.to_string()))
    }
}

/// Whether a network file system is asked for, as the library reads it.
fn allows_network() -> bool {
    std::env::var("OMNICACHE_ALLOW_NETWORK_FS")
        .is_ok_and(|value| !matches!(value.to_lowercase().as_str(), "" | "0" | "false" | "no" | "off"))
}

fn now() -> u64 {
    SystemClock.now()
}
