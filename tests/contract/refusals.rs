//! A wrong computed configuration is a `ConfigError`: a panic at first use that names the function, the field and
//! the value, and says what to write.

use std::time::Duration;

use crate::common::{lasting, panic_of};
use omnicache::{
    Backend, Config, Policy, Sharing, cache, for_bytes, for_dataframes, for_images, for_json, for_models,
    for_ndarray, hybrid,
};

#[derive(Clone)]
struct Opaque;

/// Declares a function per wrong configuration, and what its panic must say of field and value.
macro_rules! refused {
    ($($name:ident -> $type:ty { $config:expr } $field:literal = $value:literal;)+) => {$(
        #[test]
        fn $name() {
            #[cache(config = $config.dir(lasting()))]
            fn function(_n: u64) -> $type {
                unreachable!("the body must not run")
            }
            let uses: [fn(); 3] = [|| _ = function(1), || _ = function::peek(1), || _ = function::explain()];
            for use_of_it in uses {
                let message = panic_of(use_of_it);
                assert!(message.contains("`contract::refusals::function`"), "{message}");
                assert!(message.contains(concat!("`", $field, "` = ", $value, ":")), "{message}");
                assert!(message.len() > 60, "it says what to do: {message}");
            }
        }
    )+};
}

refused! {
    zero_ttl -> u64 { Config::new().ttl(Duration::ZERO) } "ttl" = "0";
    zero_idle -> u64 { Config::new().idle(Duration::ZERO) } "idle" = "0";
    zero_patience -> u64 { Config::new().patience(Duration::ZERO) } "patience" = "0";
    zero_max_entries -> u64 { Config::new().max_entries(0) } "max_entries" = "0";
    zero_max_bytes -> u64 { Config::new().max_bytes(0) } "max_bytes" = "0";
    zero_max_disk_bytes -> u64 { Config::new().max_disk_bytes(0) } "max_disk_bytes" = "0";
    zero_threshold -> String { hybrid().threshold(0) } "threshold" = "0";
    persist_and_ephemeral -> String { Config::new().persist().ephemeral() } "persist" = "true";
    a_hybrid_side_of_a_hybrid -> String { hybrid().small(Backend::Hybrid) } "small" = "hybrid";
    a_hybrid_large_side -> String { hybrid().large(Backend::Hybrid) } "large" = "hybrid";
    threshold_and_disk -> String { Config::new().backend(Backend::Disk).threshold(1) } "backend" = "disk";
    large_and_memory -> String { Config::new().backend(Backend::Memory).large(Backend::Disk) } "backend" = "memory";
    many_machines -> String { Config::new().sharing(Sharing::Machines) } "sharing" = "machines";
    memory_for_many_processes -> String { Config::new().backend(Backend::Memory).sharing(Sharing::Processes) } "backend" = "memory";
    persist_of_what_cannot_be_written -> Opaque { Config::new().persist() } "persist" = "true";
    disk_for_what_cannot_be_written -> Opaque { Config::new().backend(Backend::Disk) } "backend" = "disk";
    processes_and_what_cannot_be_written -> Opaque { Config::new().sharing(Sharing::Processes) } "sharing" = "processes";
    array_of_text -> String { Config::new().backend(Backend::Array) } "backend" = "array";
    large_side_array_of_text -> String { hybrid().large(Backend::Array) } "large" = "array";
    arrays_of_scalars -> u64 { for_ndarray() } "config" = "for_ndarray()";
    frames_of_texts -> String { for_dataframes() } "config" = "for_dataframes()";
    models_that_cannot_be_written -> Opaque { for_models() } "config" = "for_models()";
    bytes_that_cannot_be_written -> Opaque { for_bytes() } "config" = "for_bytes()";
    images_that_cannot_be_written -> Opaque { for_images() } "config" = "for_images()";
    json_that_cannot_be_written -> Opaque { for_json() } "config" = "for_json()";
    ephemeral_and_disk -> String { Config::new().backend(Backend::Disk).ephemeral() } "backend" = "disk";
    ephemeral_and_a_side_on_disk -> String { hybrid().large(Backend::Disk).ephemeral() } "large" = "disk";
    memory_and_persist -> String { Config::new().backend(Backend::Memory).persist() } "backend" = "memory";
}

#[cache(local, config = Config::new().policy(Policy::Lfu))]
fn local_and_lfu(n: u64) -> u64 {
    n
}

#[cache(local, config = for_bytes())]
fn local_and_disk(n: u64) -> Vec<u8> {
    vec![0; usize::try_from(n).unwrap_or(0)]
}

#[test]
fn what_a_local_cache_cannot_do_is_refused() {
    let message = panic_of(|| local_and_lfu(1));
    assert!(message.contains("local_and_lfu") && message.contains("`policy` = lfu"), "{message}");
    let message = panic_of(|| local_and_disk(1));
    assert!(message.contains("local_and_disk"), "{message}");
}

/// `Hash` alone: no key for disk.
#[derive(Hash)]
struct HashOnly(u64);

#[cache(config = for_bytes().dir(lasting()))]
fn unstable_key(argument: HashOnly) -> Vec<u8> {
    vec![0; usize::try_from(argument.0).unwrap_or(0)]
}

#[test]
fn an_argument_that_has_hash_alone_is_refused_where_results_persist() {
    let message = panic_of(|| unstable_key(HashOnly(1)));
    assert!(message.contains("refusals::unstable_key") && message.contains("argument"), "{message}");
    assert!(message.contains("CacheKey") && message.contains("Serialize"), "what to derive: {message}");
}

#[cache(dir = lasting())]
fn unstable_but_not_asked_for(argument: HashOnly) -> Vec<u8> {
    vec![0; usize::try_from(argument.0).unwrap_or(0)]
}

#[test]
fn where_persistence_was_not_asked_for_such_a_key_stays_in_memory() {
    for _ in 0..2 {
        assert_eq!(unstable_but_not_asked_for(HashOnly(2 << 20)).len(), 2 << 20);
    }
    assert_eq!(unstable_but_not_asked_for::stats().errors, 0);
}

#[cache(config = Config::new().backend(Backend::Disk), dir = lasting())]
async fn later(_n: u64) -> Opaque {
    Opaque
}

#[test]
fn an_async_function_is_refused_at_its_first_use_too() {
    let message = panic_of(|| crate::common::block_on(later(1)));
    assert!(message.contains("refusals::later") && message.contains("`backend` = disk"), "{message}");
}

#[cache(config = Config::new().max_bytes(1).policy(Policy::Random).ttl(Duration::from_nanos(1)), dir = lasting())]
fn unusual(n: u64) -> u64 {
    n
}

#[test]
fn what_is_merely_unusual_is_done() {
    assert_eq!(unusual(1), 1);
    assert_eq!(unusual(1), 1);
    assert_eq!(unusual::stats().too_large, 2);
}
