//! Sessions, flags and a trace on stores of each kind, in operations per second.

use consistency_sim::model::Span;
use consistency_sim::run::{Options, Unwatched, run};
use consistency_sim::scenario::Scenario;
use divan::counter::ItemsCount;

use crate::fixtures;

fn bench(bencher: divan::Bencher<'_, '_>, scenario: &Scenario) {
    let options = Options { threads: 1, command: String::new() };
    let outcome = run(scenario, &options, &Unwatched).expect("the trace is good");
    let operations = outcome.stores[0].pooled.operations as usize;
    bencher.counter(ItemsCount::new(operations)).bench(|| run(scenario, &options, &Unwatched));
}

#[divan::bench(sample_count = 3, args = ["kv pull", "kv push", "d1", "durable object"])]
fn sessions(bencher: divan::Bencher<'_, '_>, store: &str) {
    bench(bencher, &fixtures::sessions(fixtures::store(store)));
}

#[divan::bench(sample_count = 3, args = ["kv pull", "kv push", "d1", "durable object"])]
fn flags(bencher: divan::Bencher<'_, '_>, store: &str) {
    bench(bencher, &fixtures::flags(fixtures::store(store)));
}

#[divan::bench(sample_count = 3, args = ["kv pull", "kv push", "d1", "durable object"])]
fn trace(bencher: divan::Bencher<'_, '_>, store: &str) {
    let file = fixtures::trace_file(500_000);
    bench(bencher, &fixtures::replay(fixtures::trace_source(&file), Span::from_secs(501), fixtures::store(store)));
}
