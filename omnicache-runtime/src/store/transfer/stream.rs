//! The stream's frame: a head, records with their checksums, and an end that says how many there were.

use std::io::{self, Read, Write};

use twox_hash::xxhash3_128::Hasher;

use crate::kind::Codec;
use crate::store::{Identity, RecordInfo};

/// What a stream begins with.
const MAGIC: [u8; 8] = *b"OmnCexp\0";
/// The stream's format.
const VERSION: u32 = 1;
/// What a record begins with, and what the end does.
const RECORD: u8 = 1;
const END: u8 = 0;
/// Buffers grow by what was read, beginning with this.
const FIRST: usize = 64 << 10;
/// Flag: the record has a time to live.
const HAS_TTL: u8 = 1;
/// Flag: the payload is packed.
const PACKED: u8 = 2;

/// What a record says beside its payload.
pub(super) struct Meta {
    pub(super) identity: Identity,
    pub(super) hash: [u8; 32],
    pub(super) arguments: [u8; 8],
    pub(super) key: Vec<u8>,
    pub(super) info: RecordInfo,
    /// The extension of its array file; empty if it is in none.
    pub(super) extension: String,
}

pub(super) fn write_head(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&MAGIC)?;
    out.write_all(&VERSION.to_le_bytes())
}

pub(super) fn write_record(out: &mut dyn Write, meta: &Meta, payload: &[u8]) -> io::Result<()> {
    let meta = meta.to_bytes();
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidData, "a key of 4 GiB");
    let length = u32::try_from(meta.len()).map_err(too_long)?;
    let mut hasher = Hasher::new();
    for piece in [&[RECORD][..], &length.to_le_bytes(), &(payload.len() as u64).to_le_bytes(), &meta, payload]
    {
        hasher.write(piece);
        out.write_all(piece)?;
    }
    out.write_all(&hasher.finish_128().to_le_bytes())
}

pub(super) fn write_end(out: &mut dyn Write, count: u64) -> io::Result<()> {
    let mut hasher = Hasher::new();
    for piece in [&[END][..], &count.to_le_bytes()] {
        hasher.write(piece);
        out.write_all(piece)?;
    }
    out.write_all(&hasher.finish_128().to_le_bytes())
}

/// Why a stream cannot be read on.
#[derive(Debug)]
pub(super) enum Broken {
    /// What is wrong with it.
    Stream(String),
    /// The operating system's word.
    Io(io::Error),
}

/// A record as it was read, its checksum verified.
pub(super) struct Raw {
    /// `None` if a newer release wrote it in a codec that is not known here.
    pub(super) meta: Option<Meta>,
    pub(super) payload: Vec<u8>,
}

pub(super) fn read_head(from: &mut dyn Read) -> Result<(), Broken> {
    let mut reader = Reader { from, hasher: Hasher::new() };
    if reader.array::<8>()? != MAGIC {
        return Err(Broken::Stream("it does not begin as an export of omnicache does".into()));
    }
    match u32::from_le_bytes(reader.array()?) {
        VERSION => Ok(()),
        newer => Err(Broken::Stream(format!("it is of format {newer}, and this release reads {VERSION}"))),
    }
}

/// The next record, or `None` at the end, where `so_far` must be the number of records.
pub(super) fn read_record(from: &mut dyn Read, so_far: u64) -> Result<Option<Raw>, Broken> {
    let mut reader = Reader { from, hasher: Hasher::new() };
    let [kind] = reader.array()?;
    match kind {
        RECORD => {
            let meta = u32::from_le_bytes(reader.array()?);
            let payload = u64::from_le_bytes(reader.array()?);
            let (meta, payload) = (reader.bytes(meta.into())?, reader.bytes(payload)?);
            reader.finish()?;
            Ok(Some(Raw { meta: Meta::of(&meta)?, payload }))
        }
        END => {
            let count = u64::from_le_bytes(reader.array()?);
            reader.finish()?;
            if count == so_far {
                return Ok(None);
            }
            Err(Broken::Stream(format!("it ends after {so_far} records, and says that there are {count}")))
        }
        other => Err(Broken::Stream(format!("what begins with {other} is no record"))),
    }
}

