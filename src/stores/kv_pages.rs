//! Lists of Workers KV: pages are made at the central store, and cached at locations like reads.
//!
//! A page counts every record that the store still has, also of keys that are deleted or expired and that it does not
//! show: so it can be empty and not the last one. A location caches a page by its prefix, its cursor and its limit.

use std::collections::BTreeMap;

use crate::model::{Key, Listing, Location, Operation, Request, Span, Time, Told};

/// What a page is cached by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PageKey {
    location: Location,
    prefix: u32,
    from: Key,
    limit: u16,
}

impl PageKey {
    /// The page that a list asks for; `None` for other operations.
    pub fn of(request: &Request) -> Option<PageKey> {
        let Operation::List { prefix, limit, .. } = request.operation else { return None };
        Some(PageKey { location: request.location, prefix, from: request.key, limit })
    }
}

/// A page on its way to a location, or cached there.
#[derive(Clone, Debug)]
pub struct Page {
    pub listing: Listing,
    /// When the central store made it.
    pub taken: Time,
    /// When the location took it: its age counts from here.
    pub filled: Time,
}

/// The pages that all locations have cached. A `BTreeMap`, because writes walk over those of their location.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    cached: BTreeMap<PageKey, Page>,
    /// When the newest write that a location shows of a key committed: pages that are older than it are not cached there.
    shown: BTreeMap<(Location, Key), Time>,
}

impl Pages {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.cached.clear();
        self.shown.clear();
    }

    /// A page that is young enough.
    pub fn fresh(&self, key: PageKey, now: Time, cache_ttl: Span) -> Option<&Page> {
        self.cached.get(&key).filter(|page| now.since(page.filled) < cache_ttl)
    }

    /// Takes a page into the cache, unless the location shows a newer version of one of its keys.
    pub fn fill(&mut self, key: PageKey, page: Page) {
        let keys = (key.location, key.from)..(key.location, page.listing.end);
        if self.shown.range(keys).all(|(_, committed)| *committed <= page.taken) {
            self.cached.insert(key, page);
        }
    }

    /// A location shows its own write, which committed then: pages that are older would contradict it and are dropped.
    /// Whether Workers KV does so is not published; it is what `local_visibility` says of reads.
    pub fn show(&mut self, location: Location, key: Key, committed: Time) {
        let newest = self.shown.entry((location, key)).or_default();
        *newest = committed.max(*newest);
        self.cached.retain(|page_key, page| {
            let covers = page_key.location == location && (page_key.from..page.listing.end).contains(&key);
            !covers || page.taken >= committed
        });
    }
}

/// What a store has of a key, for a list.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub told: Told,
    /// Whether a page is counted by it: also a deletion may be, as long as the store keeps it.
    pub counts: bool,
}

/// Makes a page: from the request's key on, as many keys as count. `record` says what the store has of a key, `None` where
/// there never was anything.
pub fn page(request: &Request, limit: u32, mut record: impl FnMut(Key) -> Option<Record>) -> Listing {
    let Operation::List { until, .. } = request.operation else { return Listing::default() };
    let mut listing = Listing { told: Vec::new(), end: until, complete: true };
    let mut counted = 0;
    for Record { told, counts } in (request.key.0..until.0).filter_map(|key| record(Key(key))) {
        if counts && counted == limit {
            return Listing { end: told.key, complete: false, ..listing };
        }
        counted += u32::from(counts);
        listing.told.push(told);
    }
    listing
}
