//! Rows of a trace that need no closer look, many at a time: no blanks, no quotes, a short time, frequent operations. What
//! is not so is left to whoever reads row by row, and tells what is wrong.
//!
//! The borders of such a row's fields are all that is marked in it: so it has no blank, which would be marked as well.

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{Location, Time};

use super::config::TraceOperation;
use super::trace_clock::PlainClock;
use super::trace_fields::{plain_whole, text_number, words};
use super::trace_records::Plain;

/// A row as it is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainRow {
    /// From the first row on.
    pub at: Time,
    pub name: PlainName,
    /// In bytes; [`PlainRow::NO_SIZE`] if it does not say.
    pub size: u32,
    /// In the list of locations; [`PlainRow::NOWHERE`] if it does not say.
    pub location: u16,
    /// What it asks for, as [`PlainRow::operation`] has it.
    pub what: u8,
}

/// What few traces say of a row beside.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainMore {
    /// The number that the client's name makes, if there is one.
    pub client: Option<u64>,
    /// In seconds; zero if there is none.
    pub ttl: u32,
}

/// The name of a key: the bytes of a short one and their number, or what tells a long one from others, and where it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainName {
    /// The first eight bytes; of a long name, a number that all of them make.
    pub low: u64,
    /// The others, below how many there are all in all; or how many there are, below [`PlainName::LONG`].
    pub high: u32,
    /// Where the first byte of a long name is.
    from: u32,
}

impl PlainRow {
    /// Neither the row nor the trace says what it asks for.
    pub const UNSAID: u8 = 3;
    pub const NOWHERE: u16 = u16::MAX;
    pub const NO_SIZE: u32 = u32::MAX;
    const OPERATIONS: [Option<TraceOperation>; 4] =
        [Some(TraceOperation::Get), Some(TraceOperation::Put), Some(TraceOperation::Delete), None];

    /// What a row asks for, by the lowest two bits of this number; `None` if it does not say.
    #[inline(always)]
    pub fn operation(what: u8) -> Option<TraceOperation> {
        PlainRow::OPERATIONS[usize::from(what & 3)]
    }

    /// Where a row happens with this number of a location; `None` if it does not say.
    #[inline(always)]
    pub fn location(number: u16) -> Option<Location> {
        (number != PlainRow::NOWHERE).then_some(Location(number))
    }
}

