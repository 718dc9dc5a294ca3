//! The store beside bare SQLite, in one run: many puts in one transaction, lookups among 160 KB of JSON of which most
//! miss, a million entries, and what several processes read together.
//!
//! `cargo bench -p omnicache-runtime --features disk --bench scale`, with the word of a part behind `--` for that alone

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use omnicache_runtime::store::{
    DiskStore, Generation, Identity, Lookup, NewRecord, Place, RecordInfo, StoreKey, StoreOptions,
};
use omnicache_runtime::{Clock, Codec, Fault, SystemClock};
use rusqlite::{Connection, OptionalExtension};

const ROUNDS: usize = 5;

fn key(identity: &Arc<Identity>, number: u64) -> StoreKey {
    let arguments = *blake3::hash(&number.to_le_bytes()).as_bytes();
    let hash = *blake3::hash(&arguments).as_bytes();
    StoreKey {
        identity: Arc::clone(identity),
        hash,
        arguments: std::array::from_fn(|i| arguments[i]),
        bytes: number.to_le_bytes().to_vec(),
    }
}

fn identity(name: &str) -> Arc<Identity> {
    let (site, path) = (format!("bench::{name}"), format!("bench::{name}"));
    Arc::new(Identity { namespace: "bench".into(), site, path, code: 1, shape: 2 })
}

fn open(dir: &Path) -> Arc<DiskStore> {
    let store = DiskStore::open(&StoreOptions::new(dir));
    let store = store.expect("the store opens");
    store.set_limit(8 << 30);
    store
}

fn put_all(store: &DiskStore, keys: &[StoreKey], payload: impl Fn(usize) -> Vec<u8>) {
    let now = SystemClock.now();
    let payloads: Vec<_> = (0..keys.len()).map(payload).collect();
    let mut writes: Vec<_> = payloads
        .iter()
        .map(|payload| {
            move |out: &mut dyn Write| out.write_all(payload).map_err(|e| Fault::io("writing a payload", e))
        })
        .collect();
    let mut records: Vec<_> = keys
        .iter()
        .zip(&mut writes)
        .zip(&payloads)
        .map(|((key, write), payload)| NewRecord {
            key,
            info: RecordInfo {
                codec: Codec::Raw,
                shell: Vec::new(),
                cost: 1,
                stored_at: now,
                ttl: None,
                packed: false,
            },
            place: Place::Record,
            size: payload.len() as u64,
            since: Generation(0),
            refresh: false,
            write,
        })
        .collect();
    store.put_many(&mut records).expect("no fault");
}

/// A table of number and payload, with the settings of ours.
fn bare(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("a database");
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS entry (slot INTEGER PRIMARY KEY, payload BLOB)",
        )
        .expect("a table");
    connection
}

fn slot(number: u64) -> i64 {
    i64::from_be_bytes(std::array::from_fn(|i| blake3::hash(&number.to_le_bytes()).as_bytes()[i]))
}

fn bare_put_all(connection: &Connection, numbers: std::ops::Range<u64>, payload: impl Fn(u64) -> Vec<u8>) {
    connection.execute_batch("BEGIN IMMEDIATE").expect("a transaction");
    for number in numbers {
        connection
            .prepare_cached("INSERT OR REPLACE INTO entry VALUES (?1, ?2)")
            .and_then(|mut insert| insert.execute((slot(number), payload(number))))
            .expect("an insertion");
    }
    connection.execute_batch("COMMIT").expect("a commit");
}

fn bare_get(connection: &Connection, number: u64) -> Option<Vec<u8>> {
    connection
        .prepare_cached("SELECT payload FROM entry WHERE slot = ?1")
        .and_then(|mut select| select.query_row([slot(number)], |row| row.get(0)).optional())
        .expect("a lookup")
}

fn get(store: &DiskStore, key: &StoreKey, now: u64) -> Option<Vec<u8>> {
    match store.get(key, now).expect("no fault") {
        Lookup::Found(record) => Some(record.payload.to_vec()),
        _ => None,
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Runs both in turn, round after round; the median microseconds of one of `count` operations, of ours and the peer.
fn contest(title: &str, count: usize, mut ours: impl FnMut(), mut peer: impl FnMut()) {
    let (mut of_ours, mut of_peer) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        for (work, times) in
            [(&mut ours as &mut dyn FnMut(), &mut of_ours), (&mut peer as &mut dyn FnMut(), &mut of_peer)]
        {
            let start = Instant::now();
            work();
            // The first round warms up.
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e6 / count as f64);
            }
        }
    }
    let (ours, peer) = (median(of_ours), median(of_peer));
    println!("{title:<58} {ours:>9.2} µs   bare SQLite {peer:>9.2} µs   {:>5.2} x", ours / peer);
}

fn payload(number: u64, size: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..=250).cycle().take(size).collect();
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}

/// About 160 KB of JSON: records whose numbers differ and whose words repeat, as API answers do.
fn json(number: u64) -> Vec<u8> {
    let mut state = number;
    let mut text = String::from("[");
    while text.len() < 160_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (id, value) = (state >> 40, (state >> 20) % 100_000);
        let word = ["open", "closed", "merged", "draft"][(state >> 33) as usize % 4];
        text += &format!(r#"{{"id":{id},"state":"{word}","score":{value}.5,"labels":["bug","docs"]}},"#);
    }
    text.pop();
    (text + "]").into_bytes()
}

