//! The strategy cell by cell: kind × size × persistence × access × sharing × what is explicit × sync or async, in
//! whatever build this is. What is expected stands here as a table, in words of its own.

use super::*;
use crate::clock::ManualClock;
use crate::kind::{Backend as B, Kind as K};
use crate::select::{Access, Sharing};
use crate::select::{
    for_async, for_bytes, for_collections, for_dataframes, for_images, for_json, for_models, for_ndarray,
    for_scalars, for_structs, hybrid,
};

/// Kinds that behave alike once something is explicit.
#[derive(Clone, Copy, PartialEq)]
enum Class {
    /// Can be written, as records.
    Record,
    /// Can be written as array files too.
    File,
    /// Cannot be written.
    Opaque,
}

/// Kind, class, codec, extension of its array file, and where it goes if nothing is said.
const KINDS: [(K, Class, Codec, Option<&str>, &str); 9] = [
    (K::Scalar, Class::Record, Codec::Bincode, None, "memory M M"),
    (K::Collection, Class::Record, Codec::Bincode, None, "hybrid M R"),
    (K::Bytes, Class::Record, Codec::Raw, None, "hybrid M R"),
    (K::Array, Class::File, Codec::Npy, Some("npy"), "hybrid M F"),
    (K::Frame, Class::File, Codec::ArrowIpc, Some("arrow"), "hybrid M F"),
    (K::Image, Class::Record, Codec::Pixels, None, "hybrid M R"),
    (K::Json, Class::Record, Codec::Json, None, "hybrid M R"),
    (K::Struct, Class::Record, Codec::Bincode, None, "hybrid M R"),
    (K::Opaque, Class::Opaque, Codec::None, None, "memory M M"),
];

