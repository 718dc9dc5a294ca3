//! Canonical bytes for people: the arguments that a key was made from.
//!
//! Canonical bytes tell different keys apart; they were not made to be read back. Three things in them are written in
//! two ways that begin alike (a list of plain numbers is one piece, one of wrapped numbers is not; an IP address is
//! four bytes or sixteen; a derived type does not say whether it is a serialised one), and a derived type does not say
//! where it ends. So reading takes the likelier way first, and the other one if the bytes then do not come out even.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::writer::Tag;

/// Longer bytes are shown by their beginning.
const LONGEST: usize = 4096;
/// How deep values may lie in one another.
const DEEPEST: u32 = 48;
/// How many combinations of the second ways are tried.
const WAYS: u32 = 64;

/// Shows the canonical bytes of a call's arguments, such as `(42, "text", [1.5, 2.5])`.
///
/// Total: whatever cannot be read is shown in hexadecimal. What follows a value of a derived type is shown within its
/// braces, since its bytes do not say where it ends. The output is about as long as the bytes are, and at most some
/// ten thousand characters.
///
/// ```
/// use omnicache_runtime::key::show;
///
/// assert_eq!(show(&[5, 42, 0, 0, 0]), "(42)");
/// assert_eq!(show(&[0xff, 1]), "0xff01");
/// ```
pub fn show(bytes: &[u8]) -> String {
    if bytes.len() <= LONGEST {
        for ways in 0..WAYS {
            let mut reader = Reader { rest: bytes, ways, asked: false, depth: 0 };
            if let Some(text) = reader.arguments() {
                return text;
            }
            if !reader.asked {
                break;
            }
        }
    }
    hex(bytes)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("0x");
    for byte in bytes.iter().take(LONGEST) {
        let _ = write!(text, "{byte:02x}");
    }
    if bytes.len() > LONGEST {
        let _ = write!(text, "... ({} bytes)", bytes.len());
    }
    text
}

/// Reads values off the front of `rest`. `None` anywhere means that the bytes are not what was expected.
struct Reader<'a> {
    rest: &'a [u8],
    /// Which way to take at each fork, a bit each.
    ways: u32,
    /// Whether there was a fork at all.
    asked: bool,
    depth: u32,
}

impl<'a> Reader<'a> {
    fn arguments(&mut self) -> Option<String> {
        let mut values = Vec::new();
        while !self.rest.is_empty() {
            values.push(self.value(None)?);
        }
        Some(format!("({})", values.join(", ")))
    }

