//! What the tests of several leaves share.

use std::fs::{File, remove_file};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Leaf, Payload};
use crate::store::Mapping;

/// The bytes, mapped from a file that is already unlinked, and that anybody may have written.
pub(crate) fn mapped(bytes: &[u8]) -> Payload {
    mapped_as(bytes, false)
}

/// The bytes, mapped from a file that is already unlinked; `trusted` if our codec wrote them.
pub(crate) fn mapped_as(bytes: &[u8], trusted: bool) -> Payload {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = format!("omnicache-codec-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(name);
    let mut file = File::create_new(&path).expect("a temporary file");
    file.write_all(bytes).expect("room for it");
    let (file, metadata) = (File::open(&path).expect("it is there"), file.metadata().expect("it is there"));
    let mapping = Mapping::of(&file, &metadata, trusted).expect("it can be mapped");
    remove_file(path).expect("it can be removed");
    Payload::Mapped(Arc::new(mapping))
}

/// The value's payload.
pub(crate) fn encoded<T, L: Leaf<T>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    L::encode(value, L::choose(value), &mut bytes).expect("the value is written");
    bytes
}

/// Decodes every truncation of `bytes` and every payload that differs in one byte; none may panic. Truncated ones
/// and longer ones must be refused.
pub(crate) fn survives_damage<T, L: Leaf<T>>(bytes: &[u8], look: impl Fn(&T)) {
    let decode = |bytes: &[u8]| {
        for payload in [Payload::from(bytes.to_vec()), mapped(bytes)] {
            if let Ok(value) = L::decode(L::CODEC, payload) {
                look(&value);
            }
        }
    };
    for end in 1..bytes.len() {
        assert!(L::decode(L::CODEC, bytes[..end].to_vec().into()).is_err(), "{end} bytes of {}", bytes.len());
    }
    assert!(L::decode(L::CODEC, [bytes, &[0]].concat().into()).is_err());
    for at in 0..bytes.len() {
        let original = bytes[at];
        for byte in [original ^ 1, original ^ 0x80, original.wrapping_add(1), 0, 0x7F, 0xFF, b'9'] {
            let mut damaged = bytes.to_vec();
            damaged[at] = byte;
            decode(&damaged);
        }
    }
}
