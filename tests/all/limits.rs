//! The platform as data: every figure has its source, every rule its facts, and the published examples their price.

use consistency_sim::limits::figure::{Unit, written};
use consistency_sim::limits::{FigureId, METERS, Plan, bill};
use consistency_sim::model::{Refusal, Span};
use consistency_sim::report;
use consistency_sim::scenario::{newest, platform, platform_of, platforms};

/// Dollars, to the cent.
fn cents(used: &[(&str, f64)]) -> f64 {
    libm::round(bill(&newest(), used).total_usd_month * 100.0) / 100.0
}

fn objects(requests: f64, seconds: f64) -> f64 {
    let gigabytes = newest().bound(FigureId::ObjectMemoryBytes, Plan::Paid) as f64 / 1e9;
    cents(&[("durable_object.requests", requests), ("durable_object.duration", seconds * gigabytes)])
}

/// The four worked examples of durable-objects/platform/pricing.
#[test]
fn the_worked_examples_cost_what_they_say() {
    assert_eq!(objects(1.5e6, 1e6), 5.15);
    assert_eq!(objects(3.75e6, 86.4e6), 142.95);
    assert_eq!(objects(12_960_100.0, 259.2e6), 419.30);
    assert_eq!(objects(21_610_000.0, 4.32e6), 20.65);
}

/// Each price of the page, for a use beyond what is included: (meter, used, dollars beside the plan's 5).
#[test]
fn each_meter_has_its_published_price() {
    let cases = [
        ("kv.reads", 12e6, 1.0),
        ("kv.reads", 10e6, 0.0),
        ("kv.writes", 3e6, 10.0),
        ("kv.deletes", 2e6, 5.0),
        ("kv.lists", 1.5e6, 2.5),
        ("kv.storage", 3.0, 1.0),
        ("kv_instant.reads", 5e6, 1.0),
        // One write a minute for a month.
        ("kv_instant.writes", 43_200.0, 4320.0),
        ("kv_instant.storage", 0.5, 50.0),
        ("d1.rows_read", 26e9, 1.0),
        ("d1.rows_written", 51e6, 1.0),
        ("d1.storage", 7.0, 1.5),
        ("durable_object.requests", 1_500_000.0, 0.15),
        ("durable_object.duration", 400_001.0, 12.5),
        ("durable_object.rows_read", 27e9, 2.0),
        ("durable_object.rows_written", 53e6, 3.0),
        ("durable_object.read_units", 5e6, 1.0),
        ("durable_object.write_units", 2e6, 2.0),
        ("durable_object.storage", 10.0, 1.0),
    ];
    for (meter, used, usd) in cases {
        assert_eq!(cents(&[(meter, used)]), 5.0 + usd, "{meter}");
    }
    for row in METERS {
        assert!(cases.iter().any(|(meter, ..)| *meter == row.name), "{} has no case", row.name);
    }
    let bill = bill(&newest(), &[("kv.reads", 12e6), ("kv.writes", 1e6), ("no such meter", 1e12)]);
    let named: Vec<&str> = bill.items.iter().map(|item| item.meter.as_str()).collect();
    assert_eq!(named, ["plan", "kv.reads", "kv.writes"]);
}

#[test]
fn every_figure_and_price_has_a_source_and_a_date() {
    for name in platforms() {
        let platform = platform(name).expect("built in");
        assert_eq!(platform.name, name);
        assert!(!platform.title.is_empty() && !platform.paid.source.is_empty());
        for id in FigureId::ALL {
            let figure = platform.figure(*id);
            assert!(figure.source.len() > 10 && figure.date.starts_with("202"), "{name}: {}", id.name());
            assert!(figure.free <= figure.paid || id.row().unit == Unit::Span, "{name}: {}", id.name());
        }
        for (row, price) in METERS.iter().zip(&platform.prices) {
            assert!(price.source.len() > 10 && price.date.starts_with("202"), "{name}: {}", row.name);
        }
    }
    assert!(newest().figures.iter().all(|figure| figure.stated) && newest().prices.iter().all(|price| price.stated));
}

/// The figures of the pages, written out once more: a slip in the file would otherwise be a slip everywhere.
#[test]
fn the_newest_version_has_the_figures_of_the_pages() {
    let newest = newest();
    let both = |id: FigureId| {
        let figure = newest.figure(id);
        [figure.free, figure.paid].map(|value| written(id.row().unit, value))
    };
    let same = |id, text: &str| assert_eq!(both(id), [text, text], "{id:?}");
    same(FigureId::KvKeyBytes, "512 B");
    same(FigureId::KvValueBytes, "25 MiB");
    same(FigureId::KvMetadataBytes, "1 KiB");
    same(FigureId::KvOperations, "1,000");
    same(FigureId::KvBulkKeys, "100");
    same(FigureId::D1RowBytes, "2 MB");
    same(FigureId::D1StatementBytes, "100 kB");
    assert_eq!(both(FigureId::KvReadsPerDay), ["100,000", "unlimited"]);
    assert_eq!(both(FigureId::KvWritesPerDay), ["1,000", "unlimited"]);
    assert_eq!(both(FigureId::KvStorageBytes), ["1 GB", "unlimited"]);
    assert_eq!(both(FigureId::D1Queries), ["50", "1,000"]);
    assert_eq!(both(FigureId::D1DatabaseBytes), ["500 MB", "10 GB"]);
    assert_eq!(both(FigureId::ObjectDurationPerDay), ["13,000", "unlimited"]);
    assert_eq!(newest.span(FigureId::KvCacheTtl, Plan::Paid), Span::from_secs(30));
    assert_eq!(newest.span(FigureId::KvExpirationTtl, Plan::Paid), Span::from_secs(60));
    assert_eq!(newest.limit(FigureId::KvReadsPerDay, Plan::Paid), None);
    assert_eq!(newest.limit(FigureId::KvReadsPerDay, Plan::Free), Some(100_000));
}

