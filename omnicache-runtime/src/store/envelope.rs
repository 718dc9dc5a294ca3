//! The envelope of a record: everything its row says beside the payload, as bytes with a checksum.
//!
//! `docs/format.md` gives the layout. The checksum also covers the function's number and the payload file's
//! name, which stand in columns of their own.

use twox_hash::XxHash3_64;

use super::{RecordInfo, StoreKey};
use crate::kind::Codec;

/// The envelope's format; a row of a higher one was written by a newer release and is left alone.
pub(super) const FORMAT: u16 = 1;
/// Bytes before the shell.
const FIXED: usize = 124;
/// Bytes of the checksum at the end.
const SEAL: usize = 8;
/// The length of an envelope without shell and key bytes.
pub(super) const LEAST: usize = FIXED + SEAL;
/// Flag: the record has a time to live.
const HAS_TTL: u8 = 1;
/// Flag: the payload is packed.
const PACKED: u8 = 2;

/// What an envelope says.
pub(super) struct Envelope<'a> {
    pub(super) info: RecordInfo,
    pub(super) length: u64,
    pub(super) checksum: u128,
    pub(super) hash: &'a [u8],
    pub(super) arguments: &'a [u8],
    pub(super) key: &'a [u8],
}

/// Why an envelope cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// A newer release wrote it.
    Newer(String),
    /// Its bytes are not what was written.
    Damaged(&'static str),
}

/// Writes the envelope of a payload of `length` bytes.
pub(super) fn seal(
    key: &StoreKey,
    info: &RecordInfo,
    (length, checksum): (u64, u128),
    function: i64,
    file: Option<&str>,
) -> Vec<u8> {
    let mut head = Vec::with_capacity(FIXED + info.shell.len() + key.bytes.len() + SEAL);
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.push(info.codec.id());
    head.push((u8::from(info.ttl.is_some()) * HAS_TTL) | (u8::from(info.packed) * PACKED));
    head.extend_from_slice(&len32(&info.shell).to_le_bytes());
    head.extend_from_slice(&info.stored_at.to_le_bytes());
    head.extend_from_slice(&info.ttl.unwrap_or(0).to_le_bytes());
    head.extend_from_slice(&info.cost.to_le_bytes());
    head.extend_from_slice(&length.to_le_bytes());
    head.extend_from_slice(&checksum.to_le_bytes());
    head.extend_from_slice(&key.hash);
    head.extend_from_slice(&key.arguments);
    head.extend_from_slice(&len32(&key.bytes).to_le_bytes());
    head.extend_from_slice(&info.shell);
    head.extend_from_slice(&key.bytes);
    let sum = checksum_of(&head, function, file);
    head.extend_from_slice(&sum.to_le_bytes());
    head
}

/// How long the envelope at the beginning of `bytes` is; `None` if there is less than that.
pub(super) fn length_of(bytes: &[u8]) -> Option<usize> {
    let fixed = bytes.get(..FIXED)?;
    let length = |at| u32::from_le_bytes(array(fixed, at)) as usize;
    let length = length(4).checked_add(length(120))?.checked_add(FIXED + SEAL)?;
    (length <= bytes.len()).then_some(length)
}

/// Reads an envelope and verifies its checksum.
pub(super) fn open<'a>(head: &'a [u8], function: i64, file: Option<&str>) -> Result<Envelope<'a>, Broken> {
    if head.len() < LEAST {
        return Err(Broken::Damaged("its envelope is cut short"));
    }
    let format = u16::from_le_bytes(array(head, 0));
    if format > FORMAT {
        return Err(Broken::Newer(format!("a newer release wrote it, in format {format}")));
    }
    let (body, sum) = head.split_at(head.len() - SEAL);
    if sum != checksum_of(body, function, file).to_le_bytes() || format != FORMAT {
        return Err(Broken::Damaged("its envelope does not match its checksum"));
    }
    let Some(codec) = Codec::from_id(body[2]) else {
        return Err(Broken::Newer(format!("a newer release wrote it, with codec {}", body[2])));
    };
    let shell = u32::from_le_bytes(array(body, 4)) as usize;
    let key = u32::from_le_bytes(array(body, 120)) as usize;
    if FIXED + shell + key != body.len() {
        return Err(Broken::Damaged("its envelope's lengths do not add up"));
    }
    let (shell, key) = body[FIXED..].split_at(shell);
    let word = |at| u64::from_le_bytes(array(body, at));
    let info = RecordInfo {
        codec,
        shell: shell.to_vec(),
        cost: word(24),
        stored_at: word(8),
        ttl: (body[3] & HAS_TTL != 0).then(|| word(16)),
        packed: body[3] & PACKED != 0,
    };
    let (hash, arguments) = (&body[56..88], &body[88..120]);
    let checksum = u128::from_le_bytes(array(body, 40));
    Ok(Envelope { info, length: word(32), checksum, hash, arguments, key })
}

impl Envelope<'_> {
    /// The key bytes.
    pub(super) fn key(&self) -> &[u8] {
        self.key
    }

    /// Whether the record is of this very key: hashes may collide, bytes do not.
    pub(super) fn is_of(&self, key: &StoreKey) -> bool {
        self.hash == key.hash && self.arguments == key.arguments && self.key == key.bytes
    }
}

fn checksum_of(body: &[u8], function: i64, file: Option<&str>) -> u64 {
    let name = file.map_or(0, |file| XxHash3_64::oneshot(file.as_bytes()));
    XxHash3_64::oneshot_with_seed(name ^ function.cast_unsigned(), body)
}

/// The length as 32 bits. Neither a shell nor key bytes come near; one that did would only fail to be read.
fn len32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}
