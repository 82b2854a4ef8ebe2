//! The keys of a trace by their names: each is numbered when its first row comes.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::trace_fields::{name_number, words};
use super::trace_plain::{PlainName, PlainRow};
use super::values::KEY_BYTES;

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

/// The number that a name makes, if it is text.
pub fn text_number(name: &[u8]) -> Option<u64> {
    let (number, ascii) = name_number(name);
    (ascii || std::str::from_utf8(name).is_ok()).then_some(number)
}

/// The keys so far.
#[derive(Debug, Default)]
pub struct Names {
    /// Of long names, by the number that a name makes; looked up, never iterated.
    known: HashMap<u64, u32, FxBuildHasher>,
    /// Short names as they are written: a power of two of places, some of which are free.
    short: Vec<Short>,
    taken: usize,
    numbers: Vec<u64>,
    /// How many bytes each key's name has.
    lengths: Vec<u16>,
}

/// A name of few bytes, and its key: four of them lie on a line of a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Short {
    name: PlainName,
    key: u32,
}

/// No name that is put there is empty.
const NOTHING: Short = Short { name: PlainName { low: 0, high: 0 }, key: 0 };
/// No key has this number.
const UNKNOWN: u32 = u32::MAX;
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
        self.known.clear();
        self.short.clear();
        self.short.resize(PLACES_MIN, NOTHING);
        self.taken = 0;
        self.numbers.clear();
        self.lengths.clear();
    }

    /// The key of a name that is long.
    #[inline(never)]
    fn by_number(&mut self, name: &[u8]) -> Option<u32> {
        let number = text_number(name)?;
        Some(self.numbered(number, name.len()))
    }

    /// The key of a number.
    fn numbered(&mut self, number: u64, bytes: usize) -> u32 {
        let fresh = self.numbers.len() as u32;
        let key = *self.known.entry(number).or_insert(fresh);
        if key == fresh {
            self.add(number, bytes);
        }
        key
    }

    fn add(&mut self, number: u64, bytes: usize) -> u32 {
        self.numbers.push(number);
        self.lengths.push(bytes.min(usize::from(u16::MAX)) as u16);
        self.numbers.len() as u32 - 1
    }

    /// The key of a short name, given the place where it is looked for first.
    #[inline]
    fn by_name(&mut self, name: PlainName, mut place: usize) -> Option<u32> {
        loop {
            let found = self.short[place];
            if found.name == name {
                return Some(found.key);
            }
            if found == NOTHING {
                return self.fresh(name);
            }
            place = (place + 1) & (self.short.len() - 1);
        }
    }

    /// A key for a short name that has none yet, if it is text.
    #[inline(never)]
    fn fresh(&mut self, name: PlainName) -> Option<u32> {
        let bytes = (u128::from(name.low) | u128::from(name.high) << 64).to_le_bytes();
        let length = (name.high >> 24) as usize;
        let number = text_number(&bytes[..length])?;
        let key = self.add(number, length);
        if 4 * self.taken >= 3 * self.short.len() {
            self.grow();
        }
        self.taken += 1;
        self.put(Short { name, key });
        Some(key)
    }

    #[cold]
    fn grow(&mut self) {
        let places = 2 * self.short.len();
        let before = std::mem::replace(&mut self.short, vec![NOTHING; places]);
        // Keys that came early are asked for often: they get the places where they are looked for first.
        let mut in_order = vec![NOTHING; self.numbers.len()];
        before.into_iter().filter(|short| *short != NOTHING).for_each(|short| in_order[short.key as usize] = short);
        in_order.into_iter().filter(|short| *short != NOTHING).for_each(|short| self.put(short));
    }

    fn put(&mut self, short: Short) {
        let mut place = place(short.name, self.short.len());
        while self.short[place] != NOTHING {
            place = (place + 1) & (self.short.len() - 1);
        }
        self.short[place] = short;
    }

    /// The keys of rows that were read together, given the bytes of their long names: the ways into the table overlap. They
    /// are those that one row after the other would get.
    #[inline(never)]
    pub fn find(&mut self, rows: &[PlainRow], bytes: &[u8], keys: &mut [u32]) {
        let last = self.short.len() - 1;
        // First all places at once, without a question that would have to wait for an answer.
        for (row, key) in rows.iter().zip(&mut *keys) {
            let there = self.short[place(row.name, last + 1) & last];
            *key = if there.name == row.name { there.key } else { UNKNOWN };
        }
        for (PlainRow { name, .. }, key) in rows.iter().zip(keys) {
            if *key == UNKNOWN {
                *key = self.find_one(*name, bytes);
            }
        }
    }

    fn find_one(&mut self, name: PlainName, bytes: &[u8]) -> u32 {
        let key = if name.high < PlainName::LONG {
            // The table may have grown since.
            self.by_name(name, place(name, self.short.len()))
        } else {
            self.by_number(&bytes[name.low as usize..][..(name.high - PlainName::LONG) as usize])
        };
        key.expect("only what is text is read so")
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The numbers that the names of all keys make.
    pub fn into_numbers(self) -> Vec<u64> {
        self.numbers
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
        match short(bytes, length) {
            Some(name) => self.by_name(name, place(name, self.short.len())),
            None => self.by_number(&bytes[..length]),
        }
    }

    fn unnamed(&mut self) -> u32 {
        self.numbered(UNNAMED, KEY_BYTES.into())
    }
}

/// A name as a short one, if it is; nothing but its length decides.
#[inline(always)]
fn short(bytes: &[u8], length: usize) -> Option<PlainName> {
    if !(1..=PlainName::SHORT_BYTES).contains(&length) {
        return None;
    }
    let [low, high] = match words(bytes, length) {
        Some(words) => words,
        None => at_the_end(&bytes[..length]),
    };
    Some(PlainName { low, high: high as u32 | (length as u32) << 24 })
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
fn place(name: PlainName, places: usize) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (name.low.wrapping_mul(ODD).rotate_left(32) ^ u64::from(name.high)).wrapping_mul(ODD);
    (mixed >> 32) as usize & (places - 1)
}
