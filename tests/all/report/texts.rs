//! What the texts say, letter by letter.

use consistency_sim::report;

use super::sample::{self, D1, KV, OBJECT};

fn small(workload: consistency_sim::workloads::WorkloadConfig) -> consistency_sim::run::Outcome {
    let mut plan = sample::plan(workload, &[KV, D1, OBJECT]);
    plan.reads_per_edge = 200;
    plan.edges = 3;
    plan.replications = 5;
    sample::outcome(&plan)
}

fn file(outcome: &consistency_sim::run::Outcome, path: &str) -> String {
    let files = report::files(outcome, false);
    let file = files.into_iter().find(|file| file.path == path).expect("the file is there");
    String::from_utf8(file.bytes).expect("text")
}

#[test]
fn json_has_every_metric_and_every_null() {
    let outcome = small(sample::counter());
    let text = report::json(&outcome);
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(value["schema"], "consistency-sim/run@1");
    assert!(value["recommendation"].is_null() && value["stores"][0]["cost"].is_null());
    let object = &value["stores"][2]["metrics"];
    assert_eq!(object["stale_read_rate"]["value"], 0.0);
    assert!(object["stale_age.p99"]["value"].is_null(), "no read was stale, so there is no age");
    assert_eq!(object.as_object().map(|metrics| metrics.len()), Some(26 + 9 * 6));
    assert_eq!(value["stores"][0]["limits"][0]["error"], "KV PUT failed: 429 Too Many Requests");
    assert!(text.ends_with("}\n"));
    insta::assert_snapshot!("json", text);
}

#[test]
fn json_of_almost_nothing_is_json() {
    let mut outcome = small(sample::mix());
    outcome.stores.clear();
    outcome.scenario.assumptions.clear();
    let value: serde_json::Value = serde_json::from_str(&report::json(&outcome)).expect("JSON");
    assert_eq!(value["stores"], serde_json::json!([]));
}

#[test]
fn markdown() {
    insta::assert_snapshot!("markdown_counter", report::markdown(&small(sample::counter())));
}

#[test]
fn markdown_leaves_what_users_write_as_text() {
    let mut outcome = small(sample::mix());
    outcome.scenario.question = "Is a|b <i>x</i> *old*?".to_string();
    let text = report::markdown(&outcome);
    assert!(text.starts_with("# Is a\\|b &lt;i&gt;x&lt;/i&gt; \\*old\\*?\n"), "{}", text.lines().next().unwrap_or(""));
}

#[test]
fn human() {
    insta::assert_snapshot!("human_counter", report::human(&small(sample::counter()), 100, false));
    insta::assert_snapshot!("human_session", report::human(&small(sample::session()), 100, false));
    insta::assert_snapshot!("human_rate_limit_narrow", report::human(&small(sample::rate_limit()), 60, false));
}

#[test]
fn color_adds_nothing_but_color() {
    let outcome = small(sample::counter());
    let colored = report::human(&outcome, 100, true);
    let mut plain = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\x1b[") {
        plain += before;
        rest = after.split_once('m').expect("an escape sequence ends").1;
    }
    plain += rest;
    assert_ne!(colored, plain);
    assert_eq!(plain, report::human(&outcome, 100, false));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut outcome = small(sample::session());
    outcome.scenario.question = "w".repeat(150) + " is a question";
    outcome.stores[0].label = "A store with quite a long name, cacheTtl 30 s".to_string();
    outcome.scenario.promises[0].name = "a promise with a name that goes on and on and on".to_string();
    for width in [60, 80, 100, 200] {
        for line in report::human(&outcome, width, false).lines() {
            assert!(line.chars().count() <= width, "{width}: {line:?}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn csv() {
    let outcome = small(sample::session());
    let mut texts = String::new();
    for path in ["stale_reads.csv", "stale_share.csv", "read_latency.csv", "revoked_accepted.csv", "exposure.csv"] {
        texts += &format!("{path}\n{}\n", file(&outcome, path));
    }
    insta::assert_snapshot!("csv", texts);
    insta::assert_snapshot!("summary_csv", file(&outcome, "summary.csv"));
    insta::assert_snapshot!("t_visibility_csv", file(&outcome, "t_visibility.csv"));
    insta::assert_snapshot!("space_time_csv", file(&outcome, "space_time.csv"));
}

#[test]
fn what_was_not_measured_is_a_dash_and_what_nobody_measured_is_left_out() {
    let mut outcome = small(sample::counter());
    outcome.stores[1].estimates.retain(|estimate| estimate.scalar.name() != "lost_update_rate");
    for store in &mut outcome.stores {
        store.estimates.retain(|estimate| !estimate.scalar.name().starts_with("write_latency"));
    }
    let text = report::human(&outcome, 100, false);
    let row = text.lines().find(|line| line.contains("lost updates")).expect("a row");
    assert!(row.contains('–') && row.trim_end().ends_with('0'), "{row}");
    assert!(!text.contains("write latency"));
}
