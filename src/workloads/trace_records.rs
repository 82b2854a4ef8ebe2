//! The records of a csv file: bytes divided into fields. Where no quote is near, every byte that may end a field is found
//! eight bytes at a time; a record with a quote in it goes to the reader of the `csv` crate.
//!
//! Both give the same records, and count lines alike: a line feed or a carriage return ends a record, an empty one is none,
//! and a line feed counts. A record's line is the one in which the search for it began.

use std::io::{Read, Result};

use super::trace_bytes::READ_BYTES;

/// So many bytes are searched at once for those that may end a field.
const WINDOW: usize = 4096;
/// What is searched is whole words; behind the bytes that were read there is room for the rest of the last one.
const WORD: usize = 8;

/// How far a record was divided.
enum Divided {
    Whole,
    /// There is a quote in it.
    Quoted,
    /// Up to the last byte that is marked.
    InPart,
}

/// A file on its way through.
pub struct Records {
    file: Box<dyn Read + Send>,
    ended: bool,
    /// The bytes at hand are those before `filled`; the next record starts at `from`.
    buffer: Vec<u8>,
    from: usize,
    filled: usize,
    /// Where the bytes are that may end a field, of a window that ends at `marked`; those before `next` are used.
    marks: Vec<u32>,
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
            buffer: vec![0; READ_BYTES + WORD],
            from: 0,
            filled: 0,
            marks: vec![0; WINDOW + WORD],
            count: 0,
            next: 0,
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
        if number >= self.fields {
            return None;
        }
        let [from, next] = *self.bounds.get(number..)?.first_chunk()?;
        let bytes = if self.gap == 1 { &self.buffer } else { &self.unquoted };
        bytes.get(from..next - self.gap)
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

    /// Marks the next window: what is no larger than a comma, since digits, letters and most signs are larger.
    fn mark(&mut self) {
        const LOW: u64 = 0x0101_0101_0101_0101;
        let (from, to) = (self.marked, (self.marked + WINDOW).min(self.filled));
        let end = from + (to - from).next_multiple_of(WORD);
        let mut count = 0;
        for (number, word) in self.buffer[from..end].as_chunks::<WORD>().0.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let above = (word & (LOW * 0x7f)) + LOW * (0x80 - u64::from(b',') - 1);
            let mut left = !(above | word) & (LOW * 0x80);
            let of_word: &mut [u32; WORD] = self.marks[count..].first_chunk_mut().expect("room for a word's");
            count += ((left >> 7).wrapping_mul(LOW) >> 56) as usize;
            let first = (from + WORD * number) as u32;
            // Nearly all words have two at most; where they have fewer, what is marked here is overwritten.
            for (n, mark) in of_word.iter_mut().enumerate() {
                if n > 1 && left == 0 {
                    break;
                }
                *mark = first + ((left | 1 << 63).trailing_zeros() >> 3);
                left &= left.wrapping_sub(1);
            }
        }
        while count > 0 && self.marks[count - 1] as usize >= to {
            count -= 1;
        }
        (self.marked, self.count, self.next) = (to, count, 0);
    }

    /// Reads on. What is left of the bytes at hand moves to the front, and is searched again.
    #[cold]
    fn refill(&mut self) -> Result<()> {
        self.buffer.copy_within(self.from..self.filled, 0);
        self.filled -= self.from;
        (self.from, self.marked, self.count, self.next) = (0, 0, 0, 0);
        let room = self.filled + READ_BYTES;
        if self.buffer.len() < room + WORD {
            self.buffer.resize(room + WORD, 0);
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
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => self.unquoted.resize(2 * bytes, 0),
                ReadRecordResult::OutputEndsFull => self.bounds.resize(2 * self.bounds.len(), 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(false),
            }
        }
        (self.fields, self.gap) = (fields, 0);
        let used = self.marks[..self.count].partition_point(|mark| (*mark as usize) < self.from);
        self.next = used;
        self.marked = self.marked.max(self.from);
        Ok(true)
    }
}
