//! `space_time.csv`: one stretch of one key's history, as the space-time diagram draws it.

use serde::Serialize;

use crate::history::Note;
use crate::model::{Location, Version};
use crate::report::figures::tidy;
use crate::run::{Anomaly, Outcome};

/// One operation or one thing that happened inside the store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    /// `get`, `put`, `delete`, `add`, `count` for operations; `commit`, `fill`, `shown` for what happened inside.
    pub event: &'static str,
    pub location: String,
    /// For a fill: when the central store's version was taken.
    pub start_s: f64,
    /// Empty while no answer has come.
    pub end_s: Option<f64>,
    /// `v1` is the oldest version of this stretch; `v0` is what was there before the first write of all.
    pub version: String,
    /// Whether the read was stale; empty for everything else.
    pub stale: Option<bool>,
    /// The rule by which the store refused, if it did.
    pub refused: Option<&'static str>,
}

/// The names of the versions that occur in a stretch: `v0` for the initial one, then `v1`, `v2`, … in their order.
pub struct Versions(Vec<Version>);

impl Versions {
    /// Those of an anomaly.
    pub fn of(anomaly: &Anomaly) -> Versions {
        let answered = anomaly.history.records.iter().filter(|record| record.refusal.is_none() && record.end.is_some());
        let notes = anomaly.history.notes.iter().filter_map(|noted| match noted.note {
            Note::Committed { key, seen, .. }
            | Note::Filled { key, seen, .. }
            | Note::ShownLocally { key, seen, .. }
            | Note::Expired { key, seen } => (key == anomaly.key).then_some(seen.version),
        });
        let mut versions: Vec<Version> = answered.map(|record| record.seen.version).chain(notes).collect();
        versions.retain(|version| *version != Version::INITIAL);
        versions.sort_unstable();
        versions.dedup();
        Versions(versions)
    }

    /// The place of a version in the order; 0 for the initial one and for one that does not occur.
    pub fn rank(&self, version: Version) -> usize {
        self.0.binary_search(&version).map_or(0, |place| place + 1)
    }

    /// As in `v2`.
    pub fn name(&self, version: Version) -> String {
        format!("v{}", self.rank(version))
    }
}

/// The rows, in the order of their starts; none where no read was stale.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let Some(anomaly) = &outcome.anomaly else { return Vec::new() };
    let versions = Versions::of(anomaly);
    let place = |location: Location| {
        outcome.scenario.network.places.get(location.index()).map_or_else(String::new, |place| place.code.clone())
    };
    let mut rows: Vec<(u64, Row)> = Vec::new();
    for record in &anomaly.history.records {
        let answered = record.end.is_some() && record.refusal.is_none();
        rows.push((
            record.start.0,
            Row {
                event: record.operation.name(),
                location: place(record.location),
                start_s: tidy(record.start.seconds()),
                end_s: record.end.map(|end| tidy(end.seconds())),
                version: if answered { versions.name(record.seen.version) } else { String::new() },
                stale: record.operation.is_read().then_some(record.stale),
                refused: record.refusal.map(|refusal| refusal.rule()),
            },
        ));
    }
    for noted in &anomaly.history.notes {
        let (event, location, start, seen) = match noted.note {
            Note::Committed { from, seen, .. } => ("commit", from, noted.at, seen),
            Note::Filled { location, seen, taken, .. } => ("fill", location, taken, seen),
            Note::ShownLocally { location, seen, .. } => ("shown", location, noted.at, seen),
            Note::Expired { seen, .. } => ("expiry", outcome.scenario.network.central, noted.at, seen),
        };
        rows.push((
            start.0,
            Row {
                event,
                location: place(location),
                start_s: tidy(start.seconds()),
                end_s: Some(tidy(noted.at.seconds())),
                version: versions.name(seen.version),
                stale: None,
                refused: None,
            },
        ));
    }
    // A stable sort: what starts together stays in the order in which it was noted.
    rows.sort_by_key(|(start, _)| *start);
    rows.into_iter().map(|(_, row)| row).collect()
}
