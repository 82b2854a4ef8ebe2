//! What must hold for every chart of every outcome: nothing overlaps, nothing is cut off, every letter is in the font.

use consistency_sim::metrics::{CountId, CurveId, DistributionId};
use consistency_sim::report;
use consistency_sim::report::charts::font;
use consistency_sim::report::charts::scene::{Area, Mark, Point, at};
use consistency_sim::report::charts::{self, Chart};
use consistency_sim::run::Outcome;

use super::sample::{self, ASIDE, Behaviour, D1, KV, KV_30, OBJECT, Plan};

fn light(mut plan: Plan) -> Plan {
    plan.reads_per_edge = 300;
    plan.replications = 4;
    plan
}

fn made(plan: Plan) -> Outcome {
    sample::outcome(&light(plan))
}

const TEN: [Behaviour; 10] = {
    let base = [KV, KV_30, D1, OBJECT, ASIDE, KV_30, KV, D1, ASIDE, OBJECT];
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let labels = [
        "Workers KV",
        "KV, cacheTtl 30 s",
        "D1",
        "Durable Object",
        "KV over D1",
        "KV, cacheTtl 30 s, second region, a label that goes on",
        "KV with a very old cache",
        "D1 + replicas",
        "Cache-aside, late delete",
        "Durable Object in the far east",
    ];
    let mut ten = base;
    let mut n = 0;
    while n < 10 {
        ten[n] = Behaviour {
            name: names[n],
            label: labels[n],
            old_ms: base[n].old_ms + 1_700 * n as u64 * (base[n].old_ms / 30_000),
            ..base[n]
        };
        n += 1;
    }
    ten
};

/// Outcomes of every kind, by what is special about them.
fn outcomes() -> Vec<(&'static str, Outcome)> {
    let all = [KV, KV_30, D1, OBJECT];
    let mut list = vec![
        ("mix", made(sample::plan(sample::mix(), &all))),
        ("counter", made(sample::plan(sample::counter(), &all))),
        ("session", made(sample::plan(sample::session(), &[KV, ASIDE, D1, OBJECT]))),
        ("rate limit", made(sample::plan(sample::rate_limit(), &all))),
        ("flags", made(sample::plan(sample::flags(), &all))),
        ("nothing stale", made(sample::plan(sample::counter(), &[D1, OBJECT]))),
        ("one store", made(sample::plan(sample::session(), &[KV]))),
        ("one fresh store", made(sample::plan(sample::session(), &[OBJECT]))),
        ("ten stores", made(sample::plan(sample::session(), &TEN))),
        ("one replication", {
            let mut plan = light(sample::plan(sample::counter(), &all));
            plan.replications = 1;
            sample::outcome(&plan)
        }),
        ("300 places", {
            let mut plan = sample::plan(sample::mix(), &[KV, OBJECT]);
            plan.edges = 300;
            plan.reads_per_edge = 10;
            plan.replications = 2;
            sample::outcome(&plan)
        }),
    ];
    list.push(("tiny", scaled(1e-9)));
    list.push(("huge", scaled(1e12)));
    list.push(("huger", scaled(1e200)));
    list.push(("nothing measured", empty()));
    list
}

/// The estimates of a sample, larger or smaller by a factor; shares stay shares.
fn scaled(factor: f64) -> Outcome {
    let mut outcome = made(sample::plan(sample::rate_limit(), &[KV, ASIDE, OBJECT]));
    for store in &mut outcome.stores {
        for estimate in &mut store.estimates {
            let share = matches!(estimate.scalar, consistency_sim::metrics::estimate::Scalar::Share(_));
            let most = if share { 1.0 } else { f64::MAX };
            let interval = estimate.interval.unwrap_or([0.0; 2]).map(|bound| (bound * factor).min(most));
            estimate.value = (estimate.value * factor).min(most);
            estimate.interval = estimate.interval.and(Some(interval));
        }
    }
    let pooled = &mut outcome.stores[0].pooled;
    pooled.distribution_mut(DistributionId::StaleAge).add(u64::MAX);
    if factor > 1.0 {
        pooled.curve_mut(CurveId::TVisibility).add(u64::MAX / 4, false);
        pooled.stale_by_location[0].hits = u64::MAX / 2;
        pooled.stale_by_location[0].of = u64::MAX / 2;
    } else {
        pooled.stale_by_location[0].of = u64::MAX / 2;
    }
    outcome
}

fn empty() -> Outcome {
    let mut outcome = made(sample::plan(sample::mix(), &[KV]));
    outcome.stores[0].pooled = consistency_sim::metrics::Measurements::new(8);
    outcome.stores[0].estimates.clear();
    outcome.stores[0].limits.clear();
    outcome.anomaly = None;
    outcome
}

