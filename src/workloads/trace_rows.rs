//! The rows of a trace in memory, in the order of their keys: for whoever replays one key after another.
//!
//! They are read once for all stores and replications: what differs between these, the place or the operation of a row that
//! names none, is left open. Rows are put in order a block at a time, which fits into a cache, and one key's rows of all
//! blocks are put together when they are asked for.

use crate::model::{Location, Time};

use super::config::TraceOperation;
use super::trace_beside::{Beside, Columns, Says, Slices};
use super::trace_memory::Large;
use super::trace_plain::PlainRow;

/// A trace of more rows is replayed stretch by stretch: so many take 34 MB, and 12 bytes more for each key.
pub const ROWS_MAX: usize = BLOCKS_MAX << NUMBER_BITS;
/// A key keeps a bit for each block.
const BLOCKS_MAX: usize = u32::BITS as usize;
const NUMBER_BITS: u32 = 16;
/// So many rows are put in order at once.
const BLOCK: usize = 1 << NUMBER_BITS;

/// A longer step of time than this is looked up.
const STEP_MAX: u64 = u32::MAX as u64;
/// Of a row's first word, below its time: what it does, and whether it is its key's last in the block.
const LAST: u64 = 4;
const TIME_SHIFT: u32 = 3;

/// All rows of a trace up to the end of the run, or a stretch of them.
#[derive(Debug, Default)]
pub struct Rows {
    count: usize,
    /// By key, in the order of their first rows: the number that the key's name makes, and a bit for each block that has rows
    /// of it.
    names: Large<u64>,
    within: Large<u32>,
    /// By key: how many bytes its name has, where sizes are stated.
    lengths: Large<u16>,
    blocks: Vec<Block>,
    /// One block after the other; each but the last is full.
    sorted: Large<Packed>,
    /// What each of them says beside.
    beside: Columns,
    /// By number: what the names of the clients make.
    clients: Large<u64>,
}

/// So many rows, one key after another.
#[derive(Debug, Default)]
struct Block {
    /// When the first of them is, and its number among all rows.
    start: Time,
    number: u32,
    /// How many keys have rows in it or before.
    keys: usize,
    /// By number in the block, when the row before was, where that is longer ago than a packed row says.
    long_steps: Vec<(u16, Time)>,
}

/// A row in as few bytes as it can be, since all of them go through memory: its time, [`LAST`] and what it does; then, from
/// the last bit on, its number in the block, its location, and how much later it is than the row before.
type Packed = [u64; 2];

/// A row, whatever its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyRow {
    pub at: Time,
    /// When the row before it was, of whatever key.
    pub before: Time,
    /// Among all rows, from zero.
    pub number: u32,
    location: u16,
    what: u8,
    pub beside: Beside,
}

impl KeyRow {
    /// What it asks for; `None` if it does not say.
    #[inline(always)]
    pub fn operation(&self) -> Option<TraceOperation> {
        PlainRow::operation(self.what)
    }

    /// Where; `None` if it does not say.
    #[inline(always)]
    pub fn location(&self) -> Option<Location> {
        PlainRow::location(self.location)
    }
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many keys they have.
    pub fn keys(&self) -> usize {
        self.names.len()
    }

    /// The number that the name of a key makes.
    #[inline]
    pub fn name(&self, key: u32) -> u64 {
        self.names[key as usize]
    }

    /// The same, and how many bytes the name has where sizes are stated.
    #[inline]
    pub fn name_and_length(&self, key: u32) -> (u64, u16) {
        (self.name(key), self.lengths.get(key as usize).copied().unwrap_or(0))
    }

