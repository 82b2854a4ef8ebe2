//! What went wrong in a run, in words.

use crate::faults::{Fault, FaultKind};
use crate::model::Location;
use crate::scenario::Scenario;

/// In a few words, as in "the central store is out".
pub fn short(scenario: &Scenario, fault: &Fault) -> String {
    let place = |place: Location| scenario.network.places.get(place.index()).map_or("", |place| &*place.city);
    match fault.kind {
        FaultKind::CentralOutage { failing, .. } if failing < 1.0 => "the central store fails in part".to_string(),
        FaultKind::CentralOutage { .. } => "the central store is out".to_string(),
        FaultKind::KvErrors { failing, .. } if failing < 1.0 => "Workers KV fails in part".to_string(),
        FaultKind::KvErrors { .. } => "Workers KV fails".to_string(),
        FaultKind::Cut { place: at, .. } => format!("{} is cut off", place(at)),
        FaultKind::SlowNetwork { place: None, .. } => "the network is slow".to_string(),
        FaultKind::SlowNetwork { place: Some(at), .. } => format!("the network of {} is slow", place(at)),
        FaultKind::SlowReplication { .. } => "replication is slow".to_string(),
        FaultKind::D1Stall => "D1 is stalled".to_string(),
        FaultKind::ObjectPartition { .. } => "Durable Objects are out of reach".to_string(),
        FaultKind::ObjectRestart => "Durable Objects restart".to_string(),
        FaultKind::ClockSkew { place: at, .. } => format!("the clock of {} is wrong", place(at)),
    }
}

/// A sentence without a full stop: what, when, for how long, and who met it.
pub fn sentence(scenario: &Scenario, fault: &Fault) -> String {
    let (from, length) = (crate::model::Span(fault.from.0), fault.until.since(fault.from));
    let whom = fault.store.as_ref().map_or(String::new(), |store| format!(", for {store} alone"));
    format!("from {from} on, for {length}: {}{whom}", short(scenario, fault))
}
