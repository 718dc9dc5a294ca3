//! What a row is: a promise of the store, and the experiment that tries to break it.

use std::error::Error;
use std::path::PathBuf;

/// What the harness itself may fail with; it counts as a broken promise.
pub(crate) type Checked<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How an experiment ended, with its figure.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The promise held.
    Kept(String),
    /// It did not.
    Broken(String),
    /// The machine does not allow the experiment; why.
    Skipped(String),
}

impl Outcome {
    /// Kept if there was no failure; the first failures are printed beside the figure.
    pub(crate) fn of(figure: String, failures: &[String]) -> Self {
        if failures.is_empty() {
            return Self::Kept(figure);
        }
        for failure in failures.iter().take(10) {
            eprintln!("   {failure}");
        }
        Self::Broken(format!("{figure}, {} failures", failures.len()))
    }
}

/// How large the experiments are, and where they run.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The sizes of the long tier.
    pub(crate) long: bool,
    /// The same seed gives the same choices.
    pub(crate) seed: u64,
    /// In place of the tier's main figure.
    pub(crate) count: Option<u64>,
    /// The directory in which stores are made.
    pub(crate) scratch: PathBuf,
}

impl Settings {
    /// The row's main figure: what was asked for, else the tier's.
    pub(crate) fn count(&self, short: u64, long: u64) -> u64 {
        self.count.unwrap_or(if self.long { long } else { short })
    }

    /// A fresh directory for a store.
    pub(crate) fn fresh(&self) -> Checked<tempfile::TempDir> {
        Ok(tempfile::tempdir_in(&self.scratch)?)
    }
}

/// A promise and its experiment.
pub(crate) struct Row {
    /// The subcommand.
    pub(crate) name: &'static str,
    /// What is promised.
    pub(crate) promise: &'static str,
    /// The experiment.
    pub(crate) run: fn(&Settings) -> Checked<Outcome>,
}