/// What is expected of one class: with no hint, with one that asks for the disk (`persist`, many processes), and
/// with one that forbids it (`ephemeral`, `local`).
///
/// `backend small large`, of M memory, R a record, F an array file; or `!field`, the field the error is about.
/// `!durable` is the hint that asks for the disk.
type Expected = [&'static str; 3];

/// A way to be explicit, what it is called, and what is expected of records, array files and opaque results.
type Row = (&'static str, fn() -> Config, [Expected; 3]);

fn new() -> Config {
    Config::new()
}

const KIND: &str = "as the kind";
const M: &str = "memory M M";

const NOTHING: [Expected; 3] = [[KIND, "disk MR MR", M], [KIND, "array MF MF", M], [KIND, "!durable", M]];
const MEMORY: [Expected; 3] = [[M, "!backend", M]; 3];
const THRESHOLD: [Expected; 3] =
    [["hybrid M R", "hybrid MR R", M], ["hybrid M F", "hybrid MF F", M], ["!threshold", "!threshold", M]];
const PINS_MEMORY: [Expected; 3] = [[M, "disk MR MR", M], [M, "array MF MF", M], [M, "!durable", M]];
const PINS_DISK: [Expected; 3] =
    [["disk R R", "disk MR MR", "!config"], ["disk R R", "disk MR MR", "!config"], ["!config"; 3]];
const PINS_ARRAY: [Expected; 3] = [["!config"; 3], ["array F F", "array MF MF", "!config"], ["!config"; 3]];
const PINS_HYBRID: [Expected; 3] =
    [["hybrid M R", "hybrid MR R", M], ["hybrid M F", "hybrid MF F", M], ["!config", "!config", M]];
const ALL_IN_MEMORY: [Expected; 3] = [[M, "hybrid MR MR", M], [M, "hybrid MF MF", M], [M, "!durable", M]];

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("nothing", new, NOTHING),
    ("backend = memory", || new().backend(B::Memory), MEMORY),
    ("backend = disk", || new().backend(B::Disk),
        [["disk R R", "disk MR MR", "!backend"], ["disk R R", "disk MR MR", "!backend"], ["!backend"; 3]]),
    ("backend = array", || new().backend(B::Array),
        [["!backend"; 3], ["array F F", "array MF MF", "!backend"], ["!backend"; 3]]),
    ("backend = hybrid", || new().backend(B::Hybrid),
        [["hybrid M R", "hybrid MR R", "!backend"], ["hybrid M F", "hybrid MF F", "!backend"], ["!backend"; 3]]),
    ("threshold", || new().threshold(1 << 20), THRESHOLD),
    ("small = disk", || new().small(B::Disk),
        [["hybrid R R", "hybrid MR R", "!small"], ["hybrid R F", "hybrid MR F", "!small"], ["!small"; 3]]),
    ("small = array", || new().small(B::Array),
        [["!small"; 3], ["hybrid F F", "hybrid MF F", "!small"], ["!small"; 3]]),
    ("large = memory", || new().large(B::Memory), ALL_IN_MEMORY),
    ("large = disk", || new().large(B::Disk),
        [["hybrid M R", "hybrid MR R", "!large"], ["hybrid M R", "hybrid MF R", "!large"], ["!large"; 3]]),
    ("large = array", || new().large(B::Array),
        [["!large"; 3], ["hybrid M F", "hybrid MF F", "!large"], ["!large"; 3]]),
    ("hybrid, both sides memory", || hybrid().small(B::Memory).large(B::Memory), ALL_IN_MEMORY),
    ("upside down", || new().small(B::Disk).large(B::Memory),
        [["hybrid R M", "hybrid MR MR", "!small"], ["hybrid R M", "hybrid MR MF", "!small"], ["!small"; 3]]),
    ("small = hybrid", || new().small(B::Hybrid), [["!small"; 3]; 3]),
    ("large = hybrid", || new().large(B::Hybrid), [["!large"; 3]; 3]),
    ("threshold and memory", || new().threshold(9).backend(B::Memory), [["!backend"; 3]; 3]),
    ("threshold and disk", || new().threshold(9).backend(B::Disk), [["!backend"; 3]; 3]),
    ("side and array", || new().large(B::Disk).backend(B::Array), [["!backend"; 3]; 3]),
    ("for_scalars", for_scalars, PINS_MEMORY),
    ("for_collections", for_collections, PINS_MEMORY),
    ("for_bytes", for_bytes, PINS_DISK),
    ("for_images", for_images, PINS_DISK),
    ("for_json", for_json, PINS_DISK),
    ("for_models", for_models, PINS_DISK),
    ("for_ndarray", for_ndarray, PINS_ARRAY),
    ("for_dataframes", for_dataframes, PINS_ARRAY),
    ("for_structs", for_structs, PINS_HYBRID),
    ("hybrid", hybrid, PINS_HYBRID),
    ("for_async", for_async, NOTHING),
    ("helper and threshold", || for_ndarray().threshold(1 << 20), THRESHOLD),
    ("helper and backend", || for_ndarray().backend(B::Memory), MEMORY),
    ("hybrid and backend", || hybrid().backend(B::Memory), MEMORY),
];

/// How long results are to live: the name, the configuration, whether the disk is asked for, whether forbidden.
type Keeping = (&'static str, fn(Config) -> Config, bool, bool);

const KEEPING: [Keeping; 6] = [
    ("", |config| config, false, false),
    ("persist", Config::persist, true, false),
    ("ephemeral", Config::ephemeral, false, true),
    ("local", |config| Config { local: true, ..config }, false, true),
    ("persist, ephemeral", |config| config.persist().ephemeral(), true, true),
    ("persist, local", |config| Config { local: true, ..config.persist() }, true, true),
];

/// Access patterns with their policies: of a call that returns at once, and of one that is awaited.
const ACCESS: [(Option<Access>, Policy, Policy); 6] = [
    (None, Policy::S3Fifo, Policy::Lfu),
    (Some(Access::ReadHeavy), Policy::Lru, Policy::Lru),
    (Some(Access::TemporalLocality), Policy::Lru, Policy::Lru),
    (Some(Access::Frequency), Policy::Lfu, Policy::Lfu),
    (Some(Access::Random), Policy::Random, Policy::Random),
    (Some(Access::Unknown), Policy::S3Fifo, Policy::Lfu),
];

const SHARING: [Option<Sharing>; 5] =
    [None, Some(Sharing::Thread), Some(Sharing::Threads), Some(Sharing::Processes), Some(Sharing::Machines)];

/// Where the results of a cell go, or which field is refused.
fn places(kind: usize, row: &Row, keeping: &Keeping, sharing: Option<Sharing>) -> &'static str {
    let (_, class, _, _, natural) = KINDS[kind];
    let (_, _, persist, forbidden) = *keeping;
    let processes = sharing == Some(Sharing::Processes);
    let durable = if persist { "!persist" } else { "!sharing" };
    if sharing == Some(Sharing::Machines) {
        return "!sharing";
    }
    if (persist || processes) && forbidden {
        return durable;
    }
    // Without a disk, whatever the kind, it is as if it could not be written.
    let class = if cfg!(feature = "disk") { class } else { Class::Opaque };
    let hint = if persist || processes { 1 } else { usize::from(forbidden) * 2 };
    match row.2[class as usize][hint] {
        "!durable" => durable,
        KIND if class == Class::Opaque => M,
        KIND => natural,
        expected => expected,
    }
}

/// How one size class is written in the table.
fn written(side: Side, file: Option<&str>) -> String {
    let store = match side.store {
        None => "",
        Some(Dispatch::Record) => "R",
        Some(Dispatch::File(extension)) => {
            assert_eq!(Some(extension), file);
            "F"
        }
    };
    format!("{}{store}", if side.memory { "M" } else { "" })
}

fn facts(kind: usize) -> Facts {
    let (kind, _, codec, file, _) = KINDS[kind];
    Facts { kind, codec, file, size: 8 }
}

fn check(kind: usize, row: &Row, keeping: &Keeping, sharing: Option<Sharing>) {
    let expected = places(kind, row, keeping, sharing);
    for (access, at_once, awaited) in ACCESS {
        for is_async in [false, true] {
            let cell = format!(
                "{} × {} × {:?} × {access:?} × {sharing:?}, async: {is_async}",
                KINDS[kind].0, row.0, keeping.0
            );
            let config = Config { access, sharing, ..(keeping.1)((row.1)()) };
            let plan = match Plan::resolve("f", facts(kind), config, is_async) {
                Err(error) => {
                    assert_eq!(format!("!{}", error.field), expected, "{cell}: {error}");
                    continue;
                }
                Ok(plan) => plan,
            };
            let threshold = plan.threshold;
            let [none, small, large, huge] = [0, threshold, threshold + 1, u64::MAX]
                .map(|size| written(plan.side(size), facts(kind).file));
            assert_eq!(format!("{} {small} {large}", plan.backend), expected, "{cell}");
            assert_eq!((none, huge), (small, large), "{cell}");
            let policy = if is_async || row.0 == "for_async" { awaited } else { at_once };
            let lfu = cfg!(feature = "moka") && !keeping.0.contains("local");
            let policy = if policy == Policy::Lfu && !lfu { Policy::S3Fifo } else { policy };
            assert_eq!(plan.policy, policy, "{cell}");
            let said = |text: String| plan.reasons.iter().any(|reason| reason.starts_with(&text));
            assert!(said(format!("kind {}", plan.kind)), "{cell}: {:?}", plan.reasons);
            assert!(said(format!("backend {}: ", plan.backend)), "{cell}: {:?}", plan.reasons);
            assert!(said(format!("policy {policy}: ")), "{cell}: {:?}", plan.reasons);
            let asked = !matches!(row.0, "nothing" | "for_async") || keeping.2 || sharing == SHARING[3];
            assert_eq!(plan.insists, asked && plan.persists(), "{cell}");
        }
    }
}

#[test]
fn every_cell_is_as_the_table_says() {
    assert_eq!(KINDS.map(|kind| kind.0), *K::ALL);
    for kind in 0..KINDS.len() {
        for row in ROWS {
            for keeping in &KEEPING {
                for sharing in SHARING {
                    check(kind, row, keeping, sharing);
                }
            }
        }
    }
}

#[test]
fn what_is_refused_is_told_in_the_users_words() {
    let refused = |config: Config, kind: usize| match Plan::resolve("f", facts(kind), config, false) {
        Ok(plan) => panic!("{:?}", plan.reasons),
        Err(error) => error.to_string(),
    };
    let text = refused(new().backend(B::Memory).persist(), 1);
    assert!(text.contains("`backend` = memory") && text.contains("`persist`"), "{text}");
    let text = refused(for_ndarray().ephemeral(), 3);
    assert!(text.contains("`config` = for_ndarray()") && text.contains("`ephemeral`"), "{text}");
    let text = refused(Config { local: true, ..for_bytes() }, 2);
    assert!(text.contains("`config` = for_bytes()") && text.contains("`local`"), "{text}");
    let text = refused(new().persist(), 8);
    assert!(text.contains("`persist` = true"), "{text}");
    let text = refused(new().sharing(Sharing::Machines), 0);
    assert!(text.contains("network store") && text.contains("shared folder"), "{text}");
}

#[test]
fn a_named_policy_wins_over_the_access_pattern_and_the_helper() {
    for policy in Policy::ALL.iter().copied().filter(|policy| *policy != Policy::Lfu) {
        for local in [false, true] {
            let config = for_async().access(Access::Frequency).policy(policy);
            let plan = Plan::resolve("f", facts(0), Config { local, ..config }, false);
            assert_eq!(plan.map(|plan| plan.policy), Ok(policy));
        }
    }
}

#[test]
fn lfu_is_refused_where_there_is_none() {
    let resolve = |local| {
        let config = Config { local, ..new().policy(Policy::Lfu) };
        Plan::resolve("f", facts(0), config, false).map(|plan| plan.policy).map_err(|error| error.field)
    };
    assert_eq!(resolve(true), Err("policy"));
    assert_eq!(resolve(false), if cfg!(feature = "moka") { Ok(Policy::Lfu) } else { Err("policy") });
}

#[test]
fn no_value_may_be_zero() {
    let zero = Duration::ZERO;
    let settings: [(&str, Config); 7] = [
        ("threshold", new().threshold(0)),
        ("max_entries", new().max_entries(0)),
        ("max_bytes", new().max_bytes(0)),
        ("max_disk_bytes", new().max_disk_bytes(0)),
        ("ttl", new().ttl(zero)),
        ("idle", new().idle(zero)),
        ("patience", new().patience(zero)),
    ];
    for (field, config) in settings {
        assert_eq!(
            Plan::resolve("f", facts(1), config, false).map(drop).map_err(|error| error.field),
            Err(field)
        );
    }
}

#[test]
fn the_default_bounds_are_lifted_by_what_is_set() {
    let bounds = |config| Plan::resolve("f", facts(1), config, false).map(|plan| plan.bounds);
    let clock = || new().clock(ManualClock::new());
    let default = bounds(clock()).expect("nothing contradicts");
    assert_eq!(default.max_bytes, Some(64 << 20));
    let entries = bounds(clock().max_entries(10)).expect("nothing contradicts");
    assert_eq!((entries.max_entries, entries.max_bytes), (Some(10), None));
    let both = bounds(clock().max_entries(10).max_bytes(100)).expect("nothing contradicts");
    assert_eq!((both.max_entries, both.max_bytes), (Some(10), Some(100)));
}
