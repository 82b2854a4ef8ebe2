//! `summary.json`: everything that a run found out, in a versioned shape. Additions keep the version, other changes raise it.

use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::ser::Formatter;

use crate::advise::tolerance;
use crate::metrics::estimate::{Estimate, Scalar};
use crate::metrics::{CountId, Measurements, PlaceMeasurements, Served, joint};
use crate::model::MODEL;
use crate::network::Place;
use crate::run::{self, Advice, Outcome, StoreOutcome};
use crate::scenario::Assumption;

use super::advice;
use super::figures::tidy;
use super::free_plan::{self, Quota};
use super::limits::{self, Violated};
use super::over_time::{FaultOf, OverTime, faults, over_time};

/// The name and version of the shape.
pub const SCHEMA: &str = "consistency-sim/run@1";

#[derive(serde::Serialize)]
struct Document<'a> {
    schema: &'static str,
    scenario: &'a str,
    question: &'a str,
    scenario_digest: &'a str,
    digest: &'a str,
    seed: u64,
    replications: u32,
    model: &'static str,
    command: &'a str,
    workload: &'static str,
    duration_s: f64,
    warmup_s: f64,
    edges: u16,
    central: Option<&'a str>,
    faults: Vec<FaultOf<'a>>,
    assumptions: &'a [Assumption],
    stores: Vec<Store<'a>>,
    /// Which store to take is not judged by a run, only by a comparison.
    recommendation: Option<Recommendation<'a>>,
}

#[derive(serde::Serialize)]
struct Store<'a> {
    name: &'a str,
    label: &'a str,
    kind: &'a str,
    operations: u64,
    metrics: Metrics<'a>,
    limits: Vec<Violated>,
    promises: Vec<Kept<'a>>,
    stale_by_location: Vec<AtLocation<'a>>,
    served: Vec<ServedAt<'a>>,
    stale_joint: StaleJoint,
    over_time: Option<OverTime>,
    cost: Option<Cost<'a>>,
    free_plan: Vec<Quota>,
}

#[derive(serde::Serialize)]
struct Cost<'a> {
    total_usd_month: f64,
    items: Vec<Item<'a>>,
}

#[derive(serde::Serialize)]
struct Item<'a> {
    meter: &'a str,
    quantity_month: f64,
    unit: &'a str,
    included: f64,
    usd_month: f64,
}

#[derive(serde::Serialize)]
struct Recommendation<'a> {
    store: Option<&'a str>,
    sentence: String,
    prefer: &'static str,
    /// Whether the promises are the usual ones for the workload, because the scenario has none.
    default_promises: bool,
    keeping: Vec<&'a str>,
    because: Vec<Because<'a>>,
    differences: Vec<Difference<'a>>,
    boundaries: Vec<Boundary<'a>>,
    unmoved: Vec<Unmoved<'a>>,
    unseen: Vec<Unmoved<'a>>,
}

#[derive(serde::Serialize)]
struct Because<'a> {
    sentence: String,
    metric: String,
    store: &'a str,
    value: Option<f64>,
    /// Where the value stands in this document, as a JSON pointer.
    at: String,
}

/// Paired: the mean over replications of the store's figure minus that of the other.
#[derive(serde::Serialize)]
struct Difference<'a> {
    store: &'a str,
    minus: &'a str,
    metric: String,
    value: f64,
    interval: Option<[f64; 2]>,
    unit: &'static str,
    replications: u32,
}

#[derive(serde::Serialize)]
struct Boundary<'a> {
    sentence: String,
    field: &'a str,
    now: &'a str,
    before: Side<'a>,
    after: Side<'a>,
}

#[derive(serde::Serialize)]
struct Side<'a> {
    set: &'a str,
    value: f64,
    store: Option<&'a str>,
}

#[derive(serde::Serialize)]
struct Unmoved<'a> {
    field: &'a str,
    now: &'a str,
    until: &'a str,
}

/// Every metric by its name, in the order of the table; null where a store did not measure it.
struct Metrics<'a>(&'a StoreOutcome);

#[derive(serde::Serialize)]
struct Figure {
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    /// Where the interval comes from.
    method: Option<&'static str>,
    unit: &'static str,
}

#[derive(serde::Serialize)]
struct Kept<'a> {
    name: &'a str,
    metric: String,
    at_most: Option<f64>,
    at_least: Option<f64>,
    share: f64,
    met: bool,
    kept: u32,
    of: u32,
    /// The nearest bound of three digits that the store would keep.
    kept_from: Option<f64>,
    /// Wilson's 95 % interval of the share of replications that keep it.
    interval: [f64; 2],
}

#[derive(serde::Serialize)]
struct AtLocation<'a> {
    location: &'a str,
    city: &'a str,
    answered: u64,
    stale: u64,
}

