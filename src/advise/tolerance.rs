//! How far a promise can be loosened or tightened before the answer changes. No further run is needed: a bound is judged
//! on what each replication measured, and a run with another bound would measure the same.

use crate::metrics::table::Unit;
use crate::model::Span;
use crate::run::{Boundary, Outcome, Prefer, Side};
use crate::scenario::{Bound, Promise};

use super::decide::{Instead, recommended};

/// A bound in figures that people write.
#[derive(Clone, PartialEq, Debug)]
struct Readable {
    value: f64,
    text: String,
    toml: String,
}

/// For each promise the nearest looser and the nearest tighter bound that give another answer.
pub fn boundaries(outcome: &Outcome, prefer: Prefer) -> Vec<Boundary> {
    let promises = outcome.scenario.promises.iter().enumerate();
    promises
        .flat_map(|(n, promise)| {
            [true, false].into_iter().filter_map(move |upwards| towards(outcome, prefer, n, promise, upwards))
        })
        .collect()
}

fn with(bound: Bound, value: f64) -> Bound {
    match bound {
        Bound::AtMost(_) => Bound::AtMost(value),
        Bound::AtLeast(_) => Bound::AtLeast(value),
    }
}

fn amount(bound: Bound) -> f64 {
    let (Bound::AtMost(value) | Bound::AtLeast(value)) = bound;
    value
}

fn towards(outcome: &Outcome, prefer: Prefer, promise: usize, terms: &Promise, upwards: bool) -> Option<Boundary> {
    let unit = terms.metric.row().unit;
    let now = amount(terms.bound);
    let answer = |value: f64| recommended(outcome, prefer, Some(Instead { promise, bound: with(terms.bound, value) }));
    let own = recommended(outcome, prefer, None);
    let mut edges: Vec<f64> = outcome.stores.iter().filter_map(|store| edge(outcome, store, terms)).collect();
    edges.retain(|edge| if upwards { *edge >= now } else { *edge <= now });
    edges.sort_by(f64::total_cmp);
    if !upwards {
        edges.reverse();
    }
    for edge in edges {
        // One side keeps the promise at the edge itself, the other breaks it just beyond.
        let (below, above) = (readable(unit, edge, false)?, readable(unit, edge, true)?);
        let (before, after) = if upwards { (below, above) } else { (above, below) };
        let passed = |value: f64| if upwards { value < now } else { value > now };
        let before = if passed(before.value) { exactly(unit, now) } else { before };
        let (stays, changes) = (answer(before.value), answer(after.value));
        if stays == own && changes != own {
            let side = |readable: Readable, store| Side {
                value: readable.value,
                text: readable.text,
                toml: readable.toml,
                store,
            };
            let field = if matches!(terms.bound, Bound::AtMost(_)) { "at_most" } else { "at_least" };
            return Some(Boundary {
                parameter: format!("“{}”", terms.name),
                key: format!("promise.\"{}\".{field}", terms.name),
                now: exactly(unit, now).text,
                before: side(before, stays),
                after: side(after, changes),
            });
        }
    }
    None
}

/// The nearest bound of three digits with which a store keeps a promise, as a value and in words; `None` where its
/// metric was never measured.
pub fn kept_from(outcome: &Outcome, store: usize, promise: usize) -> Option<(f64, String)> {
    let terms = outcome.scenario.promises.get(promise)?;
    let edge = edge(outcome, outcome.stores.get(store)?, terms)?;
    let unit = terms.metric.row().unit;
    let readable = match terms.bound {
        Bound::AtMost(_) => readable(unit, edge, true)?,
        // Three digits below may lie above nothing: then the edge itself.
        Bound::AtLeast(_) => readable(unit, edge, false).unwrap_or_else(|| exactly(unit, edge)),
    };
    Some((readable.value, readable.text))
}

/// The bound up to which a store keeps a promise: the last that enough replications keep.
fn edge(outcome: &Outcome, store: &crate::run::StoreOutcome, terms: &Promise) -> Option<f64> {
    let of = outcome.scenario.replications as usize;
    let needed = (libm::ceil(terms.share * of as f64 - 1e-9) as usize).clamp(1, of.max(1));
    let samples = store.samples_of(terms.metric)?;
    let mut values: Vec<f64> =
        samples.iter().filter(|sample| sample.of > 0.0).map(|sample| sample.hits / sample.of).collect();
    values.sort_by(f64::total_cmp);
    match terms.bound {
        // Where nothing was measured, an upper bound is kept.
        Bound::AtMost(_) => {
            let unmeasured = of - values.len();
            needed.checked_sub(unmeasured + 1).and_then(|n| values.get(n).copied())
        }
        Bound::AtLeast(_) => values.len().checked_sub(needed).and_then(|n| values.get(n).copied()),
    }
}

