//! What the fields of a trace say: operations, names, times.

use crate::random::mix;

use super::config::TraceOperation;

/// Code, message and help of what is wrong with a field.
pub type What = (&'static str, String, String);

/// The column, and what is wrong with it; in a box, so that the rows, which are good, are not moved through memory for it.
pub type Wrong = Box<InField>;
pub type InField = (usize, &'static str, String, String);

/// A column's field as text.
pub fn text(column: usize, field: &[u8]) -> Result<&str, Wrong> {
    std::str::from_utf8(field).map_err(|_| no_text(column))
}

#[cold]
pub fn no_text(column: usize) -> Wrong {
    let message = format!("the field in column {} is not valid UTF-8", column + 1);
    Box::new((column, "T005", message, "save the trace as UTF-8".to_string()))
}

/// The operations of well-known traces (memcached's words, Twitter's, Meta's, YCSB's) and our own.
const OPERATIONS: [(&str, TraceOperation); 24] = [
    ("get", TraceOperation::Get),
    ("gets", TraceOperation::Get),
    ("get_lease", TraceOperation::Get),
    ("read", TraceOperation::Get),
    ("r", TraceOperation::Get),
    ("put", TraceOperation::Put),
    ("set", TraceOperation::Put),
    ("set_lease", TraceOperation::Put),
    ("write", TraceOperation::Put),
    ("w", TraceOperation::Put),
    ("add", TraceOperation::Put),
    ("replace", TraceOperation::Put),
    ("cas", TraceOperation::Put),
    ("append", TraceOperation::Put),
    ("prepend", TraceOperation::Put),
    ("update", TraceOperation::Put),
    ("insert", TraceOperation::Put),
    ("delete", TraceOperation::Delete),
    ("del", TraceOperation::Delete),
    ("remove", TraceOperation::Delete),
    ("incr", TraceOperation::Add),
    ("decr", TraceOperation::Add),
    ("increment", TraceOperation::Add),
    ("decrement", TraceOperation::Add),
];

/// The words that most rows of most traces have, without a search, however they are spelt.
#[inline(always)]
pub fn frequent_operation(field: &[u8]) -> Option<TraceOperation> {
    // Nothing but a letter becomes a small letter by this bit.
    const SMALL: u32 = u32::from_le_bytes([0x20; 4]);
    let (word, four) = match *field {
        [a, b, c] => (u32::from_le_bytes([a, b, c, 0]) | SMALL, false),
        [a, b, c, d] => (u32::from_le_bytes([a, b, c, d]) | SMALL, true),
        _ => return None,
    };
    let is = |name: &[u8; 4]| word == u32::from_le_bytes(*name);
    if four {
        is(b"read").then_some(TraceOperation::Get)
    } else if is(b"get ") {
        Some(TraceOperation::Get)
    } else {
        (is(b"set ") | is(b"put ")).then_some(TraceOperation::Put)
    }
}

pub fn operation(field: &str) -> Result<TraceOperation, What> {
    OPERATIONS.iter().find(|(name, _)| name.eq_ignore_ascii_case(field)).map(|(_, operation)| *operation).ok_or_else(
        || {
            let names: Vec<&str> = OPERATIONS.iter().map(|(name, _)| *name).collect();
            ("T011", format!("`{}` is no operation", clip(field)), format!("the operations are: {}", names.join(", ")))
        },
    )
}

/// A name as a number: FNV-1a, then mixed so that every bit counts; and whether all of it is ASCII.
fn name_number(name: &[u8]) -> (u64, bool) {
    let (mut hash, mut bits) = (0xcbf2_9ce4_8422_2325_u64, 0);
    for byte in name {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        bits |= byte;
    }
    (mix(hash), bits.is_ascii())
}

/// The number that a name makes, if it is text.
pub fn text_number(name: &[u8]) -> Option<u64> {
    let (number, ascii) = name_number(name);
    (ascii || std::str::from_utf8(name).is_ok()).then_some(number)
}

/// A piece of the user's text, short enough for a message.
pub fn clip(text: &str) -> String {
    let mut short: String = text.chars().take(120).flat_map(char::escape_debug).collect();
    if text.chars().nth(120).is_some() {
        short.push('…');
    }
    short
}

/// The number that the digits at the front make, at most nineteen of them, and how many there are.
#[inline]
fn leading(field: &[u8]) -> (u64, usize) {
    let (mut number, mut digits) = (0, 0);
    for byte in field.iter().take(19) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + u64::from(digit);
        digits += 1;
    }
    (number, digits)
}

/// A one in each byte of a word.
const ALL: u64 = 0x0101_0101_0101_0101;

/// So many bytes are looked at as two words.
const SHORT_BYTES: usize = 15;

/// The first bytes of these as two words, with zeros behind them; `None` where they are more than [`SHORT_BYTES`] or nothing
/// is known of what is behind them.
#[inline(always)]
pub fn words(bytes: &[u8], length: usize) -> Option<[u64; 2]> {
    const KEPT: [[u64; 2]; SHORT_BYTES + 1] = {
        let mut kept = [[0; 2]; SHORT_BYTES + 1];
        let mut length = 0;
        while length <= SHORT_BYTES {
            let bits = (1_u128 << (8 * length)) - 1;
            kept[length] = [bits as u64, (bits >> 64) as u64];
            length += 1;
        }
        kept
    };
    let kept = KEPT.get(length)?;
    let all = u128::from_le_bytes(*bytes.first_chunk()?);
    Some([all as u64 & kept[0], (all >> 64) as u64 & kept[1]])
}

/// The number that the first bytes of a word make, at most eight, if all are digits.
#[inline(always)]
fn digits(word: u64, count: usize) -> Option<u64> {
    const PAIRS: u64 = 0x0000_00ff_0000_00ff;
    if count == 0 {
        return Some(0);
    }
    // The first digit is the greatest: what is missing counts as zeros before it.
    let digits = (word ^ (ALL * u64::from(b'0'))) << (64 - 8 * count);
    if (digits.wrapping_add(ALL * 0x76) | digits) & (ALL * 0x80) != 0 {
        return None;
    }
    let tens = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (tens & PAIRS).wrapping_mul(100 + (1_000_000 << 32));
    let low = (tens >> 16 & PAIRS).wrapping_mul(1 + (10_000 << 32));
    Some(high.wrapping_add(low) >> 32)
}

/// How many bytes of a word are before the first point; 8 without any.
#[inline(always)]
fn point(word: u64) -> usize {
    let zero = word ^ (ALL * u64::from(b'.'));
    (zero.wrapping_sub(ALL) & !zero & (ALL * 0x80)).trailing_zeros() as usize / 8
}

/// What a digit behind the point is worth, in nanoseconds, by how many there are: whole numbers only.
pub fn fractions(unit: u64) -> [Option<u64>; 9] {
    std::array::from_fn(|count| {
        let tenth = 10_u64.pow(count as u32);
        unit.is_multiple_of(tenth).then_some(unit / tenth)
    })
}

/// The number that the first bytes of these make without their point, at most eight of them, and how many digits are behind
/// it: as far as it is seen at once.
#[inline(always)]
pub fn short_decimal(bytes: &[u8], length: usize) -> Option<(u64, usize)> {
    if !(1..=8).contains(&length) {
        return None;
    }
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    let point = point(word);
    if point >= length {
        return Some((digits(word, length)?, 0));
    }
    if point == 0 {
        return None;
    }
    // What is behind the point moves there.
    let before = (1 << (8 * point)) - 1;
    Some((digits(word & before | word >> 8 & !before, length - 1)?, length - 1 - point))
}

/// What [`decimal`] says of the first bytes of these, as far as it is seen at once, and how many digits are behind the point.
#[inline(always)]
pub fn plain_decimal(bytes: &[u8], length: usize, unit: u64, fractions: &[Option<u64>; 9]) -> Option<(u128, usize)> {
    let field = words(bytes, length)?;
    let mut whole = point(field[0]);
    if whole == 8 {
        whole += point(field[1]);
    }
    let whole = whole.min(length);
    let units = match whole {
        0 => return None,
        1..=8 => digits(field[0], whole)?,
        _ => digits(field[0], 8)? * 10_u64.pow(whole as u32 - 8) + digits(field[1], whole - 8)?,
    };
    let (mut nanos, mut behind) = (0, 0);
    if whole < length {
        behind = length - whole - 1;
        let worth = (*fractions.get(behind)?)?;
        nanos = digits(u64::from_le_bytes(*bytes.get(whole + 1..)?.first_chunk()?), behind)? * worth;
    }
    Some((u128::from(units) * u128::from(unit) + u128::from(nanos), behind))
}

/// What [`whole`] says of the first bytes of these, as far as it is seen at once.
#[inline(always)]
pub fn plain_whole(bytes: &[u8], length: usize) -> Option<u64> {
    if length == 0 || length > 8 {
        return None;
    }
    digits(u64::from_le_bytes(*bytes.first_chunk()?), length)
}

/// A whole number of at most nineteen digits; whoever wants longer ones or signs looks closer.
#[inline]
pub fn whole(field: &[u8]) -> Option<u64> {
    let (number, digits) = leading(field);
    (digits > 0 && digits == field.len()).then_some(number)
}

/// A decimal number of units, in nanoseconds: digits, perhaps a point and more digits (those below a nanosecond are cut).
#[inline]
pub fn decimal(field: &[u8], unit: u64) -> Option<u128> {
    let (units, digits) = leading(field);
    let mut nanos = 0;
    match field.get(digits..)? {
        _ if digits == 0 => return None,
        [] => {}
        [b'.', fraction @ ..] => {
            let mut place = unit;
            for byte in fraction {
                let digit = byte.wrapping_sub(b'0');
                if digit > 9 {
                    return None;
                }
                place /= 10;
                nanos += u64::from(digit) * place;
            }
        }
        _ => return long_decimal(field, unit),
    }
    Some(u128::from(units) * u128::from(unit) + u128::from(nanos))
}

/// The same with twenty digits before the point.
#[cold]
fn long_decimal(field: &[u8], unit: u64) -> Option<u128> {
    let point = field.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = point.map_or((field, &[][..]), |point| (&field[..point], &field[point + 1..]));
    if whole.is_empty() || whole.len() > 20 {
        return None;
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let mut units: u64 = 0;
    for byte in &whole[..whole.len().min(19)] {
        units = units * 10 + digit(byte)?;
    }
    let mut units = u128::from(units);
    if let Some(last) = whole.get(19) {
        units = units * 10 + u128::from(digit(last)?);
    }
    let (mut nanos, mut place) = (0, unit);
    for byte in fraction {
        place /= 10;
        nanos += digit(byte)? * place;
    }
    Some(units * u128::from(unit) + u128::from(nanos))
}

/// `2023-11-16 18:17:03.9799600` in nanoseconds since the year 0, in UTC.
pub fn date_time(field: &str) -> Option<u128> {
    let field = field.strip_suffix('Z').unwrap_or(field);
    let (date, time) = field.split_once([' ', 'T'])?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut clock = clock.splitn(3, ':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let good = year <= 9999 && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !good || hour > 23 || minute > 59 || second > 60 || fraction.is_empty() {
        return None;
    }
    // Days since 0000-03-01, counting years from March, so that the leap day is a year's last.
    let (shifted, months) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = 365 * u64::from(shifted)
        + u64::from(shifted / 4 - shifted / 100 + shifted / 400)
        + u64::from((153 * months + 2) / 5 + day - 1);
    let seconds = days * 86_400 + u64::from(hour * 3_600 + minute * 60 + second);
    Some(u128::from(seconds) * 1_000_000_000 + decimal(format!("0.{fraction}").as_bytes(), 1_000_000_000)?)
}
