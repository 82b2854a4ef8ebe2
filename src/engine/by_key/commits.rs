//! What the central store took of a key, in the order of arrival, as far as somebody may still find it.

use crate::model::{Time, Version};

use super::cached::Inside;
use super::order::Arrival;

/// A version that the central store took, with the newest among this and all earlier ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit {
    pub arrival: Arrival,
    pub newest: Version,
    /// Whether the newest is a value, and what that is beside.
    pub value: bool,
    pub inside: Inside,
}

/// What the central store took, in the order of arrival, as far as somebody may still find it.
#[derive(Debug, Default)]
pub(super) struct Commits {
    all: Vec<Commit>,
    /// The first of those that may be found.
    first: usize,
    /// When the one after it arrived; [`Time::NEVER`] without any.
    second_at: Time,
}

impl Commits {
    /// A new key: nothing is written.
    #[inline]
    pub fn begin(&mut self) {
        self.all.clear();
        (self.first, self.second_at) = (0, Time::NEVER);
    }

    pub fn push(&mut self, commit: Commit) {
        self.all.push(commit);
        self.tell_second();
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn tell_second(&mut self) {
        self.second_at = self.all.get(self.first + 1).map_or(Time::NEVER, |second| second.arrival.at);
    }

    /// Whoever asks from this time on does so later, and finds the second of what arrived before it at least.
    #[inline(always)]
    pub fn pass(&mut self, now: Time) {
        if self.second_at < now {
            self.pass_some(now);
        }
    }

    #[inline(never)]
    fn pass_some(&mut self, now: Time) {
        while self.second_at < now {
            self.first += 1;
            self.tell_second();
        }
        // Half of them at a time, so that each is moved once.
        if self.first > 16 && 2 * self.first > self.all.len() {
            self.all.drain(..std::mem::take(&mut self.first));
        }
    }

    /// Those that may still be found.
    pub fn kept(&self) -> &[Commit] {
        &self.all[self.first..]
    }

    /// The same of a key that is not new.
    pub fn come_back(&mut self, kept: &[Commit]) {
        self.all.extend(kept);
        self.tell_second();
    }

    /// The last one of all.
    pub fn last(&self) -> Option<&Commit> {
        self.all.last()
    }

    /// The oldest that may be found.
    pub fn oldest(&self) -> Option<&Commit> {
        self.all.get(self.first)
    }

    /// What who arrives then finds.
    #[inline(always)]
    pub fn before(&self, arrival: Arrival) -> Option<&Commit> {
        let first = self.all.get(self.first).filter(|first| first.arrival < arrival)?;
        if self.second_at > arrival.at { Some(first) } else { self.last_before(arrival) }
    }

    #[inline(never)]
    fn last_before(&self, arrival: Arrival) -> Option<&Commit> {
        self.all[self.first..].iter().take_while(|commit| commit.arrival < arrival).last()
    }
}