    /// Whether to take the second way at this fork.
    fn second_way(&mut self) -> bool {
        self.asked = true;
        let second = self.ways & 1 == 1;
        self.ways >>= 1;
        second
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u64::from_le_bytes(self.array()?)).ok()
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).ok()
    }

    /// A name behind its length, as types, variants and fields have it.
    fn name(&mut self) -> Option<&'a str> {
        self.text().filter(|name| !name.is_empty() && name.chars().all(|c| !c.is_control()))
    }

    fn next_is(&self, tag: Tag) -> bool {
        self.rest.first() == Some(&(tag as u8))
    }

    fn skip(&mut self, tag: Tag) -> bool {
        let here = self.next_is(tag);
        if here {
            self.rest = &self.rest[1..];
        }
        here
    }

    /// One value. `within` is the name of the derived type whose fields are being read.
    fn value(&mut self, within: Option<&str>) -> Option<String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let tag = *self.rest.first()?;
        self.rest = &self.rest[1..];
        let shown = if let Some(width) = width(tag) {
            number(tag, self.take(width)?)?
        } else {
            self.composed(tag, within)?
        };
        self.depth -= 1;
        Some(shown)
    }

    fn composed(&mut self, tag: u8, within: Option<&str>) -> Option<String> {
        const UNIT: u8 = Tag::Unit as u8;
        const STR: u8 = Tag::Str as u8;
        const SEQ: u8 = Tag::Seq as u8;
        const TUPLE: u8 = Tag::Tuple as u8;
        const MAP: u8 = Tag::Map as u8;
        const SET: u8 = Tag::Set as u8;
        const NONE: u8 = Tag::None as u8;
        const SOME: u8 = Tag::Some as u8;
        const OK: u8 = Tag::Ok as u8;
        const ERR: u8 = Tag::Err as u8;
        const STRUCT: u8 = Tag::Struct as u8;
        const VARIANT: u8 = Tag::Variant as u8;
        const PATH: u8 = Tag::Path as u8;
        const DURATION: u8 = Tag::Duration as u8;
        const TIME: u8 = Tag::Time as u8;
        const IP: u8 = Tag::Ip as u8;
        const BYTES: u8 = Tag::Bytes as u8;
        const PREHASHED: u8 = Tag::Prehashed as u8;
        const ARRAY: u8 = 37;
        const FILE: u8 = Tag::File as u8;
        Some(match tag {
            UNIT => "()".into(),
            STR => format!("{:?}", self.text()?),
            SEQ | TUPLE if self.next_is(Tag::Item) || self.next_is(Tag::End) => self.parts(tag == TUPLE)?,
            SEQ => {
                let length = self.length()?;
                format!("[{}]", self.elements(length)?)
            }
            TUPLE => format!("({})", self.counted()?),
            SET => format!("{{{}}}", self.counted()?),
            MAP => self.map()?,
            NONE => "None".into(),
            SOME => format!("Some({})", self.value(None)?),
            OK => format!("Ok({})", self.value(None)?),
            ERR => format!("Err({})", self.value(None)?),
            STRUCT => self.named(within)?,
            VARIANT => {
                let _index: [u8; 4] = self.array()?;
                format!("::{}", self.name()?)
            }
            FILE => match self.array::<32>()? {
                [0, .., 0] => "no file".into(),
                digest => format!("file {}", hex(&digest[..8])),
            },
            PATH | BYTES => {
                let length = self.length()?;
                let bytes = self.take(length)?;
                if tag == PATH { format!("{:?}", String::from_utf8_lossy(bytes)) } else { hex(bytes) }
            }
            DURATION => format!("{:?}", duration(self.array()?)?),
            TIME => self.time()?,
            IP if self.second_way() => Ipv6Addr::from(self.array::<16>()?).to_string(),
            IP => Ipv4Addr::from(self.array::<4>()?).to_string(),
            PREHASHED => format!("prehashed {}", hex(self.take(32)?)),
            ARRAY => self.shaped()?,
            _ => return None,
        })
    }

    /// So many elements: plain numbers behind one tag, or values of their own.
    fn elements(&mut self, count: usize) -> Option<String> {
        // Each element has a byte at least, or there is but one tag.
        if count > self.rest.len() {
            return None;
        }
        let width = self.rest.first().and_then(|tag| Some((*tag, width(*tag)?)));
        if let Some((tag, width)) = width
            && !self.second_way()
        {
            let bytes = self.rest.get(1..)?.get(..count.checked_mul(width)?)?;
            self.take(1 + bytes.len())?;
            let shown: Option<Vec<_>> = bytes.chunks_exact(width).map(|bytes| number(tag, bytes)).collect();
            return shown.map(|shown| shown.join(", "));
        }
        let shown: Option<Vec<_>> = (0..count).map(|_| self.element()).collect();
        shown.map(|shown| shown.join(", "))
    }

    /// A value in a list: one of a derived type ends where the next of its type begins.
    fn element(&mut self) -> Option<String> {
        let mut ahead = Reader { ..*self };
        let name = if ahead.skip(Tag::Struct) { ahead.name() } else { None };
        self.value(name)
    }

    fn counted(&mut self) -> Option<String> {
        let count = self.length()?;
        if count > self.rest.len() {
            return None;
        }
        let shown: Option<Vec<_>> = (0..count).map(|_| self.element()).collect();
        shown.map(|shown| shown.join(", "))
    }

    fn map(&mut self) -> Option<String> {
        let count = self.length()?;
        if count > self.rest.len() {
            return None;
        }
        let mut pairs = Vec::new();
        for _ in 0..count {
            pairs.push(format!("{}: {}", self.value(None)?, self.value(None)?));
        }
        Some(format!("{{{}}}", pairs.join(", ")))
    }

    /// The parts of a serialised list, tuple or struct, up to their end.
    fn parts(&mut self, round: bool) -> Option<String> {
        let mut parts = Vec::new();
        while self.skip(Tag::Item) {
            parts.push(self.part()?);
        }
        let parts = self.skip(Tag::End).then(|| parts.join(", "))?;
        Some(if round { format!("({parts})") } else { format!("[{parts}]") })
    }

    /// A part of a serialised value, with the field's name if it has one.
    fn part(&mut self) -> Option<String> {
        let mut ahead = Reader { ..*self };
        match ahead.name() {
            Some(name) => {
                self.rest = ahead.rest;
                Some(format!("{name}: {}", self.value(None)?))
            }
            None => self.value(None),
        }
    }

    /// What follows the tag of a struct: a serialised value up to its end, or a derived type by its name.
    fn named(&mut self, within: Option<&str>) -> Option<String> {
        let mut ahead = Reader { ..*self };
        let Some(name) = ahead.name() else {
            let shown = self.value(None)?;
            return self.skip(Tag::End).then_some(shown);
        };
        self.rest = ahead.rest;
        let mut shown = name.to_owned();
        if self.skip(Tag::Variant) {
            let _index: [u8; 4] = self.array()?;
            let _ = write!(shown, "::{}", self.name()?);
        }
        if self.next_is(Tag::Item) && !self.second_way() {
            let parts = self.parts(true)?;
            return Some(shown + " " + &parts);
        }
        let mut fields = Vec::new();
        while !self.rest.is_empty() && !self.next_is(Tag::Item) && !self.next_is(Tag::End) {
            let mut ahead = Reader { ..*self };
            if within.is_some() && ahead.skip(Tag::Struct) && ahead.name() == within {
                break;
            }
            fields.push(self.value(within)?);
        }
        Some(if fields.is_empty() { shown } else { format!("{shown} {{{}}}", fields.join(", ")) })
    }

    fn time(&mut self) -> Option<String> {
        let before = match self.array()? {
            [tag] if tag == Tag::Ok as u8 => "+",
            [tag] if tag == Tag::Err as u8 => "-",
            _ => return None,
        };
        let [tag] = self.array()?;
        let since = (tag == Tag::Duration as u8).then(|| self.array())??;
        Some(format!("1970{before}{:?}", duration(since)?))
    }

    /// An array: its shape and its elements.
    fn shaped(&mut self) -> Option<String> {
        let dimensions = self.length()?;
        if dimensions > self.rest.len() / 8 {
            return None;
        }
        let shape: Option<Vec<usize>> = (0..dimensions).map(|_| self.length()).collect();
        let shape = shape?;
        let count = shape.iter().try_fold(1_usize, |product, length| product.checked_mul(*length))?;
        let shape: Vec<_> = shape.iter().map(ToString::to_string).collect();
        Some(format!("array {} [{}]", shape.join("x"), self.elements(count)?))
    }
}

