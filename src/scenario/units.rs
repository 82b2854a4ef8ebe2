//! Numbers with units: spans of time, rates and shares, from text to exact values.

use std::ops::Range;

use crate::model::Span;

use super::codes;
use super::diagnostic::{Fault, nearest, quoted};

/// The units of time, and how many nanoseconds each has.
pub(super) const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// What people write instead.
const OTHER_NAMES: [(&str, &str); 29] = [
    ("m", "min"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("msec", "ms"),
    ("msecs", "ms"),
    ("milli", "ms"),
    ("millis", "ms"),
    ("millisecond", "ms"),
    ("milliseconds", "ms"),
    ("usec", "us"),
    ("micros", "us"),
    ("microsecond", "us"),
    ("microseconds", "us"),
    ("nsec", "ns"),
    ("nano", "ns"),
    ("nanos", "ns"),
    ("nanosecond", "ns"),
    ("nanoseconds", "ns"),
];

/// The longest span that a scenario may hold: ten years of 365 days.
pub(super) const LONGEST: Span = Span(10 * 365 * 86_400_000_000_000);

/// The highest rate, all together.
pub(super) const FASTEST: f64 = 1e9;

/// A number at the front of a text, and what follows.
struct Split<'t> {
    negative: bool,
    number: &'t str,
    number_range: Range<usize>,
    rest: &'t str,
    rest_range: Range<usize>,
}

fn split(text: &str) -> Split<'_> {
    let lead = text.len() - text.trim_start().len();
    let body = &text[lead..];
    let sign = usize::from(body.starts_with(['+', '-', '−']));
    let sign_bytes = body.chars().take(sign).map(char::len_utf8).sum::<usize>();
    let digits = body[sign_bytes..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_');
    let end = digits.map_or(text.len(), |digits| lead + sign_bytes + digits);
    let gap = text[end..].len() - text[end..].trim_start().len();
    let rest = text[end..].trim();
    Split {
        negative: body.starts_with(['-', '−']),
        number: &text[lead + sign_bytes..end],
        number_range: lead..end,
        rest,
        rest_range: end + gap..end + gap + rest.len(),
    }
}

fn not_finite(text: &str) -> bool {
    let word = text.trim().trim_start_matches(['+', '-']).to_ascii_lowercase();
    word.starts_with("nan") || word.starts_with("inf")
}

/// Refuses what is no plain decimal number.
fn decimal(text: &str, split: &Split<'_>, code: &'static str, what: &str, example: &str) -> Result<f64, Fault> {
    if not_finite(text) {
        return Err(Fault::new(codes::NOT_FINITE, format!("{} is not a finite number", quoted(text.trim()))));
    }
    let number: String = split.number.chars().filter(|c| *c != '_').collect();
    let plain = number.bytes().any(|byte| byte.is_ascii_digit()) && number.matches('.').count() <= 1;
    match number.parse::<f64>() {
        Ok(value) if plain && value.is_finite() => Ok(if split.negative { -value } else { value }),
        Ok(_) if plain => {
            Err(Fault::new(codes::NOT_FINITE, "the number is too large").within(split.number_range.clone()))
        }
        _ => Err(Fault::new(code, format!("{} is not {what}", quoted(text))).help(format!("write it like {example}"))),
    }
}

/// The nanoseconds of a unit's name.
fn unit(name: &str, range: Range<usize>, rewrite: impl Fn(&str) -> String) -> Result<u64, Fault> {
    let plain = name.replace(['µ', 'μ'], "u");
    if let Some((_, nanos)) = UNITS.iter().find(|(unit, _)| *unit == plain) {
        return Ok(*nanos);
    }
    let lower = plain.to_ascii_lowercase();
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == lower).map(|(_, unit)| *unit);
    let near = other.or_else(|| nearest(&lower, &UNITS.map(|(unit, _)| unit)));
    let mut fault = Fault::new(codes::SPAN_UNIT, format!("unknown unit of time {}", quoted(name)))
        .label("not a unit")
        .within(range);
    if let Some(near) = near {
        fault = fault.help(format!("did you mean {}?", rewrite(near)));
    }
    Err(fault.help("the units of time are ns, us, ms, s, min, h, d"))
}

