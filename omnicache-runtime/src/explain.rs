//! What was chosen for a function, and why; what would become of a call, and why.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::Nanos;
use crate::driver::Meta;
use crate::kind::{Backend, Codec, Kind, Policy};
use crate::stats::Stats;

/// What was chosen for a function's results, and why. `Display` is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The function's name.
    pub function: String,
    /// What the results are.
    pub kind: Kind,
    /// Where they are kept.
    pub backend: Backend,
    /// How the memory tier makes room.
    pub policy: Policy,
    /// How they are written on disk, if they are.
    pub codec: Codec,
    /// Whether any of them outlive the process.
    pub persistent: bool,
    /// The directory on disk, for functions that use one.
    pub dir: Option<PathBuf>,
    /// The reason of each choice, for people.
    pub reasons: Vec<String>,
    pub(crate) details: Vec<(&'static str, String)>,
}

impl Explanation {
    /// Of a generic function that has not been called: what its type parameters stand for decides.
    pub(crate) fn of_unused(meta: &Meta) -> Self {
        Self {
            function: meta.path(),
            kind: Kind::Opaque,
            backend: Backend::Memory,
            policy: Policy::S3Fifo,
            codec: Codec::None,
            persistent: false,
            dir: None,
            reasons: vec![
                "the function is generic and was not called yet: its type arguments decide".to_owned(),
            ],
            details: Vec::new(),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {} results, kept in {}", self.function, self.kind, place(self.backend))?;
        let dir = self.dir.as_ref().map(|dir| ("lies in", dir.display().to_string()));
        let codec = self.persistent.then(|| ("codec", self.codec.to_string()));
        let policy = ("policy", self.policy.to_string());
        for (name, value) in [policy].into_iter().chain(codec).chain(dir).chain(self.details.iter().cloned())
        {
            writeln!(f, "  {name:<12}{value}")?;
        }
        writeln!(f, "  because")?;
        for (index, reason) in self.reasons.iter().enumerate() {
            let end = if index + 1 < self.reasons.len() { "\n" } else { "" };
            write!(f, "    - {reason}{end}")?;
        }
        Ok(())
    }
}

fn place(backend: Backend) -> &'static str {
    match backend {
        Backend::Memory => "memory",
        Backend::Disk => "the store on disk",
        Backend::Array => "array files, mapped on a hit",
        Backend::Hybrid => "memory or on disk, each by its size (hybrid)",
    }
}

/// What would become of a call, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallExplanation {
    /// A hit in memory.
    MemoryHit,
    /// A hit on disk.
    DiskHit,
    /// A miss: these arguments were never seen, or too long ago to tell.
    NeverSeen,
    /// A miss: the entry's time is over.
    Expired,
    /// A miss: the entry was given up to make room.
    Evicted,
    /// A miss: the entry was invalidated, or the function cleared.
    Invalidated,
    /// A miss: the result is stored for another version of the function's code.
    CodeChanged,
    /// A miss: the result is stored for another shape of the return type.
    TypeChanged,
    /// A miss: the entry was damaged.
    Corrupt,
    /// A miss: omnicache is switched off.
    Disabled,
    /// A miss: `OMNICACHE_REFRESH` asks for each result anew, and this one was not computed yet in this process.
    RefreshDue,
}

impl CallExplanation {
    /// Whether the call would be served without running the body.
    pub fn is_hit(self) -> bool {
        matches!(self, Self::MemoryHit | Self::DiskHit)
    }
}

impl fmt::Display for CallExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MemoryHit => "hit: the result is in memory",
            Self::DiskHit => "hit: the result is on disk",
            Self::NeverSeen => "miss: never seen",
            Self::Expired => "miss: expired",
            Self::Evicted => "miss: evicted to make room",
            Self::Invalidated => "miss: invalidated",
            Self::CodeChanged => "miss: the function's code changed",
            Self::TypeChanged => "miss: the return type changed",
            Self::Corrupt => "miss: the entry was corrupt",
            Self::Disabled => "miss: omnicache is disabled",
            Self::RefreshDue => "miss: to be refreshed (OMNICACHE_REFRESH)",
        })
    }
}

/// A cached function of this process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FunctionInfo {
    /// Its module path and name.
    pub name: String,
    /// What was chosen for it; `None` for a generic function that has not been called yet.
    pub explanation: Option<Explanation>,
    /// What its cache has done.
    pub stats: Stats,
}

/// Writes a size as a person would say it: whole units, binary or decimal, as they are, the rest to one decimal.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(crate) fn human_size(bytes: u64) -> String {
    let binary = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let decimal = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    let whole = |(unit, _): &&(u64, &str)| bytes >= *unit && bytes.is_multiple_of(*unit);
    if let Some((unit, name)) = binary.iter().find(whole).or_else(|| decimal.iter().find(whole)) {
        return format!("{} {name}", bytes / unit);
    }
    match binary.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

/// Writes a span of time as the options take it: `7d`, `1h30m`.
pub(crate) fn human_span(nanos: Nanos) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    if seconds == 0 || rest > 0 {
        return format!("{:?}", Duration::from_nanos(nanos));
    }
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut left = seconds;
    let parts = units.into_iter().filter_map(|(unit, name)| {
        let count = left / unit;
        left %= unit;
        (count > 0).then(|| format!("{count}{name}"))
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_keep_what_is_whole_and_round_the_rest() {
        assert_eq!(human_size(1023), "1023 B");
        assert_eq!(human_size(1 << 20), "1 MiB");
        assert_eq!(human_size(100_000), "100 KB");
        assert_eq!(human_size(100_001), "97.7 KiB");
        assert_eq!(human_size(3 << 29), "1536 MiB");
    }

    #[test]
    fn spans_are_written_as_options_take_them() {
        assert_eq!(human_span(600 * 1_000_000_000), "10m");
        assert_eq!(human_span(7 * 86_400 * 1_000_000_000), "7d");
        assert_eq!(human_span(5_401 * 1_000_000_000), "1h30m1s");
        assert_eq!(human_span(1_500_000_000), "1.5s");
        assert_eq!(human_span(250_000_000), "250ms");
    }
}
