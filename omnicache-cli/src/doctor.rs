//! `doctor`: what may be wrong around a store.

use std::fmt::Write as _;
use std::fs::{self, Metadata};

use omnicache_runtime::store::{DEFAULT_LIMIT, DiskStore, Medium};
use serde_json::{Value, json};

use crate::report::{Report, bytes, count};
use crate::{Place, allows_network};

/// Less room than this is a problem.
const LITTLE: u64 = 64 << 20;
/// A log longer than this was not copied for long: somebody reads without end, or every process was killed.
const LONG_LOG: u64 = 64 << 20;

/// One thing that was looked at.
struct Check {
    name: &'static str,
    ok: bool,
    what: String,
}

pub(crate) fn examine(place: &Place) -> Report {
    let mut checks = Vec::new();
    let root = place.dir.join("omnicache.v1");
    match fs::symlink_metadata(&root) {
        Ok(metadata) => {
            checks.push(Check { name: "directory", ok: true, what: root.display().to_string() });
            checks.push(permissions(&metadata));
        }
        Err(e) => {
            let what = format!("{} cannot be looked at: {e}", root.display());
            checks.push(Check { name: "directory", ok: false, what });
        }
    }
    if let Ok(medium) = Medium::of(&place.dir) {
        checks.extend(room(&medium));
    }
    // Without a directory there is nothing to open, and the reason has been given.
    if root.is_dir() {
        match place.look() {
            Ok(store) => checks.extend(index(&store)),
            Err(failure) => {
                checks.push(Check { name: "index", ok: false, what: failure.message().to_owned() });
            }
        }
    }
    report(&checks)
}

#[cfg(unix)]
fn permissions(metadata: &Metadata) -> Check {
    use std::os::unix::fs::MetadataExt;
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o777);
    let us = rustix::process::geteuid().as_raw();
    let ok = metadata.is_dir() && owner == us && mode & 0o022 == 0;
    let what = match (metadata.is_dir(), owner == us) {
        (false, _) => "it is no directory of its own (a symbolic link?), and is refused".into(),
        (_, false) => format!("it belongs to user {owner} and you are user {us}: it is refused"),
        _ if mode & 0o022 != 0 => {
            format!("mode {mode:o}: others can write, so it is refused; chmod go-w mends it")
        }
        _ => format!("mode {mode:o}, and it is yours"),
    };
    Check { name: "permissions", ok, what }
}

#[cfg(not(unix))]
fn permissions(metadata: &Metadata) -> Check {
    Check { name: "permissions", ok: metadata.is_dir(), what: "not checked on this system".into() }
}

fn room(medium: &Medium) -> [Check; 2] {
    let name = medium.name.map_or_else(|| format!("{:#x}", medium.magic), str::to_owned);
    let allowed = allows_network();
    let system = match (medium.network, allowed) {
        (false, _) => format!("{name}, which is local as far as its number tells"),
        (true, true) => format!("{name}, a network file system, allowed by OMNICACHE_ALLOW_NETWORK_FS"),
        (true, false) => format!("{name}, a network file system: it is refused"),
    };
    let free = format!("{} free of {}", bytes(medium.free), bytes(medium.total));
    [
        Check { name: "file system", ok: !medium.network || allowed, what: system },
        Check { name: "free space", ok: medium.free >= LITTLE, what: free },
    ]
}

fn index(store: &DiskStore) -> Vec<Check> {
    let sound = match store.index_problems() {
        Ok(problems) if problems.is_empty() => Ok("sound".to_owned()),
        Ok(problems) => {
            Err(format!("damaged; `omnicache verify --repair` mends it: {}", problems.join("; ")))
        }
        Err(fault) => Err(fault.to_string()),
    };
    let log = store.log_size();
    let mut checks = vec![
        Check { name: "index", ok: sound.is_ok(), what: sound.unwrap_or_else(|why| why) },
        Check { name: "log", ok: log < LONG_LOG, what: bytes(log) },
    ];
    if let Ok((entries, charged)) = store.totals() {
        let what = format!(
            "{} of {}; a directory holds {} unless its program says otherwise",
            count(entries, "entry", "entries"),
            bytes(charged),
            bytes(DEFAULT_LIMIT)
        );
        checks.push(Check { name: "limit", ok: true, what });
    }
    checks
}

fn report(checks: &[Check]) -> Report {
    let mut text = String::new();
    for Check { name, ok, what } in checks {
        let _ = writeln!(text, "{:<7} {name}: {what}", if *ok { "ok" } else { "PROBLEM" });
    }
    let problems = checks.iter().any(|check| !check.ok);
    let list: Vec<Value> = checks
        .iter()
        .map(|check| json!({ "check": check.name, "ok": check.ok, "what": check.what }))
        .collect();
    Report { text, json: json!({ "ok": !problems, "checks": list }), problems }
}
