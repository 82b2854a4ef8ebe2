//! The top level of a scenario file: what is not in a table, and the order in which the tables are read.

use std::cell::Cell;
use std::path::Path;

use crate::limits::platform::NEWEST;
use crate::limits::{Plan, Terms};
use crate::model::Span;
use crate::network::NetworkConfig;
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::Fault;
use crate::scenario::form::{Field, Form};
use crate::scenario::section::Section;
use crate::scenario::tree::{Place, Table};
use crate::scenario::values::{self, ANY, POSITIVE, grouped};
use crate::scenario::{Assumption, Scenario};
use crate::stores::{StoreConfig, StoreKind};
use crate::workloads::WorkloadConfig;

use super::setting::Setting;
use super::{faults, network, places, platform, promises, server, stores, work, workloads};

/// The most replications.
const REPLICATIONS_MOST: u32 = 100_000;

/// What was read: the scenario where nothing was wrong, where it names a trace file, and the declared fields.
pub(in crate::scenario) struct Read {
    pub scenario: Option<Scenario>,
    pub trace_place: Option<Place>,
    pub fields: Vec<Field>,
}

/// Reads a whole scenario. `names` are those of its stores, given or made.
pub(in crate::scenario) fn read(desk: &Desk, table: Option<&Table>, folder: &Path, names: &[String]) -> Read {
    let mut top = Section::new(desk, "", table, Place::default());
    let name = top
        .field("name", "The scenario's name, and its folder's among the results: letters, digits, - and _.")
        .required()
        .name_if_any();
    let question = top.field("question", "What the scenario answers, as a question.").default("").text();
    let (duration, warmup) = time(&mut top);
    let seed = top.field("seed", "The seed of all chance: the same seed gives the same figures.").default(1).seed();
    let replications = top
        .field("replications", "How many times the run is repeated with other chances; intervals come from these.")
        .default(20)
        .count(1..=REPLICATIONS_MOST);

    let divergence = top
        .field(
            "divergence",
            "Measure in what share of time two locations would answer differently. Takes longer. A promise about it does \
             the same.",
        )
        .default(false)
        .flag();
    wrangler(&mut top);
    let terms = terms(&mut top, folder);
    let places = places::read(&mut top);
    let central = top
        .field("central", "Where the central store is. It is an edge only if it is among the edges.")
        .default("FRA")
        .assumed("Cloudflare does not publish the cities of the central stores, only that the new ones began in Europe")
        .place_if_any(&places)
        .unwrap_or_default();
    let links = network::links(&mut top);
    let mut stores = stores::read(&mut top, &server::Setting { places: &places, central, terms: &terms }, names);
    stores::complete(&mut stores, places.len());

    let edges = places.edges.into();
    let work = Setting { edges, places: &places, terms: &terms, duration, folder, trace_place: Cell::new(None) };
    let workload = workloads::read(&mut top, &work);
    if let Some(workload) = &workload {
        refuse_endless(&mut top, workload, &work, duration);
        stores::refuse_uncountable(&mut top, &stores, workload, &terms);
        refuse_unknown_calls(&mut top, workload, &stores);
    }
    let promises = promises::read(&mut top);
    let setting = faults::Setting { places: &places, stores: &stores, duration, complete: stores.len() == names.len() };
    let faults = faults::read(&mut top, &setting);
    let network = NetworkConfig { faults, ..network::finish(desk, &places, links, central) };
    let fields = top.finish(&[]);

    let scenario =
        name.zip(workload).filter(|_| desk.diagnostics.borrow().is_empty()).map(|(name, workload)| Scenario {
            assumptions: assumptions(desk, &workload),
            name,
            question,
            duration,
            warmup,
            seed,
            replications,
            network,
            workload,
            stores,
            promises,
            platform: terms.platform.clone(),
            plan: terms.plan,
            starts_at: terms.starts_at,
            divergence,
        });
    Read { scenario, trace_place: work.trace_place.get(), fields }
}

