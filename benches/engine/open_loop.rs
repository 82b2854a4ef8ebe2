//! Clients that do not wait: a million keys on Workers KV, in operations per second.

use consistency_sim::run::{Options, Unwatched, run};
use divan::counter::ItemsCount;

use crate::fixtures;

fn bench(bencher: divan::Bencher<'_, '_>, store: &str, threads: usize) {
    let scenario = fixtures::open_loop(fixtures::store(store));
    let options = Options { threads, command: String::new() };
    bencher.counter(ItemsCount::new(10_000_000_usize)).bench(|| run(&scenario, &options, &Unwatched));
}

#[divan::bench(sample_count = 3, args = [1, 2])]
fn kv_pull_million_keys(bencher: divan::Bencher<'_, '_>, threads: usize) {
    bench(bencher, "kv pull", threads);
}

#[divan::bench(sample_count = 3, args = [1, 2])]
fn kv_push_million_keys(bencher: divan::Bencher<'_, '_>, threads: usize) {
    bench(bencher, "kv push", threads);
}
