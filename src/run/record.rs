//! The whole history of one store in replication 0, for whoever wants to judge it: as JSON lines or as Jepsen EDN.

use std::io;

use crate::faults::Fault;
use crate::history::jsonl::{self, FaultLine, Header};
use crate::history::judged::Log;
use crate::history::{History, edn};
use crate::model::MODEL;
use crate::scenario::Scenario;

use super::unit::{Contestant, RecordError};

/// The histories of all partitions, each with the header that says where it comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct Recording {
    /// In the order of the partitions, which share neither keys nor clients.
    pub parts: Vec<(Header, History)>,
}

impl Recording {
    /// Simulates replication 0 of one store of the scenario (its place in the list) and keeps everything.
    ///
    /// # Errors
    /// When there are more than `bound` operations, or in one partition more notes, or a trace cannot be read.
    pub fn new(scenario: &Scenario, store: usize, bound: usize) -> Result<Recording, RecordError> {
        let mut only = scenario.clone();
        only.stores = vec![scenario.stores[store].clone()];
        let contestant = Contestant::all(&only).remove(0);
        let network = scenario.network_of(&scenario.stores[store]);
        let told = |fault: &Fault| FaultLine {
            name: fault.name.clone(),
            kind: fault.kind.word().to_owned(),
            from_ns: fault.from.0,
            until_ns: fault.until.0,
        };
        let header = Header {
            scenario: scenario.name.clone(),
            store: scenario.stores[store].name.clone(),
            seed: scenario.seed,
            model: MODEL.to_owned(),
            locations: scenario.network.places.iter().map(|place| place.code.clone()).collect(),
            initial: contestant.initial(),
            faults: network.faults.all().iter().map(told).collect(),
            ..Header::default()
        };
        let parts = contestant.record_all(0, bound)?;
        let with_header = |(partition, history): (crate::engine::Partition, History)| {
            (Header { partition: partition.first_group, ..header.clone() }, history)
        };
        Ok(Recording { parts: parts.into_iter().map(with_header).collect() })
    }

    /// How many operations there are.
    pub fn operations(&self) -> usize {
        self.parts.iter().map(|(_, history)| history.records.len()).sum()
    }

    /// As the checks take it.
    pub fn log(&self) -> Log {
        Log::of_parts(self.parts.iter().map(|(_, history)| history))
    }

    /// Writes JSON lines: operations and what happened inside the store, part after part.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn write_jsonl(&self, out: &mut impl io::Write) -> io::Result<()> {
        self.parts.iter().try_for_each(|(header, history)| jsonl::write(history, header, out))
    }

    /// Writes Jepsen EDN: operations alone. What a key held at the start is written by a process of its own.
    ///
    /// # Errors
    /// Whatever `out` answers.
    pub fn write_edn(&self, out: &mut impl io::Write) -> io::Result<()> {
        let initial = self.parts.first().and_then(|(header, _)| header.initial);
        edn::write_from(&self.log(), initial.into(), out)
    }
}
