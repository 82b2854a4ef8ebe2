//! Which figures matter for which workload, and the sentences that they make.
//! To add a metric to a workload's table: one line in [`of`]; a metric that heads a table or a chart has a sentence in [`sentence`].

use crate::metrics::estimate::Scalar;
use crate::metrics::table::Row;
use crate::metrics::{CountId, DistributionId};
use crate::run::Outcome;

/// One row of the comparison.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Line {
    /// A share, with its interval.
    Share(CountId),
    /// Figures of a distribution, by their names in [`crate::metrics::estimate::FIGURES`]; a single one has its interval.
    Figures(DistributionId, &'static [&'static str]),
}

/// What matters for a workload.
#[derive(Clone, Copy, Debug)]
pub struct Emphasis {
    /// The harm it can come to, the worst first; the first of them heads the finding.
    pub harm: &'static [Line],
    /// The harm that is drawn, a chart each.
    pub charts: &'static [Line],
}

const P99: &[&str] = &["p99"];
const P50_P95: &[&str] = &["p50", "p95"];
const P50_P99_MAX: &[&str] = &["p50", "p99", "max"];
const MEAN_P99_MAX: &[&str] = &["mean", "p99", "max"];

/// What every workload has, after its harm.
const GENERAL: &[Line] = &[
    Line::Share(CountId::StaleReads),
    Line::Figures(DistributionId::StaleAge, P99),
    Line::Figures(DistributionId::ReadLatency, P50_P95),
    Line::Figures(DistributionId::WriteLatency, P50_P95),
    Line::Share(CountId::Available),
];

/// What matters for the workload with this word; for workloads without harm of their own, how old the answers are.
pub fn of(word: &str) -> Emphasis {
    use CountId::*;
    use DistributionId::*;
    use Line::{Figures, Share};
    let (harm, charts): (&[Line], &[Line]) = match word {
        "put_then_get" => (&[Share(OldOrNothing), Share(ReadYourWrites)], &[Share(OldOrNothing)]),
        "counter" => (&[Share(LostUpdates), Share(MonotonicReads), Share(ReadYourWrites)], &[Share(LostUpdates)]),
        "session" => (
            &[Share(RevokedAccepted), Figures(Exposure, P50_P99_MAX), Share(LoginNotSeen)],
            &[Share(RevokedAccepted), Figures(Exposure, P50_P99_MAX), Share(LoginNotSeen)],
        ),
        "feature_flag" => (
            &[
                Share(StaleEvaluations),
                Figures(FirstEdge, P50_P99_MAX),
                Figures(LastEdge, P50_P99_MAX),
                Figures(Exposure, P50_P99_MAX),
            ],
            &[Share(StaleEvaluations), Figures(LastEdge, P50_P99_MAX), Figures(Exposure, P50_P99_MAX)],
        ),
        "config" => (&[Share(TornReads)], &[Share(TornReads)]),
        "rate_limit" => (
            &[Figures(Overshoot, MEAN_P99_MAX), Share(OvershootWindows), Share(FalseRejections)],
            &[Figures(Overshoot, MEAN_P99_MAX), Share(OvershootWindows)],
        ),
        "cache_aside" => (
            &[Share(StaleAfterInvalidation), Share(StaleBeyondTtl), Share(CacheHits)],
            &[Share(StaleAfterInvalidation), Figures(StaleAge, P50_P99_MAX)],
        ),
        "calls" => (
            &[Share(StaleLists), Share(ListMissing), Share(ListDeleted), Share(MetadataLost)],
            &[Share(StaleLists), Figures(StaleAge, P50_P99_MAX)],
        ),
        _ => (&[], &[Figures(StaleAge, P50_P99_MAX)]),
    };
    Emphasis { harm, charts }
}

/// The rows of the comparison for this outcome: harm first, then what every workload has. What no store measured is
/// left out.
pub fn lines(outcome: &Outcome) -> Vec<Line> {
    let harm = of(outcome.scenario.workload.word()).harm;
    let measured = |line: &&Line| outcome.stores.iter().any(|store| store.estimate(&line.name()).is_some());
    harm.iter().chain(GENERAL).filter(measured).copied().collect()
}

/// What is drawn of sweeps: the workload's harm, the median read, in the order of the emphasis.
pub fn of_sweeps(workload: &str) -> Vec<Scalar> {
    let last = |line: &Line| Scalar::named(&line.name());
    let mut scalars: Vec<Scalar> = of(workload).charts.iter().filter_map(last).collect();
    for name in ["stale_read_rate", "stale_age.p99", "read_latency.p50"] {
        scalars.extend(Scalar::named(name).filter(|scalar| !scalars.contains(scalar)));
    }
    scalars
}

impl Line {
    /// The table's row behind it.
    pub fn row(self) -> Row {
        match self {
            Line::Share(id) => id.row(),
            Line::Figures(id, _) => id.row(),
        }
    }

    /// The scalars that it shows.
    pub fn scalars(self) -> Vec<Scalar> {
        match self {
            Line::Share(id) => vec![Scalar::Share(id)],
            Line::Figures(id, figures) => {
                figures.iter().filter_map(|figure| Scalar::named(&format!("{}.{figure}", id.row().name))).collect()
            }
        }
    }

