//! The recommendation in sentences, each with the one number that it rests on and where that stands in `summary.json`.

use crate::advise::decide::{Instead, cents, recommended};
use crate::advise::differences::latency;
use crate::advise::tolerance;
use crate::metrics::CountId;
use crate::metrics::estimate::Scalar;
use crate::metrics::table::Unit;
use crate::run::{Advice, Boundary, Outcome, Prefer, PromiseOutcome, StoreOutcome};
use crate::scenario::{Bound, Promise};
use crate::stores::StoreKind;

use super::figures;

/// One reason.
#[derive(Clone, PartialEq, Debug)]
pub struct Because {
    pub sentence: String,
    /// The metric that the number belongs to; `cost` for the bill.
    pub metric: String,
    /// The store's place in the outcome's list.
    pub store: usize,
    /// The number; `None` where nothing was measured.
    pub value: Option<f64>,
    /// Where the number stands in `summary.json`, as a JSON pointer (RFC 6901).
    pub at: String,
}

/// The recommendation in one sentence; `None` without advice.
pub fn headline(outcome: &Outcome) -> Option<String> {
    let advice = outcome.advice.as_ref()?;
    Some(match advice.store() {
        Some(store) => format!("Use {}.", outcome.stores[store].label),
        None => "No store keeps every promise.".to_string(),
    })
}

/// Every reason: what the recommended store keeps, why it is preferred, and what each other store breaks.
pub fn because(outcome: &Outcome) -> Vec<Because> {
    let Some(advice) = &outcome.advice else { return Vec::new() };
    let mut reasons = Vec::new();
    if let Some(best) = advice.store() {
        reasons.extend(keeps(outcome, best));
        reasons.extend(preferred(outcome, advice, best));
    }
    for (store, broken) in outcome.stores.iter().enumerate().filter(|(_, store)| !store.keeps_all()) {
        let first = broken.promises.iter().filter(|promise| !promise.met);
        for promise in first.take(1) {
            reasons.extend(breaks(outcome, store, promise));
            reasons.extend(would_keep(outcome, store, promise));
        }
    }
    reasons
}

/// How surely the recommended store keeps its promises: the one that it keeps in the fewest replications stands for all.
fn keeps(outcome: &Outcome, store: usize) -> Option<Because> {
    let promises = &outcome.stores[store].promises;
    let (place, kept) = promises.iter().enumerate().min_by_key(|(_, promise)| promise.kept)?;
    let terms = outcome.scenario.promises.get(kept.promise)?;
    let [low, _] = kept.interval();
    let which = match (promises.len(), promises.iter().all(|other| other.kept == kept.kept)) {
        (1, _) => format!("“{}”", terms.name),
        (2, true) => "both promises".to_string(),
        (n, true) => format!("all {n} promises"),
        (_, false) => format!("every promise, “{}” the most narrowly,", terms.name),
    };
    Some(Because {
        sentence: format!(
            "{} keeps {which} in {} of {} replications (at 95 % confidence{} in at least {}).",
            outcome.stores[store].label,
            figures::grouped(kept.kept.into()),
            figures::grouped(kept.of.into()),
            if promises.len() > 1 { " each" } else { "" },
            figures::about(Unit::Share, low),
        ),
        metric: terms.metric.name(),
        store,
        value: Some(f64::from(kept.kept)),
        at: format!("/stores/{store}/promises/{place}/kept"),
    })
}

/// Why the best is better than the others that keep every promise.
fn preferred(outcome: &Outcome, advice: &Advice, best: usize) -> Vec<Because> {
    let others = &advice.keeping[1..];
    let mut reasons = Vec::new();
    let label = |store: usize| outcome.stores[store].label.as_str();
    if let Some(bill) = &outcome.stores[best].cost {
        let cost = usd(bill.total_usd_month);
        let most = match (others.is_empty(), advice.prefer) {
            (false, Prefer::Cheapest) => ", no more than any other store that keeps every promise",
            _ => "",
        };
        reasons.push(Because {
            sentence: format!("{} costs {cost} a month{most}.", label(best)),
            metric: "cost".into(),
            store: best,
            value: Some(bill.total_usd_month),
            at: format!("/stores/{best}/cost/total_usd_month"),
        });
    }
    for &other in others {
        let same_cost = cents(&outcome.stores[best]) == cents(&outcome.stores[other]);
        let cost = outcome.stores[other].cost.as_ref().map(|bill| bill.total_usd_month);
        let by_cost = advice.prefer == Prefer::Cheapest && !same_cost;
        if let (true, Some(cost)) = (by_cost, cost) {
            reasons.push(Because {
                sentence: format!("{} keeps every promise too, and costs {} a month.", label(other), usd(cost)),
                metric: "cost".into(),
                store: other,
                value: Some(cost),
                at: format!("/stores/{other}/cost/total_usd_month"),
            });
            continue;
        }
        let metric = latency(outcome);
        let Some(theirs) = outcome.stores[other].estimate(metric) else { continue };
        let costs = if same_cost && advice.prefer == Prefer::Cheapest { " at the same cost" } else { "" };
        let mine = outcome.stores[best].estimate(metric);
        let mine =
            mine.map_or(String::new(), |mine| format!(" instead of {}", figures::value(Unit::Seconds, mine.value)));
        reasons.push(Because {
            sentence: format!(
                "{} keeps every promise too{costs}; its median {} takes {}{mine}.",
                label(other),
                if metric.starts_with("read") { "read" } else { "write" },
                figures::value(Unit::Seconds, theirs.value),
            ),
            metric: metric.into(),
            store: other,
            value: Some(figures::tidy(theirs.value)),
            at: format!("/stores/{other}/metrics/{metric}/value"),
        });
    }
    reasons
}

