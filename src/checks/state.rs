//! What is stored after an operation, and whether the operation's answer fits: registers, counters and texts in one.

use std::rc::Rc;

use crate::history::judged::{Datum, Log, Lookup};
use crate::model::Operation;

use super::epochs::Epochs;
use super::plain::{Act, Step};

/// Steps from state to state. Texts that grow by appending get numbers behind those of the log.
pub(super) struct States<'a> {
    log: &'a Log,
    /// Texts that are longer than those of the log, by number less `log.texts.len()`.
    grown: Vec<Rc<str>>,
    by_text: Lookup<Rc<str>, u32>,
    appended: Lookup<(Datum, u32), u32>,
    /// Set where texts only grow or are replaced, and show which.
    epochs: Option<Epochs>,
    bytes: u64,
}

impl<'a> States<'a> {
    /// For these operations, in the numbering of the search, from this value on.
    pub fn new(log: &'a Log, steps: &[&Step], initial: Datum) -> States<'a> {
        let mut states = States {
            log,
            grown: Vec::new(),
            by_text: Lookup::default(),
            appended: Lookup::default(),
            epochs: None,
            bytes: 0,
        };
        if steps.iter().any(|step| matches!(step.act, Act::Append(_))) {
            // Only texts that this key's operations mention can be compared with what was appended.
            for step in steps {
                if let Act::Read(Datum::Text(text)) | Act::Cas { old: Datum::Text(text), .. } = step.act {
                    states.by_text.insert(log.text(text).into(), text);
                }
            }
            let begins_empty = match initial {
                Datum::Absent => true,
                Datum::Text(text) => log.text(text).is_empty(),
                Datum::Number(_) => false,
            };
            states.epochs = Epochs::new(log, steps).filter(|_| begins_empty);
        }
        states
    }

    /// Memory for texts, in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What is stored after the operation; `None` if it could not have had its answer, or if some answer that is still
    /// to come could not be had any more. `taken` tells which operations have come.
    pub fn after(&mut self, state: Datum, act: Act, taken: &[bool]) -> Option<Datum> {
        match act {
            Act::Read(value) => (state == value).then_some(state),
            Act::Write(value) => {
                self.epochs.as_ref().is_none_or(|epochs| epochs.may_end(state, taken)).then_some(value)
            }
            Act::Cas { old, new } => (state == old).then_some(new),
            Act::CasFailed { old } => (state != old).then_some(state),
            Act::Add { delta, left } => fits(Operation::Add { delta }, state, left),
            Act::Count { window, limit, left } => fits(Operation::CountInWindow { window, limit }, state, left),
            Act::Append(text) => {
                let place = self.append(state, text);
                let Some(epochs) = &mut self.epochs else { return Some(Datum::Text(place)) };
                let own = (place as usize).checked_sub(self.log.texts.len()).and_then(|at| self.grown.get(at));
                let text = own.map_or(self.log.text(place), |text| text);
                epochs.may_become(state, text, place, taken).then_some(Datum::Text(place))
            }
        }
    }

    fn append(&mut self, state: Datum, text: u32) -> u32 {
        if let Some(&known) = self.appended.get(&(state, text)) {
            return known;
        }
        let before = match state {
            Datum::Absent => String::new(),
            Datum::Number(number) => number.to_string(),
            Datum::Text(place) => {
                let own = (place as usize).checked_sub(self.log.texts.len()).and_then(|at| self.grown.get(at));
                own.map_or_else(|| self.log.text(place).to_owned(), |text| text.to_string())
            }
        };
        let whole: Rc<str> = (before + self.log.text(text)).into();
        let place = match self.by_text.get(&whole) {
            Some(&known) => known,
            None => {
                let place = (self.log.texts.len() + self.grown.len()) as u32;
                self.bytes += whole.len() as u64 + 64;
                self.grown.push(whole.clone());
                self.by_text.insert(whole, place);
                place
            }
        };
        self.bytes += 32;
        self.appended.insert((state, text), place);
        place
    }
}

/// Numbers alone can be added to; what was left behind must be what the client learned.
fn fits(operation: Operation, state: Datum, left: Option<Datum>) -> Option<Datum> {
    let found = match state {
        Datum::Absent => None,
        Datum::Number(number) => Some(number),
        Datum::Text(_) => return None,
    };
    let after = Datum::from(operation.apply(found));
    left.is_none_or(|left| left == after).then_some(after)
}
