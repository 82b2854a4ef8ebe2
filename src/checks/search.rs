//! The search for an order of a key's operations that explains every answer (Wing and Gong 1993, with Lowe's memory of
//! the states already seen, 2017). It finds an order or proves that there is none, in time that may grow exponentially:
//! so it counts its steps and its memory, and gives up when the budget is spent.
//!
//! Operations come in lists. Within a list an operation that ended before another started must precede it; between lists
//! nothing is asked. One list with everything asks for linearizability; one list for each process, for sequential
//! consistency.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use crate::history::judged::{Datum, Log};

use super::contract::Budget;
use super::plain::{Act, NEVER, Step};
use super::state::States;

/// What the search found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// An order, as places in the log. Operations without an answer that are not in it never took effect.
    Order(Vec<u32>),
    Nothing,
    OutOfBudget,
}

/// One node on the way: what may come next, and how far that was tried.
struct Frame {
    choices_from: usize,
    choices_to: usize,
    next: usize,
    /// The operation that led here.
    taken: Option<u32>,
}

struct Search<'a> {
    steps: Vec<&'a Step>,
    /// For an unanswered operation, the one before it in its list that asks for the same. Of equal ones the earlier
    /// goes first: it is the less constrained.
    twin: Vec<Option<u32>>,
    taken: Vec<bool>,
    /// Unanswered operations that are taken, in the order in which they were.
    taken_pending: Vec<u32>,
    answered: Links,
    pending: Links,
    lists: u32,
    left: usize,
    states: States<'a>,
    choices: Vec<(u32, Datum)>,
    seen: HashSet<Box<[u32]>, FxBuildHasher>,
    seen_bytes: u64,
    frames: Vec<Frame>,
}

/// Looks for an order of the operations in these lists. What is spent is taken from `steps_left`.
pub fn search(log: &Log, lists: &[Vec<Step>], initial: Datum, budget: Budget, steps_left: &mut u64) -> Found {
    Search::new(log, lists, initial).run(initial, budget, steps_left)
}