/// Whether a straight line runs through an area, by points half a unit apart.
fn crosses(area: &Area, from: Point, to: Point) -> bool {
    let steps = ((to.x - from.x).abs().max((to.y - from.y).abs()) * 2.0) as usize + 1;
    (0..=steps).any(|n| {
        let share = n as f64 / steps as f64;
        area.distance(at(from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share)) == 0.0
    })
}

fn page(chart: &Chart) -> Area {
    Area { left: 0.0, top: 0.0, right: chart.scene.width, bottom: chart.scene.height }
}

#[test]
fn nothing_overlaps_and_nothing_is_cut_off() {
    for (name, outcome) in outcomes() {
        for chart in charts::all(&outcome) {
            let labels: Vec<_> = chart.scene.labels().collect();
            for (n, label) in labels.iter().enumerate() {
                assert!(page(&chart).contains(&label.area()), "{name}, {}: {:?} is cut off", chart.name, label.text);
                for other in &labels[n + 1..] {
                    let apart = !label.area().overlaps(&other.area());
                    assert!(apart, "{name}, {}: {:?} overlaps {:?}", chart.name, label.text, other.text);
                }
            }
        }
    }
}

#[test]
fn every_mark_lies_on_the_page() {
    for (name, outcome) in outcomes() {
        for chart in charts::all(&outcome) {
            let page = page(&chart).grown(0.5);
            for mark in &chart.scene.marks {
                let points = match mark {
                    Mark::Path { points, .. } | Mark::Polygon { points, .. } => points.clone(),
                    Mark::Disc { center, .. } => vec![*center],
                    _ => continue,
                };
                for point in points {
                    assert_eq!(page.distance(point), 0.0, "{name}, {}: {point:?}", chart.name);
                }
            }
        }
    }
}

#[test]
fn names_of_lines_stand_beside_the_lines_not_on_them() {
    for (name, outcome) in outcomes() {
        for chart in charts::all(&outcome).iter().filter(|chart| chart.name == "t_visibility") {
            let thick = chart.scene.marks.iter().filter_map(|mark| match mark {
                Mark::Path { points, width, .. } if *width > 2.0 => Some(points),
                _ => None,
            });
            let lines: Vec<&Vec<Point>> = thick.collect();
            assert!(!lines.is_empty());
            for label in chart.scene.labels() {
                let crossed = |line: &&Vec<Point>| line.windows(2).any(|pair| crosses(&label.area(), pair[0], pair[1]));
                assert!(!lines.iter().any(crossed), "{name}: a line runs through {:?}", label.text);
            }
        }
    }
}

#[test]
fn every_letter_is_in_the_font() {
    for (name, outcome) in outcomes() {
        for chart in charts::all(&outcome) {
            for label in chart.scene.labels() {
                for letter in label.text.chars() {
                    assert!(font::has(letter, label.weight), "{name}, {}: {letter:?} in {:?}", chart.name, label.text);
                }
            }
        }
    }
    for letter in "±×–—≤≥·✓✗→µ…ÆØÅæøåßČŠŽőűłńßçñãõ".chars() {
        assert!(font::has(letter, font::Weight::Regular) && font::has(letter, font::Weight::Semibold), "{letter}");
    }
}

#[test]
fn titles_are_true_where_nothing_was_stale() {
    let outcome = made(sample::plan(sample::counter(), &[D1, OBJECT]));
    let titles: Vec<String> = charts::all(&outcome).into_iter().map(|chart| chart.title).collect();
    insta::assert_snapshot!("titles_nothing_stale", titles.join("\n"));
}

#[test]
fn titles_state_the_finding() {
    let mut text = String::new();
    for (name, outcome) in outcomes() {
        for chart in charts::all(&outcome) {
            text += &format!("{name} | {} | {}\n", chart.name, chart.title);
        }
    }
    insta::assert_snapshot!("titles", text);
}

#[test]
fn a_worse_store_changes_the_title() {
    let mut outcome = made(sample::plan(sample::counter(), &[KV, D1]));
    let title = |outcome: &Outcome| charts::stale_share::chart(outcome).map(|chart| chart.title).unwrap_or_default();
    assert!(title(&outcome).starts_with("Workers KV answers"), "{}", title(&outcome));
    outcome.stores.swap(0, 1);
    assert!(title(&outcome).starts_with("Workers KV answers"), "{}", title(&outcome));
    for estimate in &mut outcome.stores[0].estimates {
        if estimate.scalar == consistency_sim::metrics::estimate::Scalar::Share(CountId::StaleReads) {
            estimate.value = 0.99;
        }
    }
    assert!(title(&outcome).starts_with("D1 answers 99 %"), "{}", title(&outcome));
}

