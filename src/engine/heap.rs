//! The part of the event queue that is ordered: a four-ary heap of small ranks, and beside it those that came together, sorted.

/// Bits of a rank that hold the place of the payload; the bits above hold the serial number, and above it the time. One
/// number, so that comparing needs no branch: which of two events is earlier is what no processor can guess.
const SLOT_BITS: u32 = 28;

/// What is ordered: an event's time, then its serial number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Rank(u128);

impl Rank {
    /// None, later than all.
    pub const NONE: Rank = Rank(u128::MAX);

    #[inline]
    pub fn new(time: u64, serial: u64, slot: u32) -> Rank {
        debug_assert!(slot < 1 << SLOT_BITS, "more events wait than the rank can name");
        Rank(u128::from(time) << 64 | u128::from(serial << SLOT_BITS | u64::from(slot)))
    }

    #[inline]
    pub fn time(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// Where the payload is.
    #[inline]
    pub fn slot(self) -> u32 {
        self.0 as u32 & ((1 << SLOT_BITS) - 1)
    }
}

/// A four-ary heap. Four ranks share a cache line, so that a level costs one miss. Who is taken in together with others is sorted
/// with these instead, unless more come one by one: then each time it would have to be guessed who is next.
#[derive(Debug, Default)]
pub(super) struct Heap {
    ranks: Vec<Rank>,
    /// Those that came together, the least last, where few others come between them: they are in no heap.
    sorted: Vec<Rank>,
    /// How many came one by one since then.
    came: usize,
}

impl Heap {
    #[inline]
    pub fn len(&self) -> usize {
        self.ranks.len() + self.sorted.len()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty() && self.sorted.is_empty()
    }

    pub fn clear(&mut self) {
        self.ranks.clear();
        self.sorted.clear();
        self.came = 0;
    }

    /// The least rank, or [`Rank::NONE`].
    #[inline]
    pub fn first(&self) -> Rank {
        let of_heap = self.of_heap();
        self.sorted.last().map_or(of_heap, |rank| of_heap.min(*rank))
    }

    #[inline]
    fn of_heap(&self) -> Rank {
        self.ranks.first().copied().unwrap_or(Rank::NONE)
    }

    /// Puts a rank in.
    #[inline]
    pub fn push(&mut self, rank: Rank) {
        self.came += 1;
        self.ranks.push(rank);
        let place = self.ranks.len() - 1;
        lift(&mut self.ranks, 0, place, rank);
    }

    /// Empties the list into the heap, which is empty.
    pub fn take_in(&mut self, ranks: &mut Vec<Rank>) {
        debug_assert!(self.is_empty(), "others are taken in when all are gone");
        if std::mem::take(&mut self.came) > ranks.len() {
            self.ranks.append(ranks);
            for place in (0..self.ranks.len().div_ceil(4)).rev() {
                sink(&mut self.ranks, place);
            }
        } else {
            self.sorted.append(ranks);
            self.sorted.sort_unstable_by(|one, other| other.cmp(one));
        }
    }

    /// Empties the heap into the list.
    pub fn move_to(&mut self, list: &mut Vec<Rank>) {
        list.append(&mut self.ranks);
        list.append(&mut self.sorted);
    }

    /// Takes the least rank out.
    #[inline]
    pub fn pop(&mut self) -> Option<Rank> {
        if let Some(rank) = self.sorted.last()
            && *rank < self.of_heap()
        {
            return self.sorted.pop();
        }
        let last = self.ranks.pop()?;
        let Some(first) = self.ranks.first_mut() else { return Some(last) };
        let least = std::mem::replace(first, last);
        sink(&mut self.ranks, 0);
        Some(least)
    }
}

/// Puts the rank into the hole at `place`, or higher.
#[inline]
fn lift(ranks: &mut [Rank], top: usize, mut place: usize, rank: Rank) {
    while place > top {
        let parent = (place - 1) / 4;
        if ranks[parent] < rank {
            break;
        }
        ranks[place] = ranks[parent];
        place = parent;
    }
    ranks[place] = rank;
}

/// The rank at `top` sinks to its place. It came from the bottom and nearly always goes back there: the hole is led to
/// the bottom first, with one comparison less on each level, and the rank rises from it.
#[inline]
fn sink(ranks: &mut [Rank], top: usize) {
    let rank = ranks[top];
    let mut place = top;
    loop {
        let child = 4 * place + 1;
        let least = if let Some([a, b, c, d]) = ranks.get(child..child + 4) {
            let (left, one) = if b < a { (b, 1) } else { (a, 0) };
            let (right, other) = if d < c { (d, 3) } else { (c, 2) };
            child + if right < left { other } else { one }
        } else if child < ranks.len() {
            let rest = ranks[child..].iter().enumerate();
            child + rest.min_by_key(|(_, rank)| **rank).map_or(0, |(at, _)| at)
        } else {
            break;
        };
        ranks[place] = ranks[least];
        place = least;
    }
    lift(ranks, top, place, rank);
}
