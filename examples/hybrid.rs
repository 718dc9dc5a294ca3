//! One function whose results are small for some arguments and large for others: each goes where its size fits.
//!
//! ```text
//! cargo run --release --example hybrid
//! ```

use omnicache::{Backend, CallExplanation, cache, hybrid};

/// A line of text, or the whole of a large document.
#[cache(config = hybrid().small(Backend::Memory).large(Backend::Disk).threshold(100_000))]
fn document(id: &str, whole: bool) -> String {
    println!("  (computing {id}, {})", if whole { "all of it" } else { "its first line" });
    let line = format!("This is a line of the document {id}.\n");
    if whole { line.repeat(100_000) } else { line }
}

fn main() {
    println!("before: a line is a {}", document::explain_call("A", false));
    println!("        all of it is a {}", document::explain_call("A", true));

    assert_eq!(document("A", false).lines().count(), 1);
    assert_eq!(document("A", true).lines().count(), 100_000);

    println!("after:  a line is a {}", document::explain_call("A", false));
    println!("        all of it is a {}", document::explain_call("A", true));
    assert_eq!(document::explain_call("A", false), CallExplanation::MemoryHit);
    assert_eq!(document::explain_call("A", true), CallExplanation::DiskHit);

    // Both are served without another run of the body.
    let hits = document::stats().hits();
    document("A", false);
    document("A", true);
    assert_eq!(document::stats().hits(), hits + 2);

    assert_eq!(document::explain().backend, Backend::Hybrid);
    println!("\n{}", document::explain());
    println!("\nRun it again: the line is computed anew, the whole document is still on disk.");
}