/// The nearest bound of three digits that is above an edge (or on it), or below it.
fn readable(unit: Unit, edge: f64, above: bool) -> Option<Readable> {
    match unit {
        Unit::Seconds => {
            let nanos = libm::round(edge / unit.scale()) as u64;
            let step = 10_u64.pow(nanos.max(1).ilog10().saturating_sub(2));
            let least = if above { nanos.div_ceil(step) * step } else { nanos.saturating_sub(1) / step * step };
            (above || least < nanos).then(|| seconds(Span(least)))
        }
        Unit::Share => {
            let percent = edge * 100.0;
            let places = if percent > 0.0 { (2 - libm::floor(libm::log10(percent)) as i32).clamp(0, 8) } else { 2 };
            let power = libm::pow(10.0, f64::from(places));
            let steps = percent * power;
            let mut whole = if above { libm::ceil(steps - 1e-6) } else { libm::floor(steps + 1e-6) };
            // Rounding must not end on the wrong side of the edge.
            let value = |whole: f64| share(whole / power, places as usize);
            if above && value(whole).value < edge {
                whole += 1.0;
            } else if !above && value(whole).value >= edge {
                whole -= 1.0;
            }
            (whole >= 0.0).then(|| value(whole)).filter(|readable| readable.value <= 1.0)
        }
        Unit::Versions | Unit::Requests => {
            let whole = if above { libm::ceil(edge) } else { libm::ceil(edge) - 1.0 };
            (whole >= 0.0).then(|| exactly(unit, whole))
        }
    }
}

/// A bound as the scenario gives it.
fn exactly(unit: Unit, value: f64) -> Readable {
    match unit {
        Unit::Seconds => seconds(Span(libm::round(value / unit.scale()) as u64)),
        Unit::Share => {
            let text = format!("{:.8}", value * 100.0);
            let text = text.trim_end_matches('0').trim_end_matches('.').to_string();
            Readable { value, toml: format!("{text} %"), text: format!("{text} %") }
        }
        Unit::Versions | Unit::Requests => {
            let noun = unit.sign();
            let noun = if value == 1.0 { noun.trim_end_matches('s') } else { noun };
            Readable { value, toml: format!("{value}"), text: format!("{value} {noun}") }
        }
    }
}

fn seconds(span: Span) -> Readable {
    let text = span.to_string();
    // The scenario's reader turns nanoseconds into exported units in the same way.
    Readable { value: span.0 as f64 * Unit::Seconds.scale(), toml: text.clone(), text }
}

fn share(percent: f64, places: usize) -> Readable {
    let text = format!("{percent:.places$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    let value = format!("{text}e-2").parse().unwrap_or(percent / 100.0);
    Readable { value, toml: format!("{text} %"), text: format!("{text} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_bounds_lie_on_their_sides() {
        for edge in [60.345_678_912_f64, 0.001_234_567, 1.0, 65.0, 3599.999] {
            let (below, above) = (readable(Unit::Seconds, edge, false), readable(Unit::Seconds, edge, true));
            let (below, above) = (below.expect("below"), above.expect("above"));
            assert!(below.value < edge && above.value >= edge - 1e-9, "{below:?} {edge} {above:?}");
            assert!(above.value - below.value <= 0.02 * edge, "{below:?} {above:?}");
        }
        for edge in [0.412_345, 0.000_123_456, 0.5, 1.0, 0.07] {
            let (below, above) = (readable(Unit::Share, edge, false), readable(Unit::Share, edge, true));
            let (below, above) = (below.expect("below"), above.expect("above"));
            assert!(below.value < edge && above.value >= edge, "{below:?} {edge} {above:?}");
            assert!(above.value - below.value <= 0.02 * edge, "{below:?} {above:?}");
        }
        assert_eq!(readable(Unit::Requests, 12.0, true).map(|one| one.text), Some("12 requests".into()));
        assert_eq!(readable(Unit::Requests, 12.0, false).map(|one| one.value), Some(11.0));
        assert_eq!(readable(Unit::Requests, 0.0, false), None);
    }
}