/// A signed number of nanoseconds, exactly.
pub(super) fn signed_nanos(text: &str) -> Result<i128, Fault> {
    let split = split(text);
    decimal(text, &split, codes::SPAN_FORM, "a span of time", "\"60 s\" or \"2.5 ms\"")?;
    if split.rest.is_empty() {
        return Err(Fault::new(codes::SPAN_FORM, format!("{} has no unit of time", quoted(text)))
            .label("a unit is missing")
            .help(format!("write \"{} s\" for seconds; the units are ns, us, ms, s, min, h, d", split.number)));
    }
    let unit = unit(split.rest, split.rest_range.clone(), |unit| format!("\"{} {unit}\"", split.number))?;
    let digits: String = split.number.chars().filter(|c| *c != '_').collect();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let too_long =
        || Fault::new(codes::SPAN_RANGE, format!("{} is longer than 10 years", quoted(text))).label("too long");
    // 20 digits of nanoseconds are 3,000 years: longer numbers need not be computed to be refused.
    let whole = whole.trim_start_matches('0');
    if whole.len() > 20 {
        return Err(too_long());
    }
    let mut nanos = whole.parse::<u128>().unwrap_or(0) * u128::from(unit);
    if !fraction.is_empty() {
        let fine = || {
            Fault::new(codes::SPAN_FINE, format!("{} is finer than a nanosecond", quoted(text)))
                .label("too fine")
                .help("time is counted in whole nanoseconds")
        };
        let power =
            u32::try_from(fraction.len()).ok().and_then(|length| 10_u128.checked_pow(length)).ok_or_else(fine)?;
        let part = fraction.parse::<u128>().unwrap_or(0).checked_mul(u128::from(unit)).ok_or_else(fine)?;
        if part % power != 0 {
            return Err(fine());
        }
        nanos += part / power;
    }
    if nanos > u128::from(LONGEST.0) {
        return Err(too_long());
    }
    let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
    Ok(if split.negative { -nanos } else { nanos })
}

/// A span of time, which is not negative.
pub(super) fn span(text: &str) -> Result<Span, Fault> {
    let nanos = signed_nanos(text)?;
    u64::try_from(nanos)
        .map(Span)
        .map_err(|_| Fault::new(codes::NEGATIVE, format!("{} is negative", quoted(text))).label("below zero"))
}

/// The units of size, and how many bytes each has.
const SIZES: [(&str, u64); 8] = [
    ("B", 1),
    ("kB", 1000),
    ("KiB", 1 << 10),
    ("MB", 1_000_000),
    ("MiB", 1 << 20),
    ("GB", 1_000_000_000),
    ("GiB", 1 << 30),
    ("TB", 1_000_000_000_000),
];

/// The largest size: a petabyte.
const LARGEST: u64 = 1_000_000_000_000_000;

/// A size in bytes, exactly.
pub(super) fn bytes(text: &str) -> Result<u64, Fault> {
    const UNITS: &str = "the units of size are B, kB, KiB, MB, MiB, GB, GiB, TB";
    let split = split(text);
    let value = decimal(text, &split, codes::SIZE_FORM, "a size", "\"512 B\" or \"25 MiB\"")?;
    if value < 0.0 {
        return Err(Fault::new(codes::NEGATIVE, format!("{} is negative", quoted(text))).label("below zero"));
    }
    if split.rest.is_empty() {
        return Err(Fault::new(codes::SIZE_FORM, format!("{} has no unit of size", quoted(text)))
            .label("a unit is missing")
            .help(format!("write \"{} B\" for bytes; {UNITS}", split.number)));
    }
    let exact = SIZES.iter().find(|(unit, _)| *unit == split.rest);
    let Some((_, unit)) = exact else {
        let lower = split.rest.to_ascii_lowercase();
        let near = SIZES.iter().find(|(unit, _)| unit.to_ascii_lowercase() == lower).map(|(unit, _)| *unit);
        let near = near.or_else(|| nearest(split.rest, &SIZES.map(|(unit, _)| unit)));
        let mut fault = Fault::new(codes::SIZE_UNIT, format!("unknown unit of size {}", quoted(split.rest)))
            .label("not a unit")
            .within(split.rest_range.clone());
        if let Some(near) = near {
            fault = fault.help(format!("did you mean \"{} {near}\"?", split.number));
        }
        return Err(fault.help(UNITS));
    };
    let size = value * *unit as f64;
    if size > LARGEST as f64 {
        return Err(
            Fault::new(codes::NUMBER_RANGE, format!("{} is more than 1,000 TB", quoted(text))).label("too large")
        );
    }
    if libm::floor(size) != size {
        let fault = Fault::new(codes::NOT_WHOLE, format!("{} is no whole number of bytes", quoted(text)));
        return Err(fault.label("a part of a byte"));
    }
    Ok(size as u64)
}

