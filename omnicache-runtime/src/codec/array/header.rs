//! The header of an `.npy` file, read by hand: it costs a fraction of a microsecond that way.
//!
//! The format: `\x93NUMPY`, two version bytes, the length of the dictionary (2 bytes little-endian in version 1, 4
//! in versions 2 and 3), a Python dictionary of the keys `descr`, `fortran_order` and `shape`, then the elements.

use std::ops::Range;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    /// Byte order and type code: `<f8`.
    pub(super) descr: &'a str,
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
    /// Where the elements start.
    pub(super) start: usize,
}

/// More dimensions than this no array of ours has; it bounds what a hostile header can ask for.
const DIMENSIONS: usize = 64;

impl<'a> Header<'a> {
    pub(super) fn parse(file: &'a [u8]) -> Option<Self> {
        let rest = file.strip_prefix(b"\x93NUMPY")?;
        let (version, rest) = rest.split_first_chunk::<2>()?;
        let (prefix, length) = match version[0] {
            1 => (10, usize::from(u16::from_le_bytes(*rest.first_chunk()?))),
            2 | 3 => (12, usize::try_from(u32::from_le_bytes(*rest.first_chunk()?)).ok()?),
            _ => return None,
        };
        let start = length.checked_add(prefix)?;
        let text = std::str::from_utf8(file.get(prefix..start)?).ok()?;
        let mut scanner = Scanner(text);
        let (descr, fortran, shape) = scanner.dictionary()?;
        scanner.0.trim_ascii().is_empty().then_some(Self { descr, fortran, shape, start })
    }

    /// Where the elements lie, if the file holds just as many of `size` bytes as the shape says.
    pub(super) fn elements(&self, file: &[u8], size: usize) -> Option<Range<usize>> {
        // An empty array too must have a shape that can be addressed without its empty axis.
        let nonzero = self.shape.iter().filter(|axis| **axis != 0);
        let most = nonzero.copied().try_fold(size, usize::checked_mul)?;
        isize::try_from(most).ok()?;
        let length = if self.shape.contains(&0) { 0 } else { most };
        (file.len() - self.start == length).then_some(self.start..file.len())
    }
}

/// What is left of a dictionary's text.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    fn dictionary(&mut self) -> Option<(&'a str, bool, Vec<usize>)> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.quoted()?;
            self.expect(':')?;
            let known = match key {
                "descr" => descr.replace(self.quoted()?).is_none(),
                "fortran_order" => fortran.replace(self.boolean()?).is_none(),
                "shape" => shape.replace(self.tuple()?).is_none(),
                _ => false,
            };
            // A key given twice or an unknown one may mean something else to another reader.
            if !known || !(self.accept(',') || self.0.trim_ascii_start().starts_with('}')) {
                return None;
            }
        }
        Some((descr?, fortran?, shape?))
    }

    fn accept(&mut self, wanted: char) -> bool {
        let rest = self.0.trim_ascii_start().strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        self.accept(wanted).then_some(())
    }

    fn quoted(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_ascii_start();
        let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (text, rest) = rest[1..].split_once(quote)?;
        self.0 = rest;
        (!text.contains('\\')).then_some(text)
    }

    fn boolean(&mut self) -> Option<bool> {
        let rest = self.0.trim_ascii_start();
        let (value, rest) = match rest.strip_prefix("True") {
            Some(rest) => (true, rest),
            None => (false, rest.strip_prefix("False")?),
        };
        self.0 = rest;
        Some(value)
    }

    fn tuple(&mut self) -> Option<Vec<usize>> {
        self.expect('(')?;
        let mut axes = Vec::new();
        while !self.accept(')') {
            axes.push(self.number()?);
            if axes.len() > DIMENSIONS || !(self.accept(',') || self.0.trim_ascii_start().starts_with(')')) {
                return None;
            }
        }
        Some(axes)
    }

    fn number(&mut self) -> Option<usize> {
        let rest = self.0.trim_ascii_start();
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..end].parse().ok()?;
        self.0 = &rest[end..];
        Some(number)
    }
}
