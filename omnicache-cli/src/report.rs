//! What a command has to say: for people, for programs, and as an exit code.

use std::time::Duration;

use omnicache_runtime::Fault;
use serde_json::Value;

/// What a command found, in both forms.
pub(crate) struct Report {
    pub(crate) text: String,
    pub(crate) json: Value,
    /// Whether it found something wrong that is still wrong.
    pub(crate) problems: bool,
}

impl Report {
    pub(crate) fn fine(text: String, json: Value) -> Self {
        Self { text, json, problems: false }
    }
}

/// Why a command could not do its work.
pub(crate) enum Failure {
    /// It was asked for in a way that makes no sense: exit code 2.
    Usage(String),
    /// There is no store, or it cannot be opened: exit code 3.
    Open(String),
    /// It failed on its way: exit code 1.
    Failed(String),
}

impl Failure {
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Open(_) => 3,
        }
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Failed(message) | Self::Usage(message) | Self::Open(message) => message,
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Failed(fault.to_string())
    }
}

/// A number of bytes with at most three digits before its unit.
pub(crate) fn bytes(count: u64) -> String {
    let (mut tenths, mut unit) = (u128::from(count) * 10, "B");
    for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if tenths < 10_240 {
            break;
        }
        (tenths, unit) = (tenths / 1024, next);
    }
    if unit == "B" { format!("{count} B") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}

/// A time span in its largest unit.
pub(crate) fn span(nanos: u64) -> String {
    let seconds = Duration::from_nanos(nanos).as_secs();
    match seconds {
        0 => format!("{:.1?}", Duration::from_nanos(nanos)),
        1..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// A count with its noun.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_spans_are_short() {
        let shown = [0, 1023, 1024, 1536, 1 << 20, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "15.9 EiB"]);
        let second = 1_000_000_000;
        let shown = [1500, second, 90 * second, 600 * second, 7200 * second, 200_000 * second].map(span);
        assert_eq!(shown, ["1.5µs", "1 s", "90 s", "10 min", "2 h", "2 d"]);
    }
}
