//! Promises and limits as a JUnit report: a test suite for each scenario and store, a test case for each promise and for
//! each limit that was violated.

use crate::run::Outcome;

use super::advice::{amount, bound_words};
use super::limits::{self, Violated};

/// The document. A limit that was violated has failed where limits are denied, and is told of otherwise.
pub fn junit(outcomes: &[Outcome], deny_limits: bool) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let promises = || outcomes.iter().flat_map(|outcome| outcome.stores.iter().flat_map(|store| &store.promises));
    let violated: usize = outcomes
        .iter()
        .flat_map(|outcome| outcome.stores.iter().map(|store| limits::deniable(outcome, store).len()))
        .sum();
    let denied = |violated: usize| if deny_limits { violated } else { 0 };
    let broken = promises().filter(|promise| !promise.met).count() + denied(violated);
    let tests = promises().count() + violated;
    text += &format!("<testsuites name=\"consistency-sim\" tests=\"{tests}\" failures=\"{broken}\">\n");
    for outcome in outcomes {
        for store in &outcome.stores {
            let violated = limits::deniable(outcome, store);
            let failures = store.promises.iter().filter(|promise| !promise.met).count() + denied(violated.len());
            let suite = format!("{}.{}", outcome.scenario.name, store.name);
            text += &format!(
                "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\">\n",
                escaped(&suite),
                store.promises.len() + violated.len()
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
                    terms.metric.words(),
                    measured.map_or("not measured".into(), |estimate| amount(terms.metric, estimate.value)),
                    bound_words(terms),
                    promise.kept,
                    promise.of
                );
                text += &format!(">\n      <failure type=\"promise\" message=\"{}\"/>\n", escaped(&message));
                text += "    </testcase>\n";
            }
            violated.iter().for_each(|limit| text += &limit_case(&suite, limit, deny_limits));
            text += "  </testsuite>\n";
        }
    }
    text + "</testsuites>\n"
}

fn limit_case(suite: &str, limit: &Violated, denied: bool) -> String {
    let message = escaped(&limits::sentence(limit));
    let told = if denied {
        format!("<failure type=\"limit\" message=\"{message}\"/>")
    } else {
        format!("<system-out>{message}</system-out>")
    };
    let (suite, rule) = (escaped(suite), escaped(limit.rule));
    format!("    <testcase classname=\"{suite}\" name=\"{rule}\">\n      {told}\n    </testcase>\n")
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
