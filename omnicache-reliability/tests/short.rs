//! The short tier: every row of the harness at a size that a test run can afford, one after the other.
//!
//! A row that the machine does not allow (no `strace`, no right to mount) says so and passes.

#![cfg(target_os = "linux")]

use std::process::Command;
use std::sync::Mutex;

/// The rows time what others do, so one runs at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn keeps(row: &str) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let output = Command::new(env!("CARGO_BIN_EXE_omnicache-reliability"))
        .args([row, "--short", "--dir", env!("CARGO_TARGET_TMPDIR")])
        .output()
        .expect("the harness runs");
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_killed_writer_never_yields_a_wrong_or_unreadable_entry() {
    keeps("kill");
}

#[test]
fn nor_does_one_killed_at_any_system_call() {
    keeps("syscalls");
}

#[test]
fn every_io_error_is_a_miss_or_an_uncached_success() {
    keeps("errors");
}

#[test]
fn a_power_cut_loses_only_recent_entries() {
    keeps("power");
}

#[test]
fn bit_rot_is_found() {
    keeps("rot");
}

#[test]
fn many_processes_and_threads_keep_to_the_values_and_the_limit() {
    keeps("together");
}

#[test]
fn what_is_mapped_stays_as_it_is_whatever_becomes_of_its_file() {
    keeps("maps");
}

#[test]
fn hostile_bytes_never_crash_hang_or_fill_memory() {
    keeps("hostile");
}

#[test]
fn the_store_says_what_a_plain_map_says() {
    keeps("model");
}
