//! Broken promises and violated limits as annotations for GitHub Actions: `::error file=…,line=…::…`, at the promise's line.

use crate::metrics::table::Unit;
use crate::run::Outcome;

use super::advice::{amount, bound_words};
use super::{figures, limits};

/// One line for each promise that a store breaks; a comparison warns, and errs only where no store keeps all promises.
/// A line for each limit that a store violates, too: an error where limits are denied, else a warning.
/// `lines` are those of the promises in the file, in their order; a promise without one points at the first line.
pub fn github(outcome: &Outcome, file: &str, lines: &[usize], deny_limits: bool) -> String {
    let fatal = outcome.advice.as_ref().is_none_or(|advice| advice.store().is_none());
    let level = if fatal { "error" } else { "warning" };
    let mut text = String::new();
    for store in &outcome.stores {
        for broken in store.promises.iter().filter(|promise| !promise.met) {
            let Some(terms) = outcome.scenario.promises.get(broken.promise) else { continue };
            let measured =
                store.estimate(&terms.metric.name()).map_or("nothing was measured".to_string(), |estimate| {
                    format!("{} is {}", terms.metric.words(), amount(terms.metric, estimate.value))
                });
            let message = format!(
                "{} breaks it: {measured}, {} is promised in {} of replications, kept in {} of {}",
                store.label,
                bound_words(terms),
                figures::value(Unit::Share, terms.share),
                broken.kept,
                broken.of,
            );
            let line = lines.get(broken.promise).copied().unwrap_or(1);
            text += &format!(
                "::{level} file={},line={line},title={}::{}\n",
                property(file),
                property(&format!("{}: {}", outcome.scenario.name, terms.name)),
                data(&message)
            );
        }
        for limit in limits::deniable(outcome, store) {
            let level = if deny_limits { "error" } else { "warning" };
            let title = format!("{}: {}", outcome.scenario.name, limit.rule);
            let message = format!("{}: {}", store.label, limits::sentence(&limit));
            text +=
                &format!("::{level} file={},line=1,title={}::{}\n", property(file), property(&title), data(&message));
        }
    }
    text
}

/// What workflow commands take as text.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What they take as the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
