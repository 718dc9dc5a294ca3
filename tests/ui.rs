//! What the macros refuse, and in which words; what they must accept.
//!
//! After a change of words: `TRYBUILD=overwrite cargo test --test ui`, and read what has changed.

/// The compiler whose own words are part of the expectations in `tests/ui/rustc`.
const WORDS_OF: &str = "rustc 1.95.";

/// The version line of the compiler that compiles the inputs.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("--version").output().expect("the compiler runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn ui() {
    let tests = trybuild::TestCases::new();
    tests.pass("tests/ui/pass/*.rs");
    // These errors are the macros' own, down to the last letter.
    tests.compile_fail("tests/ui/*.rs");
    // These are the compiler's, around sentences of the runtime: another compiler may phrase them differently.
    if !compiler().starts_with(WORDS_OF) {
        return;
    }
    tests.compile_fail("tests/ui/rustc/*.rs");
    if cfg!(feature = "disk") {
        tests.compile_fail("tests/ui/rustc/disk/*.rs");
    } else {
        tests.compile_fail("tests/ui/rustc/without_disk/*.rs");
    }
}
