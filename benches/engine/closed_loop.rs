//! Clients that wait for answers: a thousand of them at counters on each store, in operations per second.

use consistency_sim::run::{Options, Unwatched, run};
use divan::counter::ItemsCount;

use crate::fixtures;

#[divan::bench(sample_count = 3, args = ["kv pull", "kv push", "d1", "durable object"])]
fn counters(bencher: divan::Bencher<'_, '_>, store: &str) {
    let scenario = fixtures::counters(fixtures::store(store));
    let options = Options { threads: 1, command: String::new() };
    let outcome = run(&scenario, &options, &Unwatched).expect("no trace is read");
    let operations = outcome.stores[0].pooled.operations as usize;
    bencher.counter(ItemsCount::new(operations)).bench(|| run(&scenario, &options, &Unwatched));
}
