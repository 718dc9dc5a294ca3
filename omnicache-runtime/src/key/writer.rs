//! Takes the canonical bytes of a key, and makes of them what is wanted: a digest, or the bytes themselves.

use super::bulk::Bulk;
#[cfg(feature = "disk")]
use super::canonical::{Canonical, Collector};
use super::digest::{Digest, Lanes, Secret};
use super::file::{self, FileContent};

/// Takes the canonical bytes of a key; see [`CacheKey`](super::CacheKey).
///
/// Equal values must write the same bytes by the same calls.
pub struct KeyWriter {
    sink: Sink,
    stable: bool,
}

/// What becomes of the bytes.
enum Sink {
    Digest(Lanes),
    Bytes(Vec<u8>),
    Files(Vec<FileContent>),
    #[cfg(feature = "disk")]
    Canonical(Collector),
}

impl KeyWriter {
    #[inline(always)]
    fn new(sink: Sink) -> Self {
        Self { sink, stable: true }
    }

    /// The in-memory digest of what `write` writes.
    #[inline(always)]
    pub(crate) fn digest(write: impl FnOnce(&mut Self)) -> Digest {
        Self::digest_by(Secret::get(), write)
    }

    /// The same, by whoever has the secret at hand.
    #[inline(always)]
    pub(crate) fn digest_by(secret: &'static Secret, write: impl FnOnce(&mut Self)) -> Digest {
        let mut writer = Self::new(Sink::Digest(Lanes::new(secret)));
        write(&mut writer);
        // Taken out, so that nothing is left whose drop would have to be looked at.
        match writer.sink {
            Sink::Digest(lanes) => lanes.finish(),
            _ => Digest::NONE,
        }
    }

    /// The canonical bytes of what `write` writes, all of them, and whether they are stable.
    pub(super) fn bytes(write: impl FnOnce(&mut Self)) -> (Vec<u8>, bool) {
        let mut writer = Self::new(Sink::Bytes(Vec::new()));
        write(&mut writer);
        match writer.sink {
            Sink::Bytes(bytes) => (bytes, writer.stable),
            _ => (Vec::new(), false),
        }
    }

    /// Whether anybody in this process has ever made a file part of a key.
    #[inline]
    pub(crate) fn reads_files() -> bool {
        file::are_keys()
    }

    /// The files that what `write` writes depends on.
    pub(crate) fn files(write: impl FnOnce(&mut Self)) -> Vec<FileContent> {
        if !Self::reads_files() {
            return Vec::new();
        }
        let mut writer = Self::new(Sink::Files(Vec::new()));
        write(&mut writer);
        match writer.sink {
            Sink::Files(files) => files,
            _ => Vec::new(),
        }
    }

    /// What a record on disk knows of the key that `write` writes.
    #[cfg(feature = "disk")]
    pub(crate) fn canonical(write: impl FnOnce(&mut Self)) -> Canonical {
        let mut writer = Self::new(Sink::Canonical(Collector::default()));
        write(&mut writer);
        match writer.sink {
            Sink::Canonical(collector) => collector.finish(writer.stable),
            _ => Collector::default().finish(false),
        }
    }

    /// The same, of a key whose digest in memory is known: what was long and was hashed before is not hashed again.
    #[cfg(feature = "disk")]
    pub(crate) fn canonical_of(digest: Digest, write: impl Fn(&mut Self)) -> Canonical {
        Canonical::remembered(digest).unwrap_or_else(|| {
            let canonical = Self::canonical(&write);
            // What the key is made of may change while it is written: then this is not what the digest stands for.
            if canonical.is_large() && Self::digest(&write) == digest {
                canonical.remember(digest);
            }
            canonical
        })
    }

    /// Writes raw bytes. They must be self-delimiting: write a length or a tag before what varies.
    #[inline(always)]
    pub fn raw(&mut self, bytes: &[u8]) {
        match &mut self.sink {
            Sink::Digest(lanes) => lanes.bytes(RAW, bytes),
            sink => sink.collect(bytes),
        }
    }

    /// Writes the bytes of many elements, whose number has been written.
    pub(crate) fn bulk(&mut self, bulk: &dyn Bulk) {
        match &mut self.sink {
            Sink::Digest(lanes) => lanes.whole(bulk),
            Sink::Files(_) => {}
            #[cfg(feature = "disk")]
            Sink::Canonical(collector) => collector.bulk(bulk),
            sink => bulk.range(0..bulk.length(), GATHERED, &mut |piece| sink.collect(piece)),
        }
    }

    /// The same, of what comes piece by piece.
    pub(crate) fn bulk_pieces(&mut self, write: impl FnOnce(&mut dyn FnMut(&[u8]))) {
        match &mut self.sink {
            Sink::Digest(lanes) => lanes.pieces(write),
            Sink::Files(_) => {}
            sink => write(&mut |piece| sink.collect(piece)),
        }
    }

    /// The same, of elements that do not lie side by side.
    pub(crate) fn gathered<const N: usize>(&mut self, elements: impl Iterator<Item = [u8; N]>) {
        const { assert!(GATHERED.is_multiple_of(N), "elements fill the room") };
        self.bulk_pieces(|push| {
            let (mut room, mut filled) = ([0; GATHERED], 0);
            for element in elements {
                room[filled..filled + N].copy_from_slice(&element);
                filled += N;
                if filled == GATHERED {
                    push(&room);
                    filled = 0;
                }
            }
            push(&room[..filled]);
        });
    }

    /// Writes a type tag.
    #[inline(always)]
    pub(crate) fn tag(&mut self, tag: Tag) {
        match &mut self.sink {
            Sink::Digest(lanes) => lanes.step(0, tag as u64),
            sink => sink.tagged(tag, []),
        }
    }

