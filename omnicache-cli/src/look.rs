//! Commands that only look: `stats`, `ls`, `show`.

use std::fmt::Write as _;

use omnicache_runtime::store::{EntryInfo, Whereabouts};
use serde_json::{Value, json};

use crate::args::List;
use crate::report::{Failure, Report, bytes, count, span};
use crate::{Place, now};

/// Arguments longer than this are cut in lists.
const WIDE: usize = 60;
/// Entries asked for at a time.
const PAGE: usize = 1000;

pub(crate) fn stats(place: &Place) -> Result<Report, Failure> {
    let store = place.look()?;
    let (entries, charged) = store.totals()?;
    let namespaces = store.namespaces()?;
    let mut text = format!(
        "{}\n{}, {} (index {}, its log {})\n",
        place.dir.display(),
        count(entries, "entry", "entries"),
        bytes(charged),
        bytes(store.index_size()),
        bytes(store.log_size())
    );
    for namespace in &namespaces {
        let name = if namespace.namespace.is_empty() { "(no namespace)" } else { &namespace.namespace };
        let quota = namespace.quota.map_or_else(String::new, |quota| format!(" (quota {})", bytes(quota)));
        let _ = writeln!(text, "{:>10}  {:>10}  {name}{quota}", namespace.entries, bytes(namespace.bytes));
    }
    let namespaces: Vec<_> = namespaces
        .iter()
        .map(
            |n| json!({ "namespace": n.namespace, "entries": n.entries, "bytes": n.bytes, "quota": n.quota }),
        )
        .collect();
    let json = json!({
        "dir": place.dir.display().to_string(), "entries": entries, "bytes": charged, "version": store.version()?,
        "index_bytes": store.index_size(), "log_bytes": store.log_size(), "namespaces": namespaces,
    });
    Ok(Report::fine(text, json))
}

pub(crate) fn list(place: &Place, list: &List) -> Result<Report, Failure> {
    let store = place.look()?;
    let (mut text, mut json, mut since) = (String::new(), Vec::new(), 0);
    while json.len() < list.limit {
        let most = PAGE.min(list.limit - json.len());
        let page = store.entries_of(list.namespace.as_deref(), since, most)?;
        let Some(last) = page.last() else { break };
        since = last.id;
        for entry in &page {
            line(&mut text, entry);
            json.push(fields(entry));
        }
    }
    Ok(Report::fine(text, Value::Array(json)))
}

fn line(text: &mut String, entry: &EntryInfo) {
    let age = span(now().saturating_sub(entry.stored_at));
    let arguments = entry.unreadable.clone().unwrap_or_else(|| entry.arguments());
    let mut shown: String = arguments.chars().take(WIDE).collect();
    if shown.len() < arguments.len() {
        shown.push_str("...");
    }
    let expired = if entry.is_expired(now()) { " (expired)" } else { "" };
    let _ = writeln!(
        text,
        "{}  {:>10}  {age:>8}  {}{shown}{expired}",
        &entry.hash_hex()[..12],
        bytes(entry.size),
        qualified(entry)
    );
}

/// The function's path behind its namespace.
fn qualified(entry: &EntryInfo) -> String {
    if entry.namespace.is_empty() {
        return entry.path.clone();
    }
    format!("{}: {}", entry.namespace, entry.path)
}

pub(crate) fn show(place: &Place, prefix: &str) -> Result<Report, Failure> {
    if prefix.is_empty() || prefix.len() > 64 || !prefix.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Failure::Usage(format!(
            "{prefix:?} is no beginning of a hash: give hexadecimal digits, as `ls` prints them"
        )));
    }
    let store = place.look()?;
    let found = store.find(prefix)?;
    match &found[..] {
        [entry] => Ok(Report::fine(describe(entry), fields(entry))),
        [] => Err(Failure::Failed(format!("there is no entry whose hash begins with {prefix}"))),
        several => {
            let hashes: Vec<_> = several.iter().map(EntryInfo::hash_hex).collect();
            Err(Failure::Usage(format!("several hashes begin with {prefix}: {}", hashes.join(", "))))
        }
    }
}

fn describe(entry: &EntryInfo) -> String {
    let packed = if entry.packed { ", compressed with zstd" } else { "" };
    let ago = |at: u64| format!("{} ago", span(now().saturating_sub(at)));
    let life = match entry.ttl {
        None => "for ever".to_owned(),
        Some(ttl) if entry.is_expired(now()) => format!("{}, which are over", span(ttl)),
        Some(ttl) => {
            format!(
                "{}, {} of it left",
                span(ttl),
                span(entry.stored_at.saturating_add(ttl).saturating_sub(now()))
            )
        }
    };
    let lines = [
        ("call", format!("{}{}", entry.path, entry.arguments())),
        ("hash", entry.hash_hex()),
        ("id", entry.id.to_string()),
        ("namespace", entry.namespace.clone()),
        ("function", entry.site.clone()),
        ("code", format!("{:032x}", entry.code)),
        ("codec", entry.codec.map_or_else(String::new, |codec| format!("{codec}{packed}"))),
        ("size", format!("{} ({} with what is kept beside it)", bytes(entry.size), bytes(entry.charged))),
        ("where", entry.place.file().unwrap_or("in the index").to_owned()),
        ("stored", ago(entry.stored_at)),
        ("last read", ago(entry.accessed)),
        ("lives", life),
        ("took", span(entry.cost)),
    ];
    let mut text = String::new();
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "{name:<10} {value}");
    }
    if let Some(why) = &entry.unreadable {
        let _ = writeln!(text, "unreadable: {why}");
    }
    text
}

fn fields(entry: &EntryInfo) -> Value {
    let place = match &entry.place {
        Whereabouts::Inline => "inline",
        Whereabouts::Blob(_) => "blob",
        _ => "array",
    };
    json!({
        "id": entry.id, "hash": entry.hash_hex(), "namespace": entry.namespace, "path": entry.path,
        "site": entry.site, "code": format!("{:032x}", entry.code), "shape": format!("{:032x}", entry.shape),
        "arguments": entry.arguments(), "codec": entry.codec.map(|codec| codec.to_string()), "packed": entry.packed, "size": entry.size,
        "charged": entry.charged, "stored_at": entry.stored_at, "accessed": entry.accessed, "ttl": entry.ttl,
        "expired": entry.is_expired(now()), "cost": entry.cost, "where": place, "file": entry.place.file(),
        "unreadable": entry.unreadable,
    })
}