    /// What they say beside, in the order of keys.
    pub fn beside(&self) -> Slices<'_> {
        self.beside.slices()
    }

    /// Whether rows may have clients, TTLs or sizes.
    pub fn say_more(&self) -> bool {
        !self.beside.is_empty()
    }

    /// By number: what the names of the clients make.
    pub fn clients(&self) -> &[u64] {
        &self.clients
    }

    /// When one of them is, by its place in the order in which they were read.
    pub fn at(&self, place: usize) -> Option<Time> {
        let (block, place) = (place / BLOCK, place % BLOCK);
        let rows = self.sorted.chunks(BLOCK).nth(block)?;
        rows.iter().find(|[_, rest]| usize::from(*rest as u16) == place).map(|[first, _]| Time(first >> TIME_SHIFT))
    }

    /// One key after another.
    pub fn by_key(&self) -> ByKey<'_> {
        self.by_key_before(Time::NEVER)
    }

    /// The same, perhaps without rows that are not before that time.
    pub fn by_key_before(&self, until: Time) -> ByKey<'_> {
        let blocks = self.blocks.partition_point(|block| block.start < until);
        let which = (1_u64 << blocks) - 1;
        let keys = blocks.checked_sub(1).map_or(0, |last| self.blocks[last].keys);
        let (within, sorted) = (&self.within[..keys], &self.sorted[..]);
        let next = (0..blocks).map(|number| number * BLOCK).collect();
        ByKey { rows: self, within, sorted, which: which as u32, next, key: 0 }
    }
}

/// One key after another, on the way through them.
#[derive(Debug)]
pub struct ByKey<'a> {
    rows: &'a Rows,
    /// By key, a bit for each block that has rows of it, as far as there are keys; and one for each that is looked into.
    within: &'a [u32],
    which: u32,
    sorted: &'a [Packed],
    /// By block, where the next key begins.
    next: Vec<usize>,
    key: usize,
}

/// Rows of one key that lie together, in their order: all that it has in a block, or some of these.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    rows: &'a [Packed],
    /// The place of the first of them among all rows in the order of keys.
    from: usize,
    block: &'a Block,
}

impl<'a> Run<'a> {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// When the first of them is.
    #[inline]
    pub fn start(&self) -> Option<Time> {
        self.rows.first().map(|[first, _]| Time(first >> TIME_SHIFT))
    }