/// The file whose bindings are the stores. It was read before the stores were; here its name is declared.
fn wrangler(top: &mut Section<'_>) {
    let doc = "A Worker's wrangler.toml, wrangler.json or wrangler.jsonc: its bindings are the stores to compare, or each [[store]] names the `binding` that it is.";
    let named = top.field("wrangler", doc).text_if_any().is_some() || top.desk.describing;
    top.field("env", "The environment of the wrangler file; by default its top level.")
        .only_if(named, "a scenario with `wrangler`")
        .text_if_any();
}

/// Which limits hold.
fn terms(top: &mut Section<'_>, folder: &Path) -> Terms {
    let platform = top
        .field(
            "platform",
            "The version of the platform whose limits and prices hold: a built-in one, or a file of your own.",
        )
        .default(NEWEST)
        .take(Form::Platform, |desk, key, node| platform::named(desk, key, node, folder));
    let plan = top.field("plan", "What the account pays for.").default("paid").word(&[
        ("paid", Plan::Paid, "Workers Paid: use is charged."),
        ("free", Plan::Free, "Workers Free: daily quotas are enforced."),
    ]);
    let starts_at = top
        .field("starts_at", "The time of the day at which the run starts; quotas of a day begin anew at 00:00 UTC.")
        .default("00:00 UTC")
        .take(Form::TimeOfDay, values::time_of_day)
        .unwrap_or(Span::ZERO);
    Terms { platform: platform.unwrap_or_else(platform::newest), plan, starts_at }
}

fn time(top: &mut Section<'_>) -> (Span, Span) {
    let duration = top
        .field(
            "duration",
            "How long clients act; what is in flight then is still answered. A trace without it runs to its end.",
        )
        .default("10 min")
        .span(POSITIVE);
    let warmup = top
        .field("warmup", "Operations that start before this are simulated but not measured.")
        .default("0 s")
        .span(ANY);
    if warmup >= duration && top.good(&["duration", "warmup"]) {
        let message = format!("`warmup` is {warmup}, and `duration` is {duration}: nothing would be measured");
        let key = if top.entry("warmup").is_some() { "warmup" } else { "duration" };
        top.fault(key, Fault::new(codes::WARMUP, message).label("not shorter than the run"));
    }
    (duration, warmup)
}

fn refuse_endless(top: &mut Section<'_>, workload: &WorkloadConfig, setting: &Setting<'_>, duration: Span) {
    let operations = work::operations(workload, setting, duration);
    if top.good(&["duration", "edges"]) && top.desk.diagnostics.borrow().is_empty() && operations > work::MOST {
        let message = format!("about {} operations in each replication are too many", grouped(operations as u64));
        let fault = Fault::new(codes::TOO_MANY_OPERATIONS, message).label("asks for them");
        top.fault("workload", fault.help("shorten `duration`, or lower the rates"));
    }
}

/// A call that one of the stores does not have.
fn refuse_unknown_calls(top: &mut Section<'_>, workload: &WorkloadConfig, stores: &[StoreConfig]) {
    let aside = stores.iter().find(|store| matches!(store.kind, StoreKind::CacheAside(_)));
    let (WorkloadConfig::Calls(script), Some(aside)) = (workload, aside) else { return };
    if script.calls.iter().any(|call| call.keys > 1) {
        let message = format!("the store `{}` has no bulk read: its code looks each key up alone", aside.name);
        let fault = Fault::new(codes::STORE_CANNOT, message).label("has a get_bulk");
        top.fault("workload", fault.help("leave the store out, or read the keys one by one"));
    }
}

/// What nobody publishes is assumed only where it matters: without lists, how long they count what is deleted does not.
fn assumptions(desk: &Desk, workload: &WorkloadConfig) -> Vec<Assumption> {
    let mut assumptions = desk.assumptions.take();
    if !workload.has_lists() {
        assumptions.retain(|assumption| !assumption.field.ends_with(".tombstone_life"));
    }
    assumptions
}
