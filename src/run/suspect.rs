//! What is simulated twice to see whether both are the same, and in which orders.

use std::ops::Range;

use crate::engine::Partition;
use crate::metrics::Measurements;
use crate::model::Time;
use crate::random::Stream;
use crate::workloads::trace_file::TraceError;

use super::{Contestant, Unit};

/// Where two simulations differ, so many operations are kept of one of them, all partitions of the unit together.
pub(super) const OPERATIONS_MAX: usize = 2_000_000;

/// In which order the partitions of a unit are simulated, and the units themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    ByNumber,
    Shuffled,
}

/// What is simulated twice: the stores of a scenario, or something that is wrong on purpose, to see that it is found.
pub trait Suspect: Sync {
    /// All that a unit measures, its partitions in this order.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    fn measure(&self, unit: Unit, order: Order) -> Result<Measurements, TraceError>;

    /// Without events, and the whole unit in this order: only what these groups measure of all that starts then or later.
    /// `None` where the unit needs events.
    ///
    /// # Errors
    /// When a trace cannot be read to its end.
    fn measure_some(
        &self,
        unit: Unit,
        order: Order,
        groups: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError>;

    /// The unit's store, whose events are compared.
    fn contestant(&self, unit: Unit) -> &Contestant;
}

impl Suspect for &[Contestant] {
    fn measure(&self, unit: Unit, order: Order) -> Result<Measurements, TraceError> {
        let contestant = self.contestant(unit);
        contestant.simulate_these(unit, &partitions(contestant, unit, order))
    }

    fn measure_some(
        &self,
        unit: Unit,
        order: Order,
        groups: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError> {
        let contestant = self.contestant(unit);
        contestant.measure_some(unit, &partitions(contestant, unit, order), groups, from)
    }

    fn contestant(&self, unit: Unit) -> &Contestant {
        &self[unit.store]
    }
}

/// A unit's partitions in an order.
pub(super) fn partitions(contestant: &Contestant, unit: Unit, order: Order) -> Vec<Partition> {
    let mut partitions: Vec<Partition> = contestant.partitions(unit).collect();
    if order == Order::Shuffled {
        shuffle(&mut partitions);
    }
    partitions
}

/// The same order each time, and not the one in which threads would take the items by themselves.
pub(super) fn shuffle<T>(items: &mut [T]) {
    let mut stream = Stream::from_entity(items.len() as u64);
    for last in (1..items.len()).rev() {
        items.swap(last, stream.below(last as u64 + 1) as usize);
    }
}