#[test]
fn svg_says_in_words_what_it_shows() {
    let mut outcome = made(sample::plan(sample::counter(), &[KV, D1]));
    outcome.stores[0].label = "KV <&> \"more\"".to_string();
    for chart in charts::all(&outcome) {
        let svg = chart.svg();
        assert!(
            svg.contains("role=\"img\"") && svg.contains("<title id=\"title\">") && svg.contains("<desc id=\"desc\">")
        );
        assert!(svg.trim_end().ends_with("</svg>"));
        assert!(svg.contains("font-weight=\"600\"") && svg.contains("Inter, system-ui, sans-serif"));
        assert!(!svg.contains("<&"), "{} is not escaped", chart.name);
        // Every text has the width that it was measured with, whatever font shows it.
        let labels = chart.scene.labels().count();
        assert_eq!((svg.matches("<text ").count(), svg.matches(" textLength=").count()), (labels, labels));
        // Every opened element is closed.
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        let whole = format!("viewBox=\"0 0 {} {}\"", chart.scene.width * 8.0, chart.scene.height * 8.0);
        assert!(svg.contains(&whole), "{}", &svg[..200]);
    }
}

#[test]
fn png_has_its_size_and_is_not_blank() {
    let outcome = made(sample::plan(sample::counter(), &[KV, D1, OBJECT]));
    for chart in charts::all(&outcome) {
        let bytes = chart.png();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut pixels).expect("a picture");
        assert_eq!((info.width, info.height), (chart.scene.width as u32 * 2, chart.scene.height as u32 * 2));
        let dark = pixels.chunks_exact(3).filter(|pixel| pixel.iter().all(|part| *part < 100)).count();
        assert!(dark > 2_000, "{}: {dark} dark pixels are no title", chart.name);
        // The title's first letter is where the scene says.
        let title = chart.scene.labels().next().expect("a title").area();
        let inside = (title.top as usize * 2..title.bottom as usize * 2).any(|y| {
            (title.left as usize * 2..title.left as usize * 2 + 30)
                .any(|x| pixels[(y * info.width as usize + x) * 3] < 100)
        });
        assert!(inside, "{}: the title is elsewhere", chart.name);
        assert_eq!(bytes, chart.png());
    }
}

#[test]
fn every_chart_has_its_data_beside_it() {
    for (name, outcome) in outcomes() {
        let files = report::files(&outcome, false);
        for chart in charts::all(&outcome) {
            let csv = format!("{}.csv", chart.name);
            assert!(files.iter().any(|file| file.path == csv), "{name}: {csv} is missing");
        }
    }
}

/// Writes every picture into the folder that `PICTURES` names, to be looked at.
#[test]
#[ignore = "makes pictures to look at"]
fn pictures() {
    let folder = std::env::var("PICTURES").expect("PICTURES names a folder");
    for (name, outcome) in outcomes() {
        for chart in charts::all(&outcome) {
            let path = std::path::Path::new(&folder).join(format!("{name}-{}", chart.name).replace(' ', "-"));
            std::fs::write(path.with_extension("png"), chart.png()).expect("written");
            std::fs::write(path.with_extension("svg"), chart.svg()).expect("written");
        }
    }
}

#[test]
fn a_copy_from_before_the_stretch_is_drawn_where_reads_show_it() {
    let mut outcome = made(sample::plan(sample::mix(), &[KV]));
    let bars = |outcome: &Outcome| {
        let chart = charts::space_time::chart(outcome).expect("an anomaly");
        let bar =
            |mark: &&Mark| matches!(mark, Mark::Rectangle { color, .. } if charts::theme::VERSIONS.contains(color));
        chart.scene.marks.iter().filter(bar).count()
    };
    let whole = bars(&outcome);
    // Two versions at the central store, at the writer's and at six more places.
    assert_eq!(whole, 2 * 8);
    let anomaly = outcome.anomaly.as_mut().expect("an anomaly");
    anomaly.from = consistency_sim::model::Time(30_000_000_000);
    anomaly.history.notes.retain(|noted| noted.at >= anomaly.from);
    anomaly.history.records.retain(|record| record.start >= anomaly.from);
    // Nobody takes v1 from the central store any more, and nobody reads at the writer's own place.
    assert_eq!(bars(&outcome), whole - 2);
}
