//! The records of a csv file: bytes divided into fields. Where no quote is near, every byte that may end a field is found
//! sixty-four bytes at a time; a record with a quote in it goes to the reader of the `csv` crate.
//!
//! Both give the same records, and count lines alike: a line feed or a carriage return ends a record, an empty one is none,
//! and a line feed counts. A record's line is the one in which the search for it began.

use std::io::{Read, Result};

use wide::u8x16;

use super::trace_bytes::{LINE_BYTES_MAX, READ_BYTES};

/// So many bytes are searched at once for those that may end a field.
const WINDOW: usize = 4096;
/// What is searched is whole blocks; behind the bytes that were read there is room for the rest of the last one.
const BLOCK: usize = 64;

/// A record over several lines has no more bytes and fields together: as many as a single line may have.
const RECORD_BYTES_MAX: usize = LINE_BYTES_MAX + READ_BYTES;

/// Marks begin there, since the start of a record is put before its first one.
const BEFORE: usize = 1;
/// Records of more fields are not divided together.
const PLAIN_FIELDS_MAX: usize = 64;

/// Records that are marked to their ends and may be plain, each with as many fields as the one before.
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    /// The bytes of the file at hand, and more behind them.
    pub bytes: &'a [u8],
    /// Of each record: the place before its first byte, and where its fields may end.
    pub marks: &'a [u32],
    /// The bytes there, but for the first one, and more behind them.
    pub kinds: &'a [u8],
    pub fields: usize,
    /// So many marks further the next record begins.
    pub stride: usize,
    /// What ends a record. A carriage return is followed by a line feed, the place before the next record's first byte.
    pub end: u8,
}

/// How far a record was divided.
enum Divided {
    Whole,
    /// There is a quote in it.
    Quoted,
    /// Up to the last byte that is marked.
    InPart,
}

/// The bytes of a block that are no larger than a comma, the first one in the last bit.
#[inline]
fn no_larger_than_comma(block: &[u8; BLOCK]) -> u64 {
    let (quarters, _) = block.as_chunks::<16>();
    quarters.iter().rev().fold(0, |bits, quarter| {
        let quarter = u8x16::new(*quarter);
        bits << 16 | u64::from(quarter.min(u8x16::splat(b',')).simd_eq(quarter).to_bitmask())
    })
}

/// A file on its way through.
pub struct Records {
    file: Box<dyn Read + Send>,
    ended: bool,
    /// The bytes at hand are those before `filled`; the next record starts at `from`.
    buffer: Vec<u8>,
    from: usize,
    filled: usize,
    /// Where the bytes are that may end a field, of what ends at `marked`; those before `next` are used. There is room for one
    /// more before the first.
    marks: Vec<u32>,
    /// The bytes there.
    kinds: Vec<u8>,
    count: usize,
    next: usize,
    marked: usize,
    /// Counted from 1; where the search for the record began, and where it has come to.
    record_line: u64,
    line: u64,
    /// The record's fields: each starts at a bound, and ends so many bytes before the next.
    bounds: Vec<usize>,
    fields: usize,
    gap: usize,
    csv: csv_core::Reader,
    begun: bool,
    /// Fields without their quotes, of a record that had some.
    unquoted: Vec<u8>,
}

impl Records {
    /// Of these bytes; nothing is read yet.
    pub fn new(file: Box<dyn Read + Send>) -> Records {
        Records {
            file,
            ended: false,
            buffer: vec![0; READ_BYTES + BLOCK],
            from: 0,
            filled: 0,
            marks: vec![0; BEFORE + PLAIN_FIELDS_MAX + WINDOW + BLOCK],
            kinds: vec![0; BEFORE + PLAIN_FIELDS_MAX + WINDOW + BLOCK],
            count: BEFORE,
            next: BEFORE,
            marked: 0,
            record_line: 1,
            line: 1,
            bounds: vec![0; 64],
            fields: 0,
            gap: 0,
            csv: csv_core::Reader::new(),
            begun: false,
            unquoted: vec![0; 1024],
        }
    }

    /// How many fields the record has.
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// A field of the record, if it has so many.
    #[inline]
    pub fn field(&self, number: usize) -> Option<&[u8]> {
        self.field_and_more(number).map(|(bytes, length)| &bytes[..length])
    }

