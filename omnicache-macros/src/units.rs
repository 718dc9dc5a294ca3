//! Sizes and durations as people write them: `"256MiB"`, `"1h30m"`.

use std::time::Duration;

/// Units of a size with their bytes: decimal as in SI, binary as in IEC 80000-13.
const SIZES: &[(&str, u64)] = &[
    ("B", 1),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Units of a duration with their nanoseconds, largest first.
const DURATIONS: &[(&str, u128)] = &[
    ("w", 7 * 86_400 * NANOS),
    ("d", 86_400 * NANOS),
    ("h", 3_600 * NANOS),
    ("m", 60 * NANOS),
    ("s", NANOS),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// Nanoseconds in a second.
const NANOS: u128 = 1_000_000_000;

/// The bytes that `text` names, such as `"1.5GiB"`; a fraction of a byte is dropped.
///
/// # Errors
///
/// A sentence that says what to write instead.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text.trim());
    if number.is_empty() {
        return Err(format!("`{text}` is no size: write a number and its unit, as \"256MiB\""));
    }
    let factor = match (unit, SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))) {
        ("", _) => return Err(format!("a size needs its unit: write \"{number}B\" or \"{number}MiB\"")),
        // `kB` is how SI spells it.
        ("kB", _) => 1_000,
        (_, Some((name, factor))) if *name == unit => *factor,
        (_, Some((name, _))) => {
            return Err(format!("`{unit}` is no unit of size: write \"{number}{name}\""));
        }
        _ => {
            return Err(format!(
                "`{unit}` is no unit of size: use B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB \
                 (powers of 1024)"
            ));
        }
    };
    scaled(number, factor)
        .ok_or_else(|| format!("`{text}` is no size that fits in 64 bits: write \"256MiB\""))
}

/// `number`, a decimal with at most one point, times `factor`; exact, with the rest below one dropped.
fn scaled(number: &str, factor: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) {
        return None;
    }
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    u64::try_from(digits.checked_mul(u128::from(factor))? / scale).ok()
}

/// The duration that `text` names, such as `"1h30m"`: numbers with units, the larger unit first.
///
/// # Errors
///
/// A sentence that says what to write instead.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("an empty text is no duration: write a number and its unit, as \"10m\"".to_owned());
    }
    let (mut total, mut from) = (0u128, 0);
    while !rest.is_empty() {
        let (number, tail) = split(rest);
        let end = tail.find(|c: char| c.is_ascii_digit() || c.is_whitespace()).unwrap_or(tail.len());
        let unit = &tail[..end];
        let count: u128 = whole(text, number, unit)?;
        let Some(place) = DURATIONS.iter().position(|(name, _)| *name == unit) else {
            return Err(format!(
                "`{unit}` is no unit of time: use w, d, h, m, s, ms, us or ns, as \"1h30m\""
            ));
        };
        if place < from {
            return Err(format!(
                "the units of `{text}` must go from large to small, each once, as \"1h30m\""
            ));
        }
        from = place + 1;
        total = count
            .checked_mul(DURATIONS[place].1)
            .and_then(|nanos| total.checked_add(nanos))
            .ok_or_else(|| too_long(text))?;
        rest = tail[end..].trim_start();
    }
    let seconds = u64::try_from(total / NANOS).map_err(|_| too_long(text))?;
    let nanos = u32::try_from(total % NANOS).map_err(|_| too_long(text))?;
    Ok(Duration::new(seconds, nanos))
}

/// The count before a unit of time.
fn whole(text: &str, number: &str, unit: &str) -> Result<u128, String> {
    if number.is_empty() {
        return Err(format!(
            "`{text}` is no duration: write numbers with their units, as \"10m\" or \"1h30m\""
        ));
    }
    if number.contains('.') {
        return Err(format!("`{number}{unit}` has a fraction: write it in a smaller unit, as \"1h30m\""));
    }
    if unit.is_empty() {
        return Err(format!("a duration needs its unit: write \"{number}s\" or \"{number}m\""));
    }
    number.parse().map_err(|_| too_long(text))
}

fn too_long(text: &str) -> String {
    format!("`{text}` is longer than any clock runs: write a shorter duration, as \"52w\"")
}

/// Splits a leading number, of digits and points, off what follows it.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_decimal_or_binary() {
        assert_eq!(bytes("100B"), Ok(100));
        assert_eq!(bytes("64KB"), Ok(64_000));
        assert_eq!(bytes("64kB"), Ok(64_000));
        assert_eq!(bytes("256MiB"), Ok(256 << 20));
        assert_eq!(bytes("256 MiB"), Ok(256 << 20));
        assert_eq!(bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!(bytes("0.5B"), Ok(0));
        assert_eq!(bytes("2TiB"), Ok(2 << 40));
    }

    #[test]
    fn a_wrong_size_says_what_to_write() {
        assert!(bytes("12").expect_err("no unit").contains("\"12MiB\""));
        assert!(bytes("12mib").expect_err("case").contains("\"12MiB\""));
        assert!(bytes("12 apples").expect_err("no unit of size").contains("KiB"));
        for wrong in ["", "MiB", "-1MiB", "1.MiB", ".5MiB", "1.2.3MiB", "99999999TiB"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_add_up() {
        assert_eq!(duration("10m"), Ok(Duration::from_mins(10)));
        assert_eq!(duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_mins(90)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2d"), Ok(Duration::from_hours(48)));
        assert_eq!(duration("1w"), Ok(Duration::from_hours(168)));
        assert_eq!(duration("100us"), Ok(Duration::from_micros(100)));
        assert_eq!(duration("5ns"), Ok(Duration::from_nanos(5)));
        assert_eq!(duration("1s5ns"), Ok(Duration::new(1, 5)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_wrong_duration_says_what_to_write() {
        assert!(duration("10").expect_err("no unit").contains("\"10s\""));
        assert!(duration("1.5h").expect_err("fraction").contains("smaller unit"));
        assert!(duration("10 minutes").expect_err("no unit of time").contains("minutes"));
        assert!(duration("30m1h").expect_err("wrong order").contains("large to small"));
        for wrong in ["", "m", "-1m", "1m2m", "1h,30m", "9999999999999999999999999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
