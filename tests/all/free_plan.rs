//! What the free plan would say: when quotas end, by division and as runs show it; and limits in every form of a report.

use consistency_sim::limits::Plan;
use consistency_sim::model::{Location, Refusal, Span};
use consistency_sim::report;
use consistency_sim::run::{Outcome, QuotaUse};
use consistency_sim::scenario::{Origin, Scenario, parse};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::quotas::free;
use crate::support::*;

/// Reads and writes at an even pace, on the paid plan.
fn steady(reads: f64, writes: f64, stores: Vec<StoreConfig>) -> Scenario {
    let WorkloadConfig::Mix(mut work) = mix(1, reads, writes) else { unreachable!("a mix") };
    work.shape = Shape::Constant;
    let mut scenario = scenario(network(1, Span::from_millis(40)), WorkloadConfig::Mix(work), stores);
    scenario.replications = 1;
    scenario.warmup = Span::ZERO;
    scenario
}

fn quota(outcome: &Outcome, store: usize, rule: Refusal) -> QuotaUse {
    *outcome.stores[store].free_plan.iter().find(|quota| quota.rule == rule).expect("a quota that is drawn on")
}

fn time(hours: u64, minutes: u64, seconds: u64) -> Span {
    Span::from_secs(hours * 3600 + minutes * 60 + seconds)
}

/// The quota divided by the pace: 2 reads a second use up 100,000 at 13:53:20 UTC.
#[test]
fn a_pace_uses_a_quota_up_when_division_says() {
    let stores = vec![kv_pull(Span::from_secs(60)), d1(Location(0)), durable_object()];
    let found = outcome(&steady(2.0, 0.0, stores));
    let ends = |store, rule| quota(&found, store, rule).ends;
    assert_eq!(ends(0, Refusal::KvReadsPerDay), Some((1, time(13, 53, 20))));
    assert_eq!(ends(2, Refusal::ObjectRequestsPerDay), Some((1, time(13, 53, 20))));
    // Nobody writes.
    assert!(found.stores[0].free_plan.iter().all(|quota| quota.rule == Refusal::KvReadsPerDay));
    let rows = quota(&found, 1, Refusal::D1RowsReadPerDay);
    assert_eq!((rows.ends, rows.per_day, rows.quota), (None, 172_800.0, 5_000_000.0));
    // Two milliseconds of each second are 0.256 MB-s: 22.1184 GB-s a day.
    let active = quota(&found, 2, Refusal::ObjectDurationPerDay);
    assert!((active.per_day - 22.1184).abs() < 1e-9 && active.ends.is_none());
    assert!(found.stores.iter().flat_map(|store| &store.free_plan).all(|quota| !quota.seen));
    let told = report::free_plan::paragraph(&found).expect("quotas");
    assert!(told.contains("Workers KV would have failed each day from 13:53:20 UTC on (kv.reads_per_day"), "{told}");
    assert!(told.contains("D1 would have lasted, with 3.46 %"), "{told}");
}

/// Just below a whole day's use it lasts, and of several quotas the one that ends first is told first.
#[test]
fn what_ends_first_comes_first() {
    let rules = |outcome: &Outcome| outcome.stores[0].free_plan.iter().map(|quota| quota.rule).collect::<Vec<_>>();
    // An update reads a row and writes one: two a second are 100,000 written at 13:53:20, and 172,800 of 5,000,000 read.
    let found = outcome(&steady(0.0, 2.0, vec![d1(Location(0))]));
    assert_eq!(rules(&found), [Refusal::D1RowsWrittenPerDay, Refusal::D1RowsReadPerDay]);
    assert_eq!(quota(&found, 0, Refusal::D1RowsWrittenPerDay).ends, Some((1, time(13, 53, 20))));
    assert_eq!(quota(&found, 0, Refusal::D1RowsReadPerDay).ends, None);
    // One a second are 86,400 of 100,000.
    let found = outcome(&steady(0.0, 1.0, vec![d1(Location(0))]));
    assert_eq!(rules(&found), [Refusal::D1RowsWrittenPerDay, Refusal::D1RowsReadPerDay]);
    assert!(found.stores[0].free_plan.iter().all(|quota| quota.ends.is_none()));
}

