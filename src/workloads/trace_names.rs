//! The keys of a trace by their names, and its clients: each is numbered when its first row comes.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::trace_fields::{text_number, words};
use super::trace_memory::Large;
use super::trace_plain::{PlainName, PlainRow};
use super::values::KEY_BYTES;

/// The clients of a trace, numbered as they come.
#[derive(Debug, Default)]
pub struct Clients {
    /// By the number that a name makes; looked up, never iterated.
    known: HashMap<u64, u32, FxBuildHasher>,
    names: Vec<u64>,
}

impl Clients {
    /// The number of a client, given the number that its name makes.
    #[inline]
    pub fn number(&mut self, name: u64) -> u32 {
        let fresh = self.names.len() as u32;
        let number = *self.known.entry(name).or_insert(fresh);
        if number == fresh {
            self.names.push(name);
        }
        number
    }

    /// By number: what their names make.
    pub fn names(&self) -> &[u64] {
        &self.names
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.known.clear();
        self.names.clear();
    }
}

/// What is made of the keys of a trace's rows.
pub trait Keys {
    type Key: Copy;

    /// The key of a name, which is the first bytes of these; `None` if the name is no text.
    fn named(&mut self, bytes: &[u8], length: usize) -> Option<Self::Key>;

    /// The key of all rows, of a trace without keys.
    fn unnamed(&mut self) -> Self::Key;
}

/// Nothing, but that they are text.
#[derive(Clone, Copy, Debug)]
pub struct Unread;

impl Keys for Unread {
    type Key = ();

    #[inline(always)]
    fn named(&mut self, bytes: &[u8], length: usize) -> Option<()> {
        match words(bytes, length) {
            Some([low, high]) if (low | high) & 0x8080_8080_8080_8080 == 0 => Some(()),
            _ => std::str::from_utf8(&bytes[..length]).ok().map(|_| ()),
        }
    }

    fn unnamed(&mut self) {}
}

/// The numbers that their names make.
#[derive(Clone, Copy, Debug)]
pub struct Numbers;

impl Keys for Numbers {
    type Key = u64;

    fn named(&mut self, bytes: &[u8], length: usize) -> Option<u64> {
        text_number(&bytes[..length])
    }

    fn unnamed(&mut self) -> u64 {
        UNNAMED
    }
}

/// The number of the only key of a trace without keys.
const UNNAMED: u64 = 0;

/// The keys so far.
#[derive(Debug, Default)]
pub struct Names {
    /// One more than the keys of names, each near the place where its name is looked for first: a power of two of places,
    /// some of which are free. Few bytes, so that most of it stays in a cache.
    places: Large<u32>,
    /// Behind one that is nothing the names of keys, short ones as they are written and long ones by what tells them apart:
    /// keys that came early are asked for often, and lie together.
    kept: Large<[u64; 2]>,
    numbers: Large<u64>,
    /// How many bytes each key's name has.
    lengths: Vec<u16>,
}

/// No name is kept so.
const NOTHING: [u64; 2] = [0; 2];
/// So many rows at most are looked up together.
pub const TOGETHER: usize = 256;
const PLACES_MIN: usize = 1 << 10;

impl Names {
    /// Without any.
    pub fn new() -> Names {
        let mut names = Names::default();
        names.clear();
        names
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.places.clear();
        self.places.resize(PLACES_MIN);
        self.kept.clear();
        self.kept.push(NOTHING);
        self.numbers.clear();
        self.lengths.clear();
    }

    fn add(&mut self, number: u64, bytes: usize, kept: [u64; 2]) -> u32 {
        self.kept.push(kept);
        self.numbers.push(number);
        self.lengths.push(bytes.min(usize::from(u16::MAX)) as u16);
        self.numbers.len() as u32 - 1
    }

