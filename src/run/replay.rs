//! A trace that is replayed key by key, and by events if it turns out to hold what only events know.

use crate::engine::Partition;
use crate::engine::by_key::KeyByKey;
use crate::metrics::Measurements;
use crate::workloads::trace_file::TraceError;

use super::simulation::Simulation;

/// The replay of one replication.
pub(super) struct Replay<'a, F> {
    by_key: KeyByKey,
    begin: F,
    by_events: Option<Box<dyn Simulation + 'a>>,
}

impl<'a, F: Fn() -> Box<dyn Simulation + 'a>> Replay<'a, F> {
    /// Key by key, with a way to begin the same by events.
    pub fn new(by_key: KeyByKey, begin: F) -> Replay<'a, F> {
        Replay { by_key, begin, by_events: None }
    }
}

impl<'a, F: Fn() -> Box<dyn Simulation + 'a>> Simulation for Replay<'a, F> {
    fn simulate(&mut self, partitions: &mut dyn Iterator<Item = Partition>) -> Result<u64, TraceError> {
        // There is one partition, the whole trace.
        if self.by_key.replay()? {
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
