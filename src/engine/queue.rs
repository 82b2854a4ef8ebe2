//! The event queue: the earliest first, and equal times in the order in which they were pushed.

use crate::model::Time;

/// Bits of a key that hold the place of the payload; the bits above hold the serial number.
const SLOT_BITS: u32 = 28;

/// What the heap orders: the time, then the serial number, with the payload's place below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Rank {
    time: Time,
    order: u64,
}

/// A four-ary heap of small ranks; payloads stay where they are put. Four children share a cache line, so that a level
/// costs one miss.
#[derive(Debug)]
pub struct Queue<T> {
    heap: Vec<Rank>,
    payloads: Vec<Option<T>>,
    free: Vec<u32>,
    serial: u64,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue { heap: Vec::new(), payloads: Vec::new(), free: Vec::new(), serial: 0 }
    }
}

impl<T> Queue<T> {
    /// How many events wait.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Forgets all events and starts the serial numbers anew.
    pub fn clear(&mut self) {
        self.heap.clear();
        self.payloads.clear();
        self.free.clear();
        self.serial = 0;
    }

    /// Puts an event in.
    #[inline]
    pub fn push(&mut self, time: Time, payload: T) {
        let slot = if let Some(slot) = self.free.pop() {
            self.payloads[slot as usize] = Some(payload);
            slot
        } else {
            self.payloads.push(Some(payload));
            (self.payloads.len() - 1) as u32
        };
        debug_assert!(slot < 1 << SLOT_BITS, "more events wait than the rank can name");
        let rank = Rank { time, order: self.serial << SLOT_BITS | u64::from(slot) };
        self.serial += 1;
        self.heap.push(rank);
        self.rise(self.heap.len() - 1, rank);
    }

    /// Takes the earliest event out.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, T)> {
        let first = *self.heap.first()?;
        let last = self.heap.pop()?;
        if !self.heap.is_empty() {
            self.sink(last);
        }
        let slot = (first.order & ((1 << SLOT_BITS) - 1)) as u32;
        self.free.push(slot);
        let payload = self.payloads[slot as usize].take()?;
        Some((first.time, payload))
    }

    fn rise(&mut self, mut place: usize, rank: Rank) {
        while place > 0 {
            let parent = (place - 1) / 4;
            if self.heap[parent] < rank {
                break;
            }
            self.heap[place] = self.heap[parent];
            place = parent;
        }
        self.heap[place] = rank;
    }

    /// Puts `rank` where the first was, and lets it sink.
    fn sink(&mut self, rank: Rank) {
        let len = self.heap.len();
        let mut place = 0;
        loop {
            let child = 4 * place + 1;
            if child >= len {
                break;
            }
            let mut least = child;
            for other in child + 1..(child + 4).min(len) {
                if self.heap[other] < self.heap[least] {
                    least = other;
                }
            }
            if rank < self.heap[least] {
                break;
            }
            self.heap[place] = self.heap[least];
            place = least;
        }
        self.heap[place] = rank;
    }
}