/// Why a store does not keep a promise.
fn breaks(outcome: &Outcome, place: usize, broken: &PromiseOutcome) -> Option<Because> {
    let terms = outcome.scenario.promises.get(broken.promise)?;
    let store = &outcome.stores[place];
    let estimate = store.estimate(&terms.metric.name());
    let measured = estimate.map_or("never measured".to_string(), |estimate| amount(terms.metric, estimate.value));
    Some(Because {
        sentence: format!(
            "{} breaks “{}”: {} {measured}, promised {}, kept in {} of {} replications{}.",
            store.label,
            terms.name,
            terms.metric.words(),
            bound_words(terms),
            figures::grouped(broken.kept.into()),
            figures::grouped(broken.of.into()),
            cause(outcome, place, terms.metric).map_or(String::new(), |cause| format!("; {cause}")),
        ),
        metric: terms.metric.name(),
        store: place,
        value: estimate.map(|estimate| figures::tidy(estimate.value)),
        at: format!("/stores/{place}/metrics/{}/value", terms.metric.name()),
    })
}

/// With which bound a store would keep a promise that it breaks, and whether that would make it the one to take.
fn would_keep(outcome: &Outcome, store: usize, broken: &PromiseOutcome) -> Option<Because> {
    let terms = outcome.scenario.promises.get(broken.promise)?;
    let (value, text) = tolerance::kept_from(outcome, store, broken.promise)?;
    let (words, bound) = match terms.bound {
        Bound::AtMost(_) => ("at most", Bound::AtMost(value)),
        Bound::AtLeast(_) => ("at least", Bound::AtLeast(value)),
    };
    let place = outcome.stores[store].promises.iter().position(|promise| promise.promise == broken.promise)?;
    let prefer = outcome.advice.as_ref()?.prefer;
    let then = recommended(outcome, prefer, Some(Instead { promise: broken.promise, bound }));
    let others = outcome.stores[store].promises.iter().filter(|other| !other.met).count() - 1;
    let but = match then {
        _ if others == 1 => ", but breaks another promise too".to_string(),
        _ if others > 1 => format!(", but breaks {others} other promises too"),
        Some(better) if better != store => {
            let label = &outcome.stores[better].label;
            let by_cost = cents(&outcome.stores[better]) < cents(&outcome.stores[store]);
            let word = if prefer == Prefer::Cheapest && by_cost { "cheaper" } else { "nearer" };
            format!(", and {label} would still be {word}")
        }
        _ => String::new(),
    };
    Some(Because {
        sentence: format!("{} would keep a promise of {words} {text}{but}.", outcome.stores[store].label),
        metric: terms.metric.name(),
        store,
        value: Some(figures::tidy(value)),
        at: format!("/stores/{store}/promises/{place}/kept_from"),
    })
}

/// A value of a metric; nothing of it is 0, in its unit where that helps.
pub fn amount(scalar: Scalar, value: f64) -> String {
    figures::value(scalar.row().unit, value)
}

/// `at most 5 s`.
pub fn bound_words(terms: &Promise) -> String {
    let (words, bound) = match terms.bound {
        Bound::AtMost(bound) => ("at most", bound),
        Bound::AtLeast(bound) => ("at least", bound),
    };
    format!("{words} {}", amount(terms.metric, bound))
}

