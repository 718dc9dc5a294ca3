//! Records sealed with a secret: what was not written by one who knows it is a miss.
//!
//! The seal is BLAKE3 with a key that is derived from the secret, over the key's hash, everything the record says and
//! its payload. It stands at the end of the record's shell, so that every store keeps it without knowing of it. The
//! payload comes last into the hash and before that into the file, so it is written twice: once into the hash.

use std::io;

use crate::error::{Fault, FaultKind};
use crate::store::{RecordInfo, StoreKey};

/// What the key of seals is derived for.
const CONTEXT: &str = "omnicache 2026-11-21 seal of records";
const LENGTH: usize = blake3::OUT_LEN;

/// Seals records, and tells whether they were sealed with the same secret.
#[derive(Clone)]
pub(super) struct Sealer([u8; 32]);

type Write<'a> = dyn FnMut(&mut dyn io::Write) -> Result<(), Fault> + 'a;

impl Sealer {
    pub(super) fn new(secret: &[u8]) -> Self {
        Self(blake3::derive_key(CONTEXT, secret))
    }

    fn hasher(&self, key: &StoreKey, info: &RecordInfo, shell: &[u8]) -> blake3::Hasher {
        let RecordInfo { codec, stored_at, ttl, cost, packed, .. } = info;
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(&key.hash).update(&[codec.id(), u8::from(ttl.is_some()), u8::from(*packed)]);
        for word in [*stored_at, ttl.unwrap_or(0), *cost, shell.len() as u64] {
            hasher.update(&word.to_le_bytes());
        }
        hasher.update(shell);
        hasher
    }

    /// Puts the seal of the payload that `write` writes behind the shell.
    pub(super) fn seal(
        &self,
        key: &StoreKey,
        info: &mut RecordInfo,
        write: &mut Write<'_>,
    ) -> Result<(), Fault> {
        let mut hasher = self.hasher(key, info, &info.shell);
        write(&mut hasher)?;
        info.shell.extend_from_slice(hasher.finalize().as_bytes());
        Ok(())
    }

    /// Takes the seal from behind the shell, if it is the payload's.
    pub(super) fn open(&self, key: &StoreKey, info: &mut RecordInfo, payload: &[u8]) -> Result<(), Fault> {
        let forged =
            || Fault::new(FaultKind::Untrusted, "a record is not sealed with this secret, and is a miss");
        let length = info.shell.len().checked_sub(LENGTH).ok_or_else(forged)?;
        let (shell, seal) = info.shell.split_at(length);
        let mut hasher = self.hasher(key, info, shell);
        hasher.update(payload);
        let seal: [u8; LENGTH] = seal.try_into().map_err(|_| forged())?;
        // Compares in constant time.
        if hasher.finalize() != blake3::Hash::from_bytes(seal) {
            return Err(forged());
        }
        info.shell.truncate(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kind::Codec;
    use crate::store::Identity;

    fn key(number: u8) -> StoreKey {
        let identity =
            Identity { namespace: String::new(), site: "s".into(), path: "p".into(), code: 0, shape: 0 };
        StoreKey { identity: Arc::new(identity), hash: [number; 32], arguments: [0; 8], bytes: vec![number] }
    }

    fn sealed(sealer: &Sealer) -> RecordInfo {
        let mut info = RecordInfo {
            codec: Codec::Bincode,
            shell: vec![1, 2],
            cost: 3,
            stored_at: 4,
            ttl: Some(5),
            packed: false,
        };
        let mut write = |out: &mut dyn io::Write| out.write_all(b"payload").map_err(|e| Fault::io("", e));
        sealer.seal(&key(1), &mut info, &mut write).unwrap();
        info
    }

    #[test]
    fn what_was_sealed_with_the_secret_opens_and_is_as_it_was() {
        let sealer = Sealer::new(b"secret");
        let mut info = sealed(&sealer);
        sealer.open(&key(1), &mut info, b"payload").unwrap();
        assert_eq!(info.shell, [1, 2]);
    }

    #[test]
    fn whatever_is_changed_in_a_sealed_record_it_no_longer_opens() {
        let sealer = Sealer::new(b"secret");
        let opens = |change: &dyn Fn(&mut RecordInfo), number, payload: &[u8]| {
            let mut info = sealed(&sealer);
            change(&mut info);
            sealer.open(&key(number), &mut info, payload).is_ok()
        };
        assert!(opens(&|_| {}, 1, b"payload"));
        assert!(!opens(&|_| {}, 2, b"payload"), "the key");
        assert!(!opens(&|_| {}, 1, b"Payload") && !opens(&|_| {}, 1, b"payloa"), "the payload");
        assert!(!opens(&|info| info.codec = Codec::MessagePack, 1, b"payload"), "the codec");
        assert!(!opens(&|info| info.cost += 1, 1, b"payload"), "the cost");
        assert!(!opens(&|info| info.stored_at += 1, 1, b"payload"), "the time");
        assert!(!opens(&|info| info.ttl = None, 1, b"payload"), "the time to live");
        assert!(!opens(&|info| info.ttl = Some(6), 1, b"payload"), "the time to live");
        assert!(!opens(&|info| info.packed = true, 1, b"payload"), "the packing");
        for at in 0..34 {
            assert!(!opens(&|info| info.shell[at] ^= 1, 1, b"payload"), "byte {at} of shell and seal");
        }
        assert!(!opens(&|info| info.shell.truncate(2), 1, b"payload"), "no seal");
        assert!(Sealer::new(b"other").open(&key(1), &mut sealed(&sealer), b"payload").is_err());
    }
}
