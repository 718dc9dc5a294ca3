//! The envelope of a record: everything its row says beside the payload, as bytes with a checksum.
//!
//! `docs/format.md` gives the layout. The checksum also covers the function's number and the payload file's
//! name, which stand in columns of their own.

use twox_hash::XxHash3_64;

use super::{RecordInfo, StoreKey};
use crate::kind::Codec;

/// The envelope's format; a row of a higher one was written by a newer release and is left alone.
pub(super) const FORMAT: u16 = 1;
/// Where the fields of one length lie.
const CHECKSUM: usize = 4;
pub(super) const HASH: usize = CHECKSUM + 16;
const ARGUMENTS: usize = HASH + 32;
const STORED_AT: usize = ARGUMENTS + SLOT;
/// Where the numbers begin whose lengths vary.
const NUMBERS: usize = STORED_AT + 8;
/// Bytes of the arguments' hash that are kept: those that lead to the row.
const SLOT: usize = 8;
/// Bytes of the checksum at the end.
const SEAL: usize = 8;
/// The least length of an envelope without shell and key bytes.
pub(super) const LEAST: usize = NUMBERS + 4 + SEAL;
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
    /// What is kept of the arguments' hash.
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
    let mut head = Vec::with_capacity(LEAST + 32 + info.shell.len() + key.bytes.len());
    head.extend_from_slice(&FORMAT.to_le_bytes());
    head.push(info.codec.id());
    head.push((u8::from(info.ttl.is_some()) * HAS_TTL) | (u8::from(info.packed) * PACKED));
    head.extend_from_slice(&checksum.to_le_bytes());
    head.extend_from_slice(&key.hash);
    head.extend_from_slice(&key.arguments);
    head.extend_from_slice(&info.stored_at.to_le_bytes());
    let numbers = [Some(length), Some(info.cost), info.ttl];
    let lengths = [&info.shell, &key.bytes].map(|part| Some(part.len() as u64));
    numbers.into_iter().chain(lengths).flatten().for_each(|number| push(&mut head, number));
    head.extend_from_slice(&info.shell);
    head.extend_from_slice(&key.bytes);
    let sum = checksum_of(&head, function, file);
    head.extend_from_slice(&sum.to_le_bytes());
    head
}

/// How long the envelope of a payload of `length` bytes is.
pub(super) fn size(key: &StoreKey, info: &RecordInfo, length: u64) -> usize {
    let lengths = [&info.shell, &key.bytes].map(|part| Some(part.len() as u64));
    let numbers = [Some(length), Some(info.cost), info.ttl].into_iter().chain(lengths).flatten();
    // Seven bits to the byte, and zero takes one too.
    let numbers: u32 = numbers.map(|number| (u64::BITS - number.leading_zeros()).max(1).div_ceil(7)).sum();
    NUMBERS + numbers as usize + info.shell.len() + key.bytes.len() + SEAL
}

/// The key's hash, where there is an envelope long enough to have one.
pub(super) fn hash_of(head: &[u8]) -> Option<[u8; 32]> {
    head.get(HASH..ARGUMENTS)?.try_into().ok()
}

/// How long the envelope at the beginning of `bytes` is; `None` if there is less than that.
pub(super) fn length_of(bytes: &[u8]) -> Option<usize> {
    let numbers = Numbers::read(bytes)?;
    let length = numbers.end.checked_add(numbers.shell)?.checked_add(numbers.key)?.checked_add(SEAL)?;
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
    let numbers = Numbers::read(body);
    let Some(Numbers { length, cost, ttl, shell, key, end }) =
        numbers.filter(|n| n.shell.checked_add(n.key).is_some_and(|rest| rest == body.len() - n.end))
    else {
        return Err(Broken::Damaged("its envelope's lengths do not add up"));
    };
    let (shell, key) = body[end..end + shell + key].split_at(shell);
    let stored_at = u64::from_le_bytes(array(body, STORED_AT));
    let info =
        RecordInfo { codec, shell: shell.to_vec(), cost, stored_at, ttl, packed: body[3] & PACKED != 0 };
    let (hash, arguments) = (&body[HASH..ARGUMENTS], &body[ARGUMENTS..STORED_AT]);
    Ok(Envelope { info, length, checksum: u128::from_le_bytes(array(body, CHECKSUM)), hash, arguments, key })
}

