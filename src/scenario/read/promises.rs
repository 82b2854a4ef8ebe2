//! `[[promise]]`: what the user needs to hold.

use crate::metrics::estimate::{FIGURES, Scalar};
use crate::metrics::table::Unit;
use crate::scenario::codes;
use crate::scenario::desk::Desk;
use crate::scenario::diagnostic::{Fault, nearest, quoted};
use crate::scenario::form::Form;
use crate::scenario::section::Section;
use crate::scenario::tree::{Node, Value};
use crate::scenario::values::{self, ANY};
use crate::scenario::{Bound, Promise};

/// Reads all promises.
pub(in crate::scenario) fn read(top: &mut Section<'_>) -> Vec<Promise> {
    let mut names: Vec<String> = Vec::new();
    let promises = top.tables("promise", "What must hold; a run says whether it does.", |s, _| {
        let promise = promise(s);
        let name = s.entry("name").and_then(|entry| values::text(&Desk::new(Vec::new(), true), "name", &entry.node));
        if let Some(name) = name {
            if names.contains(&name) {
                let fault =
                    Fault::new(codes::DUPLICATE_NAME, format!("another promise is called {} too", quoted(&name)));
                s.fault("name", fault.label("the second of this name"));
            }
            names.push(name);
        }
        promise
    });
    promises.into_iter().flatten().collect()
}

fn promise(s: &mut Section<'_>) -> Option<Promise> {
    let name = s.field("name", "The promise in the user's words.").required().text();
    if s.good(&["name"]) && name.trim().is_empty() {
        s.fault("name", Fault::new(codes::NAME_FORM, "the promise has no name").label("say what must hold"));
    }
    let metric = s.field("metric", "The metric that it is about.").required().take(Form::Metric, metric);
    s.exclude("at_most", "at_least");
    let bound = |desk: &Desk, key: &str, node: &Node| match metric {
        Some(metric) => bound(desk, key, node, metric),
        // The metric is wrong and was reported: its unit is unknown, so the bound cannot be judged.
        None => Some(0.0),
    };
    let most =
        s.field("at_most", "The highest value that keeps the promise, in the metric's unit.").take(Form::Bound, bound);
    let least =
        s.field("at_least", "The lowest value that keeps the promise, in the metric's unit.").take(Form::Bound, bound);
    let share = s
        .field("in", "The share of replications that must keep it.")
        .default("100 %")
        .take(Form::ShareOfReplications, share_of_replications);
    if most.is_none() && least.is_none() && s.good(&["at_most", "at_least", "*"]) {
        let fault = Fault::new(codes::PROMISE_BOUND, "the promise has no bound").label("at most, or at least, what?");
        s.desk.report(s.place, fault.help("write at_most = …, or at_least = …"));
    }
    let bound = most.map(Bound::AtMost).or(least.map(Bound::AtLeast));
    Some(Promise { name, metric: metric?, bound: bound?, share: share? })
}

fn metric(desk: &Desk, key: &str, node: &Node) -> Option<Scalar> {
    let name = values::text(desk, key, node)?;
    if let Some(scalar) = Scalar::named(&name) {
        return Some(scalar);
    }
    let all: Vec<String> = Scalar::all().into_iter().map(Scalar::name).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let mut fault =
        Fault::new(codes::UNKNOWN_METRIC, format!("unknown metric {}", quoted(&name))).label("no such metric");
    let figures: Vec<&str> =
        all.iter().copied().filter(|other| other.split('.').next() == Some(name.as_str())).collect();
    if !figures.is_empty() {
        fault = fault.help(format!("name a figure of it: {}", figures.join(", ")));
    } else {
        if let Some(near) = nearest(&name, &all) {
            fault = fault.help(format!("did you mean `{near}`?"));
        }
        let mut stems: Vec<&str> = all.iter().filter_map(|name| name.split('.').next()).collect();
        stems.dedup();
        let figures: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
        fault = fault
            .help(format!("the metrics are: {}", stems.join(", ")))
            .help(format!("spans and numbers among them need a figure: {}, as in stale_age.p99", figures.join(", ")));
    }
    desk.report(node.place, fault);
    None
}

/// A bound in the metric's exported unit.
fn bound(desk: &Desk, key: &str, node: &Node, metric: Scalar) -> Option<f64> {
    let unit = metric.row().unit;
    match unit {
        Unit::Share => values::share(desk, key, node, false),
        // Scaled like the metric itself, so that equal times compare as equal.
        Unit::Seconds => values::span(desk, key, node, &ANY).map(|span| span.0 as f64 * unit.scale()),
        Unit::Versions | Unit::Requests => match node.value {
            Value::Integer(_) | Value::Float(_) => values::number(desk, key, node, &(0.0..=1e15)),
            _ => {
                desk.wrong_type(key, node, &format!("a plain number of {}", unit.sign()), None);
                None
            }
        },
    }
}

fn share_of_replications(desk: &Desk, key: &str, node: &Node) -> Option<f64> {
    let Value::Text(text) = &node.value else {
        return values::share(desk, key, node, true);
    };
    let share = text.trim_end().strip_suffix("of replications").unwrap_or(text).trim_end();
    values::share(desk, key, &Node { place: node.place, value: Value::Text(share.into()) }, true)
}