    /// The key of a name, given the bytes in which it is if it is a long one; `None` if it is no text.
    #[inline]
    fn by_name(&mut self, name: PlainName, bytes: &[u8]) -> Option<u32> {
        let mut place = place(kept(name), self.places.len());
        loop {
            let found = self.places[place];
            if self.kept[found as usize] == kept(name) {
                return Some(found - 1);
            }
            if found == 0 {
                return self.fresh(name, bytes);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
    }

    /// A key for a name that has none yet, if it is text.
    #[inline(never)]
    fn fresh(&mut self, name: PlainName, bytes: &[u8]) -> Option<u32> {
        let (number, length) = name.with_text(bytes, |text| text_number(text).map(|number| (number, text.len())))?;
        if 2 * self.numbers.len() >= self.places.len() {
            self.grow();
        }
        let key = self.add(number, length, kept(name));
        self.put(kept(name), key);
        Some(key)
    }

    #[cold]
    fn grow(&mut self) {
        let places = 2 * self.places.len();
        self.places.clear();
        self.places.resize(places);
        // Keys that came early get the places where they are looked for first.
        for key in 0..self.numbers.len() {
            self.put(self.kept[key + 1], key as u32);
        }
    }

    fn put(&mut self, kept: [u64; 2], key: u32) {
        let mut place = place(kept, self.places.len());
        while self.places[place] != 0 {
            place = (place + 1) & (self.places.len() - 1);
        }
        self.places[place] = key + 1;
    }

    /// The keys of rows that were read together, given the bytes of their long names: the ways into the table overlap. They
    /// are those that one row after the other would get. No more than [`TOGETHER`].
    #[inline(never)]
    pub fn find(&mut self, rows: &[PlainRow], bytes: &[u8], keys: &mut [u32]) {
        let (places, all) = (&self.places[..], &self.kept[..]);
        let last = places.len() - 1;
        // First all places at once, and then all names there, without a question that would have to wait for an answer; and
        // nothing else in between, so that as many are on their way as there can be.
        for (row, there) in rows.iter().zip(&mut *keys) {
            *there = place(kept(row.name), last + 1) as u32;
        }
        for there in &mut *keys {
            *there = places[*there as usize & last];
        }
        let names = keys.iter().fold(0, |bits, there| bits ^ all[*there as usize][0]);
        std::hint::black_box(names);
        let mut others = [0; TOGETHER];
        let mut count = 0;
        for (number, (row, key)) in rows.iter().zip(&mut *keys).enumerate() {
            let ([low, high], name) = (all[*key as usize], kept(row.name));
            let other = (low != name[0]) | (high != name[1]);
            *key = key.wrapping_sub(1);
            others[count % TOGETHER] = number as u16;
            count += usize::from(other);
        }
        for other in &others[..count] {
            let number = usize::from(*other);
            keys[number] = self.by_name(rows[number].name, bytes).expect("only what is text is read so");
        }
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The number that a key's name makes.
    pub fn number(&self, key: u32) -> u64 {
        self.numbers[key as usize]
    }

    /// How many bytes a key's name has, up to what 16 bits hold.
    pub fn bytes(&self, key: u32) -> u16 {
        self.lengths[key as usize]
    }
}

impl Keys for Names {
    type Key = u32;

    #[inline]
    fn named(&mut self, bytes: &[u8], length: usize) -> Option<u32> {
        let name = short(bytes, length).unwrap_or_else(|| PlainName::long(bytes, 0, length));
        self.by_name(name, bytes)
    }

    fn unnamed(&mut self) -> u32 {
        if self.numbers.is_empty() {
            self.add(UNNAMED, KEY_BYTES.into(), NOTHING);
        }
        0
    }
}

/// A name as the table has it.
#[inline(always)]
fn kept(name: PlainName) -> [u64; 2] {
    [name.low, name.high.into()]
}

/// A name as a short one, if it is; nothing but its length decides.
#[inline(always)]
fn short(bytes: &[u8], length: usize) -> Option<PlainName> {
    if !(1..=PlainName::SHORT_BYTES).contains(&length) {
        return None;
    }
    let words = words(bytes, length).unwrap_or_else(|| at_the_end(&bytes[..length]));
    Some(PlainName::short(words, length))
}

/// The same as [`words`] of bytes with nothing behind them.
#[cold]
fn at_the_end(bytes: &[u8]) -> [u64; 2] {
    let mut all = [0; 16];
    all[..bytes.len()].copy_from_slice(bytes);
    let all = u128::from_le_bytes(all);
    [all as u64, (all >> 64) as u64]
}

/// Where among so many places a name is looked for first.
#[inline(always)]
fn place([low, high]: [u64; 2], places: usize) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (low.wrapping_mul(ODD).rotate_left(32) ^ high).wrapping_mul(ODD);
    (mixed >> 32) as usize & (places - 1)
}
