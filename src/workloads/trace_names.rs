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

    #[inline]
    fn named(&mut self, bytes: &[u8], length: usize) -> Option<()> {
        std::str::from_utf8(&bytes[..length]).ok().map(|_| ())
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
    /// By the number that a name makes; looked up, never iterated.
    known: HashMap<u64, u32, FxBuildHasher>,
    /// Short names as they are written, which need no number: a power of two of places, some of which are free.
    short: Vec<Short>,
    taken: usize,
    numbers: Vec<u64>,
    /// How many bytes each key's name has.
    lengths: Vec<u16>,
}

/// A name of few bytes, and its key: four of them lie on a line of a cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Short {
    name: (u64, u32),
    key: u32,
}

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

    /// The key of a name that is long or new.
    #[inline(never)]
    fn by_number(&mut self, name: &[u8], short: Option<(u64, u32)>) -> Option<u32> {
        let key = self.numbered(text_number(name)?, name.len());
        if let Some(name) = short {
            self.keep(Short { name, key });
        }
        Some(key)
    }

    /// The key of a number.
    fn numbered(&mut self, number: u64, bytes: usize) -> u32 {
        let fresh = self.numbers.len() as u32;
        let key = *self.known.entry(number).or_insert(fresh);
        if key == fresh {
            self.numbers.push(number);
            self.lengths.push(bytes.min(usize::from(u16::MAX)) as u16);
        }
        key
    }

    fn keep(&mut self, short: Short) {
        if 4 * self.taken >= 3 * self.short.len() {
            let places = 2 * self.short.len();
            let before = std::mem::replace(&mut self.short, vec![NOTHING; places]);
            before.into_iter().filter(|short| *short != NOTHING).for_each(|short| self.put(short));
        }
        self.taken += 1;
        self.put(short);
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
        let fits = (1..=SHORT_BYTES).contains(&length);
        let words = if fits { words(bytes, length) } else { None };
        let short = words.map(|[low, high]| (low, high as u32 | (length as u32) << 24));
        if let Some(name) = short {
            let mut place = place(name, self.short.len());
            loop {
                let found = self.short[place];
                if found.name == name {
                    return Some(found.key);
                }
                if found == NOTHING {
                    break;
                }
                place = (place + 1) & (self.short.len() - 1);
            }
        }
        self.by_number(&bytes[..length], short)
    }

    fn unnamed(&mut self) -> u32 {
        self.numbered(UNNAMED, KEY_BYTES.into())
    }
}

/// Where among so many places a name is looked for first.
#[inline]
fn place(name: (u64, u32), places: usize) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mixed = (name.0.wrapping_mul(ODD).rotate_left(32) ^ u64::from(name.1)).wrapping_mul(ODD);
    (mixed >> 32) as usize & (places - 1)
}
