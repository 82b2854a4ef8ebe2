//! The event queue against a sorted reference: equal times, bursts, far futures, and events in the heap's own time.

use std::collections::BTreeSet;

use consistency_sim::engine::Queue;
use consistency_sim::model::Time;
use consistency_sim::random::Stream;
use proptest::prelude::*;

use crate::support::cases;

/// What a run of pushes and pops looks like. Times are steps from the last event that was taken out.
#[derive(Clone, Debug)]
enum Phase {
    /// So many pushes, each so far ahead at most.
    Push {
        events: u16,
        within: u64,
    },
    /// So many at the very same time.
    Burst {
        events: u16,
        ahead: u64,
    },
    /// So many at the end of time.
    Never {
        events: u8,
    },
    /// Each event taken out is followed by another.
    Hold {
        events: u16,
        within: u64,
    },
    Pop {
        events: u16,
    },
    Clear,
}

fn phases() -> impl Strategy<Value = Vec<Phase>> {
    let within = || prop_oneof![Just(0_u64), 1..50_u64, 1..2_000_000_000_u64, 1..u64::MAX / 4];
    let phase = prop_oneof![
        6 => (1..5_000_u16, within()).prop_map(|(events, within)| Phase::Push { events, within }),
        2 => (1..5_000_u16, within()).prop_map(|(events, ahead)| Phase::Burst { events, ahead }),
        1 => (1..20_u8).prop_map(|events| Phase::Never { events }),
        4 => (1..5_000_u16, within()).prop_map(|(events, within)| Phase::Hold { events, within }),
        4 => (1..6_000_u16).prop_map(|events| Phase::Pop { events }),
        1 => Just(Phase::Clear),
    ];
    prop::collection::vec(phase, 1..14)
}

/// Both queues, and the time that they have come to.
#[derive(Default)]
struct Pair {
    ours: Queue<u64>,
    sorted: BTreeSet<(u64, u64)>,
    serial: u64,
    now: u64,
}

impl Pair {
    fn push(&mut self, time: u64) {
        self.ours.push(Time(time), self.serial);
        self.sorted.insert((time, self.serial));
        self.serial += 1;
    }

    fn pop(&mut self) -> Result<bool, TestCaseError> {
        let expected = self.sorted.pop_first();
        prop_assert_eq!(self.ours.pop().map(|(time, serial)| (time.0, serial)), expected);
        prop_assert_eq!(self.ours.len(), self.sorted.len());
        self.now = expected.map_or(self.now, |(time, _)| time);
        Ok(expected.is_some())
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn events_leave_in_the_order_of_time_and_then_of_pushes(phases in phases(), seed: u64) {
        let mut stream = Stream::from_entity(seed);
        let mut pair = Pair::default();
        for phase in phases {
            match phase {
                Phase::Push { events, within } => {
                    for _ in 0..events {
                        pair.push(pair.now.saturating_add(stream.below(within + 1)));
                    }
                }
                Phase::Burst { events, ahead } => (0..events).for_each(|_| pair.push(pair.now.saturating_add(ahead))),
                Phase::Never { events } => (0..events).for_each(|_| pair.push(u64::MAX)),
                Phase::Hold { events, within } => {
                    for _ in 0..events {
                        pair.pop()?;
                        pair.push(pair.now.saturating_add(stream.below(within + 1)));
                    }
                }
                Phase::Pop { events } => {
                    for _ in 0..events {
                        pair.pop()?;
                    }
                }
                Phase::Clear => {
                    pair.ours.clear();
                    pair.sorted.clear();
                    pair.now = 0;
                }
            }
        }
        while pair.pop()? {}
        prop_assert!(pair.ours.is_empty());
    }
}

/// A hundred thousand events whose gaps shrink a million times: buckets that were right become too wide.
#[test]
fn widths_follow_when_the_world_speeds_up() {
    let mut stream = Stream::from_entity(5);
    let mut pair = Pair::default();
    (0..100_000).for_each(|_| pair.push(stream.below(1 << 50)));
    for within in [1_u64 << 50, 1 << 30, 1 << 10, 1 << 40] {
        for _ in 0..100_000 {
            pair.pop().expect("in order");
            pair.push(pair.now + stream.below(within));
        }
    }
    while pair.pop().expect("in order") {}
}