/// Reads and hashes.
struct Reader<'a> {
    from: &'a mut dyn Read,
    hasher: Hasher,
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        let mut bytes = [0; N];
        self.from.read_exact(&mut bytes).map_err(cut_short)?;
        self.hasher.write(&bytes);
        Ok(bytes)
    }

    /// So many bytes; memory is taken for those that are really there.
    fn bytes(&mut self, length: u64) -> Result<Vec<u8>, Broken> {
        let first = usize::try_from(length).unwrap_or(FIRST).min(FIRST);
        let mut bytes = Vec::with_capacity(first);
        (&mut *self.from).take(length).read_to_end(&mut bytes).map_err(Broken::Io)?;
        if bytes.len() as u64 != length {
            return Err(Broken::Stream("it is cut short".into()));
        }
        self.hasher.write(&bytes);
        Ok(bytes)
    }

    fn finish(mut self) -> Result<(), Broken> {
        let sum = self.hasher.finish_128();
        if u128::from_le_bytes(self.array()?) == sum {
            return Ok(());
        }
        Err(Broken::Stream("it does not match its checksum".into()))
    }
}

fn cut_short(e: io::Error) -> Broken {
    if e.kind() == io::ErrorKind::UnexpectedEof {
        return Broken::Stream("it is cut short".into());
    }
    Broken::Io(e)
}

impl Meta {
    fn to_bytes(&self) -> Vec<u8> {
        let Self { identity, hash, arguments, key, info, extension } = self;
        let mut bytes = Vec::new();
        for text in [&identity.namespace, &identity.site, &identity.path, extension] {
            push(&mut bytes, text.as_bytes());
        }
        push(&mut bytes, key);
        push(&mut bytes, &info.shell);
        bytes.extend_from_slice(&identity.code.to_le_bytes());
        bytes.extend_from_slice(&identity.shape.to_le_bytes());
        bytes.extend_from_slice(hash);
        bytes.extend_from_slice(arguments);
        bytes.extend_from_slice(&info.stored_at.to_le_bytes());
        bytes.extend_from_slice(&info.ttl.unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(&info.cost.to_le_bytes());
        bytes.push((u8::from(info.ttl.is_some()) * HAS_TTL) | (u8::from(info.packed) * PACKED));
        bytes.push(info.codec.id());
        bytes
    }

    fn of(bytes: &[u8]) -> Result<Option<Self>, Broken> {
        Self::parse(bytes)
            .map(Result::ok)
            .ok_or_else(|| Broken::Stream("what it says of its payload does not add up".into()))
    }

    /// What the bytes say, or the number of a codec that is not known here.
    fn parse(mut bytes: &[u8]) -> Option<Result<Self, u8>> {
        let bytes = &mut bytes;
        let mut text = || String::from_utf8(pull(bytes)?.to_vec()).ok();
        let (namespace, site, path, extension) = (text()?, text()?, text()?, text()?);
        let (key, shell) = (pull(bytes)?.to_vec(), pull(bytes)?.to_vec());
        let (code, shape) = (u128::from_le_bytes(array(bytes)?), u128::from_le_bytes(array(bytes)?));
        let (hash, arguments) = (array(bytes)?, array(bytes)?);
        let mut word = || array(bytes).map(u64::from_le_bytes);
        let (stored_at, ttl, cost) = (word()?, word()?, word()?);
        let [flags, codec] = array(bytes)?;
        if !bytes.is_empty() {
            return None;
        }
        let Some(codec) = Codec::from_id(codec) else { return Some(Err(codec)) };
        let ttl = (flags & HAS_TTL != 0).then_some(ttl);
        let info = RecordInfo { codec, shell, cost, stored_at, ttl, packed: flags & PACKED != 0 };
        let identity = Identity { namespace, site, path, code, shape };
        Some(Ok(Self { identity, hash, arguments, key, info, extension }))
    }
}

fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    // What does not fit 32 bits makes the record too long to be written at all.
    bytes.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(part);
}

fn pull<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(array(bytes)?);
    let (part, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
    *bytes = rest;
    Some(part)
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (part, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*part)
}
