//! A scenario at many points: fields and the values that they take, and what was found at each.

use serde::{Deserialize, Serialize};

use crate::model::MODEL;
use crate::run::{Advice, Outcome};
use crate::scenario::{Override, Scenario};

use super::knobs;

/// The most values of one parameter.
const VALUES_MOST: usize = 1000;

/// A field and the values that it takes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Axis {
    /// As `--set` takes it.
    pub key: String,
    /// As `--set` takes them.
    pub values: Vec<String>,
}

impl Axis {
    /// Reads `KEY=A,B,C`, `KEY=A..B:STEP` (steps are added) or `KEY=A..B:xFACTOR` (steps are multiplied). Units stand
    /// behind the numbers: `10 s..60 s:10 s`.
    ///
    /// # Errors
    /// When the text is none of these; the message says how to write it.
    pub fn parse(text: &str) -> Result<Axis, String> {
        let form = || format!("`{text}` is no range: write KEY=A,B,C or KEY=A..B:STEP or KEY=A..B:xFACTOR");
        // An equals sign may stand inside a quoted key, never before the first one outside.
        let mut quoted = false;
        let end = text.char_indices().find(|(_, letter)| {
            quoted ^= *letter == '"';
            *letter == '=' && !quoted
        });
        let (at, _) = end.ok_or_else(form)?;
        let (key, values) = (text[..at].trim(), text[at + 1..].trim());
        if key.is_empty() || values.is_empty() {
            return Err(form());
        }
        let values = match values.split_once("..") {
            Some((from, rest)) => {
                let (to, step) = rest.rsplit_once(':').ok_or_else(form)?;
                range(from, to, step).ok_or_else(form)?
            }
            None => listed(values),
        };
        if values.iter().any(String::is_empty) || values.len() > VALUES_MOST {
            return Err(format!("{} (at most {VALUES_MOST} values, none of them empty)", form()));
        }
        Ok(Axis { key: key.to_string(), values })
    }

    /// The override that sets a value.
    pub fn with(&self, value: usize) -> Override {
        Override { option: "--vary".into(), text: format!("{}={}", self.key, self.values[value]) }
    }
}

/// The parts of a list; commas within brackets and quotation marks part nothing.
fn listed(text: &str) -> Vec<String> {
    let (mut parts, mut depth, mut quoted) = (vec![String::new()], 0_i32, false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            '[' | '{' if !quoted => depth += 1,
            ']' | '}' if !quoted => depth -= 1,
            _ => {}
        }
        match parts.last_mut() {
            Some(part) if letter != ',' || depth > 0 || quoted => part.push(letter),
            _ => parts.push(String::new()),
        }
    }
    parts.into_iter().map(|part| part.trim().to_string()).collect()
}

fn number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let value: f64 = text[..end].parse().ok()?;
    value.is_finite().then_some((value, text[end..].trim()))
}

fn range(from: &str, to: &str, step: &str) -> Option<Vec<String>> {
    let ((first, unit), (last, last_unit)) = (number(from)?, number(to)?);
    let unit = if last_unit.is_empty() { unit } else { last_unit };
    // One unit for all: "1..5 s" and "1 s..5 s" are the same, "1 s..5 min" would be a trap.
    if number(from)?.1 != unit && !number(from)?.1.is_empty() || last < first {
        return None;
    }
    let factor = step.trim().strip_prefix(['x', '*']).map(number);
    let (step, multiplied) = match factor {
        Some(factor) => (factor.filter(|(factor, unit)| *factor > 1.0 && unit.is_empty())?.0, true),
        None => (number(step).filter(|(step, own)| *step > 0.0 && (own.is_empty() || *own == unit))?.0, false),
    };
    if multiplied && first <= 0.0 {
        return None;
    }
    let mut values = Vec::new();
    for n in 0..=VALUES_MOST as i32 {
        let value = if multiplied { first * libm::pow(step, f64::from(n)) } else { first + f64::from(n) * step };
        if value > last * (1.0 + 1e-9) {
            break;
        }
        // Nine digits, so that 0.1 + 0.2 is 0.3.
        let text = format!("{value:.9}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        values.push(if unit.is_empty() { text.to_string() } else { format!("{text} {unit}") });
    }
    Some(values)
}

/// Every combination of the axes' values, the last axis fastest.
pub fn points(axes: &[Axis]) -> Vec<Vec<usize>> {
    let mut points = vec![Vec::new()];
    for axis in axes {
        points = points
            .into_iter()
            .flat_map(|point| {
                (0..axis.values.len()).map(move |value| point.iter().copied().chain([value]).collect::<Vec<_>>())
            })
            .collect();
    }
    points
}

/// What was found at one point; written to a file when it is finished, and read when a sweep goes on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Of the scenario at this point: a cell of another scenario, seed or model is not taken over.
    pub scenario_digest: String,
    pub model: String,
    pub prefer: String,
    /// The values of the axes.
    pub values: Vec<String>,
    /// The recommended store's name.
    pub recommended: Option<String>,
    pub stores: Vec<CellStore>,
}

/// One store at one point.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CellStore {
    pub name: String,
    pub label: String,
    pub kind: String,
    pub keeps_all: bool,
    pub usd_month: Option<f64>,
    pub figures: Vec<CellFigure>,
}

/// One figure of one store at one point.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CellFigure {
    pub metric: String,
    pub value: f64,
    pub interval: Option<[f64; 2]>,
}

