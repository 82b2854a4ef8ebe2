//! How one stale read came about, as text: what happened before it in the order of time, and what would have prevented it.

use std::fmt::Write;

use crate::metrics::table::Unit;
use crate::model::{Location, Time};
use crate::run::evidence::{Chain, Event, Listing};
use crate::run::remedy::{self, Remedy};
use crate::scenario::Scenario;
use crate::stores::StoreKind;

use super::figures;

/// How another store of the same run did, as its `summary.json` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Other {
    pub name: String,
    pub label: String,
    pub stale: u64,
    pub answered: u64,
}

/// The chain of a stale read, with what was found to prevent it.
pub fn chain(scenario: &Scenario, chain: &Chain, found: &[Remedy], others: &[Other]) -> String {
    let returned = chain.name(chain.returned);
    let mut text = format!(
        "Read {} at {}, t = {}, on {}: returned {returned}, {} after {} was written and acknowledged.\n",
        chain.id,
        city(scenario, chain.location),
        at(chain.start),
        scenario.stores[chain.store].label,
        figures::value(Unit::Seconds, chain.start.since(chain.missed_complete).seconds()),
        chain.name(chain.missed),
    );
    // Writing into a string cannot fail.
    if chain.missed_count > 1 {
        let _ = writeln!(text, "It missed {} completed writes; the oldest of them is told of.", chain.missed_count);
    }
    text.push('\n');
    let width = chain.events.iter().map(|(time, _)| at(*time).len()).max().unwrap_or(0);
    for (time, event) in &chain.events {
        let mark = if matches!(event, Event::Read { .. }) { "  <- stale" } else { "" };
        let _ = writeln!(text, "  {:>width$}   {}{mark}", at(*time), told(scenario, chain, event));
    }
    if !chain.events.iter().any(|(_, event)| matches!(event, Event::Seen { .. })) {
        let _ = writeln!(
            text,
            "  No later read at {} shows {} in this run.",
            city(scenario, chain.location),
            chain.name(chain.missed)
        );
    }
    let _ = writeln!(text, "\nWhat would have prevented it:");
    for remedy in prevention(scenario, chain, found, others) {
        let _ = writeln!(text, "  - {remedy}");
    }
    text
}

/// Seconds since the start of the run, to the millisecond.
fn at(time: Time) -> String {
    format!("{:.3} s", time.seconds())
}

fn city(scenario: &Scenario, location: Location) -> &str {
    scenario.network.places.get(location.index()).map_or("?", |place| &place.city)
}

fn told(scenario: &Scenario, chain: &Chain, event: &Event) -> String {
    let here = city(scenario, chain.location);
    let name = |version| chain.name(version);
    match event {
        Event::Written { location, version } => format!("{} writes {}", city(scenario, *location), name(*version)),
        Event::Committed { version } => {
            let keeper = match scenario.stores[chain.store].kind {
                StoreKind::CacheAside(_) | StoreKind::D1(_) => "the database",
                StoreKind::DurableObject(_) | StoreKind::KvThroughObject(_) => "the object",
                StoreKind::RateLimiting(_) => "the location",
                StoreKind::KvPull(_) | StoreKind::KvPush(_) => "the central store",
            };
            format!("{keeper} has {}", name(*version))
        }
        Event::Complete { location, version } => {
            format!("{} is told that {} is written", city(scenario, *location), name(*version))
        }
        Event::Filled { version, taken } => {
            format!("{here} caches {}, which the central store gave out at {}", name(*version), at(*taken))
        }
        Event::ShownLocally { version } => format!("{here} caches {}, which was written there", name(*version)),
        Event::Fetched { version } => format!("{here} has just fetched {}", name(*version)),
        Event::Read { version } => match chain.copy {
            Some((age, ttl)) => format!(
                "{here} reads: its copy is {} old, and may be {ttl} old; returns {}",
                figures::value(Unit::Seconds, age.seconds()),
                name(*version)
            ),
            None => format!("{here} reads; returns {}", name(*version)),
        },
        Event::Expires => "the copy expires".to_string(),
        Event::Seen { version } => {
            format!("the first read at {here} that returns {} or newer: {}", name(chain.missed), name(*version))
        }
    }
}

/// What would have prevented the read from being stale: of its own store first, then what the run's other stores did.
fn prevention(scenario: &Scenario, chain: &Chain, found: &[Remedy], others: &[Other]) -> Vec<String> {
    let mut remedies: Vec<String> = found.iter().map(|remedy| prevents(scenario, chain, *remedy)).collect();
    let kind = &scenario.stores[chain.store].kind;
    if let (StoreKind::KvPull(_), [], Some((age, _))) = (kind, found, chain.copy) {
        remedies.push(format!(
            "no cacheTtl that was tried: the copy was {} old, and the least that Workers KV takes is {}",
            figures::value(Unit::Seconds, age.seconds()),
            remedy::cache_ttl_least(scenario)
        ));
    }
    let mut others: Vec<&Other> = others.iter().filter(|other| other.answered > 0).collect();
    others.sort_by_key(|other| other.stale > 0);
    for other in others {
        remedies.push(match other.stale {
            0 => {
                format!("{}: none of its {} reads in this run was stale", other.label, figures::grouped(other.answered))
            }
            stale => format!(
                "not {}: {} of its {} reads in this run were stale too",
                other.label,
                figures::grouped(stale),
                figures::grouped(other.answered)
            ),
        });
    }
    if remedies.is_empty() {
        remedies.push("nothing that was tried, and the run has no other store to compare with".to_string());
    }
    remedies
}

/// A change that was tried: the same clients, run again, and this read is fresh.
fn prevents(scenario: &Scenario, chain: &Chain, remedy: Remedy) -> String {
    let what = match remedy {
        Remedy::CacheTtl(span) => format!("a cacheTtl of {span}"),
        Remedy::PushWithin(span) => {
            format!("{} at {} within {span} of its commit", chain.name(chain.missed), city(scenario, chain.location))
        }
        Remedy::TheDatabase => "reading the row from D1 itself instead of the copy".to_string(),
        Remedy::CarryBookmark => "the client carries the bookmark of its session along".to_string(),
        Remedy::FirstPrimary => "sessions that start with first-primary".to_string(),
        Remedy::PrimaryOnly => "no replicas: the primary answers every query".to_string(),
    };
    format!("{what} (tried: with the same clients, this read is fresh)")
}

/// Stale reads as a list, with the names by which each is explained.
pub fn listing(scenario: &Scenario, listing: &Listing) -> String {
    if listing.reads.is_empty() {
        return "No read of replication 0 was stale.\n".to_string();
    }
    let mut text = String::from("Stale reads of replication 0:\n\n");
    let width = listing.reads.iter().map(|read| read.id.to_string().len()).max().unwrap_or(0);
    for read in &listing.reads {
        let _ = writeln!(
            text,
            "  {:width$}   t = {}, {} out of date, at {}",
            read.id.to_string(),
            at(read.start),
            figures::value(Unit::Seconds, read.age.seconds()),
            city(scenario, read.location),
        );
    }
    if listing.further {
        text += "  … and more\n";
    }
    text
}
