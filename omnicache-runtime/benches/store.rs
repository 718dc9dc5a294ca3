//! Medians of get and put on a warm store, by payload size: `cargo bench -p omnicache-runtime --features disk`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use omnicache_runtime::store::{
    DiskStore, Generation, Identity, NewRecord, Place, RecordInfo, StoreKey, StoreOptions,
};
use omnicache_runtime::{Clock, Codec, SystemClock};

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

fn median(times: &mut [u64]) -> String {
    times.sort_unstable();
    let [p50, p90, p99] =
        [50, 90, 99].map(|part| Duration::from_nanos(times[(times.len() - 1) * part / 100]));
    format!("p50 {p50:>10.2?}   p90 {p90:>10.2?}   p99 {p99:>10.2?}")
}

fn measure(what: &str, count: u64, mut work: impl FnMut(u64)) {
    let mut times: Vec<u64> = (0..count)
        .map(|number| {
            let start = Instant::now();
            work(number);
            u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
        })
        .collect();
    println!("{what:22} {}", median(&mut times));
}

fn main() {
    let dir = std::env::temp_dir().join(format!("omnicache-bench-{}", std::process::id()));
    let store = DiskStore::open(&StoreOptions::new(&dir)).expect("the store opens");
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
        measure(&format!("put {size} B {name}"), count, |number| {
            let key = key(&identity, number);
            let mut own = payload.clone();
            own[..8].copy_from_slice(&number.to_le_bytes());
            put(&store, &key, place, &own, since, now);
        });
        measure(&format!("get {size} B {name}"), count, |number| {
            let key = key(&identity, number * 7919 % count);
            black_box(store.get(&key, now).expect("no fault"));
        });
        measure(&format!("miss {size} B {name}"), count, |number| {
            let key = key(&identity, number + count);
            black_box(store.get(&key, now).expect("no fault"));
        });
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