impl Cell {
    /// From the outcome of a point, which has its advice.
    pub fn of(outcome: &Outcome, values: Vec<String>) -> Cell {
        let advice = outcome.advice.as_ref();
        Cell {
            scenario_digest: outcome.scenario_digest.clone(),
            model: MODEL.to_string(),
            prefer: advice.map_or_else(String::new, |advice| advice.prefer.word().to_string()),
            values,
            recommended: advice.and_then(Advice::store).map(|store| outcome.stores[store].name.clone()),
            stores: outcome
                .stores
                .iter()
                .map(|store| CellStore {
                    name: store.name.clone(),
                    label: store.label.clone(),
                    kind: store.kind.to_string(),
                    keeps_all: store.keeps_all(),
                    usd_month: store.cost.as_ref().map(|bill| bill.total_usd_month),
                    figures: store
                        .estimates
                        .iter()
                        .map(|one| CellFigure { metric: one.scalar.name(), value: one.value, interval: one.interval })
                        .collect(),
                })
                .collect(),
        }
    }

    /// The label of the recommended store.
    pub fn recommended_label(&self) -> &str {
        let name = self.recommended.as_ref();
        let store = name.and_then(|name| self.stores.iter().find(|store| store.name == *name));
        store.map_or("none", |store| &store.label)
    }
}

/// A finished sweep: its cells in the order of [`points`].
#[derive(Clone, PartialEq, Debug)]
pub struct Sweep {
    /// The scenario as it is without overrides.
    pub name: String,
    pub question: String,
    pub workload: String,
    pub seed: u64,
    pub replications: u32,
    pub command: String,
    pub axes: Vec<Axis>,
    /// What the axes vary, in words.
    pub words: Vec<Words>,
    pub cells: Vec<Cell>,
}

/// What a sweep is about to do, written beside its points: whoever has all points can finish it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub name: String,
    pub question: String,
    pub workload: String,
    pub seed: u64,
    pub replications: u32,
    pub command: String,
    pub axes: Vec<Axis>,
    pub words: Vec<Words>,
    /// The digest of the scenario at each point, in the order of [`points`].
    pub digests: Vec<String>,
}

impl Plan {
    /// The values at a point.
    pub fn values(&self, point: &[usize]) -> Vec<String> {
        self.axes.iter().zip(point).map(|(axis, value)| axis.values[*value].clone()).collect()
    }

    /// The sweep, from the cells of all its points.
    pub fn finish(self, cells: Vec<Cell>) -> Sweep {
        let Plan { name, question, workload, seed, replications, command, axes, words, .. } = self;
        Sweep { name, question, workload, seed, replications, command, axes, words, cells }
    }
}

/// A field in words.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Words {
    pub noun: String,
    /// Whether its values count what the noun names, as in "3 locations".
    pub counted: bool,
}

impl Words {
    /// The words for a field of a scenario; the field itself where there are no better ones.
    pub fn of(scenario: &Scenario, key: &str) -> Words {
        if let Some(knob) = knobs::of(scenario).into_iter().find(|knob| knob.key == key) {
            return Words { noun: knob.words, counted: knob.form == knobs::Form::Count };
        }
        let promise = scenario.promises.iter().find_map(|promise| {
            let field = key.strip_prefix("promise.")?.trim_start_matches('"').strip_prefix(promise.name.as_str())?;
            let words = match field.trim_start_matches('"') {
                ".at_most" => "the most that is tolerated of",
                ".at_least" => "the least that is demanded of",
                _ => return None,
            };
            Some(format!("{words} {}", promise.metric.words()))
        });
        Words { noun: promise.unwrap_or_else(|| key.to_string()), counted: false }
    }

    /// From one value to another: `going from 1 to 64 clients`, `going from 30 s to 2 min in cacheTtl`.
    pub fn going(&self, from: &str, to: &str) -> String {
        let preposition = if self.counted { "" } else { "in " };
        format!("going from {from} to {to} {preposition}{}", self.noun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        Axis::parse(text).unwrap_or_else(|message| panic!("{message}")).values
    }

    #[test]
    fn ranges_and_lists_are_read() {
        assert_eq!(values("edges=1,2 , 4"), ["1", "2", "4"]);
        assert_eq!(values("edges=2..10:4"), ["2", "6", "10"]);
        assert_eq!(values("edges=1..20:x3"), ["1", "3", "9"]);
        assert_eq!(values("store.kv.cache_ttl=30 s..90 s:30 s"), ["30 s", "60 s", "90 s"]);
        assert_eq!(values("a=0.1..0.3:0.1"), ["0.1", "0.2", "0.3"]);
        assert_eq!(values("a={ x = [1, 2] }, \"b, c\""), ["{ x = [1, 2] }", "\"b, c\""]);
        let axis = Axis::parse("promise.\"a = b\".at_most=1 s,2 s").expect("a quoted key");
        assert_eq!(axis.key, "promise.\"a = b\".at_most");
        for wrong in [
            "edges",
            "edges=",
            "=1",
            "edges=1..5",
            "edges=5..1:1",
            "edges=1..5:0",
            "a=1 s..5 min:1",
            "a=0..8:x2",
            "a=1,,2",
            "a=1..9:x1",
        ] {
            assert!(Axis::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn points_are_all_combinations() {
        let axis = |values: &[&str]| Axis { key: "a".into(), values: values.iter().map(|v| (*v).into()).collect() };
        assert_eq!(points(&[axis(&["1", "2"]), axis(&["x", "y"])]), [[0, 0], [0, 1], [1, 0], [1, 1]]);
        assert_eq!(points(&[]), [[0_usize; 0]]);
    }
}
