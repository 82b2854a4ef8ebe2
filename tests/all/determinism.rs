//! `run --check-determinism`: what is the same twice, and a planted difference that is found and named.

use std::sync::atomic::{AtomicU32, Ordering};

use consistency_sim::metrics::CountId;
use consistency_sim::model::{Location, Span};
use consistency_sim::run::determinism::{check, twice};
use consistency_sim::run::{Contestant, Unit};

use crate::support::*;

fn small() -> consistency_sim::scenario::Scenario {
    let stores = vec![kv_pull(Span::from_secs(60)), d1(Location(3))];
    let mut scenario = scenario(network(3, Span::from_millis(80)), mix(5, 20.0, 1.0), stores);
    scenario.duration = Span::from_secs(700);
    scenario.replications = 3;
    scenario
}

#[test]
fn what_is_simulated_twice_is_the_same() {
    let (units, found) = check(&small(), 3).expect("no trace is read");
    assert_eq!(found, None);
    // Five keys that are simulated alone, three times, and one database, three times.
    assert_eq!(units, 18);
}

#[test]
fn a_planted_difference_is_found_and_named() {
    let scenario = small();
    let contestants = Contestant::all(&scenario);
    let units: Vec<Unit> = (0..4).map(|share| Unit { store: 0, replication: 1, share, shares: 4 }).collect();
    let simulations = AtomicU32::new(0);
    // From the fifth simulation on, one share counts a stale read too many.
    let simulate = |unit: &Unit| {
        let mut measured = contestants[unit.store].simulate(*unit)?;
        let again = simulations.fetch_add(1, Ordering::Relaxed) >= 4;
        measured.count_mut(CountId::StaleReads).hits += u64::from(again && unit.share == 2);
        Ok(measured)
    };
    let found = twice(&units, 2, &simulate).expect("no trace is read").expect("the difference");
    assert_eq!(found.unit, units[2]);
    let [before, after] =
        found.figure.strip_prefix("stale_read_rate: ").expect("the figure").split(" against ").collect::<Vec<_>>()[..]
    else {
        panic!("two values: {}", found.figure);
    };
    let hits = |text: &str| text.split(' ').next().and_then(|hits| hits.parse::<u64>().ok()).expect("a number");
    assert_eq!(hits(after), hits(before) + 1);
}
