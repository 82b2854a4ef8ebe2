//! Rows of a trace that need no closer look, many at a time: no blanks, no quotes, a short time, frequent operations. What
//! is not so is left to whoever reads row by row, and tells what is wrong.
//!
//! The borders of such a row's fields are all that is marked in it: so it has no blank, which would be marked as well.

use crate::model::Time;

use super::config::TraceOperation;
use super::trace_clock::PlainClock;
use super::trace_fields::all_digits;
use super::trace_records::Plain;

/// A row as it is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainRow {
    /// From the first row on.
    pub at: Time,
    pub name: PlainName,
    /// In the list of locations; [`PlainRow::NOWHERE`] if it does not say.
    pub location: u16,
    /// What it asks for, as [`PlainRow::OPERATIONS`] are numbered.
    pub what: u8,
}

/// The name of a key: a short one's bytes and their number, or where a long one is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PlainName {
    /// The first eight bytes, or where the first is.
    pub low: u64,
    /// The others, below how many there are all in all; or how many there are, below [`PlainName::LONG`].
    pub high: u32,
}

impl PlainRow {
    pub const NOWHERE: u16 = u16::MAX;
    pub const OPERATIONS: [Option<TraceOperation>; 4] =
        [Some(TraceOperation::Get), Some(TraceOperation::Put), Some(TraceOperation::Delete), None];
}

/// Which columns are read, each by its place.
#[derive(Clone, Copy, Debug)]
pub struct PlainColumns {
    pub time: usize,
    pub key: usize,
    pub operation: Option<usize>,
    pub size: Option<usize>,
    pub location: Option<usize>,
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// Reads as many rows as there is room for, up to the first that needs a closer look; says how many. `place` knows the
/// locations.
#[inline(always)]
pub fn read(
    plain: Plain<'_>,
    columns: PlainColumns,
    clock: &mut PlainClock,
    place: impl Fn(&[u8]) -> Option<u16>,
    rows: &mut [PlainRow],
) -> usize {
    let Plain { bytes, marks, fields, stride, end } = plain;
    let (mut first, mut start) = (0, marks.first().copied().unwrap_or(0));
    let gap = (stride - fields) as u32;
    let mut read = 0;
    for row in rows {
        let Some(marks) = marks.get(first..=first + fields) else { break };
        let last = marks[fields];
        let commas = marks[1..fields].iter().all(|mark| bytes[*mark as usize] == b',');
        let begins = marks[0] == start && (gap == 0 || bytes[start as usize] == b'\n');
        if !begins || bytes[last as usize] != end || !commas {
            break;
        }
        // Where a field is, and how long.
        let field = |column: usize| {
            let from = marks[column] + 1;
            (from as usize, (marks[column + 1] - from) as usize)
        };
        let (from, length) = field(columns.time);
        let Some(at) = clock.time(&bytes[from..from + 16], length) else { break };
        let (from, length) = field(columns.key);
        let Some(name) = short(&bytes[from..from + 16], length).or_else(|| long(bytes, from, length)) else { break };
        let mut what = 3;
        if let Some(column) = columns.operation {
            let (from, length) = field(column);
            let Some(known) = operation(&bytes[from..from + 4], length) else { break };
            what = known;
        }
        if let Some(column) = columns.size {
            let (from, length) = field(column);
            if !all_digits(&bytes[from..from + 8], length) {
                break;
            }
        }
        let mut location = PlainRow::NOWHERE;
        if let Some(column) = columns.location {
            let (from, length) = field(column);
            if length > 0 {
                let Some(known) = place(&bytes[from..from + length]) else { break };
                location = known;
            }
        }
        *row = PlainRow { at, name, location, what };
        clock.accept(at);
        start = last + gap;
        first += stride;
        read += 1;
    }
    read
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
            let puts = word == u32::from_le_bytes(*b"set ") || word == u32::from_le_bytes(*b"put ");
            (puts || word == u32::from_le_bytes(*b"get ")).then_some(u8::from(puts))
        }
        4 => (word | SMALL == u32::from_le_bytes(*b"read")).then_some(0),
        _ => None,
    }
}

impl PlainName {
    /// What a long name's number of bytes is below.
    pub const LONG: u32 = 0xff00_0000;
    /// A short name has so many bytes at most: as many as there is room for, and how many there are.
    pub const SHORT_BYTES: usize = 11;
}

/// A short name of letters, digits and signs; nothing but its length decides whether it is short.
#[inline(always)]
fn short(bytes: &[u8], length: usize) -> Option<PlainName> {
    /// By length: the bytes of a name.
    const KEPT: [(u64, u32); 16] = {
        let mut kept = [(0, 0); 16];
        let mut length = 1;
        while length <= PlainName::SHORT_BYTES {
            let bits = (1_u128 << (8 * length)) - 1;
            kept[length] = (bits as u64, (bits >> 64) as u32);
            length += 1;
        }
        kept
    };
    if !(1..=PlainName::SHORT_BYTES).contains(&length) {
        return None;
    }
    let kept = KEPT[length & 15];
    let all = u128::from_le_bytes(*bytes.first_chunk()?);
    let (low, high) = (all as u64 & kept.0, (all >> 64) as u32 & kept.1);
    ((low | u64::from(high)) & HIGH == 0).then_some(PlainName { low, high: high | (length as u32) << 24 })
}

/// A long name.
#[inline(never)]
fn long(bytes: &[u8], from: usize, length: usize) -> Option<PlainName> {
    let short = length <= PlainName::SHORT_BYTES;
    if short || length >= 1 << 24 || !bytes[from..from + length].is_ascii() {
        return None;
    }
    Some(PlainName { low: from as u64, high: PlainName::LONG | length as u32 })
}