#[test]
fn the_older_version_differs_where_the_changelogs_say_so() {
    let (old, new) = (platform("brief-2026-01").expect("built in"), newest());
    let changed: Vec<String> = FigureId::ALL
        .iter()
        .filter(|id| (old.figure(**id).free, old.figure(**id).paid) != (new.figure(**id).free, new.figure(**id).paid))
        .map(|id| id.name())
        .collect();
    assert_eq!(
        changed,
        [
            "kv.value_bytes_max",
            "kv.cache_ttl_min",
            "kv.deletes_per_day",
            "d1.databases_max",
            "d1.rows_read_per_day",
            "d1.rows_written_per_day"
        ]
    );
    assert_eq!(old.bound(FigureId::KvValueBytes, Plan::Paid), 25_000_000);
    assert!(!old.figure(FigureId::KvKeyBytes).stated && old.figure(FigureId::KvValueBytes).stated);
}

#[test]
fn every_rule_has_its_facts_and_a_code_of_its_own() {
    for (n, refusal) in Refusal::ALL.iter().enumerate() {
        let rule = refusal.facts();
        assert_eq!(rule.refusal, *refusal);
        assert_eq!(rule.code, format!("L{:03}", n + 1), "{}: codes follow the list", rule.name());
        assert!(rule.source.len() > 10 && rule.date.starts_with("2026"), "{}", rule.name());
        assert!(rule.what.ends_with('.') || rule.what.ends_with('"'), "{}: {}", rule.name(), rule.what);
        assert!(Refusal::ALL[..n].iter().all(|other| other.rule() != rule.name()), "{}", rule.name());
        let text = rule.text(&newest(), Plan::Free);
        assert!(!text.contains('{'), "{text}");
        if let Some(status) = rule.status {
            assert!(text.contains(&status.to_string()), "{text}");
        }
    }
    let text = |refusal: Refusal| refusal.facts().text(&newest(), Plan::Free);
    assert_eq!(text(Refusal::KvTooManyWrites), "KV PUT failed: 429 Too Many Requests");
    assert_eq!(text(Refusal::KvValueTooLarge), "KV PUT failed: 413 Value length of N exceeds limit of 26214400.");
    assert_eq!(
        text(Refusal::KvKeyTooLong),
        "KV GET failed: 414 UTF-8 encoded length of N exceeds key length limit of 512."
    );
    assert_eq!(
        text(Refusal::KvCacheTtlTooShort),
        "KV GET failed: 400 Invalid cache_ttl of N. Cache TTL must be at least 30."
    );
    let old = platform("brief-2026-01").expect("built in");
    assert!(Refusal::KvCacheTtlTooShort.facts().text(&old, Plan::Free).ends_with("at least 60."));
}

#[test]
fn a_file_of_ones_own_takes_over_what_it_does_not_say() {
    let text = "name = \"ours\"\nextends = \"cf-2026-11\"\n[kv]\nvalue_bytes_max = \"30 MiB\"\nreads_per_day = { free = 5, paid = 10 }\n";
    let own = platform_of(text, "ours.toml").expect("a whole file");
    assert_eq!(own.bound(FigureId::KvValueBytes, Plan::Free), 30 << 20);
    assert_eq!(own.limit(FigureId::KvReadsPerDay, Plan::Paid), Some(10));
    assert_eq!(own.figure(FigureId::KvKeyBytes).free, newest().figure(FigureId::KvKeyBytes).free);
    assert_eq!(own.prices.iter().filter(|price| price.stated).count(), 0);

    let whole = platform_of("name = \"ours\"\n", "ours.toml").expect_err("nothing is said");
    let [one] = whole.as_slice() else { panic!("{whole:#?}") };
    let more = FigureId::ALL.len() + METERS.len();
    assert_eq!(one.message, format!("`worker.connections_max` is missing, and {more} more figures"));
}

/// The page and the command's text have every figure with its source and date, every price, and the page every rule.
#[test]
fn what_is_printed_of_a_version_is_whole() {
    let platform = newest();
    let (page, text) = (report::platform::page(&platform), report::platform::text(&platform, &["a", "b"]));
    let lines = |whole: &str, name: &str| -> String {
        whole.lines().filter(|line| line.contains(name)).collect::<Vec<_>>().join("\n")
    };
    for id in FigureId::ALL {
        let figure = platform.figure(*id);
        for whole in [&page, &text] {
            let found = lines(whole, &id.name());
            assert!(found.contains(&figure.source) && found.contains(&figure.date), "{}: {found}", id.name());
        }
    }
    for (row, price) in METERS.iter().zip(&platform.prices) {
        for whole in [&page, &text] {
            let found = lines(whole, row.name);
            assert!(found.contains(&price.source) && found.contains('$'), "{}: {found}", row.name);
        }
    }
    assert!(text.contains("$0.15 per 1,000,000 requests begun beyond 1,000,000 a month"), "{text}");
    for refusal in Refusal::ALL {
        let rule = refusal.facts();
        let found = lines(&page, &format!("`{}`", rule.name()));
        for part in [rule.code, &rule.text(&platform, Plan::Free), rule.source, rule.date] {
            assert!(found.contains(part), "{}: {part} is not in {found}", rule.name());
        }
    }
}
