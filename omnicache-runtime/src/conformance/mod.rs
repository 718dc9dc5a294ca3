//! A suite that checks any [`Store`] against its contract, point by point.
//!
//! Give [`check`] a function that makes a store, and assert that the report is clean:
//!
//! ```
//! use omnicache_runtime::conformance::{Setup, check};
//! use omnicache_runtime::store::MemoryStore;
//!
//! let report = check("memory", |setup: &Setup<'_>| match setup.limit {
//!     Some(limit) => MemoryStore::with_limit(limit, setup.eviction),
//!     None => MemoryStore::new(),
//! });
//! assert!(report.is_clean(), "{report}");
//! ```
//!
//! What a store claims in its [`Capabilities`](crate::store::Capabilities) is tried; what it does not claim it must
//! refuse. For a store that is shared between processes the suite starts the running program again, with the name
//! of the present thread and `--exact` as arguments, so that a test of that name runs again and reaches the same call
//! of [`check`]: there it finds its task in the environment, carries it out, and ends the process. Call it early in
//! the test, once per name.

mod damage;
mod entries;
mod life;
mod limits;
mod order;
mod processes;
mod subject;
mod together;

use std::fmt;
use std::path::Path;

use crate::store::{Eviction, Store, StoreError};

use subject::Subject;

/// What a store is made with.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// A directory of its own; whatever the store keeps on disk lies in here. A second store made with the same
    /// directory takes the place of the first.
    pub dir: &'a Path,
    /// How many bytes it may hold, for stores that claim `limits`.
    pub limit: Option<u64>,
    /// In which order it gives entries up.
    pub eviction: Eviction,
}

/// What the suite has found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// Every point that was checked: its number in the contract, what it demands, and what was found instead.
    pub points: Vec<Point>,
}

/// A point of the contract.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Point {
    /// Its number.
    pub number: u32,
    /// What it demands.
    pub demand: &'static str,
    /// What was found instead; `None` if it holds.
    pub failure: Option<String>,
}

impl Report {
    /// Whether all points hold.
    pub fn is_clean(&self) -> bool {
        self.points.iter().all(|point| point.failure.is_none())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Point { number, demand, failure } in &self.points {
            match failure {
                None => writeln!(f, "{number:>3}  ok    {demand}")?,
                Some(failure) => writeln!(f, "{number:>3}  FAIL  {demand}: {failure}")?,
            }
        }
        Ok(())
    }
}

/// What a point found instead of what it demands.
struct Failure(String);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self(error.to_string())
    }
}

type Verdict = Result<(), Failure>;

/// Fails the point unless a condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        if !$condition {
            return Err($crate::conformance::Failure(format!($($message)+)));
        }
    };
}
use ensure;

/// A point's number, what it demands, and how that is tried.
type Trial = (u32, &'static str, fn(&Subject<'_>) -> Verdict);

/// Checks the store that `make` makes against every point of the contract. `name` tells calls of this function in one
/// program apart.
///
/// # Panics
/// If no directory for the stores can be made.
pub fn check<S: Store>(name: &str, make: impl Fn(&Setup<'_>) -> S + Sync) -> Report {
    let make = |setup: &Setup<'_>| -> Box<dyn Store> { Box::new(make(setup)) };
    if let Some(task) = processes::task() {
        if task.name == name {
            processes::carry_out(&task, &make);
        }
        return Report { points: Vec::new() };
    }
    let subject = Subject::new(name, &make);
    let trials =
        [life::TRIALS, entries::TRIALS, order::TRIALS, limits::TRIALS, damage::TRIALS, together::TRIALS];
    let points = trials.concat().into_iter().map(|(number, demand, trial)| {
        let failure = trial(&subject).err().map(|Failure(failure)| failure);
        Point { number, demand, failure }
    });
    Report { points: points.collect() }
}
