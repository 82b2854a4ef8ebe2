//! The event queue alone, on the hold model: take the earliest event out, put one in an exponential time later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use consistency_sim::engine::Queue;
use consistency_sim::model::{Span, Time};
use consistency_sim::random::{Law, Sampler, Stream};
use divan::counter::ItemsCount;

pub const PENDING: [usize; 3] = [100, 10_000, 1_000_000];
pub const EVENTS: usize = 2_000_000;

/// The increments, drawn beforehand.
pub fn increments() -> Vec<u64> {
    let mut stream = Stream::from_entity(1);
    let sampler = Sampler::new(&Law::Exponential { mean: Span::from_secs(1) });
    (0..1 << 16).map(|_| sampler.span(stream.draw()).0).collect()
}

/// Ours, after each pending event was replaced twice.
pub fn ours(pending: usize, increments: &[u64]) -> Queue<u64> {
    let mut queue = Queue::default();
    (0..pending).for_each(|n| queue.push(Time(increments[n & 0xffff] + n as u64), n as u64));
    hold_ours(&mut queue, 2 * pending, increments);
    queue
}

pub fn hold_ours(queue: &mut Queue<u64>, events: usize, increments: &[u64]) {
    for n in 0..events {
        let (time, payload) = queue.pop().expect("events wait");
        queue.push(Time(time.0 + increments[(n * 7) & 0xffff]), payload);
    }
}

/// The standard library's heap, with serial numbers, so that its order is exact too.
pub type Heap = BinaryHeap<Reverse<(u64, u64, u64)>>;

pub fn standard(pending: usize, increments: &[u64]) -> Heap {
    let mut heap = (0..pending as u64).map(|n| Reverse((increments[n as usize & 0xffff] + n, n, n))).collect();
    hold_standard(&mut heap, 2 * pending, increments);
    heap
}

pub fn hold_standard(heap: &mut Heap, events: usize, increments: &[u64]) {
    for n in 0..events {
        let Reverse((time, _, payload)) = heap.pop().expect("events wait");
        heap.push(Reverse((time + increments[(n * 7) & 0xffff], n as u64, payload)));
    }
}

#[divan::bench(sample_count = 3, args = PENDING)]
fn queue(bencher: divan::Bencher<'_, '_>, pending: usize) {
    let increments = increments();
    let mut queue = ours(pending, &increments);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| hold_ours(&mut queue, EVENTS, &increments));
}

#[divan::bench(sample_count = 3, args = PENDING)]
fn standard_heap(bencher: divan::Bencher<'_, '_>, pending: usize) {
    let increments = increments();
    let mut heap = standard(pending, &increments);
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| hold_standard(&mut heap, EVENTS, &increments));
}
