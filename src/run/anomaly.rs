//! Finds one stale read worth looking at: by the keys that it can be of, or else by all that happens first.

use crate::history::History;
use crate::model::Time;

use super::anomaly_of_keys;
use super::missed::{STRETCH_MAX, WORTH_MAX, anomaly, in_history, most_missed, window, worth};
use super::outcome::Anomaly;
use super::unit::Contestant;

/// How many groups are looked into, and how many operations of each.
pub const GROUPS_MAX: usize = 64;
pub const OPERATIONS_MAX: usize = 50_000;

/// An anomaly of a store, given its place in the scenario's list, among so many locations with clients.
pub fn find(store: usize, contestant: &Contestant, edges: usize) -> Option<Anomaly> {
    let of_keys = anomaly_of_keys::find(store, contestant, edges, OPERATIONS_MAX, OPERATIONS_MAX);
    of_keys.unwrap_or_else(|| in_groups(store, contestant, edges))
}

/// That of the first group that has one ([`in_history`]).
fn in_groups(store: usize, contestant: &Contestant, edges: usize) -> Option<Anomaly> {
    contestant.all_partitions().take(GROUPS_MAX).find_map(|partition| {
        let mut early = None;
        // Few operations of a busy key often show what all of them would.
        let enough = &mut |history: &History, complete: Time| {
            early = settled(store, history, complete, edges);
            early.is_some()
        };
        match contestant.look(partition, OPERATIONS_MAX, enough) {
            Some(history) => in_history(store, &history, edges),
            None => early,
        }
    })
}

/// The anomaly that a whole history would show, as soon as nothing that is still to come can show another: a write that
/// cannot be missed by more reads than count, and all that its picture needs. All earlier writes are judged by then, and
/// a later one would have to be worth more.
fn settled(store: usize, history: &History, complete: Time, edges: usize) -> Option<Anomaly> {
    let (write, missed) = most_missed(history)?;
    let (from, to) = window(write, missed);
    let known = complete > to && complete.since(write.start) > STRETCH_MAX;
    (worth(missed) == WORTH_MAX && known).then(|| anomaly(store, history, write, (from, to), edges))
}
