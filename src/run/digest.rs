//! Fingerprints: equal digests mean equal figures, down to the last bit.

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
    let canonical = serde_json::to_vec(scenario).expect("plain data has a canonical form");
    hex(&Sha256::digest(canonical))
}

/// SHA-256 of every figure of every store, and of the model's version.
pub fn of_stores(stores: &[StoreOutcome]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(MODEL);
    for store in stores {
        hasher.update(&store.name);
        hasher.update([0]);
        measurements(&mut hasher, &store.pooled);
        for estimate in &store.estimates {
            hasher.update(estimate.scalar.name());
            hasher.update(estimate.value.to_bits().to_le_bytes());
            for bound in estimate.interval.iter().flatten() {
                hasher.update(bound.to_bits().to_le_bytes());
            }
        }
        for promise in &store.promises {
            hasher.update(promise.kept.to_le_bytes());
        }
    }
    hex(&hasher.finalize())
}

fn measurements(hasher: &mut Sha256, measured: &Measurements) {
    let mut number = |n: u64| hasher.update(n.to_le_bytes());
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