/// The numbers whose lengths vary.
struct Numbers {
    length: u64,
    cost: u64,
    ttl: Option<u64>,
    shell: usize,
    key: usize,
    /// Where they end.
    end: usize,
}

impl Numbers {
    fn read(head: &[u8]) -> Option<Self> {
        let mut rest = head.get(NUMBERS..)?;
        let (length, cost) = (pull(&mut rest)?, pull(&mut rest)?);
        let ttl = if head[3] & HAS_TTL == 0 { None } else { Some(pull(&mut rest)?) };
        let mut size = || usize::try_from(pull(&mut rest)?).ok();
        let (shell, key) = (size()?, size()?);
        Some(Self { length, cost, ttl, shell, key, end: head.len() - rest.len() })
    }
}

/// Writes a number in groups of seven bits, the lowest first; all bytes but the last have their highest bit set.
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Reads a number that [`push`] wrote.
fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        let group = u64::from(first & 0x7F);
        // The tenth byte has room for one bit.
        if shift == 63 && group > 1 {
            return None;
        }
        number |= group << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
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

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::Identity;

    fn key(bytes: usize) -> StoreKey {
        let identity = Identity {
            namespace: String::new(),
            site: String::new(),
            path: String::new(),
            code: 0,
            shape: 0,
        };
        StoreKey { identity: Arc::new(identity), hash: [7; 32], arguments: [8; 8], bytes: vec![9; bytes] }
    }

    fn info(shell: usize, number: u64) -> RecordInfo {
        let (shell, ttl) = (vec![3; shell], (!number.is_multiple_of(3)).then_some(number));
        RecordInfo {
            codec: Codec::Bincode,
            shell,
            cost: number,
            stored_at: number,
            ttl,
            packed: number % 2 == 1,
        }
    }

    #[test]
    fn an_envelope_says_what_was_put_into_it() {
        let borders = (0..64).flat_map(|shift| [(1_u64 << shift) - 1, 1 << shift]).chain([u64::MAX]);
        for (number, lengths) in borders.zip([(0, 0), (1, 8), (127, 128), (300, 20_000)].into_iter().cycle())
        {
            let (key, info) = (key(lengths.1), info(lengths.0, number));
            let mut head = seal(&key, &info, (number, u128::from(number) << 64), 5, Some("file"));
            let size = size(&key, &info, number);
            let opened = open(&head, 5, Some("file")).unwrap();
            assert!(opened.is_of(&key));
            assert_eq!((opened.length, opened.checksum), (number, u128::from(number) << 64));
            assert_eq!((opened.info, opened.key), (info, &*key.bytes));
            let length = head.len();
            assert_eq!(size, length);
            head.extend_from_slice(b"payload");
            assert_eq!(length_of(&head), Some(length));
            assert_eq!(length_of(&head[..length - 1]), None);
        }
    }

    #[test]
    fn an_envelope_of_which_any_byte_is_wrong_or_missing_is_not_opened() {
        let head = seal(&key(20), &info(3, 1 << 40), (1 << 50, 6), 5, None);
        assert!(open(&head, 5, None).is_ok());
        assert!(open(&head, 6, None).is_err() && open(&head, 5, Some("file")).is_err());
        for at in 0..head.len() {
            assert!(open(&head[..at], 5, None).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut head = head.clone();
                head[at] ^= 1 << bit;
                assert!(open(&head, 5, None).is_err(), "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn numbers_that_are_too_long_or_do_not_end_are_none() {
        for bytes in [&[][..], &[0x80], &[0xFF; 9], &[0xFF; 10], &[0xFF; 11]] {
            assert_eq!(pull(&mut &*bytes), None, "{bytes:?}");
        }
        assert_eq!(
            pull(&mut &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01, 5][..]),
            Some(u64::MAX)
        );
        // With a checksum that is right, as a forger would have it.
        let mut body = vec![0; NUMBERS];
        body[0] = 1;
        for tail in [
            &[0, 0, 0xFF, 0xFF][..],
            &[0, 0, 200, 1, 0],
            &[0xFF; 30],
            &[0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 1],
        ] {
            let mut head = [&body, tail].concat();
            head.extend_from_slice(&checksum_of(&head, 5, None).to_le_bytes());
            assert!(open(&head, 5, None).is_err(), "{tail:?}");
        }
    }
}