/// Operations of one kind at one location, and what became of them.
#[derive(serde::Serialize)]
struct ServedAt<'a> {
    location: &'a str,
    operation: &'static str,
    count: u64,
    /// For reads and writes that were answered: their share of all of that operation here.
    availability: Option<f64>,
    p50_s: Option<f64>,
    p95_s: Option<f64>,
    p99_s: Option<f64>,
    p999_s: Option<f64>,
    max_s: Option<f64>,
}

/// Reads that are at least so many versions and at least so old, by row and column.
#[derive(serde::Serialize)]
struct StaleJoint {
    versions_at_least: Vec<u64>,
    age_at_least_s: Vec<f64>,
    reads: Vec<Vec<u64>>,
    of: u64,
}

fn stale_joint(measured: &Measurements) -> StaleJoint {
    let columns = 0..joint::AGES.len();
    let row = |row| columns.clone().map(|column| measured.joint.reads(row, column)).collect();
    StaleJoint {
        versions_at_least: joint::VERSIONS.to_vec(),
        age_at_least_s: joint::AGES.iter().map(|age| tidy(age.seconds())).collect(),
        reads: (0..joint::VERSIONS.len()).map(row).collect(),
        of: measured.count(CountId::StaleReads).of,
    }
}

/// What happened at a place, without what did not.
fn served<'a>(place: &'a Place, measured: &PlaceMeasurements) -> Vec<ServedAt<'a>> {
    let share =
        |answered: u64, lost: u64| (answered + lost > 0).then(|| tidy(answered as f64 / (answered + lost) as f64));
    let [reads_lost, writes_lost] = measured.unanswered;
    let reads = share(measured.reads(), measured.count(Served::ReadRefused) + reads_lost);
    let writes = share(measured.count(Served::Write), measured.count(Served::WriteRefused) + writes_lost);
    let row = |served: Served| {
        let latency = measured.latency(served);
        let figure = |p| latency.quantile(p).map(|nanos| tidy(nanos * 1e-9));
        ServedAt {
            location: &place.code,
            operation: served.word(),
            count: latency.count(),
            availability: match served {
                Served::FromCache | Served::Read => reads,
                Served::Write => writes,
                Served::ReadRefused | Served::WriteRefused => None,
            },
            p50_s: figure(0.5),
            p95_s: figure(0.95),
            p99_s: figure(0.99),
            p999_s: figure(0.999),
            max_s: latency.max().map(|nanos| tidy(nanos as f64 * 1e-9)),
        }
    };
    Served::ALL.into_iter().filter(|served| measured.count(*served) > 0).map(row).collect()
}

impl Serialize for Metrics<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scalars = Scalar::all();
        let mut map = serializer.serialize_map(Some(scalars.len()))?;
        for scalar in scalars {
            let estimate = self.0.estimates.iter().find(|estimate| estimate.scalar == scalar);
            map.serialize_entry(&scalar.name(), &figure(scalar, estimate))?;
        }
        map.end()
    }
}

fn figure(scalar: Scalar, estimate: Option<&Estimate>) -> Figure {
    Figure {
        value: estimate.map(|estimate| tidy(estimate.value)),
        interval: estimate.and_then(|estimate| estimate.interval).map(|bounds| bounds.map(tidy)),
        method: estimate.and_then(|estimate| estimate.method.word()),
        unit: scalar.row().unit.sign(),
    }
}

/// The document, ending with a newline: the same outcome gives the same bytes.
pub fn json(outcome: &Outcome) -> String {
    let scenario = &outcome.scenario;
    let network = &scenario.network;
    let document = Document {
        schema: SCHEMA,
        scenario: &scenario.name,
        question: &scenario.question,
        scenario_digest: &outcome.scenario_digest,
        digest: &outcome.digest,
        seed: scenario.seed,
        replications: scenario.replications,
        model: MODEL,
        command: &outcome.command,
        workload: scenario.workload.word(),
        duration_s: tidy(scenario.duration.seconds()),
        warmup_s: tidy(scenario.warmup.seconds()),
        edges: network.edges,
        central: network.places.get(network.central.index()).map(|place| &*place.code),
        faults: faults(scenario),
        assumptions: &scenario.assumptions,
        stores: outcome.stores.iter().map(|store| store_of(outcome, store)).collect(),
        recommendation: outcome.advice.as_ref().map(|advice| recommendation(outcome, advice)),
    };
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Lines::default());
    // Writing into memory and keys that are strings: nothing can fail.
    document.serialize(&mut serializer).expect("plain data is always serializable");
    let mut text = String::from_utf8(bytes).expect("JSON is UTF-8");
    text.push('\n');
    text
}

