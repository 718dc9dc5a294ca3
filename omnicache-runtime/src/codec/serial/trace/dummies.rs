//! The made-up values a type is offered, in order, until it takes one.

/// Integers: one first, since types that are never zero are commoner than types that are never one.
pub(super) const INTEGERS: &[u8] = &[1, 0, 2, 4, 7, 10, 64, 100];

/// Floats.
pub(super) const FLOATS: &[f32] = &[1.0, 0.0, 0.5, 100.0];

/// Characters.
pub(super) const CHARS: &[char] = &['a', '0', 'A', ' '];

/// Texts, among them what common types are parsed from.
pub(super) const TEXTS: &[&str] = &[
    "",
    "0",
    "a",
    "A",
    "1",
    "true",
    "127.0.0.1",
    "127.0.0.1:80",
    "::1",
    "[::1]:80",
    "10.0.0.0/8",
    "2000-01-01",
    "00:00:00",
    "2000-01-01T00:00:00",
    "2000-01-01T00:00:00Z",
    "2000-01-01 00:00:00 +00:00",
    "UTC",
    "P1D",
    "1s",
    "00000000-0000-4000-8000-000000000000",
    "http://a/",
    "a@b.c",
    "a.b",
    "/",
    "1.0.0",
    "0x00",
    "en-US",
    "#000000",
    "application/json",
    "GET",
    "[]",
    "{}",
];

/// Lengths of byte strings.
pub(super) const LENGTHS: &[usize] = &[0, 1, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64];

/// Bytes of no meaning.
pub(super) static ZEROS: [u8; 64] = [0; 64];