    /// The same: its length, and its bytes with those that are behind them in memory.
    #[inline]
    pub fn field_and_more(&self, number: usize) -> Option<(&[u8], usize)> {
        if number >= self.fields {
            return None;
        }
        let [from, next] = *self.bounds.get(number..)?.first_chunk()?;
        let bytes = if self.gap == 1 { &self.buffer } else { &self.unquoted };
        Some((bytes.get(from..)?, next - self.gap - from))
    }

    /// The bytes at hand, and more behind them.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The line of the record.
    pub fn record_line(&self) -> u64 {
        self.record_line
    }

    /// The line up to which the file was read.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// Goes on to the next record; `false` after the last.
    ///
    /// # Errors
    /// When the file cannot be read on.
    #[inline]
    pub fn advance(&mut self) -> Result<bool> {
        self.record_line = self.line;
        if self.has_as_many() { Ok(true) } else { self.search() }
    }

    /// The records at hand that may be plain; `None` if it takes a closer look to go on. Whoever divides some of them says so.
    #[inline(always)]
    pub fn plain(&mut self) -> Option<Plain<'_>> {
        let (from, fields) = (self.from, self.fields);
        if !(2..=PLAIN_FIELDS_MAX).contains(&fields) || from == 0 {
            return None;
        }
        // Of two bytes that end a line the first ends the record, and the second one is marked as well.
        let twice = self.buffer[from - 1] == b'\r' && self.buffer[from] == b'\n';
        let stride = fields + usize::from(twice);
        if self.next + stride > self.count && self.marked < self.filled {
            self.mark();
        }
        let before = if twice {
            self.next
        } else {
            self.marks[self.next - BEFORE] = from as u32 - 1;
            self.next - BEFORE
        };
        let (marks, kinds) = (&self.marks[before..self.count], &self.kinds[before..]);
        Some(Plain { bytes: &self.buffer, marks, kinds, fields, stride, end: if twice { b'\r' } else { b'\n' } })
    }

    /// Goes on behind so many of the plain records; at least one.
    #[inline(always)]
    pub fn divided(&mut self, records: usize, stride: usize) {
        self.next += records * stride;
        self.from = self.marks[self.next - 1] as usize + 1;
        self.line += records as u64;
    }

    /// The same, whatever the record is.
    #[inline(never)]
    fn search(&mut self) -> Result<bool> {
        if !self.begun {
            // The first one goes there, too, since a byte order mark is taken off.
            self.begun = true;
            return self.advance_by_csv();
        }
        let mut fields = 0;
        loop {
            match self.divide(&mut fields) {
                Divided::Whole => return Ok(true),
                Divided::Quoted => return self.advance_by_csv(),
                Divided::InPart if self.marked < self.filled => self.mark(),
                Divided::InPart if self.ended => return Ok(self.end(fields)),
                Divided::InPart => {
                    self.refill()?;
                    fields = 0;
                }
            }
        }
    }

    /// Whether the record is plain, is marked to its end and has as many fields as the one before: then it is divided.
    #[inline(always)]
    fn has_as_many(&mut self) -> bool {
        let (from, fields) = (self.from, self.fields);
        let Some(marks) = self.marks[self.next..self.count].get(..fields) else { return false };
        let Some(bounds) = self.bounds.get_mut(..=fields) else { return false };
        let Some((last, commas)) = marks.split_last() else { return false };
        let last = *last as usize;
        if self.buffer[last] != b'\n' || last == from {
            return false;
        }
        bounds[0] = from;
        for (bound, comma) in bounds[1..].iter_mut().zip(commas) {
            if self.buffer[*comma as usize] != b',' {
                return false;
            }
            *bound = *comma as usize + 1;
        }
        bounds[fields] = last + 1;
        (self.gap, self.from, self.next) = (1, last + 1, self.next + fields);
        self.line += 1;
        true
    }

    /// Divides the record on at the bytes that are marked.
    #[inline]
    fn divide(&mut self, fields: &mut usize) -> Divided {
        self.bounds[0] = self.from;
        for next in self.next..self.count {
            let at = self.marks[next] as usize;
            let byte = self.buffer[at];
            if byte == b',' {
                *fields += 1;
                self.bound(*fields, at + 1);
            } else if byte == b'\n' || byte == b'\r' {
                self.line += u64::from(byte == b'\n');
                let start = std::mem::replace(&mut self.from, at + 1);
                if at == start {
                    self.bounds[0] = at + 1;
                    continue;
                }
                self.bound(*fields + 1, at + 1);
                (self.fields, self.gap, self.next) = (*fields + 1, 1, next + 1);
                return Divided::Whole;
            } else if byte == b'"' {
                return Divided::Quoted;
            }
        }
        self.next = self.count;
        Divided::InPart
    }

    #[inline]
    fn bound(&mut self, number: usize, at: usize) {
        if number >= self.bounds.len() {
            self.bounds.resize(2 * number, 0);
        }
        self.bounds[number] = at;
    }

    /// The last record, of a file that does not end with a line break.
    fn end(&mut self, fields: usize) -> bool {
        if self.from == self.filled {
            return false;
        }
        self.bound(fields + 1, self.filled + 1);
        (self.fields, self.gap, self.from) = (fields + 1, 1, self.filled);
        true
    }

    /// Marks the next window behind the marks that are not used: what is no larger than a comma, since digits, letters and
    /// most signs are larger.
    #[inline(never)]
    fn mark(&mut self) {
        /// Few blocks have more than twice as many.
        const HALF: usize = 8;
        let (from, to) = (self.marked, (self.marked + WINDOW).min(self.filled));
        let end = from + (to - from).next_multiple_of(BLOCK);
        self.marks.copy_within(self.next..self.count, BEFORE);
        self.kinds.copy_within(self.next..self.count, BEFORE);
        let unused = BEFORE + self.count - self.next;
        let mut count = unused;
        for (number, block) in self.buffer[from..end].as_chunks::<BLOCK>().0.iter().enumerate() {
            let mut left = no_larger_than_comma(block);
            let first = (from + BLOCK * number) as u32;
            let of_block: &mut [u32; BLOCK] = self.marks[count..].first_chunk_mut().expect("room for a block's");
            let kinds: &mut [u8; BLOCK] = self.kinds[count..].first_chunk_mut().expect("room for a block's");
            count += left.count_ones() as usize;
            for (marks, kinds) in of_block.as_chunks_mut::<HALF>().0.iter_mut().zip(kinds.as_chunks_mut::<HALF>().0) {
                // Without a question for each: what is marked too much is overwritten.
                for (mark, kind) in marks.iter_mut().zip(kinds) {
                    let place = left.trailing_zeros();
                    *mark = first + place;
                    *kind = block[place as usize % BLOCK];
                    left &= left.wrapping_sub(1);
                }
                if left == 0 {
                    break;
                }
            }
        }
        while count > unused && self.marks[count - 1] as usize >= to {
            count -= 1;
        }
        (self.marked, self.count, self.next) = (to, count, BEFORE);
    }

    /// Reads on. What is left of the bytes at hand moves to the front, and is searched again.
    #[cold]
    fn refill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.from..self.filled, 0);
        self.filled -= self.from;
        (self.from, self.marked, self.count, self.next) = (0, 0, BEFORE, BEFORE);
        let room = self.filled + READ_BYTES;
        if self.buffer.len() < room + BLOCK {
            self.buffer.resize(room + BLOCK, 0);
        }
        let more = self.file.read(&mut self.buffer[self.filled..room])?;
        self.filled += more;
        self.ended = more == 0;
        Ok(())
    }

    /// The next record as the `csv` crate reads it, from where the search for it has come to.
    #[cold]
    fn advance_by_csv(&mut self) -> Result<bool> {
        use csv_core::ReadRecordResult;

        self.csv.set_line(self.line);
        let (mut bytes, mut fields) = (0, 0);
        self.bounds[0] = 0;
        loop {
            if self.from == self.filled && !self.ended {
                self.refill()?;
            }
            let input = &self.buffer[self.from..self.filled];
            let output = &mut self.unquoted[bytes..];
            let (result, read, written, ends) = self.csv.read_record(input, output, &mut self.bounds[fields + 1..]);
            self.from += read;
            self.line = self.csv.line();
            (bytes, fields) = (bytes + written, fields + ends);
            if bytes + fields > RECORD_BYTES_MAX {
                self.line = self.record_line;
                let error =
                    format!("a record is longer than {LINE_BYTES_MAX} bytes; is there a quote that never ends?");
                return Err(std::io::Error::other(error));
            }
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.unquoted.resize(2 * bytes, 0),
                ReadRecordResult::OutputEndsFull => self.bounds.resize(2 * self.bounds.len(), 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(false),
            }
        }
        (self.fields, self.gap) = (fields, 0);
        let used = self.marks[BEFORE..self.count].partition_point(|mark| (*mark as usize) < self.from);
        self.next = BEFORE + used;
        self.marked = self.marked.max(self.from);
        Ok(true)
    }
}
