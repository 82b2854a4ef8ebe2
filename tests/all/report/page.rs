//! `report.html`: whole, safe, without requests; and in a real browser sortable, quiet and accessible, where there is one.
//!
//! The browser's part needs Chromium in the path and the file axe.min.js named by AXE_CORE: `scripts/check page` sees to both.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use consistency_sim::report::charts::theme::{self, Rgb};
use consistency_sim::report::page::{Decision, dark, html, page};
use consistency_sim::run::Outcome;

use super::sample::{self, D1, KV, OBJECT};

fn outcome() -> Outcome {
    let mut plan = sample::plan(sample::session(), &[KV, D1, OBJECT]);
    plan.reads_per_edge = 100;
    plan.replications = 3;
    sample::outcome(&plan)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let from = text.find(start).unwrap_or_else(|| panic!("{start} is there")) + start.len();
    &text[from..from + text[from..].find(end).expect("an end")]
}

#[test]
fn the_page_is_whole_without_its_script() {
    let outcome = outcome();
    let page = page(&outcome, None, true);
    for said in consistency_sim::report::finding::sentences(&outcome) {
        assert!(page.contains(&html::escaped(&said)), "{said}");
    }
    for row in consistency_sim::report::comparison::rows(&outcome) {
        for cell in row.cells {
            assert!(page.contains(&html::escaped(&cell.text)), "{}", cell.text);
        }
    }
    for chart in consistency_sim::report::charts::all(&outcome) {
        assert!(page.contains(&format!("<strong>{}</strong>", html::escaped(&chart.title))), "{}", chart.title);
    }
    for text in [&outcome.command, &outcome.digest, &outcome.scenario_digest, &outcome.scenario.assumptions[0].why] {
        assert!(page.contains(&html::escaped(text)), "{text}");
    }
    assert!(page.contains("KV PUT failed: 429 Too Many Requests"), "the limit's text");
    assert!(!page.contains("{{"), "every place of the template is filled");
}

#[test]
fn the_page_asks_nothing_of_any_server() {
    let page = page(&outcome(), None, true);
    for asks in ["src=", "<link", "@import", "<iframe", "<object", "<img", "fetch(", "XMLHttpRequest"] {
        assert!(!page.contains(asks), "{asks}");
    }
    let addresses = page.match_indices("http").map(|(at, _)| &page[at..]);
    for address in addresses.filter(|rest| rest.starts_with("http://") || rest.starts_with("https://")) {
        assert!(address.starts_with("http://www.w3.org/2000/svg\""), "{}", &address[..60]);
    }
    assert!(page.match_indices("url(").all(|(at, _)| page[at..].starts_with("url(data:")));
    assert!(page.contains("default-src 'none'"));
}

#[test]
fn the_policy_allows_exactly_the_style_and_script_of_the_page() {
    let page = page(&outcome(), None, true);
    let style = between(&page, "<style>", "</style>");
    let script = between(&page, "<script>", "</script>");
    assert_eq!(between(&page, "style-src 'sha256-", "'"), html::digest(style));
    assert_eq!(between(&page, "script-src 'sha256-", "'"), html::digest(script));
    // What the policy would block: styles and handlers in attributes.
    let body = between(&page, "<body>", "</body>");
    assert!(!body.contains(" style=\"") && !body.contains(" onclick=\""));
}

#[test]
fn what_users_write_stays_text() {
    let evil = "</script><script>alert(1)</script><img src=x onerror='a'>\"& {{main}}";
    let mut outcome = outcome();
    outcome.scenario.question = evil.to_string();
    outcome.scenario.promises[0].name = evil.to_string();
    outcome.stores[0].label = evil.to_string();
    outcome.command = evil.to_string();
    let decision = Decision { headline: evil.into(), because: vec![evil.into()], changes: vec![evil.into()] };
    let page = page(&outcome, Some(&decision), true);
    assert!(!page.contains("<script>alert") && !page.contains("<img"));
    assert_eq!(page.matches("<main").count(), 1, "a place named by a user is not filled");
    let data = between(&page, "id=\"data\">", "</script>");
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(data["question"], evil);
}

#[test]
fn ids_are_unique_and_every_reference_leads_somewhere() {
    let page = page(&outcome(), None, true);
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    for attribute in ["aria-labelledby=\"", "href=\"#"] {
        for rest in page.split(attribute).skip(1) {
            for id in rest.split('"').next().unwrap_or_default().split(' ') {
                assert!(unique.contains(id), "{attribute}{id}");
            }
        }
    }
}

#[test]
fn a_decision_heads_the_page() {
    let decision = Decision {
        headline: "Use D1.".into(),
        because: vec!["It keeps the promise in 3 of 3 replications.".into()],
        changes: vec!["More than 12 writes a second.".into()],
    };
    let page = page(&outcome(), Some(&decision), false);
    assert!(page.contains("<p class=\"verdict\">Use D1.</p>") && page.contains("What changes the answer"));
    assert!(!page.contains("<svg"), "no charts were asked for");
}

