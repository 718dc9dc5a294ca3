use std::collections::HashSet;

use super::*;
use crate::key::{CacheKey, KeyWriter};

fn bytes(length: usize) -> Vec<u8> {
    (0..length as u64).map(|at| (at.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0]).collect()
}

fn whole(bytes: &[u8]) -> [u64; 2] {
    hash(&bytes, Secret::get())
}

/// The sums of one block as they are defined, word by word.
fn sums(block: &[u8], factors: &Factors) -> [u64; PASSES] {
    let mut padded = block.to_vec();
    padded.resize(block.len().next_multiple_of(GROUP), 0);
    let mut sums = [0_u64; PASSES];
    for (index, word) in padded.chunks(8).enumerate() {
        for (pass, sum) in sums.iter_mut().enumerate() {
            let factor = factors[index / LANES + pass][index % LANES];
            let mixed = u64::from_ne_bytes(word.try_into().expect("eight bytes")).wrapping_add(factor);
            *sum = sum.wrapping_add((mixed % (1 << 32)) * (mixed / (1 << 32)));
        }
    }
    sums
}

#[test]
fn blocks_are_summed_up_as_defined() {
    let secret = Secret::get();
    for length in [1, 8, 63, 64, 65, 1000, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 77] {
        let bytes = bytes(length);
        let (mut expected, mut found) = (Lanes::new(secret), Lanes::new(secret));
        for block in bytes.chunks(BLOCK) {
            let [a, b, c, d] = sums(block, secret.sums());
            expected.take([a, b]);
            expected.take([c, d]);
        }
        absorb(&mut found, &bytes, secret.sums());
        assert_eq!(found.words(), expected.words(), "{length} bytes");
    }
}

#[test]
fn pieces_give_the_hash_of_the_whole() {
    let lengths = [
        0,
        1,
        64,
        65,
        239,
        240,
        241,
        BLOCK - 1,
        BLOCK,
        BLOCK + 1,
        10_000,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        3 * CHUNK,
    ];
    for length in lengths {
        let bytes = bytes(length);
        for size in [1, 37, 1000, BLOCK, 3 * BLOCK + 5, CHUNK, CHUNK + 1] {
            if length / size > 10_000 {
                continue;
            }
            let mut pieces = Pieces::new(Secret::get());
            bytes.chunks(size).for_each(|piece| pieces.take(piece));
            assert_eq!(pieces.length, length);
            assert_eq!(pieces.finish(), whole(&bytes), "{length} bytes by {size}");
            let at_once = KeyWriter::digest(|key| key.bulk(&&bytes[..]));
            let by_pieces =
                KeyWriter::digest(|key| key.bulk_pieces(|push| bytes.chunks(size).for_each(push)));
            assert_eq!(at_once, by_pieces, "{length} bytes by {size}");
        }
        if (1..=CHUNK).contains(&length) {
            assert_eq!(hash_few(&bytes, Secret::get()), whole(&bytes), "{length} bytes");
        }
    }
}

#[test]
fn the_number_of_threads_makes_no_difference() {
    let bytes = bytes(5 * CHUNK + 4321);
    for threads in [2, 3, 8] {
        assert_eq!(hash_by(threads, &&bytes[..], Secret::get()), whole(&bytes));
    }
}

#[test]
fn a_bit_that_is_flipped_flips_half_of_the_hash() {
    let mut bytes = bytes(3000);
    let before = whole(&bytes);
    let mut flipped = [0_u32; 128];
    for at in 0..bytes.len() * 8 {
        bytes[at / 8] ^= 1 << (at % 8);
        let after = whole(&bytes);
        bytes[at / 8] ^= 1 << (at % 8);
        for (bit, count) in flipped.iter_mut().enumerate() {
            *count += u32::from((before[bit / 64] ^ after[bit / 64]) >> (bit % 64) & 1 == 1);
        }
    }
    // Of 24,000 tosses of a coin, heads are 12,000, give or take 77; a tenth off is 15 times that.
    assert!(flipped.iter().all(|count| (10_800..13_200).contains(count)), "{flipped:?}");
}