fn store_of<'a>(outcome: &'a Outcome, store: &'a StoreOutcome) -> Store<'a> {
    use crate::scenario::Bound;
    let promises = store.promises.iter().filter_map(|kept| {
        let promise = outcome.scenario.promises.get(kept.promise)?;
        let (at_most, at_least) = match promise.bound {
            Bound::AtMost(most) => (Some(most), None),
            Bound::AtLeast(least) => (None, Some(least)),
        };
        let interval = kept.interval().map(tidy);
        let place = outcome.stores.iter().position(|other| other.name == store.name)?;
        let kept_from = tolerance::kept_from(outcome, place, kept.promise).map(|(value, _)| tidy(value));
        let (met, name, metric) = (kept.met, &*promise.name, promise.metric.name());
        Some(Kept {
            name,
            metric,
            at_most,
            at_least,
            share: promise.share,
            met,
            kept: kept.kept,
            of: kept.of,
            kept_from,
            interval,
        })
    });
    let places = outcome.scenario.network.places.iter().zip(&store.pooled.stale_by_location);
    Store {
        name: &store.name,
        label: &store.label,
        kind: store.kind,
        operations: store.pooled.operations,
        metrics: Metrics(store),
        limits: limits::of(outcome, store),
        promises: promises.collect(),
        stale_by_location: places
            .map(|(place, count)| AtLocation {
                location: &place.code,
                city: &place.city,
                answered: count.of,
                stale: count.hits,
            })
            .collect(),
        served: outcome
            .scenario
            .network
            .places
            .iter()
            .zip(&store.pooled.places)
            .flat_map(|(place, measured)| served(place, measured))
            .collect(),
        stale_joint: stale_joint(&store.pooled),
        over_time: over_time(store),
        cost: store.cost.as_ref().map(|bill| Cost {
            total_usd_month: bill.total_usd_month,
            items: bill
                .items
                .iter()
                .map(|item| Item {
                    meter: &item.meter,
                    quantity_month: tidy(item.quantity),
                    unit: &item.unit,
                    included: item.included,
                    usd_month: tidy(item.usd_month),
                })
                .collect(),
        }),
        free_plan: free_plan::of(store),
    }
}

fn recommendation<'a>(outcome: &'a Outcome, advice: &'a Advice) -> Recommendation<'a> {
    let name = |store: usize| outcome.stores[store].name.as_str();
    let side = |side: &'a run::Side| Side { set: &side.toml, value: tidy(side.value), store: side.store.map(name) };
    let differences = advice.differences.iter().map(|one| Difference {
        store: name(one.store),
        minus: name(one.against),
        metric: one.scalar.name(),
        value: tidy(one.value),
        interval: one.interval.map(|bounds| bounds.map(tidy)),
        unit: one.scalar.row().unit.sign(),
        replications: one.replications,
    });
    let boundaries = advice.boundaries.iter().map(|one| Boundary {
        sentence: advice::boundary(outcome, one),
        field: &one.key,
        now: &one.now,
        before: side(&one.before),
        after: side(&one.after),
    });
    let unmoved = |one: &'a run::Unmoved| Unmoved { field: &one.key, now: &one.now, until: &one.until };
    let because = advice::because(outcome).into_iter().map(|one| Because {
        sentence: one.sentence,
        metric: one.metric,
        store: name(one.store),
        value: one.value,
        at: one.at,
    });
    Recommendation {
        store: advice.store().map(name),
        sentence: advice::headline(outcome).unwrap_or_default(),
        prefer: advice.prefer.word(),
        default_promises: advice.default_promises,
        keeping: advice.keeping.iter().map(|store| name(*store)).collect(),
        because: because.collect(),
        differences: differences.collect(),
        boundaries: boundaries.collect(),
        unmoved: advice.unmoved.iter().map(unmoved).collect(),
        unseen: advice.unseen.iter().map(unmoved).collect(),
    }
}

/// Pretty, but with small things on one line: a metric, an assumption, a limit.
#[derive(Default)]
struct Lines {
    depth: usize,
    filled: bool,
}

/// What lies deeper than `stores[0].metrics` stays on one line.
const DEPTH_OF_LINES: usize = 4;

impl Lines {
    fn gap<W: ?Sized + io::Write>(&self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if self.depth <= DEPTH_OF_LINES { self.line(writer) } else { writer.write_all(b" ") }
    }

    fn line<W: ?Sized + io::Write>(&self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"\n")?;
        (0..self.depth).try_for_each(|_| writer.write_all(b"  "))
    }

    fn close<W: ?Sized + io::Write>(&mut self, writer: &mut W, sign: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.filled && self.depth < DEPTH_OF_LINES {
            self.line(writer)?;
        } else if self.filled {
            writer.write_all(b" ")?;
        }
        self.filled = true;
        writer.write_all(sign)
    }

    fn open<W: ?Sized + io::Write>(&mut self, writer: &mut W, sign: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        writer.write_all(sign)
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"[")
    }
    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"]")
    }
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.gap(writer, first)
    }
    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.open(writer, b"{")
    }
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.close(writer, b"}")
    }
    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.gap(writer, first)
    }
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}