/// A percentage, as a share; not checked for its bounds.
pub(super) fn percentage(text: &str) -> Result<f64, Fault> {
    let split = split(text);
    let value = decimal(text, &split, codes::SHARE_FORM, "a share", "\"1.5 %\" or 0.015")?;
    if split.rest == "%" {
        // Read as hundredths: a division would miss the nearest number now and then.
        let digits: String = split.number.chars().filter(|c| *c != '_').collect();
        let share = format!("{digits}e-2").parse().unwrap_or(value / 100.0);
        return Ok(if split.negative { -share } else { share });
    }
    let fault = Fault::new(codes::SHARE_FORM, format!("{} is not a share", quoted(text)));
    if split.rest.is_empty() {
        return Err(
            fault.help(format!("write \"{} %\" with a percent sign, or a plain number between 0 and 1", split.number))
        );
    }
    Err(fault.label("expected %").within(split.rest_range).help("write it like \"1.5 %\" or 0.015"))
}

/// A rate: so many a second, and the nouns that it is per, in the text's order with their places.
pub(super) struct RateText {
    pub per_second: f64,
    pub per: Vec<(String, Range<usize>)>,
}

/// Reads `20 /s per edge`.
pub(super) fn rate(text: &str) -> Result<RateText, Fault> {
    const EXAMPLE: &str = "\"20 /s\" or \"1 /min per key\"";
    let split = split(text);
    let number = decimal(text, &split, codes::RATE_FORM, "a rate", EXAMPLE)?;
    if number < 0.0 {
        return Err(Fault::new(codes::NEGATIVE, format!("{} is negative", quoted(text))).label("below zero"));
    }
    let Some(after) = split.rest.strip_prefix('/') else {
        return Err(Fault::new(codes::RATE_FORM, format!("{} is not a rate", quoted(text)))
            .label("expected a slash and a unit of time")
            .within(if split.rest.is_empty() { split.number_range } else { split.rest_range })
            .help(format!("write it like \"{} /s\"", split.number)));
    };
    let offset = split.rest_range.start + 1;
    let mut words = words_of(after).into_iter().map(|(word, range)| (word, range.start + offset..range.end + offset));
    let Some((name, range)) = words.next() else {
        return Err(Fault::new(codes::RATE_FORM, format!("{} has no unit of time", quoted(text)))
            .help(format!("write it like \"{} /s\"", split.number)));
    };
    let nanos = unit(name, range, |unit| format!("\"{} /{unit}\"", split.number))?;
    let mut per = Vec::new();
    while let Some((word, range)) = words.next() {
        let joined = word == "and" && !per.is_empty();
        if word != "per" && !joined {
            return Err(Fault::new(codes::RATE_FORM, format!("{} is not a rate", quoted(text)))
                .label("expected `per`")
                .within(range)
                .help(format!("write it like {EXAMPLE}")));
        }
        let Some((noun, range)) = words.next() else {
            return Err(Fault::new(codes::RATE_FORM, format!("{} ends with `{word}`", quoted(text)))
                .label("per what?")
                .within(range)
                .help(format!("write it like {EXAMPLE}")));
        };
        per.push((noun.to_string(), range));
    }
    Ok(RateText { per_second: number * 1e9 / nanos as f64, per })
}

