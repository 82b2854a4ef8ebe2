//! What simulates a replication: the engine's world, or the fast path.

use crate::engine::by_key::KeyByKey;
use crate::engine::{Partition, World};
use crate::metrics::Measurements;
use crate::stores::Store;
use crate::workloads::Workload;
use crate::workloads::trace_file::TraceError;

/// The simulation of one replication, some of its groups after others, on one thread. What it measures is added up, so
/// that tables are made and merged once for many units.
pub(super) trait Simulation {
    /// Simulates these groups; says how many operations have been measured so far.
    fn simulate(&mut self, partitions: &mut dyn Iterator<Item = Partition>) -> Result<u64, TraceError>;

    /// All that was measured, batch by batch.
    fn finish(self: Box<Self>) -> Vec<Measurements>;
}

impl<S: Store, W: Workload> Simulation for World<S, W> {
    fn simulate(&mut self, partitions: &mut dyn Iterator<Item = Partition>) -> Result<u64, TraceError> {
        partitions.for_each(|partition| self.simulate(partition));
        self.workload().failure().map_or(Ok(self.operations()), Err)
    }

    fn finish(self: Box<Self>) -> Vec<Measurements> {
        self.into_batches()
    }
}

impl Simulation for KeyByKey {
    fn simulate(&mut self, partitions: &mut dyn Iterator<Item = Partition>) -> Result<u64, TraceError> {
        partitions.for_each(|partition| self.simulate(partition.first_group));
        Ok(self.operations())
    }

    fn finish(self: Box<Self>) -> Vec<Measurements> {
        self.into_batches()
    }
}

/// All that a simulation measures of these groups, batch by batch.
pub(super) fn measured(
    mut simulation: Box<dyn Simulation + '_>,
    partitions: &mut dyn Iterator<Item = Partition>,
) -> Result<Vec<Measurements>, TraceError> {
    simulation.simulate(partitions)?;
    Ok(simulation.finish())
}