#[test]
fn bytes_that_are_nearly_alike_share_neither_half() {
    let (mut lows, mut highs) = (HashSet::new(), HashSet::new());
    let mut insert = |bytes: &[u8], length: usize| {
        let mut lanes = Lanes::new(Secret::get());
        lanes.whole(&bytes);
        let [low, high] = lanes.words();
        assert!(lows.insert(low) && highs.insert(high), "{length} bytes");
    };
    // Nothing but zeros, of any length.
    let zeros = vec![0; 3 * BLOCK];
    (0..zeros.len()).for_each(|length| insert(&zeros[..length], length));
    // One bit in a block of ones, wherever it is.
    let mut ones = vec![0xFF; 2 * BLOCK];
    for at in 0..ones.len() * 8 {
        ones[at / 8] ^= 1 << (at % 8);
        insert(&ones, at);
        ones[at / 8] ^= 1 << (at % 8);
    }
    // Whole numbers as floats, whose lower halves are zero, two of them exchanged.
    let numbers: Vec<f64> = (1..=256).map(f64::from).collect();
    for a in 0..256 {
        for b in 0..a {
            let mut exchanged = numbers.clone();
            exchanged.swap(a, b);
            let bytes: Vec<u8> = exchanged.iter().flat_map(|number| number.to_ne_bytes()).collect();
            insert(&bytes, a);
        }
    }
    // What one word gains another loses.
    let words: Vec<u64> = vec![1 << 40; 256];
    for a in 0..256 {
        for b in (0..256).filter(|b| *b != a) {
            let mut shifted = words.clone();
            shifted[a] += 1 << 33;
            shifted[b] -= 1 << 33;
            let bytes: Vec<u8> = shifted.iter().flat_map(|word| word.to_ne_bytes()).collect();
            insert(&bytes, a);
        }
    }
}

#[test]
fn chunks_in_another_order_are_another_hash() {
    let bytes = bytes(3 * CHUNK);
    let mut exchanged = bytes.clone();
    exchanged.rotate_left(CHUNK);
    assert_ne!(whole(&bytes), whole(&exchanged));
}

#[test]
fn another_secret_gives_another_hash() {
    let other: &'static Secret = Box::leak(Box::new(Secret::new()));
    for length in [100, BLOCK, CHUNK + 1] {
        let bytes = bytes(length);
        assert_ne!(hash(&&bytes[..], other), whole(&bytes));
    }
}

#[test]
fn floats_have_one_zero_and_one_nan_wherever_they_lie() {
    let odd = [-0.0, f64::NAN, -f64::NAN, f64::from_bits(0x7FF0_0000_0000_0001)];
    let ordinary = [0.0, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE / 2.0, -f64::MIN_POSITIVE / 2.0];
    let digest = |values: &[f64]| KeyWriter::digest(|key| f64::write_slice(values, key));
    let bytes = |values: &[f64]| KeyWriter::bytes(|key| f64::write_slice(values, key)).0;
    for count in [1, 100, 5000, 40_000_u32] {
        let mut values: Vec<f64> = (0..count).map(|at| f64::from(at) - 7.5).collect();
        for at in [0, values.len() / 2, values.len() - 1] {
            let before = values[at];
            for value in odd.into_iter().chain(ordinary) {
                let canonical = if value == 0.0 {
                    0.0
                } else if value.is_nan() {
                    f64::NAN
                } else {
                    value
                };
                values[at] = value;
                let (found, written) = (digest(&values), bytes(&values));
                values[at] = canonical;
                let expected: Vec<u8> = values.iter().flat_map(|v| v.to_bits().to_le_bytes()).collect();
                assert_eq!(written[1..], expected, "{value} at {at} of {count}");
                assert_eq!(found, digest(&values), "{value} at {at} of {count}");
            }
            values[at] = before;
        }
    }
}
