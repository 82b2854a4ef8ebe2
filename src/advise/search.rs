//! What changes the answer, found by running: each field is varied until another store is recommended, the place is
//! narrowed down by bisection, and both of its sides are run again with all replications before it is reported.

use crate::run::{Boundary, Outcome, Prefer, RunError, Side, Unmoved};
use crate::scenario::{Override, Scenario};

use super::decide::recommended;
use super::knobs::{self, Knob};

/// Replications of a first look.
const FEW: u32 = 4;
/// From one look to the next, while the answer is the same.
const STRIDE: f64 = 4.0;
/// Looks in one direction before bisection.
const STRIDES: u32 = 3;
/// Tries to confirm a boundary, two runs each at most.
const CONFIRMATIONS: u32 = 4;

/// What a search needs.
pub struct Search<'a> {
    pub prefer: Prefer,
    /// The scenario with further overrides; `None` where they are refused (a location too many).
    pub variant: &'a dyn Fn(&[Override]) -> Option<Scenario>,
    pub run: &'a dyn Fn(&Scenario) -> Result<Outcome, RunError>,
    /// Measured operations, of all stores and replications together, after which no further look is taken.
    pub operations: u64,
    /// Is told what is being varied.
    pub watch: &'a dyn Fn(&str),
}

impl std::fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("prefer", &self.prefer)
            .field("operations", &self.operations)
            .finish_non_exhaustive()
    }
}

/// What a look found.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Look {
    store: Option<usize>,
    /// For each replication.
    operations: f64,
}

struct Looks<'a> {
    search: &'a Search<'a>,
    own: Option<usize>,
    replications: u32,
    few: u32,
    spent: u64,
}

/// Searches along every knob, in both directions, and adds what it finds to the outcome's advice.
///
/// # Errors
/// When a run fails.
pub fn boundaries(outcome: &mut Outcome, search: &Search<'_>) -> Result<(), RunError> {
    let own = recommended(outcome, search.prefer, None);
    let replications = outcome.scenario.replications;
    let mut looks = Looks { search, own, replications, few: FEW.min(replications), spent: 0 };
    let each = |outcome: &Outcome| {
        outcome.stores.iter().map(|store| store.pooled.operations).sum::<u64>() as f64
            / f64::from(outcome.scenario.replications)
    };
    let here = Look { store: own, operations: each(outcome) };
    // Where a few replications do not give the scenario's own answer, all are needed.
    if let Some(scenario) = (search.variant)(&[])
        && looks.look(&scenario, looks.few)?.store != own
    {
        looks.few = replications;
    }
    let (mut found, mut unmoved) = (Vec::new(), Vec::new());
    for knob in knobs::of(&outcome.scenario) {
        if knob.key == "edges" && !same_places(outcome, search, &knob) {
            continue;
        }
        (search.watch)(&knob.words);
        for upwards in [true, false] {
            match looks.along(&knob, upwards, here)? {
                Along::Changes(boundary) => found.push(*boundary),
                Along::Stays(until) => {
                    let (parameter, key) = (knob.words.clone(), knob.key.clone());
                    let (now, until) = (knob.text(knob.now), knob.text(until));
                    unmoved.push(Unmoved { parameter, key, now, until });
                }
                Along::Unseen => {}
            }
        }
    }
    if let Some(advice) = &mut outcome.advice {
        advice.boundaries.extend(found);
        advice.unmoved = unmoved;
    }
    Ok(())
}

/// Whether the locations are those that a mere number of them gives: only then can there be more or fewer.
fn same_places(outcome: &Outcome, search: &Search<'_>, knob: &Knob) -> bool {
    let scenario = (search.variant)(&[knob.with(knob.now)]);
    scenario.is_some_and(|scenario| scenario.network.places == outcome.scenario.network.places)
}

/// What one direction of one knob gave.
enum Along {
    Changes(Box<Boundary>),
    /// The same answer, up to this value.
    Stays(f64),
    /// Nothing was looked at.
    Unseen,
}

impl Looks<'_> {
    fn look(&mut self, scenario: &Scenario, replications: u32) -> Result<Look, RunError> {
        let mut scenario = scenario.clone();
        scenario.replications = replications;
        let outcome = (self.search.run)(&scenario)?;
        let operations: u64 = outcome.stores.iter().map(|store| store.pooled.operations).sum();
        self.spent += operations;
        let store = recommended(&outcome, self.search.prefer, None);
        Ok(Look { store, operations: operations as f64 / f64::from(replications) })
    }

    fn at(&mut self, knob: &Knob, value: f64, replications: u32) -> Result<Option<Look>, RunError> {
        match (self.search.variant)(&[knob.with(value)]) {
            Some(scenario) => self.look(&scenario, replications).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a look at a value may be taken: a run may become this much larger from one value to the next.
    fn affords(&self, from: Look, ratio: f64, replications: u32) -> bool {
        let expected = from.operations * ratio.max(1.0 / ratio) * f64::from(replications);
        self.spent as f64 + expected <= self.search.operations as f64
    }

    fn along(&mut self, knob: &Knob, upwards: bool, here: Look) -> Result<Along, RunError> {
        let (mut inside, mut last) = (knob.now, here);
        let mut outside = None;
        for _ in 0..STRIDES {
            let next = knob.rounded(if upwards { inside * STRIDE } else { inside / STRIDE });
            let beyond = if upwards { next > inside } else { next < inside };
            if !beyond || !self.affords(last, next / inside, self.few) {
                break;
            }
            let Some(look) = self.at(knob, next, self.few)? else { break };
            if look.store != self.own {
                outside = Some(next);
                break;
            }
            (inside, last) = (next, look);
        }
        let Some(mut outside) = outside else {
            return Ok(if inside == knob.now { Along::Unseen } else { Along::Stays(inside) });
        };
        while let Some(middle) = knob.between(inside, outside) {
            match self.at(knob, middle, self.few)? {
                Some(look) if look.store == self.own => inside = middle,
                Some(_) => outside = middle,
                None => break,
            }
        }
        self.confirm(knob, inside, outside)
    }

    /// Runs both sides with all replications; where a side does not give its answer, it moves.
    fn confirm(&mut self, knob: &Knob, mut inside: f64, mut outside: f64) -> Result<Along, RunError> {
        let step = outside / inside;
        for _ in 0..CONFIRMATIONS {
            let Some(within) = self.at(knob, inside, self.replications)? else { break };
            if within.store != self.own {
                if inside == knob.now {
                    break;
                }
                outside = inside;
                let back = knob.rounded(inside / step.clamp(0.25, 4.0));
                let passed = if step > 1.0 { back < knob.now } else { back > knob.now };
                inside = if passed || back == inside { knob.now } else { back };
                continue;
            }
            let Some(beyond) = self.at(knob, outside, self.replications)? else { break };
            if beyond.store == self.own {
                inside = outside;
                outside = knob.rounded(outside * step);
                if outside == inside {
                    break;
                }
                continue;
            }
            let side = |value: f64, store| Side { value, text: knob.text(value), toml: knob.toml(value), store };
            return Ok(Along::Changes(Box::new(Boundary {
                parameter: knob.words.clone(),
                key: knob.key.clone(),
                now: knob.text(knob.now),
                before: side(inside, self.own),
                after: side(outside, beyond.store),
            })));
        }
        Ok(Along::Unseen)
    }
}
