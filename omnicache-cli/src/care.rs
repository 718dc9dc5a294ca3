//! Commands that take care of a store: `verify`, `gc`, `clear`.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use omnicache_runtime::store::Verify;
use serde_json::json;

use crate::report::{Failure, Report, bytes, count};
use crate::{Place, now};

pub(crate) fn verify(place: &Place, repair: bool) -> Result<Report, Failure> {
    // Opened for writing, a damaged index would be replaced before anybody could look at it.
    let store = if repair { place.change()? } else { place.look()? };
    let bar = bar();
    let mut progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let found = store.verify_with(Verify { repair, progress: Some(&mut progress) });
    bar.finish_and_clear();
    let found = found?;
    let mut text = String::new();
    for problem in &found.problems {
        let end = if problem.repaired { " [repaired]" } else { "" };
        let _ = writeln!(text, "{}: {}{end}", problem.kind, problem.what);
    }
    let verdict = match (found.is_clean(), found.is_mended(), repair) {
        (true, ..) => "all is well".to_owned(),
        (_, true, _) => format!("{} repaired", count(found.problems.len() as u64, "problem", "problems")),
        (_, _, true) => {
            format!("{}, not all repaired", count(found.problems.len() as u64, "problem", "problems"))
        }
        (_, _, false) => format!(
            "{}: `omnicache verify --repair` mends what can be mended",
            count(found.problems.len() as u64, "problem", "problems")
        ),
    };
    let checked = count(found.entries, "entry", "entries");
    let _ = writeln!(text, "{checked} of {} checked: {verdict}", bytes(found.bytes));
    let problems: Vec<_> = found
        .problems
        .iter()
        .map(|p| json!({ "kind": p.kind.word(), "what": p.what, "repaired": p.repaired }))
        .collect();
    let json = json!({
        "clean": found.is_clean(), "entries": found.entries, "bytes": found.bytes, "problems": problems,
    });
    Ok(Report { text, json, problems: !found.is_mended() })
}

/// A bar where somebody can see it.
fn bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} entries").ok();
    let bar = ProgressBar::new(0);
    style.map_or(bar.clone(), |style| bar.with_style(style))
}

pub(crate) fn collect(place: &Place, keep: u32) -> Result<Report, Failure> {
    let done = place.change()?.collect(now(), keep)?;
    let text = format!(
        "removed {} expired, {} of old versions, {} without an entry; index {} (was {})\n",
        count(done.expired, "entry", "entries"),
        done.superseded,
        count(done.orphans, "file", "files"),
        bytes(done.index_after),
        bytes(done.index_before)
    );
    let json = json!({
        "expired": done.expired, "superseded": done.superseded, "orphans": done.orphans, "vacuumed": done.vacuumed,
        "index_bytes_before": done.index_before, "index_bytes": done.index_after,
    });
    Ok(Report::fine(text, json))
}

pub(crate) fn clear(place: &Place, namespace: Option<&str>, yes: bool) -> Result<Report, Failure> {
    let store = place.change()?;
    let names = match namespace {
        Some(name) => vec![name.to_owned()],
        None => store.namespaces()?.into_iter().map(|n| n.namespace).collect(),
    };
    if !yes && !agreed(place, namespace)? {
        return Ok(Report::fine("nothing was removed\n".into(), json!({ "removed": 0 })));
    }
    let mut removed = 0;
    for name in names {
        removed += store.clear_namespace(&name)?;
    }
    let text = format!("removed {}\n", count(removed, "entry", "entries"));
    Ok(Report::fine(text, json!({ "removed": removed })))
}

/// Asks whether to clear, where there is somebody to ask.
fn agreed(place: &Place, namespace: Option<&str>) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::Usage("there is nobody to ask: give --yes to remove without asking".into()));
    }
    let what =
        namespace.map_or_else(|| "all entries".into(), |name| format!("all entries of namespace {name}"));
    let mut answer = String::new();
    let asked = write!(io::stderr(), "Remove {what} in {}? [y/N] ", place.dir.display())
        .and_then(|()| io::stdin().read_line(&mut answer));
    asked.map_err(|e| Failure::Failed(format!("asking whether to remove: {e}")))?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
