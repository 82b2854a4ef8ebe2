//! Promises as a JUnit report: a test suite for each scenario and store, a test case for each promise.

use crate::run::Outcome;

use super::advice::{amount, bound_words, metric_words};

/// The document.
pub fn junit(outcomes: &[Outcome]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let promises = || outcomes.iter().flat_map(|outcome| outcome.stores.iter().flat_map(|store| &store.promises));
    let broken = promises().filter(|promise| !promise.met).count();
    text += &format!("<testsuites name=\"consistency-sim\" tests=\"{}\" failures=\"{broken}\">\n", promises().count());
    for outcome in outcomes {
        for store in &outcome.stores {
            let failures = store.promises.iter().filter(|promise| !promise.met).count();
            let suite = format!("{}.{}", outcome.scenario.name, store.name);
            text += &format!(
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">\n",
                escaped(&suite),
                store.promises.len()
            );
            for promise in &store.promises {
                let Some(terms) = outcome.scenario.promises.get(promise.promise) else { continue };
                let name = escaped(&terms.name);
                text += &format!("    <testcase classname=\"{}\" name=\"{name}\"", escaped(&suite));
                if promise.met {
                    text += "/>\n";
                    continue;
                }
                let measured = store.estimate(&terms.metric.name());
                let message = format!(
                    "{}: {}, promised {}, kept in {} of {} replications",
                    metric_words(terms.metric),
                    measured.map_or("not measured".into(), |estimate| amount(terms.metric, estimate.value)),
                    bound_words(terms),
                    promise.kept,
                    promise.of
                );
                text += &format!(">\n      <failure type=\"promise\" message=\"{}\"/>\n", escaped(&message));
                text += "    </testcase>\n";
            }
            text += "  </testsuite>\n";
        }
    }
    text + "</testsuites>\n"
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML has no other control characters than these.
            '\t' | '\n' | '\r' => escaped.push(' '),
            letter if letter.is_control() => {}
            letter => escaped.push(letter),
        }
    }
    escaped
}
