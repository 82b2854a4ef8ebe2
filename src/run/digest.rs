//! Fingerprints: equal digests mean equal figures, down to the last bit.

use std::io::{BufWriter, Result, Write};

use sha2::{Digest, Sha256};

use crate::metrics::{CountId, CurveId, Distribution, DistributionId, Measurements, Served, joint};
use crate::model::MODEL;
use crate::scenario::Scenario;

use super::outcome::StoreOutcome;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of the scenario's canonical form: its validated fields, in the order of their declaration.
pub fn of_scenario(scenario: &Scenario) -> String {
    // Not as a whole in memory: a trace that is part of the scenario makes it long.
    let mut canonical = BufWriter::new(Hashed(Sha256::new()));
    serde_json::to_writer(&mut canonical, scenario).expect("plain data has a canonical form");
    let Hashed(hasher) = canonical.into_inner().expect("a hasher takes all");
    hex(&hasher.finalize())
}

/// What is written is hashed.
#[derive(Debug)]
struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// SHA-256 of every figure of every store, and of the model's version.
pub fn of_stores(stores: &[StoreOutcome]) -> String {
    let mut figures = Figures { hasher: Sha256::new(), waiting: Vec::with_capacity(WAITING_MAX + 8) };
    figures.add(MODEL.as_bytes());
    for store in stores {
        figures.add(store.name.as_bytes());
        figures.add(&[0]);
        measurements(&mut figures, &store.pooled);
        for estimate in &store.estimates {
            figures.add(estimate.scalar.name().as_bytes());
            figures.add(&estimate.value.to_bits().to_le_bytes());
            for bound in estimate.interval.iter().flatten() {
                figures.add(&bound.to_bits().to_le_bytes());
            }
        }
        for promise in &store.promises {
            figures.add(&promise.kept.to_le_bytes());
        }
    }
    figures.hasher.update(&figures.waiting);
    hex(&figures.hasher.finalize())
}

/// How many bytes are collected before they are hashed.
const WAITING_MAX: usize = 4096;

/// What a digest is made of. The locations of one store have hundreds of thousands of numbers, and to hash each by itself
/// would take longer than the hashing.
struct Figures {
    hasher: Sha256,
    waiting: Vec<u8>,
}

impl Figures {
    fn add(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= WAITING_MAX {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }
}

fn measurements(figures: &mut Figures, measured: &Measurements) {
    let mut number = |n: u64| figures.add(&n.to_le_bytes());
    number(measured.operations);
    number(measured.deletes);
    for id in CountId::ALL {
        let count = measured.count(*id);
        // Metrics that are younger than the digests are part of one only where something was measured.
        if *id >= CountId::StaleLists && count.of == 0 {
            continue;
        }
        number(count.hits);
        number(count.of);
    }
    for count in &measured.stale_by_location {
        number(count.hits);
        number(count.of);
    }
    for place in &measured.places {
        place.unanswered.iter().for_each(|count| number(*count));
        Served::ALL.iter().for_each(|served| distribution(&mut number, place.latency(*served)));
    }
    for row in 0..joint::VERSIONS.len() {
        (0..joint::AGES.len()).for_each(|column| number(measured.joint.reads(row, column)));
    }
    for (refusal, (count, first)) in &measured.refusals {
        number(*refusal as u64);
        number(*count);
        number(first.0);
    }
    for id in DistributionId::ALL {
        distribution(&mut number, measured.distribution(*id));
    }
    for id in CurveId::ALL {
        distribution(&mut number, &measured.curve(*id).chances);
        distribution(&mut number, &measured.curve(*id).hits);
    }
}

fn distribution(number: &mut impl FnMut(u64), distribution: &Distribution) {
    number(distribution.count());
    number(distribution.max().unwrap_or(0));
    number(distribution.sum() as u64);
    number((distribution.sum() >> 64) as u64);
    for (least, _, count) in distribution.buckets() {
        number(least);
        number(count);
    }
}
