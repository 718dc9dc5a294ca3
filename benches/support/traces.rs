//! Recorded traces, of which benchmarks have cached functions asked for one number after the other.
//!
//! They lie in a folder and are unpacked by the programs `zstd`, `gzip` and `xz`. OLTP is from the ARC traces (Megiddo and
//! Modha, FAST 2003), loop, multi3 and sprite from the LIRS traces, orm-busy from cache2k.
#![allow(dead_code, unreachable_pub, reason = "each benchmark uses some of it")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{self, Command};

/// A trace, and the sizes of the caches that it is tried with.
pub struct Trace {
    pub name: &'static str,
    file: &'static str,
    format: Format,
    pub sizes: [usize; 4],
}

enum Format {
    /// Lines of `first_block count 0 request`, each of which stands for `count` references in a row.
    Blocks,
    /// A number a line.
    Numbers,
    /// Four bytes each.
    Words,
}

pub static TRACES: [Trace; 5] = [
    Trace { name: "OLTP", file: "OLTP.lis.zst", format: Format::Blocks, sizes: [500, 1000, 2000, 5000] },
    Trace { name: "loop", file: "lirs_loop.trace.gz", format: Format::Numbers, sizes: [256, 512, 768, 1000] },
    Trace {
        name: "multi3",
        file: "lirs_multi3.trace.gz",
        format: Format::Numbers,
        sizes: [512, 1024, 2048, 4096],
    },
    Trace {
        name: "sprite",
        file: "lirs_sprite.trace.gz",
        format: Format::Numbers,
        sizes: [256, 512, 1024, 2048],
    },
    Trace {
        name: "orm-busy",
        file: "cache2k_orm-busy.trace.xz",
        format: Format::Words,
        sizes: [512, 1024, 2500, 5000],
    },
];

fn unpacked(path: &Path) -> Result<Vec<u8>, String> {
    let tool = match path.extension().and_then(|end| end.to_str()) {
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        Some("xz") => "xz",
        _ => return Err(format!("{}: packed by no program known here", path.display())),
    };
    let run = Command::new(tool).arg("-dc").arg(path).stderr(process::Stdio::inherit()).output();
    match run {
        Ok(output) if output.status.success() => Ok(output.stdout),
        Ok(_) => Err(format!("`{tool} -dc {}` failed", path.display())),
        Err(error) => Err(format!("`{tool}` cannot be run: {error}")),
    }
}

fn read(folder: &Path, trace: &Trace) -> Result<Vec<u32>, String> {
    let bytes = unpacked(&folder.join(trace.file))?;
    if let Format::Words = trace.format {
        return Ok(bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect());
    }
    let text = String::from_utf8_lossy(&bytes);
    let keys = text.lines().flat_map(|line| {
        let mut numbers = line.split_whitespace().map_while(|word| word.parse::<u32>().ok());
        let first = numbers.next().unwrap_or(0);
        let count = if let Format::Blocks = trace.format { numbers.next().unwrap_or(0) } else { 1 };
        first..first + count
    });
    Ok(keys.collect())
}

/// The traces with their keys, from the folder that the first argument names; ends the program if there is none.
pub fn all(bench: &str) -> Vec<(&'static Trace, Vec<u32>)> {
    // `cargo bench` adds an option of its own.
    let Some(folder) = env::args().skip(1).find(|arg| !arg.starts_with("--")).map(PathBuf::from) else {
        eprintln!("this needs a folder of traces: cargo bench --bench {bench} -- FOLDER");
        process::exit(0);
    };
    let read = |trace| match read(&folder, trace) {
        Ok(keys) => (trace, keys),
        Err(error) => {
            eprintln!("{error}");
            process::exit(1);
        }
    };
    TRACES.iter().map(read).collect()
}

/// Replays a trace through a `get` and an `insert`, and tells which keys missed.
pub fn replay(trace: &[u32], get: impl Fn(u32) -> bool, insert: impl Fn(u32), mut missed: impl FnMut(u32)) {
    for &key in trace {
        if !get(key) {
            missed(key);
            insert(key);
        }
    }
}