/// On the free plan the run itself tells: the first refusal, or that a whole day passes without one.
#[test]
fn a_run_on_the_free_plan_shows_it() {
    let mut scenario = steady(1.0, 0.0, vec![kv_pull(Span::from_secs(60))]);
    scenario.plan = Plan::Free;
    scenario.starts_at = time(20, 0, 0);
    // Four hours of the first day stay below, the second day does not.
    scenario.platform = free("kv", &[("reads_per_day", 20_000)]);
    scenario.duration = time(28, 0, 0);
    let shown = quota(&outcome(&scenario), 0, Refusal::KvReadsPerDay);
    assert!(shown.seen);
    // One location reads each second from a random phase: the 20,001st is in the 20,001st second.
    let (day, at) = shown.ends.expect("it ends");
    assert_eq!((day, at.0 / 1_000_000_000), (2, 20_000));
    scenario.platform = free("kv", &[("reads_per_day", 86_400)]);
    let lasts = quota(&outcome(&scenario), 0, Refusal::KvReadsPerDay);
    assert_eq!((lasts.seen, lasts.ends), (true, None));
    // Without a whole day in it, it is extrapolated: 1 read each second is 86,400.
    scenario.duration = time(20, 0, 0);
    scenario.platform = free("kv", &[("reads_per_day", 80_000)]);
    let extrapolated = quota(&outcome(&scenario), 0, Refusal::KvReadsPerDay);
    assert_eq!((extrapolated.seen, extrapolated.ends), (false, Some((1, Span::from_secs(80_000)))));
}

/// A put each hour of 1 MB, name included: after ten hours 10 MB more; 1 GB is full on the 42nd day.
#[test]
fn storage_is_full_when_its_growth_says() {
    let text = |store: &str| {
        format!(
            "name = \"growing\"\nquestion = \"?\"\nduration = \"10 h\"\nedges = [\"LHR\"]\nreplications = 1\n\
             [workload]\nkind = \"calls\"\n{}[[store]]\n{store}\n",
            (0..10)
                .map(|n| format!(
                    "[[workload.call]]\nat = \"{} s\"\nop = \"put\"\nkey = \"{n}\"\nvalue_bytes = 999_999\n",
                    n * 3600 + 1
                ))
                .collect::<String>()
        )
    };
    let of = |store: &str, rule| {
        let scenario = parse(&text(store), &Origin::default()).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        quota(&outcome(&scenario), 0, rule)
    };
    // 24 MB a day: 1 GB after 41.67 days, 500 MB after 20.83, 5 GB after 208.33.
    let kv = of("kind = \"kv\"", Refusal::KvStorageFull);
    assert_eq!((kv.ends, kv.seen), (Some((42, time(16, 0, 0))), false));
    assert!((kv.per_day - 0.024).abs() < 1e-12 && kv.quota == 1.0);
    assert_eq!(of("kind = \"d1\"", Refusal::D1DatabaseFull).ends, Some((21, time(20, 0, 0))));
    assert_eq!(of("kind = \"durable_object\"", Refusal::ObjectStorageFull).ends, Some((209, time(8, 0, 0))));
}

/// The rule, how often, when first, what the caller saw and what helps: in every form.
#[test]
fn every_form_of_a_report_tells_of_limits() {
    let mut scenario = steady(0.0, 0.1, vec![kv_pull(Span::from_secs(60))]);
    scenario.plan = Plan::Free;
    scenario.starts_at = time(13, 0, 0);
    scenario.platform = free("kv", &[("writes_per_day", 100)]);
    let found = outcome(&scenario);
    let limit = &report::limits::of(&found, &found.stores[0])[0];
    assert_eq!((limit.code, limit.violations), ("L016", 260));
    assert!(limit.first_utc.starts_with("day 1, 13:16:4"), "{}", limit.first_utc);
    let text = |path: &str| {
        let file = report::files(&found, false).into_iter().find(|file| file.path == path).expect("a file");
        String::from_utf8(file.bytes).expect("text")
    };
    let export =
        |path, deny| String::from_utf8(report::export(std::slice::from_ref(&found), path, deny).expect("a form").bytes);
    let (denied, told) = (export("a.xml", true).expect("text"), export("a.xml", false).expect("text"));
    let annotated = report::github(&found, "a.toml", &[], true);
    let forms = [
        text("limits.csv"),
        text("summary.json"),
        text("report.md"),
        text("report.html"),
        denied.clone(),
        told.clone(),
        annotated.clone(),
    ];
    for form in &forms {
        for part in ["kv.writes_per_day", "260", "13:16:4", "KV put() limit exceeded for the day.", "the paid plan"] {
            // A workflow's command writes no colon in its title, and a quotation mark may be written in signs.
            assert!(form.contains(part), "{part} is not in\n{form}");
        }
    }
    assert!(denied.contains("tests=\"1\" failures=\"1\"") && denied.contains("<failure type=\"limit\""));
    assert!(told.contains("tests=\"1\" failures=\"0\"") && told.contains("<system-out>"));
    assert!(annotated.starts_with("::error file=a.toml,line=1,title=test%3A kv.writes_per_day::Workers KV: "));
    assert!(report::github(&found, "a.toml", &[], false).starts_with("::warning "));
    // Without a violation the table has its head alone.
    scenario.plan = Plan::Paid;
    let none = outcome(&scenario);
    let table = report::tables::all(&none).into_iter().find(|(name, _)| name == "limits.csv").expect("always there").1;
    assert_eq!(table, report::tables::limits::HEADER);
    assert_eq!(text("limits.csv").lines().next().map(|head| format!("{head}\n")), Some(table));
}
