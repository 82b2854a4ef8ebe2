//! What a run used of the platform's meters, as the stores counted it: whole numbers, which merge exactly.

use super::figure::FigureId;
use super::meter::{METERS, MeterId};
use super::platform::Terms;

/// Amounts by meter: things, or, for the duration of objects, nanoseconds of activity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usage {
    amounts: [u128; METERS.len()],
}

impl Default for Usage {
    fn default() -> Usage {
        Usage { amounts: [0; METERS.len()] }
    }
}

impl Usage {
    /// How much of a meter was used.
    pub fn of(&self, meter: MeterId) -> u128 {
        self.amounts[meter as usize]
    }

    /// Counts.
    pub fn add(&mut self, meter: MeterId, amount: u64) {
        self.amounts[meter as usize] += u128::from(amount);
    }

    /// Adds what was used elsewhere.
    pub fn merge(&mut self, other: &Usage) {
        self.amounts.iter_mut().zip(&other.amounts).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Every meter that was used, with its amount.
    pub fn used(&self) -> impl Iterator<Item = (MeterId, u128)> + '_ {
        MeterId::ALL.iter().map(|meter| (*meter, self.of(*meter))).filter(|(_, amount)| *amount > 0)
    }
}

/// What a store kept, as far as calls state sizes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Storage {
    /// Bytes times nanoseconds, over the measured part of the run.
    pub byte_ns: u128,
    /// Bytes of keys that are there at its start.
    pub bytes_at_start: u64,
    /// Bytes of keys that are there at its end.
    pub bytes_at_end: u64,
}

impl Storage {
    /// Adds what was kept elsewhere.
    pub fn merge(&mut self, other: &Storage) {
        self.byte_ns += other.byte_ns;
        self.bytes_at_start += other.bytes_at_start;
        self.bytes_at_end += other.bytes_at_end;
    }
}

impl Terms {
    /// The day's quota of objects' duration as nanoseconds of activity; [`UNLIMITED`](super::figure::UNLIMITED) where
    /// there is none. An active object is charged for the same memory whatever it holds.
    pub fn object_ns_per_day(&self) -> u64 {
        let gb_s = self.bound(FigureId::ObjectDurationPerDay);
        if gb_s == super::figure::UNLIMITED {
            return gb_s;
        }
        let byte_ns = u128::from(gb_s) * 1_000_000_000 * 1_000_000_000;
        let memory = u128::from(self.bound(FigureId::ObjectMemoryBytes).max(1));
        u64::try_from(byte_ns / memory).unwrap_or(super::figure::UNLIMITED - 1)
    }
}
