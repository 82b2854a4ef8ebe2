//! The keys of a trace by their names: each is numbered when its first row comes.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::trace_fields::{name_number, words};
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
    name: ShortName,
    key: u32,
}

/// A name of few bytes: its first eight, and then the others below how many there are.
type ShortName = (u64, u32);

/// A short name has so many bytes at most: as many as there is room for, and how many there are.
const SHORT_BYTES: usize = 11;
/// No name that is put there is empty.
const NOTHING: Short = Short { name: (0, 0), key: 0 };
const PLACES_MIN: usize = 1 << 10;

impl Names {
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
    fn by_name(&mut self, name: ShortName, mut place: usize) -> Option<u32> {
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
    fn fresh(&mut self, name: ShortName) -> Option<u32> {
        let bytes = (u128::from(name.0) | u128::from(name.1) << 64).to_le_bytes();
        let length = (name.1 >> 24) as usize;
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

/// Names of rows that are looked up together, so that the ways into the table overlap: a row's key is known when it is asked
/// for. The keys are those that [`Names`] gives to one row after the other.
#[derive(Debug, Default)]
pub struct Together {
    names: Names,
    /// The short names that wait, and the places where they are looked for first.
    waiting: Vec<ShortName>,
    places: Vec<usize>,
    /// The keys of the rows before them.
    found: Vec<u32>,
}

/// No key has this number.
const UNKNOWN: u32 = u32::MAX;

impl Together {
    /// Before any row.
    pub fn new() -> Together {
        let mut together = Together::default();
        together.names.clear();
        together
    }

    /// The keys of all rows since they were taken last.
    pub fn take(&mut self) -> std::vec::Drain<'_, u32> {
        self.find();
        self.found.drain(..)
    }

    #[inline(never)]
    fn find(&mut self) {
        let Together { names, waiting, places, found } = self;
        let last = names.short.len() - 1;
        places.clear();
        places.extend(waiting.iter().map(|name| place(*name, last + 1)));
        // First all places at once, without a question that would have to wait for an answer.
        let first = found.len();
        found.extend(waiting.iter().zip(&*places).map(|(name, place)| {
            let there = names.short[*place & last];
            if there.name == *name { there.key } else { UNKNOWN }
        }));
        for (name, key) in waiting.drain(..).zip(&mut found[first..]) {
            if *key == UNKNOWN {
                // The table may have grown since.
                let place = place(name, names.short.len());
                *key = names.by_name(name, place).expect("only what is text waits");
            }
        }
    }

    /// The numbers that the names of all keys make.
    pub fn into_numbers(self) -> Vec<u64> {
        self.names.numbers
    }
}

impl Keys for Together {
    type Key = ();

    #[inline(always)]
    fn named(&mut self, bytes: &[u8], length: usize) -> Option<()> {
        match short(bytes, length) {
            Some(name) if (name.0 | u64::from(name.1 & 0x00ff_ffff)) & 0x8080_8080_8080_8080 == 0 => {
                self.waiting.push(name);
                Some(())
            }
            _ => self.named_now(bytes, length),
        }
    }

    fn unnamed(&mut self) {
        self.find();
        self.found.push(self.names.unnamed());
    }
}

impl Together {
    #[cold]
    fn named_now(&mut self, bytes: &[u8], length: usize) -> Option<()> {
        // Keys are numbered in the order of rows.
        self.find();
        self.found.push(self.names.named(bytes, length)?);
        Some(())
    }
}

/// A name as a short one, if it is; nothing but its length decides.
#[inline(always)]
fn short(bytes: &[u8], length: usize) -> Option<ShortName> {
    if !(1..=SHORT_BYTES).contains(&length) {
        return None;
    }
    let [low, high] = match words(bytes, length) {
        Some(words) => words,
        None => at_the_end(&bytes[..length]),
    };
    Some((low, high as u32 | (length as u32) << 24))
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
fn place(name: ShortName, places: usize) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (name.0.wrapping_mul(ODD).rotate_left(32) ^ u64::from(name.1)).wrapping_mul(ODD);
    (mixed >> 32) as usize & (places - 1)
}