#[test]
fn colours_can_be_read_on_dark_paper() {
    for color in [0xD5_5E_00_u32, 0x00_72_B2, 0x00_9E_73, 0xA0_3C_8C, 0x55_55_55, 0xBE_12_14, 0x1F_29_37, 0x6B_72_80] {
        let color = Rgb((color >> 16) as u8, (color >> 8) as u8, color as u8);
        let dark = dark::dark(color);
        assert!(dark::contrast(dark, dark::PAPER) >= 4.5, "{color:?} becomes {dark:?}");
    }
    let grid = dark::contrast(dark::dark(theme::GRID), dark::PAPER);
    assert!((1.2..2.0).contains(&grid), "a grid stays light: {grid}");
    assert!((dark::contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 1e-9);
}

/// The path of Chromium, by any of its names.
fn chromium() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file())
}

/// The document after its scripts ran, and what the browser complained of.
fn loaded(chromium: &Path, page: &str, width: u32) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).expect("written");
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("--window-size={width},900"))
        .args(["--virtual-time-budget=60000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("Chromium starts");
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The page with something more at its end, and without the policy that would refuse it.
fn with_script(page: &str, script: &str) -> String {
    let (before, rest) = page.split_once("<meta http-equiv=").expect("a policy");
    let (_, after) = rest.split_once(">\n").expect("its end");
    format!("{before}{}", after.replace("</body>", &format!("{script}</body>")))
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(chromium) = chromium() else { return println!("skipped: there is no Chromium") };
    let page = page(&outcome(), None, true);
    let (document, complaints) = loaded(&chromium, &page, 1000);
    assert!(document.contains("aria-sort=\"none\""), "the policy lets the script run: {complaints}");
    for word in ["Refused to", "Content Security Policy", "Uncaught"] {
        assert!(!complaints.contains(word), "{complaints}");
    }
    // The last column of the first table of figures, by keyboard: once up, once down.
    let script = "<script>const t = document.querySelector('table.sortable'), b = t.tHead.rows[0].cells[3].firstChild;\
        const seen = () => [...t.tBodies[0].rows].map(r => r.cells[3].dataset.value).join(' ');\
        b.click(); document.body.dataset.up = seen() + '|' + b.parentNode.ariaSort;\
        b.click(); document.body.dataset.down = seen() + '|' + b.parentNode.ariaSort;</script>";
    let (document, _) = loaded(&chromium, &with_script(&page, script), 1000);
    let numbers = |text: &str| -> Vec<f64> { text.split(' ').filter_map(|value| value.parse().ok()).collect() };
    let (up, sort_up) = between(&document, "data-up=\"", "\"").split_once('|').expect("two parts");
    let (down, sort_down) = between(&document, "data-down=\"", "\"").split_once('|').expect("two parts");
    assert_eq!((sort_up, sort_down), ("ascending", "descending"));
    assert!(numbers(up).len() > 1 && numbers(up).is_sorted() && numbers(down).iter().rev().is_sorted(), "{up}");
}

#[test]
fn axe_finds_nothing() {
    let (Some(chromium), Some(axe)) = (chromium(), std::env::var_os("AXE_CORE")) else {
        return println!("skipped: needs Chromium and AXE_CORE; scripts/check page provides them");
    };
    let axe = std::fs::read_to_string(axe).expect("the file named by AXE_CORE").replace("</script", "<\\/script");
    let run = "axe.run(document).then((found) => { const told = document.createElement('pre'); told.id = 'axe'; \
        told.textContent = found.passes.length + ' rules kept' + \
        found.violations.map((v) => '\\n' + v.id + ': ' + v.nodes.map((n) => n.html).join(' ')).join(''); \
        document.body.append(told); })";
    let decision =
        Decision { headline: "Use D1.".into(), because: vec!["So it is.".into()], changes: vec!["Time.".into()] };
    let page = page(&outcome(), Some(&decision), true).replace("<details>", "<details open>");
    let page = with_script(&page, &format!("<script>{axe}</script><script>{run}</script>"));
    for (theme, width) in [("light", 1000), ("dark", 1000), ("light", 500)] {
        let page = page.replacen("<html lang=\"en\">", &format!("<html lang=\"en\" data-theme=\"{theme}\">"), 1);
        let (document, complaints) = loaded(&chromium, &page, width);
        assert!(document.contains("<pre id=\"axe\">"), "axe ran: {complaints}");
        let told = between(&document, "<pre id=\"axe\">", "</pre>");
        let kept: u32 = told.split(' ').next().and_then(|count| count.parse().ok()).expect("a count");
        assert!(kept > 15 && told.lines().count() == 1, "{theme}, {width} px: {told}");
    }
}