    /// Those of them that are before a time.
    pub fn before(self, until: Time) -> Run<'a> {
        let rows = self.rows.partition_point(|[first, _]| Time(first >> TIME_SHIFT) < until);
        Run { rows: &self.rows[..rows], ..self }
    }

    /// Takes so many of the first away, if there are so many.
    #[inline]
    pub fn split_off(&mut self, most: usize) -> Run<'a> {
        let (rows, rest) = self.rows.split_at(most.min(self.rows.len()));
        let from = self.from;
        (self.rows, self.from) = (rest, from + rows.len());
        Run { rows, from, block: self.block }
    }

    /// What they say, given what all rows say beside.
    #[inline(always)]
    pub fn each(self, beside: Slices<'a>) -> impl Iterator<Item = KeyRow> + use<'a> {
        self.rows.iter().enumerate().map(move |(place, packed)| self.block.row(*packed, beside.of(self.from + place)))
    }

    /// The same of those that do not say that they read.
    #[inline(always)]
    pub fn each_but_reads(self, beside: Slices<'a>) -> impl Iterator<Item = KeyRow> + use<'a> {
        let but_reads =
            |(_, [first, _]): &(usize, &Packed)| PlainRow::operation(what(*first)) != Some(TraceOperation::Get);
        let rows = self.rows.iter().enumerate().filter(but_reads);
        rows.map(move |(place, packed)| self.block.row(*packed, beside.of(self.from + place)))
    }
}

impl<'a> ByKey<'a> {
    /// Gives the rows of the next key, where they lie; says its number, or `None` after the last. Keys that are not wanted or
    /// have no rows are left out.
    #[inline]
    pub fn next_runs(&mut self, wanted: impl Fn(u32) -> bool, mut take: impl FnMut(Run<'a>)) -> Option<u32> {
        loop {
            let key = self.key as u32;
            let mut blocks = self.within.get(self.key)? & self.which;
            self.key += 1;
            let (wanted, any) = (wanted(key), blocks != 0);
            while blocks != 0 {
                let number = blocks.trailing_zeros() as usize;
                blocks &= blocks - 1;
                let (block, next) = (&self.rows.blocks[number], &mut self.next[number]);
                let rest = &self.sorted[*next..];
                let count = 1 + rest.iter().position(|packed| packed[0] & LAST != 0).expect("each key has a last row");
                if wanted {
                    take(Run { rows: &rest[..count], from: *next, block });
                }
                *next += count;
            }
            if wanted && any {
                return Some(key);
            }
        }
    }
}

#[inline(always)]
fn what(first: u64) -> u8 {
    first as u8 & 3
}

impl Block {
    #[inline(always)]
    fn row(&self, [first, rest]: Packed, beside: Beside) -> KeyRow {
        let (at, number) = (Time(first >> TIME_SHIFT), rest as u16);
        let before = match rest >> 32 {
            STEP_MAX => self.before(number),
            step => Time(at.0 - step),
        };
        let number = self.number + u32::from(number);
        KeyRow { at, before, number, location: (rest >> NUMBER_BITS) as u16, what: what(first), beside }
    }

    #[cold]
    fn before(&self, number: u16) -> Time {
        let place = self.long_steps.partition_point(|(row, _)| *row < number);
        self.long_steps[place].1
    }
}

/// What names make, and how long they are, as [`Rows`] has it.
#[derive(Debug, Default)]
pub(super) struct OfNames {
    pub names: Large<u64>,
    pub lengths: Large<u16>,
    pub clients: Large<u64>,
}

/// Puts rows in the order of their keys as they are read; those of one key stay in their order.
#[derive(Debug)]
pub(super) struct Sorter {
    /// How many rows there are so far, and when the last one is.
    pub count: usize,
    pub last: Time,
    /// How many may be put in order together, and how many of them are there.
    most: usize,
    together: usize,
    within: Large<u32>,
    blocks: Vec<Block>,
    sorted: Large<Packed>,
    says: Says,
    beside: Columns,
    /// How many rows the block has so far, and when the first of them is.
    taken: usize,
    start: Time,
    /// The block as it was read, and the keys of its rows; what is behind them is of the block before.
    rows: Large<Packed>,
    keys: Vec<u32>,
    /// What its rows say beside.
    beside_of_block: Columns,
    long_steps: Vec<(u16, Time)>,
    /// By key: how many rows it has in this block; and a bit for each key that has any.
    counts: Large<u32>,
    present: Vec<u64>,
}

impl Sorter {
    /// For so many rows at most that are put in order together.
    pub fn new(most: usize, says: Says) -> Sorter {
        Sorter {
            count: 0,
            last: Time::START,
            most,
            together: 0,
            within: Large::default(),
            blocks: Vec::new(),
            sorted: Large::default(),
            says,
            beside: Columns::default(),
            taken: 0,
            start: Time::START,
            rows: Large::zeros(BLOCK),
            keys: vec![0; BLOCK],
            beside_of_block: Columns::zeros(says, BLOCK),
            long_steps: Vec::new(),
            counts: Large::default(),
            present: Vec::new(),
        }
    }

    /// Begins to put rows in order, in the memory of others; gives back what those say of names.
    pub fn begin(&mut self, done: Rows) -> OfNames {
        let Rows { names, lengths, mut within, mut blocks, mut sorted, mut beside, clients, .. } = done;
        within.fill(0);
        blocks.clear();
        sorted.clear();
        beside.clear();
        (self.within, self.blocks, self.sorted, self.beside, self.together) = (within, blocks, sorted, beside, 0);
        OfNames { names, lengths, clients }
    }

    /// The rows that were taken since, given the names of all keys that have rows, and those of their clients.
    pub fn end(&mut self, OfNames { names, lengths, clients }: OfNames) -> Rows {
        self.put_in_order(names.len());
        let (within, blocks) = (std::mem::take(&mut self.within), std::mem::take(&mut self.blocks));
        let (sorted, beside) = (std::mem::take(&mut self.sorted), std::mem::take(&mut self.beside));
        Rows { count: self.together, names, lengths, within, blocks, sorted, beside, clients }
    }

    /// What rows say beside.
    pub fn says(&self) -> Says {
        self.says
    }

    /// How many rows can be taken at once.
    pub fn room(&self) -> usize {
        (BLOCK - self.taken).min(self.most - self.together)
    }

    /// Where the keys belong of the rows that are taken next.
    pub fn keys_to_come(&mut self, rows: usize) -> &mut [u32] {
        &mut self.keys[self.taken..self.taken + rows]
    }

    /// What the rows say beside that are taken next, each by its number among them; `None` where one of them does not say what it
    /// must.
    #[inline]
    pub fn say(&mut self, rows: usize, say: impl FnMut(usize) -> Option<Beside>) -> Option<()> {
        self.beside_of_block.set(self.taken, rows, say)
    }

    /// Takes rows whose keys are there, given how many keys there are so far.
    #[inline(never)]
    pub fn take(&mut self, rows: &[PlainRow], known: usize) {
        if self.taken == 0 {
            self.start = rows[0].at;
        }
        let (mut number, mut last) = (self.taken as u64, self.last);
        for (packed, row) in self.rows[self.taken..].iter_mut().zip(rows) {
            let step = row.at.since(last).0.min(STEP_MAX);
            if step == STEP_MAX {
                self.long_steps.push((number as u16, last));
            }
            let first = row.at.0 << TIME_SHIFT | u64::from(row.what);
            *packed = [first, step << 32 | u64::from(row.location) << NUMBER_BITS | number];
            last = row.at;
            number += 1;
        }
        (self.last, self.taken) = (last, self.taken + rows.len());
        (self.count, self.together) = (self.count + rows.len(), self.together + rows.len());
        if self.taken == BLOCK {
            self.put_in_order(known);
        }
    }

    /// Puts the block in order, given how many keys there are so far.
    #[inline(never)]
    fn put_in_order(&mut self, known: usize) {
        if self.taken == 0 {
            return;
        }
        let number = self.taken;
        let (rows, keys) = (&self.rows[..number], &self.keys[..number]);
        self.counts.resize(known);
        self.within.resize(known);
        self.present.resize(known.div_ceil(64), 0);
        let (counts, present, within) = (&mut self.counts[..], &mut self.present[..], &mut self.within[..]);
        for key in keys {
            counts[*key as usize] += 1;
            present[*key as usize / 64] |= 1 << (key % 64);
        }
        let bit = 1_u32.checked_shl(self.blocks.len() as u32).unwrap_or(0);
        let mut end = 0;
        for key in each_bit(present) {
            within[key] |= bit;
            end += std::mem::replace(&mut counts[key], end);
        }
        let from = self.blocks.len() * BLOCK;
        if number == BLOCK {
            self.sorted.reserve(self.most);
        }
        self.sorted.lengthen(from + number);
        let sorted = &mut self.sorted[from..];
        if self.beside_of_block.is_empty() {
            for (key, row) in keys.iter().zip(rows) {
                let place = &mut counts[*key as usize];
                sorted[*place as usize] = *row;
                *place += 1;
            }
        } else {
            self.beside.lengthen(self.says, from + number);
            let places = keys.iter().zip(rows).map(|(key, row)| {
                let next = &mut counts[*key as usize];
                let place = *next as usize;
                *next += 1;
                sorted[place] = *row;
                place
            });
            self.beside.place(from, &self.beside_of_block, places);
        }
        for key in each_bit(present) {
            sorted[std::mem::take(&mut counts[key]) as usize - 1][0] |= LAST;
        }
        present.fill(0);
        self.taken = 0;
        let long_steps = std::mem::take(&mut self.long_steps);
        self.blocks.push(Block { start: self.start, number: (self.count - number) as u32, keys: known, long_steps });
    }
}

/// The places of all bits that are set, in their order.
fn each_bit(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(number, word)| {
        let mut left = *word;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(64 * number + bit)
        })
    })
}