impl<'a> Search<'a> {
    fn new(log: &'a Log, lists: &'a [Vec<Step>], initial: Datum) -> Search<'a> {
        let count = lists.iter().map(Vec::len).sum();
        let mut search = Search {
            steps: Vec::with_capacity(count),
            twin: Vec::with_capacity(count),
            taken: vec![false; count],
            taken_pending: Vec::new(),
            answered: Links::new(count, lists.len()),
            pending: Links::new(count, lists.len()),
            lists: lists.len() as u32,
            left: 0,
            states: States::new(log, &[], initial),
            choices: Vec::new(),
            seen: HashSet::default(),
            seen_bytes: 0,
            frames: Vec::new(),
        };
        for (list, steps) in (0..).zip(lists) {
            let mut order: Vec<&Step> = steps.iter().collect();
            order.sort_by_key(|step| step.start);
            let mut twins: Vec<(Act, u32)> = Vec::new();
            for step in order {
                let id = search.steps.len() as u32;
                let mut twin = None;
                if step.is_pending() {
                    match twins.iter_mut().find(|known| known.0 == step.act) {
                        Some(known) => twin = Some(std::mem::replace(&mut known.1, id)),
                        None => twins.push((step.act, id)),
                    }
                    search.pending.append(list, id);
                } else {
                    search.answered.append(list, id);
                    search.left += 1;
                }
                search.steps.push(step);
                search.twin.push(twin);
            }
        }
        search.states = States::new(log, &search.steps, initial);
        search
    }

    fn run(mut self, initial: Datum, budget: Budget, steps_left: &mut u64) -> Found {
        self.enter(initial, None, steps_left);
        loop {
            if self.left == 0 {
                let order = self.frames.iter().filter_map(|frame| frame.taken);
                return Found::Order(order.map(|id| self.steps[id as usize].place).collect());
            }
            if *steps_left == 0 || self.seen_bytes.saturating_add(self.states.bytes()) > budget.bytes {
                return Found::OutOfBudget;
            }
            let Some(frame) = self.frames.last_mut() else { return Found::Nothing };
            if frame.next == frame.choices_to {
                self.retreat();
                continue;
            }
            let (id, state) = self.choices[frame.next];
            frame.next += 1;
            let forced = frame.choices_to - frame.choices_from == 1;
            self.take(id);
            // Where there was no choice nothing is gained by remembering.
            if forced || self.is_new(id, state) {
                self.enter(state, Some(id), steps_left);
            } else {
                self.give_back(id);
            }
        }
    }

    fn enter(&mut self, state: Datum, taken: Option<u32>, steps_left: &mut u64) {
        let choices_from = self.choices.len();
        self.find_choices(state, taken, steps_left);
        let choices_to = self.choices.len();
        self.frames.push(Frame { choices_from, choices_to, next: choices_from, taken });
    }

    fn retreat(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.choices.truncate(frame.choices_from);
            if let Some(id) = frame.taken {
                self.give_back(id);
            }
        }
    }

    fn take(&mut self, id: u32) {
        self.taken[id as usize] = true;
        if self.steps[id as usize].is_pending() {
            self.pending.unlink(id);
            self.taken_pending.push(id);
        } else {
            self.answered.unlink(id);
            self.left -= 1;
        }
    }

    /// Undoes the last `take` that was not undone yet.
    fn give_back(&mut self, id: u32) {
        self.taken[id as usize] = false;
        if self.steps[id as usize].is_pending() {
            self.pending.link(id);
            self.taken_pending.pop();
        } else {
            self.answered.link(id);
            self.left += 1;
        }
    }

    /// An operation may come next if no other that is still to come, of its list, ended before it started.
    fn find_choices(&mut self, state: Datum, last: Option<u32>, steps_left: &mut u64) {
        let from = self.choices.len();
        // An unanswered write helps only if what comes next depends on it: otherwise it may as well not have happened.
        let must_observe = last.is_some_and(|id| self.steps[id as usize].is_pending());
        for list in 0..self.lists {
            let mut first_end = NEVER;
            let of_list = self.choices.len();
            let mut at = self.answered.first(list);
            while let Some(id) = at {
                let step = self.steps[id as usize];
                if step.start > first_end {
                    break;
                }
                at = self.answered.after(id);
                first_end = first_end.min(step.end);
                *steps_left = steps_left.saturating_sub(1);
                if must_observe && matches!(step.act, Act::Write(_)) {
                    continue;
                }
                if let Some(next) = self.states.after(state, step.act, &self.taken) {
                    if step.is_read() {
                        // It changes nothing, so to take it now is never wrong, and nothing else need be tried.
                        self.choices.truncate(from);
                        self.choices.push((id, next));
                        return;
                    }
                    // Of two that ask for the same, the one that ended earlier may go first: what must come after it
                    // includes what must come after the other.
                    let steps = &self.steps;
                    let same = |choice: &&mut (u32, Datum)| steps[choice.0 as usize].act == step.act;
                    match self.choices[of_list..].iter_mut().find(same) {
                        Some(choice) if steps[choice.0 as usize].end <= step.end => {}
                        Some(choice) => *choice = (id, next),
                        None => self.choices.push((id, next)),
                    }
                }
            }
            let mut at = self.pending.first(list);
            while let Some(id) = at {
                let step = self.steps[id as usize];
                if step.start > first_end {
                    break;
                }
                at = self.pending.after(id);
                *steps_left = steps_left.saturating_sub(1);
                let waits = self.twin[id as usize].is_some_and(|twin| !self.taken[twin as usize]);
                if waits || (must_observe && matches!(step.act, Act::Write(_))) {
                    continue;
                }
                // One that changes nothing now need not happen now.
                if let Some(next) = self.states.after(state, step.act, &self.taken).filter(|&next| next != state) {
                    self.choices.push((id, next));
                }
            }
        }
    }

    /// Whether this set of taken operations was never reached with this state before.
    fn is_new(&mut self, last: u32, state: Datum) -> bool {
        let pending = self.steps[last as usize].is_pending();
        let (kind, high, low) = match state {
            Datum::Absent => (0, 0, 0),
            Datum::Number(number) => (1, (number >> 32) as u32, number as u32),
            Datum::Text(text) => (2, 0, text),
        };
        let mut code = vec![kind | (u32::from(pending) << 2), high, low];
        code.extend(&self.taken_pending);
        code[3..].sort_unstable();
        // The operations that could come next but one, and the first that is out of reach: whatever precedes that one
        // and is not named is taken, and nothing behind it can be.
        for list in 0..self.lists {
            let mut first_end = NEVER;
            let mut at = self.answered.first(list);
            code.push(u32::MAX);
            while let Some(id) = at {
                code.push(id);
                let step = self.steps[id as usize];
                if step.start > first_end {
                    break;
                }
                first_end = first_end.min(step.end);
                at = self.answered.after(id);
            }
        }
        // The entry's pointer and length, what the allocator adds, and the table's slack.
        self.seen_bytes += 56 + 4 * code.len() as u64;
        self.seen.insert(code.into_boxed_slice())
    }
}

/// Doubly linked lists over operations. What was unlinked last can be linked again in its place.
struct Links {
    /// After the operations come the heads of the lists.
    next: Vec<u32>,
    previous: Vec<u32>,
    operations: u32,
}

impl Links {
    fn new(operations: usize, lists: usize) -> Links {
        // A head that points at itself is an empty list.
        let next: Vec<u32> = (0..(operations + lists) as u32).collect();
        Links { previous: next.clone(), next, operations: operations as u32 }
    }

    fn append(&mut self, list: u32, id: u32) {
        let head = self.operations + list;
        let last = self.previous[head as usize];
        self.next[last as usize] = id;
        self.previous[id as usize] = last;
        self.next[id as usize] = head;
        self.previous[head as usize] = id;
    }

    fn first(&self, list: u32) -> Option<u32> {
        self.after(self.operations + list)
    }

    fn after(&self, id: u32) -> Option<u32> {
        let next = self.next[id as usize];
        (next < self.operations).then_some(next)
    }

    fn unlink(&mut self, id: u32) {
        let (previous, next) = (self.previous[id as usize], self.next[id as usize]);
        self.next[previous as usize] = next;
        self.previous[next as usize] = previous;
    }

    fn link(&mut self, id: u32) {
        let (previous, next) = (self.previous[id as usize], self.next[id as usize]);
        self.next[previous as usize] = id;
        self.previous[next as usize] = id;
    }
}
