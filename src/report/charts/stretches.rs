//! Which version each place would answer with, and when, as far as the notes and reads of an anomaly show it.

use crate::history::{Note, Record};
use crate::model::{Location, Time, Version};
use crate::run::{Anomaly, Outcome};
use crate::stores::StoreKind;

/// From, to, and the version in between.
pub type Stretch = (Time, Time, Version);

/// The stretches in which a place, or the central store where none is named, answers with one version, in their order,
/// as far as they lie within the anomaly.
pub fn stretches(outcome: &Outcome, anomaly: &Anomaly, location: Option<Location>) -> Vec<Stretch> {
    let all = location.map_or_else(|| central(anomaly), |location| copies(outcome, anomaly, location));
    let within = all.into_iter().filter(|(_, to, _)| *to > anomaly.from);
    within.map(|(from, to, version)| (from.max(anomaly.from), to.min(anomaly.to), version)).collect()
}

/// The copies that a location held.
fn copies(outcome: &Outcome, anomaly: &Anomaly, location: Location) -> Vec<Stretch> {
    let starts: Vec<(Time, Version)> = anomaly
        .history
        .notes
        .iter()
        .filter_map(|noted| match noted.note {
            Note::Filled { location: at, seen, .. } | Note::ShownLocally { location: at, seen, .. } => {
                (at == location).then_some((noted.at, seen.version))
            }
            Note::Committed { .. } | Note::Expired { .. } => None,
        })
        .collect();
    let lives = copy_lives(outcome, anomaly);
    let mut stretches: Vec<Stretch> = Vec::with_capacity(starts.len());
    for (n, (from, version)) in starts.iter().enumerate() {
        let next = starts.get(n + 1).map_or(anomaly.to, |(at, _)| *at);
        let end = lives.map_or(next, |lives| next.min(Time(from.0.saturating_add(lives))));
        stretches.push((*from, end, *version));
    }
    add_what_reads_show(anomaly, location, &mut stretches);
    stretches
}

/// Copies that were taken before this stretch leave no note in it, but reads that they answered show them.
fn add_what_reads_show(anomaly: &Anomaly, location: Location, stretches: &mut Vec<Stretch>) {
    let from_copy = |record: &&Record| {
        record.location == location && record.cached && record.operation.is_read() && record.refusal.is_none()
    };
    let mut reads: Vec<&Record> = anomaly.history.records.iter().filter(from_copy).collect();
    reads.sort_by_key(|read| read.start);
    let noted = stretches.len();
    for read in reads {
        let at = read.start;
        if stretches[..noted].iter().any(|(from, to, _)| *from <= at && at <= *to) {
            continue;
        }
        let end = read.end.unwrap_or(at);
        // Reads of the same version with no note between them were answered by the same copy.
        let same = |(_, to, version): &&mut Stretch| {
            *version == read.seen.version && !noted_between(anomaly, location, *to, at)
        };
        match stretches[noted..].last_mut().filter(same) {
            Some(stretch) => stretch.1 = end,
            None => stretches.push((at, end, read.seen.version)),
        }
    }
    stretches.sort_by_key(|(from, ..)| *from);
}

fn noted_between(anomaly: &Anomaly, location: Location, from: Time, to: Time) -> bool {
    anomaly.history.notes.iter().any(|noted| {
        let here = match noted.note {
            Note::Filled { location: at, .. } | Note::ShownLocally { location: at, .. } => at == location,
            Note::Committed { .. } | Note::Expired { .. } => false,
        };
        here && from <= noted.at && noted.at <= to
    })
}

/// The central store's versions. Before the first commit of the stretch it holds one version throughout: the one
/// that a location took from it, if one did.
fn central(anomaly: &Anomaly) -> Vec<Stretch> {
    let notes = &anomaly.history.notes;
    let mut starts: Vec<(Time, Version)> = Vec::new();
    for noted in notes {
        // A write with an older stamp than the newest changes nothing.
        if let Note::Committed { seen, .. } = noted.note
            && starts.last().is_none_or(|(_, newest)| *newest < seen.version)
        {
            starts.push((noted.at, seen.version));
        }
    }
    let first = starts.first().map_or(anomaly.to, |(at, _)| *at);
    let before = notes.iter().find_map(|noted| match noted.note {
        Note::Filled { seen, taken, .. } => {
            (anomaly.from <= taken && taken < first).then_some((anomaly.from, seen.version))
        }
        _ => None,
    });
    starts.splice(0..0, before);
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([anomaly.to]);
    starts.iter().zip(ends).map(|((from, version), to)| (*from, to, *version)).collect()
}

/// How long a location's copy is good for, where that is fixed.
fn copy_lives(outcome: &Outcome, anomaly: &Anomaly) -> Option<u64> {
    let name = outcome.stores.get(anomaly.store).map(|store| &store.name);
    let config = outcome.scenario.stores.iter().find(|store| Some(&store.name) == name)?;
    match &config.kind {
        StoreKind::KvPull(config) => Some(config.cache_ttl.0),
        _ => None,
    }
}
