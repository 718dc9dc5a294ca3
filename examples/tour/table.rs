//! Draws what the tour saw.

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use omnicache::{Backend, CallExplanation, Codec, Explanation, Stats};

/// What became of two calls of one function.
pub(crate) struct Row {
    pub(crate) function: &'static str,
    pub(crate) returns: &'static str,
    pub(crate) explanation: Explanation,
    pub(crate) stats: Stats,
    /// Whether the first call was a hit.
    pub(crate) warm: bool,
    pub(crate) first: Duration,
    pub(crate) second: Duration,
    /// What would become of a third call.
    pub(crate) after: CallExplanation,
}

impl Row {
    /// What the call takes without a cache. Of a result that was found on disk, the store knows what it took.
    fn cost(&self) -> Duration {
        let hits = u32::try_from(self.stats.hits()).unwrap_or(u32::MAX);
        if self.warm { self.stats.saved / hits.max(1) } else { self.first }
    }

    /// The backend; if it goes by size, the size too.
    fn backend(&self) -> String {
        match (self.explanation.backend, self.after) {
            (Backend::Hybrid, CallExplanation::MemoryHit) => "hybrid, small".to_owned(),
            (Backend::Hybrid, CallExplanation::DiskHit) => "hybrid, large".to_owned(),
            (backend, _) => backend.to_string(),
        }
    }

    /// Why the results are kept there, in the library's own words.
    fn why(&self) -> &str {
        let about = format!("backend {}: ", self.explanation.backend);
        let mut reasons = self.explanation.reasons.iter();
        reasons.find_map(|reason| reason.strip_prefix(&about)).unwrap_or_default()
    }

    /// Where this result lies now.
    fn place(&self) -> String {
        match (self.after, self.explanation.codec) {
            (CallExplanation::MemoryHit, _) => "memory".to_owned(),
            (CallExplanation::DiskHit, Codec::Npy) => ".npy file".to_owned(),
            (CallExplanation::DiskHit, Codec::ArrowIpc) => ".arrow file".to_owned(),
            (CallExplanation::DiskHit, codec) => format!("disk: {codec}"),
            (miss, _) => miss.to_string(),
        }
    }
}

/// Prints the rows, 114 columns wide.
pub(crate) fn print(rows: &[Row]) {
    let (grey, plain) = if io::stdout().is_terminal() { ("\x1b[90m", "\x1b[0m") } else { ("", "") };
    let line = "─".repeat(114);
    println!(
        "{:<18}{:<24}{:<15}{:<18}{:>11}{:>11}  where it lies\n{line}",
        "function", "returns", "backend", "     first call", "second call", "speed-up"
    );
    for row in rows {
        println!(
            "{:<18}{:<24}{:<15}{:>7} {:<10}{:>11}{:>11}  {}",
            row.function,
            row.returns,
            row.backend(),
            time(row.first),
            if row.warm { "disk hit" } else { "computed" },
            time(row.second),
            times(row.cost().as_secs_f64() / row.second.as_secs_f64()),
            row.place(),
        );
        println!("{:<18}{grey}{}{plain}", "", row.why());
    }
    println!("{line}");
    if rows.iter().any(|row| row.warm) {
        println!(
            "After a disk hit, the speed-up is over what the body took when it ran: the store remembers."
        );
    }
}

/// Prints the array files in a directory of results.
pub(crate) fn print_array_files(dir: &Path) -> io::Result<()> {
    let mut files = Vec::new();
    for folder in entries(&dir.join("omnicache.v1").join("arrays"))? {
        files.extend(entries(&folder)?);
    }
    if !files.is_empty() {
        println!("\nThe array files, which other programs can open:\n");
    }
    for file in files {
        let opens = match file.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => "numpy.load(file)",
            Some("arrow") => "polars.read_ipc(file)",
            _ => continue,
        };
        let size = fs::metadata(&file)?.len().div_ceil(1024);
        let name = file.strip_prefix(dir).unwrap_or(&file).display().to_string();
        println!("  {name:<80}{size:>6} KiB  {opens}");
    }
    Ok(())
}

/// What is in a folder, in order; nothing if there is none, as with `OMNICACHE_DISABLE`.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// A duration in two or three figures.
pub(crate) fn time(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        0.0..1e-6 => (seconds * 1e9, "ns"),
        1e-6..1e-3 => (seconds * 1e6, "µs"),
        1e-3..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    let decimals = usize::from(value < 9.95 && unit != "ns");
    format!("{value:.decimals$} {unit}")
}

/// A speed-up, with a comma between thousands.
fn times(factor: f64) -> String {
    if factor < 9.95 {
        return format!("{factor:.1} ×");
    }
    let digits = format!("{factor:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + " ×"
}
