//! What would have prevented a stale read: each change of its store that is worth a try is tried, by running the same
//! clients again, and only what keeps this very read fresh is said.
//!
//! To add one: a variant of [`Remedy`], and the stores that it belongs to in [`candidates`].

use crate::limits::FigureId;
use crate::model::Span;
use crate::scenario::Scenario;
use crate::stores::StoreKind;
use crate::stores::config::{Bookmark, SessionStart};

use super::evidence::{Chain, OPERATIONS_MAX, partition};
use super::unit::Contestant;

/// The least `cacheTtl` that the scenario's platform takes.
pub fn cache_ttl_least(scenario: &Scenario) -> Span {
    scenario.terms().span(FigureId::KvCacheTtl)
}

/// A change of the store, or of the code that uses it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// Another `cacheTtl`.
    CacheTtl(Span),
    /// Every version is everywhere within so much time.
    PushWithin(Span),
    /// The code reads the database instead of the copy.
    TheDatabase,
    /// The client carries the session's bookmark along.
    CarryBookmark,
    /// The session's first query goes to the primary.
    FirstPrimary,
    /// Every query goes to the primary.
    PrimaryOnly,
}

/// Everything that was tried and kept the read fresh, the smallest change first.
pub fn remedies(scenario: &Scenario, chain: &Chain) -> Vec<Remedy> {
    let mut worked: Vec<Remedy> = Vec::new();
    for remedy in candidates(scenario, chain) {
        // One cacheTtl is enough.
        let same = |other: &Remedy| matches!((other, remedy), (Remedy::CacheTtl(_), Remedy::CacheTtl(_)));
        if !worked.iter().any(same) && fresh(&with(scenario, chain.store, remedy), chain) == Some(true) {
            worked.push(remedy);
        }
    }
    worked
}

/// What is worth a try.
fn candidates(scenario: &Scenario, chain: &Chain) -> Vec<Remedy> {
    let late = chain.start.since(chain.missed_complete);
    let least = cache_ttl_least(scenario);
    match &scenario.stores[chain.store].kind {
        StoreKind::KvPull(_) => {
            // A copy of its age had expired; but then an earlier one may have been taken, shortly before the write. No
            // copy is older than the write where it may not be older than the time since then.
            let age = chain.copy.map(|(age, _)| age);
            let spans = age.into_iter().chain([late, least]).map(milliseconds);
            spans.filter(|span| *span >= least).map(Remedy::CacheTtl).collect()
        }
        StoreKind::KvPush(_) => vec![Remedy::PushWithin(milliseconds(late))],
        StoreKind::CacheAside(config) => {
            let spans = [milliseconds(late), least].into_iter();
            let spans = spans.filter(|span| *span >= least && *span < config.cache.cache_ttl);
            spans.map(Remedy::CacheTtl).chain([Remedy::TheDatabase]).collect()
        }
        StoreKind::D1(config) => match &config.replication {
            Some(replication) => {
                let carried = (replication.bookmark == Bookmark::Dropped).then_some(Remedy::CarryBookmark);
                let primary = (replication.session == SessionStart::Unconstrained).then_some(Remedy::FirstPrimary);
                carried.into_iter().chain(primary).chain([Remedy::PrimaryOnly]).collect()
            }
            None => Vec::new(),
        },
        StoreKind::KvThroughObject(config) => {
            let spans = [milliseconds(late), least].into_iter();
            spans.filter(|span| *span >= least && *span < config.cache.cache_ttl).map(Remedy::CacheTtl).collect()
        }
        StoreKind::DurableObject(_) | StoreKind::RateLimiting(_) => Vec::new(),
    }
}

/// Downwards, so that what is said is not more than what was tried.
fn milliseconds(span: Span) -> Span {
    Span(span.0 / 1_000_000 * 1_000_000)
}

/// The scenario with this change of one store.
pub fn with(scenario: &Scenario, store: usize, remedy: Remedy) -> Scenario {
    let mut changed = scenario.clone();
    let kind = &mut changed.stores[store].kind;
    match (remedy, &mut *kind) {
        (Remedy::CacheTtl(span), StoreKind::KvPull(config)) => config.cache_ttl = span,
        (Remedy::CacheTtl(span), StoreKind::CacheAside(config)) => config.cache.cache_ttl = span,
        (Remedy::CacheTtl(span), StoreKind::KvThroughObject(config)) => config.cache.cache_ttl = span,
        (Remedy::PushWithin(span), StoreKind::KvPush(config)) => config.max = span,
        (Remedy::TheDatabase, StoreKind::CacheAside(config)) => *kind = StoreKind::D1(config.database.clone()),
        (Remedy::CarryBookmark, StoreKind::D1(config)) => {
            config.replication.iter_mut().for_each(|replication| replication.bookmark = Bookmark::Carried);
        }
        (Remedy::FirstPrimary, StoreKind::D1(config)) => {
            config.replication.iter_mut().for_each(|replication| replication.session = SessionStart::Primary);
        }
        (Remedy::PrimaryOnly, StoreKind::D1(config)) => config.replication = None,
        _ => {}
    }
    changed
}

/// Whether the same read of the same client is fresh in another scenario; `None` where there is no such read, because
/// clients that wait for answers come at other times.
pub fn fresh(scenario: &Scenario, chain: &Chain) -> Option<bool> {
    let contestants = Contestant::all(scenario);
    let contestant = &contestants[chain.store];
    let history = contestant.record(0, partition(contestant, chain.id.group), OPERATIONS_MAX)?;
    let same = history.records.iter().find(|record| {
        let there = record.key == chain.key && record.keys == 1 && record.location == chain.location;
        there && record.operation.is_read() && record.start == chain.start
    })?;
    (same.refusal.is_none() && same.end.is_some()).then_some(!same.stale)
}