/// What in the store makes a promise break, where its configuration says so.
fn cause(outcome: &Outcome, place: usize, metric: Scalar) -> Option<String> {
    let config = outcome.scenario.stores.get(place)?;
    let slow = matches!(metric.row().name, "read_latency" | "write_latency");
    let refused = metric == Scalar::Share(CountId::Available);
    let lost = metric == Scalar::Share(CountId::LostUpdates);
    let place_name =
        |at: crate::model::Location| outcome.scenario.network.places.get(at.index()).map(|at| at.city.clone());
    Some(match &config.kind {
        _ if refused => {
            let most = outcome.stores[place].limits.iter().max_by_key(|limit| limit.violations)?;
            format!("most refusals say “{}”", most.text)
        }
        StoreKind::KvPull(_) | StoreKind::KvPush(_) if lost => {
            "clients read the same count, and the last write wins".to_string()
        }
        StoreKind::D1(config) if config.read_then_write && lost => {
            "the code reads in one query and writes in another".to_string()
        }
        StoreKind::DurableObject(config) if config.read_then_write && lost => {
            "the code reads in one call and writes in another".to_string()
        }
        StoreKind::D1(config) if slow => format!("every query goes to the primary in {}", place_name(config.primary)?),
        StoreKind::DurableObject(_) if slow => "an object is at one place, and callers are everywhere".to_string(),
        StoreKind::KvPull(config) if !slow => {
            format!("a location answers from its cache for cacheTtl = {}", config.cache_ttl)
        }
        StoreKind::KvPush(config) if !slow => format!("a version takes up to {} to arrive everywhere", config.max),
        StoreKind::CacheAside(config) if !slow => format!(
            "a location answers from its cache for cacheTtl = {}, and a fill that races the delete keeps the old row for up to {}",
            config.cache.cache_ttl, config.expiration_ttl
        ),
        _ => return None,
    })
}

/// A boundary in a sentence without its full stop: `writes of 12 /s (now 0.5 /s): Durable Object`.
pub fn boundary(outcome: &Outcome, boundary: &Boundary) -> String {
    let store = |store: Option<usize>| store.map_or("no store", |store| outcome.stores[store].label.as_str());
    format!(
        "{}, now {}: up to {} still {}, from {} {}",
        boundary.parameter,
        boundary.now,
        boundary.before.text,
        store(boundary.before.store),
        boundary.after.text,
        store(boundary.after.store),
    )
    .replacen("up to", if boundary.after.value >= boundary.before.value { "up to" } else { "down to" }, 1)
}

/// What was varied without effect, in a sentence: `locations from 2 to 200 (now 8)`; `None` where nothing was.
pub fn unmoved(advice: &Advice) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    for (n, one) in advice.unmoved.iter().enumerate() {
        if advice.unmoved[..n].iter().any(|other| other.key == one.key) {
            continue;
        }
        // The search goes upwards first.
        let other = advice.unmoved.iter().skip(n + 1).find(|other| other.key == one.key);
        words.push(match other {
            Some(other) => format!("{} from {} to {} (now {})", one.parameter, other.until, one.until, one.now),
            None => format!("{} as far as {} (now {})", one.parameter, one.until, one.now),
        });
    }
    (!words.is_empty()).then(|| format!("What does not change it, as far as was looked: {}.", words.join("; ")))
}

/// What was not varied for want of operations, in a sentence; `None` where everything was.
pub fn unseen(advice: &Advice) -> Option<String> {
    let mut words: Vec<&str> = advice.unseen.iter().map(|one| one.parameter.as_str()).collect();
    words.dedup();
    (!words.is_empty())
        .then(|| format!("Not looked at in both directions, which takes more --effort: {}.", words.join(", ")))
}

/// A price: `$5.15`, with commas from a thousand on.
pub fn usd(amount: f64) -> String {
    let cents = libm::round(amount * 100.0) as u64;
    format!("${}.{:02}", figures::grouped(cents / 100), cents % 100)
}

/// Whether any store has a bill.
pub fn has_costs(stores: &[StoreOutcome]) -> bool {
    stores.iter().any(|store| store.cost.is_some())
}

/// The words that say what was promised where the scenario says nothing.
pub fn promises_words(outcome: &Outcome) -> Option<String> {
    outcome.advice.as_ref().filter(|advice| advice.default_promises)?;
    let promises = outcome
        .scenario
        .promises
        .iter()
        .map(|terms| format!("“{}” ({} {})", terms.name, terms.metric.name(), bound_words(terms)));
    Some(format!(
        "The scenario promises nothing; judged by the usual promises for {}: {}. Write [[promise]] for your own.",
        outcome.scenario.workload.word(),
        promises.collect::<Vec<_>>().join(", ")
    ))
}

/// The whole recommendation as paragraphs: headline, reasons, what changes the answer, what the promises were.
pub fn paragraphs(outcome: &Outcome) -> Vec<(usize, String)> {
    let Some(advice) = &outcome.advice else { return Vec::new() };
    let mut lines: Vec<(usize, String)> = headline(outcome).into_iter().map(|line| (0, line)).collect();
    lines.extend(because(outcome).into_iter().map(|reason| (2, reason.sentence)));
    if !advice.boundaries.is_empty() {
        lines.push((2, "What changes the answer:".to_string()));
        lines.extend(advice.boundaries.iter().map(|one| (4, format!("{}.", boundary(outcome, one)))));
    }
    lines.extend(unmoved(advice).map(|line| (2, line)));
    lines.extend(unseen(advice).map(|line| (2, line)));
    lines.extend(promises_words(outcome).map(|line| (0, line)));
    lines
}
