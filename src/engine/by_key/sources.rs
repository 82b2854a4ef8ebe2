//! Clients of all keys, whose acts on each key are drawn from a source of its own.

use std::fmt;

use crate::model::{Location, Time};
use crate::random::derive;
use crate::stores::d1_alone::What as Does;

use super::acts::{Act, Acting, What};
use super::callers::{Call, Callers};

/// Where acts are drawn from.
pub(super) trait Sources {
    /// The source of one key.
    type One: fmt::Debug;

    /// How many keys there are.
    fn keys(&self) -> u32;

    /// The number from which a key's requests are drawn.
    fn number(&self, key: u32) -> u64;

    /// A key's source, and when the first acts; [`Time::NEVER`]: nobody does before the end.
    fn first(&self, key: u32) -> (Self::One, Time);

    /// Where the next one acts, and what he does.
    fn act(&self, one: &mut Self::One) -> (Location, Does);

    /// When the one after him acts, who did `now`; [`Time::NEVER`]: nobody does before the end.
    fn next(&self, key: u32, one: &mut Self::One, now: Time) -> Time;
}

/// Those who act on one key, on their way through the run.
#[derive(Debug)]
pub(super) struct OfOne<'a, S: Sources> {
    sources: &'a S,
    key: u32,
    one: S::One,
    /// The group's number for random draws; each who acts sends so many requests, of which this is the one for the key.
    number: u64,
    requests: u64,
    request: u64,
    /// How many have acted, and when the last of them did.
    acted: u64,
    last: Time,
    /// When the next acts; [`Time::NEVER`]: nobody does any more.
    next: Time,
}

impl<'a, S: Sources> OfOne<'a, S> {
    /// Before any of them acts.
    pub fn new(sources: &'a S, key: u32) -> OfOne<'a, S> {
        OfOne::of_several(sources, key, 0, 1)
    }

    /// The same where everybody asks for so many keys at once, by a request for each: of their requests for one of them.
    pub fn of_several(sources: &'a S, key: u32, request: u16, requests: u16) -> OfOne<'a, S> {
        let (one, next) = sources.first(key);
        let (number, requests, request) = (sources.number(key), requests.into(), request.into());
        OfOne { sources, key, one, number, requests, request, acted: 0, last: Time::START, next }
    }
}

impl<S: Sources> Acting for OfOne<'_, S> {
    const GOES_ON: bool = false;
    const SAY_MORE: bool = true;

    fn act(&mut self, most: usize, reads: &mut Vec<Act>, mut write: impl FnMut(Act, What)) {
        let end = self.acted + most as u64;
        while self.next < Time::NEVER && self.acted < end {
            let (n, at) = (self.acted * self.requests + self.request, self.next);
            let (location, does) = self.sources.act(&mut self.one);
            let act = Act { n, at, before: self.last, draw: derive(self.number, n + 1), location, client: 0 };
            match does {
                Does::Get => reads.push(act),
                Does::Put => write(act, What::PUT),
                Does::Delete => write(act, What::Delete),
            }
            (self.acted, self.last) = (self.acted + 1, at);
            self.next = self.sources.next(self.key, &mut self.one, at);
        }
    }

    #[inline]
    fn horizon(&self) -> Time {
        self.next
    }

    fn last_act(&self) -> Time {
        self.last
    }
}

/// Those who act on all keys, in the order of time.
#[derive(Debug)]
pub(super) struct Together<S: Sources> {
    sources: S,
    all: Vec<S::One>,
}

impl<S: Sources> Together<S> {
    pub fn new(sources: S) -> Together<S> {
        Together { sources, all: Vec::new() }
    }
}

impl<S: Sources> Callers for Together<S> {
    fn begin(&mut self, wait: &mut dyn FnMut(Time, u32)) {
        self.all.clear();
        for key in 0..self.sources.keys() {
            let (one, first) = self.sources.first(key);
            self.all.push(one);
            if first < Time::NEVER {
                wait(first, key);
            }
        }
    }

    #[inline]
    fn act(&mut self, key: u32) -> Option<Call> {
        let (location, what) = self.sources.act(&mut self.all[key as usize]);
        Some(Call { key, location, what })
    }

    #[inline]
    fn next(&mut self, key: u32, now: Time) -> Time {
        self.sources.next(key, &mut self.all[key as usize], now)
    }

    fn number(&self, key: u32) -> u64 {
        self.sources.number(key)
    }
}
