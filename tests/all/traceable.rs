//! Every sentence of a recommendation has its number in `summary.json`, and the number in the sentence is that number.

use std::sync::OnceLock;

use consistency_sim::advise::{self, defaults};
use consistency_sim::report;
use consistency_sim::run::{Outcome, Prefer, PromiseOutcome, kept};
use serde_json::Value;

use crate::{advise as comparisons, scenarios};

/// The shipped scenarios and those of the guidance, compared in both ways; without promises of their own they are judged
/// by the usual ones.
fn compared() -> &'static [Outcome] {
    static COMPARED: OnceLock<Vec<Outcome>> = OnceLock::new();
    COMPARED.get_or_init(|| {
        let shipped = scenarios::outcomes().values().map(promised).chain(comparisons::guidance_outcomes());
        let both = shipped.flat_map(|outcome| {
            [Prefer::Cheapest, Prefer::Nearest].map(|prefer| {
                let mut outcome = outcome.clone();
                advise::advise(&mut outcome, prefer, false);
                outcome
            })
        });
        both.collect()
    })
}

fn promised(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    if !defaults::complete(&mut outcome.scenario) {
        return outcome;
    }
    let of = outcome.scenario.replications;
    for store in &mut outcome.stores {
        let promises = outcome.scenario.promises.iter().enumerate().map(|(promise, terms)| {
            let samples = store.samples_of(terms.metric).map(<[_]>::to_vec).unwrap_or_default();
            let all = (0..of as usize).map(|n| samples.get(n).copied().unwrap_or_default());
            let kept = all.filter(|sample| kept(terms.bound, *sample)).count() as u32;
            PromiseOutcome { promise, kept, of, met: kept == of }
        });
        store.promises = promises.collect();
    }
    outcome
}

/// The numbers of a sentence in base units: seconds, shares, dollars, and plain ones. What stands in quotation marks is a
/// name, and no number.
fn numbers(sentence: &str) -> Vec<f64> {
    let mut bare = String::new();
    let mut quoted = false;
    for letter in sentence.chars() {
        quoted = (quoted || letter == '“') && letter != '”';
        if !quoted {
            bare.push(letter);
        }
    }
    let words: Vec<&str> = bare.split_whitespace().collect();
    let trim = |word: &str| word.trim_matches(|letter: char| "();:,.$“”".contains(letter)).replace(',', "");
    let number = |n: usize| {
        let value: f64 = trim(words[n]).parse().ok()?;
        let unit = words.get(n + 1).map(|word| trim(word)).unwrap_or_default();
        let scale = match unit.as_str() {
            "%" => 1e-2,
            "ns" => 1e-9,
            "µs" => 1e-6,
            "ms" => 1e-3,
            "min" | "/min" => {
                if unit == "min" {
                    60.0
                } else {
                    1.0 / 60.0
                }
            }
            "h" => 3600.0,
            "/h" => 1.0 / 3600.0,
            "d" => 86_400.0,
            "/d" => 1.0 / 86_400.0,
            _ => 1.0,
        };
        Some(value * scale)
    };
    (0..words.len()).filter_map(number).collect()
}

/// Whether a sentence says a number, to the three digits that are printed.
fn says(sentence: &str, value: f64) -> bool {
    numbers(sentence).iter().any(|said| (said - value).abs() <= 0.006 * value.abs() + 1e-12)
}

#[test]
fn every_reason_stands_in_the_summary() {
    let mut sentences = 0;
    for outcome in compared() {
        let name = &outcome.scenario.name;
        let json: Value = serde_json::from_str(&report::json(outcome)).expect("JSON");
        let reasons = json.pointer("/recommendation/because").and_then(|list| list.as_array()).expect("reasons");
        for reason in reasons {
            let sentence = reason["sentence"].as_str().expect("a sentence");
            let at = reason["at"].as_str().expect("a place");
            let there = json.pointer(at).unwrap_or_else(|| panic!("{name}: nothing is at {at}"));
            let place: usize = at.split('/').nth(2).and_then(|place| place.parse().ok()).expect("a store's place");
            assert_eq!(json["stores"][place]["name"], reason["store"], "{name}: {reason}");
            assert!(sentence.contains(json["stores"][place]["label"].as_str().expect("a label")), "{sentence}");
            sentences += 1;
            match there.as_f64() {
                Some(value) => {
                    assert_eq!(Some(value), reason["value"].as_f64(), "{name}: {reason}");
                    assert!(says(sentence, value), "{name}: {value} is not in “{sentence}”: {:?}", numbers(sentence));
                }
                None => assert!(sentence.contains("never measured") && there.is_null(), "{name}: {reason}"),
            }
        }
        // Every store is accounted for, and so is every boundary, from the figures beside its sentence.
        for store in json["stores"].as_array().expect("stores") {
            assert!(reasons.iter().any(|reason| reason["store"] == store["name"]), "{name}: {}", store["name"]);
        }
        for boundary in json.pointer("/recommendation/boundaries").and_then(|list| list.as_array()).expect("a list") {
            let sentence = boundary["sentence"].as_str().expect("a sentence");
            for side in ["before", "after"] {
                let value = boundary[side]["value"].as_f64().expect("a value");
                assert!(says(sentence, value), "{name}: {value} is not in “{sentence}”: {:?}", numbers(sentence));
            }
            assert_ne!(boundary["before"]["store"], boundary["after"]["store"], "{name}: {sentence}");
        }
    }
    assert!(sentences > 100, "{sentences} sentences");
}

#[test]
fn a_number_that_is_not_in_its_sentence_is_found_out() {
    let sentence = "KV breaks “at most 65 seconds old”: age p99 53.8 s, promised at most 1 min, kept in 0 of 12.";
    assert!(says(sentence, 53.8) && says(sentence, 60.0) && says(sentence, 12.0) && says(sentence, 0.0));
    assert!(!says(sentence, 65.0) && !says(sentence, 53.0) && !says(sentence, 0.538));
    assert!(says("It costs $1,234.56 a month.", 1_234.56) && says("lost updates 81.4 %, promised", 0.814_4));
    assert!(says("writes of 12 /min", 0.2) && !says("writes of 12 /min", 12.0));
}
