//! Section 4, points 1 and 6: a fault, and a result that is too large, are logged once per function.

#![allow(clippy::pedantic, reason = "what functions may look like is what is tested")]

mod common;

use std::fmt::Debug;
use std::sync::Mutex;

use common::lasting;
use omnicache::cache;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

static WARNINGS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Collects warnings and worse.
struct Collector;

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
                self.0 += &format!("{}={value:?} ", field.name());
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        WARNINGS.lock().expect("no panic").push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[cache(backend = disk, dir = "/proc/omnicache/below")]
fn faulty(n: u64) -> u64 {
    n
}

#[cache(backend = disk, dir = "/proc/omnicache/below")]
fn faulty_too(n: u64) -> u64 {
    n
}

#[cache(ephemeral, max_bytes = 10)]
fn large(n: usize) -> Vec<u8> {
    vec![0; 100 + n]
}

#[cache(backend = disk, dir = lasting())]
fn fine(n: u64) -> u64 {
    n
}

#[test]
fn a_fault_and_a_result_that_is_too_large_are_logged_once_per_function() {
    tracing::subscriber::set_global_default(Collector).expect("the only one");
    for n in 0..5 {
        let _ = (faulty(n), faulty::refresh(n), faulty_too(n), large(1), large(2), fine(n));
    }
    let warnings = WARNINGS.lock().expect("no panic");
    let about = |name: &str| warnings.iter().filter(|text| text.contains(name)).count();
    assert_eq!(about("logs::faulty "), 1, "{warnings:?}");
    assert_eq!(about("logs::faulty_too "), 1, "{warnings:?}");
    assert_eq!(about("logs::large "), 1, "{warnings:?}");
    assert_eq!(about("logs::fine "), 0, "{warnings:?}");
    assert_eq!(large::stats().too_large, 10, "each is counted");
}