fn duration(nanos: [u8; 16]) -> Option<Duration> {
    let nanos = u128::from_le_bytes(nanos);
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, u32::try_from(nanos % 1_000_000_000).ok()?))
}

macro_rules! numbers {
    ($($tag:ident $type:ty),+) => {
        /// The bytes behind a tag that is followed by a plain number.
        fn width(tag: u8) -> Option<usize> {
            $(if tag == Tag::$tag as u8 {
                return Some(size_of::<$type>());
            })+
            [(Tag::Bool, 1), (Tag::Char, 4)].into_iter().find(|(plain, _)| *plain as u8 == tag).map(|(_, width)| width)
        }

        fn number(tag: u8, bytes: &[u8]) -> Option<String> {
            $(if tag == Tag::$tag as u8 {
                return Some(format!("{:?}", <$type>::from_le_bytes(bytes.try_into().ok()?)));
            })+
            if tag == Tag::Char as u8 {
                let code = u32::from_le_bytes(bytes.try_into().ok()?);
                return char::from_u32(code).map(|character| format!("{character:?}"));
            }
            match bytes {
                [0] => Some("false".into()),
                [1] => Some("true".into()),
                _ => None,
            }
        }
    };
}

numbers! {
    U8 u8, U16 u16, U32 u32, U64 u64, U128 u128, Usize u64, I8 i8, I16 i16, I32 i32, I64 i64, I128 i128, Isize i64,
    F32 f32, F64 f64
}

#[cfg(test)]
mod tests;