fn many_in_one_transaction(root: &Path) {
    let (store, connection) = (open(&root.join("many")), bare(&root.join("many.sqlite")));
    let f = identity("many");
    let mut round = 0;
    let mut bare_round = 0;
    contest(
        "put, 1,000 of 100 B in one transaction",
        1000,
        || {
            let keys: Vec<_> = (round..round + 1000).map(|number| key(&f, number)).collect();
            put_all(&store, &keys, |index| payload(index as u64, 100));
            round += 1000;
        },
        || {
            bare_put_all(&connection, bare_round..bare_round + 1000, |number| payload(number, 100));
            bare_round += 1000;
        },
    );
}

fn json_lookups(root: &Path) {
    const ENTRIES: u64 = 3500;
    let (store, connection) = (open(&root.join("json")), bare(&root.join("json.sqlite")));
    let f = identity("json");
    let packed = |number| zstd::bulk::compress(&json(number), 3).expect("zstd compresses");
    for start in (0..ENTRIES).step_by(500) {
        let keys: Vec<_> = (start..start + 500).map(|number| key(&f, number)).collect();
        put_all(&store, &keys, |index| packed(start + index as u64));
        bare_put_all(&connection, start..start + 500, packed);
    }
    // 35 of 100 hit.
    let order: Vec<u64> = (0..10_000_u64)
        .map(|step| {
            let number = step.wrapping_mul(7919) % ENTRIES;
            if step * 37 % 100 < 35 { number } else { number + 1_000_000 }
        })
        .collect();
    let now = SystemClock.now();
    let unpack =
        |packed: Vec<u8>| black_box(zstd::bulk::decompress(&packed, 1 << 20).expect("zstd reads")).len();
    contest(
        "lookup and decompression, 3,500 JSON of 160 KB, 65 % miss",
        order.len(),
        || {
            let found = order.iter().filter_map(|number| get(&store, &key(&f, *number), now)).map(unpack);
            assert_eq!(found.count(), 3500);
        },
        || {
            let found = order.iter().filter_map(|number| bare_get(&connection, *number)).map(unpack);
            assert_eq!(found.count(), 3500);
        },
    );
}

fn a_million(root: &Path) {
    let now = SystemClock.now();
    for count in [10_000_u64, 1_000_000] {
        let (dir, file) = (root.join(format!("{count}")), root.join(format!("{count}.sqlite")));
        let f = identity("million");
        {
            let (store, connection) = (open(&dir), bare(&file));
            for start in (0..count).step_by(10_000) {
                let keys: Vec<_> = (start..start + 10_000).map(|number| key(&f, number)).collect();
                put_all(&store, &keys, |index| payload(start + index as u64, 100));
                bare_put_all(&connection, start..start + 10_000, |number| payload(number, 100));
            }
        }
        // The system is still writing it all out, which would be charged to whoever comes first.
        rustix::fs::sync();
        let start = Instant::now();
        let store = open(&dir);
        assert!(get(&store, &key(&f, 0), now).is_some());
        println!("{count} entries: open and first get {:?}", start.elapsed());
        let index = std::fs::metadata(dir.join("omnicache.v1/index.sqlite")).expect("an index").len();
        println!("{count} entries: {} bytes of overhead each", (index / count).saturating_sub(100));
        let connection = bare(&file);
        let (mut step, mut bare_step) = (1_u64, 1_u64);
        let next = |step: &mut u64| {
            *step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (*step >> 33) % count
        };
        contest(
            &format!("get of 100 B among {count}"),
            20_000,
            || {
                for _ in 0..20_000 {
                    assert!(get(&store, &key(&f, next(&mut step)), now).is_some());
                }
            },
            || {
                for _ in 0..20_000 {
                    assert!(bare_get(&connection, next(&mut bare_step)).is_some());
                }
            },
        );
    }
}

/// Gets per second of so many processes together.
fn processes(root: &Path) {
    let dir = root.join("read");
    {
        let (store, f) = (open(&dir), identity("million"));
        let keys: Vec<_> = (0..10_000).map(|number| key(&f, number)).collect();
        put_all(&store, &keys, |index| payload(index as u64, 100));
    }
    let mut alone = 0.0;
    for count in [1, 2, 4, 8] {
        let start = Instant::now();
        let children: Vec<_> = (0..count)
            .map(|_| {
                std::process::Command::new(std::env::current_exe().expect("this program"))
                    .env("OMNICACHE_BENCH_READ", &dir)
                    .spawn()
                    .expect("a child")
            })
            .collect();
        for mut child in children {
            assert!(child.wait().expect("it ends").success());
        }
        let rate = f64::from(count) * READS as f64 / start.elapsed().as_secs_f64();
        if count == 1 {
            alone = rate;
        }
        println!("{count} processes reading: {:>9.0} gets a second, {:.2} times one", rate, rate / alone);
    }
}

const READS: u64 = 200_000;

fn main() {
    if let Some(dir) = std::env::var_os("OMNICACHE_BENCH_READ") {
        let (store, f, now) = (open(dir.as_ref()), identity("million"), SystemClock.now());
        for step in 0..READS {
            assert!(get(&store, &key(&f, step * 7919 % 10_000), now).is_some());
        }
        return;
    }
    let root = std::env::temp_dir().join(format!("omnicache-bench-scale-{}", std::process::id()));
    std::fs::create_dir_all(&root).expect("a directory");
    let parts: [(&str, fn(&Path)); 4] = [
        ("puts", many_in_one_transaction),
        ("json", json_lookups),
        ("million", a_million),
        ("processes", processes),
    ];
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    for (name, part) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            part(&root);
        }
    }
    std::fs::remove_dir_all(root).expect("the directory can be removed");
}