    /// Writes a tag and a few bytes behind it.
    #[inline(always)]
    pub(crate) fn tagged<const N: usize>(&mut self, tag: Tag, bytes: [u8; N]) {
        match &mut self.sink {
            Sink::Digest(lanes) => {
                for chunk in bytes.chunks(8) {
                    let mut word = [0; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    lanes.step(u64::from_le_bytes(word), tag as u64);
                }
            }
            sink => sink.tagged(tag, bytes),
        }
    }

    /// Writes a length or count.
    #[inline(always)]
    pub fn length(&mut self, length: usize) {
        match &mut self.sink {
            Sink::Digest(lanes) => lanes.step(length as u64, LENGTH.into()),
            sink => sink.length(length),
        }
    }

    /// Begins a value of the named type. Follow it with the value's fields in a fixed order.
    pub fn begin(&mut self, type_name: &str) {
        self.tag(Tag::Struct);
        self.text(type_name);
    }

    /// Names the variant of an enum whose type name has been written. Follow it with the variant's fields.
    pub fn variant(&mut self, index: u32, name: &str) {
        self.tagged(Tag::Variant, index.to_le_bytes());
        self.text(name);
    }

    /// Writes a text behind its length.
    #[inline(always)]
    pub(crate) fn text(&mut self, text: &str) {
        match &mut self.sink {
            Sink::Digest(lanes) => lanes.bytes(RAW, text.as_bytes()),
            sink => sink.text(text),
        }
    }

    /// Writes a text behind a tag and its length.
    #[inline(always)]
    pub(crate) fn tagged_text(&mut self, tag: Tag, text: &str) {
        match &mut self.sink {
            // Tag, length and first bytes are one step of the lanes.
            Sink::Digest(lanes) => lanes.bytes(tag as u8, text.as_bytes()),
            sink => {
                sink.tagged(tag, []);
                sink.text(text);
            }
        }
    }

    /// Writes parts whose order does not count, such as the entries of a hash map.
    pub fn unordered<T>(&mut self, parts: impl IntoIterator<Item = T>, mut write: impl FnMut(T, &mut Self)) {
        if matches!(self.sink, Sink::Files(_)) {
            return parts.into_iter().for_each(|part| write(part, self));
        }
        let mut encoded: Vec<Vec<u8>> = parts
            .into_iter()
            .map(|part| {
                let (bytes, stable) = Self::bytes(|key| write(part, key));
                self.stable &= stable;
                bytes
            })
            .collect();
        encoded.sort_unstable();
        self.length(encoded.len());
        encoded.iter().for_each(|part| self.raw(part));
    }

    /// Notes that what is written depends on a file.
    pub(super) fn depends_on(&mut self, file: &FileContent) {
        if let Sink::Files(files) = &mut self.sink {
            files.push(file.clone());
        }
    }

    /// Notes that what was written may differ in another process: such a key is for memory alone.
    pub(crate) fn unstable(&mut self) {
        self.stable = false;
    }
}

/// For whoever wants the bytes. Not inlined: a digest is made where it is wanted, without a call, and what is called with
/// the address of a sink would keep it in memory.
impl Sink {
    /// Takes a tag and a few bytes behind it.
    #[inline(never)]
    fn tagged<const N: usize>(&mut self, tag: Tag, bytes: [u8; N]) {
        self.few([tag as u8]);
        self.few(bytes);
    }

    #[inline(never)]
    fn length(&mut self, length: usize) {
        self.few((length as u64).to_le_bytes());
    }

    /// Takes a text behind its length.
    #[inline(never)]
    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.collect(text.as_bytes());
    }

    /// Takes so few bytes that their number is known beforehand.
    #[inline]
    fn few<const N: usize>(&mut self, bytes: [u8; N]) {
        #[cfg(feature = "disk")]
        if let Self::Canonical(collector) = self {
            return collector.few(bytes);
        }
        self.collect(&bytes);
    }

    /// Takes bytes that are wanted as they are.
    #[inline(never)]
    fn collect(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(lanes) => lanes.bytes(RAW, bytes),
            Self::Bytes(kept) => kept.extend_from_slice(bytes),
            Self::Files(_) => {}
            #[cfg(feature = "disk")]
            Self::Canonical(collector) => collector.write(bytes),
        }
    }
}

impl std::fmt::Debug for KeyWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyWriter").field("stable", &self.stable).finish_non_exhaustive()
    }
}

/// So many bytes of elements that lie apart are hashed at a time.
const GATHERED: usize = 4 << 10;

/// Beside the tags: what the lanes take a length and bytes of no type for.
const LENGTH: u8 = 0xFF;
const RAW: u8 = 0xFE;

/// What the bytes that follow are. The numbers are part of the format on disk: never reassigned.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(crate) enum Tag {
    Unit = 0,
    Bool = 1,
    Char = 2,
    U8 = 3,
    U16 = 4,
    U32 = 5,
    U64 = 6,
    U128 = 7,
    Usize = 8,
    I8 = 9,
    I16 = 10,
    I32 = 11,
    I64 = 12,
    I128 = 13,
    Isize = 14,
    F32 = 15,
    F64 = 16,
    Str = 17,
    Seq = 18,
    Tuple = 19,
    Map = 20,
    Set = 21,
    None = 22,
    Some = 23,
    Ok = 24,
    Err = 25,
    Struct = 26,
    Variant = 27,
    Path = 28,
    Duration = 29,
    Time = 30,
    Ip = 31,
    Bytes = 32,
    Item = 33,
    End = 34,
    Prehashed = 35,
    Hashed = 36,
    #[cfg(feature = "ndarray")]
    Array = 37,
    #[cfg(feature = "arrow")]
    Frame = 38,
    File = 39,
}
