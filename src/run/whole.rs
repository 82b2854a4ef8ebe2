//! Keys that are simulated together without events, and by events if a trace turns out to hold what only events know.

use crate::engine::Partition;
use crate::engine::by_key::KeyByKey;
use crate::metrics::Measurements;
use crate::workloads::trace_file::TraceError;

use super::simulation::Simulation;

/// One replication.
pub(super) struct Whole<'a, F> {
    by_key: KeyByKey,
    begin: F,
    by_events: Option<Box<dyn Simulation + 'a>>,
}

impl<'a, F: Fn() -> Box<dyn Simulation + 'a>> Whole<'a, F> {
    /// Without events, with a way to begin the same by events.
    pub fn new(by_key: KeyByKey, begin: F) -> Whole<'a, F> {
        Whole { by_key, begin, by_events: None }
    }
}

impl<'a, F: Fn() -> Box<dyn Simulation + 'a>> Simulation for Whole<'a, F> {
    fn simulate(&mut self, partitions: &mut dyn Iterator<Item = Partition>) -> Result<u64, TraceError> {
        // There is one partition, all keys.
        if self.by_key.simulate_all()? {
            return Ok(self.by_key.operations());
        }
        self.by_events.insert((self.begin)()).simulate(partitions)
    }

    fn finish(self: Box<Self>) -> Vec<Measurements> {
        match self.by_events {
            Some(simulation) => simulation.finish(),
            None => self.by_key.into_batches(),
        }
    }
}
