//! Medians of get and put on a warm store by payload size, beside bare SQLite (large payloads: beside a file that is
//! written and renamed) in one run, turn about: `cargo bench -p omnicache-runtime --features disk --bench store`.

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use omnicache_runtime::store::{
    DiskStore, Generation, Identity, NewRecord, Place, RecordInfo, StoreKey, StoreOptions,
};
use omnicache_runtime::{Clock, Codec, SystemClock};
use rusqlite::{Connection, OptionalExtension};

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

fn percentiles(times: &mut [u64]) -> (f64, String) {
    times.sort_unstable();
    let [p50, p90, p99] = [50, 90, 99].map(|part| times[(times.len() - 1) * part / 100] as f64 / 1000.0);
    (p50, format!("p50 {p50:>9.2} µs   p90 {p90:>9.2}   p99 {p99:>9.2}"))
}

fn timed(work: impl FnOnce()) -> u64 {
    let start = Instant::now();
    work();
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Times both for each number, in turns, so that what else the machine does falls on both.
fn measure(what: &str, count: u64, mut ours: impl FnMut(u64), mut peer: impl FnMut(u64)) {
    let (mut times, mut others) = (Vec::new(), Vec::new());
    for number in 0..count {
        times.push(timed(|| ours(number)));
        others.push(timed(|| peer(number)));
    }
    let ((median, all), (other, _)) = (percentiles(&mut times), percentiles(&mut others));
    println!("{what:22} {all}   bare {other:>9.2} µs   {:>5.2} x", median / other);
}

/// What a store without our promises would do: SQLite by an integer key, or one file per key.
struct Bare {
    connection: Connection,
    dir: PathBuf,
}

impl Bare {
    fn open(dir: &Path) -> Self {
        std::fs::create_dir_all(dir).expect("a directory");
        let connection = Connection::open(dir.join("bare.sqlite")).expect("a database");
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, payload BLOB NOT NULL)";
        connection.execute_batch(settings).expect("a table");
        Self { connection, dir: dir.to_owned() }
    }

    fn id(number: u64, size: usize) -> i64 {
        let hash = blake3::hash(&[number.to_le_bytes(), size.to_le_bytes()].concat());
        i64::from_le_bytes(std::array::from_fn(|at| hash.as_bytes()[at]))
    }

    fn put(&self, number: u64, payload: &[u8]) {
        let id = Self::id(number, payload.len());
        if payload.len() > 16_384 {
            let part = self.dir.join("part");
            std::fs::write(&part, payload).expect("a file");
            return std::fs::rename(part, self.dir.join(format!("{id:x}"))).expect("a file");
        }
        let mut insert =
            self.connection.prepare_cached("INSERT INTO entry VALUES (?1, ?2)").expect("a statement");
        insert.execute((id, payload)).expect("a row");
    }

    fn get(&self, number: u64, size: usize) -> Option<Vec<u8>> {
        let id = Self::id(number, size);
        if size > 16_384 {
            return std::fs::read(self.dir.join(format!("{id:x}"))).ok();
        }
        let mut select =
            self.connection.prepare_cached("SELECT payload FROM entry WHERE id = ?1").expect("a statement");
        select.query_row([id], |row| row.get(0)).optional().expect("an answer")
    }
}

fn main() {
    let dir = std::env::temp_dir().join(format!("omnicache-bench-{}", std::process::id()));
    let store = DiskStore::open(&StoreOptions::new(&dir)).expect("the store opens");
    let bare = Bare::open(&dir.join("bare"));
    let now = SystemClock.now();
    for (size, count, place) in [
        (100, 20_000, Place::Record),
        (10_000, 5_000, Place::Record),
        (1 << 20, 200, Place::Record),
        (1 << 20, 200, Place::ArrayFile("npy")),
    ] {
        let identity = Arc::new(Identity {
            namespace: "bench".into(),
            site: "bench::f".into(),
            path: format!("bench::f<{size}, {place:?}>"),
            code: 1,
            shape: 2,
        });
        let payload: Vec<u8> = (0..=250).cycle().take(size).collect();
        let name = if place == Place::Record { "record" } else { "array" };
        let since = store.generation(&identity);
        let own = |number: u64| {
            let mut own = payload.clone();
            own[..8].copy_from_slice(&number.to_le_bytes());
            own
        };
        measure(
            &format!("put {size} B {name}"),
            count,
            |number| put(&store, &key(&identity, number), place, &own(number), since, now),
            |number| bare.put(number, &own(number)),
        );
        measure(
            &format!("get {size} B {name}"),
            count,
            |number| {
                black_box(store.get(&key(&identity, number * 7919 % count), now).expect("no fault"));
            },
            |number| {
                black_box(bare.get(number * 7919 % count, size));
            },
        );
        measure(
            &format!("miss {size} B {name}"),
            count,
            |number| {
                black_box(store.get(&key(&identity, number + count), now).expect("no fault"));
            },
            |number| {
                black_box(bare.get(number + count, size));
            },
        );
    }
    drop(store);
    std::fs::remove_dir_all(dir).expect("the directory can be removed");
}

fn put(store: &DiskStore, key: &StoreKey, place: Place, payload: &[u8], since: Generation, now: u64) {
    let info = RecordInfo {
        codec: Codec::Raw,
        shell: Vec::new(),
        cost: 1,
        stored_at: now,
        ttl: None,
        packed: false,
    };
    let mut write = |out: &mut dyn std::io::Write| {
        out.write_all(payload).map_err(|e| omnicache_runtime::Fault::io("writing", e))
    };
    let size = payload.len() as u64;
    let record = NewRecord { key, info, place, size, since, refresh: false, write: &mut write };
    store.put(record).expect("no fault");
}
