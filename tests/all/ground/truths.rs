//! What reads are judged by: the same verdicts and windows whether settled writes are forgotten or not.

use consistency_sim::metrics::Distribution;
use consistency_sim::metrics::truth::Truth;
use consistency_sim::model::{Time, Version};
use consistency_sim::random::Stream;

fn version(stamp: u64) -> Version {
    Version { stamp, nonce: 0 }
}

/// The windows of inconsistency, which are the same whatever was forgotten.
fn windows(truths: [&mut Truth; 2], seed: u64) -> Distribution {
    let [all, some] = truths.map(|truth| {
        let mut windows = Distribution::default();
        truth.end(&mut windows);
        windows
    });
    assert_eq!(all, some, "windows of seed {seed}");
    all
}

/// Writes complete roughly in the order of their versions; readers are behind by up to `behind` versions.
fn histories(seed: u64, disorder: u64, behind: u64) {
    let mut stream = Stream::from_entity(seed);
    let (mut remembers, mut forgets) = (Truth::default(), Truth::default());
    let (mut most, mut looks) = (0, 0);
    for n in 1..=30_000_u64 {
        let at = Time(n * 10);
        // The oldest version that can still complete, and the oldest that can still be read.
        let oldest_write = n.saturating_sub(disorder);
        let oldest_read = n.saturating_sub(behind);
        let written = version(oldest_write + stream.below(disorder + 1));
        let measured = stream.below(3) > 0;
        remembers.complete(written, at, measured);
        forgets.complete(written, at, measured);
        if forgets.is_long() {
            forgets.settle(version(oldest_read), version(oldest_write));
            looks += 1;
        }
        let seen = version(oldest_read + stream.below(behind + 1));
        let start = at + consistency_sim::model::Span(5);
        let judged = [&mut remembers, &mut forgets].map(|truth| {
            let verdict = truth.judge(start, truth.writes(), seen);
            (verdict.judgement, verdict.lag, verdict.last)
        });
        assert_eq!(judged[0], judged[1], "read {n} of seed {seed}");
        most = most.max(forgets.writes());
    }
    assert!(looks > 2 && most < 10_000, "{most} of 30,000 kept, looked {looks} times");
    let all = windows([&mut remembers, &mut forgets], seed);
    assert!(all.count() > 15_000 && all.max() > Some(0));
}

#[test]
fn settled_writes_are_forgotten_and_nobody_notices() {
    for seed in 0..6 {
        histories(seed, 0, 40);
        histories(seed, 7, 40);
        histories(seed, 60, 9);
    }
}

#[test]
fn what_is_still_read_does_not_settle() {
    let mut truth = Truth::default();
    for n in 1..=5_000_u64 {
        truth.complete(version(n), Time(n), true);
    }
    truth.settle(Version::INITIAL, version(6_000));
    assert_eq!(truth.writes(), 5_000, "a reader may still have nothing");
    truth.settle(version(4_000), version(3_000));
    assert_eq!(truth.writes(), 2_001, "a write of version 3,000 is still under way");
    assert!(!truth.is_long());
    let verdict = truth.judge(Time(6_000), truth.writes(), version(4_000));
    assert_eq!((verdict.lag, verdict.judgement.age.0), (1_000, 6_000 - 4_001));
}

/// Write `n` starts at `10 n` and takes up to `slow`; a reader misses what was complete for less than `behind`.
fn promised(seed: u64, slow: u64, behind: u64) {
    let mut stream = Stream::from_entity(seed);
    let mut writes: Vec<(u64, u64)> = (1..=20_000_u64).map(|n| (n * 10 + stream.below(slow + 1), n)).collect();
    writes.sort_unstable();
    let (mut remembers, mut forgets) = (Truth::default(), Truth::default());
    let (mut newest, mut most) = (0, 0);
    for (n, &(at, written)) in writes.iter().enumerate() {
        for truth in [&mut remembers, &mut forgets] {
            truth.complete(version(written), Time(at), n % 3 > 0);
        }
        newest = newest.max(written);
        // Whoever reads at this time, once it is over, knows what was complete so much earlier.
        let shown = writes[..n].partition_point(|(complete, _)| complete + behind < at);
        let oldest = writes[..shown].iter().rev().take(200).map(|(_, version)| *version).max().unwrap_or(0);
        let seen = version(oldest + stream.below(newest.max(oldest) - oldest + 1));
        let judged = [&mut remembers, &mut forgets].map(|truth| {
            let before = truth.kept_of(truth.completions());
            let verdict = truth.judge(Time(at), before, seen);
            (verdict.judgement, verdict.lag, verdict.last, truth.completions())
        });
        assert_eq!(judged[0], judged[1], "read {n} of seed {seed}");
        most = most.max(forgets.writes());
        if forgets.is_longer_than(256) {
            forgets.forget(Time(at.saturating_sub(slow.max(behind))));
        }
    }
    assert!(most < 2_048, "{most} of 20,000 kept");
    let all = windows([&mut remembers, &mut forgets], seed);
    assert!(all.count() > 13_000);
}

#[test]
fn what_everybody_knows_is_forgotten_and_nobody_notices() {
    for seed in 0..6 {
        promised(seed, 0, 0);
        promised(seed, 95, 700);
        promised(seed, 700, 40);
    }
}