/// Which columns are read, each by its place.
#[derive(Clone, Copy, Debug)]
pub struct PlainColumns {
    pub time: usize,
    pub key: usize,
    pub operation: Option<usize>,
    pub size: Option<usize>,
    pub location: Option<usize>,
    pub ttl: Option<usize>,
    pub client: Option<usize>,
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// Reads as many rows as there is room for, up to the first that needs a closer look; says how many. `place` knows the
/// locations. What else the rows say goes to `more`, where a column says it: as many as rows.
///
/// One column is read after the other, so that what is known of a column stays in registers.
pub fn read(
    plain: Plain<'_>,
    columns: PlainColumns,
    clock: &mut PlainClock,
    place: impl Fn(&[u8]) -> Option<u16>,
    rows: &mut [PlainRow],
    more: &mut [PlainMore],
) -> usize {
    let mut count = divided(&plain, rows.len());
    count = times(plain, columns.time, clock, &mut rows[..count]);
    count = names(plain, columns.key, &mut rows[..count]);
    count = match columns.operation {
        Some(column) => operations(plain, column, &mut rows[..count]),
        None => all(&mut rows[..count], |row| row.what = PlainRow::UNSAID),
    };
    count = match columns.size {
        Some(column) => sizes(plain, column, &mut rows[..count]),
        None => all(&mut rows[..count], |row| row.size = PlainRow::NO_SIZE),
    };
    count = match columns.location {
        Some(column) => locations(plain, column, place, &mut rows[..count]),
        None => all(&mut rows[..count], |row| row.location = PlainRow::NOWHERE),
    };
    count = columns.ttl.map_or(count, |column| ttls(plain, column, &mut more[..count]));
    count = columns.client.map_or(count, |column| clients(plain, column, &mut more[..count]));
    // Perhaps fewer rows are good than their times are.
    if let Some(last) = rows[..count].last() {
        clock.go_back(last.at);
    }
    count
}

#[inline(never)]
fn times(plain: Plain<'_>, column: usize, clock: &mut PlainClock, rows: &mut [PlainRow]) -> usize {
    let mut now = *clock;
    let read = each(plain, column, rows, |bytes, from, length, row| {
        now.next(&bytes[from..from + 16], length).map(|at| row.at = at)
    });
    *clock = now;
    read
}

#[inline(never)]
fn names(plain: Plain<'_>, column: usize, rows: &mut [PlainRow]) -> usize {
    each(plain, column, rows, |bytes, from, length, row| {
        let name = short(&bytes[from..from + 16], length).or_else(|| long(bytes, from, length));
        name.map(|name| row.name = name)
    })
}

#[inline(never)]
fn operations(plain: Plain<'_>, column: usize, rows: &mut [PlainRow]) -> usize {
    each(plain, column, rows, |bytes, from, length, row| {
        operation(&bytes[from..from + 4], length).map(|what| row.what = what)
    })
}

#[inline(never)]
fn sizes(plain: Plain<'_>, column: usize, rows: &mut [PlainRow]) -> usize {
    each(plain, column, rows, |bytes, from, length, row| {
        number_or(PlainRow::NO_SIZE, &bytes[from..from + 8], length).map(|size| row.size = size)
    })
}

#[inline(never)]
fn locations(plain: Plain<'_>, column: usize, place: impl Fn(&[u8]) -> Option<u16>, rows: &mut [PlainRow]) -> usize {
    each(plain, column, rows, |bytes, from, length, row| {
        let known = if length == 0 { Some(PlainRow::NOWHERE) } else { place(&bytes[from..from + length]) };
        known.map(|place| row.location = place)
    })
}

#[inline(never)]
fn ttls(plain: Plain<'_>, column: usize, more: &mut [PlainMore]) -> usize {
    each(plain, column, more, |bytes, from, length, more| {
        number_or(0, &bytes[from..from + 8], length).map(|ttl| more.ttl = ttl)
    })
}

/// The number that the first bytes of these make, of eight digits at most; this one, if there are none.
#[inline(always)]
fn number_or(nothing: u32, bytes: &[u8], length: usize) -> Option<u32> {
    if length == 0 { Some(nothing) } else { plain_whole(bytes, length).map(|number| number as u32) }
}

#[inline(never)]
fn clients(plain: Plain<'_>, column: usize, more: &mut [PlainMore]) -> usize {
    each(plain, column, more, |bytes, from, length, more| {
        more.client = if length == 0 { None } else { Some(text_number(&bytes[from..from + length])?) };
        Some(())
    })
}

fn all(rows: &mut [PlainRow], set: impl Fn(&mut PlainRow)) -> usize {
    rows.iter_mut().for_each(set);
    rows.len()
}

/// Reads a column of all rows, given each field's place and its length; says how many rows are good.
#[inline(always)]
fn each<T>(
    Plain { bytes, marks, stride, .. }: Plain<'_>,
    column: usize,
    rows: &mut [T],
    mut read: impl FnMut(&[u8], usize, usize, &mut T) -> Option<()>,
) -> usize {
    let mut first = column;
    for (number, row) in rows.iter_mut().enumerate() {
        let [before, end] = *marks[first..].first_chunk().expect("marked to its end");
        let from = before + 1;
        if read(bytes, from as usize, (end - from) as usize, row).is_none() {
            return number;
        }
        first += stride;
    }
    rows.len()
}

/// How many records are marked to their ends, and have as many fields as is said: at most so many.
#[inline(never)]
fn divided(plain: &Plain<'_>, most: usize) -> usize {
    const COMMAS: u64 = u64::from_le_bytes([b','; 8]);
    let Plain { marks, kinds, fields, stride, end, .. } = *plain;
    let most = most.min((marks.len() + stride).saturating_sub(fields + 1) / stride);
    // Whole words of commas, and a last one with what ends the record.
    let words = (fields - 1) / 8;
    let shift = 8 * (fields - 1 - 8 * words);
    let (last, kept) = (COMMAS & !(u64::MAX << shift) | u64::from(end) << shift, u64::MAX >> (56 - shift));
    let word = |at: usize| u64::from_le_bytes(*kinds[at..].first_chunk().expect("there is more behind"));
    let ends = |first: usize| word(first + 1 + 8 * words) & kept == last;
    if stride == fields && words == 0 {
        return (0..most).position(|number| !ends(number * stride)).unwrap_or(most);
    }
    let good = |number: usize| {
        let first = number * stride;
        // A record's last byte comes right before the one that precedes the next.
        let begins = stride == fields || first == 0 || (kinds[first] == b'\n' && marks[first] == marks[first - 1] + 1);
        begins && ends(first) && (0..words).all(|word_number| word(first + 1 + 8 * word_number) == COMMAS)
    };
    (0..most).position(|number| !good(number)).unwrap_or(most)
}

/// What the frequent words ask for, however they are spelt.
#[inline(always)]
fn operation(bytes: &[u8], length: usize) -> Option<u8> {
    // Nothing but a letter becomes a small letter by this bit.
    const SMALL: u32 = u32::from_le_bytes([0x20; 4]);
    let word = u32::from_le_bytes(*bytes.first_chunk()?);
    match length {
        3 => {
            let word = word & 0x00ff_ffff | SMALL;
            let unlike = |name: &[u8; 4]| u64::from(word ^ u32::from_le_bytes(*name));
            // One question for two words, since whoever guesses which of them it is guesses wrongly for most writes. Only
            // the first letter of those that read is without this bit.
            let known = unlike(b"get ") * unlike(b"set ") == 0 || unlike(b"put ") == 0;
            known.then_some((word >> 4) as u8 & 1)
        }
        4 => (word | SMALL == u32::from_le_bytes(*b"read")).then_some(0),
        _ => None,
    }
}

impl PlainName {
    /// What a long name's number of bytes is below.
    const LONG: u32 = 0xff00_0000;
    /// A short name has so many bytes at most: as many as there is room for, and how many there are.
    pub const SHORT_BYTES: usize = 11;