    /// The name of its last scalar: the one by which stores are ranked.
    pub fn name(self) -> String {
        match self {
            Line::Share(id) => id.row().name.to_string(),
            Line::Figures(id, figures) => format!("{}.{}", id.row().name, figures.last().unwrap_or(&"max")),
        }
    }

    /// The words at the head of its row.
    pub fn label(self) -> String {
        match self {
            Line::Share(id) => id.row().label.to_string(),
            Line::Figures(id, figures) => format!("{} {}", id.row().label, figures.join("/")),
        }
    }
}

/// What is said of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sentence {
    /// Of the store that does worst, with `{}` for the figure.
    pub worst: &'static str,
    /// Of the stores beside it whose figure is zero.
    pub zero: &'static str,
    /// Where every figure is zero.
    pub all_zero: &'static str,
}

/// The sentence of a line.
pub fn sentence(line: Line) -> Sentence {
    use DistributionId::*;
    let (worst, all_zero) = words(line);
    let zero = match line {
        Line::Share(_) | Line::Figures(Overshoot, _) => "none",
        Line::Figures(StaleAge | VersionLag | InconsistencyWindow, _) => "never",
        Line::Figures(Exposure, _) => "not at all",
        Line::Figures(ReadLatency | WriteLatency | FirstEdge | LastEdge, _) => "at once",
    };
    Sentence { worst, zero, all_zero }
}

fn words(line: Line) -> (&'static str, &'static str) {
    use CountId::*;
    use DistributionId::*;
    match line {
        Line::Share(id) => match id {
            StaleReads => ("answers {} of reads with an old value", "No read was stale"),
            Available => ("answers {} of operations", "No operation was answered"),
            CacheHits => ("answers {} of reads from its cache", "No read was answered from a cache"),
            ReadYourWrites => ("hides a client's own write from {} of its reads", "Every client saw its own writes"),
            MonotonicReads => ("takes {} of reads back in time", "No read went back in time"),
            MonotonicWrites => {
                ("puts {} of writes before an earlier one of the same client", "No client's writes changed order")
            }
            WritesFollowReads => {
                ("puts {} of writes before what their client had read", "Every write came after what was read")
            }
            ReadYourWritesSessions => ("hides an own write from {} of clients", "Every client saw its own writes"),
            MonotonicReadsSessions => ("takes {} of clients back in time", "No client went back in time"),
            MonotonicWritesSessions => {
                ("changes the order of writes for {} of clients", "No client's writes changed order")
            }
            WritesFollowReadsSessions => {
                ("puts a write before what was read for {} of clients", "Every write came after what was read")
            }
            Divergence => ("gives different answers at two places for {} of the time", "All places always agreed"),
            LostUpdates => ("loses {} of acknowledged increments", "No acknowledged increment was lost"),
            LoginNotSeen => ("turns away {} of requests with a live session", "Every login was seen at once"),
            RevokedAccepted => ("accepts {} of requests after the logout", "No revoked session was accepted"),
            StaleEvaluations => ("evaluates {} of flags with an old value", "No flag was evaluated with an old value"),
            TornReads => ("mixes two publishes in {} of configurations read", "No configuration mixed two publishes"),
            OvershootWindows => ("lets {} of busy windows exceed the limit", "No window exceeded the limit"),
            FalseRejections => ("rejects {} of requests below the limit", "No request below the limit was rejected"),
            StaleAfterInvalidation => {
                ("answers {} of reads with a value already invalidated", "No read returned an invalidated value")
            }
            StaleBeyondTtl => ("answers {} of reads with a value older than the TTL", "No value outlived its TTL"),
            OldOrNothing => {
                ("answers {} of gets with an old value or nothing", "Every get after a put returned the new value")
            }
            StaleLists => ("answers {} of lists with keys missing or deleted", "Every list was true"),
            ListMissing => ("leaves {} of keys out of lists", "No list lacked a key"),
            ListDeleted => ("lists {} of keys that are deleted", "No list showed a deleted key"),
            MetadataLost => ("answers {} of metadata with null", "No metadata were lost"),
        },
        Line::Figures(id, _) => match id {
            StaleAge => ("answers with values out of date for up to {}", "No read was stale"),
            VersionLag => ("falls up to {} behind", "No read was stale"),
            ReadLatency => ("takes up to {} to answer a read", "Every read was answered at once"),
            WriteLatency => ("takes up to {} to acknowledge a write", "Every write was acknowledged at once"),
            Exposure => ("honours what was revoked for up to {}", "Every revocation took effect at once"),
            FirstEdge => ("takes up to {} to show a flip anywhere", "Every flip showed at once"),
            LastEdge => ("takes up to {} to show a flip everywhere", "Every flip showed everywhere at once"),
            Overshoot => ("admits up to {} beyond the limit in one window", "No request was admitted beyond the limit"),
            InconsistencyWindow => ("shows old values for up to {} after a write", "Every write showed at once"),
        },
    }
}
