//! A record as one byte string, envelope and payload: how a cached function keeps results in a store of the user's.

use twox_hash::XxHash3_128;

use super::envelope;
pub(crate) use super::envelope::Broken;
use super::{RecordInfo, StoreKey};

/// The record of `payload` under `key`.
pub(crate) fn seal(key: &StoreKey, info: &RecordInfo, payload: &[u8]) -> Vec<u8> {
    let mut sealed =
        envelope::seal(key, info, (payload.len() as u64, XxHash3_128::oneshot(payload)), 0, None);
    sealed.extend_from_slice(payload);
    sealed
}

/// What a record says and holds; `None` if it belongs to another key.
///
/// # Errors
/// Why it cannot be read: it is damaged, or a newer release wrote it.
pub(crate) fn open<'a>(sealed: &'a [u8], key: &StoreKey) -> Result<Option<(RecordInfo, &'a [u8])>, Broken> {
    let length = envelope::length_of(sealed).ok_or(Broken::Damaged("its envelope is cut short"))?;
    let (head, payload) = sealed.split_at(length);
    let envelope = envelope::open(head, 0, None)?;
    if !envelope.is_of(key) {
        return Ok(None);
    }
    if payload.len() as u64 != envelope.length || XxHash3_128::oneshot(payload) != envelope.checksum {
        return Err(Broken::Damaged("its payload does not match its checksum"));
    }
    Ok(Some((envelope.info, payload)))
}