    /// The name of so many bytes, which are no more than that and stand in these two words.
    #[inline(always)]
    pub fn short([low, high]: [u64; 2], length: usize) -> PlainName {
        PlainName { low, high: high as u32 | (length as u32) << 24, from: 0 }
    }

    /// The name of so many bytes, which begin at one of these. Two names are taken for one if they are equally long and make
    /// the same number of 64 bits: of a million names, with a chance below one in ten million.
    #[inline(always)]
    pub fn long(bytes: &[u8], from: usize, length: usize) -> PlainName {
        PlainName {
            low: xxh3_64(&bytes[from..from + length]),
            high: PlainName::LONG | length as u32,
            from: from as u32,
        }
    }

    /// Its bytes, given those in which it is if it is a long one.
    pub fn with_text<T>(self, bytes: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
        if let Some(length) = self.high.checked_sub(PlainName::LONG) {
            return read(&bytes[self.from as usize..][..length as usize]);
        }
        let short = (u128::from(self.low) | u128::from(self.high) << 64).to_le_bytes();
        read(&short[..(self.high >> 24) as usize])
    }
}

/// A short name of letters, digits and signs; nothing but its length decides whether it is short.
#[inline(always)]
fn short(bytes: &[u8], length: usize) -> Option<PlainName> {
    if !(1..=PlainName::SHORT_BYTES).contains(&length) {
        return None;
    }
    let words = words(bytes, length)?;
    ((words[0] | words[1]) & HIGH == 0).then_some(PlainName::short(words, length))
}

/// A long name of letters, digits and signs.
#[inline(always)]
fn long(bytes: &[u8], from: usize, length: usize) -> Option<PlainName> {
    let short = length <= PlainName::SHORT_BYTES;
    if short || length >= 1 << 24 || !bytes[from..from + length].is_ascii() {
        return None;
    }
    Some(PlainName::long(bytes, from, length))
}
