//! The judgement of an outcome, from the outcome alone.

use crate::run::{Advice, Outcome, Prefer};

use super::{decide, differences, tolerance};

/// Judges the outcome: the recommendation, the differences, and how far the promises can be changed before it changes.
pub fn advise(outcome: &mut Outcome, prefer: Prefer, default_promises: bool) {
    let keeping = decide::keeping(outcome, prefer, None);
    let boundaries = tolerance::boundaries(outcome, prefer);
    let differences = differences::between(outcome, keeping.first().copied());
    outcome.advice = Some(Advice { prefer, default_promises, keeping, differences, boundaries, ..Advice::default() });
}
