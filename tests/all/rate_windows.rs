//! What a limit for each window admits, by hand.

use consistency_sim::metrics::{Count, CountId, DistributionId, Measurements, Window};
use consistency_sim::model::{Span, Time, window_count};
use consistency_sim::workloads::rate_windows::{RateRule, RateWindows};
use consistency_sim::workloads::{RateLimitConfig, Shape};

fn at(second: u64) -> Time {
    Time(second * 1_000_000_000)
}

/// Two requests in each window of ten seconds, of a run of 95 s of which the first 10 are not measured.
fn rule() -> RateRule {
    let config = RateLimitConfig {
        identities: 1,
        requests: 1.0,
        shape: Shape::Poisson,
        locations: 1,
        limit: 2,
        window: Span::from_secs(10),
        arrivals: None,
    };
    RateRule::new(&config, Window { from: at(10), until: at(95) })
}

/// In each window as many requests as it says, of which so many are admitted.
fn measured(windows: &[(u32, u32, u32)]) -> [Count; 2] {
    let (rule, mut told) = (rule(), RateWindows::default());
    for (window, offered, admitted) in windows {
        (0..*offered).for_each(|n| told.decide(*window, n < *admitted));
    }
    let mut measurements = Measurements::new(0);
    told.end(&rule, &mut measurements);
    let over = measurements.distribution(DistributionId::Overshoot);
    assert_eq!(over.count(), measurements.count(CountId::OvershootWindows).of);
    [CountId::FalseRejections, CountId::OvershootWindows].map(|id| measurements.count(id))
}

#[test]
fn a_window_counts_where_the_run_holds_it_whole() {
    let [rejections, over] = [(1, 2), (1, 1)].map(|(hits, of)| Count { hits, of });
    // One of two that were within the limit was rejected; one of three too many was admitted.
    assert_eq!(measured(&[(1, 2, 1)]), [rejections, Count::default()]);
    assert_eq!(measured(&[(8, 5, 3)]), [Count { hits: 0, of: 2 }, over]);
    // The first began before measuring does, the last ends after the run.
    assert_eq!(measured(&[(0, 2, 1), (0, 5, 3)]), [Count::default(); 2]);
    assert_eq!(measured(&[(9, 2, 1), (9, 5, 3)]), [Count::default(); 2]);
    // In whatever order they are told of.
    let all = [(8, 5, 3), (1, 2, 1), (9, 4, 4), (3, 2, 2), (0, 7, 0)];
    assert_eq!(measured(&all), [Count { hits: 1, of: 6 }, over]);
}

#[test]
fn a_window_is_settled_a_minute_after_its_end() {
    let (rule, mut told) = (rule(), RateWindows::default());
    told.decide(1, true);
    told.decide(3, true);
    let settled = |told: &mut RateWindows, second| {
        let mut measurements = Measurements::new(0);
        let mut number = 0;
        while let Some(window) = told.settled(&rule, at(second)) {
            rule.settle(window, &mut measurements);
            number += 1;
        }
        (number, measurements.count(CountId::FalseRejections).of)
    };
    // The window from 10 s on ends at 20 s; a window of length and a minute later it is settled.
    assert_eq!(settled(&mut told, 89), (0, 0));
    assert_eq!(settled(&mut told, 90), (1, 1));
    assert_eq!(settled(&mut told, 109), (0, 0));
    assert_eq!(settled(&mut told, 110), (1, 1));
}

#[test]
fn what_was_counted_decides_in_the_window_in_which_it_was_counted() {
    let (rule, mut told) = (rule(), RateWindows::default());
    // Three count in one window, the last of them beyond the limit; of one in the window before nothing was counted.
    for (window, count) in [(2, 1), (2, 2), (2, 3), (1, 0)] {
        told.decide_counted(&rule, window_count(window, count));
    }
    let mut measurements = Measurements::new(0);
    told.end(&rule, &mut measurements);
    // Two of two in one window, and one of one in the other.
    assert_eq!(measurements.count(CountId::FalseRejections), Count { hits: 0, of: 3 });
    assert_eq!(measurements.count(CountId::OvershootWindows), Count { hits: 0, of: 1 });
}
