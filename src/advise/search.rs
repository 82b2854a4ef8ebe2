//! What changes the answer, found by running: each field is varied until another store is recommended, the place is
//! narrowed down by bisection, and both of its sides are run again with all replications before it is reported.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::run::{Boundary, Contest, Options, Outcome, Prefer, RunError, Side, Unmoved};
use crate::scenario::{Override, Scenario};

use super::decide::{self, recommended};
use super::knobs::{self, Knob};

/// Replications of a first look, at most.
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
    pub options: &'a Options,
    /// Measured operations, of all stores and replications together, that are looked through for boundaries. Each direction
    /// of each field has an equal part; what it takes to narrow down and confirm what was found comes on top.
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
    /// That it took, for each replication.
    operations: f64,
}

struct Looks<'a> {
    search: &'a Search<'a>,
    own: Option<usize>,
    replications: u32,
    few: u32,
    spent: u64,
    /// What may be spent before the next direction.
    until: u64,
    /// What was begun in this direction, by the bits of the value: to confirm is to go on.
    begun: BTreeMap<u64, Contest>,
}

/// Searches along every knob, in both directions, and adds what it finds to the outcome's advice.
///
/// # Errors
/// When a run fails.
pub fn boundaries(outcome: &mut Outcome, search: &Search<'_>) -> Result<(), RunError> {
    let own = recommended(outcome, search.prefer, None);
    let replications = outcome.scenario.replications;
    let knobs: Vec<Knob> = knobs::of(&outcome.scenario)
        .into_iter()
        .filter(|knob| knob.key != "edges" || same_places(outcome, search, knob))
        .collect();
    let each = outcome.stores.iter().map(|store| store.pooled.operations).sum::<u64>() as f64 / f64::from(replications);
    let few = few(outcome, search, each * knobs.len() as f64);
    let begun = BTreeMap::new();
    let mut looks = Looks { search, own, replications, few, spent: 0, until: 0, begun };
    let here = Look { store: own, operations: needed(outcome, few) };
    let (mut found, mut unmoved, mut unseen) = (Vec::new(), Vec::new(), Vec::new());
    let slice = search.operations / (2 * knobs.len() as u64).max(1);
    for knob in &knobs {
        (search.watch)(&knob.words);
        for upwards in [true, false] {
            looks.until = looks.spent + slice;
            looks.begun.clear();
            let stays = |until: f64| Unmoved {
                parameter: knob.words.clone(),
                key: knob.key.clone(),
                now: knob.text(knob.now),
                until: knob.text(until),
            };
            match looks.along(knob, upwards, here)? {
                Along::Changes(boundary) => found.push(*boundary),
                Along::Stays(until) => unmoved.push(stays(until)),
                Along::Unseen => unseen.push(stays(knob.now)),
                Along::Nothing => {}
            }
        }
    }
    if let Some(advice) = &mut outcome.advice {
        advice.boundaries.extend(found);
        advice.unmoved = unmoved;
        advice.unseen = unseen;
    }
    Ok(())
}

/// Replications of a first look: fewer where the scenario is so large that looks would take all the operations, and all
/// where the first few of them do not give the scenario's own answer.
fn few(outcome: &Outcome, search: &Search<'_>, operations: f64) -> u32 {
    let replications = outcome.scenario.replications;
    // A dozen looks along each knob, of which most are larger than the scenario.
    let affordable = search.operations as f64 / (24.0 * operations.max(1.0));
    // `as` saturates.
    let few = (affordable as u32).clamp(1, FEW).min(replications);
    let own = recommended(outcome, search.prefer, None);
    if decide::recommended_by_first(outcome, search.prefer, few) == own { few } else { replications }
}

/// Operations that a look at the scenario itself takes, for each replication: stores that break a promise are given up
/// after the first.
fn needed(outcome: &Outcome, few: u32) -> f64 {
    let each = |store: &crate::run::StoreOutcome| {
        let share = if store.keeps_all() { 1.0 } else { 1.0 / f64::from(few) };
        share * store.pooled.operations as f64 / f64::from(outcome.scenario.replications)
    };
    outcome.stores.iter().map(each).sum()
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
    /// No other value could be looked at with the operations that are left.
    Unseen,
    /// There is no other value in this direction.
    Nothing,
}

impl Looks<'_> {
    fn at(&mut self, knob: &Knob, value: f64, replications: u32) -> Result<Option<Look>, RunError> {
        let contest = match self.begun.entry(value.to_bits()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => match (self.search.variant)(&[knob.with(value)]) {
                Some(scenario) => entry.insert(Contest::new(&scenario, self.search.options)),
                None => return Ok(None),
            },
        };
        let before = contest.operations;
        let outcome = contest.extend(replications, self.search.options)?;
        self.spent += contest.operations - before;
        let store = recommended(&outcome, self.search.prefer, None);
        Ok(Some(Look { store, operations: contest.operations as f64 / f64::from(replications) }))
    }

    /// Whether a look at a value may be taken: a run may become this much larger from one value to the next.
    fn affords(&self, from: Look, ratio: f64, replications: u32) -> bool {
        let expected = from.operations * ratio.max(1.0 / ratio) * f64::from(replications);
        self.spent as f64 + expected <= self.until as f64
    }

    fn along(&mut self, knob: &Knob, upwards: bool, here: Look) -> Result<Along, RunError> {
        let (mut inside, mut last) = (knob.now, here);
        let mut outside = None;
        for _ in 0..STRIDES {
            let next = knob.rounded(if upwards { inside * STRIDE } else { inside / STRIDE });
            let beyond = if upwards { next > inside } else { next < inside };
            if !beyond {
                if inside == knob.now {
                    return Ok(Along::Nothing);
                }
                break;
            }
            if !self.affords(last, next / inside, self.few) {
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
