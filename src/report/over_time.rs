//! The part of `summary.json` that says what became of operations as the run went on.

use crate::faults::Fault;
use crate::metrics::{Served, Stretch};
use crate::report::figures::tidy;
use crate::run::StoreOutcome;
use crate::scenario::Scenario;

/// Equal stretches of the run, in the order of time. An operation belongs to the stretch in which it started; all
/// replications together.
#[derive(serde::Serialize)]
pub(super) struct OverTime {
    from_s: f64,
    step_s: f64,
    reads_from_cache: Vec<u64>,
    reads_from_elsewhere: Vec<u64>,
    writes: Vec<u64>,
    reads_refused: Vec<u64>,
    writes_refused: Vec<u64>,
    unanswered: Vec<u64>,
    stale_reads: Vec<u64>,
    refusals: Vec<ByRule>,
}

#[derive(serde::Serialize)]
struct ByRule {
    rule: &'static str,
    counts: Vec<u64>,
}

/// What a store did over time; none where no operation failed, for then there is nothing that the totals do not say.
pub(super) fn over_time(store: &StoreOutcome) -> Option<OverTime> {
    let series = &store.pooled.series;
    if series.stretches().iter().all(|stretch| stretch.failed() == 0) {
        return None;
    }
    let counts = |count: &dyn Fn(&Stretch) -> u64| series.stretches().iter().map(count).collect();
    let served = |served: Served| counts(&|stretch: &Stretch| stretch.count(served));
    let by_rule = series.refusals().iter();
    Some(OverTime {
        from_s: tidy(series.start(0).seconds()),
        step_s: tidy(series.width().seconds()),
        reads_from_cache: served(Served::FromCache),
        reads_from_elsewhere: served(Served::Read),
        writes: served(Served::Write),
        reads_refused: served(Served::ReadRefused),
        writes_refused: served(Served::WriteRefused),
        unanswered: counts(&|stretch| stretch.unanswered),
        stale_reads: counts(&|stretch| stretch.stale),
        refusals: by_rule.map(|(refusal, counts)| ByRule { rule: refusal.rule(), counts: counts.clone() }).collect(),
    })
}

/// What went wrong with the platform, and when.
#[derive(serde::Serialize)]
pub(super) struct FaultOf<'a> {
    name: &'a str,
    kind: &'static str,
    start_s: f64,
    length_s: f64,
    /// The only store that meets it.
    store: Option<&'a str>,
}

pub(super) fn faults(scenario: &Scenario) -> Vec<FaultOf<'_>> {
    let faults: &[Fault] = scenario.network.faults.all();
    let rows = faults.iter().map(|fault| FaultOf {
        name: &fault.name,
        kind: fault.kind.word(),
        start_s: tidy(fault.from.seconds()),
        length_s: tidy(fault.until.since(fault.from).seconds()),
        store: fault.store.as_deref(),
    });
    rows.collect()
}
