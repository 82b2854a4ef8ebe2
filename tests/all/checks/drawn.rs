//! Histories drawn as text, with the verdicts that they must get: the data are in `tests/histories/drawn.txt`.

use consistency_sim::checks::{CHECKS, Verdict};
use consistency_sim::history::drawing::draw;
use consistency_sim::history::format::{Format, read};

use super::verdict;

struct Drawn<'a> {
    name: &'a str,
    expected: Vec<(&'a str, &'a str)>,
    text: String,
}

fn drawn() -> Vec<Drawn<'static>> {
    let mut all: Vec<Drawn> = Vec::new();
    for line in include_str!("../../histories/drawn.txt").lines() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("== ") {
            all.push(Drawn { name, expected: Vec::new(), text: String::new() });
            continue;
        }
        let current = all.last_mut().expect("a heading comes first");
        let (word, rest) = line.split_once(": ").expect("a verdict or a process");
        if CHECKS.iter().any(|check| check.name == word) {
            current.expected.push((word, rest.trim()));
        } else {
            current.text.push_str(line);
            current.text.push('\n');
        }
    }
    all
}

#[test]
fn drawings_get_their_verdicts() {
    let all = drawn();
    assert!(all.len() >= 30, "only {} drawings were read", all.len());
    for Drawn { name, expected, text } in all {
        let input = read(&text, None).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(input.format, Format::Drawing, "{name}");
        assert!(!expected.is_empty(), "{name} expects nothing");
        for (check, word) in expected {
            let verdict = verdict(check, &input.log, input.reading);
            assert_eq!(verdict.word(), word, "{name}, {check}: {verdict:?}\n{text}");
        }
    }
}

/// A witness drawn again, and read again, is broken as well: what is shown is enough to show it.
#[test]
fn witnesses_stand_on_their_own() {
    let mut seen = 0;
    for Drawn { name, text, .. } in drawn() {
        let input = read(&text, None).unwrap();
        for check in CHECKS {
            let Verdict::Broken(witness) = verdict(check.name, &input.log, input.reading) else { continue };
            let again = read(&draw(&input.log, &witness.operations), None).unwrap_or_else(|error| {
                panic!("{name}, {}: {error}\n{}", check.name, draw(&input.log, &witness.operations))
            });
            let verdict = verdict(check.name, &again.log, input.reading);
            assert_eq!(verdict.word(), "broken", "{name}, {}:\n{}", check.name, draw(&input.log, &witness.operations));
            seen += 1;
        }
    }
    assert!(seen >= 30, "only {seen} witnesses");
}
