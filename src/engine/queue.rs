//! The event queue: the earliest first, and equal times in the order in which they were pushed.
//!
//! A few events are kept in a heap. When they become many, only those of the next moments are; the others wait unsorted,
//! in buckets of equal time, and what is beyond the last bucket in a list that is not even divided. A bucket is ordered
//! when its time comes, so an event's rank is moved a fixed number of times however many wait, nearly always to or from
//! memory that is used in a row. Payloads stay where they are put.
//!
//! One event is beside the heap: of those that were pushed lately the earliest. Who is woken again and again, sooner than
//! all that waits, never goes through the heap.

use crate::model::Time;

use super::heap::{Heap, Rank};

/// More events than this are divided into buckets; a smaller heap is as fast as dividing.
const DIVIDE_ABOVE: usize = 256;
/// How many events a bucket should hold: few enough for a heap of two or three levels, and so many that the ends of all
/// buckets, where events are added, fit into a cache.
const BUCKET: usize = 64;
/// From so many of the far events, evenly taken, it is guessed how far the buckets should reach.
const SAMPLE: usize = 64;
/// Of those, the share that the buckets should take in. The rest is looked at again later, so it must be a part only,
/// or a few events of the distant future would be looked at again and again.
const REACHED: usize = SAMPLE * 3 / 4;

/// A queue of events that each happen at a time.
#[derive(Debug)]
pub struct Queue<T> {
    payloads: Vec<Option<T>>,
    free: Vec<u32>,
    serial: u64,
    /// The events up to and including `near_until`: one, or [`Rank::NONE`], and the others.
    ahead: Rank,
    near: Heap,
    near_until: u64,
    /// A larger heap is divided.
    near_max: usize,
    /// The events after it: bucket `n` holds the times from `base + (n << shift)` on. Of those that are used, those
    /// before `opened` are empty.
    buckets: Vec<Vec<Rank>>,
    opened: usize,
    used: usize,
    base: u64,
    shift: u32,
    /// The events after the last bucket.
    far: Vec<Rank>,
    /// The room of the far events that were divided last.
    spare: Vec<Rank>,
    /// How many are in buckets or far.
    later: usize,
}

impl<T> Default for Queue<T> {
    fn default() -> Queue<T> {
        Queue {
            payloads: Vec::new(),
            free: Vec::new(),
            serial: 0,
            ahead: Rank::NONE,
            near: Heap::default(),
            near_until: u64::MAX,
            near_max: DIVIDE_ABOVE,
            buckets: Vec::new(),
            opened: 0,
            used: 0,
            base: 0,
            shift: 0,
            far: Vec::new(),
            spare: Vec::new(),
            later: 0,
        }
    }
}

impl<T> Queue<T> {
    /// How many events wait.
    pub fn len(&self) -> usize {
        usize::from(self.ahead != Rank::NONE) + self.near.len() + self.later
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all events and starts the serial numbers anew.
    pub fn clear(&mut self) {
        self.payloads.clear();
        self.free.clear();
        self.serial = 0;
        self.ahead = Rank::NONE;
        self.near.clear();
        self.near_until = u64::MAX;
        self.near_max = DIVIDE_ABOVE;
        self.buckets[self.opened..self.used].iter_mut().for_each(Vec::clear);
        (self.opened, self.used) = (0, 0);
        self.far.clear();
        self.later = 0;
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
        let rank = Rank::new(time.0, self.serial, slot);
        self.serial += 1;
        if time.0 > self.near_until {
            self.push_later(rank);
            return;
        }
        let earlier = rank.min(self.ahead);
        let other = rank.max(self.ahead);
        self.ahead = earlier;
        if other != Rank::NONE {
            self.near.push(other);
            if self.near.len() > self.near_max {
                self.divide();
            }
        }
    }

    /// Takes the earliest event out.
    #[inline]
    pub fn pop(&mut self) -> Option<(Time, T)> {
        // What is later than all that is near need not be looked at.
        let first = if self.ahead < self.near.first() {
            std::mem::replace(&mut self.ahead, Rank::NONE)
        } else {
            if self.near.is_empty() && self.later > 0 {
                self.refill();
            }
            self.near.pop()?
        };
        self.free.push(first.slot());
        let payload = self.payloads[first.slot() as usize].take()?;
        Some((Time(first.time()), payload))
    }

    /// The time is after the heap's, so it is in no bucket that was opened.
    fn push_later(&mut self, rank: Rank) {
        self.later += 1;
        let bucket = ((rank.time() - self.base) >> self.shift) as usize;
        match self.buckets[..self.used].get_mut(bucket) {
            Some(bucket) => bucket.push(rank),
            None => self.far.push(rank),
        }
    }

    /// The heap is empty: takes in the next bucket that is not.
    #[cold]
    fn refill(&mut self) {
        while self.near.is_empty() {
            if self.opened == self.used {
                self.spread();
                continue;
            }
            let bucket = &mut self.buckets[self.opened];
            self.later -= bucket.len();
            // All payloads of the bucket are looked at together, so that the memory fetches them together and not one
            // after the other when each has its turn.
            let payloads = bucket.iter().filter(|rank| self.payloads[rank.slot() as usize].is_some()).count();
            debug_assert_eq!(payloads, bucket.len(), "every event that waits has a payload");
            std::hint::black_box(payloads);
            self.near.take_in(bucket);
            self.opened += 1;
            let end = u128::from(self.base) + ((self.opened as u128) << self.shift);
            self.near_until = u64::try_from(end - 1).unwrap_or(u64::MAX);
        }
        // All is divided again only after so many more are near that it costs each of them little.
        self.near_max = (2 * self.near.len()).max(DIVIDE_ABOVE).max(self.later / 16);
    }

    /// All buckets are empty: divides the far events into new ones, or puts all into one where they are few.
    fn spread(&mut self) {
        let spare = std::mem::take(&mut self.spare);
        let mut far = std::mem::replace(&mut self.far, spare);
        let first = far.iter().map(|rank| rank.time()).min().unwrap_or(0);
        let every = far.len().div_ceil(SAMPLE).max(1);
        let mut sample: Vec<u64> = far.iter().step_by(every).map(|rank| rank.time()).collect();
        sample.sort_unstable();
        let few = far.len() <= DIVIDE_ABOVE / 2;
        let reach = if few { u64::MAX } else { sample[REACHED.min(sample.len() - 1)] };
        let width = (reach - first) / (far.len() / BUCKET).max(1) as u64;
        // More than the width, by less than twice.
        self.shift = (u64::BITS - width.leading_zeros()).min(u64::BITS - 1);
        (self.base, self.opened) = (first, 0);
        self.used = ((reach - first) >> self.shift) as usize + 1;
        if self.buckets.len() < self.used {
            self.buckets.resize_with(self.used, Vec::new);
        }
        self.later = 0;
        far.drain(..).for_each(|rank| self.push_later(rank));
        self.spare = far;
    }

    /// The heap has become large: everything is divided anew, by what there is now.
    #[cold]
    fn divide(&mut self) {
        self.near.push(std::mem::replace(&mut self.ahead, Rank::NONE));
        self.later += self.near.len();
        self.near.move_to(&mut self.far);
        for bucket in &mut self.buckets[self.opened..self.used] {
            self.far.append(bucket);
        }
        self.opened = self.used;
        self.refill();
    }
}