/// The words of a text and their places.
fn words_of(text: &str) -> Vec<(&str, Range<usize>)> {
    let start = text.as_ptr() as usize;
    text.split_whitespace()
        .map(|word| {
            let at = word.as_ptr() as usize - start;
            (word, at..at + word.len())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_exact() {
        let nanos = |text: &str| span(text).map(|span| span.0).map_err(|fault| fault.code);
        assert_eq!(nanos("5 s"), Ok(5_000_000_000));
        assert_eq!(nanos("0.1s"), Ok(100_000_000));
        assert_eq!(nanos("107 us"), Ok(107_000));
        assert_eq!(nanos("107 µs"), Ok(107_000));
        assert_eq!(nanos("0.000000001 s"), Ok(1));
        assert_eq!(nanos("3650 d"), Ok(LONGEST.0));
        assert_eq!(nanos("1.5 ns"), Err(codes::SPAN_FINE));
        assert_eq!(nanos("3651 d"), Err(codes::SPAN_RANGE));
        assert_eq!(nanos("99999999999999999999999999999999999999999 d"), Err(codes::SPAN_RANGE));
        assert_eq!(nanos("-1 s"), Err(codes::NEGATIVE));
        assert_eq!(nanos("nan s"), Err(codes::NOT_FINITE));
        assert_eq!(nanos("5 sec"), Err(codes::SPAN_UNIT));
        assert_eq!(nanos("5"), Err(codes::SPAN_FORM));
        assert_eq!(nanos("1.2.3 s"), Err(codes::SPAN_FORM));
        assert_eq!(nanos(". s"), Err(codes::SPAN_FORM));
        assert_eq!(nanos(""), Err(codes::SPAN_FORM));
    }

    #[test]
    fn sizes_are_whole_bytes() {
        let size = |text: &str| bytes(text).map_err(|fault| fault.code);
        assert_eq!(size("25 MiB"), Ok(26_214_400));
        assert_eq!(size("25 MB"), Ok(25_000_000));
        assert_eq!(size("1.5kB"), Ok(1500));
        assert_eq!(size("2_000_000 B"), Ok(2_000_000));
        assert_eq!(size("0.5 B"), Err(codes::NOT_WHOLE));
        assert_eq!(size("25"), Err(codes::SIZE_FORM));
        assert_eq!(size("25 mb"), Err(codes::SIZE_UNIT));
        assert_eq!(size("-1 B"), Err(codes::NEGATIVE));
        assert_eq!(size("2000 TB"), Err(codes::NUMBER_RANGE));
    }

    #[test]
    fn percentages_are_the_nearest_numbers() {
        let share = |text: &str| percentage(text).map_err(|fault| fault.code);
        assert_eq!(share("99.9 %"), Ok(0.999));
        assert_eq!(share("1.2%"), Ok(0.012));
        assert_eq!(share("-5 %"), Ok(-0.05));
        assert_eq!(share("5"), Err(codes::SHARE_FORM));
        assert_eq!(share("five %"), Err(codes::SHARE_FORM));
    }

    #[test]
    fn rates_are_per_second_and_name_their_nouns() {
        let read = rate("6 /min per key and edge").unwrap_or_else(|fault| panic!("{fault:?}"));
        assert_eq!(read.per_second, 0.1);
        assert_eq!(read.per.iter().map(|(noun, _)| noun.as_str()).collect::<Vec<_>>(), ["key", "edge"]);
        assert_eq!(read.per[0].1, 11..14);
        assert_eq!(rate("2/s").map(|rate| rate.per_second).ok(), Some(2.0));
        assert_eq!(rate("2 per s").map(|_| ()).map_err(|fault| fault.code), Err(codes::RATE_FORM));
        assert_eq!(rate("2 /s per").map(|_| ()).map_err(|fault| fault.code), Err(codes::RATE_FORM));
    }
}
