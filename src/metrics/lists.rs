//! Whether lists tell the truth: which keys they should show, and which they should not show any more.

use crate::model::{Key, Listing, Request, Seen, Time, Version};

/// What the writes to a key that are complete so far leave of it.
#[derive(Clone, Copy, Debug)]
struct Standing {
    newest: Version,
    present: bool,
    /// Where the newest version expires, not before this and not after that: a client does not know the moment of commit.
    lives_until: Time,
    gone_from: Time,
}

/// A page compared with the truth: how many keys it should show and does not, how many it shows that are deleted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PageJudgement {
    /// Keys that were there, by the last write complete when the list started, and are still there at its end.
    pub due: u64,
    /// Those of them that the page lacks because it knows an older version.
    pub missing: u64,
    pub shown: u64,
    /// Keys that the page shows in an older version, although their deletion (or expiry) was complete when the list started.
    pub deleted: u64,
}

/// For each key, a standing after each completed write, in the order of completion.
#[derive(Clone, Debug)]
pub struct Standings {
    keys: Vec<Vec<Standing>>,
    /// Whether every key is there at the start.
    preloaded: bool,
}

impl Standings {
    /// No write is complete; `preloaded` says whether every key is there at the start.
    pub fn new(preloaded: bool) -> Standings {
        Standings { keys: Vec::new(), preloaded }
    }

    /// A write of the key is complete; to be called for every one of them, in the order of completion.
    pub fn complete(&mut self, key: Key, request: &Request, seen: Seen, at: Time) {
        if key.index() >= self.keys.len() {
            self.keys.resize_with(key.index() + 1, Vec::new);
        }
        let standings = &mut self.keys[key.index()];
        let standing = Standing {
            newest: seen.version,
            present: seen.value.is_some(),
            lives_until: request.expiry(request.start),
            gone_from: request.expiry(at),
        };
        let last = standings.last().copied().filter(|last| last.newest > seen.version);
        standings.push(last.unwrap_or(standing));
    }

    /// The standing after so many completed writes.
    fn after(&self, key: Key, completed: usize) -> Standing {
        let standings = self.keys.get(key.index());
        let last = completed.checked_sub(1).and_then(|last| standings?.get(last).copied());
        let initial = Standing {
            newest: Version::INITIAL,
            present: self.preloaded,
            lives_until: Time::NEVER,
            gone_from: Time::NEVER,
        };
        last.unwrap_or(initial)
    }

    /// Judges a page; `completed` tells how many writes of a key were complete when the list started.
    pub fn judge(
        &self,
        request: &Request,
        listing: &Listing,
        end: Time,
        completed: impl Fn(Key) -> usize,
    ) -> PageJudgement {
        let mut judgement = PageJudgement::default();
        let mut told = listing.told.iter().peekable();
        for key in (request.key.0..listing.end.0).map(Key) {
            let standing = self.after(key, completed(key));
            let told = told.next_if(|told| told.key == key);
            let shown = told.is_some_and(|told| told.is_shown(end));
            let older = told.map_or(Version::INITIAL, |told| told.seen.version) < standing.newest;
            if standing.present && end < standing.lives_until {
                judgement.due += 1;
                judgement.missing += u64::from(!shown && older);
            }
            if shown {
                judgement.shown += 1;
                let gone = !standing.present || standing.gone_from <= request.start;
                judgement.deleted += u64::from(gone && older);
            }
        }
        judgement
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.keys.clear();
    }
}
